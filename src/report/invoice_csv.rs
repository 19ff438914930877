//! `invoice.csv`: the lines of one invoice.

use super::{Dialect, Sheet};
use crate::model::Invoice;
use std::io::{self, Write};

const COLUMNS: [&str; 12] = [
    "invoice_id",
    "tenant",
    "cycle_start",
    "cycle_end",
    "line",
    "kind",
    "category",
    "description",
    "quantity",
    "unit_price",
    "amount",
    "currency",
];

/// Writes the invoice's lines and nothing else: sums are not lines, so the column `amount` adds
/// up to the total. `cycle_end` is the first day after the cycle.
///
/// # Errors
///
/// What the writer says.
pub fn write_invoice_csv(out: &mut dyn Write, dialect: Dialect, invoice: &Invoice) -> io::Result<()> {
    let mut sheet = Sheet::new(out, dialect, &COLUMNS);
    for line in &invoice.lines {
        sheet.row(|row| {
            row.text(&invoice.id);
            row.text(&invoice.tenant);
            row.value(invoice.cycle.first_day);
            row.value(invoice.cycle.end_day);
            row.value(line.line);
            row.value(line.kind.name());
            row.optional(line.category);
            row.text(&line.description);
            row.value(line.quantity);
            row.optional(line.unit_price);
            row.value(line.amount);
            row.value(line.amount.currency().code());
        })?;
    }
    sheet.finish()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{invoice, written};
    use super::*;

    #[test]
    fn every_line_has_its_amount_and_sums_are_no_lines() {
        insta::assert_snapshot!(written(|out| write_invoice_csv(out, Dialect::Machine, &invoice("acme"))), @r#"
        invoice_id,tenant,cycle_start,cycle_end,line,kind,category,description,quantity,unit_price,amount,currency
        acme-2026-10-01,acme,2026-10-01,2026-10-31,1,feature,,push-notifications,1,120.00,120.00,EUR
        acme-2026-10-01,acme,2026-10-01,2026-10-31,2,charge,generic,"Generic users, 1 to 1204",1204,0.900,1083.60,EUR
        acme-2026-10-01,acme,2026-10-01,2026-10-31,3,discount,generic,10 % discount,1,,-108.36,EUR
        acme-2026-10-01,acme,2026-10-01,2026-10-31,4,tax,,VAT 21 %,1,,230.00,EUR
        "#);
    }
}

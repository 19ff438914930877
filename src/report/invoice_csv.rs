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
    let mut sheet = Sheet::new(out, dialect, &COLUMNS)?;
    for line in &invoice.lines {
        sheet.text(&invoice.id)?;
        sheet.text(&invoice.tenant)?;
        sheet.value(invoice.cycle.first_day)?;
        sheet.value(invoice.cycle.end_day)?;
        sheet.value(line.line)?;
        sheet.value(line.kind.name())?;
        sheet.optional(line.category)?;
        sheet.text(&line.description)?;
        sheet.value(line.quantity)?;
        sheet.optional(line.unit_price)?;
        sheet.value(line.amount)?;
        sheet.value(line.amount.currency().code())?;
        sheet.end_row()?;
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

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

/// What a final invoice has besides: its number, and the ledger's head that it follows.
const FINAL_COLUMNS: [&str; 2] = ["invoice_number", "ledger_head"];

/// Writes the invoice's lines and nothing else: sums are not lines, so the column `amount` adds
/// up to the total. `cycle_end` is the first day after the cycle. A final invoice has two columns
/// more at the end.
///
/// # Errors
///
/// What the writer says.
pub fn write_invoice_csv(out: &mut dyn Write, dialect: Dialect, invoice: &Invoice) -> io::Result<()> {
    let more = if invoice.final_mark.is_some() { &FINAL_COLUMNS[..] } else { &[] };
    let mut sheet = Sheet::new(out, dialect, &[&COLUMNS, more].concat());
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
            if let Some(mark) = &invoice.final_mark {
                row.text(&mark.number);
                row.text(&mark.head_digest);
            }
        })?;
    }
    sheet.finish()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{invoice, written};
    use super::*;
    use crate::model::FinalMark;

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

    #[test]
    fn a_final_invoice_says_so_in_every_row() {
        let mut invoice = invoice("acme");
        invoice.final_mark =
            Some(FinalMark { number: "INV-7".to_owned(), head_digest: "blake3:00".to_owned() });
        let sheet = written(|out| write_invoice_csv(out, Dialect::Machine, &invoice));
        let mut lines = sheet.lines();
        assert!(lines.next().unwrap().ends_with(",currency,invoice_number,ledger_head"));
        assert!(lines.all(|line| line.ends_with(",EUR,INV-7,blake3:00")));
    }
}

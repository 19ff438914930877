//! `correction.csv`: the lines of a correction; `changes.csv`: the users who make it.

use super::{Dialect, Sheet};
use crate::model::{Correction, UserChange};
use std::io::{self, Write};

const COLUMNS: [&str; 13] = [
    "correction_id",
    "tenant",
    "cycle_start",
    "cycle_end",
    "line",
    "kind",
    "category",
    "description",
    "quantity",
    "amount",
    "currency",
    "invoice_number",
    "ledger_head",
];

/// Writes the correction's lines and nothing else; quantities and amounts are differences, and the
/// column `amount` adds up to the total.
///
/// # Errors
///
/// What the writer says.
pub fn write_correction_csv(
    out: &mut dyn Write,
    dialect: Dialect,
    correction: &Correction,
) -> io::Result<()> {
    let mut sheet = Sheet::new(out, dialect, &COLUMNS);
    for line in &correction.lines {
        sheet.row(|row| {
            row.text(&correction.id);
            row.text(&correction.tenant);
            row.value(correction.cycle.first_day);
            row.value(correction.cycle.end_day);
            row.value(line.line);
            row.text(&line.kind);
            row.text(line.category.as_deref().unwrap_or_default());
            row.text(&line.description);
            row.value(line.quantity);
            row.value(line.amount);
            row.value(line.amount.currency().code());
            row.text(&correction.final_mark.number);
            row.text(&correction.final_mark.head_digest);
        })?;
    }
    sheet.finish()
}

/// Writes the users who are billed now and were not, and the other way round.
///
/// # Errors
///
/// What the writer says.
pub fn write_changes_csv(out: &mut dyn Write, dialect: Dialect, changes: &[UserChange]) -> io::Result<()> {
    let mut sheet = Sheet::new(out, dialect, &["change", "category", "sip_uri"]);
    for change in changes {
        sheet.row(|row| {
            row.value(if change.is_added { "added" } else { "removed" });
            row.text(&change.category);
            row.text(&change.sip_uri);
        })?;
    }
    sheet.finish()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{correction, written};
    use super::*;

    #[test]
    fn a_correction_is_of_differences() {
        let sheet = written(|out| write_correction_csv(out, Dialect::Machine, &correction()));
        insta::assert_snapshot!(sheet, @r#"
        correction_id,tenant,cycle_start,cycle_end,line,kind,category,description,quantity,amount,currency,invoice_number,ledger_head
        acme-2026-10-01-correction-4,acme,2026-10-01,2026-10-31,1,charge,generic,"generic users, 1202 in place of 1204",-2,-1.80,EUR,INV-4,blake3:00
        acme-2026-10-01-correction-4,acme,2026-10-01,2026-10-31,2,tax,,VAT 21 %,0,-0.38,EUR,INV-4,blake3:00
        "#);
    }

    #[test]
    fn changes_name_the_users() {
        let change = |is_added| UserChange {
            category: "generic".to_owned(),
            sip_uri: "sip:1001@a.example".to_owned(),
            is_added,
        };
        let sheet = written(|out| write_changes_csv(out, Dialect::Machine, &[change(true), change(false)]));
        insta::assert_snapshot!(sheet, @r"
        change,category,sip_uri
        added,generic,sip:1001@a.example
        removed,generic,sip:1001@a.example
        ");
    }
}

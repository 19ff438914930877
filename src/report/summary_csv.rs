//! `summary.csv`: one row per tenant, users by category and the amount.

use super::{Dialect, Sheet};
use crate::model::{Category, Invoice};
use std::io::{self, Write};

const COLUMNS: [&str; 13] = [
    "cycle_start",
    "cycle_end",
    "tenant",
    "generic",
    "desktop",
    "conferencing",
    "messaging",
    "push_only",
    "net",
    "tax",
    "total",
    "currency",
    "partial",
];

/// Writes one row per invoice, in the order given. `cycle_end` is the first day after the cycle;
/// `push_only` are those among the users who count only through a push server.
///
/// # Errors
///
/// What the writer says.
pub fn write_summary_csv<'t>(
    out: &mut dyn Write,
    dialect: Dialect,
    invoices: impl IntoIterator<Item = &'t Invoice>,
) -> io::Result<()> {
    let mut sheet = Sheet::new(out, dialect, &COLUMNS);
    for invoice in invoices {
        let push_only: u64 = Category::ALL.iter().map(|&category| invoice.usage.of(category).push_only).sum();
        sheet.row(|row| {
            row.value(invoice.cycle.first_day);
            row.value(invoice.cycle.end_day);
            row.text(&invoice.tenant);
            for category in Category::ALL {
                row.value(invoice.usage.of(category).users);
            }
            row.value(push_only);
            row.value(invoice.net);
            row.value(invoice.tax);
            row.value(invoice.total);
            row.value(invoice.total.currency().code());
            row.value(invoice.is_partial);
        })?;
    }
    sheet.finish()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{invoice, written};
    use super::*;

    #[test]
    fn a_tenant_is_a_row() {
        let invoices = [invoice("acme"), invoice("beta")];
        insta::assert_snapshot!(written(|out| write_summary_csv(out, Dialect::Machine, &invoices)), @r"
        cycle_start,cycle_end,tenant,generic,desktop,conferencing,messaging,push_only,net,tax,total,currency,partial
        2026-10-01,2026-10-31,acme,1204,0,0,40,12,1095.24,230.00,1325.24,EUR,false
        2026-10-01,2026-10-31,beta,1204,0,0,40,12,1095.24,230.00,1325.24,EUR,false
        ");
    }
}

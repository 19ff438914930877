//! The documents of a run as whoever looks at the terminal wants to know them.

use super::{EntryKind, Figure, Issue, Pending};
use crate::model::{Currency, Money, Rounding};
use crate::report::IssuedDocument;

impl Issue {
    /// The documents that become final in that cycle, each by the file to open first.
    pub fn documents(&self, cycle_start: &str) -> Vec<IssuedDocument> {
        let of_cycle = self.issued().filter(|pending| pending.entry.cycle_start == cycle_start);
        of_cycle.map(Pending::document).collect()
    }
}

impl Pending {
    fn document(&self) -> IssuedDocument {
        let entry = &self.entry;
        let currency = Currency::from_code(&entry.currency).expect("the book's currency");
        let money = |figure: &Figure| Money::round(figure.0, currency, Rounding::HalfUp);
        let file = match entry.kind {
            EntryKind::Invoice => "invoice.html",
            EntryKind::Correction => "correction.csv",
        };
        IssuedDocument {
            invoice_number: entry.invoice_number.clone(),
            tenant: entry.tenant.clone(),
            file: format!("{}{file}", self.folder),
            net: money(&entry.net),
            tax: money(&entry.tax),
            total: money(&entry.total),
        }
    }
}

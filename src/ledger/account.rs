//! What the entries of a tenant say together.

use super::{Entry, EntryKind, Figure, Ledger, UserCounts};
use crate::model::History;
use rust_decimal::Decimal;

/// A tenant's cycle as it holds: its final invoice with every correction of it.
#[derive(Debug, Clone)]
pub struct Held<'l> {
    /// In their order, the invoice first.
    pub documents: Vec<&'l Entry>,
    pub invoice: &'l Entry,
    /// The last document of it, which has the list of users that holds.
    pub last: &'l Entry,
    pub users: UserCounts,
    pub net: Decimal,
    pub tax: Decimal,
    pub total: Decimal,
    pub carried_forward: Decimal,
}

impl Ledger {
    /// What an invoice of that tenant and cycle follows: all that is final, or what was when it
    /// became so itself.
    pub fn history(&self, tenant: &str, cycle_start: &str) -> History {
        let issued = self.invoice_of(tenant, cycle_start).map_or(u64::MAX, |entry| entry.number);
        let before = || self.of(tenant).filter(|entry| entry.number < issued);
        History {
            is_first: Some(before().next().is_none()),
            brought_forward: before()
                .map(|entry| match entry.kind {
                    EntryKind::Invoice => entry.carried_forward.0 - entry.brought_forward.0,
                    // A correction took nothing over: its figure is a difference already.
                    EntryKind::Correction => entry.carried_forward.0,
                })
                .sum(),
            skipped_from: None,
            invoiced: before().map(|entry| entry.cycle_start.clone()).collect(),
        }
    }

    /// What is final of that tenant and cycle; `None` where nothing is.
    pub fn held(&self, tenant: &str, cycle_start: &str) -> Option<Held<'_>> {
        let documents: Vec<&Entry> =
            self.entries().iter().map(|it| &it.entry).filter(|it| it.is_of(tenant, cycle_start)).collect();
        let (invoice, last) = (*documents.first()?, *documents.last()?);
        let sum = |figure: fn(&Entry) -> Figure| documents.iter().map(|entry| figure(entry).0).sum();
        let users = |category: fn(&UserCounts) -> i64| documents.iter().map(|it| category(&it.users)).sum();
        let users = UserCounts {
            generic: users(|it| it.generic),
            desktop: users(|it| it.desktop),
            conferencing: users(|it| it.conferencing),
            messaging: users(|it| it.messaging),
        };
        Some(Held {
            invoice,
            last,
            users,
            net: sum(|entry| entry.net),
            tax: sum(|entry| entry.tax),
            total: sum(|entry| entry.total),
            carried_forward: sum(|entry| entry.carried_forward),
            documents,
        })
    }

    fn of<'l>(&'l self, tenant: &'l str) -> impl Iterator<Item = &'l Entry> {
        self.entries().iter().map(|sealed| &sealed.entry).filter(move |entry| entry.tenant == tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::super::chain::tests::entry;
    use super::*;

    fn figure(text: &str) -> Figure {
        Figure(text.parse().unwrap())
    }

    /// Appends a document of acme, of that cycle and with what it took over and left.
    fn push(ledger: &mut Ledger, kind: EntryKind, cycle_start: &str, brought: &str, carried: &str) {
        let number = ledger.next_number();
        let entry = Entry {
            kind,
            cycle_start: cycle_start.to_owned(),
            brought_forward: figure(brought),
            carried_forward: figure(carried),
            ..entry(ledger, "acme", (number, number))
        };
        ledger.push(entry);
    }

    #[test]
    fn what_was_carried_forward_and_not_yet_borne_is_handed_on() {
        let mut ledger = Ledger::default();
        let brought = |ledger: &Ledger, cycle| ledger.history("acme", cycle).brought_forward.to_string();
        assert_eq!(ledger.history("acme", "2026-10-01").is_first, Some(true));
        push(&mut ledger, EntryKind::Invoice, "2026-10-01", "0", "20");
        assert_eq!(brought(&ledger, "2026-10-31"), "20");
        push(&mut ledger, EntryKind::Invoice, "2026-10-31", "20", "5");
        assert_eq!(brought(&ledger, "2026-11-30"), "5");
        // Late lines in the first cycle: it bears 8 more, which the second took off as well.
        push(&mut ledger, EntryKind::Correction, "2026-10-01", "0", "-8");
        assert_eq!(brought(&ledger, "2026-11-30"), "-3");
        assert_eq!(ledger.history("acme", "2026-11-30").is_first, Some(false));
        // A cycle that is final follows what it followed when it became so.
        assert_eq!(brought(&ledger, "2026-10-01"), "0");
        assert_eq!(brought(&ledger, "2026-10-31"), "20");
        assert_eq!(ledger.history("beta", "2026-10-01").is_first, Some(true));
    }

    #[test]
    fn a_cycle_is_its_invoice_and_its_corrections() {
        let mut ledger = Ledger::default();
        assert!(ledger.held("acme", "2026-10-01").is_none());
        push(&mut ledger, EntryKind::Invoice, "2026-10-01", "0", "20");
        push(&mut ledger, EntryKind::Invoice, "2026-10-31", "20", "5");
        push(&mut ledger, EntryKind::Correction, "2026-10-01", "0", "-8");
        let held = ledger.held("acme", "2026-10-01").unwrap();
        assert_eq!((held.invoice.number, held.last.number), (1, 3));
        assert_eq!((held.total.to_string(), held.carried_forward.to_string()), ("4.36".into(), "12".into()));
        assert_eq!(held.users.generic, 4);
    }
}

//! Cycles that a restart cut short and that get no invoice.

use super::Bill;
use crate::billing::ShortCycle;
use crate::model::{Cycle, SipIdRef};
use jiff::civil::Date;

/// Tenants that a note names.
const TENANTS_NAMED_MAX: usize = 8;

impl Bill<'_> {
    /// Whether the tenant of that number gets no invoice of the cycle, because a restart cut it short.
    pub fn is_skipped(&self, tenant: usize, cycle: &Cycle) -> bool {
        let tariff = &self.rules(cycle)[tenant].tenant.tariff;
        tariff.short_cycle == ShortCycle::Skip && self.calendar.is_short(cycle)
    }

    /// The same for the tenant who claims the user's domain.
    pub fn is_skipped_for(&self, id: SipIdRef<'_>, cycle: &Cycle) -> bool {
        self.tenant_number(id).is_some_and(|tenant| self.is_skipped(tenant, cycle))
    }

    /// First day of the skipped cycles that lie directly before the cycle; `None` where the one before has an invoice, by
    /// the book or among those that the ledger has `invoiced`.
    pub(super) fn skipped_before(&self, tenant: usize, cycle: &Cycle, invoiced: &[String]) -> Option<Date> {
        let before = (1..).map_while(|back| Some(self.calendar.cycle(cycle.number.checked_sub(back)?)));
        let is_left = |before: &Cycle| {
            self.is_skipped(tenant, before) && !invoiced.contains(&before.first_day.to_string())
        };
        before.take_while(is_left).last().map(|before| before.first_day)
    }

    /// Who gets no invoice of the cycle, as a sentence; `None` where everybody does.
    pub fn skipped_note(&self, cycle: &Cycle) -> Option<String> {
        let skipped = self.tenants().enumerate().filter(|(number, _)| self.is_skipped(*number, cycle));
        let mut names: Vec<String> = skipped.map(|(_, name)| format!("`{}`", name.escape_debug())).collect();
        let more = names.len().saturating_sub(TENANTS_NAMED_MAX);
        names.truncate(TENANTS_NAMED_MAX);
        names.extend((more > 0).then(|| format!("{more} more")));
        (!names.is_empty()).then(|| {
            format!(
                "the cycle of {} is short and skipped (`short_cycle`), so there is no invoice of it for {}; a set-up fee \
                 or a credit that was due in it is on the next one",
                cycle.first_day,
                names.join(", ")
            )
        })
    }
}

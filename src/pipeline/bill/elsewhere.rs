//! What a bill knows of a user beyond one cycle: for whoever asks why the user is not on it.

use super::Bill;
use crate::model::{Category, Cycle, Decision, Moment, SipIdRef};
use crate::tally::{Entry, Slot};
use std::collections::BTreeSet;

impl Bill<'_> {
    /// The number of the tenant that claims the user's domain.
    pub fn tenant_number(&self, id: SipIdRef<'_>) -> Option<usize> {
        self.by_domain.of(id)
    }

    /// The decision of each cycle but that one in which anything of the user was seen or listed, in the order of
    /// time; none where no tenant claims the user.
    pub fn elsewhere<'s>(
        &'s self,
        id: SipIdRef<'s>,
        entries: &[Entry],
        but: &Cycle,
    ) -> Vec<(Cycle, Decision<'s>)> {
        let Some(tenant) = self.by_domain.of(id) else { return Vec::new() };
        let mut numbers: BTreeSet<i32> = entries.iter().map(|entry| entry.window).collect();
        for side in self.editions.iter().flat_map(|(_, rules)| &rules[tenant].side_files) {
            for row in side.rows_of(id.as_bytes()) {
                numbers.insert(self.calendar.cycle_at(row.from).number);
            }
        }
        numbers.remove(&Slot::CLOCKLESS.window);
        numbers.remove(&but.number);
        let decide = |number| {
            let cycle = self.calendar.cycle(number);
            let here: Vec<Entry> = entries.iter().copied().filter(|entry| entry.window == number).collect();
            Some((cycle, self.rules(&cycle)[tenant].decide(id, &cycle, &here)?))
        };
        numbers.into_iter().filter_map(decide).collect()
    }

    /// The line of the side file that lists the user as a mere guest of a conference in the cycle.
    pub fn guest_row(&self, id: SipIdRef<'_>, cycle: &Cycle) -> Option<u64> {
        self.rules(cycle)[self.by_domain.of(id)?].guest_row(id, cycle)
    }

    /// The first and the last moment that a row of a side file of the cycle is for.
    pub fn side_row(
        &self,
        cycle: &Cycle,
        id: SipIdRef<'_>,
        category: Category,
        line: u64,
    ) -> Option<(Moment, Moment)> {
        let rules = &self.rules(cycle)[self.by_domain.of(id)?];
        let side = rules.side_files.iter().find(|side| side.category == category)?;
        let mut rows = side.rows_of(id.as_bytes());
        let row = rows.find(|row| row.line == line)?;
        // `until` is the first moment that is no longer meant.
        let last = row.until.map_or(row.from, |until| Moment::from_micros(until.micros() - 1));
        Some((row.from, last))
    }
}

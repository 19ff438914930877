//! All cycles of the logs: those that a bill of all has, and those that it must leave out.

use super::super::census::Census;
use super::super::heard::is_heard;
use super::Bill;
use crate::model::Cycle;
use std::collections::BTreeSet;

impl Bill<'_> {
    /// Every cycle from the first in which anybody was observed or is charged to the last: first those of which the
    /// logs hold a record, then those that they hold none of.
    ///
    /// A cycle in which nobody was seen has its features and its minimum to pay like any other. One that no record
    /// tells of is no such cycle: its logs may only be missing.
    pub fn all(&self, census: &Census) -> (Vec<Cycle>, Vec<Cycle>) {
        let numbers = || census.windows.iter().copied().chain(self.listed(census));
        let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else {
            return (Vec::new(), Vec::new());
        };
        let cycles = (first..=last).map(|number| self.calendar.cycle(number));
        cycles.partition(|cycle| is_heard(self.scan, census, cycle))
    }

    /// Cycles beyond those in which anybody was observed, of which the logs hold a record, and in which a row of a side
    /// file charges somebody by itself.
    fn listed(&self, census: &Census) -> BTreeSet<i32> {
        let is_between = |number: i32| {
            let (first, last) = (census.windows.first(), census.windows.last());
            first.is_some_and(|first| *first <= number) && last.is_some_and(|last| number <= *last)
        };
        let mut listed = BTreeSet::new();
        for side in self.all_rules().flat_map(|rules| &rules.side_files) {
            for id in side.users() {
                for number in side.rows_of(id.as_bytes()).flat_map(|row| self.cycles_of(row)) {
                    if is_between(number) || listed.contains(&number) {
                        continue;
                    }
                    let cycle = self.calendar.cycle(number);
                    let charges = || {
                        let (_, decision) = self.decide(id.borrowed(), Vec::new(), &cycle)?;
                        (!decision.billed.is_empty()).then_some(())
                    };
                    if is_heard(self.scan, census, &cycle) && charges().is_some() {
                        listed.insert(number);
                    }
                }
            }
        }
        listed
    }
}

//! What a bill says of one user, for whoever asks by name.

use super::Bill;
use crate::book::Tenant;
use crate::facts::Evidence;
use crate::model::{Category, Cycle, Decision, Moment, SipId};
use crate::read::SideRow;
use crate::tally::{Entry, Slot};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

impl<'b> Bill<'b> {
    /// For one user of whom this was counted, the decision of each cycle in which anything was seen or
    /// listed, with the tenant's name or `None` where nobody claims the domain.
    pub fn decisions_for<'s>(
        &'s self,
        id: &'s SipId,
        entries: &[Entry],
    ) -> Vec<(Option<String>, Cycle, Decision<'s>)> {
        let mut numbers: BTreeSet<i32> = entries.iter().map(|entry| entry.window).collect();
        numbers.remove(&Slot::CLOCKLESS.window);
        let tenant = self.by_domain.of(id.borrowed());
        let is_own = |number: usize| tenant.is_none_or(|tenant| tenant == number);
        let rules = self.editions.iter().flat_map(|(_, rules)| rules.iter().enumerate());
        let rules = rules.filter(|(number, _)| is_own(*number)).map(|(_, rules)| rules);
        // A side file may charge a user of whom no log says anything, or list one whom nobody can be charged for.
        for side in rules.flat_map(|rules| &rules.side_files) {
            for row in side.rows_of(id.as_bytes()) {
                numbers.extend(self.cycles_of(row));
            }
        }
        let decide = |number| {
            let cycle = self.calendar.cycle(number);
            let (tenant, decision) = self.decide(id.borrowed(), entries.to_vec(), &cycle)?;
            let tenant = tenant.map(|number| self.rules(&cycle)[number].tenant.name.clone());
            Some((tenant, cycle, decision))
        };
        numbers.into_iter().filter_map(decide).collect()
    }

    /// The cycles that a row of a side file counts in. A row without end in sight is followed as far
    /// as the logs go.
    pub(super) fn cycles_of(&self, row: &SideRow) -> RangeInclusive<i32> {
        let number = |moment| self.calendar.cycle_at(moment).number;
        let first = number(row.from);
        // The row's end is not in it.
        let last = row.until.map_or(first, |until| number(Moment::from_micros(until.micros() - 1)));
        let logs = self.scan.part.records.first.zip(self.newest);
        match logs.map(|(begin, end)| (number(begin), number(end))) {
            Some((begin, end)) if first <= end && begin <= last => first.max(begin)..=last.min(end),
            _ => first..=first,
        }
    }

    /// The tenant who claims the domain of the user, as the book has it before its first version.
    pub fn tenant_of(&self, id: &SipId) -> Option<&'b Tenant> {
        self.by_domain.of(id.borrowed()).map(|number| self.editions[0].1[number].tenant)
    }

    /// Name of the side file that this charge of the tenant takes its rows from, in whatever version of
    /// the book has one.
    pub fn any_side_file_name(&self, tenant: &str, category: Category) -> Option<&str> {
        let mut rules = self.all_rules().filter(|rules| rules.tenant.name == tenant);
        rules.find_map(|rules| {
            rules.side_files.iter().find(|side| side.category == category).map(|side| side.shown.as_str())
        })
    }

    /// What recognised the records that the bill goes by.
    pub fn evidence(&self) -> &Evidence {
        &self.scan.part.records.evidence
    }

    /// Whether logs or side files know the user.
    pub fn knows(&self, id: &SipId) -> bool {
        self.scan.part.tally.knows(id.as_bytes()) || self.lists(id)
    }

    /// Whether a side file of the book lists the user.
    pub fn lists(&self, id: &SipId) -> bool {
        self.all_rules().flat_map(|rules| &rules.side_files).any(|side| side.lists(id))
    }
}

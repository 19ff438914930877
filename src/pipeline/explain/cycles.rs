//! What is decided of the user in each cycle, and what nearly made another decision.

use crate::model::{AgentKey, Cycle, CycleStory, Hint, Moment, NearMiss, Reason, SipId, Spot, Story};
use crate::model::{Standing, StoryItem};
use crate::pipeline::bill::{Bill, BillError};
use crate::pipeline::scan::Scan;
use crate::platform::{AgentPolicy, Classifier};
use crate::tally::Entry;
use std::collections::BTreeMap;

/// A registration that misses a cycle by more than this is no near miss.
const NEAR_SECONDS: i64 = 24 * 3600;

/// The cycles in which something was seen of the user or is listed, and those that a registration
/// missed by less than a day although the logs reach into them.
///
/// # Errors
///
/// A pattern of the book that is none; the book has refused those already.
pub fn cycles<'s>(
    bill: &'s Bill<'_>,
    scan: &Scan,
    id: &'s SipId,
    entries: &[Entry],
    story: &Story<'_>,
) -> Result<Vec<CycleStory<'s>>, BillError> {
    let accepted = accepted(story);
    let mut cycles: BTreeMap<i32, CycleStory<'s>> = BTreeMap::new();
    for (tenant, cycle, decision) in bill.decisions_for(id, entries) {
        let is_partial = bill.is_partial(&cycle);
        let is_skipped = bill.is_skipped_for(id.borrowed(), &cycle);
        let told = CycleStory { tenant, cycle, is_partial, is_skipped, decision, near_misses: Vec::new() };
        cycles.insert(cycle.number, told);
    }
    for cycle in missed(bill, scan, &accepted) {
        cycles.entry(cycle.number).or_insert_with(|| CycleStory {
            tenant: bill.tenant_of(id).map(|tenant| tenant.name.clone()),
            cycle,
            is_partial: bill.is_partial(&cycle),
            is_skipped: bill.is_skipped_for(id.borrowed(), &cycle),
            decision: Default::default(),
            near_misses: Vec::new(),
        });
    }
    let mut nearly = NearlyBillable::of(bill.tenant_of(id).map(|tenant| &tenant.agents));
    for told in cycles.values_mut() {
        told.near_misses = by_time(&accepted, &told.cycle);
        let unbilled = &told.decision.unbilled;
        for user in unbilled.iter().filter(|user| user.reason == Reason::NotBillableAgent) {
            for agent in &user.user_agents {
                let patterns = nearly.patterns(agent)?;
                if !patterns.is_empty() {
                    told.near_misses.push(NearMiss::Agent { agent: agent.to_vec(), patterns });
                }
            }
        }
    }
    Ok(cycles.into_values().collect())
}

/// The user's registrations, in the order of time.
fn accepted(story: &Story<'_>) -> Vec<(Moment, Spot)> {
    let of_item = |item: &StoryItem| match item {
        StoryItem::Event(event) if event.counted() == Some(Standing::Accepted) => {
            event.moment.map(|moment| (moment, event.spot))
        }
        _ => None,
    };
    let mut accepted: Vec<(Moment, Spot)> = story.items.iter().filter_map(of_item).collect();
    accepted.sort_unstable();
    accepted
}

/// The cycles that a registration missed by little.
fn missed<'b>(
    bill: &'b Bill<'_>,
    scan: &'b Scan,
    accepted: &'b [(Moment, Spot)],
) -> impl Iterator<Item = Cycle> + 'b {
    let (first, last) = (scan.part.records.first, scan.part.records.last);
    let is_covered = move |cycle: &Cycle| {
        first.is_some_and(|first| first < cycle.window.end)
            && last.is_some_and(|last| cycle.window.start <= last)
    };
    let around = |moment: Moment| {
        let near = [moment.plus_seconds(-NEAR_SECONDS), moment.plus_seconds(NEAR_SECONDS)];
        near.map(|moment| bill.calendar.cycle_at(moment))
    };
    accepted.iter().flat_map(move |(moment, _)| around(*moment)).filter(is_covered)
}

/// The registrations next to a cycle that has none.
fn by_time(accepted: &[(Moment, Spot)], cycle: &Cycle) -> Vec<NearMiss> {
    let window = cycle.window;
    let next = accepted.partition_point(|(moment, _)| *moment < window.start);
    if accepted.get(next).is_some_and(|(moment, _)| window.contains(*moment)) {
        return Vec::new();
    }
    let seconds = |from: Moment, until: Moment| {
        let seconds = (until.micros() - from.micros()).div_euclid(1_000_000);
        (seconds <= NEAR_SECONDS).then_some(seconds.unsigned_abs())
    };
    let before = next.checked_sub(1).and_then(|last| accepted.get(last)).and_then(|(moment, spot)| {
        Some(NearMiss::Before { seconds: seconds(*moment, window.start)?, spot: *spot })
    });
    let after = accepted.get(next).and_then(|(moment, spot)| {
        Some(NearMiss::After { seconds: seconds(window.end, *moment)?, spot: *spot })
    });
    before.into_iter().chain(after).collect()
}

/// Finds the patterns of `billable_agents` that an app nearly matches.
struct NearlyBillable<'p> {
    policy: Option<&'p AgentPolicy>,
    known: BTreeMap<Vec<u8>, Vec<String>>,
}

impl<'p> NearlyBillable<'p> {
    fn of(policy: Option<&'p AgentPolicy>) -> Self {
        Self { policy, known: BTreeMap::new() }
    }

    /// Asks of each pattern alone, since a verdict speaks of the whole list.
    fn patterns(&mut self, agent: &[u8]) -> Result<Vec<String>, BillError> {
        let Some(policy) = self.policy else { return Ok(Vec::new()) };
        if let Some(known) = self.known.get(agent) {
            return Ok(known.clone());
        }
        let mut near = Vec::new();
        for pattern in policy.billable_agents.iter().flatten() {
            let alone = AgentPolicy { billable_agents: Some(vec![pattern.clone()]), push_agents: Vec::new() };
            let key = AgentKey { text: Some(agent.into()), hint: Hint::None, is_push_source: false };
            if Classifier::new(Vec::new(), &alone)?.classify(&key).is_near_miss {
                near.push(pattern.clone());
            }
        }
        self.known.insert(agent.to_vec(), near.clone());
        Ok(near)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::{Calendar, CalendarKind, CalendarSpec, ShortCycle};

    /// The near misses of the cycle of October, of registrations at these times.
    fn misses(times: &[&str]) -> Vec<String> {
        let calendar = Calendar::new(CalendarSpec {
            kind: CalendarKind::Month,
            anchor: "2026-10-01".parse().unwrap(),
            zone: jiff::tz::TimeZone::UTC,
            restarts: Vec::new(),
            short_cycle: ShortCycle::Full,
        });
        let at =
            |text: &&str| (text.parse::<jiff::Timestamp>().unwrap().into(), Spot { input: 0, offset: 0 });
        let accepted: Vec<(Moment, Spot)> = times.iter().map(at).collect();
        let misses = by_time(&accepted, &calendar.cycle(0));
        misses.iter().map(|miss| format!("{miss:?}").split(", spot").next().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_end_of_a_cycle_is_not_in_it() {
        assert_eq!(misses(&["2026-11-01T00:00:00Z"]), ["After { seconds: 0"]);
        assert_eq!(misses(&["2026-11-01T00:40:00Z"]), ["After { seconds: 2400"]);
        assert_eq!(misses(&["2026-09-30T23:59:59Z"]), ["Before { seconds: 1"]);
    }

    #[test]
    fn whoever_was_seen_in_the_cycle_missed_nothing() {
        let times = ["2026-09-30T23:59:59Z", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"];
        assert_eq!(misses(&times), Vec::<String>::new());
    }

    #[test]
    fn more_than_a_day_is_not_near() {
        assert_eq!(misses(&["2026-11-02T00:00:00Z"]), ["After { seconds: 86400"]);
        assert_eq!(misses(&["2026-11-02T00:00:01Z"]), Vec::<String>::new());
    }
}

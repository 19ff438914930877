//! The census: what was seen in all, by standing, counted once for whoever asks.

use super::roll::{Count, count};
use crate::model::{SipIdRef, Standing};
use crate::tally::{Entries, Slot, Tally};
use std::collections::{BTreeMap, BTreeSet};

/// Counts over a whole tally.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Census {
    observed: [u64; Standing::ALL.len()],
    users: [u64; Standing::ALL.len()],
    /// Accepted users of whom no User-Agent at all is known.
    pub without_agent: u64,
    /// The same window by window, with all accepted users of each.
    accepted: BTreeMap<i32, Accepted>,
    /// Windows in which something was seen that is more than a binding that may have lived on.
    pub windows: BTreeSet<i32>,
}

/// Accepted users of one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted {
    pub users: u64,
    /// Of whom no User-Agent at all is known there.
    pub without_agent: u64,
}

/// Counts a [`Census`].
pub struct CensusCount {
    /// By client: whether a User-Agent is known.
    has_text: Vec<bool>,
}

impl CensusCount {
    /// For users of that tally.
    pub fn of(tally: &Tally) -> Self {
        let clients = tally.agents();
        Self { has_text: clients.map(|(_, key)| key.text.is_some_and(|text| !text.is_empty())).collect() }
    }
}

impl Count for CensusCount {
    type Sum = Census;

    fn none(&self) -> Census {
        Census::default()
    }

    fn add(&self, sum: &mut Census, _: SipIdRef<'_>, entries: Entries<'_>) {
        let mut standings = 0_u16;
        let mut has_agent = false;
        // By window whether a User-Agent is known; one window, as a rule.
        let mut windows: Vec<(i32, bool)> = Vec::new();
        // Most users have one window: one look-up for each change.
        let clockless = Slot::CLOCKLESS.window;
        let mut window = clockless;
        for entry in entries {
            sum.observed[entry.standing as usize] += entry.count;
            standings |= 1 << entry.standing as u8;
            if entry.standing == Standing::Accepted {
                let has_text = self.has_text[entry.agent.0 as usize];
                has_agent |= has_text;
                match windows.iter_mut().find(|(window, _)| *window == entry.window) {
                    Some((_, has_agent)) => *has_agent |= has_text,
                    None => windows.push((entry.window, has_text)),
                }
            }
            if entry.window != window && entry.window != clockless && entry.standing != Standing::Unproven {
                window = entry.window;
                sum.windows.insert(window);
            }
        }
        for standing in Standing::ALL.into_iter().filter(|it| standings & (1 << *it as u8) != 0) {
            sum.users[standing as usize] += 1;
        }
        sum.without_agent += u64::from(standings & (1 << Standing::Accepted as u8) != 0 && !has_agent);
        for (window, has_agent) in windows {
            let accepted = sum.accepted.entry(window).or_default();
            accepted.users += 1;
            accepted.without_agent += u64::from(!has_agent);
        }
    }

    fn join(&self, sum: &mut Census, other: Census) {
        for (sum, more) in sum.observed.iter_mut().zip(other.observed) {
            *sum += more;
        }
        for (sum, more) in sum.users.iter_mut().zip(other.users) {
            *sum += more;
        }
        sum.without_agent += other.without_agent;
        for (window, more) in other.accepted {
            let accepted = sum.accepted.entry(window).or_default();
            accepted.users += more.users;
            accepted.without_agent += more.without_agent;
        }
        sum.windows.extend(other.windows);
    }
}

impl Census {
    /// Counts on every core.
    pub fn of(tally: &Tally) -> Self {
        count(tally, &CensusCount::of(tally))
    }

    /// Everything that was seen in that standing.
    pub const fn observed(&self, standing: Standing) -> u64 {
        self.observed[standing as usize]
    }

    /// Distinct users in that standing.
    pub const fn users(&self, standing: Standing) -> u64 {
        self.users[standing as usize]
    }

    /// Accepted users of that window.
    pub fn accepted(&self, window: i32) -> Accepted {
        self.accepted.get(&window).copied().unwrap_or_default()
    }

    /// Accepted registrations, retransmissions once where the log can tell.
    pub const fn registrations(&self) -> u64 {
        self.observed(Standing::Accepted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AgentRef, EvidenceKind, Moment, Observation, Spot};

    #[test]
    fn users_are_counted_once_and_observations_each() {
        let mut tally = Tally::default();
        let mut add = |user: &[u8], agent: Option<&[u8]>, standing, window| {
            let observation = Observation {
                user,
                agent: AgentRef { text: agent, ..AgentRef::UNKNOWN },
                standing,
                moment: Some(Moment::from_seconds(0)),
                spot: Spot { input: 0, offset: 0 },
                evidence: EvidenceKind::Line,
            };
            tally.add(&observation, Slot { window, day: 0 });
        };
        add(b"a", Some(b"x"), Standing::Accepted, 1);
        add(b"a", Some(b"y"), Standing::Accepted, 2);
        add(b"a", None, Standing::Accepted, 2);
        add(b"b", Some(b""), Standing::Accepted, 2);
        add(b"b", None, Standing::Unproven, 3);
        add(b"c", Some(b"x"), Standing::Refused, i32::MIN);
        add(b"d", None, Standing::Refused, 2);
        add(b"d", None, Standing::Refused, i32::MIN);
        let census = Census::of(&tally);
        assert_eq!((census.registrations(), census.users(Standing::Accepted)), (4, 2));
        assert_eq!((census.observed(Standing::Refused), census.users(Standing::Refused)), (3, 2));
        assert_eq!(census.without_agent, 1);
        let accepted = [1, 2, 3].map(|window| census.accepted(window));
        assert_eq!(accepted.map(|it| (it.users, it.without_agent)), [(1, 0), (2, 1), (0, 0)]);
        assert!(census.windows.into_iter().eq([1, 2]));
    }
}

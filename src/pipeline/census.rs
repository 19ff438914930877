//! The census: what was seen in all, by standing, counted once for whoever asks.

use super::roll::stretches;
use crate::model::Standing;
use crate::tally::{Slot, Tally};
use rayon::prelude::*;
use std::collections::BTreeSet;

/// Counts over a whole tally.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Census {
    observed: [u64; Standing::ALL.len()],
    users: [u64; Standing::ALL.len()],
    /// Accepted users of whom no User-Agent at all is known.
    pub without_agent: u64,
    /// Windows in which something was seen that is more than a binding that may have lived on.
    pub windows: BTreeSet<i32>,
}

impl Census {
    /// Counts on every core.
    pub fn of(tally: &Tally) -> Self {
        let has_text: Vec<bool> =
            tally.agents().map(|(_, key)| key.text.is_some_and(|text| !text.is_empty())).collect();
        let users = tally.in_any_order();
        let parts = stretches(users.len()).into_par_iter().map(|stretch| {
            let mut census = Self::default();
            // Windows come in runs: one look-up for each run.
            let mut window = Slot::CLOCKLESS.window;
            for place in stretch {
                let mut is_seen = [false; Standing::ALL.len()];
                let mut has_agent = false;
                for entry in users.get(place).1 {
                    census.observed[entry.standing as usize] += entry.count;
                    is_seen[entry.standing as usize] = true;
                    has_agent |= entry.standing == Standing::Accepted && has_text[entry.agent.0 as usize];
                    if entry.window != window && entry.standing != Standing::Unproven {
                        window = entry.window;
                        census.windows.insert(window);
                    }
                }
                for (users, is_seen) in census.users.iter_mut().zip(is_seen) {
                    *users += u64::from(is_seen);
                }
                census.without_agent += u64::from(is_seen[Standing::Accepted as usize] && !has_agent);
            }
            census
        });
        let mut census = parts.reduce(Self::default, Self::join);
        census.windows.remove(&Slot::CLOCKLESS.window);
        census
    }

    fn join(mut self, other: Self) -> Self {
        for (sum, more) in self.observed.iter_mut().zip(other.observed) {
            *sum += more;
        }
        for (sum, more) in self.users.iter_mut().zip(other.users) {
            *sum += more;
        }
        self.without_agent += other.without_agent;
        self.windows.extend(other.windows);
        self
    }

    /// Everything that was seen in that standing.
    pub const fn observed(&self, standing: Standing) -> u64 {
        self.observed[standing as usize]
    }

    /// Distinct users in that standing.
    pub const fn users(&self, standing: Standing) -> u64 {
        self.users[standing as usize]
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
        let census = Census::of(&tally);
        assert_eq!((census.registrations(), census.users(Standing::Accepted)), (4, 2));
        assert_eq!((census.observed(Standing::Refused), census.users(Standing::Refused)), (1, 1));
        assert_eq!(census.without_agent, 1);
        assert!(census.windows.into_iter().eq([1, 2]));
    }
}

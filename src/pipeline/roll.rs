//! The roll: every user, in the order in which the outputs name them.

use crate::model::{SipId, SipIdRef};
use crate::tally::{ByUser, Entry, Tally};
use rayon::prelude::*;

/// Users who are looked at by one core at a time.
pub(super) const STRETCH_LEN: usize = 2_048;

/// The users of a tally, and those whom a side file lists besides, ordered by their SIP-IDs as
/// written: which is the order of their bytes, unless something in one is escaped.
#[derive(Debug)]
pub struct Roll<'t> {
    by_user: ByUser<'t>,
    /// Users of whom the tally knows nothing; they are numbered behind those of the tally.
    listed: Vec<SipIdRef<'t>>,
    /// Numbers of users by their place on the roll; `None` where each has the number of its place.
    order: Option<Vec<u32>>,
}

impl<'t> Roll<'t> {
    /// The users of the tally.
    pub fn of(tally: &'t Tally) -> Self {
        Self::with(tally, std::iter::empty())
    }

    /// The users of the tally and these, who may be among them.
    pub fn with(tally: &'t Tally, listed: impl Iterator<Item = &'t SipId>) -> Self {
        let by_user = tally.by_user();
        let mut others: Vec<SipIdRef<'t>> =
            listed.map(SipId::borrowed).filter(|id| place(&by_user, id.as_bytes()).is_err()).collect();
        others.sort_unstable();
        others.dedup();
        let order = order(&by_user, &others);
        Self { by_user, listed: others, order }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_user.len() + self.listed.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The user of that place, from 0, and what is known of it.
    ///
    /// # Panics
    ///
    /// If the roll is not so long.
    pub fn get(&self, place: usize) -> (SipIdRef<'t>, Vec<Entry>) {
        let number = self.order.as_ref().map_or(place, |order| order[place] as usize);
        match number.checked_sub(self.by_user.len()) {
            Some(other) => (self.listed[other], Vec::new()),
            None => {
                let (user, entries) = self.by_user.get(number);
                (SipIdRef::from_canonical(user), entries)
            }
        }
    }

    /// What is known of one user, by name.
    pub fn entries_of(&self, id: &SipId) -> Vec<Entry> {
        place(&self.by_user, id.as_bytes()).map(|place| self.by_user.get(place).1).unwrap_or_default()
    }

    /// The places on the roll, cut into stretches for one core each.
    pub(super) fn stretches(&self) -> Vec<std::ops::Range<usize>> {
        stretches(self.len())
    }
}

/// So many places, cut into stretches for one core each.
pub(super) fn stretches(len: usize) -> Vec<std::ops::Range<usize>> {
    (0..len).step_by(STRETCH_LEN).map(|start| start..len.min(start + STRETCH_LEN)).collect()
}

/// Where the user stands among the tally's, or would stand.
fn place(by_user: &ByUser<'_>, id: &[u8]) -> Result<usize, usize> {
    let (mut low, mut high) = (0, by_user.len());
    while low < high {
        let middle = low + (high - low) / 2;
        match by_user.user(middle).cmp(id) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Equal => return Ok(middle),
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Err(low)
}

/// The users' numbers in the order of the roll.
fn order(by_user: &ByUser<'_>, listed: &[SipIdRef<'_>]) -> Option<Vec<u32>> {
    let id = |number: usize| match number.checked_sub(by_user.len()) {
        Some(other) => listed[other],
        None => SipIdRef::from_canonical(by_user.user(number)),
    };
    // A plain SIP-ID is written as it is, so plain ones stand in the right order already: the
    // others, few as a rule, are put between them.
    let odd: Vec<usize> =
        (0..by_user.len()).into_par_iter().filter(|number| !id(*number).is_plain()).collect();
    if odd.is_empty() && listed.is_empty() {
        return None;
    }
    let mut next_odd = odd.iter().copied().peekable();
    let plain: Vec<u32> = (0..by_user.len())
        .filter(|number| next_odd.next_if_eq(number).is_none())
        .map(|number| number as u32)
        .collect();
    let mut others: Vec<(String, usize)> = odd
        .into_par_iter()
        .chain(by_user.len()..by_user.len() + listed.len())
        .map(|number| (id(number).escaped(), number))
        .collect();
    others.par_sort_unstable_by(|(one_text, one), (other_text, other)| {
        one_text.cmp(other_text).then_with(|| id(*one).cmp(&id(*other)))
    });
    let mut order = Vec::with_capacity(plain.len() + others.len());
    let mut rest = plain.as_slice();
    for (text, number) in others {
        let key = (text.as_bytes(), id(number));
        let before = rest.partition_point(|plain| {
            let plain = id(*plain as usize);
            (plain.as_bytes(), plain) < key
        });
        order.extend_from_slice(&rest[..before]);
        order.push(number as u32);
        rest = &rest[before..];
    }
    order.extend_from_slice(rest);
    Some(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AgentRef, EvidenceKind, Observation, Spot, Standing};
    use crate::tally::Slot;
    use proptest::prelude::*;

    fn tally(users: &[String]) -> Tally {
        let mut tally = Tally::default();
        for user in users {
            let observation = Observation {
                user: user.as_bytes(),
                agent: AgentRef::UNKNOWN,
                standing: Standing::Accepted,
                moment: None,
                spot: Spot { input: 0, offset: 0 },
                evidence: EvidenceKind::Line,
            };
            tally.add(&observation, Slot::CLOCKLESS);
        }
        tally
    }

    proptest! {
        #[test]
        fn the_roll_is_sorted_as_it_reads_and_names_everybody_once(
            users in prop::collection::vec("[ab@% #_+]{1,6}", 0..40),
            listed in prop::collection::vec("[ab@% #_+]{1,6}", 0..10),
        ) {
            let tally = tally(&users);
            let ids: Vec<SipId> = listed.iter().map(|id| SipId::from_canonical(id.as_bytes())).collect();
            let roll = Roll::with(&tally, ids.iter());
            let found: Vec<(String, Vec<u8>, bool)> = (0..roll.len())
                .map(|place| roll.get(place))
                .map(|(id, entries)| (id.escaped(), id.as_bytes().to_vec(), entries.is_empty()))
                .collect();
            let mut expected: Vec<(String, Vec<u8>, bool)> = users
                .iter()
                .chain(&listed)
                .map(|text| (SipIdRef::from_canonical(text.as_bytes()).escaped(), text.clone().into_bytes(), !users.contains(text)))
                .collect();
            expected.sort();
            expected.dedup();
            prop_assert_eq!(found, expected);
            for id in &ids {
                prop_assert_eq!(roll.entries_of(id).is_empty(), !users.iter().any(|user| user.as_bytes() == id.as_bytes()));
            }
        }
    }

    #[test]
    fn stretches_follow_each_other_to_the_end() {
        for len in [0, 1, STRETCH_LEN, STRETCH_LEN + 1, 5 * STRETCH_LEN - 1] {
            let places: Vec<usize> = stretches(len).into_iter().flatten().collect();
            assert!(places.into_iter().eq(0..len), "{len}");
        }
    }
}

//! The roll: every user, in the order in which the outputs name them; and all users in no order.

use crate::identity::Pseudonyms;
use crate::model::{SipId, SipIdRef};
use crate::tally::{ByUser, Entries, Entry, Tally};
use ahash::RandomState;
use rayon::prelude::*;
use std::collections::HashSet;
use std::ops::Range;

/// Users who are looked at by one core at a time.
const STRETCH_LEN: usize = 1_024;
/// Users whose memory is fetched together. Users lie scattered, and without this a pass over half a
/// million of them waits for memory most of the time.
const WARM_LEN: usize = 128;
/// So much of a SIP-ID stands beside its number while the roll is sorted.
const PREFIX_LEN: usize = 16;

/// The users of a tally, and those whom a side file lists besides, ordered by their SIP-IDs as
/// written: which is the order of their bytes, unless something in one is escaped.
#[derive(Debug)]
pub struct Roll<'t> {
    users: ByUser<'t>,
    /// Users of whom the tally knows nothing; they are numbered behind those of the tally.
    listed: Vec<SipIdRef<'t>>,
    /// Numbers of users by their place on the roll.
    order: Vec<u32>,
    /// What the outputs call the users, by their numbers; none where they have their own names.
    pseudonyms: Option<Names>,
}

/// Names behind one another.
#[derive(Debug, Default)]
struct Names {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Names {
    fn push(&mut self, name: &[u8]) {
        self.bytes.extend_from_slice(name);
        self.ends.push(self.bytes.len());
    }

    fn get(&self, number: usize) -> SipIdRef<'_> {
        let start = number.checked_sub(1).map_or(0, |before| self.ends[before]);
        SipIdRef::from_canonical(&self.bytes[start..self.ends[number]])
    }
}

/// A user on the way to its place.
struct Candidate {
    /// The beginning of the SIP-ID as written: it nearly always decides, and without any look at
    /// where the SIP-ID itself is kept.
    prefix: [u64; PREFIX_LEN / 8],
    number: u32,
}

impl<'t> Roll<'t> {
    /// The users of the tally.
    pub fn of(tally: &'t Tally, pseudonyms: Option<&Pseudonyms>) -> Self {
        Self::with(tally, std::iter::empty(), pseudonyms)
    }

    /// The users of the tally and these, who may be among them. With pseudonyms the roll is ordered
    /// by those, since the order would tell something of the names.
    pub fn with(
        tally: &'t Tally,
        listed: impl Iterator<Item = &'t SipId>,
        pseudonyms: Option<&Pseudonyms>,
    ) -> Self {
        let users = tally.in_any_order();
        let mut others: HashSet<SipIdRef<'t>, RandomState> = listed.map(SipId::borrowed).collect();
        if !others.is_empty() {
            let known = (0..users.len()).into_par_iter().map(|number| id_of(&users, &[], number));
            let known: Vec<SipIdRef<'t>> = known.filter(|id| others.contains(id)).collect();
            known.iter().for_each(|id| {
                others.remove(id);
            });
        }
        let listed: Vec<SipIdRef<'t>> = others.into_iter().collect();
        let pseudonyms = pseudonyms.map(|pseudonyms| {
            let name = |number| pseudonyms.of(id_of(&users, &listed, number));
            let all: Vec<Vec<u8>> = (0..users.len() + listed.len()).into_par_iter().map(name).collect();
            let mut names = Names::default();
            all.iter().for_each(|name| names.push(name));
            names
        });
        let id = |number: usize| match &pseudonyms {
            Some(names) => names.get(number),
            None => id_of(&users, &listed, number),
        };
        let candidate = |number: usize| Candidate { prefix: prefix(id(number)), number: number as u32 };
        let mut candidates: Vec<Candidate> =
            (0..users.len() + listed.len()).into_par_iter().map(candidate).collect();
        candidates.par_sort_unstable_by(|one, other| {
            one.prefix.cmp(&other.prefix).then_with(|| {
                let (one, other) = (id(one.number as usize), id(other.number as usize));
                one.written().cmp(&other.written()).then_with(|| one.cmp(&other))
            })
        });
        let order = candidates.iter().map(|candidate| candidate.number).collect();
        Self { users, listed, order, pseudonyms }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Shows the users of these places, in their order, with what is known of each: who it is, and
    /// what the outputs call that one.
    ///
    /// # Panics
    ///
    /// If the roll is not so long.
    pub fn each<'r>(
        &'r self,
        places: Range<usize>,
        mut look: impl FnMut(SipIdRef<'r>, SipIdRef<'r>, Vec<Entry>),
    ) {
        let mut look = |number: usize, id: SipIdRef<'r>, entries| {
            look(id, self.pseudonyms.as_ref().map_or(id, |names| names.get(number)), entries);
        };
        for numbers in self.order[places].chunks(WARM_LEN) {
            let mut known = [0; WARM_LEN];
            let mut len = 0;
            for number in numbers.iter().filter(|number| (**number as usize) < self.users.len()) {
                known[len] = *number;
                len += 1;
            }
            self.users.warm(&known[..len]);
            for number in numbers.iter().map(|number| *number as usize) {
                match number.checked_sub(self.users.len()) {
                    Some(other) => look(number, self.listed[other], Vec::new()),
                    None => {
                        let (user, entries) = self.users.get(number);
                        look(number, SipIdRef::from_canonical(user), entries);
                    }
                }
            }
        }
    }

    /// Who stands at that place.
    ///
    /// # Panics
    ///
    /// If the roll is not so long.
    pub fn id(&self, place: usize) -> SipIdRef<'t> {
        id_of(&self.users, &self.listed, self.order[place] as usize)
    }

    /// The place of the first user who does not come before that one.
    pub fn place_of(&self, id: SipIdRef<'_>) -> usize {
        let key = (id.written(), id);
        self.order.partition_point(|number| {
            let other = id_of(&self.users, &self.listed, *number as usize);
            (other.written(), other) < key
        })
    }

    /// What is known of one user, by name. Looks at everybody.
    pub fn entries_of(&self, id: &SipId) -> Vec<Entry> {
        let number = (0..self.users.len()).find(|number| self.users.user(*number) == id.as_bytes());
        number.map(|number| self.users.get(number).1).unwrap_or_default()
    }

    /// The places on the roll, cut into stretches for one core each.
    pub(super) fn stretches(&self) -> Vec<Range<usize>> {
        stretches(self.len())
    }

    /// How many stretches there are.
    pub(super) fn stretches_len(&self) -> usize {
        self.len().div_ceil(STRETCH_LEN)
    }

    /// One of the stretches.
    pub(super) fn stretch(&self, number: usize) -> Range<usize> {
        stretch(number, self.len())
    }
}

fn id_of<'t>(users: &ByUser<'t>, listed: &[SipIdRef<'t>], number: usize) -> SipIdRef<'t> {
    match number.checked_sub(users.len()) {
        Some(other) => listed[other],
        None => SipIdRef::from_canonical(users.user(number)),
    }
}

/// The first bytes of the SIP-ID as written, as numbers that order as the bytes do; what is shorter
/// is filled up with zeros, which come before everything.
fn prefix(id: SipIdRef<'_>) -> [u64; PREFIX_LEN / 8] {
    let written;
    let bytes = if id.is_plain() {
        id.as_bytes()
    } else {
        written = id.escaped();
        written.as_bytes()
    };
    let mut padded = [0; PREFIX_LEN];
    let len = bytes.len().min(PREFIX_LEN);
    padded[..len].copy_from_slice(&bytes[..len]);
    let (high, low) = padded.split_at(PREFIX_LEN / 2);
    [high, low].map(|half| u64::from_be_bytes(half.try_into().expect("half of sixteen bytes is eight")))
}

/// So many places, cut into stretches for one core each.
fn stretches(len: usize) -> Vec<Range<usize>> {
    (0..len.div_ceil(STRETCH_LEN)).map(|number| stretch(number, len)).collect()
}

fn stretch(number: usize, len: usize) -> Range<usize> {
    number * STRETCH_LEN..len.min((number + 1) * STRETCH_LEN)
}

/// Something that is counted over all users, in whatever order they come.
pub trait Count: Sync {
    /// What has been counted so far.
    type Sum: Send;

    /// Nothing.
    fn none(&self) -> Self::Sum;

    /// Adds one user, whose entries come in no order; none comes twice.
    fn add(&self, sum: &mut Self::Sum, user: SipIdRef<'_>, entries: Entries<'_>);

    /// Adds what was counted elsewhere.
    fn join(&self, sum: &mut Self::Sum, other: Self::Sum);
}

/// Two counts in one pass over the users, of which the way to them is the larger part.
impl<A: Count, B: Count> Count for (A, B) {
    type Sum = (A::Sum, B::Sum);

    fn none(&self) -> Self::Sum {
        (self.0.none(), self.1.none())
    }

    fn add(&self, sum: &mut Self::Sum, user: SipIdRef<'_>, entries: Entries<'_>) {
        self.0.add(&mut sum.0, user, entries.clone());
        self.1.add(&mut sum.1, user, entries);
    }

    fn join(&self, sum: &mut Self::Sum, other: Self::Sum) {
        self.0.join(&mut sum.0, other.0);
        self.1.join(&mut sum.1, other.1);
    }
}

/// Counts over all users of the tally, on every core.
pub fn count<C: Count>(tally: &Tally, counter: &C) -> C::Sum {
    let add = |mut sum: C::Sum, part: usize| {
        tally.each_of(part, |user, entries| counter.add(&mut sum, SipIdRef::from_canonical(user), entries));
        sum
    };
    let join = |mut one, other| {
        counter.join(&mut one, other);
        one
    };
    (0..tally.parts_len()).into_par_iter().fold(|| counter.none(), add).reduce(|| counter.none(), join)
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
            users in prop::collection::vec("a{0,14}[ab@% #_+]{1,6}", 0..40),
            listed in prop::collection::vec("a{0,14}[ab@% #_+]{1,6}", 0..10),
        ) {
            let tally = tally(&users);
            let ids: Vec<SipId> = listed.iter().map(|id| SipId::from_canonical(id.as_bytes())).collect();
            let roll = Roll::with(&tally, ids.iter(), None);
            let mut found: Vec<(String, Vec<u8>, bool)> = Vec::new();
            for stretch in [0..roll.len() / 3, roll.len() / 3..roll.len()] {
                roll.each(stretch, |id, shown, entries| {
                    assert_eq!(id, shown);
                    found.push((id.escaped(), id.as_bytes().to_vec(), entries.is_empty()));
                });
            }
            let mut expected: Vec<(String, Vec<u8>, bool)> = users
                .iter()
                .chain(&listed)
                .map(|text| (SipIdRef::from_canonical(text.as_bytes()).escaped(), text.clone().into_bytes(), !users.contains(text)))
                .collect();
            expected.sort();
            expected.dedup();
            prop_assert_eq!(&found, &expected);
            for (place, (written, _, _)) in found.iter().enumerate() {
                prop_assert_eq!(&roll.id(place).escaped(), written);
                prop_assert_eq!(roll.place_of(roll.id(place)), place);
            }
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

    #[test]
    fn everybody_is_counted_once_whatever_the_stretches() {
        struct Names;
        impl Count for Names {
            type Sum = Vec<String>;
            fn none(&self) -> Self::Sum {
                Vec::new()
            }
            fn add(&self, sum: &mut Self::Sum, user: SipIdRef<'_>, entries: Entries<'_>) {
                sum.push(format!("{} {}", user.escaped(), entries.count()));
            }
            fn join(&self, sum: &mut Self::Sum, other: Self::Sum) {
                sum.extend(other);
            }
        }
        for len in [0, 1, WARM_LEN + 1, STRETCH_LEN * 3 + WARM_LEN - 1] {
            let users: Vec<String> = (0..len).map(|number| format!("{number:05}@x")).collect();
            let (mut one, mut other) = count(&tally(&users), &(Names, Names));
            one.sort();
            other.sort();
            assert!(one.iter().eq(users.iter().map(|user| format!("{user} 1")).collect::<Vec<_>>().iter()));
            assert_eq!(one, other);
        }
    }
}

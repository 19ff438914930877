//! The table: distinct (SIP-ID, client, window, standing) with count, first, last, days and place.

use super::clients::Clients;
use super::entry::Entry;
use super::faint::{Faint, LISTED_USERS, is_faint};
use super::observed::{Observed, PARTS, bits_of, hash_of, part_of};
use super::part::{Entries, Part};
use crate::model::near::bring;
use crate::model::{AgentId, AgentKey, AgentRef, Moment, Observation, Standing};
use rayon::prelude::*;
use std::collections::HashMap;

/// Where an observation falls in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Number of the window; [`Slot::CLOCKLESS`]'s where the log has no clock.
    pub window: i32,
    /// Day within the window, 0 to 63.
    pub day: u8,
}

impl Slot {
    /// The slot of everything that a log without any clock says.
    pub const CLOCKLESS: Self = Self { window: i32::MIN, day: 0 };
}

/// One part of a tally, which takes what blocks say of its users.
#[derive(Debug)]
pub struct Share<'t> {
    number: usize,
    part: &'t mut Part,
    faint: &'t Faint,
    numberings: &'t HashMap<u64, Vec<AgentId>>,
}

impl Share<'_> {
    /// As [`Tally::take`], for this part.
    ///
    /// # Panics
    ///
    /// Where a block says something and the tally has not [learnt](Tally::learn) from it.
    pub fn count(self, blocks: &[&Observed]) {
        let blocks = blocks.iter().filter(|block| !block.is_empty());
        let blocks = blocks.map(|block| (*block, &self.numberings[&block.numbering][..]));
        self.part.take(self.number, blocks, self.faint);
    }
}

/// Users whose memory is asked for together.
const NEAR_LEN: u32 = 128;

/// The distinct sets of a part of the logs. Joins with another in any order.
///
/// It is kept in parts by the hash of the user, which are filled and read side by side.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// None before anything is counted.
    parts: Vec<Part>,
    clients: Clients,
    faint: Faint,
    /// Our numbers for the clients of each worker's numbering.
    numberings: HashMap<u64, Vec<AgentId>>,
}

impl Tally {
    /// Counts one observation that falls into that slot.
    pub fn add(&mut self, observation: &Observation<'_>, slot: Slot) {
        let user = observation.user;
        let is_faint = is_faint(observation.standing);
        if is_faint && !self.faint.lists(user) {
            self.faint.unlisted += 1;
            return;
        }
        let time = observation.moment.map(Moment::micros);
        let entry = Entry {
            agent: self.clients.intern(observation.agent),
            window: slot.window,
            standing: observation.standing,
            evidence: observation.evidence,
            count: 1,
            first: time.unwrap_or(i64::MAX),
            last: time.unwrap_or(i64::MIN),
            days: if time.is_some() { 1 << (slot.day & 63) } else { 0 },
            spot: observation.spot,
        };
        self.insert(user, &entry);
        if is_faint {
            self.bound_faint();
        }
    }

    /// What is taken from here on is of another stream.
    pub fn begin_stream(&mut self) {
        self.parts.iter_mut().for_each(|part| part.repeats.begin_stream());
    }

    /// Learns the clients that a block was the first of its worker to name. To be told of every
    /// block before any of that worker's is taken: which block was first does not follow their
    /// order in the stream.
    pub fn learn(&mut self, block: &Observed) {
        let known = self.numberings.entry(block.numbering).or_default();
        let behind = block.fresh_from + block.fresh.len();
        if known.len() < behind {
            known.resize(behind, AgentId(u32::MAX));
        }
        for (place, key) in known[block.fresh_from..].iter_mut().zip(&block.fresh) {
            let AgentKey { text, hint, is_push_source } = key;
            let agent = AgentRef { text: text.as_deref(), hint: *hint, is_push_source: *is_push_source };
            *place = self.clients.intern(agent);
        }
    }

    /// Takes what blocks say, in the order of their stream. Each has been closed by its worker and
    /// been learnt from.
    pub fn take(&mut self, blocks: &[&Observed]) {
        self.shares().par_bridge().for_each(|share| share.count(blocks));
    }

    /// The parts, each of which is to take the same blocks, in any order and on any core. Before that, the limit of
    /// strangers is drawn that what was taken before asks for.
    pub fn shares(&mut self) -> impl Iterator<Item = Share<'_>> + Send {
        self.bound_faint();
        let Self { parts, faint, numberings, .. } = self;
        parts.resize_with(PARTS, Part::default);
        let (faint, numberings) = (&*faint, &*numberings);
        let parts = parts.iter_mut().enumerate();
        parts.map(move |(number, part)| Share { number, part, faint, numberings })
    }

    /// Records that told of a transaction which had been counted, since this was last asked.
    pub fn take_repeated(&mut self) -> u64 {
        self.parts.iter_mut().map(|part| std::mem::take(&mut part.repeated)).sum()
    }

    /// Draws the last line between the strangers who are listed and those who are only counted,
    /// and forgets what was needed for counting only. Until then each part lists at least those
    /// that the whole will.
    pub fn finish(&mut self) {
        self.draw_limit(LISTED_USERS);
        self.numberings = HashMap::new();
    }

    /// Observations of refused and attempting users beyond those that are listed by name.
    pub fn unlisted(&self) -> u64 {
        self.faint.unlisted + self.parts.iter().map(|part| part.unlisted).sum::<u64>()
    }

    /// Whether everything is known of what that user was refused.
    pub fn lists_refusals_of(&self, user: &[u8]) -> bool {
        self.faint.lists(user)
    }

    /// Whether more is known of that user than attempts and refusals, which a stranger can bring about.
    pub fn knows(&self, user: &[u8]) -> bool {
        let hash = hash_of(user);
        let entries = |part: &Part| {
            part.users
                .find(bits_of(hash), user)
                .is_some_and(|number| part.entries_of(number).any(|entry| !is_faint(entry.standing)))
        };
        self.parts.get(part_of(hash)).is_some_and(entries)
    }

    fn insert(&mut self, user: &[u8], entry: &Entry) {
        if self.parts.is_empty() {
            self.parts.resize_with(PARTS, Part::default);
        }
        let hash = hash_of(user);
        self.parts[part_of(hash)].insert(bits_of(hash), user, entry);
    }

    fn faint_cells(&self) -> usize {
        self.parts.iter().map(|part| part.faint_cells).sum()
    }

    fn bound_faint(&mut self) {
        if self.faint_cells() > self.faint.most {
            self.draw_limit(LISTED_USERS);
        }
    }

    fn draw_limit(&mut self, listed: usize) {
        let has_faint = |part: &Part, number| part.entries_of(number).any(|entry| is_faint(entry.standing));
        let users = self.parts.iter().flat_map(|part| {
            part.numbers().filter(|number| has_faint(part, *number)).map(|number| part.users.key(number))
        });
        let mut faint = self.faint.clone();
        // Each of them has a cell at least, so where these are fewer nobody is to be dropped, nor looked for.
        if self.faint_cells() >= listed && faint.draw(users, listed) {
            self.faint = faint;
            self.drop_unlisted();
        }
        self.faint.most = (2 * self.faint_cells()).max(2 * LISTED_USERS);
    }

    /// Builds the parts anew without what is beyond the limit. What is remembered of transactions
    /// goes on with its user.
    fn drop_unlisted(&mut self) {
        let faint = &self.faint;
        let unlisted: u64 = self.parts.par_iter_mut().map(|part| part.drop_unlisted(faint)).sum();
        self.faint.unlisted += unlisted;
    }

    /// The union with another tally.
    #[must_use]
    pub fn union(mut self, mut other: Self) -> Self {
        if self.len() < other.len() {
            std::mem::swap(&mut self, &mut other);
        }
        let (largest, sum) = (self.len(), self.len() + other.len());
        let clients: Vec<AgentId> = (0..other.clients.len())
            .map(|n| self.clients.intern(other.clients.get(AgentId(n as u32))))
            .collect();
        for part in &other.parts {
            for number in part.numbers() {
                let user = part.users.key(number);
                for entry in part.entries_of(number) {
                    self.insert(user, &Entry { agent: clients[entry.agent.0 as usize], ..entry });
                }
            }
        }
        self.faint.join(&other.faint);
        self.faint.unlisted += other.parts.iter().map(|part| part.unlisted).sum::<u64>();
        // A union is at least as large as each part and at most their sum; anything else would be
        // a wrong bill.
        assert!((largest..=sum).contains(&self.len()), "a union of sets has an impossible size");
        if self.faint.is_limited() {
            self.drop_unlisted();
        }
        self
    }

    /// Number of entries.
    fn len(&self) -> usize {
        self.parts.iter().map(Part::len).sum()
    }

    /// Number of distinct SIP-IDs, in whatever standing.
    pub fn users_len(&self) -> usize {
        self.parts.iter().map(|part| part.users.len()).sum()
    }

    /// Everything that was observed in that standing.
    pub fn observed(&self, standing: Standing) -> u64 {
        self.parts.iter().map(|part| part.counts[standing as usize]).sum()
    }

    /// The clients, by number: in the order of arrival, so sort before anyone sees them.
    pub fn agents(&self) -> impl Iterator<Item = (AgentId, AgentKey)> {
        (0..).map(AgentId).zip(self.clients.since(0))
    }

    /// Every entry with its user's number, in no order at all.
    pub fn entries(&self) -> impl Iterator<Item = (u32, Entry)> {
        let users = self.parts.iter().flat_map(|part| part.numbers().map(move |number| (part, number)));
        (0..)
            .zip(users)
            .flat_map(|(user, (part, number))| part.entries_of(number).map(move |entry| (user, entry)))
    }

    /// How many parts there are, for [`Tally::each_of`].
    pub fn parts_len(&self) -> usize {
        self.parts.len()
    }

    /// Shows every user of a part with the entries, both in no order at all.
    ///
    /// # Panics
    ///
    /// If there is no such part.
    pub fn each_of(&self, part: usize, mut look: impl FnMut(&[u8], Entries<'_>)) {
        let part = &self.parts[part];
        let numbers = part.numbers();
        for begin in numbers.clone().step_by(NEAR_LEN as usize) {
            let near = begin..numbers.end.min(begin.saturating_add(NEAR_LEN));
            near.clone().for_each(|number| bring(part.users.get(number)));
            near.clone().for_each(|number| part.bring_second(number));
            for number in near {
                look(part.users.key(number), part.entries_of(number));
            }
        }
    }

    /// Every user's entries, users in no order at all.
    pub fn in_any_order(&self) -> ByUser<'_> {
        let behind = self.parts.iter().scan(0, |sum, part| {
            *sum += part.users.len();
            Some(*sum)
        });
        ByUser { tally: self, order: Order::Parts { behind: behind.collect() } }
    }

    /// Every user's entries: users by their bytes, a user's entries by window, standing and
    /// client (its text, not its number), so that no order of arrival shows.
    pub fn by_user(&self) -> ByUser<'_> {
        let places = self.parts.par_iter().enumerate().flat_map_iter(|(place, part)| {
            part.numbers().map(move |number| {
                let key = part.users.key(number);
                (front(key), key, place as u32, number)
            })
        });
        let mut users: Vec<_> = places.collect();
        users.par_sort_unstable_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1)));
        let users = users.into_par_iter().map(|(_, _, part, number)| (part, number)).collect();
        ByUser { tally: self, order: Order::Listed(users) }
    }
}

/// The first bytes of a key, which sort as the key does and need no look at it.
fn front(key: &[u8]) -> u128 {
    let mut front = [0; 16];
    let len = key.len().min(16);
    front[..len].copy_from_slice(&key[..len]);
    u128::from_be_bytes(front)
}

/// The entries of a tally, user after user.
#[derive(Debug)]
pub struct ByUser<'t> {
    tally: &'t Tally,
    order: Order,
}

/// Where the users of a tally are, by their places in the order.
#[derive(Debug)]
enum Order {
    /// One part after the other; for each, how many users it and those before have.
    Parts { behind: Vec<usize> },
    /// Parts and numbers.
    Listed(Vec<(u32, u32)>),
}

impl Order {
    fn len(&self) -> usize {
        match self {
            Self::Parts { behind } => behind.last().copied().unwrap_or(0),
            Self::Listed(users) => users.len(),
        }
    }

    /// Part and number.
    fn at(&self, place: usize) -> (usize, u32) {
        match self {
            Self::Parts { behind } => {
                let part = behind.partition_point(|behind| *behind <= place);
                let before = part.checked_sub(1).map_or(0, |before| behind[before]);
                (part, (place - before) as u32)
            }
            Self::Listed(users) => (users[place].0 as usize, users[place].1),
        }
    }
}

impl<'t> ByUser<'t> {
    /// How many users there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of the user at that place.
    ///
    /// # Panics
    ///
    /// If there are not so many users.
    pub fn user(&self, place: usize) -> &'t [u8] {
        let (part, number) = self.order.at(place);
        self.tally.parts[part].users.key(number)
    }

    /// Brings the memory of the users of these places near, before they are looked at one by one:
    /// waiting for that of a hundred users together takes hardly longer than for that of one.
    /// Changes nothing.
    ///
    /// # Panics
    ///
    /// As [`ByUser::user`].
    pub fn warm(&self, places: &[u32]) {
        let at = |place: &u32| {
            let (part, number) = self.order.at(*place as usize);
            (&self.tally.parts[part], number)
        };
        places.iter().map(at).for_each(|(part, number)| bring(part.users.get(number)));
        places.iter().map(at).for_each(|(part, number)| part.bring_second(number));
    }

    /// The bytes and entries of the user at that place.
    ///
    /// # Panics
    ///
    /// If there are not so many users.
    pub fn get(&self, place: usize) -> (&'t [u8], Vec<Entry>) {
        let tally = self.tally;
        let (part, number) = self.order.at(place);
        let user = tally.parts[part].users.key(number);
        let mut entries: Vec<Entry> = tally.parts[part].entries_of(number).collect();
        if entries.len() > 1 {
            entries.sort_unstable_by_key(|entry| {
                let agent = tally.clients.get(entry.agent);
                (entry.window, entry.standing, agent.text, agent.hint, agent.is_push_source)
            });
        }
        (user, entries)
    }

    /// Each user's bytes and entries.
    pub fn iter(&self) -> impl Iterator<Item = (&'t [u8], Vec<Entry>)> {
        (0..self.len()).map(|place| self.get(place))
    }
}

#[cfg(test)]
mod tests;

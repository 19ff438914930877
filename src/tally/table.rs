//! The table: distinct (SIP-ID, client, window, standing) with count, first, last, days and place.

use super::Interner;
use super::faint::{Faint, LISTED_USERS, is_faint};
use super::users::{NONE, Users};
use crate::model::{AgentId, AgentKey, AgentRef, EvidenceKind, Hint, Moment, Observation, Spot, Standing};
use ahash::RandomState;
use hashbrown::HashTable;
use rayon::prelude::*;

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

/// What is known of one user with one client in one window and standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub agent: AgentId,
    pub window: i32,
    pub standing: Standing,
    /// Kind of proof of the earliest observation.
    pub evidence: EvidenceKind,
    /// The user's first entry, which names the user among entries.
    owner: u32,
    /// The user's next entry.
    next: u32,
    pub count: u64,
    /// Microseconds; `i64::MAX` and `i64::MIN` without a clock.
    first: i64,
    last: i64,
    /// Bit n: something was observed on day n of the window.
    pub days: u64,
    /// Place of the earliest observation; of those at the same instant, the first place.
    pub spot: Spot,
}

impl Entry {
    /// Time of the earliest observation; `None` where the log has no clock.
    pub fn first(&self) -> Option<Moment> {
        (self.first != i64::MAX).then(|| Moment::from_micros(self.first))
    }

    /// Time of the latest observation.
    pub fn last(&self) -> Option<Moment> {
        (self.last != i64::MIN).then(|| Moment::from_micros(self.last))
    }

    fn key(&self) -> (u32, i32, Standing) {
        (self.agent.0, self.window, self.standing)
    }

    /// Takes in what another entry with the same key knows.
    fn join(&mut self, other: &Self) {
        if (other.first, other.spot) < (self.first, self.spot) {
            self.spot = other.spot;
            self.evidence = other.evidence;
        }
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.days |= other.days;
    }
}

/// The distinct sets of a part of the logs. Joins with another in any order.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    users: Users,
    agents: Agents,
    /// Each user's entries are chained from the user's head, the latest right behind it.
    entries: Vec<Entry>,
    /// Entries of users who have more than [`CHAIN_MAX`], by owner and key.
    crowd: HashTable<u32>,
    faint: Faint,
    state: Seeds,
}

/// A user has one or two clients; a chain of so many entries is walked, and a longer one is
/// indexed, so that one account with a new User-Agent at every registration costs no more than
/// any other.
const CHAIN_MAX: usize = 12;

/// Seeds for the index of crowded users, fixed for repeatable timing.
#[derive(Debug, Clone)]
struct Seeds(RandomState);

impl Default for Seeds {
    fn default() -> Self {
        Self(RandomState::with_seeds(1, 2, 3, 4))
    }
}

impl Seeds {
    fn hash_of(&self, entry: &Entry) -> u64 {
        self.0.hash_one((entry.owner, entry.key()))
    }
}

/// Clients, numbered: the text's number in an interner and the few bits that go with it.
#[derive(Debug, Clone, Default)]
struct Agents {
    texts: Interner,
    /// Key of each number: text (`None` is no text), hint, push source.
    keys: Vec<(Option<u32>, Hint, bool)>,
    numbers: std::collections::HashMap<(Option<u32>, Hint, bool), u32, RandomState>,
}

impl Agents {
    fn intern(&mut self, agent: AgentRef<'_>) -> AgentId {
        let text = agent.text.map(|text| self.texts.intern(text));
        let key = (text, agent.hint, agent.is_push_source);
        let next = self.keys.len() as u32;
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            self.keys.push(key);
        }
        AgentId(number)
    }

    fn get(&self, id: AgentId) -> AgentRef<'_> {
        let (text, hint, is_push_source) = self.keys[id.0 as usize];
        AgentRef { text: text.map(|text| self.texts.get(text)), hint, is_push_source }
    }
}

impl Tally {
    /// Counts one observation that falls into that slot.
    pub fn add(&mut self, observation: &Observation<'_>, slot: Slot) {
        let is_faint = is_faint(observation.standing);
        if is_faint && !self.faint.lists(observation.user) {
            self.faint.unlisted += 1;
            return;
        }
        let entries_before = self.entries.len();
        let time = observation.moment.map(Moment::micros);
        let agent = self.agents.intern(observation.agent);
        self.insert(
            observation.user,
            Entry {
                agent,
                window: slot.window,
                standing: observation.standing,
                evidence: observation.evidence,
                owner: NONE,
                next: NONE,
                count: 1,
                first: time.unwrap_or(i64::MAX),
                last: time.unwrap_or(i64::MIN),
                days: if time.is_some() { 1 << (slot.day & 63) } else { 0 },
                spot: observation.spot,
            },
        );
        if is_faint {
            self.faint.entries += self.entries.len() - entries_before;
            if self.faint.entries > self.faint.most {
                self.draw_limit(LISTED_USERS);
            }
        }
    }

    /// Draws the last line between the strangers who are listed and those who are only counted.
    /// Until then each part lists at least those that the whole will.
    pub fn finish(&mut self) {
        self.draw_limit(LISTED_USERS);
    }

    /// Observations of refused and attempting users beyond those that are listed by name.
    pub fn unlisted(&self) -> u64 {
        self.faint.unlisted
    }

    /// Whether everything is known of what that user was refused.
    pub fn lists_refusals_of(&self, user: &[u8]) -> bool {
        self.faint.lists(user)
    }

    fn draw_limit(&mut self, listed: usize) {
        let has_faint = |head: &u32| self.chain(*head).any(|entry| is_faint(entry.standing));
        let users = self.users.iter().filter(|(_, head)| has_faint(head)).map(|(user, _)| user);
        let mut faint = self.faint.clone();
        if faint.draw(users, listed) {
            self.faint = faint;
            self.drop_unlisted();
        }
        self.faint.most = (2 * self.faint.entries).max(2 * LISTED_USERS);
    }

    /// Builds the tally anew without what is beyond the limit.
    fn drop_unlisted(&mut self) {
        let old = std::mem::take(self);
        self.faint = Faint { entries: 0, ..old.faint.clone() };
        for (user, head) in old.users.iter() {
            let lists = old.faint.lists(user);
            for entry in old.chain(head) {
                if !is_faint(entry.standing) || lists {
                    self.faint.entries += usize::from(is_faint(entry.standing));
                    let agent = self.agents.intern(old.agents.get(entry.agent));
                    self.insert(user, Entry { agent, ..*entry });
                } else {
                    self.faint.unlisted += entry.count;
                }
            }
        }
    }

    /// Brings the memory of these users near, before they are counted one by one: a look-up waits
    /// for two lines of memory, and waiting for a thousand of them together takes hardly longer
    /// than for one. Changes nothing.
    pub fn warm<'k>(&self, users: impl Iterator<Item = &'k [u8]> + Clone) {
        let heads = users.clone().fold(0, |sum: u32, user| sum ^ self.users.touch(user));
        let count = |head: u32| self.entries.get(head as usize).map_or(0, |entry| entry.count);
        let counts = users.fold(0, |sum: u64, user| sum ^ count(self.users.touch(user)));
        std::hint::black_box((heads, counts));
    }

    fn insert(&mut self, user: &[u8], entry: Entry) {
        let number = u32::try_from(self.entries.len()).ok().filter(|number| *number != NONE);
        let number = number.expect("fewer than 2^32 entries");
        let head = self.users.head(user);
        if *head == NONE {
            *head = number;
            self.entries.push(Entry { owner: number, next: NONE, ..entry });
            return;
        }
        let owner = *head;
        let mut at = owner;
        for _ in 0..CHAIN_MAX {
            let known = &mut self.entries[at as usize];
            if known.key() == entry.key() {
                known.join(&entry);
                return;
            }
            at = known.next;
            if at == NONE {
                self.link(owner, number, entry);
                return;
            }
        }
        // The chain is longer than is walked: ask the index, which is made when first needed.
        let entry = Entry { owner, ..entry };
        let hash = self.state.hash_of(&entry);
        let is_same = |known: &Entry| known.owner == owner && known.key() == entry.key();
        if self
            .crowd
            .find(self.state.hash_of(&self.entries[owner as usize]), |known| *known == owner)
            .is_none()
        {
            let mut at = owner;
            while at != NONE {
                self.index(at);
                at = self.entries[at as usize].next;
            }
        }
        match self.crowd.find(hash, |known| is_same(&self.entries[*known as usize])) {
            Some(known) => self.entries[*known as usize].join(&entry),
            None => {
                self.link(owner, number, entry);
                self.index(number);
            }
        }
    }

    /// Puts a new entry right behind its owner.
    fn link(&mut self, owner: u32, number: u32, entry: Entry) {
        let next = std::mem::replace(&mut self.entries[owner as usize].next, number);
        self.entries.push(Entry { owner, next, ..entry });
    }

    fn index(&mut self, number: u32) {
        let (entries, state) = (&self.entries, &self.state);
        let hash = state.hash_of(&entries[number as usize]);
        self.crowd.insert_unique(hash, number, |known| state.hash_of(&entries[*known as usize]));
    }

    /// The union with another tally.
    #[must_use]
    pub fn union(mut self, mut other: Self) -> Self {
        if self.entries.len() < other.entries.len() {
            std::mem::swap(&mut self, &mut other);
        }
        let (largest, sum) = (self.entries.len(), self.entries.len() + other.entries.len());
        let agents: Vec<AgentId> = (0..other.agents.keys.len())
            .map(|n| self.agents.intern(other.agents.get(AgentId(n as u32))))
            .collect();
        for (user, head) in other.users.iter() {
            for entry in other.chain(head) {
                self.insert(user, Entry { agent: agents[entry.agent.0 as usize], ..*entry });
            }
        }
        self.faint.join(&other.faint);
        self.faint.entries += other.faint.entries;
        // A union is at least as large as each part and at most their sum; anything else would be
        // a wrong bill.
        assert!((largest..=sum).contains(&self.entries.len()), "a union of sets has an impossible size");
        if self.faint.is_limited() {
            self.drop_unlisted();
        }
        self
    }

    /// A user's entries from the head of its chain on.
    fn chain(&self, head: u32) -> impl Iterator<Item = &Entry> {
        let at = |number: u32| self.entries.get(number as usize);
        std::iter::successors(at(head), move |entry| at(entry.next))
    }

    /// Number of distinct SIP-IDs, in whatever standing.
    pub fn users_len(&self) -> usize {
        self.users.len()
    }

    /// The clients, by number: in the order of arrival, so sort before anyone sees them.
    pub fn agents(&self) -> impl Iterator<Item = (AgentId, AgentKey)> {
        (0..self.agents.keys.len()).map(|number| {
            let id = AgentId(number as u32);
            let agent = self.agents.get(id);
            let text = agent.text.map(Into::into);
            (id, AgentKey { text, hint: agent.hint, is_push_source: agent.is_push_source })
        })
    }

    /// Every entry with its user's number, in no order at all.
    pub fn entries(&self) -> impl Iterator<Item = (u32, &Entry)> {
        let users = (0..).zip(self.users.iter());
        users.flat_map(|(number, (_, head))| self.chain(head).map(move |entry| (number, entry)))
    }

    /// Every user's entries: users by their bytes, a user's entries by window, standing and
    /// client (its text, not its number), so that no order of arrival shows.
    pub fn by_user(&self) -> ByUser<'_> {
        let mut users: Vec<(&[u8], u32)> = self.users.iter().collect();
        users.par_sort_unstable_by_key(|(user, _)| *user);
        ByUser { tally: self, users }
    }
}

/// The entries of a tally, user after user.
#[derive(Debug)]
pub struct ByUser<'t> {
    tally: &'t Tally,
    /// Keys and heads, sorted.
    users: Vec<(&'t [u8], u32)>,
}

impl<'t> ByUser<'t> {
    /// Each user's bytes and entries.
    pub fn iter(&self) -> impl Iterator<Item = (&'t [u8], Vec<&'t Entry>)> {
        let tally = self.tally;
        self.users.iter().map(move |(user, head)| {
            let mut entries: Vec<&Entry> = tally.chain(*head).collect();
            entries.sort_unstable_by_key(|entry| {
                let agent = tally.agents.get(entry.agent);
                (entry.window, entry.standing, agent.text, agent.hint, agent.is_push_source)
            });
            (*user, entries)
        })
    }
}

#[cfg(test)]
mod tests;

//! Transactions: a request and its reply put together, and repetitions told from news.
//!
//! The key is Call-ID and CSeq (RFC 3261 §17.2.3 has the branch besides, which logs rarely show
//! and proxies change). Two records of one key belong together while they are within
//! [`LIFE_SECONDS`] of one another, whichever comes first: retransmissions of a REGISTER end after
//! 32 s (timer F). A log of several hosts runs back and forth between their clocks, so a key is
//! forgotten only when many records have passed as well.
//!
//! A client chooses its Call-ID and CSeq, so two may choose the same: records of one key that name
//! two users are of two transactions. A reply that names nobody answers the only user there has been, or
//! none. Users are told apart by what stands before the domain, which a server may write otherwise.

use super::Asks;
use super::joins::name_of;
use crate::model::near::fetch;
use crate::model::{AgentRef, Hint, Moment, Spot};
use ahash::RandomState;
use hashbrown::HashTable;
use std::collections::VecDeque;

/// Timer F of RFC 3261 §17.1.2.2.
pub(super) const LIFE_SECONDS: i64 = 32;
/// In place of [`LIFE_SECONDS`] where the log has no clock.
pub(super) const LIFE_RECORDS: u64 = 200_000;
/// A key is kept for so many records whatever the clock says.
pub(super) const SURE_RECORDS: u64 = 20_000;
/// So many bytes of transactions are kept at most: the oldest is given up first. A flood of
/// requests must not fill the memory, and half a million ordinary ones fit.
const MOST_BYTES: usize = 192 << 20;
/// So many transactions before it is forgotten, the memory of a key is asked for.
const SOON: usize = 8;
/// A free room keeps so many bytes at most for the next who comes, and so many free rooms keep any.
const ROOM_MAX: usize = 512;
const FREE_MAX: usize = 1024;

/// A request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'t> {
    pub user: &'t [u8],
    pub agent: AgentRef<'t>,
    pub moment: Option<Moment>,
    pub spot: Spot,
    pub asks: Asks,
    /// URIs of its contacts, a line each.
    pub contacts: &'t [u8],
}

/// A final reply.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reply<'t> {
    pub code: u16,
    pub moment: Option<Moment>,
    /// What the reply leaves: [`Asks::Bind`] unless it shows that nothing is bound.
    pub leaves: Asks,
    /// URIs of the contacts it lists, a line each.
    pub contacts: &'t [u8],
}

/// What tells transactions apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'t> {
    /// Call-ID and CSeq, and what else both records show.
    pub call: &'t [u8],
    /// Empty where the record names nobody.
    pub user: &'t [u8],
}

/// A request and what it was answered with.
pub(super) struct Settled<'t> {
    pub request: Request<'t>,
    pub reply: Reply<'t>,
}

/// What waits for the other half of its transaction: a request for its final reply, or the reply for it.
#[derive(Debug, Clone, Copy)]
enum Half {
    Asked(Asked),
    Answered { code: u16, leaves: Asks },
}

/// A request without its moment, which is its transaction's, and its texts: the user, the agent and the contacts.
#[derive(Debug, Clone, Copy)]
struct Asked {
    user_len: usize,
    agent_len: Option<usize>,
    hint: Hint,
    is_push_source: bool,
    spot: Spot,
    asks: Asks,
}

impl Asked {
    /// The request of that moment with these texts.
    fn request(self, moment: Option<Moment>, texts: &[u8]) -> Request<'_> {
        let Self { user_len, agent_len, hint, is_push_source, spot, asks } = self;
        let (user, rest) = texts.split_at(user_len);
        let (agent, contacts) = rest.split_at(agent_len.unwrap_or(0));
        let agent = AgentRef { text: agent_len.map(|_| agent), hint, is_push_source };
        Request { user, agent, moment, spot, asks, contacts }
    }
}

/// The halves that wait, each with its texts behind one another. Nearly all wait for milliseconds, so the room that was
/// left last is taken first: it is near.
#[derive(Debug, Default)]
struct Halves {
    rooms: Vec<Room>,
    free: Vec<usize>,
    /// What was left last, whose texts may still be read.
    left: Option<usize>,
}

/// One half and its texts.
type Room = (Half, Vec<u8>);

impl Halves {
    /// Keeps one, and gives the number of its room.
    fn keep(&mut self, half: Half, texts: [&[u8]; 3]) -> usize {
        self.trim();
        let room = self.free.pop().unwrap_or_else(|| {
            self.rooms.push((half, Vec::new()));
            self.rooms.len() - 1
        });
        let (known, own) = &mut self.rooms[room];
        *known = half;
        own.clear();
        own.reserve_exact(texts.iter().map(|text| text.len()).sum());
        texts.iter().for_each(|text| own.extend_from_slice(text));
        room
    }

    fn get(&self, room: usize) -> Half {
        self.rooms[room].0
    }

    /// Leaves the room; its texts may be read until the next call.
    fn leave(&mut self, room: usize) -> &[u8] {
        self.trim();
        self.free.push(room);
        self.left = Some(room);
        &self.rooms[room].1
    }

    /// Gives back the memory of the room that was left last, where it is large or enough are free.
    fn trim(&mut self) {
        let Some(room) = self.left.take() else { return };
        let texts = &mut self.rooms[room].1;
        if texts.capacity() > ROOM_MAX || self.free.len() > FREE_MAX {
            *texts = Vec::new();
        }
    }
}

/// One transaction, in the order of arrival.
#[derive(Debug)]
struct Transaction {
    /// The user behind the rest of the key, which is so long.
    key: Vec<u8>,
    call_len: usize,
    /// Of the key, without its user where it is the first of its call.
    hash: u64,
    /// No other user's transaction of that call was open when it began.
    is_first: bool,
    /// Another user's has begun since.
    is_shared: bool,
    /// When it began, which is the moment of its half, and as which record.
    moment: Option<Moment>,
    record: u64,
    /// The room of its half that waits; `None` once it was counted: what comes now repeats it.
    half: Option<usize>,
    /// What it was charged with when it was opened.
    bytes: usize,
}

impl Transaction {
    fn call(&self) -> &[u8] {
        &self.key[..self.call_len]
    }

    /// Empty where nobody has been named.
    fn user(&self) -> &[u8] {
        &self.key[self.call_len..]
    }

    fn is_near(&self, moment: Option<Moment>) -> bool {
        self.moment.zip(moment).is_none_or(|(begun, now)| are_near(begun, now))
    }
}

/// The open transactions that a record may be of.
enum Candidates {
    None,
    /// Its place among the open ones.
    One(usize),
    Several,
}

/// The open transactions of one stream.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    /// In the order of arrival, which is also the order of being forgotten.
    open: VecDeque<Transaction>,
    /// The number of the first in `open`. Numbers wrap, since far fewer are open at a time.
    first: u32,
    /// Numbers by the hash of their keys.
    numbers: HashTable<u32>,
    state: RandomState,
    halves: Halves,
    /// Key buffers for reuse.
    spares: Vec<Vec<u8>>,
    records: u64,
    /// Bytes of all that is open.
    bytes: usize,
    /// Requests whose reply never came.
    pub unanswered: u64,
    /// Final replies whose request never came.
    pub unasked: u64,
    /// Repetitions of what had been counted.
    pub repeated: u64,
}

impl Transactions {
    /// The log has moved on by one record; forgets what is too old.
    pub fn advance(&mut self, moment: Option<Moment>) {
        self.records += 1;
        while let Some(oldest) = self.open.front() {
            let age = self.records - oldest.record;
            let is_over = match (oldest.moment, moment) {
                (Some(begun), Some(now)) => age > SURE_RECORDS && !are_near(begun, now),
                _ => age > LIFE_RECORDS,
            };
            if !is_over && self.bytes <= MOST_BYTES {
                break;
            }
            let number = self.first;
            if let Ok(found) = self.numbers.find_entry(oldest.hash, |known| *known == number) {
                found.remove();
            }
            self.first = self.first.wrapping_add(1);
            // What is forgotten was read long ago, and its key's memory is written again next.
            if let Some(soon) = self.open.get(SOON) {
                fetch(&soon.key, 0);
            }
            if let Some(Transaction { mut key, half, bytes, .. }) = self.open.pop_front() {
                self.bytes -= bytes;
                self.give_up(half);
                key.clear();
                if key.capacity() <= 256 && self.spares.len() < 1024 {
                    self.spares.push(key);
                }
            }
        }
    }

    /// A request; settled at once where its reply had come first.
    pub fn ask<'t>(&'t mut self, call: &[u8], request: Request<'t>) -> Option<Settled<'t>> {
        let key = Key { call, user: name_of(request.user) };
        let at = match self.find(key, request.moment) {
            Candidates::One(at) => at,
            Candidates::None => {
                let Request { user, agent, moment, spot, asks, contacts } = request;
                let AgentRef { text, hint, is_push_source } = agent;
                let (user_len, agent_len) = (user.len(), text.map(<[u8]>::len));
                let asked = Asked { user_len, agent_len, hint, is_push_source, spot, asks };
                let texts = [user, text.unwrap_or_default(), contacts];
                self.begin(key, moment, Some((Half::Asked(asked), texts)));
                return None;
            }
            Candidates::Several => {
                self.unanswered += 1;
                return None;
            }
        };
        let Transaction { half, moment, .. } = &mut self.open[at];
        if let Some((room, Half::Answered { code, leaves })) = half.map(|room| (room, self.halves.get(room)))
        {
            *half = None;
            let contacts = self.halves.leave(room);
            return Some(Settled { request, reply: Reply { code, moment: *moment, leaves, contacts } });
        }
        self.repeated += 1;
        None
    }

    /// A final reply; settles the request that waits for it.
    pub fn answer<'t>(&'t mut self, key: Key<'_>, reply: Reply<'t>) -> Option<Settled<'t>> {
        let at = match self.find(key, reply.moment) {
            Candidates::One(at) => at,
            Candidates::None => {
                let Reply { code, moment, leaves, contacts } = reply;
                let half = Half::Answered { code, leaves };
                self.begin(key, moment, Some((half, [contacts, b"", b""])));
                return None;
            }
            Candidates::Several => {
                self.unasked += 1;
                return None;
            }
        };
        let Transaction { half, moment, .. } = &mut self.open[at];
        if let Some((room, Half::Asked(asked))) = half.map(|room| (room, self.halves.get(room))) {
            *half = None;
            return Some(Settled { request: asked.request(*moment, self.halves.leave(room)), reply });
        }
        self.repeated += 1;
        None
    }

    /// Whether a self-proving record is the first of its transaction.
    pub fn is_first(&mut self, key: Key<'_>, moment: Option<Moment>) -> bool {
        if !matches!(self.find(key, moment), Candidates::None) {
            self.repeated += 1;
            return false;
        }
        self.begin(key, moment, None);
        true
    }

    /// Nothing more will come: what still waits is unanswered.
    pub fn finish(&mut self) {
        for transaction in std::mem::take(&mut self.open) {
            self.give_up(transaction.half);
        }
        self.numbers.clear();
    }

    fn give_up(&mut self, half: Option<usize>) {
        let Some(room) = half else { return };
        match self.halves.get(room) {
            Half::Asked(_) => self.unanswered += 1,
            Half::Answered { .. } => self.unasked += 1,
        }
        self.halves.leave(room);
    }

    /// The open transactions that a record of that key may be of at that moment.
    fn find(&self, key: Key<'_>, moment: Option<Moment>) -> Candidates {
        let first = self.first_of(key.call).filter(|at| self.open[*at].is_near(moment));
        match first.map(|at| (at, &self.open[at])) {
            Some((_, first)) if key.user.is_empty() && first.is_shared => Candidates::Several,
            Some((at, first))
                if key.user.is_empty() || first.user().is_empty() || first.user() == key.user =>
            {
                Candidates::One(at)
            }
            _ if key.user.is_empty() => Candidates::None,
            _ => {
                let other = self.other_of(key).filter(|at| self.open[*at].is_near(moment));
                other.map_or(Candidates::None, Candidates::One)
            }
        }
    }

    /// The first transaction of a call.
    fn first_of(&self, call: &[u8]) -> Option<usize> {
        let at = |number: &u32| place(*number, self.first);
        let is_it = |number: &u32| {
            let known = &self.open[at(number)];
            known.is_first && known.call() == call
        };
        self.numbers.find(self.state.hash_one(call), is_it).map(at)
    }

    /// That of a user who was not the first of the call.
    fn other_of(&self, key: Key<'_>) -> Option<usize> {
        let at = |number: &u32| place(*number, self.first);
        let is_it = |number: &u32| {
            let known = &self.open[at(number)];
            !known.is_first && known.call() == key.call && known.user() == key.user
        };
        self.numbers.find(self.state.hash_one((key.call, key.user)), is_it).map(at)
    }

    fn begin(&mut self, key: Key<'_>, moment: Option<Moment>, half: Option<(Half, [&[u8]; 3])>) {
        let number = self.first.wrapping_add(self.open.len() as u32);
        let first = self.first_of(key.call);
        let near = first.filter(|at| self.open[*at].is_near(moment));
        let (is_first, hash, earlier) = match near {
            // Another user's, or it would have been found.
            Some(at) => {
                self.open[at].is_shared = true;
                (false, self.state.hash_one((key.call, key.user)), self.other_of(key))
            }
            None => (true, self.state.hash_one(key.call), first),
        };
        // One of that key that is too far away stays in the queue to be accounted for, unseen.
        if let Some(at) = earlier {
            let number = self.first.wrapping_add(at as u32);
            if let Ok(found) = self.numbers.find_entry(self.open[at].hash, |known| *known == number) {
                found.remove();
            }
        }
        let mut owned = self.spares.pop().unwrap_or_default();
        owned.extend_from_slice(key.call);
        owned.extend_from_slice(key.user);
        let texts_len: usize = half.iter().flat_map(|(_, texts)| texts).map(|text| text.len()).sum();
        let room_len = if half.is_some() { size_of::<Room>() } else { 0 };
        let bytes = owned.len() + texts_len + room_len + size_of::<Transaction>();
        self.bytes += bytes;
        let half = half.map(|(half, texts)| self.halves.keep(half, texts));
        let (call_len, record) = (key.call.len(), self.records);
        let is_shared = false;
        self.open.push_back(Transaction {
            key: owned,
            call_len,
            hash,
            is_first,
            is_shared,
            moment,
            record,
            half,
            bytes,
        });
        let (open, first) = (&self.open, self.first);
        let hash_of = |number: &u32| open[place(*number, first)].hash;
        self.numbers.insert_unique(hash, number, hash_of);
    }
}

/// Where the transaction of that number is among the open ones, of which the first has the other number.
const fn place(number: u32, first: u32) -> usize {
    number.wrapping_sub(first) as usize
}

/// Within timer F of one another.
pub(super) fn are_near(one: Moment, other: Moment) -> bool {
    (one.micros() - other.micros()).abs() <= LIFE_SECONDS * 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap() {
        let told = |first: u32| {
            let mut transactions = Transactions { first, ..Transactions::default() };
            let mut told = Vec::new();
            for step in 0..6 * SURE_RECORDS as i64 {
                // Each key comes twice as a request and once as a reply, and again much later.
                let key = (step / 3 % 20_000).to_le_bytes();
                let moment = Some(Moment::from_seconds(step / 100));
                transactions.advance(moment);
                let request = Request {
                    user: b"u",
                    agent: AgentRef::UNKNOWN,
                    moment,
                    spot: Spot { input: 0, offset: step as u64 },
                    asks: Asks::Bind,
                    contacts: b"",
                };
                let settled = match step % 3 {
                    0 | 1 => transactions.ask(&key, request),
                    _ => transactions.answer(
                        Key { call: &key, user: b"" },
                        Reply { code: 200, moment, leaves: Asks::Bind, contacts: b"" },
                    ),
                };
                told.extend(settled.map(|settled| settled.request.spot.offset));
            }
            let Transactions { unanswered, unasked, repeated, first: last, .. } = transactions;
            (told, unanswered, unasked, repeated, last.wrapping_sub(first))
        };
        let plain = told(0);
        assert!(plain.0.len() > 30_000 && plain.4 > 10_000, "{} {}", plain.0.len(), plain.4);
        for first in [u32::MAX, u32::MAX - 5, u32::MAX - 5_000, u32::MAX - 25_000] {
            assert_eq!(told(first), plain);
        }
    }

    #[test]
    fn rooms_are_used_again_and_large_ones_keep_nothing() {
        let half = Half::Answered { code: 200, leaves: Asks::Bind };
        let mut halves = Halves::default();
        let large = vec![b'x'; 2 * ROOM_MAX];
        let rooms = [0, 1].map(|_| halves.keep(half, [b"ab", &large, b"c"]));
        assert_ne!(rooms[0], rooms[1]);
        assert_eq!(halves.leave(rooms[0]), [b"ab", &large[..], b"c"].concat());
        assert_eq!(halves.leave(rooms[1]), [b"ab", &large[..], b"c"].concat());
        assert_eq!(halves.rooms[rooms[0]].1.capacity(), 0);
        let small = halves.keep(half, [b"a", b"", b"bc"]);
        assert_eq!(small, rooms[1]);
        assert!(halves.rooms[small].1.capacity() <= ROOM_MAX);
        assert_eq!(halves.leave(small), b"abc");
        // Those that are free beyond some keep nothing either.
        let rooms: Vec<usize> = (0..2 * FREE_MAX).map(|_| halves.keep(half, [b"abc", b"", b""])).collect();
        rooms.into_iter().for_each(|room| _ = halves.leave(room));
        halves.trim();
        let kept: usize = halves.rooms.iter().map(|room| room.1.capacity()).sum();
        assert!(kept <= (FREE_MAX + 1) * ROOM_MAX && halves.rooms.len() == 2 * FREE_MAX, "{kept}");
    }
}

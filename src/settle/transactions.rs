//! Transactions: a request and its reply put together, and repetitions told from news.
//!
//! The key is Call-ID and CSeq (RFC 3261 §17.2.3 has the branch besides, which logs rarely show
//! and proxies change). Two records of one key belong together while they are within
//! [`LIFE_SECONDS`] of one another, whichever comes first: retransmissions of a REGISTER end after
//! 32 s (timer F). A log of several hosts runs back and forth between their clocks, so a key is
//! forgotten only when many records have passed as well.

use super::Asks;
use crate::model::{AgentRef, Hint, Moment, Spot};
use ahash::RandomState;
use hashbrown::HashTable;
use std::collections::VecDeque;

/// Timer F of RFC 3261 §17.1.2.2.
pub(super) const LIFE_SECONDS: i64 = 32;
/// In place of [`LIFE_SECONDS`] where the log has no clock.
pub(super) const LIFE_RECORDS: u64 = 200_000;
/// A key is kept for so many records whatever the clock says.
const SURE_RECORDS: u64 = 20_000;
/// So many bytes of transactions are kept at most: the oldest is given up first. A flood of
/// requests must not fill the memory, and half a million ordinary ones fit.
const MOST_BYTES: usize = 192 << 20;

/// A request that waits for its reply.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub user: Box<[u8]>,
    pub agent: Option<Box<[u8]>>,
    pub hint: Hint,
    pub is_push_source: bool,
    pub moment: Option<Moment>,
    pub spot: Spot,
    pub asks: Asks,
    /// URIs of its contacts, a line each; empty where nothing will be joined to them.
    pub contacts: Box<[u8]>,
}

impl Request {
    pub fn agent(&self) -> AgentRef<'_> {
        AgentRef { text: self.agent.as_deref(), hint: self.hint, is_push_source: self.is_push_source }
    }
}

/// What is known of one transaction.
#[derive(Debug, Clone)]
enum State {
    /// The request has been seen, its final reply has not.
    Asked(Request),
    /// A final reply has been seen before its request.
    Answered(Reply),
    /// Counted; what comes now repeats it.
    Done,
}

/// One transaction, in the order of arrival.
#[derive(Debug)]
struct Transaction {
    key: Vec<u8>,
    hash: u64,
    /// When it began, and as which record.
    moment: Option<Moment>,
    record: u64,
    state: State,
    /// What it was charged with when it was opened.
    bytes: usize,
}

/// A final reply.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub code: u16,
    pub moment: Option<Moment>,
    /// What the reply leaves: [`Asks::Bind`] unless it shows that nothing is bound.
    pub leaves: Asks,
    /// URIs of the contacts it lists, a line each.
    pub contacts: Box<[u8]>,
}

impl State {
    /// Bytes it holds besides itself.
    fn held_bytes(&self) -> usize {
        match self {
            Self::Asked(request) => {
                request.user.len()
                    + request.agent.as_ref().map_or(0, |agent| agent.len())
                    + request.contacts.len()
            }
            Self::Answered(reply) => reply.contacts.len(),
            Self::Done => 0,
        }
    }
}

/// A request and what it was answered with.
pub(super) struct Settled {
    pub request: Request,
    pub reply: Reply,
}

/// The open transactions of one stream.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    /// In the order of arrival, which is also the order of being forgotten.
    open: VecDeque<Transaction>,
    /// How many have been forgotten: the number of the first in `open`.
    forgotten: u64,
    /// Numbers by the hash of their keys.
    numbers: HashTable<u64>,
    state: RandomState,
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
            let number = self.forgotten;
            if let Ok(found) = self.numbers.find_entry(oldest.hash, |known| *known == number) {
                found.remove();
            }
            self.forgotten += 1;
            if let Some(Transaction { mut key, state, bytes, .. }) = self.open.pop_front() {
                self.bytes -= bytes;
                self.give_up(&state);
                key.clear();
                if key.capacity() <= 256 && self.spares.len() < 1024 {
                    self.spares.push(key);
                }
            }
        }
    }

    /// A request; settled at once where its reply had come first.
    pub fn ask(&mut self, key: &[u8], request: Request) -> Option<Settled> {
        let hash = self.state.hash_one(key);
        let Some(transaction) = self.find(hash, key, request.moment) else {
            self.begin(hash, key, request.moment, State::Asked(request));
            return None;
        };
        match std::mem::replace(&mut transaction.state, State::Done) {
            State::Answered(reply) => Some(Settled { request, reply }),
            earlier @ (State::Asked(_) | State::Done) => {
                transaction.state = earlier;
                self.repeated += 1;
                None
            }
        }
    }

    /// A final reply; settles the request that waits for it.
    pub fn answer(&mut self, key: &[u8], reply: Reply) -> Option<Settled> {
        let hash = self.state.hash_one(key);
        let Some(transaction) = self.find(hash, key, reply.moment) else {
            self.begin(hash, key, reply.moment, State::Answered(reply));
            return None;
        };
        match std::mem::replace(&mut transaction.state, State::Done) {
            State::Asked(request) => Some(Settled { request, reply }),
            earlier @ (State::Answered(_) | State::Done) => {
                transaction.state = earlier;
                self.repeated += 1;
                None
            }
        }
    }

    /// Whether a self-proving record is the first of its transaction.
    pub fn is_first(&mut self, key: &[u8], moment: Option<Moment>) -> bool {
        let hash = self.state.hash_one(key);
        if self.find(hash, key, moment).is_some() {
            self.repeated += 1;
            return false;
        }
        self.begin(hash, key, moment, State::Done);
        true
    }

    /// Nothing more will come: what still waits is unanswered.
    pub fn finish(&mut self) {
        for transaction in std::mem::take(&mut self.open) {
            self.give_up(&transaction.state);
        }
        self.numbers.clear();
    }

    fn give_up(&mut self, state: &State) {
        match state {
            State::Asked(_) => self.unanswered += 1,
            State::Answered(_) => self.unasked += 1,
            State::Done => {}
        }
    }

    /// The transaction of that key and its hash, if it is near that moment.
    fn find(&mut self, hash: u64, key: &[u8], moment: Option<Moment>) -> Option<&mut Transaction> {
        let at = |number: u64| (number - self.forgotten) as usize;
        let is_same = |number: &u64| {
            let known = &self.open[at(*number)];
            known.key == key && known.moment.zip(moment).is_none_or(|(begun, now)| are_near(begun, now))
        };
        let number = *self.numbers.find(hash, is_same)?;
        let at = at(number);
        self.open.get_mut(at)
    }

    fn begin(&mut self, hash: u64, key: &[u8], moment: Option<Moment>, state: State) {
        let number = self.forgotten + self.open.len() as u64;
        // One of that key that is too far away stays in the queue to be accounted for, unseen.
        let (open, forgotten) = (&self.open, self.forgotten);
        if let Ok(earlier) =
            self.numbers.find_entry(hash, |number| open[(number - forgotten) as usize].key == key)
        {
            earlier.remove();
        }
        let mut owned = self.spares.pop().unwrap_or_default();
        owned.extend_from_slice(key);
        let bytes = owned.len() + state.held_bytes() + size_of::<Transaction>();
        self.bytes += bytes;
        self.open.push_back(Transaction { key: owned, hash, moment, record: self.records, state, bytes });
        let (open, forgotten) = (&self.open, self.forgotten);
        self.numbers.insert_unique(hash, number, |number| open[(number - forgotten) as usize].hash);
    }
}

/// Within timer F of one another.
pub(super) fn are_near(one: Moment, other: Moment) -> bool {
    (one.micros() - other.micros()).abs() <= LIFE_SECONDS * 1_000_000
}

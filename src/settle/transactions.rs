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
/// A larger buffer is not kept for the next transaction.
const SPARE_MAX: usize = 512;

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

/// A request and what it was answered with.
pub(super) struct Settled<'t> {
    pub request: Request<'t>,
    pub reply: Reply<'t>,
}

/// What is known of one transaction. Texts stand behind its key.
#[derive(Debug, Clone, Copy)]
enum State {
    /// The request has been seen, its final reply has not.
    Asked(Asked),
    /// A final reply has been seen before its request.
    Answered { code: u16, moment: Option<Moment>, leaves: Asks },
    /// Counted; what comes now repeats it.
    Done,
}

/// A request that waits for its reply. Its texts are the user, the agent and the contacts.
#[derive(Debug, Clone, Copy)]
struct Asked {
    user_len: usize,
    agent_len: Option<usize>,
    hint: Hint,
    is_push_source: bool,
    moment: Option<Moment>,
    spot: Spot,
    asks: Asks,
}

/// One transaction, in the order of arrival.
#[derive(Debug)]
struct Transaction {
    /// The key, and behind it what its state began with. One buffer, which the next one gets.
    texts: Vec<u8>,
    key_len: usize,
    hash: u64,
    /// When it began, and as which record.
    moment: Option<Moment>,
    record: u64,
    state: State,
    /// What it was charged with when it was opened.
    bytes: usize,
}

impl Transaction {
    fn key(&self) -> &[u8] {
        &self.texts[..self.key_len]
    }

    /// The request that waits here.
    fn request(&self, asked: Asked) -> Request<'_> {
        let Asked { user_len, agent_len, hint, is_push_source, moment, spot, asks } = asked;
        let (user, rest) = self.texts[self.key_len..].split_at(user_len);
        let (agent, contacts) = rest.split_at(agent_len.unwrap_or(0));
        let agent = AgentRef { text: agent_len.map(|_| agent), hint, is_push_source };
        Request { user, agent, moment, spot, asks, contacts }
    }
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
    /// Buffers for reuse.
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
            if let Some(Transaction { mut texts, state, bytes, .. }) = self.open.pop_front() {
                self.bytes -= bytes;
                self.give_up(state);
                texts.clear();
                if texts.capacity() <= SPARE_MAX && self.spares.len() < 1024 {
                    self.spares.push(texts);
                }
            }
        }
    }

    /// A request; settled at once where its reply had come first.
    pub fn ask<'t>(&'t mut self, key: &[u8], request: Request<'t>) -> Option<Settled<'t>> {
        let hash = self.state.hash_one(key);
        let Some(at) = self.find(hash, key, request.moment) else {
            let Request { user, agent, moment, spot, asks, contacts } = request;
            let asked = Asked {
                user_len: user.len(),
                agent_len: agent.text.map(<[u8]>::len),
                hint: agent.hint,
                is_push_source: agent.is_push_source,
                moment,
                spot,
                asks,
            };
            let texts = [key, user, agent.text.unwrap_or_default(), contacts];
            self.begin(hash, texts, moment, State::Asked(asked));
            return None;
        };
        let transaction = &mut self.open[at];
        let State::Answered { code, moment, leaves } = transaction.state else {
            self.repeated += 1;
            return None;
        };
        transaction.state = State::Done;
        let contacts = &transaction.texts[transaction.key_len..];
        Some(Settled { request, reply: Reply { code, moment, leaves, contacts } })
    }

    /// A final reply; settles the request that waits for it.
    pub fn answer<'t>(&'t mut self, key: &[u8], reply: Reply<'t>) -> Option<Settled<'t>> {
        let hash = self.state.hash_one(key);
        let Some(at) = self.find(hash, key, reply.moment) else {
            let Reply { code, moment, leaves, contacts } = reply;
            let state = State::Answered { code, moment, leaves };
            self.begin(hash, [key, contacts, b"", b""], moment, state);
            return None;
        };
        let transaction = &mut self.open[at];
        let State::Asked(asked) = transaction.state else {
            self.repeated += 1;
            return None;
        };
        transaction.state = State::Done;
        Some(Settled { request: transaction.request(asked), reply })
    }

    /// Whether a self-proving record is the first of its transaction.
    pub fn is_first(&mut self, key: &[u8], moment: Option<Moment>) -> bool {
        let hash = self.state.hash_one(key);
        if self.find(hash, key, moment).is_some() {
            self.repeated += 1;
            return false;
        }
        self.begin(hash, [key, b"", b"", b""], moment, State::Done);
        true
    }

    /// Nothing more will come: what still waits is unanswered.
    pub fn finish(&mut self) {
        for transaction in std::mem::take(&mut self.open) {
            self.give_up(transaction.state);
        }
        self.numbers.clear();
    }

    fn give_up(&mut self, state: State) {
        match state {
            State::Asked(_) => self.unanswered += 1,
            State::Answered { .. } => self.unasked += 1,
            State::Done => {}
        }
    }

    /// Where the transaction of that key and its hash is among the open ones, if it is near that moment.
    fn find(&self, hash: u64, key: &[u8], moment: Option<Moment>) -> Option<usize> {
        let at = |number: u64| (number - self.forgotten) as usize;
        let is_same = |number: &u64| {
            let known = &self.open[at(*number)];
            known.key() == key && known.moment.zip(moment).is_none_or(|(begun, now)| are_near(begun, now))
        };
        self.numbers.find(hash, is_same).map(|number| at(*number))
    }

    /// Opens a transaction: the first of the texts is its key.
    fn begin(&mut self, hash: u64, texts: [&[u8]; 4], moment: Option<Moment>, state: State) {
        let number = self.forgotten + self.open.len() as u64;
        let key = texts[0];
        // One of that key that is too far away stays in the queue to be accounted for, unseen.
        let (open, forgotten) = (&self.open, self.forgotten);
        if let Ok(earlier) =
            self.numbers.find_entry(hash, |number| open[(number - forgotten) as usize].key() == key)
        {
            earlier.remove();
        }
        let mut owned = self.spares.pop().unwrap_or_default();
        owned.reserve(texts.iter().map(|text| text.len()).sum());
        texts.iter().for_each(|text| owned.extend_from_slice(text));
        let (key_len, bytes) = (key.len(), owned.len() + size_of::<Transaction>());
        self.bytes += bytes;
        let record = self.records;
        self.open.push_back(Transaction { texts: owned, key_len, hash, moment, record, state, bytes });
        let (open, forgotten) = (&self.open, self.forgotten);
        self.numbers.insert_unique(hash, number, |number| open[(number - forgotten) as usize].hash);
    }
}

/// Within timer F of one another.
pub(super) fn are_near(one: Moment, other: Moment) -> bool {
    (one.micros() - other.micros()).abs() <= LIFE_SECONDS * 1_000_000
}

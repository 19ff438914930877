//! Transactions: a request and its reply put together, and repetitions told from news.
//!
//! The key is Call-ID and CSeq (RFC 3261 §17.2.3 has the branch besides, which logs rarely show
//! and proxies change). A key's state is forgotten once the log has moved on by [`LIFE_SECONDS`],
//! or by [`LIFE_RECORDS`] held records where there is no clock: retransmissions of a REGISTER end
//! after 32 s (timer F).

use super::Asks;
use crate::model::{AgentRef, Hint, Moment, Spot};
use ahash::RandomState;
use hashbrown::HashTable;
use std::collections::VecDeque;

/// Timer F of RFC 3261 §17.1.2.2.
pub(super) const LIFE_SECONDS: i64 = 32;
/// In place of [`LIFE_SECONDS`] where the log has no clock.
pub(super) const LIFE_RECORDS: u64 = 200_000;

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
    Answered(u16),
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
}

/// A request and the status code it was answered with.
pub(super) struct Settled {
    pub request: Request,
    pub code: u16,
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
    newest: Option<Moment>,
    records: u64,
    /// Requests whose reply never came.
    pub unanswered: u64,
    /// Repetitions of what had been counted.
    pub repeated: u64,
}

impl Transactions {
    /// The log has moved on by one record; forgets what is too old.
    pub fn advance(&mut self, moment: Option<Moment>) {
        self.records += 1;
        self.newest = self.newest.max(moment);
        while let Some(oldest) = self.open.front() {
            let is_over = match (oldest.moment, self.newest) {
                (Some(begun), Some(newest)) => begun.plus_seconds(LIFE_SECONDS) < newest,
                _ => oldest.record + LIFE_RECORDS < self.records,
            };
            if !is_over {
                break;
            }
            let number = self.forgotten;
            if let Ok(found) = self.numbers.find_entry(oldest.hash, |known| *known == number) {
                found.remove();
            }
            self.forgotten += 1;
            if let Some(Transaction { mut key, state, .. }) = self.open.pop_front() {
                self.unanswered += u64::from(matches!(state, State::Asked(_)));
                key.clear();
                self.spares.push(key);
            }
        }
    }

    /// A request; settled at once where its reply had come first.
    pub fn ask(&mut self, key: &[u8], request: Request) -> Option<Settled> {
        let Some(transaction) = self.find(key) else {
            self.begin(key, request.moment, State::Asked(request));
            return None;
        };
        match transaction.state {
            State::Answered(code) => {
                transaction.state = State::Done;
                Some(Settled { request, code })
            }
            State::Asked(_) | State::Done => {
                self.repeated += 1;
                None
            }
        }
    }

    /// A final reply; settles the request that waits for it.
    pub fn answer(&mut self, key: &[u8], code: u16, moment: Option<Moment>) -> Option<Settled> {
        let Some(transaction) = self.find(key) else {
            self.begin(key, moment, State::Answered(code));
            return None;
        };
        match std::mem::replace(&mut transaction.state, State::Done) {
            State::Asked(request) => Some(Settled { request, code }),
            earlier @ (State::Answered(_) | State::Done) => {
                transaction.state = earlier;
                self.repeated += 1;
                None
            }
        }
    }

    /// Whether a self-proving record is the first of its transaction.
    pub fn is_first(&mut self, key: &[u8], moment: Option<Moment>) -> bool {
        if self.find(key).is_some() {
            self.repeated += 1;
            return false;
        }
        self.begin(key, moment, State::Done);
        true
    }

    /// Nothing more will come: what still waits is unanswered.
    pub fn finish(&mut self) {
        let waiting = self.open.iter().filter(|transaction| matches!(transaction.state, State::Asked(_)));
        self.unanswered += waiting.count() as u64;
        self.open.clear();
        self.numbers.clear();
    }

    fn find(&mut self, key: &[u8]) -> Option<&mut Transaction> {
        let hash = self.state.hash_one(key);
        let at = |number: u64| (number - self.forgotten) as usize;
        let number = *self.numbers.find(hash, |number| self.open[at(*number)].key == key)?;
        let at = at(number);
        self.open.get_mut(at)
    }

    fn begin(&mut self, key: &[u8], moment: Option<Moment>, state: State) {
        let hash = self.state.hash_one(key);
        let number = self.forgotten + self.open.len() as u64;
        let mut owned = self.spares.pop().unwrap_or_default();
        owned.extend_from_slice(key);
        self.open.push_back(Transaction { key: owned, hash, moment, record: self.records, state });
        let (open, forgotten) = (&self.open, self.forgotten);
        self.numbers.insert_unique(hash, number, |number| open[(number - forgotten) as usize].hash);
    }
}

//! Transactions: a request and its reply put together, and repetitions told from news.
//!
//! The key is Call-ID and CSeq (RFC 3261 §17.2.3 has the branch besides, which logs rarely show
//! and proxies change). A key's state is forgotten once the log has moved on by [`LIFE_SECONDS`],
//! or by [`LIFE_RECORDS`] held records where there is no clock: retransmissions of a REGISTER end
//! after 32 s (timer F).

use super::Asks;
use crate::model::{AgentRef, Hint, Moment, Spot};
use ahash::RandomState;
use std::collections::{HashMap, VecDeque};

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

#[derive(Debug, Clone)]
struct Transaction {
    state: State,
    /// Number of the entry in the queue that may forget this one.
    ticket: u64,
}

/// A request and the status code it was answered with.
pub(super) struct Settled {
    pub request: Request,
    pub code: u16,
}

/// The open transactions of one stream.
#[derive(Debug, Default)]
pub(super) struct Transactions {
    open: HashMap<Box<[u8]>, Transaction, RandomState>,
    /// Keys in the order of arrival, with the time (if any) and the record count of it.
    queue: VecDeque<(Box<[u8]>, Option<Moment>, u64, u64)>,
    newest: Option<Moment>,
    records: u64,
    tickets: u64,
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
        while let Some((key, begun, at, ticket)) = self.queue.front() {
            let is_over = match (begun, self.newest) {
                (Some(begun), Some(newest)) => begun.plus_seconds(LIFE_SECONDS) < newest,
                _ => at + LIFE_RECORDS < self.records,
            };
            if !is_over {
                break;
            }
            if self.open.get(key).is_some_and(|transaction| transaction.ticket == *ticket)
                && let Some(Transaction { state: State::Asked(_), .. }) = self.open.remove(key)
            {
                self.unanswered += 1;
            }
            self.queue.pop_front();
        }
    }

    /// A request; settled at once where its reply had come first.
    pub fn ask(&mut self, key: &[u8], request: Request) -> Option<Settled> {
        match self.open.get_mut(key) {
            None => {
                self.begin(key, request.moment, State::Asked(request));
                None
            }
            Some(transaction) => match transaction.state {
                State::Answered(code) => {
                    transaction.state = State::Done;
                    Some(Settled { request, code })
                }
                State::Asked(_) | State::Done => {
                    self.repeated += 1;
                    None
                }
            },
        }
    }

    /// A final reply; settles the request that waits for it.
    pub fn answer(&mut self, key: &[u8], code: u16, moment: Option<Moment>) -> Option<Settled> {
        match self.open.get_mut(key) {
            None => {
                self.begin(key, moment, State::Answered(code));
                None
            }
            Some(transaction) => match std::mem::replace(&mut transaction.state, State::Done) {
                State::Asked(request) => Some(Settled { request, code }),
                earlier @ (State::Answered(_) | State::Done) => {
                    transaction.state = earlier;
                    self.repeated += 1;
                    None
                }
            },
        }
    }

    /// Whether a self-proving record is the first of its transaction.
    pub fn is_first(&mut self, key: &[u8], moment: Option<Moment>) -> bool {
        if self.open.contains_key(key) {
            self.repeated += 1;
            return false;
        }
        self.begin(key, moment, State::Done);
        true
    }

    /// Nothing more will come: what still waits is unanswered.
    pub fn finish(&mut self) {
        let waiting = self.open.values().filter(|transaction| matches!(transaction.state, State::Asked(_)));
        self.unanswered += waiting.count() as u64;
        self.open.clear();
        self.queue.clear();
    }

    fn begin(&mut self, key: &[u8], moment: Option<Moment>, state: State) {
        self.tickets += 1;
        self.queue.push_back((key.into(), moment, self.records, self.tickets));
        self.open.insert(key.into(), Transaction { state, ticket: self.tickets });
    }
}

//! User-Agents by Call-ID: told by a line that proves no registration, for one that does and lacks them.
//!
//! A route of Kamailio may write two lines of one request: the User-Agent as it arrives, and the acceptance behind `save()`. Both
//! have its Call-ID, be it in their own words or in the `log_prefix` in front. Another device has another one, so
//! unlike the user's name it never ties one phone's User-Agent to another. A client chooses its Call-ID; two
//! different texts for it are none.

use super::joins::name_of;
use super::transactions::{LIFE_RECORDS, SURE_RECORDS, are_near};
use crate::model::{AgentRef, Hint, Moment};
use ahash::RandomState;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

/// So many bytes are kept at most, the oldest being given up first: attempts are open to every stranger.
const MOST_BYTES: usize = 64 << 20;
/// What a User-Agent takes besides its texts, about.
const OWN_BYTES: usize = 200;

/// A record's place in time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turn {
    pub moment: Option<Moment>,
    /// Its number in the stream.
    pub record: u64,
}

impl Turn {
    /// Whether both may be of one transaction.
    fn is_near(self, other: Self) -> bool {
        match (self.moment, other.moment) {
            (Some(one), Some(other)) => are_near(one, other),
            _ => self.record.abs_diff(other.record) <= LIFE_RECORDS,
        }
    }
}

/// A client that was told.
#[derive(Debug)]
struct Told {
    /// `None` once two different ones were.
    text: Option<Box<[u8]>>,
    hint: Hint,
    is_push_source: bool,
    last: Turn,
    bytes: usize,
}

/// What is known of the client of a call.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known<'t> {
    Nothing,
    Client(AgentRef<'t>),
    /// Two candidates are none.
    Several,
}

/// The User-Agents that were told lately in one stream.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// By Call-ID and user.
    told: HashMap<Arc<[u8]>, Told, RandomState>,
    /// In the order in which they will be forgotten, unless they are told again.
    queue: VecDeque<(Arc<[u8]>, Turn)>,
    bytes: usize,
    key: Vec<u8>,
}

impl Calls {
    /// A record tells the client of a call of that user.
    pub fn tell(&mut self, call_id: &[u8], user: &[u8], client: AgentRef<'_>, turn: Turn) {
        let Some(text) = client.text else { return };
        fill(&mut self.key, call_id, user);
        let key = match self.told.get_key_value(&self.key[..]) {
            Some((key, _)) => Arc::clone(key),
            None => Arc::from(&self.key[..]),
        };
        let known = self.told.get_mut(&key);
        if let Some(known) = known.filter(|known| known.last.is_near(turn)) {
            if known.text.as_deref() != Some(text) {
                known.text = None;
            }
            known.last = turn;
        } else {
            let (hint, is_push_source) = (client.hint, client.is_push_source);
            let bytes = key.len() + text.len() + OWN_BYTES;
            let told = Told { text: Some(text.into()), hint, is_push_source, last: turn, bytes };
            let before = self.told.insert(Arc::clone(&key), told);
            self.bytes = self.bytes + bytes - before.map_or(0, |before| before.bytes);
        }
        self.queue.push_back((key, turn));
    }

    /// The client of a call of that user, as it was told before that record and near it.
    pub fn client(&mut self, call_id: &[u8], user: &[u8], turn: Turn) -> Known<'_> {
        if self.told.is_empty() || call_id.is_empty() {
            return Known::Nothing;
        }
        fill(&mut self.key, call_id, user);
        let Some(told) = self.told.get(&self.key[..]).filter(|told| told.last.is_near(turn)) else {
            return Known::Nothing;
        };
        let Told { text, hint, is_push_source, .. } = told;
        match text {
            None => Known::Several,
            text => Known::Client(AgentRef {
                text: text.as_deref(),
                hint: *hint,
                is_push_source: *is_push_source,
            }),
        }
    }

    /// The log has moved on: forgets what no record to come can be near.
    pub fn advance(&mut self, now: Turn) {
        while let Some((key, turn)) = self.queue.front() {
            let age = now.record - turn.record;
            // Several hosts write one log back and forth between their clocks.
            let is_over = !turn.is_near(now) && age > SURE_RECORDS;
            if !is_over && self.bytes <= MOST_BYTES {
                break;
            }
            if self.told.get(key).is_some_and(|told| told.last.record <= turn.record)
                && let Some(told) = self.told.remove(key)
            {
                self.bytes -= told.bytes;
            }
            self.queue.pop_front();
        }
    }
}

/// Call-ID, which no header can hold a line feed in, and the user's name: a server may write another domain.
fn fill(key: &mut Vec<u8>, call_id: &[u8], user: &[u8]) {
    key.clear();
    key.extend_from_slice(call_id);
    key.push(b'\n');
    key.extend_from_slice(name_of(user));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn turn(record: u64, seconds: Option<i64>) -> Turn {
        Turn { moment: seconds.map(Moment::from_seconds), record }
    }

    fn agent(text: &str) -> AgentRef<'_> {
        AgentRef { text: Some(text.as_bytes()), ..AgentRef::UNKNOWN }
    }

    #[test]
    fn a_flood_of_calls_fills_no_memory() {
        let mut calls = Calls::default();
        let text = "x".repeat(1 << 16);
        for record in 0..3000 {
            calls.advance(turn(record, Some(1)));
            calls.tell(format!("c{record}").as_bytes(), b"u@x", agent(&text), turn(record, Some(1)));
        }
        assert!(calls.bytes <= MOST_BYTES + (1 << 17));
        assert_eq!(calls.bytes, calls.told.values().map(|told| told.bytes).sum::<usize>());
        assert_eq!(calls.client(b"c2999", b"u@x", turn(3000, Some(1))), Known::Client(agent(&text)));
        assert_eq!(calls.client(b"c0", b"u@x", turn(3000, Some(1))), Known::Nothing);
    }

    #[test]
    fn what_is_over_is_forgotten_and_what_was_told_again_is_not() {
        let mut calls = Calls::default();
        calls.tell(b"a", b"u@x", agent("A"), turn(1, Some(0)));
        calls.tell(b"b", b"u@x", agent("A"), turn(2, Some(0)));
        calls.tell(b"a", b"u@x", agent("A"), turn(3, Some(60)));
        calls.advance(turn(3 + SURE_RECORDS, Some(61)));
        assert_eq!((calls.told.len(), calls.queue.len()), (1, 1));
        calls.advance(turn(4 + SURE_RECORDS, Some(120)));
        assert_eq!((calls.told.len(), calls.queue.len(), calls.bytes), (0, 0, 0));
    }

    proptest! {
        #[test]
        fn it_answers_as_one_who_remembers_all(
            steps in prop::collection::vec((any::<bool>(), 0_usize..2, 0_usize..2, 0_usize..2, prop::option::of(0_i64..90)), 0..60),
        ) {
            let (ids, users, texts) = (["a", "b"], ["u@x", "v@x"], ["A", "B"]);
            let mut calls = Calls::default();
            let mut all: Vec<(usize, usize, usize, Turn)> = Vec::new();
            for (record, (is_told, id, user, text, seconds)) in (0..).zip(steps) {
                let turn = turn(record, seconds);
                calls.advance(turn);
                let (call_id, name) = (ids[id].as_bytes(), users[user].as_bytes());
                if is_told {
                    calls.tell(call_id, name, agent(texts[text]), turn);
                    all.push((id, user, text, turn));
                    continue;
                }
                // What was told without a break up to what is near.
                let of_call: Vec<_> = all.iter().filter(|it| (it.0, it.1) == (id, user)).rev().collect();
                let mut candidates = Vec::new();
                let mut last = turn;
                for it in of_call {
                    if !it.3.is_near(last) {
                        break;
                    }
                    candidates.push(it.2);
                    last = it.3;
                }
                candidates.sort_unstable();
                candidates.dedup();
                let expected = match candidates[..] {
                    [] => Known::Nothing,
                    [one] => Known::Client(agent(texts[one])),
                    _ => Known::Several,
                };
                prop_assert_eq!(calls.client(call_id, name, turn), expected);
            }
        }
    }
}

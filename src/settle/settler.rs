//! The settling of one stream: residues in, observations out.

use super::peers::{Bindings, Peers, Waiting};
use super::transactions::{LIFE_RECORDS, LIFE_SECONDS, Request, Settled, Transactions};
use super::{Asks, Held, Residue};
use crate::model::{AgentRef, EvidenceKind, Kind, Moment, Observation, Standing};
use ahash::RandomState;
use std::collections::HashMap;

/// What settling noticed besides its observations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Requests whose reply never came.
    pub unanswered: u64,
    /// Retransmissions, repeated replies and repeated lines of one transaction.
    pub repeated: u64,
}

/// Puts the records of one stream together, in the order of the stream.
///
/// A stream is what one server wrote: its files in the order of their times. The outcome depends
/// on the sequence of records alone, not on how it was split into residues.
#[derive(Debug, Default)]
pub struct Settler {
    transactions: Transactions,
    peers: Peers,
    bindings: Bindings,
    /// Channels that were given the host's role, with the time and the record of it.
    hosts: HashMap<Box<[u8]>, (Option<Moment>, u64), RandomState>,
    records: u64,
    key: Vec<u8>,
}

impl Settler {
    /// Takes the next piece of the stream and tells of what it proves.
    pub fn take(&mut self, residue: &Residue, tell: &mut impl FnMut(&Observation<'_>)) {
        for held in residue.iter() {
            self.record(&held, tell);
        }
    }

    /// The stream is over: tells of what was still waiting.
    pub fn finish(mut self, tell: &mut impl FnMut(&Observation<'_>)) -> Counts {
        self.transactions.finish();
        self.peers.release_all(&mut |user, agent, waiting| tell(&accepted(user, agent, &waiting)));
        self.bindings.release_all(&mut |user, agent, waiting| tell(&accepted(user, agent, &waiting)));
        Counts { unanswered: self.transactions.unanswered, repeated: self.transactions.repeated }
    }

    fn record(&mut self, held: &Held<'_>, tell: &mut impl FnMut(&Observation<'_>)) {
        self.records += 1;
        self.transactions.advance(held.moment);
        let mut register =
            |user: &[u8], agent: AgentRef<'_>, waiting: Waiting| tell(&accepted(user, agent, &waiting));
        self.peers.advance(held.moment, self.records, &mut register);
        let waiting = Waiting {
            moment: held.moment,
            spot: held.spot,
            hint: held.agent.hint,
            is_push_source: held.agent.is_push_source,
            record: self.records,
        };
        match held.kind {
            Kind::Request => {
                let request = Request {
                    user: held.user.into(),
                    agent: held.agent.text.map(Into::into),
                    hint: held.agent.hint,
                    is_push_source: held.agent.is_push_source,
                    moment: held.moment,
                    spot: held.spot,
                    asks: held.asks,
                };
                self.fill_key(held);
                if let Some(settled) = self.transactions.ask(&self.key, request) {
                    tell_settled(&settled, tell);
                }
            }
            Kind::Reply => {
                // 100 to 199 are provisional (RFC 3261 §17.1.2.2).
                if let Some(code @ 200..) = held.code {
                    self.fill_key(held);
                    if let Some(settled) = self.transactions.answer(&self.key, code, held.moment) {
                        tell_settled(&settled, tell);
                    }
                }
            }
            Kind::Accepted | Kind::Bound | Kind::Refreshed => {
                let is_repeated = !held.call_id.is_empty() && !held.cseq.is_empty() && {
                    self.fill_key(held);
                    // Two users may share a Call-ID that a broken client makes up.
                    self.key.push(b'\n');
                    self.key.extend_from_slice(held.user);
                    !self.transactions.is_first(&self.key, held.moment)
                };
                if is_repeated {
                } else if !held.agent_is_elsewhere {
                    tell(&observe(held, Standing::Accepted));
                } else if held.contact.is_empty() {
                    self.peers.bound(held.user, waiting, &mut register);
                } else {
                    self.bindings.bound(held.user, held.contact, waiting);
                }
            }
            Kind::AgentSaved => {
                if let Some(agent) = held.agent.text {
                    self.peers.saved(held.user, agent, waiting, &mut register);
                }
            }
            Kind::AgentTie => {
                if let Some(agent) = held.agent.text {
                    match held.contact.is_empty() {
                        true => self.peers.tie(held.user, agent),
                        false => self.bindings.tie(held.user, held.contact, agent),
                    }
                }
            }
            Kind::Snapshot => {
                if let Some(agent) = held.agent.text {
                    self.bindings.tie(held.user, held.contact, agent);
                }
                tell(&Observation { evidence: EvidenceKind::Snapshot, ..observe(held, Standing::Snapshot) });
            }
            Kind::Restart => self.peers.restart(&mut register),
            Kind::ConferenceRole => {
                let (now, record) = (held.moment, self.records);
                self.hosts.retain(|_, (begun, at)| is_near(*begun, *at, now, record));
                self.hosts.insert(held.thread.into(), (now, record));
            }
            Kind::ConferenceGuest => {
                let role = self.hosts.remove(held.thread);
                let is_host = role.is_some_and(|(begun, at)| is_near(begun, at, held.moment, self.records));
                tell(&observe(held, if is_host { Standing::Hosted } else { Standing::Joined }));
            }
            Kind::ConferenceHost => tell(&observe(held, Standing::Hosted)),
            Kind::Unbound | Kind::Deregistered => tell(&observe(held, Standing::Deregistered)),
            Kind::Expired => tell(&observe(held, Standing::Expired)),
            Kind::Fetched => tell(&observe(held, Standing::Fetched)),
            Kind::Refused => tell(&observe(held, Standing::Refused)),
            Kind::Attempt => tell(&observe(held, Standing::Attempted)),
            Kind::Message => tell(&observe(held, Standing::MessageSent)),
        }
    }

    /// Call-ID and CSeq, which no header can hold a line feed in.
    fn fill_key(&mut self, held: &Held<'_>) {
        self.key.clear();
        self.key.extend_from_slice(held.call_id);
        self.key.push(b'\n');
        self.key.extend_from_slice(held.cseq);
    }
}

/// A channel's role holds for the conference it enters next, within timer F like everything else
/// that two records tell together.
fn is_near(begun: Option<Moment>, at: u64, now: Option<Moment>, record: u64) -> bool {
    match (begun, now) {
        (Some(begun), Some(now)) => now <= begun.plus_seconds(LIFE_SECONDS),
        _ => record <= at + LIFE_RECORDS,
    }
}

fn observe<'t>(held: &Held<'t>, standing: Standing) -> Observation<'t> {
    Observation {
        user: held.user,
        agent: held.agent,
        standing,
        moment: held.moment,
        spot: held.spot,
        evidence: EvidenceKind::Line,
    }
}

fn accepted<'t>(user: &'t [u8], agent: AgentRef<'t>, waiting: &Waiting) -> Observation<'t> {
    Observation {
        user,
        agent,
        standing: Standing::Accepted,
        moment: waiting.moment,
        spot: waiting.spot,
        evidence: EvidenceKind::Line,
    }
}

fn tell_settled(settled: &Settled, tell: &mut impl FnMut(&Observation<'_>)) {
    let Settled { request, code } = settled;
    let standing = match (code, request.asks) {
        (200..300, Asks::Bind) => Standing::Accepted,
        (200..300, Asks::Unbind) => Standing::Deregistered,
        (200..300, Asks::Fetch) => Standing::Fetched,
        _ => Standing::Refused,
    };
    tell(&Observation {
        user: &request.user,
        agent: request.agent(),
        standing,
        moment: request.moment,
        spot: request.spot,
        evidence: EvidenceKind::Transaction,
    });
}

#[cfg(test)]
mod tests;

//! The settling of one stream: residues in, observations out.

use super::joins::{Joins, Pending};
use super::lives::{Life, LifeRules, Lives};
use super::peers::{Bindings, Peers, Waiting};
use super::transactions::{LIFE_RECORDS, LIFE_SECONDS, Reply, Request, Settled, Transactions};
use super::{Asks, Held, Residue};
use crate::model::{AgentRef, EvidenceKind, Kind, Moment, Observation, Standing};
use ahash::RandomState;
use std::collections::HashMap;

/// What settling noticed besides its observations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Requests whose reply never came.
    pub unanswered: u64,
    /// Final replies whose request never came.
    pub unasked: u64,
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
    joins: Joins<Line>,
    peers: Peers,
    bindings: Bindings,
    lives: Lives,
    /// Channels that were given the host's role, with the time and the record of it.
    hosts: HashMap<Box<[u8]>, (Option<Moment>, u64), RandomState>,
    records: u64,
    key: Vec<u8>,
}

/// What a line of the server tells, while it waits for its transaction.
#[derive(Debug)]
struct Line {
    waiting: Waiting,
    /// `Saved useragent`: the text that is the peer's from here on.
    saved: Option<Box<[u8]>>,
}

impl Settler {
    /// A settler of a stream whose registrar is like that.
    pub fn new(rules: LifeRules) -> Self {
        Self { lives: Lives::new(rules), ..Self::default() }
    }

    /// Takes the next piece of the stream and tells of what it proves.
    pub fn take(&mut self, residue: &Residue, tell: &mut impl FnMut(&Observation<'_>)) {
        let mut runs = residue.runs().peekable();
        for (held_before, held) in residue.iter().enumerate() {
            while let Some(run) = runs.next_if(|run| run.held_before <= held_before) {
                self.lives.hear(&run);
            }
            self.record(&held, tell);
        }
        runs.for_each(|run| self.lives.hear(&run));
    }

    /// The stream is over: tells of the life of every binding, each with its User-Agent as far as
    /// that is known. Comes before [`Self::finish`], which forgets those.
    pub fn finish_lives(&mut self, tell: &mut impl FnMut(&Life, AgentRef<'_>)) {
        for mut life in std::mem::take(&mut self.lives).finish() {
            // Dumps may have shown whom the server calls by that name.
            if let Some(sip_id) = self.joins.sip_id(&life.user) {
                life.user = sip_id.into();
            }
            let text = match life.contact.is_empty() {
                true => self.peers.agent(&life.user),
                false => self.bindings.agent(&life.user, &life.contact),
            };
            tell(&life, AgentRef { text, hint: life.hint, is_push_source: life.is_push_source });
        }
    }

    /// The stream is over: tells of what was still waiting.
    pub fn finish(mut self, tell: &mut impl FnMut(&Observation<'_>)) -> Counts {
        self.transactions.finish();
        let Self { joins, peers, bindings, transactions, .. } = &mut self;
        let mut register =
            |user: &[u8], agent: AgentRef<'_>, waiting: Waiting| tell(&accepted(user, agent, &waiting));
        transactions.repeated += joins.finish(&mut |line| lone(line, peers, bindings, &mut register));
        peers.release_all(&mut register);
        bindings.release_all(&mut |user, agent, waiting| {
            register(joins.sip_id(user).unwrap_or(user), agent, waiting);
        });
        let Transactions { unanswered, unasked, repeated, .. } = self.transactions;
        Counts { unanswered, unasked, repeated }
    }

    fn record(&mut self, held: &Held<'_>, tell: &mut impl FnMut(&Observation<'_>)) {
        self.records += 1;
        self.transactions.advance(held.moment);
        let mut register =
            |user: &[u8], agent: AgentRef<'_>, waiting: Waiting| tell(&accepted(user, agent, &waiting));
        let Self { joins, peers, bindings, transactions, records, .. } = &mut *self;
        transactions.repeated +=
            joins.advance(held.moment, *records, &mut |line| lone(line, peers, bindings, &mut register));
        self.peers.advance(held.moment, self.records, &mut register);
        let waiting = Waiting {
            moment: held.moment,
            spot: held.spot,
            hint: held.agent.hint,
            is_push_source: held.agent.is_push_source,
            record: self.records,
        };
        let says_of_life = match held.kind {
            Kind::Accepted => held.agent_is_elsewhere && !held.contact.is_empty(),
            Kind::Bound | Kind::Refreshed | Kind::AgentSaved => true,
            Kind::Unbound | Kind::Expired | Kind::Gone | Kind::Restart => true,
            _ => false,
        };
        if says_of_life {
            self.lives.record(held);
        }
        match held.kind {
            Kind::Request | Kind::MessageRequest => {
                if held.kind == Kind::Request {
                    self.joins.expect();
                }
                let request = Request {
                    user: held.user.into(),
                    agent: held.agent.text.map(Into::into),
                    hint: held.agent.hint,
                    is_push_source: held.agent.is_push_source,
                    moment: held.moment,
                    spot: held.spot,
                    asks: held.asks,
                    contacts: held.contact.into(),
                };
                self.fill_key(held);
                if let Some(settled) = self.transactions.ask(&self.key, request) {
                    self.settled(&settled, tell);
                }
            }
            Kind::Reply => {
                // 100 to 199 are provisional (RFC 3261 §17.1.2.2).
                if let Some(code @ 200..) = held.code {
                    self.fill_key(held);
                    let reply =
                        Reply { code, moment: held.moment, leaves: held.asks, contacts: held.contact.into() };
                    if let Some(settled) = self.transactions.answer(&self.key, reply) {
                        self.settled(&settled, tell);
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
                } else if let Some(line) = self.joins.wait(pending(held, waiting, None)) {
                    lone(line, &mut self.peers, &mut self.bindings, &mut register);
                }
            }
            Kind::AgentSaved => {
                if let Some(agent) = held.agent.text
                    && let Some(line) = self.joins.wait(pending(held, waiting, Some(agent)))
                {
                    lone(line, &mut self.peers, &mut self.bindings, &mut register);
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
            Kind::Gone => {}
            Kind::Fetched => tell(&observe(held, Standing::Fetched)),
            Kind::Refused => tell(&observe(held, Standing::Refused)),
            Kind::Attempt => tell(&observe(held, Standing::Attempted)),
            Kind::Message => tell(&observe(held, Standing::MessageSent)),
        }
    }

    /// A transaction is complete: tells of it, and who may tell it again.
    fn settled(&mut self, settled: &Settled, tell: &mut impl FnMut(&Observation<'_>)) {
        let Settled { request, reply } = settled;
        let standing = match (reply.code, request.asks, reply.leaves) {
            (200..300, Asks::Message, _) => Standing::MessageSent,
            (_, Asks::Message, _) => return,
            // Answered, and the answer shows that nothing is bound.
            (200..300, Asks::Bind, Asks::Unbind | Asks::Fetch) => Standing::Attempted,
            (200..300, Asks::Bind, _) => Standing::Accepted,
            (200..300, Asks::Unbind, _) => Standing::Deregistered,
            (200..300, Asks::Fetch, _) => Standing::Fetched,
            _ => Standing::Refused,
        };
        let moment = request.moment.or(reply.moment);
        tell(&Observation {
            user: &request.user,
            agent: request.agent(),
            standing,
            moment,
            spot: request.spot,
            evidence: EvidenceKind::Transaction,
        });
        if standing == Standing::Accepted {
            // The server's line spells the contact as its reply does: parameters reordered, or the
            // address it saw.
            let listed = [&request.contacts[..], &reply.contacts].concat();
            self.joins.told(&request.user, &listed, moment, self.records);
            if let Some(agent) = &request.agent {
                let own = own_contacts(&request.contacts, &reply.contacts);
                self.bindings.dumped(&request.user, &own, agent);
            }
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

/// The contacts of a request as it wrote them and as the reply does, which lists other devices'
/// bindings besides: those of the same user and address, or the only one. URIs, a line each.
fn own_contacts(asked: &[u8], listed: &[u8]) -> Vec<u8> {
    let lines = |contacts| <[u8]>::split(contacts, |byte| *byte == b'\n').filter(|line| !line.is_empty());
    let base = |uri: &[u8]| uri.split(|byte| *byte == b';').next().map(<[u8]>::to_vec);
    let is_lone = lines(listed).count() == 1;
    let mut own = asked.to_vec();
    for uri in lines(listed) {
        if is_lone || lines(asked).any(|asked| base(asked) == base(uri)) {
            own.extend_from_slice(uri);
            own.push(b'\n');
        }
    }
    own
}

fn pending(held: &Held<'_>, waiting: Waiting, saved: Option<&[u8]>) -> Pending<Line> {
    Pending {
        user: held.user.into(),
        contact: held.contact.into(),
        moment: held.moment,
        record: waiting.record,
        payload: Line { waiting, saved: saved.map(Into::into) },
    }
}

/// A line of the server whose transaction nobody dumped.
fn lone(
    line: Pending<Line>,
    peers: &mut Peers,
    bindings: &mut Bindings,
    register: &mut impl FnMut(&[u8], AgentRef<'_>, Waiting),
) {
    let Line { waiting, saved } = line.payload;
    match saved {
        Some(agent) => peers.saved(&line.user, &agent, waiting, register),
        None if line.contact.is_empty() => peers.bound(&line.user, waiting, register),
        None => bindings.bound(&line.user, &line.contact, waiting),
    }
}

#[cfg(test)]
mod tests;

//! The settling of one stream: residues in, observations out.

use super::calls::{Calls, Known, Turn};
use super::joins::{Joins, Pending, name_of};
use super::lives::{Ended, Life, LifeRules, Lives};
use super::peers::{Released, Waiting};
use super::ties::{Line, Ties, accepted};
use super::transactions::{Key, LIFE_RECORDS, LIFE_SECONDS, Reply, Request, Settled, Transactions};
use super::{Asks, Held, Residue};
use crate::model::{AgentRef, EvidenceKind, Kind, Moment, Observation, Standing};
use ahash::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// So many records wait for their memory together.
const ABREAST: usize = 32;

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

/// Puts the records of one server together, stream by stream, each in its order.
///
/// A stream is one log of a server: its files in the order of their times. What runs out and what
/// counts once is a stream's own affair; whose User-Agent a binding has, any stream of the server
/// may tell. The outcome depends on the sequence of records alone, not on how it was split into
/// residues.
#[derive(Debug, Default)]
pub struct Settler {
    transactions: Transactions,
    calls: Calls,
    joins: Joins<Line>,
    ties: Ties,
    lives: Lives,
    /// Lives that the streams before told of.
    ended: Ended,
    /// Of a peer's life, by its number, the User-Agent, which its stream alone knows.
    peers_agents: HashMap<usize, Box<[u8]>, RandomState>,
    /// Channels that were given the host's role, with the time and the record of it.
    hosts: HashMap<Box<[u8]>, (Option<Moment>, u64), RandomState>,
    records: u64,
    key: Vec<u8>,
    counts: Counts,
    /// Users that a list without User-Agents names, with the first place; `None` once a dump has
    /// told more of them.
    listed: BTreeMap<Box<[u8]>, Option<Waiting>>,
}

impl Settler {
    /// A settler for a server, of which dumps are there too or not: what lacks its User-Agent
    /// waits for them.
    pub fn with_dumps(has_dumps: bool) -> Self {
        Self { ties: Ties { has_dumps, ..Ties::default() }, ..Self::default() }
    }

    /// The next stream of the server begins, of a registrar like that. Lives that nothing is proven
    /// of are told where `wants_unproven` asks for them. A user whom a record names without a domain has
    /// that suffix: `@` and a domain, or nothing.
    pub fn begin_stream(&mut self, rules: LifeRules, wants_unproven: bool, suffix: &[u8]) {
        self.joins.begin_stream(suffix);
        self.lives = Lives::new(rules, wants_unproven);
    }

    /// The stream may hold lines without User-Agents, although none has come yet: dumps before them may tell these.
    pub fn expect_lines(&mut self) {
        self.joins.expect_lines();
    }

    /// Takes the next piece of the stream and tells of what it proves.
    pub fn take(&mut self, residue: &Residue, tell: &mut impl FnMut(&Observation<'_>)) {
        let mut runs = residue.runs().peekable();
        for held_before in 0..residue.len() {
            if held_before % ABREAST == 0 {
                self.bring(residue, held_before..residue.len().min(held_before + ABREAST));
            }
            while let Some(run) = runs.next_if(|run| run.held_before <= held_before) {
                self.lives.hear(&run);
            }
            self.record(&residue.at(held_before), tell);
        }
        runs.for_each(|run| self.lives.hear(&run));
    }

    /// Asks for what is known of the peers and bindings that these records name, up to [`ABREAST`] of them: it stands anywhere in
    /// what the log has told so far, and waiting for all of it together takes hardly longer than for one. Changes nothing.
    fn bring(&self, residue: &Residue, range: Range<usize>) {
        let names_peer =
            |kind| matches!(kind, Kind::Accepted | Kind::Bound | Kind::Refreshed | Kind::AgentSaved);
        let peers = residue.of_kinds(range.clone(), names_peer).filter(|held| held.contact.is_empty());
        self.ties.peers.bring(peers.map(|held| (held.host, held.user)));
        let bindings = &self.ties.bindings;
        let pairs = &bindings.pairs;
        let mut numbers = [0; ABREAST];
        let mut len = 0;
        let named = residue.of_kinds(range, |kind| kind == Kind::Accepted || names_binding(kind));
        let named = named.filter(|held| held.kind != Kind::Accepted || !held.contact.is_empty());
        for (number, held) in numbers.iter_mut().zip(named) {
            // Bits first, and then what they lead to.
            *number = bindings.bits(held.user, held.contact);
            pairs.bring_number(*number);
            len += 1;
        }
        let numbers = &mut numbers[..len];
        for number in &mut *numbers {
            *number = pairs.guess(*number);
            pairs.bring_place(*number);
            self.lives.bring_place(*number);
        }
        for number in numbers {
            pairs.bring_text(*number);
            self.lives.bring_binding(*number);
        }
    }

    /// One stream is over, and another of the same server may follow.
    pub fn end_stream(&mut self, tell: &mut impl FnMut(&Observation<'_>)) {
        let mut transactions = std::mem::take(&mut self.transactions);
        transactions.finish();
        let ties = &mut self.ties;
        let joined = self.joins.end_stream(&mut |line| ties.line(line, tell));
        self.counts.unanswered += transactions.unanswered;
        self.counts.unasked += transactions.unasked;
        self.counts.repeated += transactions.repeated + joined;
        self.ended.append(std::mem::take(&mut self.lives).finish());
        for number in self.ended.take_peers() {
            let (user, _) = self.ties.bindings.pairs.get(self.ended.pair(number));
            if let Some(agent) = self.ties.peers.agent(user) {
                self.peers_agents.insert(number, agent.into());
            }
        }
        self.ties.end_stream(tell);
        self.hosts.clear();
        self.calls = Calls::default();
        self.records = 0;
    }

    /// How many numbers of lives there are; some are no life's.
    pub fn lives_len(&self) -> usize {
        self.ended.len()
    }

    /// The server's streams are over: tells of those lives of its bindings, each with its
    /// User-Agent as far as that is known.
    pub fn lives(&self, range: Range<usize>, tell: &mut impl FnMut(&Life<'_>, AgentRef<'_>)) {
        let bindings = &self.ties.bindings;
        let mut pieces = Vec::new();
        let pair_at = |number| (number < range.end).then(|| self.ended.pair(number));
        for number in range.clone() {
            bindings.pairs.bring_ahead(number, pair_at);
            let pair = self.ended.pair(number);
            let Some(mut life) = self.ended.life(number, &bindings.pairs, &mut pieces) else { continue };
            let text = self.peers_agents.get(&number).map(|text| &text[..]).or_else(|| bindings.agent(pair));
            let text = text.or_else(|| self.agent_elsewhere(life.user, life.contact));
            life.user = self.joins.sip_id(life.user).unwrap_or(life.user);
            tell(&life, AgentRef { text, hint: life.hint, is_push_source: life.is_push_source });
        }
    }

    /// How many registrations wait for what their server's other streams tell.
    pub fn waiting_len(&self) -> usize {
        self.ties.bindings.waiting_len()
    }

    /// The server's streams are over: tells of those registrations that were waiting.
    pub fn waiting(&self, range: Range<usize>, tell: &mut impl FnMut(&Observation<'_>)) {
        self.ties.bindings.release(range, &mut |released| {
            let Released { user, contact, mut agent, is_told, waiting } = released;
            if agent.text.is_none() && !is_told {
                agent.text = self.agent_elsewhere(user, contact);
            }
            tell(&accepted(self.joins.sip_id(user).unwrap_or(user), agent, &waiting));
        });
    }

    /// The User-Agent of a binding whose user the server's lines call so, by what dumps call the user.
    fn agent_elsewhere(&self, user: &[u8], contact: &[u8]) -> Option<&[u8]> {
        let Self { joins, ties, .. } = self;
        if !ties.bindings.has_ties() {
            return None;
        }
        let of = |sip_id| ties.bindings.agent_of(sip_id, contact);
        joins.sip_id(user).and_then(of).or_else(|| joins.bare_name(user).and_then(of))
    }

    /// The server's streams are over: tells of the users whom only lists have named. What lives and
    /// what waits is asked for besides.
    pub fn finish(self, tell: &mut impl FnMut(&Observation<'_>)) -> Counts {
        for (user, waiting) in &self.listed {
            if let Some(waiting) = waiting {
                let agent = AgentRef { hint: waiting.hint, ..AgentRef::UNKNOWN };
                tell(&listed(&accepted(user, agent, waiting)));
            }
        }
        self.counts
    }

    fn record(&mut self, held: &Held<'_>, tell: &mut impl FnMut(&Observation<'_>)) {
        self.records += 1;
        self.transactions.advance(held.moment);
        let turn = Turn { moment: held.moment, record: self.records };
        self.calls.advance(turn);
        let Self { joins, ties, records, .. } = &mut *self;
        let joined = joins.advance(held.moment, *records, &mut |line| ties.line(line, tell));
        self.counts.repeated += joined;
        self.ties.advance(held.moment, self.records, tell);
        let waiting = Waiting {
            moment: held.moment,
            spot: held.spot,
            hint: held.agent.hint,
            is_push_source: held.agent.is_push_source,
            record: self.records,
        };
        if says_of_life(held) {
            self.lives.record(held, &mut self.ties.bindings.pairs);
        }
        match held.kind {
            Kind::Request | Kind::MessageRequest => {
                if held.kind == Kind::Request {
                    self.joins.expect();
                }
                let request = Request {
                    user: held.user,
                    agent: held.agent,
                    moment: held.moment,
                    spot: held.spot,
                    asks: held.asks,
                    contacts: held.contact,
                };
                fill_key(&mut self.key, held);
                if let Some(settled) = self.transactions.ask(&self.key, request) {
                    tell_settled(&settled, &mut self.joins, &mut self.ties, &self.lives, self.records, tell);
                }
            }
            Kind::Reply => {
                // 100 to 199 are provisional (RFC 3261 §17.1.2.2).
                if let Some(code @ 200..) = held.code {
                    fill_key(&mut self.key, held);
                    let reply =
                        Reply { code, moment: held.moment, leaves: held.asks, contacts: held.contact };
                    let key = Key { call: &self.key, user: name_of(held.user) };
                    if let Some(settled) = self.transactions.answer(key, reply) {
                        tell_settled(
                            &settled,
                            &mut self.joins,
                            &mut self.ties,
                            &self.lives,
                            self.records,
                            tell,
                        );
                    }
                }
            }
            Kind::Accepted | Kind::Bound | Kind::Refreshed => {
                let is_repeated = !held.call_id.is_empty() && !held.cseq.is_empty() && {
                    fill_key(&mut self.key, held);
                    let key = Key { call: &self.key, user: held.user };
                    !self.transactions.is_first(key, held.moment)
                };
                if is_repeated {
                } else if !held.agent_is_elsewhere {
                    tell(&observe(held, Standing::Accepted));
                } else if self.joins.expects_twice() {
                    self.joins.wait(pending(held, waiting, None));
                } else {
                    match self.calls.client(held.call_id, held.user, turn) {
                        Known::Client(client) => {
                            let agent = of_call(held, client);
                            tell(&Observation { agent, ..observe(held, Standing::Accepted) });
                        }
                        Known::Several => tell(&observe(held, Standing::Accepted)),
                        Known::Nothing => {
                            self.ties.bound((held.host, held.user), held.contact, waiting, tell);
                        }
                    }
                }
            }
            Kind::AgentSaved => {
                if let Some(agent) = held.agent.text {
                    if self.joins.expects_twice() {
                        self.joins.wait(pending(held, waiting, Some(agent)));
                    } else {
                        self.ties.saved((held.host, held.user), agent, waiting, tell);
                    }
                }
            }
            // It has been told of as an attempt.
            Kind::Attempt => self.calls.tell(held.call_id, held.user, held.agent, turn),
            Kind::AgentTie => {
                if !held.call_id.is_empty() {
                    self.calls.tell(held.call_id, held.user, held.agent, turn);
                }
                if let Some(agent) = held.agent.text {
                    match held.contact.is_empty() {
                        true => self.ties.peers.tie(held.host, held.user, agent),
                        false => self.ties.bindings.tie(held.user, held.contact, agent),
                    }
                }
            }
            Kind::Snapshot if held.agent_is_elsewhere => {
                self.listed.entry(held.user.into()).or_insert(Some(waiting));
            }
            Kind::Snapshot => {
                if let Some(agent) = held.agent.text {
                    self.ties.bindings.tie(held.user, held.contact, agent);
                }
                self.listed.insert(held.user.into(), None);
                tell(&listed(&observe(held, Standing::Accepted)));
            }
            Kind::Restart => self.ties.restart(held.host, tell),
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
            Kind::Message => tell(&observe(held, Standing::MessageSent)),
        }
    }
}

/// Whether records of that kind name a binding that is kept by its pair.
const fn names_binding(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Bound | Kind::Refreshed | Kind::AgentSaved | Kind::Unbound | Kind::Expired | Kind::Gone
    )
}

/// Whether the record says something of a binding, or of the server that keeps it.
fn says_of_life(held: &Held<'_>) -> bool {
    match held.kind {
        Kind::Accepted => held.agent_is_elsewhere && !held.contact.is_empty(),
        kind => kind == Kind::Restart || names_binding(kind),
    }
}

/// A transaction is complete: tells of it, and who may tell it again.
fn tell_settled(
    settled: &Settled<'_>,
    joins: &mut Joins<Line>,
    ties: &mut Ties,
    lives: &Lives,
    record: u64,
    tell: &mut impl FnMut(&Observation<'_>),
) {
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
        user: request.user,
        agent: request.agent,
        standing,
        moment,
        spot: request.spot,
        evidence: EvidenceKind::Transaction,
    });
    // A line comes before the reply that tells the same, but its binding's User-Agent may have been dumped long before.
    if standing == Standing::Accepted && (joins.has_lines() || lives.are_followed()) {
        // The server's line spells the contact as its reply does: parameters reordered, or the
        // address it saw.
        let listed = [request.contacts, reply.contacts].concat();
        joins.told(request.user, &listed, moment, record);
        let own = own_contacts(request.contacts, reply.contacts);
        // A binding that a line told of long ago is refreshed: now it is known whose it is.
        for name in joins.bare_users(request.user).filter(|name| **name != *request.user).collect::<Vec<_>>()
        {
            let is_there = |contact| ties.bindings.find(&name, contact).is_some_and(|pair| lives.has(pair));
            if uris(&own).any(is_there) {
                joins.know(name, request.user);
            }
        }
        if let Some(agent) = request.agent.text {
            ties.bindings.dumped(request.user, &own, agent);
        }
    }
}

/// Call-ID and CSeq, which no header can hold a line feed in.
fn fill_key(key: &mut Vec<u8>, held: &Held<'_>) {
    key.clear();
    key.extend_from_slice(held.call_id);
    key.push(b'\n');
    key.extend_from_slice(held.cseq);
    // Where the addresses of messages are known, a reply answers what went to its sender.
    if matches!(held.kind, Kind::Request | Kind::MessageRequest | Kind::Reply) {
        key.push(b'\n');
        key.extend_from_slice(held.thread);
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

/// The client of a registration as another record of its call tells it, with what its own tells better.
fn of_call<'t>(held: &Held<'_>, client: AgentRef<'t>) -> AgentRef<'t> {
    AgentRef {
        hint: if held.contact.is_empty() { client.hint } else { held.agent.hint },
        is_push_source: held.agent.is_push_source || client.is_push_source,
        ..client
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

/// The same, seen in a dump.
fn listed<'t>(observation: &Observation<'t>) -> Observation<'t> {
    Observation { standing: Standing::Snapshot, evidence: EvidenceKind::Snapshot, ..*observation }
}

/// The contacts of a request as it wrote them and as the reply does, which lists other devices'
/// bindings besides: those of the same user and address, or the only one. URIs, a line each.
fn own_contacts(asked: &[u8], listed: &[u8]) -> Vec<u8> {
    let base = |uri: &[u8]| uri.split(|byte| *byte == b';').next().map(<[u8]>::to_vec);
    let is_lone = uris(listed).count() == 1;
    let mut own = asked.to_vec();
    for uri in uris(listed) {
        if is_lone || uris(asked).any(|asked| base(asked) == base(uri)) {
            own.extend_from_slice(uri);
            own.push(b'\n');
        }
    }
    own
}

/// The contacts of such a list.
fn uris(lines: &[u8]) -> impl Iterator<Item = &[u8]> {
    lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

fn pending(held: &Held<'_>, waiting: Waiting, saved: Option<&[u8]>) -> Pending<Line> {
    Pending {
        user: held.user.into(),
        is_bare: held.is_bare,
        contact: held.contact.into(),
        moment: held.moment,
        record: waiting.record,
        payload: Line { host: held.host.into(), waiting, saved: saved.map(Into::into) },
    }
}

#[cfg(test)]
mod tests;

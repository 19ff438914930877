//! User-Agents that come in a record of their own: Asterisk's peers and bindings.
//!
//! `chan_sip` has one contact a peer: `Registered SIP` and `Saved useragent` are two records of
//! one acceptance, either of which is left out when nothing changed. PJSIP's bindings are told
//! apart by (AOR, contact); a tie for the same binding may come at any time. A dump of the server
//! ties both: PJSIP's by contact, a peer by its name alone.

use super::pairs::{Pair, Pairs};
use crate::model::near::bring;
use crate::model::rows::Rows;
use crate::model::{AgentRef, Hint, Moment, Spot};
use ahash::RandomState;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;

/// A registration that waits for its User-Agent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub moment: Option<Moment>,
    pub spot: Spot,
    pub hint: Hint,
    pub is_push_source: bool,
    /// Count of held records when it came.
    pub record: u64,
}

/// How long `Saved useragent` can come after its `Registered SIP`: the two are written by one
/// thread within one function, so only a logger's queue stands between them.
const TIE_SECONDS: i64 = 2;
/// The same where there is no clock.
const TIE_RECORDS: u64 = 200;

#[derive(Debug, Default)]
struct Peer {
    agent: Option<Box<[u8]>>,
    waiting: Option<Waiting>,
}

/// The `chan_sip` peers of one host.
#[derive(Debug, Default)]
pub(super) struct Peers {
    /// Their names, each with no contact.
    names: Pairs,
    /// By the numbers of their names.
    peers: Rows<Peer>,
    /// Peers with something waiting, in the order of arrival, and as which record it came.
    queue: VecDeque<(Pair, u64)>,
}

impl Peers {
    /// `Registered SIP`: waits for the User-Agent that may follow. Whatever waited before is told.
    pub fn bound(
        &mut self,
        user: &[u8],
        waiting: Waiting,
        tell: &mut impl FnMut(&[u8], AgentRef<'_>, Waiting),
    ) {
        let number = self.number(user);
        self.release(number, tell);
        self.peer(number).waiting = Some(waiting);
        self.queue.push_back((number, waiting.record));
    }

    /// The peer's text from here on, on other evidence: no registration.
    pub fn tie(&mut self, user: &[u8], agent: &[u8]) {
        let number = self.number(user);
        self.peer(number).agent = Some(agent.into());
    }

    /// `Saved useragent`: the peer's text from here on, and the proof of a registration, unless
    /// it belongs to the `Registered SIP` that waits.
    pub fn saved(
        &mut self,
        user: &[u8],
        agent: &[u8],
        this: Waiting,
        tell: &mut impl FnMut(&[u8], AgentRef<'_>, Waiting),
    ) {
        let number = self.number(user);
        let peer = self.peer(number);
        peer.agent = Some(agent.into());
        peer.waiting.get_or_insert(this);
        self.release(number, tell);
    }

    /// Whether something may still be told of later.
    pub fn has_waiting(&self) -> bool {
        !self.queue.is_empty()
    }

    /// The peer's text, as far as it is known.
    pub fn agent(&self, user: &[u8]) -> Option<&[u8]> {
        self.peers.get(self.names.find(user, b"")?)?.agent.as_deref()
    }

    /// The server forgot its peers' User-Agents.
    pub fn restart(&mut self, tell: &mut impl FnMut(&[u8], AgentRef<'_>, Waiting)) {
        self.release_all(tell);
        *self = Self::default();
    }

    /// Tells of whatever has waited long enough: its User-Agent is the one last saved.
    pub fn advance(
        &mut self,
        moment: Option<Moment>,
        record: u64,
        tell: &mut impl FnMut(&[u8], AgentRef<'_>, Waiting),
    ) {
        while let Some((number, begun)) = self.queue.front().copied() {
            if let Some(waiting) = self.peer(number).waiting.filter(|it| it.record == begun) {
                let is_over = match (waiting.moment, moment) {
                    (Some(begun), Some(now)) => begun.plus_seconds(TIE_SECONDS) < now,
                    _ => begun + TIE_RECORDS < record,
                };
                if !is_over {
                    break;
                }
                self.release(number, tell);
            }
            self.queue.pop_front();
        }
    }

    /// Tells of everything that waits.
    pub fn release_all(&mut self, tell: &mut impl FnMut(&[u8], AgentRef<'_>, Waiting)) {
        for (number, _) in std::mem::take(&mut self.queue) {
            self.release(number, tell);
        }
    }

    /// Asks for what tells the number of the peer with that name, and gives the bits by which it is found.
    pub fn bring_number(&self, user: &[u8]) -> u32 {
        let bits = self.names.bits(user, b"");
        self.names.bring_number(bits);
        bits
    }

    /// Asks for the peer with these bits, where the memory before is near, and gives its probable number.
    pub fn bring_peer(&self, bits: u32) -> Pair {
        let number = self.names.guess(bits);
        self.names.bring_place(number);
        self.peers.get(number).into_iter().for_each(bring);
        number
    }

    /// Asks for the name of the peer of that number, where the memory before is near.
    pub fn bring_name(&self, number: Pair) {
        self.names.bring_text(number);
    }

    /// The number of the peer of that name, who is known or new.
    fn number(&mut self, user: &[u8]) -> Pair {
        let number = self.names.number(user, b"");
        if number == self.peers.next_number() {
            self.peers.push(Peer::default());
        }
        number
    }

    fn peer(&mut self, number: Pair) -> &mut Peer {
        self.peers.get_mut(number).expect("every name that is numbered is a peer's")
    }

    /// Tells of what waits of a peer, if anything does.
    fn release(&mut self, number: Pair, tell: &mut impl FnMut(&[u8], AgentRef<'_>, Waiting)) {
        if let Some(peer) = self.peers.get_mut(number)
            && let Some(waiting) = peer.waiting.take()
        {
            tell(self.names.get(number).0, agent_of(peer, &waiting), waiting);
        }
    }
}

fn agent_of<'t>(peer: &'t Peer, waiting: &Waiting) -> AgentRef<'t> {
    AgentRef { text: peer.agent.as_deref(), hint: waiting.hint, is_push_source: waiting.is_push_source }
}

/// What ties say of a binding's User-Agent.
#[derive(Debug, Clone, Default)]
struct Tied {
    /// Texts that ties have given it; two different ones are none.
    agent: Agent,
    /// The server told its User-Agents itself: a dump says only which of them was the last.
    is_told: bool,
}

#[derive(Debug, Clone, Default)]
enum Agent {
    #[default]
    None,
    One(Box<[u8]>),
    Several,
}

/// A registration that waits for the last tie, without its texts.
#[derive(Debug, Clone, Copy)]
struct Bound {
    /// `i64::MIN` without a clock.
    micros: i64,
    offset: u64,
    input: u32,
    pair: Pair,
    hint: Hint,
    is_push_source: bool,
}

/// A registration that waits no longer.
pub(super) struct Released<'t> {
    pub user: &'t [u8],
    pub contact: &'t [u8],
    pub agent: AgentRef<'t>,
    /// The server told its User-Agents itself, but not that one.
    pub is_told: bool,
    pub waiting: Waiting,
}

/// The bindings of one server, and those of their registrations that lack their User-Agent.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    pub pairs: Pairs,
    /// By pair; most servers tie nothing.
    tied: HashMap<Pair, Tied, RandomState>,
    waiting: Rows<Bound>,
}

impl Bindings {
    /// A registration of a binding; the contact is empty for a peer of `chan_sip`.
    pub fn bound(&mut self, user: &[u8], contact: &[u8], waiting: Waiting) {
        let pair = self.pairs.number(user, uri(contact));
        self.waiting.push(Bound {
            micros: waiting.moment.map_or(i64::MIN, Moment::micros),
            offset: waiting.spot.offset,
            input: waiting.spot.input,
            pair,
            hint: waiting.hint,
            is_push_source: waiting.is_push_source,
        });
    }

    /// The User-Agent of a binding.
    pub fn tie(&mut self, user: &[u8], contact: &[u8], agent: &[u8]) {
        let known = &mut self.tied(user, contact).agent;
        match known {
            Agent::None => *known = Agent::One(agent.into()),
            Agent::One(text) if **text != *agent => *known = Agent::Several,
            Agent::One(_) | Agent::Several => {}
        }
    }

    /// A peer whose User-Agents the log tells when they change: what it had before the first of
    /// them, no dump can say.
    pub fn told(&mut self, user: &[u8]) {
        self.tied(user, b"").is_told = true;
    }

    /// The bits of the pair of a user and a contact.
    pub fn bits(&self, user: &[u8], contact: &[u8]) -> u32 {
        self.pairs.bits(user, uri(contact))
    }

    /// The pair of a user and a contact, if it is known.
    pub fn find(&self, user: &[u8], contact: &[u8]) -> Option<Pair> {
        self.pairs.find(user, uri(contact))
    }

    fn tied(&mut self, user: &[u8], contact: &[u8]) -> &mut Tied {
        self.tied.entry(self.pairs.number(user, uri(contact))).or_default()
    }

    /// The User-Agent of a registration that was dumped, for its contacts (URIs, a line each): known
    /// under the SIP-ID, and under the name before its domain.
    pub fn dumped(&mut self, user: &[u8], contacts: &[u8], agent: &[u8]) {
        let name = memchr::memrchr(b'@', user).map_or(user, |at| &user[..at]);
        for contact in contacts.split(|byte| *byte == b'\n').filter(|contact| !contact.is_empty()) {
            for user in [user, name] {
                self.tie(user, contact, agent);
            }
        }
    }

    /// Whether any binding has been given a User-Agent.
    pub fn has_ties(&self) -> bool {
        !self.tied.is_empty()
    }

    /// The text of a binding, where ties have given it just one.
    pub fn agent(&self, pair: Pair) -> Option<&[u8]> {
        match &self.tied.get(&pair)?.agent {
            Agent::One(text) => Some(text),
            Agent::None | Agent::Several => None,
        }
    }

    /// The same of a user and the URI of a contact.
    pub fn agent_of(&self, user: &[u8], contact: &[u8]) -> Option<&[u8]> {
        self.agent(self.pairs.find(user, contact)?)
    }

    /// How many registrations wait.
    pub fn waiting_len(&self) -> usize {
        self.waiting.len()
    }

    /// Tells of those registrations, in the order of their arrival, each with its binding's
    /// User-Agent where there is just one.
    pub fn release(&self, range: Range<usize>, tell: &mut impl FnMut(Released<'_>)) {
        let bound_at = |record: usize| self.waiting.get(record as u32);
        for record in range {
            self.pairs.bring_ahead(record, |record| bound_at(record).map(|bound| bound.pair));
            let bound = bound_at(record).expect("a registration's number is one that was given");
            let (user, contact) = self.pairs.get(bound.pair);
            let is_told = self.tied.get(&bound.pair).is_some_and(|tied| tied.is_told);
            let waiting = Waiting {
                moment: (bound.micros != i64::MIN).then(|| Moment::from_micros(bound.micros)),
                spot: Spot { input: bound.input, offset: bound.offset },
                hint: bound.hint,
                is_push_source: bound.is_push_source,
                record: record as u64,
            };
            let text = self.agent(bound.pair).filter(|_| !is_told);
            let agent = AgentRef { text, hint: bound.hint, is_push_source: bound.is_push_source };
            tell(Released { user, contact, agent, is_told, waiting });
        }
    }
}

/// The URI of a contact: one source writes it bare, another in brackets and with parameters of the
/// header behind. A header with several contacts stays whole.
fn uri(contact: &[u8]) -> &[u8] {
    let inside = || {
        let open = memchr::memchr(b'<', contact)?;
        let rest = &contact[open + 1..];
        let close = memchr::memchr(b'>', rest)?;
        let is_only = memchr::memchr(b'<', &rest[close..]).is_none();
        is_only.then_some(&rest[..close])
    };
    inside().unwrap_or(contact)
}

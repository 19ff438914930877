//! User-Agents that come in a record of their own: Asterisk's peers and bindings.
//!
//! `chan_sip` has one contact a peer: `Registered SIP` and `Saved useragent` are two records of
//! one acceptance, either of which is left out when nothing changed. PJSIP's bindings are told
//! apart by (AOR, contact); a tie for the same binding may come at any time. A dump of the server
//! ties both: PJSIP's by contact, a peer by its name alone.

use crate::model::{AgentRef, Hint, Moment, Spot};
use ahash::RandomState;
use std::collections::{BTreeSet, HashMap};

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

#[derive(Debug, Clone, Default)]
struct Peer {
    agent: Option<Box<[u8]>>,
    waiting: Option<Waiting>,
}

/// The `chan_sip` peers of one server.
#[derive(Debug, Default)]
pub(super) struct Peers {
    peers: HashMap<Box<[u8]>, Peer, RandomState>,
    /// Peers with something waiting, in the order of arrival.
    queue: std::collections::VecDeque<(Box<[u8]>, u64)>,
}

impl Peers {
    /// `Registered SIP`: waits for the User-Agent that may follow. Whatever waited before is told.
    pub fn bound(
        &mut self,
        user: &[u8],
        waiting: Waiting,
        tell: &mut impl FnMut(&[u8], AgentRef<'_>, Waiting),
    ) {
        self.release(user, tell);
        self.queue.push_back((user.into(), waiting.record));
        self.peers.entry(user.into()).or_default().waiting = Some(waiting);
    }

    /// The peer's text from here on, on other evidence: no registration.
    pub fn tie(&mut self, user: &[u8], agent: &[u8]) {
        self.peers.entry(user.into()).or_default().agent = Some(agent.into());
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
        let peer = self.peers.entry(user.into()).or_default();
        peer.agent = Some(agent.into());
        let registration = peer.waiting.take().unwrap_or(this);
        tell(user, agent_of(peer, &registration), registration);
    }

    /// The peer's text, as far as it is known.
    pub fn agent(&self, user: &[u8]) -> Option<&[u8]> {
        self.peers.get(user)?.agent.as_deref()
    }

    /// The server forgot its peers' User-Agents.
    pub fn restart(&mut self, tell: &mut impl FnMut(&[u8], AgentRef<'_>, Waiting)) {
        self.release_all(tell);
        self.peers.clear();
    }

    /// Tells of whatever has waited long enough: its User-Agent is the one last saved.
    pub fn advance(
        &mut self,
        moment: Option<Moment>,
        record: u64,
        tell: &mut impl FnMut(&[u8], AgentRef<'_>, Waiting),
    ) {
        while let Some((user, begun)) = self.queue.front() {
            let waiting = self.peers.get(user).and_then(|peer| peer.waiting).filter(|it| it.record == *begun);
            if let Some(waiting) = waiting {
                let is_over = match (waiting.moment, moment) {
                    (Some(begun), Some(now)) => begun.plus_seconds(TIE_SECONDS) < now,
                    _ => begun + TIE_RECORDS < record,
                };
                if !is_over {
                    break;
                }
            }
            let user = user.clone();
            self.queue.pop_front();
            if waiting.is_some() {
                self.release(&user, tell);
            }
        }
    }

    /// Tells of everything that waits.
    pub fn release_all(&mut self, tell: &mut impl FnMut(&[u8], AgentRef<'_>, Waiting)) {
        for (user, _) in std::mem::take(&mut self.queue) {
            self.release(&user, tell);
        }
    }

    fn release(&mut self, user: &[u8], tell: &mut impl FnMut(&[u8], AgentRef<'_>, Waiting)) {
        if let Some(peer) = self.peers.get_mut(user)
            && let Some(waiting) = peer.waiting.take()
        {
            tell(user, agent_of(peer, &waiting), waiting);
        }
    }
}

fn agent_of<'t>(peer: &'t Peer, waiting: &Waiting) -> AgentRef<'t> {
    AgentRef { text: peer.agent.as_deref(), hint: waiting.hint, is_push_source: waiting.is_push_source }
}

type UserAndContact = (Box<[u8]>, Box<[u8]>);

/// A binding that registrations without a User-Agent belong to.
#[derive(Debug, Default)]
struct Binding {
    /// Texts that ties have given it; two different ones are none.
    agents: BTreeSet<Box<[u8]>>,
    /// The server told its User-Agents itself: a dump says only which of them was the last.
    is_told: bool,
    waiting: Vec<Waiting>,
}

/// The bindings of one server whose registrations lack their User-Agent.
#[derive(Debug, Default)]
pub(super) struct Bindings {
    bindings: HashMap<UserAndContact, Binding, RandomState>,
}

impl Bindings {
    /// A registration of a binding; the contact is empty for a peer of `chan_sip`.
    pub fn bound(&mut self, user: &[u8], contact: &[u8], waiting: Waiting) {
        self.entry(user, contact).waiting.push(waiting);
    }

    /// The User-Agent of a binding.
    pub fn tie(&mut self, user: &[u8], contact: &[u8], agent: &[u8]) {
        self.entry(user, contact).agents.insert(agent.into());
    }

    /// A peer whose User-Agents the log tells when they change: what it had before the first of
    /// them, no dump can say.
    pub fn told(&mut self, user: &[u8]) {
        self.entry(user, b"").is_told = true;
    }

    fn entry(&mut self, user: &[u8], contact: &[u8]) -> &mut Binding {
        self.bindings.entry((user.into(), uri(contact).into())).or_default()
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

    /// The text of a binding, where ties have given it just one.
    pub fn agent(&self, user: &[u8], contact: &[u8]) -> Option<&[u8]> {
        let key: UserAndContact = (user.into(), contact.into());
        let mut agents = self.bindings.get(&key)?.agents.iter();
        agents.next().filter(|_| agents.next().is_none()).map(|text| &text[..])
    }

    /// Tells of every registration, each with its binding's User-Agent where there is just one.
    pub fn release_all(&mut self, tell: &mut impl FnMut(&[u8], AgentRef<'_>, Waiting)) {
        for ((user, _), binding) in std::mem::take(&mut self.bindings) {
            let mut agents = binding.agents.iter();
            let text = agents.next().filter(|_| agents.next().is_none() && !binding.is_told);
            for waiting in binding.waiting {
                let agent = AgentRef {
                    text: text.map(|text| &text[..]),
                    hint: waiting.hint,
                    is_push_source: waiting.is_push_source,
                };
                tell(&user, agent, waiting);
            }
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

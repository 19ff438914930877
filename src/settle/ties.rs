//! Registrations whose User-Agent stands elsewhere: which of them waits, and for what.

use super::joins::Pending;
use super::peers::{Bindings, Peers, Waiting};
use crate::model::short::is_same;
use crate::model::{AgentRef, EvidenceKind, Moment, Observation, Standing};

/// What a line of the server tells, while it waits for its transaction.
#[derive(Debug)]
pub(super) struct Line {
    /// Host in the line's prefix.
    pub host: Box<[u8]>,
    pub waiting: Waiting,
    /// `Saved useragent`: the text that is the peer's from here on.
    pub saved: Option<Box<[u8]>>,
}

/// The peers of each host that writes one stream: two may both have a `77`, and what one forgets the other
/// still knows.
#[derive(Debug, Default)]
pub(super) struct Hosts {
    /// One or a few.
    hosts: Vec<(Box<[u8]>, Peers)>,
}

impl Hosts {
    /// The peers of a host.
    pub fn of(&mut self, host: &[u8]) -> &mut Peers {
        let known = self.hosts.iter().position(|(name, _)| is_same(name, host));
        let at = known.unwrap_or_else(|| {
            self.hosts.push((host.into(), Peers::default()));
            self.hosts.len() - 1
        });
        &mut self.hosts[at].1
    }

    /// The User-Agent of the peer of that name, where no two hosts know another one.
    pub fn agent(&self, user: &[u8]) -> Option<&[u8]> {
        let mut agents = self.hosts.iter().filter_map(|(_, peers)| peers.agent(user));
        let first = agents.next()?;
        agents.all(|agent| agent == first).then_some(first)
    }
}

/// The peers of one stream and the bindings of its server.
#[derive(Debug, Default)]
pub(super) struct Ties {
    pub peers: Hosts,
    pub bindings: Bindings,
    /// Dumps of the server are there too: a peer without User-Agent waits for them.
    pub has_dumps: bool,
}

impl Ties {
    /// A line of the server that no transaction tells as well.
    pub fn line(&mut self, line: Pending<Line>, tell: &mut impl FnMut(&Observation<'_>)) {
        let Line { host, waiting, saved } = line.payload;
        match saved {
            Some(agent) => self.saved((&host, &line.user), &agent, waiting, tell),
            None => self.bound((&host, &line.user), &line.contact, waiting, tell),
        }
    }

    /// The server tells the User-Agent of a host's peer.
    pub fn saved(
        &mut self,
        (host, user): (&[u8], &[u8]),
        agent: &[u8],
        waiting: Waiting,
        tell: &mut impl FnMut(&Observation<'_>),
    ) {
        let Self { peers, bindings, has_dumps } = self;
        if *has_dumps {
            bindings.told(user);
        }
        peers.of(host).saved(user, agent, waiting, &mut register(bindings, *has_dumps, tell));
    }

    /// The server tells of a binding; the contact is empty for a peer, which is that host's.
    pub fn bound(
        &mut self,
        (host, user): (&[u8], &[u8]),
        contact: &[u8],
        waiting: Waiting,
        tell: &mut impl FnMut(&Observation<'_>),
    ) {
        let Self { peers, bindings, has_dumps } = self;
        match contact.is_empty() {
            true => peers.of(host).bound(user, waiting, &mut register(bindings, *has_dumps, tell)),
            false => bindings.bound(user, contact, waiting),
        }
    }

    /// The log has moved on.
    pub fn advance(&mut self, now: Option<Moment>, record: u64, tell: &mut impl FnMut(&Observation<'_>)) {
        let Self { peers, bindings, has_dumps } = self;
        for (_, peers) in &mut peers.hosts {
            peers.advance(now, record, &mut register(bindings, *has_dumps, tell));
        }
    }

    /// A host forgot its peers' User-Agents.
    pub fn restart(&mut self, host: &[u8], tell: &mut impl FnMut(&Observation<'_>)) {
        let Self { peers, bindings, has_dumps } = self;
        peers.of(host).restart(&mut register(bindings, *has_dumps, tell));
    }

    /// One stream is over; the bindings wait for the server's others.
    pub fn end_stream(&mut self, tell: &mut impl FnMut(&Observation<'_>)) {
        let Self { peers, bindings, has_dumps } = self;
        for (_, mut peers) in std::mem::take(peers).hosts {
            peers.release_all(&mut register(bindings, *has_dumps, tell));
        }
    }
}

/// Tells of a peer's registration, or keeps it where a dump may name its User-Agent.
fn register<'t>(
    bindings: &'t mut Bindings,
    has_dumps: bool,
    tell: &'t mut impl FnMut(&Observation<'_>),
) -> impl FnMut(&[u8], AgentRef<'_>, Waiting) + 't {
    move |user, agent, waiting| match agent.text {
        None if has_dumps => bindings.bound(user, b"", waiting),
        _ => tell(&accepted(user, agent, &waiting)),
    }
}

/// The observation that a waiting registration is.
pub(super) fn accepted<'t>(user: &'t [u8], agent: AgentRef<'t>, waiting: &Waiting) -> Observation<'t> {
    Observation {
        user,
        agent,
        standing: Standing::Accepted,
        moment: waiting.moment,
        spot: waiting.spot,
        evidence: EvidenceKind::Line,
    }
}

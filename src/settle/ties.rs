//! Registrations whose User-Agent stands elsewhere: which of them waits, and for what.

use super::joins::Pending;
use super::pairs::Pair;
use super::peers::{Bindings, Peers, Waiting};
use crate::model::short::is_same;
use crate::model::{AgentRef, EvidenceKind, Moment, Observation, Standing};
use ahash::RandomState;
use std::collections::HashMap;

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
    hosts: Vec<Host>,
    by_name: HashMap<Box<[u8]>, usize, RandomState>,
    /// The one that was asked for last.
    latest: usize,
    /// Those where something may wait.
    busy: Vec<usize>,
    /// User-Agents that records of no host have tied to a name, which may be any host's.
    tied: HashMap<Box<[u8]>, Box<[u8]>, RandomState>,
}

#[derive(Debug)]
struct Host {
    name: Box<[u8]>,
    peers: Peers,
    is_busy: bool,
}

impl Hosts {
    /// The number of a host.
    fn number(&mut self, name: &[u8]) -> usize {
        if !self.hosts.get(self.latest).is_some_and(|host| is_same(&host.name, name)) {
            self.latest = match self.by_name.get(name) {
                Some(known) => *known,
                None => {
                    self.hosts.push(Host { name: name.into(), peers: Peers::default(), is_busy: false });
                    self.by_name.insert(name.into(), self.hosts.len() - 1);
                    self.hosts.len() - 1
                }
            };
        }
        self.latest
    }

    /// Asks for what is known of peers that will be named soon, each by host and name: each stands anywhere in what the log
    /// has told so far. Changes nothing.
    pub fn bring<'n>(&self, named: impl Iterator<Item = (&'n [u8], &'n [u8])>) {
        let asked = named.filter_map(|(host, user)| {
            let latest = self.hosts.get(self.latest).filter(|latest| is_same(&latest.name, host));
            let peers = &latest.or_else(|| self.hosts.get(*self.by_name.get(host)?))?.peers;
            Some((peers, peers.bring_number(user)))
        });
        let asked: Vec<(&Peers, u32)> = asked.collect();
        let asked: Vec<(&Peers, Pair)> =
            asked.into_iter().map(|(peers, bits)| (peers, peers.bring_peer(bits))).collect();
        asked.into_iter().for_each(|(peers, number)| peers.bring_name(number));
    }

    /// A text is a peer's from here on, on other evidence than a registration.
    pub fn tie(&mut self, host: &[u8], user: &[u8], agent: &[u8]) {
        if host.is_empty() {
            self.tied.insert(user.into(), agent.into());
        }
        let number = self.number(host);
        self.hosts[number].peers.tie(user, agent);
    }

    /// The User-Agent of the peer of that name, where no two hosts know another one.
    pub fn agent(&self, user: &[u8]) -> Option<&[u8]> {
        let mut agents = self.hosts.iter().filter_map(|host| host.peers.agent(user));
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
        let number = peers.number(host);
        let Hosts { hosts, tied, .. } = peers;
        hosts[number].peers.saved(user, agent, waiting, &mut register(bindings, tied, *has_dumps, tell));
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
            true => {
                let number = peers.number(host);
                let Hosts { hosts, tied, busy, .. } = peers;
                let host = &mut hosts[number];
                if !std::mem::replace(&mut host.is_busy, true) {
                    busy.push(number);
                }
                host.peers.bound(user, waiting, &mut register(bindings, tied, *has_dumps, tell));
            }
            false => bindings.bound(user, contact, waiting),
        }
    }

    /// The log has moved on.
    pub fn advance(&mut self, now: Option<Moment>, record: u64, tell: &mut impl FnMut(&Observation<'_>)) {
        let Self { peers, bindings, has_dumps } = self;
        let Hosts { hosts, tied, busy, .. } = peers;
        busy.retain(|number| {
            let host = &mut hosts[*number];
            host.peers.advance(now, record, &mut register(bindings, tied, *has_dumps, tell));
            host.is_busy = host.peers.has_waiting();
            host.is_busy
        });
    }

    /// A host forgot its peers' User-Agents.
    pub fn restart(&mut self, host: &[u8], tell: &mut impl FnMut(&Observation<'_>)) {
        let Self { peers, bindings, has_dumps } = self;
        let number = peers.number(host);
        let Hosts { hosts, tied, .. } = peers;
        hosts[number].peers.restart(&mut register(bindings, tied, *has_dumps, tell));
        if host.is_empty() {
            tied.clear();
        }
    }

    /// One stream is over; the bindings wait for the server's others.
    pub fn end_stream(&mut self, tell: &mut impl FnMut(&Observation<'_>)) {
        let Self { peers, bindings, has_dumps } = self;
        let Hosts { hosts, tied, .. } = std::mem::take(peers);
        for mut host in hosts {
            host.peers.release_all(&mut register(bindings, &tied, *has_dumps, tell));
        }
    }
}

/// Tells of a peer's registration, or keeps it where a dump may name its User-Agent.
fn register<'t>(
    bindings: &'t mut Bindings,
    tied: &'t HashMap<Box<[u8]>, Box<[u8]>, RandomState>,
    has_dumps: bool,
    tell: &'t mut impl FnMut(&Observation<'_>),
) -> impl FnMut(&[u8], AgentRef<'_>, Waiting) + 't {
    move |user, agent, waiting| {
        let text = agent.text.or_else(|| tied.get(user).map(|text| &**text));
        match text {
            None if has_dumps => bindings.bound(user, b"", waiting),
            text => tell(&accepted(user, AgentRef { text, ..agent }, &waiting)),
        }
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

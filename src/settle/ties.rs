//! Registrations whose User-Agent stands elsewhere: which of them waits, and for what.

use super::joins::Pending;
use super::peers::{Bindings, Peers, Waiting};
use crate::model::{AgentRef, EvidenceKind, Moment, Observation, Standing};

/// What a line of the server tells, while it waits for its transaction.
#[derive(Debug)]
pub(super) struct Line {
    pub waiting: Waiting,
    /// `Saved useragent`: the text that is the peer's from here on.
    pub saved: Option<Box<[u8]>>,
}

/// The peers of one stream and the bindings of its server.
#[derive(Debug, Default)]
pub(super) struct Ties {
    pub peers: Peers,
    pub bindings: Bindings,
    /// Dumps of the server are there too: a peer without User-Agent waits for them.
    pub has_dumps: bool,
}

impl Ties {
    /// A line of the server that no transaction tells as well.
    pub fn line(&mut self, line: Pending<Line>, tell: &mut impl FnMut(&Observation<'_>)) {
        let Line { waiting, saved } = line.payload;
        match saved {
            Some(agent) => self.saved(&line.user, &agent, waiting, tell),
            None => self.bound(&line.user, &line.contact, waiting, tell),
        }
    }

    /// The server tells the User-Agent of a peer.
    pub fn saved(
        &mut self,
        user: &[u8],
        agent: &[u8],
        waiting: Waiting,
        tell: &mut impl FnMut(&Observation<'_>),
    ) {
        let Self { peers, bindings, has_dumps } = self;
        if *has_dumps {
            bindings.told(user);
        }
        peers.saved(user, agent, waiting, &mut register(bindings, *has_dumps, tell));
    }

    /// The server tells of a binding; the contact is empty for a peer.
    pub fn bound(
        &mut self,
        user: &[u8],
        contact: &[u8],
        waiting: Waiting,
        tell: &mut impl FnMut(&Observation<'_>),
    ) {
        let Self { peers, bindings, has_dumps } = self;
        match contact.is_empty() {
            true => peers.bound(user, waiting, &mut register(bindings, *has_dumps, tell)),
            false => bindings.bound(user, contact, waiting),
        }
    }

    /// The log has moved on.
    pub fn advance(&mut self, now: Option<Moment>, record: u64, tell: &mut impl FnMut(&Observation<'_>)) {
        let Self { peers, bindings, has_dumps } = self;
        peers.advance(now, record, &mut register(bindings, *has_dumps, tell));
    }

    /// The server forgot its peers' User-Agents.
    pub fn restart(&mut self, tell: &mut impl FnMut(&Observation<'_>)) {
        let Self { peers, bindings, has_dumps } = self;
        peers.restart(&mut register(bindings, *has_dumps, tell));
    }

    /// One stream is over; the bindings wait for the server's others.
    pub fn end_stream(&mut self, tell: &mut impl FnMut(&Observation<'_>)) {
        let Self { peers, bindings, has_dumps } = self;
        std::mem::take(peers).release_all(&mut register(bindings, *has_dumps, tell));
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

//! What a scan keeps of the one user that somebody asked for: whose records, what they were counted as,
//! and which lives of bindings prove more than any record.

use super::collect::Trace;
use crate::model::{AgentKey, AgentRef, EvidenceKind, Kind, Moment, Observation, SipId, Spot, Standing};
use crate::settle::{Life, Piece};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// A worker looks through what it keeps each time it has got so much more of it.
const LOOK_EACH: usize = 1 << 16;
/// So many replies stay whosever they are: their requests may still lie before another worker.
const RECENT: usize = 1 << 15;

/// Whom the scan is asked for.
///
/// One spelling can mean several SIP-IDs, since one server folds upper case and another keeps it.
/// A server may call a SIP-ID by its user part alone, and only the settling tells whether it does;
/// so what is said of such a name is kept too.
#[derive(Debug, Default)]
pub struct Wanted {
    ids: Vec<SipId>,
    names: Vec<Box<[u8]>>,
    /// Call-IDs of the user's requests so far.
    calls: Mutex<HashSet<Vec<u8>>>,
}

impl Wanted {
    /// These SIP-IDs, the likeliest first.
    pub fn new(ids: Vec<SipId>) -> Self {
        let domain = |id: &SipId| id.borrowed().domain().map(|_| id.borrowed().user().into());
        let names = ids.iter().filter_map(domain).collect();
        Self { ids, names, calls: Mutex::default() }
    }

    /// The SIP-IDs that may be meant.
    pub fn ids(&self) -> &[SipId] {
        &self.ids
    }

    /// Whether that may be a name of whom is asked for.
    pub fn names(&self, user: &[u8]) -> bool {
        self.ids.iter().any(|id| id.as_bytes() == user) || self.names.iter().any(|name| **name == *user)
    }

    /// Whether a record is kept: one that names the user, and one that names nobody and may belong
    /// to the user all the same.
    pub fn keeps(&self, user: &[u8], kind: Kind) -> bool {
        matches!(kind, Kind::Reply | Kind::Restart) || self.names(user)
    }
}

impl Wanted {
    /// Keeps one record. Replies name nobody, so all are kept at first; now and then those go that
    /// answer nobody who is asked for, or a log of dumps would fill the memory with them.
    pub fn keep(&self, trace: Trace, traces: &mut Vec<Trace>) {
        if matches!(trace.kind, Kind::Request | Kind::MessageRequest) {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            calls.insert(trace.call_id.clone());
        }
        traces.push(trace);
        if traces.len().is_multiple_of(LOOK_EACH) {
            self.drop_strangers(traces, RECENT);
        }
    }

    fn drop_strangers(&self, traces: &mut Vec<Trace>, recent: usize) {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left = traces.len();
        traces.retain(|trace| {
            left -= 1;
            trace.kind != Kind::Reply || left < recent || calls.contains(&trace.call_id)
        });
    }
}

/// One observation that was counted, or would have been unless it repeated another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub user: Box<[u8]>,
    pub spot: Spot,
    pub standing: Standing,
    pub moment: Option<Moment>,
    pub evidence: EvidenceKind,
    pub agent: AgentKey,
}

impl Proof {
    /// The observation, owned.
    pub fn of(observation: &Observation<'_>) -> Self {
        Self {
            user: observation.user.into(),
            spot: observation.spot,
            standing: observation.standing,
            moment: observation.moment,
            evidence: observation.evidence,
            agent: key_of(observation.agent),
        }
    }
}

/// The life of one of the user's bindings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnLife {
    pub user: Vec<u8>,
    pub contact: Vec<u8>,
    /// The binding's own record, or where there is none, its removal.
    pub spot: Spot,
    /// The length of proven life that holds a registration, in seconds.
    pub needs_seconds: i64,
    pub pieces: Vec<Piece>,
    pub agent: AgentKey,
}

impl OwnLife {
    /// The life, owned.
    pub fn of(life: &Life<'_>, agent: AgentRef<'_>) -> Self {
        Self {
            user: life.user.to_vec(),
            contact: life.contact.to_vec(),
            spot: life.spot,
            needs_seconds: life.needs_seconds,
            pieces: life.pieces.to_vec(),
            agent: key_of(agent),
        }
    }
}

fn key_of(agent: AgentRef<'_>) -> AgentKey {
    let AgentRef { text, hint, is_push_source } = agent;
    AgentKey { text: text.map(Into::into), hint, is_push_source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Hint;

    fn trace(kind: Kind, call_id: &str) -> Trace {
        Trace {
            spot: Spot { input: 0, offset: 0 },
            kind,
            source: String::new(),
            moment: None,
            user: Vec::new(),
            aor: Vec::new(),
            host: Vec::new(),
            agent: None,
            hint: Hint::None,
            is_push_source: false,
            contact: Vec::new(),
            call_id: call_id.as_bytes().to_vec(),
            cseq: Vec::new(),
            code: None,
            expires_seconds: None,
            source_ip: Vec::new(),
        }
    }

    #[test]
    fn a_server_may_call_a_user_by_the_name_before_the_domain() {
        let wanted = Wanted::new(vec![SipId::from_canonical(b"1001@x.example")]);
        assert!(wanted.names(b"1001@x.example") && wanted.names(b"1001"));
        assert!(!wanted.names(b"1001@y.example") && !wanted.names(b"x.example"));
    }

    #[test]
    fn replies_to_nobody_who_was_asked_for_go_when_they_are_old() {
        let wanted = Wanted::new(vec![SipId::from_canonical(b"1001")]);
        let mut traces = Vec::new();
        for (kind, call_id) in [
            (Kind::Reply, "a"),
            (Kind::Request, "b"),
            (Kind::Reply, "b"),
            (Kind::Restart, ""),
            (Kind::Reply, "c"),
        ] {
            wanted.keep(trace(kind, call_id), &mut traces);
        }
        wanted.drop_strangers(&mut traces, 1);
        let left: Vec<_> = traces.iter().map(|trace| trace.call_id.as_slice()).collect();
        assert_eq!(left, [&b"b"[..], b"b", b"", b"c"]);
    }

    #[test]
    fn records_that_name_nobody_are_kept() {
        let wanted = Wanted::new(vec![SipId::from_canonical(b"1001")]);
        assert!(wanted.keeps(b"", Kind::Reply) && wanted.keeps(b"", Kind::Restart));
        assert!(!wanted.keeps(b"", Kind::Refused) && !wanted.keeps(b"1002", Kind::Accepted));
    }
}

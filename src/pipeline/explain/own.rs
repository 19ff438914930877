//! Which of the records that a scan kept belong to the user.

use crate::model::{Kind, SipId, Spot, Standing};
use crate::pipeline::collect::Trace;
use crate::pipeline::plan::Plan;
use crate::pipeline::scan::Scan;
use crate::pipeline::trace::{OwnLife, Proof};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What belongs to one user, in the order of its places.
pub(super) struct Own<'s> {
    pub traces: Vec<&'s Trace>,
    pub proofs: BTreeMap<Spot, &'s Proof>,
    pub lives: Vec<&'s OwnLife>,
}

impl<'s> Own<'s> {
    /// Picks the user's own.
    ///
    /// A reply names nobody, so it belongs to whoever asked; a restart to whoever had a binding on
    /// that server. Lines that name the part before the domain alone are the user's on servers where
    /// the settling found that they mean this user: there one of them was counted for the SIP-ID, or
    /// none for the bare name although it tells of a registration.
    pub fn of(plan: &Plan, scan: &'s Scan, id: &SipId) -> Self {
        let is_id = |user: &[u8]| user == id.as_bytes();
        let proofs: BTreeMap<Spot, &Proof> =
            scan.proofs.iter().filter(|proof| is_id(&proof.user)).map(|proof| (proof.spot, proof)).collect();
        let lives: Vec<&OwnLife> = scan.lives.iter().filter(|own| is_id(&own.user)).collect();
        let bare_proofs: BTreeSet<Spot> =
            scan.proofs.iter().filter(|proof| !is_id(&proof.user)).map(|proof| proof.spot).collect();
        let server = |spot: Spot| &plan.inputs[spot.input as usize].server;
        let name = id.borrowed().user();
        let is_bare = |trace: &Trace| !is_id(&trace.user) && trace.user == name;
        let tells_registration =
            |kind: Kind| matches!(kind, Kind::Accepted | Kind::Bound | Kind::Refreshed | Kind::AgentSaved);
        let is_meant = |trace: &&Trace| {
            proofs.contains_key(&trace.spot)
                || lives.iter().any(|own| own.spot == trace.spot)
                || (tells_registration(trace.kind) && !bare_proofs.contains(&trace.spot))
        };
        let meant: HashSet<&[u8]> = scan
            .traces
            .iter()
            .filter(|trace| is_bare(trace))
            .filter(is_meant)
            .map(|trace| &**server(trace.spot))
            .collect();
        let asked: HashSet<(&[u8], &[u8])> = scan
            .traces
            .iter()
            .filter(|trace| trace.kind != Kind::Reply && is_id(&trace.user) && !trace.call_id.is_empty())
            .map(|trace| (trace.call_id.as_slice(), trace.cseq.as_slice()))
            .collect();
        let mut bindings = Bindings::default();
        let mut traces: Vec<&Trace> = Vec::new();
        for trace in &scan.traces {
            let is_own = match trace.kind {
                Kind::Reply => {
                    let is_meant = trace.user.is_empty() || is_id(&trace.user);
                    is_meant && asked.contains(&(trace.call_id.as_slice(), trace.cseq.as_slice()))
                }
                Kind::Restart => bindings.restart(trace, plan),
                _ => {
                    // What is counted for the bare name is another user's on the bill.
                    is_id(&trace.user)
                        || proofs.contains_key(&trace.spot)
                        || (is_bare(trace)
                            && meant.contains(&**server(trace.spot))
                            && !bare_proofs.contains(&trace.spot))
                }
            };
            if is_own {
                bindings.note(trace, plan);
                traces.push(trace);
            }
        }
        Self { traces, proofs, lives }
    }

    /// The user's registrations by the records that count.
    pub fn accepted(&self) -> impl Iterator<Item = &'s Proof> {
        self.proofs.values().copied().filter(|proof| proof.standing == Standing::Accepted)
    }
}

/// The user's bindings that each server has in memory, by the host that a stream's records name.
#[derive(Default)]
struct Bindings<'s> {
    open: HashMap<(usize, &'s [u8]), BTreeSet<&'s [u8]>>,
}

impl<'s> Bindings<'s> {
    fn note(&mut self, trace: &'s Trace, plan: &Plan) {
        let open = self.open.entry(key(trace, plan)).or_default();
        match trace.kind {
            Kind::Bound | Kind::Refreshed | Kind::AgentSaved => {
                open.insert(&trace.contact);
            }
            Kind::Unbound | Kind::Expired | Kind::Gone => {
                open.remove(trace.contact.as_slice());
            }
            _ => {}
        }
    }

    /// Whether the server forgot any of the user's.
    fn restart(&mut self, trace: &'s Trace, plan: &Plan) -> bool {
        self.open.remove(&key(trace, plan)).is_some_and(|open| !open.is_empty())
    }
}

fn key<'s>(trace: &'s Trace, plan: &Plan) -> (usize, &'s [u8]) {
    (plan.inputs[trace.spot.input as usize].stream, &trace.host)
}

//! Which records of a user belong together: requests and replies, and what was told twice.

use super::own::Own;
use crate::model::{Kind, Moment, Spot, Tie};
use crate::pipeline::collect::Trace;
use crate::pipeline::plan::Plan;
use std::collections::{BTreeMap, HashMap};

/// Timer F of RFC 3261 §17.1.2.2: retransmissions end, and so does everything that the settling puts
/// together.
const TOGETHER_SECONDS: i64 = 32;

/// Stream, Call-ID and CSeq.
type Key<'s> = (usize, &'s [u8], &'s [u8]);

/// The ties of one user's records.
pub(super) struct Ties {
    ties: BTreeMap<Spot, Tie>,
}

impl Ties {
    /// Finds them.
    ///
    /// What counts is known already: these are the reasons why the others do not.
    pub fn of(plan: &Plan, own: &Own<'_>) -> Self {
        let mut transactions: HashMap<Key<'_>, Vec<&Trace>> = HashMap::new();
        for trace in own.traces.iter().filter(|trace| !trace.call_id.is_empty() && !trace.cseq.is_empty()) {
            let stream = plan.inputs[trace.spot.input as usize].stream;
            transactions.entry((stream, &trace.call_id, &trace.cseq)).or_default().push(trace);
        }
        let mut ties = BTreeMap::new();
        for group in transactions.values() {
            of_transaction(group, own, &mut ties);
        }
        for trace in &own.traces {
            if tells_registration(trace.kind)
                && !own.proofs.contains_key(&trace.spot)
                && !ties.contains_key(&trace.spot)
                && let Some(spot) = told_elsewhere(trace, own)
            {
                ties.insert(trace.spot, Tie::Repeats(spot));
            }
        }
        Self { ties }
    }

    /// The tie of a record.
    pub fn of_spot(&self, spot: Spot) -> Option<Tie> {
        self.ties.get(&spot).copied()
    }
}

/// The records of one Call-ID and CSeq, in the order of their places.
fn of_transaction(group: &[&Trace], own: &Own<'_>, ties: &mut BTreeMap<Spot, Tie>) {
    let is_request = |trace: &&&Trace| matches!(trace.kind, Kind::Request | Kind::MessageRequest);
    let is_final = |trace: &&&Trace| trace.kind == Kind::Reply && trace.code.is_some_and(|code| code >= 200);
    // A request counts where its transaction was settled, or waits where it never was.
    let mut heads: Vec<&Trace> = Vec::new();
    for request in group.iter().filter(is_request) {
        let is_settled = own.proofs.contains_key(&request.spot);
        let head = heads.iter().rev().find(|head| are_near(head.moment, request.moment));
        match head.filter(|_| !is_settled) {
            Some(head) => {
                ties.insert(request.spot, Tie::Repeats(head.spot));
            }
            None => {
                let reply = group.iter().filter(is_final).find(|it| are_near(it.moment, request.moment));
                let tie = match reply {
                    Some(reply) => Tie::AnsweredBy(reply.spot, reply.code.unwrap_or_default()),
                    None => Tie::Unanswered,
                };
                ties.insert(request.spot, tie);
                heads.push(request);
            }
        }
    }
    for reply in group.iter().filter(|trace| trace.kind == Kind::Reply) {
        let mut near = heads.iter().filter(|head| are_near(head.moment, reply.moment));
        if let Some(head) = near.next() {
            ties.insert(reply.spot, Tie::Answers(head.spot));
        }
    }
    // Records that prove themselves: the first within the time counts, and the tally drops the others.
    let mut counted: Vec<&Trace> = Vec::new();
    for trace in group.iter().filter(|trace| trace.kind == Kind::Accepted) {
        match counted.iter().find(|earlier| are_near(earlier.moment, trace.moment)) {
            Some(earlier) => {
                ties.insert(trace.spot, Tie::Repeats(earlier.spot));
            }
            None => counted.push(trace),
        }
    }
}

/// The registration that a line of the server tells of too: one of the same contact, else the nearest.
fn told_elsewhere(trace: &Trace, own: &Own<'_>) -> Option<Spot> {
    let near = own.accepted().filter(|proof| are_near(proof.moment, trace.moment));
    let distance = |moment: Option<Moment>| match (moment, trace.moment) {
        (Some(one), Some(other)) => one.micros().abs_diff(other.micros()),
        _ => 0,
    };
    near.min_by_key(|proof| (distance(proof.moment), proof.spot.offset.abs_diff(trace.spot.offset)))
        .map(|proof| proof.spot)
}

fn tells_registration(kind: Kind) -> bool {
    matches!(kind, Kind::Accepted | Kind::Bound | Kind::Refreshed | Kind::AgentSaved)
}

/// Within timer F of one another, or without a clock.
fn are_near(one: Option<Moment>, other: Option<Moment>) -> bool {
    one.zip(other).is_none_or(|(one, other)| {
        one.micros().abs_diff(other.micros()) <= TOGETHER_SECONDS as u64 * 1_000_000
    })
}

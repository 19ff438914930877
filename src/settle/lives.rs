//! Lives of bindings: registrations that must have happened although no line says so.
//!
//! Asterisk logs a new binding and its end, and is silent on every refresh between. A binding that
//! is in the registrar's memory at an instant was last refreshed at most `M` before it: the longest
//! expiry that was granted or can be, and a minute for the sweep. So wherever a binding lived
//! through a stretch of at least `M`, at least one registration happened inside it.
//!
//! What is believed, and what is not:
//!
//! - A stretch is a run of one server's records without a step of its clock: none goes back by
//!   more than half a minute, and none follows the one before it by more than the silence the
//!   operator allows. Nothing is proven across a step: an expiry that was worked out on the other
//!   side of it means another time. A binding that survives a step is proven anew from the point
//!   that no older expiry can reach.
//! - A removal (`Removed contact … due to …`) proves that the binding lived until then: *closed*.
//! - Without any end, it lived until the last record of any binding, since the log would have
//!   told; but only where that log tells of removals at all, and until the server started anew:
//!   *open*.
//! - `Added` for a binding that has not ended shows that an end went unsaid: the old binding is
//!   believed up to its last own record. So it is where the server drops it without a reason.
//! - `chan_sip` logs neither expiry nor refresh: its lines prove no life at all.
//!
//! What may have lived and is not proven is told too, so that it can be listed by name.

mod ended;
mod living;
mod server;
mod sweeper;

pub(super) use self::ended::Ended;
use self::server::{Record, Server};
use super::pairs::{Pair, Pairs};
use super::{Held, Run};
use crate::model::short::is_same;
use crate::model::{Hint, Kind, Moment, Spot};
use ahash::RandomState;
use std::collections::HashMap;

/// What the operator says of a registrar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LifeRules {
    /// Longest expiry that it grants, in seconds.
    pub max_expiry_seconds: u32,
    /// Longest silence of its log through which it is believed to be up, in seconds.
    pub coverage_gap_seconds: u32,
}

impl Default for LifeRules {
    fn default() -> Self {
        Self { max_expiry_seconds: 7200, coverage_gap_seconds: 6 * 3600 }
    }
}

/// A span through which a binding lived without a break: every `M` of it holds a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    pub begin: Moment,
    pub end: Moment,
    /// No end of the binding was logged.
    pub is_open: bool,
    /// The record that proves it: the removal, or the binding's own last one.
    pub spot: Spot,
}

/// The life of one binding, as far as the log tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life<'t> {
    pub user: &'t [u8],
    /// Contact URI; empty for a `chan_sip` peer.
    pub contact: &'t [u8],
    pub hint: Hint,
    pub is_push_source: bool,
    /// The binding may have lived anywhere in here, its proven pieces included.
    pub begin: Moment,
    pub end: Moment,
    /// A line says at `begin` that it was registered then.
    pub begins_with_line: bool,
    /// The binding's own record, or where there is none, its removal.
    pub spot: Spot,
    /// `M`: the length of proven life that holds a registration, in seconds.
    pub needs_seconds: i64,
    pub pieces: &'t [Piece],
}

impl Piece {
    /// Whether the part of it between these two instants proves a registration there.
    pub fn proves(&self, from: Moment, until: Moment, needs_seconds: i64) -> bool {
        self.begin.max(from).plus_seconds(needs_seconds) <= self.end.min(until)
    }
}

/// Threads write their lines a little out of order; what goes back further is the clock.
const BACK_SECONDS: i64 = 30;
/// Whether the clock made a step between two neighbouring records, or the log a pause too long.
pub(super) fn is_step(last: Moment, next: Moment, gap_seconds: u32) -> bool {
    next < last.plus_seconds(-BACK_SECONDS) || last.plus_seconds(gap_seconds.into()) < next
}

/// The bindings of one stream, which may hold the records of several servers.
#[derive(Debug, Default)]
pub(super) struct Lives {
    rules: LifeRules,
    servers: Servers,
    told: Ended,
}

/// The servers of a stream.
#[derive(Debug, Default)]
struct Servers {
    servers: Vec<(Box<[u8]>, Server)>,
    by_host: HashMap<Box<[u8]>, usize, RandomState>,
    /// The one that was asked for last: most streams have but one.
    latest: usize,
}

impl Servers {
    fn get_mut(&mut self, host: &[u8]) -> Option<&mut Server> {
        if !self.latest().is_some_and(|(known, _)| is_same(known, host)) {
            self.latest = *self.by_host.get(host)?;
        }
        self.servers.get_mut(self.latest).map(|(_, server)| server)
    }

    fn latest(&self) -> Option<&(Box<[u8]>, Server)> {
        self.servers.get(self.latest)
    }

    fn insert(&mut self, host: &[u8], server: Server) {
        self.by_host.insert(host.into(), self.servers.len());
        self.servers.push((host.into(), server));
    }
}

impl Lives {
    /// Those of which nothing is proven are told of where they are wanted.
    pub fn new(rules: LifeRules, wants_unproven: bool) -> Self {
        Self { rules, told: Ended::new(wants_unproven), ..Self::default() }
    }

    /// One server was heard from, record after record.
    pub fn hear(&mut self, run: &Run<'_>) {
        match self.servers.get_mut(run.host) {
            Some(server) => server.hear(run),
            None => self.servers.insert(run.host, Server::new(run, self.rules)),
        }
    }

    /// Asks for what tells where a pair's binding stands, if it is one of the server that was asked for last.
    pub fn bring_place(&self, pair: Pair) {
        self.servers.latest().into_iter().for_each(|(_, server)| server.bring_place(pair));
    }

    /// Asks for that binding, where the memory before is near.
    pub fn bring_binding(&self, pair: Pair) {
        self.servers.latest().into_iter().for_each(|(_, server)| server.bring_binding(pair));
    }

    /// Takes one record that says something of a binding or of the server.
    pub fn record(&mut self, held: &Held<'_>, pairs: &mut Pairs) {
        // Whoever logs with a clock has been heard.
        let (Some(moment), Some(server)) = (held.moment, self.servers.get_mut(held.host)) else { return };
        let pair = match held.kind {
            Kind::Restart => return server.restart(moment),
            // These begin nothing and end nothing.
            Kind::Accepted | Kind::Gone => pairs.find(held.user, held.contact),
            _ => Some(pairs.number(held.user, held.contact)),
        };
        let Some(pair) = pair else { return };
        let record = Record { held, moment, pair };
        match held.kind {
            Kind::Bound => server.bound(record, &mut self.told),
            Kind::Refreshed | Kind::AgentSaved => server.refreshed(record),
            Kind::Accepted => server.seen_again(record),
            Kind::Unbound | Kind::Expired => server.removed(record, &mut self.told),
            Kind::Gone => server.gone(record),
            _ => {}
        }
    }

    /// Whether a server writes this stream whose bindings are followed.
    pub fn are_followed(&self) -> bool {
        !self.servers.servers.is_empty()
    }

    /// Whether a binding of that pair has not ended.
    pub fn has(&self, pair: Pair) -> bool {
        self.servers.servers.iter().any(|(_, server)| server.has(pair))
    }

    /// The stream is over: every life, in no order.
    pub fn finish(mut self) -> Ended {
        for (_, server) in self.servers.servers {
            server.finish(&mut self.told);
        }
        self.told
    }
}

#[cfg(test)]
mod tests;

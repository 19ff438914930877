//! The result of reading a part of the logs.

use super::{BareAors, Coverage, Evidence};
use crate::model::{Grade, Kind, Moment, Reject, RejectReason};
use crate::settle::Residue;
use crate::tally::Tally;
use std::collections::BTreeMap;

/// Rejected records are all counted, and so many of each part are listed.
const REJECTS_LISTED: usize = 100_000;

/// Where every record went: records are evidence by grade, recognised other, or rejected; lines
/// that open no known record are what is left of `lines`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Records {
    pub bytes: u64,
    pub lines: u64,
    /// Evidence by what recognised it and what it is.
    pub evidence: Evidence,
    /// Recognised, and no evidence of anything.
    pub other: u64,
    pub rejected: BTreeMap<RejectReason, u64>,
    /// Lines behind the first of records of many lines.
    pub continued: u64,
    /// Requests whose reply never came.
    pub unanswered: u64,
    /// Final replies whose request never came.
    pub unasked: u64,
    /// Retransmissions and repeated lines of one transaction.
    pub repeated: u64,
    pub first: Option<Moment>,
    pub last: Option<Moment>,
    /// Records without any clock.
    pub clockless: u64,
}

impl Records {
    /// Takes in another part's accounts.
    pub fn join(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.lines += other.lines;
        self.evidence.join(other.evidence);
        self.other += other.other;
        for (reason, count) in other.rejected {
            *self.rejected.entry(reason).or_default() += count;
        }
        self.continued += other.continued;
        self.unanswered += other.unanswered;
        self.unasked += other.unasked;
        self.repeated += other.repeated;
        self.first = match (self.first, other.first) {
            (Some(ours), Some(theirs)) => Some(ours.min(theirs)),
            (ours, theirs) => ours.or(theirs),
        };
        self.last = self.last.max(other.last);
        self.clockless += other.clockless;
    }

    /// All rejected records.
    pub fn rejected_total(&self) -> u64 {
        self.rejected.values().sum()
    }

    /// Pieces of evidence of that grade, before transactions are put together.
    pub fn graded(&self, grade: Grade) -> u64 {
        self.evidence.iter().filter(|(_, kind, _)| kind.grade() == grade).map(|(_, _, count)| count).sum()
    }

    /// Records of that kind.
    pub fn of_kind(&self, kind: Kind) -> u64 {
        self.evidence.iter().filter(|(_, known, _)| *known == kind).map(|(_, _, count)| count).sum()
    }

    /// Every record we know: evidence, other and rejected.
    pub fn known(&self) -> u64 {
        self.evidence.total() + self.other + self.rejected_total()
    }
}

/// What a part of the logs says: a block, a file, a shard, a night.
///
/// Everything but the residue joins in any order; the residue in the order of the stream.
#[derive(Debug, Clone, Default)]
pub struct Part {
    pub tally: Tally,
    pub residue: Residue,
    pub records: Records,
    pub rejects: Vec<Reject>,
    pub coverage: Coverage,
    pub bare: BareAors,
}

impl Part {
    /// Joins what follows in the stream.
    #[must_use]
    pub fn join(mut self, later: Self) -> Self {
        self.tally = self.tally.union(later.tally);
        self.residue.append(&later.residue);
        self.records.join(later.records);
        self.rejects.extend(later.rejects);
        // The first places are listed, whatever the order of joining.
        self.rejects.sort_unstable();
        self.rejects.truncate(REJECTS_LISTED);
        self.coverage.join(later.coverage);
        self.bare.join(later.bare);
        self
    }

    /// Counts a rejected record, and lists it while there is room.
    pub fn reject(&mut self, reject: Reject) {
        *self.records.rejected.entry(reject.reason).or_default() += 1;
        self.rejects.push(reject);
        if self.rejects.len() > 2 * REJECTS_LISTED {
            self.rejects.sort_unstable();
            self.rejects.truncate(REJECTS_LISTED);
        }
    }
}

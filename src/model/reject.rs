//! Records that look like evidence and cannot be used: data, never a failure.

use super::Spot;
use std::fmt;

/// One rejected record: where it stands and why it was rejected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reject {
    pub spot: Spot,
    pub reason: RejectReason,
    /// What recognised it.
    pub source: String,
}

/// Why a record was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectReason {
    /// Two places could be the start of the message, and one of them may be a stranger's text.
    Ambiguous,
    /// A field that must be there is missing or ends in mid-value.
    Truncated,
    /// No SIP-ID can be made of the address-of-record.
    NoIdentity,
    /// The stamp is no date or time that exists.
    BadTime,
    /// A number (expiry, code, CSeq) is none.
    BadNumber,
    /// The record is longer than a log record can be.
    TooLong,
    /// A JSON object that does not parse.
    BadJson,
}

impl RejectReason {
    /// Every reason, in the order of reports.
    pub const ALL: [Self; 7] = [
        Self::Ambiguous,
        Self::Truncated,
        Self::NoIdentity,
        Self::BadTime,
        Self::BadNumber,
        Self::TooLong,
        Self::BadJson,
    ];

    /// The name used in `rejects.csv`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ambiguous => "ambiguous",
            Self::Truncated => "truncated",
            Self::NoIdentity => "no-identity",
            Self::BadTime => "bad-time",
            Self::BadNumber => "bad-number",
            Self::TooLong => "too-long",
            Self::BadJson => "bad-json",
        }
    }
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

//! One thing that happened to one user, after identity and time are settled.

use super::{EvidenceKind, Hint, Moment, Spot, Standing};

/// The client of an observation, borrowed: an [`super::AgentKey`] before it is owned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AgentRef<'t> {
    /// The User-Agent as sent; `None` where there was no header or no record of one.
    pub text: Option<&'t [u8]>,
    pub hint: Hint,
    pub is_push_source: bool,
}

impl AgentRef<'_> {
    /// A client of which nothing is known.
    pub const UNKNOWN: Self = Self { text: None, hint: Hint::None, is_push_source: false };
}

/// One fact about one SIP-ID, ready to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation<'t> {
    /// Canonical bytes of the SIP-ID.
    pub user: &'t [u8],
    pub agent: AgentRef<'t>,
    pub standing: Standing,
    /// `None` where the log has no clock.
    pub moment: Option<Moment>,
    pub spot: Spot,
    pub evidence: EvidenceKind,
}

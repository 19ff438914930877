//! Users whose billing hangs on one choice of the operator.

use super::{Category, SipId};
use jiff::civil::Date;

/// A charge of one user in one cycle that another choice would make, or would not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flip {
    pub tenant: String,
    /// First day of the cycle.
    pub cycle: Date,
    pub category: Category,
    pub sip_id: SipId,
    /// Whether it is billed as things are; with the other choice it is the other way round.
    pub is_billed: bool,
}

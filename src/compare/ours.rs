//! What we bill, and what we have to say of those whom we do not.

use crate::model::{Category, EvidenceKind, Moment, Reason, SipId, Spot};

/// One user of ours: billed, or named by them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurUser {
    pub id: SipId,
    /// Number of the tenant; `None` where nobody claims the domain.
    pub tenant: Option<usize>,
    /// By category, each at most once.
    pub charges: Vec<OurCharge>,
    /// What was seen in the cycle and not charged.
    pub refusals: Vec<OurRefusal>,
    /// What would be billed in other cycles, the nearest before and the nearest after for each category.
    pub elsewhere: Vec<Elsewhere>,
}

impl OurUser {
    /// The charge in that category.
    pub fn charge(&self, category: Category) -> Option<&OurCharge> {
        self.charges.iter().find(|charge| charge.category == category)
    }
}

/// One charge of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurCharge {
    pub category: Category,
    pub evidence: EvidenceKind,
    pub spot: Option<Spot>,
    pub side_file_line: Option<u64>,
    pub registrations: u64,
    pub active_days: u32,
    pub first_seen: Option<Moment>,
    pub last_seen: Option<Moment>,
    pub is_push_only: bool,
}

/// Something seen in the cycle and not charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurRefusal {
    pub reason: Reason,
    pub would_be: Option<Category>,
    pub count: u64,
    pub first_seen: Option<Moment>,
    pub last_seen: Option<Moment>,
    pub spot: Option<Spot>,
    /// 1-based line of the side file, where that is what tells.
    pub side_file_line: Option<u64>,
}

/// On which side of the cycle something lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Before,
    After,
}

/// A charge that would be due in another cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    pub category: Category,
    pub side: Side,
    /// The last moment before the cycle or the first one after it; `None` where only the life of a binding tells.
    pub nearest: Option<Moment>,
    pub evidence: EvidenceKind,
    /// A record of that other cycle: its first.
    pub spot: Option<Spot>,
    pub side_file_line: Option<u64>,
}

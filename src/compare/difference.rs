//! What a comparison takes besides the lists, and what it gives.

use super::amounts::Stakes;
use super::class::DiffClass;
use crate::model::{Category, Cycle, SipId, SipIdRef, Spot};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What a comparison has to know besides the two lists.
pub struct Setting<'a> {
    pub cycle: &'a Cycle,
    /// The tenant that claims the user's domain.
    pub tenant_of: &'a dyn Fn(SipIdRef<'_>) -> Option<usize>,
    /// A tenant's name.
    pub tenant_name: &'a dyn Fn(usize) -> String,
    /// Whether their list is meant to name the users of that tenant.
    pub is_listed: &'a dyn Fn(usize) -> bool,
    /// What the logs of the cycle lack, as a sentence; `None` where they are whole.
    pub gap: Option<&'a str>,
}

/// What shows that a difference is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Their own list does.
    Nothing,
    /// The hours in which each host was heard from.
    Coverage,
    /// A record of a log.
    Record { kind: &'static str, spot: Spot },
    /// A row of a side file, by its line.
    SideFile { category: Category, line: u64 },
}

impl Proof {
    /// The name used in `differences.csv`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Coverage => "coverage",
            Self::Record { kind, .. } => kind,
            Self::SideFile { .. } => "side_file",
        }
    }
}

/// One row of theirs, or one charge of ours that no row names.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    pub class: DiffClass,
    pub reason: String,
    /// The user's own tenant, by its number.
    pub tenant: Option<usize>,
    /// The category that is in question: theirs where they name one.
    pub category: Option<Category>,
    pub id: Option<SipId>,
    /// Place of the row among theirs.
    pub row: Option<usize>,
    /// The charges of ours that the row takes.
    pub our_categories: Vec<Category>,
    pub our_amount: Option<Decimal>,
    /// What they charge beyond what is due; negative where they charge less.
    pub at_stake: Option<Decimal>,
    pub proof: Proof,
    pub detail: String,
}

/// The whole result.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Everything but the matches, sorted by class, tenant, category, user and row.
    pub differences: Vec<Difference>,
    /// Sorted likewise.
    pub matches: Vec<Difference>,
    /// Every class that occurs.
    pub by_class: BTreeMap<DiffClass, Stakes>,
    /// Rows of theirs.
    pub rows: u64,
}

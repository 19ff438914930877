//! A correction: what a final invoice lacks or has too much, as a document of its own.

use super::{Cycle, FinalMark, Money};

/// The difference between a cycle billed again and all that is final of it already.
///
/// The final documents and the correction add up to the new bill, line by line and in every sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// `<tenant>-<cycle start>-correction-<number>`.
    pub id: String,
    pub tenant: String,
    pub cycle: Cycle,
    /// Numbers of the documents that it adds to, the invoice first.
    pub corrects: Vec<String>,
    pub lines: Vec<CorrectionLine>,
    pub net: Money,
    pub tax: Money,
    pub total: Money,
    pub carried_forward: Money,
    pub final_mark: FinalMark,
}

/// By how much a group of lines differs: one group for each kind and category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionLine {
    /// 1-based.
    pub line: u32,
    /// The name used in `invoice.csv`.
    pub kind: String,
    pub category: Option<String>,
    pub description: String,
    pub quantity: i64,
    pub amount: Money,
}

/// A user who is billed for a category now and was not, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UserChange {
    /// The two as `users.csv` writes them.
    pub category: String,
    pub sip_uri: String,
    pub is_added: bool,
}

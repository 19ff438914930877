//! The invoice: numbered lines whose amounts add up to the total.

use super::{Category, Cycle, Money, Usage};
use jiff::civil::Date;
use rust_decimal::Decimal;

/// What an invoice line is for, in the order of the invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LineKind {
    Setup,
    Feature,
    /// Users at a price (one line a tier).
    Charge,
    /// Users that the charge includes at no price.
    Included,
    /// A discount on one charge's subtotal.
    Discount,
    /// The rest up to a charge's minimum.
    Minimum,
    /// A fixed adjustment or a credit, before tax.
    Adjustment,
    Credit,
    /// What earlier invoices carried forward, before tax.
    BroughtForward,
    Tax,
}

impl LineKind {
    /// The name used in `invoice.csv`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Feature => "feature",
            Self::Charge => "charge",
            Self::Included => "included",
            Self::Discount => "discount",
            Self::Minimum => "minimum",
            Self::Adjustment => "adjustment",
            Self::Credit => "credit",
            Self::BroughtForward => "brought_forward",
            Self::Tax => "tax",
        }
    }
}

/// One line: quantity times unit price, rounded, is the amount; or the amount alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    /// 1-based.
    pub line: u32,
    pub kind: LineKind,
    /// The charge it belongs to, where it belongs to one.
    pub category: Option<Category>,
    pub description: String,
    pub quantity: u64,
    /// As written in the book, with its own digits; `None` where the line has no price per unit.
    pub unit_price: Option<Decimal>,
    pub amount: Money,
}

/// Users who are billed on evidence that deserves a second look, printed as a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserNote {
    pub category: Category,
    /// `push_only`, `sustained_open`, `sustained_closed`.
    pub kind: &'static str,
    pub users: u64,
    /// What the category's charge would be less without them, before tax.
    pub amount: Money,
}

/// What the tenant's final invoices before this one say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct History {
    /// Whether no invoice came before; `None` where nobody keeps a ledger.
    pub is_first: Option<bool>,
    /// What they carried forward and no invoice has borne yet; below zero, what is still owed.
    pub brought_forward: Decimal,
    /// First day of the skipped cycles that this one follows, where it follows any: what was due once in them is due
    /// now.
    pub skipped_from: Option<Date>,
    /// First days of the cycles that have an invoice already.
    pub invoiced: Vec<String>,
}

/// What makes an invoice final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalMark {
    /// The number from the ledger, with the book's prefix.
    pub number: String,
    /// Digest of the ledger's last entry before the invoices that were issued together with this one.
    pub head_digest: String,
}

/// One tenant's bill for one cycle.
///
/// Lines but the tax sum to `net`, and `net` plus tax is `total`: asserted in release builds
/// where an invoice is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// `<tenant>-<cycle start>`; final invoices get a gapless number besides, from the ledger.
    pub id: String,
    pub tenant: String,
    pub cycle: Cycle,
    /// The cycle has not ended in the logs.
    pub is_partial: bool,
    pub usage: Usage,
    pub lines: Vec<InvoiceLine>,
    pub net: Money,
    pub tax: Money,
    pub total: Money,
    /// Discounts and credits that the net could not bear, for the next invoice.
    pub carried_forward: Money,
    pub notes: Vec<UserNote>,
    /// Things the reader should know (a setup fee without a date, say).
    pub warnings: Vec<String>,
    /// `None` on a draft.
    pub final_mark: Option<FinalMark>,
}

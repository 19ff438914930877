//! What a price book says, after a tenant's overrides: the words of rating as plain values.
//!
//! `book` makes these from TOML and has already refused what makes no sense (negative prices,
//! tiers out of order, two charges of one category).

use crate::model::{Category, Currency, Rounding};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

/// How cycles follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarSpec {
    pub kind: CalendarKind,
    /// First day of cycle 0, local to `zone`.
    pub anchor: Date,
    pub zone: TimeZone,
    /// Later days on which counting starts again at day 0; ascending, all after `anchor`.
    pub restarts: Vec<Date>,
    /// What a cycle costs that a restart cut short.
    pub short_cycle: ShortCycle,
}

/// The length of a cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarKind {
    /// So many local days (1 to 62).
    Days(u16),
    /// From the anchor's day of one month to the same day of the next; a month without that day
    /// uses its last one, and the day after returns to the anchor's own.
    Month,
}

/// What becomes of a cycle that a restart cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShortCycle {
    /// Full price.
    Full,
    /// Monthly prices by the day: times days, divided by a full cycle's days.
    Daily,
    /// Not billed at all.
    Skip,
}

/// All that rating knows of one tenant's prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tariff {
    pub currency: Currency,
    pub rounding: Rounding,
    pub setup: Vec<Setup>,
    pub features: Vec<Feature>,
    /// At most one a category, in book order.
    pub charges: Vec<Charge>,
    pub adjusts: Vec<Adjust>,
    pub tax: Option<Tax>,
    pub short_cycle: ShortCycle,
}

/// The one-time fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    pub description: String,
    pub price: Decimal,
    /// Charged in the cycle that holds this day; without it not charged, and a warning.
    pub first_cycle: Option<Date>,
}

/// A feature with a monthly price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    pub name: String,
    pub price: Decimal,
    pub enabled: bool,
}

/// A per-user charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    pub category: Category,
    pub enabled: bool,
    pub model: PriceModel,
    /// Users at no price, taken off before the tiers start.
    pub included: u64,
    /// Due even at zero users, as a line of its own; not when the charge is disabled.
    pub minimum: Option<Decimal>,
    /// First day on which the charge is made; a cycle counts by its first day.
    pub enabled_from: Option<Date>,
    /// First day on which it is made no longer.
    pub enabled_until: Option<Date>,
    /// Messaging only.
    pub basis: MessagingBasis,
    /// Path of the CSV of hosts or messaging users, relative to the book.
    pub side_file: Option<String>,
}

/// How a quantity becomes a price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceModel {
    /// Every user at one price.
    Flat { price: Decimal },
    /// Each user at the price of the tier that user falls into.
    Graduated { tiers: Vec<Tier> },
    /// All users at the price of the tier that their number reaches.
    Volume { tiers: Vec<Tier> },
    /// Packages of so many users, begun ones in full.
    Package { size: u64, price: Decimal },
}

/// A tier: users up to and including `upto`; the last tier has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tier {
    pub upto: Option<u64>,
    pub price: Decimal,
}

/// A discount, a fixed adjustment or a credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjust {
    pub kind: AdjustKind,
    pub description: Option<String>,
    /// Percent: of the charge's subtotal. Fixed: amount off per cycle (negative adds). Credit: amount off, once.
    pub value: Decimal,
    /// Percent only; never setup, never features.
    pub applies_to: Vec<Category>,
    /// First day on which it holds; a cycle counts by its first day.
    pub from: Option<Date>,
    /// Last day on which it holds, inclusive.
    pub until: Option<Date>,
    /// Credit only: a day inside the cycle it belongs to.
    pub cycle: Option<Date>,
}

/// The three adjustments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdjustKind {
    Percent,
    Fixed,
    Credit,
}

/// A tax on the rounded net.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tax {
    pub label: String,
    /// In percent.
    pub rate: Decimal,
}

/// What counts as activity, for deciding who is billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activity {
    pub no_agent: NoAgent,
    pub push_server: PushServer,
    pub sustained: Sustained,
    /// Regular expressions on `user@domain`: seen and listed, never charged.
    pub exclude: Vec<String>,
    pub cross_category: CrossCategory,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            no_agent: NoAgent::Refuse,
            push_server: PushServer::Count,
            sustained: Sustained::Open,
            exclude: Vec::new(),
            cross_category: CrossCategory::Each,
        }
    }
}

/// What becomes of a user without any User-Agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoAgent {
    /// No bill at all, when more than 1 % of the accepted SIP-IDs have none.
    Refuse,
    /// Listed as unbilled.
    Report,
    /// Billed as generic.
    Generic,
    /// Billed as desktop.
    Desktop,
}

/// Whether a user seen only through a push server counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushServer {
    Count,
    Ignore,
}

/// Which sustained bindings count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sustained {
    /// Those that ended in the logs, and those still open.
    Open,
    /// Only those that ended.
    Closed,
    /// None, but they are listed.
    Report,
    /// None.
    Ignore,
}

/// A user seen on a phone and on a desktop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrossCategory {
    /// One generic and one desktop user.
    Each,
    /// One generic user.
    Once,
}

/// What makes somebody a messaging user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessagingBasis {
    /// Listed in the side file, and registered in the cycle.
    Registration,
    /// The rows of the side file themselves are the use.
    Listed,
    /// An accepted MESSAGE sent.
    Use,
}

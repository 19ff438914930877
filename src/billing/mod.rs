//! The calendar of cycles, the decision who is billed, and rating.
//!
//! Pure: quantities and decisions in, an invoice out. [`rate()`] never sees a SIP-ID, a clock or a
//! float; it knows a tariff and a usage.

mod adjust;
mod calendar;
mod decide;
mod price;
mod rate;
mod tariff;

pub use calendar::Calendar;
pub use decide::{Decider, Listing};
pub use rate::{charge_for, rate, rate_after, unit_prices};
pub use tariff::{
    Activity, Adjust, AdjustKind, CalendarKind, CalendarSpec, Charge, CrossCategory, Feature, MessagingBasis,
    NoAgent, PriceModel, PushServer, Setup, ShortCycle, Sustained, Tariff, Tax, Tier,
};

//! The calendar of cycles, the decision who is billed, and rating.
//!
//! Pure: quantities and decisions in, an invoice out. [`rate`] never sees a SIP-ID, a clock or a
//! float; it knows a tariff and a usage.

mod tariff;

pub use tariff::{
    Activity, Adjust, AdjustKind, CalendarKind, CalendarSpec, Charge, CrossCategory, Feature, MessagingBasis,
    NoAgent, PriceModel, PushServer, Setup, ShortCycle, Sustained, Tariff, Tax, Tier,
};

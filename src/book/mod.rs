//! The price book: TOML, read once, into one small policy per room; all problems at once.
//!
//! Owns the spelling of the book: which keys there are, which values they take, what a tenant
//! may override, and what to say where something is wrong. Does not own what the values mean:
//! the types it fills belong to the rooms that use them. A reader takes one table as a
//! `section`, asks for every key it knows, and only then gives up; copy `quality` to add a
//! table.

mod activity;
mod calendar;
mod charges;
mod config;
mod currency;
mod document;
mod fees;
mod ledger;
mod letterhead;
mod load;
mod names;
mod patterns;
mod platforms;
mod problems;
#[cfg(test)]
mod properties;
mod quality;
mod scope;
mod section;
mod show;
mod starter;
mod tenants;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod value;
mod vendor_map;
mod versions;

pub use config::{COVERAGE_GAP_DEFAULT, Config, Logs, MAX_EXPIRY_DEFAULT, Source, YearRule};
pub use ledger::{LEDGER_DEFAULT, LedgerSpec};
pub use load::Edition;
pub use load::{Book, load_patterns};
pub use problems::{BookError, Problem};
pub use quality::Quality;
pub use show::show;
pub use starter::STARTER;
pub use tenants::Tenant;
pub use value::Zone;
pub use vendor_map::load_vendor_map;

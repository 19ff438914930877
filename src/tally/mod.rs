//! The distinct exact sets and their union: commutative, nothing in it depends on order but which
//! of a transaction's records is the one that counts.
//!
//! A [`Tally`] is a value: two of them join in any order to the same third, so it can be counted
//! per part of the logs, written to a file and shipped between machines. Keys are compared byte
//! for byte; a hash only finds the place to compare. Workers write what their blocks say into
//! [`Observed`], and the tally takes these, part by part on all cores.

mod clients;
mod entry;
mod faint;
mod observed;
mod part;
mod repeats;
mod table;
mod users;

pub use entry::Entry;
pub use faint::LISTED_USERS;
pub use observed::{Numbering, Observed, transaction};
pub use part::Entries;
pub use table::{ByUser, Share, Slot, Tally};

//! The distinct exact sets and their union: commutative, nothing in it depends on order.
//!
//! A [`Tally`] is a value: two of them join in any order to the same third, so it can be counted
//! per worker, written to a file and shipped between machines. Keys are compared byte for byte;
//! a hash only finds the place to compare.

mod faint;
mod interner;
mod table;
mod users;

pub use faint::LISTED_USERS;
pub use interner::Interner;
pub use table::{ByUser, Entry, Slot, Tally};

//! An operator's own line, told by a regular expression or by the fields of a JSON object.
//!
//! [`Pattern::read`] is given a record's message from where it may start and never searches in it:
//! what stands further inside may be a stranger's text.

mod compile;
mod field;
mod json;
mod list;
mod literal;
mod lowered;
mod meaning;
#[cfg(test)]
mod meaning_tests;
#[cfg(test)]
mod real_logs_tests;
mod spec;
mod time;

pub use super::outcome::Outcome;
pub use compile::{Pattern, PatternError, PatternFault, Scratch};
pub use list::Patterns;
pub use spec::{PatternEvent, PatternSpec};

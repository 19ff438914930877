//! An operator's own line, told by a regular expression or by the fields of a JSON object.
//!
//! [`Pattern::read`] is given a record's message from where it may start and never searches in it:
//! what stands further inside may be a stranger's text.

mod compile;
mod field;
mod json;
mod list;
mod literal;
mod meaning;
#[cfg(test)]
mod meaning_tests;
#[cfg(test)]
mod real_logs_tests;
mod spec;
mod time;

pub use compile::{Outcome, Pattern, PatternError, PatternFault, Scratch};
pub use list::Patterns;
pub use spec::{PatternEvent, PatternSpec};

use super::message::Outcome;
use crate::model::Event;

#[derive(Debug)]
pub struct Pattern;

impl Pattern {
    pub fn name(&self) -> &str {
        ""
    }
    pub fn needle(&self) -> &[u8] {
        b"REG-OK"
    }
    pub fn read<'t>(&'t self, _text: &'t [u8], _event: &mut Event<'t>, _scratch: &'t mut Vec<u8>) -> Outcome {
        Outcome::NoMatch
    }
}

impl Pattern {
    pub fn compile(_spec: &PatternSpec) -> Result<Self, String> {
        Ok(Self)
    }
}

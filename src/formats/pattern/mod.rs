//! An operator's own line, told by a regular expression or by the fields of a JSON object.

mod spec;

pub use spec::{PatternEvent, PatternSpec};

//! The pattern file that an operator's own lines would need, drafted from the lines.
//!
//! [`Suggester`] takes the messages that nothing reads yet, groups those that look like
//! registrations into templates and names their fields by what they look like; [`draft`] writes
//! the pattern file. Whether a line is printed after the server accepted is nowhere in the line,
//! so that answer is left open. This room knows neither files nor frames.

mod anchor;
mod draft;
mod grow;
mod line;
mod name;
#[cfg(test)]
mod round_trip;
mod shape;
mod sketch;
mod suggester;
mod template;
#[cfg(test)]
mod tests;
mod token;
mod values;
mod words;

pub use draft::draft;
pub use suggester::{Suggester, Suggestion};
pub use template::{Example, Template};

//! Bytes of a block to events. Two axes kept apart: *frames* (what syslog, journald, Docker,
//! Kamailio and Asterisk put in front) and *messages* (what the text says).
//!
//! Never fails and never allocates per line.

pub mod contact;
pub mod frame;
mod json;
pub mod line_marks;
pub mod lines;
pub mod message;
pub mod needles;
mod outcome;
pub mod pattern;
pub mod scan;
mod sieve;
pub mod sip;
pub mod snapshot;
pub mod stamp;
mod text;
mod words;

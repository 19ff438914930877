//! All that depends on *order*: request and reply halves, retransmissions, User-Agent ties, the
//! role of a channel, one acceptance told twice.
//!
//! The scan keeps such records in a [`Residue`], owned and in the order of the stream; a
//! [`Settler`] takes residues in that order and tells of each [`Observation`] it can prove. What
//! it waits for runs out by distance in the log (time, or records where there is no clock), never
//! by block, so nothing it says depends on how the bytes were cut.
//!
//! [`Observation`]: crate::model::Observation

mod joins;
mod peers;
mod residue;
mod settler;
mod transactions;

pub use residue::{Asks, Held, Residue};
pub use settler::{Counts, Settler};

//! All that depends on *order*: request and reply halves, retransmissions, User-Agent ties, the
//! role of a channel, one acceptance told twice, bindings that live on in silence.
//!
//! The scan keeps such records in a [`Residue`], owned and in the order of the stream; a
//! [`Settler`] takes residues in that order and tells of each [`Observation`] it can prove. What
//! it waits for runs out by distance in the log (time, or records where there is no clock), never
//! by block, so nothing it says depends on how the bytes were cut.
//!
//! [`Observation`]: crate::model::Observation

mod calls;
mod joins;
mod lives;
mod pairs;
mod peers;
mod residue;
mod settler;
mod ties;
mod transactions;

pub use lives::{Life, LifeRules, Piece};
pub use residue::{Asks, Held, Residue, Run};
pub use settler::{Counts, Settler};

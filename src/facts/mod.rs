//! What a part of the logs says: a [`Part`] holds a tally, a residue and the accounts, joins with
//! its neighbours, and is what one machine sends to another.

mod bare;
mod coverage;
mod evidence;
mod part;

pub use bare::BareAors;
pub use coverage::Coverage;
pub use evidence::Evidence;
pub use part::{Part, Records};

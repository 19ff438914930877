//! The order of the work; the only place where neighbours meet.

pub mod audit;
pub mod bench;
pub mod bill;
mod capture;
pub mod census;
pub mod clock;
pub mod collect;
pub mod duplicates;
pub mod edge;
pub mod explain;
pub mod fold;
pub mod lists;
pub mod lives;
pub mod plan;
pub mod probe;
pub mod quote;
mod rank;
pub mod roll;
pub mod scan;
mod servers;
pub mod setup;
mod siblings;
mod snapshot;
pub mod suggest;
pub mod survey;
pub mod trace;
pub mod years;

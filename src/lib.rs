//! siptally: who used the softphone in this cycle, on which platforms, what does that cost,
//! and which line of which log proves it.

pub mod billing;
pub mod book;
pub mod cli;
pub mod facts;
pub mod formats;
pub mod identity;
pub mod model;
pub mod pipeline;
pub mod platform;
pub mod read;
pub mod report;
pub mod settle;
pub mod tally;

//! The order of the work; the only place where neighbours meet.

pub mod clock;
pub mod years;

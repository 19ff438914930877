//! The order of the work; the only place where neighbours meet.

//! SIP messages that a log holds whole: the message itself ([`message`]) and the ways in which
//! servers and tools write it down ([`dump`], [`siptrace`]), and what a message tells of a registration
//! ([`event`]).

pub mod dump;
mod ends;
pub mod event;
mod extent;
mod header;
pub mod message;
pub mod opener;
pub mod siptrace;

//! Captures: from the bytes of a pcap or pcapng file to whole SIP messages.
//!
//! The packets rise through `container` (records with a number, a time and a link type), `link`
//! (Ethernet and its relatives down to IP), `fragment` (datagrams in pieces) and `tcp` (streams
//! put in order, and messages carved from them by `carve`). `messages` is where these meet.
//! This folder knows how a SIP message starts and where it ends, and nothing else of SIP. What
//! it passes over it counts. All memory is bounded, whatever the bytes say.

mod carve;
mod container;
mod counts;
mod fragment;
mod link;
mod messages;
mod start_line;
mod tcp;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use container::is_capture;
pub use counts::Counts;
pub use messages::{Capture, Message, Transport};

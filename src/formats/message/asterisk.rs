//! Asterisk about itself: the banner at the head of every file, and a start.
//!
//! The banner is no restart (it heads every rotated file). `Asterisk PBX Core Initializing`, early in
//! a start, and `Asterisk Ready` at its end are: what stands between is the new server's.

use super::{Message, Outcome, Text};
use crate::model::{Event, Kind};

pub(super) const MESSAGE: Message = Message {
    name: "asterisk-start",
    needles: &[b" built by ", b"Asterisk Ready", b"PBX Core Initializing"],
    read,
};

fn read<'t>(text: &Text<'t, '_>, event: &mut Event<'t>) -> Outcome {
    let is_start = (text.is_from(b"asterisk.c") && text.text.starts_with(b"Asterisk Ready"))
        || (text.is_from(b"pbx.c") && text.text.starts_with(b"Asterisk PBX Core Initializing"));
    if is_start {
        event.kind = Kind::Restart;
        return Outcome::Event;
    }
    let is_banner = text.text.starts_with(b"Asterisk ")
        && text.is_from(b"logger.c")
        && memchr::memmem::find(text.text, b" built by ").is_some();
    if is_banner { Outcome::Other } else { Outcome::NoMatch }
}

//! Asterisk about itself: the banner at the head of every file, and a start.
//!
//! The banner is no restart (it heads every rotated file); `Asterisk Ready` is.

use super::{Message, Outcome, Text};
use crate::model::{Event, Kind};

pub(super) const MESSAGE: Message =
    Message { name: "asterisk-start", needles: &[b" built by ", b"Asterisk Ready"], read };

fn read<'t>(text: &Text<'t, '_>, event: &mut Event<'t>) -> Outcome {
    if text.is_from(b"asterisk.c") && text.text.starts_with(b"Asterisk Ready") {
        event.kind = Kind::Restart;
        return Outcome::Event;
    }
    let is_banner = text.text.starts_with(b"Asterisk ")
        && text.is_from(b"logger.c")
        && memchr::memmem::find(text.text, b" built by ").is_some();
    if is_banner { Outcome::Other } else { Outcome::NoMatch }
}

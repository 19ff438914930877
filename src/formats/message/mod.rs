//! What the text of a record says, once its framing is off.
//!
//! One file a server and module. Each [`Message`] names its needles (the literals that the scan
//! searches for) and a reader that is anchored at the record's start, parses the fields in the
//! server's fixed order and prefers refusing to guessing: Call-IDs, headers and User-Agents are
//! a stranger's text. To add one, copy `kamailio.rs` and add it to [`MESSAGES`].

mod acc;
mod asterisk;
mod chan_sip;
mod conference;
mod flexisip;
mod freeswitch;
mod journald;
mod kamailio;
mod kazoo;
mod opensips;
mod pjsip;
pub(super) mod reg_ok;
mod security;

use super::frame::{Origin, Record};
pub use super::outcome::Outcome;
use super::words::Marked;
use crate::model::Event;

/// One possible start of a record's message.
#[derive(Debug, Clone, Copy)]
pub struct Text<'t, 'r> {
    /// From the start to the record's end.
    pub text: &'t [u8],
    pub origin: Origin<'t>,
    pub record: &'r Record<'t>,
    /// The marks of its line, where it is a part of that.
    pub marked: Option<Marked<'r>>,
}

impl Text<'_, '_> {
    /// Whether that source file of Asterisk wrote it; a console's verbose line names none.
    fn is_from(&self, file: &[u8]) -> bool {
        match self.origin {
            Origin::File(name) => name == file,
            Origin::Console => true,
            _ => false,
        }
    }
}

/// A kind of message that is recognised out of the box.
pub struct Message {
    /// Name in reports (`explain`, `rejects.csv`, `probe`).
    pub name: &'static str,
    /// Literals of letters, digits, space, `=`, `'`, `:` and the like, which no frame escapes.
    /// Every record of this kind holds one of them.
    pub needles: &'static [&'static [u8]],
    /// Reads the text; fills the event where it returns [`Outcome::Event`].
    pub read: for<'t> fn(&Text<'t, '_>, &mut Event<'t>) -> Outcome,
}

/// Has every line opened that a container's runtime (CRI) has cut: a literal may stand in two of its parts. What the whole line says is
/// then read by the message it spells.
const PARTS: Message =
    Message { name: "cri-parts", needles: &[b" stdout P ", b" stderr P "], read: |_, _| Outcome::NoMatch };

/// Every kind of message. No two of them recognise one text.
pub static MESSAGES: &[Message] = &[
    reg_ok::MESSAGE,
    acc::MESSAGE,
    kamailio::REGISTRAR,
    kamailio::ATTEMPT,
    kazoo::MESSAGE,
    opensips::MESSAGE,
    chan_sip::MESSAGE,
    pjsip::MESSAGE,
    security::MESSAGE,
    conference::MESSAGE,
    asterisk::MESSAGE,
    freeswitch::MESSAGE,
    journald::BYTES,
    PARTS,
    flexisip::MESSAGE,
];

#[cfg(test)]
mod tests;

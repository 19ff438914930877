//! Kazoo's Kamailio configuration (`registrar-role.cfg`), which logs after `save()`.
//!
//! Grade B: the line has neither AOR nor User-Agent; the user is the Contact's.

use super::{Message, Outcome, Text};
use crate::formats::contact::{Lifetime, first_user, lifetimes};
use crate::formats::text::{number, occurrences, split_last, split_once};
use crate::model::{Aor, Event, Kind, RejectReason};

pub(super) const MESSAGE: Message = Message {
    name: "kazoo",
    needles: &[b"registration with contact : ", b"registered for contact : "],
    read,
};

fn read<'t>(text: &Text<'t, '_>, event: &mut Event<'t>) -> Outcome {
    // `|<call-id>|<file>:<line> (<route>) end - …`: Kazoo's own prefix, with a stranger's Call-ID.
    let said = match text.text.strip_prefix(b"|") {
        Some(rest) => match split_once(rest, b") end - ") {
            Some((prefix, said)) if occurrences(text.text, b") end - ", 2) == 1 => {
                let Some((call_id, _)) = split_last(prefix, b"|") else { return Outcome::NoMatch };
                event.call_id = call_id;
                said
            }
            Some(_) => return Outcome::Reject(RejectReason::Ambiguous),
            None => return Outcome::NoMatch,
        },
        None => match text.text.strip_prefix(b"end - ") {
            Some(said) => said,
            None => return Outcome::NoMatch,
        },
    };
    let accepted = [
        &b"new registration with contact : "[..],
        b"updated registration with contact : ",
        b"successful re-registration with contact : ",
    ]
    .iter()
    .find_map(|head| said.strip_prefix(*head));
    let (contact, is_accepted) = match accepted {
        Some(contact) => (contact, true),
        None => match said.strip_prefix(b"successful unregistered for contact : ") {
            Some(contact) => (contact, false),
            None => return Outcome::NoMatch,
        },
    };
    let (contact, expires) = match split_last(contact, b" : ") {
        Some((contact, seconds)) => (contact, number(seconds)),
        None => (contact, None),
    };
    let Some(user) = first_user(contact) else { return Outcome::Reject(RejectReason::NoIdentity) };
    event.aor = Aor::Name(user);
    event.contact = contact;
    event.expires_seconds = expires;
    event.kind = match lifetimes(contact, expires) {
        Lifetime::Live if is_accepted => Kind::Accepted,
        _ => Kind::Deregistered,
    };
    Outcome::Event
}

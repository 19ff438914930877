//! Conference hosts in Asterisk's dialplan trace (`pbx.c : pbx_extension_helper`).
//!
//! ConfBridge prints no role. It shows in the name of the user profile (its third argument), in
//! a `CONFBRIDGE(user,admin)=yes` set on the channel just before, or in MeetMe's option `a`.

use super::{Message, Outcome, Text};
use crate::formats::text::{between, split_last, split_once};
use crate::model::{Aor, Event, Kind, RejectReason};

pub(super) const MESSAGE: Message = Message {
    name: "asterisk-conference",
    needles: &[b" ConfBridge(", b"CONFBRIDGE(user", b" MeetMe("],
    read,
};

fn read<'t>(text: &Text<'t, '_>, event: &mut Event<'t>) -> Outcome {
    let Some(rest) = text.text.strip_prefix(b"Executing [") else { return Outcome::NoMatch };
    if !text.is_from(b"pbx.c") {
        return Outcome::NoMatch;
    }
    let Some((extension, call)) = split_once(rest, b"] ") else {
        return Outcome::Reject(RejectReason::Truncated);
    };
    let Some((application, arguments)) = split_once(call, b"(\"") else { return Outcome::NoMatch };
    if !matches!(application, b"ConfBridge" | b"MeetMe" | b"Set") {
        return Outcome::NoMatch;
    }
    let Some(arguments) = arguments.strip_suffix(b"\") in new stack") else {
        return Outcome::Reject(RejectReason::Truncated);
    };
    // The extension is what the caller dialled: one with a quote in it may hold a call of its own.
    if extension.contains(&b'"') || holds_call(arguments) {
        return Outcome::Reject(RejectReason::Ambiguous);
    }
    let Some((channel, arguments)) = split_once(arguments, b"\", \"") else { return Outcome::Other };
    let Some(endpoint) = endpoint(channel) else { return Outcome::Other };
    event.aor = Aor::Name(endpoint);
    event.thread = channel;
    let mut fields = arguments.split(|byte| *byte == b',');
    event.kind = match application {
        b"Set" => match role(arguments) {
            Some(true) => Kind::ConferenceRole,
            _ => return Outcome::Other,
        },
        b"ConfBridge" if fields.nth(2).is_some_and(is_host_profile) => Kind::ConferenceHost,
        b"MeetMe" if fields.nth(1).is_some_and(|options| options.contains(&b'a')) => Kind::ConferenceHost,
        _ => Kind::ConferenceGuest,
    };
    Outcome::Event
}

/// Whether what follows an extension stands in there once more, `] NoOp("` say: then nothing tells which
/// of the two calls is the server's and which was dialled.
fn holds_call(arguments: &[u8]) -> bool {
    memchr::memmem::find_iter(arguments, b"] ").any(|at| {
        let call = &arguments[at + 2..];
        let name = call.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        name > 0 && call[name..].starts_with(b"(\"")
    })
}

/// `PJSIP/1001-00000012` is the endpoint `1001`; an endpoint's name may hold dashes of its own.
fn endpoint(channel: &[u8]) -> Option<&[u8]> {
    let name = channel.strip_prefix(b"PJSIP/").or_else(|| channel.strip_prefix(b"SIP/"))?;
    let (name, serial) = split_last(name, b"-")?;
    let is_serial = serial.len() == 8 && serial.iter().all(u8::is_ascii_hexdigit);
    (is_serial && !name.is_empty() && name != b"anonymous").then_some(name)
}

/// Whether the assignment gives the host's role; `None` where it is about something else.
fn role(assignment: &[u8]) -> Option<bool> {
    let (what, value) = between(assignment, b"CONFBRIDGE(user,", b")=")?;
    matches!(what, b"admin" | b"marked").then(|| matches!(value, b"yes" | b"true" | b"1" | b"on"))
}

/// A user profile whose name has one of the words for a host.
fn is_host_profile(profile: &[u8]) -> bool {
    const WORDS: [&[u8]; 6] = [b"host", b"admin", b"leader", b"marked", b"moderator", b"owner"];
    profile
        .split(|byte| !byte.is_ascii_alphanumeric())
        .any(|word| WORDS.iter().any(|host| word.eq_ignore_ascii_case(host)))
}

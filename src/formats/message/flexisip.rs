//! Flexisip's registration events, a file a user and day:
//! `<Registered|Unregistered|Registration expired> <display> <<From URI>> (<contact>) <User-Agent>`.
//!
//! The writer appends a failed REGISTER to the same file in the same words, and only repeats it
//! below `errors/registers/<code>`. So no line of it proves an acceptance: it is an attempt.

use super::{Message, Outcome, Text};
use crate::formats::text::split_once;
use crate::model::{AgentText, Aor, Dialect, Event, Kind, RejectReason};

pub(super) const MESSAGE: Message = Message {
    name: "flexisip-event",
    needles: &[b": Registered ", b": Unregistered ", b": Registration expired "],
    read,
};

fn read<'t>(text: &Text<'t, '_>, event: &mut Event<'t>) -> Outcome {
    if text.record.dialect != Dialect::Flexisip {
        return Outcome::NoMatch;
    }
    let kinds: [(&[u8], Kind); 3] = [
        (b"Registered ", Kind::Attempt),
        (b"Unregistered ", Kind::Deregistered),
        (b"Registration expired ", Kind::Expired),
    ];
    let found = kinds.iter().find_map(|(label, kind)| Some((text.text.strip_prefix(*label)?, *kind)));
    let Some((rest, kind)) = found else { return Outcome::NoMatch };
    let uri = after_display(rest).and_then(|rest| split_once(rest, b">"));
    let Some((uri, rest)) = uri else { return Outcome::Reject(RejectReason::Truncated) };
    let (contact, agent) = match rest.strip_prefix(b" (").and_then(|rest| split_once(rest, b") ")) {
        Some((contact, agent)) => (contact, agent),
        // Without a contact the User-Agent follows at once.
        None => (&b""[..], rest),
    };
    event.kind = kind;
    event.aor = Aor::Uri(uri);
    event.contact = contact;
    event.agent = if agent.is_empty() { AgentText::Missing } else { AgentText::Text(agent) };
    Outcome::Event
}

/// What follows the bracket that opens the URI. A quoted display name is a stranger's and may hold
/// brackets of its own; one without quotes cannot.
fn after_display(text: &[u8]) -> Option<&[u8]> {
    let rest = match text.strip_prefix(b"\"") {
        Some(quoted) => {
            let mut at = 0;
            loop {
                at += memchr::memchr2(b'"', b'\\', quoted.get(at..)?)?;
                if quoted[at] == b'"' {
                    break &quoted[at + 1..];
                }
                at += 2;
            }
        }
        None => &text[memchr::memmem::find(text, b" <")?..],
    };
    rest.strip_prefix(b" <")
}

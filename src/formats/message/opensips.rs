//! OpenSIPS' usrloc events as `event_flatstore` writes them, one line each, values in the order
//! `domain, aor, uri, received, path, qval, user_agent, socket, bflags, expires, callid, cseq,
//! attr, latency, shtag`.
//!
//! INSERT and UPDATE are grade A: they fire after the binding is stored. Values are not escaped,
//! so fields are counted from both ends and the User-Agent is what is left between; a comma in a
//! URI or Call-ID moves them, which the numbers among them show. The line carries no clock.

use super::{Message, Outcome, Text};
use crate::model::{AgentText, Aor, Dialect, Event, Kind, RejectReason};

pub(super) const MESSAGE: Message = Message { name: "opensips-event", needles: &[b"E_UL_"], read };

const BEFORE_AGENT: usize = 7;
const AFTER_AGENT: usize = 8;

fn read<'t>(text: &Text<'t, '_>, event: &mut Event<'t>) -> Outcome {
    if text.text.starts_with(b"E_UL_AOR_INSERT,") || text.text.starts_with(b"E_UL_AOR_DELETE,") {
        // Once an AOR, however many contacts come and go.
        return Outcome::Other;
    }
    let Some(rest) = text.text.strip_prefix(b"E_UL_CONTACT_") else { return Outcome::NoMatch };
    let what = rest.split(|byte| *byte == b',').next().unwrap_or_default();
    let kind = match what {
        b"INSERT" | b"UPDATE" => Kind::Accepted,
        b"DELETE" => Kind::Expired,
        // A push wake-up, not a registration.
        b"REFRESH" => return Outcome::Other,
        _ => return Outcome::NoMatch,
    };
    let commas = memchr::memchr_iter(b',', text.text);
    let total = commas.clone().count();
    if total < BEFORE_AGENT + AFTER_AGENT {
        return Outcome::Reject(RejectReason::Truncated);
    }
    let mut fields: [&[u8]; BEFORE_AGENT + AFTER_AGENT + 1] = [b""; BEFORE_AGENT + AFTER_AGENT + 1];
    let mut begin = 0;
    let mut index = 0;
    for (count, at) in commas.enumerate() {
        let is_inside_agent = count >= BEFORE_AGENT && count < total - AFTER_AGENT;
        if !is_inside_agent {
            fields[index] = &text.text[begin..at];
            index += 1;
            begin = at + 1;
        }
    }
    fields[index] = &text.text[begin..];
    let [_, _, aor, contact, received, _, q, agent, socket, flags, expires, call_id, cseq, _, _, _] = fields;
    let is_number =
        |text: &[u8]| text.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    let is_received = received.is_empty() || received.starts_with(b"sip");
    let is_socket = socket.is_empty() || memchr::memchr(b':', socket).is_some();
    if ![q, flags, expires, cseq].into_iter().all(is_number) || !is_socket || !is_received {
        return Outcome::Reject(RejectReason::Ambiguous);
    }
    event.kind = kind;
    event.dialect = Dialect::OpenSips;
    event.aor = Aor::Name(aor);
    event.contact = contact;
    event.agent = if agent.is_empty() { AgentText::Missing } else { AgentText::Text(agent) };
    event.call_id = call_id;
    event.cseq = cseq;
    Outcome::Event
}

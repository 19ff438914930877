//! OpenSIPS' usrloc events as `event_datagram` writes them: the event's name on a line, then
//! `name::value` lines. INSERT and UPDATE fire after the binding is stored.

use super::binding::{Binding, Field, Line};
use super::reader::Taken;
use crate::formats::text::split_once;
use crate::model::{Dialect, Kind, RejectReason, Sink};

/// The same events as on one line of `event_flatstore`.
const NAME: &str = "opensips-event";

/// Whether that line names such an event.
pub(super) fn starts(text: &[u8]) -> bool {
    kind(text).is_some() || matches!(text, b"E_UL_AOR_INSERT" | b"E_UL_AOR_DELETE" | b"E_UL_CONTACT_REFRESH")
}

fn kind(text: &[u8]) -> Option<Kind> {
    Some(match text {
        b"E_UL_CONTACT_INSERT" | b"E_UL_CONTACT_UPDATE" => Kind::Accepted,
        b"E_UL_CONTACT_DELETE" => Kind::Expired,
        _ => return None,
    })
}

/// Reads a line of an event.
pub(super) fn line(line: &Line<'_>, binding: &mut Binding, sink: &mut impl Sink) -> Taken {
    if starts(line.text) {
        close(binding, sink);
        binding.begin(NAME, Dialect::OpenSips, line.spot);
        match kind(line.text) {
            Some(kind) => binding.kind = kind,
            // Once an AOR, or a push wake-up: no registration.
            None => binding.is_gone(),
        }
        return Taken::Yes;
    }
    if line.text.is_empty() {
        close(binding, sink);
        return Taken::Yes;
    }
    if !binding.is_open() {
        return Taken::No;
    }
    match split_once(line.text, b"::") {
        Some((name, value)) if name.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_') => {
            binding.put(field(name), value);
        }
        // The second line of a folded header.
        _ => binding.spoil(RejectReason::Ambiguous),
    }
    Taken::Yes
}

/// The event is over.
pub(super) fn close(binding: &mut Binding, sink: &mut impl Sink) {
    if binding.kind == Kind::Accepted && !binding.has(Field::CallId) {
        binding.spoil(RejectReason::Truncated);
    }
    binding.tell(sink);
}

fn field(name: &[u8]) -> Field {
    match name {
        b"aor" => Field::Aor,
        b"uri" | b"address" => Field::Contact,
        b"user_agent" => Field::Agent,
        b"callid" => Field::CallId,
        b"cseq" => Field::Cseq,
        _ => Field::Ignored,
    }
}

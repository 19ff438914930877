//! `print_ucontact` of Kamailio's usrloc: a debug print of one contact between two rulers, one
//! `key : 'value'` a line, each at column 0. A folded header's lines begin with a blank.

use super::binding::{Binding, Field, Line};
use crate::formats::text::split_once;
use crate::model::{Dialect, RejectReason, Sink};

const NAME: &str = "kamailio-print-ucontact";

/// Whether that line opens a contact.
pub(super) fn starts(text: &[u8]) -> bool {
    text.starts_with(b"~~~Contact(")
}

/// Reads a line of the print; `false` where it is none.
pub(super) fn line(line: &Line<'_>, binding: &mut Binding, sink: &mut impl Sink) -> bool {
    if starts(line.text) {
        if binding.is_open() {
            // The print before was cut: its end is missing.
            binding.spoil(RejectReason::Truncated);
            binding.tell(sink);
        }
        binding.begin(NAME, Dialect::Kamailio, line.spot);
        return true;
    }
    if line.text.starts_with(b"~~~/Contact~~~") {
        if !(binding.has(Field::Aor) && binding.has(Field::Contact)) {
            binding.spoil(RejectReason::Truncated);
        }
        binding.tell(sink);
        return true;
    }
    if !binding.is_open() {
        return false;
    }
    let Some((key, value)) = split_once(line.text, b":") else {
        binding.spoil(RejectReason::Ambiguous);
        return true;
    };
    let field = match key.trim_ascii_end() {
        b"aor" => Field::Aor,
        b"Contact" => Field::Contact,
        b"Expires" => Field::Expires,
        b"Call-ID" => Field::CallId,
        b"CSeq" => Field::Cseq,
        b"User-Agent" => Field::Agent,
        key if key.first().is_none_or(u8::is_ascii_whitespace) => {
            binding.spoil(RejectReason::Ambiguous);
            return true;
        }
        _ => Field::Ignored,
    };
    let value = value.strip_prefix(b" ").unwrap_or(value);
    let quoted = value.strip_prefix(b"'").map(|inside| inside.strip_suffix(b"'"));
    match quoted {
        // The quote does not close in the line: a header that was folded.
        Some(None) => binding.spoil(RejectReason::Ambiguous),
        Some(Some(inside)) => binding.put(field, inside),
        None => binding.put(field, value.trim_ascii()),
    }
    true
}

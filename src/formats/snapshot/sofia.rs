//! FreeSWITCH's `sofia status profile X reg`: blocks of `Key:` and a tab before the value.

use super::binding::{Binding, Field, Line};
use crate::formats::text::{split_last, split_once};
use crate::model::{Dialect, RejectReason, Sink};

const NAME: &str = "freeswitch-registrations";

/// Whether that line opens a registration. A SIP message has a blank there, never a tab.
pub(super) fn starts(text: &[u8]) -> bool {
    text.strip_prefix(b"Call-ID:")
        .is_some_and(|rest| rest.trim_ascii_start().len() < rest.len() && has_tab(rest))
}

fn has_tab(rest: &[u8]) -> bool {
    rest.iter().find(|byte| **byte != b' ') == Some(&b'\t')
}

/// Reads a line of the list; `false` where the list is over.
pub(super) fn line(line: &Line<'_>, binding: &mut Binding, sink: &mut impl Sink) -> bool {
    if starts(line.text) {
        binding.tell(sink);
        binding.begin(NAME, Dialect::FreeSwitch, line.spot);
    }
    if line.text.trim_ascii().is_empty() {
        binding.tell(sink);
        return true;
    }
    if !binding.is_open() {
        return false;
    }
    let split = split_once(line.text, b":")
        .filter(|(key, rest)| key.first().is_some_and(|byte| !byte.is_ascii_whitespace()) && has_tab(rest));
    let Some((key, value)) = split else {
        binding.spoil(RejectReason::Ambiguous);
        return true;
    };
    let value = value.trim_ascii();
    match key {
        b"Call-ID" => binding.put(Field::CallId, value),
        b"User" => match split_last(value, b"@") {
            Some((user, domain)) if !domain.is_empty() => {
                binding.put(Field::Aor, user);
                binding.put(Field::Domain, domain);
            }
            _ => binding.put(Field::Aor, value),
        },
        b"Contact" => binding.put(Field::Contact, value),
        // What FreeSWITCH stores where there was no header.
        b"Agent" if value == b"dunno" => binding.put(Field::Agent, b""),
        b"Agent" => binding.put(Field::Agent, value),
        b"IP" => binding.put(Field::SourceIp, value),
        b"Status" => status(value, binding),
        _ => {}
    }
    true
}

/// `Registered(UDP)(unknown) EXP(2026-10-05 15:03:22) EXPSECS(3312)`.
fn status(value: &[u8], binding: &mut Binding) {
    if !value.starts_with(b"Registered") {
        binding.is_gone();
    }
    let seconds = split_last(value, b"EXPSECS(").and_then(|(_, rest)| rest.strip_suffix(b")"));
    if let Some(seconds) = seconds {
        binding.put(Field::Expires, seconds);
    }
}

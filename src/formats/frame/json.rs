//! Frames that are JSON objects: journald, Docker, Kamailio's JSON log engine (plain and CEE),
//! OpenSIPS' and Asterisk's.

use super::{Origin, Outer, Record, Start, Starts, asterisk, kamailio, parted, peel, trim};
use crate::formats::json::{Value, byte_array, member, unescape, unique_member};
use crate::formats::stamp;
use crate::model::{Dialect, Moment, Stamp};
use memchr::memmem::find;

/// Opens a record that is one JSON object. An object of no known logger is left whole: it may
/// be an operator's own line.
pub(super) fn open<'t>(object: &'t [u8], outer: Outer<'t>, scratch: &'t mut [Vec<u8>]) -> Option<Record<'t>> {
    let head = &object[..object.len().min(400)];
    if find(object, b"\"__REALTIME_TIMESTAMP\"").is_some() {
        return journald(object, outer, scratch);
    }
    if head.starts_with(DOCKER) {
        return match is_part(object) {
            true => Some(parted(outer, object)),
            false => docker(object, outer, scratch),
        };
    }
    if find(head, b"\"logmsg\":").is_some() && find(head, b"\"identifiers\":").is_some() {
        return from_asterisk(object, outer, scratch);
    }
    // Where a server has no prefix for its log, the other three are what both of them write.
    let has = |key: &[u8]| find(head, key).is_some();
    if has(b"\"logprefix\"") || (has(b"\"module\"") && has(b"\"level\"") && has(b"\"function\"")) {
        return from_kamailio(object, outer, b"\"message\"", b"\"module\"", scratch);
    }
    if find(head, b"\"subsys\"").is_some() && find(head, b"\"proc\"").is_some() {
        return from_kamailio(object, outer, b"\"msg\"", b"\"subsys\"", scratch);
    }
    let bare = || outer.record(Dialect::Unknown, object, Starts::only(Origin::Plain));
    outer.is_framed.then(bare)
}

/// `journalctl -o json`: the clock is microseconds as a string.
fn journald<'t>(object: &'t [u8], outer: Outer<'t>, scratch: &'t mut [Vec<u8>]) -> Option<Record<'t>> {
    let micros = member(object, b"\"__REALTIME_TIMESTAMP\"")?.raw();
    let micros = std::str::from_utf8(micros).ok()?.parse().ok()?;
    let host = member(object, b"\"_HOSTNAME\"").map_or(&b""[..], Value::raw);
    let outer = outer.with_stamp(Stamp::Instant(Moment::from_micros(micros))).with_host(host);
    let (text, rest) = text_of(member(object, b"\"MESSAGE\"")?, scratch)?;
    peel(text, outer, rest)
}

/// How an object of Docker's json-file driver begins.
pub(super) const DOCKER: &[u8] = b"{\"log\":";

/// Docker cuts a line behind so many bytes; only the last part ends in a line feed.
const DOCKER_PART: usize = 16 << 10;

/// Whether the object holds a part of a longer line, which the next one goes on with.
pub(super) fn is_part(object: &[u8]) -> bool {
    if object.len() < DOCKER_PART || !object.starts_with(DOCKER) {
        return false;
    }
    let Some(Value::Text(text)) = member(object, b"\"log\"") else { return false };
    let is_escaped = |text: &[u8]| text.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1;
    text.len() >= DOCKER_PART && !text.strip_suffix(b"n").is_some_and(is_escaped)
}

/// Docker's json-file driver.
fn docker<'t>(object: &'t [u8], outer: Outer<'t>, scratch: &'t mut [Vec<u8>]) -> Option<Record<'t>> {
    let time = member(object, b"\"time\"")?.raw();
    let (stamp, _) = stamp::iso(time)?;
    let (text, rest) = text_of(member(object, b"\"log\"")?, scratch)?;
    peel(text, outer.with_stamp(stamp), rest)
}

/// Asterisk's `[json]` formatter.
fn from_asterisk<'t>(object: &'t [u8], outer: Outer<'t>, scratch: &'t mut [Vec<u8>]) -> Option<Record<'t>> {
    let time = member(object, b"\"timestamp\"")?.raw();
    let outer = match stamp::asterisk(time) {
        Some((stamp, _)) => outer.with_stamp(stamp),
        None => Outer { is_framed: true, ..outer },
    };
    let host = member(object, b"\"hostname\"").map_or(&b""[..], Value::raw);
    let thread = member(object, b"\"lwp\"").map_or(&b""[..], Value::raw);
    let file = member(object, b"\"filename\"").map_or(&b""[..], Value::raw);
    let (text, _) = text_of(member(object, b"\"message\"")?, scratch)?;
    Some(asterisk::from_json(outer.with_host(host), thread, file, text))
}

/// Kamailio's and OpenSIPS' JSON log engines (`src/core/dprint.c : ksr_slog_json`).
///
/// Kamailio writes `logprefix` and `callid` unescaped, so a Call-ID with quotes in it can bring
/// members of its own: where the message's key stands twice, nothing in the record is believed.
fn from_kamailio<'t>(
    object: &'t [u8],
    outer: Outer<'t>,
    message_key: &[u8],
    module_key: &[u8],
    scratch: &'t mut [Vec<u8>],
) -> Option<Record<'t>> {
    let time = member(object, b"\"time\"").map_or(&b""[..], Value::raw);
    let outer = match stamp::iso(time).or_else(|| stamp::rfc3164(time)) {
        Some((stamp, _)) => outer.with_stamp(stamp),
        None => Outer { is_framed: true, ..outer },
    };
    let mut starts = Starts::none();
    // OpenSIPS names its prefix `prefix` and has no `logprefix`.
    let is_opensips = find(&object[..object.len().min(400)], b"\"prefix\"").is_some();
    let dialect = if is_opensips { Dialect::OpenSips } else { Dialect::Kamailio };
    let Some(message) = unique_member(object, message_key) else {
        starts.is_ambiguous = true;
        return Some(outer.record(dialect, object, starts));
    };
    let module = member(object, module_key).map_or(&b""[..], Value::raw);
    let origin = if module == b"xlog" { Origin::Script } else { Origin::Module(module) };
    let prefix = unique_member(object, b"\"logprefix\"").map_or(&b""[..], Value::raw);
    let (call_id, cseq) = kamailio::log_prefix(prefix).unwrap_or_default();
    let (text, _) = text_of(message, scratch)?;
    starts.push(Start { at: 0, origin, call_id, cseq });
    Some(outer.record(dialect, text, starts))
}

/// The string's bytes, unescaped into the next scratch buffer where need be, and the buffers left.
fn text_of<'t>(value: Value<'t>, scratch: &'t mut [Vec<u8>]) -> Option<(&'t [u8], &'t mut [Vec<u8>])> {
    let text = match value {
        Value::Text(text) => text,
        // journald writes a text that is no UTF-8, or has escape sequences, as the numbers of its bytes.
        Value::Array(array) => {
            let (buffer, rest) = scratch.split_first_mut()?;
            buffer.clear();
            return byte_array(array, buffer).then_some((trim(buffer), rest));
        }
        Value::Bare(_) => return None,
    };
    if memchr::memchr(b'\\', text).is_none() {
        return Some((trim(text), scratch));
    }
    let (buffer, rest) = scratch.split_first_mut()?;
    buffer.clear();
    unescape(text, buffer);
    Some((trim(buffer), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_of_docker_is_a_part_where_its_long_text_lacks_the_line_feed() {
        let object =
            |len: usize, end: &str| format!("{{\"log\":\"{}{end}\",\"stream\":\"stderr\"}}", "x".repeat(len));
        for (len, end, expected) in [
            (DOCKER_PART, "", true),
            (DOCKER_PART, r"\n", false),
            // A backslash and an n that were printed.
            (DOCKER_PART, r"\\n", true),
            (DOCKER_PART, r"\\\n", false),
            (DOCKER_PART, "n", true),
            // Too short for one: some shippers keep no line feed.
            (100, "", false),
        ] {
            assert_eq!(is_part(object(len, end).as_bytes()), expected, "{len} {end}");
        }
    }
}

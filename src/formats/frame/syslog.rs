//! Transport prefixes: syslog files (RFC 3164, RFC 5424, ISO 8601), journald's text forms, CRI
//! and compose.

use super::asterisk::verbose_mark;
use crate::formats::stamp;
use crate::formats::text::{between, split_once, word};
use crate::model::Stamp;

/// Bytes of a message that rsyslog keeps where it says that it was repeated.
const REPEATED_MAX: usize = 800;

/// One transport layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layer<'t> {
    pub stamp: Stamp,
    pub host: &'t [u8],
    pub rest: &'t [u8],
    /// From the host on, where no tag follows that: it may be the message's first word.
    pub untagged: Option<&'t [u8]>,
    pub by: By,
}

/// Who puts such a prefix before a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// A logger, before a whole record, whatever line breaks that has.
    Logger,
    /// A container's runtime (CRI, `docker compose logs`), before every line that a program prints: none of a message's
    /// line breaks is without it.
    Runtime,
    /// The same, before a part of a longer line.
    RuntimePart,
}

/// Peels one transport prefix.
pub(super) fn peel(text: &[u8]) -> Option<Layer<'_>> {
    match text.first()? {
        b'<' => priority(text),
        b'[' => monotonic(text),
        b'0'..=b'9' => numeric(text),
        _ => {
            if let Some((stamp, len)) = stamp::rfc3164(text) {
                return headed(stamp, text[len..].strip_prefix(b" ")?);
            }
            weekday(text).or_else(|| compose(text))
        }
    }
}

/// `<134>` before RFC 3164 or RFC 5424.
fn priority(text: &[u8]) -> Option<Layer<'_>> {
    let (digits, rest) = between(text, b"<", b">")?;
    if digits.is_empty() || digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    if let Some(rest) = rest.strip_prefix(b"1 ") {
        return rfc5424(rest);
    }
    let (stamp, len) = stamp::rfc3164(rest).or_else(|| stamp::iso(rest))?;
    headed(stamp, rest[len..].strip_prefix(b" ")?)
}

/// Host, program and process that such a prefix names.
pub(super) fn process(prefix: &[u8]) -> Option<[&[u8]; 3]> {
    let is_number = |text: &[u8]| !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let words: Vec<&[u8]> = prefix.split(|byte| *byte == b' ').filter(|word| !word.is_empty()).collect();
    if let [version, _, host, program, process, ..] = words[..]
        && version.starts_with(b"<")
        && version.ends_with(b">1")
    {
        return is_number(process).then_some([host, program, process]);
    }
    words.windows(2).find_map(|pair| {
        let (program, process) = split_once(pair[1].strip_suffix(b"]:")?, b"[")?;
        is_number(process).then_some([pair[0], program, process])
    })
}

/// RFC 5424 §6 after the version: TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG.
fn rfc5424(text: &[u8]) -> Option<Layer<'_>> {
    let (time, rest) = word(text)?;
    let stamp = match time {
        b"-" => Stamp::None,
        _ => stamp::iso(time).filter(|(_, len)| *len == time.len())?.0,
    };
    let (host, rest) = word(rest)?;
    let (_app, rest) = word(rest)?;
    let (_process, rest) = word(rest)?;
    let (_message_id, rest) = word(rest)?;
    let rest = match rest.strip_prefix(b"-") {
        Some(rest) => rest,
        None => structured_data(rest)?,
    };
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let rest = rest.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(rest);
    // rsyslog keeps the blank between the tag's colon and the text. Docker has none there to keep, and the first one may
    // be the console mark's.
    let rest = match verbose_mark(rest) {
        Some(_) => rest,
        None => rest.strip_prefix(b" ").unwrap_or(rest),
    };
    Some(Layer { stamp, host: if host == b"-" { b"" } else { host }, rest, untagged: None, by: By::Logger })
}

/// What follows `[id k="v"]…`; a `]` inside a value is escaped with a backslash.
fn structured_data(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    while rest.first() == Some(&b'[') {
        let mut at = 1;
        loop {
            at += memchr::memchr2(b']', b'\\', &rest[at.min(rest.len())..])?;
            if rest[at] == b']' {
                break;
            }
            at += 2;
        }
        rest = &rest[at + 1..];
    }
    (rest.len() < text.len()).then_some(rest)
}

/// `journalctl -o short-monotonic`: `[12345.678901] host ident[pid]: `. No clock.
fn monotonic(text: &[u8]) -> Option<Layer<'_>> {
    let (inside, rest) = between(text, b"[", b"] ")?;
    let inside = inside.trim_ascii_start();
    let is_seconds =
        inside.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') && inside.contains(&b'.');
    if !is_seconds {
        return None;
    }
    let layer = headed(Stamp::None, rest)?;
    (!layer.host.is_empty()).then_some(layer)
}

/// A line of a container's runtime (CRI): `<time> stdout F <line>`, or `P` in front of a part that the next one of the same
/// stream goes on with.
pub(super) struct Cri<'t> {
    stamp: Stamp,
    pub stream: &'t [u8],
    pub is_part: bool,
    pub rest: &'t [u8],
}

pub(super) fn cri(text: &[u8]) -> Option<Cri<'_>> {
    let (stamp, len) = stamp::iso(text)?;
    let rest = text[len..].strip_prefix(b" ")?;
    let (stream, rest) =
        split_once(rest, b" ").filter(|(stream, _)| matches!(*stream, b"stdout" | b"stderr"))?;
    let (is_part, rest) = match rest {
        [b'P', b' ', rest @ ..] => (true, rest),
        [b'F', b' ', rest @ ..] => (false, rest),
        _ => return None,
    };
    Some(Cri { stamp, stream, is_part, rest })
}

/// ISO 8601 files, `journalctl -o short-unix` and `short-iso`, and CRI.
fn numeric(text: &[u8]) -> Option<Layer<'_>> {
    if let Some(Cri { stamp, is_part, rest, .. }) = cri(text) {
        return Some(Layer {
            stamp,
            host: b"",
            rest,
            untagged: None,
            by: if is_part { By::RuntimePart } else { By::Runtime },
        });
    }
    let (stamp, len) = stamp::iso(text).or_else(|| stamp::epoch(text))?;
    let layer = headed(stamp, text[len..].strip_prefix(b" ")?)?;
    // A date without host is some application's own prefix (FreeSWITCH's), not a transport's.
    (!layer.host.is_empty()).then_some(layer)
}

/// `journalctl -o short-full`: `Mon 2026-10-05 14:03:22 CEST host ident[pid]: `. The zone's name
/// is no offset, so the stamp stays local.
fn weekday(text: &[u8]) -> Option<Layer<'_>> {
    let (day, rest) = word(text)?;
    if !matches!(day, b"Mon" | b"Tue" | b"Wed" | b"Thu" | b"Fri" | b"Sat" | b"Sun") {
        return None;
    }
    let (stamp, len) = stamp::iso(rest)?;
    let (zone, rest) = word(rest[len..].strip_prefix(b" ")?)?;
    let stamp = match (stamp, zone) {
        (Stamp::Local(civil), b"UTC" | b"GMT") => Stamp::Instant(civil.at_offset(0)),
        _ => stamp,
    };
    headed(stamp, rest)
}

/// `docker compose logs`: `name-1  | message`. No clock.
fn compose(text: &[u8]) -> Option<Layer<'_>> {
    let head = &text[..text.len().min(64)];
    let bar = memchr::memmem::find(head, b" | ")?;
    let name = head[..bar].trim_ascii_end();
    let is_name = name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte));
    (is_name && !name.is_empty()).then(|| Layer {
        stamp: Stamp::None,
        host: b"",
        rest: &text[bar + 3..],
        untagged: None,
        by: By::Runtime,
    })
}

/// The message inside rsyslog's `message repeated 3 times: [ …]`, which stands for so many equal
/// ones behind the first (`$RepeatedMsgReduction on`).
///
/// It is read once: the first one was written as it came, so no user is lost, and what the others
/// would add is their number. rsyslog keeps 800 bytes of the message, so one of that length may
/// be cut, and is left alone.
pub(super) fn repeated(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"message repeated ")?;
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let inside = text[digits..].strip_prefix(b" times: [").filter(|_| digits > 0)?.strip_suffix(b"]")?;
    (inside.len() < REPEATED_MAX).then(|| inside.strip_prefix(b" ").unwrap_or(inside))
}

/// `host tag[pid]: message`, `tag[pid]: message`, or OpenSIPS' own `[pid] message`.
fn headed(stamp: Stamp, text: &[u8]) -> Option<Layer<'_>> {
    let (first, after_first) = word(text)?;
    if is_tag(first) || (first.starts_with(b"[") && first.ends_with(b"]")) {
        return Some(Layer { stamp, host: b"", rest: after_first, untagged: None, by: By::Logger });
    }
    if !first.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte)) {
        return None;
    }
    let (rest, untagged) = match word(after_first) {
        Some((tag, rest)) if is_tag(tag) => (rest, None),
        // No tag: some relays drop it, and some programs write a stamp of their own and neither.
        _ => (after_first, Some(text)),
    };
    Some(Layer { stamp, host: first, rest, untagged, by: By::Logger })
}

/// OpenSIPS' own `Oct  5 14:03:22 [pid] `, which it writes to its standard error and journald puts behind a
/// prefix of its own.
pub(super) fn own_stamp(text: &[u8]) -> Option<(Stamp, &[u8])> {
    let (stamp, len) =
        text.first().filter(|first| first.is_ascii_uppercase()).and_then(|_| stamp::rfc3164(text))?;
    let (process, rest) = between(&text[len..], b" [", b"] ")?;
    (!process.is_empty() && process.iter().all(u8::is_ascii_digit)).then_some((stamp, rest))
}

/// `ident:` or `ident[pid]:`.
fn is_tag(text: &[u8]) -> bool {
    text.len() > 1 && text.ends_with(b":") && !text.ends_with(b"::")
}

//! Header lines of a SIP message: which of them are looked at, and their names (RFC 3261 §7.3).

use crate::formats::contact::seconds;
use crate::formats::text::near;
use crate::model::marks::{marks, marks_of};

/// The headers that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    To,
    From,
    CallId,
    CSeq,
    Contact,
    Expires,
    UserAgent,
    Date,
}

impl Name {
    pub const COUNT: usize = 8;

    /// The name's own bit.
    pub const fn bit(self) -> u8 {
        1 << self as u8
    }

    fn of(name: &[u8]) -> Option<Self> {
        let is = |long: &[u8], short: u8| {
            name.eq_ignore_ascii_case(long) || matches!(name, [one] if one.eq_ignore_ascii_case(&short))
        };
        // User-Agent has no compact form (RFC 3261 §20.41), Expires and CSeq neither.
        Some(match name.first()?.to_ascii_lowercase() {
            b't' if is(b"To", b't') => Self::To,
            b'f' if is(b"From", b'f') => Self::From,
            b'i' if name.len() == 1 => Self::CallId,
            b'm' if name.len() == 1 => Self::Contact,
            b'c' if name.eq_ignore_ascii_case(b"Call-ID") => Self::CallId,
            b'c' if name.eq_ignore_ascii_case(b"CSeq") => Self::CSeq,
            b'c' if name.eq_ignore_ascii_case(b"Contact") => Self::Contact,
            b'e' if name.eq_ignore_ascii_case(b"Expires") => Self::Expires,
            b'u' if name.eq_ignore_ascii_case(b"User-Agent") => Self::UserAgent,
            b'd' if name.eq_ignore_ascii_case(b"Date") => Self::Date,
            _ => return None,
        })
    }
}

/// What a header line says of the bytes of the body: nothing, where it is another header; a
/// number or that it is not to be known, where no line behind it is to be asked.
#[inline]
pub(super) fn declared_length(line: &[u8]) -> Option<Option<usize>> {
    if let Some((Some(_), _)) = as_written(line) {
        return None;
    }
    let line = trim_end(line);
    if let Some(length) = line.strip_prefix(b"Content-Length: ")
        && let Some(length) = seconds(length)
    {
        return Some(Some(length as usize));
    }
    let Some(colon) = memchr::memchr(b':', line) else { return Some(None) };
    let name = line[..colon].trim_ascii_end();
    let is_length = match name.len() {
        1 => name.eq_ignore_ascii_case(b"l"),
        14 => name.eq_ignore_ascii_case(b"Content-Length"),
        _ => false,
    };
    is_length.then(|| seconds(line[colon + 1..].trim_ascii()).map(|length| length as usize))
}

/// Whether the line begins with the name of a header as clients write them, of letters and hyphens, which no prefix of a log is.
#[inline]
pub(super) fn begins_with_name(line: &[u8]) -> bool {
    let Some(first) = line.first_chunk() else {
        let name = line.iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'-').count();
        return name > 0 && line.get(name) == Some(&b':');
    };
    let name = marks_of(&[(b'a', 25), (b'A', 25)], first) | marks(b'-', first);
    let before_colon = !name & name.wrapping_add(1);
    marks(b':', first) & before_colon & !1 != 0
}

/// Without its line end.
#[inline]
pub(super) fn trim_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Whether neither a header that is looked at nor the empty line begins with that byte.
#[inline]
pub(super) const fn is_skipped(first: u8) -> bool {
    let is_looked_at = matches!(first | 0x20, b't' | b'f' | b'i' | b'm' | b'c' | b'e' | b'u' | b'd');
    !(is_looked_at || matches!(first, b'\r' | b'\n' | b'.'))
}

/// Name and value of a header line, if it is one that is looked at.
#[inline]
pub(super) fn header(line: &[u8]) -> Option<(Name, &[u8])> {
    let (name, value) = match as_written(line) {
        Some((name, len)) => (name?, &line[len..]),
        None => {
            // No name that is looked at is longer than User-Agent; blanks may follow it.
            let colon = near(b':', &line[..line.len().min(32)])?;
            (Name::of(line[..colon].trim_ascii_end())?, &line[colon + 1..])
        }
    };
    let blanks = value.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    Some((name, &value[blanks..]))
}

/// The name as nearly every client writes it, and how long it is with its colon; none where it is one that
/// is not looked at. `None` where the long way must tell.
#[inline]
fn as_written(line: &[u8]) -> Option<(Option<Name>, usize)> {
    const fn word(bytes: &[u8; 8]) -> u64 {
        u64::from_le_bytes(*bytes)
    }
    const CALL_ID: u64 = word(b"Call-ID:");
    const CONTACT: u64 = word(b"Contact:");
    const EXPIRES: u64 = word(b"Expires:");
    const USER_AGENT: u64 = word(b"User-Age");
    const MAX_FORWARDS: u64 = word(b"Max-Forw");
    const CONTENT: u64 = word(b"Content-");
    const FIVE: u64 = (1 << 40) - 1;
    const FROM: u64 = word(b"From:\0\0\0");
    const CSEQ: u64 = word(b"CSeq:\0\0\0");
    const THREE: u64 = (1 << 24) - 1;
    const TO: u64 = word(b"To:\0\0\0\0\0");
    let first = word(line.first_chunk()?);
    Some(match first as u8 {
        b'C' => match first {
            CALL_ID => (Some(Name::CallId), 8),
            CONTACT => (Some(Name::Contact), 8),
            // No name that is looked at is as long and begins so.
            CONTENT => (None, 0),
            _ if first & FIVE == CSEQ => (Some(Name::CSeq), 5),
            _ => return None,
        },
        b'T' if first & THREE == TO => (Some(Name::To), 3),
        b'F' if first & FIVE == FROM => (Some(Name::From), 5),
        b'E' if first == EXPIRES => (Some(Name::Expires), 8),
        b'U' if first == USER_AGENT && line[8..].starts_with(b"nt:") => (Some(Name::UserAgent), 11),
        // Nor as this one.
        b'M' if first == MAX_FORWARDS => (None, 0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_of_letters_and_hyphens_begins_a_line_and_no_prefix_of_a_log_does() {
        for line in ["Via: x", "t:", "Content-Length: 0\r\n", "a-b:"] {
            assert!(begins_with_name(line.as_bytes()), "{line}");
        }
        for line in [
            "",
            ":",
            "Via",
            "Oct  5 14:03:22 reg1 x: y",
            "2026-10-05T14:03:22Z reg1",
            " t: folded",
            "kamailio[7]: x",
        ] {
            assert!(!begins_with_name(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn the_length_of_a_body_is_declared_in_either_form() {
        assert_eq!(declared_length(b"Content-Length : 12\r\n"), Some(Some(12)));
        assert_eq!(declared_length(b"L:3\n"), Some(Some(3)));
        assert_eq!(declared_length(b"Content-Length: 1 2\r\n"), Some(None));
        assert_eq!(declared_length(b"Contact: x\r\n"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_header_or_none_without_a_panic(bytes: Vec<u8>) {
            let _ = (declared_length(&bytes), header(&bytes));
        }
    }
}

//! The pieces of a Contact as a log writes it: where a value ends, what it says, who and where.

use memchr::{memchr, memchr2};

/// The longest value that is looked at; push tokens stay well below it.
pub(super) const VALUE_LEN_MAX: usize = 512;

/// A parameter's value: up to what ends it.
pub(super) fn bare_value(text: &[u8]) -> &[u8] {
    let text = text.strip_prefix(b"\"").unwrap_or(text);
    let end = text
        .iter()
        .enumerate()
        .position(|(place, &byte)| match byte {
            b'^' => text[place..].starts_with(b"^3B"),
            _ => byte == b'"' || is_end(byte),
        })
        .unwrap_or(text.len());
    &text[..end.min(VALUE_LEN_MAX)]
}

/// A value without the quotes, brackets and escapes that open it.
pub(super) fn opened(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !matches!(byte, b'"' | b'\\' | b'<')).unwrap_or(text.len());
    &text[start..]
}

pub(super) const fn is_end(byte: u8) -> bool {
    // Most bytes are letters and digits: one comparison settles them.
    byte <= b'>' && matches!(byte, b';' | b'>' | b',' | b' ' | b'\t' | b'\r' | b'\n')
}

/// `value` with every `%xx` undone; a `%` without two digits stays.
pub(super) fn decoded<'b>(value: &'b [u8], buffer: &'b mut [u8; VALUE_LEN_MAX]) -> &'b [u8] {
    if memchr(b'%', value).is_none() {
        return value;
    }
    let mut len = 0;
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|pair| Some((hex(pair[0])?, hex(pair[1])?)));
        (buffer[len], rest) = match digits {
            Some((high, low)) if byte == b'%' => (high << 4 | low, &after[2..]),
            _ => (byte, after),
        };
        len += 1;
    }
    &buffer[..len]
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// The place behind the quoted string that opens at `open`, if anything closes it.
pub(super) fn past_quoted(contact: &[u8], open: usize) -> Option<usize> {
    let mut place = open + 1;
    loop {
        place += memchr2(b'"', b'\\', contact.get(place..)?)?;
        if contact[place] == b'"' {
            return Some(place + 1);
        }
        place += 2;
    }
}

/// User and host of the URI; the user is empty where there is none.
pub(super) fn user_and_host(contact: &[u8]) -> (&[u8], &[u8]) {
    let start = if contact.first() == Some(&b'"') { past_quoted(contact, 0).unwrap_or(1) } else { 0 };
    let address = &contact[start..];
    let uri = memchr(b'<', address).map_or(address, |open| &address[open + 1..]);
    let rest = match memchr(b':', uri) {
        Some(colon)
            if uri[..colon].eq_ignore_ascii_case(b"sip") || uri[..colon].eq_ignore_ascii_case(b"sips") =>
        {
            &uri[colon + 1..]
        }
        _ => uri,
    };
    let (user, host) = match memchr(b'@', rest) {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (&rest[..0], rest),
    };
    let end = host
        .iter()
        .position(|byte| matches!(byte, b':' | b';' | b'>' | b'?' | b'^' | b','))
        .unwrap_or(host.len());
    (user, &host[..end])
}

pub(super) fn starts_with_ignore_case(text: &[u8], start: &[u8]) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}

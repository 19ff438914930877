//! Members of one-line JSON objects, found by their raw key.
//!
//! Loggers write their objects compactly and in a fixed order, so a member is found by searching
//! for its quoted key. A key inside a *string value* cannot be taken for one where the writer
//! escapes quotes: there it reads `\"key\":`. Writers that do not (Kamailio's `callid` and
//! `logprefix`) are guarded by [`unique_member`].

use memchr::memmem;

/// A member's value as it stands in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'t> {
    /// A string, still escaped, without its quotes.
    Text(&'t [u8]),
    /// An array, without its brackets, up to the first `]`.
    Array(&'t [u8]),
    /// Anything else up to the next `,`, `}` or space: a number, `null`, or the start of an object.
    Bare(&'t [u8]),
}

impl<'t> Value<'t> {
    /// The bytes of a string that needs no unescaping, or of another value.
    pub fn raw(self) -> &'t [u8] {
        match self {
            Self::Text(text) | Self::Array(text) | Self::Bare(text) => text,
        }
    }
}

/// The value of the first member with that key; `key` includes its quotes: `"message"`.
pub fn member<'t>(object: &'t [u8], key: &[u8]) -> Option<Value<'t>> {
    let mut from = 0;
    while let Some(at) = memmem::find(&object[from..], key) {
        let start = from + at;
        let mut rest = &object[start + key.len()..];
        rest = skip_spaces(rest);
        if let Some(value) = rest.strip_prefix(b":")
            && (start == 0 || object[start - 1] != b'\\')
        {
            return value_at(skip_spaces(value));
        }
        from = start + key.len();
    }
    None
}

/// The value of the only member with that key; `None` too where the raw key stands twice, so
/// that a value which breaks out of its quotes cannot bring a member of its own.
pub fn unique_member<'t>(object: &'t [u8], key: &[u8]) -> Option<Value<'t>> {
    let mut unescaped = memmem::find_iter(object, key)
        .filter(|&at| at == 0 || object[at - 1] != b'\\')
        .filter(|&at| skip_spaces(&object[at + key.len()..]).first() == Some(&b':'));
    unescaped.next()?;
    if unescaped.next().is_some() {
        return None;
    }
    member(object, key)
}

fn skip_spaces(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|byte| **byte == b' ').count();
    &text[spaces..]
}

fn value_at(text: &[u8]) -> Option<Value<'_>> {
    match text.first()? {
        b'"' => {
            let inside = &text[1..];
            string_end(inside).map(|end| Value::Text(&inside[..end]))
        }
        b'[' => memchr::memchr(b']', text).map(|end| Value::Array(&text[1..end])),
        _ => {
            let end = memchr::memchr3(b',', b'}', b' ', text).unwrap_or(text.len());
            Some(Value::Bare(&text[..end]))
        }
    }
}

/// Where the string that starts here ends: its first quote that no backslash escapes.
fn string_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', &text[at..])?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
        if at > text.len() {
            return None;
        }
    }
}

/// Appends the string's bytes with its escapes undone. What is no escape stays as it is.
pub fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let escape = rest.get(at + 1).copied();
        rest = &rest[(at + 2).min(rest.len())..];
        match escape {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(b'u') => {
                let (character, len) = unicode(rest);
                let mut buffer = [0; 4];
                out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
                rest = &rest[len..];
            }
            Some(other) => out.push(other),
            None => out.push(b'\\'),
        }
    }
    out.extend_from_slice(rest);
}

/// Appends the bytes whose numbers an array lists; `false` where it lists anything else.
pub fn byte_array(array: &[u8], out: &mut Vec<u8>) -> bool {
    array.split(|byte| *byte == b',').all(|number| {
        let number = std::str::from_utf8(number.trim_ascii()).ok().and_then(|text| text.parse().ok());
        number.map(|byte| out.push(byte)).is_some()
    })
}

/// The character of the four digits after `\u` (and of a second half, where they are a
/// surrogate), and how many bytes were read.
fn unicode(text: &[u8]) -> (char, usize) {
    let Some(first) = hex4(text) else { return (char::REPLACEMENT_CHARACTER, 0) };
    if let Some(character) = char::from_u32(first) {
        return (character, 4);
    }
    let second = text[4..].strip_prefix(b"\\u").and_then(hex4);
    match second {
        Some(second) if (0xD800..0xDC00).contains(&first) && (0xDC00..0xE000).contains(&second) => {
            let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 10)
        }
        _ => (char::REPLACEMENT_CHARACTER, 4),
    }
}

fn hex4(text: &[u8]) -> Option<u32> {
    let digits: &[u8; 4] = text.first_chunk()?;
    digits.iter().try_fold(0, |sum, &byte| Some(sum * 16 + char::from(byte).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_inside_a_string_is_no_member() {
        let object = br#"{"log":"say \"time\":\"never\"","time":"now"}"#;
        assert_eq!(member(object, b"\"time\""), Some(Value::Text(b"now")));
        assert_eq!(member(object, b"\"log\""), Some(Value::Text(br#"say \"time\":\"never\""#)));
    }

    #[test]
    fn a_value_that_breaks_its_quotes_makes_the_member_ambiguous() {
        let object = br#"{ "logprefix": "x", "message": "forged", "z": "", "message": "real" }"#;
        assert_eq!(unique_member(object, b"\"message\""), None);
        assert_eq!(unique_member(object, b"\"logprefix\""), Some(Value::Text(b"x")));
    }

    #[test]
    fn escapes_are_undone_and_broken_ones_kept_harmless() {
        let undone = |text: &[u8]| {
            let mut out = Vec::new();
            unescape(text, &mut out);
            out
        };
        assert_eq!(undone(br#"a\"b\\c\n\u001b[0m\u00e9\ud83d\ude00"#), "a\"b\\c\n\u{1b}[0mé😀".as_bytes());
        assert_eq!(undone(br"\ud83d"), "\u{fffd}".as_bytes());
        assert_eq!(undone(br"end\"), br"end\");
    }

    #[test]
    fn an_array_of_byte_numbers_is_bytes_and_no_other_is() {
        let bytes = |object: &[u8]| match member(object, b"\"MESSAGE\"")? {
            Value::Array(array) => {
                let mut out = Vec::new();
                byte_array(array, &mut out).then_some(out)
            }
            _ => None,
        };
        assert_eq!(bytes(br#"{"MESSAGE":[74,111,115,233],"x":1}"#), Some(b"Jos\xe9".to_vec()));
        assert_eq!(bytes(br#"{"MESSAGE" : [ 74, 111 ]}"#), Some(b"Jo".to_vec()));
        for other in [
            &br#"{"MESSAGE":["a","b"]}"#[..],
            br#"{"MESSAGE":[74,256]}"#,
            br#"{"MESSAGE":[]}"#,
            br#"{"MESSAGE":[74"#,
        ] {
            assert_eq!(bytes(other), None);
        }
    }

    #[test]
    fn an_unclosed_string_is_no_value() {
        assert_eq!(member(br#"{"log":"cut"#, b"\"log\""), None);
        assert_eq!(member(br#"{"log":"cut\"#, b"\"log\""), None);
    }
}

//! The members of a JSON object that stands on one line.
//!
//! Only the outermost members are looked at, and only those asked for are undone; the rest is
//! stepped over. Bytes that are no UTF-8 and raw control characters are let pass, since servers
//! write both into strings.

use memchr::memchr2;
use std::ops::Range;

/// Where the value of a member stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Value {
    /// The object has no such member.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// A number, `true`, `false`, or a string without escapes: this part of the text.
    Plain(Range<usize>),
    /// A string with escapes: this part of the scratch.
    Undone(Range<usize>),
}

/// Why the members could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JsonFault {
    /// Not an object, or one that does not end, or text behind it.
    Malformed,
    /// A member that is asked for stands twice: one of the two may be a stranger's.
    Twice,
}

/// Finds in `text` the members of these names. Strings with escapes are undone into `scratch`.
///
/// # Errors
///
/// [`JsonFault`], also where a member that is asked for is an object or an array.
pub(super) fn members<const N: usize>(
    text: &[u8],
    names: &[Option<Box<[u8]>>; N],
    scratch: &mut Vec<u8>,
) -> Result<[Value; N], JsonFault> {
    let mut found = [const { Value::Absent }; N];
    let mut cursor = Cursor { text, at: 0 };
    scratch.clear();
    cursor.expect(b'{')?;
    cursor.blanks();
    if cursor.peek() == Some(b'}') {
        cursor.at += 1;
    } else {
        loop {
            cursor.blanks();
            let (name, _) = cursor.string()?;
            cursor.blanks();
            cursor.expect(b':')?;
            cursor.blanks();
            let name = &text[name];
            let slot = names.iter().position(|asked| asked.as_deref() == Some(name));
            let value = cursor.value(slot.is_some(), scratch)?;
            if let Some(slot) = slot {
                if found[slot] != Value::Absent {
                    return Err(JsonFault::Twice);
                }
                found[slot] = value;
            }
            cursor.blanks();
            match cursor.next() {
                Some(b',') => {}
                Some(b'}') => break,
                _ => return Err(JsonFault::Malformed),
            }
        }
    }
    cursor.blanks();
    if cursor.at == text.len() { Ok(found) } else { Err(JsonFault::Malformed) }
}

struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonFault> {
        if self.next() == Some(byte) { Ok(()) } else { Err(JsonFault::Malformed) }
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Steps over a string: what stands between its quotes, and whether that has escapes.
    fn string(&mut self) -> Result<(Range<usize>, bool), JsonFault> {
        self.expect(b'"')?;
        let start = self.at;
        let mut has_escapes = false;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            self.at += memchr2(b'"', b'\\', rest).ok_or(JsonFault::Malformed)?;
            if self.text[self.at] == b'"' {
                self.at += 1;
                return Ok((start..self.at - 1, has_escapes));
            }
            has_escapes = true;
            self.at += 2;
        }
    }

    /// Steps over a value; undoes it where it `is_asked` for.
    fn value(&mut self, is_asked: bool, scratch: &mut Vec<u8>) -> Result<Value, JsonFault> {
        match self.peek() {
            Some(b'"') => {
                let (string, has_escapes) = self.string()?;
                if !is_asked || !has_escapes {
                    return Ok(Value::Plain(string));
                }
                let start = scratch.len();
                undo(&self.text[string], scratch).ok_or(JsonFault::Malformed)?;
                Ok(Value::Undone(start..scratch.len()))
            }
            Some(b'{' | b'[') if is_asked => Err(JsonFault::Malformed),
            Some(b'{' | b'[') => {
                self.nested()?;
                Ok(Value::Absent)
            }
            _ => {
                let start = self.at;
                let is_of_word = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
                while self.peek().is_some_and(is_of_word) {
                    self.at += 1;
                }
                match &self.text[start..self.at] {
                    b"" => Err(JsonFault::Malformed),
                    b"null" => Ok(Value::Null),
                    _ => Ok(Value::Plain(start..self.at)),
                }
            }
        }
    }

    /// Steps over an object or an array, however deep, without recursion.
    fn nested(&mut self) -> Result<(), JsonFault> {
        let mut depth = 0_usize;
        loop {
            match self.peek().ok_or(JsonFault::Malformed)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }
}

/// Appends the text of an escaped string; `None` where an escape is none.
fn undo(string: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut rest = string;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        let escape = *rest.get(at + 1)?;
        rest = &rest[at + 2..];
        let plain = match escape {
            b'"' | b'\\' | b'/' => escape,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let unit = hex(rest)?;
                rest = &rest[4..];
                let code = match unit {
                    // Half of a pair; without its other half it is no character.
                    0xD800..=0xDBFF => match rest.strip_prefix(b"\\u").and_then(hex) {
                        Some(low @ 0xDC00..=0xDFFF) => {
                            rest = &rest[6..];
                            0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00)
                        }
                        _ => 0xFFFD,
                    },
                    _ => unit,
                };
                let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
            _ => return None,
        };
        out.push(plain);
    }
    out.extend_from_slice(rest);
    Some(())
}

/// The four hexadecimal digits at the start of `text`.
fn hex(text: &[u8]) -> Option<u32> {
    text.get(..4)?.iter().try_fold(0, |sum, &digit| Some(sum * 16 + char::from(digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text of member `a`.
    fn member(text: &str) -> Result<Option<String>, JsonFault> {
        let mut scratch = Vec::new();
        let [value] = members(text.as_bytes(), &[Some(Box::from(*b"a"))], &mut scratch)?;
        let bytes = match value {
            Value::Absent | Value::Null => return Ok(None),
            Value::Plain(range) => text.as_bytes()[range].to_vec(),
            Value::Undone(range) => scratch[range].to_vec(),
        };
        Ok(Some(String::from_utf8(bytes).unwrap()))
    }

    #[test]
    fn a_member_is_found_among_others() {
        let text = r#"{"x":{"a":[1,"}"]},"y":[{"a":"]"}], "a" : "b" ,"z":1.5e-3}"#;
        assert_eq!(member(text), Ok(Some("b".into())));
    }

    #[test]
    fn a_number_is_its_own_text_and_null_is_nothing() {
        assert_eq!(member(r#"{"a":-12.5}"#), Ok(Some("-12.5".into())));
        assert_eq!(member(r#"{"a":null}"#), Ok(None));
        assert_eq!(member("{}"), Ok(None));
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(
            member(r#"{"a":"\"\\\/\t\u0041\ud83d\ude00\ud83d"}"#),
            Ok(Some("\"\\/\tA😀\u{fffd}".into()))
        );
        assert_eq!(member(r#"{"a":"\q"}"#), Err(JsonFault::Malformed));
        assert_eq!(member(r#"{"a":"\u12"}"#), Err(JsonFault::Malformed));
    }

    #[test]
    fn a_member_that_stands_twice_is_a_fault() {
        assert_eq!(member(r#"{"a":"b","a":"c"}"#), Err(JsonFault::Twice));
        assert_eq!(member(r#"{"x":"b","x":"c"}"#), Ok(None));
    }

    #[test]
    fn an_object_that_is_cut_or_followed_by_text_is_malformed() {
        for text in
            [r#"{"a":"b"#, r#"{"a":"b""#, r#"{"a":"b"} x"#, r#"{"a":"b"}}"#, r#"{"a":}"#, "", "[1]", "{"]
        {
            assert_eq!(member(text), Err(JsonFault::Malformed), "{text}");
        }
    }

    #[test]
    fn an_object_that_is_asked_for_is_no_text() {
        assert_eq!(member(r#"{"a":{"b":1}}"#), Err(JsonFault::Malformed));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(text in r#"\{("a"|"\\u?[0-9a-f]{0,4}"|[\[\]{}:,"\\ ]|1|null){0,9}\}?"#) {
            let _ = members(text.as_bytes(), &[Some(Box::from(*b"a"))], &mut Vec::new());
        }

        #[test]
        fn what_serde_writes_is_read_back(value: String, other: String) {
            let text = serde_json::json!({ "a": value, "b": [other.clone()], "c": other }).to_string();
            prop_assert_eq!(member(&text), Ok(Some(value)));
        }
    }
}

//! Text that strangers chose, made safe to show without losing a byte.
//!
//! Text of the logs is *escaped*: a backslash is written `\\`, a byte that is a control
//! character (C0, DEL, C1) or no UTF-8 is written `\xHH`, and a character that turns the
//! direction of the text, breaks a line or marks a byte order is written `\u{HHHH}`. Nothing
//! else begins with a backslash, so the original can be had back exactly. Text of our own and of the
//! operator (paths as shown, names, descriptions) is made *printable*: the same, but a backslash
//! stays single, so that a path reads the same in every output.

use crate::model::marks::is_all_of;
use crate::model::{Platform, Platforms};
use std::fmt::Write;

/// Stands for a User-Agent that was sent and empty; a missing one is an empty cell.
const EMPTY_AGENT: &str = r"\e";

/// Between two User-Agents of one cell. A bar inside a text is written `\x7C`.
pub const AGENT_SEPARATOR: &str = " | ";

/// What happens to a backslash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Backslash {
    Double,
    Keep,
}

/// Whether a text surely stays as it is, escaped or printable: nearly every one does.
pub fn stays(bytes: &[u8]) -> bool {
    // What is printable, but for the backslash.
    is_all_of(&[(b' ', b'[' - b' '), (b']', b'~' - b']')], bytes)
}

/// The bytes of a log as one printable text, reversibly.
pub fn escaped(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    push_escaped(&mut out, bytes);
    out
}

/// Appends what [`escaped`] gives.
pub fn push_escaped(out: &mut String, bytes: &[u8]) {
    push(out, bytes, Backslash::Double);
}

/// Our own or the operator's text without control characters.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_printable(&mut out, text);
    out
}

/// Appends what [`printable`] gives.
pub fn push_printable(out: &mut String, text: &str) {
    push(out, text.as_bytes(), Backslash::Keep);
}

/// Appends one User-Agent: empty where none is known, `\e` where it was sent empty.
pub fn push_agent(out: &mut String, agent: Option<&[u8]>) {
    match agent {
        None => {}
        Some(b"") => out.push_str(EMPTY_AGENT),
        Some(text) => push_escaped(out, text),
    }
}

/// Appends several User-Agents as one cell: separated by ` | `, a bar inside a text is `\x7C`.
pub fn push_agents(out: &mut String, agents: &[&[u8]]) {
    for (index, agent) in agents.iter().enumerate() {
        if index > 0 {
            out.push_str(AGENT_SEPARATOR);
        }
        if agent.is_empty() {
            out.push_str(EMPTY_AGENT);
        }
        if !agent.contains(&b'|') {
            push_escaped(out, agent);
            continue;
        }
        for (piece_index, piece) in agent.split(|&byte| byte == b'|').enumerate() {
            if piece_index > 0 {
                out.push_str(r"\x7C");
            }
            push_escaped(out, piece);
        }
    }
}

/// Whether [`push_agents`] surely leaves that text as it is.
pub fn stays_among_agents(agent: &[u8]) -> bool {
    // A text that was sent empty is not left empty.
    !agent.is_empty() && stays(agent) && memchr::memchr(b'|', agent).is_none()
}

/// Appends the platforms' names, separated by a blank.
pub fn push_platforms(out: &mut String, platforms: Platforms) {
    for (index, platform) in platforms.iter().map(Platform::name).enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(platform);
    }
}

/// The bytes as text for a JSON string, which escapes controls by itself: only bytes that are
/// no UTF-8 are written `\xHH`, so that a text which is UTF-8 arrives exactly as it was sent.
pub fn json_text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        push_hex(&mut out, chunk.invalid());
    }
    out
}

/// The same JSON with the characters escaped that a terminal might obey and that JSON allows
/// unescaped. They can stand only inside strings, where the two spellings mean the same.
pub fn json_safe(json: String) -> String {
    // Without an early end the compiler looks at many bytes at once.
    if json.bytes().fold(true, |all, byte| all & (b' '..=b'~').contains(&byte))
        || !json.chars().any(is_unsafe_in_json)
    {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 16);
    for char in json.chars() {
        if is_unsafe_in_json(char) {
            let _ = write!(out, "\\u{:04x}", u32::from(char));
        } else {
            out.push(char);
        }
    }
    out
}

/// Line feeds are the layout of the JSON itself: serde escapes those inside strings.
fn is_unsafe_in_json(char: char) -> bool {
    (char.is_control() && char != '\n') || is_deceptive(char)
}

/// Characters that change how the text around them reads: the Unicode property Bidi_Control,
/// the line and paragraph separators, and the byte order mark.
fn is_deceptive(char: char) -> bool {
    matches!(char,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

fn push(out: &mut String, bytes: &[u8], backslash: Backslash) {
    for chunk in bytes.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '\\' if backslash == Backslash::Double => out.push_str(r"\\"),
                _ if char.is_control() => push_hex(out, char.encode_utf8(&mut [0; 4]).as_bytes()),
                _ if is_deceptive(char) => {
                    // Writing to a String cannot fail.
                    let _ = write!(out, "\\u{{{:X}}}", u32::from(char));
                }
                _ => out.push(char),
            }
        }
        push_hex(out, chunk.invalid());
    }
}

fn push_hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(out, "\\x{byte:02X}");
    }
}

/// The same objects, one a line, with every text in them changed; keys stay.
pub fn map_json_texts(lines: &[u8], change: &dyn Fn(&str) -> String) -> Vec<u8> {
    fn walk(value: &mut serde_json::Value, change: &dyn Fn(&str) -> String) {
        match value {
            serde_json::Value::String(text) => *text = change(text),
            serde_json::Value::Array(values) => values.iter_mut().for_each(|value| walk(value, change)),
            serde_json::Value::Object(fields) => fields.values_mut().for_each(|value| walk(value, change)),
            _ => {}
        }
    }
    let mut changed = Vec::with_capacity(lines.len());
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let mut value: serde_json::Value = serde_json::from_slice(line).expect("the lines are JSON of ours");
        walk(&mut value, change);
        changed.extend_from_slice(json_safe(value.to_string()).as_bytes());
        changed.push(b'\n');
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The way back, as the module head promises it.
    fn unescaped(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = text;
        while let Some(char) = rest.chars().next() {
            if let Some(tail) = rest.strip_prefix(r"\\") {
                out.push(b'\\');
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix(r"\x") {
                out.push(u8::from_str_radix(&tail[..2], 16).unwrap());
                rest = &tail[2..];
            } else if let Some(tail) = rest.strip_prefix(r"\u{") {
                let (hex, tail) = tail.split_once('}').unwrap();
                let char = char::from_u32(u32::from_str_radix(hex, 16).unwrap()).unwrap();
                out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
                rest = tail;
            } else {
                out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
                rest = &rest[char.len_utf8()..];
            }
        }
        out
    }

    #[test]
    fn controls_of_both_sets_and_broken_utf8_become_bytes_in_hex() {
        assert_eq!(escaped(b"a\x1b[31m\x7f"), r"a\x1B[31m\x7F");
        assert_eq!(escaped("x\u{9b}y".as_bytes()), r"x\xC2\x9By");
        assert_eq!(escaped(b"caf\xe9 caf\xc3\xa9"), r"caf\xE9 café");
    }

    #[test]
    fn text_cannot_turn_around() {
        assert_eq!(escaped("a\u{202e}b\u{2066}".as_bytes()), r"a\u{202E}b\u{2066}");
    }

    #[test]
    fn a_path_keeps_its_backslash() {
        assert_eq!(printable("logs\\a\x07.log"), r"logs\a\x07.log");
    }

    #[test]
    fn a_bar_inside_an_agent_does_not_split_it() {
        let mut out = String::new();
        push_agents(&mut out, &[b"", b"A | B", b"C"]);
        assert_eq!(out, r"\e | A \x7C B | C");
    }

    #[test]
    fn an_agent_sent_empty_is_not_a_missing_one() {
        let cell = |agent| {
            let mut out = String::new();
            push_agent(&mut out, agent);
            out
        };
        assert_eq!((cell(None), cell(Some(b""))), (String::new(), r"\e".to_owned()));
    }

    #[test]
    fn json_shows_a_terminal_nothing_to_obey_and_means_the_same() {
        let text = "a\u{9b}b\u{7f}\u{202e}\n\u{1b}";
        let json = json_safe(serde_json::to_string(text).unwrap());
        assert_eq!(json, r#""a\u009bb\u007f\u202e\n\u001b""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn json_text_leaves_utf8_alone() {
        assert_eq!(json_text("a\\b é".as_bytes()), "a\\b é");
        assert_eq!(json_text(b"caf\xe9"), r"caf\xE9");
    }

    proptest! {
        #[test]
        fn what_surely_stays_is_not_changed(text in "[ -~é\\\\\x07]{0,5}") {
            let bytes = text.as_bytes();
            prop_assert!(!stays(bytes) || (escaped(bytes) == text && printable(&text) == text));
        }

        #[test]
        fn no_byte_is_lost_and_none_is_unprintable(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let text = escaped(&bytes);
            prop_assert_eq!(unescaped(&text), bytes);
            prop_assert!(!text.chars().any(|char| char.is_control() || is_deceptive(char)));
        }

        #[test]
        fn any_text_survives(text in any::<String>()) {
            prop_assert_eq!(unescaped(&escaped(text.as_bytes())), text.into_bytes());
        }
    }
}

//! The regular expression of a template, as anchored and as literal as its lines allow.

use super::name::Gap;
use super::sketch::{Piece, Sketch};
use super::token::Shape;
use super::words::Name;

/// A free text in a line that begins with a Call-ID in brackets. A stranger chooses the Call-ID;
/// that a `]` with a blank behind it is no part of any field keeps one that imitates a line from
/// being read as that line.
const GUARDED: &str = r"(?:[^\]]|\]+[^\] ])*";

/// The regular expression; it matches whole messages.
pub(super) fn regex(sketch: &Sketch, gaps: &[Gap<'_>]) -> String {
    let is_guarded = begins_with_call_id(sketch, gaps);
    let mut regex = String::new();
    for (number, piece) in sketch.pieces.iter().enumerate() {
        match piece {
            Piece::Literal(text) => push_literal(&mut regex, text),
            // Another word at this place could tell another story, so these alone.
            Piece::Words(words) => {
                let words: Vec<String> =
                    words.iter().map(|word| regex::escape(&String::from_utf8_lossy(word))).collect();
                regex.push_str(&format!("(?:{})", words.join("|")));
            }
            Piece::Gap => {
                let Some(gap) = gaps.iter().find(|gap| gap.number == number) else { continue };
                let class = class(gap, following(sketch, number), is_guarded);
                match gap.name {
                    Some(name) => regex.push_str(&format!("(?P<{}>{class})", name.text())),
                    None => regex.push_str(&class),
                }
            }
        }
    }
    regex.push('$');
    regex
}

fn begins_with_call_id(sketch: &Sketch, gaps: &[Gap<'_>]) -> bool {
    let is_bracket = sketch.pieces.first() == Some(&Piece::Literal(b"[".to_vec()));
    is_bracket && gaps.first().is_some_and(|gap| gap.number == 1 && gap.name == Some(Name::CallId))
}

/// The literal text behind a gap, as far as it goes.
fn following(sketch: &Sketch, number: usize) -> Vec<u8> {
    let literals = sketch.pieces[number + 1..].iter().map_while(|piece| match piece {
        Piece::Literal(text) => Some(text.as_slice()),
        _ => None,
    });
    literals.flatten().copied().collect()
}

/// What a gap takes: no more than its kind allows, and a stranger's free text up to the last
/// place where the rest of the line can follow.
fn class(gap: &Gap<'_>, behind: Vec<u8>, is_guarded: bool) -> String {
    let next = behind.first().copied();
    let free = || match (is_guarded, next) {
        (true, None) => format!(r"{GUARDED}\]*"),
        (true, Some(_)) => GUARDED.to_owned(),
        (false, Some(mark @ (b'|' | b'\t'))) => but_not(mark, "*"),
        (false, _) => ".*".to_owned(),
    };
    // Up to the mark that ends it, or to a blank.
    let one = |times: &str| match next {
        Some(b']') => format!(r"[^\] ]{times}"),
        Some(b' ') | None => format!(r"\S{times}"),
        Some(mark) if mark.is_ascii_punctuation() || mark == b'\t' => but_not(mark, times),
        Some(_) => format!(r"\S{times}"),
    };
    let times = if gap.values.may_be_empty() { "*" } else { "+" };
    match gap.name {
        Some(Name::Ua | Name::Contact) => free(),
        Some(Name::Expires) => one("*"),
        Some(Name::Code) => r"\d{3}".to_owned(),
        Some(Name::Cseq) if gap.values.are_single() => r"\d+".to_owned(),
        Some(Name::Time) if gap.values.clock().is_none() && gap.values.are(Shape::Number) => {
            r"\d+".to_owned()
        }
        Some(Name::Time) => time_class(gap.values.clock()).to_owned(),
        Some(Name::Ip) if next == Some(b':') => r"\S+".to_owned(),
        Some(Name::Aor | Name::User | Name::Domain | Name::CallId | Name::Ip) if gap.values.are_single() => {
            one(times)
        }
        _ if gap.values.are(Shape::Number) && !gap.values.may_be_empty() && gap.values.are_single() => {
            // A result code may turn negative some day; a port or a clock will not.
            let is_result = gap.values.have_sign() || (gap.label.is_key && gap.is_labelled_freely());
            if is_result { r"-?\d+".to_owned() } else { r"\d+".to_owned() }
        }
        _ if gap.is_reason && gap.values.are_plain() => r"[\w ./-]*".to_owned(),
        _ if gap.values.are_words() => "[A-Za-z_-]+".to_owned(),
        _ if is_one(next, gap) => one(times),
        _ if gap.values.are_plain() => r"[\w ./-]*".to_owned(),
        _ => free(),
    }
}

fn is_one(next: Option<u8>, gap: &Gap<'_>) -> bool {
    gap.values.are_single() || next == Some(b'|')
}

fn but_not(mark: u8, times: &str) -> String {
    match mark {
        b'\t' => format!(r"[^\t]{times}"),
        b'^' | b'\\' | b'[' | b']' => format!(r"[^\{}]{times}", char::from(mark)),
        _ => format!("[^{}]{times}", char::from(mark)),
    }
}

const fn time_class(clock: Option<&str>) -> &'static str {
    match clock {
        None => r"[\d.]+",
        Some(clock) => match clock.as_bytes() {
            b"iso8601" => r"[\d-]{10}[T ][\d:.,]+(?:Z|[+-][\d:]+)?",
            b"syslog" => r"[A-Z][a-z]{2} [ \d]\d [\d:]{8}",
            [b'%', b'd', ..] => r"\d\d/[A-Z][a-z]{2}/\d{4}:[\d:]{8} [+-]\d{4}",
            _ => r"[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d [\d:]{8} \d{4}",
        },
    }
}

/// Escapes what a regular expression would take for its own; bytes that are no text match any byte.
fn push_literal(regex: &mut String, text: &[u8]) {
    for chunk in text.utf8_chunks() {
        for letter in chunk.valid().chars() {
            // The blank and the slash need no escape, and are read more easily without.
            if matches!(letter, ' ' | '/' | '"' | '-' | '#' | '&' | '~' | '\'') {
                regex.push(letter);
            } else {
                regex.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4])));
            }
        }
        regex.extend(chunk.invalid().iter().map(|_| '.'));
    }
}

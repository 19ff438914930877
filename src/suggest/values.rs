//! What the values of one gap have in common.

use super::line::Line;
use super::sketch::Sketch;
use super::token::{Shape, tokens};
use std::collections::BTreeSet;

/// So many values show what a gap holds.
const VALUES_MAX: usize = 500;

/// The final and provisional codes that registrars send.
const CODES: [&[u8]; 24] = [
    b"100", b"180", b"183", b"200", b"202", b"301", b"302", b"400", b"401", b"403", b"404", b"405", b"407",
    b"408", b"420", b"423", b"480", b"481", b"486", b"487", b"488", b"500", b"503", b"603",
];

/// The values of one gap.
#[derive(Debug)]
pub(super) struct Values<'l> {
    all: Vec<&'l [u8]>,
    shapes: Vec<Option<Shape>>,
}

impl<'l> Values<'l> {
    /// Of the piece with that number.
    pub(super) fn of(sketch: &Sketch, number: usize, lines: &'l [Line]) -> Self {
        let rows = sketch.rows.iter().step_by(sketch.rows.len() / VALUES_MAX + 1);
        let text = |line: usize| &lines[line].text;
        let all: Vec<&[u8]> = rows.map(|row| &text(row.line)[row.places[number].clone()]).collect();
        let shapes = all.iter().map(|value| whole_shape(value)).collect();
        Self { all, shapes }
    }

    /// Whether at least nine of ten values that say something satisfy this, and one does.
    fn mostly(&self, is_so: impl Fn(&[u8], Option<Shape>) -> bool) -> bool {
        let told: Vec<_> = self
            .all
            .iter()
            .zip(&self.shapes)
            .filter(|(value, shape)| !value.is_empty() && **value != b"-" && **shape != Some(Shape::Null))
            .collect();
        let count = told.iter().filter(|(value, shape)| is_so(value, **shape)).count();
        count > 0 && count * 10 >= told.len() * 9
    }

    pub(super) fn are(&self, shape: Shape) -> bool {
        self.mostly(|_, found| found == Some(shape))
    }

    /// URIs with their scheme, or at least `user@host`.
    pub(super) fn have_scheme(&self) -> bool {
        self.mostly(|value, _| value.starts_with(b"sip") || value.starts_with(b"<sip"))
    }

    pub(super) fn are_contacts(&self) -> bool {
        let is_contact = |value: &[u8]| value == b"*" || memchr::memmem::find(value, b"<sip").is_some();
        self.mostly(|value, shape| shape == Some(Shape::Contact) || is_contact(value))
            && self.all.iter().any(|value| *value != b"*" && is_contact(value))
    }

    pub(super) fn are_codes(&self) -> bool {
        self.all.iter().all(|value| CODES.contains(value))
    }

    /// Seconds since 1970, of this century.
    pub(super) fn are_epochs(&self) -> bool {
        let is_epoch = |value: &[u8]| {
            let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let is_fraction = value[digits..].is_empty() || value[digits] == b'.';
            is_fraction && matches!(digits, 10 | 13 | 16) && value[0] == b'1'
        };
        self.mostly(|value, _| is_epoch(value))
    }

    /// How the times are written, in the words of a pattern file.
    pub(super) fn clock(&self) -> Option<&'static str> {
        if !self.all.iter().zip(&self.shapes).all(|(_, shape)| *shape == Some(Shape::Time)) {
            return None;
        }
        let first = self.all.first()?;
        Some(match first.first()? {
            digit if digit.is_ascii_digit() && first.get(2) == Some(&b'/') => "%d/%b/%Y:%H:%M:%S %z",
            digit if digit.is_ascii_digit() => "iso8601",
            _ if first.get(3) == Some(&b' ') && first.get(4).is_some_and(u8::is_ascii_uppercase) => {
                "%a %b %e %H:%M:%S %Y"
            }
            _ => "syslog",
        })
    }

    /// Whether the values look like Call-IDs: long, and many of them. A device keeps its own from
    /// refresh to refresh, so they repeat.
    pub(super) fn are_ids(&self) -> bool {
        let distinct: BTreeSet<&[u8]> = self.all.iter().copied().collect();
        let len: usize = distinct.iter().map(|value| value.len()).sum();
        distinct.len() >= 5 && len >= 8 * distinct.len()
    }

    /// Whether some value looks like a product and its version.
    pub(super) fn have_products(&self) -> bool {
        self.all.iter().any(|value| {
            value.iter().any(u8::is_ascii_alphabetic)
                && (value.contains(&b'/') || value.contains(&b' ') && value.iter().any(u8::is_ascii_digit))
                && !value.contains(&b'@')
        })
    }

    /// Whether every value is a word.
    pub(super) fn are_words(&self) -> bool {
        self.shapes.iter().all(|shape| *shape == Some(Shape::Word))
    }

    /// Whether the values are mostly of several words.
    pub(super) fn have_phrases(&self) -> bool {
        self.mostly(|value, _| value.contains(&b' ') && value.iter().any(u8::is_ascii_alphabetic))
    }

    /// Whether no value holds a blank.
    pub(super) fn are_single(&self) -> bool {
        self.all.iter().all(|value| !value.contains(&b' '))
    }

    pub(super) fn have_sign(&self) -> bool {
        self.all.iter().any(|value| value.starts_with(b"-"))
    }

    pub(super) fn may_be_empty(&self) -> bool {
        self.all.iter().any(|value| value.is_empty())
    }

    /// Whether no value holds anything but letters, digits, blanks and what short reasons hold.
    pub(super) fn are_plain(&self) -> bool {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" ._/-".contains(byte);
        self.all.iter().all(|value| value.iter().all(is_plain))
    }
}

/// The shape of a value that is one token; that of what brackets hold.
fn whole_shape(value: &[u8]) -> Option<Shape> {
    match tokens(value).as_slice() {
        [token] => Some(token.shape),
        _ => None,
    }
}

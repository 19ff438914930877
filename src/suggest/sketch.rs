//! A template in the making: what all its lines share, and the gaps between.

use super::line::Line;
use super::values::Values;
use super::words::named_by;
use super::words::{Name, Sense, sense};
use std::collections::BTreeSet;
use std::ops::Range;

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text that every line has.
    Literal(Vec<u8>),
    /// One of a few words.
    Words(BTreeSet<Vec<u8>>),
    /// Anything.
    Gap,
}

/// One line of a template: where its pieces stand in it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub line: usize,
    /// The token that is looked at next.
    pub cursor: usize,
    /// One range of bytes for each piece.
    pub places: Vec<Range<usize>>,
}

/// Lines that are alike, and how.
#[derive(Debug, Clone)]
pub(super) struct Sketch {
    pub pieces: Vec<Piece>,
    pub rows: Vec<Row>,
}

/// What the text in front of a gap says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    pub name: Option<Name>,
    /// `ua=` and `"ua":` rather than `using `.
    pub is_key: bool,
}

/// The label that ends these pieces.
pub(super) fn label(pieces: &[Piece]) -> Label {
    let mut text: Vec<u8> = Vec::new();
    for piece in pieces.iter().rev() {
        let Piece::Literal(literal) = piece else { break };
        text.splice(0..0, literal.iter().copied());
        if text.len() > 40 {
            break;
        }
    }
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let marks = text.iter().rev().take_while(|byte| !is_of_word(byte)).count();
    let (head, marks) = text.split_at(text.len() - marks);
    let word = head.iter().rev().take_while(|byte| is_of_word(byte)).count();
    // A comma or a bar ends the field that the word belongs to.
    let is_key =
        marks.iter().any(|mark| b"=:".contains(mark)) && !marks.iter().any(|mark| b",|;".contains(mark));
    let is_apart = marks.is_empty() || marks.iter().any(|mark| b",|;)]}".contains(mark));
    let name = if is_apart { None } else { named_by(&head[head.len() - word..], is_key) };
    Label { name, is_key }
}

/// The last byte of the literal text that ends these pieces.
pub(super) fn last_byte(pieces: &[Piece]) -> Option<u8> {
    match pieces.last()? {
        Piece::Literal(text) => text.last().copied(),
        _ => None,
    }
}

/// Whether the pieces end in a status code and a blank, so that its reason comes next.
pub(super) fn is_status(pieces: &[Piece]) -> bool {
    let [.., before, Piece::Gap, Piece::Literal(blank)] = pieces else { return false };
    let Piece::Literal(_) = before else { return false };
    let head = &pieces[..pieces.len() - 2];
    let words = head.iter().rev().filter_map(|piece| match piece {
        Piece::Literal(text) if text.iter().any(u8::is_ascii_alphabetic) => Some(text.to_ascii_lowercase()),
        _ => None,
    });
    const ANNOUNCE: [&[u8]; 6] = [b"reply", b"code", b"status", b"response", b"answered", b"replied"];
    blank.as_slice() == b" " && words.take(1).any(|word| ANNOUNCE.contains(&word.as_slice()))
}

/// The mark that closes a value which this mark opens; a column's separator closes itself.
pub(super) const fn closer(opener: Option<u8>) -> Option<u8> {
    match opener {
        Some(quote @ (b'"' | b'\'' | b'|' | b'\t')) => Some(quote),
        Some(b'[') => Some(b']'),
        Some(b'(') => Some(b')'),
        Some(b'<') => Some(b'>'),
        _ => None,
    }
}

/// Joins the templates of several words at one place, where all else is the same and the words
/// tell no different story.
///
/// `at` is the place's number among the pieces. The largest template gives the shape.
pub(super) fn joined(mut sketches: Vec<Sketch>, at: usize, lines: &[Line]) -> Vec<Sketch> {
    sketches.sort_by_key(|sketch| std::cmp::Reverse(sketch.rows.len()));
    let tells = sketches.iter().any(|sketch| words_at(sketch, at).iter().any(|word| sense(word).is_some()));
    let mut done: Vec<Sketch> = Vec::new();
    for sketch in sketches {
        let host = done.iter_mut().find_map(|host| {
            let rows = fitted(&sketch, host, at, lines)?;
            Some((host, rows))
        });
        match host {
            Some((host, rows)) => {
                let mut words = words_at(host, at);
                words.extend(words_at(&sketch, at));
                host.pieces[at] = Piece::Words(words);
                host.rows.extend(rows);
            }
            None => done.push(sketch),
        }
    }
    if !tells {
        // Names of users or transports: the next line may have another one.
        for sketch in &mut done {
            if matches!(sketch.pieces.get(at), Some(Piece::Words(_))) {
                sketch.pieces[at] = Piece::Gap;
            }
        }
    }
    done
}

/// Different values of one field.
type Distinct = BTreeSet<Vec<u8>>;

/// Parts a template whose lines tell different stories in one field: `result="all ok"` and
/// `result="auth failed"` are no lines of one kind. A status code tells them apart by itself.
pub(super) fn told_apart(sketch: Sketch, lines: &[Line]) -> Vec<Sketch> {
    let mut gaps = (0..sketch.pieces.len()).filter(|number| sketch.pieces[*number] == Piece::Gap);
    if gaps.any(|number| Values::of(&sketch, number, lines).are_codes()) {
        return vec![sketch];
    }
    for number in 0..sketch.pieces.len() {
        if sketch.pieces[number] == Piece::Gap
            && label(&sketch.pieces[..number]).name.is_none_or(|name| name == Name::Code)
            && let Some((refused, others)) = stories(&sketch, number, lines)
        {
            let part = |values: BTreeSet<Vec<u8>>| {
                let is_in = |row: &&Row| values.contains(&lines[row.line].text[row.places[number].clone()]);
                let rows = sketch.rows.iter().filter(is_in).cloned().collect();
                let mut pieces = sketch.pieces.clone();
                if !values.iter().all(|value| value.iter().all(u8::is_ascii_digit)) {
                    pieces[number] = Piece::Words(values);
                }
                Sketch { pieces, rows }
            };
            let parts = [part(refused), part(others)];
            return parts.into_iter().flat_map(|part| told_apart(part, lines)).collect();
        }
    }
    vec![sketch]
}

/// The values of a gap that speak of a refusal, and the others; `None` where there are not both,
/// or so many values that it is a free text.
fn stories(sketch: &Sketch, number: usize, lines: &[Line]) -> Option<(Distinct, Distinct)> {
    const VALUES_MAX: usize = 12;
    const VALUE_LEN_MAX: usize = 60;
    let mut values: BTreeSet<&[u8]> = BTreeSet::new();
    for row in &sketch.rows {
        let value = &lines[row.line].text[row.places[number].clone()];
        values.insert(value);
        if values.len() > VALUES_MAX || value.len() > VALUE_LEN_MAX || value.contains(&b'/') {
            return None;
        }
    }
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let is_refused =
        |value: &[u8]| value.split(|byte| !is_word(byte)).any(|word| sense(word) == Some(Sense::Refused));
    let owned = |value: &[u8]| value.to_vec();
    let refused: BTreeSet<Vec<u8>> =
        values.iter().filter(|value| is_refused(value)).map(|value| owned(value)).collect();
    let others: BTreeSet<Vec<u8>> =
        values.iter().filter(|value| !is_refused(value)).map(|value| owned(value)).collect();
    (!refused.is_empty() && !others.is_empty()).then_some((refused, others))
}

fn words_at(sketch: &Sketch, at: usize) -> BTreeSet<Vec<u8>> {
    match sketch.pieces.get(at) {
        Some(Piece::Literal(word)) => BTreeSet::from([word.clone()]),
        Some(Piece::Words(words)) => words.clone(),
        _ => BTreeSet::new(),
    }
}

/// The guest's rows with places for the host's pieces; `None` where they do not fit.
fn fitted(guest: &Sketch, host: &Sketch, at: usize, lines: &[Line]) -> Option<Vec<Row>> {
    let (ours, theirs) = (words_at(host, at), words_at(guest, at));
    if ours.is_empty() || theirs.is_empty() || guest.pieces[..at] != host.pieces[..at] {
        return None;
    }
    let decides_itself = host.pieces.iter().enumerate().any(|(number, piece)| {
        *piece == Piece::Gap && label(&host.pieces[..number]).name == Some(Name::Contact)
            || host.rows.iter().any(|row| starts_as_contact(row, number, lines))
    });
    if !same_story(&ours, &theirs, decides_itself) {
        return None;
    }
    let spans = spans(&guest.pieces[at + 1..], &host.pieces[at + 1..])?;
    let rows = guest.rows.iter().map(|row| {
        let mut places = row.places[..=at].to_vec();
        let end = lines[row.line].text.len();
        let start_of = |piece: usize| row.places.get(at + 1 + piece).map_or(end, |place| place.start);
        places.extend(spans.iter().map(|span| start_of(span.start)..start_of(span.end)));
        Row { places, ..row.clone() }
    });
    Some(rows.collect())
}

fn starts_as_contact(row: &Row, number: usize, lines: &[Line]) -> bool {
    let text = row.places.get(number).map_or(&b""[..], |place| &lines[row.line].text[place.clone()]);
    text.ends_with(b">") && text.starts_with(b"<sip")
}

/// Whether two sets of words may stand in one template: removals and queries beside
/// registrations only where the contact tells them apart, refusals and methods never.
fn same_story(ours: &BTreeSet<Vec<u8>>, theirs: &BTreeSet<Vec<u8>>, decides_itself: bool) -> bool {
    let story = |words: &BTreeSet<Vec<u8>>| -> BTreeSet<Option<Sense>> {
        let plain = |sense: Option<Sense>| match sense {
            Some(Sense::Removed | Sense::Fetched) if decides_itself => None,
            Some(Sense::Accepted) => None,
            other => other,
        };
        words.iter().map(|word| plain(sense(word))).collect()
    };
    story(ours) == story(theirs)
}

/// For each host piece the guest's pieces that stand in its place.
fn spans(guest: &[Piece], host: &[Piece]) -> Option<Vec<Range<usize>>> {
    let mut spans = Vec::with_capacity(host.len());
    let mut at = 0;
    for (number, piece) in host.iter().enumerate() {
        let start = at;
        if *piece == Piece::Gap {
            let next = host.get(number + 1);
            at = match next {
                None => guest.len(),
                Some(Piece::Gap) => (start + 1).min(guest.len()),
                Some(next) => start + guest[start..].iter().position(|piece| piece == next)?,
            };
        } else {
            if guest.get(at) != Some(piece) {
                return None;
            }
            at += 1;
        }
        spans.push(start..at);
    }
    (at == guest.len()).then_some(spans)
}

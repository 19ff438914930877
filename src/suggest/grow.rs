//! From lines to templates, left to right.
//!
//! All lines start as one group. Where its lines go on alike, that is the template's text; where
//! they go on with a value (a URI, a number), that is a gap; where they go on with different
//! words, the group is split, and joined again if nothing but the word differs. A free text such
//! as a User-Agent ends at the next place that all lines share (`anchor.rs`).

use super::anchor::{self, Ends};
use super::line::{Key, Line};
use super::sketch::{Piece, Row, Sketch, closer, is_status, joined, label, last_byte};
use super::token::Shape;
use super::words::{Name, sense};
use std::collections::BTreeMap;

/// More different words than this at one place are values, not the words of templates.
const WORDS_MAX: usize = 16;
/// So many splits on the way to one template are enough for any log that people write.
const DEPTH_MAX: usize = 12;

/// Groups the lines into templates, in no particular order.
pub(super) fn grow(lines: &[Line]) -> Vec<Sketch> {
    let rows = (0..lines.len()).map(|line| Row { line, cursor: 0, places: Vec::new() }).collect();
    Grower { lines }.grow(rows, Vec::new(), 0)
}

struct Grower<'l> {
    lines: &'l [Line],
}

impl<'l> Grower<'l> {
    fn grow(&self, mut rows: Vec<Row>, mut pieces: Vec<Piece>, depth: usize) -> Vec<Sketch> {
        loop {
            let ended = rows.iter().filter(|row| self.key(row, 0) == Key::End).count();
            let label = label(&pieces);
            let is_value_next = label.name.is_some() || matches!(last_byte(&pieces), Some(b'|' | b'\t'));
            if ended == rows.len() {
                return vec![Sketch { pieces, rows }];
            }
            if ended > 0 && !is_value_next && depth < DEPTH_MAX {
                let (over, on): (Vec<Row>, Vec<Row>) =
                    rows.into_iter().partition(|row| self.key(row, 0) == Key::End);
                let mut sketches = self.grow(on, pieces.clone(), depth + 1);
                sketches.push(Sketch { pieces, rows: over });
                return sketches;
            }
            let keys = self.keys(&rows);
            let is_free = label.name == Some(Name::Ua);
            // What opens a User-Agent is no part of it.
            let is_opening =
                |key: &Key<'_>| matches!(key, Key::Literal([mark]) if b" =:\"'[(".contains(mark));
            let only =
                keys.keys().next().copied().filter(|key| keys.len() == 1 && (!is_free || is_opening(key)));
            match only {
                Some(Key::Literal(text)) if !self.is_value(&rows, &pieces, text) => {
                    let text = text.to_vec();
                    self.take(&mut rows, 1);
                    pieces.push(Piece::Literal(text));
                    continue;
                }
                Some(Key::Value(shape)) if self.is_whole(&rows, &pieces, shape) => {
                    self.take(&mut rows, 1);
                    pieces.push(Piece::Gap);
                    continue;
                }
                _ => {}
            }
            if depth < DEPTH_MAX && !is_free {
                if pieces.is_empty() && keys.len() > 1 {
                    return self.split_start(rows, &pieces, depth);
                }
                if keys.len() > 1 && self.are_keys(&rows) || self.are_words(&keys, &pieces) {
                    return self.split(rows, &pieces, depth);
                }
            }
            match anchor::ends(self.lines, &rows, &pieces) {
                Ends::At(cursors) => {
                    for (row, cursor) in rows.iter_mut().zip(cursors) {
                        let line = &self.lines[row.line];
                        row.places.push(line.start(row.cursor)..line.start(cursor));
                        row.cursor = cursor;
                    }
                    pieces.push(Piece::Gap);
                }
                Ends::Differ(has) if depth < DEPTH_MAX => {
                    let mut has = has.into_iter();
                    let (with, without): (Vec<Row>, Vec<Row>) =
                        rows.into_iter().partition(|_| has.next().unwrap_or(false));
                    let mut sketches = self.grow(with, pieces.clone(), depth + 1);
                    sketches.extend(self.grow(without, pieces, depth + 1));
                    return sketches;
                }
                Ends::Differ(_) | Ends::Never => {
                    for row in &mut rows {
                        let line = &self.lines[row.line];
                        row.places.push(line.start(row.cursor)..line.text.len());
                        row.cursor = line.tokens.len();
                    }
                    pieces.push(Piece::Gap);
                }
            }
        }
    }

    fn key(&self, row: &Row, ahead: usize) -> Key<'l> {
        self.lines[row.line].key(row.cursor + ahead)
    }

    /// What the rows go on with, and how many with what.
    fn keys(&self, rows: &[Row]) -> BTreeMap<Key<'l>, usize> {
        let mut keys = BTreeMap::new();
        for row in rows {
            *keys.entry(self.key(row, 0)).or_default() += 1;
        }
        keys
    }

    /// Makes the next tokens a piece of every row.
    fn take(&self, rows: &mut [Row], count: usize) {
        for row in rows {
            let line = &self.lines[row.line];
            row.places.push(line.start(row.cursor)..line.start(row.cursor + count));
            row.cursor += count;
        }
    }

    /// Whether a word that all rows share is a value that happens to be the same: behind a label,
    /// or the beginning of a longer value between quotes or bars.
    fn is_value(&self, rows: &[Row], pieces: &[Piece], text: &[u8]) -> bool {
        let is_word = text.iter().any(u8::is_ascii_alphanumeric);
        if !is_word {
            return false;
        }
        let label = label(pieces);
        let is_told =
            label.is_key && label.name.is_some_and(|name| name != Name::Method && name != Name::Code);
        is_told || !self.is_closed(rows, pieces)
    }

    /// Whether one token is the whole of what stands between quotes or bars here, if anything does.
    fn is_closed(&self, rows: &[Row], pieces: &[Piece]) -> bool {
        match closer(last_byte(pieces)) {
            Some(mark @ (b'|' | b'\t' | b'"')) => rows.iter().all(|row| {
                let next = self.lines[row.line].mark(row.cursor + 1);
                next == Some(mark) || (next.is_none() && self.key(row, 1) == Key::End)
            }),
            _ => true,
        }
    }

    /// Whether a value of that shape is a field of its own and not the beginning of a longer one.
    fn is_whole(&self, rows: &[Row], pieces: &[Piece], shape: Shape) -> bool {
        if !self.is_closed(rows, pieces) {
            return false;
        }
        let next = self.key(&rows[0], 1);
        let is_followed = || rows.iter().all(|row| self.key(row, 1) == next);
        match shape {
            Shape::Odd => is_followed(),
            // Several contacts in one header are one value.
            Shape::Contact => !rows.iter().any(|row| self.key(row, 1) == Key::Literal(b",")) || is_followed(),
            _ => true,
        }
    }

    /// Whether a key comes next in every row: lines with other keys are of another template.
    fn are_keys(&self, rows: &[Row]) -> bool {
        rows.iter().all(|row| self.lines[row.line].is_key(row.cursor))
    }

    /// Whether the rows part here by words that belong to templates.
    fn are_words(&self, keys: &BTreeMap<Key<'l>, usize>, pieces: &[Piece]) -> bool {
        let mut tells = false;
        for key in keys.keys() {
            match key {
                Key::Literal(word) if word.iter().any(u8::is_ascii_alphabetic) => {
                    tells |= sense(word).is_some()
                }
                _ => return false,
            }
        }
        let label = label(pieces);
        let is_field = matches!(last_byte(pieces), Some(b'|' | b'"' | b'=' | b'(' | b'['));
        let is_reason = is_status(pieces);
        let is_named =
            label.is_key && label.name.is_some_and(|name| name != Name::Method && name != Name::Code);
        keys.len() > 1 && keys.len() <= WORDS_MAX && !is_named && !is_reason && (tells || !is_field)
    }

    /// Parts the rows by their word, and joins what differs in nothing else.
    fn split(&self, rows: Vec<Row>, pieces: &[Piece], depth: usize) -> Vec<Sketch> {
        let at = pieces.len();
        joined(self.split_start(rows, pieces, depth), at, self.lines)
    }

    fn split_start(&self, rows: Vec<Row>, pieces: &[Piece], depth: usize) -> Vec<Sketch> {
        let mut groups: BTreeMap<Key<'l>, Vec<Row>> = BTreeMap::new();
        for row in rows {
            groups.entry(self.key(&row, 0)).or_default().push(row);
        }
        let groups = groups.into_values();
        groups.flat_map(|rows| self.grow(rows, pieces.to_vec(), depth + 1)).collect()
    }
}

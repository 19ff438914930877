//! Where a value of any length ends: at the next place that all lines of the group share.

use super::line::{Key, Line};
use super::sketch::{Piece, Row, closer, is_status, label, last_byte};
use super::words::{Name, is_joint, named_by};
use std::collections::BTreeMap;

/// Where the value that begins at each row's cursor ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// At these tokens, one a row.
    At(Vec<usize>),
    /// Some rows have a key in their value that the others lack: two templates.
    Differ(Vec<bool>),
    /// With the line.
    Never,
}

/// A word with the mark in front of it and the mark behind it.
type Anchor<'l> = (Option<u8>, &'l [u8], Option<u8>);

/// One row's rest of the line.
struct Rest<'l> {
    line: &'l Line,
    cursor: usize,
}

pub(super) fn ends(lines: &[Line], rows: &[Row], pieces: &[Piece]) -> Ends {
    let rests: Vec<Rest<'_>> =
        rows.iter().map(|row| Rest { line: &lines[row.line], cursor: row.cursor }).collect();
    let opener = last_byte(pieces);
    let is_agent = label(pieces).name == Some(Name::Ua);
    if !is_agent
        && !is_status(pieces)
        && let Some(cursors) = one_token(&rests, opener)
    {
        return Ends::At(cursors);
    }
    if opener == Some(b'|') || opener == Some(b'\t') {
        return column(&rests, opener.unwrap_or(b'|'));
    }
    let anchors: Vec<BTreeMap<Anchor<'_>, usize>> = rests.iter().map(|rest| rest.anchors(is_agent)).collect();
    let common = common(&rests, &anchors, is_agent);
    if let Some(has) = optional_key(&rests, &anchors, common) {
        return Ends::Differ(has);
    }
    if let Some(anchor) = common {
        return Ends::At(before(&rests, anchor, opener, is_agent));
    }
    closed(&rests, opener).map_or(Ends::Never, Ends::At)
}

/// Values of one token at most, all followed by the same mark or by the line's end.
fn one_token(rests: &[Rest<'_>], opener: Option<u8>) -> Option<Vec<usize>> {
    let first = rests.iter().find(|rest| !rest.is_mark(0) && rest.key(0) != Key::End)?;
    let next = first.key(1);
    let is_end = match (next, closer(opener)) {
        (Key::Literal(text), Some(mark)) => text == [mark],
        (Key::Literal(text), None) => text.len() == 1 && !text[0].is_ascii_alphanumeric(),
        (Key::End, closer) => !matches!(closer, Some(b'"' | b']' | b')' | b'\'')),
        (Key::Value(_), _) => false,
    };
    let cursor = |rest: &Rest<'_>| {
        if rest.key(0) == next {
            Some(rest.cursor)
        } else {
            (rest.key(1) == next && rest.key(0) != Key::End).then_some(rest.cursor + 1)
        }
    };
    if is_end { rests.iter().map(cursor).collect() } else { None }
}

/// A column runs to the next separator; the last one to the line's end.
fn column(rests: &[Rest<'_>], separator: u8) -> Ends {
    let cursor = |rest: &Rest<'_>| {
        (rest.cursor..rest.line.tokens.len()).find(|at| rest.line.mark(*at) == Some(separator))
    };
    rests.iter().map(cursor).collect::<Option<Vec<_>>>().map_or(Ends::Never, Ends::At)
}

impl<'l> Rest<'l> {
    fn key(&self, ahead: usize) -> Key<'l> {
        self.line.key(self.cursor + ahead)
    }

    fn is_mark(&self, ahead: usize) -> bool {
        self.line.mark(self.cursor + ahead).is_some()
    }

    fn anchor(&self, at: usize) -> Option<Anchor<'l>> {
        let word = self.line.word(at)?;
        let mark = |at: Option<usize>| at.and_then(|at| self.line.mark(at));
        Some((mark(at.checked_sub(1)), word, mark(Some(at + 1))))
    }

    /// The words that may end the value, with the token of each: the last place of it in a
    /// User-Agent, which may hold anything, else the first.
    fn anchors(&self, is_agent: bool) -> BTreeMap<Anchor<'l>, usize> {
        let mut anchors = BTreeMap::new();
        for at in self.cursor + 1..self.line.tokens.len() {
            if let Some(anchor) = self.anchor(at).filter(|anchor| anchor.0.is_some()) {
                if is_agent {
                    anchors.insert(anchor, at);
                } else {
                    anchors.entry(anchor).or_insert(at);
                }
            }
        }
        anchors
    }
}

/// The first anchor that all rows have, as the shortest row has them; behind a User-Agent a key
/// before a word.
fn common<'l>(
    rests: &[Rest<'l>],
    anchors: &[BTreeMap<Anchor<'l>, usize>],
    is_agent: bool,
) -> Option<Anchor<'l>> {
    let (shortest, theirs) =
        rests.iter().zip(anchors).min_by_key(|(rest, _)| rest.line.tokens.len() - rest.cursor)?;
    let mut shared: Vec<(usize, Anchor<'_>)> = theirs
        .iter()
        .filter(|(anchor, _)| anchors.iter().all(|others| others.contains_key(*anchor)))
        .map(|(anchor, at)| (*at, *anchor))
        .collect();
    shared.sort_unstable();
    if !is_agent {
        return shared.first().map(|(_, anchor)| *anchor);
    }
    // What all User-Agents of a log share (one product's name) is no end of them.
    let key = shared.iter().find(|(at, _)| shortest.line.is_key(*at));
    let joint = || shared.iter().find(|(_, (_, word, _))| is_joint(word));
    key.or_else(joint).map(|(_, anchor)| *anchor)
}

/// Which rows have a key before that anchor, where some have it and some have not.
fn optional_key<'l>(
    rests: &[Rest<'l>],
    anchors: &[BTreeMap<Anchor<'l>, usize>],
    common: Option<Anchor<'l>>,
) -> Option<Vec<bool>> {
    let mut counts: BTreeMap<Anchor<'_>, usize> = BTreeMap::new();
    for (rest, anchors) in rests.iter().zip(anchors) {
        let limit = common.and_then(|common| anchors.get(&common)).copied().unwrap_or(usize::MAX);
        for (anchor, at) in anchors {
            let is_field =
                || anchor.0 == Some(b'"') || named_by(anchor.1, true).is_some() || anchor.1 == b"reason";
            if *at < limit && rest.line.is_key(*at) && is_field() {
                *counts.entry(*anchor).or_default() += 1;
            }
        }
    }
    let enough = |count: usize| count >= 2 && count * 10 >= rests.len() && count < rests.len();
    let (anchor, _) =
        counts.into_iter().filter(|(_, count)| enough(*count)).max_by_key(|(_, count)| *count)?;
    Some(anchors.iter().map(|anchors| anchors.contains_key(&anchor)).collect())
}

/// The token of each row where the text in front of the anchor begins: separators, and the quote
/// that closes the value if one opened it.
fn before(rests: &[Rest<'_>], anchor: Anchor<'_>, opener: Option<u8>, is_agent: bool) -> Vec<usize> {
    let mut cursors: Vec<usize> = rests
        .iter()
        .map(|rest| {
            let mut places =
                (rest.cursor + 1..rest.line.tokens.len()).filter(|at| rest.anchor(*at) == Some(anchor));
            let place = if is_agent { places.next_back() } else { places.next() };
            place.unwrap_or(rest.line.tokens.len())
        })
        .collect();
    // The quote that opens a key.
    step_back(rests, &mut cursors, &|mark| mark == b'"' && anchor.2 == Some(b'"'));
    while step_back(rests, &mut cursors, &|mark| b" \t,;|{".contains(&mark)) {}
    if let Some(closer) = closer(opener)
        && !step_back(rests, &mut cursors, &|mark| mark == closer)
        && let Some(further) = closer_behind_words(rests, &cursors, closer)
    {
        cursors = further;
    }
    cursors
}

/// Moves every place back over the mark in front of it, where all rows have the same and it may be.
fn step_back(rests: &[Rest<'_>], cursors: &mut [usize], is_allowed: &dyn Fn(u8) -> bool) -> bool {
    let mark = |(rest, cursor): (&Rest<'_>, &usize)| {
        if *cursor > rest.cursor { rest.line.mark(cursor - 1) } else { None }
    };
    let Some(first) = rests.iter().zip(&*cursors).map(mark).next().flatten() else { return false };
    let is_shared = rests.iter().zip(&*cursors).map(mark).all(|mark| mark == Some(first));
    if is_shared && is_allowed(first) {
        cursors.iter_mut().for_each(|cursor| *cursor -= 1);
    }
    is_shared && is_allowed(first)
}

/// The places of the mark that closes the value, where only text that all rows share stands
/// between it and the anchor: `" and contact`.
fn closer_behind_words(rests: &[Rest<'_>], cursors: &[usize], closer: u8) -> Option<Vec<usize>> {
    const WORDS_MAX: usize = 8;
    for back in 1..=WORDS_MAX {
        let place = |(rest, cursor): (&Rest<'_>, &usize)| {
            cursor.checked_sub(back).filter(|place| *place >= rest.cursor)
        };
        let places: Vec<usize> = rests.iter().zip(cursors).map(place).collect::<Option<_>>()?;
        let key = rests[0].line.key(places[0]);
        let is_shared = rests.iter().zip(&places).all(|(rest, place)| rest.line.key(*place) == key);
        if !is_shared || matches!(key, Key::Value(_)) {
            return None;
        }
        if rests[0].line.mark(places[0]) == Some(closer) {
            return Some(places);
        }
    }
    None
}

/// Behind an opening quote or bracket, with no word further on: its counterpart before the same
/// mark or the line's end in every row.
fn closed(rests: &[Rest<'_>], opener: Option<u8>) -> Option<Vec<usize>> {
    let mark = closer(opener)?;
    let places = |rest: &Rest<'_>| -> Vec<usize> {
        (rest.cursor..rest.line.tokens.len()).filter(|at| rest.line.mark(*at) == Some(mark)).collect()
    };
    let all: Vec<Vec<usize>> = rests.iter().map(places).collect();
    let followers = all.first()?.iter().map(|at| rests[0].line.key(at + 1));
    followers.into_iter().find_map(|follower| {
        let place = |(rest, places): (&Rest<'_>, &Vec<usize>)| {
            places.iter().copied().rfind(|at| rest.line.key(at + 1) == follower)
        };
        rests.iter().zip(&all).map(place).collect::<Option<Vec<_>>>()
    })
}

//! Which gap is which field: by its label, by what its values look like, by what stands beside it.

use super::line::Line;
use super::sketch::{Label, Piece, Sketch, is_status, label, last_byte};
use super::token::Shape;
use super::values::Values;
use super::words::Name;
use std::collections::BTreeMap;

/// A template's gap with all that is known of it.
#[derive(Debug)]
pub(super) struct Gap<'l> {
    /// Its number among the pieces.
    pub number: usize,
    pub label: Label,
    pub values: Values<'l>,
    pub name: Option<Name>,
    /// The byte in front of it.
    pub before: Option<u8>,
    /// It stands behind an address, or its label says so.
    is_port: bool,
    /// It stands behind a status code, whose reason it is.
    pub is_reason: bool,
}

impl Gap<'_> {
    /// Whether its label is one that no field of a pattern goes by, nor a port's.
    pub(super) fn is_labelled_freely(&self) -> bool {
        self.label.name.is_none() && !self.is_port
    }
}

/// The gaps of a template, named where they can be. No two have one name.
pub(super) fn named<'l>(sketch: &Sketch, lines: &'l [Line], is_message: bool) -> Vec<Gap<'l>> {
    let gap = |(number, piece): (usize, &Piece)| {
        let head = &sketch.pieces[..number];
        (*piece == Piece::Gap).then(|| Gap {
            number,
            label: label(head),
            values: Values::of(sketch, number, lines),
            name: None,
            before: last_byte(head),
            is_reason: is_status(head),
            is_port: head.iter().rev().nth(1) == Some(&Piece::Gap) || last_word(head).ends_with(b"port"),
        })
    };
    let mut gaps: Vec<Gap<'l>> = sketch.pieces.iter().enumerate().filter_map(gap).collect();
    by_label(&mut gaps);
    identity(&mut gaps, sketch, is_message);
    by_value(&mut gaps, sketch);
    by_neighbour(&mut gaps);
    user_agent(&mut gaps);
    gaps
}

fn is_taken(gaps: &[Gap<'_>], name: Name) -> bool {
    gaps.iter().any(|gap| gap.name == Some(name))
}

/// Names the first gap without a name that satisfies this, unless the name is taken.
fn give(gaps: &mut [Gap<'_>], name: Name, is_it: impl Fn(&Gap<'_>) -> bool) {
    if !is_taken(gaps, name)
        && let Some(gap) = gaps.iter_mut().find(|gap| gap.name.is_none() && is_it(gap))
    {
        gap.name = Some(name);
    }
}

/// What a key says is believed where the values can be that.
fn by_label(gaps: &mut [Gap<'_>]) {
    let fits = |name: Name, values: &Values<'_>| match name {
        // Who it is gets settled apart, among all that names somebody.
        Name::Aor | Name::User | Name::Domain => false,
        Name::Code => values.are_codes(),
        Name::Ip => values.are(Shape::Address),
        Name::Time => values.clock().is_some() || values.are_epochs(),
        Name::Cseq => values.are(Shape::Number) || !values.are_single(),
        _ => true,
    };
    for number in 0..gaps.len() {
        let Some(name) = gaps[number].label.name else { continue };
        if fits(name, &gaps[number].values) && !is_taken(gaps, name) {
            gaps[number].name = Some(name);
        }
    }
}

/// The AOR: who registers, so To before From; in a message the sender.
fn identity(gaps: &mut [Gap<'_>], sketch: &Sketch, is_message: bool) {
    let rank = |gap: &Gap<'_>| -> Option<u8> {
        let is_uri = gap.values.are(Shape::Uri) || (gap.values.are_contacts() && gap.values.have_scheme());
        if gap.name.is_some() || !is_uri {
            return None;
        }
        let word = last_word(&sketch.pieces[..gap.number]);
        let is_from = matches!(word.as_slice(), b"from" | b"fu" | b"f" | b"from_uri" | b"caller");
        let is_to = matches!(word.as_slice(), b"to" | b"tu" | b"t" | b"to_uri" | b"callee");
        Some(match (gap.label.name, is_message) {
            (Some(Name::CallId | Name::Contact), _) => return None,
            (_, true) if is_from => 5,
            (_, true) if is_to => 1,
            (_, false) if is_to => 5,
            (_, false) if is_from => 1,
            (Some(Name::Aor | Name::User), _) => 4,
            _ if gap.values.have_scheme() => 3,
            _ => 2,
        })
    };
    // A Call-ID can look like `user@host`: it stands alone in brackets or differs line by line.
    let ranked = gaps.iter().map(|gap| if gap.before == Some(b'[') { None } else { rank(gap) });
    let ranked: Vec<Option<u8>> = ranked.collect();
    let best = ranked.iter().flatten().max().copied();
    if let Some(at) = best.and_then(|best| ranked.iter().position(|rank| *rank == Some(best))) {
        gaps[at].name = Some(Name::Aor);
        return;
    }
    give(gaps, Name::User, |gap| {
        gap.label.name == Some(Name::User) && gap.values.are_single()
            || gap.label.name == Some(Name::Aor) && gap.values.are_single()
    });
    if !is_taken(gaps, Name::User) {
        give(gaps, Name::User, |gap| {
            gap.values.are_single() && last_word(&sketch.pieces[..gap.number]) == b"user"
        });
    }
    if is_taken(gaps, Name::User) {
        give(gaps, Name::Domain, |gap| gap.label.name == Some(Name::Domain) && gap.values.are_single());
    }
}

fn last_word(pieces: &[Piece]) -> Vec<u8> {
    let words = pieces.iter().rev().map_while(|piece| match piece {
        Piece::Literal(text) => Some(text),
        _ => None,
    });
    let word = words.into_iter().find(|text| text.iter().any(u8::is_ascii_alphabetic));
    word.map(|word| word.to_ascii_lowercase()).unwrap_or_default()
}

fn by_value(gaps: &mut [Gap<'_>], sketch: &Sketch) {
    give(gaps, Name::Contact, |gap| gap.values.are_contacts());
    give(gaps, Name::Time, |gap| {
        gap.values.clock().is_some() || (gap.label.name == Some(Name::Time) && gap.values.are_epochs())
    });
    let is_source = |gap: &Gap<'_>| {
        let word = last_word(&sketch.pieces[..gap.number]);
        let is_other =
            [&b"domain"[..], b"realm", b"dst", b"dst_ip", b"to", b"local"].contains(&word.as_slice());
        gap.values.are(Shape::Address) && !is_other
    };
    give(gaps, Name::Ip, is_source);
    give(gaps, Name::CallId, |gap| {
        let is_one = gap.values.are_single() && (gap.label.name.is_none() || gap.before == Some(b'['));
        let is_id = gap.values.are(Shape::Odd) || !gap.values.are(Shape::Number);
        is_one
            && is_id
            && !gap.values.are(Shape::Address)
            && !gap.values.have_scheme()
            && (gap.before == Some(b'[') || gap.values.are_ids())
    });
}

/// Columns without labels follow each other as in SIP: CSeq behind the Call-ID, the expiry
/// behind the Contact.
fn by_neighbour(gaps: &mut [Gap<'_>]) {
    let number_behind = |gaps: &mut [Gap<'_>], before: Name, name: Name| {
        let Some(at) = gaps.iter().position(|gap| gap.name == Some(before)) else { return };
        let is_free = !is_taken(gaps, name);
        if let Some(gap) = gaps.get_mut(at + 1)
            && is_free
            && gap.name.is_none()
            && gap.label.name.is_none()
            && gap.before.is_some_and(|mark| b"|\t ;,".contains(&mark))
            && gap.values.are(Shape::Number)
        {
            gap.name = Some(name);
        }
    };
    number_behind(gaps, Name::CallId, Name::Cseq);
    number_behind(gaps, Name::Contact, Name::Expires);
    give(gaps, Name::Code, |gap| {
        gap.label.name.is_none_or(|name| name == Name::Code) && gap.values.are_codes()
    });
}

/// What looks like products and has no name yet: the last such gap. Else the last text of several
/// words, where the line names somebody: an answer's reason stands in lines that do not.
fn user_agent(gaps: &mut [Gap<'_>]) {
    if is_taken(gaps, Name::Ua) {
        return;
    }
    let is_open = |gap: &Gap<'_>| gap.name.is_none() && gap.label.name.is_none() && !gap.label.is_key;
    let is_product =
        |gap: &Gap<'_>| is_open(gap) && gap.values.have_products() && !gap.values.are(Shape::Uri);
    let names_somebody = is_taken(gaps, Name::Aor) || is_taken(gaps, Name::User);
    let is_phrase = |gap: &Gap<'_>| is_open(gap) && names_somebody && gap.values.have_phrases();
    let at = gaps.iter().rposition(is_product).or_else(|| gaps.iter().rposition(is_phrase));
    if let Some(at) = at {
        gaps[at].name = Some(Name::Ua);
    }
}

/// The number of the piece that has each name.
pub(super) fn numbers(gaps: &[Gap<'_>]) -> BTreeMap<Name, usize> {
    gaps.iter().filter_map(|gap| Some((gap.name?, gap.number))).collect()
}

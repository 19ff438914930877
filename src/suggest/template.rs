//! A template with its pattern: what it says, how many lines say it, and three of them.

use super::line::Line;
use super::name::{Gap, named, numbers};
use super::shape;
use super::sketch::{Piece, Sketch};
use super::words::{Name, Sense, is_about_registering, sense};
use crate::formats::message::Outcome;
use crate::formats::pattern::{Pattern, PatternEvent, PatternSpec};
use crate::model::{Event, Kind, Spot};
use std::collections::{BTreeMap, BTreeSet};

/// Examples that are shown of each template.
const EXAMPLES: usize = 3;

/// One line of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    pub spot: Spot,
    /// The message, as its frame left it.
    pub text: Box<[u8]>,
}

/// Lines that are alike, and the pattern that reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// What reads them; `accepted` is false: that answer is the operator's.
    pub spec: PatternSpec,
    /// Lines of the sample that the pattern reads.
    pub count: u64,
    /// Lines that are alike but for a value that the pattern does not take.
    pub unread: u64,
    /// The word that makes the template a refusal or a removal.
    pub told_by: Option<String>,
    /// At most three, unlike each other where there are some.
    pub examples: Vec<Example>,
    /// Words that stand at one place of the template, with how many lines have each.
    pub words: Vec<Vec<(String, u64)>>,
}

impl Template {
    /// Whether the draft asks the operator if the line proves an acceptance.
    pub const fn is_asked(&self) -> bool {
        matches!(self.spec.event, PatternEvent::Registration | PatternEvent::Message)
    }
}

/// A template before its event is settled, which may depend on the others.
pub(super) struct Draft<'l> {
    pub sketch: Sketch,
    pub gaps: Vec<Gap<'l>>,
    pub names: BTreeMap<Name, usize>,
    pub senses: BTreeSet<Sense>,
    pub is_about_registering: bool,
}

impl<'l> Draft<'l> {
    pub(super) fn of(sketch: Sketch, lines: &'l [Line]) -> Self {
        let words = words(&sketch.pieces);
        let senses: BTreeSet<Sense> = words.iter().filter_map(|word| sense(word)).collect();
        let is_message = senses.contains(&Sense::Message);
        let gaps = named(&sketch, lines, is_message);
        let names = numbers(&gaps);
        let has = |name: Name| names.contains_key(&name);
        let is_about_registering =
            words.iter().any(|word| is_about_registering(word)) || (has(Name::Contact) && has(Name::Expires));
        Self { gaps, names, senses, is_about_registering, sketch }
    }

    fn has(&self, name: Name) -> bool {
        self.names.contains_key(&name)
    }

    fn has_user(&self) -> bool {
        self.has(Name::Aor) || self.has(Name::User)
    }

    fn says(&self, sense: Sense) -> bool {
        self.senses.contains(&sense)
    }

    /// Half of a transaction: a request that names a contact, and no answer.
    pub(super) fn is_request(&self) -> bool {
        let has_key = self.has(Name::CallId) && self.has(Name::Cseq);
        let is_plain =
            !self.says(Sense::Accepted) && !self.says(Sense::Refused) && !self.says(Sense::Removed);
        has_key
            && self.has_user()
            && self.has(Name::Contact)
            && !self.has(Name::Code)
            && is_plain
            && self.says(Sense::Register)
    }

    /// The other half: an answer that names nobody.
    pub(super) fn is_reply(&self) -> bool {
        let has_key = self.has(Name::CallId) && self.has(Name::Cseq) && self.has(Name::Code);
        has_key && !self.has_user() && self.says(Sense::Register)
    }

    /// What the template says; `None` where it is no business of a registrar's bill.
    pub(super) fn event(&self, are_paired: bool) -> Option<PatternEvent> {
        if self.says(Sense::OtherMethod) {
            return None;
        }
        if are_paired && self.is_request() {
            return Some(PatternEvent::Request);
        }
        if are_paired && self.is_reply() {
            return Some(PatternEvent::Reply);
        }
        if self.says(Sense::Message) {
            let is_answer = self.has_user() && self.has(Name::Code) && !self.says(Sense::Refused);
            return is_answer.then_some(PatternEvent::Message);
        }
        if !self.has_user() || !self.is_about_registering {
            return None;
        }
        let decides_itself = self.has(Name::Contact) && self.has(Name::Expires);
        Some(if self.says(Sense::Refused) {
            PatternEvent::Refusal
        } else if decides_itself {
            PatternEvent::Registration
        } else if self.says(Sense::Removed) {
            PatternEvent::Deregistration
        } else if self.says(Sense::Fetched) && !self.says(Sense::Accepted) {
            return None;
        } else {
            PatternEvent::Registration
        })
    }

    /// The finished template; its name is made unlike those that `taken` holds. `None` where no
    /// pattern can be made of it, because it holds no text to search for. `others` are lines that
    /// say something else: an object's members alone may not tell those apart, text always does.
    pub(super) fn finish(
        &self,
        event: PatternEvent,
        lines: &[Line],
        others: &[usize],
        taken: &mut BTreeSet<String>,
    ) -> Option<Template> {
        let name = unlike(name(&self.sketch.pieces, event), taken);
        let mut spec = PatternSpec {
            name,
            contains: None,
            regex: None,
            json: false,
            fields: BTreeMap::new(),
            time: self.time(),
            event,
            accepted: false,
            origin: String::new(),
        };
        let members = self.members();
        let json = PatternSpec { json: true, fields: members, contains: self.mark_of_kind(), ..spec.clone() };
        let is_whole = !json.fields.is_empty() && json.fields.len() == self.names.len();
        let reads_others = || count_read(&json, others.iter().map(|line| &*lines[*line].text)) > 0;
        if is_whole && self.is_read_by(&json, lines) && !reads_others() {
            spec = json;
        } else {
            spec.regex = Some(shape::regex(&self.sketch, &self.gaps));
            spec.contains = contains(&self.sketch.pieces);
            if Pattern::compile(&spec).is_err() {
                spec.contains = None;
            }
        }
        let count = self.count_read(&spec, lines);
        let told_by = match event {
            PatternEvent::Refusal => self.word_of(Sense::Refused),
            PatternEvent::Deregistration => self.word_of(Sense::Removed),
            _ => None,
        };
        (count > 0).then(|| Template {
            count,
            unread: self.sketch.rows.len() as u64 - count,
            told_by,
            examples: self.examples(lines),
            words: self.words(lines),
            spec,
        })
    }

    fn word_of(&self, wanted: Sense) -> Option<String> {
        let word = words(&self.sketch.pieces).into_iter().find(|word| sense(word) == Some(wanted))?;
        Some(String::from_utf8_lossy(&word).into_owned())
    }

    fn time(&self) -> Option<String> {
        let number = *self.names.get(&Name::Time)?;
        let gap = self.gaps.iter().find(|gap| gap.number == number)?;
        Some(gap.values.clock().unwrap_or("epoch").to_owned())
    }

    /// Our names to the members of the object, where the lines are objects.
    fn members(&self) -> BTreeMap<String, String> {
        let is_object = matches!(self.sketch.pieces.first(), Some(Piece::Literal(text)) if text == b"{");
        if !is_object {
            return BTreeMap::new();
        }
        let member = |(name, number): (&Name, &usize)| {
            let head = self.sketch.pieces[..*number].iter().rev();
            let word = head.map_while(|piece| match piece {
                Piece::Literal(text) => Some(text),
                _ => None,
            });
            let key = word.into_iter().find(|text| text.iter().any(u8::is_ascii_alphanumeric))?;
            Some((name.text().to_owned(), String::from_utf8(key.clone()).ok()?))
        };
        self.names.iter().filter_map(member).collect()
    }

    /// The member that tells the kind of an object: `"result":"ok"`, else `"event":"register"`.
    fn mark_of_kind(&self) -> Option<String> {
        let pieces = &self.sketch.pieces;
        let mark = |at: usize| matches!(pieces.get(at), Some(Piece::Literal(text)) if text == b"\"");
        let is_key = |at: usize| {
            mark(at + 1) && matches!(pieces.get(at + 2), Some(Piece::Literal(text)) if text == b":")
        };
        let telling = |is_it: &dyn Fn(&[u8]) -> bool| {
            (1..pieces.len()).find(|at| match &pieces[*at] {
                Piece::Literal(word) => mark(at - 1) && mark(at + 1) && !is_key(*at) && is_it(word),
                _ => false,
            })
        };
        let outcomes = [Sense::Accepted, Sense::Refused, Sense::Removed, Sense::Fetched];
        let at = telling(&|word| sense(word).is_some_and(|sense| outcomes.contains(&sense)))
            .or_else(|| telling(&|word| sense(word).is_some() || is_about_registering(word)))?;
        let key = (1..at).rev().find(|at| is_key(*at))?;
        let literals = pieces[key - 1..=at + 1].iter().map(|piece| match piece {
            Piece::Literal(text) => Some(text.as_slice()),
            _ => None,
        });
        String::from_utf8(literals.collect::<Option<Vec<_>>>()?.concat()).ok()
    }

    /// Whether the pattern reads every line of the template.
    fn is_read_by(&self, spec: &PatternSpec, lines: &[Line]) -> bool {
        self.count_read(spec, lines) == self.sketch.rows.len() as u64
    }

    fn count_read(&self, spec: &PatternSpec, lines: &[Line]) -> u64 {
        let texts = self.sketch.rows.iter().map(|row| &*lines[row.line].text);
        count_read(spec, texts)
    }

    fn words(&self, lines: &[Line]) -> Vec<Vec<(String, u64)>> {
        let places = self.sketch.pieces.iter().enumerate();
        let places = places.filter(|(_, piece)| matches!(piece, Piece::Words(_)));
        let counts = places.map(|(number, _)| {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            for row in &self.sketch.rows {
                let word = &lines[row.line].text[row.places[number].clone()];
                *counts.entry(String::from_utf8_lossy(word).into_owned()).or_default() += 1;
            }
            counts.into_iter().collect()
        });
        counts.collect()
    }

    /// The first line, and further ones that differ from it in a word of the template, if any.
    fn examples(&self, lines: &[Line]) -> Vec<Example> {
        let story = |row: &super::sketch::Row| -> Vec<&[u8]> {
            let words = self.sketch.pieces.iter().zip(&row.places);
            let words = words.filter(|(piece, _)| matches!(piece, Piece::Words(_)));
            words.map(|(_, place)| &lines[row.line].text[place.clone()]).collect()
        };
        let mut chosen: Vec<usize> = Vec::new();
        let mut told = BTreeSet::new();
        for (number, row) in self.sketch.rows.iter().enumerate() {
            if chosen.len() < EXAMPLES && told.insert(story(row)) {
                chosen.push(number);
            }
        }
        for number in 0..self.sketch.rows.len() {
            if chosen.len() < EXAMPLES && !chosen.contains(&number) {
                chosen.push(number);
            }
        }
        let mut chosen: Vec<usize> = chosen.into_iter().map(|number| self.sketch.rows[number].line).collect();
        chosen.sort_unstable();
        let example = |line: usize| Example { spot: lines[line].spot, text: lines[line].text.clone() };
        chosen.into_iter().map(example).collect()
    }
}

/// How many of the texts the pattern takes for its template.
pub(super) fn count_read<'t>(spec: &PatternSpec, texts: impl Iterator<Item = &'t [u8]>) -> u64 {
    let Ok(pattern) = Pattern::compile(spec) else { return 0 };
    let mut scratch = pattern.scratch();
    let mut count = 0;
    for text in texts {
        let mut event = Event::new(Kind::Attempt, "");
        count += u64::from(matches!(
            pattern.read(text, &mut event, &mut scratch),
            Outcome::Event | Outcome::Other
        ));
    }
    count
}

/// The words of a template that are its own and no keys.
fn words(pieces: &[Piece]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    for (number, piece) in pieces.iter().enumerate() {
        let next = |ahead: usize| match pieces.get(number + ahead) {
            Some(Piece::Literal(text)) => text.first().copied(),
            _ => None,
        };
        let is_key = next(1) == Some(b'=') || (next(1) == Some(b'"') && next(2) == Some(b':'));
        match piece {
            Piece::Literal(text) if !is_key && text.iter().any(u8::is_ascii_alphabetic) => {
                words.push(text.clone())
            }
            Piece::Words(all) => {
                let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
                let each = all.iter().flat_map(|phrase| phrase.split(move |byte| !is_of_word(byte)));
                words.extend(each.filter(|word| !word.is_empty()).map(<[u8]>::to_vec));
            }
            _ => {}
        }
    }
    words
}

/// The longest literal text of the template.
fn contains(pieces: &[Piece]) -> Option<String> {
    let mut longest: Vec<u8> = Vec::new();
    let mut run: Vec<u8> = Vec::new();
    for piece in pieces.iter().chain([&Piece::Gap]) {
        match piece {
            Piece::Literal(text) => run.extend_from_slice(text),
            _ => {
                if run.len() > longest.len() {
                    longest.clone_from(&run);
                }
                run.clear();
            }
        }
    }
    String::from_utf8(longest).ok().map(|text| text.trim().to_owned())
}

/// A name for the template: its first words.
fn name(pieces: &[Piece], event: PatternEvent) -> String {
    let words = words(pieces).into_iter().filter_map(|word| String::from_utf8(word).ok());
    let words = words.filter(|word| word.len() > 1).map(|word| word.to_ascii_lowercase());
    let words: Vec<String> = words.take(3).collect();
    match (words.is_empty(), event) {
        (false, _) => words.join("-"),
        (true, PatternEvent::Refusal) => "refusal".to_owned(),
        (true, _) => "registration".to_owned(),
    }
}

fn unlike(name: String, taken: &mut BTreeSet<String>) -> String {
    let mut candidate = name.clone();
    let mut number = 2;
    while !taken.insert(candidate.clone()) {
        candidate = format!("{name}-{number}");
        number += 1;
    }
    candidate
}

//! Lines in, templates out.

use super::grow::grow;
use super::line::Line;
use super::sketch::told_apart;
use super::template::{Draft, Template, count_read};
use super::token::{Shape, first_tokens};
use super::words::{is_about_registering, sense};
use crate::formats::pattern::PatternEvent;
use crate::model::Spot;
use std::collections::{BTreeMap, BTreeSet};

/// A longer message is a dump and no line of an operator's.
const LINE_LEN_MAX: usize = 8 << 10;
/// So many lines of one beginning are kept because they are unlike those before, and as many
/// again from the whole of the log: enough to see every field in all its forms.
const KEPT_MAX: usize = 1000;
/// So many lines of one beginning are compared with those before, which costs time.
const COMPARED_MAX: u64 = 20_000;
/// So many lines of another template show whether a pattern reads that template too.
const OTHERS_MAX: usize = 50;
/// So many different beginnings are told apart.
const BEGINNINGS_MAX: usize = 64;
/// Tokens of a line in which the words for what happened are looked for.
const BEGINNING_TOKENS: usize = 24;
/// A draft with more patterns than this helps nobody.
const TEMPLATES_MAX: usize = 40;

/// Collects lines that look like registrations.
///
/// Memory is bounded: of each beginning two thousand lines are kept at most.
/// The result depends on the lines and their order alone.
#[derive(Debug, Default)]
pub struct Suggester {
    groups: BTreeMap<Vec<u8>, Group>,
    seen: u64,
    candidates: u64,
}

/// Lines that begin alike.
#[derive(Debug, Default)]
struct Group {
    /// Lines unlike those before them, and what they look like.
    first: Vec<Line>,
    looks: BTreeSet<u64>,
    /// Of the other lines one in `stride`.
    spread: Vec<Line>,
    compared: u64,
    seen: u64,
    stride: u64,
}

impl Group {
    fn take(&mut self, text: &[u8], spot: Spot) {
        self.compared += 1;
        if self.compared <= COMPARED_MAX && self.looks.len() < KEPT_MAX {
            let line = Line::new(text, spot);
            if self.looks.insert(line.look()) {
                self.first.push(line);
                return;
            }
        }
        let stride = self.stride.max(1);
        if self.seen.is_multiple_of(stride) {
            if self.spread.len() == KEPT_MAX {
                // Every second one stays; this one is kept if it is the next of the wider stride.
                let mut number = 0;
                self.spread.retain(|_| {
                    number += 1;
                    number % 2 == 1
                });
                self.stride = stride * 2;
            }
            if self.seen.is_multiple_of(self.stride.max(1)) {
                self.spread.push(Line::new(text, spot));
            }
        }
        self.seen += 1;
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suggestion {
    /// Registrations first, then what goes with them, the commonest first.
    pub templates: Vec<Template>,
    /// Lines that nothing reads yet.
    pub seen: u64,
    /// Those among them that name a SIP user or speak of registering.
    pub candidates: u64,
    /// Candidates that were kept and looked at closely.
    pub kept: u64,
    /// Templates that are no registrations, and how many of the kept lines they have.
    pub left_out: (u64, u64),
}

impl Suggester {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the message of one record, from its start, that nothing reads yet.
    pub fn line(&mut self, text: &[u8], spot: Spot) {
        self.seen += 1;
        if text.len() > LINE_LEN_MAX || !is_candidate(text) {
            return;
        }
        self.candidates += 1;
        let mut beginning = beginning(text);
        if !self.groups.contains_key(&beginning) && self.groups.len() >= BEGINNINGS_MAX {
            beginning.clear();
        }
        self.groups.entry(beginning).or_default().take(text, spot);
    }

    /// The templates of all lines.
    pub fn finish(self) -> Suggestion {
        let mut lines: Vec<Line> =
            self.groups.into_values().flat_map(|group| group.first.into_iter().chain(group.spread)).collect();
        lines.sort_by_key(|line| line.spot);
        let mut suggestion = Suggestion {
            seen: self.seen,
            candidates: self.candidates,
            kept: lines.len() as u64,
            ..Suggestion::default()
        };
        if lines.is_empty() {
            return suggestion;
        }
        let mut drafts: Vec<Draft<'_>> = grow(&lines)
            .into_iter()
            .flat_map(|sketch| told_apart(sketch, &lines))
            .map(|sketch| Draft::of(sketch, &lines))
            .collect();
        drafts.sort_by_key(|draft| {
            let first = draft.sketch.rows.iter().map(|row| row.line).min();
            (std::cmp::Reverse(draft.sketch.rows.len()), first)
        });
        let are_paired = drafts.iter().any(Draft::is_request) && drafts.iter().any(Draft::is_reply);
        let mut taken = BTreeSet::new();
        let mut are_mixed = false;
        for draft in &drafts {
            let size = draft.sketch.rows.len() as u64;
            let texts = || draft.sketch.rows.iter().map(|row| &*lines[row.line].text);
            let event = draft.event(are_paired);
            let others: Vec<usize> = drafts
                .iter()
                .filter(|other| other.event(are_paired) != event)
                .flat_map(|other| other.sketch.rows.iter().take(OTHERS_MAX).map(|row| row.line))
                .collect();
            let host = suggestion.templates.iter_mut().find(|template| {
                Some(template.spec.event) == event && count_read(&template.spec, texts()) == size
            });
            if let Some(host) = host {
                host.count += size;
                continue;
            }
            let template = event.and_then(|event| draft.finish(event, &lines, &others, &mut taken));
            are_mixed |= template.as_ref().is_some_and(|template| {
                template.is_asked()
                    && count_read(&template.spec, others.iter().map(|line| &*lines[*line].text)) > 0
            });
            match template.filter(|_| suggestion.templates.len() < TEMPLATES_MAX) {
                Some(template) => suggestion.templates.push(template),
                None => {
                    suggestion.left_out.0 += 1;
                    suggestion.left_out.1 += size;
                }
            }
        }
        // The first pattern that knows a line wins: where a registration's knows a refusal as well,
        // the refusals come first.
        let is_first =
            |event| are_mixed && !matches!(event, PatternEvent::Registration | PatternEvent::Message);
        suggestion
            .templates
            .sort_by_key(|template| (!is_first(template.spec.event), rank(template.spec.event)));
        suggestion
    }
}

const fn rank(event: PatternEvent) -> u8 {
    match event {
        PatternEvent::Registration => 0,
        PatternEvent::Request => 1,
        PatternEvent::Reply => 2,
        PatternEvent::Deregistration => 3,
        PatternEvent::Refusal => 4,
        _ => 5,
    }
}

/// Whether the text names a SIP user or speaks of registering.
fn is_candidate(text: &[u8]) -> bool {
    let holds = |needle: &[u8]| memchr::memmem::find(text, needle).is_some();
    // The first line of a SIP message, or a Via: a dump, which needs no pattern of its own.
    if holds(b"SIP/2.0") {
        return false;
    }
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    holds(b"sip:")
        || holds(b"sips:")
        || memchr::memchr_iter(b'@', text).any(|at| {
            at > 0
                && !text[at - 1].is_ascii_whitespace()
                && text.get(at + 1).is_some_and(u8::is_ascii_alphanumeric)
        })
        || text.split(|byte| !is_word(byte)).any(is_about_registering)
}

/// What tells lines of different kinds apart before their templates are known: how they begin,
/// and the words for what happened. So a flood of refusals does not drive out the rest.
fn beginning(text: &[u8]) -> Vec<u8> {
    let tokens = first_tokens(text, BEGINNING_TOKENS);
    let mut words = tokens.iter().map(|token| (token, &text[token.range.clone()]));
    let mut beginning = match words.next() {
        Some((token, word)) if token.is_literal() => word.to_vec(),
        _ => Vec::new(),
    };
    for (_, word) in words.filter(|(token, word)| token.shape == Shape::Word && sense(word).is_some()) {
        beginning.push(b' ');
        beginning.extend_from_slice(word);
    }
    beginning
}

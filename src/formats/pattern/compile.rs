//! A pattern made ready: what is searched, matched and read for one template of an operator's log.

use super::field::{Declared, Field, Fields};
use super::json::{JsonFault, Value, members};
use super::literal::{HeadEnd, Literals, literals, unescaped_stretch};
use super::lowered::{Lowered, Places};
use super::meaning::Meaning;
use super::time::TimeFormat;
use super::{PatternEvent, PatternSpec};
use crate::formats::outcome::Outcome;
use crate::model::{Event, RejectReason};
use memchr::memmem::{self, Finder};
use regex::bytes::{CaptureLocations, Regex, RegexBuilder};
use thiserror::Error;

/// The fewest bytes that are worth searching a log for.
const NEEDLE_LEN_MIN: usize = 3;

/// The fewest literal bytes in front of the identity that tell one template from other text.
const HEAD_LEN_MIN: usize = 6;

/// A pattern that cannot be used.
#[derive(Debug, Error)]
#[error("{place}: pattern `{name}`: {fault}")]
pub struct PatternError {
    /// Where the pattern is written.
    pub place: String,
    /// The pattern's own name.
    pub name: String,
    #[source]
    pub fault: PatternFault,
}

/// What is wrong with a pattern.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PatternFault {
    #[error("needs either `regex` or `json = true` with `fields`")]
    Shape,
    #[error("bad regex: {0}")]
    Regex(#[source] Box<regex::Error>),
    #[error(
        "unknown field `{0}`; the fields are aor, user, domain, ua, contact, expires, callid, cseq, method, code, ip, time"
    )]
    UnknownField(String),
    #[error("`aor` and `user` both name the user; keep one")]
    TwoIdentities,
    #[error("`domain` belongs to `user`; capture both, or `aor`")]
    DomainAlone,
    #[error("nothing says `{field}`, which {why}")]
    NeedsField { field: &'static str, why: &'static str },
    #[error("`time` is captured, but nothing says how it is written; add `time = \"…\"`")]
    TimeUnknown,
    #[error("bad time format: {0}; use syslog, iso8601, epoch, asterisk or a strftime text")]
    Time(String),
    #[error(
        "no literal text to search for; add `contains` with text that every such line holds, at least {NEEDLE_LEN_MIN} letters or digits in a row"
    )]
    NoNeedle,
}

/// One template of an operator's log, ready to read records.
///
/// A clone shares no state with its original: with one clone a thread, threads do not wait for
/// each other inside the regular expression.
#[derive(Debug, Clone)]
pub struct Pattern {
    name: String,
    matcher: Matcher,
    contains: Option<Finder<'static>>,
    needle: Box<[u8]>,
    meaning: Meaning,
}

#[derive(Debug, Clone)]
enum Matcher {
    Regex(Box<RegexMatcher>),
    Json { names: Box<[Option<Box<[u8]>>; Field::COUNT]> },
}

#[derive(Debug, Clone)]
struct RegexMatcher {
    whole: Regex,
    /// The same, where it is simple enough for one pass.
    lowered: Option<Lowered>,
    groups: Vec<(Field, usize)>,
    /// Bytes that every match starts with.
    prefix: Vec<u8>,
    /// The part in front of the identity, where that is enough to tell the template.
    head: Option<Regex>,
}

/// Memory that [`Pattern::read`] works in: one for each pattern and thread, used again and again.
#[derive(Debug, Clone)]
pub struct Scratch {
    locations: Option<CaptureLocations>,
    places: Places,
    undone: Vec<u8>,
}

impl Pattern {
    /// Makes a pattern ready.
    ///
    /// The regular expression works on bytes, so that `.` and `\S` take the bytes of any
    /// encoding, and `\w` and `\d` mean ASCII.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with it.
    pub fn compile(spec: &PatternSpec) -> Result<Self, PatternError> {
        Self::build(spec).map_err(|fault| PatternError {
            place: spec.origin.clone(),
            name: spec.name.clone(),
            fault,
        })
    }

    fn build(spec: &PatternSpec) -> Result<Self, PatternFault> {
        let (matcher, declared, runs) = match (&spec.regex, spec.json) {
            (Some(regex), false) => regex_matcher(regex, spec)?,
            (None, true) if !spec.fields.is_empty() => json_matcher(spec)?,
            _ => return Err(PatternFault::Shape),
        };
        check_fields(declared, spec.event)?;
        let time = spec.time.as_deref().map(TimeFormat::from_text).transpose().map_err(PatternFault::Time)?;
        if declared.has(Field::Time) && time.is_none() {
            return Err(PatternFault::TimeUnknown);
        }
        let contains = spec.contains.as_deref().map(str::as_bytes);
        let needle = match contains {
            Some(text) => unescaped_stretch([text]),
            None => unescaped_stretch(runs.iter().map(Vec::as_slice)),
        };
        if needle.len() < NEEDLE_LEN_MIN {
            return Err(PatternFault::NoNeedle);
        }
        Ok(Self {
            name: spec.name.clone(),
            needle: needle.into(),
            contains: contains.map(|text| Finder::new(text).into_owned()),
            matcher,
            meaning: Meaning { event: spec.event, accepted: spec.accepted, declared, time },
        })
    }

    /// The operator's name for it; the source of its events.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bytes that stand in every record of this template, as they are in any frame: letters,
    /// digits, blank, `=`, `'` and `:` only, which no JSON writer escapes. At least three.
    pub fn needle(&self) -> &[u8] {
        &self.needle
    }

    /// Whether its lines prove registrations.
    pub(super) fn proves(&self) -> bool {
        self.meaning.event == PatternEvent::Registration && self.meaning.accepted
    }

    /// Whether its lines tell User-Agents of registrations.
    pub(super) fn tells_agents(&self) -> bool {
        let is_of_registration =
            matches!(self.meaning.event, PatternEvent::Agent | PatternEvent::Registration);
        is_of_registration && self.meaning.declared.has(Field::Ua)
    }

    /// Memory to read with.
    pub fn scratch(&self) -> Scratch {
        let locations = match &self.matcher {
            Matcher::Regex(matcher) => Some(matcher.whole.capture_locations()),
            Matcher::Json { .. } => None,
        };
        Scratch { locations, places: Places::new(), undone: Vec::new() }
    }

    /// Reads a record's message: `text` starts where the message may start and ends where the
    /// record ends, without its line end.
    ///
    /// `event` comes with what the frame told (spot, stamp, host, dialect, Call-ID, CSeq, thread)
    /// and is changed only where the outcome is [`Outcome::Event`]. Of an event this room promises:
    ///
    /// - `expires_seconds` of a live registration or request is the longest that any of its
    ///   contacts asks for; of a de-registration it is 0, also where the record wrote that as
    ///   `Contact: *` or as a parameter.
    /// - Where the pattern has a field for the contact and the record gives it nothing, the record
    ///   is a fetch. Where the pattern has none, a registration leaves a contact live.
    /// - A request with an empty `contact` is a fetch; one with `expires_seconds` 0 removes
    ///   bindings; every other leaves one live.
    /// - The stamp is the pattern's own, unless the frame's knows more (a year, a zone).
    ///
    /// A text that is this template as far as the identity and does not go on as it should is
    /// rejected as truncated. The caller believes that only if no other pattern knows the text.
    pub fn read<'t>(&'t self, text: &'t [u8], event: &mut Event<'t>, scratch: &'t mut Scratch) -> Outcome {
        let is_without_literal = |finder: &Finder<'_>| finder.find(text).is_none();
        if self.contains.as_ref().is_some_and(is_without_literal) {
            return Outcome::NoMatch;
        }
        let mut fields = Fields::default();
        let read = match &self.matcher {
            Matcher::Regex(matcher) => {
                matcher.fields(text, scratch.locations.as_mut(), &mut scratch.places, &mut fields)
            }
            Matcher::Json { names } => self.members(text, names, &mut scratch.undone, &mut fields),
        };
        if let Err(outcome) = read {
            return outcome;
        }
        let before = *event;
        event.source = &self.name;
        let outcome = match self.meaning.read(&fields, event) {
            Ok(true) => return Outcome::Event,
            Ok(false) => Outcome::Other,
            Err(reason) => Outcome::Reject(reason),
        };
        *event = before;
        outcome
    }

    fn members<'t>(
        &self,
        text: &'t [u8],
        names: &[Option<Box<[u8]>>; Field::COUNT],
        undone: &'t mut Vec<u8>,
        fields: &mut Fields<'t>,
    ) -> Result<(), Outcome> {
        if !text.starts_with(b"{") || memmem::find(text, &self.needle).is_none() {
            return Err(Outcome::NoMatch);
        }
        let values = members(text, names, undone).map_err(|fault| {
            Outcome::Reject(match fault {
                JsonFault::Malformed => RejectReason::BadJson,
                JsonFault::Twice => RejectReason::Ambiguous,
            })
        })?;
        let told_by = told_by(self.meaning.event).iter().map(|field| *field as usize);
        if told_by.filter(|slot| names[*slot].is_some()).any(|slot| values[slot] == Value::Absent) {
            return Err(Outcome::NoMatch);
        }
        let undone: &'t [u8] = undone;
        for (field, value) in Field::ALL.into_iter().zip(values) {
            match value {
                Value::Absent | Value::Null => {}
                Value::Plain(range) => fields.set(field, &text[range]),
                Value::Undone(range) => fields.set(field, &undone[range]),
            }
        }
        Ok(())
    }
}

impl RegexMatcher {
    fn fields<'t>(
        &self,
        text: &'t [u8],
        locations: Option<&mut CaptureLocations>,
        places: &mut Places,
        fields: &mut Fields<'t>,
    ) -> Result<(), Outcome> {
        if let Some(lowered) = &self.lowered {
            if !lowered.read(text, places) {
                return Err(self.unmatched(text));
            }
            for ((field, _), span) in self.groups.iter().zip(lowered.groups(places)) {
                fields.set(*field, &text[span]);
            }
            return Ok(());
        }
        if !text.starts_with(&self.prefix) {
            return Err(Outcome::NoMatch);
        }
        let mut fresh;
        let locations = match locations {
            Some(locations) => locations,
            None => {
                fresh = self.whole.capture_locations();
                &mut fresh
            }
        };
        if self.whole.captures_read(locations, text).is_none() {
            return Err(self.unmatched(text));
        }
        for (field, group) in &self.groups {
            if let Some((start, end)) = locations.get(*group) {
                fields.set(*field, &text[start..end]);
            }
        }
        Ok(())
    }

    /// What a text is that does not match: this template cut short, or something else.
    fn unmatched(&self, text: &[u8]) -> Outcome {
        let is_begun = |head: &Regex| text.starts_with(&self.prefix) && head.is_match(text);
        match self.head.as_ref().is_some_and(is_begun) {
            true => Outcome::Reject(RejectReason::Truncated),
            false => Outcome::NoMatch,
        }
    }
}

/// The fields that every record of that event has: what tells it, and what may be searched for.
const fn told_by(event: PatternEvent) -> &'static [Field] {
    match event {
        PatternEvent::Reply => &[Field::Code],
        _ => &[Field::Aor, Field::User],
    }
}

fn check_fields(declared: Declared, event: PatternEvent) -> Result<(), PatternFault> {
    let (has_aor, has_user) = (declared.has(Field::Aor), declared.has(Field::User));
    if has_aor && has_user {
        return Err(PatternFault::TwoIdentities);
    }
    if declared.has(Field::Domain) && !has_user {
        return Err(PatternFault::DomainAlone);
    }
    let needs = |field: &'static str, why| Err(PatternFault::NeedsField { field, why });
    match event {
        PatternEvent::Reply if !declared.has(Field::Code) => {
            needs("code", "tells an accepted request from a refused one")
        }
        PatternEvent::Reply => Ok(()),
        _ if !has_aor && !has_user => needs("aor", "names the user"),
        // A reply proves that the request was accepted, only the request that it left a contact.
        PatternEvent::Request if !declared.has(Field::Contact) => {
            needs("contact", "tells a registration from a query")
        }
        PatternEvent::Agent if !declared.has(Field::Ua) => needs("ua", "is to be tied to the user"),
        _ => Ok(()),
    }
}

type Built = (Matcher, Declared, Vec<Vec<u8>>);

fn regex_matcher(regex: &str, spec: &PatternSpec) -> Result<Built, PatternFault> {
    let whole = anchored(regex)?;
    let mut declared = Declared::default();
    let mut groups = Vec::new();
    for (number, name) in whole.capture_names().enumerate() {
        let Some(name) = name else { continue };
        let field = Field::from_name(name).ok_or_else(|| PatternFault::UnknownField(name.to_owned()))?;
        declared.add(field);
        groups.push((field, number));
    }
    let head_end = match spec.event {
        // Replies to all methods look alike until near their end.
        PatternEvent::Reply => HeadEnd::Last(&["callid", "cseq", "code", "method"]),
        _ => HeadEnd::First(&["aor", "user", "domain"]),
    };
    // A refusal or an attempt that is cut loses nothing, and strangers could write any number.
    let is_loss = match spec.event {
        PatternEvent::Refusal => false,
        PatternEvent::Registration => spec.accepted,
        _ => true,
    };
    let Literals { runs, prefix, head } = literals(regex, head_end);
    let head = match head {
        Some((end, literal_len)) if is_loss && literal_len >= HEAD_LEN_MIN => Some(anchored(&regex[..end])?),
        _ => None,
    };
    let lowered = Lowered::of(regex, groups.iter().map(|(_, group)| *group));
    Ok((Matcher::Regex(Box::new(RegexMatcher { whole, lowered, groups, prefix, head })), declared, runs))
}

fn anchored(regex: &str) -> Result<Regex, PatternFault> {
    RegexBuilder::new(&format!(r"\A(?:{regex})"))
        .unicode(false)
        .build()
        .map_err(|error| PatternFault::Regex(Box::new(error)))
}

fn json_matcher(spec: &PatternSpec) -> Result<Built, PatternFault> {
    let mut names = Box::new([const { None }; Field::COUNT]);
    let mut declared = Declared::default();
    let mut runs = Vec::new();
    for (ours, theirs) in &spec.fields {
        let field = Field::from_name(ours).ok_or_else(|| PatternFault::UnknownField(ours.clone()))?;
        declared.add(field);
        // Only what is in every record may be searched for: a client without User-Agent may well
        // leave no such member.
        if told_by(spec.event).contains(&field) {
            runs.push(theirs.clone().into_bytes());
        }
        names[field as usize] = Some(theirs.clone().into_bytes().into_boxed_slice());
    }
    Ok((Matcher::Json { names }, declared, runs))
}

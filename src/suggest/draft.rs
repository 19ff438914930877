//! The draft of a pattern file: TOML with the counts, the examples and the one open question.

use super::suggester::Suggestion;
use super::template::{Example, Template};
use crate::formats::pattern::PatternEvent;
use crate::model::Spot;
use std::fmt::Write as _;

/// Characters of an example that are shown; templates differ near their beginning.
const EXAMPLE_LEN_MAX: usize = 240;

/// What an open question looks like: taking the `# ` away answers it.
const QUESTION: &str = "# accepted = true";

/// The pattern file. `place` says where a line stands, as the reader knows its file.
///
/// It loads as it is: a pattern whose question is open takes its lines for attempts.
pub fn draft(suggestion: &Suggestion, place: &dyn Fn(Spot) -> String) -> String {
    let mut out = String::new();
    head(&mut out, suggestion);
    for template in &suggestion.templates {
        pattern(&mut out, template, place);
    }
    out
}

fn head(out: &mut String, suggestion: &Suggestion) {
    let (templates, lines) = suggestion.left_out;
    let mut say = |text: String| {
        out.push_str("# ");
        out.push_str(&text);
        out.push('\n');
    };
    say(format!(
        "{} that nothing reads yet; {} of them name a SIP user or speak of registering.",
        counted(suggestion.seen, "line"),
        suggestion.candidates
    ));
    if suggestion.kept < suggestion.candidates {
        say(format!("{} of those were kept and compared; the counts below are theirs.", suggestion.kept));
    }
    if templates > 0 {
        say(format!(
            "{} of {} {} left out as no registrations.",
            counted(templates, "template"),
            counted(lines, "line"),
            if templates == 1 { "was" } else { "were" }
        ));
    }
    if suggestion.templates.is_empty() {
        say("Nothing here needs a pattern.".to_owned());
        return;
    }
    if suggestion.templates.iter().any(Template::is_asked) {
        say("One question is open, once a pattern: does the server print the line only after it accepted"
            .to_owned());
        say("(in Kamailio: behind save())? If so, take the `# ` away in front of `accepted = true`; if not,"
            .to_owned());
        say("write `accepted = false`. A pattern without an answer bills nobody.".to_owned());
    }
}

fn pattern(out: &mut String, template: &Template, place: &dyn Fn(Spot) -> String) {
    let spec = &template.spec;
    out.push('\n');
    let _ = writeln!(out, "# {}{}", counted(template.count, "line"), words(template));
    if template.unread > 0 {
        let _ = writeln!(out, "# {} more like them it does not read.", template.unread);
    }
    for Example { spot, text } in &template.examples {
        let _ = writeln!(out, "#   {}: {}", one_line(place(*spot).as_bytes()), one_line(text));
    }
    let _ = writeln!(out, "[[pattern]]\nname = {}", quoted(&spec.name));
    if let Some(text) = &spec.contains {
        let _ = writeln!(out, "contains = {}", quoted(text));
    }
    if let Some(regex) = &spec.regex {
        let _ = writeln!(out, "regex = {}", quoted(regex));
    }
    if spec.json {
        let fields = spec.fields.iter().map(|(ours, theirs)| format!("{ours} = {}", quoted(theirs)));
        let _ = writeln!(out, "json = true\nfields = {{ {} }}", fields.collect::<Vec<_>>().join(", "));
    }
    if let Some(time) = &spec.time {
        let _ = writeln!(out, "time = {}", quoted(time));
    }
    let told_by =
        template.told_by.as_ref().map(|word| format!("      # told by `{}`", one_line(word.as_bytes())));
    let _ = writeln!(out, "event = \"{}\"{}", event(spec.event), told_by.unwrap_or_default());
    if template.is_asked() {
        for line in advice(template) {
            let _ = writeln!(out, "# {line}");
        }
        let _ = writeln!(out, "{QUESTION}");
    }
}

/// What the operator should know before answering.
fn advice(template: &Template) -> &'static [&'static str] {
    if template.spec.event == PatternEvent::Message {
        return &["Only if the use of messaging is billed: is this the final answer to a MESSAGE?"];
    }
    let has = |name: &str| match &template.spec.regex {
        Some(regex) => regex.contains(&format!("(?P<{name}>")),
        None => template.spec.fields.contains_key(name),
    };
    match (has("contact"), has("expires")) {
        (true, true) => {
            &["Removals and queries in the same words are told apart by `contact` and `expires`."]
        }
        (true, false) => {
            &["Queries and removals by `Contact: *` are told apart by `contact`; is it printed for others?"]
        }
        (false, true) => &["Removals are told apart by `expires`; is it printed for queries, too?"],
        (false, false) => &[
            "Nothing in it tells a removal from a registration: it must be printed for registrations alone.",
        ],
    }
}

fn words(template: &Template) -> String {
    let places = template.words.iter().map(|words| {
        let words = words.iter().map(|(word, count)| format!("{} {count}", one_line(word.as_bytes())));
        words.collect::<Vec<_>>().join(", ")
    });
    let places: Vec<String> = places.collect();
    if places.is_empty() { String::new() } else { format!(" ({})", places.join("; ")) }
}

const fn event(event: PatternEvent) -> &'static str {
    match event {
        PatternEvent::Registration => "registration",
        PatternEvent::Deregistration => "deregistration",
        PatternEvent::Refusal => "refusal",
        PatternEvent::Message => "message",
        PatternEvent::ConferenceHost => "conference_host",
        PatternEvent::Request => "request",
        PatternEvent::Reply => "reply",
        PatternEvent::Agent => "agent",
    }
}

fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// A TOML string: literal where it can be, so that a regular expression reads as it is.
fn quoted(text: &str) -> String {
    let is_plain = |letter: char| !letter.is_control() || letter == '\t';
    if !text.contains('\'') && text.chars().all(is_plain) {
        return format!("'{text}'");
    }
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// Text for a comment: on one line, without anything that a terminal or TOML would not take.
fn one_line(text: &[u8]) -> String {
    let mut line = String::new();
    for (number, letter) in String::from_utf8_lossy(text).chars().enumerate() {
        if number == EXAMPLE_LEN_MAX {
            line.push('…');
            break;
        }
        match letter {
            letter if letter.is_control() => line.extend(letter.escape_default()),
            letter => line.push(letter),
        }
    }
    line
}

//! What the room makes of whole logs.

use super::{Suggester, Suggestion, draft};
use crate::formats::pattern::PatternEvent;
use crate::model::Spot;

fn suggestion(lines: &[String]) -> Suggestion {
    let mut suggester = Suggester::new();
    for (line, offset) in lines.iter().zip(0..) {
        suggester.line(line.as_bytes(), Spot { input: 0, offset });
    }
    suggester.finish()
}

/// Lines of one shape: `{n}` differs line by line, `{ua}` is now this product, now that.
fn lines(shape: &str, count: usize) -> Vec<String> {
    let agents = ["Acme Phone/1.0 (iOS)", "", "Other \"Desk\" 2, beta", "<null>", "x=1|y"];
    let line = |n: usize| shape.replace("{n}", &format!("{n}")).replace("{ua}", agents[n % agents.len()]);
    (0..count).map(line).collect()
}

fn regexes(suggestion: &Suggestion) -> Vec<(PatternEvent, String, u64)> {
    let templates = suggestion.templates.iter();
    templates
        .map(|template| {
            (template.spec.event, template.spec.regex.clone().unwrap_or_default(), template.count)
        })
        .collect()
}

#[test]
fn keys_name_the_fields() {
    let found = suggestion(&lines("REG done to=sip:u{n}@a.example ua='{ua}' ip=192.0.2.{n}", 20));
    let regex = r"REG done to=(?P<aor>\S+) ua='(?P<ua>.*)' ip=(?P<ip>\S+)$";
    assert_eq!(regexes(&found), [(PatternEvent::Registration, regex.to_owned(), 20)]);
}

#[test]
fn one_product_in_the_whole_log_is_no_part_of_the_template() {
    let found =
        suggestion(&lines("REGISTER ok user u{n}@a.example using Acme Phone/1.0 (iOS) from 192.0.2.{n}", 9));
    let regex = r"REGISTER ok user (?P<aor>\S+) using (?P<ua>.*) from (?P<ip>\S+)$";
    assert_eq!(regexes(&found), [(PatternEvent::Registration, regex.to_owned(), 9)]);
}

#[test]
fn refusals_part_from_registrations_by_their_word() {
    let mut log = lines("REGISTER accepted aor=sip:u{n}@a.example ua={ua}", 10);
    log.extend(lines("REGISTER rejected aor=sip:u{n}@a.example ua={ua}", 10));
    let events: Vec<PatternEvent> = suggestion(&log).templates.iter().map(|it| it.spec.event).collect();
    assert_eq!(events, [PatternEvent::Registration, PatternEvent::Refusal]);
}

#[test]
fn a_draft_leaves_one_question_open() {
    let found = suggestion(&lines("REGISTER accepted aor=sip:u{n}@a.example ua={ua}", 4));
    let text = draft(&found, &|spot| format!("kamailio.log:{}", spot.offset));
    assert!(text.contains("\n#   kamailio.log:0: REGISTER accepted aor=sip:u0@a.example"), "{text}");
    assert_eq!(text.matches("\n# accepted = true\n").count(), 1, "{text}");
}

#[test]
fn lines_about_something_else_are_left_out() {
    let found = suggestion(&lines("dialog {n} of sip:u{n}@a.example began", 5));
    assert_eq!((found.templates.len(), found.left_out), (0, (1, 5)));
    let found = suggestion(&lines("worker {n} is up", 5));
    assert_eq!((found.seen, found.candidates), (5, 0));
}

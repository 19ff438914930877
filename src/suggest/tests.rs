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

#[test]
fn a_field_that_tells_of_refusals_parts_the_lines() {
    let outcomes = [
        ("REGISTER|ok|sip:u{n}@a.example|{ua}", "REGISTER|denied|sip:u{n}@a.example|{ua}"),
        ("REGISTER|200|sip:u{n}@a.example|{ua}", "REGISTER|denied|sip:u{n}@a.example|{ua}"),
        (
            "REGISTER aor=sip:u{n}@a.example result=\"all fine\"",
            "REGISTER aor=sip:u{n}@a.example result=\"auth failed\"",
        ),
        ("REGISTER at north sip:u{n}@a.example", "REGISTER at rejected sip:u{n}@a.example"),
    ];
    for (accepted, refused) in outcomes {
        let mut log = lines(accepted, 10);
        log.extend(lines(&accepted.replace("north", "south"), 4));
        log.extend(lines(refused, 10));
        let found = suggestion(&log);
        let events: Vec<_> = found.templates.iter().map(|it| (it.spec.event, it.count)).collect();
        assert_eq!(events, [(PatternEvent::Registration, 14), (PatternEvent::Refusal, 10)], "{accepted}");
        for line in &log[14..] {
            let registration = &found.templates[0].spec;
            let count = super::template::count_read(registration, [line.as_bytes()].into_iter());
            assert_eq!(count, 0, "{registration:?} reads {line}");
        }
    }
}

#[test]
fn users_that_are_plain_words_are_users() {
    let names = ["alice", "bob", "carol"];
    let log: Vec<String> =
        (0..12).map(|n| format!("User {} registered from 192.0.2.{n}", names[n % 3])).collect();
    let found = regexes(&suggestion(&log));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].1, r"User (?P<user>\S+) registered from (?P<ip>\S+)$");
}

#[test]
fn a_template_without_text_to_search_for_is_left_out() {
    let found = suggestion(&lines("{n}|<sip:u{n}@a.example>|3600", 9));
    assert_eq!(found.templates.len(), 0, "{found:#?}");
}

#[test]
fn memory_is_bounded_and_the_rare_line_is_seen() {
    let mut log = lines("REGISTER accepted aor=sip:u{n}@a.example ua={ua}", 5000);
    log[2500] = "REGISTER accepted aor=<null> ua=Acme \"last\" {1}".to_owned();
    let found = suggestion(&log);
    assert_eq!((found.candidates, found.templates.len()), (5000, 1), "{found:#?}");
    assert!(found.kept <= 2000, "{}", found.kept);
    let texts: Vec<u64> = found.templates.iter().map(|template| template.count).collect();
    assert_eq!(texts, [found.kept], "{found:#?}");
}

#[test]
fn objects_are_told_apart_by_a_member_or_by_their_text() {
    let object =
        |result: &str| format!(r#"{{"method":"REGISTER","result":"{result}","aor":"sip:u{{n}}@a.example"}}"#);
    let mut log = lines(&object("stored"), 10);
    log.extend(lines(&object("denied"), 10));
    let found = suggestion(&log);
    assert_eq!(found.templates.len(), 2, "{found:#?}");
    let (stored, denied) = (&found.templates[0].spec, &found.templates[1].spec);
    assert!(stored.regex.as_deref().is_some_and(|regex| regex.contains("\"stored\"")), "{stored:?}");
    assert_eq!((denied.json, denied.contains.as_deref()), (true, Some("\"result\":\"denied\"")));
    let refusals = log[10..].iter().map(String::as_bytes);
    assert_eq!(super::template::count_read(stored, refusals), 0);
}

#[test]
fn a_dumped_message_is_no_line_of_a_script() {
    let found = suggestion(&lines("REGISTER sip:a.example SIP/2.0#015#012To: <sip:u{n}@a.example>", 5));
    assert_eq!(found.candidates, 0);
}

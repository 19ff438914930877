//! `[[pattern]]`: an operator's own log lines.

use super::problems::{alternatives, nearest, quoted, remedy};
use super::section::{Field, Section, Shown};
use super::value::{boolean, regex, text};
use crate::formats::pattern::{PatternEvent, PatternSpec};
use std::collections::BTreeMap;

/// What a pattern may capture.
const NAMES: [&str; 12] =
    ["aor", "user", "domain", "ua", "contact", "expires", "callid", "cseq", "method", "code", "ip", "time"];

const EVENTS: [(&str, PatternEvent); 8] = [
    ("registration", PatternEvent::Registration),
    ("deregistration", PatternEvent::Deregistration),
    ("refusal", PatternEvent::Refusal),
    ("message", PatternEvent::Message),
    ("conference_host", PatternEvent::ConferenceHost),
    ("request", PatternEvent::Request),
    ("reply", PatternEvent::Reply),
    ("agent", PatternEvent::Agent),
];

const CLOCKS: [&str; 4] = ["syslog", "iso8601", "epoch", "asterisk"];

/// All of `[[pattern]]`, in order, with what to show of them.
pub(super) fn patterns(root: &Section<'_>) -> (Vec<PatternSpec>, Vec<Shown>) {
    let mut patterns: Vec<PatternSpec> = Vec::new();
    let mut shown = Vec::new();
    for read in root.tables("pattern", None, pattern).into_iter().flatten() {
        let pattern = read.value;
        if let Some(before) = patterns.iter().find(|before| before.name == pattern.name) {
            let text =
                format!("pattern {} is written twice; the first is {}", quoted(&pattern.name), before.origin);
            root.problems.report(read.line, text);
        }
        shown.push(Shown { title: format!("pattern {}", pattern.name), ..read.shown });
        patterns.push(pattern);
    }
    (patterns, shown)
}

fn pattern(table: &Section<'_>) -> Option<PatternSpec> {
    let name = table.need("name", text);
    let contains = table.get("contains", text);
    let json = table.get_or("json", boolean, false, "false");
    let regex = table.get("regex", regex);
    let (has_regex, has_json) = (table.has("regex"), table.has("json") && json);
    let (captured, fields) = if has_json { fields(table) } else { (Vec::new(), BTreeMap::new()) };
    let captured = match (has_regex, has_json) {
        (true, true) => {
            let text = "`regex` and `json = true` exclude each other; keep one";
            table.problems.report(table.line_of("regex"), text);
            None
        }
        (false, false) => {
            let text = format!("{} needs `regex` or `json = true`", table.label);
            table.lacks("regex", text);
            table.has("fields");
            None
        }
        (true, false) => {
            table.refuse("fields", "belongs to `json = true`; a regex captures by named groups");
            regex.as_deref().map(|regex| groups(table, regex))
        }
        (false, true) => table.has("fields").then_some(captured),
    };
    let time = table.get("time", clock);
    let event = table.need_choice("event", &EVENTS);
    let accepted = table.get_or("accepted", boolean, false, "false");
    if let Some(event) = event {
        check_accepted(table, event);
        if let Some(captured) = &captured {
            check_captures(table, event, captured);
        }
    }
    Some(PatternSpec {
        name: name?,
        contains,
        regex,
        json,
        fields,
        time,
        event: event?,
        accepted,
        origin: format!("{}:{}", table.file.name, table.line),
    })
}

/// The named groups of a regex; those that mean nothing are reported.
fn groups(table: &Section<'_>, pattern: &str) -> Vec<String> {
    let Ok(regex) = regex::bytes::Regex::new(pattern) else { return Vec::new() };
    let groups: Vec<String> = regex.capture_names().flatten().map(str::to_owned).collect();
    for group in &groups {
        if !NAMES.contains(&group.as_str()) {
            let text = format!("unknown group {} in `regex`; {}", quoted(group), remedy(group, &NAMES));
            table.problems.report(table.line_of("regex"), text);
        }
    }
    groups
}

/// `fields` of a JSON pattern, with the names among them.
fn fields(table: &Section<'_>) -> (Vec<String>, BTreeMap<String, String>) {
    if !table.has("fields") {
        table.missing("fields", "write them as `fields = { aor = \"to_uri\", ua = \"agent\" }`");
    }
    let mut fields = BTreeMap::new();
    for (name, line, item) in table.own_table("fields").unwrap_or_default() {
        if !NAMES.contains(&name) {
            table.problems.report(line, format!("unknown field {}; {}", quoted(name), remedy(name, &NAMES)));
        } else if let Some(member) = item.as_str().filter(|member| !member.is_empty()) {
            fields.insert(name.to_owned(), member.to_owned());
        } else {
            let text = format!("field `{name}` must name a member of the JSON object, in quotes");
            table.problems.report(line, text);
            // Named all the same: that it is wrong has been said.
            fields.insert(name.to_owned(), String::new());
        }
    }
    let shown: Vec<String> = fields.iter().map(|(name, member)| format!("{name} = {member}")).collect();
    if table.has("fields") {
        table.note("fields", shown.join(", "), Some(table.line_of("fields")));
    }
    (fields.keys().cloned().collect(), fields)
}

/// How the time is written: one of four words, or a strftime text.
fn clock(field: &Field<'_, '_>) -> Option<String> {
    let written = text(field)?;
    if CLOCKS.contains(&written.as_str()) {
        return Some(written);
    }
    if !written.contains('%') {
        let remedy = match nearest(&written, CLOCKS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("use {} or a strftime text", alternatives(&CLOCKS)),
        };
        return field.fault(format!("unknown `time` {}; {remedy}", quoted(&written)));
    }
    // A format that cannot write a time cannot read one either.
    let noon = jiff::Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC);
    match jiff::fmt::strtime::format(&written, &noon) {
        Ok(_) => Some(written),
        Err(error) => {
            let cause = error.to_string().replace('\n', " ");
            field.fault(format!("`time` {} is no strftime text: {cause}", quoted(&written)))
        }
    }
}

/// The operator's word is asked where it decides about money, and refused where it decides nothing.
fn check_accepted(table: &Section<'_>, event: PatternEvent) {
    let name = EVENTS.iter().find(|(_, known)| *known == event).map_or("", |(name, _)| name);
    match event {
        PatternEvent::Registration | PatternEvent::Message | PatternEvent::ConferenceHost => {
            if !table.has("accepted") {
                let text = format!(
                    "a pattern of event `{name}` without `accepted` proves nothing, and nobody is billed by it; \
                     write `accepted = true` if the server prints the line after accepting"
                );
                table.problems.warn(table.line, text);
            }
        }
        _ => {
            let why = format!(
                "has no meaning for `event = \"{name}\"`; it belongs to `registration`, `message` and `conference_host`"
            );
            table.refuse("accepted", &why);
        }
    }
}

/// An event needs what it is about.
fn check_captures(table: &Section<'_>, event: PatternEvent, captured: &[String]) {
    let has = |name: &str| captured.iter().any(|known| known == name);
    let name = EVENTS.iter().find(|(_, known)| *known == event).map_or("", |(name, _)| name);
    let lack = |what: &str| {
        let kind = if table.has("regex") { "group" } else { "field" };
        let key = if table.has("regex") { "regex" } else { "fields" };
        let text = format!("a pattern of event `{name}` needs the {kind} {what}");
        table.problems.report(table.line_of(key), text);
    };
    let has_user = has("aor") || has("user");
    match event {
        PatternEvent::Request | PatternEvent::Reply => {
            for needed in ["callid", "cseq"] {
                if !has(needed) {
                    lack(&format!("`{needed}`, which joins request and reply"));
                }
            }
            if event == PatternEvent::Reply && !has("code") {
                lack("`code`");
            }
        }
        PatternEvent::Agent => {
            if !has("ua") {
                lack("`ua`");
            }
            if !has_user {
                lack("`aor` or `user`, which the agent is tied to");
            }
        }
        PatternEvent::Registration
        | PatternEvent::Deregistration
        | PatternEvent::Refusal
        | PatternEvent::Message
        | PatternEvent::ConferenceHost => {
            if !has_user {
                lack("`aor` or `user`");
            }
        }
    }
    if has("domain") && !has("user") && !has("aor") {
        lack("`user` beside `domain`");
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{problems_of, read_tables};
    use super::*;

    fn complaints(body: &str) -> Vec<String> {
        problems_of(&format!("[[pattern]]\nname = 'p'\n{body}"), |root| Some(patterns(root)))
    }

    #[test]
    fn a_regex_pattern_is_read_whole() {
        let toml = "[[pattern]]\nname = 'x'\ncontains = 'REG'\nregex = 'REG (?P<aor>\\S+)'\ntime = 'syslog'\n\
                    event = 'registration'\naccepted = true\n";
        let expected = PatternSpec {
            name: "x".into(),
            contains: Some("REG".into()),
            regex: Some("REG (?P<aor>\\S+)".into()),
            json: false,
            fields: BTreeMap::new(),
            time: Some("syslog".into()),
            event: PatternEvent::Registration,
            accepted: true,
            origin: "b:1".into(),
        };
        assert_eq!(read_tables(toml, "pattern", pattern), [expected]);
    }

    #[test]
    fn a_json_pattern_names_its_members() {
        let toml = "[[pattern]]\nname = 'x'\njson = true\nfields = { aor = 'to_uri', ua = 'agent' }\nevent = 'refusal'\n";
        let fields = &read_tables(toml, "pattern", pattern)[0].fields;
        assert_eq!(fields.get("aor").map(String::as_str), Some("to_uri"));
        assert_eq!(fields.len(), 2);
    }

    #[test]
    fn a_pattern_is_either_regex_or_json() {
        assert_eq!(complaints("event = 'refusal'\n"), ["1: [[pattern]] needs `regex` or `json = true`"]);
        assert_eq!(
            complaints("event = 'refusal'\nregex = '(?P<aor>x)'\njson = true\nfields = { aor = 'a' }\n"),
            ["4: `regex` and `json = true` exclude each other; keep one"]
        );
        assert_eq!(
            complaints("event = 'refusal'\nregex = '(?P<aor>x)'\nfields = { aor = 'a' }\n"),
            ["5: `fields` belongs to `json = true`; a regex captures by named groups"]
        );
        assert_eq!(
            complaints("event = 'refusal'\njson = true\n"),
            [
                "1: `fields` is missing in [[pattern]]; write them as `fields = { aor = \"to_uri\", ua = \"agent\" }`"
            ]
        );
    }

    #[test]
    fn groups_and_fields_are_of_the_known_names() {
        assert_eq!(
            complaints("event = 'refusal'\nregex = '(?P<aor>x)(?P<expire>y)(?P<agent>z)'\n"),
            [
                "4: unknown group `expire` in `regex`; did you mean `expires`?".to_owned(),
                format!("4: unknown group `agent` in `regex`; use {}", alternatives(&NAMES)),
            ]
        );
        assert_eq!(
            complaints("event = 'refusal'\njson = true\nfields = { aor = 1, contacts = 'c' }\n"),
            [
                "5: field `aor` must name a member of the JSON object, in quotes",
                "5: unknown field `contacts`; did you mean `contact`?",
            ]
        );
    }

    #[test]
    fn an_event_needs_what_it_is_about() {
        let regex = |event: &str, regex: &str| complaints(&format!("event = '{event}'\nregex = '{regex}'\n"));
        assert_eq!(
            regex("registration", "(?P<ua>x)"),
            ["4: a pattern of event `registration` needs the group `aor` or `user`"]
        );
        assert_eq!(
            regex("reply", "x(?P<callid>x)"),
            [
                "4: a pattern of event `reply` needs the group `cseq`, which joins request and reply",
                "4: a pattern of event `reply` needs the group `code`",
            ]
        );
        assert_eq!(regex("request", "(?P<callid>x)(?P<cseq>x)"), [""; 0]);
        assert_eq!(regex("agent", "(?P<user>x)"), ["4: a pattern of event `agent` needs the group `ua`"]);
        assert_eq!(
            regex("registrations", "(?P<user>x)"),
            ["3: unknown `event` `registrations`; did you mean `registration`?"]
        );
    }

    #[test]
    fn accepted_is_refused_where_it_means_nothing() {
        assert_eq!(
            complaints("event = 'refusal'\nregex = '(?P<aor>x)'\naccepted = true\n"),
            [
                "5: `accepted` has no meaning for `event = \"refusal\"`; it belongs to `registration`, `message` and `conference_host`"
            ]
        );
    }

    #[test]
    fn a_clock_is_a_word_or_a_strftime_text() {
        let time =
            |time: &str| complaints(&format!("event = 'refusal'\nregex = '(?P<aor>x)'\ntime = '{time}'\n"));
        assert_eq!(time("%d/%b/%Y %H:%M:%S"), [""; 0]);
        assert_eq!(time("iso8610"), ["5: unknown `time` `iso8610`; did you mean `iso8601`?"]);
        assert_eq!(
            time("local"),
            ["5: unknown `time` `local`; use `syslog`, `iso8601`, `epoch` or `asterisk` or a strftime text"]
        );
        assert!(time("%Y %!")[0].starts_with("5: `time` `%Y %!` is no strftime text: "));
    }

    #[test]
    fn a_broken_regex_is_told_on_one_line() {
        assert_eq!(
            complaints("event = 'refusal'\nregex = '(?P<aor>x'\n"),
            ["4: `regex` `(?P<aor>x` is no regular expression: unclosed group"]
        );
    }
}

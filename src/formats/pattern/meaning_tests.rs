//! One test for each thing that a record's fields can mean.

use super::*;
use crate::model::{AgentText, Aor, Civil, Event, Kind, Moment, RejectReason, Stamp};
use proptest::prelude::*;

/// A pattern of this regex and event, accepted.
fn spec(regex: &str, event: PatternEvent) -> PatternSpec {
    PatternSpec {
        name: "test".into(),
        contains: None,
        regex: Some(regex.into()),
        json: false,
        fields: Default::default(),
        time: None,
        event,
        accepted: true,
        origin: "patterns.toml:1".into(),
    }
}

/// A pattern of these members, `ours=theirs` each.
fn json(fields: &[(&str, &str)], event: PatternEvent) -> PatternSpec {
    let fields = fields.iter().map(|(ours, theirs)| (ours.to_string(), theirs.to_string())).collect();
    PatternSpec { regex: None, json: true, fields, contains: Some("REG".into()), ..spec("", event) }
}

fn read_into(spec: &PatternSpec, text: &str, frame: Event<'_>, check: impl FnOnce(Outcome, &Event<'_>)) {
    let pattern = Pattern::compile(spec).unwrap();
    let mut scratch = pattern.scratch();
    let mut event = frame;
    let outcome = pattern.read(text.as_bytes(), &mut event, &mut scratch);
    check(outcome, &event);
}

const FRAME: Event<'static> = Event::new(Kind::Attempt, "frame");

fn read(spec: &PatternSpec, text: &str, check: impl FnOnce(&Event<'_>)) {
    read_into(spec, text, FRAME, |outcome, event| {
        assert_eq!(outcome, Outcome::Event, "{text}");
        check(event);
    });
}

fn outcome(spec: &PatternSpec, text: &str) -> Outcome {
    let mut found = Outcome::NoMatch;
    read_into(spec, text, FRAME, |outcome, _| found = outcome);
    found
}

fn kind(spec: &PatternSpec, text: &str) -> Kind {
    let mut found = Kind::Restart;
    read(spec, text, |event| found = event.kind);
    found
}

fn registration(rest: &str) -> PatternSpec {
    spec(&format!(r"REG aor=(?P<aor>\S*){rest}"), PatternEvent::Registration)
}

fn fault(spec: &PatternSpec) -> String {
    Pattern::compile(spec).unwrap_err().to_string()
}

#[test]
fn a_registration_is_accepted_by_the_operators_word_alone() {
    let mut spec = registration("");
    assert_eq!(kind(&spec, "REG aor=sip:a@b.example"), Kind::Accepted);
    spec.accepted = false;
    assert_eq!(kind(&spec, "REG aor=sip:a@b.example"), Kind::Attempt);
}

#[test]
fn an_event_carries_the_patterns_name_and_the_frames_own() {
    let frame = Event { host: b"edge1", ..FRAME };
    read_into(&registration(""), "REG aor=sip:a@b.example", frame, |_, event| {
        assert_eq!((event.source, event.host), ("test", &b"edge1"[..]));
        assert_eq!(event.aor, Aor::Uri(b"sip:a@b.example"));
    });
}

#[test]
fn an_expiry_of_0_is_a_deregistration() {
    let spec = registration(r" e=(?P<expires>\S*)");
    assert_eq!(kind(&spec, "REG aor=a@b.example e=0"), Kind::Deregistered);
    assert_eq!(kind(&spec, "REG aor=a@b.example e=60"), Kind::Accepted);
    for absent in ["<null>", "", "-"] {
        assert_eq!(kind(&spec, &format!("REG aor=a@b.example e={absent}")), Kind::Accepted, "{absent}");
    }
}

#[test]
fn an_expiry_that_is_no_number_is_rejected() {
    let spec = registration(r" e=(?P<expires>\S*)");
    assert_eq!(outcome(&spec, "REG aor=a@b.example e=soon"), Outcome::Reject(RejectReason::BadNumber));
}

#[test]
fn contacts_decide_before_the_expiry() {
    let spec = registration(" c=(?P<contact>.*) e=(?P<expires>.*)");
    for (contact, expires, expected) in [
        ("<sip:a@192.0.2.1>", "0", Kind::Deregistered),
        ("<sip:a@192.0.2.1>;expires=0", "60", Kind::Deregistered),
        ("<sip:a@192.0.2.1>;expires=9", "0", Kind::Accepted),
        ("*", "0", Kind::Deregistered),
        ("*", "<null>", Kind::Deregistered),
        ("<sip:a@192.0.2.1>;expires=0,<sip:a@192.0.2.2>", "60", Kind::Accepted),
        ("", "60", Kind::Fetched),
        ("-", "0", Kind::Fetched),
        ("<null>", "<null>", Kind::Fetched),
    ] {
        assert_eq!(
            kind(&spec, &format!("REG aor=a@b.example c={contact} e={expires}")),
            expected,
            "{contact}"
        );
    }
}

#[test]
fn the_seconds_are_those_that_hold() {
    let spec = registration(" c=(?P<contact>.*) e=(?P<expires>.*)");
    for (contact, expires, expected) in [
        ("<sip:a@192.0.2.1>;expires=9", "0", Some(9)),
        ("<sip:a@192.0.2.1>;expires=9,<sip:a@192.0.2.2>", "60", Some(60)),
        ("<sip:a@192.0.2.1>", "<null>", None),
        ("*", "<null>", Some(0)),
        ("<sip:a@192.0.2.1>;expires=0", "60", Some(0)),
    ] {
        read(&spec, &format!("REG aor=a@b.example c={contact} e={expires}"), |event| {
            assert_eq!(event.expires_seconds, expected, "{contact}");
        });
    }
}

#[test]
fn a_code_outside_200_to_299_is_a_refusal() {
    let spec = registration(r" code=(?P<code>\S+)");
    assert_eq!(kind(&spec, "REG aor=a@b.example code=200"), Kind::Accepted);
    read(&spec, "REG aor=a@b.example code=403", |event| {
        assert_eq!((event.kind, event.code), (Kind::Refused, Some(403)));
    });
    assert_eq!(outcome(&spec, "REG aor=a@b.example code=ok"), Outcome::Reject(RejectReason::BadNumber));
}

#[test]
fn another_method_is_no_evidence() {
    let spec = registration(r" m=(?P<method>\S*)");
    assert_eq!(kind(&spec, "REG aor=a@b.example m=REGISTER"), Kind::Accepted);
    assert_eq!(outcome(&spec, "REG aor=a@b.example m=INVITE"), Outcome::Other);
    assert_eq!(outcome(&spec, "REG aor=a@b.example m=register"), Outcome::Other);
}

#[test]
fn a_whole_cseq_names_its_method() {
    let spec = registration(r" cs=(?P<cseq>.*)");
    read(&spec, "REG aor=a@b.example cs=007 REGISTER", |event| assert_eq!(event.cseq, b"7"));
    read(&spec, "REG aor=a@b.example cs=0", |event| assert_eq!(event.cseq, b"0"));
    assert_eq!(outcome(&spec, "REG aor=a@b.example cs=7 INVITE"), Outcome::Other);
    assert_eq!(outcome(&spec, "REG aor=a@b.example cs=7x"), Outcome::Reject(RejectReason::BadNumber));
}

#[test]
fn an_agent_is_sent_sent_empty_missing_or_not_logged() {
    let with_agent = registration(r"(?: ua=\[(?P<ua>[^\]]*)(?:\]|$))?");
    let agent = |spec: &PatternSpec, text: &str, expected: AgentText<'_>| {
        read(spec, &format!("REG aor=a@b.example{text}"), |event| {
            assert_eq!(event.agent, expected, "{text}")
        });
    };
    agent(&with_agent, " ua=[Acme Phone/1]", AgentText::Text(b"Acme Phone/1"));
    agent(&with_agent, " ua=[]", AgentText::Text(b""));
    for missing in [" ua=[<null>]", " ua=[n/a]", " ua=[-]", ""] {
        agent(&with_agent, missing, AgentText::Missing);
    }
    agent(&registration(r" ua=(?P<ua>.*)"), " ua=[not set]", AgentText::Missing);
    agent(&registration(""), " ua=[Acme Phone/1]", AgentText::NotLogged);
}

#[test]
fn user_and_domain_make_an_aor_of_two_parts() {
    let spec = spec(r"REG u=(?P<user>\S+) d=(?P<domain>\S+)", PatternEvent::Registration);
    read(&spec, "REG u=a d=b.example", |event| {
        assert_eq!(event.aor, Aor::Parts { user: b"a", domain: b"b.example" });
    });
    read(&spec, "REG u=a d=<null>", |event| assert_eq!(event.aor, Aor::Name(b"a")));
    // It may be more than a name.
    read(&spec, "REG u=sip:a@b.example d=-", |event| assert_eq!(event.aor, Aor::Uri(b"sip:a@b.example")));
    for user in ["sip:a", "a:secret", "a%20b", "<sip:a"] {
        let parts = Aor::Parts { user: user.as_bytes(), domain: b"" };
        read(&spec, &format!("REG u={user} d=-"), |event| assert_eq!(event.aor, parts));
    }
}

#[test]
fn a_record_that_names_nobody_is_rejected_only_where_it_would_count() {
    assert_eq!(outcome(&registration(""), "REG aor=<null>"), Outcome::Reject(RejectReason::NoIdentity));
    assert_eq!(outcome(&PatternSpec { accepted: false, ..registration("") }, "REG aor="), Outcome::Other);
    let refusal = spec(r"denied (?P<aor>\S*)", PatternEvent::Refusal);
    read(&refusal, "denied ", |event| assert_eq!((event.kind, event.aor), (Kind::Refused, Aor::Nobody)));
}

#[test]
fn an_address_loses_its_port() {
    let spec = registration(r" ip=(?P<ip>\S+)");
    for (address, expected) in [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:5060", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[2001:db8::1]:5060", "2001:db8::1"),
    ] {
        read(&spec, &format!("REG aor=a@b.example ip={address}"), |event| {
            assert_eq!(event.source_ip, expected.as_bytes());
        });
    }
}

#[test]
fn a_deregistration_and_a_refusal_need_no_contact() {
    assert_eq!(
        kind(&spec(r"gone (?P<aor>\S+)", PatternEvent::Deregistration), "gone a@b"),
        Kind::Deregistered
    );
    assert_eq!(kind(&spec(r"denied (?P<aor>\S+)", PatternEvent::Refusal), "denied a@b"), Kind::Refused);
}

#[test]
fn a_message_counts_only_where_it_was_accepted() {
    let mut spec = spec(r"MSG (?P<method>\S+) (?P<code>\d+) (?P<aor>\S+)", PatternEvent::Message);
    assert_eq!(kind(&spec, "MSG MESSAGE 202 a@b.example"), Kind::Message);
    assert_eq!(outcome(&spec, "MSG MESSAGE 407 a@b.example"), Outcome::Other);
    assert_eq!(outcome(&spec, "MSG REGISTER 200 a@b.example"), Outcome::Other);
    spec.accepted = false;
    assert_eq!(outcome(&spec, "MSG MESSAGE 202 a@b.example"), Outcome::Other);
}

#[test]
fn a_conference_host_counts_only_where_it_was_accepted() {
    let mut spec = spec(r"host (?P<method>\S+) (?P<aor>\S+)", PatternEvent::ConferenceHost);
    assert_eq!(kind(&spec, "host INVITE a@b.example"), Kind::ConferenceHost);
    spec.accepted = false;
    assert_eq!(outcome(&spec, "host INVITE a@b.example"), Outcome::Other);
}

#[test]
fn an_agent_pattern_ties_an_agent_to_a_user() {
    let spec = spec(r"agent of (?P<aor>\S+): (?P<ua>.*)", PatternEvent::Agent);
    read(&spec, "agent of a@b.example: Acme Phone/1", |event| {
        assert_eq!((event.kind, event.agent), (Kind::AgentTie, AgentText::Text(b"Acme Phone/1")));
    });
}

#[test]
fn a_request_tells_a_fetch_by_its_contact_and_a_removal_by_its_expiry() {
    let spec = spec(r"request (?P<aor>\S+) c=(?P<contact>.*) e=(?P<expires>.*)", PatternEvent::Request);
    let check = |text: &str, contact: &str, expires| {
        read(&spec, text, |event| {
            assert_eq!(event.kind, Kind::Request);
            assert_eq!((event.contact, event.expires_seconds), (contact.as_bytes(), expires), "{text}");
        });
    };
    check("request a@b.example c=<sip:a@c> e=60", "<sip:a@c>", Some(60));
    check("request a@b.example c=<sip:a@c> e=soon", "<sip:a@c>", None);
    check("request a@b.example c=<null> e=60", "", Some(60));
    check("request a@b.example c=<sip:a@c>;expires=0 e=60", "<sip:a@c>;expires=0", Some(0));
    check("request a@b.example c=* e=<null>", "*", Some(0));
    check("request a@b.example c=<sip:a@c>;expires=9 e=0", "<sip:a@c>;expires=9", Some(9));
}

#[test]
fn a_reply_carries_any_code() {
    let spec = spec(r"\[(?P<callid>\S+)\] reply (?P<code>\d+) to (?P<method>\S+)", PatternEvent::Reply);
    read(&spec, "[8f1c@192.0.2.1] reply 401 to REGISTER", |event| {
        assert_eq!((event.kind, event.code), (Kind::Reply, Some(401)));
        assert_eq!((event.call_id, event.aor), (&b"8f1c@192.0.2.1"[..], Aor::Nobody));
    });
    assert_eq!(outcome(&spec, "[x] reply 200 to INVITE"), Outcome::Other);
}

#[test]
fn a_call_id_that_differs_from_the_frames_is_ambiguous() {
    let spec = registration(r" ci=(?P<callid>\S+)");
    let frame = Event { call_id: b"real", cseq: b"2", ..FRAME };
    read_into(&spec, "REG aor=a@b.example ci=forged", frame, |outcome, event| {
        assert_eq!(outcome, Outcome::Reject(RejectReason::Ambiguous));
        assert_eq!(event.source, "frame", "a rejected record changes nothing");
    });
    read_into(&spec, "REG aor=a@b.example ci=<null>", frame, |outcome, event| {
        assert_eq!(outcome, Outcome::Event);
        assert_eq!((event.call_id, event.cseq), (&b"real"[..], &b"2"[..]));
    });
}

#[test]
fn the_stamp_that_knows_more_is_kept() {
    let spec = PatternSpec { time: Some("syslog".into()), ..registration(r" t=(?P<time>.*)") };
    let ours = Stamp::Yearless(Civil::new(2000, 10, 5, 14, 3, 22, 0).unwrap());
    let full = Stamp::Instant(Moment::from_seconds(1_791_209_002));
    for (frame, expected) in [(Stamp::None, ours), (full, full)] {
        let frame = Event { stamp: frame, ..FRAME };
        read_into(&spec, "REG aor=a@b.example t=Oct  5 14:03:22", frame, |_, event| {
            assert_eq!(event.stamp, expected);
        });
    }
    assert_eq!(
        outcome(&spec, "REG aor=a@b.example t=Oct 32 14:03:22"),
        Outcome::Reject(RejectReason::BadTime)
    );
}

#[test]
fn a_match_further_inside_is_none() {
    assert_eq!(outcome(&registration(""), "x REG aor=a@b.example"), Outcome::NoMatch);
}

#[test]
fn a_record_cut_behind_its_head_is_rejected() {
    let spec = registration(r" ua=\[(?P<ua>[^\]]*)\]");
    assert_eq!(outcome(&spec, "REG aor=a@b.example ua=[Acme Ph"), Outcome::Reject(RejectReason::Truncated));
    assert_eq!(outcome(&spec, "REG ao"), Outcome::NoMatch);
    assert_eq!(outcome(&spec, "INVITE ua=[REG aor=a@b.example"), Outcome::NoMatch);
}

#[test]
fn a_cut_refusal_is_no_loss() {
    let spec = spec(r"denied for (?P<aor>\S+) ua=\[(?P<ua>[^\]]*)\]", PatternEvent::Refusal);
    assert_eq!(outcome(&spec, "denied for a@b.example ua=["), Outcome::NoMatch);
}

#[test]
fn bytes_that_are_no_utf8_are_text_like_any() {
    let spec = registration(r" ua=\[(?P<ua>[^\]]*)\]");
    let pattern = Pattern::compile(&spec).unwrap();
    let (mut event, mut scratch) = (FRAME, pattern.scratch());
    assert_eq!(pattern.read(b"REG aor=a@b ua=[\xE9\xFF]", &mut event, &mut scratch), Outcome::Event);
    assert_eq!(event.agent, AgentText::Text(b"\xE9\xFF"));
}

#[test]
fn a_literal_that_the_operator_names_must_be_there() {
    let spec = PatternSpec { contains: Some("saved".into()), ..registration(".*") };
    assert_eq!(outcome(&spec, "REG aor=a@b.example"), Outcome::NoMatch);
    assert_eq!(outcome(&spec, "REG aor=a@b.example saved"), Outcome::Event);
}

#[test]
fn the_members_of_an_object_are_fields() {
    let spec = json(
        &[("aor", "to"), ("ua", "agent"), ("expires", "exp"), ("time", "t"), ("contact", "ct")],
        PatternEvent::Registration,
    );
    let spec = PatternSpec { time: Some("epoch".into()), ..spec };
    let text = r#"{"ev":"REG","to":"sip:a@b.example","agent":"Desk \"9\"","exp":60,"t":1791209002,"ct":"<sip:\u0061@c>"}"#;
    read(&spec, text, |event| {
        assert_eq!(event.kind, Kind::Accepted);
        assert_eq!(event.agent, AgentText::Text(br#"Desk "9""#));
        assert_eq!((event.contact, event.expires_seconds), (&b"<sip:a@c>"[..], Some(60)));
        assert_eq!(event.stamp, Stamp::Instant(Moment::from_seconds(1_791_209_002)));
    });
}

#[test]
fn a_member_that_is_null_or_absent_is_not_given() {
    let spec = json(&[("aor", "to"), ("ua", "agent")], PatternEvent::Registration);
    for text in [r#"{"ev":"REG","to":"a@b.example","agent":null}"#, r#"{"ev":"REG","to":"a@b.example"}"#] {
        read(&spec, text, |event| assert_eq!(event.agent, AgentText::Missing));
    }
    assert_eq!(outcome(&spec, r#"{"ev":"REG","agent":"x"}"#), Outcome::NoMatch);
    assert_eq!(outcome(&spec, r#"{"ev":"REG","to":null}"#), Outcome::Reject(RejectReason::NoIdentity));
}

#[test]
fn an_object_that_is_broken_or_says_a_thing_twice_is_rejected() {
    let spec = json(&[("aor", "to")], PatternEvent::Registration);
    for (text, expected) in [
        (r#"{"ev":"REG","to":"a@b"#, Outcome::Reject(RejectReason::BadJson)),
        (r#"{"ev":"other","to":"a@b"#, Outcome::NoMatch),
        (r#"REG {"to":"a@b"}"#, Outcome::NoMatch),
        (r#"{"ev":"REG","to":"a@b","to":"c@d"}"#, Outcome::Reject(RejectReason::Ambiguous)),
    ] {
        assert_eq!(outcome(&spec, text), expected, "{text}");
    }
}

#[test]
fn the_needle_is_text_that_no_frame_escapes() {
    let needle =
        |spec: &PatternSpec| String::from_utf8(Pattern::compile(spec).unwrap().needle().to_vec()).unwrap();
    assert_eq!(needle(&registration(r" user_agent=")), "REG aor=");
    assert_eq!(needle(&json(&[("aor", "to")], PatternEvent::Registration)), "REG");
    let spec = json(&[("aor", "to_uri"), ("ua", "user_agent")], PatternEvent::Registration);
    assert_eq!(needle(&PatternSpec { contains: None, ..spec }), "uri", "a client may send no agent");
}

#[test]
fn a_pattern_that_cannot_work_says_why() {
    use PatternEvent::{Agent, Registration, Reply, Request};
    for (spec, expected) in [
        (PatternSpec { json: true, ..registration("") }, "needs either `regex` or"),
        (registration("("), "bad regex"),
        (registration(" (?P<agent>x)"), "unknown field `agent`"),
        (registration(" (?P<user>x)"), "`aor` and `user` both"),
        (registration(" (?P<domain>x)"), "`domain` belongs to `user`"),
        (spec("REG ok", Registration), "nothing says `aor`"),
        (spec("reply ok", Reply), "nothing says `code`"),
        (spec(r"request (?P<aor>\S+)", Request), "nothing says `contact`"),
        (spec(r"agent (?P<aor>\S+)", Agent), "nothing says `ua`"),
        (registration(" (?P<time>x)"), "nothing says how it is written"),
        (PatternSpec { time: Some("sislog".into()), ..registration("") }, "bad time format: `sislog`"),
        (spec(r"\d+ (?P<aor>\S+)", Registration), "add `contains`"),
    ] {
        let text = fault(&spec);
        assert!(text.starts_with("patterns.toml:1: pattern `test`: ") && text.contains(expected), "{text}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_pattern_panic(tail: Vec<u8>) {
        let regex = registration(r" c=(?P<contact>.*) e=(?P<expires>.*) cs=(?P<cseq>.*) ua=(?P<ua>.*)");
        let members = json(&[("aor", "to"), ("contact", "ct")], PatternEvent::Registration);
        for (spec, start) in [(regex, "REG aor=a@b c="), (members, r#"{"REG":"","to":""#)] {
            let pattern = Pattern::compile(&spec).unwrap();
            let mut scratch = pattern.scratch();
            pattern.read(&[start.as_bytes(), &tail].concat(), &mut FRAME.clone(), &mut scratch);
        }
    }
}

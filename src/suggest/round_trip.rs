//! Lines of many shapes, and what their draft reads back from them.
//!
//! Each shape is written with users, Contacts and User-Agents that do their worst, and with one
//! product throughout, where a word of the product could be taken for a word of the template.

use super::Suggester;
use crate::formats::message::Outcome;
use crate::formats::pattern::{Pattern, PatternEvent};
use crate::model::{AgentText, Aor, Event, Kind, Spot};

const NASTY: [&str; 8] = [
    "Acme Phone/1.0 (iOS; \"beta\")",
    "<null>",
    "Linphone 5.2, desk",
    "=HYPERLINK(\"http://192.0.2.1/\",\"go\")",
    "x=1 from here",
    "baresip v1.0.0 (x86_64/linux)",
    "Größe 2",
    "MicroSIP/3.1",
];
const UNIFORM: [&str; 1] = ["Acme Phone/1.0 (iOS 16)"];
const TWO: [&str; 2] = ["Acme Phone", "Acme Desk"];

struct Fact {
    user: String,
    aor: String,
    contact: String,
    agent: &'static str,
    ip: String,
    call_id: String,
}

fn facts(agents: &[&'static str], count: usize) -> Vec<Fact> {
    let fact = |n: usize| {
        let user = match n % 5 {
            0 => format!("{}", 1000 + n),
            1 => format!("anna{n}"),
            2 => format!("%2B4207{n:08}"),
            3 => "karel".to_owned() + &"x".repeat(n % 7),
            _ => format!("mary.o'hara{n}"),
        };
        let ip = format!("192.0.2.{}", n % 200);
        let contact = match n % 4 {
            0 => format!("\"{user}\" <sip:{user}@{ip}:5080;ob>;reg-id=1;+sip.instance=\"<urn:uuid:{n}>\""),
            1 => format!("<sip:{user}@{ip}:5060;transport=UDP>;expires=1800"),
            _ => format!("<sip:{user}@{ip}:5060>"),
        };
        let call_id = if n.is_multiple_of(2) { format!("{n}-1201@{ip}") } else { format!("f5d2e3{n}c59") };
        Fact { aor: format!("{user}@a.example"), user, contact, agent: agents[n % agents.len()], ip, call_id }
    };
    (0..count).map(fact).collect()
}

fn line(shape: &str, fact: &Fact, n: usize) -> String {
    let expires = ["3600", "600", "<null>"][n % 3];
    shape
        .replace("{aor}", &fact.aor)
        .replace("{user}", &fact.user)
        .replace("{ct}", &fact.contact)
        .replace("{ip}", &fact.ip)
        .replace("{port}", &format!("{}", 5060 + n))
        .replace("{ci}", &fact.call_id)
        .replace("{cs}", &format!("{}", 1 + n % 9))
        .replace("{exp}", expires)
        .replace("{n}", &format!("{n}"))
        // Last: a User-Agent could hold any of the others.
        .replace("{ua}", fact.agent)
}

/// Drafts the shape and compares all that its one pattern reads with what was written.
fn check(shape: &str, agents: &[&'static str]) {
    let facts = facts(agents, 60);
    let lines: Vec<String> = facts.iter().zip(0..).map(|(fact, n)| line(shape, fact, n)).collect();
    let mut suggester = Suggester::new();
    for (line, offset) in lines.iter().zip(0..) {
        suggester.line(line.as_bytes(), Spot { input: 0, offset });
    }
    let suggestion = suggester.finish();
    let specs: Vec<_> = suggestion.templates.iter().map(|template| &template.spec).collect();
    assert_eq!(specs.len(), 1, "{shape}: {specs:#?}");
    assert_eq!(specs[0].event, PatternEvent::Registration, "{shape}");
    let pattern = Pattern::compile(specs[0]).unwrap();
    for (line, fact) in lines.iter().zip(&facts) {
        let mut scratch = pattern.scratch();
        let mut event = Event::new(Kind::Attempt, "");
        let outcome = pattern.read(line.as_bytes(), &mut event, &mut scratch);
        let told = format!("{line}\n{:?}", specs[0]);
        assert_eq!(outcome, Outcome::Event, "{told}");
        let aor = match event.aor {
            Aor::Uri(uri) => {
                let uri = String::from_utf8_lossy(uri).replace(['<', '>'], "");
                uri.strip_prefix("sip:").unwrap_or(&uri).to_owned()
            }
            Aor::Parts { user, domain } if !domain.is_empty() => {
                [user, b"@", domain].concat().escape_ascii().to_string()
            }
            Aor::Parts { user: name, .. } | Aor::Name(name) => {
                format!("{}@a.example", String::from_utf8_lossy(name))
            }
            Aor::Nobody => String::new(),
        };
        assert_eq!(aor.replace("\\'", "'"), fact.aor, "{told}");
        if shape.contains("{ua}") {
            let expected = match fact.agent {
                "<null>" => AgentText::Missing,
                text => AgentText::Text(text.as_bytes()),
            };
            assert_eq!(event.agent, expected, "{told}");
        }
        if shape.contains("{ct}") {
            assert_eq!(event.contact, fact.contact.as_bytes(), "{told}");
        }
        if shape.contains("{ip}") {
            assert_eq!(event.source_ip, fact.ip.as_bytes(), "{told}");
        }
        if shape.contains("{ci}") {
            assert_eq!(event.call_id, fact.call_id.as_bytes(), "{told}");
        }
    }
}

fn check_all(shapes: &[&str]) {
    for shape in shapes {
        for agents in [&NASTY[..], &UNIFORM, &TWO] {
            check(shape, agents);
        }
    }
}

#[test]
fn keys_with_equals_signs() {
    check_all(&[
        "REGISTERED user={user} domain=a.example contact={ct} src={ip}:{port} ua={ua}",
        "REG-DONE aor=sip:{aor} exp={exp} ci={ci} ct={ct} ua={ua}",
        "register ok, aor={aor}, ip={ip}, callid={ci}, agent={ua}",
        "REG aor=<sip:{aor}> ua=[{ua}] ip={ip}",
        "REG aor=sip:{aor} ua='{ua}' contact='{ct}' expires={exp}",
        "M=REGISTER R=sip:a.example F=sip:{aor} T=sip:{aor} IP={ip}:{port} ID={ci} UA='{ua}'",
    ]);
}

#[test]
fn keys_with_colons() {
    check_all(&[
        "registered: {aor}, contact: {ct}, expires: {exp}, agent: {ua}",
        "REGISTER User-Agent: {ua} To: sip:{aor} Call-ID: {ci} CSeq: {cs} REGISTER",
    ]);
}

#[test]
fn columns() {
    check_all(&[
        "REGISTER|{aor}|{ip}|{port}|{ci}|{cs}|{ct}|{exp}|200|{ua}",
        "REG\t{aor}\t{ip}\t{ct}\t{ua}",
        "{n}|save|REGISTER|sip:{aor}|{ct}|{ua}|done",
    ]);
}

#[test]
fn prose() {
    check_all(&[
        "REGISTER from sip:{aor} (IP:{ip}:{port})",
        "REGISTER from {aor} via udp at {ip} using {ua}",
        "sip:{aor} registered at {ct} using {ua}",
        "User {user} registered from {ip} with agent \"{ua}\" and contact {ct}",
    ]);
    // A product that is the same in every line and that nothing announces cannot be told from the
    // words of the template.
    check("[{ci}] {aor} registered, {ua}", &NASTY);
}

#[test]
fn objects() {
    check(r#"{"ev":"register","aor":"sip:{aor}","ua":"{ua}","ip":"{ip}","ct":"{ct}","n":{n}}"#, &NASTY);
    check(r#"{ "ev": "register", "to": "sip:{aor}", "ip": "{ip}", "agent": "{ua}" }"#, &UNIFORM);
}

//! The sample pattern files against logs that a real Kamailio wrote, and against lines that a
//! stranger might have it write.
//!
//! The logs live beside the repository and are not part of it; without them their tests say so
//! and prove nothing.

use super::*;
use crate::formats::contact::{Lifetime, lifetimes};
use crate::model::{AgentText, Aor, Event, Kind, RejectReason, Stamp};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

/// The patterns of `sample-logs/patterns/<name>.toml`.
fn sample_patterns(name: &str) -> Patterns {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("sample-logs/patterns/{name}.toml"));
    let file: toml_edit::DocumentMut = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let tables = file["pattern"].as_array_of_tables().unwrap();
    Patterns::compile(&tables.iter().map(spec).collect::<Vec<_>>()).unwrap()
}

fn spec(table: &toml_edit::Table) -> PatternSpec {
    let text = |key: &str| table.get(key).and_then(|value| value.as_str()).map(str::to_owned);
    let flag = |key: &str| table.get(key).and_then(|value| value.as_bool()).unwrap_or(false);
    let fields = table.get("fields").and_then(|value| value.as_inline_table());
    let fields = fields.into_iter().flatten();
    PatternSpec {
        name: text("name").unwrap(),
        contains: text("contains"),
        regex: text("regex"),
        json: flag("json"),
        fields: fields.map(|(ours, theirs)| (ours.to_owned(), theirs.as_str().unwrap().to_owned())).collect(),
        time: text("time"),
        event: match text("event").unwrap().as_str() {
            "registration" => PatternEvent::Registration,
            "deregistration" => PatternEvent::Deregistration,
            "refusal" => PatternEvent::Refusal,
            "message" => PatternEvent::Message,
            "request" => PatternEvent::Request,
            "reply" => PatternEvent::Reply,
            other => panic!("no event `{other}`"),
        },
        accepted: flag("accepted"),
        origin: "sample".into(),
    }
}

/// Reads `text` as a caller does; also proves that a search for needles would have found it.
fn read_first(
    patterns: &Patterns,
    text: &[u8],
    frame: Event<'_>,
    check: &mut dyn FnMut(Outcome, &Event<'_>),
) {
    let (mut event, mut scratch) = (frame, patterns.scratch());
    let (outcome, name) = patterns.read(text, &mut event, &mut scratch);
    if let Some(pattern) = patterns.each().iter().find(|pattern| pattern.name() == name) {
        let needle = memchr::memmem::find(text, pattern.needle());
        assert!(needle.is_some(), "a needle that is not in the record would lose it");
    }
    check(outcome, &event);
}

const FRAME: Event<'static> = Event::new(Kind::Attempt, "frame");

/// A script line after whatever stands in front of it, with Call-ID and CSeq of the log_prefix.
fn message(line: &[u8]) -> Option<(&[u8], Event<'_>)> {
    let mark = b"<script>: ";
    let at = memchr::memmem::find(line, mark)?;
    let mut frame = FRAME;
    if let Some(prefix) = line[..at].trim_ascii_end().strip_suffix(b"}") {
        let open = memchr::memchr(b'{', prefix)?;
        let mut words = prefix[open + 1..].split(|byte| *byte == b' ').skip(1);
        (frame.cseq, _, frame.call_id) = (words.next()?, words.next()?, words.next()?);
    }
    Some((&line[at + mark.len()..], frame))
}

/// The SIP-ID as the truth files write it: user as sent, domain in lower case.
fn sip_id(aor: Aor<'_>) -> String {
    let Aor::Uri(uri) = aor else { panic!("these logs hold URIs: {aor:?}") };
    let uri = std::str::from_utf8(uri).unwrap();
    let uri = uri.trim_start_matches("sips:").trim_start_matches("sip:");
    let (user, host) = uri.rsplit_once('@').unwrap();
    format!("{user}@{}", host.split([':', ';']).next().unwrap().to_lowercase())
}

/// What a log showed.
#[derive(Default)]
struct Seen {
    /// Accepted lines of each SIP-ID.
    lines: BTreeMap<String, u64>,
    /// The User-Agents of each with their lines, and with their transactions where told.
    agents: BTreeMap<String, BTreeMap<Option<String>, u64>>,
    agents_once: BTreeMap<String, BTreeMap<Option<String>, u64>>,
    /// The earliest stamp of each SIP-ID, in microseconds of whatever clock the log has.
    first: BTreeMap<String, i64>,
    kinds: BTreeMap<String, u64>,
    messages: u64,
    senders: BTreeSet<String>,
    has_cseq: bool,
}

impl Seen {
    fn add(&mut self, event: &Event<'_>, transactions: &mut HashSet<(Vec<u8>, Vec<u8>)>) {
        let id = sip_id(event.aor);
        let agent = match event.agent {
            AgentText::Text(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
            AgentText::Missing => None,
            AgentText::NotLogged => panic!("these logs hold User-Agents"),
        };
        let micros = match event.stamp {
            Stamp::Instant(moment) => Some(moment.micros()),
            Stamp::Local(civil) | Stamp::Yearless(civil) => Some(civil.micros()),
            Stamp::None => None,
        };
        if let Some(micros) = micros {
            let first = self.first.entry(id.clone()).or_insert(micros);
            *first = micros.min(*first);
        }
        *self.lines.entry(id.clone()).or_default() += 1;
        *self.agents.entry(id.clone()).or_default().entry(agent.clone()).or_default() += 1;
        self.has_cseq |= !event.cseq.is_empty();
        if transactions.insert((event.call_id.to_vec(), event.cseq.to_vec())) {
            *self.agents_once.entry(id).or_default().entry(agent).or_default() += 1;
        }
    }
}

/// Reads a log with the patterns of that name, joining requests with replies by hand.
fn scan(profile: &str, log: &[u8]) -> Seen {
    let patterns = sample_patterns(profile);
    let mut seen = Seen::default();
    let mut transactions = HashSet::new();
    let lines: Vec<_> = log.split(|byte| *byte == b'\n').filter_map(message).collect();
    let mut requests: HashMap<(&[u8], &[u8]), usize> = HashMap::new();
    for (number, (text, frame)) in lines.iter().enumerate() {
        let mut reply = None;
        read_first(&patterns, text, *frame, &mut |outcome, event| {
            let kind = match outcome {
                Outcome::Event => format!("{:?}", event.kind),
                other => format!("{other:?}"),
            };
            *seen.kinds.entry(kind).or_default() += 1;
            match (outcome, event.kind) {
                (Outcome::Reject(reason), _) => panic!("{reason}: {}", String::from_utf8_lossy(text)),
                (Outcome::Event, Kind::Accepted) => seen.add(event, &mut transactions),
                (Outcome::Event, Kind::Message) => {
                    seen.messages += 1;
                    seen.senders.insert(sip_id(event.aor));
                }
                (Outcome::Event, Kind::Request)
                    if lifetimes(event.contact, event.expires_seconds) == Lifetime::Live =>
                {
                    let part = |value: &[u8]| {
                        memchr::memmem::find(text, value).map(|at| &text[at..at + value.len()])
                    };
                    requests.insert((part(event.call_id).unwrap(), part(event.cseq).unwrap()), number);
                }
                (Outcome::Event, Kind::Reply) if event.code == Some(200) => {
                    reply = requests.get(&(event.call_id, event.cseq)).copied();
                }
                _ => {}
            }
        });
        if let Some(request) = reply {
            let (text, frame) = lines[request];
            read_first(&patterns, text, frame, &mut |_, event| seen.add(event, &mut transactions));
        }
    }
    seen
}

/// Compares what the patterns saw in a log with its truth file.
fn compare(profile: &str, folder: &str, file: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/real-logs/kamailio").join(folder);
    let Ok(log) = std::fs::read(folder.join(file)) else {
        eprintln!("SKIPPED: no {} here", folder.join(file).display());
        return;
    };
    let truth = std::fs::read_to_string(folder.join("truth.json")).unwrap();
    let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
    let seen = scan(profile, &log);

    let users = truth["sip_ids"].as_object().unwrap();
    let lines = users.iter().map(|(id, user)| (id.clone(), user["accepted_200_lines"].as_u64().unwrap()));
    assert_eq!(seen.lines, lines.collect(), "accepted lines of each SIP-ID");
    for (id, user) in users {
        let agents = user["user_agents"].as_array().unwrap().iter();
        let agents: BTreeMap<_, _> = agents
            .map(|agent| (agent["ua"].as_str().map(str::to_owned), agent["count"].as_u64().unwrap()))
            .collect();
        let is_retransmitted = user["accepted"] != user["accepted_200_lines"];
        if seen.has_cseq {
            assert_eq!(seen.agents_once[id], agents, "User-Agents of {id}");
        } else if is_retransmitted {
            assert!(seen.agents[id].keys().eq(agents.keys()), "User-Agents of {id}");
        } else {
            assert_eq!(seen.agents[id], agents, "User-Agents of {id}");
        }
    }
    for (id, first) in &seen.first {
        // The log cuts its seconds off, and the capture is a little before the log.
        let late = first - first_micros(&users[id], profile == "pipe");
        assert!((-1_000_000..1_600_000).contains(&late), "{id} is {late} microseconds off");
    }
    assert_eq!(seen.first.len(), if matches!(profile, "pipe" | "json" | "jsonj") { users.len() } else { 0 });
    for id in truth["never_accepted"].as_object().unwrap().values().flat_map(|ids| ids.as_array().unwrap()) {
        assert!(!seen.lines.contains_key(id.as_str().unwrap()), "{id}");
    }

    let accepted_messages: Vec<_> = truth["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| (200..300).contains(&message["code"].as_u64().unwrap()))
        .collect();
    if !matches!(profile, "prose" | "jsonj") {
        assert_eq!(seen.messages, accepted_messages.len() as u64, "accepted MESSAGEs");
        let senders = accepted_messages.iter().map(|message| message["src"].as_str().unwrap().to_owned());
        assert_eq!(seen.senders, senders.collect(), "their senders");
    }
    eprintln!("{profile} {file}: {} SIP-IDs, {:?}", seen.lines.len(), seen.kinds);
}

/// When a user of a truth file registered first, by the server's own clock or in UTC.
fn first_micros(user: &serde_json::Value, is_local: bool) -> i64 {
    let text = |key: &str| user[key].as_str().unwrap();
    if is_local {
        let local: jiff::civil::DateTime = text("first_local").parse().unwrap();
        return jiff::tz::TimeZone::UTC.to_timestamp(local).unwrap().as_microsecond();
    }
    text("first_utc").parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

#[test]
fn the_kv_log_gives_its_truth() {
    compare("kv", "kv", "kv.stderr.log");
    for file in ["kv.rfc3164.log", "kv.iso8601.log", "kv.rfc5424.log"] {
        compare("kv", "syslog", file);
    }
}

#[test]
fn the_pipe_log_gives_its_truth() {
    compare("pipe", "pipe", "pipe.stderr.log");
    compare("pipe", "syslog", "pipe.rfc3164.log");
}

#[test]
fn the_json_log_made_by_hand_gives_its_truth() {
    compare("json", "json", "json.stderr.log");
    compare("json", "syslog", "json.iso8601.log");
}

#[test]
fn the_json_log_made_by_a_module_gives_its_truth() {
    compare("jsonj", "jsonj", "jsonj.stderr.log");
}

#[test]
fn the_prose_log_gives_its_truth() {
    compare("prose", "prose", "prose.stderr.log");
    compare("prose", "syslog", "prose.rfc3164.log");
}

#[test]
fn the_log_of_requests_and_replies_gives_its_truth() {
    compare("reqreply", "reqreply", "reqreply.stderr.log");
    compare("reqreply", "syslog", "reqreply.rfc3164.log");
    compare("reqreply", "syslog", "reqreply.rfc5424.log");
}

#[test]
fn the_examples_in_each_sample_file_are_read_by_it() {
    for (profile, examples_expected) in
        [("kv", 1), ("pipe", 1), ("json", 1), ("jsonj", 1), ("prose", 2), ("reqreply", 2)]
    {
        let path = format!("{}/sample-logs/patterns/{profile}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let examples: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("#   ")).collect();
        assert_eq!(examples.len(), examples_expected, "{profile}");
        for example in examples {
            assert_eq!(outcome(profile, example).0, Outcome::Event, "{profile}: {example}");
        }
    }
}

/// The outcome, and of an event the AOR, agent and address.
fn outcome(profile: &str, text: &str) -> (Outcome, String) {
    let mut found = (Outcome::NoMatch, String::new());
    read_first(&sample_patterns(profile), text.as_bytes(), FRAME, &mut |outcome, event| {
        found.0 = outcome;
        if let (Outcome::Event, Aor::Uri(aor), AgentText::Text(agent)) = (outcome, event.aor, event.agent) {
            let texts = [aor, agent, event.source_ip].map(|text| String::from_utf8_lossy(text).into_owned());
            found.1 = texts.join(" | ");
        }
    });
    found
}

#[test]
fn an_agent_that_imitates_json_members_stays_an_agent() {
    let forged = r#"x","src_ip":"192.0.2.66","src_port":1,"call_id":"c","cseq":1,"contact":"<sip:v@c>","expires":"60","rc":1}"#;
    let text = format!(
        r#"{{"time":1791209002,"event":"register","result":"ok","aor":"sip:a@b.example","user_agent":"{forged}","src_ip":"192.0.2.1","src_port":5060,"call_id":"8f1c","cseq":2,"contact":"<sip:a@192.0.2.1>","expires":"3600","rc":1}}"#
    );
    assert_eq!(outcome("json", &text), (Outcome::Event, format!("sip:a@b.example | {forged} | 192.0.2.1")));
}

#[test]
fn an_agent_that_imitates_keys_and_values_stays_an_agent() {
    let forged = r#"x" src=192.0.2.66:1 ct=<sip:v@c> callid=c expires=60"#;
    let text = format!(
        r#"REGISTER accepted aor=sip:a@b.example ua="{forged}" src=192.0.2.1:5060 ct=<sip:a@c> callid=8f1c expires=60"#
    );
    assert_eq!(outcome("kv", &text), (Outcome::Event, format!("sip:a@b.example | {forged} | 192.0.2.1")));
}

#[test]
fn a_line_that_was_cut_is_rejected() {
    let text = r#"REGISTER accepted aor=sip:a@b.example ua="Acme Pho"#;
    assert_eq!(outcome("kv", text).0, Outcome::Reject(RejectReason::Truncated));
    let text = r#"{"event":"register","time":"2026-10-05T14:03:22+0200","aor":"sip:a@b.exa"#;
    assert_eq!(outcome("jsonj", text).0, Outcome::Reject(RejectReason::BadJson));
}

#[test]
fn a_call_id_that_imitates_a_line_is_none() {
    let tail = "] REGISTER from sip:x@b.example to sip:x@b.example received via udp:192.0.2.1:5060 cseq=1 ct=<sip:x@c> expires=60 ua=Acme";
    let reply = format!("[8f1c] reply 200 OK to REGISTER cseq=2{tail}");
    assert_eq!(outcome("reqreply", &reply).0, Outcome::Reject(RejectReason::Truncated));
    for end in ["", "]", "]]"] {
        let forged = "[8f1c] REGISTER from sip:v@b.example to sip:v@b.example received via udp:192.0.2.66:1 cseq=2 ct=<sip:v@c> expires=60 ua=Acme";
        let found = outcome("reqreply", &format!("{forged}{end}{tail}"));
        assert_eq!(found.0, Outcome::Reject(RejectReason::Truncated), "{end}");
    }
    let honest = "[8f1c] REGISTER from sip:a@b.example to sip:a@b.example received via udp:192.0.2.1:5060 cseq=2 ct=<sip:a@[2001:db8::1]:5060> expires=60 ua=Acme [beta]";
    assert_eq!(outcome("reqreply", honest).1, "sip:a@b.example | Acme [beta] | 192.0.2.1");
}

//! Kamailio 5.6.3: the operators' own xlog lines, `acc`, and JSON log engines.

use crate::canonical::canonical;
use crate::table::{Row, settle};
use crate::users::{User, parse};
use crate::{logs, micros, siptally, truth};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// One log and what it can say.
pub struct Log {
    /// Path below the folder of Kamailio's logs, or several of one log with blanks between them;
    /// `truth.json` stands beside it.
    pub path: &'static str,
    /// The pattern file of the line's shape; `None` where the program knows the line itself.
    pub pattern: Option<&'static str>,
    /// Call-ID and CSeq are in the log, so that a retransmission counts once.
    tells_retransmissions: bool,
    has_clock: bool,
    /// An empty User-Agent and a missing one are written alike.
    confuses_no_agent: bool,
    /// The server that wrote the file replaced control characters by `#` and three digits.
    is_escaped: bool,
    pub is_unread: bool,
}

const fn log(path: &'static str, pattern: Option<&'static str>) -> Log {
    Log {
        path,
        pattern,
        tells_retransmissions: false,
        has_clock: false,
        confuses_no_agent: false,
        is_escaped: false,
        is_unread: false,
    }
}

/// Every log, in the order of its README.
pub fn all() -> Vec<Log> {
    let once = |log: Log| Log { tells_retransmissions: true, ..log };
    let timed = |log: Log| Log { has_clock: true, ..log };
    let syslog = |log: Log| Log { has_clock: true, is_escaped: true, ..log };
    let acc = |path| Log { confuses_no_agent: true, ..timed(log(path, None)) };
    let debug = |path| Log { is_unread: true, ..log(path, None) };
    vec![
        log("kv/kv.stderr.log", Some("kv")),
        once(timed(log("pipe/pipe.stderr.log", Some("pipe")))),
        once(timed(log("json/json.stderr.log", Some("json")))),
        once(timed(log("jsonj/jsonj.stderr.log", Some("jsonj")))),
        once(log("prose/prose.stderr.log", Some("prose"))),
        once(log("reqreply/reqreply.stderr.log", Some("reqreply"))),
        once(log("jsonengine/jsonengine.stderr.log", Some("kv"))),
        timed(log("jsonengine-cee/jsonengine-cee.stderr.log", Some("kv"))),
        acc("acc/acc.stderr.log"),
        Log { is_escaped: true, ..acc("syslog/acc.rfc3164.log") },
        syslog(log("syslog/kv.rfc3164.log", Some("kv"))),
        once(syslog(log("syslog/pipe.rfc3164.log", Some("pipe")))),
        // Without Kamailio's log_prefix: no Call-ID, no CSeq.
        syslog(log("syslog/prose.rfc3164.log", Some("prose"))),
        once(syslog(log("syslog/reqreply.rfc3164.log", Some("reqreply")))),
        once(syslog(log("syslog/json.iso8601.log", Some("json")))),
        syslog(log("syslog/kv.iso8601.log", Some("kv"))),
        syslog(log("syslog/kv.rfc5424.log", Some("kv"))),
        once(syslog(log("syslog/reqreply.rfc5424.log", Some("reqreply")))),
        once(log("fullmsg/fullmsg.stderr.log.gz", None)),
        debug("debug3/debug3.stderr.log.gz"),
        once(timed(log(
            "sipdump/sipdump-2026-02-27--23-59-56.data.gz sipdump/sipdump-2026-03-20--10-00-00.data",
            None,
        ))),
        once(timed(log("siptrace/siptrace.dbtext.gz", None))),
        // A dump's tabs are known to be tabs.
        once(timed(log("syslog/fullmsg.rfc3164.log.gz", None))),
        once(timed(log("syslog/fullmsg.iso8601.log.gz", None))),
    ]
}

#[test]
fn kamailio_logs_agree_with_the_truth() {
    let Some(folder) = logs("kamailio") else { return };
    let rows: Vec<Row> = all()
        .iter()
        .map(|log| {
            let pattern = log.pattern.map(|shape| format!("sample-logs/patterns/{shape}.toml"));
            row(&folder, log, pattern.as_deref())
        })
        .collect();
    settle(&rows);
}

#[test]
fn every_kamailio_log_has_its_row() {
    let Some(folder) = logs("kamailio") else { return };
    let listed: BTreeSet<String> =
        all().iter().flat_map(|log| log.path.split(' ').map(str::to_owned)).collect();
    let mut there = BTreeSet::new();
    for profile in std::fs::read_dir(&folder).expect("the logs can be listed") {
        let profile = profile.expect("the logs can be listed").path();
        if profile.is_dir() {
            let name = profile.file_name().expect("a folder has a name").to_string_lossy().into_owned();
            let truth = truth(&profile);
            let names = truth["log"].as_array().expect("the truth lists its logs");
            there.extend(names.iter().map(|log| format!("{name}/{}", log.as_str().expect("a file name"))));
        }
    }
    assert_eq!(listed, there);
}

/// One log, read with that pattern file, against the truth.
pub fn row(folder: &Path, log: &Log, pattern: Option<&str>) -> Row {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let paths: Vec<String> =
        log.path.split(' ').map(|path| folder.join(path).to_string_lossy().into_owned()).collect();
    let truth = truth(Path::new(&paths[0]).parent().expect("a log stands in a folder"));
    let expected = expectation(&truth, log);

    let mut args =
        vec!["users", "--format", "ndjson", "--user-case", "keep", "--log-zone", "America/New_York"];
    args.extend(pattern.iter().flat_map(|pattern| ["--pattern", pattern]));
    args.extend(["--year", "2026"].iter().filter(|_| log.path.contains("rfc3164")));
    args.extend(paths.iter().map(String::as_str));
    let run = siptally::run(root, &args, b"", &[]);

    let found = parse(&run.stdout);
    let mut problems = Vec::new();
    if run.code != Some(0) && !log.is_unread {
        problems.push(format!("exit code {:?}: {}", run.code, run.stderr.trim_end()));
    }
    if !log.is_unread {
        for (id, user) in &expected {
            problems.extend(found.get(id).into_iter().flat_map(|found| differences(id, user, found, log)));
        }
    }
    for id in never(&truth) {
        if found.contains_key(&id) {
            problems.push(format!("`{id}` was never accepted and is a user"));
        }
    }
    Row {
        log: format!("kamailio/{}", log.path),
        expected: expected.into_keys().collect(),
        found: found.into_keys().collect(),
        problems,
        unsaid: unsaid(log),
        is_unread: log.is_unread,
    }
}

/// What the log must show: entries of the truth that are one canonical SIP-ID are one user.
fn expectation(truth: &Value, log: &Log) -> BTreeMap<String, User> {
    let mut users: BTreeMap<String, User> = BTreeMap::new();
    for (id, entry) in truth["sip_ids"].as_object().expect("sip_ids is an object") {
        let user = users.entry(canonical(id)).or_default();
        let count = if log.tells_retransmissions { "accepted" } else { "accepted_200_lines" };
        user.registrations += entry[count].as_u64().expect("a count");
        for agent in entry["user_agents"].as_array().expect("user_agents is a list") {
            if let Some(text) = agent["ua"].as_str() {
                let is_no_text = text.is_empty() && log.confuses_no_agent;
                let text = if log.is_escaped { text.replace('\t', "#011") } else { text.to_owned() };
                user.user_agents.extend((!is_no_text).then_some(text));
            }
        }
        let first = entry["first_utc"].as_str().expect("a stamp").to_owned();
        let last = entry["last_utc"].as_str().expect("a stamp").to_owned();
        let is_earlier = user.first_seen.as_ref().is_none_or(|other| micros(&first) < micros(other));
        let is_later = user.last_seen.as_ref().is_none_or(|other| micros(&last) > micros(other));
        user.first_seen = if is_earlier { Some(first) } else { user.first_seen.take() };
        user.last_seen = if is_later { Some(last) } else { user.last_seen.take() };
    }
    users
}

/// SIP-IDs that must not appear: never accepted, or only ever sent a message.
fn never(truth: &Value) -> BTreeSet<String> {
    let reasons = truth["never_accepted"].as_object().expect("never_accepted is an object");
    let by_reason = reasons.values().flat_map(|ids| ids.as_array().expect("a list of ids"));
    let messages = truth["message_only"].as_array().expect("message_only is a list");
    let ids: BTreeSet<String> =
        by_reason.chain(messages).map(|id| canonical(id.as_str().expect("an id"))).collect();
    assert!(!ids.is_empty());
    ids
}

fn differences(id: &str, expected: &User, found: &User, log: &Log) -> Vec<String> {
    let mut problems = Vec::new();
    if found.registrations != expected.registrations {
        problems.push(format!(
            "`{id}`: {} registrations, expected {}",
            found.registrations, expected.registrations
        ));
    }
    let agents: BTreeSet<String> = found
        .user_agents
        .iter()
        .filter(|text| !(text.is_empty() && log.confuses_no_agent))
        .cloned()
        .collect();
    if agents != expected.user_agents {
        problems.push(format!("`{id}`: agents {agents:?}, expected {:?}", expected.user_agents));
    }
    for (what, found, expected) in [
        ("first seen", &found.first_seen, &expected.first_seen),
        ("last seen", &found.last_seen, &expected.last_seen),
    ] {
        // The README: log seconds are cut off, and the capture is a little before the line.
        const TOLERANCE_MICROS: i64 = 1_600_000;
        let expected = expected.as_deref().expect("the truth has every time");
        let is_right = match found {
            Some(found) => log.has_clock && (micros(found) - micros(expected)).abs() <= TOLERANCE_MICROS,
            None => !log.has_clock,
        };
        if !is_right {
            problems
                .push(format!("`{id}`: {what} {found:?}, expected {expected} (clock: {})", log.has_clock));
        }
    }
    problems
}

fn unsaid(log: &Log) -> String {
    let reasons = [
        (
            log.is_unread,
            "no line tells a registration from a removal beside another device's contact: nobody is found",
        ),
        (!log.is_unread && !log.has_clock, "no clock"),
        (!log.is_unread && !log.tells_retransmissions, "no CSeq: retransmissions count again"),
        (log.confuses_no_agent, "empty and missing agents look alike"),
        (log.is_escaped, "a tab reads #011"),
    ];
    let said: Vec<&str> = reasons.iter().filter(|(is_so, _)| *is_so).map(|(_, text)| *text).collect();
    said.join("; ")
}

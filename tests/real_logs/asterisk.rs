//! Asterisk 16 and 22: what `full`, console, JSON, `messages` and `security` logs can hold.
//!
//! A line is written for a new binding only, under the AOR's configured name, and PJSIP never
//! writes the User-Agent. So the truth's set of AORs can be compared whole, its counts by the
//! contacts added, its first times, and its agents for chan_sip.

use crate::canonical::canonical;
use crate::table::{Row, settle};
use crate::users::{User, parse};
use crate::{logs, micros, siptally, truth};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a log can prove.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// PJSIP: a line for each contact added.
    Added,
    /// SIP dumps among the server's own lines: every registration with SIP-ID and User-Agent.
    Dumped,
    /// chan_sip: a line for each change of a peer's address, and each new User-Agent.
    Registered,
    /// No line of this log proves a registration.
    Nothing,
}

/// One log: the files of a run that belong together.
struct Log {
    run: &'static str,
    files: &'static [&'static str],
    proof: Proof,
    has_clock: bool,
    /// How far the truth's clock may be from the log's: the clients' view is a little later, and
    /// more so where the server's clock was made to run fast.
    tolerance_seconds: i64,
}

const fn log(run: &'static str, files: &'static [&'static str], proof: Proof) -> Log {
    Log { run, files, proof, has_clock: true, tolerance_seconds: 2 }
}

fn all() -> Vec<Log> {
    use Proof::{Added, Dumped, Nothing, Registered};
    const ROTATED: &[&str] = &["full", "full.0", "full.1"];
    vec![
        log("chansip16", &["full"], Registered),
        log("chansip16", &["messages"], Nothing),
        log("chansip16-siplog", &["full.gz"], Dumped),
        log("pjsip16", &["full.gz"], Added),
        Log { has_clock: false, ..log("pjsip16", &["console.ansi"], Added) },
        log("pjsip16", &["messages"], Nothing),
        log("pjsip16", &["security"], Nothing),
        log("pjsip16-json", &["full.json.gz"], Added),
        log("pjsip16-json", &["security"], Nothing),
        log("pjsip16-conference", &["full.gz"], Added),
        log("pjsip16-siplog-iso", &["full.gz"], Dumped),
        log("pjsip22-iso", &["full.gz"], Added),
        log("pjsip22-iso", &["security"], Nothing),
        log("pjsip16-40days", ROTATED, Added),
        // A day took 40 seconds in this run.
        Log { tolerance_seconds: 8, ..log("pjsip16-steady", ROTATED, Added) },
    ]
}

/// The files of all logs.
pub fn paths(folder: &Path) -> Vec<PathBuf> {
    all().iter().flat_map(|log| log.files.iter().map(|file| folder.join(log.run).join(file))).collect()
}

#[test]
fn asterisk_logs_agree_with_the_truth() {
    let Some(folder) = logs("asterisk") else { return };
    let rows: Vec<Row> = all().iter().map(|log| row(&folder, log)).collect();
    settle(&rows);
}

#[test]
fn every_asterisk_log_has_its_row() {
    // Snapshots and call records are no registration logs.
    const OTHERS: [&str; 3] = ["cli-dumps.txt", "Master.csv", "conference-truth.txt"];
    let Some(folder) = logs("asterisk") else { return };
    // The truth names them as the server did, before they were compressed.
    let listed: BTreeSet<String> = all()
        .iter()
        .flat_map(|log| log.files.iter().map(|file| format!("{}/{}", log.run, file.trim_end_matches(".gz"))))
        .collect();
    let mut there = BTreeSet::new();
    for run in std::fs::read_dir(&folder).expect("the logs can be listed") {
        let run = run.expect("the logs can be listed").path();
        if run.is_dir() {
            let name = run.file_name().expect("a folder has a name").to_string_lossy().into_owned();
            let truth = truth(&run);
            let files = truth["logs"].as_array().expect("the truth lists its logs");
            let files = files.iter().map(|file| file.as_str().expect("a file name"));
            there.extend(files.filter(|file| !OTHERS.contains(file)).map(|file| format!("{name}/{file}")));
        }
    }
    assert_eq!(listed, there);
}

#[test]
fn a_default_domain_makes_no_second_user_of_one_whom_dumps_name() {
    let Some(folder) = logs("asterisk") else { return };
    for log in all().iter().filter(|log| log.proof == Proof::Dumped) {
        let users = |flags: &[&str]| {
            let args =
                [&["users", "--format", "csv", "--year", "2026", "--log-zone", "UTC"], flags, log.files]
                    .concat();
            siptally::run(&folder.join(log.run), &args, b"", &[]).stdout
        };
        let plain = users(&[]);
        assert!(plain.len() > 1000, "{}", log.run);
        assert_eq!(users(&["--default-domain", "pbx1.example"]), plain, "{}", log.run);
    }
}

fn row(folder: &Path, log: &Log) -> Row {
    let folder = folder.join(log.run);
    let truth = truth(&folder);
    let mut args = vec!["users", "--format", "ndjson", "--user-case", "keep", "--log-zone", "UTC"];
    if truth["dateformat"].as_str().is_some_and(|format| format.starts_with("(default")) {
        args.extend(["--year", "2026"]);
    }
    args.extend(log.files);
    let run = siptally::run(&folder, &args, b"", &[]);
    let found = parse(&run.stdout);

    let mut problems = Vec::new();
    // A log without any proof fails the quality gate, whatever else it holds.
    let expected_code = if log.proof == Proof::Nothing { 4 } else { 0 };
    if run.code != Some(expected_code) {
        problems.push(format!(
            "exit code {:?}, expected {expected_code}: {}",
            run.code,
            run.stderr.trim_end()
        ));
    }
    let mut expected = BTreeSet::new();
    if log.proof != Proof::Nothing {
        let lines = match log.proof {
            Proof::Dumped => BTreeMap::new(),
            _ => lines_per_aor(&folder, log),
        };
        for entry in truth["sip_ids"].as_array().expect("sip_ids is a list") {
            let name = if log.proof == Proof::Dumped { "sip_id" } else { "aor" };
            let id = canonical(entry[name].as_str().expect("an AOR"));
            if let Some(user) = found.get(&id) {
                let lines = lines.get(&id).copied().unwrap_or_default();
                problems.extend(differences(&id, entry, user, lines, log));
            }
            expected.insert(id);
        }
        problems.extend(total_difference(&truth, &found, log));
    }
    problems.extend(strangers(&truth, &found));
    Row {
        log: format!("asterisk/{}/{}", log.run, log.files.join(" ")),
        expected,
        found: found.into_keys().collect(),
        problems,
        unsaid: unsaid(log),
        is_unread: false,
    }
}

fn differences(id: &str, entry: &Value, found: &User, lines: u64, log: &Log) -> Vec<String> {
    let mut problems = Vec::new();
    let accepted = entry["accepted"].as_u64().expect("a count");
    let count = found.registrations;
    let is_right = match log.proof {
        Proof::Added => count == lines,
        Proof::Dumped => count == accepted,
        // A new agent from a known address is a registration without a line of its own.
        Proof::Registered => lines <= count && count <= accepted,
        Proof::Nothing => false,
    };
    if !is_right {
        problems.push(format!("`{id}`: {count} registrations; {lines} lines, {accepted} accepted"));
    }
    match log.proof {
        Proof::Dumped => {
            let sent = entry["uas"].as_array().expect("uas is a list").iter();
            let sent: BTreeSet<String> =
                sent.filter_map(|agent| agent["ua"].as_str()).map(str::to_owned).collect();
            let seen: BTreeSet<String> = found.user_agents.iter().cloned().collect();
            if seen != sent {
                problems.push(format!("`{id}`: agents {seen:?}, expected {sent:?}"));
            }
        }
        Proof::Registered => {
            // chan_sip saves "" for a header that was never sent.
            let text = |agent: &Value| agent["ua"].as_str().unwrap_or_default().to_owned();
            let sent = entry["uas"].as_array().expect("uas is a list").iter().map(text);
            let sent: BTreeSet<String> = sent.filter(|text| !text.is_empty()).collect();
            let seen: BTreeSet<String> =
                found.user_agents.iter().filter(|text| !text.is_empty()).cloned().collect();
            if seen != sent {
                problems.push(format!("`{id}`: agents {seen:?}, expected {sent:?}"));
            }
        }
        Proof::Added if !found.user_agents.is_empty() => {
            problems.push(format!("`{id}`: agents {:?} of a log that holds none", found.user_agents));
        }
        _ => {}
    }
    let first = entry["first"].as_str().expect("a stamp");
    let is_right = match &found.first_seen {
        Some(seen) => {
            log.has_clock && (micros(seen) - micros(first)).abs() <= log.tolerance_seconds * 1_000_000
        }
        None => !log.has_clock,
    };
    if !is_right {
        problems.push(format!(
            "`{id}`: first seen {:?}, expected {first} (clock: {})",
            found.first_seen, log.has_clock
        ));
    }
    problems
}

/// All contacts that were added, counted by the clients, are the registrations of a PJSIP log.
fn total_difference(truth: &Value, found: &BTreeMap<String, User>, log: &Log) -> Option<String> {
    let added = truth["totals"]["contacts_added"].as_u64().expect("a count");
    let total: u64 = found.values().map(|user| user.registrations).sum();
    (log.proof == Proof::Added && total != added)
        .then(|| format!("{total} registrations in all, expected {added}"))
}

/// Users who must not be: nobody accepted them, or only a User-Agent's text speaks of them.
fn strangers(truth: &Value, found: &BTreeMap<String, User>) -> Vec<String> {
    let ids = truth["must_not_count"].as_array().expect("must_not_count is a list");
    assert!(!ids.is_empty());
    let refused: BTreeSet<String> =
        ids.iter().map(|entry| canonical(entry["sip_id"].as_str().expect("an id"))).collect();
    found
        .keys()
        .filter(|id| refused.contains(*id) || id.contains("ghost"))
        .map(|id| format!("`{id}` must not count and is a user"))
        .collect()
}

/// Lines that prove a registration, by AOR: a plain search for the server's own words where the
/// server writes them. A User-Agent that quotes them stands further inside its line.
fn lines_per_aor(folder: &Path, log: &Log) -> BTreeMap<String, u64> {
    const ADDED: [&str; 3] = [
        "res_pjsip_registrar.c: Added contact '",
        "\"level\":\"VERBOSE\",\"message\":\"Added contact '",
        "-- \u{1b}[0mAdded contact '",
    ];
    const REGISTERED: &str = "chan_sip.c: Registered SIP '";
    let mut lines = BTreeMap::new();
    for file in log.files {
        let text = String::from_utf8_lossy(&read(&folder.join(file))).into_owned();
        for line in text.lines() {
            let aor = if log.proof == Proof::Registered {
                line.split_once(REGISTERED)
                    .and_then(|(_, rest)| rest.rsplit_once("' at "))
                    .map(|(aor, _)| aor)
            } else {
                ADDED
                    .iter()
                    .find_map(|words| line.split_once(words))
                    .and_then(|(_, rest)| rest.rsplit_once("' to AOR '"))
                    .and_then(|(_, rest)| rest.rsplit_once("' with expiration of "))
                    .map(|(aor, _)| aor)
            };
            if let Some(aor) = aor {
                *lines.entry(canonical(aor)).or_default() += 1;
            }
        }
    }
    assert!(!lines.is_empty(), "no line of {} proves a registration", log.run);
    lines
}

fn read(path: &Path) -> Vec<u8> {
    let bytes = std::fs::read(path).expect("a log can be read");
    if path.extension().is_none_or(|ext| ext != "gz") {
        return bytes;
    }
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&bytes[..]), &mut text)
        .expect("a whole gzip stream");
    text
}

fn unsaid(log: &Log) -> String {
    let text = match log.proof {
        Proof::Added => "refreshes and User-Agents are not written",
        Proof::Dumped => "",
        Proof::Registered => {
            "refreshes from the same address are not written; no agent reads as an empty one"
        }
        Proof::Nothing => "no line proves a registration",
    };
    if log.has_clock { text.to_owned() } else { format!("no clock; {text}") }
}

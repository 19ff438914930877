//! Bindings that live on in silence: users whom only a binding's life proves, against the truth.
//!
//! Two runs of one real Asterisk. In `pjsip16-40days` the clock was moved on a day at a time, so
//! bindings look long-lived and nothing at all is proven. In `pjsip16-steady` phones refresh day
//! and night without a line; the bill of any cycle must find whom it can, invent nobody, and list
//! by name whomever it misses.

use crate::canonical::canonical;
use crate::{logs, siptally, truth};
use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const LOGS: [&str; 3] = ["full", "full.0", "full.1"];
/// `M` of the rule: the default `max_expiry` and a minute.
const NEEDS: SignedDuration = SignedDuration::from_secs(7260);

/// One cycle's bill: who is on it, with the evidence, and who is listed as not billed and why.
#[derive(Default)]
struct Billed {
    users: BTreeMap<String, String>,
    unbilled: BTreeMap<String, String>,
}

/// What the book says of sustained bindings.
struct Rules {
    sustained: &'static str,
    max_expiry: u32,
}

const OPEN: Rules = Rules { sustained: "open", max_expiry: 7200 };

/// Bills the run in cycles of so many days, as a user would.
fn bill(run: &Path, anchor: &str, length: i64, rules: &Rules) -> BTreeMap<Date, Billed> {
    let Rules { sustained, max_expiry } = rules;
    let out = tempfile::tempdir().expect("a temporary directory");
    let book = out.path().join("book.toml");
    let text = format!(
        "schema = 1\ncurrency = 'EUR'\n\
         [cycle]\nkind = 'days'\nlength = {length}\nanchor = {anchor}\nzone = 'UTC'\n\
         [logs]\nzone = 'UTC'\nyear = 2026\nmax_expiry = {max_expiry}\n\
         [activity]\nbillable_agents = ['any']\nno_agent = 'generic'\nsustained = '{sustained}'\n\
         [[charge]]\ncategory = 'generic'\nmodel = 'flat'\nprice = '1.00'\n"
    );
    std::fs::write(&book, text).expect("the book can be written");
    let (book, to) = (book.display().to_string(), out.path().join("out").display().to_string());
    let there = LOGS.into_iter().filter(|log| run.join(log).exists());
    let mut args = vec!["bill", "--book", &book, "--cycle", "all", "--allow-empty", "--out", &to];
    args.extend(there);
    let ran = siptally::run(run, &args, b"", &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let mut cycles: BTreeMap<Date, Billed> = BTreeMap::new();
    for entry in std::fs::read_dir(&to).expect("the bill can be listed") {
        let path = entry.expect("the bill can be listed").path();
        if path.is_dir() {
            let start = path.file_name().expect("a name").to_string_lossy().parse().expect("a cycle's start");
            let cycle = cycles.entry(start).or_default();
            for row in rows(&path.join("default/users.csv")) {
                cycle.users.insert(uri(&row), row["evidence"].clone());
            }
            check_notes(&path.join("default/invoice.json"), cycle);
        }
    }
    for row in rows(&Path::new(&to).join("unbilled.csv")) {
        let start = row["cycle_start"].parse().expect("a cycle's start");
        cycles.entry(start).or_default().unbilled.insert(uri(&row), row["reason"].clone());
    }
    cycles
}

/// The invoice says how many users count by a sustained binding only, and what they cost.
fn check_notes(invoice: &Path, cycle: &Billed) {
    let text = std::fs::read_to_string(invoice).expect("an invoice");
    let invoice: Value = serde_json::from_str(&text).expect("an invoice is JSON");
    let notes = invoice["notes"].as_array().expect("notes is a list");
    let of_kind = |note: &&Value| note["kind"].as_str().is_some_and(|kind| kind.starts_with("sustained_"));
    let noted: u64 = notes.iter().filter(of_kind).map(|note| note["users"].as_u64().expect("a count")).sum();
    let marked = cycle.users.values().filter(|evidence| *evidence == "sustained").count();
    assert_eq!(noted, marked as u64, "{notes:?}");
    for note in notes.iter().filter(of_kind) {
        assert_eq!(note["amount"].as_str(), Some(&*format!("{}.00", note["users"])), "{note}");
    }
}

fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader =
        csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    reader.deserialize().map(|row| row.expect("a row with its header's columns")).collect()
}

fn uri(row: &BTreeMap<String, String>) -> String {
    row["sip_uri"].strip_prefix("sip:").expect("a SIP URI").to_owned()
}

/// Days with an accepted REGISTER, by the AOR's name in the log.
fn days(truth: &Value) -> BTreeMap<String, BTreeSet<Date>> {
    let ids = truth["sip_ids"].as_array().expect("sip_ids is a list").iter();
    ids.map(|id| {
        let aor = canonical(id["aor"].as_str().expect("an AOR"));
        let days = id["days_with_accepted"].as_array().expect("days").iter();
        (aor, days.map(|day| day.as_str().expect("a day").parse().expect("a date")).collect())
    })
    .collect()
}

/// Whether the rule can prove that the user registered in the window: one of the truth's bindings
/// lives through `M` of it. A binding that is never removed is known up to the log's last one.
fn is_provable(truth: &Value, aor: &str, from: Date, until: Date, last_binding: jiff::Timestamp) -> bool {
    let at = |date: Date| date.to_zoned(jiff::tz::TimeZone::UTC).expect("a day").timestamp();
    let stamp = |value: &Value| value.as_str().map(|text| text.parse().expect("a stamp"));
    let ids = truth["sip_ids"].as_array().expect("sip_ids is a list").iter();
    let id = ids
        .clone()
        .find(|id| canonical(id["aor"].as_str().expect("an AOR")) == aor)
        .expect("an AOR of the truth");
    id["bindings"].as_array().expect("bindings").iter().any(|binding| {
        let added: jiff::Timestamp = stamp(&binding["added"]).expect("a stamp");
        let gone = stamp(&binding["gone"]).unwrap_or(last_binding);
        let lived = gone.min(at(until)).duration_since(added.max(at(from)));
        // The truth's stamps are some seconds later than the log's.
        lived > NEEDS + SignedDuration::from_secs(60) || (at(from) <= added && added < at(until))
    })
}

/// Who registered in the days from one to before the other.
fn here(days: &BTreeMap<String, BTreeSet<Date>>, from: Date, until: Date) -> BTreeSet<&String> {
    let here = days.iter().filter(|(_, days)| days.range(from..until).next().is_some());
    here.map(|(aor, _)| aor).collect()
}

#[test]
fn a_steady_servers_users_are_found_in_any_cycle_and_nobody_is_invented() {
    let Some(folder) = logs("asterisk") else { return };
    let run = folder.join("pjsip16-steady");
    let truth = truth(&run);
    let days = days(&truth);
    // The last line of any binding.
    let last_binding = "2026-02-06T20:01:00Z".parse().expect("a stamp");
    let mut wrong = Vec::new();
    println!(
        "{:>6} {:>6} {:>8} {:>6} {:>9} {:>6} {:>8}",
        "length", "cycles", "expected", "found", "sustained", "missed", "invented"
    );
    // The second rules make proofs rare: an expiry of up to a day, and no binding without end.
    let strict = Rules { sustained: "closed", max_expiry: 86_400 };
    for (rules, length) in
        (1..=12).map(|length| (&OPEN, length)).chain((1..=12).map(|length| (&strict, length)))
    {
        let cycles = bill(&run, "2026-01-26", length, rules);
        let (mut expected, mut found, mut sustained, mut missed, mut invented) = (0, 0, 0, 0, 0);
        for (start, cycle) in &cycles {
            let end = start.saturating_add(length.days());
            let here = here(&days, *start, end);
            expected += here.len();
            found += cycle.users.len();
            sustained += cycle.users.values().filter(|evidence| *evidence == "sustained").count();
            for id in cycle.users.keys().filter(|id| !here.contains(id)) {
                invented += 1;
                wrong.push(format!("{length} days from {start}: `{id}` is invented"));
            }
            for id in here.into_iter().filter(|id| !cycle.users.contains_key(*id)) {
                missed += 1;
                let reason = cycle.unbilled.get(id).map_or("nothing", String::as_str);
                let is_listed =
                    reason == "not_proven" || (rules.sustained == "closed" && reason == "only_sustained");
                if !is_listed {
                    wrong
                        .push(format!("{length} days from {start}: `{id}` is missed and listed as {reason}"));
                }
                if rules.sustained == "open" && is_provable(&truth, id, *start, end, last_binding) {
                    wrong.push(format!("{length} days from {start}: `{id}` can be proven and is missed"));
                }
            }
        }
        println!(
            "{length:>6} {:>6} {expected:>8} {found:>6} {sustained:>9} {missed:>6} {invented:>8}  {}, {} s",
            cycles.len(),
            rules.sustained,
            rules.max_expiry
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_clock_that_was_moved_on_sustains_nobody() {
    let Some(folder) = logs("asterisk") else { return };
    let run = folder.join("pjsip16-40days");
    for (anchor, length) in [("2026-01-15", 40), ("2026-01-15", 30), ("2026-01-15", 7), ("2026-01-15", 1)] {
        for (start, cycle) in bill(&run, anchor, length, &OPEN) {
            let sustained: Vec<_> =
                cycle.users.iter().filter(|(_, evidence)| *evidence == "sustained").collect();
            assert!(sustained.is_empty(), "{length} days from {start}: {sustained:?}");
        }
    }
    let args =
        ["users", "--format", "ndjson", "--year", "2026", "--log-zone", "UTC", "full", "full.0", "full.1"];
    for user in users(&run, &args) {
        assert_eq!(user["sustained"], 0, "{user}");
    }
}

fn users(run: &Path, args: &[&str]) -> Vec<Value> {
    let ran = siptally::run(run, args, b"", &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let text = String::from_utf8(ran.stdout).expect("ndjson is UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

#[test]
fn an_audit_of_any_day_finds_who_registered_in_it() {
    let Some(folder) = logs("asterisk") else { return };
    let run = folder.join("pjsip16-steady");
    let days = days(&truth(&run));
    let mut day: Date = "2026-01-26".parse().expect("a date");
    for _ in 0..12 {
        let next = day.saturating_add(1.day());
        let (since, until) = (day.to_string(), next.to_string());
        let args = ["users", "--format", "ndjson", "--year", "2026", "--zone", "UTC", "--log-zone", "UTC"];
        let range = ["--since", &since, "--until", &until, "full", "full.0", "full.1"];
        let found = users(&run, &[&args[..], &range[..]].concat());
        let ids: BTreeSet<&str> = found.iter().map(|user| user["sip_id"].as_str().expect("an id")).collect();
        let expected: BTreeSet<&str> = here(&days, day, next).into_iter().map(String::as_str).collect();
        assert_eq!(ids, expected, "{day}");
        for user in &found {
            let has_line = user["registrations"].as_u64() > Some(0);
            assert!(
                has_line || (user["sustained"].as_u64() > Some(0) && user["first_seen"].is_null()),
                "{user}"
            );
        }
        day = next;
    }
}

#[test]
fn no_cut_into_blocks_shows_in_a_life() {
    let Some(folder) = logs("asterisk") else { return };
    for run in ["pjsip16-steady", "pjsip16-40days"] {
        let args =
            ["users", "--format", "ndjson", "--year", "2026", "--log-zone", "UTC", "--since", "2026-02-01"];
        let args = [&args[..], &LOGS[..]].concat();
        let whole = siptally::run(&folder.join(run), &args, b"", &[]);
        assert_eq!(whole.code, Some(0), "{}", whole.stderr);
        for block in ["1", "150", "700", "4096", "65536"] {
            let cut = siptally::run(&folder.join(run), &args, b"", &[("SIPTALLY_BLOCK", block)]);
            assert_eq!(cut.stdout, whole.stdout, "{run} in blocks of {block}");
        }
    }
}

#[test]
fn a_log_that_begins_late_ends_early_or_lost_lines_invents_nobody() {
    let Some(folder) = logs("asterisk") else { return };
    let run = folder.join("pjsip16-steady");
    let days = days(&truth(&run));
    let read = |log| std::fs::read_to_string(run.join(log)).expect("a log can be read");
    let text = ["full.0", "full.1", "full"].map(read).concat();
    // Most other lines are of the start.
    const SAYING: [&str; 5] = ["contact '", "has been deleted", "Request '", " built by ", "Asterisk Ready"];
    let says = |line: &&str| SAYING.iter().any(|words| line.contains(words));
    let lines: Vec<&str> = text.lines().filter(says).collect();
    let kept = |keep: &dyn Fn(usize, &str) -> bool| -> Vec<&str> {
        lines.iter().enumerate().filter(|(at, line)| keep(*at, line)).map(|(_, line)| *line).collect()
    };
    let mut logs = Vec::new();
    for part in 1..12 {
        let cut = lines.len() * part / 12;
        logs.push((format!("from line {cut} on"), kept(&|at, _| at >= cut)));
        logs.push((format!("up to line {cut}"), kept(&|at, _| at < cut)));
    }
    // A contact that is dropped without a word leaves another line.
    for third in 0..3 {
        let without = kept(&|at, line| at % 3 == third || !line.contains("Removed contact"));
        logs.push((format!("removals of every third line {third}"), without));
    }
    println!("{:28} {:>8} {:>6} {:>8}", "log", "expected", "found", "invented");
    for (name, lines) in logs {
        let folder = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(folder.path().join("full"), lines.join("\n") + "\n").expect("a log can be written");
        let (mut expected, mut found, mut invented) = (0, 0, Vec::new());
        for (start, cycle) in bill(folder.path(), "2026-01-26", 1, &OPEN) {
            let here = here(&days, start, start.saturating_add(1.day()));
            expected += here.len();
            found += cycle.users.len();
            invented.extend(cycle.users.into_keys().filter(|id| !here.contains(id)).map(|id| (start, id)));
        }
        println!("{name:28} {expected:>8} {found:>6} {:>8}", invented.len());
        assert!(invented.is_empty(), "{name}: {invented:?}");
    }
}

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

/// Bills the run in cycles of so many days, as a user would.
fn bill(run: &Path, anchor: Date, length: i64, sustained: &str) -> BTreeMap<Date, Billed> {
    let out = tempfile::tempdir().expect("a temporary directory");
    let book = out.path().join("book.toml");
    let text = format!(
        "schema = 1\ncurrency = 'EUR'\n\
         [cycle]\nkind = 'days'\nlength = {length}\nanchor = {anchor}\nzone = 'UTC'\n\
         [logs]\nzone = 'UTC'\nyear = 2026\n\
         [activity]\nbillable_agents = ['any']\nno_agent = 'generic'\nsustained = '{sustained}'\n\
         [[charge]]\ncategory = 'generic'\nmodel = 'flat'\nprice = '1.00'\n"
    );
    std::fs::write(&book, text).expect("the book can be written");
    let (book, to) = (book.display().to_string(), out.path().join("out").display().to_string());
    let mut args = vec!["bill", "--book", &book, "--cycle", "all", "--out", &to];
    args.extend(LOGS);
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

#[test]
fn a_steady_servers_users_are_found_in_any_cycle_and_nobody_is_invented() {
    let Some(folder) = logs("asterisk") else { return };
    let run = folder.join("pjsip16-steady");
    let truth = truth(&run);
    let days = days(&truth);
    let anchor: Date = "2026-01-26".parse().expect("a date");
    let last_binding = "2026-02-06T20:01:00Z".parse().expect("a stamp");
    let mut wrong = Vec::new();
    println!(
        "{:>6} {:>6} {:>8} {:>6} {:>9} {:>6} {:>8}",
        "length", "cycles", "expected", "found", "sustained", "missed", "invented"
    );
    for length in 1..=12 {
        let cycles = bill(&run, anchor, length, "open");
        let (mut expected, mut found, mut sustained, mut missed, mut invented) = (0, 0, 0, 0, 0);
        for (start, cycle) in &cycles {
            let end = start.saturating_add(length.days());
            let here = days.iter().filter(|(_, days)| days.range(*start..end).next().is_some());
            let here: BTreeSet<&String> = here.map(|(aor, _)| aor).collect();
            expected += here.len();
            found += cycle.users.len();
            sustained += cycle.users.values().filter(|evidence| *evidence == "sustained").count();
            for id in cycle.users.keys().filter(|id| !here.contains(id)) {
                invented += 1;
                wrong.push(format!("{length} days from {start}: `{id}` is invented"));
            }
            for id in here.into_iter().filter(|id| !cycle.users.contains_key(*id)) {
                missed += 1;
                if is_provable(&truth, id, *start, end, last_binding) {
                    wrong.push(format!("{length} days from {start}: `{id}` can be proven and is missed"));
                }
                let reason = cycle.unbilled.get(id).map_or("nothing", String::as_str);
                if reason != "not_proven" {
                    wrong
                        .push(format!("{length} days from {start}: `{id}` is missed and listed as {reason}"));
                }
                println!("       {start} {id} missed, listed as {reason}");
            }
        }
        println!(
            "{length:>6} {:>6} {expected:>8} {found:>6} {sustained:>9} {missed:>6} {invented:>8}",
            cycles.len()
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

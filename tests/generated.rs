//! Generated logs, read by the program: it finds what the generator decided, in every format.

#[path = "common/siptally.rs"]
mod siptally;

use proptest::prelude::*;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

const FORMATS: [&str; 6] =
    ["kamailio", "own-line", "asterisk-pjsip", "chan-sip", "request-reply", "sip-dump"];

/// Options under which all that can happen does, as far as the format can tell.
fn eventful(format: &str) -> Vec<&'static str> {
    let mut options =
        vec!["--noise", "30%", "--scanners", "5%", "--refused", "4%", "--deregistered", "3%", "--hosts", "3"];
    if !format.starts_with("asterisk") && format != "chan-sip" {
        options.extend(["--retransmitted", "6%"]);
    }
    options
}

/// Generates into a folder of its own.
fn generated(options: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder for the logs");
    let args = [&["gen", "--quiet", "--out", "made"], options].concat();
    let run = siptally::run(folder.path(), &args, b"", &[]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{options:?}");
    folder
}

fn truth(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join("made/truth.json")).expect("there is a truth");
    serde_json::from_str(&text).expect("the truth is JSON")
}

/// What is said of each user: registrations, number of User-Agents, platforms, first and last seen.
type Rows = BTreeMap<String, (u64, usize, BTreeSet<String>, String, String)>;

/// What the program says of the users: the rows, and how often it saw one of them refused and one go away.
struct Found {
    rows: Rows,
    refused: u64,
    deregistered: u64,
}

fn true_rows(folder: &Path) -> Rows {
    let mut reader =
        csv::Reader::from_path(folder.join("made/truth-users.csv")).expect("there is a list of users");
    let rows = reader.deserialize::<BTreeMap<String, String>>();
    rows.map(|row| {
        let row = row.expect("a row of CSV");
        let number = |key: &str| row[key].parse::<u64>().expect("a number");
        let platforms = row["platforms"].split(' ').map(str::to_owned).collect();
        let agents = usize::try_from(number("user_agents")).expect("a few");
        let times = (row["first_seen"].clone(), row["last_seen"].clone());
        (row["sip_id"].clone(), (number("registrations"), agents, platforms, times.0, times.1))
    })
    .collect()
}

fn found(folder: &Path) -> Found {
    found_with(folder, "2", &[])
}

fn found_with(folder: &Path, threads: &str, env: &[(&str, &str)]) -> Found {
    let mut args = vec!["users", "--quiet", "--max-reject", "0%", "--format", "ndjson", "-j", threads];
    args.extend(["--config", "made/book.toml", "made/logs"]);
    let run = siptally::run(folder, &args, b"", env);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let text = String::from_utf8(run.stdout).expect("ndjson is UTF-8");
    let mut found = Found { rows: Rows::new(), refused: 0, deregistered: 0 };
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).expect("a row of JSON");
        let texts = |key: &str| -> Vec<String> {
            let list = row[key].as_array().expect("a list");
            list.iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
        };
        let text = |key: &str| row[key].as_str().expect("a text").to_owned();
        let number = |key: &str| row[key].as_u64().unwrap_or_default();
        let platforms = texts("platforms").into_iter().collect();
        let (agents, times) = (texts("user_agents").len(), (text("first_seen"), text("last_seen")));
        found.refused += number("refused");
        found.deregistered += number("deregistered");
        found.rows.insert(text("sip_id"), (number("registrations"), agents, platforms, times.0, times.1));
    }
    found
}

/// Whether the program finds in the logs what the generator decided about so many users.
#[track_caller]
fn check(options: &[&str], users: usize) {
    let folder = generated(options);
    let expected = true_rows(folder.path());
    let Found { rows: found, refused, deregistered } = found(folder.path());
    for (id, row) in &expected {
        assert_eq!(found.get(id), Some(row), "{id} with {options:?}");
    }
    assert_eq!(found.len(), expected.len(), "{options:?}");
    let truth = truth(folder.path());
    let registrations: u64 = found.values().map(|row| row.0).sum();
    assert_eq!(truth["registrations"], registrations);
    assert_eq!(truth["users"], found.len());
    assert_eq!(truth["deregistrations"], deregistered, "{options:?}");
    // Somebody who was refused and never let in is none of the users.
    let all_refused = truth["refused"].as_u64().expect("a number");
    assert!(
        refused <= all_refused && (found.len() < users || refused == all_refused),
        "{refused}: {options:?}"
    );
    for (platform, users) in truth["users_by_platform"].as_object().expect("a table") {
        let on_it = found.values().filter(|row| row.2.contains(platform)).count();
        assert_eq!(*users, on_it, "{platform} with {options:?}");
    }
    let lines: usize =
        logs(folder.path()).values().map(|log| log.iter().filter(|byte| **byte == b'\n').count()).sum();
    assert_eq!(truth["lines"], lines);
}

/// The files with the logs, by name.
fn logs(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder.join("made/logs")).expect("there are logs");
    entries
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read(path).expect("a log can be read"))
        })
        .collect()
}

#[test]
fn the_program_finds_what_each_format_holds() {
    for format in FORMATS {
        let basic = ["--format", format, "--lines", "20000", "--users", "300"];
        check(&basic, 300);
        check(&[&basic, &eventful(format)[..]].concat(), 300);
    }
}

#[test]
fn the_bytes_hang_neither_on_the_threads_nor_on_the_run() {
    for format in FORMATS {
        let basic = ["--format", format, "--lines", "40000", "--files", "3", "--compress", "zstd"];
        let options = [&basic, &eventful(format)[..]].concat();
        let made = |jobs: &'static str| {
            let folder = generated(&[&options, &["--jobs", jobs][..]].concat());
            (logs(folder.path()), truth(folder.path()))
        };
        assert_eq!(made("1"), made("3"), "{format}");
    }
}

#[test]
fn another_seed_writes_another_log() {
    let log = |seed| logs(generated(&["--lines", "100", "--seed", seed]).path());
    assert_ne!(log("1"), log("2"));
}

#[test]
fn the_number_of_lines_is_met_exactly_where_a_record_is_a_line() {
    for noise in ["0%", "80%", "99.5%"] {
        let folder = generated(&["--lines", "12345", "--noise", noise]);
        assert_eq!(truth(folder.path())["lines"], 12_345);
    }
}

#[test]
fn the_size_is_nearly_met() {
    for format in FORMATS {
        let folder = generated(&["--format", format, "--size", "5MB"]);
        let bytes = truth(folder.path())["bytes"].as_u64().expect("a number");
        assert!((4_850_000..5_150_000).contains(&bytes), "{format}: {bytes}");
    }
}

#[test]
fn a_rotated_and_compressed_log_holds_what_the_plain_one_does() {
    let options = ["--lines", "30000", "--noise", "20%"];
    let plain = generated(&options);
    for compression in ["gzip", "zstd"] {
        let folder = generated(&[&options[..], &["--files", "4", "--compress", compression]].concat());
        assert_eq!(logs(folder.path()).len(), 4);
        assert_eq!(found(folder.path()).rows, true_rows(plain.path()));
        // Several files at a time, each in many blocks, on more threads than there are cores.
        let found = found_with(folder.path(), "4", &[("SIPTALLY_BLOCK", "20000")]);
        assert_eq!(found.rows, true_rows(plain.path()));
    }
}

#[test]
fn a_newcomer_can_bill_the_defaults() {
    let folder = generated(&[]);
    let args = ["bill", "--book", "made/book.toml", "--out", "bill", "made/logs"];
    let run = siptally::run(folder.path(), &args, b"", &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(folder.path().join("bill/2026-09-01/default/invoice.csv").exists());
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let folder = generated(&["--lines", "10"]);
    let before = logs(folder.path());
    let run = siptally::run(folder.path(), &["gen", "--out", "made", "--seed", "2"], b"", &[]);
    assert_eq!(run.code, Some(2));
    assert_eq!(logs(folder.path()), before);
}

#[test]
fn standard_output_carries_the_log_alone() {
    let folder = generated(&["--lines", "500"]);
    let run = siptally::run(folder.path(), &["gen", "--out", "-", "--lines", "500"], b"", &[]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert_eq!(Some(&run.stdout), logs(folder.path()).get("kamailio.log"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn any_small_log_is_read_as_it_was_meant(
        format in 0..FORMATS.len(),
        lines in 1..3000u32,
        users in 1..400u32,
        noise in 0..95u32,
        seed: u64,
        days in 1..60u32,
    ) {
        let numbers = [lines, users, days].map(|number| number.to_string());
        let (noise, seed) = (format!("{noise}%"), seed.to_string());
        let mut options = vec!["--format", FORMATS[format], "--lines", &numbers[0], "--users", &numbers[1]];
        options.extend(["--days", &numbers[2], "--seed", &seed]);
        options.extend(eventful(FORMATS[format]).into_iter().skip(2));
        options.extend(["--noise", &noise]);
        check(&options, users as usize);
    }
}

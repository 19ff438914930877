//! The verb `bench`: which passes it runs, and that it counts what the other verbs count. What the
//! clock says is never tested.

#[path = "common/siptally.rs"]
mod siptally;

use serde_json::Value;
use std::path::Path;

fn sample_logs() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs")
}

/// Runs the program on some of the sample logs; `--quiet` keeps notes away.
#[track_caller]
fn output(verb: &str, more: &[&str], path: &str) -> String {
    let args = [&[verb, "--quiet"], more, &[path]].concat();
    let run = siptally::run(&sample_logs(), &args, b"", &[]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{args:?}");
    String::from_utf8(run.stdout).expect("the output is UTF-8")
}

fn objects(ndjson: &str) -> Vec<Value> {
    ndjson.lines().map(|line| serde_json::from_str(line).expect("a row of JSON")).collect()
}

#[test]
fn it_counts_what_users_counts() {
    let whole: Value =
        serde_json::from_str(&output("bench", &["--runs", "1", "-j", "2", "--format", "json"], "month"))
            .expect("JSON");
    let users = objects(&output("users", &["--format", "ndjson"], "month"));
    let registrations: u64 = users.iter().filter_map(|user| user["registrations"].as_u64()).sum();
    assert!(registrations > 1000 && users.len() > 40, "the samples hold something");
    assert_eq!((&whole["users"], &whole["registrations"]), (&users.len().into(), &registrations.into()));
    assert!(whole["decoded_bytes"].as_u64() > whole["raw_bytes"].as_u64(), "some samples are compressed");
    assert!(whole["verdict"].as_str().is_some_and(|text| text.ends_with('.')), "{whole}");
}

#[test]
fn every_pass_has_a_row_for_each_number_of_threads() {
    let rows = objects(&output("bench", &["--runs", "2", "-j", "3", "--format", "ndjson"], "."));
    let said: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {}", row["pass"].as_str().expect("a name"), row["threads"]))
        .collect();
    let passes = ["plan", "read", "decode", "lines", "scan", "full"];
    let each = passes.iter().flat_map(|pass| [1, 2, 3].map(|threads| format!("{pass} {threads}")));
    assert_eq!(said, ["first read 3".to_owned()].into_iter().chain(each).collect::<Vec<_>>());
    for row in &rows {
        assert!(row["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{row}");
        assert_eq!(row["memory_bytes"].is_null(), !cfg!(target_os = "linux"), "{row}");
        assert_eq!(row["registrations_per_second"].is_null(), row["pass"] != "full", "{row}");
    }
}

#[test]
fn no_cut_of_the_blocks_makes_a_difference() {
    let args = ["bench", "--quiet", "--runs", "1", "-j", "2", "--format", "json", "."];
    for len in ["100", "5000"] {
        let run = siptally::run(&sample_logs(), &args, b"", &[("SIPTALLY_BLOCK", len)]);
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "blocks of {len}");
    }
}

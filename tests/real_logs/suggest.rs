//! What `probe --suggest` drafts for the real logs, once its question is answered.

use crate::kamailio::{Log, all, row};
use crate::table::{Row, settle};
use crate::{asterisk, logs, siptally};
use std::fs;
use std::path::Path;

#[test]
fn an_answered_draft_gives_the_truth() {
    let Some(folder) = logs("kamailio") else { return };
    let scratch = tempfile::tempdir().expect("a folder for the drafts");
    let with_one_line_evidence = all().into_iter().filter(|log| log.pattern.is_some());
    let rows: Vec<Row> = with_one_line_evidence
        .map(|log| {
            let file = scratch.path().join(log.path.replace('/', "-")).with_extension("toml");
            fs::write(&file, answered(&draft(&folder, &log))).expect("the draft can be kept");
            row(&folder, &log, Some(&file.to_string_lossy()))
        })
        .collect();
    settle(&rows);
}

#[test]
fn what_is_read_already_needs_no_pattern() {
    let Some(folder) = logs("kamailio") else { return };
    for log in all().iter().filter(|log| log.path.contains("acc.")) {
        let text = draft(&folder, log);
        assert!(text.contains("Nothing here needs a pattern.") && !text.contains("[[pattern]]"), "{text}");
    }
}

#[test]
fn asterisk_needs_no_pattern() {
    let Some(folder) = logs("asterisk") else { return };
    for path in asterisk::paths(&folder) {
        let text = draft_of(&path);
        assert!(text.contains("Nothing here needs a pattern.") && !text.contains("[[pattern]]"), "{text}");
    }
}

#[test]
fn a_draft_hangs_neither_on_threads_nor_on_the_order_of_the_arguments() {
    let Some(folder) = logs("kamailio") else { return };
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    let (one, other) = (path("kv/kv.stderr.log"), path("syslog/reqreply.rfc5424.log"));
    let draft = |args: [&str; 4]| {
        let args = [&["probe", "--suggest", "--quiet", "--log-zone", "UTC"], &args[..]].concat();
        siptally::run(Path::new(env!("CARGO_MANIFEST_DIR")), &args, b"", &[]).stdout
    };
    let text = draft(["-j", "1", &one, &other]);
    assert!(!text.is_empty());
    assert!(text == draft(["-j", "4", &other, &one]));
}

fn draft(folder: &Path, log: &Log) -> String {
    draft_of(&folder.join(log.path))
}

fn draft_of(path: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = path.to_string_lossy();
    let args = ["probe", "--suggest", "--quiet", "--log-zone", "America/New_York", &path];
    let run = siptally::run(root, &args, b"", &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    String::from_utf8(run.stdout).expect("a draft is text")
}

/// Answers as an operator does whose script prints its registrations behind save(): yes to every
/// registration. What the draft takes for a refusal asks nothing.
fn answered(draft: &str) -> String {
    let mut is_registration = false;
    let lines = draft.lines().map(|line| {
        if line.starts_with("event = ") {
            is_registration = line == "event = \"registration\"";
        }
        let is_answer = is_registration && line == "# accepted = true";
        if is_answer { "accepted = true" } else { line }
    });
    lines.collect::<Vec<_>>().join("\n")
}

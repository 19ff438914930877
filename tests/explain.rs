//! `explain` against what the other verbs say of the same users: the sample month, whose right answer was
//! written by hand, and logs that real servers wrote.

#[path = "common/siptally.rs"]
mod siptally;

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The objects that a verb writes, one a line.
fn objects(args: &[&str]) -> Vec<Value> {
    let run = siptally::run(root(), args, b"", &[]);
    let text = String::from_utf8(run.stdout).expect("JSON is UTF-8");
    assert!(run.code == Some(0) && !text.is_empty(), "{args:?}: {:?} {}", run.code, run.stderr);
    text.lines().map(|line| serde_json::from_str(line).expect("a line is an object")).collect()
}

fn count(objects: &[Value], counts_as: &str) -> u64 {
    objects.iter().filter(|it| it["counts_as"] == counts_as).count() as u64
}

/// Rows of a CSV file without quotes that matter: the cells before the first text of a stranger.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(path).expect("an expectation of the sample month");
    reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

#[test]
fn who_is_billed_in_the_sample_month_is_explained_with_the_charges_of_its_expectation() {
    let month = root().join("sample-logs/month");
    let mut expected: BTreeSet<(String, String)> = BTreeSet::new();
    for row in rows(&month.join("expected/users.csv")) {
        expected.insert((row[3].trim_start_matches("sip:").to_owned(), row[2].clone()));
    }
    let mut users: BTreeSet<String> = expected.iter().map(|(user, _)| user.clone()).collect();
    users.extend(
        rows(&month.join("expected/not_billed.csv"))
            .iter()
            .map(|row| row[0].trim_start_matches("sip:").to_owned()),
    );
    let mut found = BTreeSet::new();
    for user in &users {
        let logs = ["--book", "book.toml", "edge1", "pbx1", "--format", "ndjson", "-q"];
        let run = siptally::run(&month, &[&["explain", user][..], &logs].concat(), b"", &[]);
        let text = String::from_utf8(run.stdout).expect("JSON is UTF-8");
        let objects = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("an object"));
        let is_october = |it: &Value| it["type"] == "decision" && it["cycle_start"] == "2026-10-01";
        for decision in objects.filter(is_october) {
            for billed in decision["billed"].as_array().expect("a list") {
                let category = billed["category"].as_str().expect("a name");
                found.insert((user.clone(), category.to_owned()));
                let is_listed = billed["evidence"] == "side_file";
                assert!(is_listed || billed["raw"].is_string(), "{user}: a charge without its line");
            }
        }
    }
    assert!(users.len() > 40, "only {} users", users.len());
    assert_eq!(found, expected);
}

/// Folders of real logs below which each server is one; the first few users of each are explained.
fn real_logs() -> Vec<PathBuf> {
    const FOLDERS: [&str; 9] = [
        "asterisk/chansip16",
        "asterisk/chansip16-siplog",
        "asterisk/pjsip16",
        "asterisk/pjsip16-40days",
        "asterisk/pjsip16-siplog-iso",
        "asterisk/pjsip16-steady",
        "kamailio/fullmsg",
        "kamailio/sipdump",
        "kamailio/siptrace",
    ];
    let all = root().join("../shared/real-logs");
    if !all.is_dir() {
        eprintln!("SKIPPED: no real logs beside this repository (../shared/real-logs)");
        return Vec::new();
    }
    FOLDERS.iter().map(|folder| all.join(folder)).filter(|folder| folder.is_dir()).collect()
}

#[test]
fn events_of_real_logs_that_count_are_as_many_as_users_counts() {
    const USERS_MAX: usize = 6;
    for folder in real_logs() {
        let path = folder.to_str().expect("a path that is text");
        let logs = ["-q", "--log-zone", "UTC", "--max-reject", "100%", "--format", "ndjson"];
        let users = objects(&[&["users", path][..], &logs].concat());
        assert!(!users.is_empty(), "{path}: nobody");
        for user in users.iter().take(USERS_MAX) {
            let name = user["sip_id"].as_str().expect("a name");
            let logs = ["-q", "--log-zone", "UTC", "--format", "ndjson"];
            let told = objects(&[&["explain", name, path][..], &logs].concat());
            for (counts_as, key) in
                [("accepted", "registrations"), ("refused", "refused"), ("deregistered", "deregistered")]
            {
                if let Some(expected) = user[key].as_u64() {
                    assert_eq!(count(&told, counts_as), expected, "{path}: {name}: {key}");
                }
            }
            let sustained = told.iter().filter(|it| it["type"] == "sustained").count();
            assert_eq!(user["sustained"].as_u64() > Some(0), sustained > 0, "{path}: {name}: sustained");
            let is_quoted = |it: &Value| it["raw"].as_str().is_some_and(|raw| !raw.is_empty());
            assert!(told.iter().all(is_quoted), "{path}: {name}: an event without its record");
        }
    }
}

#[test]
fn a_real_dump_is_quoted_from_its_opener_to_its_last_header() {
    let Some(folder) = real_logs().into_iter().find(|path| path.ends_with("asterisk/pjsip16-siplog-iso"))
    else {
        return;
    };
    let path = folder.to_str().expect("a path that is text");
    let logs = ["-q", "--log-zone", "UTC", "--format", "ndjson"];
    let users = objects(&[&["users", path][..], &logs].concat());
    let name = users[0]["sip_id"].as_str().expect("a name");
    let told = objects(&[&["explain", name, path][..], &logs].concat());
    let requests: Vec<&Value> = told.iter().filter(|it| it["kind"] == "request").collect();
    assert!(!requests.is_empty());
    for request in requests {
        let raw = request["raw"].as_str().expect("a record");
        assert!(raw.contains("REGISTER sip:") && raw.contains("CSeq: "), "{raw}");
        let openers = raw.lines().filter(|line| line.contains("res_pjsip_logger.c")).count();
        assert_eq!(openers, 1, "{raw}");
    }
}

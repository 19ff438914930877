//! The program against a slow and obvious reader of the same logs, and against itself with
//! other numbers of threads and other cuts between blocks.

#[path = "../common/canonical.rs"]
mod canonical;
#[path = "../common/generate.rs"]
mod generate;
mod oracle;
#[path = "../common/siptally.rs"]
mod siptally;
#[path = "../common/users.rs"]
mod users;

use generate::Shape;
use oracle::{Beyond, Oracle};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use users::User;

const DEFAULT_DOMAIN: &str = "sip.example.com";

/// Arguments that leave nothing to the machine, and no quality gate in the way of the comparison.
const ARGS: [&str; 14] = [
    "users",
    "--format",
    "ndjson",
    "--user-case",
    "keep",
    "--log-zone",
    "UTC",
    "--year",
    "2026",
    "--default-domain",
    DEFAULT_DOMAIN,
    "--max-reject",
    "100%",
    "--quiet",
];

#[test]
fn the_program_counts_generated_logs_like_the_oracle() {
    for shape in Shape::ALL {
        for seed in 1..=3 {
            let log = generate::log(shape, seed, 400);
            let folder = tempfile::tempdir().expect("a folder for the log");
            fs::write(folder.path().join("log"), &log).expect("the log can be written");
            let expected = naive(&[log]).unwrap_or_else(|Beyond(line)| panic!("{shape:?}: {line}"));
            assert!(expected.len() >= 5, "{shape:?} {seed}: {} users only", expected.len());
            for threads in ["1", "2"] {
                let found = program(folder.path(), &["-j", threads, "log"], &[]);
                let found = comparable(users::parse(&found));
                assert_same(&format!("{shape:?}, seed {seed}, {threads} threads"), &expected, &found);
            }
        }
    }
}

#[test]
fn no_output_depends_on_how_the_bytes_are_cut() {
    for shape in Shape::ALL {
        let folder = tempfile::tempdir().expect("a folder for the log");
        fs::write(folder.path().join("log"), generate::log(shape, 7, 40)).expect("the log can be written");
        let whole = program(folder.path(), &["-j", "1", "log"], &[]);
        assert!(!whole.is_empty(), "{shape:?}: nobody found");
        for block in ["1", "2", "3", "7", "64", "100", "4096"] {
            for threads in ["1", "2"] {
                let cut = program(folder.path(), &["-j", threads, "log"], &[("SIPTALLY_BLOCK", block)]);
                assert!(
                    cut == whole,
                    "{shape:?}, blocks of {block}, {threads} threads:\n{}\nis not\n{}",
                    String::from_utf8_lossy(&cut),
                    String::from_utf8_lossy(&whole)
                );
            }
        }
    }
}

#[test]
fn the_program_counts_the_samples_like_the_oracle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs");
    let mut compared = Vec::new();
    for path in log_files(&root) {
        let name = path.strip_prefix(&root).expect("below the samples").display().to_string();
        let expected = match naive(&[read(&path)]) {
            Ok(expected) if expected.is_empty() => continue,
            Ok(expected) => expected,
            Err(Beyond(line)) => {
                let line: String = line.chars().take(100).collect();
                eprintln!("BEYOND THE ORACLE {name}: {line}");
                continue;
            }
        };
        for threads in ["1", "2"] {
            let found = program(&root, &["-j", threads, &name], &[]);
            let found = comparable(users::parse(&found));
            assert_same(&format!("{name}, {threads} threads"), &expected, &found);
        }
        compared.push(name);
    }
    // The oracle must not shrink away from what it is for.
    for name in ["kamailio-reg-ok/reg-ok.rfc3164.log", "month/edge1/kamailio.log", "month/pbx1/full"] {
        assert!(compared.iter().any(|other| other == name), "{name} was not compared: {compared:?}");
    }
}

#[test]
fn the_program_counts_a_month_of_rotated_files_like_the_oracle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs/month");
    for server in ["edge1", "pbx1"] {
        let logs: Vec<Vec<u8>> = log_files(&root.join(server)).iter().map(|path| read(path)).collect();
        let expected = naive(&logs).unwrap_or_else(|Beyond(line)| panic!("{server}: {line}"));
        let found = program(&root, &[server], &[]);
        assert_same(server, &expected, &comparable(users::parse(&found)));
    }
}

/// The oracle itself against users that were counted by hand, so that two wrongs make no right.
#[test]
fn the_oracle_agrees_with_what_was_worked_out_by_hand() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs/kamailio-reg-ok");
    let text = fs::read_to_string(root.join("reg-ok.expected.toml")).expect("the expectation of the sample");
    let document: toml_edit::DocumentMut = text.parse().expect("the expectation is TOML");
    let mut expected = BTreeMap::new();
    for user in document["user"].as_array_of_tables().expect("users") {
        let id = user["sip_id"].as_str().expect("a SIP-ID");
        // The file says what happened. A record whose User-Agent could be the start of another
        // message is ambiguous, and rejected rather than believed.
        let agents = user.get("agents").and_then(toml_edit::Item::as_array);
        let is_ambiguous = |text: &str| text.contains("} <script>: ");
        if agents.is_some_and(|all| all.iter().filter_map(toml_edit::Value::as_str).any(is_ambiguous)) {
            continue;
        }
        let (user_part, domain) = id.rsplit_once('@').expect("a domain");
        // The file writes user parts as they are; `%` is the only character that needs care.
        let id = canonical::canonical(&format!("{}@{domain}", user_part.replace('%', "%25")));
        expected.insert(id, user["registrations"].as_integer().expect("a count"));
    }
    for bare in document["bare"].as_array_of_tables().expect("bare AORs") {
        let user = bare["aor"].as_str().expect("an AOR").trim_end_matches('@');
        *expected.entry(format!("{user}@{DEFAULT_DOMAIN}")).or_default() +=
            bare["registrations"].as_integer().expect("a count");
    }
    for log in ["reg-ok.rfc3164.log", "reg-ok.iso8601.log", "reg-ok.stderr.log"] {
        let mut found = BTreeMap::new();
        for (id, user) in naive(&[read(&root.join(log))]).expect("the sample is the oracle's own") {
            // Kamailio folds the case of a user part; the expectation is written folded.
            *found.entry(id.to_lowercase().replace("%2f", "%2F")).or_insert(0) +=
                i64::try_from(user.registrations).expect("a small count");
        }
        let lower: BTreeMap<String, i64> =
            expected.iter().map(|(id, count)| (id.to_lowercase(), *count)).collect();
        assert_eq!(found, lower, "{log}");
    }
}

/// What the oracle reads in logs of one server.
fn naive(logs: &[Vec<u8>]) -> Result<BTreeMap<String, User>, Beyond> {
    let mut oracle = Oracle::new(DEFAULT_DOMAIN);
    for log in logs {
        oracle.read(log)?;
    }
    Ok(oracle.users())
}

/// Standard output of the program, which must end well.
fn program(folder: &Path, args: &[&str], env: &[(&str, &str)]) -> Vec<u8> {
    let args: Vec<&str> = ARGS.iter().chain(args).copied().collect();
    let run = siptally::run(folder, &args, b"", env);
    assert_eq!(run.code, Some(0), "{args:?} in {}:\n{}", folder.display(), run.stderr);
    run.stdout
}

/// Only what the oracle knows: no times, and no empty agents, which some logs cannot tell from
/// missing ones.
fn comparable(users: BTreeMap<String, User>) -> BTreeMap<String, User> {
    users
        .into_iter()
        .map(|(id, user)| {
            let user_agents = user.user_agents.into_iter().filter(|text| !text.is_empty()).collect();
            (id, User { registrations: user.registrations, user_agents, ..User::default() })
        })
        .collect()
}

/// Fails with the first users that differ, not with two maps of thousands.
fn assert_same(what: &str, expected: &BTreeMap<String, User>, found: &BTreeMap<String, User>) {
    let mut ids: Vec<&String> = expected.keys().chain(found.keys()).collect();
    ids.sort_unstable();
    ids.dedup();
    let wrong: Vec<String> = ids
        .into_iter()
        .filter(|id| expected.get(*id) != found.get(*id))
        .take(10)
        .map(|id| format!("{id}\n  oracle  {:?}\n  program {:?}", expected.get(id), found.get(id)))
        .collect();
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}

/// Every file below a folder that is a log by its look, in order.
fn log_files(folder: &Path) -> Vec<PathBuf> {
    const OTHERS: [&str; 6] = ["md", "toml", "csv", "cfg", "txt", "json"];
    let mut folders = vec![folder.to_owned()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("a folder of samples can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.extension().is_some_and(|ext| OTHERS.iter().any(|other| ext == *other)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The text of a log, unpacked where its name says gzip.
fn read(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).expect("a sample can be read");
    if path.extension().is_none_or(|ext| ext != "gz") {
        return bytes;
    }
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&bytes[..]), &mut text)
        .expect("a whole gzip stream");
    text
}

/// The oracle against real servers, whose truth was taken from the clients' traffic.
#[test]
fn the_oracle_agrees_with_real_servers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/real-logs");
    if !root.is_dir() {
        eprintln!("SKIPPED: no real logs beside this repository (../shared/real-logs)");
        return;
    }
    for (folder, log, count) in [
        ("kamailio/acc", "acc.stderr.log", "accepted_200_lines"),
        ("kamailio/syslog", "acc.rfc3164.log", "accepted_200_lines"),
        ("asterisk/pjsip16", "full.gz", "contacts_added"),
        ("asterisk/pjsip16-conference", "full.gz", "contacts_added"),
        ("asterisk/pjsip22-iso", "full.gz", "contacts_added"),
    ] {
        let truth = fs::read_to_string(root.join(folder).join("truth.json")).expect("a truth.json");
        let total = truth.split_once(&format!("\"{count}\":")).expect("the total").1;
        let total: u64 =
            total.trim_start().split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap();
        let found = naive(&[read(&root.join(folder).join(log))]).expect("a log in the oracle's shapes");
        assert_eq!(found.values().map(|user| user.registrations).sum::<u64>(), total, "{folder}/{log}");
    }
}

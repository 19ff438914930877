//! Runs every case below `tests/cases/<verb>/`: arguments and files in, exit code and text out.
//!
//! A case is a TOML file; `tests/cases/README.md` lists its keys. The folder is the verb, for
//! the reader only. Each case runs in an empty folder of its own.

#[path = "cases/runner.rs"]
mod runner;
#[path = "common/siptally.rs"]
mod siptally;

use runner::Case;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_case_holds() {
    let paths = case_files();
    assert!(paths.len() > 10, "only {} cases found", paths.len());
    let mut failures = Vec::new();
    for path in &paths {
        let text = fs::read_to_string(path).expect("a case is UTF-8");
        let case = Case::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let folder = tempfile::tempdir().expect("a folder for the case");
        if case.prepare(folder.path(), &cases_root()) == runner::Ready::Skip {
            eprintln!("SKIPPED {}: the superuser reads every file", path.display());
            continue;
        }
        let run = siptally::run(folder.path(), &case.args, case.stdin.as_bytes(), &[]);
        let problems = case.check(&run, folder.path());
        if !problems.is_empty() {
            let name = path.strip_prefix(cases_root()).expect("below the cases").display().to_string();
            failures.push(format!(
                "{name}: {}\n  {}\n  stderr: {}",
                case.about,
                problems.join("\n  "),
                run.stderr.trim_end()
            ));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} cases failed\n\n{}\n",
        failures.len(),
        paths.len(),
        failures.join("\n\n")
    );
}

fn cases_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// The case files of every verb, in order.
fn case_files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for verb in fs::read_dir(cases_root()).expect("tests/cases can be listed") {
        let verb = verb.expect("tests/cases can be listed").path();
        if verb.is_dir() {
            for case in fs::read_dir(&verb).expect("a verb's cases can be listed") {
                let case = case.expect("a verb's cases can be listed").path();
                if case.extension().is_some_and(|ext| ext == "toml") {
                    found.push(case);
                }
            }
        }
    }
    found.sort();
    found
}

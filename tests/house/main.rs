//! The house is checked by an ordinary test: which room may import which, who may print, and
//! where no float may stand.
//!
//! Rooms are the folders of `src/`. An import points to a room of a lower floor or to the
//! room itself; `lib.rs` only lists the rooms and `main.rs` only calls `cli`.

mod rules;
mod words;

use rules::{FLOORS, Problem};
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_import_points_down() {
    report(&sources(), rules::imports);
}

#[test]
fn every_room_has_a_floor() {
    let rooms: Vec<String> = fs::read_dir(source_root())
        .expect("src/ can be listed")
        .map(|entry| entry.expect("src/ can be listed").path())
        .filter(|path| path.is_dir() || path.extension().is_some_and(|ext| ext == "rs"))
        .map(|path| path.file_stem().expect("a listed file has a name").to_string_lossy().into_owned())
        .filter(|room| room != "lib" && room != "main")
        .collect();
    assert!(!rooms.is_empty(), "src/ holds no rooms");
    let homeless: Vec<&String> = rooms.iter().filter(|room| rules::floor(room).is_none()).collect();
    assert!(homeless.is_empty(), "give it a floor: {homeless:?} stand in no list of tests/house/rules.rs");
}

#[test]
fn nothing_below_the_command_line_prints() {
    let mut sources = sources();
    let for_tests: Vec<PathBuf> =
        sources.iter().flat_map(|(path, text)| rules::test_files(path, text)).collect();
    // A test may say that it skips.
    sources.retain(|(path, _)| !for_tests.contains(path));
    report(&sources, rules::prints);
}

#[test]
fn no_float_comes_near_money() {
    report(&sources(), rules::floats);
}

#[test]
fn no_room_stands_on_two_floors() {
    let mut rooms: Vec<&str> = FLOORS.iter().flat_map(|rooms| rooms.iter().copied()).collect();
    let all = rooms.len();
    rooms.sort_unstable();
    rooms.dedup();
    assert_eq!(rooms.len(), all);
}

/// Runs a rule over the sources and fails with everything it found, a problem a line.
fn report(sources: &[(PathBuf, String)], rule: fn(&Path, &str) -> Vec<Problem>) {
    assert!(!sources.is_empty(), "src/ holds no sources");
    let problems: Vec<String> = sources
        .iter()
        .flat_map(|(path, text)| {
            rule(path, text)
                .into_iter()
                .map(|problem| format!("src/{}:{}: {}", path.display(), problem.line, problem.text))
        })
        .collect();
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every Rust file below `src/`, by its path there, in order.
fn sources() -> Vec<(PathBuf, String)> {
    let root = source_root();
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of src/ can be listed") {
            let path = entry.expect("a folder of src/ can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                let text = fs::read_to_string(&path).expect("a source is UTF-8");
                found.push((path.strip_prefix(&root).expect("below src/").to_owned(), text));
            }
        }
    }
    found.sort();
    found
}

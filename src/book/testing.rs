//! Helpers for the tests of this room: a few lines of TOML in, a value or its problems out.

use super::document::File;
use super::problems::Problems;
use super::section::{Read, Section};

fn with_root<T>(toml: &str, read: impl FnOnce(&Section<'_>) -> Option<T>) -> Result<T, Vec<String>> {
    let mut file = File::new("b".into(), "".into(), toml.into());
    let problems = Problems::new("b");
    let value = file.document(&problems).and_then(|document| {
        let root = Section::root(&file, &problems, document.as_table());
        let value = read(&root);
        root.finish();
        value
    });
    let place = |line: Option<usize>| line.map_or_else(|| "-".to_owned(), |line| line.to_string());
    problems.settle(value).map(|(value, _)| value).map_err(|error| {
        error.problems.iter().map(|problem| format!("{}: {}", place(problem.line), problem.text)).collect()
    })
}

/// The complaints about that text, each as `line: text`.
pub(super) fn problems_of<T>(toml: &str, read: impl FnOnce(&Section<'_>) -> Option<T>) -> Vec<String> {
    with_root(toml, read).err().unwrap_or_default()
}

/// The value of one table that has no problems.
pub(super) fn read_table<T>(
    toml: &str,
    key: &'static str,
    read: impl FnOnce(&Section<'_>) -> Option<T>,
) -> T {
    with_root(toml, |root| root.table(key, read)).expect("the text has no problems").value
}

/// The values of a list of tables that has no problems.
pub(super) fn read_tables<T>(
    toml: &str,
    key: &'static str,
    read: impl FnMut(&Section<'_>) -> Option<T>,
) -> Vec<T> {
    let all: Vec<Read<T>> =
        with_root(toml, |root| root.tables(key, None, read)).expect("the text has no problems");
    all.into_iter().map(|one| one.value).collect()
}

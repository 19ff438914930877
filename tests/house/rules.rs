//! The rules of the house, as functions from one source file to its problems.

use crate::words::{Word, words};
use std::path::{Path, PathBuf};

/// The floors, from the ground up. A room imports only from floors below its own.
pub const FLOORS: [&[&str]; 5] = [
    &["model"],
    &["formats", "identity", "platform", "settle", "tally", "billing", "compare"],
    &["read", "facts", "book", "report", "ledger", "suggest", "generate"],
    &["pipeline"],
    &["cli"],
];

/// What is wrong in one line of a source, with the remedy.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    pub line: usize,
    pub text: String,
}

/// The floor of a room, 0 at the ground; `None` where it is on no list.
pub fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// Imports that point up, sideways, or to something that is no room.
///
/// `path` is the file's path below `src/`.
pub fn imports(path: &Path, source: &str) -> Vec<Problem> {
    let Some(home) = home(path) else { return Vec::new() };
    references(path, source)
        .into_iter()
        .filter_map(|(line, room)| Some(Problem { line, text: verdict(&home, &room)? }))
        .collect()
}

/// Printing macros and the standard streams, anywhere but in `cli` and in the tests of a file.
///
/// A file that is for tests alone ([`test_files`]) is not to be asked.
pub fn prints(path: &Path, source: &str) -> Vec<Problem> {
    const MACROS: [&str; 5] = ["println", "eprintln", "print", "eprint", "dbg"];
    const STREAMS: [&str; 2] = ["stdout", "stderr"];
    let Some(home) = home(path) else { return Vec::new() };
    if home == "cli" {
        return Vec::new();
    }
    let words = words(source);
    let scopes = Scopes::of(&words);
    (0..words.len())
        .filter(|&at| {
            let next = words.get(at + 1).map(|word| word.text.as_str());
            let text = words[at].text.as_str();
            (MACROS.contains(&text) && next == Some("!")) || (STREAMS.contains(&text) && next == Some("("))
        })
        .filter(|&at| !scopes.at(at).iter().any(|module| module.starts_with("test")))
        .map(|at| Problem {
            line: words[at].line,
            text: format!(
                "`{}` in room `{home}`: nothing below `cli` prints; return the value, or take a trait from `model`",
                words[at].text
            ),
        })
        .collect()
}

/// The files that a source declares for tests alone: `#[cfg(test)] mod name;`.
pub fn test_files(path: &Path, source: &str) -> Vec<PathBuf> {
    const ATTRIBUTE: [&str; 4] = ["cfg", "(", "test", ")"];
    let words = words(source);
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let folder = module_path(path).into_iter().collect::<PathBuf>();
    (0..words.len())
        .filter(|&at| (0..4).all(|step| text(at + step) == ATTRIBUTE[step]))
        // Between the attribute and `mod` may stand a visibility: `] pub ( crate ) mod name ;`.
        .filter_map(|at| (at + 5..at + 10).find(|&at| text(at) == "mod"))
        .filter(|&at| text(at + 2) == ";")
        .flat_map(|at| {
            let module = folder.join(text(at + 1));
            [module.with_extension("rs"), module.join("mod.rs")]
        })
        .collect()
}

/// Floating-point types and literals where money is counted.
pub fn floats(path: &Path, source: &str) -> Vec<Problem> {
    let is_near_money =
        matches!(home(path).as_deref(), Some("billing" | "book")) || path == Path::new("model/money.rs");
    if !is_near_money {
        return Vec::new();
    }
    let words = words(source);
    let is_number = |word: &Word| word.text.starts_with(|c: char| c.is_ascii_digit());
    (0..words.len())
        .filter(|&at| {
            let text = &words[at].text;
            let is_type = text == "f32" || text == "f64";
            let has_suffix = is_number(&words[at]) && (text.ends_with("f32") || text.ends_with("f64"));
            // `1.5` is a literal; `pair.0.1` is a field of a field, and `0..5` a range.
            let is_literal = is_number(&words[at])
                && words.get(at + 1).is_some_and(|word| word.text == ".")
                && words.get(at + 2).is_some_and(is_number)
                && (at == 0 || words[at - 1].text != ".");
            is_type || has_suffix || is_literal
        })
        .map(|at| Problem {
            line: words[at].line,
            text: format!("`{}`: no floats near money; use an exact decimal or an integer", words[at].text),
        })
        .collect()
}

/// The room a source belongs to; `None` for the crate's root, which has no floor.
fn home(path: &Path) -> Option<String> {
    if path == Path::new("lib.rs") {
        return None;
    }
    let first = path.components().next()?.as_os_str().to_string_lossy().into_owned();
    Some(first.trim_end_matches(".rs").to_owned())
}

/// What is wrong with an import of `room` in room `home`; `None` where it is allowed.
fn verdict(home: &str, room: &str) -> Option<String> {
    if home == "main" {
        return (room != "cli")
            .then(|| format!("`main` imports `{room}`: it may call `cli` and nothing else"));
    }
    if room == home {
        return None;
    }
    let Some(own) = floor(home) else { return Some(format!("room `{home}` is on no list: give it a floor")) };
    let Some(other) = floor(room) else {
        return Some(format!("`{room}` is no room: import from the room that owns the item"));
    };
    let remedy = "move the type down to `model`, pass the value in, or let `pipeline` join the two";
    match other.cmp(&own) {
        std::cmp::Ordering::Less => None,
        std::cmp::Ordering::Equal => {
            Some(format!("room `{home}` imports its neighbour `{room}` on floor {own}: {remedy}"))
        }
        std::cmp::Ordering::Greater => {
            Some(format!("room `{home}` on floor {own} imports `{room}` on floor {other} above it: {remedy}"))
        }
    }
}

/// Every name directly below the crate's root that the source mentions, with its line.
fn references(path: &Path, source: &str) -> Vec<(usize, String)> {
    let words = words(source);
    let scopes = Scopes::of(&words);
    let module = module_path(path);
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let base = match words[at].text.as_str() {
            "crate" | "siptally" => Some(Vec::new()),
            "super" => {
                let mut base: Vec<String> = module.iter().chain(scopes.at(at)).cloned().collect();
                base.pop();
                Some(base)
            }
            _ => None,
        };
        let is_path = words.get(at + 1).is_some_and(|word| word.text == "::");
        at = match base {
            Some(base) if is_path && !is_inner(&words, at) => follow(&words, at + 2, base, &mut found),
            _ => at + 1,
        };
    }
    found
}

/// Whether the word belongs to a path that began before it; a leading `::` begins one.
fn is_inner(words: &[Word], at: usize) -> bool {
    at >= 2
        && words[at - 1].text == "::"
        && words[at - 2].text.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '>')
}

/// Follows the path (or the group of paths) that starts at word `at` inside module `base`, and
/// notes where it leaves the root. Returns the word behind it.
fn follow(words: &[Word], mut at: usize, mut base: Vec<String>, found: &mut Vec<(usize, String)>) -> usize {
    while let Some(word) = words.get(at) {
        match word.text.as_str() {
            "{" => {
                at += 1;
                while words.get(at).is_some_and(|word| word.text != "}") {
                    // What `follow` leaves standing in a group is a comma or `as name`.
                    let end = follow(words, at, base.clone(), found);
                    at = end
                        + words[end..].iter().take_while(|word| !matches!(&*word.text, "," | "}")).count();
                    at += usize::from(words.get(at).is_some_and(|word| word.text == ","));
                }
                return (at + 1).min(words.len());
            }
            "super" => {
                base.pop();
            }
            "self" => {}
            name => {
                if base.is_empty() {
                    found.push((word.line, name.to_owned()));
                }
                base.push(name.to_owned());
            }
        }
        at += 1;
        if words.get(at).is_none_or(|word| word.text != "::") {
            break;
        }
        at += 1;
    }
    at
}

/// The module that a file is: `settle/ties.rs` is `settle::ties`, `settle/mod.rs` is `settle`.
fn module_path(path: &Path) -> Vec<String> {
    let mut parts: Vec<String> = path
        .with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "main") {
        parts.pop();
    }
    parts
}

/// Which modules written out in the file (`mod tests { … }`) each word stands in.
struct Scopes {
    at: Vec<Vec<String>>,
}

impl Scopes {
    fn of(words: &[Word]) -> Self {
        let mut open: Vec<Option<String>> = Vec::new();
        let mut at = Vec::with_capacity(words.len());
        for (index, word) in words.iter().enumerate() {
            if word.text == "{" {
                let is_module = index >= 2 && words[index - 2].text == "mod";
                open.push(is_module.then(|| words[index - 1].text.clone()));
            } else if word.text == "}" {
                open.pop();
            }
            at.push(open.iter().flatten().cloned().collect());
        }
        Self { at }
    }

    fn at(&self, index: usize) -> &[String] {
        &self.at[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(rule: fn(&Path, &str) -> Vec<Problem>, path: &str, source: &str) -> Vec<usize> {
        rule(Path::new(path), source).into_iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn an_import_that_points_down_is_fine() {
        assert_eq!(lines(imports, "tally/mod.rs", "use crate::model::Spot;\nuse crate::tally::arena;"), []);
        assert_eq!(lines(imports, "cli/bill.rs", "use crate::{pipeline, report::csv};"), []);
    }

    #[test]
    fn an_import_that_points_up_is_found_with_its_line_and_room() {
        let problems = imports(Path::new("model/spot.rs"), "\nuse crate::formats::Scan;");
        assert_eq!(problems[0].line, 2);
        assert!(problems[0].text.contains("`model` on floor 0 imports `formats` on floor 1"));
    }

    #[test]
    fn neighbours_do_not_meet() {
        let problems = imports(Path::new("tally/arena.rs"), "fn a() { crate::identity::canonical(); }");
        assert!(problems[0].text.contains("neighbour `identity`"), "{problems:?}");
    }

    #[test]
    fn a_group_is_read_branch_by_branch() {
        let source = "use crate::{model::{Spot, cli}, book as tariff, self,\n pipeline::{a, b::c}};";
        assert_eq!(lines(imports, "billing/mod.rs", source), [1, 2]);
        assert_eq!(lines(imports, "settle/mod.rs", "use super::{model, super::tally};"), [1]);
    }

    #[test]
    fn a_chain_of_super_is_followed_to_the_root() {
        assert_eq!(lines(imports, "formats/frame/syslog.rs", "use super::super::super::tally::Tally;"), [1]);
        assert_eq!(lines(imports, "formats/frame/syslog.rs", "use super::super::tally::Tally;"), []);
        assert_eq!(lines(imports, "formats/frame/mod.rs", "use super::super::tally::Tally;"), [1]);
        assert_eq!(lines(imports, "settle/mod.rs", "use super::tally::Tally;"), [1]);
    }

    #[test]
    fn a_module_written_out_in_the_file_is_one_step_of_super() {
        let source =
            "mod tests { use super::super::tally::Tally;\n use super::tally::Tally; } use super::tally;";
        assert_eq!(lines(imports, "settle/mod.rs", source), [1, 2]);
    }

    #[test]
    fn the_crate_by_its_own_name_is_no_way_round() {
        assert_eq!(lines(imports, "model/spot.rs", "use siptally::cli::run;"), [1]);
        assert_eq!(lines(imports, "model/spot.rs", "fn a() { ::siptally::cli::run() }"), [1]);
    }

    #[test]
    fn a_name_of_the_root_that_is_no_room_is_found() {
        assert_eq!(lines(imports, "tally/mod.rs", "use crate::Everything;"), [1]);
        assert_eq!(lines(imports, "tally/mod.rs", "use crate::*;"), [1]);
    }

    #[test]
    fn a_room_without_a_floor_is_found_by_its_imports() {
        assert!(
            imports(Path::new("cellar/mod.rs"), "use crate::model::Spot;")[0]
                .text
                .contains("give it a floor")
        );
    }

    #[test]
    fn comments_and_strings_import_nothing() {
        let source = "//! [`crate::cli`]\nconst A: &str = \"crate::cli::run\"; /* use crate::cli; */";
        assert_eq!(lines(imports, "model/spot.rs", source), []);
    }

    #[test]
    fn visibility_is_no_import() {
        assert_eq!(lines(imports, "model/spot.rs", "pub(crate) fn a() {} pub(super) fn b() {}"), []);
    }

    #[test]
    fn main_may_call_the_command_line_and_nothing_else() {
        assert_eq!(lines(imports, "main.rs", "fn main() { siptally::cli::main() }"), []);
        assert_eq!(lines(imports, "main.rs", "use siptally::pipeline;"), [1]);
        assert_eq!(lines(imports, "lib.rs", "pub use crate::model::Spot;"), []);
    }

    #[test]
    fn printing_is_found_below_the_command_line_only() {
        let source = "fn a() {\n println!(\"x\"); }";
        assert_eq!(lines(prints, "report/csv.rs", source), [2]);
        assert_eq!(lines(prints, "cli/users.rs", source), []);
        assert_eq!(lines(prints, "report/csv.rs", "fn a() { std::io::stdout().lock(); }"), [1]);
        assert_eq!(lines(prints, "report/csv.rs", "fn a() { format!(\"println!\") } // println!"), []);
    }

    #[test]
    fn a_test_may_say_that_it_skips() {
        let source = "mod tests { fn a() { eprintln!(\"skipped\") } }\nfn b() { eprintln!(\"x\") }";
        assert_eq!(lines(prints, "report/csv.rs", source), [2]);
    }

    #[test]
    fn a_file_for_tests_alone_is_known_by_its_attribute() {
        let files = |source| test_files(Path::new("platform/mod.rs"), source);
        let expected = [PathBuf::from("platform/corpus.rs"), PathBuf::from("platform/corpus/mod.rs")];
        assert_eq!(files("#[cfg(test)]\nmod corpus;\nmod rules;"), expected);
        assert_eq!(files("#[cfg(test)] pub(crate) mod corpus;"), expected);
        assert_eq!(
            files("#[cfg(unix)] mod corpus; #[cfg(test)] mod tests {} mod rules;"),
            Vec::<PathBuf>::new()
        );
    }

    #[test]
    fn floats_are_found_near_money_only() {
        assert_eq!(
            lines(floats, "billing/rate.rs", "let a: f64 = b;\nlet c = 1.5;\nlet d = 2f32;"),
            [1, 2, 3]
        );
        assert_eq!(lines(floats, "model/money.rs", "fn a(b: f32) {}"), [1]);
        assert_eq!(lines(floats, "model/moment.rs", "fn a(b: f64) {}"), []);
        assert_eq!(lines(floats, "billing/rate.rs", "a.0.1; 0..5; \"1.5\"; // f64"), []);
    }
}

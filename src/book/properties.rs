//! What holds for every book, whatever is wrong in it.

use super::tests::{EXAMPLE, example_folder};
use super::{Book, STARTER};
use std::path::Path;

/// The book's lines that give a key a value, with the line's number from 1.
fn key_lines(text: &str) -> Vec<(usize, &str)> {
    let is_key = |line: &str| !line.starts_with(['#', '[']) && line.contains(" = ");
    text.lines().enumerate().filter(|(_, line)| is_key(line)).map(|(at, line)| (at + 1, line)).collect()
}

fn with_line(text: &str, number: usize, line: &str) -> String {
    text.lines()
        .enumerate()
        .map(|(at, old)| if at + 1 == number { line } else { old })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn any_misspelt_key_is_one_problem_on_its_line() {
    let folder = example_folder();
    let path = folder.path().join("book.toml");
    for (number, line) in key_lines(EXAMPLE) {
        let (key, value) = line.split_once(" = ").unwrap();
        let text = with_line(EXAMPLE, number, &format!("{key}z = {value}"));
        let error = Book::parse(&path, &text).unwrap_err();
        assert_eq!(error.problems.len(), 1, "{error}");
        assert_eq!(error.problems[0].line, Some(number), "{error}");
        assert!(error.problems[0].text.contains("; did you mean"), "{error}");
    }
}

#[test]
fn any_value_of_a_wrong_type_is_a_problem_on_its_line() {
    let folder = example_folder();
    let path = folder.path().join("book.toml");
    for (number, line) in key_lines(EXAMPLE) {
        let (key, _) = line.split_once(" = ").unwrap();
        for value in ["1.5", "-1", "\"\"", "[[]]", "{ a = 1 }", "\"\\u0000\"", "07:32:00", "[1.5]"] {
            let text = with_line(EXAMPLE, number, &format!("{key} = {value}"));
            let error = Book::parse(&path, &text).expect_err(&text);
            assert!(
                error.problems.iter().any(|problem| problem.line == Some(number)),
                "{key} = {value}: {error}"
            );
        }
    }
}

proptest::proptest! {
    /// Whatever is in a book, it loads or says why not: a reader that gave up without a word
    /// would panic here.
    #[test]
    fn a_book_of_shuffled_lines_loads_or_has_problems(picks in proptest::collection::vec(0usize..400, 0..60)) {
        let lines: Vec<&str> = EXAMPLE.lines().chain(STARTER.lines()).collect();
        let text: String = picks.iter().map(|pick| lines[pick % lines.len()].trim_start_matches('#')).flat_map(|line| [line, "\n"]).collect();
        if let Err(error) = Book::parse(Path::new("b.toml"), &text) {
            proptest::prop_assert!(!error.problems.is_empty());
            for problem in &error.problems {
                proptest::prop_assert!(!problem.text.contains('\n') && problem.line.is_none_or(|line| line <= picks.len()));
            }
        }
    }

    /// A slip of the keyboard anywhere never panics, and is never mended into silence: a book
    /// that loads was TOML as it stood.
    #[test]
    fn a_slip_anywhere_loads_or_has_problems(slips in proptest::collection::vec((0usize..4000, "[\\[\\]{}='\",\n0a.#-]"), 1..4)) {
        let mut text = EXAMPLE.to_owned();
        for (at, slip) in slips {
            // The example and the slips are ASCII, so every byte is a letter.
            let at = at % text.len();
            text.replace_range(at..=at, &slip);
        }
        let folder = example_folder();
        match Book::parse(&folder.path().join("book.toml"), &text) {
            Ok(_) => proptest::prop_assert!(toml_edit::Document::parse(text.as_str()).is_ok()),
            Err(error) => proptest::prop_assert!(!error.problems.is_empty()),
        }
    }
}

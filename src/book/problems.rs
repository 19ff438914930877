//! What is wrong with a book: collected while reading, told all at once.

use std::cell::{Cell, RefCell};
use std::fmt;

/// One thing wrong (or doubtful) in a file, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file as the user named it.
    pub file: String,
    /// Line, from 1; `None` where the whole file is meant (it is missing, or lacks a table).
    pub line: Option<usize>,
    /// Fact and remedy: lower case, one line, no full stop.
    pub text: String,
}

/// `file:line: text`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.text),
            None => write!(f, "{}: {}", self.file, self.text),
        }
    }
}

/// A book (or configuration, or pattern file) that cannot be used: every problem in it, those of
/// the book itself first, then those of the files it names, each by line. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookError {
    pub problems: Vec<Problem>,
}

impl BookError {
    /// An error about a whole file.
    pub(super) fn whole_file(file: &str, text: String) -> Self {
        Self { problems: vec![Problem { file: file.to_owned(), line: None, text }] }
    }
}

impl fmt::Display for BookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for BookError {}

/// Takes problems and warnings from every reader of a file.
///
/// Readers share it by plain reference: none of them waits for another's verdict, which is how
/// all problems come out at once.
pub(super) struct Problems {
    file: String,
    errors: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
    spelling_only: Cell<bool>,
    muted: RefCell<Vec<usize>>,
}

impl Problems {
    /// No problem yet, in that file.
    pub(super) fn new(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            errors: RefCell::default(),
            warnings: RefCell::default(),
            spelling_only: Cell::new(false),
            muted: RefCell::default(),
        }
    }

    /// From now on keeps unknown keys only: the rest is of no concern to who reads.
    pub(super) fn keep_spelling_only(&self) {
        self.spelling_only.set(true);
    }

    /// From now on says nothing more of that line: what stands there now is not the user's.
    pub(super) fn mute(&self, line: usize) {
        self.muted.borrow_mut().push(line);
    }

    /// Whether that line has been given up on.
    pub(super) fn is_muted(&self, line: usize) -> bool {
        self.muted.borrow().contains(&line)
    }

    /// Something that must be put right.
    pub(super) fn report(&self, line: impl Into<Option<usize>>, text: impl Into<String>) {
        let line = line.into();
        if line.is_none_or(|line| !self.is_muted(line)) {
            self.report_in(&self.file, line, text);
        }
    }

    /// Something that must be put right in a file that the book names.
    pub(super) fn report_in(&self, file: &str, line: impl Into<Option<usize>>, text: impl Into<String>) {
        if !self.spelling_only.get() {
            let problem = Problem { file: file.to_owned(), line: line.into(), text: text.into() };
            self.errors.borrow_mut().push(problem);
        }
    }

    /// A key or table that nobody knows.
    pub(super) fn unknown(&self, line: usize, text: String) {
        if !self.is_muted(line) {
            self.errors.borrow_mut().push(Problem { file: self.file.clone(), line: Some(line), text });
        }
    }

    /// Something that may well be meant, and often is not.
    pub(super) fn warn(&self, line: impl Into<Option<usize>>, text: impl Into<String>) {
        if !self.spelling_only.get() {
            let problem = Problem { file: self.file.clone(), line: line.into(), text: text.into() };
            self.warnings.borrow_mut().push(problem);
        }
    }

    /// The value and the warnings, or all the problems.
    ///
    /// # Panics
    ///
    /// If there is neither a value nor a problem: a reader gave up without saying why.
    pub(super) fn settle<T>(self, value: Option<T>) -> Result<(T, Vec<Problem>), BookError> {
        let in_order = |mut problems: Vec<Problem>| {
            problems.sort_by(|a, b| {
                let key = |problem: &Problem| (problem.file != self.file, problem.file.clone(), problem.line);
                key(a).cmp(&key(b))
            });
            // A tenant's table can be read for two purposes; one complaint is enough.
            problems.dedup();
            problems
        };
        let problems = in_order(self.errors.into_inner());
        if problems.is_empty() {
            let value = value.expect("a reader that gives up reports a problem");
            Ok((value, in_order(self.warnings.into_inner())))
        } else {
            Err(BookError { problems })
        }
    }
}

/// The word that the user most likely meant; `None` where none is near.
///
/// Near is one slip of the keyboard in three letters; capitals do not count.
pub(super) fn nearest<'w>(wrong: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let lower = wrong.to_lowercase();
    let slips_max = (lower.chars().count() / 3).max(1);
    words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&lower, &word.to_lowercase()), word))
        .filter(|&(slips, _)| slips <= slips_max)
        .min_by_key(|&(slips, _)| slips)
        .map(|(_, word)| word)
}

/// The word of a book that the user most likely meant: near by letters, or one the beginning of
/// the other (`taxes` for `tax`).
pub(super) fn meant<'w>(wrong: &str, words: impl IntoIterator<Item = &'w str> + Clone) -> Option<&'w str> {
    let begins = |a: &str, b: &str| a.len() >= 3 && b.starts_with(a);
    nearest(wrong, words.clone())
        .or_else(|| words.into_iter().find(|word| begins(wrong, word) || begins(word, wrong)))
}

/// The remedy for a wrong word: the nearest right one, else all of them.
pub(super) fn remedy(wrong: &str, words: &[&str]) -> String {
    match meant(wrong, words.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("use {}", alternatives(words)),
    }
}

/// `a`, `b` or `c`, each in backticks.
pub(super) fn alternatives(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// The user's own text in backticks, on one line.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", text.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\""))
}

/// What a regular expression's compiler says, on one line.
pub(super) fn regex_complaint(error: &regex::Error) -> String {
    match error {
        // The text is a drawing of several lines; its last one says what is wrong.
        regex::Error::Syntax(text) => {
            let last = text.lines().last().unwrap_or(text);
            last.trim().trim_start_matches("error: ").to_owned()
        }
        other => other.to_string().replace('\n', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_wins_and_a_far_one_is_not_suggested() {
        assert_eq!(nearest("upton", ["price", "upto"]), Some("upto"));
        assert_eq!(nearest("Zone", ["kind", "zone"]), Some("zone"));
        assert_eq!(nearest("colour", ["kind", "zone"]), None);
    }

    #[test]
    fn a_beginning_counts_as_near_where_words_are_few() {
        assert_eq!(meant("taxes", ["tax"]), Some("tax"));
        assert_eq!(meant("feat", ["tax", "feature"]), Some("feature"));
        assert_eq!(meant("ta", ["target"]), None);
    }

    #[test]
    fn problems_come_sorted_with_the_book_before_the_files_it_names() {
        let problems = Problems::new("book.toml");
        problems.report_in("a.csv", 1, "first of the side file");
        problems.report(9, "later");
        problems.report(2, "earlier");
        problems.report(None, "whole");
        let error = problems.settle(None::<()>).unwrap_err();
        assert_eq!(
            error.to_string(),
            "book.toml: whole\nbook.toml:2: earlier\nbook.toml:9: later\na.csv:1: first of the side file"
        );
    }

    #[test]
    fn a_drawing_becomes_one_line() {
        let broken = ["a", "(b"].concat();
        let error = regex::Regex::new(&broken).unwrap_err();
        assert_eq!(regex_complaint(&error), "unclosed group");
    }
}

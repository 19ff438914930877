//! A TOML file with its lines: bytes to a spanned document, syntax errors told with their place.

use super::problems::{BookError, Problems, quoted};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml_edit::Document;

/// A file as read: its name for messages, its folder for the paths inside it, its text.
pub(super) struct File {
    /// As the user named it.
    pub(super) name: String,
    /// Paths in the file are relative to this.
    pub(super) folder: PathBuf,
    pub(super) text: String,
    /// Offset of the first byte of every line.
    line_starts: Vec<usize>,
}

impl File {
    /// Reads the file, and returns its BLAKE3 digest in hexadecimal with it.
    ///
    /// # Errors
    ///
    /// If it cannot be read or is not UTF-8.
    pub(super) fn read(path: &Path) -> Result<(Self, String), BookError> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| {
            BookError::whole_file(&name, format!("cannot be read: {}", plain(&error.to_string())))
        })?;
        let digest = blake3::hash(&bytes).to_hex().to_string();
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
            let mut whole = BookError::whole_file(&name, "is not UTF-8 here; save it as UTF-8".to_owned());
            whole.problems[0].line = Some(line);
            whole
        })?;
        Ok((Self::new(name, folder, text), digest))
    }

    /// A file whose text is at hand.
    pub(super) fn new(name: String, folder: PathBuf, text: String) -> Self {
        let line_starts =
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
        Self { name, folder, text, line_starts }
    }

    /// The line, from 1, that holds the byte.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= offset)
    }

    /// The text at that place; empty where it is none of this file's.
    pub(super) fn slice(&self, span: Option<Range<usize>>) -> &str {
        span.and_then(|span| self.text.get(span)).unwrap_or_default()
    }

    /// The document, or `None` and the reason among the problems.
    ///
    /// A key written twice is reported and its second line is left out, so that the rest of the
    /// book is still checked. Any other syntax error ends the reading: what follows it would be
    /// a guess.
    pub(super) fn document(&self, problems: &Problems) -> Option<Document<String>> {
        let mut text = self.text.clone();
        let mut is_first = true;
        loop {
            let error = match Document::parse(text.clone()) {
                Ok(document) => return Some(document),
                Err(error) => error,
            };
            let span = error.span().unwrap_or(0..0);
            let line = self.line(span.start);
            if error.message() != "duplicate key" {
                // After a line was left out, a new complaint can be our own doing.
                if is_first {
                    problems.report(line, plain(error.message()));
                }
                return None;
            }
            let name = quoted(text.get(span).unwrap_or_default().trim());
            let start = self.line_starts[line - 1];
            let end = self.line_starts.get(line).map_or(text.len(), |next| next - 1);
            if text[start..end].trim_start().starts_with('[') {
                problems.report(line, format!("table {name} is written twice; put its keys into one"));
                return None;
            }
            problems.report(line, format!("key {name} is written twice; keep one"));
            text.replace_range(start..end, &" ".repeat(end - start));
            is_first = false;
        }
    }
}

/// A library's message in our style: one line, lower case at its start.
fn plain(message: &str) -> String {
    let line = message.replace('\n', ", ");
    let mut letters = line.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<String> {
        let file = File::new("b.toml".into(), PathBuf::new(), text.into());
        let problems = Problems::new("b.toml");
        let document = file.document(&problems).map(|_| ());
        problems
            .settle(document)
            .map_or_else(|error| error.problems.iter().map(ToString::to_string).collect(), |_| Vec::new())
    }

    #[test]
    fn every_byte_has_its_line() {
        let file = File::new(String::new(), PathBuf::new(), "a\nb\n".into());
        assert_eq!([0, 1, 2, 3, 4].map(|offset| file.line(offset)), [1, 1, 2, 2, 3]);
    }

    #[test]
    fn keys_written_twice_are_all_reported() {
        assert_eq!(
            complaints("a = 1\na = 2\nb = 3\nb = 4\n"),
            ["b.toml:2: key `a` is written twice; keep one", "b.toml:4: key `b` is written twice; keep one"]
        );
    }

    #[test]
    fn a_table_written_twice_is_reported() {
        assert_eq!(
            complaints("[tax]\na = 1\n[tax]\nb = 2\n"),
            ["b.toml:3: table `tax` is written twice; put its keys into one"]
        );
    }

    #[test]
    fn a_syntax_error_has_its_line() {
        let complaints = complaints("a = 1\nb = 1,5\n");
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].starts_with("b.toml:2: "), "{complaints:?}");
    }
}

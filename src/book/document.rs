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
    /// As read, but for the lines that [`Self::document`] had to mend.
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
        let line_starts = line_starts(&text);
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
    /// A line that is no TOML is reported, mended so that it means nothing, and nothing more is
    /// said of it: the rest of the book is still checked. Where that does not help (a list that
    /// is never closed), reading ends: what follows would be a guess.
    pub(super) fn document(&mut self, problems: &Problems) -> Option<Document<String>> {
        loop {
            let error = match Document::parse(self.text.clone()) {
                Ok(document) => return Some(document),
                Err(error) => error,
            };
            let span = error.span().unwrap_or(0..0);
            let line = self.line(span.start);
            // A line is met again only where mending it did not help.
            if problems.is_muted(line) {
                return None;
            }
            let is_duplicate = error.message() == "duplicate key";
            let start = self.line_starts[line - 1];
            let end = self.line_starts.get(line).map_or(self.text.len(), |next| next - 1);
            let written = self.text[start..end].to_owned();
            let is_header = written.trim_start().starts_with('[');
            let complaint = match (is_duplicate, is_header) {
                (false, _) => plain(error.message()),
                (true, false) => {
                    format!("key {} is written twice; keep one", quoted(self.slice(Some(span)).trim()))
                }
                (true, true) => {
                    let name = quoted(self.slice(Some(span)).trim());
                    format!("table {name} is written twice; put its keys into one")
                }
            };
            problems.report(line, complaint);
            let mended = if is_duplicate {
                (!is_header).then(String::new)
            } else {
                mended(written.trim_end_matches('\r'))
            }?;
            problems.mute(line);
            // Lines keep their numbers: whatever stands in one is replaced by text of one line.
            let mut text = std::mem::take(&mut self.text);
            text.replace_range(start..end, &mended);
            self.line_starts = line_starts(&text);
            self.text = text;
        }
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect()
}

/// The line with the little of it that can be relied on: its key, its header, or that it is one
/// of a list.
fn mended(line: &str) -> Option<String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    let trimmed = line.trim_start();
    let name_of = |text: &str| text.chars().take_while(|&letter| is_plain(letter)).collect::<String>();
    let open = trimmed.len() - trimmed.trim_start_matches('[').len();
    if open > 0 {
        // One bracket short is the slip that TOML cannot forgive; the name still tells what was meant.
        let name = name_of(&trimmed[open..]);
        let close = "]".repeat(open);
        return (!name.is_empty() && open <= 2).then(|| format!("{}{name}{close}", &trimmed[..open]));
    }
    // An element of a list of tables, such as a tier.
    if trimmed.starts_with('{') {
        return Some("{},".to_owned());
    }
    let name = name_of(trimmed);
    let rest = trimmed[name.len()..].trim_start();
    (!name.is_empty() && rest.starts_with('=')).then(|| format!("{name} = 0"))
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
        let mut file = File::new("b.toml".into(), PathBuf::new(), text.into());
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
    fn every_syntax_error_has_its_line() {
        let lines = |text: &str| -> Vec<String> {
            complaints(text).iter().map(|complaint| complaint[..8].to_owned()).collect()
        };
        assert_eq!(lines("a = 1\nb = 1,5\n"), ["b.toml:2"]);
        assert_eq!(
            lines("a = \nb = 'x\n[c\nd = 2026-02-30\ne = 1\n"),
            ["b.toml:1", "b.toml:2", "b.toml:3", "b.toml:4"]
        );
        assert_eq!(lines("a = [\n  { b = 1 c = 2 },\n  { b = 1 },\n]\nd = \n"), ["b.toml:2", "b.toml:5"]);
        // Nobody can tell where this list was meant to end.
        assert_eq!(lines("a = [\nb = 1\nc = 2\n").len(), 1);
    }
}

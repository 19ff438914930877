//! What can be wrong with an input, in the words the user reads.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// One input that cannot be read, or not to its end. Always names the input.
///
/// The text of a cause is part of the message, so there is no separate source to print. Cloning
/// is cheap: a broken stream gives the same answer however often it is asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum InputError {
    /// A path of the command line that does not exist.
    #[error("{}: no such file or directory", ShownPath(path))]
    Missing { path: PathBuf },
    /// A directory of the command line with nothing to read in or below it.
    #[error("{}: directory holds no files", ShownPath(path))]
    EmptyDirectory { path: PathBuf },
    /// The operating system refused to open or read it.
    #[error("{}: cannot be read: {}", ShownPath(path), PlainCause(cause))]
    Unreadable { path: PathBuf, cause: Arc<io::Error> },
    /// A compressed stream that is cut short or corrupt. `offset` counts decoded bytes, `lines`
    /// the line ends in them.
    #[error(
        "{}: {what} at byte {offset}; {lines} lines were read; refusing to bill on a part",
        ShownPath(path)
    )]
    Damaged { path: PathBuf, offset: u64, lines: u64, what: Damage },
    /// A capture whose container is cut short or corrupt. `offset` counts decoded bytes.
    #[error(
        "{}: {what} at byte {offset}; {packets} packets were read; refusing to bill on a part",
        ShownPath(path)
    )]
    BrokenCapture { path: PathBuf, offset: u64, packets: u64, what: Box<str> },
    /// The file is no longer the one that was opened.
    #[error("{}: {how} while it was read; run again when nothing writes to it", ShownPath(path))]
    Changed { path: PathBuf, how: Change },
    /// The input is no text that a log could be.
    #[error("{}: {what}", ShownPath(path))]
    NotText { path: PathBuf, what: NotText },
}

impl InputError {
    /// The operating system's refusal, with the input's name.
    pub(super) fn unreadable(path: &Path, cause: io::Error) -> Self {
        Self::Unreadable { path: path.to_owned(), cause: Arc::new(cause) }
    }

    /// The input that is meant.
    pub fn path(&self) -> &Path {
        match self {
            Self::Missing { path }
            | Self::EmptyDirectory { path }
            | Self::Unreadable { path, .. }
            | Self::Damaged { path, .. }
            | Self::BrokenCapture { path, .. }
            | Self::Changed { path, .. }
            | Self::NotText { path, .. } => path,
        }
    }
}

/// What is wrong with a compressed stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// It ends inside a block: cut, or its writer is not done. What comes before is sound.
    Cut,
    /// It says something else than its compressor wrote, in the decoder's words.
    Corrupt(String),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => f.write_str("stream ends inside a block"),
            Self::Corrupt(what) => f.write_str(what),
        }
    }
}

/// How a file changed under the reader. Growing is no change: the new end is simply not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is shorter than at opening.
    Shrank { from_bytes: u64, to_bytes: u64 },
    /// The bytes that were there at opening have been written to.
    Rewritten,
    /// What has its name by now is not what was opened by it.
    Replaced,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shrank { from_bytes, to_bytes } => {
                write!(f, "shrank from {from_bytes} to {to_bytes} bytes")
            }
            Self::Rewritten => f.write_str("was rewritten"),
            Self::Replaced => f.write_str("was replaced by another file"),
        }
    }
}

/// Why an input is not taken for text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotText {
    /// It starts with a byte order mark of UTF-16.
    Utf16,
    /// It is many files in one.
    Archive,
    /// It is journald's format for backups.
    JournalExport,
    /// So many percent of a sample are control bytes.
    Binary { percent: u8 },
}

impl fmt::Display for NotText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utf16 => f.write_str("UTF-16 is not read yet; convert it to UTF-8"),
            Self::Archive => f.write_str("is a tar archive; unpack it and name the directory"),
            Self::JournalExport => f.write_str(
                "is journald's export format, which is not read; write the log with `journalctl -o json` or `-o short-iso`",
            ),
            Self::Binary { percent } => {
                write!(f, "is no text: {percent} % of its start are control bytes; leave it out")
            }
        }
    }
}

/// A path as a message shows it: on one line, with control characters and broken UTF-8 escaped.
///
/// File names are chosen by strangers too, and an escape sequence in one must not reach the
/// terminal.
pub(super) struct ShownPath<'p>(pub &'p Path);

impl fmt::Display for ShownPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.as_os_str() == "-" {
            return f.write_str("standard input");
        }
        for chunk in self.0.as_os_str().as_encoded_bytes().utf8_chunks() {
            for character in chunk.valid().chars() {
                if character.is_control() {
                    write!(f, "{}", character.escape_default())?;
                } else {
                    write!(f, "{character}")?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// An operating system's error as the house writes: lower case, without the error number.
pub(super) struct PlainCause<'c>(pub &'c io::Error);

impl fmt::Display for PlainCause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let text = text.split(" (os error").next().unwrap_or(&text);
        let mut characters = text.chars();
        match characters.next() {
            Some(first) => write!(f, "{}{}", first.to_lowercase(), characters.as_str()),
            None => f.write_str("unknown error"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_stream_reads_as_the_house_writes_it() {
        let error = InputError::Damaged {
            path: "logs/reg-07.log.gz".into(),
            offset: 18_874_368,
            lines: 412_905,
            what: Damage::Cut,
        };
        assert_eq!(
            error.to_string(),
            "logs/reg-07.log.gz: stream ends inside a block at byte 18874368; \
             412905 lines were read; refusing to bill on a part"
        );
    }

    #[test]
    fn a_system_error_loses_its_capital_and_its_number() {
        let error = InputError::unreadable(Path::new("a.log"), io::Error::from_raw_os_error(13));
        assert_eq!(error.to_string(), "a.log: cannot be read: permission denied");
    }

    #[test]
    fn an_escape_sequence_in_a_file_name_does_not_reach_the_terminal() {
        let error = InputError::Missing { path: "a\u{1b}[2J\n.log".into() };
        assert_eq!(error.to_string(), "a\\u{1b}[2J\\n.log: no such file or directory");
    }
}

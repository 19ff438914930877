//! Side files: CSV lists of conference hosts and messaging users that no log holds.

use super::InputError;
use super::error::ShownPath;
use super::text::check_text;
use crate::model::{Moment, Window};
use csv::{ByteRecord, ReaderBuilder, Trim};
use jiff::tz::TimeZone;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

mod when;

/// What a side file lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SideKind {
    /// Who took part in a conference, and as what: the column `role` is required.
    Conference,
    /// Messaging users; a `role` means nothing here.
    Messaging,
}

/// A side file, read in full: only files without a bad row come this far.
///
/// Columns are found by their names in the first line, in any order; others are left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideFile {
    pub path: PathBuf,
    /// In the order of the file.
    pub rows: Vec<SideRow>,
    /// Digest of the file's bytes.
    pub digest: blake3::Hash,
}

/// One row of a side file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideRow {
    /// Line on which the row starts, counted from 1.
    pub line: u64,
    /// Byte at which the row starts.
    pub offset: u64,
    /// The SIP-ID as written, less a `sip:` or `sips:` in front. Not canonical, never empty.
    pub sip_id_text: String,
    pub from: Moment,
    /// First instant after the row, later than `from`; `None` where the row is the instant `from`.
    pub until: Option<Moment>,
    /// The role is `host`. False throughout a messaging file.
    pub is_host: bool,
}

impl SideRow {
    /// Whether the row counts in the window: its span shares an instant with it, or its single
    /// instant lies inside.
    pub fn overlaps(&self, window: Window) -> bool {
        match self.until {
            Some(until) => Window { start: self.from, end: until }.overlaps(window),
            None => window.contains(self.from),
        }
    }
}

/// Why a side file cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SideFileError {
    /// It could not be read, or is no text.
    #[error(transparent)]
    Input(InputError),
    /// Its header or some of its rows are wrong: all of them, in the order of the file.
    #[error("{}", ProblemList(path, problems))]
    Bad { path: PathBuf, problems: Vec<SideProblem> },
}

/// One thing that is wrong with a side file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SideProblem {
    /// Counted from 1.
    pub line: u64,
    pub text: String,
}

/// The problems as `file:line: text`, one a line.
struct ProblemList<'p>(&'p Path, &'p [SideProblem]);

impl fmt::Display for ProblemList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.1.iter().enumerate() {
            let line_end = if number == 0 { "" } else { "\n" };
            write!(f, "{line_end}{}:{}: {}", ShownPath(self.0), problem.line, problem.text)?;
        }
        Ok(())
    }
}

impl SideFile {
    /// Reads a side file. Times without an offset are local to `zone`.
    ///
    /// A time that the zone's clocks skipped is taken as the instant that long after the skip
    /// began; of a time that they showed twice it is the first.
    ///
    /// # Errors
    ///
    /// [`SideFileError`], with every bad row in it: one left out in silence would be a user who
    /// is not billed.
    pub fn load(path: &Path, kind: SideKind, zone: &TimeZone) -> Result<Self, SideFileError> {
        let bytes = fs::read(path).map_err(|cause| {
            SideFileError::Input(match cause.kind() {
                std::io::ErrorKind::NotFound => InputError::Missing { path: path.to_owned() },
                _ => InputError::unreadable(path, cause),
            })
        })?;
        check_text(path, &bytes).map_err(SideFileError::Input)?;
        let (rows, problems) = read_rows(&bytes, kind, zone)
            .map_err(|cause| SideFileError::Input(InputError::unreadable(path, cause.into())))?;
        if !problems.is_empty() {
            return Err(SideFileError::Bad { path: path.to_owned(), problems });
        }
        Ok(Self { path: path.to_owned(), rows, digest: blake3::hash(&bytes) })
    }
}

/// The good rows and what is wrong with the others. Without a good header there are no rows.
fn read_rows(
    bytes: &[u8],
    kind: SideKind,
    zone: &TimeZone,
) -> Result<(Vec<SideRow>, Vec<SideProblem>), csv::Error> {
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        // A row that is short or long is one bad row and not the end of the file.
        .flexible(true)
        .trim(Trim::All)
        .from_reader(bytes);
    let mut columns: Option<Columns> = None;
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    let mut record = ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        let (line, offset) = place(&record, bytes);
        let end = usize::try_from(reader.position().byte()).unwrap_or(bytes.len());
        let mut refuse = |text| problems.push(SideProblem { line, text });
        if spans_lines(&bytes[..end], offset) {
            refuse("a quoted field goes beyond the line's end; close its quotation mark".to_owned());
            continue;
        }
        match &columns {
            None => match Columns::of(&record, kind) {
                Ok(found) => columns = Some(found),
                Err(text) => {
                    refuse(text);
                    break;
                }
            },
            Some(columns) => match columns.row(&record, line, offset, zone) {
                Ok(row) => rows.push(row),
                Err(text) => refuse(text),
            },
        }
    }
    if columns.is_none() && problems.is_empty() {
        let text = format!("is empty; the first line must name the columns {}", Columns::names(kind));
        problems.push(SideProblem { line: 1, text });
    }
    Ok((rows, problems))
}

/// Whether the record from `offset` to the end of the bytes is more than one line.
///
/// CSV allows it, and no column here needs it: what it means is a quotation mark that nobody
/// closed, which would swallow the rows after it.
fn spans_lines(bytes: &[u8], offset: u64) -> bool {
    let record = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
    memchr::memchr2(b'\n', b'\r', record.trim_ascii_end()).is_some()
}

/// Line and byte at which a record starts. The CSV reader tells where it *began to look* for
/// the record, which is before the empty lines and the byte order mark that it passes over.
pub(super) fn place(record: &ByteRecord, bytes: &[u8]) -> (u64, u64) {
    let Some(position) = record.position() else { return (1, 0) };
    let (mut line, mut offset) = (position.line(), position.byte());
    if offset == 0 && bytes.starts_with(b"\xef\xbb\xbf") {
        offset = 3;
    }
    let rest = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).unwrap_or_default();
    for byte in rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')) {
        offset += 1;
        line += u64::from(*byte == b'\n');
    }
    (line, offset)
}

/// Where each column stands.
#[derive(Debug, Clone, Copy)]
struct Columns {
    len: usize,
    sip_id: usize,
    from: usize,
    until: usize,
    /// Not looked for in a messaging file.
    role: Option<usize>,
}

impl Columns {
    /// The columns a file must have, as a message lists them.
    fn names(kind: SideKind) -> &'static str {
        match kind {
            SideKind::Conference => "`sip_id,from,until,role`",
            SideKind::Messaging => "`sip_id,from,until`",
        }
    }

    fn of(header: &ByteRecord, kind: SideKind) -> Result<Self, String> {
        let column = |name: &str| {
            let mut places = header.iter().enumerate().filter(|(_, field)| *field == name.as_bytes());
            let (place, _) = places.next().ok_or_else(|| {
                let names = Self::names(kind);
                let remedy = match header.iter().any(|field| memchr::memchr2(b';', b'\t', field).is_some()) {
                    true => "separate the columns by commas",
                    false => "the first line must name the columns",
                };
                format!("no column `{name}`; {remedy} {names}")
            })?;
            match places.next() {
                None => Ok(place),
                Some(_) => Err(format!("two columns are named `{name}`; remove one")),
            }
        };
        Ok(Self {
            len: header.len(),
            sip_id: column("sip_id")?,
            from: column("from")?,
            until: column("until")?,
            role: match kind {
                SideKind::Conference => Some(column("role")?),
                SideKind::Messaging => None,
            },
        })
    }

    /// Reads a row, or says what is wrong with it.
    fn row(self, record: &ByteRecord, line: u64, offset: u64, zone: &TimeZone) -> Result<SideRow, String> {
        if record.len() != self.len {
            return Err(format!("{} columns where the first line has {}", record.len(), self.len));
        }
        let text = |column: usize| {
            std::str::from_utf8(&record[column])
                .map_err(|_| format!("`{}` is not UTF-8", record[column].escape_ascii()))
        };
        let sip_id_text = without_scheme(text(self.sip_id)?);
        if sip_id_text.is_empty() {
            return Err("no `sip_id`".to_owned());
        }
        let (from, until) = (text(self.from)?, text(self.until)?);
        if from.is_empty() {
            return Err("no `from`; a row without a time belongs to no cycle".to_owned());
        }
        let from = when::parse("from", from, zone)?;
        let until = match until {
            "" => None,
            until => Some(when::parse("until", until, zone)?),
        };
        if until.is_some_and(|until| until <= from) {
            return Err("`until` is not after `from`; it is the first moment that is no longer meant, \
                        or empty for the single moment `from`"
                .to_owned());
        }
        let is_host = match self.role.map(text).transpose()? {
            Some("") => return Err("no `role`; write `host` for who is charged, `guest` else".to_owned()),
            Some(role) => role.eq_ignore_ascii_case("host"),
            None => false,
        };
        Ok(SideRow { line, offset, sip_id_text: sip_id_text.to_owned(), from, until, is_host })
    }
}

/// The SIP-ID less its scheme, so that both ways to write it are one text.
fn without_scheme(text: &str) -> &str {
    for scheme in ["sip:", "sips:"] {
        if let Some((head, rest)) = text.split_at_checked(scheme.len())
            && head.eq_ignore_ascii_case(scheme)
        {
            return rest;
        }
    }
    text
}

#[cfg(test)]
mod tests;

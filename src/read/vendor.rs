//! The other party's list: a CSV file out of somebody else's system, or out of a spreadsheet.
//!
//! Whatever can be found out is found out: encoding, delimiter, decimal sign, order of dates, columns by their
//! names. Where two readings are possible the file is refused with what to write into a map; a row that cannot
//! be read stays among the rows with its problem, so that none is lost.

mod cells;
mod guess;
#[cfg(test)]
mod tests;

use self::cells::{amount, date, mended};
use super::InputError;
use super::error::ShownPath;
use super::side_file::place;
use super::utf16::ToUtf8;
use crate::compare::{Column, ColumnMap, DateOrder, Field, Period};
use crate::model::Category;
use csv::{ByteRecord, ReaderBuilder, Trim};
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A list, read in full.
#[derive(Debug, Clone, PartialEq)]
pub struct VendorFile {
    /// In the order of the file.
    pub rows: Vec<VendorRow>,
    /// How it was read: the map given, with all that had to be found out.
    pub map: ColumnMap,
    /// Rows in which every cell is empty; they are not among the rows.
    pub empty_rows: u64,
    /// Digest of the file's bytes.
    pub digest: blake3::Hash,
}

/// One row of a list.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VendorRow {
    /// Line on which the row starts, counted from 1.
    pub line: u64,
    /// The user as written, less what a spreadsheet did to it, with the domain of its own column.
    pub user: String,
    pub category_text: String,
    pub category: Option<Category>,
    pub tenant_text: String,
    pub is_host: Option<bool>,
    pub amount: Option<Decimal>,
    pub period: Period,
    pub active_days: Option<u64>,
    /// What had to be mended to read the user; empty nearly always.
    pub mended: &'static str,
    /// Why the row cannot be used: a reason's name and a sentence.
    pub problem: Option<(&'static str, String)>,
}

/// Why a list cannot be read at all.
#[derive(Debug, Clone, thiserror::Error)]
pub enum VendorError {
    /// It could not be read, or ends in the midst of a row.
    #[error(transparent)]
    Input(InputError),
    /// A quoted cell is never closed, so that nobody knows how many rows it swallowed.
    #[error(
        "{}:{line}: a quotation mark is never closed; the rows from here on cannot be told apart",
        ShownPath(path)
    )]
    Unclosed { path: PathBuf, line: u64 },
    /// It can be read in more ways than one, or in none, until a map says more.
    #[error("{}: {text}", ShownPath(path))]
    Unclear { path: PathBuf, text: String },
}

impl VendorFile {
    /// Reads a list; without a map its columns are found by well-known names.
    ///
    /// # Errors
    ///
    /// [`VendorError`]. A bad row is none.
    pub fn load(path: &Path, map: Option<&ColumnMap>) -> Result<Self, VendorError> {
        let bytes = fs::read(path).map_err(|cause| {
            VendorError::Input(match cause.kind() {
                std::io::ErrorKind::NotFound => InputError::Missing { path: path.to_owned() },
                _ => InputError::unreadable(path, cause),
            })
        })?;
        let unclear = |text: String| VendorError::Unclear { path: path.to_owned(), text };
        if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
            return Err(unclear("is a workbook and no CSV; save the sheet as CSV".to_owned()));
        }
        let digest = blake3::hash(&bytes);
        let text = text(bytes);
        let (text, declared) = guess::declared_delimiter(&text);
        let mut map = map.cloned().unwrap_or_default();
        let delimiter =
            *map.delimiter.get_or_insert_with(|| declared.unwrap_or_else(|| guess::delimiter(text)));
        let lines_before = u64::from(declared.is_some());
        let table = Table::read(text, delimiter, lines_before).map_err(|problem| match problem {
            Broken::Unclosed(line) => VendorError::Unclosed { path: path.to_owned(), line },
            Broken::Other(text) => unclear(text),
        })?;
        let Some(first) = table.records.first() else { return Err(unclear("holds no row".to_owned())) };
        if map.columns.is_empty() {
            guess::columns(&first.cells, &mut map).map_err(unclear)?;
        }
        let header = if map.is_headless { None } else { Some(&first.cells) };
        let places = places(&map, header, first.cells.len()).map_err(unclear)?;
        let rows = &table.records[usize::from(header.is_some())..];
        let cells = |field: Field| {
            let place = places.get(&field).copied();
            rows.iter().filter_map(move |row| row.cells.get(place?).map(String::as_str))
        };
        if places.contains_key(&Field::Amount) && map.decimal.is_none() {
            map.decimal = Some(guess::decimal(cells(Field::Amount), delimiter));
        }
        if map.dates.is_none() {
            let dates = cells(Field::PeriodStart).chain(cells(Field::PeriodEnd));
            map.dates = guess::dates(dates).map_err(unclear)?;
        }
        let reader = RowReader { map: &map, places: &places, columns: first.cells.len() };
        let (mut read, mut empty_rows) = (Vec::with_capacity(rows.len()), 0);
        for row in rows {
            if row.cells.iter().all(String::is_empty) {
                empty_rows += 1;
            } else {
                read.push(reader.row(row));
            }
        }
        Ok(Self { rows: read, map, empty_rows, digest })
    }
}

/// The bytes as text: UTF-8 or UTF-16 by their mark, else UTF-8, and what is none of these is Latin-1, in which
/// every byte is a character.
fn text(bytes: Vec<u8>) -> String {
    let mut utf8 = Vec::with_capacity(bytes.len());
    // Bytes at hand are never refused.
    let _ = ToUtf8::of(bytes.as_slice()).read_to_end(&mut utf8);
    let utf8 = match utf8.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => rest.to_vec(),
        None => utf8,
    };
    String::from_utf8(utf8).unwrap_or_else(|error| error.as_bytes().iter().copied().map(char::from).collect())
}

/// A row as its cells.
struct Record {
    line: u64,
    /// Without blanks around them.
    cells: Vec<String>,
}

struct Table {
    records: Vec<Record>,
}

enum Broken {
    Unclosed(u64),
    Other(String),
}

impl Table {
    fn read(text: &str, delimiter: u8, lines_before: u64) -> Result<Self, Broken> {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(Trim::All)
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        let mut records = Vec::new();
        let mut record = ByteRecord::new();
        while reader.read_byte_record(&mut record).map_err(|error| Broken::Other(error.to_string()))? {
            let (line, offset) = place(&record, text.as_bytes());
            let end = usize::try_from(reader.position().byte()).unwrap_or(text.len()).min(text.len());
            let raw = &text.as_bytes()[usize::try_from(offset).unwrap_or(end).min(end)..end];
            // Marks come in pairs, unless one that was never meant to open a cell has swallowed rows.
            let is_odd = memchr::memchr_iter(b'"', raw).count() % 2 == 1;
            if is_odd && memchr::memchr2(b'\n', b'\r', raw.trim_ascii_end()).is_some() {
                return Err(Broken::Unclosed(line + lines_before));
            }
            let cell = |cell: &[u8]| String::from_utf8_lossy(cell).trim().to_owned();
            records.push(Record { line: line + lines_before, cells: record.iter().map(cell).collect() });
        }
        Ok(Self { records })
    }
}

/// Where each field stands, counted from 0.
fn places(
    map: &ColumnMap,
    header: Option<&Vec<String>>,
    columns: usize,
) -> Result<BTreeMap<Field, usize>, String> {
    let place = |(field, column): (&Field, &Column)| match column {
        Column::Numbered(number) if (1..=columns).contains(number) => Ok((*field, number - 1)),
        Column::Numbered(number) => {
            Err(format!("`{}` is column {number}, and the first line has {columns}", field.name()))
        }
        Column::Named(name) => {
            let Some(header) = header else {
                return Err(format!("`{}` is named `{name}`, and the file has no header", field.name()));
            };
            let is_named = |cell: &&String| cell.to_lowercase() == name.trim().to_lowercase();
            match header.iter().filter(is_named).count() {
                1 => Ok((*field, header.iter().position(|cell| is_named(&cell)).unwrap_or(0))),
                0 => Err(format!(
                    "has no column `{name}` for `{}`; its columns are {}",
                    field.name(),
                    list(header)
                )),
                _ => Err(format!("has two columns `{name}`; give `{}` by its number", field.name())),
            }
        }
    };
    map.columns.iter().map(place).collect()
}

/// Names in backticks.
fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", name.escape_debug())).collect();
    names.join(", ")
}

struct RowReader<'m> {
    map: &'m ColumnMap,
    places: &'m BTreeMap<Field, usize>,
    columns: usize,
}

impl RowReader<'_> {
    fn row(&self, record: &Record) -> VendorRow {
        let cell = |field| {
            self.places.get(&field).and_then(|place| record.cells.get(*place)).map_or("", String::as_str)
        };
        let (user, mended) = mended(cell(Field::User));
        let mut row = VendorRow {
            line: record.line,
            user: user.to_owned(),
            category_text: cell(Field::Category).to_owned(),
            tenant_text: cell(Field::Tenant).to_owned(),
            mended,
            ..VendorRow::default()
        };
        let domain = match cell(Field::Domain) {
            "" => self.map.default_domain.as_deref().unwrap_or(""),
            domain => domain,
        };
        if !user.is_empty() && !user.contains('@') && !domain.is_empty() {
            row.user = format!("{user}@{domain}");
        }
        // Each finds its own fault; the first is told.
        let problems = [
            self.width(record),
            cells::user_problem(user),
            self.category(&mut row),
            self.amount(&mut row, cell(Field::Amount)),
            self.period(&mut row, cell(Field::PeriodStart), cell(Field::PeriodEnd)),
            self.rest(&mut row, cell(Field::Role), cell(Field::ActiveDays)),
        ];
        row.problem = problems.into_iter().flatten().next();
        row
    }

    fn width(&self, record: &Record) -> Option<(&'static str, String)> {
        // A spreadsheet pads rows with empty cells.
        let filled = record.cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
        let (has, wants) = (record.cells.len(), self.columns);
        let is_wrong = filled > wants || has < wants;
        is_wrong.then(|| ("column_count", format!("{has} columns where the first line has {wants}")))
    }

    fn category(&self, row: &mut VendorRow) -> Option<(&'static str, String)> {
        if row.category_text.is_empty() {
            row.category = self.map.default_category;
            return None;
        }
        let word = row.category_text.to_lowercase();
        let own = self.map.categories.iter().find(|(theirs, _)| theirs.to_lowercase() == word);
        row.category = own.map(|(_, category)| *category).or_else(|| guess::category(&word));
        row.category.is_none().then(|| {
            let text = row.category_text.escape_debug();
            (
                "unknown_category",
                format!("`{text}` is no category; say in [categories] of the map which one is meant"),
            )
        })
    }

    fn amount(&self, row: &mut VendorRow, cell: &str) -> Option<(&'static str, String)> {
        if cell.is_empty() {
            return None;
        }
        row.amount = amount(cell, self.map.decimal.unwrap_or(b'.'));
        let is_bad = row.amount.is_none();
        is_bad.then(|| ("bad_amount", format!("`{}` is no amount", cell.escape_debug())))
    }

    fn period(&self, row: &mut VendorRow, start: &str, end: &str) -> Option<(&'static str, String)> {
        let order = self.map.dates.unwrap_or(DateOrder::DayMonthYear);
        for (cell, to) in [(start, &mut row.period.start), (end, &mut row.period.end)] {
            if !cell.is_empty() {
                *to = date(cell, order);
                if to.is_none() {
                    return Some(("bad_date", format!("`{}` is no date", cell.escape_debug())));
                }
            }
        }
        None
    }

    fn rest(&self, row: &mut VendorRow, role: &str, days: &str) -> Option<(&'static str, String)> {
        let word = role.to_lowercase();
        let own = self.map.roles.iter().find(|(theirs, _)| theirs.to_lowercase() == word);
        row.is_host = own.map(|(_, is_host)| *is_host).or_else(|| guess::role(&word));
        if days.is_empty() {
            return None;
        }
        row.active_days = days.parse().ok();
        let is_bad = row.active_days.is_none();
        is_bad.then(|| ("bad_number", format!("`{}` is no number of days", days.escape_debug())))
    }
}

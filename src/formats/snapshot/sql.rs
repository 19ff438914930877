//! SQL dumps of a location table: `INSERT INTO` as mysqldump, pg_dump and sqlite write it, and
//! PostgreSQL's `COPY … FROM stdin`.
//!
//! Every statement is followed to its end, of whatever table: a dump without backslash escapes
//! can hold a line break inside a string, and what follows it is somebody's text.

use super::binding::{Binding, Line};
use super::columns::{Columns, Table};
use super::reader::Taken;
use crate::formats::text::split_once;
use crate::model::{RejectReason, Sink, Spot};

/// Where in the dump we are.
#[derive(Debug, Default)]
pub(super) struct Sql {
    state: State,
    /// The columns last declared for each of our tables.
    known: Vec<(Table, Columns)>,
    /// Index in `known` of the statement's table; `None` for a table that is not ours.
    table: Option<usize>,
    /// Backslashes escape inside strings (MySQL).
    has_backslashes: bool,
    /// A string is open at the line's end.
    in_string: bool,
    value: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Between,
    Create,
    Insert,
    Copy,
}

impl Sql {
    /// Whether that line opens a statement that we follow.
    pub fn starts(text: &[u8]) -> bool {
        text.starts_with(b"CREATE TABLE ") || text.starts_with(b"INSERT INTO ") || is_copy(text)
    }

    /// Reads a line of the dump.
    pub fn line(&mut self, line: &Line<'_>, binding: &mut Binding, sink: &mut impl Sink) -> Taken {
        match self.state {
            State::Between => self.statement(line, binding, sink),
            State::Create => self.declared(line.text),
            State::Insert => self.rows(line.text, line.spot, binding, sink),
            State::Copy => self.copied(line, binding, sink),
        }
        Taken::Yes
    }

    fn statement(&mut self, line: &Line<'_>, binding: &mut Binding, sink: &mut impl Sink) {
        let text = line.text;
        if let Some(rest) = text.strip_prefix(b"CREATE TABLE ") {
            let rest = rest.strip_prefix(b"IF NOT EXISTS ").unwrap_or(rest);
            let (name, _, rest) = table_name(rest);
            self.table = self.declare(name);
            // sqlite keeps a statement as it was typed, which may be on one line.
            match rest.strip_prefix(b"(").map(<[u8]>::trim_ascii_end) {
                Some(b"") | None => self.state = State::Create,
                Some(_) => self.table = None,
            }
        } else if let Some(rest) = text.strip_prefix(b"INSERT INTO ") {
            let (name, is_mysql, rest) = table_name(rest);
            self.has_backslashes = is_mysql;
            self.in_string = false;
            let (names, after) = match rest.first() {
                Some(b'(') => split_once(&rest[1..], b")").unwrap_or((rest, b"")),
                _ => (&b""[..], rest),
            };
            self.table = match names {
                b"" => Table::of(name).and_then(|table| self.index(table)),
                _ => self.declare_all(name, names),
            };
            let Some((_, rows)) = split_once(after, b"VALUES") else { return };
            self.state = State::Insert;
            let offset = (text.len() - rows.len()) as u64;
            let spot = Spot { offset: line.spot.offset + offset, ..line.spot };
            self.rows(rows, spot, binding, sink);
        } else if is_copy(text) {
            let (name, _, rest) = table_name(&text[b"COPY ".len()..]);
            let names = rest.strip_prefix(b"(").and_then(|rest| split_once(rest, b")"));
            self.table = names.and_then(|(names, _)| self.declare_all(name, names));
            self.state = State::Copy;
        }
    }

    fn index(&self, table: Table) -> Option<usize> {
        self.known.iter().position(|(known, columns)| *known == table && columns.is_known())
    }

    /// A table whose columns follow; `None` for one that is not ours.
    fn declare(&mut self, name: &[u8]) -> Option<usize> {
        let table = Table::of(name)?;
        self.known.retain(|(known, _)| *known != table);
        self.known.push((table, Columns::new(table)));
        Some(self.known.len() - 1)
    }

    fn declare_all(&mut self, name: &[u8], names: &[u8]) -> Option<usize> {
        let index = self.declare(name)?;
        for name in names.split(|byte| *byte == b',') {
            self.known[index].1.name(unquoted(name.trim_ascii()));
        }
        self.known[index].1.is_known().then_some(index)
    }

    /// A line of `CREATE TABLE`: a column, a key, or the end.
    fn declared(&mut self, text: &[u8]) {
        if text.starts_with(b")") {
            self.state = State::Between;
            return;
        }
        let text = text.trim_ascii();
        let word = text.split(|byte| *byte == b' ').next().unwrap_or_default();
        let is_key = [&b"PRIMARY"[..], b"KEY", b"UNIQUE", b"CONSTRAINT", b"INDEX", b"FOREIGN", b"CHECK"]
            .iter()
            .any(|key| word.eq_ignore_ascii_case(key));
        if let Some(index) = self.table
            && !is_key
            && !word.is_empty()
        {
            self.known[index].1.name(unquoted(word));
        }
    }

    /// Rows of an `INSERT`, up to its `;`. Values are read one by one; a row does not reach over
    /// its line, since a line break inside a string spoils it.
    fn rows(&mut self, text: &[u8], spot: Spot, binding: &mut Binding, sink: &mut impl Sink) {
        let mut at = 0;
        if self.in_string {
            let Some(end) = self.string(text, 0) else { return };
            (at, self.in_string) = (end, false);
        }
        while at < text.len() {
            match text[at] {
                b'(' if !binding.is_open() => {
                    let spot = Spot { offset: spot.offset + at as u64, ..spot };
                    match self.table {
                        Some(index) => self.known[index].1.begin(spot, binding),
                        None => {
                            at = match self.skip(text, at + 1) {
                                Some(end) => end,
                                None => return,
                            };
                            continue;
                        }
                    }
                    at += 1;
                }
                b')' => {
                    if let Some(index) = self.table {
                        self.known[index].1.end(binding, sink);
                    }
                    at += 1;
                }
                b';' => {
                    binding.spoil(RejectReason::Truncated);
                    binding.tell(sink);
                    self.state = State::Between;
                    return;
                }
                b'\'' => {
                    let Some(end) = self.string(text, at + 1) else {
                        binding.spoil(RejectReason::Truncated);
                        binding.tell(sink);
                        self.in_string = true;
                        return;
                    };
                    if let Some(index) = self.table
                        && binding.is_open()
                    {
                        self.known[index].1.value(Some(&self.value), binding);
                    }
                    at = end;
                }
                b',' | b' ' | b'\t' => at += 1,
                // What is left of a row that a line break has spoiled.
                _ if !binding.is_open() => at += 1,
                _ => {
                    let len =
                        text[at..].iter().take_while(|byte| !matches!(byte, b',' | b')' | b';')).count();
                    let bare = text[at..at + len].trim_ascii();
                    let value = Some(bare).filter(|bare| !bare.eq_ignore_ascii_case(b"NULL"));
                    if let Some(index) = self.table {
                        self.known[index].1.value(value, binding);
                    }
                    at += len;
                }
            }
        }
    }

    /// Reads the string that begins at `at`, its escapes undone, into `value`; tells where what
    /// follows its quote begins, and `None` where it does not close in this line.
    fn string(&mut self, text: &[u8], mut at: usize) -> Option<usize> {
        self.value.clear();
        loop {
            let byte = *text.get(at)?;
            match byte {
                b'\'' if text.get(at + 1) == Some(&b'\'') => {
                    self.value.push(b'\'');
                    at += 2;
                }
                b'\'' => return Some(at + 1),
                b'\\' if self.has_backslashes => {
                    self.value.push(match *text.get(at + 1)? {
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        b'0' => 0,
                        b'Z' => 26,
                        other => other,
                    });
                    at += 2;
                }
                byte => {
                    self.value.push(byte);
                    at += 1;
                }
            }
        }
    }

    /// Passes over a row that is not ours; `None` where the line ends inside it.
    fn skip(&mut self, text: &[u8], mut at: usize) -> Option<usize> {
        loop {
            at += memchr::memchr2(b'\'', b')', text.get(at..)?)?;
            if text[at] == b')' {
                return Some(at + 1);
            }
            match self.string(text, at + 1) {
                Some(end) => at = end,
                None => {
                    self.in_string = true;
                    return None;
                }
            }
        }
    }

    /// A row of `COPY`: cells between tabs, `\N` for NULL, up to a line `\.`.
    fn copied(&mut self, line: &Line<'_>, binding: &mut Binding, sink: &mut impl Sink) {
        if line.text == b"\\." {
            self.state = State::Between;
            return;
        }
        let Some(index) = self.table else { return };
        let columns = &mut self.known[index].1;
        columns.begin(line.spot, binding);
        for cell in line.text.split(|byte| *byte == b'\t') {
            if cell == b"\\N" {
                columns.value(None, binding);
                continue;
            }
            self.value.clear();
            let mut bytes = cell.iter();
            while let Some(&byte) = bytes.next() {
                self.value.push(match byte {
                    b'\\' => match bytes.next() {
                        Some(b'n') => b'\n',
                        Some(b'r') => b'\r',
                        Some(b't') => b'\t',
                        Some(&other) => other,
                        None => b'\\',
                    },
                    byte => byte,
                });
            }
            columns.value(Some(&self.value), binding);
        }
        columns.end(binding, sink);
    }
}

/// The table that a statement at the line's start is about.
pub(super) fn table_named(text: &[u8]) -> Option<&[u8]> {
    let rest = [&b"CREATE TABLE "[..], b"INSERT INTO ", b"COPY "]
        .iter()
        .find_map(|head| text.strip_prefix(*head))?;
    Some(table_name(rest).0)
}

fn is_copy(text: &[u8]) -> bool {
    text.starts_with(b"COPY ") && text.ends_with(b" FROM stdin;")
}

/// A table's bare name, whether MySQL's backquotes were around it, and what follows.
fn table_name(text: &[u8]) -> (&[u8], bool, &[u8]) {
    let end = text.iter().position(|byte| matches!(byte, b' ' | b'(')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let bare = memchr::memrchr(b'.', name).map_or(name, |at| &name[at + 1..]);
    (unquoted(bare), name.contains(&b'`'), rest.trim_ascii_start())
}

fn unquoted(name: &[u8]) -> &[u8] {
    let inside = |mark: u8| name.strip_prefix(&[mark])?.strip_suffix(&[mark]);
    inside(b'`').or_else(|| inside(b'"')).unwrap_or(name)
}

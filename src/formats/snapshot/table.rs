//! Kamailio's `db_text`: the first line declares the columns, `name(type,…)` each; rows are
//! separated by `:` and escaped by `\`.

use super::binding::{Binding, Line};
use super::columns::{Columns, Table};
use super::reader::Taken;
use crate::model::Sink;

/// A table under way.
#[derive(Debug)]
pub(super) struct DbText {
    columns: Columns,
    value: Vec<u8>,
}

impl DbText {
    /// Whether that line declares the columns of a location table.
    pub fn starts(text: &[u8]) -> bool {
        memchr::memmem::find(text, b" contact(str").is_some()
            && memchr::memmem::find(text, b" callid(str").is_some()
            && names(text).is_some_and(|mut names| names.all(|name| name.is_some()))
    }

    /// A table whose columns this line declares.
    pub fn new(text: &[u8]) -> Self {
        let mut columns = Columns::new(Table::Location);
        for name in names(text).into_iter().flatten().flatten() {
            columns.name(name);
        }
        Self { columns, value: Vec::new() }
    }

    /// Reads a row.
    pub fn line(&mut self, line: &Line<'_>, binding: &mut Binding, sink: &mut impl Sink) -> Taken {
        if line.text.is_empty() {
            return Taken::Yes;
        }
        if !line.text[0].is_ascii_digit() {
            return Taken::No;
        }
        self.columns.begin(line.spot, binding);
        let mut rest = line.text;
        loop {
            let end = cell_len(rest);
            unescape(&rest[..end], &mut self.value);
            // An empty cell is NULL or an empty text; neither says anything.
            let value = Some(self.value.as_slice()).filter(|value| !value.is_empty());
            self.columns.value(value, binding);
            match rest.get(end) {
                Some(_) => rest = &rest[end + 1..],
                None => break,
            }
        }
        self.columns.end(binding, sink);
        Taken::Yes
    }
}

/// The names before the brackets; `None` for a word that declares nothing.
fn names(text: &[u8]) -> Option<impl Iterator<Item = Option<&[u8]>>> {
    let words = text.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    (!text.first()?.is_ascii_whitespace()).then_some(words.map(|word| {
        let open = memchr::memchr(b'(', word)?;
        word.ends_with(b")").then(|| &word[..open])
    }))
}

/// Bytes up to the next `:` that no backslash escapes.
fn cell_len(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr2(b':', b'\\', rest)) {
        at += found;
        if text[at] == b':' {
            return at;
        }
        at += 2;
    }
    text.len()
}

fn unescape(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        out.push(match (byte, byte == b'\\') {
            (_, true) => match bytes.next() {
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'0') => 0,
                Some(&other) => other,
                None => b'\\',
            },
            (byte, false) => byte,
        });
    }
}

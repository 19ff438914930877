//! One table of a TOML file, read key by key.
//!
//! A reader asks for every key it knows and gives up only after the last one. What nobody asked
//! for is unknown, and what was asked for is the list that suggestions come from: there is no
//! second list of keys to keep in step. Every answer is noted with its origin for `book show`.

use super::document::File;
use super::problems::{Problems, meant, quoted, remedy};
use std::cell::{OnceCell, RefCell};
use toml_edit::{Item, Key, TableLike, Value};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// Nobody wrote it.
    Default,
    /// A line of the book, for everybody.
    Book(usize),
    /// A line of the book that holds for one tenant.
    Tenant(String, usize),
}

/// A key with the value it has in the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) origin: Origin,
}

/// A table as `book show` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
}

/// What was read from a table, where it stands, and how to show it.
#[derive(Debug, Clone)]
pub(super) struct Read<T> {
    pub(super) value: T,
    pub(super) line: usize,
    pub(super) shown: Shown,
}

/// A table that is being read.
pub(super) struct Section<'a> {
    pub(super) file: &'a File,
    pub(super) problems: &'a Problems,
    table: &'a dyn TableLike,
    /// As messages name it: `[cycle]`, `[[charge]]`, `a tier`.
    pub(super) label: String,
    /// Line of its header.
    pub(super) line: usize,
    /// The tenant whose override this is.
    tenant: OnceCell<String>,
    asked: RefCell<Vec<&'static str>>,
    /// Keys that are not there, until it is clear that they are not just misspelt.
    lacking: RefCell<Vec<(String, Option<usize>, String)>>,
    rows: RefCell<Vec<Row>>,
    /// What holds here where nothing is written: the rows of the tables that come before.
    inherited: RefCell<Vec<Row>>,
}

/// One value of a section.
pub(super) struct Field<'s, 'a> {
    pub(super) section: &'s Section<'a>,
    pub(super) key: &'static str,
    pub(super) value: &'a Value,
}

impl Field<'_, '_> {
    /// Reports what is wrong with the value, at its line.
    pub(super) fn fault<T>(&self, text: impl Into<String>) -> Option<T> {
        let line = self.value.span().map_or(self.section.line, |span| self.section.file.line(span.start));
        self.section.problems.report(line, text);
        None
    }

    /// The value as the user wrote it.
    pub(super) fn written(&self) -> &str {
        self.section.file.slice(self.value.span()).trim()
    }
}

impl<'a> Section<'a> {
    /// The whole document.
    pub(super) fn root(file: &'a File, problems: &'a Problems, table: &'a dyn TableLike) -> Self {
        Self {
            file,
            problems,
            table,
            label: String::new(),
            line: 1,
            tenant: OnceCell::new(),
            asked: RefCell::default(),
            lacking: RefCell::default(),
            rows: RefCell::default(),
            inherited: RefCell::default(),
        }
    }

    fn child(&self, label: String, line: usize, table: &'a dyn TableLike) -> Self {
        Self { label, line, tenant: self.tenant.clone(), ..Self::root(self.file, self.problems, table) }
    }

    /// From now on everything read here and below is one tenant's own.
    pub(super) fn belongs_to(&self, tenant: &str) {
        // A section has one owner; the first to say so is right.
        let _ = self.tenant.set(tenant.to_owned());
    }

    fn ask(&self, key: &'static str) -> Option<(&'a Key, &'a Item)> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        self.table.get_key_value(key)
    }

    /// Whether the key is written here, rightly or wrongly.
    pub(super) fn has(&self, key: &'static str) -> bool {
        self.ask(key).is_some()
    }

    /// The string under that key, where there is one: to name this table before it is judged.
    pub(super) fn text_of(&self, key: &'static str) -> Option<&'a str> {
        self.ask(key).and_then(|(_, item)| item.as_str())
    }

    /// The list under that key, where there is one.
    pub(super) fn array(&self, key: &'static str) -> Option<&'a toml_edit::Array> {
        self.ask(key).and_then(|(_, item)| item.as_array())
    }

    /// Line of a key, or of the header where the key is not written.
    pub(super) fn line_of(&self, key: &str) -> usize {
        self.table.key(key).and_then(Key::span).map_or(self.line, |span| self.file.line(span.start))
    }

    /// A table whose keys are the user's own: each with its line; `None` where it is absent or wrong.
    pub(super) fn own_table(&self, key: &'static str) -> Option<Vec<(&'a str, usize, &'a Item)>> {
        let (_, item) = self.ask(key)?;
        let Some(table) = item.as_table_like() else {
            self.problems
                .report(self.line_of(key), format!("`{key}` is a table; write it as `{key} = {{ … }}`"));
            return None;
        };
        let line_of = |name| {
            table.key(name).and_then(Key::span).map_or(self.line_of(key), |span| self.file.line(span.start))
        };
        Some(table.iter().map(|(name, item)| (name, line_of(name), item)).collect())
    }

    /// A table to look a few things up in: nothing else in it is judged.
    pub(super) fn peek(&self, key: &'static str) -> Option<Section<'a>> {
        let (_, item) = self.ask(key)?;
        let table = item.as_table_like()?;
        Some(self.child(format!("[{}]", self.path(key)), self.line_of(key), table))
    }

    /// From now on an absent key is shown with the value and origin it has in those rows.
    pub(super) fn inherits(&self, rows: &[Row]) {
        self.inherited.borrow_mut().extend_from_slice(rows);
    }

    /// Notes what a key has in the end; `line` is `None` where it is not written here.
    pub(super) fn note(&self, key: &str, value: impl Into<String>, line: Option<usize>) {
        let own = |origin| Row { key: key.to_owned(), value: value.into(), origin };
        let row = match (line, self.tenant.get()) {
            (Some(line), Some(tenant)) => own(Origin::Tenant(tenant.clone(), line)),
            (Some(line), None) => own(Origin::Book(line)),
            (None, _) => {
                let inherited = self.inherited.borrow();
                inherited.iter().find(|row| row.key == key).cloned().unwrap_or_else(|| own(Origin::Default))
            }
        };
        self.rows.borrow_mut().push(row);
    }

    fn read<T>(
        &self,
        key: &'static str,
        (name, item): (&'a Key, &'a Item),
        read: impl FnOnce(&Field<'_, 'a>) -> Option<T>,
    ) -> Option<T> {
        let line = name.span().map_or(self.line, |span| self.file.line(span.start));
        let Some(value) = item.as_value() else {
            self.problems.report(line, format!("`{key}` is a value, not a table; write `{key} = …`"));
            return None;
        };
        self.note(key, show_value(self.file, value), Some(line));
        read(&Field { section: self, key, value })
    }

    /// The key's value; `None` where it is absent or wrong.
    pub(super) fn get<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&Field<'_, 'a>) -> Option<T>,
    ) -> Option<T> {
        match self.ask(key) {
            Some(found) => self.read(key, found, read),
            None => {
                self.note(key, "-", None);
                None
            }
        }
    }

    /// The key's value; its absence is a problem.
    pub(super) fn need<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&Field<'_, 'a>) -> Option<T>,
    ) -> Option<T> {
        match self.ask(key) {
            Some(found) => self.read(key, found, read),
            None => {
                self.missing(key, "");
                None
            }
        }
    }

    /// Reports that a key is not there; `remedy` follows after a semicolon.
    pub(super) fn missing(&self, key: &str, remedy: &str) {
        let semicolon = if remedy.is_empty() { "" } else { "; " };
        let place = if self.label.is_empty() { String::new() } else { format!(" in {}", self.label) };
        self.lacks(key, format!("`{key}` is missing{place}{semicolon}{remedy}"));
    }

    /// Reports a text about a key that is not there, unless the key turns out to be misspelt:
    /// one mistake is one problem.
    pub(super) fn lacks(&self, key: &str, text: String) {
        let line = (!self.label.is_empty()).then_some(self.line);
        self.lacking.borrow_mut().push((key.trim_matches(['[', ']']).to_owned(), line, text));
    }

    /// Whether a key stands here that looks like this one.
    pub(super) fn misspells(&self, key: &'static str) -> bool {
        self.table.iter().any(|(written, _)| written != key && meant(written, [key]).is_some())
    }

    /// The key's value, or the default, shown as given.
    pub(super) fn get_or<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&Field<'_, 'a>) -> Option<T>,
        default: T,
        shown: &str,
    ) -> T {
        match self.ask(key) {
            Some(found) => self.read(key, found, read).unwrap_or(default),
            None => {
                self.note(key, shown, None);
                default
            }
        }
    }

    /// One of a few words, or the default.
    pub(super) fn choose<T: Copy + PartialEq>(
        &self,
        key: &'static str,
        words: &[(&str, T)],
        default: T,
    ) -> T {
        let shown = words.iter().find(|(_, meaning)| *meaning == default).map_or("-", |(word, _)| word);
        self.get_or(key, |field| choice(field, words), default, shown)
    }

    /// One of a few words; its absence is a problem.
    pub(super) fn need_choice<T: Copy>(&self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        self.need(key, |field| choice(field, words))
    }

    /// Reports the key, if it is written, as out of place: `why` follows its name.
    pub(super) fn refuse(&self, key: &'static str, why: &str) {
        if self.has(key) {
            self.problems.report(self.line_of(key), format!("`{key}` {why}"));
        }
    }

    /// The table of that name; `None` where it is absent or wrong.
    pub(super) fn table<T>(
        &self,
        key: &'static str,
        read: impl FnOnce(&Section<'a>) -> Option<T>,
    ) -> Option<Read<T>> {
        let (_, item) = self.ask(key)?;
        let label = format!("[{}]", self.path(key));
        let Some(table) = item.as_table_like() else {
            let text = format!("`{key}` is one table; write it as `{label}`");
            self.problems.report(self.line_of(key), text);
            return None;
        };
        let line = item.span().map_or(self.line_of(key), |span| self.file.line(span.start));
        self.child(label, line, table).run(read)
    }

    /// The tables of that name, the good ones; `None` where there is no such list.
    ///
    /// `label` is how messages name one of them where the name itself is no help.
    pub(super) fn tables<T>(
        &self,
        key: &'static str,
        label: Option<&str>,
        mut read: impl FnMut(&Section<'a>) -> Option<T>,
    ) -> Option<Vec<Read<T>>> {
        let (_, item) = self.ask(key)?;
        let label = label.map_or_else(|| format!("[[{}]]", self.path(key)), str::to_owned);
        let mut entries: Vec<(usize, &'a dyn TableLike)> = Vec::new();
        let line_of = |span: Option<std::ops::Range<usize>>| {
            span.map_or(self.line_of(key), |span| self.file.line(span.start))
        };
        let mut is_list = true;
        match item {
            Item::ArrayOfTables(tables) => {
                entries.extend(tables.iter().map(|table| (line_of(table.span()), table as &dyn TableLike)));
            }
            Item::Value(Value::Array(values)) => {
                for value in values {
                    match value.as_inline_table() {
                        Some(table) => entries.push((line_of(value.span()), table)),
                        None => is_list = false,
                    }
                }
            }
            _ => is_list = false,
        }
        if !is_list {
            let form = if label.starts_with('[') { label } else { format!("{key} = [ {{ … }} ]") };
            let text = format!("`{key}` is a list of tables; write each as `{form}`");
            self.problems.report(self.line_of(key), text);
            return None;
        }
        Some(
            entries
                .into_iter()
                .filter_map(|(line, table)| self.child(label.clone(), line, table).run(&mut read))
                .collect(),
        )
    }

    /// A dotted name as headers write it.
    fn path(&self, key: &str) -> String {
        let parent = self.label.trim_matches(['[', ']']);
        if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") }
    }

    fn run<T>(self, read: impl FnOnce(&Section<'a>) -> Option<T>) -> Option<Read<T>> {
        let value = read(&self);
        self.report_unknown();
        let shown = Shown { title: self.label.clone(), rows: self.rows.into_inner() };
        value.map(|value| Read { value, line: self.line, shown })
    }

    /// Reports every key that nobody asked for, and returns the rows.
    pub(super) fn finish(self) -> Vec<Row> {
        self.report_unknown();
        self.rows.into_inner()
    }

    fn report_unknown(&self) {
        let asked = self.asked.borrow();
        let place = if self.label.is_empty() { String::new() } else { format!(" in {}", self.label) };
        let mut misspelt = Vec::new();
        for (key, item) in self.table.iter().filter(|(key, _)| !asked.contains(key)) {
            let is_table = item.is_table() || item.is_array_of_tables();
            let kind = if is_table { "table" } else { "key" };
            let absent: Vec<&str> =
                asked.iter().copied().filter(|known| !self.table.contains_key(known)).collect();
            // What is written already was hardly meant a second time.
            let near = meant(key, absent.iter().copied()).or_else(|| meant(key, asked.iter().copied()));
            let remedy = if let Some(word) = near {
                misspelt.push(word);
                format!("; did you mean `{word}`?")
            } else if !self.label.is_empty() && ["schema", "currency", "rounding"].contains(&key) {
                // TOML gives a key to the table above it, however it is indented.
                "; it belongs above the first [table]".to_owned()
            } else {
                String::new()
            };
            let text = format!("unknown {kind} {}{place}{remedy}", quoted(key));
            self.problems.unknown(self.line_of(key), text);
        }
        for (key, line, text) in self.lacking.take() {
            if !misspelt.contains(&key.as_str()) {
                self.problems.report(line, text);
            }
        }
    }
}

/// One of a few words.
pub(super) fn choice<T: Copy>(field: &Field<'_, '_>, words: &[(&str, T)]) -> Option<T> {
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let Some(word) = field.value.as_str() else {
        let all = super::problems::alternatives(&names);
        return field.fault(format!("`{}` is one of the words {all}, in quotes", field.key));
    };
    match words.iter().find(|(name, _)| *name == word) {
        Some(&(_, meaning)) => Some(meaning),
        None => field.fault(format!("unknown `{}` {}; {}", field.key, quoted(word), remedy(word, &names))),
    }
}

/// A value on one line, strings without their quotes.
pub(super) fn show_value(file: &File, value: &Value) -> String {
    match value {
        Value::String(text) => text.value().escape_debug().to_string().replace("\\\\", "\\"),
        Value::Array(values) => {
            let all: Vec<String> = values.iter().map(|value| show_value(file, value)).collect();
            if all.is_empty() { "none".to_owned() } else { all.join(", ") }
        }
        Value::InlineTable(table) => {
            let all = table.iter().map(|(key, value)| format!("{key} = {}", show_value(file, value)));
            all.collect::<Vec<_>>().join(", ")
        }
        other => file.slice(other.span()).trim().to_owned(),
    }
}

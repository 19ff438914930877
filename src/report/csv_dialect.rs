//! The two spellings of CSV, and the one place where cells are written.
//!
//! Both are RFC 4180 in UTF-8: records end in CR LF, a cell is quoted where it must be. The
//! machine dialect is for scripts. The spreadsheet dialect begins with a byte order mark, and
//! puts `'` before a text cell that a spreadsheet would run as a formula.

use super::digits::push_number;
use super::text;
use crate::model::marks::holds_any;
use crate::model::{Moment, Platforms, SipIdRef};
use std::fmt::Display;
use std::io::{self, Write};

/// How CSV is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// For scripts: no byte order mark, no cell is touched.
    #[default]
    Machine,
    /// For Excel and its like.
    Spreadsheet,
}

impl Dialect {
    /// Both, in the order of the help.
    pub const ALL: [Self; 2] = [Self::Machine, Self::Spreadsheet];

    /// The name used in flags.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Spreadsheet => "spreadsheet",
        }
    }

    /// The dialect of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name)
    }
}

/// Rows of a CSV file in memory, made cell by cell, each at its place in the text.
///
/// Runs of rows can be made by themselves, on many threads, and be written one behind the other.
/// Every row has as many cells as the header, or [`Rows::end_row`] panics.
#[derive(Debug, Clone)]
pub struct Rows {
    dialect: Dialect,
    columns: usize,
    bytes: Vec<u8>,
    /// Cells of the row that is being made.
    cells: usize,
}

/// Neighbouring cells that many rows share, ready to be put into each of them.
#[derive(Debug, Clone)]
pub struct Cells {
    bytes: Vec<u8>,
    number: usize,
}

impl Rows {
    /// Rows of so many cells, none yet. A sheet has two columns at least.
    pub fn new(dialect: Dialect, columns: usize) -> Self {
        Self { dialect, columns, bytes: Vec::new(), cells: 0 }
    }

    /// Rows of so many cells in room that was used before.
    pub fn reusing(mut room: Vec<u8>, dialect: Dialect, columns: usize) -> Self {
        room.clear();
        Self { bytes: room, ..Self::new(dialect, columns) }
    }

    /// What a file begins with.
    pub fn header(dialect: Dialect, columns: &[&str]) -> Self {
        let mut rows = Self::new(dialect, columns.len());
        if dialect == Dialect::Spreadsheet {
            rows.bytes.extend_from_slice("\u{FEFF}".as_bytes());
        }
        columns.iter().for_each(|column| rows.value(column));
        rows.end_row();
        rows
    }

    /// Cells made beforehand.
    pub fn shared(dialect: Dialect, fill: impl FnOnce(&mut Self)) -> Cells {
        let mut rows = Self::new(dialect, usize::MAX);
        fill(&mut rows);
        Cells { bytes: rows.bytes, number: rows.cells }
    }

    /// Cells made beforehand, as the next ones.
    pub fn cells(&mut self, cells: &Cells) {
        self.part();
        self.bytes.extend_from_slice(&cells.bytes);
        self.cells += cells.number - 1;
    }

    /// A date, an amount, or a name that this program made up: written as it is.
    pub fn value(&mut self, value: impl Display) {
        self.cell(|out| write!(out, "{value}").expect("a value of ours can be displayed"));
    }

    /// The same, or an empty cell.
    pub fn optional(&mut self, value: Option<impl Display>) {
        match value {
            Some(value) => self.value(value),
            None => self.empty(),
        }
    }

    /// A name that this program made up and that no quotes are needed for.
    pub fn name(&mut self, name: &str) {
        self.part();
        self.bytes.extend_from_slice(name.as_bytes());
    }

    /// A whole number.
    pub fn number(&mut self, number: u64) {
        self.part();
        push_number(&mut self.bytes, number);
    }

    /// An instant in UTC, or an empty cell.
    pub fn moment(&mut self, moment: Option<Moment>) {
        self.part();
        if let Some(moment) = moment {
            moment.push_to(&mut self.bytes);
        }
    }

    /// An empty cell.
    pub fn empty(&mut self) {
        self.part();
    }

    /// Text of the logs, escaped reversibly.
    pub fn log_text(&mut self, bytes: &[u8]) {
        self.text_cell(|cell| push_escaped(cell, bytes));
    }

    /// Our own or the operator's text: a sentence, a name, a path as shown.
    pub fn text(&mut self, own: &str) {
        self.text_cell(|cell| match text::stays(own.as_bytes()) {
            true => cell.extend_from_slice(own.as_bytes()),
            false => cell.extend_from_slice(text::printable(own).as_bytes()),
        });
    }

    /// A SIP-ID as a SIP URI: a spreadsheet then takes `+420…` for neither a formula nor a number.
    pub fn sip_uri(&mut self, sip_id: SipIdRef<'_>) {
        if sip_id.is_plain() {
            // Neither quotes nor escapes can be needed.
            self.part();
            self.bytes.extend_from_slice(b"sip:");
            return self.bytes.extend_from_slice(sip_id.as_bytes());
        }
        self.text_cell(|cell| {
            cell.extend_from_slice(b"sip:");
            push_escaped(cell, sip_id.escaped().as_bytes());
        });
    }

    /// One User-Agent; empty where none is known, `\e` where it was sent empty.
    pub fn agent(&mut self, agent: Option<&[u8]>) {
        self.text_cell(|cell| {
            let mut text = String::new();
            text::push_agent(&mut text, agent);
            cell.extend_from_slice(text.as_bytes());
        });
    }

    /// Several User-Agents, separated by ` | `.
    pub fn agents(&mut self, agents: &[&[u8]]) {
        let stay = || agents.iter().all(|agent| text::stays_among_agents(agent));
        if self.dialect == Dialect::Machine && !agents.is_empty() && stay() {
            // Nearly every cell of millions.
            self.part();
            let start = self.bytes.len();
            for (index, agent) in agents.iter().enumerate() {
                if index > 0 {
                    self.bytes.extend_from_slice(text::AGENT_SEPARATOR.as_bytes());
                }
                self.bytes.extend_from_slice(agent);
            }
            return quote(&mut self.bytes, start);
        }
        self.text_cell(|cell| {
            let mut text = String::new();
            text::push_agents(&mut text, agents);
            cell.extend_from_slice(text.as_bytes());
        });
    }

    /// Platforms, separated by a blank.
    pub fn platforms(&mut self, platforms: Platforms) {
        self.part();
        for (index, platform) in platforms.iter().enumerate() {
            if index > 0 {
                self.bytes.push(b' ');
            }
            self.bytes.extend_from_slice(platform.name().as_bytes());
        }
    }

    /// Ends the row.
    ///
    /// # Panics
    ///
    /// If it is longer or shorter than the header.
    pub fn end_row(&mut self) {
        assert_eq!(self.cells, self.columns, "a row has a cell for every column");
        self.cells = 0;
        self.bytes.extend_from_slice(b"\r\n");
    }

    /// The rows made so far, all of them ended.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Begins a cell.
    fn part(&mut self) {
        if self.cells > 0 {
            self.bytes.push(b',');
        }
        self.cells += 1;
    }

    fn cell(&mut self, make: impl FnOnce(&mut Vec<u8>)) {
        self.part();
        let start = self.bytes.len();
        make(&mut self.bytes);
        quote(&mut self.bytes, start);
    }

    fn text_cell(&mut self, make: impl FnOnce(&mut Vec<u8>)) {
        self.part();
        let start = self.bytes.len();
        make(&mut self.bytes);
        if self.dialect == Dialect::Spreadsheet && looks_like_a_formula(&self.bytes[start..]) {
            self.bytes.insert(start, b'\'');
        }
        quote(&mut self.bytes, start);
    }
}

fn push_escaped(cell: &mut Vec<u8>, bytes: &[u8]) {
    match text::stays(bytes) {
        true => cell.extend_from_slice(bytes),
        false => cell.extend_from_slice(text::escaped(bytes).as_bytes()),
    }
}

/// Quotes what stands from that place on, if it must be.
fn quote(bytes: &mut Vec<u8>, start: usize) {
    if !holds_any(b",\"\r\n", &bytes[start..]) {
        return;
    }
    let cell = bytes.split_off(start);
    bytes.push(b'"');
    for byte in cell {
        if byte == b'"' {
            bytes.push(b'"');
        }
        bytes.push(byte);
    }
    bytes.push(b'"');
}

/// A CSV file being written, row by row.
///
/// Writers end with [`Sheet::finish`], which says whether the last bytes went out.
pub struct Sheet<'w> {
    out: &'w mut dyn Write,
    rows: Rows,
}

/// So much is held back before it is written.
const HELD_BYTES_MAX: usize = 64 << 10;

impl<'w> Sheet<'w> {
    /// Starts a file with its header.
    pub fn new(out: &'w mut dyn Write, dialect: Dialect, columns: &[&str]) -> Self {
        Self { out, rows: Rows::header(dialect, columns) }
    }

    /// Writes one row, whose cells `fill` makes.
    ///
    /// # Errors
    ///
    /// What the writer below says.
    ///
    /// # Panics
    ///
    /// As [`Rows::end_row`].
    pub fn row(&mut self, fill: impl FnOnce(&mut Rows)) -> io::Result<()> {
        fill(&mut self.rows);
        self.rows.end_row();
        if self.rows.bytes.len() > HELD_BYTES_MAX { self.write() } else { Ok(()) }
    }

    /// Writes out what is still held back.
    pub fn finish(mut self) -> io::Result<()> {
        self.write()?;
        self.out.flush()
    }

    fn write(&mut self) -> io::Result<()> {
        self.out.write_all(&self.rows.bytes)?;
        self.rows.bytes.clear();
        Ok(())
    }
}

/// What a spreadsheet runs. Full-width signs are read as the plain ones by East Asian editions.
fn looks_like_a_formula(cell: &[u8]) -> bool {
    ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"]
        .iter()
        .any(|sign| cell.starts_with(sign.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sheet(dialect: Dialect, rows: impl IntoIterator<Item = impl FnOnce(&mut Rows)>) -> String {
        let mut out = Vec::new();
        let mut sheet = Sheet::new(&mut out, dialect, &["a", "b"]);
        rows.into_iter().for_each(|row| sheet.row(row).unwrap());
        sheet.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn records_end_in_cr_lf_and_quotes_are_doubled() {
        let row = |row: &mut Rows| {
            row.log_text(b"x, \"y\"");
            row.value(7);
        };
        assert_eq!(sheet(Dialect::Machine, [row]), "a,b\r\n\"x, \"\"y\"\"\",7\r\n");
    }

    #[test]
    fn a_spreadsheet_runs_no_text_and_adds_up_numbers() {
        let rows = ["=1+1", "+420", "-x", "@x", "\tx", "x=1", "＝1"].map(|text| {
            |row: &mut Rows| {
                row.log_text(text.as_bytes());
                row.value("-1.00");
            }
        });
        let csv = sheet(Dialect::Spreadsheet, rows);
        let cells: Vec<&str> = csv.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
        assert_eq!(cells, ["'=1+1", "'+420", "'-x", "'@x", r"\x09x", "x=1", "'＝1"]);
        assert!(csv.starts_with("\u{FEFF}a,b\r\n"));
        assert!(csv.contains(",-1.00\r\n"));
    }

    #[test]
    fn a_script_gets_the_text_itself() {
        let row = |row: &mut Rows| {
            row.text("=1+1");
            row.agents(&[b"+A"]);
        };
        assert_eq!(sheet(Dialect::Machine, [row]), "a,b\r\n=1+1,+A\r\n");
    }

    #[test]
    #[should_panic(expected = "a row has a cell for every column")]
    fn a_row_as_long_as_no_header_is_a_mistake_of_ours() {
        sheet(Dialect::Machine, [|row: &mut Rows| row.value(1)]);
    }

    #[test]
    fn cells_made_beforehand_count_as_cells() {
        let shared = Rows::shared(Dialect::Machine, |row| {
            row.text("x,y");
            row.empty();
        });
        assert_eq!(sheet(Dialect::Machine, [|row: &mut Rows| row.cells(&shared)]), "a,b\r\n\"x,y\",\r\n");
    }

    proptest! {
        #[test]
        fn user_agents_are_spelled_as_any_text_is(agents in prop::collection::vec("[a,\"|\\\\=é\x07 ]{0,4}", 0..3)) {
            let agents: Vec<&[u8]> = agents.iter().map(String::as_bytes).collect();
            let mut text = String::new();
            text::push_agents(&mut text, &agents);
            for dialect in Dialect::ALL {
                let ours = Rows::shared(dialect, |row| row.agents(&agents));
                let theirs = Rows::shared(dialect, |row| {
                    row.text_cell(|cell| cell.extend_from_slice(text.as_bytes()));
                });
                prop_assert_eq!(ours.bytes, theirs.bytes);
            }
        }

        #[test]
        fn rows_are_spelled_as_the_csv_crate_spells_them(
            rows in prop::collection::vec(("[a,\"\r\n é]{0,6}", "[a,\"\r\n é]{0,6}"), 0..5),
        ) {
            let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
            csv.write_record(["a", "b"]).unwrap();
            rows.iter().for_each(|(one, other)| csv.write_record([one, other]).unwrap());
            let ours = sheet(Dialect::Machine, rows.iter().map(|(one, other)| {
                move |row: &mut Rows| {
                    row.value(one);
                    row.value(other);
                }
            }));
            prop_assert_eq!(ours.into_bytes(), csv.into_inner().unwrap());
        }
    }
}

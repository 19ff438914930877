//! The two spellings of CSV, and the one place where cells are written.
//!
//! Both are RFC 4180 in UTF-8: records end in CR LF, a cell is quoted where it must be. The
//! machine dialect is for scripts. The spreadsheet dialect begins with a byte order mark, and
//! puts `'` before a text cell that a spreadsheet would run as a formula.

use super::text;
use std::fmt::{Display, Write as _};
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

/// A CSV file being written, cell by cell.
///
/// Every row has as many cells as the header, or `end_row` is an error. Writers end with
/// [`Sheet::finish`], which says whether the last bytes went out.
pub struct Sheet<'w> {
    csv: csv::Writer<&'w mut dyn Write>,
    dialect: Dialect,
    /// The cell being made: one buffer for all of them.
    cell: String,
}

impl<'w> Sheet<'w> {
    /// Starts a file with its header.
    ///
    /// # Errors
    ///
    /// What the writer below says.
    pub fn new(out: &'w mut dyn Write, dialect: Dialect, columns: &[&str]) -> io::Result<Self> {
        if dialect == Dialect::Spreadsheet {
            out.write_all("\u{FEFF}".as_bytes())?;
        }
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        csv.write_record(columns)?;
        Ok(Self { csv, dialect, cell: String::new() })
    }

    /// A number, a date, or a name that this program made up: written as it is.
    pub fn value(&mut self, value: impl Display) -> io::Result<()> {
        self.fill(|cell| write!(cell, "{value}").expect("a value of ours can be displayed"));
        self.write_cell()
    }

    /// The same, or an empty cell.
    pub fn optional(&mut self, value: Option<impl Display>) -> io::Result<()> {
        match value {
            Some(value) => self.value(value),
            None => self.empty(),
        }
    }

    /// An empty cell.
    pub fn empty(&mut self) -> io::Result<()> {
        Ok(self.csv.write_field("")?)
    }

    /// Text of the logs, escaped reversibly.
    pub fn log_text(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.text_cell(|cell| text::push_escaped(cell, bytes))
    }

    /// Our own or the operator's text: a sentence, a name, a path as shown.
    pub fn text(&mut self, own: &str) -> io::Result<()> {
        self.text_cell(|cell| text::push_printable(cell, own))
    }

    /// One User-Agent; empty where none is known, `\e` where it was sent empty.
    pub fn agent(&mut self, agent: Option<&[u8]>) -> io::Result<()> {
        self.text_cell(|cell| text::push_agent(cell, agent))
    }

    /// Several User-Agents, separated by ` | `.
    pub fn agents(&mut self, agents: &[Box<[u8]>]) -> io::Result<()> {
        self.text_cell(|cell| text::push_agents(cell, agents))
    }

    /// Names of ours, separated by a blank.
    pub fn words(&mut self, words: impl IntoIterator<Item = impl Display>) -> io::Result<()> {
        self.fill(|cell| {
            for word in words {
                let blank = if cell.is_empty() { "" } else { " " };
                write!(cell, "{blank}{word}").expect("a value of ours can be displayed");
            }
        });
        self.write_cell()
    }

    /// Ends the row.
    ///
    /// # Errors
    ///
    /// What the writer below says, or that the row is longer or shorter than the header.
    pub fn end_row(&mut self) -> io::Result<()> {
        Ok(self.csv.write_record(None::<&[u8]>)?)
    }

    /// Writes out what is still held back.
    pub fn finish(mut self) -> io::Result<()> {
        self.csv.flush()
    }

    fn fill(&mut self, make: impl FnOnce(&mut String)) {
        self.cell.clear();
        make(&mut self.cell);
    }

    fn text_cell(&mut self, make: impl FnOnce(&mut String)) -> io::Result<()> {
        self.fill(make);
        if self.dialect == Dialect::Spreadsheet && looks_like_a_formula(&self.cell) {
            self.cell.insert(0, '\'');
        }
        self.write_cell()
    }

    fn write_cell(&mut self) -> io::Result<()> {
        Ok(self.csv.write_field(&self.cell)?)
    }
}

/// What a spreadsheet runs. Full-width signs are read as the plain ones by East Asian editions.
fn looks_like_a_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(dialect: Dialect, fill: impl FnOnce(&mut Sheet<'_>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        let mut sheet = Sheet::new(&mut out, dialect, &["a", "b"]).unwrap();
        fill(&mut sheet).unwrap();
        sheet.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn records_end_in_cr_lf_and_quotes_are_doubled() {
        let csv = sheet(Dialect::Machine, |sheet| {
            sheet.log_text(b"x, \"y\"")?;
            sheet.value(7)?;
            sheet.end_row()
        });
        assert_eq!(csv, "a,b\r\n\"x, \"\"y\"\"\",7\r\n");
    }

    #[test]
    fn a_spreadsheet_runs_no_text_and_adds_up_numbers() {
        let csv = sheet(Dialect::Spreadsheet, |sheet| {
            for text in ["=1+1", "+420", "-x", "@x", "\tx", "x=1", "＝1"] {
                sheet.log_text(text.as_bytes())?;
                sheet.value("-1.00")?;
                sheet.end_row()?;
            }
            Ok(())
        });
        let cells: Vec<&str> = csv.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
        assert_eq!(cells, ["'=1+1", "'+420", "'-x", "'@x", r"\x09x", "x=1", "'＝1"]);
        assert!(csv.starts_with("\u{FEFF}a,b\r\n"));
        assert!(csv.contains(",-1.00\r\n"));
    }

    #[test]
    fn a_script_gets_the_text_itself() {
        let csv = sheet(Dialect::Machine, |sheet| {
            sheet.text("=1+1")?;
            sheet.agents(&[b"+A"[..].into()])?;
            sheet.end_row()
        });
        assert_eq!(csv, "a,b\r\n=1+1,+A\r\n");
    }

    #[test]
    fn a_row_as_long_as_no_header_is_an_error() {
        let mut out = Vec::new();
        let mut sheet = Sheet::new(&mut out, Dialect::Machine, &["a", "b"]).unwrap();
        sheet.value(1).unwrap();
        assert!(sheet.end_row().is_err());
    }
}

//! Aligned tables for terminals. Knows nothing of users or money.

use super::Users;
use super::stretches::write_users;
use crate::model::AuditedUser;
use rayon::prelude::*;
use std::io::{self, Write};

/// Between two columns.
const GAP: usize = 2;

/// On which side a column's cells stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// The head of a column.
#[derive(Debug, Clone)]
pub struct Column {
    pub title: String,
    pub align: Align,
    /// Down to how many characters the column may be cut where the table is too wide; `None` for
    /// columns that are always shown in full.
    pub width_min: Option<usize>,
}

impl Column {
    /// Text that is always shown in full.
    pub fn text(title: &str) -> Self {
        Self { title: title.to_owned(), align: Align::Left, width_min: None }
    }

    /// Text that gives way where the table is too wide.
    pub fn elastic(title: &str, width_min: usize) -> Self {
        Self { width_min: Some(width_min), ..Self::text(title) }
    }

    /// Numbers, always shown in full.
    pub fn number(title: &str) -> Self {
        Self { align: Align::Right, ..Self::text(title) }
    }
}

/// Rows of text under a header. Cells must be printable: the table only counts characters.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    totals: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new(), totals: Vec::new() }
    }

    /// Adds a row.
    ///
    /// # Panics
    ///
    /// If it has more or fewer cells than there are columns.
    pub fn push(&mut self, row: Vec<String>) {
        assert_eq!(row.len(), self.columns.len(), "a row has a cell for every column");
        self.rows.push(row);
    }

    /// Adds a row below the line that closes the table.
    ///
    /// # Panics
    ///
    /// As [`Table::push`].
    pub fn push_total(&mut self, row: Vec<String>) {
        assert_eq!(row.len(), self.columns.len(), "a total has a cell for every column");
        self.totals.push(row);
    }

    /// The table as lines without line ends: header, line, rows, and line and totals if there
    /// are any. Elastic columns are cut with `…`, the last one first, until the table is no
    /// wider than `width`, or cannot become narrower.
    pub fn lines(&self, width: Option<usize>) -> Lines {
        let mut widest = Widths::of_titles(&self.columns);
        for row in self.rows.iter().chain(&self.totals) {
            widest.take_in(row.iter().map(String::as_str));
        }
        let layout = Layout::new(&self.columns, widest, width);
        let strings = |row: &Vec<String>| layout.line(row.iter().map(String::as_str));
        Lines {
            header: layout.header(),
            rule: layout.rule(),
            rows: self.rows.iter().map(strings).collect(),
            totals: self.totals.iter().map(strings).collect(),
        }
    }
}

/// Writes a table of users: as [`Table::lines`] lays it out, without totals.
///
/// The cells of a user are made twice, once for the widths and once for the lines, so that the
/// table is never held whole.
///
/// # Errors
///
/// What the writer says.
pub fn write_table(
    out: &mut dyn Write,
    columns: &[Column],
    users: &(impl Users + ?Sized),
    width: Option<usize>,
    fill: impl Fn(&mut Row, &AuditedUser<'_>) + Sync,
) -> io::Result<()> {
    let widest_of = |stretch: usize| {
        let (mut widest, mut row) = (Widths::of_titles(columns), Row::default());
        users.each(stretch, &mut |user| {
            row.fill(&fill, user);
            widest.take_in(row.cells());
        });
        widest
    };
    let widest = (0..users.stretches()).into_par_iter().map(widest_of);
    let layout = Layout::new(columns, widest.reduce(|| Widths::of_titles(columns), Widths::join), width);
    write!(out, "{}\n{}\n", layout.header(), layout.rule())?;
    let push = |(lines, row): &mut (String, Row), user: &AuditedUser<'_>| {
        row.fill(&fill, user);
        layout.push_line(lines, row.cells());
        lines.push('\n');
    };
    write_users(out, users, Default::default, push, |(lines, _)| lines.into_bytes())
}

/// The cells of one row, behind one another in one text.
#[derive(Debug, Default)]
pub struct Row {
    text: String,
    ends: Vec<usize>,
}

impl Row {
    /// Adds a cell.
    pub fn cell(&mut self, make: impl FnOnce(&mut String)) {
        make(&mut self.text);
        self.ends.push(self.text.len());
    }

    fn fill(&mut self, fill: impl Fn(&mut Self, &AuditedUser<'_>), user: &AuditedUser<'_>) {
        self.text.clear();
        self.ends.clear();
        fill(self, user);
    }

    fn cells(&self) -> impl Iterator<Item = &str> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end])
    }
}

/// Characters of the widest cell of each column.
#[derive(Debug, Clone)]
struct Widths(Vec<usize>);

impl Widths {
    fn of_titles(columns: &[Column]) -> Self {
        Self(columns.iter().map(|column| chars(&column.title)).collect())
    }

    fn take_in<'t>(&mut self, cells: impl Iterator<Item = &'t str>) {
        for (widest, cell) in self.0.iter_mut().zip(cells) {
            *widest = (*widest).max(chars(cell));
        }
    }

    fn join(self, other: Self) -> Self {
        Self(self.0.into_iter().zip(other.0).map(|(one, other)| one.max(other)).collect())
    }
}

/// Columns with the widths that they are given.
struct Layout<'t> {
    columns: &'t [Column],
    widths: Vec<usize>,
}

impl<'t> Layout<'t> {
    /// Columns as wide as their widest cells, or cut.
    fn new(columns: &'t [Column], Widths(mut widths): Widths, width: Option<usize>) -> Self {
        let total = widths.iter().sum::<usize>() + GAP * (widths.len().max(1) - 1);
        let mut excess = width.map_or(0, |width| total.saturating_sub(width));
        for (column, width) in columns.iter().zip(&mut widths).rev() {
            if let Some(width_min) = column.width_min {
                let give = excess.min(width.saturating_sub(width_min.max(chars(&column.title))));
                *width -= give;
                excess -= give;
            }
        }
        Self { columns, widths }
    }

    fn header(&self) -> String {
        self.line(self.columns.iter().map(|column| &column.title[..]))
    }

    fn rule(&self) -> String {
        "─".repeat(self.widths.iter().sum::<usize>() + GAP * (self.widths.len().max(1) - 1))
    }

    fn line<'c>(&self, cells: impl Iterator<Item = &'c str>) -> String {
        let mut out = String::new();
        self.push_line(&mut out, cells);
        out
    }

    fn push_line<'c>(&self, out: &mut String, cells: impl Iterator<Item = &'c str>) {
        let start = out.len();
        for (index, ((cell, column), &width)) in cells.zip(self.columns).zip(&self.widths).enumerate() {
            if index > 0 {
                out.extend(std::iter::repeat_n(' ', GAP));
            }
            let len = chars(cell);
            let padding = std::iter::repeat_n(' ', width.saturating_sub(len));
            match column.align {
                _ if len > width => out.push_str(&cut(cell, width)),
                Align::Left => {
                    out.push_str(cell);
                    out.extend(padding);
                }
                Align::Right => {
                    out.extend(padding);
                    out.push_str(cell);
                }
            }
        }
        out.truncate(start + out[start..].trim_end().len());
    }
}

/// A table laid out, line by line, so that a caller can dress the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    pub header: String,
    /// As wide as the table.
    pub rule: String,
    pub rows: Vec<String>,
    pub totals: Vec<String>,
}

impl Lines {
    /// All lines, each with its line end.
    pub fn plain(&self) -> String {
        let mut out = format!("{}\n{}\n", self.header, self.rule);
        for row in &self.rows {
            out.extend([row, "\n"]);
        }
        if !self.totals.is_empty() {
            out.extend([&self.rule[..], "\n"]);
        }
        for total in &self.totals {
            out.extend([total, "\n"]);
        }
        out
    }
}

/// The text in at most that many characters, the last one `…` where it was cut.
pub fn cut(text: &str, width: usize) -> String {
    if chars(text) <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…'].into_iter().take(width)).collect()
}

/// Width in characters. East Asian and combining ones are counted as one column each, which puts
/// a row out of line at worst.
fn chars(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::super::samples::audited;
    use super::*;
    use proptest::prelude::*;

    fn table() -> Table {
        let mut table = Table::new(vec![
            Column::elastic("user", 6),
            Column::number("count"),
            Column::elastic("agents", 6),
        ]);
        table.push(vec!["1001@a.example".into(), "1,204".into(), "Acme Phone/1.0".into()]);
        table.push(vec!["é".into(), "7".into(), String::new()]);
        table.push_total(vec!["total".into(), "1,211".into(), String::new()]);
        table
    }

    #[test]
    fn numbers_stand_right_and_no_line_ends_in_blanks() {
        insta::assert_snapshot!(table().lines(None).plain(), @r"
        user            count  agents
        ─────────────────────────────────────
        1001@a.example  1,204  Acme Phone/1.0
        é                   7
        ─────────────────────────────────────
        total           1,211
        ");
    }

    #[test]
    fn the_last_elastic_column_gives_way_first() {
        let lines = table().lines(Some(29));
        assert_eq!(lines.rows[0], "1001@a.example  1,204  Acme …");
        let lines = table().lines(Some(25));
        assert_eq!(lines.rows[0], "1001@a.ex…  1,204  Acme …");
        assert_eq!(chars(&lines.rule), 25);
    }

    #[test]
    fn a_table_written_user_by_user_is_the_table_laid_out_whole() {
        fn fill(row: &mut Row, user: &AuditedUser<'_>) {
            row.cell(|out| out.push_str(&String::from_utf8_lossy(user.sip_id.as_bytes())));
            row.cell(|out| out.push_str(&user.registrations.to_string()));
            row.cell(|out| out.push_str("Acme Phone/1.0"));
        }
        let users = ["1001@a.example", "é", "a-rather-long-name@b.example"].map(audited);
        let columns = table().columns;
        for width in [None, Some(40), Some(29), Some(20)] {
            let mut out = Vec::new();
            write_table(&mut out, &columns, &users[..], width, fill).unwrap();
            let mut whole = Table::new(columns.clone());
            for user in &users {
                let mut row = Row::default();
                fill(&mut row, user);
                whole.push(row.cells().map(str::to_owned).collect());
            }
            assert_eq!(String::from_utf8(out).unwrap(), whole.lines(width).plain());
        }
    }

    proptest! {
        #[test]
        fn a_cut_text_is_never_too_wide(text in any::<String>(), width in 0usize..20) {
            prop_assert!(chars(&cut(&text, width)) <= width);
        }
    }
}

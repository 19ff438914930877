//! Aligned tables for terminals. Knows nothing of users or money.

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
        let widths = self.widths(width);
        let titles: Vec<&str> = self.columns.iter().map(|column| &column.title[..]).collect();
        let strings = |row: &Vec<String>| self.line(row.iter().map(String::as_str), &widths);
        Lines {
            header: self.line(titles.into_iter(), &widths),
            rule: "─".repeat(widths.iter().sum::<usize>() + GAP * (widths.len().max(1) - 1)),
            rows: self.rows.iter().map(strings).collect(),
            totals: self.totals.iter().map(strings).collect(),
        }
    }

    fn widths(&self, width: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|column| chars(&column.title)).collect();
        for row in self.rows.iter().chain(&self.totals) {
            for (widest, cell) in widths.iter_mut().zip(row) {
                *widest = (*widest).max(chars(cell));
            }
        }
        let total = widths.iter().sum::<usize>() + GAP * (widths.len().max(1) - 1);
        let mut excess = width.map_or(0, |width| total.saturating_sub(width));
        for (column, width) in self.columns.iter().zip(&mut widths).rev() {
            if let Some(width_min) = column.width_min {
                let give = excess.min(width.saturating_sub(width_min.max(chars(&column.title))));
                *width -= give;
                excess -= give;
            }
        }
        widths
    }

    fn line<'t>(&self, cells: impl Iterator<Item = &'t str>, widths: &[usize]) -> String {
        let mut out = String::new();
        for (index, ((cell, column), &width)) in cells.zip(&self.columns).zip(widths).enumerate() {
            let cell = cut(cell, width);
            let padding = " ".repeat(width - chars(&cell));
            if index > 0 {
                out.push_str(&" ".repeat(GAP));
            }
            match column.align {
                Align::Left => out.extend([&cell[..], &padding]),
                Align::Right => out.extend([&padding, &cell[..]]),
            }
        }
        out.truncate(out.trim_end().len());
        out
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

    proptest! {
        #[test]
        fn a_cut_text_is_never_too_wide(text in any::<String>(), width in 0usize..20) {
            prop_assert!(chars(&cut(&text, width)) <= width);
        }
    }
}

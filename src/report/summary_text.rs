//! What `bill` shows on a terminal when it is done.

use super::digits::grouped;
use super::table::{Column, Lines, Table, cut};
use super::text::printable;
use crate::model::{Category, Currency, Invoice, Money, Reason, UserNote};
use std::collections::BTreeMap;

/// What was billed and where it lies.
#[derive(Debug, Clone, Copy)]
pub struct BillSummary<'t> {
    /// In the order of time.
    pub cycles: &'t [CycleSummary<'t>],
    /// Things about the run as a whole, one sentence each.
    pub notes: &'t [String],
    /// The folder as the user named it.
    pub out: &'t str,
    pub status: BillStatus,
}

/// What the run left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillStatus {
    Draft,
    /// The bill is in the ledger.
    Final,
    /// The ledger had it, and got documents of what changed; none where nothing did.
    Correction,
}

/// A document that a correction wrote.
#[derive(Debug, Clone)]
pub struct IssuedDocument {
    pub invoice_number: String,
    pub tenant: String,
    /// Path below OUT.
    pub file: String,
    pub net: Money,
    pub tax: Money,
    pub total: Money,
}

/// One cycle with at least one invoice.
#[derive(Debug, Clone, Copy)]
pub struct CycleSummary<'t> {
    /// One per tenant, all of the same cycle. Of a correction, the bill as it would be if it were made now.
    pub invoices: &'t [Invoice],
    /// What a correction wrote of the cycle.
    pub documents: &'t [IssuedDocument],
    /// Users that were seen and not charged, by reason.
    pub unbilled: &'t BTreeMap<Reason, u64>,
}

/// The summary as lines with their line ends, at most `width` characters wide where the amounts
/// let it. With `has_style` headings are bold and lines dim, for terminals that show it.
pub fn summary_text(bill: &BillSummary<'_>, width: usize, has_style: bool) -> String {
    let mut page = Page::new(width, has_style);
    for cycle in bill.cycles.iter().filter(|cycle| !cycle.invoices.is_empty()) {
        match bill.status {
            BillStatus::Draft | BillStatus::Final => page.cycle(cycle),
            BillStatus::Correction => page.corrections(cycle),
        }
    }
    if !bill.notes.is_empty() {
        page.heading("Notes");
        bill.notes.iter().for_each(|note| page.item(note));
        page.blank();
    }
    page.places(bill);
    page.out
}

/// Text being laid out.
pub(super) struct Page {
    out: String,
    width: usize,
    has_style: bool,
}

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";

impl Page {
    pub(super) fn new(width: usize, has_style: bool) -> Self {
        Self { out: String::new(), width, has_style }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn into_text(self) -> String {
        self.out
    }

    fn cycle(&mut self, cycle: &CycleSummary<'_>) {
        let CycleSummary { invoices, unbilled, .. } = cycle;
        let Some(first) = invoices.first() else { return };
        let currency = first.total.currency();
        let currency =
            invoices.iter().all(|invoice| invoice.total.currency() == currency).then_some(currency);
        self.title(first, invoices.iter().any(|invoice| invoice.is_partial), currency);
        self.table(invoices, currency.is_none());

        let findings: Vec<String> = invoices.iter().flat_map(findings).collect();
        if !findings.is_empty() {
            self.heading("Worth a look");
            findings.iter().for_each(|finding| self.item(finding));
            self.blank();
        }
        self.unbilled(unbilled);
        let warnings =
            invoices.iter().flat_map(|invoice| invoice.warnings.iter().map(|text| of(invoice, text)));
        let warnings: Vec<String> = warnings.collect();
        if !warnings.is_empty() {
            self.heading("Warnings");
            warnings.iter().for_each(|warning| self.item(warning));
            self.blank();
        }
    }

    /// `currency` is that of every invoice, if they share one.
    fn title(&mut self, invoice: &Invoice, is_partial: bool, currency: Option<Currency>) {
        let cycle = &invoice.cycle;
        // The last day inside reads better than the first one after.
        let last = cycle.end_day.yesterday().unwrap_or(cycle.end_day);
        let days = if cycle.days() == 1 { "day" } else { "days" };
        let amounts =
            currency.map_or_else(String::new, |currency| format!(", amounts in {}", currency.code()));
        self.heading(&format!("Cycle {} to {last}, {} {days}{amounts}", cycle.first_day, cycle.days()));
        if is_partial {
            self.heading("PARTIAL: the logs end before the cycle does");
        }
        self.blank();
    }

    fn table(&mut self, invoices: &[Invoice], has_currencies: bool) {
        let mut columns = vec![Column::elastic("tenant", 8)];
        columns.extend(Category::ALL.map(|category| Column::number(category.name())));
        columns.extend(["net", "tax", "total"].map(Column::number));
        if has_currencies {
            // A blank title: the code stands beside the amount it belongs to.
            columns.push(Column::text(""));
        }
        let mut table = Table::new(columns);
        let mut totals: Vec<Totals> = Vec::new();
        for invoice in invoices {
            let users = Category::ALL.map(|category| invoice.usage.of(category).users);
            let row = Totals { users, net: invoice.net, tax: invoice.tax, total: invoice.total };
            table.push(row.cells(&printable(&invoice.tenant), has_currencies));
            match totals.iter_mut().find(|total| total.currency() == row.currency()) {
                Some(total) => total.add(&row),
                None => totals.push(row),
            }
        }
        if invoices.len() > 1 {
            totals.iter().for_each(|total| table.push_total(total.cells("total", has_currencies)));
        }
        self.lay_out(&table.lines(Some(self.width)));
        self.blank();
    }

    /// What was written, and what the cycle comes to with it.
    fn corrections(&mut self, cycle: &CycleSummary<'_>) {
        let CycleSummary { invoices, documents, .. } = cycle;
        let (Some(first), false) = (invoices.first(), documents.is_empty()) else { return };
        let currency = first.total.currency();
        let is_one = documents.iter().all(|document| document.total.currency() == currency);
        self.title(first, false, is_one.then_some(currency));
        let mut columns = vec![Column::elastic("tenant", 8), Column::text("document")];
        columns.extend(["net", "tax", "total", "cycle in all"].map(Column::number));
        if !is_one {
            columns.push(Column::text(""));
        }
        let mut table = Table::new(columns);
        for document in *documents {
            let in_all = invoices.iter().find(|invoice| invoice.tenant == document.tenant);
            let mut cells = vec![printable(&document.tenant), printable(&document.invoice_number)];
            cells.extend([document.net, document.tax, document.total].map(grouped));
            cells.push(in_all.map_or_else(String::new, |invoice| grouped(invoice.total)));
            if !is_one {
                cells.push(document.total.currency().code().to_owned());
            }
            table.push(cells);
        }
        self.lay_out(&table.lines(Some(self.width)));
        self.blank();
    }

    fn unbilled(&mut self, unbilled: &BTreeMap<Reason, u64>) {
        if unbilled.is_empty() {
            return;
        }
        self.heading("Seen and not charged");
        let mut counts: Vec<(Reason, u64)> =
            unbilled.iter().map(|(&reason, &users)| (reason, users)).collect();
        counts.sort_by_key(|&(reason, users)| (std::cmp::Reverse(users), reason));
        let widest = counts.iter().map(|(_, users)| grouped(users).len()).max().unwrap_or(0);
        for (reason, users) in counts {
            self.item(&format!("{:>widest$}  {}", grouped(users), reason.sentence()));
        }
        self.blank();
    }

    /// Where the files are.
    fn places(&mut self, bill: &BillSummary<'_>) {
        let status = match bill.status {
            BillStatus::Draft => "Draft bill",
            BillStatus::Final => "Final bill",
            BillStatus::Correction => return self.documents(bill),
        };
        self.heading(&format!("{status} in {}", printable(bill.out)));
        let folders: Vec<String> = bill
            .cycles
            .iter()
            .filter_map(|cycle| cycle.invoices.first())
            .map(|invoice| format!("{}/<tenant>/", invoice.cycle.first_day))
            .collect();
        let mut places: Vec<(&str, &str)> =
            folders.iter().map(|folder| (&folder[..], "invoice.html, and users.csv behind it")).collect();
        places.push(("report.html", "all tenants on one page"));
        self.files(places);
    }

    /// The documents of a correction, which is no bill of its own.
    fn documents(&mut self, bill: &BillSummary<'_>) {
        let documents = || bill.cycles.iter().flat_map(|cycle| cycle.documents);
        if documents().next().is_none() {
            return self.heading(&format!("The final bill in {} stays as it was", printable(bill.out)));
        }
        self.heading(&format!("Final documents in {}", printable(bill.out)));
        let texts: Vec<(String, String)> = documents()
            .map(|document| {
                let code = document.total.currency();
                let what =
                    format!("{}, {} {}", document.invoice_number, grouped(document.total), code.code());
                (printable(&document.file), printable(&what))
            })
            .collect();
        self.files(texts.iter().map(|(file, what)| (&file[..], &what[..])).collect());
    }

    fn files(&mut self, mut places: Vec<(&str, &str)>) {
        places.push(("unbilled.csv", "who was seen and not charged, and why"));
        places.push(("manifest.json", "what it was made from"));
        let widest = places.iter().map(|(file, _)| file.len()).max().unwrap_or(0);
        for (file, what) in places {
            self.line(&format!("  {file:<widest$}  {what}"));
        }
    }

    pub(super) fn lay_out(&mut self, lines: &Lines) {
        self.styled(BOLD, &lines.header);
        self.styled(DIM, &lines.rule);
        lines.rows.iter().for_each(|row| self.line(row));
        if !lines.totals.is_empty() {
            self.styled(DIM, &lines.rule);
            lines.totals.iter().for_each(|total| self.styled(BOLD, total));
        }
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.styled(BOLD, text);
    }

    /// One entry of a list, continued on further lines where it is long.
    pub(super) fn item(&mut self, text: &str) {
        for (index, line) in wrapped(text, self.width.saturating_sub(4).max(20)).iter().enumerate() {
            let indent = if index == 0 { "  " } else { "    " };
            self.line(&format!("{indent}{line}"));
        }
    }

    fn styled(&mut self, style: &str, text: &str) {
        if self.has_style {
            self.line(&format!("{style}{text}\x1b[0m"));
        } else {
            self.line(text);
        }
    }

    pub(super) fn line(&mut self, text: &str) {
        self.out.extend([text, "\n"]);
    }

    pub(super) fn blank(&mut self) {
        self.out.push('\n');
    }
}

/// One row of the table: a tenant, or the sum of those that pay in one currency.
struct Totals {
    users: [u64; 4],
    net: Money,
    tax: Money,
    total: Money,
}

impl Totals {
    fn currency(&self) -> Currency {
        self.total.currency()
    }

    fn add(&mut self, other: &Self) {
        for (sum, users) in self.users.iter_mut().zip(other.users) {
            *sum += users;
        }
        self.net = self.net.plus(other.net);
        self.tax = self.tax.plus(other.tax);
        self.total = self.total.plus(other.total);
    }

    fn cells(&self, name: &str, has_currency: bool) -> Vec<String> {
        let mut cells = vec![name.to_owned()];
        cells.extend(self.users.map(grouped));
        cells.extend([self.net, self.tax, self.total].map(grouped));
        if has_currency {
            cells.push(self.currency().code().to_owned());
        }
        cells
    }
}

/// What an invoice says beside its sums.
fn findings(invoice: &Invoice) -> Vec<String> {
    let mut findings: Vec<String> = invoice.notes.iter().map(|note| of(invoice, &note_text(note))).collect();
    if !invoice.carried_forward.amount().is_zero() {
        let amount = grouped(invoice.carried_forward);
        let code = invoice.carried_forward.currency();
        findings.push(of(invoice, &format!("{amount} {} carried forward to the next invoice", code.code())));
    }
    findings
}

fn note_text(note: &UserNote) -> String {
    let how = match note.kind {
        "push_only" => "only through a push server",
        "sustained_open" => "only by a binding that was still open",
        "sustained_closed" => "only by a binding whose end was logged",
        other => other,
    };
    let count = if note.users == 1 { "user counts" } else { "users count" };
    let code = note.amount.currency();
    let amount = grouped(note.amount);
    format!("{} {} {count} {how} ({amount} {})", grouped(note.users), note.category, code.code())
}

/// A sentence about one tenant.
fn of(invoice: &Invoice, text: &str) -> String {
    format!("{}: {}", cut(&printable(&invoice.tenant), 30), printable(text))
}

/// The text in lines of at most that many characters where its words let it. Blanks at the start
/// of the text stay: they put numbers in line.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.trim().is_empty() && line.chars().count() + word.chars().count() > width {
            lines.push(line.trim_end().to_owned());
            line = String::new();
        }
        line.extend([word, " "]);
    }
    lines.push(line.trim_end().to_owned());
    lines
}

#[cfg(test)]
mod tests {
    use super::super::samples::{euro, invoice};
    use super::*;
    use crate::model::Category;

    fn unbilled() -> BTreeMap<Reason, u64> {
        BTreeMap::from([(Reason::Excluded, 31), (Reason::PlatformUnknown, 1_120), (Reason::NoAgent, 31)])
    }

    fn summary(invoices: &[Invoice], width: usize, has_style: bool) -> String {
        let cycles = [CycleSummary { invoices, documents: &[], unbilled: &unbilled() }];
        let notes = ["old.log.lz4: lz4 is not read; passed over".to_owned()];
        let bill =
            BillSummary { cycles: &cycles, notes: &notes, out: "bills/october", status: BillStatus::Draft };
        summary_text(&bill, width, has_style)
    }

    #[test]
    fn one_user_counts_and_two_count() {
        let text = |users| {
            note_text(&UserNote { category: Category::Generic, kind: "push_only", users, amount: euro("1") })
        };
        assert_eq!(text(1), "1 generic user counts only through a push server (1.00 EUR)");
        assert_eq!(text(2), "2 generic users count only through a push server (1.00 EUR)");
    }

    #[test]
    fn tenants_add_up_and_notes_follow() {
        let mut beta = invoice("beta-with-a-long-name");
        beta.is_partial = true;
        beta.notes.clear();
        beta.carried_forward = euro("5");
        insta::assert_snapshot!(summary(&[invoice("acme"), beta], 96, false), @r"
        Cycle 2026-10-01 to 2026-10-30, 30 days, amounts in EUR
        PARTIAL: the logs end before the cycle does

        tenant                 generic  desktop  conferencing  messaging       net     tax     total
        ────────────────────────────────────────────────────────────────────────────────────────────
        acme                     1,204        0             0         40  1,095.24  230.00  1,325.24
        beta-with-a-long-name    1,204        0             0         40  1,095.24  230.00  1,325.24
        ────────────────────────────────────────────────────────────────────────────────────────────
        total                    2,408        0             0         80  2,190.48  460.00  2,650.48

        Worth a look
          acme: 12 generic users count only through a push server (9.72 EUR)
          beta-with-a-long-name: 5.00 EUR carried forward to the next invoice

        Seen and not charged
          1,120  no rule knows the User-Agent
             31  `exclude` in the book names this SIP-ID
             31  no User-Agent is known

        Warnings
          acme: the set-up fee has no date; it is not charged
          beta-with-a-long-name: the set-up fee has no date; it is not charged

        Notes
          old.log.lz4: lz4 is not read; passed over

        Draft bill in bills/october
          2026-10-01/<tenant>/  invoice.html, and users.csv behind it
          report.html           all tenants on one page
          unbilled.csv          who was seen and not charged, and why
          manifest.json         what it was made from
        ");
    }

    #[test]
    fn one_tenant_needs_no_total_and_style_changes_no_text() {
        let invoices = [invoice("acme")];
        let styled = summary(&invoices, 80, true);
        assert!(!styled.contains("\ntotal"));
        assert!(
            styled.starts_with("\x1b[1mCycle 2026-10-01 to 2026-10-30, 30 days, amounts in EUR\x1b[0m\n")
        );
        let bare = styled.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "");
        assert_eq!(bare, summary(&invoices, 80, false));
    }

    #[test]
    fn currencies_are_summed_apart() {
        let mut yen = invoice("tokyo");
        let currency = Currency::from_code("JPY").unwrap();
        for amount in [&mut yen.net, &mut yen.tax, &mut yen.total, &mut yen.carried_forward] {
            *amount = Money::zero(currency);
        }
        let text = summary(&[invoice("acme"), yen], 96, false);
        assert_eq!(text.lines().filter(|line| line.starts_with("total")).count(), 2);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut loud = invoice("a-tenant-with-quite-a-long-name");
        loud.warnings = vec!["a warning of many words ".repeat(9)];
        for width in [80, 100] {
            let text = summary(&[loud.clone(), invoice("acme")], width, false);
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= width, "{widest}\n{text}");
        }
    }

    #[test]
    fn a_tenants_name_drives_no_terminal() {
        let text = summary(&[invoice("\x1b[2J")], 80, false);
        assert!(!text.contains('\x1b'));
    }
}

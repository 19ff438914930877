//! `invoice.html`: one invoice as a page that can be sent on: no script, and nothing that is
//! fetched from anywhere.

use super::charts::{Bars, Columns, Strips};
use super::digits::grouped;
use super::invoice_content::{FileDigest, InvoiceContent};
use super::text::printable;
use crate::model::{Category, Customer, InvoiceLine, Letterhead, LineKind, Money, UserNote};
use askama::Template;
use std::io;

/// Rows of the list of users that a page shows; `users.csv` has them all.
const USERS_SHOWN: usize = 2_000;
/// Inputs that a page names; the manifest has them all.
const INPUTS_SHOWN: usize = 200;

/// The page. `users_csv` is the finished `users.csv` of the same invoice, of which the first rows are
/// shown.
///
/// # Errors
///
/// What the reader says.
pub fn invoice_html(content: &InvoiceContent<'_>, users_csv: impl io::Read) -> io::Result<String> {
    let invoice = content.invoice;
    let mut users = csv::Reader::from_reader(users_csv);
    let rows = users.deserialize().take(USERS_SHOWN).collect::<Result<Vec<User>, _>>()?;
    let users_total = Category::ALL.iter().map(|category| invoice.usage.of(*category).users).sum();
    let digits = invoice.total.currency().digits();
    let page = Page {
        number: invoice.final_mark.as_ref().map_or(&invoice.id, |mark| &mark.number),
        tenant: &invoice.tenant,
        seller: content.letterhead,
        customer: content.customer,
        mark: match (&invoice.final_mark, invoice.is_partial) {
            (Some(_), _) => "FINAL",
            (None, true) => "PARTIAL",
            (None, false) => "DRAFT",
        },
        is_final: invoice.final_mark.is_some(),
        is_partial: invoice.is_partial,
        first_day: invoice.cycle.first_day.to_string(),
        last_day: invoice.cycle.end_day.yesterday().unwrap_or(invoice.cycle.end_day).to_string(),
        days: invoice.cycle.days(),
        date: invoice.cycle.end_day.to_string(),
        due: content.due_day().map(|day| day.to_string()),
        currency: invoice.total.currency().code().to_owned(),
        currency_digits: match digits {
            0 => "whole units".to_owned(),
            1 => "1 digit".to_owned(),
            digits => format!("{digits} digits"),
        },
        lines: lines(&invoice.lines),
        net: shown(invoice.net),
        tax: invoice
            .lines
            .iter()
            .find(|line| line.kind == LineKind::Tax)
            .map(|line| (line.description.clone(), shown(line.amount))),
        total: shown(invoice.total),
        carried_forward: (!invoice.carried_forward.amount().is_zero())
            .then(|| shown(invoice.carried_forward)),
        notes: invoice.notes.iter().map(note).chain(invoice.warnings.iter().cloned()).collect(),
        platforms: platforms(content),
        active: Columns::new(&invoice.cycle, content.figures),
        users_shown: grouped(rows.len()),
        users: rows,
        users_total,
        users_total_shown: grouped(users_total),
        coverage: Strips::new(&invoice.cycle, content.hosts, content.end_of_logs),
        book_file: content.book.file.clone(),
        book_digest: content.book.digest.clone(),
        inputs_total: match content.inputs.len() {
            1 => "1 file".to_owned(),
            files => format!("{} files", grouped(files)),
        },
        inputs_digest: content.inputs_digest(),
        inputs: &content.inputs[..content.inputs.len().min(INPUTS_SHOWN)],
        inputs_hidden: content.inputs.len().saturating_sub(INPUTS_SHOWN),
        ledger: invoice.final_mark.as_ref().map(|mark| mark.head_digest.clone()),
        tool: env!("CARGO_PKG_VERSION"),
    };
    Ok(without_controls(&page.render().map_err(io::Error::other)?))
}

/// The page without control characters, which mean nothing in HTML, whoever they came from.
pub(super) fn without_controls(page: &str) -> String {
    let shown = |letter: char| match letter {
        '\n' => letter,
        _ if letter.is_control() => char::REPLACEMENT_CHARACTER,
        _ => letter,
    };
    page.chars().map(shown).collect()
}

#[derive(Template)]
#[template(path = "invoice.html", config = "src/report/pages/askama.toml")]
struct Page<'t> {
    number: &'t str,
    tenant: &'t str,
    seller: &'t Letterhead,
    customer: &'t Customer,
    mark: &'static str,
    is_final: bool,
    is_partial: bool,
    first_day: String,
    last_day: String,
    days: u16,
    date: String,
    due: Option<String>,
    currency: String,
    currency_digits: String,
    lines: Vec<Line>,
    net: String,
    tax: Option<(String, String)>,
    total: String,
    carried_forward: Option<String>,
    notes: Vec<String>,
    platforms: Vec<Bars>,
    active: Option<Columns>,
    users: Vec<User>,
    users_shown: String,
    users_total: u64,
    users_total_shown: String,
    coverage: Option<Strips>,
    book_file: String,
    book_digest: String,
    inputs_total: String,
    inputs_digest: String,
    inputs: &'t [FileDigest],
    inputs_hidden: usize,
    ledger: Option<String>,
    tool: &'static str,
}

struct Line {
    number: u32,
    description: String,
    /// What a share is taken of.
    basis: Option<String>,
    quantity: String,
    unit_price: Option<String>,
    amount: String,
}

/// A row of `users.csv`, in its spelling.
#[derive(serde::Deserialize)]
struct User {
    category: String,
    sip_uri: String,
    platforms: String,
    first_seen: String,
    last_seen: String,
    active_days: String,
    registrations: String,
    user_agents: String,
    evidence: String,
    evidence_file: String,
    evidence_offset: String,
}

fn shown(money: Money) -> String {
    grouped(money)
}

/// All lines but the tax, which stands with the sums.
fn lines(lines: &[InvoiceLine]) -> Vec<Line> {
    let charged = |line: &InvoiceLine| {
        let of_charge = lines.iter().filter(|it| it.category == line.category && it.kind == LineKind::Charge);
        of_charge.map(|it| it.amount).reduce(Money::plus)
    };
    let line = |line: &InvoiceLine| Line {
        number: line.line,
        description: printable(&line.description),
        basis: match line.kind {
            LineKind::Discount => charged(line).map(|sum| format!("of {}", shown(sum))),
            _ => None,
        },
        quantity: grouped(line.quantity),
        unit_price: line.unit_price.map(grouped),
        amount: shown(line.amount),
    };
    lines.iter().filter(|line| line.kind != LineKind::Tax).map(line).collect()
}

fn note(note: &UserNote) -> String {
    let UserNote { category, kind, users, amount } = note;
    let why = match *kind {
        "push_only" if *users == 1 => {
            "was seen only through a push server that registers for sleeping phones"
        }
        "push_only" => "were seen only through a push server that registers for sleeping phones",
        "sustained_open" if *users == 1 => {
            "counts by a binding that was alive up to the end of the logs, without a line of its own"
        }
        "sustained_open" => {
            "count by a binding that was alive up to the end of the logs, without a line of their own"
        }
        "sustained_closed" if *users == 1 => {
            "counts by a binding whose end proves that it was alive, without a line of its own"
        }
        "sustained_closed" => {
            "count by a binding whose end proves that it was alive, without a line of their own"
        }
        other => other,
    };
    format!(
        "{} of the {category} users {why}; without them the charge would be {} less, before tax.",
        grouped(*users),
        grouped(*amount)
    )
}

fn platforms(content: &InvoiceContent<'_>) -> Vec<Bars> {
    let counts = |category: Category| content.figures.platforms(category).collect::<Vec<_>>();
    let most = Category::ALL.iter().flat_map(|it| counts(*it)).map(|(_, users)| users).max().unwrap_or(1);
    let bars = Category::ALL.iter().filter_map(|category| {
        let users = content.invoice.usage.of(*category).users;
        let title = match category {
            Category::Generic => "Generic",
            Category::Desktop => "Desktop",
            Category::Conferencing => "Video conferencing",
            Category::Messaging => "Messaging",
        };
        let counts = counts(*category);
        let plural = if users == 1 { "user" } else { "users" };
        let seen = if counts.len() > 1 { "; one on two platforms counts on both" } else { "" };
        let subtitle = format!("{} {plural}{seen}", grouped(users));
        (users > 0).then(|| Bars::new(title.to_owned(), subtitle, &counts, most))
    });
    bars.collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Logs, billed, cycle, invoice, with_content};
    use super::super::{Dialect, UsersCsv};
    use super::*;

    /// The page of the sample invoice, with one user.
    fn page(hostile: &str) -> String {
        let sheet = UsersCsv::new(Dialect::Machine, &cycle(), "acme", Logs);
        let mut csv = sheet.header().into_bytes();
        let mut rows = sheet.rows(Vec::new());
        let agent = format!("Acme Phone/1.0{hostile}");
        let mut user = billed(Category::Generic, "1001@a.example");
        user.user_agents = vec![agent.as_bytes()];
        sheet.push(&mut rows, &user);
        csv.extend(rows.into_bytes());
        let mut invoice = invoice("acme");
        invoice.lines[0].description.push_str(hostile);
        invoice.warnings.push(hostile.to_owned());
        with_content(&invoice, hostile, |content| invoice_html(content, &csv[..])).unwrap()
    }

    /// The words of a page, without its style sheet.
    fn words(page: &str) -> String {
        let body = page.split_once("<body>").expect("a page has a body").1;
        let text = regex::Regex::new("<[^>]*>").unwrap().replace_all(body, " ").into_owned();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_line_can_be_done_again_by_hand() {
        let words = words(&page(""));
        for part in [
            "1 push-notifications 1 × 120.00 120.00 120.00",
            "2 Generic users, 1 to 1204 1,204 × 0.900 0.900 1,083.60",
            "3 10 % discount of 1,083.60 1 -108.36",
            "Net 1,095.24",
            "VAT 21 % of the net 230.00",
            "Total, EUR 1,325.24",
            "12 of the generic users were seen only through a push server",
            "the set-up fee has no date; it is not charged",
            "2026-10-01 to 2026-10-30, 30 days",
            "Due 2026-11-14",
            "sip:1001@a.example",
            "4 hours without a record",
        ] {
            assert!(words.contains(part), "{part} in {words}");
        }
    }

    #[test]
    fn what_strangers_and_operators_wrote_stays_text() {
        let quiet = page("");
        let loud = page("\"><script>alert(1)</script><img src=x onerror=y>'&\u{1b}[31m");
        let tags = |page: &str| page.matches('<').count();
        assert_eq!(tags(&loud), tags(&quiet));
        assert!(!loud.contains("<script") && !loud.contains("<img") && !loud.contains('\u{1b}'));
    }

    #[test]
    fn a_page_asks_nobody_for_anything() {
        let page = page("");
        for call in ["http:", "https:", "src=", "url(", "@import", "<script", "<link", "<iframe", "//"] {
            assert!(!page.contains(call), "{call}");
        }
    }
}

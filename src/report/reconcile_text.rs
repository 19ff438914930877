//! What `reconcile` shows on a terminal, and in the pack as `summary.txt`.

use super::differences_csv::{Parties, money_text};
use super::digits::grouped;
use super::summary_text::Page;
use super::table::{Column, Table};
use super::text::printable;
use crate::compare::{Comparison, DiffClass, Difference, Stakes, TheirRow};
use crate::model::{Currency, Cycle};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Differences that the summary shows.
const SHOWN_MAX: usize = 15;

/// Everything that the summary tells.
#[derive(Clone, Copy)]
pub struct ReconcileSummary<'t> {
    /// The bare name of their file.
    pub theirs: &'t str,
    pub cycle: &'t Cycle,
    pub is_partial: bool,
    pub comparison: &'t Comparison,
    pub rows: &'t [TheirRow],
    /// One sentence each.
    pub notes: &'t [String],
    /// The pack's folder as the user named it; `None` where there is none, and in the pack itself.
    pub out: Option<&'t str>,
}

/// The summary as lines with their line ends, at most `width` characters wide where the amounts let it.
pub fn reconcile_text(
    summary: &ReconcileSummary<'_>,
    parties: &dyn Parties,
    width: usize,
    has_style: bool,
) -> String {
    let mut page = Page::new(width, has_style);
    let ReconcileSummary { theirs, cycle, comparison, .. } = *summary;
    // The last day inside reads better than the first one after.
    let last = cycle.end_day.yesterday().unwrap_or(cycle.end_day);
    page.heading(&format!("{} against our result", printable(theirs)));
    page.heading(&format!("Cycle {} to {last}, {} days, amounts before tax", cycle.first_day, cycle.days()));
    if summary.is_partial {
        page.heading("PARTIAL: the logs end before the cycle does");
    }
    page.blank();
    classes(&mut page, comparison);
    largest(&mut page, summary, parties);
    if !summary.notes.is_empty() {
        page.heading("Notes");
        summary.notes.iter().for_each(|note| page.item(note));
        page.blank();
    }
    if let Some(out) = summary.out {
        page.heading(&format!("Dispute pack in {}", printable(out)));
        for (file, what) in [
            ("differences.csv", "every difference, with its evidence"),
            ("evidence.txt", "the lines of the logs behind them"),
            ("matches.csv", "the rows that both agree on"),
            ("README.txt", "what is in the pack and how to verify it"),
        ] {
            page.line(&format!("  {file:<15}  {what}"));
        }
    }
    page.into_text()
}

/// Rows and amounts by class and reason: theirs, then what they leave out.
fn classes(page: &mut Page, comparison: &Comparison) {
    let stakes = &comparison.by_class;
    let currencies: BTreeSet<Currency> =
        stakes.values().flat_map(|stakes| stakes.amounts.keys().copied()).collect();
    let mut columns = vec![Column::text("class"), Column::number("rows")];
    columns
        .extend(currencies.iter().map(|currency| Column::number(&format!("at stake, {}", currency.code()))));
    columns.push(Column::elastic("", 12));
    let mut reasons: BTreeMap<(DiffClass, &str), u64> = BTreeMap::new();
    for it in &comparison.differences {
        *reasons.entry((it.class, &it.reason)).or_default() += 1;
    }
    let line = |name: &str, rows: u64, amounts: &BTreeMap<Currency, Decimal>, what: &str| {
        let amount = |currency: &Currency| {
            amounts.get(currency).map_or_else(String::new, |sum| grouped(money_text(*sum, Some(*currency))))
        };
        let mut cells = vec![name.to_owned(), grouped(rows)];
        cells.extend(currencies.iter().map(amount));
        cells.push(what.to_owned());
        cells
    };
    let lines = |class: DiffClass, stakes: &Stakes| {
        let mut lines = vec![line(class.name(), stakes.rows, &stakes.amounts, class.sentence())];
        // Of matches and exact duplicates there is one kind each, which is not worth a line.
        if !matches!(class, DiffClass::Match | DiffClass::DuplicateExact) {
            let own = reasons.iter().filter(|((of, _), _)| *of == class);
            lines.extend(own.map(|((_, reason), rows)| {
                line(&format!("  {}", printable(reason)), *rows, &BTreeMap::new(), "")
            }));
        }
        lines
    };
    let mut table = Table::new(columns);
    let mut total: BTreeMap<Currency, Decimal> = BTreeMap::new();
    let mut add = |stakes: &Stakes| {
        for (currency, amount) in &stakes.amounts {
            *total.entry(*currency).or_default() += *amount;
        }
        total.clone()
    };
    let mut sum = BTreeMap::new();
    for (class, stakes) in stakes.iter().filter(|(class, _)| **class != DiffClass::SeenNotBilled) {
        lines(*class, stakes).into_iter().for_each(|cells| table.push(cells));
        sum = add(stakes);
    }
    table.push_total(line("rows of theirs", comparison.rows, &sum, ""));
    if let Some(stakes) = stakes.get(&DiffClass::SeenNotBilled) {
        lines(DiffClass::SeenNotBilled, stakes).into_iter().for_each(|cells| table.push_total(cells));
        sum = add(stakes);
        let differences = comparison.rows + stakes.rows;
        table.push_total(line("together", differences, &sum, ""));
    }
    page.lay_out(&table.lines(Some(page.width())));
    for (currency, amount) in sum.iter().filter(|(_, amount)| !amount.is_zero()) {
        let text = grouped(money_text(amount.abs(), Some(*currency)));
        let what = if amount.is_sign_negative() { "less than" } else { "beyond what" };
        page.line(&format!("In dispute: {text} {} charged {what} logs and book show.", currency.code()));
    }
    page.blank();
}

/// The differences about the most money, and as many as fit of the others.
fn largest(page: &mut Page, summary: &ReconcileSummary<'_>, parties: &dyn Parties) {
    let mut order: Vec<&Difference> = summary.comparison.differences.iter().collect();
    if order.is_empty() {
        return;
    }
    // A stable sort keeps the order of the file among equals.
    order.sort_by_key(|it| std::cmp::Reverse(it.at_stake.unwrap_or_default().abs()));
    let more = order.len().saturating_sub(SHOWN_MAX);
    order.truncate(SHOWN_MAX);
    page.heading(if more > 0 { "The largest differences" } else { "The differences" });
    page.blank();
    let mut table = Table::new(vec![
        Column::text("class"),
        Column::elastic("user", 16),
        Column::number("row"),
        Column::number("at stake"),
        Column::elastic("why", 20),
    ]);
    for it in order {
        let theirs = it.row.map(|row| &summary.rows[row]);
        let user = match (&it.id, theirs) {
            (Some(id), _) => id.escaped(),
            (None, Some(theirs)) => super::text::escaped(theirs.text.as_bytes()),
            (None, None) => String::new(),
        };
        let amount = it.at_stake.map(|amount| grouped(money_text(amount, parties.currency(it.tenant))));
        let category = it.category.map_or(String::new(), |category| format!("{category}: "));
        table.push(vec![
            it.class.name().to_owned(),
            user,
            theirs.map_or_else(String::new, |theirs| theirs.line.to_string()),
            amount.unwrap_or_default(),
            printable(&format!("{category}{}", if it.detail.is_empty() { &it.reason } else { &it.detail })),
        ]);
    }
    page.lay_out(&table.lines(Some(page.width())));
    if more > 0 {
        page.line(&format!("{} more", grouped(more)));
    }
    page.blank();
}

#[cfg(test)]
mod tests {
    use super::super::samples::cycle;
    use super::*;
    use crate::compare::Proof;
    use crate::model::{Category, SipId, Spot};

    struct Names;

    impl Parties for Names {
        fn tenant(&self, _: usize) -> &str {
            "acme"
        }

        fn currency(&self, _: Option<usize>) -> Option<Currency> {
            Currency::from_code("EUR")
        }

        fn input(&self, _: Spot) -> &str {
            "edge1/kamailio.log"
        }

        fn side_file(&self, _: Option<usize>, _: Category) -> &str {
            "hosts.csv"
        }
    }

    fn difference(class: DiffClass, reason: &str, cents: i64) -> Difference {
        Difference {
            class,
            reason: reason.to_owned(),
            tenant: Some(0),
            category: Some(Category::Generic),
            id: Some(SipId::from_canonical(b"a-rather-long-name-of-a-user\x1b[2J@a.example")),
            row: None,
            our_categories: Vec::new(),
            our_amount: None,
            at_stake: Some(Decimal::new(cents, 2)),
            proof: Proof::Nothing,
            detail: "a sentence that goes on and on until no terminal is wide enough".to_owned(),
        }
    }

    fn summary(width: usize, has_style: bool) -> String {
        let euro = Currency::from_code("EUR").unwrap();
        let stakes =
            |rows, cents| Stakes { rows, amounts: [(euro, Decimal::new(cents, 2))].into(), unpriced: 0 };
        let comparison = Comparison {
            differences: vec![
                difference(DiffClass::BilledNotSeen, "only_refused", 90),
                difference(DiffClass::BilledNotSeen, "full_coverage", 110),
                difference(DiffClass::SeenNotBilled, "not_listed", -40),
            ],
            matches: Vec::new(),
            by_class: [
                (DiffClass::Match, stakes(1_200, 0)),
                (DiffClass::BilledNotSeen, stakes(2, 200)),
                (DiffClass::SeenNotBilled, stakes(1, -40)),
            ]
            .into(),
            rows: 1_202,
        };
        let notes = ["a note".to_owned()];
        let summary = ReconcileSummary {
            theirs: "vendor\x1b.csv",
            cycle: &cycle(),
            is_partial: true,
            comparison: &comparison,
            rows: &[],
            notes: &notes,
            out: Some("pack"),
        };
        reconcile_text(&summary, &Names, width, has_style)
    }

    #[test]
    fn rows_add_up_to_theirs_and_amounts_to_what_is_charged_too_much() {
        let text = summary(100, false);
        for line in [
            "match            1,200           0.00  both bill it",
            "billed_not_seen      2           2.00  they bill it, the logs do not show it",
            "  only_refused       1",
            "rows of theirs   1,202           2.00",
            "seen_not_billed      1          -0.40  the logs show it, they do not bill it",
            "together         1,203           1.60",
            "In dispute: 1.60 EUR charged beyond what logs and book show.",
            "PARTIAL: the logs end before the cycle does",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_none_drives_it() {
        for width in [80, 100] {
            let text = summary(width, false);
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= width && !text.contains('\x1b'), "{widest}\n{text}");
        }
        let bare = summary(90, true).replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "");
        assert_eq!(bare, summary(90, false));
    }
}

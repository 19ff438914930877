//! What `reconcile` shows on a terminal, and in the pack as `summary.txt`.

use super::differences_csv::{Parties, money_text};
use super::digits::grouped;
use super::summary_text::Page;
use super::table::{Column, Table};
use super::text::printable;
use crate::compare::{Comparison, DiffClass, Difference, Stakes, TheirRow};
use crate::model::{Currency, Cycle};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

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

fn classes(page: &mut Page, comparison: &Comparison) {
    let mut currencies: Vec<Currency> =
        comparison.by_class.values().flat_map(|stakes| stakes.amounts.keys().copied()).collect();
    currencies.sort_unstable();
    currencies.dedup();
    let mut columns = vec![Column::text("class"), Column::number("rows")];
    columns
        .extend(currencies.iter().map(|currency| Column::number(&format!("at stake, {}", currency.code()))));
    columns.push(Column::elastic("", 12));
    let mut table = Table::new(columns);
    let mut reasons: BTreeMap<(DiffClass, &str), u64> = BTreeMap::new();
    for it in &comparison.differences {
        *reasons.entry((it.class, &it.reason)).or_default() += 1;
    }
    let amounts = |amounts: &BTreeMap<Currency, Decimal>| -> Vec<String> {
        let text = |currency: &Currency| {
            amounts.get(currency).map_or_else(String::new, |sum| grouped(money_text(*sum, Some(*currency))))
        };
        currencies.iter().map(text).collect()
    };
    let mut total = Stakes::default();
    let theirs = DiffClass::ALL.into_iter().filter(|class| *class != DiffClass::SeenNotBilled);
    let mut push = |class: DiffClass, stakes: &Stakes| {
        let mut cells = vec![class.name().to_owned(), grouped(stakes.rows)];
        cells.extend(amounts(&stakes.amounts));
        cells.push(class.sentence().to_owned());
        table.push(cells);
        let own: Vec<(&str, u64)> = reasons
            .iter()
            .filter(|((of, _), _)| *of == class)
            .map(|((_, reason), rows)| (*reason, *rows))
            .collect();
        // Of exact duplicates there is one kind, which is not worth a line.
        for (reason, rows) in own.into_iter().filter(|_| class != DiffClass::DuplicateExact) {
            let mut cells = vec![format!("  {}", printable(reason)), grouped(rows)];
            cells.extend(currencies.iter().map(|_| String::new()));
            cells.push(String::new());
            table.push(cells);
        }
        for (currency, amount) in &stakes.amounts {
            *total.amounts.entry(*currency).or_default() += *amount;
        }
    };
    let nothing = Stakes::default();
    for class in theirs {
        let stakes = comparison.by_class.get(&class).unwrap_or(&nothing);
        if stakes.rows > 0 || class == DiffClass::Match {
            push(class, stakes);
        }
    }
    if let Some(stakes) = comparison.by_class.get(&DiffClass::SeenNotBilled) {
        push(DiffClass::SeenNotBilled, stakes);
    }
    let mut cells = vec!["rows of theirs".to_owned(), grouped(comparison.rows)];
    cells.extend(amounts(&total.amounts));
    let what = if currencies.is_empty() { "" } else { "charged beyond what is due" };
    cells.push(what.to_owned());
    table.push_total(cells);
    page.lay_out(&table.lines(Some(page.width())));
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

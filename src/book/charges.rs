//! `[[charge]]`: the per-user charges.

use super::section::{Field, Section};
use super::value::{boolean, count, date, positive, price, text};
use crate::billing::{Charge, MessagingBasis, PriceModel, Tier};
use crate::model::Category;
use rust_decimal::Decimal;

const CATEGORIES: [(&str, Category); 4] = [
    (Category::Generic.name(), Category::Generic),
    (Category::Desktop.name(), Category::Desktop),
    (Category::Conferencing.name(), Category::Conferencing),
    (Category::Messaging.name(), Category::Messaging),
];

const BASES: [(&str, MessagingBasis); 3] = [
    ("registration", MessagingBasis::Registration),
    ("listed", MessagingBasis::Listed),
    ("use", MessagingBasis::Use),
];

#[derive(Clone, Copy, PartialEq)]
enum Model {
    Flat,
    Graduated,
    Volume,
    Package,
}

const MODELS: [(&str, Model); 4] = [
    ("flat", Model::Flat),
    ("graduated", Model::Graduated),
    ("volume", Model::Volume),
    ("package", Model::Package),
];

/// A category by its name.
pub(super) fn category(field: &Field<'_, '_>) -> Option<Category> {
    super::section::choice(field, &CATEGORIES)
}

/// One table `[[charge]]`.
pub(super) fn charge(table: &Section<'_>) -> Option<Charge> {
    let category = table.need("category", category);
    let enabled = table.get_or("enabled", boolean, true, "true");
    let model = price_model(table, enabled);
    let included = table.get_or("included", count, 0, "0");
    let minimum = table.get("minimum", price);
    let enabled_from = table.get("enabled_from", date);
    let enabled_until = table.get("enabled_until", date);
    if let (Some(from), Some(until)) = (enabled_from, enabled_until)
        && until <= from
    {
        let text = format!("`enabled_until` `{until}` is not after `enabled_from` `{from}`");
        table.problems.report(table.line_of("enabled_until"), text);
    }
    let (basis, side_file) = source(table, category, enabled);
    Some(Charge {
        category: category?,
        enabled,
        model: model?,
        included,
        minimum,
        enabled_from,
        enabled_until,
        basis,
        side_file,
    })
}

/// Where the users of a charge come from that registrations alone do not tell.
fn source(
    table: &Section<'_>,
    category: Option<Category>,
    enabled: bool,
) -> (MessagingBasis, Option<String>) {
    let default = MessagingBasis::Registration;
    match category {
        Some(Category::Generic | Category::Desktop) => {
            table.refuse("basis", "belongs to the charge `messaging`");
            table.refuse("side_file", "belongs to the charges `conferencing` and `messaging`");
            return (default, None);
        }
        Some(Category::Conferencing) => {
            table.refuse("basis", "belongs to the charge `messaging`");
            return (default, table.get("side_file", existing_file));
        }
        Some(Category::Messaging) | None => {}
    }
    let basis = table.choose("basis", &BASES, default);
    let side_file = table.get("side_file", existing_file);
    if enabled && category.is_some() {
        match basis {
            MessagingBasis::Use if table.has("side_file") => {
                let text = "`side_file` is not read where `basis` is `use`";
                table.problems.warn(table.line_of("side_file"), text);
            }
            MessagingBasis::Registration | MessagingBasis::Listed if !table.has("side_file") => {
                let text = "charge `messaging` has no `side_file`, so nobody is listed and nobody is charged";
                table.problems.warn(table.line, text);
            }
            _ => {}
        }
    }
    (basis, side_file)
}

/// A path, relative to the book, under which there is a file.
pub(super) fn existing_file(field: &Field<'_, '_>) -> Option<String> {
    let path = text(field)?;
    let whole = field.section.file.folder.join(&path);
    if whole.is_file() {
        return Some(path);
    }
    let fact = if whole.exists() { "is no file" } else { "does not exist" };
    field.fault(format!("`{}` `{}` {fact}; paths are relative to the book", field.key, whole.display()))
}

/// `model` with the keys that belong to it; a disabled charge may leave them out.
fn price_model(table: &Section<'_>, enabled: bool) -> Option<PriceModel> {
    if !enabled && !["model", "price", "tiers", "size"].iter().any(|key| table.has(key)) {
        return Some(PriceModel::Flat { price: Decimal::ZERO });
    }
    let Some(model) = table.need_choice("model", &MODELS) else {
        // Ask for all of them, so that none of them is called unknown.
        table.get("price", price);
        table.has("tiers").then(|| tiers(table));
        table.get("size", positive);
        return None;
    };
    if model != Model::Package {
        table.refuse("size", "belongs to `model = \"package\"`");
    }
    match model {
        Model::Flat | Model::Package => {
            table.refuse("tiers", "belong to `model = \"graduated\"` or `\"volume\"`");
            let price = table.need("price", price);
            if model == Model::Flat {
                return Some(PriceModel::Flat { price: price? });
            }
            let size = table.need("size", positive);
            Some(PriceModel::Package { size: size?, price: price? })
        }
        Model::Graduated | Model::Volume => {
            table.refuse("price", "belongs into the tiers where `model` is `graduated` or `volume`");
            let tiers = tiers(table)?;
            Some(if model == Model::Graduated {
                PriceModel::Graduated { tiers }
            } else {
                PriceModel::Volume { tiers }
            })
        }
    }
}

/// `tiers`: ascending, each with its end but the last.
fn tiers(table: &Section<'_>) -> Option<Vec<Tier>> {
    if !table.has("tiers") {
        let form = "`tiers = [ { upto = 100, price = \"0.90\" }, { price = \"0.75\" } ]`";
        table.missing("tiers", &format!("write them as {form}"));
    }
    // A tier with a fault keeps its place, so that its neighbours are judged rightly.
    let read = table.tables("tiers", Some("a tier"), |tier| {
        let is_closed = tier.has("upto") || tier.misspells("upto");
        let upto = is_closed.then(|| tier.get("upto", positive));
        Some((upto, tier.need("price", price)))
    })?;
    if read.is_empty() {
        table.problems.report(table.line_of("tiers"), "`tiers` is empty; the last tier needs a `price`");
    }
    let mut before = 0;
    for (index, tier) in read.iter().enumerate() {
        let is_last = index + 1 == read.len();
        match tier.value.0 {
            Some(Some(upto)) if upto <= before => {
                let text = format!("`upto` is {upto}, which is not above the {before} of the tier before");
                table.problems.report(tier.line, text);
            }
            Some(Some(upto)) if is_last => {
                let text =
                    format!("the last tier ends at {upto}; add one without `upto` for the users beyond");
                table.problems.report(tier.line, text);
            }
            Some(Some(upto)) => before = upto,
            None if !is_last => {
                table.problems.report(tier.line, "a tier without `upto` must be the last one");
            }
            Some(None) | None => {}
        }
    }
    let tiers: Vec<Tier> = read
        .iter()
        .filter_map(|tier| Some(Tier { upto: tier.value.0.flatten(), price: tier.value.1? }))
        .collect();
    table.note("tiers", show_tiers(&tiers), Some(table.line_of("tiers")));
    Some(tiers)
}

/// `1-100 at 0.90, then 0.75`.
fn show_tiers(tiers: &[Tier]) -> String {
    let mut first = 1;
    let mut parts = Vec::new();
    for tier in tiers {
        match tier.upto {
            Some(upto) => {
                parts.push(format!("{first}-{upto} at {}", tier.price));
                first = upto.saturating_add(1);
            }
            None => parts.push(format!("from {first} at {}", tier.price)),
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{problems_of, read_tables};
    use super::*;

    fn complaints(body: &str) -> Vec<String> {
        problems_of(&format!("[[charge]]\n{body}"), |root| root.tables("charge", None, charge))
    }

    fn model(body: &str) -> PriceModel {
        read_tables(&format!("[[charge]]\ncategory = 'generic'\n{body}"), "charge", charge).remove(0).model
    }

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn every_model_is_read() {
        assert_eq!(model("model = 'flat'\nprice = '1.10'\n"), PriceModel::Flat { price: decimal("1.10") });
        assert_eq!(
            model("model = 'package'\nsize = 25\nprice = '20'\n"),
            PriceModel::Package { size: 25, price: decimal("20") }
        );
        let tiers = vec![
            Tier { upto: Some(100), price: decimal("0.90") },
            Tier { upto: None, price: decimal("0.75") },
        ];
        let written = "tiers = [ { upto = 100, price = '0.90' }, { price = '0.75' } ]\n";
        assert_eq!(
            model(&format!("model = 'volume'\n{written}")),
            PriceModel::Volume { tiers: tiers.clone() }
        );
        let headers = "[[charge.tiers]]\nupto = 100\nprice = '0.90'\n[[charge.tiers]]\nprice = '0.75'\n";
        assert_eq!(model(&format!("model = 'graduated'\n{headers}")), PriceModel::Graduated { tiers });
    }

    #[test]
    fn a_charge_that_is_off_needs_no_price() {
        let charges = read_tables("[[charge]]\ncategory = 'desktop'\nenabled = false\n", "charge", charge);
        assert!(!charges[0].enabled);
        assert_eq!(complaints("category = 'desktop'\n"), ["1: `model` is missing in [[charge]]"],);
    }

    #[test]
    fn tiers_ascend_and_the_last_is_open() {
        let tiers = |written: &str| {
            complaints(&format!("category = 'generic'\nmodel = 'graduated'\ntiers = [\n{written}]\n"))
        };
        let (a, b, open) =
            ("{ upto = 9, price = '1' },\n", "{ upto = 5, price = '1' },\n", "{ price = '1' },\n");
        assert_eq!(tiers(&[b, a, open].concat()), [""; 0]);
        assert_eq!(
            tiers(&[a, b, open].concat()),
            ["6: `upto` is 5, which is not above the 9 of the tier before"]
        );
        assert_eq!(tiers(&[a, a].concat()), ["6: `upto` is 9, which is not above the 9 of the tier before"]);
        assert_eq!(tiers(a), ["5: the last tier ends at 9; add one without `upto` for the users beyond"]);
        assert_eq!(tiers(&[open, open].concat()), ["5: a tier without `upto` must be the last one"]);
        assert_eq!(tiers(""), ["4: `tiers` is empty; the last tier needs a `price`"]);
        assert_eq!(
            tiers("{ upton = 9, price = '1' },\n{ price = 1 },\n"),
            [
                "5: unknown key `upton` in a tier; did you mean `upto`?",
                "6: `price` is a bare number; write it as a string, `\"1\"`",
            ]
        );
    }

    #[test]
    fn keys_of_another_model_are_refused() {
        assert_eq!(
            complaints("category = 'generic'\nmodel = 'flat'\ntiers = []\nsize = 5\n"),
            [
                "1: `price` is missing in [[charge]]",
                "4: `tiers` belong to `model = \"graduated\"` or `\"volume\"`",
                "5: `size` belongs to `model = \"package\"`",
            ]
        );
        assert_eq!(
            complaints("category = 'generic'\nmodel = 'package'\nprice = '5'\n"),
            ["1: `size` is missing in [[charge]]"]
        );
        assert_eq!(
            complaints("category = 'generic'\nmodel = 'volume'\nprice = '5'\n"),
            [
                "1: `tiers` is missing in [[charge]]; write them as `tiers = [ { upto = 100, price = \"0.90\" }, { price = \"0.75\" } ]`",
                "4: `price` belongs into the tiers where `model` is `graduated` or `volume`",
            ]
        );
    }

    #[test]
    fn a_side_file_must_exist_and_belong() {
        assert_eq!(
            complaints("category = 'messaging'\nmodel = 'flat'\nprice = '1'\nside_file = 'no.csv'\n"),
            ["5: `side_file` `no.csv` does not exist; paths are relative to the book"]
        );
        assert_eq!(
            complaints(
                "category = 'generic'\nmodel = 'flat'\nprice = '1'\nside_file = 'no.csv'\nbasis = 'use'\n"
            ),
            [
                "5: `side_file` belongs to the charges `conferencing` and `messaging`",
                "6: `basis` belongs to the charge `messaging`",
            ]
        );
    }

    #[test]
    fn wrong_words_and_numbers_are_told_all_at_once() {
        assert_eq!(
            complaints(
                "category = 'general'\nmodel = 'flatt'\nprice = 1.1\nincluded = -1\nminimum = '-5'\n\
                 enabled_from = 2026-02-01\nenabled_until = 2026-02-01\nenabled = 'yes'\nprize = '1'\n"
            ),
            [
                "2: unknown `category` `general`; did you mean `generic`?",
                "3: unknown `model` `flatt`; did you mean `flat`?",
                "4: `price` is a bare number; write it as a string, `\"1.1\"`",
                "5: `included` is negative: -1",
                "6: `minimum` is negative: `-5`; use a discount or a credit in [[adjust]]",
                "8: `enabled_until` `2026-02-01` is not after `enabled_from` `2026-02-01`",
                "9: `enabled` is a string; it must be `true` or `false`",
                "10: unknown key `prize` in [[charge]]; did you mean `price`?",
            ]
        );
    }
}

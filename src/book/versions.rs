//! `[[version]]`: what changes in the book from a day on, for everybody or for one tenant.
//!
//! A version holds for every cycle that begins on its day or later, so no cycle has two prices. It
//! is laid over what held before as a tenant's overrides are laid over the book: a table replaces its
//! namesake, a charge the one of its category, a feature the one of its name. The book's own versions
//! come first, then the tenant's tables, then the tenant's versions: what a tenant has of its own
//! is not changed by what changes for everybody.

use super::scope::{Scope, scope};
use super::section::Section;
use super::value::date;
use jiff::civil::Date;

/// What a `[[version]]` lays over what held before it.
#[derive(Clone)]
pub(super) struct Version {
    /// The first day on which a cycle begins that it holds for.
    pub(super) from: Date,
    pub(super) scope: Scope,
    pub(super) line: usize,
}

/// All of `[[version]]` in the order of their days, which are distinct, or it is reported.
pub(super) fn versions(table: &Section<'_>) -> Vec<Version> {
    let mut versions: Vec<Version> = Vec::new();
    for read in table.tables("version", None, version).into_iter().flatten() {
        let (from, scope) = read.value;
        if let Some(first) = versions.iter().find(|known| known.from == from) {
            let text = format!("a second version from `{from}`; the first is on line {}", first.line);
            table.problems.report(read.line, text);
        }
        versions.push(Version { from, scope, line: read.line });
    }
    versions.sort_by_key(|version| version.from);
    versions
}

fn version(table: &Section<'_>) -> Option<(Date, Scope)> {
    let from = table.need("from", date);
    for key in ["cycle", "logs", "identity", "source", "pattern", "platform", "quality", "ledger", "schema"] {
        table.refuse(key, "may not change from a day on; it holds for the whole book");
    }
    table.refuse("tenant", "stands above its versions; write [[tenant.version]] below the tenant");
    table.refuse("currency", "may not change from a day on; begin a book of its own");
    let scope = scope(table);
    Some((from?, scope))
}

/// The base with every version over it that holds on that day; before the first day where it is
/// `None`.
pub(super) fn in_force(base: &Scope, versions: &[Version], day: Option<Date>) -> Scope {
    let holds = |version: &&Version| day.is_some_and(|day| version.from <= day);
    versions.iter().filter(holds).fold(base.clone(), |below, version| below.under(&version.scope))
}

#[cfg(test)]
mod tests {
    use super::super::testing::problems_of;
    use super::super::{Book, Tenant};
    use super::*;
    use crate::billing::PriceModel;
    use crate::model::Category;
    use std::path::Path;

    const BOOK: &str = "schema = 1\ncurrency = 'EUR'\n[cycle]\nkind = 'month'\nanchor = 2026-01-01\nzone = 'UTC'\n\
         [activity]\nbillable_agents = ['any']\n\
         [[charge]]\ncategory = 'generic'\nmodel = 'flat'\nprice = '1'\n\
         [[charge]]\ncategory = 'desktop'\nmodel = 'flat'\nprice = '2'\n\
         [[version]]\nfrom = 2027-01-01\n\
         [[version.charge]]\ncategory = 'generic'\nmodel = 'flat'\nprice = '1.50'\n\
         [version.tax]\nlabel = 'VAT'\nrate = '23'\n\
         [[version]]\nfrom = 2026-06-01\n\
         [[version.charge]]\ncategory = 'generic'\nmodel = 'flat'\nprice = '1.20'\n\
         [[tenant]]\nname = 'acme'\ndomains = ['acme.example']\n\
         [[tenant]]\nname = 'own'\ndomains = ['own.example']\n\
         [[tenant.charge]]\ncategory = 'generic'\nmodel = 'flat'\nprice = '0.70'\n\
         [[tenant.version]]\nfrom = 2026-09-01\n\
         [[tenant.version.charge]]\ncategory = 'desktop'\nmodel = 'flat'\nprice = '3'\n";

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn price(tenant: &Tenant, category: Category) -> String {
        let charge = tenant.tariff.charges.iter().find(|charge| charge.category == category);
        match &charge.expect("both are charged").model {
            PriceModel::Flat { price } => price.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_version_holds_from_its_day_on_and_leaves_alone_what_it_does_not_name() {
        let book = Book::parse(Path::new("b"), BOOK).expect("the book has no problems");
        let prices = |text: &str| -> Vec<(String, String)> {
            let tenants = book.tenants_from(day(text)).iter();
            tenants.map(|it| (price(it, Category::Generic), price(it, Category::Desktop))).collect()
        };
        let owned = |all: [(&str, &str); 2]| all.map(|(one, other)| (one.to_owned(), other.to_owned()));
        assert_eq!(prices("2026-05-31"), owned([("1", "2"), ("0.70", "2")]));
        assert_eq!(prices("2026-06-01"), owned([("1.20", "2"), ("0.70", "2")]));
        assert_eq!(prices("2026-09-01"), owned([("1.20", "2"), ("0.70", "3")]));
        assert_eq!(prices("2027-01-01"), owned([("1.50", "2"), ("0.70", "3")]));
        let has_tax = |text: &str| book.tenants_from(day(text))[1].tariff.tax.is_some();
        assert!(!has_tax("2026-12-31") && has_tax("2027-01-01"));
    }

    #[test]
    fn a_version_says_from_when_and_changes_prices_only() {
        assert_eq!(
            problems_of(
                "[[version]]\n[[version]]\nfrom = 2027-01-01\n[version.cycle]\nkind = 'month'\n\
                 [[version]]\nfrom = 2027-01-01\n[[version.tenant]]\nname = 'a'\n",
                |root| Some(versions(root))
            ),
            [
                "1: `from` is missing in [[version]]",
                "4: `cycle` may not change from a day on; it holds for the whole book",
                "6: a second version from `2027-01-01`; the first is on line 2",
                "8: `tenant` stands above its versions; write [[tenant.version]] below the tenant",
            ]
        );
    }

    #[test]
    fn a_charge_that_stands_below_a_version_by_mistake_is_pointed_out() {
        let book = BOOK.replace(
            "[[version.charge]]\ncategory = 'generic'\nmodel = 'flat'\nprice = '1.50'",
            "[[feature]]\nname = 'f'\nprice = '1'",
        );
        let book = Book::parse(Path::new("b"), &book).expect("the book has no problems");
        let warnings: Vec<String> = book.warnings.iter().map(ToString::to_string).collect();
        assert!(
            warnings
                .iter()
                .any(|warning| warning.contains("write [[version.feature]] for what changes then")),
            "{warnings:?}"
        );
    }
}

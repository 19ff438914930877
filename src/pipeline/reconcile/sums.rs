//! Whether their amounts come to what the book's do, where the two lists agree on the users.
//!
//! A row's amount is right where it is any price that a user of its category can have: a list does not say which of
//! its users are the included ones, or in which tier. So rows can all be right, one by one, and come to too much: that is
//! worth a note, since what is included may stand elsewhere on an invoice. Where a category has no price per user (it is
//! sold in packages), the sum is all that can be right, and another one is a difference.

use crate::compare::{Comparison, Difference, Prices, TheirRow};
use crate::model::{Category, Invoice, LineKind};
use crate::pipeline::bill::CycleBill;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What their amounts for one category of a tenant come to, where the book's come to something else.
#[derive(Debug)]
pub struct OtherSum {
    pub sentence: String,
    /// Nothing but the sum can be right.
    pub is_difference: bool,
}

/// Those of each tenant and category whose charges all match, each with an amount, and whose amounts come to another
/// sum than the book's, before its discounts or behind them.
pub fn other_sums(
    comparison: &Comparison,
    rows: &[TheirRow],
    billed: &CycleBill,
    prices: &impl Prices,
) -> Vec<OtherSum> {
    let mut matches: BTreeMap<(usize, Category), Vec<Option<Decimal>>> = BTreeMap::new();
    for it in &comparison.matches {
        // A row of several categories has one amount for all.
        if let (Some(tenant), [category]) = (it.tenant, &it.our_categories[..]) {
            let amount = it.row.and_then(|row| rows[row].amount);
            matches.entry((tenant, *category)).or_default().push(amount);
        }
    }
    let differs = |tenant: usize, category: Category| {
        let is_of = |it: &Difference| {
            it.category.is_none_or(|it| it == category) || it.our_categories.contains(&category)
        };
        comparison.differences.iter().any(|it| it.tenant == Some(tenant) && is_of(it))
    };
    let sentence = |((tenant, category), amounts): ((usize, Category), Vec<Option<Decimal>>)| {
        let invoice = billed.tenants.get(tenant)?.invoice.as_ref()?;
        let users = amounts.len();
        let theirs: Decimal = amounts.into_iter().collect::<Option<Vec<_>>>()?.iter().sum();
        if differs(tenant, category) {
            return None;
        }
        let [listed, discounted, whole] = ours(invoice, category);
        let is_right = [listed, discounted, whole].contains(&theirs);
        (!is_right).then(|| OtherSum {
            sentence: format!(
                "their amounts for the {users} {} users of `{}` come to {}, the book's to {whole}",
                category.name(),
                billed.tenants[tenant].tenant.escape_debug(),
                with_digits_of(theirs, whole)
            ),
            is_difference: prices.unit_prices(tenant, category).is_empty(),
        })
    };
    matches.into_iter().filter_map(sentence).collect()
}

/// The same amount with at least as many digits as the other.
fn with_digits_of(amount: Decimal, other: Decimal) -> Decimal {
    let mut amount = amount;
    amount.rescale(amount.scale().max(other.scale()));
    amount
}

/// What the book charges for a category: its prices, less the discounts, and up to the minimum.
fn ours(invoice: &Invoice, category: Category) -> [Decimal; 3] {
    let sum = |kinds: &[LineKind]| -> Decimal {
        let lines = invoice.lines.iter().filter(|line| line.category == Some(category));
        lines.filter(|line| kinds.contains(&line.kind)).map(|line| line.amount.amount()).sum()
    };
    let listed = sum(&[LineKind::Charge, LineKind::Included]);
    let discounted = listed + sum(&[LineKind::Discount]);
    [listed, discounted, discounted + sum(&[LineKind::Minimum])]
}

//! How much money each difference is about.

use super::class::DiffClass;
use super::difference::Difference;
use super::theirs::TheirRow;
use crate::model::{Category, Currency};
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// What users cost, by the numbers of the tenants; before tax.
pub trait Prices {
    /// The prices that a row of that category may rightly carry, ascending: those of its tiers, with and
    /// without discount. Empty where there is no price per user.
    fn unit_prices(&self, tenant: usize, category: Category) -> &[Decimal];

    /// How much more the charge would be with so many more users (negative: fewer) than we bill; `None` where the
    /// tenant has no such charge in the cycle.
    fn change(&self, tenant: usize, category: Category, users: i64) -> Option<Decimal>;

    /// The tenant's currency; of no tenant the one that all have.
    fn currency(&self, tenant: Option<usize>) -> Option<Currency>;
}

/// The rows of one class, and what they are about together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stakes {
    /// Rows of theirs; for `seen_not_billed` charges of ours.
    pub rows: u64,
    /// What they charge beyond what is due; negative where they charge less.
    pub amounts: BTreeMap<Currency, Decimal>,
    /// Rows without any amount known.
    pub unpriced: u64,
}

/// Counts users up in one class, tenant and category, so that amounts of its rows add up to what the whole
/// of them makes of the charge, whatever the tiers.
#[derive(Default)]
struct Ladder(BTreeMap<(DiffClass, usize, Category, bool), i64>);

impl Ladder {
    /// What one more user (or one fewer) makes of the charge, after those of the class before.
    fn step(
        &mut self,
        prices: &dyn Prices,
        class: DiffClass,
        place: (usize, Category),
        is_more: bool,
    ) -> Option<Decimal> {
        let (tenant, category) = place;
        let count = self.0.entry((class, tenant, category, is_more)).or_default();
        let sign = if is_more { 1 } else { -1 };
        let before = match *count {
            0 => Decimal::ZERO,
            count => prices.change(tenant, category, sign * count)?,
        };
        *count += 1;
        Some(prices.change(tenant, category, sign * *count)? - before)
    }
}

/// Writes into each difference what is at stake, in their order, and sums it up by class.
pub(super) fn stake(
    differences: &mut [Difference],
    rows: &[TheirRow],
    prices: &dyn Prices,
) -> BTreeMap<DiffClass, Stakes> {
    let mut ladder = Ladder::default();
    // There are far fewer prices than rows.
    let mut singles: BTreeMap<(usize, Category), Option<Decimal>> = BTreeMap::new();
    let mut sums: BTreeMap<DiffClass, Stakes> = BTreeMap::new();
    for difference in differences {
        let amount = rows_amount(difference, rows);
        if let (None, None, Some(tenant), [_, ..]) =
            (amount, difference.our_amount, difference.tenant, &difference.our_categories[..])
        {
            let single = |category: &Category| {
                let less = || prices.change(tenant, *category, -1).map(|less| -less);
                *singles.entry((tenant, *category)).or_insert_with(less)
            };
            difference.our_amount = difference.our_categories.iter().map(single).sum();
        }
        difference.at_stake = at_stake(difference, amount, prices, &mut ladder);
        let sum = sums.entry(difference.class).or_default();
        sum.rows += 1;
        match (difference.at_stake, prices.currency(difference.tenant)) {
            (Some(amount), Some(currency)) => *sum.amounts.entry(currency).or_default() += amount,
            _ => sum.unpriced += 1,
        }
    }
    sums
}

fn rows_amount(difference: &Difference, rows: &[TheirRow]) -> Option<Decimal> {
    difference.row.and_then(|row| rows[row].amount)
}

fn at_stake(
    difference: &mut Difference,
    their_amount: Option<Decimal>,
    prices: &dyn Prices,
    ladder: &mut Ladder,
) -> Option<Decimal> {
    let class = difference.class;
    let place = |category: Option<Category>| Some((difference.tenant?, category?));
    let mut price =
        |category: Option<Category>, is_more| ladder.step(prices, class, place(category)?, is_more);
    match class {
        DiffClass::SeenNotBilled => {
            let less = price(difference.category, false)?;
            difference.our_amount = Some(-less);
            Some(less)
        }
        DiffClass::WrongCategory => {
            // Their charge falls away and ours takes its place.
            let ours = price(difference.our_categories.first().copied(), false)?;
            difference.our_amount = Some(-ours);
            Some(their_amount.or_else(|| price(difference.category, true))? + ours)
        }
        DiffClass::Amount => Some(their_amount? - difference.our_amount?),
        DiffClass::VendorRowBad => their_amount,
        DiffClass::Match => None,
        DiffClass::BilledNotSeen
        | DiffClass::DuplicateExact
        | DiffClass::DuplicateAlias
        | DiffClass::WrongTenant
        | DiffClass::WrongRole
        | DiffClass::Period => their_amount.or_else(|| price(difference.category, true)),
    }
}

/// The sum of one price out of each list that comes nearest to the amount; of two the lower. `None` where a
/// list is empty.
pub(super) fn nearest(lists: &[&[Decimal]], amount: Decimal) -> Option<Decimal> {
    let mut sums = vec![Decimal::ZERO];
    for list in lists {
        sums = sums.iter().flat_map(|sum| list.iter().map(move |price| *sum + *price)).collect();
    }
    sums.into_iter().min_by_key(|sum| ((*sum - amount).abs(), *sum))
}

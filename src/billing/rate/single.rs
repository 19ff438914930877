//! One charge by itself: for whoever asks what some users more or fewer would come to.

use super::{Draft, holds, price};
use crate::billing::{AdjustKind, Charge, Tariff};
use crate::model::{Category, Cycle, Money};
use rust_decimal::Decimal;

/// What the charge of that category comes to with so many users: after its discounts and with its minimum,
/// before tax. `None` where it is not made in the cycle.
pub fn charge_for(tariff: &Tariff, cycle: &Cycle, category: Category, users: u64) -> Option<Money> {
    let charge = made(tariff, cycle, category)?;
    Some(Draft { tariff, cycle, lines: Vec::new() }.charge(charge, users))
}

/// The prices at which a single one of so many users can stand on a list, ascending: nothing where some are
/// included, and the price of each tier that is reached, with and without discount, exact and rounded.
///
/// Empty where the charge is not made in the cycle, and for packages, of which no user has a price.
pub fn unit_prices(tariff: &Tariff, cycle: &Cycle, category: Category, users: u64) -> Vec<Decimal> {
    let Some(charge) = made(tariff, cycle, category) else { return Vec::new() };
    if let super::super::PriceModel::Package { .. } = charge.model {
        return Vec::new();
    }
    let draft = Draft { tariff, cycle, lines: Vec::new() };
    let discounts = tariff.adjusts.iter().filter(|adjust| {
        adjust.kind == AdjustKind::Percent && adjust.applies_to.contains(&category) && holds(adjust, cycle)
    });
    let off: Decimal = discounts.map(|adjust| adjust.value).sum();
    let left = (Decimal::ONE_HUNDRED - off).max(Decimal::ZERO) / Decimal::ONE_HUNDRED;
    let mut prices: Vec<Decimal> = Vec::new();
    if charge.included > 0 {
        prices.push(Decimal::ZERO);
    }
    // A user more than there are is asked for, too.
    for users in [users, users + 1] {
        for priced in price(&charge.model, users.saturating_sub(charge.included).max(1)) {
            for exact in [priced.unit_price, draft.prorated(priced.unit_price)] {
                for exact in [exact, exact * left] {
                    prices.push(exact);
                    prices.push(Money::round(exact, tariff.currency, tariff.rounding).amount());
                }
            }
        }
    }
    prices.sort_unstable();
    prices.dedup();
    prices
}

fn made<'t>(tariff: &'t Tariff, cycle: &Cycle, category: Category) -> Option<&'t Charge> {
    tariff.charges.iter().find(|charge| charge.category == category && charge.is_made(cycle))
}

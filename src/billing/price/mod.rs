//! How a quantity of users becomes priced lines: one model a file. To add one, copy [`flat`].
//!
//! Every model takes the users that are left after the included ones, and gives lines whose
//! quantities add up to them (packages: to the packages begun).

mod flat;
mod graduated;
mod package;
mod volume;

use super::PriceModel;
use rust_decimal::Decimal;

/// One line of a charge before it is rounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Priced {
    /// What sets the line apart from the charge's others; empty where there are none.
    pub detail: String,
    pub quantity: u64,
    pub unit_price: Decimal,
}

impl Priced {
    fn new(detail: impl Into<String>, quantity: u64, unit_price: Decimal) -> Self {
        Self { detail: detail.into(), quantity, unit_price }
    }

    /// Quantity times price, exact.
    ///
    /// # Panics
    ///
    /// If the product does not fit 28 digits: a price book has at most 12 before the point.
    pub fn exact(&self) -> Decimal {
        Decimal::from(self.quantity).checked_mul(self.unit_price).expect("an amount fits 28 digits")
    }
}

/// The lines of so many users under a price model. Zero users give one line of zero.
pub fn price(model: &PriceModel, users: u64) -> Vec<Priced> {
    match model {
        PriceModel::Flat { price } => flat::price(users, *price),
        PriceModel::Graduated { tiers } => graduated::price(users, tiers),
        PriceModel::Volume { tiers } => volume::price(users, tiers),
        PriceModel::Package { size, price } => package::price(users, *size, *price),
    }
}

/// A test's way to write prices: quantity and unit price of each line.
#[cfg(test)]
fn shown(lines: &[Priced]) -> Vec<(u64, String)> {
    lines.iter().map(|line| (line.quantity, line.unit_price.to_string())).collect()
}

#[cfg(test)]
fn tiers(edges: &[(Option<u64>, &str)]) -> Vec<super::Tier> {
    edges.iter().map(|(upto, price)| super::Tier { upto: *upto, price: price.parse().unwrap() }).collect()
}

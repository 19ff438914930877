//! Fixed adjustments and credits: an amount off the net, which never falls below zero.

use crate::model::{Currency, Money, Rounding};
use rust_decimal::Decimal;

/// What a fixed adjustment or credit comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Off {
    /// The line's amount: not above zero for a deduction.
    pub line: Money,
    /// The part that the net could not bear.
    pub carried: Money,
}

/// Takes `value` off the net; a negative value adds.
pub fn take_off(net: Money, value: Decimal, rounding: Rounding) -> Off {
    let currency: Currency = net.currency();
    let value = Money::round(value, currency, rounding);
    if value.amount() <= net.amount() {
        return Off { line: value.negated(), carried: Money::zero(currency) };
    }
    Off { line: net.negated(), carried: value.plus(net.negated()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_net_never_falls_below_zero_and_the_rest_is_carried_forward() {
        let euro = Currency::from_code("EUR").unwrap();
        let money = |text: &str| Money::round(text.parse().unwrap(), euro, Rounding::HalfUp);
        for (net, value, line, carried) in [
            ("30.00", "20.00", "-20.00", "0.00"),
            ("20.00", "20.00", "-20.00", "0.00"),
            ("19.99", "20.00", "-19.99", "0.01"),
            ("0.00", "20.00", "0.00", "20.00"),
            ("5.00", "-2.50", "2.50", "0.00"),
        ] {
            let off = take_off(money(net), value.parse().unwrap(), Rounding::HalfUp);
            assert_eq!(
                (off.line.to_string(), off.carried.to_string()),
                (line.to_owned(), carried.to_owned()),
                "{net} {value}"
            );
        }
    }
}

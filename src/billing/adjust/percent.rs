//! A percentage off one charge's own subtotal.

use rust_decimal::Decimal;

/// The discount on a subtotal, exact and not below zero: to be taken off.
///
/// Several discounts on one charge are each of the same subtotal, not of what the others left.
pub fn discount(subtotal: Decimal, percent: Decimal) -> Decimal {
    subtotal.checked_mul(percent).expect("an amount fits 28 digits") / Decimal::ONE_HUNDRED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_of_the_subtotal() {
        for (subtotal, percent, expected) in
            [("0", "10", "0"), ("10.50", "10", "1.05"), ("4.40", "12.5", "0.55"), ("7", "100", "7")]
        {
            let exact = discount(subtotal.parse().unwrap(), percent.parse().unwrap());
            assert_eq!(exact, expected.parse().unwrap(), "{percent} % of {subtotal}");
        }
    }
}

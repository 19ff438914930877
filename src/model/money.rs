//! Amounts of money: exact decimals with a currency.

use rust_decimal::{Decimal, RoundingStrategy};
use std::fmt;

/// An ISO 4217 currency: its code and the digits its amounts are rounded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    code: [u8; 3],
    digits: u8,
}

impl Currency {
    /// The currency of that code in capital letters; `None` for anything but three letters.
    ///
    /// Digits follow ISO 4217 table A.1: none for the yen and its like, three for the dinars,
    /// four for two accounting units, else two.
    pub fn from_code(code: &str) -> Option<Self> {
        const NO_DIGITS: [&str; 16] = [
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
            "XAF", "XOF",
        ];
        const THREE_DIGITS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        if !bytes.iter().all(u8::is_ascii_uppercase) {
            return None;
        }
        let digits = match code {
            _ if NO_DIGITS.contains(&code) || code == "XPF" => 0,
            _ if THREE_DIGITS.contains(&code) => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        };
        Some(Self { code: bytes, digits })
    }

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.code).expect("a currency code is three ASCII letters")
    }

    /// Digits after the decimal point of an amount that is paid.
    pub const fn digits(&self) -> u32 {
        self.digits as u32
    }
}

/// How an invoice line becomes an amount that can be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// A half goes away from zero.
    HalfUp,
    /// A half goes to the even neighbour.
    HalfEven,
}

/// An exact amount in a currency, already rounded to that currency's digits.
///
/// The only way to make one from a computed figure is [`Money::round`]: rounding happens where
/// a line becomes money, and nowhere else. Sums of money are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    amount: Decimal,
    currency: Currency,
}

impl Money {
    /// Nothing, in that currency.
    pub fn zero(currency: Currency) -> Self {
        Self::round(Decimal::ZERO, currency, Rounding::HalfUp)
    }

    /// The exact figure rounded to the currency's own digits.
    pub fn round(exact: Decimal, currency: Currency, rounding: Rounding) -> Self {
        let strategy = match rounding {
            Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
            Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
        };
        let mut amount = exact.round_dp_with_strategy(currency.digits(), strategy);
        amount.rescale(currency.digits());
        Self { amount, currency }
    }

    /// The amount, with exactly the currency's digits.
    pub const fn amount(&self) -> Decimal {
        self.amount
    }

    /// The currency.
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// The exact sum of amounts of one currency.
    ///
    /// # Panics
    ///
    /// If the currencies differ or the sum does not fit 28 digits: no bill may leave the house then.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        assert_eq!(self.currency, other.currency, "amounts of two currencies do not add up");
        let amount = self.amount.checked_add(other.amount).expect("a sum of money fits 28 digits");
        Self { amount, currency: self.currency }
    }

    /// The same amount with the other sign.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { amount: -self.amount, currency: self.currency }
    }
}

/// The bare number with all its digits, as CSV cells carry it: `1500.00`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Minus nothing is nothing.
        let amount = if self.amount.is_zero() { self.amount.abs() } else { self.amount };
        f.pad(&amount.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn euro(text: &str, rounding: Rounding) -> String {
        Money::round(text.parse().unwrap(), Currency::from_code("EUR").unwrap(), rounding).to_string()
    }

    #[test]
    fn a_half_rounds_as_the_book_says() {
        assert_eq!(euro("0.125", Rounding::HalfUp), "0.13");
        assert_eq!(euro("0.125", Rounding::HalfEven), "0.12");
        assert_eq!(euro("-0.125", Rounding::HalfUp), "-0.13");
        assert_eq!(euro("-0.001", Rounding::HalfUp), "0.00");
        assert_eq!(euro("7", Rounding::HalfUp), "7.00");
    }

    #[test]
    fn currencies_have_their_own_digits() {
        let digits = |code| Currency::from_code(code).unwrap().digits();
        assert_eq!((digits("JPY"), digits("EUR"), digits("KWD")), (0, 2, 3));
        assert_eq!(Currency::from_code("eur"), None);
        assert_eq!(Currency::from_code("EURO"), None);
    }
}

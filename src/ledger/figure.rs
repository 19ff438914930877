//! An exact decimal that stands in JSON as a string.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A decimal with the digits it was written with, a string in JSON: no reader makes a float of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figure(pub Decimal);

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Minus nothing is nothing.
        let decimal = if self.0.is_zero() { self.0.abs() } else { self.0 };
        serializer.collect_str(&decimal)
    }
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let decimal = text.parse().map_err(|_| serde::de::Error::custom("a figure is no decimal"))?;
        Ok(Self(decimal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_keeps_its_digits_and_is_no_float() {
        let figure: Figure = serde_json::from_str("\"-1.50\"").unwrap();
        assert_eq!(serde_json::to_string(&figure).unwrap(), "\"-1.50\"");
        assert!(serde_json::from_str::<Figure>("1.5").is_err());
    }
}

//! The currencies a book may name: the active codes of ISO 4217.

use super::problems::{nearest, quoted};
use super::section::Field;
use super::value::text;
use crate::model::Currency;

/// Codes of money that is paid with; funds, metals and testing codes are left out.
#[rustfmt::skip]
const CODES: [&str; 155] = [
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BHD", "BIF", "BMD",
    "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLF", "CLP", "CNY", "COP",
    "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP",
    "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IQD",
    "IRR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK",
    "LBP", "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR",
    "MWK", "MXN", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP",
    "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP",
    "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD",
    "TWD", "TZS", "UAH", "UGX", "USD", "UYI", "UYU", "UYW", "UZS", "VED", "VES", "VND", "VUV", "WST", "XAF",
    "XCD", "XOF", "XPF", "YER", "ZAR",
];

/// A currency by its three letters.
pub(super) fn currency(field: &Field<'_, '_>) -> Option<Currency> {
    let code = text(field)?;
    if CODES.contains(&code.as_str()) {
        return Currency::from_code(&code);
    }
    let complaint = format!("unknown currency {}", quoted(&code));
    match nearest(&code, CODES) {
        Some(near) => field.fault(format!("{complaint}; did you mean `{near}`?")),
        None => field.fault(format!("{complaint}; use an ISO 4217 code such as `EUR`")),
    }
}

#[cfg(test)]
mod tests {
    use super::CODES;
    use crate::model::Currency;

    #[test]
    fn the_codes_are_sorted_distinct_and_known_to_the_model() {
        assert!(CODES.is_sorted_by(|a, b| a < b));
        assert!(CODES.iter().all(|code| Currency::from_code(code).is_some()));
    }
}

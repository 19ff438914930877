//! Numbers as people read them.

use std::fmt::Display;

/// A number with a comma between its thousands: `1,204`, `-1,493.14`.
pub fn grouped(number: impl Display) -> String {
    let text = number.to_string();
    let (sign, text) = match text.strip_prefix('-') {
        Some(text) => ("-", text),
        None => ("", &text[..]),
    };
    let (whole, fraction) = match text.find('.') {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let mut out = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_parted_and_digits_after_the_point_are_not() {
        let cases = [("0", "0"), ("999", "999"), ("1000", "1,000"), ("-1493.1400", "-1,493.1400")];
        for (plain, expected) in cases {
            assert_eq!(grouped(plain), expected);
        }
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }
}

//! Single cells: what a spreadsheet did to a user, amounts, dates.

use crate::compare::DateOrder;
use jiff::civil::Date;
use rust_decimal::Decimal;

/// The user in the cell, and what had to be taken off to see it.
pub(super) fn mended(cell: &str) -> (&str, &'static str) {
    if let Some(inside) = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')) {
        return (inside.trim(), "written as a formula");
    }
    if let Some(rest) = cell.strip_prefix('\'') {
        return (rest.trim(), "written behind an apostrophe");
    }
    // What a program makes of a number that it held as a fraction.
    if let Some(whole) = cell.strip_suffix(".0")
        && whole.len() >= 3
        && whole.bytes().all(|byte| byte.is_ascii_digit())
    {
        return (whole, "written as a fraction");
    }
    (cell, "")
}

/// Why the cell names no user whom anybody could find.
pub(super) fn user_problem(user: &str) -> Option<(&'static str, String)> {
    let shown = user.escape_debug();
    if user.is_empty() {
        return Some(("no_user", "names no user".to_owned()));
    }
    if is_scientific(user.split('@').next().unwrap_or(user)) {
        let text = format!("`{shown}` is a number that a spreadsheet rounded; its digits are lost");
        return Some(("number_rounded", text));
    }
    if user.starts_with('#') && user.ends_with(['!', '?', 'A']) && user.len() >= 4 {
        return Some(("spreadsheet_error", format!("`{shown}` is a spreadsheet's error")));
    }
    if user.chars().any(char::is_control) {
        return Some(("bad_user", format!("`{shown}` holds a line end or another control character")));
    }
    None
}

/// `4.20777E+11`, with either decimal sign.
fn is_scientific(text: &str) -> bool {
    let Some((mantissa, exponent)) = text.split_once(['E', 'e']) else { return false };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['+', '-']);
    digits(whole.trim_start_matches(['+', '-'])) && digits(fraction) && exponent.is_some_and(digits)
}

/// An amount of money, with or without thousands and currency; in brackets it is negative.
pub(super) fn amount(cell: &str, decimal: u8) -> Option<Decimal> {
    let is_bracketed = cell.starts_with('(') && cell.ends_with(')');
    let inside = cell.trim_matches(['(', ')']);
    let is_currency = |c: char| c.is_alphabetic() || "€$£¥₹₽¢".contains(c) || c.is_whitespace();
    let bare = inside.trim_matches(is_currency);
    let (sign, bare) = match bare.strip_prefix('-').or_else(|| bare.strip_prefix('−')) {
        Some(rest) => ("-", rest),
        None => ("", bare.strip_prefix('+').unwrap_or(bare)),
    };
    let bare = bare.trim_matches(is_currency);
    let decimal = char::from(decimal);
    let (whole, fraction) = match bare.rsplit_once(decimal) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (bare, None),
    };
    let whole: String = grouped(whole, decimal)?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = fraction.unwrap_or("");
    if !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let text = format!(
        "{sign}{}.{}",
        if whole.is_empty() { "0" } else { &whole },
        if fraction.is_empty() { "0" } else { fraction }
    );
    let amount: Decimal = Decimal::from_str_exact(&text).ok()?;
    Some(if is_bracketed { -amount } else { amount }.normalize())
}

/// The digits of a whole number whose thousands may be parted; `None` where it is none.
fn grouped(whole: &str, decimal: char) -> Option<String> {
    let is_mark = |c: char| (matches!(c, '.' | ',' | '\'' | '’') || c.is_whitespace()) && c != decimal;
    let groups: Vec<&str> = whole.split(is_mark).collect();
    let is_digits = groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_digit()));
    let is_grouped = groups.len() == 1
        || (groups[1..].iter().all(|group| group.len() == 3) && (1..=3).contains(&groups[0].len()));
    (is_digits && is_grouped).then(|| groups.concat())
}

/// A day: `2026-10-01` and what may follow it, `2026-10` (its first), `20261001`, `1.10.2026`, or `01/10/2026` in
/// that order.
pub(super) fn date(cell: &str, order: DateOrder) -> Option<Date> {
    match parts(cell)? {
        Parts::YearFirst(year, month, day) => Date::new(year, month, day).ok(),
        Parts::Dotted(day, month, year) => Date::new(year, month, day).ok(),
        Parts::Open(one, other, year) => {
            let (day, month) = if order == DateOrder::DayMonthYear { (one, other) } else { (other, one) };
            Date::new(year, month, day).ok()
        }
    }
}

/// A date's numbers, in the order in which they stand.
pub(super) enum Parts {
    YearFirst(i16, i8, i8),
    /// Day, month, year: nobody writes dots in another order.
    Dotted(i8, i8, i16),
    /// Day and month in an order that the date does not tell, and the year.
    Open(i8, i8, i16),
}

/// The numbers of a date; `None` where it is none.
pub(super) fn parts(cell: &str) -> Option<Parts> {
    let date = cell.split(['T', 't', ' ']).next().unwrap_or(cell);
    let small = |text: &str| text.parse::<i8>().ok().filter(|_| (1..=2).contains(&text.len()));
    let year = |text: &str| text.parse::<i16>().ok().filter(|_| text.len() == 4);
    if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Parts::YearFirst(year(&date[..4])?, small(&date[4..6])?, small(&date[6..])?));
    }
    let mark = date.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
    let pieces: Vec<&str> = date.trim_end_matches('.').split(mark).collect();
    match pieces[..] {
        [first, month] if first.len() == 4 => Some(Parts::YearFirst(year(first)?, small(month)?, 1)),
        [first, month, day] if first.len() == 4 => {
            Some(Parts::YearFirst(year(first)?, small(month)?, small(day)?))
        }
        [one, other, last] if mark == '.' => Some(Parts::Dotted(small(one)?, small(other)?, year(last)?)),
        [one, other, last] => Some(Parts::Open(small(one)?, small(other)?, year(last)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_with_either_sign_and_with_thousands() {
        let read = |cell: &str, decimal: u8| amount(cell, decimal).map(|amount| amount.to_string());
        for (cell, decimal, expected) in [
            ("1.10", b'.', "1.1"),
            ("1,10", b',', "1.1"),
            ("€ 1,234.50", b'.', "1234.5"),
            ("1.234,50 EUR", b',', "1234.5"),
            ("1\u{a0}234,5", b',', "1234.5"),
            ("-0.75", b'.', "-0.75"),
            ("(0.75)", b'.', "-0.75"),
            ("$-3", b'.', "-3"),
            (".5", b'.', "0.5"),
        ] {
            assert_eq!(read(cell, decimal).as_deref(), Some(expected), "{cell}");
        }
        for cell in ["", "EUR", "1,10", "1.2.3", "1E+2", "12,34,567.00", "--1"] {
            assert_eq!(read(cell, b'.'), None, "{cell}");
        }
    }

    #[test]
    fn a_number_that_a_spreadsheet_rounded_is_known() {
        for text in ["4.20777E+11", "4,20777E+11", "4E+11", "4.2e-5"] {
            assert!(is_scientific(text), "{text}");
        }
        for text in ["e11", "1e5", "bob", "4.2", "e+1", "4.20777E+", "joe+3"] {
            assert!(!is_scientific(text), "{text}");
        }
    }

    #[test]
    fn dates_are_read_in_the_order_that_is_given() {
        let read = |cell: &str, order| date(cell, order).map(|date| date.to_string());
        use DateOrder::{DayMonthYear, MonthDayYear};
        for (cell, order, expected) in [
            ("2026-10-01", MonthDayYear, "2026-10-01"),
            ("2026-10-01T00:00:00Z", MonthDayYear, "2026-10-01"),
            ("2026/10/01", MonthDayYear, "2026-10-01"),
            ("20261001", MonthDayYear, "2026-10-01"),
            ("2026-10", MonthDayYear, "2026-10-01"),
            ("1.10.2026", MonthDayYear, "2026-10-01"),
            ("01/10/2026", DayMonthYear, "2026-10-01"),
            ("10/01/2026 00:00", MonthDayYear, "2026-10-01"),
        ] {
            assert_eq!(read(cell, order).as_deref(), Some(expected), "{cell}");
        }
        for cell in ["", "soon", "46296", "31/13/2026", "1/2/26"] {
            assert_eq!(read(cell, DayMonthYear), None, "{cell}");
        }
    }

    #[test]
    fn what_a_spreadsheet_puts_around_a_number_is_taken_off() {
        assert_eq!(mended("=\"+420777\"").0, "+420777");
        assert_eq!(mended("'+420777").0, "+420777");
        assert_eq!(mended("420777.0").0, "420777");
        assert_eq!(mended("bob@a.example"), ("bob@a.example", ""));
    }
}

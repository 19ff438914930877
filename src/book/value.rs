//! The kinds of value a book holds: each from TOML to a plain type, or a problem at its line.

use super::problems::{nearest, quoted, regex_complaint};
use super::section::Field;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use rust_decimal::Decimal;
use std::net::IpAddr;
use toml_edit::Value;

/// A zone by the name that the book gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Name in the IANA database, in its own spelling.
    pub name: String,
    pub zone: TimeZone,
}

impl Zone {
    /// The zone of that name.
    ///
    /// Only the database that is part of the program is asked, never the machine's: the same
    /// book must give the same cycles everywhere.
    ///
    /// # Errors
    ///
    /// What is wrong with the name, and the nearest right one.
    pub fn named(name: &str) -> Result<Self, String> {
        let database = TimeZoneDatabase::bundled();
        if let Ok(zone) = database.get(name) {
            let name = zone.iana_name().unwrap_or(name).to_owned();
            return Ok(Self { name, zone });
        }
        let names: Vec<String> = database.available().map(|name| name.as_str().to_owned()).collect();
        let city = |name: &str| name.rsplit('/').next().unwrap_or_default().to_lowercase();
        // A city without its continent is the commonest slip.
        let by_city = names.iter().find(|known| known.contains('/') && city(known) == city(name));
        let near = by_city.map(String::as_str).or_else(|| nearest(name, names.iter().map(String::as_str)));
        Err(match near {
            Some(near) => format!("unknown zone {}; did you mean `{near}`?", quoted(name)),
            None => format!("unknown zone {}; use an IANA name such as `Europe/Prague`", quoted(name)),
        })
    }
}

fn wrong_type<T>(field: &Field<'_, '_>, wanted: &str) -> Option<T> {
    let found = match field.value {
        Value::String(_) => "a string",
        Value::Integer(_) => "an integer",
        Value::Float(_) => "a float",
        Value::Boolean(_) => "a boolean",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::InlineTable(_) => "a table",
    };
    field.fault(format!("`{}` is {found}; it must be {wanted}", field.key))
}

/// A string of one line that is not empty: it may stand in a report as it is.
pub(super) fn text(field: &Field<'_, '_>) -> Option<String> {
    let text = lines(field)?;
    if text.contains(char::is_control) {
        return field.fault(format!("`{}` {} holds a control character", field.key, quoted(&text)));
    }
    Some(text)
}

/// A string that is not empty, of any number of lines.
fn lines(field: &Field<'_, '_>) -> Option<String> {
    match field.value.as_str() {
        Some("") => field.fault(format!("`{}` is empty", field.key)),
        Some(text) => Some(text.to_owned()),
        None => wrong_type(field, "a string"),
    }
}

/// `true` or `false`.
pub(super) fn boolean(field: &Field<'_, '_>) -> Option<bool> {
    field.value.as_bool().or_else(|| wrong_type(field, "`true` or `false`"))
}

/// A whole number, zero or more.
pub(super) fn count(field: &Field<'_, '_>) -> Option<u64> {
    match field.value.as_integer() {
        Some(number) => u64::try_from(number)
            .ok()
            .or_else(|| field.fault(format!("`{}` is negative: {number}", field.key))),
        None => wrong_type(field, "a whole number"),
    }
}

/// A whole number from 1.
pub(super) fn positive(field: &Field<'_, '_>) -> Option<u64> {
    match count(field)? {
        0 => field.fault(format!("`{}` is 0; it must be 1 or more", field.key)),
        number => Some(number),
    }
}

/// A list, each element read alike; a wrong element is reported and left out.
pub(super) fn list<'a, T>(
    field: &Field<'_, 'a>,
    read: impl Fn(&Field<'_, 'a>) -> Option<T>,
) -> Option<Vec<T>> {
    let Some(values) = field.value.as_array() else {
        return wrong_type(field, "a list, in `[` and `]`");
    };
    let element = |value| Field { section: field.section, key: field.key, value };
    Some(values.iter().filter_map(|value| read(&element(value))).collect())
}

/// A list of strings.
pub(super) fn texts(field: &Field<'_, '_>) -> Option<Vec<String>> {
    list(field, text)
}

/// An exact decimal, of either sign.
///
/// At most 12 digits before the point and 12 after it: an amount times ten million users then
/// still fits the 28 digits that sums are exact in.
pub(super) fn decimal(field: &Field<'_, '_>) -> Option<Decimal> {
    let key = field.key;
    let Some(text) = field.value.as_str() else {
        if field.value.is_float() || field.value.is_integer() {
            let written = field.written();
            return field.fault(format!("`{key}` is a bare number; write it as a string, `\"{written}\"`"));
        }
        return wrong_type(field, "a decimal number in quotes, such as `\"1.10\"`");
    };
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) {
        let remedy = match text.split_once(',') {
            Some((left, right)) if are_digits(left) && are_digits(right) => format!("`{left}.{right}`"),
            _ => "a decimal number such as `1.10`".to_owned(),
        };
        return field.fault(format!("`{key}` is {}; write {remedy}", quoted(text)));
    }
    if whole.len() > 12 || fraction.len() > 12 {
        return field.fault(format!(
            "`{key}` is {}; at most 12 digits stand on either side of the point",
            quoted(text)
        ));
    }
    match Decimal::from_str_exact(text) {
        Ok(number) => Some(number),
        Err(error) => field.fault(format!("`{key}` is {}: {error}", quoted(text))),
    }
}

/// An exact decimal that is not negative.
pub(super) fn price(field: &Field<'_, '_>) -> Option<Decimal> {
    let price = decimal(field)?;
    if price.is_sign_negative() && !price.is_zero() {
        return field.fault(format!(
            "`{}` is negative: `{price}`; use a discount or a credit in [[adjust]]",
            field.key
        ));
    }
    // Minus nothing is nothing.
    Some(if price.is_zero() { price.abs() } else { price })
}

/// A percentage from 0 to 100.
pub(super) fn percent(field: &Field<'_, '_>) -> Option<Decimal> {
    let value = decimal(field)?;
    if value < Decimal::ZERO || value > Decimal::ONE_HUNDRED {
        return field.fault(format!("`{}` is `{value}` percent; it must be from 0 to 100", field.key));
    }
    Some(value)
}

/// A day, written bare.
pub(super) fn date(field: &Field<'_, '_>) -> Option<Date> {
    let key = field.key;
    if let Some(text) = field.value.as_str() {
        return match text.parse::<Date>() {
            Ok(date) => field.fault(format!("`{key}` is a string; write the day without quotes, `{date}`")),
            Err(_) => field.fault(format!("`{key}` is {}; write a day such as `2026-10-01`", quoted(text))),
        };
    }
    let Some(stamp) = field.value.as_datetime() else {
        return wrong_type(field, "a day such as `2026-10-01`");
    };
    let (Some(day), None, None) = (stamp.date, stamp.time, stamp.offset) else {
        return field
            .fault(format!("`{key}` is `{}`; write the day alone, such as `2026-10-01`", field.written()));
    };
    let parts = (i16::try_from(day.year), i8::try_from(day.month), i8::try_from(day.day));
    let (Ok(year), Ok(month), Ok(number)) = parts else {
        return field.fault(format!("`{key}` is `{}`, which is no day", field.written()));
    };
    Date::new(year, month, number)
        .ok()
        .or_else(|| field.fault(format!("`{key}` is `{}`, which is no day", field.written())))
}

/// A zone by its IANA name.
pub(super) fn zone(field: &Field<'_, '_>) -> Option<Zone> {
    let name = text(field)?;
    Zone::named(&name).map_err(|complaint| field.fault::<()>(complaint)).ok()
}

/// A regular expression that compiles.
pub(super) fn regex(field: &Field<'_, '_>) -> Option<String> {
    // A long expression is written over several lines with `(?x)`.
    let pattern = lines(field)?;
    match regex::bytes::Regex::new(&pattern) {
        Ok(_) => Some(pattern),
        Err(error) => field.fault(format!(
            "`{}` {} is no regular expression: {}",
            field.key,
            quoted(&pattern),
            regex_complaint(&error)
        )),
    }
}

/// A list of regular expressions.
pub(super) fn regexes(field: &Field<'_, '_>) -> Option<Vec<String>> {
    list(field, regex)
}

/// A span of time such as `6h`, `90m` or `1h30m`, in seconds; never zero.
pub(super) fn duration(field: &Field<'_, '_>) -> Option<u32> {
    let written = match field.value.as_str() {
        Some(text) => text,
        None => return wrong_type(field, "a span such as `\"6h\"` or `\"90m\"`"),
    };
    let mut seconds: Option<u64> = Some(0);
    let mut number = String::new();
    let mut is_whole = false;
    for letter in written.chars() {
        let unit = match letter {
            '0'..='9' => {
                number.push(letter);
                is_whole = false;
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => 0,
        };
        let add = number.parse::<u64>().ok().filter(|_| unit > 0).and_then(|number| number.checked_mul(unit));
        seconds = seconds.zip(add).and_then(|(sum, add)| sum.checked_add(add));
        number.clear();
        is_whole = true;
    }
    seconds
        .filter(|&seconds| is_whole && seconds > 0)
        .and_then(|seconds| u32::try_from(seconds).ok())
        .or_else(|| {
            field.fault(format!("`{}` is {}; write a span such as `6h` or `90m`", field.key, quoted(written)))
        })
}

/// An address, or a network as address and prefix length (CIDR).
pub(super) fn network(field: &Field<'_, '_>) -> Option<String> {
    let written = text(field)?;
    let complaint = format!("`{}` {} is no network", field.key, quoted(&written));
    let (address, length) = written.split_once('/').map_or((&*written, None), |(a, l)| (a, Some(l)));
    let Ok(address) = address.parse::<IpAddr>() else {
        return field.fault(format!("{complaint}; write an address with its prefix such as `192.0.2.0/24`"));
    };
    let Some(length) = length else { return Some(written) };
    let width: u32 = if address.is_ipv4() { 32 } else { 128 };
    let Some(length) = length.parse::<u32>().ok().filter(|&length| length <= width) else {
        return field.fault(format!("{complaint}; its prefix goes from 0 to {width}"));
    };
    let first: IpAddr = match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
            std::net::Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
            std::net::Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    };
    if first != address {
        return field
            .fault(format!("{complaint}: it has bits beyond its prefix; did you mean `{first}/{length}`?"));
    }
    Some(written)
}

/// A host name or address as it stands after the `@` of an AOR; in lower case.
pub(super) fn domain(field: &Field<'_, '_>) -> Option<String> {
    let written = text(field)?;
    host(&written).or_else(|| {
        field.fault(format!("`{}` {} is no domain; write what follows the `@`", field.key, quoted(&written)))
    })
}

/// The text in lower case, unless no host can be written so.
pub(super) fn host(written: &str) -> Option<String> {
    let is_odd = |letter: char| "@/*;<>\"".contains(letter) || letter.is_whitespace() || letter.is_control();
    (!written.is_empty() && !written.contains(is_odd)).then(|| written.to_lowercase())
}

/// A list of domains.
pub(super) fn domains(field: &Field<'_, '_>) -> Option<Vec<String>> {
    list(field, domain)
}

#[cfg(test)]
mod tests {
    use super::super::document::File;
    use super::super::problems::Problems;
    use super::super::section::Section;
    use super::*;
    use std::fmt::Debug;

    /// Reads `x = …` and gives the value, or the complaint without its place.
    fn read<T: Debug>(written: &str, read: impl FnOnce(&Field<'_, '_>) -> Option<T>) -> Result<T, String> {
        let mut file = File::new("b".into(), "".into(), format!("x = {written}\n"));
        let problems = Problems::new("b");
        let document = file.document(&problems).expect("the test's own TOML is well formed");
        let value = Section::root(&file, &problems, document.as_table()).get("x", read);
        problems.settle(value).map(|(value, _)| value).map_err(|error| error.problems[0].text.clone())
    }

    #[test]
    fn a_price_is_a_string_of_digits_and_one_point() {
        assert_eq!(read(r#""0.90""#, price).unwrap().to_string(), "0.90");
        assert_eq!(read(r#""7""#, price).unwrap().to_string(), "7");
        for (written, complaint) in [
            ("1.1", "`x` is a bare number; write it as a string, `\"1.1\"`"),
            ("2", "`x` is a bare number; write it as a string, `\"2\"`"),
            ("true", "`x` is a boolean; it must be a decimal number in quotes, such as `\"1.10\"`"),
            (r#""1,10""#, "`x` is `1,10`; write `1.10`"),
            (r#""1_0""#, "`x` is `1_0`; write a decimal number such as `1.10`"),
            (r#""+1""#, "`x` is `+1`; write a decimal number such as `1.10`"),
            (r#""1.""#, "`x` is `1.`; write a decimal number such as `1.10`"),
            (r#""""#, "`x` is ``; write a decimal number such as `1.10`"),
            (r#""-0.5""#, "`x` is negative: `-0.5`; use a discount or a credit in [[adjust]]"),
            (
                r#""1234567890123""#,
                "`x` is `1234567890123`; at most 12 digits stand on either side of the point",
            ),
        ] {
            assert_eq!(read(written, price).unwrap_err(), complaint);
        }
    }

    #[test]
    fn a_percentage_stays_between_nothing_and_all() {
        assert_eq!(read(r#""100""#, percent).unwrap(), Decimal::ONE_HUNDRED);
        assert_eq!(
            read(r#""100.1""#, percent).unwrap_err(),
            "`x` is `100.1` percent; it must be from 0 to 100"
        );
        assert_eq!(read(r#""-1""#, percent).unwrap_err(), "`x` is `-1` percent; it must be from 0 to 100");
    }

    #[test]
    fn a_day_is_written_bare() {
        assert_eq!(read("2026-10-01", date).unwrap(), jiff::civil::date(2026, 10, 1));
        for (written, complaint) in [
            (r#""2026-10-01""#, "`x` is a string; write the day without quotes, `2026-10-01`"),
            (r#""1.10.2026""#, "`x` is `1.10.2026`; write a day such as `2026-10-01`"),
            (
                "2026-10-01T00:00:00",
                "`x` is `2026-10-01T00:00:00`; write the day alone, such as `2026-10-01`",
            ),
            ("20261001", "`x` is an integer; it must be a day such as `2026-10-01`"),
        ] {
            assert_eq!(read(written, date).unwrap_err(), complaint);
        }
    }

    #[test]
    fn a_zone_that_is_unknown_comes_with_a_near_one() {
        assert_eq!(read(r#""europe/prague""#, zone).unwrap().name, "Europe/Prague");
        for (written, complaint) in [
            (r#""Europe/Prag""#, "unknown zone `Europe/Prag`; did you mean `Europe/Prague`?"),
            (r#""Prague""#, "unknown zone `Prague`; did you mean `Europe/Prague`?"),
            (r#""somewhere""#, "unknown zone `somewhere`; use an IANA name such as `Europe/Prague`"),
        ] {
            assert_eq!(read(written, zone).unwrap_err(), complaint);
        }
    }

    #[test]
    fn a_span_is_read_in_seconds() {
        assert_eq!(read(r#""6h""#, duration), Ok(21_600));
        assert_eq!(read(r#""1h30m""#, duration), Ok(5_400));
        assert_eq!(read(r#""2d""#, duration), Ok(172_800));
        for written in ["6", "", "h", "6x", "0s", "6h5", "99999999999999999999h"] {
            let complaint = format!("`x` is `{written}`; write a span such as `6h` or `90m`");
            assert_eq!(read(&format!("\"{written}\""), duration).unwrap_err(), complaint);
        }
    }

    #[test]
    fn a_network_has_no_bits_beyond_its_prefix() {
        for written in ["192.0.2.0/24", "192.0.2.7", "2001:db8::/32", "0.0.0.0/0", "::/0"] {
            assert_eq!(read(&format!("\"{written}\""), network).unwrap(), written);
        }
        for (written, complaint) in [
            (
                "192.0.2.7/24",
                "`x` `192.0.2.7/24` is no network: it has bits beyond its prefix; did you mean `192.0.2.0/24`?",
            ),
            ("192.0.2.0/33", "`x` `192.0.2.0/33` is no network; its prefix goes from 0 to 32"),
            (
                "push.example",
                "`x` `push.example` is no network; write an address with its prefix such as `192.0.2.0/24`",
            ),
        ] {
            assert_eq!(read(&format!("\"{written}\""), network).unwrap_err(), complaint);
        }
    }

    #[test]
    fn other_wrong_types_are_named() {
        assert_eq!(read("5", text).unwrap_err(), "`x` is an integer; it must be a string");
        assert_eq!(read("'true'", boolean).unwrap_err(), "`x` is a string; it must be `true` or `false`");
        assert_eq!(read("-3", count).unwrap_err(), "`x` is negative: -3");
        assert_eq!(read("1.5", count).unwrap_err(), "`x` is a float; it must be a whole number");
        assert_eq!(read("0", positive).unwrap_err(), "`x` is 0; it must be 1 or more");
        assert_eq!(read("'a'", texts).unwrap_err(), "`x` is a string; it must be a list, in `[` and `]`");
        assert_eq!(read("['a(']", regexes).unwrap_err(), "`x` `a(` is no regular expression: unclosed group");
        assert_eq!(read("'a@b'", domain).unwrap_err(), "`x` `a@b` is no domain; write what follows the `@`");
    }
}

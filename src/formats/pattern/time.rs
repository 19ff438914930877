//! The times that operators write into their own lines.
//!
//! What a frame carries in front of a record is read elsewhere, by a faster hand: this is for the
//! group `time` of a pattern.

use crate::model::{Civil, Moment, Stamp};
use jiff::fmt::strtime::BrokenDownTime;

/// How a pattern's `time` is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TimeFormat {
    /// `Oct  5 14:03:22`
    Syslog,
    /// `2026-10-05T14:03:22.123+02:00`; a blank for the `T`, a comma for the dot; zone optional.
    Iso8601,
    /// Seconds since 1970 with or without a fraction, or 13 digits (milliseconds), or 16
    /// (microseconds).
    Epoch,
    /// Either of the first two: Asterisk's `dateformat` has both shapes.
    Asterisk,
    /// A strftime text.
    Strftime(String),
}

impl TimeFormat {
    /// The format of that name, or a strftime text.
    ///
    /// # Errors
    ///
    /// What is wrong with a strftime text.
    pub(super) fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "syslog" => Ok(Self::Syslog),
            "iso8601" => Ok(Self::Iso8601),
            "epoch" => Ok(Self::Epoch),
            "asterisk" => Ok(Self::Asterisk),
            _ if !text.contains('%') => Err(format!("`{text}` is no name of a time")),
            // Whether a text is a strftime text is known to its printer alone; any instant will do.
            _ => match BrokenDownTime::from(&jiff::Zoned::default()).to_string(text) {
                Ok(_) => Ok(Self::Strftime(text.to_owned())),
                Err(error) => Err(error.to_string()),
            },
        }
    }

    /// The stamp that `text` says; `None` where that is no time.
    pub(super) fn read(&self, text: &[u8]) -> Option<Stamp> {
        let text = text.trim_ascii();
        match self {
            Self::Syslog => syslog(text),
            Self::Iso8601 => iso8601(text),
            Self::Epoch => epoch(text),
            Self::Asterisk => syslog(text).or_else(|| iso8601(text)),
            Self::Strftime(format) => strftime(format, text),
        }
    }
}

/// Takes from the front of a text.
struct Reader<'t> {
    rest: &'t [u8],
}

impl Reader<'_> {
    /// A number of so many digits at least and at most.
    fn number(&mut self, digits_min: usize, digits_max: usize) -> Option<u32> {
        let digits = self.rest.iter().take(digits_max).take_while(|byte| byte.is_ascii_digit()).count();
        if digits < digits_min {
            return None;
        }
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        Some(number.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
    }

    fn two(&mut self) -> Option<u8> {
        u8::try_from(self.number(2, 2)?).ok()
    }

    /// One of these bytes, which one.
    fn one_of(&mut self, bytes: &[u8]) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        bytes.contains(&first).then(|| {
            self.rest = rest;
            first
        })
    }

    fn blanks(&mut self) -> Option<()> {
        self.one_of(b" ")?;
        while self.one_of(b" ").is_some() {}
        Some(())
    }

    /// A fraction of a second in microseconds, 0 where there is none; more digits are cut.
    fn micros(&mut self) -> Option<u32> {
        if self.one_of(b".,").is_none() {
            return Some(0);
        }
        let (mut micros, mut weight, mut digits) = (0, 100_000, 0);
        while let Some(digit) = self.one_of(b"0123456789") {
            micros += u32::from(digit - b'0') * weight;
            weight /= 10;
            digits += 1;
        }
        (digits > 0).then_some(micros)
    }

    /// `14:03:22` with or without a fraction.
    fn time_of_day(&mut self) -> Option<(u8, u8, u8, u32)> {
        let hour = self.two()?;
        self.one_of(b":")?;
        let minute = self.two()?;
        self.one_of(b":")?;
        Some((hour, minute, self.two()?, self.micros()?))
    }

    fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }
}

fn syslog(text: &[u8]) -> Option<Stamp> {
    const MONTHS: [&[u8]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let month = MONTHS.iter().zip(1..).find(|(name, _)| text.starts_with(name))?.1;
    let mut reader = Reader { rest: &text[3..] };
    reader.blanks()?;
    let day = u8::try_from(reader.number(1, 2)?).ok()?;
    reader.blanks()?;
    let (hour, minute, second, micros) = reader.time_of_day()?;
    reader.end()?;
    Civil::new(2000, month, day, hour, minute, second, micros).map(Stamp::Yearless)
}

fn iso8601(text: &[u8]) -> Option<Stamp> {
    let mut reader = Reader { rest: text };
    let year = i32::try_from(reader.number(4, 4)?).ok()?;
    reader.one_of(b"-")?;
    let month = reader.two()?;
    reader.one_of(b"-")?;
    let day = reader.two()?;
    reader.one_of(b"Tt ")?;
    let (hour, minute, second, micros) = reader.time_of_day()?;
    let civil = Civil::new(year, month, day, hour, minute, second, micros)?;
    // A blank before the zone is how `date` and some log libraries write it.
    let _ = reader.one_of(b" ");
    if reader.rest.is_empty() {
        return Some(Stamp::Local(civil));
    }
    let offset = match reader.one_of(b"Zz+-")? {
        b'Z' | b'z' => 0,
        sign => {
            let hours = i32::from(reader.two()?);
            let _ = reader.one_of(b":");
            let minutes = if reader.rest.is_empty() { 0 } else { i32::from(reader.two()?) };
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = hours * 3600 + minutes * 60;
            if sign == b'-' { -seconds } else { seconds }
        }
    };
    reader.end()?;
    Some(Stamp::Instant(civil.at_offset(offset)))
}

fn epoch(text: &[u8]) -> Option<Stamp> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = text[..digits]
        .iter()
        .try_fold(0_i64, |sum, digit| sum.checked_mul(10)?.checked_add(i64::from(digit - b'0')))?;
    let mut reader = Reader { rest: &text[digits..] };
    let micros = match digits {
        // Up to eleven digits end in the year 5138; nothing a log holds is later.
        1..=11 => number * 1_000_000 + i64::from(reader.micros()?),
        13 => number * 1000,
        16 => number,
        _ => return None,
    };
    reader.end()?;
    Some(Stamp::Instant(Moment::from_micros(micros)))
}

fn strftime(format: &str, text: &[u8]) -> Option<Stamp> {
    let mut time = BrokenDownTime::parse(format, text).ok()?;
    if time.offset().is_some() || time.timestamp().is_some() || time.iana_time_zone().is_some() {
        return time.to_timestamp().ok().map(|timestamp| Stamp::Instant(timestamp.into()));
    }
    let is_yearless = time.to_date().is_err() && time.year().is_none();
    if is_yearless {
        time.set_year(Some(2000)).ok()?;
        // A weekday belongs to a year that the text does not tell.
        time.set_weekday(None);
    }
    let at = time.to_datetime().ok()?;
    let part = |value: i8| u8::try_from(value).ok();
    let civil = Civil::new(
        i32::from(at.year()),
        part(at.month())?,
        part(at.day())?,
        part(at.hour())?,
        part(at.minute())?,
        part(at.second())?,
        u32::try_from(at.subsec_nanosecond()).ok()? / 1000,
    )?;
    Some(if is_yearless { Stamp::Yearless(civil) } else { Stamp::Local(civil) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn civil(year: i32, month: u8, day: u8, micros: u32) -> Civil {
        Civil::new(year, month, day, 14, 3, 22, micros).unwrap()
    }

    fn read(format: &str, text: &str) -> Option<Stamp> {
        TimeFormat::from_text(format).unwrap().read(text.as_bytes())
    }

    #[test]
    fn a_syslog_time_has_no_year() {
        let expected = Some(Stamp::Yearless(civil(2000, 10, 5, 0)));
        assert_eq!(read("syslog", "Oct  5 14:03:22"), expected);
        assert_eq!(read("syslog", "Oct 05 14:03:22"), expected);
    }

    #[test]
    fn an_iso_time_with_a_zone_is_an_instant() {
        let expected = Some(Stamp::Instant(civil(2026, 10, 5, 123_456).at_offset(7200)));
        for zone in ["+02:00", "+0200", "+02", " +0200"] {
            assert_eq!(read("iso8601", &format!("2026-10-05T14:03:22.123456{zone}")), expected, "{zone}");
        }
        let expected = Some(Stamp::Instant(civil(2026, 10, 5, 0).at_offset(0)));
        assert_eq!(read("iso8601", "2026-10-05T14:03:22Z"), expected);
    }

    #[test]
    fn an_iso_time_without_a_zone_is_local() {
        assert_eq!(
            read("iso8601", "2026-10-05 14:03:22,516"),
            Some(Stamp::Local(civil(2026, 10, 5, 516_000)))
        );
    }

    #[test]
    fn the_length_of_an_epoch_time_tells_its_unit() {
        let expected = |micros| Some(Stamp::Instant(Moment::from_micros(micros)));
        assert_eq!(read("epoch", "1791209002"), expected(1_791_209_002_000_000));
        assert_eq!(read("epoch", "1791209002.25"), expected(1_791_209_002_250_000));
        assert_eq!(read("epoch", "1791209002481"), expected(1_791_209_002_481_000));
        assert_eq!(read("epoch", "1791209002481930"), expected(1_791_209_002_481_930));
        assert_eq!(read("epoch", "179120900248"), None);
    }

    #[test]
    fn an_asterisk_time_has_either_shape() {
        assert_eq!(read("asterisk", "Oct  5 14:03:22"), Some(Stamp::Yearless(civil(2000, 10, 5, 0))));
        assert_eq!(read("asterisk", "2026-10-05 14:03:22"), Some(Stamp::Local(civil(2026, 10, 5, 0))));
    }

    #[test]
    fn a_strftime_text_tells_what_the_time_lacks() {
        let ctime = "%a %b %e %H:%M:%S %Y";
        assert_eq!(read(ctime, "Mon Oct  5 14:03:22 2026"), Some(Stamp::Local(civil(2026, 10, 5, 0))));
        assert_eq!(
            read("%d/%b/%Y:%H:%M:%S %z", "05/Oct/2026:14:03:22 +0200"),
            Some(Stamp::Instant(civil(2026, 10, 5, 0).at_offset(7200)))
        );
        assert_eq!(read("%d.%m. %H:%M:%S", "05.10. 14:03:22"), Some(Stamp::Yearless(civil(2000, 10, 5, 0))));
    }

    #[test]
    fn ctime_pads_its_day_with_a_blank_or_not_at_all() {
        let expected = Some(Stamp::Local(civil(2026, 10, 5, 0)));
        for (format, text) in [
            ("%a %b %d %H:%M:%S %Y", "Mon Oct 05 14:03:22 2026"),
            ("%a %b %d %H:%M:%S %Y", "Mon Oct  5 14:03:22 2026"),
            ("%a %b %e %H:%M:%S %Y", "Mon Oct 5 14:03:22 2026"),
        ] {
            assert_eq!(read(format, text), expected, "{format} {text}");
        }
    }

    #[test]
    fn a_day_that_does_not_exist_is_no_time() {
        assert_eq!(read("syslog", "Feb 30 14:03:22"), None);
        assert_eq!(read("iso8601", "2026-02-29T14:03:22Z"), None);
        assert_eq!(read("%Y-%m-%d %H:%M:%S", "2026-02-29 14:03:22"), None);
    }

    #[test]
    fn text_behind_the_time_is_no_time() {
        assert_eq!(read("syslog", "Oct  5 14:03:22 x"), None);
        assert_eq!(read("iso8601", "2026-10-05T14:03:22Zx"), None);
        assert_eq!(read("epoch", "1791209002x"), None);
    }

    #[test]
    fn a_format_that_is_none_is_refused() {
        assert!(TimeFormat::from_text("sislog").is_err());
        assert!(TimeFormat::from_text("%Y %!").is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(text: Vec<u8>) {
            for format in ["syslog", "iso8601", "epoch", "asterisk", "%a %b %e %H:%M:%S %Y"] {
                TimeFormat::from_text(format).unwrap().read(&text);
            }
        }
    }
}

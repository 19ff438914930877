//! An instant, small enough to keep one per user and device.

use super::PAIRS;
use std::fmt;

/// An instant in UTC, in microseconds since 1970-01-01T00:00:00Z.
///
/// Microseconds are what the finest of the logs carries and what fits eight bytes; logs that
/// write nanoseconds are cut, not rounded, so that a moment never moves past its cycle's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// The moment so many microseconds after (or before) the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The moment so many seconds after (or before) the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds * 1_000_000)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The moment so many seconds later; negative for earlier.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0 + seconds * 1_000_000)
    }

    /// The same instant as the time crate writes it.
    ///
    /// # Panics
    ///
    /// If the moment lies outside the years -9999 to 9999, which no stamp parser produces.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).expect("stamps are parsed within years 0 to 9999")
    }
}

impl From<jiff::Timestamp> for Moment {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self(timestamp.as_microsecond())
    }
}

/// `2026-10-05T14:03:22.118493Z`.
const TEXT_LEN_MAX: usize = 27;
const DAY_SECONDS: i64 = 86_400;
/// 0000-01-01 and 10000-01-01 in seconds since 1970: between them a year has four digits.
const FOUR_DIGIT_YEARS: std::ops::Range<i64> = -62_167_219_200..253_402_300_800;

impl Moment {
    /// Appends what [`Display`](fmt::Display) shows.
    ///
    /// A bill has millions of these, and the time crate spends more on one than the rest of its row
    /// takes; so it is worked out here in whole numbers.
    ///
    /// # Panics
    ///
    /// As [`Moment::timestamp`].
    pub fn push_to(self, out: &mut Vec<u8>) {
        let (seconds, fraction) = (self.0.div_euclid(1_000_000), self.0.rem_euclid(1_000_000) as u32);
        if !FOUR_DIGIT_YEARS.contains(&seconds) {
            return self.push_far(out);
        }
        let (day, second) = (seconds.div_euclid(DAY_SECONDS), seconds.rem_euclid(DAY_SECONDS) as u32);
        let (year, month, day) = civil(day);
        let mut text: [u8; TEXT_LEN_MAX] = *b"yyyy-mm-ddThh:mm:ss.ffffffZ";
        let pairs = [year / 100, year % 100, month, day, second / 3_600, second / 60 % 60, second % 60];
        for (place, pair) in [0, 2, 5, 8, 11, 14, 17].into_iter().zip(pairs) {
            text[place..place + 2].copy_from_slice(&PAIRS[pair as usize]);
        }
        let end = match fraction {
            0 => 19,
            _ => {
                let pairs = [fraction / 10_000, fraction / 100 % 100, fraction % 100];
                for (place, pair) in [20, 22, 24].into_iter().zip(pairs) {
                    text[place..place + 2].copy_from_slice(&PAIRS[pair as usize]);
                }
                if fraction % 1_000 == 0 { 23 } else { 26 }
            }
        };
        text[end] = b'Z';
        out.extend_from_slice(&text[..=end]);
    }

    /// The same outside the years 0 to 9999, which no log names: by the time crate.
    fn push_far(self, out: &mut Vec<u8>) {
        let text = Self::from_seconds(self.0.div_euclid(1_000_000)).timestamp().to_string();
        out.extend_from_slice(text.trim_end_matches('Z').as_bytes());
        let fraction = self.0.rem_euclid(1_000_000);
        if fraction % 1_000 != 0 {
            out.extend_from_slice(format!(".{fraction:06}").as_bytes());
        } else if fraction != 0 {
            out.extend_from_slice(format!(".{:03}", fraction / 1_000).as_bytes());
        }
        out.push(b'Z');
    }
}

/// Year, month and day of a day since 1970-01-01 within the years 0 to 9999.
fn civil(day: i64) -> (u32, u32, u32) {
    // Years are counted from 1 March, so that the leap day is a year's last, and in eras of 400
    // years, which have 146,097 days each. January and February of year 0 belong to the era
    // before, so one more is counted.
    const ERA_DAYS: u32 = 146_097;
    let day = (day + 719_468) as u32;
    let day = day.wrapping_add(ERA_DAYS);
    let (era, day) = (day / ERA_DAYS, day % ERA_DAYS);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + u32::from(month <= 2) - 400, month, day)
}

/// RFC 3339 in UTC, with as many fractional digits as the moment has (none, three or six).
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(TEXT_LEN_MAX);
        self.push_to(&mut text);
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The time crate's own spelling of whole seconds.
    fn whole(seconds: i64) -> String {
        jiff::Timestamp::from_second(seconds).unwrap().to_string()
    }

    proptest! {
        #[test]
        fn every_second_reads_as_the_time_crate_writes_it(seconds in -62_200_000_000_i64..253_402_207_200) {
            prop_assert_eq!(Moment::from_seconds(seconds).to_string(), whole(seconds));
        }
    }

    #[test]
    fn the_days_around_every_turn_of_a_year_read_as_the_time_crate_writes_them() {
        for year in 0..9_999 {
            for (month, day) in [(1, 1), (2, 28), (3, 1), (12, 31)] {
                let date = jiff::civil::date(year, month, day).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
                for seconds in [-1, 0, 86_399, 86_400] {
                    let seconds = date.timestamp().as_second() + seconds;
                    assert_eq!(Moment::from_seconds(seconds).to_string(), whole(seconds));
                }
            }
        }
    }

    #[test]
    fn a_moment_before_the_first_year_is_written_all_the_same() {
        assert_eq!(
            Moment::from_micros(-62_167_219_200_000_001).to_string(),
            "-000001-12-31T23:59:59.999999Z"
        );
    }

    #[test]
    fn a_moment_prints_only_the_digits_it_has() {
        assert_eq!(Moment::from_seconds(1_791_209_002).to_string(), "2026-10-05T14:03:22Z");
        assert_eq!(Moment::from_micros(1_791_209_002_118_000).to_string(), "2026-10-05T14:03:22.118Z");
        assert_eq!(Moment::from_micros(-1).to_string(), "1969-12-31T23:59:59.999999Z");
    }
}

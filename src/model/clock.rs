//! What a log's own clock says, before anyone knows its year or zone.

use super::Moment;

/// A date and time of day without zone, in microseconds since 1970-01-01T00:00:00 of the same
/// nameless clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Civil(i64);

impl Civil {
    /// A civil time from its parts; `None` where there is no such day or time.
    ///
    /// Years run from 1 to 9998, which the time crate can tell in every zone. `second` may be 60 (a leap second), which is read as 59, as registrars' clocks do.
    pub fn new(year: i32, month: u8, day: u8, hour: u8, minute: u8, second: u8, micros: u32) -> Option<Self> {
        const DAYS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let longest = *DAYS.get(usize::from(month).wrapping_sub(1))?;
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let is_no_day = day == 0 || day > longest || (month == 2 && day == 29 && !is_leap);
        if is_no_day
            || hour > 23
            || minute > 59
            || second > 60
            || micros > 999_999
            || !(1..=9998).contains(&year)
        {
            return None;
        }
        // Days since the epoch in the proleptic Gregorian calendar, with the year starting in
        // March so that the leap day comes last.
        let year = i64::from(year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month_from_march = (i64::from(month) + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468;
        let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second.min(59));
        Some(Self((days * 86_400 + seconds) * 1_000_000 + i64::from(micros)))
    }

    /// Microseconds since 1970-01-01T00:00:00 on this clock.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The time that this clock shows so many microseconds on.
    #[must_use]
    pub const fn later_by(self, micros: i64) -> Self {
        Self(self.0 + micros)
    }

    /// The instant, where the clock runs so many seconds ahead of UTC.
    pub const fn at_offset(self, seconds_east: i32) -> Moment {
        Moment::from_micros(self.0 - seconds_east as i64 * 1_000_000)
    }
}

/// A time stamp as the log wrote it. What is missing comes from the plan, never from today's date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// The record carries no time at all (a console capture, Kamailio's own standard error).
    None,
    /// An instant: epoch seconds, or a date with its offset.
    Instant(Moment),
    /// A full date without a zone.
    Local(Civil),
    /// A date without year and zone (RFC 3164, Asterisk's default). The year inside is 2000, a leap year, and means
    /// nothing; one less or more is the year before or after the record's own.
    Yearless(Civil),
}

/// A record is put into another one so much later at the most, and its clock is no more ahead of the other's than that.
const LATE_MAX: i64 = 31 * DAY_MICROS;
const AHEAD_MAX: i64 = 2 * DAY_MICROS;
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
/// Of the year inside, before its February's end and of the one before it behind that.
const YEAR_MICROS: i64 = 366 * DAY_MICROS;

impl Stamp {
    /// What is kept of a record's stamp and of another one further inside, which is nearer to the event: that one, unless it
    /// lacks what the outer has.
    #[must_use]
    pub const fn or_inner(self, inner: Self) -> Self {
        match (self, inner) {
            // Years are told by the outer ones, and in between one may have begun or not.
            (Self::Yearless(outer), Self::Yearless(inner)) => {
                let apart = inner.micros() - outer.micros();
                let is_of_next = apart < AHEAD_MAX - YEAR_MICROS;
                let is_of_last = apart > YEAR_MICROS - LATE_MAX;
                let years = is_of_next as i64 - is_of_last as i64;
                Self::Yearless(inner.later_by(years * YEAR_MICROS))
            }
            _ if inner.completeness() < self.completeness() => self,
            _ => inner,
        }
    }

    const fn completeness(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Yearless(_) => 1,
            Self::Local(_) => 2,
            Self::Instant(_) => 3,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_days_agree_with_the_time_crate() {
        for (year, month, day) in
            [(1970, 1, 1), (1999, 12, 31), (2000, 2, 29), (2024, 2, 29), (2026, 10, 5), (9998, 12, 31)]
        {
            let ours = Civil::new(year, month, day, 14, 3, 22, 0).unwrap().at_offset(0);
            let date = jiff::civil::date(year as i16, month as i8, day as i8).at(14, 3, 22, 0);
            let theirs = jiff::tz::TimeZone::UTC.to_timestamp(date);
            assert_eq!(ours, Moment::from(theirs.unwrap()), "{year}-{month}-{day}");
        }
    }

    #[test]
    fn of_two_stamps_the_inner_counts_where_it_is_as_complete() {
        let day = |year, month, day| Civil::new(year, month, day, 0, 0, 0, 0).unwrap();
        let (outer, inner) = (Stamp::Yearless(day(2000, 10, 5)), Stamp::Yearless(day(2000, 10, 4)));
        assert_eq!(outer.or_inner(inner), inner);
        let full = Stamp::Local(day(2026, 10, 4));
        assert_eq!((outer.or_inner(full), full.or_inner(outer)), (full, full));
        assert_eq!((outer.or_inner(Stamp::None), Stamp::None.or_inner(outer)), (outer, outer));
    }

    #[test]
    fn between_two_stamps_without_a_year_one_may_begin() {
        let day = |year, month, day| Stamp::Yearless(Civil::new(year, month, day, 0, 0, 0, 0).unwrap());
        assert_eq!(day(2000, 1, 1).or_inner(day(2000, 12, 31)), day(1999, 12, 31));
        assert_eq!(day(2000, 12, 31).or_inner(day(2000, 1, 1)), day(2001, 1, 1));
        // Nothing is logged a month before it happens.
        assert_eq!(day(2000, 12, 5).or_inner(day(2000, 1, 4)), day(2000, 1, 4));
    }

    #[test]
    fn a_day_that_does_not_exist_is_none() {
        for (year, month, day) in
            [(2026, 2, 29), (1900, 2, 29), (2026, 4, 31), (2026, 0, 1), (2026, 13, 1), (2026, 1, 0)]
        {
            assert_eq!(Civil::new(year, month, day, 0, 0, 0, 0), None, "{year}-{month}-{day}");
        }
    }
}

//! From a log's stamp to an instant: the zone and the years of one input.

use super::fold::{Turn, repeated};
use crate::formats::stamp::NO_YEAR;
use crate::model::{Civil, Moment, Stamp};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Civil time is looked up once in so many microseconds of log: a quarter of an hour, which no
/// zone's transition divides.
const BUCKET_MICROS: i64 = 15 * 60 * 1_000_000;
/// A day of civil time.
const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// What the order of an input's records tells of its stamps: the years of those that carry none,
/// and where the zone's clocks were put back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Years {
    /// Offset at which a section starts, and its year; the first starts at 0.
    pub sections: Vec<(u64, i32)>,
    /// Offsets of records of the old year that stand behind the first of the new one, sorted.
    pub strays: Vec<u64>,
    /// Where stamps of a repeated hour begin to mean the later instant.
    pub turns: Vec<Turn>,
}

impl Years {
    /// The year of a record at that offset; `None` where no year is known.
    pub fn at(&self, offset: u64) -> Option<i32> {
        let section = self.sections.partition_point(|(start, _)| *start <= offset);
        let (_, year) = self.sections[..section].last()?;
        Some(year - i32::from(self.strays.binary_search(&offset).is_ok()))
    }
}

/// The date and time of a stamp that has a full one, wherever that is.
pub fn full_date(stamp: Stamp) -> Option<Civil> {
    match stamp {
        Stamp::Instant(moment) => civil_time(TimeZone::UTC.to_datetime(moment.timestamp())),
        Stamp::Local(civil) => Some(civil),
        Stamp::None | Stamp::Yearless(_) => None,
    }
}

/// A stamp that means no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadStamp;

/// How far a zone runs ahead of UTC at some civil time, in microseconds.
#[derive(Debug, Clone, Copy)]
struct Ahead {
    micros: i64,
    /// In the later reading of an hour that the zone repeats.
    later: Option<i64>,
}

/// What an input's stamps mean.
#[derive(Debug, Clone)]
pub struct Clock<'p> {
    zone: TimeZone,
    years: &'p Years,
    /// What a record without any stamp is taken for, on the operator's word.
    assumed: Option<Moment>,
    /// Bucket of civil time asked for last, and what holds in it.
    memo: Option<(i64, Ahead)>,
    /// The day without a year and the year that were asked for last, and how far that day lies from the
    /// same one of the year, in microseconds.
    dated: Option<(i64, i32, i64)>,
    has_local: bool,
    /// Stamps of which no year is known, and the places of their records.
    undated: Vec<(Civil, u64)>,
}

impl<'p> Clock<'p> {
    /// A clock in that zone, with those years.
    pub fn new(zone: TimeZone, years: &'p Years) -> Self {
        Self { zone, years, assumed: None, memo: None, dated: None, has_local: false, undated: Vec::new() }
    }

    /// Whether it was asked for a full date without a zone.
    pub const fn has_local(&self) -> bool {
        self.has_local
    }

    /// The stamps that it was asked for and knows no year of, with the places of their records, as they were asked for.
    pub fn take_undated(&mut self) -> Vec<(Civil, u64)> {
        std::mem::take(&mut self.undated)
    }

    /// The same clock, with an instant for records that have no stamp at all.
    #[must_use]
    pub fn assuming(self, assumed: Option<Moment>) -> Self {
        Self { assumed, ..self }
    }

    /// The instant that a record at that offset means; `Ok(None)` where it has no stamp and none is
    /// assumed.
    ///
    /// In the hour that a zone repeats it is the earlier reading, unless the order of the records
    /// shows the later one; in the one it skips, the time that a clock would show that had not been put forward (RFC 5545 §3.3.5).
    ///
    /// # Errors
    ///
    /// The stamp is no day of its year (`Feb 29`), or no year is known.
    pub fn resolve(&mut self, stamp: Stamp, offset: u64) -> Result<Option<Moment>, BadStamp> {
        match stamp {
            Stamp::None => Ok(self.assumed),
            Stamp::Instant(moment) => Ok(Some(moment)),
            Stamp::Local(civil) => {
                self.has_local = true;
                Ok(Some(self.in_zone(civil, offset)))
            }
            Stamp::Yearless(civil) => {
                let Some(year) = self.years.at(offset) else {
                    self.undated.push((civil, offset));
                    return Err(BadStamp);
                };
                let dated = self.dated(civil, year).ok_or(BadStamp)?;
                Ok(Some(self.in_zone(dated, offset)))
            }
        }
    }

    /// The same as [`in_year`].
    fn dated(&mut self, civil: Civil, year: i32) -> Option<Civil> {
        let day = civil.micros().div_euclid(DAY_MICROS);
        let shift = match self.dated {
            Some((known, in_year, shift)) if (known, in_year) == (day, year) => shift,
            _ => {
                let shift = in_year(civil, year)?.micros() - civil.micros();
                self.dated = Some((day, year, shift));
                shift
            }
        };
        Some(civil.later_by(shift))
    }

    fn in_zone(&mut self, civil: Civil, offset: u64) -> Moment {
        let bucket = civil.micros().div_euclid(BUCKET_MICROS);
        let ahead = match self.memo {
            Some((known, ahead)) if known == bucket => ahead,
            _ => {
                let ahead = ahead_of_utc(civil, &self.zone);
                self.memo = Some((bucket, ahead));
                ahead
            }
        };
        let is_later = || self.years.turns.iter().any(|turn| turn.is_behind(civil, offset));
        let ahead = ahead.later.filter(|_| is_later()).unwrap_or(ahead.micros);
        Moment::from_micros(civil.micros() - ahead)
    }
}

fn ahead_of_utc(civil: Civil, zone: &TimeZone) -> Ahead {
    let instant = zone.to_ambiguous_timestamp(date_time(civil)).compatible();
    let micros = instant.map_or(0, |instant| civil.micros() - instant.as_microsecond());
    Ahead { micros, later: repeated(civil, zone) }
}

/// The civil time as the time crate has it.
pub fn date_time(civil: Civil) -> DateTime {
    let timestamp = civil.at_offset(0).timestamp();
    TimeZone::UTC.to_datetime(timestamp)
}

/// The day and time of a [`Stamp::Yearless`] in a record of that year; `None` for a Feb 29 that the year does not have.
pub fn in_year(civil: Civil, year: i32) -> Option<Civil> {
    let known = date_time(civil);
    with_year(known, year + i32::from(known.year()) - NO_YEAR)
}

/// The time crate's civil time as ours, to the microsecond.
pub fn civil_time(known: DateTime) -> Option<Civil> {
    with_year(known, known.year().into())
}

fn with_year(known: DateTime, year: i32) -> Option<Civil> {
    let (date, time) = (known.date(), known.time());
    let micros = u32::try_from(time.subsec_nanosecond() / 1_000).ok()?;
    Civil::new(
        year,
        u8::try_from(date.month()).ok()?,
        u8::try_from(date.day()).ok()?,
        u8::try_from(time.hour()).ok()?,
        u8::try_from(time.minute()).ok()?,
        u8::try_from(time.second()).ok()?,
        micros,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NONE: &Years = &Years { sections: Vec::new(), strays: Vec::new(), turns: Vec::new() };

    fn clock<'p>(zone: &str, years: &'p Years) -> Clock<'p> {
        Clock::new(TimeZone::get(zone).unwrap(), years)
    }

    fn local(text: &str) -> Stamp {
        crate::formats::stamp::iso(text.as_bytes()).unwrap().0
    }

    #[test]
    fn the_zone_decides_and_a_change_to_summer_time_is_seen() {
        let mut clock = clock("America/New_York", NONE);
        let at = |clock: &mut Clock, text: &str| clock.resolve(local(text), 0).unwrap().unwrap().to_string();
        assert_eq!(at(&mut clock, "2026-02-27 23:59:56"), "2026-02-28T04:59:56Z");
        assert_eq!(at(&mut clock, "2026-03-08 01:59:59"), "2026-03-08T06:59:59Z");
        assert_eq!(at(&mut clock, "2026-03-08 03:00:00"), "2026-03-08T07:00:00Z");
        assert_eq!(at(&mut clock, "2026-11-01 01:30:00"), "2026-11-01T05:30:00Z");
    }

    #[test]
    fn behind_its_turn_the_repeated_hour_is_the_later_one() {
        let Stamp::Local(near) = local("2026-11-01 01:00:01") else { panic!() };
        let years = Years { turns: vec![Turn { offset: 100, near }], ..Years::default() };
        let mut clock = clock("America/New_York", &years);
        let mut at = |text: &str, offset| clock.resolve(local(text), offset).unwrap().unwrap().to_string();
        assert_eq!(at("2026-11-01 01:30:00", 99), "2026-11-01T05:30:00Z");
        assert_eq!(at("2026-11-01 01:30:00", 100), "2026-11-01T06:30:00Z");
        assert_eq!(at("2026-11-01 02:30:00", 200), "2026-11-01T07:30:00Z");
        // Another year's hour has a turn of its own.
        assert_eq!(at("2027-11-07 01:30:00", 300), "2027-11-07T05:30:00Z");
    }

    #[test]
    fn a_year_holds_from_its_section_on() {
        let years = Years { sections: vec![(0, 2026), (100, 2027)], strays: vec![120], turns: Vec::new() };
        let mut clock = clock("UTC", &years);
        let mut at = |text: &[u8], offset| {
            let stamp = crate::formats::stamp::rfc3164(text).unwrap().0;
            clock.resolve(stamp, offset).map(|moment| moment.unwrap().to_string())
        };
        assert_eq!(at(b"Dec 31 23:59:59", 99).unwrap(), "2026-12-31T23:59:59Z");
        assert_eq!(at(b"Jan  1 00:00:00", 100).unwrap(), "2027-01-01T00:00:00Z");
        assert_eq!(at(b"Dec 31 23:59:58", 120).unwrap(), "2026-12-31T23:59:58Z");
        assert_eq!(at(b"Feb 29 00:00:00", 130), Err(BadStamp));
        let (outer, inner) = (b"Jan  1 00:00:01", b"Dec 31 23:59:59");
        let [outer, inner] = [outer, inner].map(|text| crate::formats::stamp::rfc3164(text).unwrap().0);
        let moment = clock.resolve(outer.or_inner(inner), 130).unwrap().unwrap();
        assert_eq!(moment.to_string(), "2026-12-31T23:59:59Z");
    }

    proptest! {
        #[test]
        fn a_day_that_was_asked_for_before_is_no_other(
            asked in prop::collection::vec((0_i64..366, 0_i64..86_400, 2024_i32..2027), 1..20),
        ) {
            let mut clock = clock("UTC", NONE);
            let (Stamp::Yearless(first), _) = crate::formats::stamp::rfc3164(b"Jan  1 00:00:00").unwrap() else { panic!() };
            for (day, second, year) in asked {
                let civil = first.later_by(day * DAY_MICROS + second * 1_000_000);
                prop_assert_eq!(clock.dated(civil, year), in_year(civil, year));
            }
        }
    }
}

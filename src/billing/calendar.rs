//! The calendar of cycles.

use super::{CalendarKind, CalendarSpec};
use crate::model::{Cycle, DaySlot, Days, Moment, Window};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

/// How cycles follow each other: half-open windows between local midnights.
///
/// Numbers count from 0 at the anchor and are negative before it; a restart ends the cycle it
/// falls into and starts the next one, whose number follows on. A midnight that the zone skips is
/// the first instant of that day, so thirty days may have 719 or 721 hours.
#[derive(Debug, Clone)]
pub struct Calendar {
    kind: CalendarKind,
    zone: TimeZone,
    /// The anchor and the restarts, each with the number of the cycle that starts there.
    eras: Vec<(Date, i32)>,
    /// Every day begins so many seconds behind the zone's midnight; 0 but for what-if.
    shift_seconds: i64,
}

impl Calendar {
    /// The calendar of a specification.
    pub fn new(spec: CalendarSpec) -> Self {
        let mut calendar =
            Self { kind: spec.kind, zone: spec.zone, eras: vec![(spec.anchor, 0)], shift_seconds: 0 };
        for restart in spec.restarts {
            let last = calendar.eras.len() - 1;
            let (era, first) = calendar.eras[last];
            let before = restart.yesterday().unwrap_or(restart);
            let number = first + calendar.index_in_era(era, before) + 1;
            calendar.eras.push((restart, number));
        }
        calendar
    }

    /// The same days and cycles, all beginning so many seconds later; negative for earlier.
    #[must_use]
    pub fn shifted(self, seconds: i64) -> Self {
        Self { shift_seconds: self.shift_seconds + seconds, ..self }
    }

    /// How much later its days begin than the zone's.
    pub const fn shift_seconds(&self) -> i64 {
        self.shift_seconds
    }

    /// The cycle that holds the instant.
    pub fn cycle_at(&self, moment: Moment) -> Cycle {
        self.cycle_of_day(self.date_of(moment))
    }

    /// The cycle that holds the local date.
    pub fn cycle_of_day(&self, day: Date) -> Cycle {
        let era = self.eras.partition_point(|(start, _)| *start <= day).saturating_sub(1);
        let (start, first) = self.eras[era];
        self.cycle_in_era(era, first + self.index_in_era(start, day))
    }

    /// The cycle of that number.
    pub fn cycle(&self, number: i32) -> Cycle {
        let era = self.eras.partition_point(|(_, first)| *first <= number).saturating_sub(1);
        self.cycle_in_era(era, number)
    }

    /// The cycle that starts on that day; `None` where none does.
    pub fn cycle_starting(&self, day: Date) -> Option<Cycle> {
        let cycle = self.cycle_of_day(day);
        (cycle.first_day == day).then_some(cycle)
    }

    /// Whether a restart cut the cycle short.
    pub fn is_short(&self, cycle: &Cycle) -> bool {
        cycle.days() < cycle.full_days
    }

    /// How many cycles after (or before) the era's first one the day lies.
    fn index_in_era(&self, start: Date, day: Date) -> i32 {
        match self.kind {
            CalendarKind::Days(length) => {
                let days = (day - start).get_days();
                days.div_euclid(i32::from(length))
            }
            CalendarKind::Month => {
                let months = (i32::from(day.year()) - i32::from(start.year())) * 12 + i32::from(day.month())
                    - i32::from(start.month());
                // The month of the day may not have begun its cycle yet.
                if add_months(start, months) > day { months - 1 } else { months }
            }
        }
    }

    fn cycle_in_era(&self, era: usize, number: i32) -> Cycle {
        let (start, first) = self.eras[era];
        let first_day = self.nth_start(start, number - first);
        let regular_end = self.nth_start(start, number - first + 1);
        let end_day = match self.eras.get(era + 1) {
            Some((restart, _)) => regular_end.min(*restart),
            None => regular_end,
        };
        let full_days = u16::try_from((regular_end - first_day).get_days()).unwrap_or(u16::MAX);
        let window = Window { start: self.midnight(first_day), end: self.midnight(end_day) };
        Cycle { number, window, first_day, end_day, full_days }
    }

    fn nth_start(&self, start: Date, index: i32) -> Date {
        match self.kind {
            CalendarKind::Days(length) => {
                let span = Span::new().try_days(i64::from(index) * i64::from(length));
                span.ok().and_then(|span| start.checked_add(span).ok()).unwrap_or(start)
            }
            CalendarKind::Month => add_months(start, index),
        }
    }

    /// The first instant of a local day.
    fn midnight(&self, day: Date) -> Moment {
        let first = day.to_zoned(self.zone.clone()).and_then(|zoned| zoned.start_of_day());
        let first = first.map(|zoned| Moment::from(zoned.timestamp()).plus_seconds(self.shift_seconds));
        first.unwrap_or(Moment::from_micros(i64::MAX))
    }

    /// The local day that holds the instant: from its own first instant to the next one's.
    fn date_of(&self, moment: Moment) -> Date {
        let date = self.zone.to_datetime(moment.plus_seconds(-self.shift_seconds).timestamp()).date();
        // Where clocks go back just after midnight the date turns twice. Days are told apart by
        // their first instants, as cycles are, or an instant would be in no cycle's window.
        match date.tomorrow() {
            Ok(next) if self.midnight(next) <= moment => next,
            _ => date,
        }
    }
}

/// The same day so many months on; the last day of a month that is too short.
fn add_months(start: Date, months: i32) -> Date {
    start.checked_add(months.months()).unwrap_or(start)
}

impl Days for Calendar {
    fn day(&self, moment: Moment) -> DaySlot {
        let date = self.date_of(moment);
        let cycle = self.cycle_of_day(date);
        let start = self.midnight(date);
        let end = date.tomorrow().map_or(cycle.window.end, |next| self.midnight(next));
        let day = (date - cycle.first_day).get_days();
        DaySlot { window: cycle.number, day: (day & 63) as u8, valid: Window { start, end } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::ShortCycle;
    use proptest::prelude::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn calendar(kind: CalendarKind, anchor: &str, zone: &str, restarts: &[&str]) -> Calendar {
        Calendar::new(CalendarSpec {
            kind,
            anchor: date(anchor),
            zone: TimeZone::get(zone).unwrap(),
            restarts: restarts.iter().map(|day| date(day)).collect(),
            short_cycle: ShortCycle::Full,
        })
    }

    fn span(cycle: &Cycle) -> (String, String) {
        (cycle.first_day.to_string(), cycle.end_day.to_string())
    }

    fn hours(cycle: &Cycle) -> i64 {
        (cycle.window.end.micros() - cycle.window.start.micros()) / 3_600_000_000
    }

    #[test]
    fn thirty_days_may_have_719_or_721_hours() {
        let prague = calendar(CalendarKind::Days(30), "2026-10-01", "Europe/Prague", &[]);
        let first = prague.cycle(0);
        assert_eq!(span(&first), ("2026-10-01".to_owned(), "2026-10-31".to_owned()));
        assert_eq!(hours(&first), 721);
        let spring = prague.cycle_of_day(date("2027-03-28"));
        assert_eq!(hours(&spring), 719);
        assert_eq!(prague.cycle(-1).end_day, date("2026-10-01"));
    }

    #[test]
    fn a_shifted_calendar_moves_every_edge_and_keeps_its_dates() {
        let plain = calendar(CalendarKind::Days(30), "2026-10-01", "Europe/Prague", &[]);
        let later = plain.clone().shifted(3600);
        for number in [-1, 0, 6] {
            let (plain, later) = (plain.cycle(number), later.cycle(number));
            assert_eq!(span(&plain), span(&later));
            assert_eq!(plain.window.start.plus_seconds(3600), later.window.start);
        }
        let first = later.cycle(0).window.start;
        assert_eq!(later.cycle_at(first).number, 0);
        assert_eq!(later.cycle_at(Moment::from_micros(first.micros() - 1)).number, -1);
        assert!(later.day(first).valid.contains(first));
    }

    #[test]
    fn months_keep_the_anchors_day() {
        let months = calendar(CalendarKind::Month, "2026-01-31", "UTC", &[]);
        let starts: Vec<String> = (0..5).map(|number| months.cycle(number).first_day.to_string()).collect();
        assert_eq!(starts, ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]);
        assert_eq!(months.cycle_of_day(date("2026-02-27")).number, 0);
        assert_eq!(months.cycle_of_day(date("2026-02-28")).number, 1);
    }

    #[test]
    fn a_restart_cuts_a_cycle_short_and_numbers_go_on() {
        let cut = calendar(CalendarKind::Days(30), "2026-10-01", "UTC", &["2026-11-10"]);
        assert_eq!(span(&cut.cycle(1)), ("2026-10-31".to_owned(), "2026-11-10".to_owned()));
        assert!(cut.is_short(&cut.cycle(1)) && !cut.is_short(&cut.cycle(0)));
        assert_eq!(span(&cut.cycle(2)), ("2026-11-10".to_owned(), "2026-12-10".to_owned()));
        assert_eq!(cut.cycle_starting(date("2026-11-10")).unwrap().number, 2);
        assert_eq!(cut.cycle_starting(date("2026-11-11")), None);
    }

    #[test]
    fn a_restart_on_a_cycles_first_day_leaves_no_empty_cycle() {
        let cut = calendar(CalendarKind::Days(30), "2026-10-01", "UTC", &["2026-10-31"]);
        assert_eq!(span(&cut.cycle(0)), ("2026-10-01".to_owned(), "2026-10-31".to_owned()));
        assert_eq!(cut.cycle(1).first_day, date("2026-10-31"));
    }

    #[test]
    fn a_midnight_that_clocks_skip_is_the_first_instant_of_that_day() {
        // Santiago's clocks went from 24:00 on 2026-09-05 to 01:00 on 2026-09-06.
        let santiago = calendar(CalendarKind::Days(30), "2026-09-06", "America/Santiago", &[]);
        let start = santiago.cycle(0).window.start;
        assert_eq!(start.to_string(), "2026-09-06T04:00:00Z");
        assert_eq!(santiago.cycle_at(start.plus_seconds(-1)).number, -1);
        assert_eq!((santiago.day(start).window, santiago.day(start).day), (0, 0));
    }

    #[test]
    fn a_night_in_which_the_date_turns_twice_belongs_to_the_day_that_has_begun() {
        // Saint John's clocks went from 00:01 on 2010-11-07 back to 23:01 on 2010-11-06.
        let johns = calendar(CalendarKind::Days(30), "2010-11-07", "America/St_Johns", &[]);
        let start = johns.cycle(0).window.start;
        assert_eq!(start.to_string(), "2010-11-07T02:30:00Z");
        for seconds in [0, 59, 60, 3_600] {
            let moment = start.plus_seconds(seconds);
            let slot = johns.day(moment);
            assert_eq!((johns.cycle_at(moment).number, slot.window, slot.day), (0, 0, 0), "{seconds} s");
            assert!(slot.valid.contains(moment), "{seconds} s");
        }
    }

    #[test]
    fn two_restarts_in_one_cycle_are_two_short_cycles() {
        let cut = calendar(CalendarKind::Days(30), "2026-10-01", "UTC", &["2026-10-05", "2026-10-08"]);
        let spans: Vec<_> = (0..3).map(|number| cut.cycle(number).days()).collect();
        assert_eq!(spans, [4, 3, 30]);
        assert_eq!(cut.cycle_of_day(date("2026-10-08")).number, 2);
    }

    #[test]
    fn a_month_cut_by_a_restart_knows_its_full_length() {
        let cut = calendar(CalendarKind::Month, "2026-01-31", "UTC", &["2026-02-10"]);
        let short = cut.cycle(0);
        assert_eq!((short.days(), short.full_days, cut.is_short(&short)), (10, 28, true));
        assert_eq!(cut.cycle(1).end_day, date("2026-03-10"));
        assert!(!cut.is_short(&cut.cycle(1)));
    }

    proptest! {
        #[test]
        fn every_instant_is_in_exactly_one_cycle(
            seconds in 1_000_000_000_i64..2_000_000_000,
            length in 1_u16..62,
            by_month: bool,
            zone in prop::sample::select(vec![
                "UTC", "Europe/Prague", "America/New_York", "Pacific/Apia", "America/Santiago", "America/St_Johns",
            ]),
        ) {
            let kind = if by_month { CalendarKind::Month } else { CalendarKind::Days(length) };
            let calendar = calendar(kind, "2026-01-31", zone, &["2026-03-05", "2026-06-30"]);
            let moment = Moment::from_seconds(seconds);
            let cycle = calendar.cycle_at(moment);
            prop_assert!(cycle.window.contains(moment));
            prop_assert_eq!(calendar.cycle(cycle.number), cycle);
            prop_assert_eq!(calendar.cycle(cycle.number + 1).window.start, cycle.window.end);
            prop_assert_eq!(calendar.cycle_at(cycle.window.end).number, cycle.number + 1);
            let slot = calendar.day(moment);
            prop_assert_eq!(slot.window, cycle.number);
            prop_assert!(slot.valid.contains(moment));
            prop_assert!(cycle.window.start <= slot.valid.start && slot.valid.end <= cycle.window.end);
            prop_assert!(u16::from(slot.day) < cycle.days());
        }
    }
}

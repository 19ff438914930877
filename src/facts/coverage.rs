//! When each host was heard from, by the hour.

use crate::model::short::is_same;
use crate::model::{Moment, Window};
use std::collections::{BTreeMap, BTreeSet};

const HOUR_MICROS: i64 = 3_600_000_000;

fn hour_window(hour: i64) -> Window {
    let start = Moment::from_micros(hour * HOUR_MICROS);
    Window { start, end: start.plus_seconds(3_600) }
}

/// The hours (UTC) in which each host wrote at least one record we know. Joins in any order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    hours: BTreeMap<Box<[u8]>, BTreeSet<i64>>,
    /// Host and hour noted last: nearly always the next one's too.
    last: Option<(Box<[u8]>, Window)>,
}

impl Coverage {
    /// A record of that host at that moment.
    #[inline]
    pub fn note(&mut self, host: &[u8], moment: Moment) {
        if self.last.as_ref().is_some_and(|(name, hour)| hour.contains(moment) && is_same(name, host)) {
            return;
        }
        self.note_hour(host, moment.micros().div_euclid(HOUR_MICROS));
    }

    /// The hour that was noted last, where it is that host's and the moment's.
    pub fn hour(&self, host: &[u8], moment: Moment) -> Option<Window> {
        let (name, hour) = self.last.as_ref()?;
        (**name == *host && hour.contains(moment)).then_some(*hour)
    }

    #[cold]
    fn note_hour(&mut self, host: &[u8], hour: i64) {
        match self.hours.get_mut(host) {
            Some(hours) => {
                hours.insert(hour);
            }
            None => {
                self.hours.insert(host.into(), BTreeSet::from([hour]));
            }
        }
        self.last = Some((host.into(), hour_window(hour)));
    }

    /// Takes in what another part has heard.
    pub fn join(&mut self, other: Self) {
        for (host, hours) in other.hours {
            self.hours.entry(host).or_default().extend(hours);
        }
    }

    /// The hosts, sorted.
    pub fn hosts(&self) -> impl Iterator<Item = &[u8]> {
        self.hours.keys().map(|host| &host[..])
    }

    /// The spans of hours without a break in which that host was heard from.
    pub fn spans(&self, host: &[u8]) -> Vec<Window> {
        let mut spans: Vec<Window> = Vec::new();
        for &hour in self.hours.get(host).into_iter().flatten() {
            let window = hour_window(hour);
            match spans.last_mut() {
                Some(span) if span.end == window.start => span.end = window.end,
                _ => spans.push(window),
            }
        }
        spans
    }

    /// Whether any host wrote in an hour that lies wholly inside the window.
    pub fn is_heard_in(&self, window: Window) -> bool {
        self.hours.values().any(|hours| Self::hours_in(hours, window).next().is_some())
    }

    /// The last hour wholly inside the window in which any host wrote.
    pub fn last_hour_in(&self, window: Window) -> Option<Window> {
        let last = self.hours.values().filter_map(|hours| Self::hours_in(hours, window).next_back()).max();
        last.map(hour_window)
    }

    fn hours_in(hours: &BTreeSet<i64>, window: Window) -> impl DoubleEndedIterator<Item = i64> {
        let first = window.start.micros().div_euclid(HOUR_MICROS)
            + i64::from(window.start.micros().rem_euclid(HOUR_MICROS) != 0);
        let end = window.end.micros().div_euclid(HOUR_MICROS);
        // An end before its beginning is no range.
        hours.range(first..end.max(first)).copied()
    }

    /// The longest silence of that host inside the window, in seconds, its edges included.
    pub fn longest_silence(&self, host: &[u8], window: Window) -> i64 {
        let mut longest = 0;
        let mut heard_until = window.start;
        for span in self.spans(host).into_iter().filter(|span| span.overlaps(window)) {
            longest = longest.max(span.start.micros() - heard_until.micros());
            heard_until = heard_until.max(span.end);
        }
        longest.max(window.end.micros() - heard_until.micros()) / 1_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silences_are_measured_between_hours_with_records() {
        let mut coverage = Coverage::default();
        for hour in [0, 1, 5] {
            coverage.note(b"edge1", Moment::from_seconds(hour * 3600 + 60));
        }
        let window = Window { start: Moment::from_seconds(0), end: Moment::from_seconds(8 * 3600) };
        assert_eq!(coverage.spans(b"edge1").len(), 2);
        assert_eq!(coverage.longest_silence(b"edge1", window), 3 * 3600);
        assert_eq!(coverage.longest_silence(b"edge2", window), 8 * 3600);
    }

    #[test]
    fn an_hour_is_heard_in_the_window_that_holds_all_of_it() {
        let mut coverage = Coverage::default();
        coverage.note(b"edge1", Moment::from_seconds(60));
        coverage.note(b"edge2", Moment::from_seconds(2 * 3600));
        let window =
            |start, end| Window { start: Moment::from_seconds(start), end: Moment::from_seconds(end) };
        assert!(coverage.is_heard_in(window(0, 3600)));
        assert!(!coverage.is_heard_in(window(1, 2 * 3600)) && !coverage.is_heard_in(window(0, 3599)));
        assert!(!coverage.is_heard_in(window(10, 20)));
        assert_eq!(coverage.last_hour_in(window(0, 9 * 3600)), Some(hour_window(2)));
        assert_eq!(coverage.last_hour_in(window(0, 2 * 3600)), Some(hour_window(0)));
    }
}

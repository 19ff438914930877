//! Charts of the pages as numbers for a template that draws SVG: whole numbers all of them.

use super::digits::grouped;
use crate::model::{Cycle, Figures, Moment, Platform, Window};

/// Widest bar, and the width and height of the charts that span a page.
const BAR_MAX: u64 = 250;
const PAGE_WIDTH: u64 = 920;
const COLUMN_MAX: u64 = 134;
/// The line on which columns stand.
const GROUND: u64 = 150;
const HOUR_MICROS: i64 = 3_600_000_000;
/// Hosts that get a strip of their own.
const HOSTS_SHOWN: usize = 12;
/// Pixels of an hour in a strip, and of everything that belongs to one host.
const HOUR_HEIGHT: u64 = 2;
const HOST_HEIGHT: u64 = 16 + 24 * HOUR_HEIGHT + 14;

/// Bars side by side with their names.
pub struct Bars {
    pub title: String,
    pub subtitle: String,
    pub label: String,
    pub height: u64,
    pub bars: Vec<Bar>,
}

/// One bar.
pub struct Bar {
    pub name: &'static str,
    pub y: u64,
    pub width: u64,
    pub value: String,
}

impl Bars {
    /// How many were seen on each platform; the longest bar is the most of `scale`.
    pub fn new(title: String, subtitle: String, counts: &[(Platform, u64)], scale: u64) -> Self {
        let bar = |(at, (platform, users)): (usize, &(Platform, u64))| Bar {
            name: platform.name(),
            y: at as u64 * 22,
            width: share(*users, scale, BAR_MAX),
            value: grouped(*users),
        };
        let bars: Vec<Bar> = counts.iter().enumerate().map(bar).collect();
        let said: Vec<String> = bars.iter().map(|bar| format!("{} {}", bar.name, bar.value)).collect();
        Self {
            label: format!("{title} by platform: {}", said.join(", ")),
            title,
            subtitle,
            height: (bars.len() as u64 * 22).max(1),
            bars,
        }
    }
}

/// One column a day.
pub struct Columns {
    pub label: String,
    /// The highest column, as the axis says it.
    pub most: String,
    pub width: u64,
    pub columns: Vec<Column>,
}

/// One day.
pub struct Column {
    pub day: String,
    pub short: String,
    pub users: String,
    pub x: u64,
    pub y: u64,
    pub height: u64,
    pub is_labelled: bool,
}

impl Columns {
    /// Active users on each day of the cycle; `None` where nobody was active on any.
    pub fn new(cycle: &Cycle, figures: &Figures) -> Option<Self> {
        let counts = figures.days(cycle.days());
        let most = counts.iter().copied().max().filter(|most| *most > 0)?;
        let pitch = PAGE_WIDTH / counts.len() as u64;
        let column = |(at, users): (usize, &u64)| {
            let height = share(*users, most, COLUMN_MAX);
            let day = nth_day(cycle, at);
            Column {
                short: format!("{}/{}", day.day(), day.month()),
                day: day.to_string(),
                users: grouped(*users),
                x: at as u64 * pitch,
                y: GROUND - height,
                height,
                is_labelled: at.is_multiple_of(5),
            }
        };
        let label = format!("Active users on each of {} days, {} at most", counts.len(), grouped(most));
        let columns = counts.iter().enumerate().map(column).collect();
        Some(Self { label, most: grouped(most), width: (pitch * 3 / 4).max(1), columns })
    }
}

/// When one host was heard from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostHours {
    pub host: String,
    /// Spans of whole hours with a record in each, in order, none touching the next.
    pub heard: Vec<Window>,
}

impl HostHours {
    /// The spans of the window, up to the end of the logs, in which the host was not heard from.
    pub fn silences(&self, window: Window, end_of_logs: Option<Moment>) -> impl Iterator<Item = Window> {
        let end = end_of_logs.map_or(window.end, |end| window.end.min(end));
        let starts = std::iter::once(window.start).chain(self.heard.iter().map(|span| span.end));
        let ends = self.heard.iter().map(|span| span.start).chain([end]);
        let clipped = move |(from, until): (Moment, Moment)| Window {
            start: from.max(window.start),
            end: until.min(end),
        };
        starts.zip(ends).map(clipped).filter(|span| span.start < span.end)
    }
}

/// For each host a strip of the cycle: days side by side, hours from top to bottom.
pub struct Strips {
    pub label: String,
    pub height: u64,
    pub width: u64,
    pub hosts: Vec<HostStrip>,
    pub days: Vec<DayName>,
    pub hidden: usize,
    pub has_later: bool,
}

/// One host's strip.
pub struct HostStrip {
    pub name: String,
    /// Its hours without a record, in words.
    pub said: String,
    pub y: u64,
    pub parts: Vec<Part>,
}

/// Hours of one day that are alike.
pub struct Part {
    pub class: &'static str,
    pub x: u64,
    pub y: u64,
    pub height: u64,
    pub title: String,
}

/// The name of a day below its column.
pub struct DayName {
    pub x: u64,
    pub name: String,
}

impl Strips {
    /// The strips of the hosts, those with the most silence first; `None` where no host was heard
    /// from. Hours that begin behind the end of the logs are no gaps.
    pub fn new(cycle: &Cycle, hosts: &[HostHours], end_of_logs: Option<Moment>) -> Option<Self> {
        let hours = hours_of(cycle);
        let later = end_of_logs.map_or(hours, |end| {
            let behind = end.micros() - cycle.window.start.micros();
            usize::try_from(behind.div_euclid(HOUR_MICROS) + 1).unwrap_or(0).min(hours)
        });
        let mut silent: Vec<(usize, &HostHours, Vec<bool>)> = hosts
            .iter()
            .map(|host| {
                let heard = heard(cycle, hours, &host.heard);
                (heard[..later].iter().filter(|heard| !**heard).count(), host, heard)
            })
            .filter(|(_, _, heard)| heard.contains(&true))
            .collect();
        if silent.is_empty() {
            return None;
        }
        silent.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.host.cmp(&other.1.host)));
        let hidden = silent.len().saturating_sub(HOSTS_SHOWN);
        silent.truncate(HOSTS_SHOWN);
        let days = hours.div_ceil(24) as u64;
        let pitch = PAGE_WIDTH / days.max(1);
        let strips = silent.iter().enumerate().map(|(at, (gaps, host, heard))| {
            let y = at as u64 * HOST_HEIGHT;
            HostStrip {
                name: super::text::printable(&host.host),
                said: match gaps {
                    0 => "no gap".to_owned(),
                    1 => "1 hour without a record".to_owned(),
                    gaps => format!("{} hours without a record", grouped(gaps)),
                },
                y,
                parts: parts(heard, later, cycle, (y + 16, pitch)),
            }
        });
        let day_names = (0..days as usize).step_by(5).map(|at| {
            let day = nth_day(cycle, at);
            DayName { x: at as u64 * pitch, name: format!("{}/{}", day.day(), day.month()) }
        });
        let worst: Vec<String> =
            silent.iter().map(|(gaps, host, _)| format!("{} {gaps}", host.host)).collect();
        Some(Self {
            label: format!("Hours without a record by host: {}", worst.join(", ")),
            height: silent.len() as u64 * HOST_HEIGHT + 8,
            width: pitch.saturating_sub(1).max(1),
            hosts: strips.collect(),
            days: day_names.collect(),
            hidden,
            has_later: later < hours,
        })
    }
}

fn hours_of(cycle: &Cycle) -> usize {
    let micros = cycle.window.end.micros() - cycle.window.start.micros();
    usize::try_from(micros.div_euclid(HOUR_MICROS)).unwrap_or(0)
}

/// For each hour of the cycle, whether one of the spans holds a part of it.
fn heard(cycle: &Cycle, hours: usize, spans: &[Window]) -> Vec<bool> {
    let mut heard = vec![false; hours];
    let hour = |moment: Moment| (moment.micros() - cycle.window.start.micros()).div_euclid(HOUR_MICROS);
    for span in spans {
        let (first, last) = (hour(span.start), hour(Moment::from_micros(span.end.micros() - 1)));
        let (first, end) =
            (first.clamp(0, hours as i64) as usize, (last + 1).clamp(0, hours as i64) as usize);
        heard[first..end.max(first)].fill(true);
    }
    heard
}

/// Runs of like hours, cut at the end of every day.
fn parts(heard: &[bool], later: usize, cycle: &Cycle, (top, pitch): (u64, u64)) -> Vec<Part> {
    let class = |hour: usize| match heard[hour] {
        true => "heard",
        false if hour >= later => "later",
        false => "gap",
    };
    let mut parts: Vec<Part> = Vec::new();
    let mut from = 0;
    for hour in 1..=heard.len() {
        let is_end = hour == heard.len() || hour.is_multiple_of(24) || class(hour) != class(from);
        if is_end {
            let at =
                |hour: usize| Moment::from_micros(cycle.window.start.micros() + hour as i64 * HOUR_MICROS);
            parts.push(Part {
                class: class(from),
                x: (from / 24) as u64 * pitch,
                y: top + (from % 24) as u64 * HOUR_HEIGHT,
                height: (hour - from) as u64 * HOUR_HEIGHT,
                title: format!("{} to {}", at(from), at(hour)),
            });
            from = hour;
        }
    }
    parts
}

fn nth_day(cycle: &Cycle, at: usize) -> jiff::civil::Date {
    cycle.first_day.saturating_add(jiff::Span::new().days(i64::try_from(at).unwrap_or(0)))
}

/// So much of `whole` as `part` is of `most`; something where it is anything.
fn share(part: u64, most: u64, whole: u64) -> u64 {
    let exact = u128::from(part) * u128::from(whole) / u128::from(most.max(1));
    u64::try_from(exact).unwrap_or(whole).clamp(u64::from(part > 0), whole)
}

#[cfg(test)]
mod tests {
    use super::super::samples::cycle;
    use super::*;

    fn at(hour: i64) -> Moment {
        Moment::from_micros(cycle().window.start.micros() + hour * HOUR_MICROS)
    }

    fn host(name: &str, spans: &[(i64, i64)]) -> HostHours {
        let heard = spans.iter().map(|(start, end)| Window { start: at(*start), end: at(*end) }).collect();
        HostHours { host: name.to_owned(), heard }
    }

    #[test]
    fn a_strip_shows_every_hour_once_and_gaps_where_nothing_was_heard() {
        let hosts =
            [host("quiet", &[(0, 5), (7, 719)]), host("steady", &[(-3, 800)]), host("gone", &[(-9, -3)])];
        let strips = Strips::new(&cycle(), &hosts, None).expect("two hosts were heard");
        let names: Vec<(&str, &str)> =
            strips.hosts.iter().map(|it| (it.name.as_str(), it.said.as_str())).collect();
        assert_eq!(names, [("quiet", "3 hours without a record"), ("steady", "no gap")]);
        for strip in &strips.hosts {
            let hours: u64 = strip.parts.iter().map(|part| part.height / HOUR_HEIGHT).sum();
            assert_eq!(hours, 720);
        }
        let gaps: Vec<(u64, u64)> = strips.hosts[0]
            .parts
            .iter()
            .filter(|part| part.class == "gap")
            .map(|part| (part.x / 30, part.height / HOUR_HEIGHT))
            .collect();
        assert_eq!(gaps, [(0, 2), (29, 1)]);
    }

    #[test]
    fn what_is_behind_the_end_of_the_logs_is_no_gap() {
        let strips = Strips::new(&cycle(), &[host("a", &[(0, 48)])], Some(at(47))).unwrap();
        assert!(strips.has_later);
        assert_eq!(strips.hosts[0].said, "no gap");
    }

    #[test]
    fn a_bar_is_never_longer_than_its_chart_and_never_empty_for_somebody() {
        assert_eq!([share(0, 9, 250), share(1, 1_000_000, 250), share(9, 9, 250)], [0, 1, 250]);
        assert_eq!(share(u64::MAX, u64::MAX, 250), 250);
    }
}

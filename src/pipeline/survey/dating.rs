//! Which years the inputs are of, and how much of one has to be walked over to know that.

use super::{Look, Sample};
use crate::pipeline::clock::date_time;
use crate::pipeline::fold;
use crate::pipeline::rank::stream_of;
use crate::pipeline::setup::{Setup, YearRule};
use crate::pipeline::siblings::{self, Span};
use crate::pipeline::years::{Walk, date_in_name};
use crate::read::Found;
use jiff::ToSpan;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The year of an input's first section, and how it was found.
pub(super) type FirstYear = Option<(i32, &'static str)>;
/// How a year was found that the operator gave.
const BY_FLAG: &str = "--year";

/// The rotations among the inputs: the numbers of their members that have a span, and the spans.
fn rotations(looks: &[Look], setup: &Setup) -> Vec<(Vec<usize>, Vec<Span>)> {
    type Key = ((PathBuf, String), Option<usize>);
    let mut rotations: BTreeMap<Key, (Vec<usize>, Vec<Span>)> = BTreeMap::new();
    for (number, look) in looks.iter().enumerate() {
        let zone = setup.zone_of(&look.found).unwrap_or(TimeZone::UTC);
        if let Some(span) = look.span(&zone) {
            let key = (stream_of(&look.found), setup.rule_of(&look.found));
            let (members, spans) = rotations.entry(key).or_default();
            members.push(number);
            spans.push(span);
        }
    }
    rotations.into_values().collect()
}

/// Which inputs are of a rotation that has a hole in the year that the operator gave.
pub(super) fn with_holes(looks: &[Look], setup: &Setup) -> Vec<bool> {
    let mut unsure = vec![false; looks.len()];
    if let YearRule::Given(_) = setup.year {
        let own = |number: &usize| own_year(&looks[*number], setup).map(|(year, _)| year);
        for (members, spans) in rotations(looks, setup) {
            let years: Vec<Option<i32>> = members.iter().map(own).collect();
            let all: Vec<usize> = (0..members.len()).collect();
            if siblings::newest(&spans, &years, &all).is_some() {
                members.into_iter().for_each(|number| unsure[number] = true);
            }
        }
    }
    unsure
}

/// The years of all inputs: what each tells itself, then what its rotated siblings tell of it,
/// then its modification time where that may be asked.
pub(super) fn first_years(looks: &[Look], setup: &Setup) -> Vec<FirstYear> {
    let zone = |look: &Look| setup.zone_of(&look.found).unwrap_or(TimeZone::UTC);
    let mut years: Vec<FirstYear> = looks.iter().map(|look| own_year(look, setup)).collect();
    for (members, spans) in rotations(looks, setup) {
        // The operator's year is that of the newest; those before it may well be of the year before.
        let is_given = |place: &usize| years[members[*place]].is_some_and(|(_, how)| how == BY_FLAG);
        let given: Vec<usize> = (0..members.len()).filter(is_given).collect();
        let own = |years: &[FirstYear]| -> Vec<Option<i32>> {
            members.iter().map(|number| years[*number].map(|(year, _)| year)).collect()
        };
        if let Some(chain) = siblings::chain(&spans, &own(&years), &given) {
            for place in given {
                years[members[place]] = chain[place].map(|year| (year, BY_FLAG));
            }
        }
        let told = siblings::years(&spans, &own(&years));
        for (number, year) in members.into_iter().zip(told) {
            years[number] = years[number].or(year.map(|year| (year, "a rotated sibling")));
        }
    }
    for (look, year) in looks.iter().zip(&mut years) {
        *year = year.or_else(|| year_by_mtime(look, setup, &zone(look)));
    }
    years
}

impl Look {
    /// From when to when it reaches, as far as that was seen.
    fn span(&self, zone: &TimeZone) -> Option<Span> {
        if let Some((first, last, turns)) = self.walk.span() {
            return Some(Span::Yearless { first, last, turns });
        }
        let first = self.sample.first_date(zone)?;
        Some(Span::Known { first, last: None })
    }
}

/// The year of the first section by what the input itself tells.
pub(super) fn own_year(look: &Look, setup: &Setup) -> FirstYear {
    let Look { walk, found, .. } = look;
    let zone = setup.zone_of(found).unwrap_or(TimeZone::UTC);
    if let YearRule::Given(_) = setup.year {
        return Some((walk.year_by_bound(setup.year_bound()?)?, BY_FLAG));
    }
    if let Some(year) = walk.year_by_anchor(&zone) {
        return Some((year, "a clock in the data"));
    }
    // Nobody but whoever rotates the logs gives them names; what stands in them may be a stranger's.
    let name = found.path.file_name()?.to_string_lossy();
    if let Some(year) = date_in_name(&name).and_then(|bound| walk.year_by_bound(bound)) {
        return Some((year, "the date in the file's name"));
    }
    // A log whose format was changed under way, or that several servers write.
    walk.year_beside().map(|year| (year, "other stamps in the file"))
}

fn year_by_mtime(look: &Look, setup: &Setup, zone: &TimeZone) -> FirstYear {
    if setup.year != YearRule::Mtime {
        return None;
    }
    let modified = std::fs::metadata(&look.found.path).ok()?.modified().ok()?;
    let modified = jiff::Timestamp::try_from(modified).ok()?;
    let bound = zone.to_datetime(modified).date();
    Some((look.walk.year_by_bound(bound)?, "the file's modification time"))
}

/// The latest that a log can be of: the file's own time, or now where it is none.
fn written_until(found: &Found, zone: &TimeZone) -> Option<DateTime> {
    let modified = || jiff::Timestamp::try_from(std::fs::metadata(&found.path).ok()?.modified().ok()?).ok();
    let until = if found.is_file() { modified()? } else { jiff::Timestamp::now() };
    Some(zone.to_datetime(until))
}

/// How far a log with these first dates may reach. A file's time is lost where it is copied carelessly, so a month counts
/// in any case: hardly anybody rotates less often.
pub(super) fn may_reach(found: &Found, sample: &Sample, zone: &TimeZone) -> Option<DateTime> {
    let month_on = sample.first_date(zone).and_then(|first| date_time(first).checked_add(32.days()).ok());
    written_until(found, zone).max(month_on)
}

/// Whether the start of a compressed log is enough to plan with: it tells the first year by a full clock of
/// its own, or by the operator's word where no year begins behind it; and the log's zone does not put its clocks
/// back before the log's end, as far as the file's own time tells of that. Should it be otherwise, the scan says
/// so and begins anew.
pub(super) fn may_walk_on_behind(start: &Walk, found: &Found, setup: &Setup, zone: &TimeZone) -> bool {
    let first = year_by_ends(start, setup, zone).and_then(|year| start.first_in(year));
    let (Some(first), Some(until)) = (first, written_until(found, zone)) else { return false };
    // Most are rotated within a week.
    let week_on = date_time(first).checked_add(8.days());
    let last = week_on.map(|week_on| week_on.max(until));
    last.is_ok_and(|last| !fold::puts_back(zone, first, last))
}

/// Whether the ends of a plain log are enough to plan with, because its zone puts no clocks back between them. Should
/// they be put back all the same, or a year begin, the scan says so and begins anew.
pub(super) fn may_walk_on_between(ends: &Walk, setup: &Setup, zone: &TimeZone) -> bool {
    let Some(year) = year_by_ends(ends, setup, zone) else { return false };
    let (Some(first), Some(newest)) = (ends.first_in(year), ends.newest_in(year)) else { return false };
    !fold::puts_back(zone, first, date_time(newest))
}

/// The year of the first section by what the start of a log tells, or the operator.
fn year_by_ends(ends: &Walk, setup: &Setup, zone: &TimeZone) -> Option<i32> {
    match setup.year {
        YearRule::Given(_) => setup.year_bound().and_then(|bound| ends.year_by_bound(bound)),
        YearRule::Infer | YearRule::Mtime => ends.year_by_anchor(zone),
    }
}

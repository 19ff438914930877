//! The year of a year-less file that nothing in it tells, by its rotated siblings.
//!
//! The files of one rotation follow each other without a gap to speak of, so a file whose year is
//! known places the ones beside it, those place the next, and so on backwards. Names do not help:
//! `full.2` is older than `full.1` under logrotate and younger under Asterisk's own rotation.

use super::clock::in_year;
use crate::model::Civil;

const DAY_MICROS: i64 = 86_400_000_000;
/// Neighbours lie no further apart than this: nobody rotates less than once a month, and a
/// sibling that is missing must not be guessed over.
const GAP_MAX: i64 = 32 * DAY_MICROS;
/// Neighbours overlap by no more than this (records out of order, copytruncate), and by no more
/// than half of the shorter one.
const OVERLAP_MAX: i64 = 2 * DAY_MICROS;

/// From when to when one file of a rotation reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// Stamps with a year; the end may not be known.
    Known { first: Civil, last: Option<Civil> },
    /// Stamps without: the year of the last is so many after that of the first.
    Yearless { first: Civil, last: Civil, turns: i32 },
}

impl Span {
    /// The span, were the first stamp of that year.
    fn in_year(self, year: i32) -> Option<(i64, Option<i64>)> {
        match self {
            Self::Known { first, last } => Some((first.micros(), last.map(Civil::micros))),
            Self::Yearless { first, last, turns } => {
                let last = in_year(last, year + turns)?;
                Some((in_year(first, year)?.micros(), Some(last.micros())))
            }
        }
    }
}

/// For each span the year of its first stamp, where it is given or a neighbour tells it. A `Known`
/// span needs none.
///
/// What is nearest to something placed is placed first, so that a chain of neighbours is followed
/// step by step. Where that puts one file upon another (more than a year of logs, or no rotation
/// at all) nothing is believed but what was given. The order of the spans does not matter.
pub(super) fn years(spans: &[Span], given: &[Option<i32>]) -> Vec<Option<i32>> {
    let mut years = given.to_vec();
    // For each unplaced file: the smallest gap so far, and the year it would mean.
    let mut nearest: Vec<Option<(i64, i32)>> = vec![None; spans.len()];
    let mut placed: Vec<(i64, Option<i64>)> =
        spans.iter().zip(given).filter_map(|(span, year)| known(*span, *year)).collect();
    while let Some(there) = placed.pop() {
        for (number, span) in spans.iter().enumerate() {
            if years[number].is_none() && matches!(span, Span::Yearless { .. }) {
                let near = candidates(*span, there).min();
                nearest[number] = [nearest[number], near].into_iter().flatten().min();
            }
        }
        if placed.is_empty() {
            let next = (0..spans.len())
                .filter(|number| years[*number].is_none())
                .filter_map(|number| Some((nearest[number]?, number)))
                .min();
            if let Some(((_, year), number)) = next {
                years[number] = Some(year);
                placed.extend(spans[number].in_year(year));
            }
        }
    }
    if overlap(spans, &years) { given.to_vec() } else { years }
}

/// The years of the spans, where those that are `given` had the latest year that they may have, each for itself, and so
/// leave a hole between them: the newest keeps it, and the others follow from that. `None` where there is no hole, or where
/// they do not follow each other.
pub(super) fn chain(spans: &[Span], years: &[Option<i32>], given: &[usize]) -> Option<Vec<Option<i32>>> {
    let newest = newest(spans, years, given)?;
    let of_newest = |number: usize| years[number].filter(|_| number == newest || !given.contains(&number));
    let anew = self::years(spans, &(0..spans.len()).map(of_newest).collect::<Vec<_>>());
    let is_known = |number: &usize| anew[*number].is_some() && anew[*number] <= years[*number];
    given.iter().all(is_known).then_some(anew)
}

/// Of spans with a hole between them that no neighbours have, the one before the longest: all of a rotation lie within a
/// year or so, so that is the newest, and what is behind the hole is of the year before.
pub(super) fn newest(spans: &[Span], years: &[Option<i32>], given: &[usize]) -> Option<usize> {
    let mut placed: Vec<(i64, i64, usize)> = given
        .iter()
        .filter_map(|number| {
            let (first, last) = known(spans[*number], years[*number])?;
            Some((last?, first, *number))
        })
        .collect();
    placed.sort_unstable();
    let gaps = placed.windows(2).map(|pair| (pair[1].1 - pair[0].0, pair[0].2));
    gaps.filter(|(gap, _)| *gap > GAP_MAX).max().map(|(_, newest)| newest)
}

/// Whether two placed files lie upon each other further than neighbours do.
fn overlap(spans: &[Span], years: &[Option<i32>]) -> bool {
    let placed = spans.iter().zip(years).filter_map(|(span, year)| {
        let (first, last) = known(*span, *year)?;
        Some((first, last?))
    });
    let mut placed: Vec<(i64, i64)> = placed.collect();
    placed.sort_unstable();
    let mut latest: Option<(i64, i64)> = None;
    for there in placed {
        if let Some(before) = latest
            && there.0 - before.1 < -overlap_max(there, Some(before))
        {
            return true;
        }
        latest = latest.filter(|before| before.1 > there.1).or(Some(there));
    }
    false
}

/// By how much two files may overlap and be neighbours.
fn overlap_max(one: (i64, i64), other: Option<(i64, i64)>) -> i64 {
    let half = |(first, last): (i64, i64)| (last - first) / 2;
    other.map_or(OVERLAP_MAX, half).min(half(one)).min(OVERLAP_MAX)
}

fn known(span: Span, year: Option<i32>) -> Option<(i64, Option<i64>)> {
    match span {
        Span::Known { .. } => span.in_year(0),
        Span::Yearless { .. } => span.in_year(year?),
    }
}

/// The years in which a file would be a neighbour of what lies there, each with the gap.
fn candidates(span: Span, there: (i64, Option<i64>)) -> impl Iterator<Item = (i64, i32)> {
    let (first, last) = there;
    // A year is about so long; two to either side leave room for New Year and leap days.
    let around =
        1970 + i32::try_from(first.div_euclid(365 * DAY_MICROS + DAY_MICROS / 4)).unwrap_or_default();
    (around - 2..=around + 2).filter_map(move |year| {
        let (begin, Some(end)) = span.in_year(year)? else { return None };
        let before = first - end;
        let after = last.map(|last| begin - last);
        let overlap_max = overlap_max((begin, end), last.map(|last| (first, last)));
        let fits = |gap: &i64| (-overlap_max..=GAP_MAX).contains(gap);
        let gap = [Some(before), after].into_iter().flatten().filter(fits).min()?;
        Some((gap.max(0), year))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::stamp::NO_YEAR;

    fn civil(year: i32, month: u8, day: u8) -> Civil {
        Civil::new(year, month, day, 12, 0, 0, 0).unwrap()
    }

    fn yearless(first: (u8, u8), last: (u8, u8)) -> Span {
        let [first, last] = [first, last].map(|(month, day)| civil(NO_YEAR, month, day));
        Span::Yearless { first, last, turns: i32::from(last < first) }
    }

    #[test]
    fn the_newest_keeps_the_year_that_is_given_and_the_others_go_before_it() {
        let week = |first: (u8, u8), last: (u8, u8)| yearless(first, last);
        let spans =
            [week((1, 3), (1, 10)), week((12, 20), (12, 27)), week((1, 10), (1, 16)), week((12, 27), (1, 3))];
        // Each for itself: none later than 2027.
        let own = [Some(2027), Some(2027), Some(2027), Some(2026)];
        let all = [0, 1, 2, 3];
        assert_eq!(chain(&spans, &own, &all), Some(vec![Some(2027), Some(2026), Some(2027), Some(2026)]));
        // Nothing to put before another, and no hole.
        assert_eq!(chain(&spans[1..2], &own[1..2], &[0]), None);
        let halves = [week((1, 2), (7, 1)), week((7, 20), (12, 31))];
        assert_eq!(chain(&halves, &own[..2], &[0, 1]), None);
        assert_eq!(chain(&spans, &own, &[]), None);
        // A file is missing, so nobody knows.
        assert_eq!(chain(&[spans[0], week((10, 1), (10, 8))], &own[..2], &[0, 1]), None);
    }

    #[test]
    fn a_chain_is_followed_back_over_new_year() {
        let spans = [
            yearless((12, 25), (12, 31)),
            yearless((12, 18), (12, 25)),
            yearless((1, 1), (1, 8)),
            yearless((1, 8), (1, 15)),
        ];
        let expected = [Some(2026), Some(2026), Some(2027), Some(2027)];
        assert_eq!(years(&spans, &[None, None, None, Some(2027)]), expected);
        assert_eq!(years(&spans, &[Some(2026), None, None, None]), expected);
    }

    #[test]
    fn a_year_of_weeks_does_not_meet_itself() {
        let day = |number: i64| {
            let date = jiff::civil::date(2026, 1, 1).saturating_add(jiff::Span::new().days(number));
            (u8::try_from(date.month()).unwrap(), u8::try_from(date.day()).unwrap())
        };
        // From the end of September on, as many weeks as Asterisk's own rotation keeps.
        let mut spans: Vec<Span> = (39..91).map(|week| yearless(day(week * 7), day(week * 7 + 7))).collect();
        let mut given = vec![None; spans.len()];
        given[51] = Some(2027);
        let placed: Vec<i32> = years(&spans, &given).into_iter().flatten().collect();
        // The fourteenth begins on the last day of the first year.
        assert_eq!(placed.len(), 52);
        assert!(placed[..14].iter().all(|year| *year == 2026), "{placed:?}");
        assert!(placed[14..].iter().all(|year| *year == 2027), "{placed:?}");
        spans.reverse();
        given.reverse();
        let mut reversed: Vec<i32> = years(&spans, &given).into_iter().flatten().collect();
        reversed.reverse();
        assert_eq!(reversed, placed);
    }

    #[test]
    fn more_than_a_year_of_files_is_not_believed() {
        let mut spans = vec![yearless((10, 1), (10, 8)), yearless((10, 2), (10, 9))];
        spans.extend((1..12).map(|month| yearless((month, 1), (month + 1, 1))));
        let mut given = vec![None; spans.len()];
        given[12] = Some(2026);
        assert_eq!(years(&spans, &given), given);
    }

    #[test]
    fn a_file_with_new_year_inside_is_placed_by_its_end() {
        let spans = [yearless((12, 28), (1, 4)), yearless((1, 4), (1, 11))];
        assert_eq!(years(&spans, &[None, Some(2027)]), [Some(2026), Some(2027)]);
    }

    #[test]
    fn a_sibling_with_full_dates_places_its_elders() {
        let full = Span::Known { first: civil(2026, 10, 5), last: None };
        let spans = [yearless((9, 28), (10, 5)), full, yearless((11, 20), (11, 27))];
        // Where the full one ends is not known, so what comes long after it is not placed.
        assert_eq!(years(&spans, &[None, None, None]), [Some(2026), None, None]);
    }

    #[test]
    fn a_missing_sibling_is_not_guessed_over() {
        let spans = [yearless((6, 1), (6, 30)), yearless((10, 1), (10, 5))];
        assert_eq!(years(&spans, &[None, Some(2026)]), [None, Some(2026)]);
    }

    #[test]
    fn files_of_the_same_days_place_nobody() {
        let spans = [yearless((10, 1), (10, 20)), yearless((10, 3), (10, 18))];
        assert_eq!(years(&spans, &[None, Some(2026)]), [None, Some(2026)]);
    }
}

//! Which cycles the logs hold a record of, and at which of their edges they are silent.
//!
//! The first and the last record of all say little: between them may lie a month of which nobody kept the logs, and one
//! stray stamp stretches them over years.

use super::bill::BillError;
use super::census::Census;
use super::scan::Scan;
use crate::model::{Cycle, Moment};

const DAY_SECONDS: i64 = 86_400;

/// Whether the logs hold a record of the cycle, of whatever kind.
pub fn is_heard(scan: &Scan, census: &Census, cycle: &Cycle) -> bool {
    let part = &scan.part;
    // Coverage goes by the hour, and some zones' midnights lie within one.
    let is_in = |moment: Option<Moment>| moment.is_some_and(|moment| cycle.window.contains(moment));
    part.coverage.is_heard_in(cycle.window)
        || is_in(part.records.first)
        || is_in(part.records.last)
        || census.windows.contains(&cycle.number)
}

/// Refuses a cycle of which the logs say nothing at all: a bill of zero would look like one of nobody.
///
/// # Errors
///
/// [`BillError::Quality`] naming the first such cycle.
pub fn check(scan: &Scan, census: &Census, cycles: &[Cycle]) -> Result<(), BillError> {
    let records = &scan.part.records;
    let Some((first, last)) = records.first.zip(records.last) else { return Ok(()) };
    let Some(cycle) = cycles.iter().find(|cycle| !is_heard(scan, census, cycle)) else { return Ok(()) };
    let is_between = first < cycle.window.start && cycle.window.end <= last;
    let but = if is_between { ", and no record of registrations is of that time" } else { "" };
    Err(BillError::Quality(format!(
        "the logs say nothing of the cycle of {}: they run from {first} to {last}{but} (--allow-empty goes on all the \
         same)",
        cycle.first_day
    )))
}

/// What is missing at the beginning and at the end of the cycle, where that is a day or more.
pub fn silences(scan: &Scan, cycle: &Cycle) -> Vec<String> {
    late_start(scan, cycle).into_iter().chain(early_end(scan, cycle)).collect()
}

fn late_start(scan: &Scan, cycle: &Cycle) -> Option<String> {
    let first = scan.part.records.first?;
    let days = days(cycle.window.start, first);
    (days > 0).then(|| {
        format!(
            "the logs begin {} after the cycle of {} does, at {first}: who was there only before is not on the bill",
            days_text(days),
            cycle.first_day
        )
    })
}

/// Where the logs end with the cycle unfinished it is PARTIAL, which says as much.
fn early_end(scan: &Scan, cycle: &Cycle) -> Option<String> {
    scan.part.records.last.filter(|last| cycle.window.end <= *last)?;
    let hour = scan.part.coverage.last_hour_in(cycle.window)?;
    let days = days(hour.end, cycle.window.end);
    (days > 0).then(|| {
        format!(
            "the records of registrations end {} before the cycle of {} ends, in the hour of {}: who was there only after is not on \
             the bill",
            days_text(days),
            cycle.first_day,
            hour.start
        )
    })
}

fn days(from: Moment, until: Moment) -> i64 {
    (until.micros() - from.micros()) / 1_000_000 / DAY_SECONDS
}

fn days_text(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// What is said of cycles that are left out of a bill of all, which are in the order of time.
pub fn left_out(cycles: &[Cycle]) -> Vec<String> {
    // One stray stamp may lie years away: neighbours share a sentence.
    let runs = cycles.chunk_by(|one, next| one.number + 1 == next.number);
    let note = |run: &[Cycle]| match run {
        [] => None,
        [one] => Some(format!(
            "the logs hold no record of registrations in the cycle of {0}, so it is not billed (--cycle {0} --allow-empty bills it all \
             the same)",
            one.first_day
        )),
        [first, .., last] => Some(format!(
            "the logs hold no record of registrations in the {} cycles from {} to {}, so they are not billed (--cycle DAY --allow-empty \
             bills one all the same)",
            run.len(),
            first.first_day,
            last.end_day
        )),
    };
    runs.filter_map(note).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::{Calendar, CalendarKind, CalendarSpec, ShortCycle};

    fn calendar(zone: &str) -> Calendar {
        Calendar::new(CalendarSpec {
            kind: CalendarKind::Days(30),
            anchor: "2026-10-01".parse().unwrap(),
            zone: jiff::tz::TimeZone::get(zone).unwrap(),
            restarts: Vec::new(),
            short_cycle: ShortCycle::Full,
        })
    }

    fn scan(times: &[&str]) -> Scan {
        let mut scan = Scan::default();
        for text in times {
            let moment: Moment = text.parse::<jiff::Timestamp>().unwrap().into();
            let records = &mut scan.part.records;
            records.first = Some(records.first.map_or(moment, |first| first.min(moment)));
            records.last = records.last.max(Some(moment));
            scan.part.coverage.note(b"edge1", moment);
        }
        scan
    }

    #[test]
    fn cycles_between_records_are_not_heard() {
        let (calendar, scan) = (calendar("UTC"), scan(&["2026-10-30T23:59:59Z", "2026-12-30T00:00:00Z"]));
        let census = Census::default();
        let heard = (-1..5).filter(|number| is_heard(&scan, &census, &calendar.cycle(*number)));
        assert!(heard.eq([0, 3]));
        let error = check(&scan, &census, &[calendar.cycle(0), calendar.cycle(1)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the logs say nothing of the cycle of 2026-10-31: they run from 2026-10-30T23:59:59Z to \
             2026-12-30T00:00:00Z, and no record of registrations is of that time (--allow-empty goes on all the same)"
        );
    }

    #[test]
    fn an_hour_that_two_cycles_share_is_heard_where_its_record_is() {
        // Midnight in India is half past six in the evening.
        let (calendar, census) = (calendar("Asia/Kolkata"), Census::default());
        let before = scan(&["2026-10-10T00:00:00Z", "2026-10-30T18:10:00Z"]);
        assert!(!is_heard(&before, &census, &calendar.cycle(1)));
        let behind = scan(&["2026-10-10T00:00:00Z", "2026-10-30T18:40:00Z"]);
        assert!(is_heard(&behind, &census, &calendar.cycle(1)));
    }

    #[test]
    fn silence_at_an_edge_is_told_from_a_day_on() {
        let calendar = calendar("UTC");
        let told = |times: &[&str]| silences(&scan(times), &calendar.cycle(0));
        assert!(told(&["2026-10-01T23:59:59Z", "2026-10-30T00:00:00Z", "2026-12-01T00:00:00Z"]).is_empty());
        assert_eq!(
            told(&["2026-10-02T00:00:00Z", "2026-10-28T22:59:59Z", "2027-12-01T00:00:00Z"]),
            [
                "the logs begin 1 day after the cycle of 2026-10-01 does, at 2026-10-02T00:00:00Z: who was there only \
                 before is not on the bill",
                "the records of registrations end 2 days before the cycle of 2026-10-01 ends, in the hour of 2026-10-28T22:00:00Z: \
                 who was there only after is not on the bill",
            ]
        );
        // An unfinished cycle is PARTIAL.
        assert!(told(&["2026-10-01T00:00:00Z", "2026-10-20T00:00:00Z"]).is_empty());
    }

    #[test]
    fn neighbours_that_are_left_out_share_a_sentence() {
        let calendar = calendar("UTC");
        let cycles: Vec<Cycle> = [1, 3, 4, 5].map(|number| calendar.cycle(number)).to_vec();
        let notes = left_out(&cycles);
        assert_eq!(notes.len(), 2);
        assert!(notes[0].starts_with(
            "the logs hold no record of registrations in the cycle of 2026-10-31, so it is not billed"
        ));
        assert!(notes[1].starts_with(
            "the logs hold no record of registrations in the 3 cycles from 2026-12-30 to 2027-03-30, so"
        ));
    }
}

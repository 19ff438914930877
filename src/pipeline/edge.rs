//! Users whose cycle hangs on how a repeated hour is read.
//!
//! Where a cycle begins or ends within the hour that a log's zone repeats, a stamp in that hour
//! can lie in one cycle or in the next. The earlier reading is taken; whom the other one would
//! bill differently is named, and no bill hides it.

use super::plan::{Input, Plan};
use super::roll::Roll;
use crate::model::{Cycle, Moment, SipIdRef, Standing, Window};
use crate::tally::Entry;
use jiff::tz::TimeZone;

/// No zone repeats more than two hours.
const FOLD_MAX_SECONDS: i64 = 2 * 3600;
/// Names in one note.
const NAMES_MAX: usize = 20;

/// A note for each edge of the cycle that lies in a repeated hour of a log's zone, where a user's
/// billing hangs on it. With `is_named` it names them.
pub fn notes(plan: &Plan, roll: &Roll<'_>, cycle: &Cycle, is_named: bool) -> Vec<String> {
    let edges = [
        (cycle.window.start, cycle.number - 1, cycle.number),
        (cycle.window.end, cycle.number, cycle.number + 1),
    ];
    let notes = edges.into_iter().filter_map(|(edge, before, after)| {
        let (zone, span) = repeated_span(plan, edge)?;
        let mut users: Vec<SipIdRef<'_>> = Vec::new();
        roll.each(0..roll.len(), |_, shown, entries| {
            users.extend(hangs(entries.iter(), span, before, after).then_some(shown));
        });
        users.sort_unstable();
        (!users.is_empty()).then(|| note(edge, &zone, &users, is_named))
    });
    notes.collect()
}

fn note(edge: Moment, zone: &str, users: &[SipIdRef<'_>], is_named: bool) -> String {
    let mut names: Vec<String> = users.iter().take(NAMES_MAX).map(|id| id.escaped()).collect();
    if users.len() > NAMES_MAX {
        names.push(format!("{} more", users.len() - NAMES_MAX));
    }
    let names = if is_named { format!(": {}", names.join(", ")) } else { String::new() };
    format!(
        "{zone} repeats the hour around the cycle's edge {edge}; the earlier reading is taken, and the later one could \
         bill {} users differently{names}",
        users.len()
    )
}

/// The instants whose stamps could also mean an instant at or behind the edge, and a zone that has
/// them, where some input without zones in its stamps leaves that open.
fn repeated_span(plan: &Plan, edge: Moment) -> Option<(String, Window)> {
    let spans = plan.inputs.iter().filter(|input| input.is_zoneless).filter_map(|input| {
        let span = span_of(&input.zone, edge)?;
        let name = input.zone.iana_name().unwrap_or("the zone").to_owned();
        (!is_told(input, span)).then_some((name, span))
    });
    spans.reduce(|(name, one), (_, other)| {
        (name, Window { start: one.start.min(other.start), end: one.end.max(other.end) })
    })
}

/// The instants before the edge whose local time comes again at or behind the edge.
fn span_of(zone: &TimeZone, edge: Moment) -> Option<Window> {
    let from = edge.plus_seconds(-FOLD_MAX_SECONDS).timestamp();
    let until = edge.plus_seconds(FOLD_MAX_SECONDS).timestamp();
    let mut offset = zone.to_offset(from).seconds();
    zone.following(from).take_while(|it| it.timestamp() <= until).find_map(|it| {
        let back = i64::from(std::mem::replace(&mut offset, it.offset().seconds()) - it.offset().seconds());
        let put_back = Moment::from(it.timestamp());
        let start = put_back.plus_seconds(-back).max(edge.plus_seconds(-back));
        let span = Window { start, end: put_back.min(edge) };
        (back > 0 && span.start < span.end).then_some(span)
    })
}

/// Whether the order of the input's records tells the readings apart on that day.
fn is_told(input: &Input, span: Window) -> bool {
    let there = super::clock::civil_time(input.zone.to_datetime(span.start.timestamp()));
    there.is_some_and(|there| input.years.turns.iter().any(|turn| turn.is_behind(there, u64::MAX)))
}

/// Whether what was seen in the span is all that puts the user into the cycle before the edge, or
/// would be all that puts the user into the one after it.
fn hangs<'t>(entries: impl Iterator<Item = &'t Entry>, span: Window, before: i32, after: i32) -> bool {
    let (mut is_touched, mut has_else_before, mut has_after) = (false, false, false);
    for entry in entries.filter(|entry| counts(entry.standing)) {
        let (Some(first), Some(last)) = (entry.first(), entry.last()) else { continue };
        if entry.window == before {
            // An entry knows its first and last moment only, so one that reaches over the span
            // may have been seen inside.
            is_touched |= last >= span.start && first < span.end;
            has_else_before |= first < span.start || last >= span.end;
        }
        has_after |= entry.window == after;
    }
    is_touched && (!has_else_before || !has_after)
}

fn counts(standing: Standing) -> bool {
    standing.is_sustained()
        || matches!(standing, Standing::Accepted | Standing::Hosted | Standing::MessageSent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        text.parse::<jiff::Timestamp>().unwrap().into()
    }

    fn span(zone: &str, edge: &str) -> Option<(String, String)> {
        let span = span_of(&TimeZone::get(zone).unwrap(), moment(edge))?;
        Some((span.start.to_string(), span.end.to_string()))
    }

    #[test]
    fn an_edge_in_a_repeated_hour_has_stamps_that_could_lie_behind_it() {
        // Berlin shows 02:00 to 03:00 from 00:00Z and again from 01:00Z.
        let pair = |start: &str, end: &str| Some((start.to_owned(), end.to_owned()));
        assert_eq!(span("Europe/Berlin", "2026-10-25T00:00:00Z"), None);
        assert_eq!(
            span("Europe/Berlin", "2026-10-25T00:20:00Z"),
            pair("2026-10-25T00:00:00Z", "2026-10-25T00:20:00Z")
        );
        assert_eq!(
            span("Europe/Berlin", "2026-10-25T01:00:00Z"),
            pair("2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z")
        );
        assert_eq!(
            span("Europe/Berlin", "2026-10-25T01:45:00Z"),
            pair("2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z")
        );
        assert_eq!(span("Europe/Berlin", "2026-10-25T02:00:00Z"), None);
        assert_eq!(span("Europe/Berlin", "2026-03-29T01:00:00Z"), None);
        assert_eq!(span("UTC", "2026-10-25T01:00:00Z"), None);
    }
}

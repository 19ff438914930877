//! `[cycle]`: how billing cycles follow each other.

use super::section::Section;
use super::value::{Zone, date, positive, zone};
use crate::billing::{CalendarKind, CalendarSpec, ShortCycle};
use jiff::civil::Date;

/// What `kind` says, before `length` is known.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Days,
    Month,
}

const KINDS: [(&str, Kind); 2] = [("days", Kind::Days), ("month", Kind::Month)];

const SHORT_CYCLES: [(&str, ShortCycle); 3] =
    [("full", ShortCycle::Full), ("daily", ShortCycle::Daily), ("skip", ShortCycle::Skip)];

/// The table `[cycle]`.
pub(super) fn calendar(cycle: &Section<'_>) -> Option<CalendarSpec> {
    let kind = cycle.need_choice("kind", &KINDS);
    let length = match kind {
        Some(Kind::Month) => {
            cycle.refuse("length", "belongs to `kind = \"days\"`; a month has the calendar's own length");
            None
        }
        Some(Kind::Days) => cycle.need("length", days),
        None => cycle.get("length", days),
    };
    let anchor = cycle.need("anchor", date);
    let zone = cycle.need("zone", zone);
    let restarts = restarts(cycle, anchor);
    let short_cycle = if restarts.is_empty() || cycle.has("short_cycle") {
        cycle.choose("short_cycle", &SHORT_CYCLES, ShortCycle::Full)
    } else {
        cycle.missing("short_cycle", "a restart cuts a cycle short; choose `full`, `daily` or `skip`");
        ShortCycle::Full
    };
    let kind = match kind? {
        Kind::Days => CalendarKind::Days(length?),
        Kind::Month => CalendarKind::Month,
    };
    let Zone { zone, .. } = zone?;
    Some(CalendarSpec { kind, anchor: anchor?, zone, restarts, short_cycle })
}

fn days(field: &super::section::Field<'_, '_>) -> Option<u16> {
    let length = positive(field)?;
    // A tally keeps a cycle's days as the bits of one word.
    match u16::try_from(length) {
        Ok(days) if days <= 62 => Some(days),
        _ => field.fault(format!("`length` is {length} days; it must be from 1 to 62")),
    }
}

/// The days of `[[cycle.restart]]`, ascending.
fn restarts(cycle: &Section<'_>, anchor: Option<Date>) -> Vec<Date> {
    let mut days: Vec<Date> = Vec::new();
    let read = cycle.tables("restart", None, |restart| restart.need("date", date));
    for restart in read.unwrap_or_default() {
        let (day, line) = (restart.value, restart.line);
        if let Some(anchor) = anchor.filter(|&anchor| day <= anchor) {
            let text = format!("restart on `{day}` is not after the anchor `{anchor}`");
            cycle.problems.report(line, text);
        } else if days.contains(&day) {
            cycle.problems.report(line, format!("restart on `{day}` is written twice; keep one"));
        } else {
            days.push(day);
            cycle.note("restart", day.to_string(), Some(line));
        }
    }
    days.sort_unstable();
    days
}

#[cfg(test)]
mod tests {
    use super::super::testing::{problems_of, read_table};
    use super::*;

    fn complaints(toml: &str) -> Vec<String> {
        problems_of(toml, |root| root.table("cycle", calendar))
    }

    #[test]
    fn a_month_has_no_length() {
        let toml = "[cycle]\nkind = 'month'\nanchor = 2026-01-31\nzone = 'UTC'\n";
        assert_eq!(read_table(toml, "cycle", calendar).kind, CalendarKind::Month);
        assert_eq!(
            complaints(&format!("{toml}length = 30\n")),
            ["5: `length` belongs to `kind = \"days\"`; a month has the calendar's own length"]
        );
    }

    #[test]
    fn restarts_are_sorted_and_need_a_short_cycle() {
        let toml = "[cycle]\nkind = 'days'\nlength = 30\nanchor = 2026-01-01\nzone = 'UTC'\n";
        let restarts = "[[cycle.restart]]\ndate = 2026-03-01\n[[cycle.restart]]\ndate = 2026-02-01\n";
        let calendar = read_table(&format!("{toml}short_cycle = 'daily'\n{restarts}"), "cycle", calendar);
        assert_eq!(calendar.restarts, [jiff::civil::date(2026, 2, 1), jiff::civil::date(2026, 3, 1)]);
        assert_eq!(calendar.short_cycle, ShortCycle::Daily);
        assert_eq!(
            complaints(&format!("{toml}{restarts}")),
            [
                "1: `short_cycle` is missing in [cycle]; a restart cuts a cycle short; choose `full`, `daily` or `skip`"
            ]
        );
    }

    #[test]
    fn wrong_cycles_are_told_all_at_once() {
        assert_eq!(
            complaints(
                "[cycle]\nkind = 'dayz'\nlength = 63\nanchor = 2026-01-01\nzone = 'Utc+1'\nshort_cycle = 'ful'\n\
                 [[cycle.restart]]\ndate = 2026-01-01\n[[cycle.restart]]\ndat = 2026-01-01\n"
            ),
            [
                "2: unknown `kind` `dayz`; did you mean `days`?",
                "3: `length` is 63 days; it must be from 1 to 62",
                "5: unknown zone `Utc+1`; use an IANA name such as `Europe/Prague`",
                "6: unknown `short_cycle` `ful`; did you mean `full`?",
                "7: restart on `2026-01-01` is not after the anchor `2026-01-01`",
                "10: unknown key `dat` in [[cycle.restart]]; did you mean `date`?",
            ]
        );
    }

    #[test]
    fn an_empty_cycle_lacks_what_it_needs() {
        assert_eq!(
            complaints("[cycle]\n"),
            [
                "1: `kind` is missing in [cycle]",
                "1: `anchor` is missing in [cycle]",
                "1: `zone` is missing in [cycle]"
            ]
        );
    }
}

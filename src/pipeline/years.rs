//! The years of stamps that carry none.
//!
//! A file is walked once, stamp by stamp: a jump backwards of more than 180 days is a new year, unless the stamps are
//! back where they were before soon. The last section's year is the latest that is not after a bound (a date in the file's
//! name, `--year`, the neighbour's end), or follows from a record that also carries a full date, or from the full dates of
//! other records beside those without.

mod ahead;
mod beside;
mod blocks;
mod notable;
mod told;

pub use blocks::{END_LEN, Whole};
pub use notable::Notable;
pub use told::date_in_name;

use ahead::{Ahead, Doubt, SILENT_MAX};
use beside::Beside;
use notable::{Minute, Stamped, minute};
use told::full_clock;

use super::clock::{Years, civil_time, date_time, in_year};
use super::fold::Jumps;
use crate::formats::stamp;
use crate::model::{Civil, Moment};
use jiff::civil::Date;
use jiff::tz::TimeZone;

const DAY_MICROS: i64 = 86_400_000_000;
const NEW_YEAR_JUMP: i64 = 180 * DAY_MICROS;
/// Records of several processes stand out of order by no more than this.
const STRAY: i64 = 2 * DAY_MICROS;
/// Records that carry a full date as well are looked for everywhere in so many bytes of a file. Behind
/// them only the lines that are read anyway are asked, the first and the last of each minute: an operator's
/// own log may have no such record at all, and would be searched whole for nothing.
const ANCHORS_SOUGHT: u64 = 16 << 20;

/// The walk over one input's stamps.
#[derive(Debug, Clone, Default)]
pub struct Walk {
    /// Offsets at which a new year begins.
    turns: Vec<u64>,
    strays: Vec<u64>,
    jumps: Jumps,
    newest: Option<Civil>,
    /// First stamp of all.
    first: Option<Civil>,
    /// A record with both clocks: section, year-less stamp, instant.
    anchor: Option<(usize, Civil, Moment)>,
    beside: Beside,
    /// Where a year began that may have been none.
    doubt: Option<Doubt>,
    /// The latest jump ahead over what would be a long silence.
    ahead: Option<Ahead>,
    /// The year is known, and no such record is looked for.
    is_dated: bool,
}

impl Walk {
    /// The newest stamp, where the first section is of that year and no other begins.
    pub fn newest_in(&self, year: i32) -> Option<Civil> {
        in_year(self.newest?, year)
    }

    /// A walk over an input whose first year is known.
    pub fn dated() -> Self {
        Self { is_dated: true, ..Self::default() }
    }

    /// Walks over the next block by what was found notable in it.
    pub fn note(&mut self, bytes: &[u8], offset: u64, notable: &Notable) {
        let mut fulls = notable.fulls.iter().peekable();
        for Stamped { line, stamp } in &notable.lines {
            while let Some((_, full)) = fulls.next_if(|(at, _)| *at < line.start) {
                self.beside.full(*full, self.turns.len());
            }
            let is_noted = self.stamp(*stamp, offset + line.start as u64);
            if !is_noted || self.is_dated || self.anchor.is_some() {
                continue;
            }
            let text = &bytes[line.clone()];
            let may_be_anchor = notable.anchor == Some(line.start)
                || offset >= ANCHORS_SOUGHT
                || matches!(minute(text), Minute::Elsewhere);
            if may_be_anchor && let Some(instant) = full_clock(text) {
                self.anchor = Some((self.turns.len(), *stamp, instant));
            }
        }
        fulls.for_each(|(_, full)| self.beside.full(*full, self.turns.len()));
    }

    /// Takes the next stamp; `false` for that of a stray.
    pub fn stamp(&mut self, stamp: Civil, offset: u64) -> bool {
        match self.newest {
            Some(newest) if self.is_back_from_ahead(newest, stamp) => {
                let late = self.ahead.take().map(Ahead::into_late).unwrap_or_default();
                if !late.is_empty() {
                    // So a full clock there is of the old year as well.
                    self.anchor = self.anchor.filter(|it| it.1.micros() - stamp.micros() <= NEW_YEAR_JUMP);
                }
                self.strays.extend(late);
                self.jumps.restart();
            }
            None => self.first = Some(stamp),
            Some(newest) if newest.micros() - stamp.micros() > NEW_YEAR_JUMP => {
                self.turns.push(offset);
                self.doubt = Some(Doubt { before: newest, after: stamp }).filter(Doubt::is_silent);
                self.jumps.restart();
            }
            Some(newest) if self.is_back(newest, stamp) => {
                self.turns.pop();
                self.doubt = None;
                self.jumps.restart();
                // What was told by the wrong clock is not so.
                let sections = self.turns.len();
                self.anchor = self.anchor.filter(|(section, ..)| *section <= sections);
                self.beside.forget_behind(sections);
            }
            // `Dec 31` just behind the first `Jan 1`: a record of the old year that came late.
            Some(newest)
                if stamp.micros() - newest.micros() > NEW_YEAR_JUMP
                    && !self.turns.is_empty()
                    && is_new_years_edge(newest, stamp) =>
            {
                self.strays.push(offset);
                return false;
            }
            Some(_) => {}
        }
        if let Some(before) = self.newest.filter(|newest| stamp.micros() - newest.micros() > SILENT_MAX) {
            self.ahead = Some(Ahead::of(before, stamp));
        }
        if let Some(ahead) = &mut self.ahead {
            ahead.note(stamp, offset);
        }
        self.newest = Some(stamp);
        self.jumps.note(stamp, offset);
        self.beside.stamp(stamp, self.turns.len());
        true
    }

    /// Whether the stamps are back where they were before a jump ahead: of one clock that is wrong, or a stranger's text.
    fn is_back_from_ahead(&self, newest: Civil, stamp: Civil) -> bool {
        newest.micros() - stamp.micros() > NEW_YEAR_JUMP
            && self.ahead.as_ref().is_some_and(|ahead| ahead.is_over(newest, stamp))
    }

    /// Whether the stamps are back where they were before a jump that was taken for a new year.
    fn is_back(&self, newest: Civil, stamp: Civil) -> bool {
        stamp.micros() - newest.micros() > NEW_YEAR_JUMP
            && self.doubt.is_some_and(|doubt| doubt.is_over(newest, stamp))
    }

    /// Whether there was any stamp at all.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The year of the first section, by a record that carries a full date as well.
    pub fn year_by_anchor(&self, zone: &TimeZone) -> Option<i32> {
        let (section, stamp, instant) = self.anchor?;
        let year = nearest_year(stamp, civil_time(zone.to_datetime(instant.timestamp()))?)?;
        Some(year - i32::try_from(section).ok()?)
    }

    /// The year of the first section, by the full dates of records beside those without a year.
    pub fn year_beside(&self) -> Option<i32> {
        self.beside.first()
    }

    /// The year of the first section, where the last stamp is not after that day.
    pub fn year_by_bound(&self, bound: Date) -> Option<i32> {
        let newest = self.newest?;
        let end =
            Civil::new(bound.year().into(), bound.month() as u8, bound.day() as u8, 23, 59, 59, 999_999)?;
        let latest = i32::from(bound.year());
        // A leap day may lie up to eight years back.
        let year = (latest - 8..=latest)
            .rev()
            .find(|year| in_year(newest, *year).is_some_and(|stamp| stamp <= end))?;
        Some(year - i32::try_from(self.turns.len()).ok()?)
    }

    /// First and last stamp, and how many years begin between them; `None` without any stamp.
    pub fn span(&self) -> Option<(Civil, Civil, i32)> {
        Some((self.first?, self.newest?, i32::try_from(self.turns.len()).ok()?))
    }

    /// First stamp of all, where the first section is of that year.
    pub fn first_in(&self, year: i32) -> Option<Civil> {
        in_year(self.first?, year)
    }

    /// Whether any but the first so many of those places stand before that one: they show only behind it.
    pub fn has_late_changes(&self, known: usize, offset: u64) -> bool {
        let strays = known.saturating_sub(self.turns.len()).min(self.strays.len());
        self.strays[strays..].iter().any(|stray| *stray < offset)
    }

    /// How many places have been found at which the year is another one than before.
    pub fn changes(&self) -> usize {
        self.turns.len() + self.strays.len()
    }

    /// The sections of what has been walked over, where the first is of that year.
    pub fn sections(&self, first: i32) -> Years {
        let later = self.turns.iter().zip(first + 1..).map(|(offset, year)| (*offset, year));
        let sections = std::iter::once((0, first)).chain(later).collect();
        Years { sections, strays: self.strays.clone(), turns: Vec::new() }
    }

    /// The same, and the turns of that zone.
    pub fn years(&self, first: i32, zone: &TimeZone) -> Years {
        let years = self.sections(first);
        let turns = self.jumps.turns(zone, |civil, offset| in_year(civil, years.at(offset)?));
        Years { turns, ..years }
    }
}

/// The year in which the stamp is nearest to that time: around New Year the two may stand in different ones.
fn nearest_year(stamp: Civil, time: Civil) -> Option<i32> {
    let there = i32::from(date_time(time).year());
    let distance = |year: i32| in_year(stamp, year).map(|civil| (civil.micros() - time.micros()).abs());
    (there - 1..=there + 1).filter(|year| distance(*year).is_some()).min_by_key(|year| distance(*year))
}

fn is_new_years_edge(newest: Civil, stamp: Civil) -> bool {
    let year_start = Civil::new(stamp::NO_YEAR, 1, 1, 0, 0, 0, 0).expect("a date that exists").micros();
    let year_end = year_start + 366 * DAY_MICROS;
    newest.micros() - year_start < STRAY && year_end - stamp.micros() < STRAY
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(lines: &str) -> Walk {
        let mut walk = Walk::default();
        walk.block(lines.as_bytes(), 0);
        walk
    }

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_long_jump_backwards_is_a_new_year() {
        let log = "Dec 30 10:00:00 h x: a\nJan  2 10:00:00 h x: a\nJan  1 10:00:00 h x: a\n";
        let walk = walk(log);
        let first = walk.year_by_bound(date("2027-01-05")).unwrap();
        assert_eq!(walk.years(first, &TimeZone::UTC).sections, [(0, 2026), (23, 2027)]);
    }

    #[test]
    fn a_late_record_of_the_old_year_is_a_stray() {
        let walk = walk(
            "Dec 31 23:59:59 h x: a\nJan  1 00:00:01 h x: a\nDec 31 23:59:58 h x: a\nJan  1 00:00:02 h x: a\n",
        );
        let years = walk.years(2026, &TimeZone::UTC);
        assert_eq!((years.sections.len(), years.strays), (2, vec![46]));
    }

    #[test]
    fn late_records_of_the_old_year_show_before_any_other_of_it_too() {
        let strays = |log: &str| walk(log).years(2027, &TimeZone::UTC).strays;
        let new = "Jan  1 00:00:01 h x: a\n";
        let late = "Dec 31 23:59:59 h x: REG-OK t=1798761599 \n";
        assert_eq!(strays(&[new, late, late, new, late, new].concat()), [23, 65, 130]);
        // Perhaps the log was silent for long, or a clock was wrong: nothing tells.
        assert_eq!(strays(&[new, late].concat()), [0; 0]);
        assert_eq!(strays(&[new, "Dec 25 12:00:00 h x: a\n", new].concat()), [0; 0]);
        // And what they tell of the year is the old one.
        let walk = walk(&[new, late, new].concat());
        assert_eq!(walk.year_by_anchor(&TimeZone::UTC), None);
        assert_eq!(walk.sections(2027).at(23), Some(2026));
    }

    #[test]
    fn a_silence_of_many_months_is_no_new_year() {
        assert_eq!(
            walk("Jan  5 10:00:00 h x: a\nNov  5 10:00:00 h x: a\n").years(2026, &TimeZone::UTC).sections,
            [(0, 2026)]
        );
    }

    #[test]
    fn a_clock_that_steps_back_by_months_makes_no_new_year() {
        let jump = |to: &str| {
            walk(&format!("Dec 20 10:00:00 h x: a\n{to} 10:00:00 h x: a\n")).years(2026, &TimeZone::UTC)
        };
        assert_eq!(jump("Dec 19").sections, [(0, 2026)]);
        assert_eq!(jump("Jul  1").sections, [(0, 2026)]);
        assert_eq!(jump("Jun  1").sections, [(0, 2026), (23, 2027)]);
    }

    #[test]
    fn a_line_that_shows_its_minute_and_has_no_stamp_hides_none() {
        // No minute has a seventy-first second.
        let walk = walk(
            "Oct  5 14:03:71 h x: a\nOct  5 14:03:xx h\nOct  5 14:03:07 h x: b\nOct  5 14:03:08 h x: c\n",
        );
        let (first, last, turns) = walk.span().unwrap();
        assert_eq!((last.micros() - first.micros(), turns), (1_000_000, 0));
    }

    #[test]
    fn a_byte_order_mark_hides_no_stamp() {
        assert!(!walk("\u{feff}Jan  5 10:00:00 h x: a\n").is_empty());
        assert!(walk("\u{feff}").is_empty());
    }

    #[test]
    fn the_bound_gives_the_latest_year_that_is_not_after_it() {
        assert_eq!(walk("[Nov 22 21:15:11] x\n").year_by_bound(date("2026-11-22")), Some(2026));
        assert_eq!(walk("[Nov 22 21:15:11] x\n").year_by_bound(date("2026-11-21")), Some(2025));
        assert_eq!(walk("Feb 29 21:15:11 x\n").year_by_bound(date("2026-11-21")), Some(2024));
    }

    #[test]
    fn a_record_with_a_full_date_anchors_the_year() {
        let walk = walk(
            "Dec 31 23:00:00 h kamailio[1]: NOTICE: <script>: REG-OK t=1798756200 src=\nJan  1 00:00:00 h x: a\n",
        );
        assert_eq!(walk.year_by_anchor(&TimeZone::UTC), Some(2026));
    }

    #[test]
    fn a_clock_that_was_wrong_for_a_while_makes_no_new_year() {
        let log = |lines: &[&str]| lines.iter().map(|stamp| format!("{stamp} h x: a\n")).collect::<String>();
        let turns = |lines: &[&str]| walk(&log(lines)).span().unwrap().2;
        assert_eq!(turns(&["Sep  1 12:00:00", "Jan  1 00:00:05", "Jan  1 00:01:00", "Sep  1 12:02:00"]), 0);
        // It has been January for too long, and never September again.
        assert_eq!(turns(&["Sep  1 12:00:00", "Jan  1 00:00:05", "Jan  3 00:00:05", "Sep  1 12:02:00"]), 1);
        // The same the other way round: a clock that was ahead for a while.
        assert_eq!(turns(&["Jun  1 12:00:00", "Dec 25 12:00:30", "Jun  1 12:01:00"]), 0);
        assert_eq!(turns(&["Jun  1 12:00:00", "Dec 25 12:00:30", "Dec 28 12:00:30", "Jun  1 12:01:00"]), 1);
        // A silence till the next autumn, and a new year that nobody would doubt.
        assert_eq!(turns(&["Dec 30 12:00:00", "Jan  1 00:00:05", "Dec 29 12:00:00"]), 1);
        assert_eq!(turns(&["Dec 30 12:00:00", "Jan  1 00:00:05"]), 1);
    }

    #[test]
    fn a_strangers_clock_tells_no_year() {
        for text in [
            "REGISTER from sip:x@e.x ua=REG-OK t=1000000000 x",
            "REG-OK src=1.1.1.1 aor=a@e.x exp=60 cs=1 ci=a ct=<sip:a@1.1.1.1> ua=REG-OK t=1000000000",
        ] {
            let line = format!("Sep  1 12:00:00 h kamailio[1]: NOTICE: <script>: {text}\n");
            assert_eq!(walk(&line).year_by_anchor(&TimeZone::UTC), None, "{text}");
        }
    }

    #[test]
    fn a_message_tells_no_year() {
        let body = "[2024-10-05 10:00:01] VERBOSE[1] a.c: x\n[Oct  5 10:00:02] NOTICE[1] a.c: x\n";
        let plain = "[Oct  5 10:00:00] NOTICE[1] a.c: x\n";
        // Line feeds were sent with a carriage return each.
        let length = body.len() + 2;
        let message = format!(
            "<--- SIP read from UDP:192.0.2.9:5060 --->\nMESSAGE sip:x SIP/2.0\nContent-Length: {length}\n\n{body}\
             <------------->\n"
        );
        let walked = walk(&[plain, &message, plain].concat());
        assert_eq!((walked.year_beside(), walked.anchor.is_none()), (None, true));
        assert_eq!(walk(&[plain, body, plain].concat()).year_beside(), Some(2024));
    }

    #[test]
    fn full_dates_tell_the_year_of_those_beside_them() {
        let told = |log: &str| {
            let walk = walk(log);
            walk.year_beside().map(|first| walk.years(first, &TimeZone::UTC).sections)
        };
        let at = |date: &str| format!("{date}T12:00:00Z h x: a\n");
        let short = |date: &str| format!("{date} 12:00:00 h x: a\n");
        // Before or behind, over other lines, and not by one that stands far off.
        assert_eq!(
            told(&[at("2026-01-10"), "x\n".repeat(300), short("Feb  1")].concat()),
            Some(vec![(0, 2026)])
        );
        assert_eq!(
            told(&[short("Jan  5"), short("Aug 20"), at("2026-08-21")].concat()),
            Some(vec![(0, 2026)])
        );
        assert_eq!(told(&[short("Dec 31"), at("2027-01-01")].concat()), Some(vec![(0, 2026)]));
        assert_eq!(told(&[at("2026-01-10"), short("Dec  6")].concat()), None);
        let log = [short("Jan  1"), at("2026-02-10"), short("Feb 10")].concat();
        assert_eq!(told(&log), Some(vec![(0, 2026)]));
        // Where they contradict each other, they tell nothing: a year passed of which only the full dates tell, or a
        // clock was wrong.
        let log = [short("Dec  1"), at("2023-12-02"), at("2024-09-30"), short("Oct  1")].concat();
        assert_eq!(told(&log), None);
        // A number is no date.
        let log = [at("2026-01-10"), "2048-bit key\n".to_owned(), short("Jan 10")].concat();
        assert_eq!(told(&log), Some(vec![(0, 2026)]));
    }

    #[test]
    fn what_was_told_by_a_wrong_clock_is_forgotten_with_it() {
        let log = "Sep  1 12:00:00 h x: a\n\
                   Jan  1 00:00:05 h x: a\n\
                   2020-01-01T00:00:06Z h x: a\n\
                   Sep  1 12:02:00 h x: a\n\
                   2026-09-01T12:03:00Z h x: a\n";
        assert_eq!(walk(log).year_beside(), Some(2026));
    }

    proptest::proptest! {
        #[test]
        fn lines_of_one_minute_may_be_passed_over(
            lines in proptest::collection::vec((0_usize..12, 0_u8..3, 0_usize..4), 0..40),
        ) {
            const STAMPS: [&str; 12] = [
                "Dec 31 23:59:", "Jan  1 00:00:", "Jun 15 12:00:", "Oct 25 02:59:", "Oct 25 02:00:", "[Dec 31 23:59:", "<13>Jan  1 00:00:",
                "To: ", "", "2026-10-25 02:00:", "[2027-01-01 00:00:", "<13>1 2029-06-15T12:00:",
            ];
            const TEXTS: [&str; 4] = ["", " x ACC: timestamp=1798761599;", " REG-OK t=1798761600 ", " REG-OK t=x"];
            let lines: Vec<String> = lines
                .into_iter()
                .map(|(stamp, second, text)| format!("{}{second}1{}\n", STAMPS[stamp], TEXTS[text]))
                .collect();
            let mut slow = Walk::default();
            let mut offset = 0;
            for line in &lines {
                slow.block(line.as_bytes(), offset);
                offset += line.len() as u64;
            }
            let mut quick = Walk::default();
            quick.file(lines.concat().as_bytes());
            let zone = TimeZone::get("Europe/Berlin").unwrap();
            proptest::prop_assert_eq!(quick.span(), slow.span());
            proptest::prop_assert_eq!(quick.year_by_anchor(&zone), slow.year_by_anchor(&zone));
            proptest::prop_assert_eq!(quick.year_beside(), slow.year_beside());
            proptest::prop_assert_eq!(quick.years(2026, &zone), slow.years(2026, &zone));
            let cut = lines.len() / 2;
            let mut halves = Walk::default();
            let front: usize = lines[..cut].iter().map(String::len).sum();
            halves.block(lines[..cut].concat().as_bytes(), 0);
            halves.block(lines[cut..].concat().as_bytes(), front as u64);
            proptest::prop_assert_eq!(halves.year_beside(), slow.year_beside());
            proptest::prop_assert_eq!(halves.years(2026, &zone), slow.years(2026, &zone));
        }
    }
}

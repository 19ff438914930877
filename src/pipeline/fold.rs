//! The hour that a zone repeats when its clocks are put back: 02:30 then means two instants.
//!
//! Where the stamps of a file go back by an hour's length just there, and nowhere else, the place
//! tells the two apart. Where they do not, the earlier reading holds.

use crate::formats::stamp;
use crate::model::{Civil, Stamp};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};

const MINUTE_MICROS: i64 = 60_000_000;
/// Records of several processes stand out of order by less than this, and hosts by less as well.
const JUMP_MIN: i64 = 10 * MINUTE_MICROS;
/// Late records around a turn bring the same jump again, so nearly in both its ends.
const AGAIN_MAX: i64 = 2 * MINUTE_MICROS;
/// A file with more jumps than this has no order to trust.
const JUMPS_MAX: usize = 64;

/// A place where a file's stamps go back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Jump {
    offset: u64,
    before: Civil,
    after: Civil,
}

/// The places where a file's stamps go back, gathered in its order.
#[derive(Debug, Clone, Default)]
pub(super) struct Jumps {
    last: Option<Civil>,
    found: Vec<Jump>,
}

/// Where a file was put back: stamps in the repeated hour near that civil time mean the later
/// instant from the offset on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    pub offset: u64,
    pub near: Civil,
}

impl Turn {
    /// Whether a record in a repeated hour stands behind this turn, and in the same hour.
    pub fn is_behind(&self, civil: Civil, offset: u64) -> bool {
        self.offset <= offset && (self.near.micros() - civil.micros()).abs() < 24 * 60 * MINUTE_MICROS
    }
}

impl Jumps {
    /// Takes the next stamp.
    pub fn note(&mut self, civil: Civil, offset: u64) {
        if let Some(before) = self.last.replace(civil)
            && before.micros() - civil.micros() >= JUMP_MIN
            && self.found.len() <= JUMPS_MAX
        {
            self.found.push(Jump { offset, before, after: civil });
        }
    }

    /// Forgets the last stamp: what follows is no jump.
    pub fn restart(&mut self) {
        self.last = None;
    }

    /// Takes the stamps of whole lines that carry a full date without a zone.
    pub fn lines(&mut self, bytes: &[u8], offset: u64) {
        let mut begin = 0;
        while begin < bytes.len() {
            let end = memchr::memchr(b'\n', &bytes[begin..]).map_or(bytes.len(), |at| begin + at);
            if let Some(civil) = local_stamp(&bytes[begin..end]) {
                self.note(civil, offset + begin as u64);
            }
            begin = end + 1;
        }
    }

    /// The turns among the jumps. `dated` makes full dates of stamps at an offset.
    ///
    /// None, where the file goes back at any other place too: such a file is no one clock's.
    pub fn turns(&self, zone: &TimeZone, dated: impl Fn(Civil, u64) -> Option<Civil>) -> Vec<Turn> {
        let mut turns: Vec<(Turn, Jump)> = Vec::new();
        for jump in &self.found {
            let (Some(before), Some(after)) =
                (dated(jump.before, jump.offset), dated(jump.after, jump.offset))
            else {
                return Vec::new();
            };
            if repeated(before, zone).is_none() || repeated(after, zone).is_none() {
                return Vec::new();
            }
            let jump = Jump { offset: jump.offset, before, after };
            match turns.last() {
                Some((turn, first)) if turn.is_behind(after, jump.offset) => {
                    if !is_again(first, &jump) {
                        return Vec::new();
                    }
                }
                _ => turns.push((Turn { offset: jump.offset, near: after }, jump)),
            }
        }
        turns.into_iter().map(|(turn, _)| turn).collect()
    }
}

fn is_again(first: &Jump, jump: &Jump) -> bool {
    let is_near = |one: Civil, other: Civil| (one.micros() - other.micros()).abs() <= AGAIN_MAX;
    is_near(first.before, jump.before) && is_near(first.after, jump.after)
}

/// How far the zone runs ahead of UTC in the later reading of that civil time, in microseconds;
/// `None` where there is but one reading.
pub(super) fn repeated(civil: Civil, zone: &TimeZone) -> Option<i64> {
    match zone.to_ambiguous_timestamp(super::clock::date_time(civil)).offset() {
        AmbiguousOffset::Fold { after, .. } => Some(i64::from(after.seconds()) * 1_000_000),
        _ => None,
    }
}

/// Whether the zone puts its clocks back at some time between the two days.
pub(super) fn puts_back(zone: &TimeZone, first: Civil, last: DateTime) -> bool {
    let at = |time: DateTime| zone.to_timestamp(time).ok();
    let (Some(first), Some(last)) = (at(super::clock::date_time(first)), at(last)) else { return false };
    let day = jiff::SignedDuration::from_hours(24);
    let (Ok(first), Ok(last)) = (first.checked_sub(day), last.checked_add(day)) else { return false };
    let mut offset = zone.to_offset(first);
    zone.following(first).take_while(|it| it.timestamp() < last).any(|it| {
        let before = std::mem::replace(&mut offset, it.offset());
        it.offset() < before
    })
}

/// The full date without a zone at the front of a line, behind `[`.
pub(super) fn local_stamp(line: &[u8]) -> Option<Civil> {
    let text = line.strip_prefix(b"[").unwrap_or(line);
    match text.first()? {
        b'0'..=b'9' => match stamp::asterisk(text)?.0 {
            Stamp::Local(civil) => Some(civil),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("Europe/Berlin").unwrap()
    }

    /// The turns of a log of these times, one in each line of 22 bytes.
    fn turns(times: &[&str]) -> Vec<u64> {
        let log: String = times.iter().map(|time| format!("[{time}]\n")).collect();
        let mut jumps = Jumps::default();
        jumps.lines(log.as_bytes(), 0);
        jumps.turns(&zone(), |civil, _| Some(civil)).iter().map(|turn| turn.offset).collect()
    }

    #[test]
    fn going_back_in_the_repeated_hour_is_a_turn() {
        assert_eq!(turns(&["2026-10-25 02:59:58", "2026-10-25 02:00:01", "2026-10-25 03:00:00"]), [22]);
        assert_eq!(turns(&["2026-10-25 02:50:00", "2026-10-25 02:10:00"]), [22]);
    }

    #[test]
    fn records_out_of_order_around_the_turn_change_nothing() {
        let times =
            ["2026-10-25 02:59:58", "2026-10-25 02:00:00", "2026-10-25 02:59:59", "2026-10-25 02:00:01"];
        assert_eq!(turns(&times), [22]);
    }

    #[test]
    fn going_back_elsewhere_takes_the_order_its_word() {
        let two_hosts = [
            "2026-10-25 02:59:58",
            "2026-10-25 02:00:01",
            "2026-10-25 04:00:00",
            "2026-10-25 01:00:00",
            "2026-10-25 02:30:00",
        ];
        assert!(turns(&two_hosts).is_empty());
        let twice =
            ["2026-10-25 02:59:00", "2026-10-25 02:10:00", "2026-10-25 02:40:00", "2026-10-25 02:20:00"];
        assert!(turns(&twice).is_empty());
        assert!(turns(&["2026-10-24 02:59:58", "2026-10-24 02:00:01"]).is_empty());
    }

    #[test]
    fn a_little_disorder_is_no_jump() {
        assert!(turns(&["2026-10-25 02:30:00", "2026-10-25 02:25:00", "2026-10-25 02:31:00"]).is_empty());
    }

    #[test]
    fn a_file_is_searched_only_where_its_zone_puts_clocks_back() {
        let first = local_stamp(b"[2026-10-20 00:00:00] x").unwrap();
        let day = |day: i8| jiff::civil::date(2026, 10, day).at(0, 0, 0, 0);
        assert!(puts_back(&zone(), first, day(26)));
        assert!(!puts_back(&zone(), first, day(23)));
        assert!(!puts_back(&TimeZone::UTC, first, day(26)));
        let spring = local_stamp(b"2026-03-20 00:00:00 x").unwrap();
        assert!(!puts_back(&zone(), spring, jiff::civil::date(2026, 4, 20).at(0, 0, 0, 0)));
    }
}

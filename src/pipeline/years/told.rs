//! What one line, or the name of a file, tells of a time.

use super::notable::{Minute, minute};
use crate::formats::frame::{self, Scratch};
use crate::formats::needles::{Feeds, Needles};
use crate::formats::stamp;
use crate::model::{Civil, Moment, Stamp};
use crate::pipeline::clock::full_date;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use memchr::memmem;
use std::sync::LazyLock;

/// Where the first line that shows its minute and has a full clock begins.
pub(super) fn anchor(bytes: &[u8]) -> Option<usize> {
    let (mut from, mut feeds) = (0, Feeds::default());
    loop {
        let hit = MARKS.find(bytes, from, &mut feeds)?.at;
        let begin = memchr::memrchr(b'\n', &bytes[..hit]).map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\n', &bytes[hit..]).map_or(bytes.len(), |at| hit + at);
        let line = &bytes[begin..end];
        let is_shown = matches!(minute(line), Minute::Shown(_)) && front_stamp(line).is_some();
        if is_shown && full_clock(line).is_some() {
            return Some(begin);
        }
        from = end;
    }
}

/// What every full clock inside a record is told by.
static MARKS: LazyLock<Needles> = LazyLock::new(|| Needles::new(&CLOCK_MARKS, b""));
const CLOCK_MARKS: [&[u8]; 3] = [b"SecurityEvent=\"", b"ACC: ", b"REG-OK t="];

/// What stands at the front of a line where its stamp is, behind `[` or `<pri>`.
fn front(line: &[u8]) -> Option<&[u8]> {
    Some(match line.first()? {
        b'[' => &line[1..],
        b'<' => &line[memchr::memchr(b'>', &line[..line.len().min(6)])? + 1..],
        b'A'..=b'Z' | b'0'..=b'9' => line,
        // Asterisk's `[json]` formatter.
        b'{' => {
            let at = memmem::find(&line[..line.len().min(200)], b"\"timestamp\":\"")?;
            &line[at + 13..]
        }
        // An editor's byte-order mark.
        0xEF => return front(line.strip_prefix(b"\xEF\xBB\xBF")?),
        // copytruncate leaves NULs in front of the next record.
        0 => {
            let nuls = line.iter().take_while(|byte| **byte == 0).count();
            return front(&line[nuls..]);
        }
        _ => return None,
    })
}

/// The year-less stamp at the front of a line.
pub(super) fn front_stamp(line: &[u8]) -> Option<Civil> {
    match stamp::rfc3164(front(line)?)?.0 {
        Stamp::Yearless(civil) => Some(civil),
        _ => None,
    }
}

/// The full date at the front of a line, in whatever zone.
pub(super) fn full_date_of(line: &[u8]) -> Option<Civil> {
    let text = front(line)?;
    // RFC 5424 has its version before the time.
    full_date(stamp::asterisk(text.strip_prefix(b"1 ").unwrap_or(text))?.0)
}

/// A full clock inside a record: a security event's, an accounting line's, or `REG-OK`'s. It counts where the message
/// begins with it; anywhere else it may be a stranger's text.
pub(super) fn full_clock(line: &[u8]) -> Option<Moment> {
    CLOCK_MARKS.iter().find(|mark| memmem::find(line, mark).is_some())?;
    let mut scratch = Scratch::default();
    let record = frame::open(line, &mut scratch, true)?;
    if record.starts.is_ambiguous || record.starts.is_doubtful() {
        return None;
    }
    let (mark, rest) = record.starts.iter().find_map(|start| {
        let text = &record.text[start.at..];
        CLOCK_MARKS.iter().find_map(|mark| Some((*mark, text.strip_prefix(*mark)?)))
    })?;
    let stamp = match mark {
        b"REG-OK t=" => stamp::epoch(rest)?.0,
        b"ACC: " => stamp::epoch(&rest[memmem::find(rest, b"timestamp=")? + 10..])?.0,
        _ => stamp::iso(&rest[memmem::find(rest, b"EventTV=\"")? + 9..])?.0,
    };
    match stamp {
        Stamp::Instant(moment) => Some(moment),
        _ => None,
    }
}

/// The latest date in a file's name: `full-20261005`, `x.2026-10-05.gz`, `full.1791209002`. It is
/// the day of rotation, so a bound.
pub fn date_in_name(name: &str) -> Option<Date> {
    let bytes = name.as_bytes();
    let mut found = None;
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let run = &name[at..at + digits];
        let date = match digits {
            // With an hour behind it, as in `-2026100514`, or the seconds of an epoch.
            10 if run.starts_with("20") => day(&run[..8]),
            10 => run.parse().ok().and_then(epoch_day),
            8 => day(run),
            4 if bytes.get(at + 4) == Some(&b'-') && bytes.len() >= at + 10 => {
                name.get(at..at + 10).and_then(|text| text.parse().ok())
            }
            _ => None,
        };
        found = date.max(found);
        at += digits.max(1);
    }
    found
}

fn day(text: &str) -> Option<Date> {
    let (year, rest) = text.split_at_checked(4)?;
    let (month, day) = rest.split_at_checked(2)?;
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

fn epoch_day(seconds: i64) -> Option<Date> {
    let timestamp = jiff::Timestamp::from_second(seconds).ok()?;
    Some(TimeZone::UTC.to_datetime(timestamp).date())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn dates_in_names_are_found() {
        for (name, expected) in [
            ("full-20261005.gz", "2026-10-05"),
            ("full-2026100514", "2026-10-05"),
            ("x.log.2026-10-05.gz", "2026-10-05"),
            ("full.1791209002", "2026-10-05"),
        ] {
            assert_eq!(date_in_name(name), Some(date(expected)), "{name}");
        }
        assert_eq!(date_in_name("kamailio.log.12"), None);
        assert_eq!(date_in_name("edge-20261399.log"), None);
    }
}

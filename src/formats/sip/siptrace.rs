//! A row of the `siptrace` module's table as `db_text` stores it: one SIP message a line
//! (`src/modules/siptrace`, `db_text/dbt_file.c : dbt_print_table_rows`).
//!
//! Columns are separated by colons, and `:`, `\`, CR, LF and TAB inside a value are escaped by a
//! backslash, so a value cannot forge a column. The newest row comes first.

use super::message::start_line;
use super::opener::Direction;
use crate::formats::stamp;
use crate::formats::text::{host_of, number};
use crate::model::{Moment, Stamp};

/// What a row tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'t> {
    pub stamp: Stamp,
    pub direction: Direction,
    /// The other side's address.
    pub peer: &'t [u8],
}

/// `id time_stamp time_us callid traced_user msg method status fromip toip fromtag totag direction`.
const COLUMNS: usize = 13;

/// Reads a row, the message with its line ends restored in `message`; `None` where the line is
/// none.
pub fn row<'t>(line: &'t [u8], message: &mut Vec<u8>) -> Option<Row<'t>> {
    if !line.first()?.is_ascii_digit() {
        return None;
    }
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let mut columns = [&b""[..]; COLUMNS];
    let mut rest = Some(line);
    for column in &mut columns {
        (*column, rest) = column_of(rest?);
    }
    let [id, seconds, micros, _, _, text, _, _, from, to, _, _, direction] = columns;
    number(id)?;
    let (Stamp::Instant(second), length) = stamp::epoch(seconds)? else { return None };
    let micros = number(micros).filter(|micros| *micros < 1_000_000 && length == seconds.len())?;
    unescape(text, message);
    let first = message.split(|byte| *byte == b'\n').next()?;
    start_line(first)?;
    let (direction, address) = match direction {
        b"in" => (Direction::Received, from),
        b"out" => (Direction::Sent, to),
        _ => return None,
    };
    // `udp\:192.0.2.1\:5060`; an address holds no other backslash.
    let address = address.get(address.iter().position(|byte| *byte == b':')? + 1..)?;
    let end = memchr::memchr(b'\\', address).unwrap_or(address.len());
    Some(Row {
        stamp: Stamp::Instant(Moment::from_micros(second.micros() + i64::from(micros))),
        direction,
        peer: host_of(&address[..end]),
    })
}

/// The first column, and what follows its colon.
fn column_of(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut at = 0;
    while let Some(next) = memchr::memchr2(b':', b'\\', &text[at..]).map(|next| at + next) {
        if text[next] == b':' {
            return (&text[..next], Some(&text[next + 1..]));
        }
        at = (next + 2).min(text.len());
    }
    (text, None)
}

fn unescape(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        match rest.get(at + 1) {
            Some(b'n') => out.push(b'\n'),
            Some(b'r') => out.push(b'\r'),
            Some(b't') => out.push(b'\t'),
            Some(b'0') => out.push(0),
            Some(other) => out.push(*other),
            None => {}
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str = "7:1774015205:177716:c@x::SIP/2.0 200 OK\\r\\nTo\\: <sip\\:a@x>\\r\\n\\r\\n:REGISTER:200:udp\\:192.0.2.9\\:5060:udp\\:192.0.2.1\\:21050:f:t:out";

    #[test]
    fn a_row_is_a_message_with_its_clock_and_direction() {
        let mut message = Vec::new();
        let row = row(ROW.as_bytes(), &mut message).unwrap();
        assert_eq!(message, b"SIP/2.0 200 OK\r\nTo: <sip:a@x>\r\n\r\n");
        assert_eq!(row.stamp, Stamp::Instant(Moment::from_micros(1_774_015_205_177_716)));
        assert_eq!((row.direction, row.peer), (Direction::Sent, &b"192.0.2.1"[..]));
    }

    #[test]
    fn what_is_no_row_is_left_alone() {
        let mut message = Vec::new();
        for line in ["", "7:8", "id(int,auto) time_stamp(time)", &ROW[1..], &ROW.replace(":out", ":up")] {
            assert_eq!(row(line.as_bytes(), &mut message), None, "{line}");
        }
        for end in 0..ROW.len() - 3 {
            assert_eq!(row(&ROW.as_bytes()[..end], &mut message), None, "cut at {end}");
        }
    }
}

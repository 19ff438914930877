//! Stamps as servers and loggers write them, read from the front of a slice.
//!
//! Every reader here returns the stamp and how many bytes it took, or `None` where the bytes
//! are no such stamp. A field that is none of a calendar (`Feb 30`) is no stamp either.

use super::text::number;
use crate::model::{Civil, Moment, Stamp};

/// Eight digits that are zero.
pub const ZEROS: u64 = u64::from_ne_bytes([b'0'; 8]);

/// The year that stands inside a [`Stamp::Yearless`]: a leap year, so that `Feb 29` exists.
pub const NO_YEAR: i32 = 2000;

/// RFC 3164's `Mmm dd HH:MM:SS`, the day padded with a space or a zero, with an optional
/// fraction (`journalctl -o short-precise`).
pub fn rfc3164(text: &[u8]) -> Option<(Stamp, usize)> {
    let head: &[u8; 15] = text.first_chunk()?;
    let month = month(head.first_chunk()?)?;
    if head[3] != b' ' || head[6] != b' ' || head[9] != b':' || head[12] != b':' {
        return None;
    }
    let day = match head[4] {
        b' ' => digit(head[5])?,
        tens => digit(tens)? * 10 + digit(head[5])?,
    };
    let (micros, fraction_len) = fraction(&text[15..]);
    let civil = Civil::new(NO_YEAR, month, day, two(head, 7)?, two(head, 10)?, two(head, 13)?, micros)?;
    Some((Stamp::Yearless(civil), 15 + fraction_len))
}

/// `YYYY-MM-DD`, `T` or a space, `HH:MM:SS`, an optional fraction after `.` or `,`, and an
/// optional zone: `Z`, `+hh:mm`, `+hhmm` or `+hh`. Without zone it is [`Stamp::Local`].
pub fn iso(text: &[u8]) -> Option<(Stamp, usize)> {
    let head: &[u8; 19] = text.first_chunk()?;
    let is_shape = head[4] == b'-'
        && head[7] == b'-'
        && matches!(head[10], b'T' | b' ')
        && head[13] == b':'
        && head[16] == b':';
    if !is_shape {
        return None;
    }
    let year = i32::from(two(head, 0)?) * 100 + i32::from(two(head, 2)?);
    let (micros, fraction_len) = fraction(&text[19..]);
    let civil = Civil::new(
        year,
        two(head, 5)?,
        two(head, 8)?,
        two(head, 11)?,
        two(head, 14)?,
        two(head, 17)?,
        micros,
    )?;
    let len = 19 + fraction_len;
    Some(match offset(&text[len..]) {
        Some((seconds_east, offset_len)) => (Stamp::Instant(civil.at_offset(seconds_east)), len + offset_len),
        None => (Stamp::Local(civil), len),
    })
}

/// `YYYY/MM/DD HH:MM:SS` with an optional fraction, as text captures write it: local time.
pub fn slashed(text: &[u8]) -> Option<(Stamp, usize)> {
    let mut dashed = [0; 26];
    let len = text.len().min(dashed.len());
    dashed[..len].copy_from_slice(&text[..len]);
    if dashed[4] != b'/' || dashed[7] != b'/' {
        return None;
    }
    (dashed[4], dashed[7]) = (b'-', b'-');
    iso(&dashed[..len])
}

/// The value of a Date header: `Sun, 22 Nov 2026 21:14:58 GMT` (RFC 3261 §20.17).
pub fn rfc1123(text: &[u8]) -> Option<Stamp> {
    let text = text.trim_ascii();
    let text: &[u8; 29] = text.try_into().ok()?;
    if &text[3..5] != b", " || &text[25..] != b" GMT" || text[19] != b':' || text[22] != b':' {
        return None;
    }
    let month = month(text[8..11].first_chunk()?)?;
    let year = i32::from(two(text, 12)?) * 100 + i32::from(two(text, 14)?);
    let civil = Civil::new(year, month, two(text, 5)?, two(text, 17)?, two(text, 20)?, two(text, 23)?, 0)?;
    Some(Stamp::Instant(civil.at_offset(0)))
}

/// Seconds since 1970 in UTC, 9 to 11 digits, with an optional fraction.
pub fn epoch(text: &[u8]) -> Option<(Stamp, usize)> {
    // Ten, until the year 2286.
    let ten = text.first_chunk().and_then(ten_digits);
    let (mut seconds, mut digits) = match ten {
        Some(seconds) => (seconds, 10),
        None => (i64::from(text.first_chunk().and_then(eight_digits)?), 8),
    };
    while digits < 12
        && let Some(digit) = text.get(digits).and_then(|byte| digit(*byte))
    {
        seconds = seconds * 10 + i64::from(digit);
        digits += 1;
    }
    if !(9..=11).contains(&digits) {
        return None;
    }
    let (micros, fraction_len) = fraction(&text[digits..]);
    let moment = Moment::from_micros(seconds * 1_000_000 + i64::from(micros));
    Some((Stamp::Instant(moment), digits + fraction_len))
}

/// The inside of Asterisk's brackets: its default `%b %e %T`, or any ISO form, each with or
/// without a fraction; `%z` after a space.
pub fn asterisk(text: &[u8]) -> Option<(Stamp, usize)> {
    let (stamp, len) = rfc3164(text).or_else(|| iso(text))?;
    if let Stamp::Local(civil) = stamp
        && let Some((seconds_east, offset_len)) = text[len..].strip_prefix(b" ").and_then(offset)
    {
        return Some((Stamp::Instant(civil.at_offset(seconds_east)), len + 1 + offset_len));
    }
    Some((stamp, len))
}

/// C's `ctime`: `Www Mmm dd HH:MM:SS YYYY`, local to the server.
pub fn ctime(text: &[u8]) -> Option<(Stamp, usize)> {
    const DAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    let head: &[u8; 24] = text.first_chunk()?;
    let day_name: &[u8; 3] = head.first_chunk()?;
    if !DAYS.contains(&day_name)
        || [3, 7, 10, 19].iter().any(|at| head[*at] != b' ')
        || head[13] != b':'
        || head[16] != b':'
    {
        return None;
    }
    let month = month(head[4..].first_chunk()?)?;
    let day = match head[8] {
        b' ' => digit(head[9])?,
        tens => digit(tens)? * 10 + digit(head[9])?,
    };
    let year = i32::from(two(head, 20)?) * 100 + i32::from(two(head, 22)?);
    let civil = Civil::new(year, month, day, two(head, 11)?, two(head, 14)?, two(head, 17)?, 0)?;
    Some((Stamp::Local(civil), 24))
}

/// Whether each byte is the value of a digit.
#[inline]
pub const fn are_digits(values: u64) -> bool {
    const HIGH: u64 = u64::from_ne_bytes([0xF0; 8]);
    const SIX: u64 = u64::from_ne_bytes([6; 8]);
    // A digit's value is below ten, so six more do not reach its upper half.
    (values | values.wrapping_add(SIX)) & HIGH == 0
}

/// The number of an English month's three letters.
pub fn month(name: &[u8; 3]) -> Option<u8> {
    Some(match name {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    })
}

/// The number that ten digits are: the seconds of an epoch until the year 2286.
#[inline]
pub fn ten_digits(text: &[u8; 10]) -> Option<i64> {
    let (eight, two) = (eight_digits(text.first_chunk()?)?, [digit(text[8])?, digit(text[9])?]);
    Some(i64::from(eight) * 100 + i64::from(two[0]) * 10 + i64::from(two[1]))
}

/// The number that eight digits are, all of them at once.
#[inline]
pub fn eight_digits(text: &[u8; 8]) -> Option<u32> {
    let values = u64::from_le_bytes(*text) ^ ZEROS;
    if !are_digits(values) {
        return None;
    }
    // Neighbours are put together, then pairs, then fours: the first digit is the lowest byte.
    let pairs = (values * 10 + (values >> 8)) & 0x00FF_00FF_00FF_00FF;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_FFFF_0000_FFFF;
    Some(((fours * 10_000 + (fours >> 32)) & 0xFFFF_FFFF) as u32)
}

fn digit(byte: u8) -> Option<u8> {
    byte.is_ascii_digit().then(|| byte - b'0')
}

fn two(text: &[u8], at: usize) -> Option<u8> {
    Some(digit(text[at])? * 10 + digit(text[at + 1])?)
}

/// Microseconds of a fraction that begins with `.` or `,`, and its length; more digits are cut.
fn fraction(text: &[u8]) -> (u32, usize) {
    let Some((b'.' | b',', digits)) = text.split_first() else { return (0, 0) };
    if let Some((six, behind)) = digits.split_first_chunk::<6>()
        && !behind.first().is_some_and(u8::is_ascii_digit)
        && let Some(micros) = number(six)
    {
        // As nearly everybody writes them who writes any.
        return (micros, 7);
    }
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 {
        return (0, 0);
    }
    let kept = count.min(6);
    let value = digits[..kept].iter().fold(0, |sum: u32, byte| sum * 10 + u32::from(byte - b'0'));
    (value * 10_u32.pow(6 - kept as u32), 1 + count)
}

/// Seconds east of UTC and the length of `Z`, `+hh:mm`, `+hhmm` or `+hh`.
fn offset(text: &[u8]) -> Option<(i32, usize)> {
    let sign = match text.first()? {
        b'Z' => return Some((0, 1)),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = i32::from(digit(*text.get(1)?)?) * 10 + i32::from(digit(*text.get(2)?)?);
    let (minutes_at, has_colon) = if text.get(3) == Some(&b':') { (4, true) } else { (3, false) };
    let minutes = match (text.get(minutes_at), text.get(minutes_at + 1)) {
        (Some(tens), Some(ones)) if tens.is_ascii_digit() && ones.is_ascii_digit() => {
            Some(i32::from(tens - b'0') * 10 + i32::from(ones - b'0'))
        }
        _ => None,
    };
    match minutes {
        Some(minutes) => Some((sign * (hours * 3600 + minutes * 60), minutes_at + 2)),
        None if has_colon => None,
        None => Some((sign * hours * 3600, 3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> Stamp {
        Stamp::Instant(text.parse::<jiff::Timestamp>().unwrap().into())
    }

    #[test]
    fn offsets_come_in_four_spellings() {
        let expected = instant("2026-10-05T12:03:22.123456Z");
        for text in [
            "2026-10-05T14:03:22.123456+02:00",
            "2026-10-05T14:03:22.123456+0200",
            "2026-10-05T14:03:22.123456+02",
            "2026-10-05T12:03:22.123456789Z",
            "2026-10-05 14:03:22,123456+02:00",
        ] {
            assert_eq!(iso(text.as_bytes()), Some((expected, text.len())), "{text}");
        }
    }

    #[test]
    fn a_padded_day_is_a_day() {
        let expected = Stamp::Yearless(Civil::new(NO_YEAR, 10, 5, 14, 3, 22, 0).unwrap());
        assert_eq!(rfc3164(b"Oct  5 14:03:22 host"), Some((expected, 15)));
        assert_eq!(rfc3164(b"Oct 05 14:03:22 host"), Some((expected, 15)));
        assert_eq!(rfc3164(b"Feb 30 14:03:22"), None);
        assert_eq!(rfc3164(b"Oct 05 14:03:2"), None);
    }

    #[test]
    fn asterisk_may_write_its_zone() {
        let text = b"2026-10-05 14:03:22.118 +0200]";
        assert_eq!(asterisk(text), Some((instant("2026-10-05T12:03:22.118Z"), 29)));
        assert!(matches!(asterisk(b"2026-10-05 14:03:22]"), Some((Stamp::Local(_), 19))));
    }

    proptest::proptest! {
        #[test]
        fn eight_digits_are_read_at_once(digits in "[0-9]{8}", at in 0_usize..8, byte: u8) {
            let mut text: [u8; 8] = digits.as_bytes().try_into().unwrap();
            proptest::prop_assert_eq!(eight_digits(&text), digits.parse().ok());
            text[at] = byte;
            let expected = std::str::from_utf8(&text).ok().filter(|_| byte.is_ascii_digit());
            proptest::prop_assert_eq!(eight_digits(&text), expected.map(|text| text.parse().unwrap()));
        }
    }

    proptest::proptest! {
        #[test]
        fn an_epoch_is_its_digits(text in "[0-9]{7,13}([.,][0-9]{0,8}[0-9x])?") {
            let (whole, rest) = text.split_once(['.', ',']).unwrap_or((&text, ""));
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            let micros: i64 = format!("{:0<6.6}", digits).parse().unwrap();
            let expected = (9..=11).contains(&whole.len()).then(|| {
                let moment = Moment::from_micros(whole.parse::<i64>().unwrap() * 1_000_000 + micros);
                let fraction_len = if digits.is_empty() { 0 } else { 1 + digits.len() };
                (Stamp::Instant(moment), whole.len() + fraction_len)
            });
            proptest::prop_assert_eq!(epoch(text.as_bytes()), expected);
        }
    }

    #[test]
    fn an_epoch_has_nine_to_eleven_digits() {
        assert_eq!(epoch(b"1791209002.5 x"), Some((instant("2026-10-05T14:03:22.5Z"), 12)));
        assert_eq!(epoch(b"1791209002118"), None);
        assert_eq!(epoch(b"12345"), None);
    }
}

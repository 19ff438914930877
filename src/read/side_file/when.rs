//! The dates and times of side files.

use crate::model::Moment;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Reads `2026-10-05`, `2026-10-05T14:00`, `2026-10-05 14:00:30`, or a date-time with its
/// offset (`2026-10-05T14:00:00+02:00`, `Z`). A date is its first instant.
///
/// # Errors
///
/// A sentence for the user that names the column.
pub(super) fn parse(column: &str, text: &str, zone: &TimeZone) -> Result<Moment, String> {
    instant(text, zone).ok_or_else(|| {
        format!(
            "`{column}` is `{}`, which is no date; write `2026-10-05` or `2026-10-05T14:00`",
            text.escape_debug()
        )
    })
}

fn instant(text: &str, zone: &TimeZone) -> Option<Moment> {
    // The time crate reads more than a user of a CSV file would mean: dates without hyphens,
    // and in a local time an offset or a zone name that it then ignores. So the shape first.
    let (date, time) = text.split_at_checked(10)?;
    let is_date = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let clock = match time.as_bytes() {
        [] => time,
        [b'T' | b't' | b' ', ..] => &time[1..],
        _ => return None,
    };
    if !is_date {
        return None;
    }
    if clock.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.')) {
        // `2026-10-05T14` is more likely a slip than two o'clock.
        if !time.is_empty() && !clock.contains(':') {
            return None;
        }
        let local: DateTime = text.parse().ok()?;
        return local.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp().into());
    }
    if clock.contains('[') {
        return None;
    }
    text.parse::<Timestamp>().ok().map(Moment::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prague(text: &str) -> Option<String> {
        let zone = TimeZone::get("Europe/Prague").unwrap();
        parse("from", text, &zone).ok().map(|moment| moment.to_string())
    }

    #[test]
    fn a_date_is_its_first_instant_in_the_zone() {
        assert_eq!(prague("2026-10-05").unwrap(), "2026-10-04T22:00:00Z");
    }

    #[test]
    fn a_time_without_an_offset_is_local() {
        for text in ["2026-10-05T14:00:00", "2026-10-05 14:00", "2026-10-05t14:00", "2026-10-05T14:00:00.000"]
        {
            assert_eq!(prague(text).unwrap(), "2026-10-05T12:00:00Z", "{text}");
        }
    }

    #[test]
    fn an_offset_wins_over_the_zone() {
        for text in ["2026-10-05T14:00:00Z", "2026-10-05 14:00Z", "2026-10-05T09:00:00-05:00"] {
            assert_eq!(prague(text).unwrap(), "2026-10-05T14:00:00Z", "{text}");
        }
    }

    #[test]
    fn an_hour_shown_twice_is_the_first_and_one_skipped_is_the_later() {
        assert_eq!(prague("2026-10-25 02:30").unwrap(), "2026-10-25T00:30:00Z");
        assert_eq!(prague("2026-03-29 02:30").unwrap(), "2026-03-29T01:30:00Z");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "5.10.2026",
            "05/10/2026",
            "20261005",
            "2026-02-29",
            "2026-10-05T14",
            "2026-10-05T24:00",
            "2026-10-05+02:00",
            "2026-10-05T14:00[Asia/Tokyo]",
            "2026-10-05T14:00+02:00[Asia/Tokyo]",
            "2026-10-05T14:00:00 PM",
            "2026-10-0é",
            "yesterday",
        ] {
            assert_eq!(prague(text), None, "{text}");
        }
    }

    #[test]
    fn the_message_names_column_text_and_remedy() {
        assert_eq!(
            parse("until", "1/2/26", &TimeZone::UTC).unwrap_err(),
            "`until` is `1/2/26`, which is no date; write `2026-10-05` or `2026-10-05T14:00`"
        );
    }
}

//! The streams among the inputs: which files are one rotation, and the order of all.

use super::plan::Input;
use crate::model::Moment;
use crate::read::Found;
use std::path::{Path, PathBuf};

/// Ranks the inputs and numbers their streams: the rotated siblings of one directory, in the order
/// of the times inside them. Streams are ranked by what they are called and when they begin; only
/// between two that agree in both does the place they were read from decide.
pub(super) fn rank(inputs: Vec<Input>, rule_of: impl Fn(&Found) -> Option<usize>) -> Vec<Input> {
    // Files under different rules of the operator's are different servers', whatever they are called.
    let key = |input: &Input| (stream_of(&input.found), rule_of(&input.found));
    let mut keyed: Vec<_> = inputs.into_iter().map(|input| (key(&input), input)).collect();
    keyed.sort_by_cached_key(|(key, input)| {
        let first = input.first.map_or(i64::MIN, Moment::micros);
        (key.clone(), first, input.found.shown.clone())
    });
    let mut streams: Vec<Vec<Input>> = Vec::new();
    let mut latest = None;
    for (key, input) in keyed {
        match streams.last_mut() {
            Some(stream) if latest.as_ref() == Some(&key) => stream.push(input),
            _ => streams.push(vec![input]),
        }
        latest = Some(key);
    }
    streams.sort_by_cached_key(|stream| {
        let first = &stream[0];
        let shown_parent = Path::new(&first.found.shown).parent().map(Path::to_owned);
        let (parent, stem) = stream_of(&first.found);
        (shown_parent, stem, first.first.map_or(i64::MIN, Moment::micros), parent)
    });
    for (number, stream) in streams.iter_mut().enumerate() {
        stream.iter_mut().for_each(|input| input.stream = number);
    }
    streams.into_iter().flatten().collect()
}

/// The server's directory, and the name without what rotation and compression add to it.
pub(super) fn stream_of(found: &Found) -> (PathBuf, String) {
    let path = &found.path;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    // A number before the type may be that of one of several servers, unless the file that is written now is there, too.
    (server_directory(path), stem(&name, |sibling| found.has_sibling(sibling)))
}

/// The directory of a file, or the one around it where it is a day's: `pbx1` for `pbx1/2026-10-05/full` and
/// `pbx1/2026/10/05/full`. Digits alone may be a customer's number.
pub(super) fn server_directory(path: &Path) -> PathBuf {
    let directory = path.parent().unwrap_or(Path::new(""));
    let names: Vec<String> =
        directory.iter().rev().take(3).map(|name| name.to_string_lossy().into_owned()).collect();
    let number = |at: usize, len: usize, range: std::ops::RangeInclusive<u32>| {
        let name = names.get(at).filter(|name| name.len() == len);
        name.and_then(|name| name.parse().ok()).is_some_and(|number| range.contains(&number))
    };
    let is_day = names.first().is_some_and(|name| name.contains('-') && without_dates(name).is_empty());
    let levels = match () {
        () if is_day => 1,
        () if number(2, 4, YEARS) && number(1, 2, 1..=12) && number(0, 2, 1..=31) => 3,
        () => 0,
    };
    directory.ancestors().nth(levels).unwrap_or(Path::new("")).to_owned()
}

/// Years that the date of a rotation may have.
const YEARS: std::ops::RangeInclusive<u32> = 2010..=2099;

/// `kamailio.log` for `kamailio.log.2.gz`, `kamailio.log-20261005`, `kamailio-2026-10-05.log` and the like.
fn stem(name: &str, is_there: impl Fn(&str) -> bool) -> String {
    let mut name = name;
    for suffix in [".gz", ".zst", ".bz2", ".xz"] {
        name = name.strip_suffix(suffix).unwrap_or(name);
    }
    let undated = without_dates(name);
    // The number may stand before a type: `full.1.log`.
    let is_type = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let (body, file_type) = match undated.rfind('.') {
        Some(at) if is_type(&undated[at + 1..]) => undated.split_at(at),
        _ => (&undated[..], ""),
    };
    let unnumbered = format!("{}{file_type}", without_number(body));
    if !file_type.is_empty() {
        return if is_there(&unnumbered) { unnumbered } else { undated };
    }
    // A dash and eight digits or more: the seconds of an epoch.
    let trimmed = body.trim_end_matches(|character: char| character.is_ascii_digit());
    let is_stamped = trimmed.len() + 8 <= body.len();
    let unstamped = trimmed.strip_suffix('-').filter(|rest| is_stamped && !rest.is_empty());
    unstamped.map_or(unnumbered, str::to_owned)
}

/// Without the `.7` of a rotation, or the stamp of one: `full` for `full.7` and `full.1791209002`.
fn without_number(name: &str) -> &str {
    let trimmed = name.trim_end_matches(|character: char| character.is_ascii_digit());
    match trimmed.strip_suffix('.') {
        Some(rest) if !rest.is_empty() && trimmed.len() < name.len() && !ends_with_address(name) => rest,
        _ => name,
    }
}

/// Whether the name ends with an address, which is a server's: `pbx-192.0.2.7`.
fn ends_with_address(name: &str) -> bool {
    let mut parts = name.rsplit('.');
    let has_three = parts.by_ref().take(3).filter(|part| part.parse::<u8>().is_ok()).count() == 3;
    let first = parts.next().unwrap_or_default();
    let digits = first.trim_start_matches(|character: char| !character.is_ascii_digit());
    has_three && digits.parse::<u8>().is_ok()
}

/// Without dates, each with the time behind it and what separates it from what stands before.
fn without_dates(name: &str) -> String {
    let mut kept = String::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let follows_digit = kept.ends_with(|last: char| last.is_ascii_digit());
        if let Some(len) = date_len(rest.as_bytes()).filter(|_| !follows_digit) {
            if kept.ends_with(['-', '_', '.']) {
                kept.pop();
            }
            rest = &rest[len..];
            continue;
        }
        // Digits that are no date are kept together.
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (taken, after) = rest.split_at(digits.max(first.len_utf8()));
        kept.push_str(taken);
        rest = after;
    }
    kept
}

/// The length of a date at the front, as `20261005` or `2026-10-05`, and of the time behind it, in whatever way the
/// two are written.
fn date_len(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| text.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
    let number = |from: usize, len: usize| {
        let field = text.get(from..from + len)?;
        std::str::from_utf8(field).ok()?.parse::<u32>().ok()
    };
    let is_date = |month: usize, day: usize| {
        let fields = number(0, 4).zip(number(month, 2)).zip(number(day, 2));
        fields.is_some_and(|((year, month), day)| {
            YEARS.contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)
        })
    };
    match digits(0) {
        8 if is_date(4, 6) => Some(8 + time_len(&text[8..])),
        // With the hour written to it, or more.
        len @ (10 | 12 | 14) if is_date(4, 6) && is_time(&text[8..len]) => Some(len),
        4 if matches!(text.get(4), Some(b'-' | b'_' | b'.'))
            && text.get(4) == text.get(7)
            && digits(8) == 2
            && is_date(5, 8) =>
        {
            Some(10 + time_len(&text[10..]))
        }
        _ => None,
    }
}

/// The length of the time at the front, with what separates it from the date before; 0 where there is none.
fn time_len(text: &[u8]) -> usize {
    let separators = text.iter().take(2).take_while(|byte| b"-_T".contains(byte)).count();
    let rest = &text[separators..];
    let len = rest.iter().take_while(|byte| byte.is_ascii_digit() || b"-_:".contains(byte)).count();
    let (time, behind) = rest.split_at(len);
    // An hour by itself may number servers, and so may whatever goes on behind a dot.
    let is_long = time.iter().filter(|byte| byte.is_ascii_digit()).count() >= 4;
    let goes_on = matches!(behind, [b'.', b'0'..=b'9', ..]);
    if separators > 0 && is_long && !goes_on && is_time(time) { separators + len } else { 0 }
}

/// Whether it is an hour, or an hour and a minute, or those and a second, of two digits each.
fn is_time(text: &[u8]) -> bool {
    let runs = text.split(|byte| !byte.is_ascii_digit());
    let fields: Vec<&[u8]> = runs.flat_map(|run| run.chunks(2)).collect();
    let is_below =
        |field: &[u8], most: u8| matches!(field, [tens, ones] if (tens - b'0') * 10 + ones - b'0' < most);
    match &fields[..] {
        [hour, rest @ ..] if rest.len() < 3 => {
            is_below(hour, 24) && rest.iter().all(|field| is_below(field, 60))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotated_siblings_share_a_stem() {
        for (name, expected) in [
            ("kamailio.log", "kamailio.log"),
            ("kamailio.log.1", "kamailio.log"),
            ("kamailio.log.12.gz", "kamailio.log"),
            ("kamailio.log-20261005.zst", "kamailio.log"),
            ("full.0", "full"),
            ("full.1791209002", "full"),
            ("full-1791209002", "full"),
            ("full.1.log", "full.log"),
            ("full-20261006.log", "full.log"),
            ("full_20261006", "full"),
            ("full-20261006_000000", "full"),
            ("full-2026100613", "full"),
            ("full-2026-10-06T1300", "full"),
            ("full-20261006-13:00:59.log", "full.log"),
            ("x.log.2026-10-05.gz", "x.log"),
            ("asterisk-2026-10-05.log.gz", "asterisk.log"),
            ("kamailio-sipdump-2026-10-05--10-00-05.data", "kamailio-sipdump.data"),
            ("20261005", ""),
            ("2026-10-05.log", ".log"),
            ("pbx1.1", "pbx1"),
        ] {
            assert_eq!(stem(name, |sibling| sibling == "full.log"), expected, "{name}");
        }
    }

    #[test]
    fn names_of_servers_are_kept() {
        for name in [
            "edge1",
            "edge-12",
            "192.0.2.7",
            "192.0.2.7.log",
            "pbx-20269905.log",
            "4201234567.log",
            "kamailio.2.log",
            "1",
            "é1",
        ] {
            assert_eq!(stem(name, |_| false), name);
        }
        for (name, expected) in [
            ("pbx-10.0.0.1.log", "pbx-10.0.0.1.log"),
            ("sip.10.0.0.1.messages", "sip.10.0.0.1.messages"),
            ("x-20261005_10.0.0.1.log", "x_10.0.0.1.log"),
            ("x-20261005_10-0-0-1.log", "x_10-0-0-1.log"),
            ("asterisk-2026-10-05-5060.log", "asterisk-5060.log"),
            ("asterisk-20261005-01.log", "asterisk-01.log"),
            ("full-2026-10-05.4201.log", "full.4201.log"),
            ("full-2026100599", "full"),
        ] {
            assert_eq!(stem(name, |_| false), expected);
        }
        assert_eq!(stem("edge1-20261005.log", |_| true), "edge1.log");
    }

    #[test]
    fn the_directory_of_a_day_is_that_of_its_server() {
        for (path, expected) in [
            ("logs/pbx1/full", "logs/pbx1"),
            ("logs/pbx1/2026-10-05/full", "logs/pbx1"),
            ("logs/20261005/full", "logs/20261005"),
            ("logs/pbx1/2026/10/05/full", "logs/pbx1"),
            ("logs/2026/10/full", "logs/2026/10"),
            ("logs/10/full", "logs/10"),
            ("logs/2026/full", "logs/2026"),
            ("2026-10-05/full", ""),
            ("full", ""),
        ] {
            assert_eq!(server_directory(Path::new(path)), Path::new(expected), "{path}");
        }
    }
}

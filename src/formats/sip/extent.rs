//! How far a dumped message reaches: nothing inside it is believed to be a record of its own.

use super::ends::Ends;
use super::header::{begins_with_name, declared_length};
use super::message::start_line;
use crate::formats::frame;
use std::ops::Range;

/// No dump is longer: a SIP message over UDP is at most 64 KiB, and `sipdump` cuts there.
pub const DUMP_MAX: usize = 128 << 10;

/// Asterisk cuts a record after so many bytes, prefix included, and loses its line end
/// (`main/logger.c : LOGMSG_SIZE`).
const ASTERISK_RECORD_MAX: usize = 8191;

/// `|` twenty times: what `sipdump` writes behind a message.
const SIPDUMP_END: &[u8] = b"||||||||||||||||||||";

/// How a way of dumping ends its messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// By the message's own Content-Length.
    Length,
    /// After so many bytes, as the opening line says; an empty line follows (PJSIP's logger).
    Bytes(usize),
    /// A line of its own behind the message (`chan_sip`).
    Closer(&'static [u8]),
    /// [`SIPDUMP_END`], right behind the message.
    Sipdump,
    /// A line of dashes; message lines are indented (sofia).
    Ruler,
}

/// Where a dump ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extent {
    pub message: Range<usize>,
    /// Behind the empty line that ends its headers, where that was looked for, or before a line among them that reads like
    /// a record.
    pub headers: Option<usize>,
    /// Where the log goes on.
    pub end: usize,
    /// How many of its line feeds have been counted, from the message's first on, and the place up to which that
    /// is; none where the headers have no end.
    pub lines: (usize, usize),
    /// What stands behind the message is not what the writer would have put there: a stranger
    /// sent more bytes than his Content-Length says, or the dump was cut.
    pub is_ambiguous: bool,
    /// What the writer puts behind a message stands where the message's own length ends it. A length that is a lie
    /// reaches into records of the server's.
    pub is_sure: bool,
}

/// The extent of the message whose first line begins at `from`, in a record that begins at `begin`.
pub(super) fn extent(bytes: &[u8], begin: usize, from: usize, ending: Ending) -> Extent {
    let is_asterisk = matches!(ending, Ending::Bytes(_) | Ending::Closer(_));
    let most = if is_asterisk { ASTERISK_RECORD_MAX } else { DUMP_MAX };
    // An opening line may be longer than any record by itself; the message then has no room left.
    let limit = bytes.len().min(begin.saturating_add(most)).max(from);
    let unread = (0, from);
    let cut = |headers| Extent {
        message: from..limit,
        headers,
        end: limit,
        lines: unread,
        is_ambiguous: false,
        is_sure: false,
    };
    if let Ending::Bytes(length) = ending {
        let end = from.saturating_add(length);
        if end > limit {
            return cut(headers(bytes, from, limit).sure_end());
        }
        // A body with a NUL in it was written up to there only.
        if matches!(bytes.get(end), None | Some(b'\n')) {
            let behind = (end + 1).min(bytes.len());
            return Extent {
                message: from..end,
                headers: None,
                end: behind,
                lines: unread,
                is_ambiguous: false,
                is_sure: true,
            };
        }
    }
    let found = headers(bytes, from, limit);
    let Headers { end: Some(headers), lines, length, .. } = found else { return cut(found.sure_end()) };
    let body = body_end(bytes, from, headers, length, ending);
    if body > limit {
        return cut(found.sure_end());
    }
    let plain = Extent {
        message: from..body,
        headers: found.sure_end(),
        end: body,
        lines: (lines, headers),
        is_ambiguous: false,
        is_sure: false,
    };
    let rest = &bytes[body..];
    match ending {
        Ending::Bytes(_) => plain,
        // Nothing ends it but the length, which so ends with a line.
        Ending::Length => {
            let ends_line = matches!(rest, [] | [b'\n' | b'\r', ..]) || bytes[body - 1] == b'\n';
            Extent { is_sure: ends_line && found.record.is_none(), ..plain }
        }
        Ending::Closer(closer) => {
            let end = line_that(bytes, body.saturating_sub(1), limit, |line| line == closer);
            let ends = rest.iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            Extent { end: end.unwrap_or(body), is_sure: rest[ends..].starts_with(closer), ..plain }
        }
        Ending::Sipdump => {
            let skipped = rest.iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            if rest[skipped..].starts_with(SIPDUMP_END) {
                let end = body + skipped + SIPDUMP_END.len();
                let last = usize::from(bytes.get(end) == Some(&b'\n'));
                let extent = Extent { end: end + last, is_sure: true, ..plain };
                if length > 0 {
                    return extent;
                }
                let ends = rest[..skipped].iter().filter(|byte| **byte == b'\n').count();
                return Extent { lines: (lines + ends + last, extent.end), ..extent };
            }
            // The log ends before that is written.
            if SIPDUMP_END.starts_with(&rest[skipped..]) {
                return Extent { end: bytes.len(), ..plain };
            }
            let end = line_that(bytes, body, limit, |line| line.ends_with(SIPDUMP_END));
            Extent { end: end.unwrap_or(limit), is_ambiguous: true, ..plain }
        }
        Ending::Ruler => {
            let is_ruler = |line: &[u8]| {
                line.trim_ascii().len() > 20 && line.trim_ascii().iter().all(|byte| *byte == b'-')
            };
            let end = line_that(bytes, body, limit, is_ruler);
            Extent { end: end.unwrap_or(body), is_sure: end.is_some(), ..plain }
        }
    }
}

/// The first line of a message and its headers.
struct Headers {
    /// Behind the empty line that ends them, where there is one.
    end: Option<usize>,
    /// How many lines there are, with that one.
    lines: usize,
    /// The bytes of the body that they declare.
    length: usize,
    /// The first line that reads like a record of the log: a header that a stranger made up, or the message has ended
    /// without an empty line.
    record: Option<usize>,
}

impl Headers {
    /// Up to here they are the message's without a doubt.
    fn sure_end(&self) -> Option<usize> {
        self.record.or(self.end)
    }
}

fn headers(bytes: &[u8], from: usize, limit: usize) -> Headers {
    let text = &bytes[from..limit];
    let mut ends = Ends::of(text);
    let mut length = None;
    let mut found = Headers { end: None, lines: 2, length: 0, record: None };
    let Some(first_end) = ends.next() else { return found };
    let mut at = first_end + 1;
    loop {
        let first = text.get(at).copied().unwrap_or(0);
        // Whatever an empty line may begin with is no higher than this.
        if first <= b'.'
            && let Some(empty_len) = empty_len(&text[at..])
        {
            found.end = Some(from + at + empty_len);
            found.length = length.flatten().unwrap_or(0);
            return found;
        }
        let Some(end) = ends.next() else { return found };
        found.lines += 1;
        let line = &text[at..end + 1];
        if length.is_none() && matches!(first | 0x20, b'l' | b'c') {
            length = declared_length(line.strip_suffix(b".\n").unwrap_or(line));
        }
        // Sofia indents each of them.
        if !begins_with_name(line.trim_ascii_start()) && found.record.is_none() && opens_record(line) {
            found.record = Some(from + at);
        }
        at = end + 1;
    }
}

#[cold]
fn opens_record(line: &[u8]) -> bool {
    frame::open(line, &mut frame::Scratch::default(), false).is_some()
}

/// How long the empty line is that the text begins with, if it does.
fn empty_len(text: &[u8]) -> Option<usize> {
    match text {
        [b'\n', ..] => Some(1),
        // ngrep writes a dot for a carriage return.
        [b'\r', b'\n', ..] | [b'.', b'\n', ..] => Some(2),
        // Sofia indents by three blanks.
        [b' ', b' ', b' ', b'\n', ..] => Some(4),
        [b' ', b' ', b' ', b'\r', b'\n', ..] => Some(5),
        _ => None,
    }
}

/// Behind a body of that many bytes, as it was sent.
///
/// `chan_sip` writes what it received with bare line feeds, and sofia indents: lines are then
/// counted as they were on the wire. ngrep has a dot for each carriage return.
fn body_end(bytes: &[u8], from: usize, headers: usize, length: usize, ending: Ending) -> usize {
    if length == 0 {
        return headers;
    }
    let first = &bytes[from..headers];
    let first_line = memchr::memchr(b'\n', first).map_or(first, |end| &first[..end]);
    let is_indented = first_line.starts_with(b"   ");
    let is_dotted = ending == Ending::Length && first_line.ends_with(b".");
    if (first_line.ends_with(b"\r") && !is_indented) || is_dotted {
        return headers.saturating_add(length);
    }
    let (mut at, mut left) = (headers, length);
    while left > 0 && at < bytes.len() {
        let line = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len() - at, |end| end + 1);
        let text = &bytes[at..at + line];
        let indent = if is_indented && text.starts_with(b"   ") { 3 } else { 0 };
        let lacks_cr = text.ends_with(b"\n") && !text.ends_with(b"\r\n");
        let on_wire = line - indent + usize::from(lacks_cr);
        if on_wire > left {
            return at + indent + left;
        }
        left -= on_wire;
        at += line;
    }
    at
}

/// Behind the first whole line after a line end at or behind `from` that is as asked.
fn line_that(bytes: &[u8], from: usize, limit: usize, is: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let mut at = match from {
        0 => 0,
        _ if bytes[from - 1] == b'\n' => from,
        _ => memchr::memchr(b'\n', &bytes[from..limit])? + from + 1,
    };
    while at < limit {
        let end = memchr::memchr(b'\n', &bytes[at..limit]).map_or(limit, |end| at + end);
        let line = &bytes[at..end];
        if is(line.strip_suffix(b"\r").unwrap_or(line)) {
            return Some((end + 1).min(bytes.len()));
        }
        // Another message begins: the closer never came.
        if start_line(line).is_some() {
            return None;
        }
        at = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "MESSAGE sip:x SIP/2.0\r\nContent-Length: 7\r\n\r\nSIP/2.0";

    fn end_of(text: &str, ending: Ending) -> (usize, usize, bool) {
        let extent = extent(text.as_bytes(), 0, 0, ending);
        (extent.message.end, extent.end, extent.is_ambiguous)
    }

    #[test]
    fn a_message_ends_where_its_content_length_says() {
        let len = MESSAGE.len();
        assert_eq!(end_of(&format!("{MESSAGE} 200 OK\r\n"), Ending::Length), (len, len, false));
    }

    #[test]
    fn a_body_of_bare_line_feeds_is_counted_as_it_was_sent() {
        let text = "MESSAGE sip:x SIP/2.0\nContent-Length: 6\n\na\nb\n<------------->\nlog\n";
        let body = text.find('<').unwrap();
        let log = text.find("log").unwrap();
        assert_eq!(end_of(text, Ending::Closer(b"<------------->")), (body, log, false));
    }

    #[test]
    fn ngreps_dots_are_carriage_returns() {
        let text = "MESSAGE sip:x SIP/2.0.\nContent-Length: 8.\n.\na.\nb.\nc\nlog\n";
        let behind = text.find("\nlog").unwrap();
        assert_eq!(end_of(text, Ending::Length), (behind + 1, behind + 1, false));
    }

    #[test]
    fn a_closer_inside_the_body_closes_nothing() {
        let text = "MESSAGE sip:x SIP/2.0\nl: 18\n\n<------------->\na\n<------------->\nlog\n";
        assert_eq!(end_of(text, Ending::Closer(b"<------------->")).1, text.find("log").unwrap());
    }

    #[test]
    fn the_logger_of_pjsip_says_how_long_the_message_is() {
        let text = "SIP/2.0 200 OK\r\n\r\n\nlog\n";
        assert_eq!(end_of(text, Ending::Bytes(18)), (18, 19, false));
        // The number is wrong, so the message's own end counts.
        assert_eq!(end_of(text, Ending::Bytes(9)), (18, 18, false));
    }

    #[test]
    fn asterisk_cuts_a_record_at_its_limit_wherever_that_is() {
        let text = format!("INVITE sip:x SIP/2.0\r\nl: 9000\r\n\r\n{}", "x".repeat(9000));
        assert_eq!(end_of(&text, Ending::Bytes(9031)), (8191, 8191, false));
    }

    #[test]
    fn a_message_behind_an_endless_opening_line_is_cut_to_nothing() {
        let text = format!("{}\nREGISTER sip:x SIP/2.0\r\n\r\n", "x".repeat(9000));
        for ending in [Ending::Bytes(30), Ending::Closer(b"---")] {
            let extent = extent(text.as_bytes(), 0, 9001, ending);
            assert_eq!((extent.message, extent.end), (9001..9001, 9001));
        }
    }

    #[test]
    fn more_bytes_than_declared_make_a_sipdump_record_ambiguous() {
        let whole = format!("{MESSAGE}||||||||||||||||||||\nx");
        assert_eq!(end_of(&whole, Ending::Sipdump), (MESSAGE.len(), whole.len() - 1, false));
        let more = format!("{MESSAGE}more\n||||||||||||||||||||\nx");
        assert_eq!(end_of(&more, Ending::Sipdump), (MESSAGE.len(), more.len() - 1, true));
        // The log ends before its writer ends the record.
        let cut = format!("{MESSAGE}|||");
        assert_eq!(end_of(&cut, Ending::Sipdump), (MESSAGE.len(), cut.len(), false));
        assert!(end_of(&format!("{cut}more"), Ending::Sipdump).2);
    }

    #[test]
    fn a_message_without_end_reaches_to_the_end_of_the_bytes() {
        let text = "REGISTER sip:x SIP/2.0\r\nTo: a\r\n";
        assert_eq!(end_of(text, Ending::Length), (text.len(), text.len(), false));
    }
}

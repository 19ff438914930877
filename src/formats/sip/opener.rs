//! What stands before a dumped message: who wrote it down, and which way it went.

use super::ends::Ends;
use super::extent::Ending;
use crate::formats::frame::{self, Origin, Scratch};
use crate::formats::stamp;
use crate::formats::text::{between, host_of, number, split_once};
use crate::model::marks::{WIDE, holds};
use crate::model::near::{AHEAD, fetch};
use crate::model::{Dialect, Stamp};
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

/// Which way a message went, as the log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Received,
    Sent,
    /// The log does not tell. A request is taken to have come; a reply could be a stranger's, so
    /// it proves nothing unless its addresses show that it answers the request.
    Unknown,
}

/// What opens a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Opener<'t> {
    /// Where the record begins.
    pub begin: usize,
    /// Its framed line; empty where the dump has a form of its own.
    pub head: Range<usize>,
    /// The dump's own clock, where it has one besides a frame.
    pub stamp: Stamp,
    pub name: &'static str,
    pub direction: Direction,
    /// Address of the other side, without port; empty where it is not told.
    pub peer: &'t [u8],
    /// Sender and receiver with their ports, where both are told beside the message.
    pub addresses: Option<Addresses<'t>>,
    pub ending: Ending,
    /// It is a head as its writer writes it, which holds nothing that anybody else chose.
    pub is_usual: bool,
}

/// Sender and receiver of a message, with their ports.
pub type Addresses<'t> = (&'t [u8], &'t [u8]);

const SIPDUMP_HEAD: &[u8] = b"====================";
const SIPDUMP_MIDDLE: &[u8] = b"~~~~~~~~~~~~~~~~~~~~";
/// The lines of a head as `sipdump` writes it, with both of these.
pub(super) const SIPDUMP_HEAD_LINES: usize = 12;
/// What a record of `sipdump` is called in reports.
const SIPDUMP_NAME: &str = "kamailio-sipdump";

/// Which server writes dumps of that name by itself, without a frame that would tell.
pub fn dialect_of(name: &str) -> Dialect {
    if name == SIPDUMP_NAME { Dialect::Kamailio } else { Dialect::Unknown }
}

/// The head of a `sipdump` record with both rulers and two addresses of IPv6 is no longer.
const SIPDUMP_HEAD_MAX: usize = 512;

/// Whether a line without any frame opens a record: the ruler of `sipdump`, the head of a message
/// in a text capture, sofia's `recv` and `send`.
pub(in crate::formats) fn opens_record(line: &[u8]) -> bool {
    let line = trim(line);
    is_sipdump_head(line) || text_capture(line).is_some() || sofia(line).is_some()
}

/// The opener of the message whose first line begins at `at`, on the lines before it down to
/// `floor`. `None` where nothing opens a message there.
pub(super) fn before<'t>(
    bytes: &'t [u8],
    floor: usize,
    at: usize,
    layers: &mut Scratch,
) -> Option<Opener<'t>> {
    let last = previous(bytes, floor, at)?;
    let line = trim(&bytes[last.clone()]);
    if line == SIPDUMP_MIDDLE {
        return sipdump_as_written(bytes, floor, last.start).or_else(|| sipdump(bytes, floor, last));
    }
    if let Some((stamp, addresses)) = text_capture(line) {
        return Some(Opener {
            begin: last.start,
            head: 0..0,
            stamp,
            name: "text-capture",
            direction: Direction::Unknown,
            peer: host_of(addresses.0),
            addresses: Some(addresses),
            ending: Ending::Length,
            is_usual: false,
        });
    }
    if is_ruler(line) {
        let head = previous(bytes, floor, last.start)?;
        let (direction, peer) = sofia(trim(&bytes[head.clone()]))?;
        let stamp = Stamp::None;
        let (begin, name, ending) = (head.start, "freeswitch-siptrace", Ending::Ruler);
        let (head, addresses, is_usual) = (0..0, None, false);
        return Some(Opener { begin, head, stamp, name, direction, peer, addresses, ending, is_usual });
    }
    if line.starts_with(b"<--- ") && line.ends_with(b" --->") {
        if let Some((direction, peer, length)) = pjsip_logger(line) {
            // A console writes no prefix.
            return Some(Opener {
                begin: last.start,
                head: 0..0,
                stamp: Stamp::None,
                name: "asterisk-pjsip-logger",
                direction,
                peer,
                addresses: None,
                ending: Ending::Bytes(length),
                is_usual: false,
            });
        }
        let (direction, peer, ending) = chan_sip(line)?;
        // The record's own line is empty behind its prefix; a console's has none at all.
        let head = previous(bytes, floor, last.start).filter(|head| {
            let record = frame::open(&bytes[head.clone()], layers, false);
            record.is_some_and(|record| record.text.is_empty() && is_from(&record, b"chan_sip.c"))
        });
        let begin = head.as_ref().map_or(last.start, |head| head.start);
        let head = head.unwrap_or(0..0);
        return Some(Opener {
            begin,
            head,
            stamp: Stamp::None,
            name: "asterisk-sip-debug",
            direction,
            peer,
            addresses: None,
            ending,
            is_usual: false,
        });
    }
    framed(bytes, last, layers)
}

/// The opener of a message that begins on its own framed line.
pub(super) fn on<'t>(line: Range<usize>) -> Opener<'t> {
    Opener {
        begin: line.start,
        head: line,
        stamp: Stamp::None,
        name: "sip-message",
        direction: Direction::Unknown,
        peer: b"",
        addresses: None,
        ending: Ending::Length,
        is_usual: false,
    }
}

/// A framed line that opens a message: PJSIP's logger, `chan_sip`'s other forms, or an operator's
/// own words.
fn framed<'t>(bytes: &'t [u8], line: Range<usize>, layers: &mut Scratch) -> Option<Opener<'t>> {
    let record = frame::open(&bytes[line.clone()], layers, false)?;
    let begin = line.start;
    let opener = |name, direction, peer, ending| Opener {
        begin,
        head: line.clone(),
        stamp: Stamp::None,
        name,
        direction,
        peer,
        addresses: None,
        ending,
        is_usual: false,
    };
    if record.dialect == Dialect::Asterisk {
        let text = within(bytes, &line, record.text)?;
        if is_from(&record, b"res_pjsip_logger.c") {
            let (direction, peer, length) = pjsip_logger(text)?;
            return Some(opener("asterisk-pjsip-logger", direction, peer, Ending::Bytes(length)));
        }
        if is_from(&record, b"chan_sip.c") {
            let (direction, peer, ending) = chan_sip(text)?;
            return Some(opener("asterisk-sip-debug", direction, peer, ending));
        }
        return None;
    }
    let text = within(bytes, &line, record.text)?;
    let (direction, peer) = words(text);
    Some(opener("sip-message", direction, peer, Ending::Length))
}

fn is_from(record: &frame::Record<'_>, file: &[u8]) -> bool {
    record.starts.iter().any(|start| match start.origin {
        Origin::File(name) => name == file,
        Origin::Console => true,
        _ => false,
    })
}

/// The same text in the log's own bytes, which outlive the record; nothing where the frame had to
/// be rewritten to be read.
fn within<'t>(bytes: &'t [u8], line: &Range<usize>, text: &[u8]) -> Option<&'t [u8]> {
    let line = &bytes[line.clone()];
    let line = trim(line);
    line.ends_with(text).then(|| &line[line.len() - text.len()..])
}

/// `<--- Received SIP request (427 bytes) from UDP:127.11.0.2:5062 --->` and `Transmitting … to`
/// (`res/res_pjsip_logger.c`).
fn pjsip_logger(line: &[u8]) -> Option<(Direction, &[u8], usize)> {
    let rest = line.strip_prefix(b"<--- ")?.strip_suffix(b" --->")?;
    let (direction, rest, mark) = match rest.strip_prefix(b"Received SIP ") {
        Some(rest) => (Direction::Received, rest, &b" from "[..]),
        None => (Direction::Sent, rest.strip_prefix(b"Transmitting SIP ")?, &b" to "[..]),
    };
    let (_kind, rest) = split_once(rest, b" (")?;
    let (length, rest) = split_once(rest, b" bytes)")?;
    let (_transport, address) = split_once(rest.strip_prefix(mark)?, b":")?;
    Some((direction, host_of(address), number(length)? as usize))
}

/// `<--- SIP read from UDP:1.2.3.4:5060 --->`, `<--- Transmitting (NAT) to 1.2.3.4:5060 --->`,
/// `Reliably Transmitting (no NAT) to 1.2.3.4:5060:`, `Retransmitting #1 (NAT) to …:`
/// (`channels/chan_sip.c`).
fn chan_sip(line: &[u8]) -> Option<(Direction, &[u8], Ending)> {
    if let Some(rest) = line.strip_prefix(b"<--- ") {
        let rest = rest.strip_suffix(b" --->")?;
        if let Some(address) = rest.strip_prefix(b"SIP read from ") {
            let address = split_once(address, b":").map_or(address, |(transport, rest)| {
                if transport.iter().all(u8::is_ascii_alphabetic) { rest } else { address }
            });
            return Some((Direction::Received, host_of(address), Ending::Closer(b"<------------->")));
        }
        let address = transmitting(rest)?;
        return Some((Direction::Sent, host_of(address), Ending::Closer(b"<------------>")));
    }
    let address = transmitting(line)?.strip_suffix(b":")?;
    Some((Direction::Sent, host_of(address), Ending::Closer(b"---")))
}

/// Behind `[Reliably ]Transmitting (NAT) to ` or `Retransmitting #1 (NAT) to `.
fn transmitting(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"Reliably ").unwrap_or(text);
    let rest = rest.strip_prefix(b"Transmitting (").or_else(|| {
        let rest = rest.strip_prefix(b"Retransmitting #")?;
        split_once(rest, b" (").map(|(_, rest)| rest)
    })?;
    split_once(rest, b") to ").map(|(_, address)| address)
}

/// The same as [`sipdump`] where the lines stand in the order in which the module writes them, which
/// is told by one look at each.
fn sipdump_as_written(bytes: &[u8], floor: usize, middle: usize) -> Option<Opener<'_>> {
    // Nothing but the ruler holds such a mark, so the last one ends the head's.
    let near = &bytes[floor.max(middle.saturating_sub(SIPDUMP_HEAD_MAX))..middle];
    let mark = memchr::memrchr(b'=', near)?;
    let (before, head) = near.split_at(mark + 1);
    let begin = middle - head.len() - SIPDUMP_HEAD.len();
    let is_line = before.ends_with(SIPDUMP_HEAD) && (begin == floor || bytes[begin - 1] == b'\n');
    if !is_line {
        return None;
    }
    let (opener, rest) = sipdump_behind_ruler(head, begin)?;
    rest.is_empty().then_some(opener)
}

/// The opener that begins there and is as the module writes it, and where its message begins; `None` where it is not,
/// or a value has a slash.
pub(super) fn sipdump_at(bytes: &[u8], begin: usize) -> Option<(Opener<'_>, usize)> {
    let most = bytes.len().min(begin + SIPDUMP_HEAD_MAX);
    // Some of the dumps behind it.
    (begin + AHEAD..most + AHEAD).step_by(WIDE).for_each(|at| fetch(bytes, at));
    let head = bytes[begin..most].strip_prefix(SIPDUMP_HEAD)?;
    let (opener, rest) = sipdump_behind_ruler(head, begin)?;
    let behind = rest.strip_prefix(SIPDUMP_MIDDLE)?.strip_prefix(b"\n")?;
    let from = most - behind.len();
    // Without a slash the head holds no version, so no search would find a first line in it.
    (!holds(b'/', &bytes[begin..from])).then_some((opener, from))
}

/// The lines of a head between its rulers, behind the first of which `head` begins, and what is behind them.
#[inline(always)]
fn sipdump_behind_ruler<'t>(head: &'t [u8], begin: usize) -> Option<(Opener<'t>, &'t [u8])> {
    let mut lines = Lines { text: head, at: 0, ends: Ends::of(head) };
    if !lines.next()?.is_empty() {
        return None;
    }
    let direction = match lines.next()? {
        b"tag: rcv" => Direction::Received,
        b"tag: snd" => Direction::Sent,
        _ => return None,
    };
    lines.value(b"pid: ")?;
    lines.value(b"process: ")?;
    let time = lines.value(b"time: ")?;
    lines.value(b"date: ")?;
    lines.value(b"proto: ")?;
    let source = lines.value(b"srcip: ")?;
    lines.value(b"srcport: ")?;
    let destination = lines.value(b"dstip: ")?;
    lines.value(b"dstport: ")?;
    let stamp = stamp::epoch(time)?.0;
    let opener = sipdump_opener(begin, direction, stamp, source, destination);
    Some((Opener { is_usual: true, ..opener }, &head[lines.at..]))
}

/// Whole lines, one behind the other.
struct Lines<'t> {
    text: &'t [u8],
    /// Where the next one begins.
    at: usize,
    ends: Ends<'t>,
}

impl<'t> Lines<'t> {
    /// The next line, without its line feed.
    #[inline(always)]
    fn next(&mut self) -> Option<&'t [u8]> {
        let end = self.ends.next()?;
        let begin = std::mem::replace(&mut self.at, end + 1);
        Some(&self.text[begin..end])
    }

    /// The value of the next line, where it has that key.
    #[inline(always)]
    fn value<const LEN: usize>(&mut self, key: &[u8; LEN]) -> Option<&'t [u8]> {
        let value = self.next()?.strip_prefix(key)?;
        Some(value.strip_suffix(b"\r").unwrap_or(value))
    }
}

fn sipdump_opener<'t>(
    begin: usize,
    direction: Direction,
    stamp: Stamp,
    source: &'t [u8],
    destination: &'t [u8],
) -> Opener<'t> {
    Opener {
        begin,
        head: 0..0,
        stamp,
        name: SIPDUMP_NAME,
        direction,
        peer: if direction == Direction::Received { source } else { destination },
        addresses: None,
        ending: Ending::Sipdump,
        is_usual: false,
    }
}

/// The head of a `sipdump` record, whose middle ruler is `middle` (`sipdump_write.c`).
fn sipdump(bytes: &[u8], floor: usize, middle: Range<usize>) -> Option<Opener<'_>> {
    let mut at = middle.start;
    let (mut direction, mut stamp, mut source, mut destination) = (None, None, &b""[..], &b""[..]);
    for _ in 0..16 {
        let range = previous(bytes, floor, at)?;
        let line = trim(&bytes[range.clone()]);
        at = range.start;
        if is_sipdump_head(line) {
            return Some(sipdump_opener(at, direction?, stamp?, source, destination));
        }
        let (key, value) = split_once(line, b": ")?;
        match key {
            b"tag" if value == b"rcv" => direction = Some(Direction::Received),
            b"tag" if value == b"snd" => direction = Some(Direction::Sent),
            b"time" => stamp = stamp::epoch(value).map(|(stamp, _)| stamp),
            b"srcip" => source = value,
            b"dstip" => destination = value,
            _ => {}
        }
    }
    None
}

/// The ruler that begins a head of `sipdump`, behind what editors (a byte-order mark) and copytruncate (NUL) leave there.
fn is_sipdump_head(line: &[u8]) -> bool {
    line.strip_suffix(SIPDUMP_HEAD)
        .is_some_and(|front| front == b"\xEF\xBB\xBF" || front.iter().all(|byte| *byte == 0))
}

/// `2026/10/05 14:03:22.481930 192.0.2.10:5060 -> 203.0.113.5:5060`, with `U ` or `T ` before it
/// and flags behind it where ngrep wrote it: the stamp and both addresses.
fn text_capture(line: &[u8]) -> Option<(Stamp, Addresses<'_>)> {
    let rest = line.strip_prefix(b"U ").or_else(|| line.strip_prefix(b"T ")).unwrap_or(line);
    let (stamp, rest) = match stamp::slashed(rest) {
        Some((stamp, length)) => (stamp, rest[length..].strip_prefix(b" ")?),
        None if rest.len() < line.len() => (Stamp::None, rest),
        None => return None,
    };
    let (source, rest) = split_once(rest, b" -> ")?;
    let destination = rest.split(|byte| *byte == b' ').next()?;
    (is_address(source) && is_address(destination)).then_some((stamp, (source, destination)))
}

/// `recv 512 bytes from udp/[192.0.2.10]:5060 at 14:03:22.481930:` and `send … to`.
fn sofia(line: &[u8]) -> Option<(Direction, &[u8])> {
    let (direction, rest, mark) = match line.strip_prefix(b"recv ") {
        Some(rest) => (Direction::Received, rest, &b" bytes from "[..]),
        None => (Direction::Sent, line.strip_prefix(b"send ")?, &b" bytes to "[..]),
    };
    let (length, rest) = split_once(rest, mark)?;
    number(length)?;
    let (_transport, rest) = split_once(rest, b"/")?;
    let (host, rest) = between(rest, b"[", b"]")?;
    (rest.ends_with(b":") && split_once(rest, b" at ").is_some()).then_some((direction, host))
}

fn is_ruler(line: &[u8]) -> bool {
    let dashes = line.trim_ascii();
    dashes.len() > 20 && dashes.iter().all(|byte| *byte == b'-')
}

/// Which way, by one of the first two words, and the first address. What stands further on may be a
/// header's text.
pub(in crate::formats) fn words(text: &[u8]) -> (Direction, &[u8]) {
    let mut direction = Direction::Unknown;
    let words = text.split(|byte| !byte.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    for word in words.take(2) {
        let is = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()));
        if is(&["rcv", "recv", "received", "incoming", "in", "rx"]) {
            direction = Direction::Received;
            break;
        }
        if is(&["snd", "send", "sent", "outgoing", "out", "tx", "transmitting"]) {
            direction = Direction::Sent;
            break;
        }
    }
    let peer = text.split(|byte| byte.is_ascii_whitespace()).find(|word| is_address(word));
    (direction, peer.map_or(b"", host_of))
}

fn is_address(text: &[u8]) -> bool {
    // What starts otherwise is no address, and parsing costs more than looking.
    if !matches!(text.first(), Some(b'0'..=b'9' | b'[' | b'a'..=b'f' | b'A'..=b'F' | b':')) || text.len() > 60
    {
        return false;
    }
    let text = std::str::from_utf8(text).unwrap_or_default();
    text.parse::<SocketAddr>().is_ok() || text.parse::<IpAddr>().is_ok()
}

/// The line before the one that begins at `at`, with its line end.
fn previous(bytes: &[u8], floor: usize, at: usize) -> Option<Range<usize>> {
    if at <= floor {
        return None;
    }
    let before = &bytes[floor..at - 1];
    let begin = memchr::memrchr(b'\n', before).map_or(floor, |end| floor + end + 1);
    Some(begin..at)
}

fn trim(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_head_as_the_module_writes_it_is_read_like_any_other(
            before in "(a\n|=|====================\n|x: y\n|)",
            lines in prop::collection::vec("(tag: (rcv|snd)?\n|pid: 1\n|time: 17740152(00[.]5|x)\r?\n|date: =\n|srcip: [a=]\n|\n|====================\n)", 0..2),
            at in 0_usize..11,
            floor in 0_usize..30,
        ) {
            let mut head: Vec<&str> = vec![
                "====================\n", "tag: rcv\n", "pid: 1\n", "process: 1\n", "time: 1774015200.511936\n",
                "date: x\n", "proto: udp ipv4\n", "srcip: 192.0.2.2\n", "srcport: 5060\n", "dstip: 192.0.2.1\r\n",
                "dstport: 21028\n",
            ];
            head.splice(at..(at + lines.len() / 2), lines.iter().map(String::as_str));
            let text = format!("{before}{}", head.concat());
            let bytes = text.as_bytes();
            if let Some(opener) = sipdump_as_written(bytes, floor, bytes.len()) {
                let middle = bytes.len()..bytes.len();
                let expected = sipdump(bytes, floor, middle).map(|opener| Opener { is_usual: true, ..opener });
                prop_assert_eq!(Some(opener), expected);
            } else {
                prop_assert!(!lines.is_empty() || floor > before.len() || before == "=");
            }
        }
    }
}

//! Whole SIP messages among the lines of a log: where each begins and ends, and the cuts that
//! leave every one of them whole.
//!
//! A dump is one record of many lines, and its body may hold lines that look like records. So
//! its extent is found first, by what its writer says of its length, and the scan goes on behind it.

mod cut;
mod vias;

pub use self::cut::{Cut, cut, cut_nearby, holds_records, last_cut};
pub use super::extent::DUMP_MAX;
use super::extent::{Ending, extent};
use super::header::trim_end;
use super::message::start_line;
use super::opener::{self, Addresses, Direction, Opener};
use crate::formats::frame::{self, Scratch};
use crate::formats::line_marks::LineMarks;
use crate::formats::lines::feeds_of;
use crate::formats::text::{near, split_once};
use crate::model::Stamp;
use memchr::memmem;
use std::ops::Range;
use std::sync::LazyLock;
use vias::Vias;

/// What every first line of a message holds: a request at its end, a reply at its start.
pub(in crate::formats) const NEEDLES: [&[u8]; 2] = [b" SIP/2.0", b"SIP/2.0 "];

// Built once: making a searcher costs as much as searching a short line.
static VERSION: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(b"SIP/2.0"));
static EMPTY_LINE: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(b"\n\r\n"));
static STATUS: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(b": SIP/2.0 "));

/// No record is shorter; what is behind a message without a body is.
const BODY_MIN: usize = 40;

/// The messages in a block of whole lines, in their order.
pub fn all(bytes: &[u8]) -> Vec<Dump> {
    let mut dumps = Vec::new();
    if VERSION.find(bytes).is_some() {
        let (mut search, mut layers) = (Search::default(), Scratch::default());
        dumps.extend(std::iter::from_fn(|| search.next(bytes, bytes.len(), &mut layers)));
    }
    dumps
}

/// Whether a message may be open at that place, as the bytes before it tell.
pub fn may_hold(bytes: &[u8], at: usize) -> bool {
    VERSION.find(&bytes[at.saturating_sub(DUMP_MAX)..at]).is_some()
}

/// The lines of those messages' bodies, none of which begins inside another.
pub fn bodies(dumps: &[Dump], bytes: &[u8]) -> Vec<Range<usize>> {
    let mut bodies: Vec<Range<usize>> = Vec::new();
    for dump in dumps {
        // One may begin in the line that another one's length cuts.
        let floor = bodies.last().map_or(0, |body| body.end);
        let body = dump.body(bytes).filter(|body| floor <= body.start);
        bodies.extend(body.map(|body| body.start..line_end(bytes, body.end)));
    }
    bodies
}

/// The end of the line that a body ends in.
pub fn line_end(bytes: &[u8], end: usize) -> usize {
    if bytes[..end].ends_with(b"\n") {
        return end;
    }
    memchr::memchr(b'\n', &bytes[end..]).map_or(bytes.len(), |feed| end + feed + 1)
}

/// One message, as a log holds it over many lines. All places are in the bytes it was found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dump {
    /// Where its record begins.
    pub begin: usize,
    /// The framed line that opens it; empty where the dump has a form of its own.
    pub head: Range<usize>,
    /// The dump's own clock, where it has one besides a frame.
    pub stamp: Stamp,
    /// Name of the way it was written, for reports.
    pub name: &'static str,
    pub direction: Direction,
    /// Address of the other side, without port; empty where it is not told.
    peer: Range<usize>,
    /// Sender and receiver with their ports, where both are told beside the message.
    addresses: Option<[Range<usize>; 2]>,
    /// The message's own bytes.
    pub message: Range<usize>,
    /// Behind its headers, where that is known.
    headers: Option<usize>,
    /// Lines of the message are indented by three blanks.
    pub is_indented: bool,
    /// Where the log goes on.
    pub end: usize,
    /// More stands behind the message than its writer would have put there.
    pub is_ambiguous: bool,
    /// It ends where both the message and its writer say.
    pub is_sure: bool,
    /// Its line feeds, where its head is as its writer writes it and holds nothing that anybody else chose, and where
    /// the message has its headers to the end.
    usual_feeds: Option<u64>,
}

impl Dump {
    /// Address of the other side, without port; empty where it is not told.
    pub fn peer<'t>(&self, bytes: &'t [u8]) -> &'t [u8] {
        &bytes[self.peer.clone()]
    }

    /// What the message declares as its body, and what is behind that up to where the log goes on: text of whoever sent
    /// it, unless the length is a lie. `None` where no record has room there.
    pub fn body(&self, bytes: &[u8]) -> Option<Range<usize>> {
        let begin = self.headers.or_else(|| {
            let message = &bytes[self.message.clone()];
            Some(self.message.start + EMPTY_LINE.find(message)? + EMPTY_LINE.needle().len())
        })?;
        (self.end >= begin + BODY_MIN).then_some(begin..self.end)
    }

    /// Sender and receiver with their ports, where both are told beside the message.
    pub fn addresses<'t>(&self, bytes: &'t [u8]) -> Option<Addresses<'t>> {
        self.addresses.clone().map(|[sender, receiver]| (&bytes[sender], &bytes[receiver]))
    }
}

/// The dumps of a block, asked for line by line.
#[derive(Debug)]
pub struct Dumps<'t> {
    bytes: &'t [u8],
    /// Those that are still to come, where whoever cut the block has found them all.
    known: Option<&'t [Dump]>,
    /// The one that was found last, where none were known.
    found: Option<Dump>,
    /// Where the last dump ended: what opens the next one stands behind it.
    floor: usize,
    vias: Vias,
}

impl<'t> Dumps<'t> {
    /// Of a block, with those that its [`Cut`] has found.
    pub fn of(bytes: &'t [u8], known: Option<&'t [Dump]>) -> Self {
        Self { bytes, known, found: None, floor: 0, vias: Vias::default() }
    }

    /// Whether one is known that begins before `end`.
    #[inline]
    pub fn is_known_before(&self, end: usize) -> bool {
        self.known.and_then(|known| known.first()).is_some_and(|dump| dump.message.start < end)
    }

    /// The one that is known to begin right there, where its head is as its writer writes it and the message has its
    /// headers to the end; and its line feeds.
    #[inline]
    pub fn known_at(&mut self, at: usize) -> Option<(&'t Dump, u64)> {
        let mut known = self.known?;
        // Those that were reached by a search.
        while known.first().is_some_and(|dump| dump.message.start < at) {
            known = &known[1..];
        }
        self.known = Some(known);
        let (dump, rest) = known.split_first()?;
        let feeds = dump.usual_feeds.filter(|_| dump.begin == at)?;
        self.known = Some(rest);
        Some((dump, feeds))
    }

    /// The message that begins on this line, which has these marks. The lines that are asked for
    /// come in their order, none inside a dump.
    pub fn at(&mut self, line: Range<usize>, marks: &LineMarks, layers: &mut Scratch) -> Option<&Dump> {
        if let Some(known) = &mut self.known {
            while known.first().is_some_and(|dump| dump.message.start < line.start) {
                *known = &known[1..];
            }
            return known.first().filter(|dump| dump.message.start < line.end);
        }
        if !may_begin(trim_end(&self.bytes[line.clone()]), marks) {
            return None;
        }
        self.found = find_at(self.bytes, self.floor, line, layers, &mut self.vias);
        let found = self.found.as_ref()?;
        self.floor = found.end;
        Some(found)
    }
}

/// The message that begins on this line, if one does. Its opener is looked for down to `floor`,
/// the end of the dump before.
pub fn at(bytes: &[u8], floor: usize, line: Range<usize>, layers: &mut Scratch) -> Option<Dump> {
    find_at(bytes, floor, line, layers, &mut Vias::default())
}

/// The same, where the lines of the bytes are asked in their order.
fn find_at(
    bytes: &[u8],
    floor: usize,
    line: Range<usize>,
    layers: &mut Scratch,
    vias: &mut Vias,
) -> Option<Dump> {
    let text = &bytes[line.clone()];
    let indent = if text.starts_with(b"   ") { 3 } else { 0 };
    if start_line(&text[indent..]).is_some() {
        let opener = opener::before(bytes, floor, line.start, layers)?;
        let is_indented = opener.ending == Ending::Ruler;
        return ((indent > 0) == is_indented)
            .then(|| Dump { is_indented, ..opened(bytes, opener, line.start) });
    }
    let from = line.start + first_line_within(text, layers)?;
    let message = |end: Option<usize>| {
        let dump = opened(bytes, opener::on(line.clone()), from);
        Dump { end: end.unwrap_or(dump.end), ..dump }
    };
    // Not where whoever wrote the prefix puts one in front of every line, as the next one shows. But a stranger may guess
    // the process that it names, and write such a line among his headers; no server takes a message without a Via.
    if !goes_on_alike(bytes, &line, layers) || vias.is_one_in(bytes, line.end..line.end + DUMP_MAX) {
        return Some(message(None));
    }
    vias.may_follow(bytes, line.end + DUMP_MAX).then(|| message(Some(bytes.len())))
}

/// The message that begins there, behind its opener.
#[inline(always)]
fn opened(bytes: &[u8], opener: Opener<'_>, from: usize) -> Dump {
    let extent = extent(bytes, opener.begin, from, opener.ending);
    Dump {
        begin: opener.begin,
        head: opener.head,
        stamp: opener.stamp,
        name: opener.name,
        direction: opener.direction,
        peer: place(bytes, opener.peer),
        addresses: opener.addresses.map(|(sender, receiver)| [place(bytes, sender), place(bytes, receiver)]),
        message: extent.message,
        headers: extent.headers,
        is_indented: false,
        end: extent.end,
        is_ambiguous: extent.is_ambiguous,
        is_sure: extent.is_sure,
        usual_feeds: (opener.is_usual && extent.lines.0 > 0).then(|| {
            let (lines, end) = extent.lines;
            let feeds = (opener::SIPDUMP_HEAD_LINES + lines) as u64 + feeds_of(&bytes[end..extent.end]);
            debug_assert_eq!(feeds, feeds_of(&bytes[opener.begin..extent.end]), "each is counted once");
            feeds
        }),
    }
}

/// The search for the dumps of some bytes.
#[derive(Debug, Default)]
struct Search {
    /// Where the last dump ended.
    floor: usize,
    /// What is before has been searched.
    from: usize,
    vias: Vias,
}

impl Search {
    /// That in bytes behind which others may follow.
    fn unfinished() -> Self {
        Self { vias: Vias::unfinished(), ..Self::default() }
    }

    /// The next dump whose first line begins before `until`, where a line does.
    #[inline(always)]
    fn next(&mut self, bytes: &[u8], until: usize, layers: &mut Scratch) -> Option<Dump> {
        if self.from == self.floor
            && let Some(dump) = sipdump_at(bytes, self.floor, until)
        {
            return Some(self.behind(dump));
        }
        while let Some(line) = next_version(bytes, self.from, until) {
            self.from = line.end;
            if let Some(dump) = find_at(bytes, self.floor, line, layers, &mut self.vias) {
                return Some(self.behind(dump));
            }
        }
        None
    }

    /// Goes on behind that dump.
    #[inline(always)]
    fn behind(&mut self, dump: Dump) -> Dump {
        (self.floor, self.from) = (dump.end, dump.end);
        dump
    }
}

/// What the search would find next where one record of `sipdump` follows another, without a search.
#[inline(always)]
fn sipdump_at(bytes: &[u8], begin: usize, until: usize) -> Option<Dump> {
    let (opener, from) = opener::sipdump_at(bytes, begin)?;
    if from >= until {
        return None;
    }
    let first = &bytes[from..bytes.len().min(from + DUMP_MAX)];
    start_line(&first[..near(b'\n', first)?])?;
    Some(opened(bytes, opener, from))
}

/// Where a part of the bytes stands in them.
fn place(bytes: &[u8], part: &[u8]) -> Range<usize> {
    if part.is_empty() {
        return 0..0;
    }
    let begin = part.as_ptr().addr() - bytes.as_ptr().addr();
    begin..begin + part.len()
}

/// Whether the line, which has these marks, could be a message's first, as a cheap look tells.
fn may_begin(line: &[u8], marks: &LineMarks) -> bool {
    let is_request = match line {
        [.., b'0'] => line.ends_with(b" SIP/2.0"),
        [.., b'.'] => line.ends_with(b" SIP/2.0."),
        _ => false,
    };
    let may_be_reply = line.first().is_some_and(|byte| *byte == b'S' || byte.is_ascii_whitespace());
    is_request
        || (may_be_reply && line.trim_ascii_start().starts_with(b"SIP/2.0 "))
        || match marks.is_whole() {
            true => marks
                .colons_from(0)
                .any(|at| line.get(at + 2) == Some(&b'S') && line[at..].starts_with(b": SIP/2.0 ")),
            false => STATUS.find(line).is_some(),
        }
}

/// Appends the message without the three blanks that sofia puts before each line.
pub fn unindent(message: &[u8], out: &mut Vec<u8>) {
    out.clear();
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        out.extend_from_slice(line.strip_prefix(b"   ").unwrap_or(line));
    }
}

/// Whether the next line, if there is one, is of the same process as that framed one.
fn goes_on_alike(bytes: &[u8], line: &Range<usize>, layers: &mut Scratch) -> bool {
    let (line, behind) = (&bytes[line.clone()], &bytes[line.end..]);
    let next = memchr::memchr(b'\n', behind).map_or(behind, |end| &behind[..end]);
    let next = frame::process(next, layers);
    behind.is_empty() || (next.is_some() && next == frame::process(line, layers))
}

/// Where in a framed line a message's first line begins, so that it goes on below: an operator
/// who logs the message and nothing before it.
fn first_line_within(line: &[u8], layers: &mut Scratch) -> Option<usize> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if !line.ends_with(b" SIP/2.0") && STATUS.find(line).is_none() {
        return None;
    }
    let record = frame::open(line, layers, false)?;
    let start = record.starts.iter().next()?;
    let text = &record.text[start.at..];
    start_line(text)?;
    let is_alone = frame::is_line_by_line(line);
    (!is_alone && line.ends_with(text)).then(|| line.len() - text.len())
}

/// The next line behind `from` and before `until` that may be a message's first.
fn next_version(bytes: &[u8], from: usize, until: usize) -> Option<Range<usize>> {
    let mut at = from;
    while at < until {
        let hit = at + VERSION.find(&bytes[at..until.min(bytes.len())])?;
        let behind = hit + 7;
        if bytes.get(behind) != Some(&b'/') {
            let begin = memchr::memrchr(b'\n', &bytes[from..hit]).map_or(from, |end| from + end + 1);
            let end = memchr::memchr(b'\n', &bytes[behind..]).map_or(bytes.len(), |end| behind + end + 1);
            return Some(begin..end);
        }
        // A Via header as a rule; but a first line, whose URI a stranger chose, may hold both.
        at = behind;
    }
    None
}

/// A message that was logged on one line, its line ends escaped: the words before it, and the
/// message with its line ends restored in `out`. `None` where the text holds none.
///
/// A line feed comes as `#012` (rsyslog), as `\012`, `\n`, or as itself (an unescaped JSON text).
pub fn escaped<'t>(text: &'t [u8], out: &'t mut Vec<u8>) -> Option<(&'t [u8], &'t [u8])> {
    const WAYS: [(&[u8], &[u8]); 4] =
        [(b"\n", b"\r"), (b"#012", b"#015"), (b"\\012", b"\\015"), (b"\\n", b"\\r")];
    // Every message has a first line, and hardly any other record holds the like.
    VERSION.find(text)?;
    let (feed, carriage) = WAYS.into_iter().find(|(feed, _)| memmem::find(text, feed).is_some())?;
    let without_carriage = |line: &'t [u8]| line.strip_suffix(carriage).unwrap_or(line);
    let (first, rest) = split_once(text, feed)?;
    let (words, from) = if start_line(without_carriage(first)).is_some() {
        (&b""[..], 0)
    } else {
        let (second, _) = split_once(rest, feed)?;
        start_line(without_carriage(second))?;
        (without_carriage(first), first.len() + feed.len())
    };
    out.clear();
    let message = &text[from..];
    if feed == b"\n" {
        return Some((words, message));
    }
    // Only what is a line end or a tab is restored: a header's text may hold the like.
    let mut rest = message;
    while let Some(at) = memchr::memchr(feed[0], rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let (byte, len) = if rest.starts_with(feed) {
            (b'\n', feed.len())
        } else if rest.starts_with(carriage) {
            (b'\r', carriage.len())
        } else if rest.starts_with(b"#011") {
            (b'\t', 4)
        } else {
            (rest[0], 1)
        };
        out.push(byte);
        rest = &rest[len..];
    }
    out.extend_from_slice(rest);
    Some((words, out))
}

#[cfg(test)]
mod tests;

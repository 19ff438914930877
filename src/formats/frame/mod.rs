//! What servers, loggers and containers put in front of a message.
//!
//! [`open`] peels one layer after the other (Docker, then syslog, then Kamailio, say) and ends
//! with a [`Record`]: who wrote it, when, and the places where its message can start. A layer
//! that needs rewriting (JSON escapes, colours) goes into a scratch buffer; the usual ones
//! borrow from the line. To add a frame, copy `freeswitch.rs` and call it from [`open`].

mod asterisk;
mod flexisip;
mod freeswitch;
mod json;
mod kamailio;
mod syslog;
mod usual;

use super::line_marks::LineMarks;
use super::stamp;
use super::text::near;
use crate::model::{Dialect, Stamp};
use std::ops::Range;
use syslog::By;
use usual::Usual;

/// What is reused from record to record: rewritten layers, and prefixes that are known.
#[derive(Debug, Default)]
pub struct Scratch {
    layers: [Vec<u8>; 3],
    usual: Usual,
}

/// Who wrote a message, as its frame tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin<'t> {
    /// A line of Kamailio's routing script (`<script>: `).
    Script,
    /// A Kamailio or OpenSIPS module.
    Module(&'t [u8]),
    /// A source file of Asterisk or FreeSWITCH, without its line number.
    File(&'t [u8]),
    /// Asterisk's console at verbose level, which names no file.
    Console,
    /// The frame names nobody.
    Plain,
}

/// A place in [`Record::text`] where the message can start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start<'t> {
    pub at: usize,
    pub origin: Origin<'t>,
    /// Call-ID and CSeq of Kamailio's stock `log_prefix`; empty where it has none.
    pub call_id: &'t [u8],
    pub cseq: &'t [u8],
}

impl Start<'_> {
    /// The start of a text whose frame names nobody.
    pub const PLAIN: Self = Self { at: 0, origin: Origin::Plain, call_id: b"", cseq: b"" };
}

/// More places than this and a record is ambiguous anyway.
const MOST_STARTS: usize = 4;

/// The places where one record's message can start: one as a rule. More than one means that the
/// record is ambiguous, should any of them hold a message we know.
#[derive(Debug, Clone)]
pub struct Starts<'t> {
    first: Option<Start<'t>>,
    /// Those of an ambiguous record.
    more: Vec<Start<'t>>,
    /// There were more places, or the frame itself is forged.
    pub is_ambiguous: bool,
}

impl<'t> Starts<'t> {
    /// No place yet.
    const fn none() -> Self {
        Self { first: None, more: Vec::new(), is_ambiguous: false }
    }

    /// The only place: the start of the text.
    const fn only(origin: Origin<'t>) -> Self {
        Self::only_at(0, origin)
    }

    /// The only place, further on.
    const fn only_at(at: usize, origin: Origin<'t>) -> Self {
        let start = Start { at, origin, call_id: b"", cseq: b"" };
        Self { first: Some(start), more: Vec::new(), is_ambiguous: false }
    }

    fn push(&mut self, start: Start<'t>) {
        if self.first.is_none() {
            self.first = Some(start);
        } else if self.more.len() + 1 < MOST_STARTS {
            self.more.push(start);
        } else {
            self.is_ambiguous = true;
        }
    }

    /// The places, in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = &Start<'t>> {
        self.first.iter().chain(&self.more)
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Whether there is more than one.
    pub const fn is_doubtful(&self) -> bool {
        !self.more.is_empty()
    }
}

/// A record without its framing.
#[derive(Debug, Clone)]
pub struct Record<'t> {
    pub stamp: Stamp,
    /// Host in the prefix; empty where there is none.
    pub host: &'t [u8],
    pub dialect: Dialect,
    /// Server thread that wrote it (Asterisk); empty where unknown.
    pub thread: &'t [u8],
    /// What follows the transport's prefix.
    pub text: &'t [u8],
    /// The same with what stands before it, where that may as well belong to the message: a word that was taken for the host,
    /// a second stamp.
    pub whole: Option<&'t [u8]>,
    pub starts: Starts<'t>,
}

/// What outer layers have told.
#[derive(Debug, Clone, Copy)]
struct Outer<'t> {
    stamp: Stamp,
    host: &'t [u8],
    /// At least one layer was peeled.
    is_framed: bool,
}

impl<'t> Outer<'t> {
    /// Takes over an inner layer's stamp where that is as complete as ours.
    fn with_stamp(mut self, inner: Stamp) -> Self {
        self.stamp = self.stamp.or_inner(inner);
        self.is_framed = true;
        self
    }

    fn with_host(mut self, host: &'t [u8]) -> Self {
        if !host.is_empty() {
            self.host = host;
        }
        self
    }

    fn record(self, dialect: Dialect, text: &'t [u8], starts: Starts<'t>) -> Record<'t> {
        Record { stamp: self.stamp, host: self.host, dialect, thread: b"", text, whole: None, starts }
    }
}

/// Peels the framing off one line (without its line end). `None` where no known prefix parses
/// from column 0 and `allow_bare` is off: such a line belongs to the record before it, or to
/// nobody.
pub fn open<'t>(line: &'t [u8], scratch: &'t mut Scratch, allow_bare: bool) -> Option<Record<'t>> {
    let outer = Outer { stamp: Stamp::None, host: b"", is_framed: allow_bare };
    peel(trim(line), outer, &mut scratch.layers)
}

/// The same for a line that has been marked, and which probably begins like one before.
pub fn open_next<'t>(
    line: &'t [u8],
    marks: &LineMarks,
    scratch: &'t mut Scratch,
    allow_bare: bool,
) -> Option<Record<'t>> {
    let Scratch { layers, usual } = scratch;
    let trimmed = trim(line);
    // The marks hold for a line that begins where it did.
    let is_whole = std::ptr::eq(trimmed.as_ptr(), line.as_ptr());
    if is_whole && let Some(record) = usual.open(trimmed, marks, allow_bare) {
        return Some(record);
    }
    let outer = Outer { stamp: Stamp::None, host: b"", is_framed: allow_bare };
    let record = peel(trimmed, outer, layers)?;
    if is_whole {
        usual.learn(trimmed, &record, allow_bare);
    }
    Some(record)
}

/// Whether every line that the program printed has a prefix of its own, as this one has: no message goes on behind it then.
pub fn is_line_by_line(line: &[u8]) -> bool {
    syslog::peel(trim(line)).is_some_and(|layer| layer.by != By::Logger)
}

/// Whether the last of these whole lines is a part of a longer one, as container runtimes cut it (Docker behind 16 KiB, and CRI):
/// the line behind it goes on with it.
pub fn ends_in_part(bytes: &[u8]) -> bool {
    let Some(bytes) = bytes.strip_suffix(b"\n") else { return false };
    let line = &bytes[memchr::memrchr(b'\n', bytes).map_or(0, |end| end + 1)..];
    match line.first() {
        Some(b'{') => json::is_part(line),
        Some(b'0'..=b'9') => syslog::cri(line).is_some_and(|line| line.is_part),
        _ => false,
    }
}

/// The lines, one behind another, of the one that CRI has cut and that the line at `at` is a part of; `None` where it stands alone.
/// Where the last of them is a part too, the rest of the line stands elsewhere.
pub fn parts_of(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let line_end = |at: usize| memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end + 1);
    let (mut begin, mut end) = (at, line_end(at));
    let syslog::Cri { stream, mut is_part, .. } = syslog::cri(&bytes[begin..end])?;
    while begin > 0 {
        let before = memchr::memrchr(b'\n', &bytes[..begin - 1]).map_or(0, |feed| feed + 1);
        if !syslog::cri(&bytes[before..begin]).is_some_and(|line| line.is_part && line.stream == stream) {
            break;
        }
        begin = before;
    }
    while is_part {
        let behind = line_end(end);
        let Some(next) = syslog::cri(&bytes[end..behind]).filter(|line| line.stream == stream) else { break };
        (is_part, end) = (next.is_part, behind);
    }
    (begin < at || end > line_end(at)).then_some(begin..end)
}

/// Appends the line of which these are all parts, as a whole one.
pub fn join_parts(parts: &[u8], out: &mut Vec<u8>) {
    for line in parts.split(|byte| *byte == b'\n') {
        let Some(part) = syslog::cri(line) else { continue };
        if out.is_empty() {
            // Up to the flag.
            out.extend_from_slice(&line[..line.len() - part.rest.len() - 2]);
            out.extend_from_slice(b"F ");
        }
        out.extend_from_slice(part.rest);
    }
}

/// Whether the line that stands there is of a kind that may be a part of a longer one, or the rest of it.
#[inline]
pub fn may_be_parted(text: &[u8]) -> bool {
    match text.first() {
        Some(b'{') => text.starts_with(json::DOCKER),
        Some(b'0'..=b'9') => {
            near(b' ', &text[..text.len().min(64)]).is_some_and(|blank| text[blank..].starts_with(b" std"))
        }
        _ => false,
    }
}

/// Host, program and process, where the line has a prefix of syslog's that names all three.
pub fn process<'t>(line: &'t [u8], scratch: &mut Scratch) -> Option<[&'t [u8]; 3]> {
    let line = trim(line);
    let text = open(line, scratch, false)?.text;
    syslog::process(line.strip_suffix(text)?)
}

/// The line of a routing script, whose prefix is known.
#[derive(Debug, Clone, Copy)]
pub struct Script<'t> {
    pub stamp: Stamp,
    pub host: &'t [u8],
    /// Where in the line the script's text begins.
    pub at: usize,
}

impl Scratch {
    /// Opens a marked line of a routing script that begins like one before, in its plain form: nothing in
    /// it is rewritten, nothing but the end of the prefix could be the start of a message, and no SIP message
    /// begins on it. `None` where [`open_next`] must tell.
    #[inline(always)]
    pub fn script<'t>(&mut self, line: &'t [u8], marks: &LineMarks) -> Option<Script<'t>> {
        // A request's first line ends with its version; a CR or a NUL is taken off a line.
        match line.last()? {
            b'\r' | 0 => return None,
            b'0' | b'.' if line.ends_with(b" SIP/2.0") || line.ends_with(b" SIP/2.0.") => return None,
            _ => {}
        }
        let opened = self.usual.prefix(line, false).filter(|opened| opened.has_no_version)?;
        Some(Script { stamp: opened.stamp, host: opened.host, at: opened.script_at(line, marks)? })
    }
}

/// Without what copytruncate (NUL), editors (a byte-order mark) and terminals (CR) leave at the ends.
fn trim(line: &[u8]) -> &[u8] {
    if let [first, .., last] = line
        && !matches!(first, 0 | 0xEF)
        && !matches!(last, b'\r' | b'\n' | 0)
    {
        return line;
    }
    let mut line = line;
    while let [0, rest @ ..] = line {
        line = rest;
    }
    line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
    while let [rest @ .., b'\r' | b'\n' | 0] = line {
        line = rest;
    }
    line
}

fn peel<'t>(text: &'t [u8], outer: Outer<'t>, scratch: &'t mut [Vec<u8>]) -> Option<Record<'t>> {
    // Colours stand around the prefix, never far behind it; a header value further on may hold
    // escapes of its own, and those are left alone unless the prefix has some.
    let head = &text[..text.len().min(40)];
    let is_coloured = memchr::memchr(0x1B, head).is_some()
        || (outer.is_framed && memchr::memmem::find(head, b"#033[").is_some());
    if is_coloured && !scratch.is_empty() {
        let (buffer, rest) = scratch.split_first_mut()?;
        strip_colours(text, buffer);
        return peel(trim(buffer), outer, rest);
    }
    match *text.first()? {
        b'{' => json::open(text, outer, scratch),
        b'@' => match text.strip_prefix(b"@cee: ") {
            Some(object) => json::open(object, outer, scratch),
            None => application(text, outer),
        },
        b'<' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'[' => {
            match syslog::peel(text).filter(|_| !outer.is_framed || outer.host.is_empty()) {
                Some(layer) if layer.by == By::RuntimePart => Some(parted(outer, layer.rest)),
                Some(layer) => {
                    let inner = outer.with_stamp(layer.stamp).with_host(layer.host);
                    let rest = syslog::repeated(layer.rest).unwrap_or(layer.rest);
                    match rest.first() {
                        Some(b'{' | b'[' | b'@' | 0x1B | b'#') => peel(rest, inner, scratch),
                        // A program in a container that writes syslog's stamps to its standard error.
                        Some(b'A'..=b'Z') if layer.by == By::Runtime && stamp::rfc3164(rest).is_some() => {
                            peel(rest, inner, scratch)
                        }
                        Some(_) => {
                            let record = application(rest, inner)?;
                            let untagged = layer.untagged.filter(|_| record.dialect == Dialect::Unknown);
                            Some(Record { whole: untagged.or(record.whole), ..record })
                        }
                        None => None,
                    }
                }
                None => application(text, outer),
            }
        }
        _ => application(text, outer),
    }
}

/// A part of a longer line, of which nothing is believed.
fn parted<'t>(outer: Outer<'t>, text: &'t [u8]) -> Record<'t> {
    let starts = Starts { is_ambiguous: true, ..Starts::only(Origin::Plain) };
    Outer { is_framed: true, ..outer }.record(Dialect::Unknown, text, starts)
}

/// The innermost layer: the server's own prefix.
fn application<'t>(text: &'t [u8], outer: Outer<'t>) -> Option<Record<'t>> {
    if let Some((stamp, rest)) = syslog::own_stamp(text).filter(|_| outer.is_framed) {
        return Some(Record { whole: Some(text), ..message(rest, outer.with_stamp(stamp))? });
    }
    message(text, outer)
}

fn message<'t>(text: &'t [u8], outer: Outer<'t>) -> Option<Record<'t>> {
    kamailio::open(text, outer)
        .or_else(|| asterisk::open(text, outer))
        .or_else(|| freeswitch::open(text, outer))
        .or_else(|| flexisip::open(text, outer))
        .or_else(|| {
            let bare = || outer.record(Dialect::Unknown, text, Starts::only(Origin::Plain));
            outer.is_framed.then(bare)
        })
}

/// Appends the text without terminal escapes (`ESC [ … letter`, also as rsyslog writes them:
/// `#033[ … letter`) and without carriage returns.
fn strip_colours(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        let sequence = match byte {
            0x1B => Some(tail.strip_prefix(b"[").unwrap_or(tail)),
            b'#' => tail.strip_prefix(b"033["),
            _ => None,
        };
        match sequence {
            Some(sequence) => {
                let parameters =
                    sequence.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
                rest = &sequence[(parameters + 1).min(sequence.len())..];
            }
            None => {
                if byte != b'\r' {
                    out.push(byte);
                }
                rest = tail;
            }
        }
    }
}

#[cfg(test)]
mod tests;

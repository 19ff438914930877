//! The scan of one block: from needle to needle, and at each hit the frame and the message.
//!
//! A line without any needle is never looked at: it holds nothing that a reader would take. A
//! hit proves nothing by itself (a User-Agent can hold any literal); it only makes the line worth
//! opening from its column 0.

mod block;
mod doubt;
mod dumped;
mod parted;

pub use self::block::{Before, Block, LineEnds};
use super::frame::{self, Script, Start};
use super::line_marks::LineMarks;
use super::lines::{Counted, Lines, feeds_of, lines_of};
use super::message::{MESSAGES, Outcome, Text, reg_ok};
use super::needles::{Feeds, Hit, Needles};
use super::pattern::{self, Pattern, Patterns};
use super::sip::{dump, event::Transfer, opener, siptrace};
use super::words::Marked;
#[cfg(target_arch = "x86_64")]
use crate::model::wide;
use crate::model::{Dialect, Event, Kind, Reject, RejectReason, Sink, Spot};
use std::ops::Range;

/// A log record is no longer than this: syslog cuts at 8 KiB, Asterisk at 8 KiB, Docker's parts
/// at 16 KiB, and a SIP message over UDP at 64 KiB. A longer line with a needle in it is
/// rejected, so that one broken file cannot hold a worker.
pub const RECORD_MAX: usize = 1 << 20;

/// Everything that is searched for in one run: the built-in messages and the operator's patterns.
#[derive(Debug)]
pub struct Scanner {
    patterns: Patterns,
    needles: Needles,
}

/// Buffers of one worker, reused from record to record.
#[derive(Debug)]
pub struct Scratch {
    layers: frame::Scratch,
    /// Of the line that is being read.
    marks: LineMarks,
    patterns: Vec<pattern::Scratch>,
    /// The built-in message that was read last, by its number: others of its kind follow.
    latest: usize,
    sip: SipScratch,
    feeds: Feeds,
    /// A line that stands in the log in parts.
    parts: Vec<u8>,
    /// What is read stands inside a message.
    is_inside: bool,
}

/// What a message needs rewritten: its line ends, and its folded values.
#[derive(Debug, Default)]
struct SipScratch {
    message: Vec<u8>,
    values: Vec<u8>,
}

/// What surrounds one line.
#[derive(Debug, Clone, Copy)]
struct Context {
    spot: Spot,
    allow_bare: bool,
    is_continuation: bool,
}

impl Scanner {
    /// A scanner for the built-in messages and these patterns, which are asked first.
    pub fn new(patterns: Patterns) -> Self {
        Self::for_logs(patterns, b"")
    }

    /// The same, quick in logs like that sample of some.
    pub fn for_logs(patterns: Patterns, sample: &[u8]) -> Self {
        let mut needles: Vec<&[u8]> =
            MESSAGES.iter().flat_map(|message| message.needles.iter().copied()).collect();
        needles.extend(patterns.each().iter().map(Pattern::needle));
        needles.extend(dump::NEEDLES);
        needles.sort_unstable();
        needles.dedup();
        let needles = Needles::new(&needles, sample);
        Self { patterns, needles }
    }

    /// The operator's.
    pub fn patterns(&self) -> &Patterns {
        &self.patterns
    }

    /// Buffers for one worker.
    pub fn scratch(&self) -> Scratch {
        Scratch {
            layers: frame::Scratch::default(),
            marks: LineMarks::default(),
            patterns: self.patterns.scratch(),
            latest: 0,
            sip: SipScratch::default(),
            feeds: Feeds::default(),
            parts: Vec::new(),
            is_inside: false,
        }
    }

    /// Tells the sink of every record in the block that says something, and returns the number of
    /// lines in the block.
    pub fn scan(&self, block: &Block<'_>, scratch: &mut Scratch, sink: &mut impl Sink) -> u64 {
        let mut lines = Counted::default();
        self.scan_lines(block, scratch, &mut lines, sink);
        lines.0
    }

    /// The same, and tells `lines` of every line, read or not.
    pub fn scan_lines(
        &self,
        block: &Block<'_>,
        scratch: &mut Scratch,
        lines: &mut impl Lines,
        sink: &mut impl Sink,
    ) {
        #[cfg(target_arch = "x86_64")]
        if wide::is_there() {
            #[expect(unsafe_code, reason = "the compiler cannot see what was asked just before")]
            // SAFETY: the processor has all that is asked for.
            unsafe {
                self.scan_by_avx512(block, scratch, lines, sink);
            }
            return;
        }
        #[cfg(target_arch = "x86_64")]
        if is_wide() {
            #[expect(unsafe_code, reason = "the compiler cannot see what was asked just before")]
            // SAFETY: the processor has all that is asked for.
            unsafe {
                self.scan_by_avx2(block, scratch, lines, sink);
            }
            return;
        }
        self.scan_by(block, scratch, lines, sink, (LineMarks::find, LineMarks::next_blanks));
    }

    /// The whole way from line to event with the instructions that nearly every processor has by now.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn scan_by_avx2(
        &self,
        block: &Block<'_>,
        scratch: &mut Scratch,
        lines: &mut impl Lines,
        sink: &mut impl Sink,
    ) {
        let mark = |marks: &mut LineMarks, text: &[u8]| marks.find_by_avx2(text);
        self.scan_by(block, scratch, lines, sink, (mark, LineMarks::next_blanks));
    }

    /// The same with wider registers, in which a line is marked with fewer instructions.
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,avx512bw,avx512vl,avx512vbmi,avx512vbmi2,vaes,bmi1,bmi2,lzcnt,popcnt")]
    fn scan_by_avx512(
        &self,
        block: &Block<'_>,
        scratch: &mut Scratch,
        lines: &mut impl Lines,
        sink: &mut impl Sink,
    ) {
        let mark = |marks: &mut LineMarks, text: &[u8]| marks.find_by_avx512(text);
        let next_blanks = |marks: &LineMarks, from: usize| marks.next_blanks_by_avx512(from);
        self.scan_by(block, scratch, lines, sink, (mark, next_blanks));
    }

    #[inline(always)]
    fn scan_by(
        &self,
        block: &Block<'_>,
        scratch: &mut Scratch,
        lines: &mut impl Lines,
        sink: &mut impl Sink,
        (mark, next_blanks): (impl Fn(&mut LineMarks, &[u8]) -> usize, impl Fn(&LineMarks, usize) -> u64),
    ) {
        let bytes = block.bytes;
        // What stands before has been told of. Lines that are read are told of as they come.
        let mut told = 0;
        let mut at = 0;
        let mut dumps = dump::Dumps::of(bytes, block.dumps);
        // Where the line before had its needle, counted from its begin: lines of one kind follow
        // one another, and what has a needle there needs no search.
        let mut habit: Option<Hit> = None;
        // No line in the head of a dump is a record, unless an operator says so.
        let may_skip_heads = self.patterns.each().is_empty();
        loop {
            // Dumps follow one another: nothing has to be searched for.
            let run = at;
            let (mut records, mut ends) = (0, 0);
            while may_skip_heads && let Some((dump, feeds)) = dumps.known_at(at) {
                records += 1 + self.dump(block, dump, scratch, sink);
                ends += feeds;
                at = dump.end;
            }
            if records > 0 {
                let is_whole = (run == 0 || bytes[run - 1] == b'\n') && bytes[at - 1] == b'\n';
                // Else it is the rest of a line that has been told of, or one that is to be told of as a whole.
                if told <= run && is_whole {
                    lines.stretch(bytes, told..run);
                    lines.counted(bytes, run..at, ends);
                    told = at;
                }
                sink.continued(ends.saturating_sub(records));
            }
            let is_same = |hit: &Hit| self.needles.is_at(hit.needle, bytes, at + hit.at);
            let (mut begin, mut len) = (at, 0);
            let mut is_known = false;
            if let Some(hit) = habit.filter(is_same) {
                len = mark(&mut scratch.marks, &bytes[at..]);
                // Else it stands in a line further on, and an earlier one may have another.
                is_known = hit.at < len;
            }
            if !is_known {
                let hit = self.needles.find(bytes, at, &mut scratch.feeds);
                let ends = scratch.feeds.before(hit.map_or(bytes.len(), |hit| hit.at));
                begin = ends.last().map_or(at, |before| before + 1);
                if told == at {
                    lines.ended(bytes, at, ends);
                    told = begin;
                }
                let Some(hit) = hit else { break };
                len = mark(&mut scratch.marks, &bytes[begin..]);
                habit = Some(Hit { at: hit.at - begin, ..hit });
            }
            let end = begin + len;
            let whole = begin..(end + 1).min(bytes.len());
            // What follows a dump may be the rest of a line that has been told of, or of one that has not.
            if whole.end > told {
                let is_whole = begin == 0 || bytes[begin - 1] == b'\n';
                let start = if is_whole { begin } else { line_start(bytes, begin) };
                if told < start {
                    lines.stretch(bytes, told..start);
                }
                lines.line(bytes, start..end);
                told = whole.end;
            }
            if len > RECORD_MAX {
                let reject =
                    Reject { spot: block.spot(begin), reason: RejectReason::TooLong, source: String::new() };
                sink.reject(reject);
                at = whole.end;
                continue;
            }
            if frame::may_be_parted(&bytes[begin..])
                && let Some(parts) = frame::parts_of(bytes, begin)
            {
                self.parted(block, parts.clone(), scratch, sink);
                at = parts.end;
                if told < at {
                    lines.stretch(bytes, told..at);
                    told = at;
                }
                continue;
            }
            // A line of the block without a line end is its last one.
            let is_unfinished = whole.end == end && doubt::is_unfinished(block, &bytes[begin..end]);
            if !is_unfinished
                && !dumps.is_known_before(whole.end)
                && self.usual(block, begin..end, scratch, sink, &next_blanks)
            {
                at = whole.end;
                continue;
            }
            if let Some(dump) = dumps.at(whole.clone(), &scratch.marks, &mut scratch.layers) {
                let records = 1 + self.dump(block, dump, scratch, sink);
                sink.continued(feeds_of(&bytes[dump.begin..dump.end]).saturating_sub(records));
                at = dump.end.max(whole.start + 1);
                told = skip_body(bytes, dump, told, lines);
                continue;
            }
            let context = Context {
                spot: block.spot(begin),
                allow_bare: block.allow_bare,
                is_continuation: block.is_continuation(begin),
            };
            match is_unfinished {
                true => self.unfinished(&bytes[begin..end], context, scratch, sink),
                false => self.line(&bytes[begin..end], context, scratch, sink),
            }
            at = whole.end;
        }
        if told < bytes.len() {
            lines.stretch(bytes, told..bytes.len());
        }
        if block.ends_input {
            dumped::tell_open_head(block, sink);
        }
    }

    /// Reads a line of a routing script behind a prefix that is known, in as few steps as there can be: where
    /// an operator's pattern takes it, or where it is the recommended line in its usual form. `false` where
    /// the long way must tell, and nothing has been told.
    #[inline(always)]
    fn usual(
        &self,
        block: &Block<'_>,
        line: Range<usize>,
        scratch: &mut Scratch,
        sink: &mut impl Sink,
        next_blanks: &impl Fn(&LineMarks, usize) -> u64,
    ) -> bool {
        if block.allow_bare || block.is_continuation(line.start) {
            return false;
        }
        let spot = block.spot(line.start);
        let text = &block.bytes[line.start..];
        let line = &text[..line.len()];
        let Some(Script { stamp, host, at }) = scratch.layers.script(line, &scratch.marks) else {
            return false;
        };
        let mut event =
            Event { spot, stamp, host, dialect: Dialect::Kamailio, ..Event::new(Kind::Attempt, "") };
        let mut is_usual = false;
        if !self.patterns.each().is_empty() {
            match self.patterns.read(&line[at..], &mut event, &mut scratch.patterns).0 {
                Outcome::NoMatch => {}
                Outcome::Event => is_usual = true,
                Outcome::Other | Outcome::Reject(_) => return false,
            }
        }
        let next_blanks = |from| next_blanks(&scratch.marks, from);
        is_usual = is_usual || reg_ok::usual(text, line.len(), at, next_blanks, &mut event).is_some();
        if is_usual {
            sink.usual(&event);
        }
        is_usual
    }

    /// Reads one line that holds a needle.
    fn line(&self, line: &[u8], context: Context, scratch: &mut Scratch, sink: &mut impl Sink) {
        let Context { spot, allow_bare, is_continuation } = context;
        let Scratch { layers, marks, patterns, latest, sip, .. } = scratch;
        if allow_bare && let Some(row) = siptrace::row(line, &mut sip.message) {
            let SipScratch { message, values } = sip;
            let blank = Event {
                spot,
                stamp: row.stamp,
                dialect: Dialect::Kamailio,
                ..Event::new(Kind::Attempt, "kamailio-siptrace")
            };
            let transfer =
                Transfer { direction: row.direction, peer: row.peer, addresses: None, is_ambiguous: false };
            transfer.tell(message, blank, values, sink);
            return;
        }
        let Some(record) = frame::open_next(line, marks, layers, allow_bare) else {
            if line.first() == Some(&b'{') {
                self.doubt_object(line, spot, patterns, sink);
            }
            return;
        };
        if record.starts.is_ambiguous {
            // The frame itself is forged: there is no place to read from, but a needle was in it.
            sink.reject(Reject { spot, reason: RejectReason::Ambiguous, source: String::new() });
            return;
        }
        let is_ambiguous = is_continuation || record.starts.is_doubtful();
        let mut is_other = false;
        let starts = record.starts.iter().map(|start| (*start, &record.text[start.at..], record.host));
        let host = |whole: &[u8]| if whole.starts_with(record.host) { b"" } else { record.host };
        let whole = record.whole.map(|whole| (Start::PLAIN, whole, host(whole)));
        for (start, text, host) in starts.chain(whole) {
            let marked = Marked::of(text, line, marks);
            let text = Text { text, origin: start.origin, record: &record, marked };
            let blank = || Event {
                dialect: record.dialect,
                spot,
                stamp: record.stamp,
                host,
                call_id: start.call_id,
                cseq: start.cseq,
                thread: record.thread,
                ..Event::new(Kind::Attempt, "")
            };
            match self.read(&text, blank, is_ambiguous, (&mut *patterns, &mut *latest), sink) {
                Found::Nothing => {}
                Found::Other => is_other = true,
                Found::Event => return,
                Found::Reject(reason, source) => {
                    let reason = if is_ambiguous { RejectReason::Ambiguous } else { reason };
                    sink.reject(Reject { spot, reason, source: source.to_owned() });
                    return;
                }
            }
        }
        let SipScratch { message, values } = sip;
        if let Some(start) = record.starts.iter().next()
            && let Some((words, message)) = dump::escaped(&record.text[start.at..], message)
        {
            let (direction, peer) = opener::words(words);
            let blank = Event {
                dialect: record.dialect,
                spot,
                stamp: record.stamp,
                host: record.host,
                thread: record.thread,
                ..Event::new(Kind::Attempt, "sip-message")
            };
            Transfer { direction, peer, addresses: None, is_ambiguous }.tell(message, blank, values, sink);
            return;
        }
        if is_other {
            sink.other(spot, record.stamp);
        }
    }

    /// Reads one possible start of a message, of which the frame has told what `blank` gives: the
    /// operator's patterns first, then the built-in messages. Where another start is possible too, an event is not believed.
    fn read<'s>(
        &'s self,
        text: &Text<'s, '_>,
        blank: impl Fn() -> Event<'s>,
        is_ambiguous: bool,
        (patterns, latest): (&'s mut [pattern::Scratch], &mut usize),
        sink: &mut impl Sink,
    ) -> Found<'s> {
        let mut event = blank();
        let mut refused = Found::Nothing;
        if !self.patterns.each().is_empty() {
            let (outcome, name) = self.patterns.read(text.text, &mut event, patterns);
            refused = match outcome {
                Outcome::NoMatch => Found::Nothing,
                Outcome::Other => return Found::Other,
                // A built-in message may read what no pattern can.
                Outcome::Reject(reason) => Found::Reject(reason, name),
                Outcome::Event if is_ambiguous => return Found::Reject(RejectReason::Ambiguous, name),
                Outcome::Event => {
                    sink.event(&event);
                    return Found::Event;
                }
            };
        }
        // No two of them recognise one text, so any may be asked first.
        let others = (0..MESSAGES.len()).filter(|number| number != latest);
        for number in std::iter::once(*latest).chain(others) {
            let message = &MESSAGES[number];
            event.source = message.name;
            let found = match (message.read)(text, &mut event) {
                Outcome::NoMatch => {
                    // Nothing has been written then, but for what a reader saw before it knew.
                    event = blank();
                    continue;
                }
                Outcome::Other => Found::Other,
                Outcome::Reject(reason) => Found::Reject(reason, message.name),
                Outcome::Event if is_ambiguous => Found::Reject(RejectReason::Ambiguous, message.name),
                Outcome::Event => {
                    sink.event(&event);
                    Found::Event
                }
            };
            *latest = number;
            return found;
        }
        refused
    }
}

/// Whether the processor has what [`Scanner::scan_by_avx2`] is made of.
#[cfg(target_arch = "x86_64")]
fn is_wide() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("lzcnt")
        && is_x86_feature_detected!("popcnt")
}

/// Tells of the lines up to a dump's body and counts those of the body, which tell nothing of the log; gives what has
/// been told of. Out of the way of lines that are no dumps.
#[inline(never)]
fn skip_body(bytes: &[u8], dump: &dump::Dump, told: usize, lines: &mut impl Lines) -> usize {
    let Some(body) = dump.body(bytes).filter(|body| told <= body.start) else { return told };
    let body = body.start..dump::line_end(bytes, body.end);
    lines.stretch(bytes, told..body.start);
    lines.counted(bytes, body.clone(), lines_of(&bytes[body.clone()]));
    body.end
}

/// Where the line begins that goes on at that place.
#[cold]
fn line_start(bytes: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |end| end + 1)
}

/// What one possible start held.
enum Found<'s> {
    Nothing,
    Other,
    Event,
    Reject(RejectReason, &'s str),
}

#[cfg(test)]
mod tests;

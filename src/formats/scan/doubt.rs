//! Records where none can be believed: in what a message declares as its body, where its writer does not end it there,
//! objects without a prefix among lines that have one, and lines that are not written to their end.

use super::{Before, Block, Context, Scanner, Scratch};
use crate::formats::message::Outcome;
use crate::formats::pattern;
use crate::formats::sip::opener;
use crate::model::{Aor, Event, Kind, Reject, RejectReason, Sink, Spot, Stamp, Unfinished};
use std::ops::Range;

/// Messages that their servers end with fixed words, or with what says nothing of a user.
const BUILT_IN_ENDS: [&str; 3] = ["asterisk-pjsip", "asterisk-chan_sip", "asterisk-start"];

impl Scanner {
    /// Rejects the records that stand there in the block, as a message's body, and gives how many: their text may be
    /// the sender's, or the length a lie that would hide the server's own.
    #[cold]
    pub(super) fn doubt(
        &self,
        block: &Block<'_>,
        body: Option<Range<usize>>,
        scratch: &mut Scratch,
        sink: &mut impl Sink,
    ) -> u64 {
        let Some(body) = body.filter(|_| !scratch.is_inside) else { return 0 };
        let (start, bytes) = (block.spot(body.start), &block.bytes[body]);
        let mut doubt = Doubt { sink, rejected: 0 };
        scratch.is_inside = true;
        self.scan(
            &Block { bytes, start, before: Before::default(), dumps: None, ends_input: false, ..*block },
            scratch,
            &mut doubt,
        );
        scratch.is_inside = false;
        if doubt.rejected == 0
            && let Some(at) = opener_in(bytes)
        {
            // The length may end inside the message that this opens.
            let spot = Spot { offset: start.offset + at as u64, ..start };
            doubt.reject(Reject { spot, reason: RejectReason::Ambiguous, source: "sip-message".to_owned() });
        }
        doubt.rejected
    }

    /// Rejects an object of an operator's own among lines that have a prefix: it may go on with a record that was written
    /// over many lines, and so be a stranger's text.
    #[cold]
    pub(super) fn doubt_object(
        &self,
        line: &[u8],
        spot: Spot,
        patterns: &mut [pattern::Scratch],
        sink: &mut impl Sink,
    ) {
        let mut event = Event { spot, ..Event::new(Kind::Attempt, "") };
        let (outcome, name) = self.patterns.read(line, &mut event, patterns);
        let mut doubt = Doubt { sink, rejected: 0 };
        match outcome {
            Outcome::NoMatch | Outcome::Other => {}
            Outcome::Event => doubt.event(&event),
            Outcome::Reject(reason) => doubt.reject(Reject { spot, reason, source: name.to_owned() }),
        }
    }

    /// Reads the last line of an input, which has no line end: a server may be about to write the rest of it. Of a record
    /// that could name another user then, or that cannot be read as it stands, nothing is believed.
    #[cold]
    pub(super) fn unfinished(
        &self,
        line: &[u8],
        context: Context,
        scratch: &mut Scratch,
        sink: &mut impl Sink,
    ) {
        let line = without_hole(line);
        if begins_object(line) {
            // One that is not closed says nothing, whoever wrote it.
            sink.unfinished(context.spot, Unfinished::Record);
            return;
        }
        let mut last = Last { line, sink, spot: context.spot };
        self.line(line, context, scratch, &mut last);
    }
}

/// Whether these lines may go on behind the block: the input ends with them and they have no line end. An object that is
/// closed does not go on.
#[inline]
pub(super) fn is_unfinished(block: &Block<'_>, lines: &[u8]) -> bool {
    block.ends_input && !lines.ends_with(b"\n") && !is_whole_object(without_hole(lines))
}

#[cold]
fn is_whole_object(line: &[u8]) -> bool {
    line.starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(line).is_ok()
}

/// Whether an object begins there, and no text that an operator begins with a brace.
fn begins_object(line: &[u8]) -> bool {
    let inside = line.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    inside.is_some_and(|inside| matches!(inside.first(), None | Some(b'"' | b'}')))
}

/// Without the zeros that a file holds where it was made longer and not yet written.
fn without_hole(line: &[u8]) -> &[u8] {
    let len = line.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &line[..len]
}

/// Where the first line begins that opens a dump.
fn opener_in(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if opener::opens_record(line) {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// Rejects every record that could decide on a user, and counts them; tells of nothing else.
struct Doubt<'s> {
    sink: &'s mut dyn Sink,
    rejected: u64,
}

impl Sink for Doubt<'_> {
    fn event(&mut self, event: &Event<'_>) {
        if !matches!(event.kind, Kind::Refused | Kind::Attempt | Kind::Fetched) {
            let (spot, source) = (event.spot, event.source.to_owned());
            self.reject(Reject { spot, reason: RejectReason::Ambiguous, source });
        }
    }

    fn other(&mut self, _: Spot, _: Stamp) {}

    fn reject(&mut self, reject: Reject) {
        self.rejected += 1;
        self.sink.reject(reject);
    }
}

/// Believes the record of a line that may go on where no name in it can, and nothing that decides what it says.
struct Last<'s> {
    line: &'s [u8],
    sink: &'s mut dyn Sink,
    spot: Spot,
}

impl Last<'_> {
    /// Whether the text stands at the end of the line. Nobody knows of one that was copied for its colours.
    fn may_go_on(&self, text: &[u8]) -> bool {
        let (line, text) = (self.line.as_ptr_range(), text.as_ptr_range());
        text.end == line.end || (text.start < text.end && !(line.start <= text.start && text.end <= line.end))
    }

    fn is_open(&self, event: &Event<'_>) -> bool {
        let aor = match event.aor {
            Aor::Uri(text) | Aor::Name(text) => self.may_go_on(text),
            Aor::Parts { user, domain } => self.may_go_on(user) || self.may_go_on(domain),
            Aor::Nobody => false,
        };
        let deciding = [event.contact, event.call_id, event.cseq];
        // What else is to come may leave a binding or not, or name another user: in what an operator's pattern or `acc`'s
        // list of extras reads nothing but a User-Agent is known to be the last.
        let ends_with_agent = event.agent.text().is_some_and(|text| self.may_go_on(text));
        let has_free_end = !BUILT_IN_ENDS.contains(&event.source) && !ends_with_agent;
        aor || has_free_end || deciding.into_iter().any(|text| self.may_go_on(text))
    }
}

impl Sink for Last<'_> {
    fn event(&mut self, event: &Event<'_>) {
        if self.is_open(event) {
            self.sink.unfinished(self.spot, Unfinished::Record);
            return;
        }
        self.sink.event(event);
        if event.agent.text().is_some_and(|text| self.may_go_on(text)) {
            self.sink.unfinished(self.spot, Unfinished::Agent);
        }
    }

    fn other(&mut self, _: Spot, _: Stamp) {
        self.sink.unfinished(self.spot, Unfinished::Record);
    }

    fn reject(&mut self, _: Reject) {
        self.sink.unfinished(self.spot, Unfinished::Record);
    }
}

//! Records where none can be believed: in what a message declares as its body, where its writer does not end it there, and
//! objects without a prefix among lines that have one.

use super::{Before, Block, Scanner, Scratch};
use crate::formats::message::Outcome;
use crate::formats::pattern;
use crate::formats::sip::opener;
use crate::model::{Event, Kind, Reject, RejectReason, Sink, Spot, Stamp};
use std::ops::Range;

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
            &Block { bytes, start, before: Before::default(), dumps: None, ..*block },
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

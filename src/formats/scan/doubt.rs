//! Records where none can be believed: in what a message declares as its body, where its writer does not end it there.

use super::{Before, Block, Scanner, Scratch};
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

//! Records where none can be believed: in what a message declares as its body.

use super::{Block, Scanner, Scratch};
use crate::model::{Event, Kind, Reject, RejectReason, Sink, Spot, Stamp};
use std::ops::Range;

/// No record is shorter; what is behind a message without a body is.
const BODY_MIN: usize = 40;

impl Scanner {
    /// Rejects the records that stand there in the block, as a message's body, and gives how many: their text may be
    /// the sender's, or the length a lie that would hide the server's own.
    #[inline]
    pub(super) fn doubt(
        &self,
        block: &Block<'_>,
        body: Range<usize>,
        scratch: &mut Scratch,
        sink: &mut impl Sink,
    ) -> u64 {
        if scratch.is_inside || body.len() < BODY_MIN {
            return 0;
        }
        // A line that the length cuts in two is in doubt to its end.
        let rest = &block.bytes[body.end..];
        let is_cut = block.bytes[body.end - 1] != b'\n';
        let end = if is_cut { memchr::memchr(b'\n', rest).unwrap_or(rest.len()) } else { 0 };
        let (start, bytes) = (block.spot(body.start), &block.bytes[body.start..body.end + end]);
        let mut doubt = Doubt { sink, rejected: 0 };
        scratch.is_inside = true;
        self.scan(&Block { bytes, start, follows_cr: false, dumps: None, ..*block }, scratch, &mut doubt);
        scratch.is_inside = false;
        doubt.rejected
    }
}

/// Rejects every record that would be evidence of an acceptance, and counts them; tells of nothing else.
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

//! Lines that a container's runtime has cut into parts, each with a prefix of its own.

use super::{Block, Context, RECORD_MAX, Scanner, Scratch};
use crate::formats::frame;
use crate::model::{Reject, RejectReason, Sink};
use std::ops::Range;

impl Scanner {
    /// Reads one line that stands in the block in parts.
    #[cold]
    pub(super) fn parted(
        &self,
        block: &Block<'_>,
        parts: Range<usize>,
        scratch: &mut Scratch,
        sink: &mut impl Sink,
    ) {
        let mut line = std::mem::take(&mut scratch.parts);
        line.clear();
        let count = frame::join_parts(&block.bytes[parts.clone()], &mut line);
        let spot = block.spot(parts.start);
        if line.len() > RECORD_MAX {
            sink.reject(Reject { spot, reason: RejectReason::TooLong, source: String::new() });
        } else {
            scratch.marks.find(&line);
            let is_continuation = block.is_continuation(parts.start);
            self.line(&line, Context { spot, allow_bare: block.allow_bare, is_continuation }, scratch, sink);
        }
        sink.continued(count - 1);
        scratch.parts = line;
    }
}

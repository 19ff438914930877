//! Lines that a container's runtime has cut into parts, each with a prefix of its own.

use super::{Block, Context, RECORD_MAX, Scanner, Scratch, doubt};
use crate::formats::frame;
use crate::formats::lines::lines_of;
use crate::model::{Reject, RejectReason, Sink};
use std::ops::Range;

impl Scanner {
    /// Reads one line that stands in the block in parts; of one that lacks the last of them nothing is believed.
    #[cold]
    pub(super) fn parted(
        &self,
        block: &Block<'_>,
        parts: Range<usize>,
        scratch: &mut Scratch,
        sink: &mut impl Sink,
    ) {
        let (spot, is_continuation) = (block.spot(parts.start), block.is_continuation(parts.start));
        let parts = &block.bytes[parts];
        let is_unfinished = doubt::is_unfinished(block, parts);
        sink.continued(lines_of(parts) - 1);
        let is_cut = frame::ends_in_part(parts);
        if is_cut || parts.len() > RECORD_MAX {
            let reason = if is_cut { RejectReason::Ambiguous } else { RejectReason::TooLong };
            sink.reject(Reject { spot, reason, source: String::new() });
            return;
        }
        let mut line = std::mem::take(&mut scratch.parts);
        line.clear();
        frame::join_parts(parts, &mut line);
        scratch.marks.find(&line);
        let context = Context { spot, allow_bare: block.allow_bare, is_continuation };
        match is_unfinished {
            true => self.unfinished(&line, context, scratch, sink),
            false => self.line(&line, context, scratch, sink),
        }
        scratch.parts = line;
    }
}

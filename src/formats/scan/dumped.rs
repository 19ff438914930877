//! Whole SIP messages among the lines.

use super::{Block, Scanner, Scratch, SipScratch};
use crate::formats::frame;
use crate::formats::sip::event::Transfer;
use crate::formats::sip::{dump, opener};
use crate::model::marks::WIDE;
use crate::model::near::{AHEAD, fetch};
use crate::model::{Event, Kind, Sink};

impl Scanner {
    /// Reads a whole SIP message among the lines, and gives how many records in its body were rejected.
    pub(super) fn dump(
        &self,
        block: &Block<'_>,
        dump: &dump::Dump,
        scratch: &mut Scratch,
        sink: &mut impl Sink,
    ) -> u64 {
        let bytes = block.bytes;
        // Whoever found it has passed over the whole block since, so it is far again.
        (dump.begin + AHEAD..dump.end + AHEAD).step_by(WIDE).for_each(|at| fetch(bytes, at));
        let spot = block.spot(dump.begin);
        let mut blank = Event {
            stamp: dump.stamp,
            spot,
            dialect: opener::dialect_of(dump.name),
            ..Event::new(Kind::Attempt, dump.name)
        };
        let mut is_ambiguous = dump.is_ambiguous;
        let record = match dump.head.is_empty() {
            true => None,
            false => frame::open(&bytes[dump.head.clone()], &mut scratch.layers, block.allow_bare),
        };
        if let Some(record) = record {
            (blank.stamp, blank.host) = (record.stamp, record.host);
            (blank.dialect, blank.thread) = (record.dialect, record.thread);
            is_ambiguous |= record.starts.is_ambiguous
                || record.starts.is_doubtful()
                || block.is_continuation(dump.head.start);
        }
        let SipScratch { message, values } = &mut scratch.sip;
        let text = &bytes[dump.message.clone()];
        let text = match dump.is_indented {
            true => {
                dump::unindent(text, message);
                message
            }
            false => text,
        };
        let (peer, addresses) = (dump.peer(bytes), dump.addresses(bytes));
        let transfer = Transfer { direction: dump.direction, peer, addresses, is_ambiguous };
        transfer.tell(text, blank, values, sink);
        match dump.is_sure {
            true => 0,
            false => self.doubt(block, dump.body(bytes), scratch, sink),
        }
    }
}

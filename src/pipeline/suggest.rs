//! The lines that nothing reads, brought to the room that drafts patterns for them.

use super::plan::Plan;
use super::probe::{UNREAD_SAMPLE, is_read};
use super::scan::{BLOCK_LEN, ScanError};
use crate::formats::frame::{self, Origin};
use crate::formats::scan::{RECORD_MAX, Scanner, Scratch};
use crate::model::Spot;
use crate::read::Source;
use crate::suggest::{Suggester, Suggestion};
use std::sync::PoisonError;

/// Looks at the beginning of every input, one after the other in the order of the plan, so that
/// the draft does not depend on threads.
///
/// # Errors
///
/// An input that cannot be read.
pub fn suggest(plan: &Plan, scanner: &Scanner) -> Result<Suggestion, ScanError> {
    let mut look = Look {
        scanner,
        scratch: scanner.scratch(),
        layers: frame::Scratch::default(),
        suggester: Suggester::new(),
    };
    for (input, rank) in plan.inputs.iter().zip(0..) {
        let begun = input.begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (mut stream, mut next) = match begun {
            Some((stream, first)) => (stream, first),
            None => match input.open()? {
                Source::Mapped(mapped) => {
                    let bytes = mapped.bytes();
                    // Whole lines: half of one would look like a template of its own.
                    let len = match usize::try_from(UNREAD_SAMPLE) {
                        Ok(most) if most < bytes.len() => {
                            memchr::memrchr(b'\n', &bytes[..most]).map_or(0, |at| at + 1)
                        }
                        _ => bytes.len(),
                    };
                    look.block(&bytes[..len], Spot { input: rank, offset: 0 }, input.allow_bare);
                    continue;
                }
                Source::Stream(stream) => (stream, None),
            },
        };
        if next.is_none() {
            next = stream.next_block(BLOCK_LEN)?;
        }
        while let Some(block) = next.filter(|block| block.offset < UNREAD_SAMPLE) {
            look.block(&block.bytes, Spot { input: rank, offset: block.offset }, input.allow_bare);
            stream.recycle(block.bytes);
            next = stream.next_block(BLOCK_LEN)?;
        }
    }
    Ok(look.suggester.finish())
}

struct Look<'s> {
    scanner: &'s Scanner,
    scratch: Scratch,
    layers: frame::Scratch,
    suggester: Suggester,
}

impl Look<'_> {
    fn block(&mut self, bytes: &[u8], start: Spot, allow_bare: bool) {
        let mut offset = start.offset;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let spot = Spot { offset, ..start };
            offset += line.len() as u64;
            self.line(line.strip_suffix(b"\n").unwrap_or(line), spot, allow_bare);
        }
    }

    /// Hands on the message of a line that an operator may have written: one that the routing
    /// script printed, or that no server's own prefix precedes.
    fn line(&mut self, line: &[u8], spot: Spot, allow_bare: bool) {
        if line.len() > RECORD_MAX {
            return;
        }
        let Some(record) = frame::open(line, &mut self.layers, allow_bare) else { return };
        let mut starts = record.starts.iter();
        // Where a message could start at two places, no pattern would be believed.
        let (Some(start), None, false) = (starts.next(), starts.next(), record.starts.is_ambiguous) else {
            return;
        };
        if matches!(start.origin, Origin::Script | Origin::Plain)
            && !is_read(line, self.scanner, &mut self.scratch, allow_bare)
        {
            let whole = record.whole.filter(|text| begins_message(text));
            self.suggester.line(whole.unwrap_or(&record.text[start.at..]), spot);
        }
    }
}

/// Whether a text begins with a word that is no host's name: one of capitals, or one that speaks of registering.
fn begins_message(text: &[u8]) -> bool {
    let word = text.split(|byte| *byte == b' ').next().unwrap_or_default();
    let is_loud = word.iter().all(|byte| byte.is_ascii_uppercase() || b"-_".contains(byte));
    is_loud || word.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"regist"))
}

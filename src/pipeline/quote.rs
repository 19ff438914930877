//! Going back to the logs: the line behind a spot, as it stands there.

use super::capture::StreamReader;
use super::plan::{Form, Input, Plan};
use super::scan::ScanError;
use crate::model::Spot;
use crate::read::{Capture, InputError, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// A line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// Counted from 1; of a capture the packet's number.
    pub line: u64,
    /// The record's first line, without its line end; of a capture the whole message.
    pub text: Vec<u8>,
}

/// The lines at these places. Inputs that can be read only once (standard input) give none.
///
/// # Errors
///
/// An input that can no longer be read.
pub fn quotes(plan: &Plan, spots: &BTreeSet<Spot>) -> Result<BTreeMap<Spot, Quote>, ScanError> {
    let mut quotes = BTreeMap::new();
    for (rank, input) in (0..).zip(&plan.inputs) {
        let first = Spot { input: rank, offset: 0 };
        let last = Spot { input: rank, offset: u64::MAX };
        let wanted: Vec<u64> = spots.range(first..=last).map(|spot| spot.offset).collect();
        let is_gone = input.found.is_stdin() && input.spool.is_none();
        if !wanted.is_empty() && !is_gone {
            of_input(input, &wanted, |offset, quote| {
                quotes.insert(Spot { input: rank, offset }, quote);
            })?;
        }
    }
    Ok(quotes)
}

/// Walks over one input and tells of the line at each of the ascending offsets.
fn of_input(input: &Input, wanted: &[u64], mut tell: impl FnMut(u64, Quote)) -> Result<(), InputError> {
    let mut walk = Walk { wanted, lines: 0 };
    match input.open()? {
        Source::Mapped(mapped) if input.form == Form::Capture => {
            of_capture(&mut Capture::new(&input.found.path, mapped.bytes()), wanted, &mut tell)?;
        }
        Source::Stream(stream) if input.form == Form::Capture => {
            let reader = StreamReader::new(stream, None);
            of_capture(&mut Capture::new(&input.found.path, reader), wanted, &mut tell)?;
        }
        Source::Mapped(mapped) => walk.block(mapped.bytes(), 0, &mut tell),
        Source::Stream(mut stream) => {
            while let Some(block) = stream.next_block(1 << 20)? {
                walk.block(&block.bytes, block.offset, &mut tell);
                stream.recycle(block.bytes);
            }
        }
    }
    Ok(())
}

/// Tells of the message of each of the ascending packet numbers.
fn of_capture<R: Read>(
    capture: &mut Capture<R>,
    wanted: &[u64],
    tell: &mut impl FnMut(u64, Quote),
) -> Result<(), InputError> {
    while let Some(message) = capture.next_message()? {
        if wanted.binary_search(&message.packet).is_ok() {
            tell(message.packet, Quote { line: message.packet, text: message.bytes.to_vec() });
        }
    }
    Ok(())
}

struct Walk<'w> {
    wanted: &'w [u64],
    lines: u64,
}

impl Walk<'_> {
    fn block(&mut self, bytes: &[u8], offset: u64, tell: &mut impl FnMut(u64, Quote)) {
        let mut counted = 0;
        while let [next, rest @ ..] = self.wanted {
            let Some(at) = next.checked_sub(offset).map(|at| at as usize).filter(|at| *at < bytes.len())
            else {
                break;
            };
            self.lines += memchr::memchr_iter(b'\n', &bytes[counted..at]).count() as u64;
            counted = at;
            let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
            let text = bytes[at..end].strip_suffix(b"\r").unwrap_or(&bytes[at..end]).to_vec();
            tell(*next, Quote { line: self.lines + 1, text });
            self.wanted = rest;
        }
        self.lines += memchr::memchr_iter(b'\n', &bytes[counted..]).count() as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_over_blocks() {
        let mut walk = Walk { wanted: &[2, 4, 8], lines: 0 };
        let mut told = Vec::new();
        let mut tell = |offset, quote: Quote| told.push((offset, quote.line, quote.text));
        walk.block(b"a\nb\n", 0, &mut tell);
        walk.block(b"c\r\n\nd", 4, &mut tell);
        assert_eq!(told, [(2, 2, b"b".to_vec()), (4, 3, b"c".to_vec()), (8, 5, b"d".to_vec())]);
    }
}

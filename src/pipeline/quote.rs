//! Going back to the logs: the record behind a spot, as it stands there.

use super::capture::StreamReader;
use super::plan::{Form, Input, Plan};
use super::scan::ScanError;
use crate::formats::frame::Scratch;
use crate::formats::sip::dump;
use crate::model::{Quote, Spot};
use crate::read::{Capture, InputError, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// So many bytes behind a record's beginning its end is known: no dumped message is longer than
/// 128 KiB, and what opens it is a line or two.
const REACH: usize = 192 << 10;
/// The message of a record of several lines begins on one of so many: `sipdump` writes the most before it.
const OPENING_LINES: usize = 16;

/// The records at these places: lines, or whole SIP messages with what opens them. Inputs that can be
/// read only once (standard input) give none.
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

/// Walks over one input and tells of the record at each of the ascending offsets.
fn of_input(input: &Input, wanted: &[u64], mut tell: impl FnMut(u64, Quote)) -> Result<(), InputError> {
    let mut walk = Walk { wanted, lines: 0, layers: Scratch::default() };
    match input.open()? {
        Source::Mapped(mapped) if input.form == Form::Capture => {
            of_capture(&mut Capture::new(&input.found.path, mapped.bytes()), wanted, &mut tell)?;
        }
        Source::Stream(stream) if input.form == Form::Capture => {
            let reader = StreamReader::new(stream, None);
            of_capture(&mut Capture::new(&input.found.path, reader), wanted, &mut tell)?;
        }
        Source::Mapped(mapped) => {
            walk.bytes(mapped.bytes(), 0, true, &mut tell);
        }
        Source::Stream(mut stream) => {
            // What the walk has not gone over yet: a record may begin in one block and end in the next.
            let (mut kept, mut offset) = (Vec::new(), 0);
            while let (Some(block), false) = (stream.next_block(1 << 20)?, walk.wanted.is_empty()) {
                if kept.is_empty() {
                    offset = block.offset;
                }
                kept.extend_from_slice(&block.bytes);
                stream.recycle(block.bytes);
                let gone = walk.bytes(&kept, offset, false, &mut tell);
                kept.drain(..gone);
                offset += gone as u64;
            }
            walk.bytes(&kept, offset, true, &mut tell);
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
    layers: Scratch,
}

impl Walk<'_> {
    /// Goes over the bytes at that offset as far as their records are whole; says how far that is.
    fn bytes(
        &mut self,
        bytes: &[u8],
        offset: u64,
        is_last: bool,
        tell: &mut impl FnMut(u64, Quote),
    ) -> usize {
        let mut gone = 0;
        while let [next, rest @ ..] = self.wanted {
            let Some(at) = next.checked_sub(offset).map(|at| at as usize).filter(|at| *at < bytes.len())
            else {
                break;
            };
            self.lines += memchr::memchr_iter(b'\n', &bytes[gone..at]).count() as u64;
            gone = at;
            if !is_last && bytes.len() - at < REACH {
                return gone;
            }
            let text = record(&bytes[at..], &mut self.layers).to_vec();
            tell(*next, Quote { line: self.lines + 1, text });
            self.wanted = rest;
        }
        if self.wanted.is_empty() {
            return bytes.len();
        }
        self.lines += memchr::memchr_iter(b'\n', &bytes[gone..]).count() as u64;
        bytes.len()
    }
}

/// The record that the bytes begin with, without its last line end.
fn record<'b>(bytes: &'b [u8], layers: &mut Scratch) -> &'b [u8] {
    let reach = &bytes[..bytes.len().min(REACH)];
    let line_end = |from: usize| memchr::memchr(b'\n', &bytes[from..]).map(|end| from + end);
    let mut begin = 0;
    for _ in 0..OPENING_LINES {
        let end = line_end(begin).map_or(reach.len(), |end| (end + 1).min(reach.len()));
        if begin >= end {
            break;
        }
        // A message further on belongs to this record only if this record opens it.
        if let Some(dump) = dump::at(reach, 0, begin..end, layers).filter(|dump| dump.begin == 0) {
            return reach[..dump.end].trim_ascii_end();
        }
        begin = end;
    }
    let line = &bytes[..line_end(0).unwrap_or(bytes.len())];
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(blocks: &[(&[u8], u64, bool)], wanted: &[u64]) -> Vec<(u64, u64, String)> {
        let mut walk = Walk { wanted, lines: 0, layers: Scratch::default() };
        let mut told = Vec::new();
        let mut tell = |offset, quote: Quote| {
            told.push((offset, quote.line, String::from_utf8(quote.text).unwrap()));
        };
        for (bytes, offset, is_last) in blocks {
            walk.bytes(bytes, *offset, *is_last, &mut tell);
        }
        told
    }

    #[test]
    fn lines_are_counted_from_one_and_end_before_their_line_end() {
        let found = told(&[(b"a\nb\nc\r\n\nd", 0, true)], &[2, 4, 8]);
        assert_eq!(found, [(2, 2, "b".to_owned()), (4, 3, "c".to_owned()), (8, 5, "d".to_owned())]);
    }

    #[test]
    fn a_record_that_may_go_on_in_the_next_block_waits_for_it() {
        let mut walk = Walk { wanted: &[2], lines: 0, layers: Scratch::default() };
        assert_eq!(walk.bytes(b"a\nb", 0, false, &mut |_, _| panic!("told too soon")), 2);
        let mut line = 0;
        walk.bytes(b"bc\n", 2, true, &mut |_, quote| line = quote.line);
        assert_eq!((line, walk.wanted.len()), (2, 0));
    }

    #[test]
    fn a_dumped_message_is_quoted_to_its_end_and_no_further() {
        let opener = "[2026-10-05 14:03:22] VERBOSE[12] res_pjsip_logger.c: \
                      <--- Received SIP request (61 bytes) from UDP:192.0.2.10:5060 --->\n";
        let message = "REGISTER sip:x SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 0\r\n\r\n";
        let log = format!("{opener}{message}\n[2026-10-05 14:03:23] VERBOSE[12] x.c: more\n");
        let found = told(&[(log.as_bytes(), 0, true)], &[0]);
        assert_eq!(found, [(0, 1, format!("{opener}{}", message.trim_end()))]);
    }

    #[test]
    fn a_line_before_a_dump_is_no_part_of_it() {
        let dump =
            "U 2026/10/05 14:03:22.1 192.0.2.10:5060 -> 192.0.2.1:5060\nREGISTER sip:x SIP/2.0\r\n\r\n";
        let log = format!("one line\n{dump}");
        assert_eq!(told(&[(log.as_bytes(), 0, true)], &[0])[0].2, "one line");
    }
}

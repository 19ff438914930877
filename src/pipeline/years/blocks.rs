//! Walks over bytes, block by block. No block begins inside a message: its body is a stranger's text, and would tell the
//! year.

use super::{ANCHORS_SOUGHT, Notable, Walk};
use crate::formats::frame::{self, Scratch};
use crate::formats::sip::dump;
use crate::model::Stamp;
use crate::pipeline::clock::full_date;
use crate::pipeline::scan::BLOCK_LEN;
use rayon::prelude::*;
use std::ops::Range;

/// The bytes in blocks of about that length.
fn blocks(bytes: &[u8], len: usize) -> impl Iterator<Item = Range<usize>> {
    let (mut begin, mut layers) = (0, Scratch::default());
    std::iter::from_fn(move || {
        let start = begin;
        begin = dump::cut(bytes, start, len, true, &mut layers, Vec::new()).end;
        (start < bytes.len()).then_some(start..begin)
    })
}

/// Bytes of an end of a file.
pub const END_LEN: usize = 256 << 10;

impl Walk {
    /// Walks over all lines of a file, on all cores.
    pub fn file(&mut self, bytes: &[u8]) {
        let mut blocks = blocks(bytes, BLOCK_LEN);
        // Most anchors stand at the very start, and need not be looked for elsewhere then.
        if let Some(first) = blocks.next() {
            self.block(&bytes[first], 0);
        }
        let wants_anchor = self.anchor.is_none();
        let blocks: Vec<Range<usize>> = blocks.collect();
        let of = |block: &Range<usize>| {
            let is_searched = wants_anchor && (block.start as u64) < ANCHORS_SOUGHT;
            Notable::of(&bytes[block.clone()], is_searched)
        };
        let noted: Vec<Notable> = blocks.par_iter().map(of).collect();
        for (block, notable) in blocks.into_iter().zip(noted) {
            self.note(&bytes[block.clone()], block.start as u64, &notable);
        }
    }

    /// Walks over the next block, which holds whole lines.
    pub fn block(&mut self, bytes: &[u8], offset: u64) {
        let wants_anchor = !self.is_dated && self.anchor.is_none() && offset < ANCHORS_SOUGHT;
        let notable = Notable::of(bytes, wants_anchor);
        self.note(bytes, offset, &notable);
    }

    /// Walks over the next block record by record, where the stamps do not stand where a look at the front of each line
    /// finds them: behind a container's name, a prompt, or a colour.
    pub fn records(&mut self, bytes: &[u8], offset: u64) {
        let mut scratch = Scratch::default();
        let bodies = dump::bodies(&dump::all(bytes), bytes);
        let mut bodies = bodies.iter().peekable();
        let mut behind = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let begin = behind;
            behind += line.len();
            while bodies.next_if(|body| body.end <= begin).is_some() {}
            // What a stranger sent shows nothing of the log.
            if bodies.peek().is_some_and(|body| body.contains(&begin)) {
                continue;
            }
            let at = offset + begin as u64;
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let Some(record) = frame::open(line, &mut scratch, false) else { continue };
            if let Stamp::Yearless(stamp) = record.stamp {
                self.stamp(stamp, at);
            } else if let Some(full) = full_date(record.stamp) {
                self.beside.full(full, self.turns.len());
            }
        }
    }

    /// Walks over the ends of a file only, at the start up to a record that tells the year, should one be wanted; and
    /// tells whether that may be enough: both ends have stamps, and no year begins between them. What lies between
    /// is to be [noted](Walk::note) when it is read.
    pub fn ends(&mut self, bytes: &[u8], wants_anchor: bool) -> bool {
        let mut behind = 0;
        for block in blocks(bytes, END_LEN) {
            behind = block.end;
            self.block(&bytes[block.clone()], block.start as u64);
            if !wants_anchor || self.anchor.is_some() || behind as u64 >= ANCHORS_SOUGHT {
                break;
            }
        }
        // The last lines, from the first that is whole.
        let near = bytes.len().saturating_sub(END_LEN).max(behind.saturating_sub(1));
        let last = memchr::memchr(b'\n', &bytes[near..]).map_or(bytes.len(), |feed| near + feed + 1);
        if last > behind && dump::may_hold(bytes, last) {
            return false;
        }
        let mut end = Self::default();
        end.block(&bytes[last..], last as u64);
        self.block(&bytes[last..], last as u64);
        end.newest.is_some() && self.changes() == 0
    }
}

/// The blocks of a stream, which come cut anywhere.
#[derive(Debug, Default)]
pub struct Whole {
    /// What goes on with the next block, and where it begins.
    kept: Vec<u8>,
    offset: u64,
    layers: Scratch,
}

impl Whole {
    /// Takes the next block, and tells of what it completes and where that begins.
    pub fn take(&mut self, block: &[u8], tell: &mut impl FnMut(&[u8], u64)) {
        self.kept.extend_from_slice(block);
        let cut = dump::last_cut(&self.kept, true, &mut self.layers, Vec::new());
        self.tell(cut.end, tell);
    }

    /// Nothing more comes.
    pub fn finish(mut self, tell: &mut impl FnMut(&[u8], u64)) {
        self.tell(self.kept.len(), tell);
    }

    fn tell(&mut self, end: usize, tell: &mut impl FnMut(&[u8], u64)) {
        if end > 0 {
            tell(&self.kept[..end], self.offset);
            self.kept.drain(..end);
            self.offset += end as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RECORD: &str = "[Sep  2 10:00:00] VERBOSE[1] app_dial.c: x\n";

    /// A message whose body has two lines that read like records, among records.
    fn log(before: usize, behind: usize) -> String {
        let record = RECORD;
        let body = record.replace(" 2 ", " 3 ").repeat(2);
        let message = format!("MESSAGE sip:x SIP/2.0\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let opener =
            format!("<--- Received SIP request ({} bytes) from UDP:192.0.2.9:5060 --->", message.len());
        let head = record.replace("app_dial.c: x", &format!("res_pjsip_logger.c: {opener}"));
        [record.repeat(before), head, message, "\n".into(), record.repeat(behind)].concat()
    }

    #[test]
    fn an_end_that_may_begin_in_a_message_is_not_enough() {
        // Behind the message stands nearly as much as an end has.
        let behind = END_LEN / RECORD.len();
        assert!(Walk::default().ends(RECORD.repeat(3 * behind).as_bytes(), false));
        assert!(!Walk::default().ends(log(2 * behind, behind).as_bytes(), false));
        assert!(Walk::default().ends(log(behind, 9 * behind).as_bytes(), false));
    }

    proptest! {
        #[test]
        fn no_block_begins_in_a_message(before in 0_usize..8, behind in 0_usize..8, len in 1_usize..400) {
            let log = log(before, behind);
            let is_whole = |block: &str| block.starts_with("[Sep  2 ");
            let mut told = String::new();
            for block in blocks(log.as_bytes(), len) {
                prop_assert!(is_whole(&log[block.clone()]), "{}", &log[block]);
                told.push_str(&log[block]);
            }
            prop_assert_eq!(&told, &log);
            let (mut whole, mut told) = (Whole::default(), Vec::new());
            let mut tell = |bytes: &[u8], at| told.push((String::from_utf8(bytes.to_vec()).unwrap(), at));
            log.as_bytes().chunks(len).for_each(|block| whole.take(block, &mut tell));
            whole.finish(&mut tell);
            let mut behind = 0;
            for (block, at) in &told {
                prop_assert!(is_whole(block) && *at == behind, "{block} {at}");
                behind += block.len() as u64;
            }
            prop_assert_eq!(told.into_iter().map(|(block, _)| block).collect::<String>(), log);
        }
    }
}

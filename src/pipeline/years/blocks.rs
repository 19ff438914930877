//! The blocks that a walk goes over. None begins inside a message: its body is a stranger's text, and would tell the
//! year.

use crate::formats::frame::Scratch;
use crate::formats::sip::dump::{self, Cut};
use std::ops::Range;

/// No message is so long; where no record begins for that long, a stream is cut at a block's end.
const KEPT_MAX: usize = 8 << 20;

/// The bytes in blocks of about that length.
pub(super) fn blocks(bytes: &[u8], len: usize) -> impl Iterator<Item = Range<usize>> {
    let (mut begin, mut layers) = (0, Scratch::default());
    std::iter::from_fn(move || {
        let start = begin;
        begin = dump::cut(bytes, start, len, true, &mut layers, Vec::new()).end;
        (start < bytes.len()).then_some(start..begin)
    })
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
        let Cut { end, .. } = match self.kept.len() {
            ..KEPT_MAX => dump::last_cut(&self.kept, true, &mut self.layers, Vec::new()),
            _ => Cut::behind(&self.kept),
        };
        self.tell(end, tell);
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

    /// A message whose body has two lines that read like records, among records.
    fn log(before: usize, behind: usize) -> String {
        let record = "[Sep  2 10:00:00] VERBOSE[1] app_dial.c: x\n";
        let body = record.replace(" 2 ", " 3 ").repeat(2);
        let message = format!("MESSAGE sip:x SIP/2.0\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let opener =
            format!("<--- Received SIP request ({} bytes) from UDP:192.0.2.9:5060 --->", message.len());
        let head = record.replace("app_dial.c: x", &format!("res_pjsip_logger.c: {opener}"));
        [record.repeat(before), head, message, "\n".into(), record.repeat(behind)].concat()
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

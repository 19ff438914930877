//! Cutting bytes into blocks of whole lines.

use std::iter::FusedIterator;
use std::ops::Range;

/// The longest line a stream keeps whole: 16 MiB, its end included.
///
/// A log record is at most a SIP message of 64 KiB with its prefix; what is longer is no log
/// line. The limit is what bounds the memory of a stream without any line end. [`cut`] has the
/// bytes in memory anyway and does not apply it.
pub const LINE_MAX: usize = 16 << 20;

/// Cuts the bytes into blocks of about `target` bytes that end at line ends.
///
/// Every block but the last ends just after the first `\n` at or beyond its target; the last
/// ends with the bytes. Together the blocks cover every byte once and in order, and none is
/// empty. A line longer than the target makes a longer block.
///
/// # Panics
///
/// If `target` is 0.
///
/// ```
/// use siptally::read::cut;
///
/// let blocks: Vec<_> = cut(b"one\ntwo\nthree", 5).collect();
/// assert_eq!(blocks, [0..8, 8..13]);
/// ```
pub fn cut(bytes: &[u8], target: usize) -> Blocks<'_> {
    assert!(target > 0, "a block has at least one byte");
    Blocks { bytes, start: 0, target }
}

/// The ranges that [`cut`] makes, found one at a time.
#[derive(Debug, Clone)]
pub struct Blocks<'b> {
    bytes: &'b [u8],
    start: usize,
    target: usize,
}

impl Iterator for Blocks<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let start = self.start;
        if start == self.bytes.len() {
            return None;
        }
        // The byte at which the target is met is itself the earliest that may end the block.
        let earliest = start.saturating_add(self.target - 1);
        let end = match self.bytes.get(earliest..) {
            Some(rest) => memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |at| earliest + at + 1),
            None => self.bytes.len(),
        };
        self.start = end;
        Some(start..end)
    }
}

impl FusedIterator for Blocks<'_> {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_has_no_blocks() {
        assert_eq!(cut(b"", 1).count(), 0);
    }

    #[test]
    fn bytes_without_a_line_end_are_one_block() {
        let mut blocks = cut(b"abcdef", 2);
        assert_eq!((blocks.next(), blocks.next()), (Some(0..6), None));
    }

    #[test]
    fn a_block_that_meets_its_target_at_a_line_end_stops_there() {
        assert_eq!(cut(b"ab\ncd\n", 3).collect::<Vec<_>>(), [0..3, 3..6]);
    }

    #[test]
    fn a_target_beyond_the_bytes_is_one_block() {
        let mut blocks = cut(b"a\nb\n", usize::MAX);
        assert_eq!((blocks.next(), blocks.next()), (Some(0..4), None));
    }

    #[test]
    fn carriage_return_and_line_feed_stay_together() {
        assert_eq!(cut(b"a\r\nb\r\n", 2).collect::<Vec<_>>(), [0..3, 3..6]);
    }

    fn line_bytes() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200),
            prop::collection::vec(Just(b'\n'), 0..50),
            prop::collection::vec(Just(b'x'), 0..50),
        ]
    }

    proptest! {
        #[test]
        fn blocks_cover_every_byte_once_and_end_at_line_ends(bytes in line_bytes(), target in 1usize..300) {
            let mut covered = 0;
            for block in cut(&bytes, target) {
                prop_assert_eq!(block.start, covered);
                prop_assert!(block.end > block.start);
                let is_last = block.end == bytes.len();
                prop_assert!(is_last || bytes[block.end - 1] == b'\n');
                prop_assert!(is_last || block.len() >= target);
                // No line end between the target and the block's own end was passed over.
                let passed = &bytes[(block.start + target - 1).min(block.end)..block.end];
                let line_ends = passed.iter().filter(|&&byte| byte == b'\n').count();
                prop_assert!(line_ends <= 1);
                covered = block.end;
            }
            prop_assert_eq!(covered, bytes.len());
        }
    }
}

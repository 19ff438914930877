//! Who is told of the lines of a block, and how they are counted.

use super::needles::Ends;
use std::ops::Range;

/// Who is told of every line of a block, in their order.
pub trait Lines {
    /// A line that is read, without its line end.
    fn line(&mut self, bytes: &[u8], line: Range<usize>);

    /// Whole lines that nobody reads; the block's last may lack its line end.
    fn stretch(&mut self, bytes: &[u8], lines: Range<usize>);

    /// The same of so many lines.
    #[inline]
    fn counted(&mut self, bytes: &[u8], lines: Range<usize>, _count: u64) {
        self.stretch(bytes, lines);
    }

    /// Lines that nobody reads: the first begins there, and each ends at a line feed.
    fn ended(&mut self, bytes: &[u8], begin: usize, ends: Ends<'_>);
}

/// Counts lines.
#[derive(Debug, Default)]
pub struct Counted(pub u64);

impl Lines for Counted {
    #[inline]
    fn line(&mut self, _: &[u8], _: Range<usize>) {
        self.0 += 1;
    }

    fn stretch(&mut self, bytes: &[u8], lines: Range<usize>) {
        self.0 += lines_of(&bytes[lines]);
    }

    #[inline]
    fn counted(&mut self, _: &[u8], _: Range<usize>, count: u64) {
        self.0 += count;
    }

    fn ended(&mut self, _: &[u8], _: usize, ends: Ends<'_>) {
        self.0 += ends.count();
    }
}

/// How many lines the bytes hold; the last may lack its line end.
pub fn lines_of(bytes: &[u8]) -> u64 {
    match bytes.last() {
        None => 0,
        Some(last) => feeds_of(bytes) + u64::from(*last != b'\n'),
    }
}

/// How many line feeds the bytes hold.
pub fn feeds_of(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

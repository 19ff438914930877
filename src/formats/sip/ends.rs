//! Where the lines of a text end, told one by one.
//!
//! The lines of a SIP message are short: a search that begins anew for each of them takes longer to begin
//! than to search, so line feeds are marked by chunks.

use crate::model::marks::{WIDE, feeds};
use crate::model::near::{AHEAD, fetch};

/// The line feeds of a text, in their order.
#[derive(Debug, Clone)]
pub(super) struct Ends<'t> {
    text: &'t [u8],
    /// Where the chunk that is told of begins, and what is still to be told of it.
    chunk: usize,
    bits: u64,
    /// Where the next chunk begins.
    next: usize,
}

impl<'t> Ends<'t> {
    #[inline(always)]
    pub fn of(text: &'t [u8]) -> Self {
        Self { text, chunk: 0, bits: 0, next: 0 }
    }

    /// Those of the chunk that begins at `at`, which is in the text.
    #[inline(always)]
    fn bits(&self, at: usize) -> u64 {
        let rest = &self.text[at..];
        if let Some(chunk) = rest.first_chunk() {
            return feeds(chunk);
        }
        if let Some(last) = self.text.last_chunk::<WIDE>() {
            return feeds(last) >> (WIDE - rest.len());
        }
        let mut chunk = [0; WIDE];
        chunk[..rest.len()].copy_from_slice(rest);
        feeds(&chunk)
    }

    /// Behind the next line feed; where the text ends, if there is none.
    #[inline(always)]
    pub fn next_line(&mut self) -> usize {
        self.next().map_or(self.text.len(), |end| end + 1)
    }
}

impl Iterator for Ends<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        while self.bits == 0 {
            if self.next >= self.text.len() {
                return None;
            }
            fetch(self.text, self.next + AHEAD);
            self.bits = self.bits(self.next);
            self.chunk = self.next;
            self.next += WIDE;
        }
        let at = self.chunk + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_line_feed_is_told(text in prop::collection::vec(prop_oneof![4 => Just(b'x'), 1 => Just(b'\n')], 0..300)) {
            let expected: Vec<usize> = (0..text.len()).filter(|at| text[*at] == b'\n').collect();
            prop_assert_eq!(Ends::of(&text).collect::<Vec<_>>(), expected);
        }
    }
}

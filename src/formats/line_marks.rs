//! Where blanks and `: ` stand in a line, and where the line ends. Prefixes end with `: `, starts
//! of messages are told by it and fields end with blanks, so one pass over the line's bytes
//! replaces a dozen short searches.

use crate::model::marks::{Masks, WIDE, first_places, masks};
use crate::model::near::{AHEAD, fetch};

/// So many bytes of a line are marked; a longer one is searched by whoever needs more.
const MARKED_MAX: usize = WORDS * WIDE;
const WORDS: usize = 8;

/// In so many bytes [`LineMarks::next_blanks`] looks for blanks.
pub const NEXT_MAX: usize = 3 * WIDE;

/// The marks of one line: a bit for each byte.
#[derive(Debug, Clone, Copy, Default)]
pub struct LineMarks {
    blanks: [u64; WORDS],
    /// Colons before a blank.
    colons: [u64; WORDS],
    /// So many words of both hold; what the others hold is of a line before.
    words: usize,
    /// How many `: ` there are.
    colons_len: u32,
    /// The line is longer than what is marked.
    is_cut: bool,
}

impl LineMarks {
    /// Marks the text's first line, and gives that line's length: what is before its line feed, or
    /// everything where there is none.
    pub fn find(&mut self, text: &[u8]) -> usize {
        #[cfg(target_arch = "x86_64")]
        if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("popcnt") {
            #[expect(unsafe_code, reason = "the compiler cannot see what was asked just before")]
            // SAFETY: the processor has AVX2 and POPCNT.
            return unsafe { self.find_by_avx2(text) };
        }
        self.find_by(text, masks)
    }

    #[cfg(target_arch = "x86_64")]
    #[inline]
    #[target_feature(enable = "avx2,popcnt")]
    pub(super) fn find_by_avx2(&mut self, text: &[u8]) -> usize {
        self.find_by(text, |chunk| crate::model::marks::masks_by_avx2(chunk))
    }

    /// The same where the processor has the widest registers.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    #[target_feature(enable = "avx512bw,popcnt")]
    pub(super) fn find_by_avx512(&mut self, text: &[u8]) -> usize {
        self.find_by(text, |chunk| crate::model::marks::masks_by_avx512(chunk))
    }

    #[inline(always)]
    fn find_by(&mut self, text: &[u8], masks: impl Fn(&[u8; WIDE]) -> Masks) -> usize {
        (self.colons_len, self.is_cut) = (0, false);
        let (chunks, rest) = text.as_chunks();
        let mut colon_last = 0;
        for (word, chunk) in chunks.iter().take(WORDS).enumerate() {
            fetch(text, word * WIDE + AHEAD);
            let found = masks(chunk);
            self.note(word, &found, colon_last);
            if found.feeds != 0 {
                return word * WIDE + found.feeds.trailing_zeros() as usize;
            }
            colon_last = found.colons;
        }
        if chunks.len() >= WORDS {
            let feed = memchr::memchr(b'\n', &text[MARKED_MAX..]);
            let len = feed.map_or(text.len(), |at| MARKED_MAX + at);
            self.is_cut = len > MARKED_MAX;
            return len;
        }
        let mut last = [0; WIDE];
        last[..rest.len()].copy_from_slice(rest);
        let found = masks(&last);
        self.note(chunks.len(), &found, colon_last);
        match found.feeds {
            0 => text.len(),
            feeds => chunks.len() * WIDE + feeds.trailing_zeros() as usize,
        }
    }

    /// Takes the masks of the next chunk; `colons_before` are those of the chunk before it.
    #[inline(always)]
    fn note(&mut self, word: usize, found: &Masks, colons_before: u64) {
        // What stands before the first line feed: everything where there is none.
        let first = found.feeds & found.feeds.wrapping_neg();
        let kept = first.wrapping_sub(1);
        let blanks = found.blanks & kept;
        self.blanks[word] = blanks;
        let colons = found.colons & kept & (blanks >> 1);
        self.colons[word] = colons;
        self.colons_len += colons.count_ones();
        if word > 0 {
            let colon = colons_before & (blanks << (WIDE - 1));
            self.colons[word - 1] |= colon;
            self.colons_len += u32::from(colon != 0);
        }
        self.words = word + 1;
    }

    /// Whether every byte of the line is marked.
    pub const fn is_whole(&self) -> bool {
        !self.is_cut
    }

    /// How many `: ` are marked.
    #[inline]
    pub const fn colons_len(&self) -> u32 {
        self.colons_len
    }

    /// The places of blanks at or behind that place, in their order.
    #[inline]
    pub fn blanks_from(&self, from: usize) -> Places<'_> {
        Places::from(&self.blanks[..self.words], from)
    }

    /// Whether there is a `: ` at or behind that place.
    #[inline]
    pub fn has_colon_from(&self, from: usize) -> bool {
        self.colons_from(from).next().is_some()
    }

    /// Where the next eight blanks at or behind that place stand, counted from it: a byte each, the first one the lowest. A
    /// byte of ones where there is none among the [`NEXT_MAX`] bytes from there on. What stands behind the line's
    /// end says nothing.
    #[inline(always)]
    pub fn next_blanks(&self, from: usize) -> u64 {
        self.next(from).map_or(u64::MAX, first_places)
    }

    /// The same where the processor has the widest registers.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    #[target_feature(enable = "avx512vl,avx512vbmi2,popcnt")]
    pub(super) fn next_blanks_by_avx512(&self, from: usize) -> u64 {
        self.next(from).map_or(u64::MAX, |masks| crate::model::marks::first_places_by_avx512(masks))
    }

    /// The marks of blanks from that place on.
    #[inline(always)]
    fn next(&self, from: usize) -> Option<[u64; 3]> {
        let words: &[u64; 4] = self.blanks.get(from / WIDE..)?.first_chunk()?;
        let shift = from % WIDE;
        let joined = |word: usize| words[word] >> shift | (words[word + 1] << 1) << (WIDE - 1 - shift);
        Some([joined(0), joined(1), joined(2)])
    }

    /// The places of `: ` at or behind that place, in their order.
    #[inline]
    pub fn colons_from(&self, from: usize) -> Places<'_> {
        Places::from(&self.colons[..self.words], from)
    }
}

/// Places that are marked.
#[derive(Debug, Clone)]
pub struct Places<'m> {
    words: &'m [u64],
    word: usize,
    bits: u64,
}

impl<'m> Places<'m> {
    #[inline]
    fn from(words: &'m [u64], from: usize) -> Self {
        let word = from / WIDE;
        let bits = words.get(word).map_or(0, |bits| bits & (u64::MAX << (from % WIDE)));
        Self { words, word, bits }
    }
}

impl Iterator for Places<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        while self.bits == 0 {
            self.word += 1;
            self.bits = *self.words.get(self.word)?;
        }
        let at = self.word * WIDE + self.bits.trailing_zeros() as usize;
        self.bits &= self.bits - 1;
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_text() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            8 => Just(b':'), 8 => Just(b' '), 1 => Just(b'\n'), 8 => Just(0xBA), 8 => Just(b'x'), 4 => any::<u8>(),
        ];
        let feedless = prop_oneof![1 => Just(b':'), 1 => Just(b' '), 9 => Just(b'x')];
        let texts = (prop::collection::vec(feedless, 0..700), prop::collection::vec(byte, 0..210));
        texts.prop_map(|(front, back)| [front, back].concat())
    }

    proptest! {
        #[test]
        fn every_place_of_the_first_line_is_marked(text in any_text(), from in 0_usize..700) {
            let line = text.split(|byte| *byte == b'\n').next().unwrap();
            // Of a line that is cut, the last marked byte may be a colon whose blank is not marked.
            let is_known = |at: &usize| line.len() <= MARKED_MAX || *at < MARKED_MAX - 1;
            let is_marked = |at: &usize| *at < MARKED_MAX;
            let all: Vec<usize> =
                memchr::memmem::find_iter(line, b": ").filter(|at| *at >= from).filter(is_known).collect();
            let blanks: Vec<usize> = (from..line.len()).filter(is_marked).filter(|at| line[*at] == b' ').collect();
            for is_plain in [false, true] {
                let mut marks = LineMarks::default();
                marks.find(b"what was there before: is gone: ");
                let len = if is_plain { marks.find_by(&text, masks) } else { marks.find(&text) };
                prop_assert_eq!(len, line.len());
                prop_assert_eq!(marks.is_whole(), line.len() <= MARKED_MAX);
                prop_assert_eq!(marks.colons_from(from).filter(is_known).collect::<Vec<_>>(), &all[..]);
                prop_assert_eq!(marks.colons_from(0).count(), marks.colons_len() as usize);
                let next = marks.next_blanks(from).to_le_bytes().map(usize::from);
                let near: Vec<usize> =
                    blanks.iter().map(|at| at - from).filter(|at| *at < NEXT_MAX).take(8).collect();
                // Near the end of what can be marked nothing is told.
                if from / WIDE + 4 <= WORDS {
                    prop_assert_eq!(&next[..near.len()], &near[..]);
                    let is_none = |at: &usize| *at == 255 || *at >= line.len().saturating_sub(from);
                    prop_assert!(next[near.len()..].iter().all(is_none));
                } else {
                    prop_assert_eq!(next, [255; 8]);
                }
                #[cfg(target_arch = "x86_64")]
                if crate::model::wide::is_there() {
                    #[expect(unsafe_code, reason = "the compiler cannot see what was asked just before")]
                    // SAFETY: the processor has the widest registers.
                    let wide = unsafe { marks.next_blanks_by_avx512(from) };
                    prop_assert_eq!(wide, marks.next_blanks(from));
                }
                let has_colon = marks.has_colon_from(from);
                prop_assert!(has_colon || all.is_empty());
                prop_assert!(!has_colon || !all.is_empty() || !marks.is_whole());
                prop_assert_eq!(marks.blanks_from(from).collect::<Vec<_>>(), &blanks[..]);
            }
        }
    }
}

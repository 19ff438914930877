//! The search for some literals at once.

use super::sieve::Sieve;
use aho_corasick::{AhoCorasick, MatchKind, Span, packed};

/// A vectorised search where the processor and the literals allow it, else an automaton.
#[derive(Debug)]
pub struct Needles {
    needles: Vec<Needle>,
    searcher: Searcher,
}

#[derive(Debug)]
enum Searcher {
    Sieve(Box<Sieve>),
    /// Where a literal is too short for a sieve, or the processor too old.
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
}

/// A literal, and its first bytes as one word to compare with.
#[derive(Debug)]
pub(super) struct Needle {
    bytes: Box<[u8]>,
    word: u64,
    mask: u64,
}

/// A needle in a text, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    pub at: usize,
    pub needle: usize,
}

impl Needle {
    pub fn new(bytes: &[u8]) -> Self {
        let (mut word, mut mask) = ([0; 8], [0; 8]);
        for (at, byte) in bytes.iter().take(8).enumerate() {
            (word[at], mask[at]) = (*byte, 0xFF);
        }
        Self { bytes: bytes.into(), word: u64::from_ne_bytes(word), mask: u64::from_ne_bytes(mask) }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it stands there.
    #[inline]
    pub fn is_at(&self, text: &[u8], at: usize) -> bool {
        let Some(rest) = text.get(at..) else { return false };
        match rest.first_chunk() {
            Some(word) => {
                u64::from_ne_bytes(*word) & self.mask == self.word
                    && (self.bytes.len() <= 8 || rest.starts_with(&self.bytes))
            }
            None => rest.starts_with(&self.bytes),
        }
    }
}

impl Needles {
    /// A search for these, numbered in their order, in texts like that sample: it decides how fast they are searched and
    /// nothing else. None of them is empty, and none holds a line feed.
    pub fn new(needles: &[&[u8]], sample: &[u8]) -> Self {
        let each: Vec<Needle> = needles.iter().map(|bytes| Needle::new(bytes)).collect();
        let searcher = Sieve::new(&each, sample)
            .map_or_else(|| Searcher::without_sieve(needles), |sieve| Searcher::Sieve(Box::new(sieve)));
        Self { needles: each, searcher }
    }

    /// Whether the search looks at many bytes at once.
    #[cfg(test)]
    pub fn is_vectorised(&self) -> bool {
        matches!(&self.searcher, Searcher::Sieve(_))
    }

    /// Whether that needle stands there.
    #[inline]
    pub fn is_at(&self, needle: usize, bytes: &[u8], at: usize) -> bool {
        self.needles[needle].is_at(bytes, at)
    }

    /// A needle that begins at or after `from`, in the first line that holds one; which of that line's is not told.
    /// Line feeds from there on, at least those before the needle, are noted in `feeds`.
    pub fn find(&self, bytes: &[u8], from: usize, feeds: &mut Feeds) -> Option<Hit> {
        feeds.len = 0;
        let hit = match &self.searcher {
            Searcher::Sieve(sieve) => return sieve.find(&self.needles, bytes, from, feeds),
            Searcher::Packed(searcher) => {
                searcher.find_in(bytes, Span { start: from, end: bytes.len() }).map(Hit::of)
            }
            Searcher::Automaton(automaton) => {
                automaton.find(aho_corasick::Input::new(bytes).range(from..)).map(Hit::of)
            }
        };
        let until = hit.map_or(bytes.len(), |hit| hit.at);
        memchr::memchr_iter(b'\n', &bytes[from..until]).for_each(|at| feeds.push(from + at, 1));
        hit
    }
}

/// Places of line feeds, in their order.
#[derive(Debug, Default)]
pub struct Feeds {
    /// What is behind the first `len` is of no meaning.
    chunks: Vec<Chunk>,
    len: usize,
}

/// The line feeds of some bytes that begin at `at`, a bit each.
#[derive(Debug, Clone, Copy, Default)]
struct Chunk {
    at: usize,
    bits: u64,
}

/// Room for those of [`RUN`] chunks.
pub(super) struct Room<'f> {
    chunks: &'f mut [Chunk; RUN],
    len: &'f mut usize,
    used: usize,
}

/// So many chunks are noted without asking whether there is room for them.
pub(super) const RUN: usize = 64;

impl Room<'_> {
    /// Notes those of a chunk that begins at `at`. Whether it has any is as good as drawn by lot, so it is written without
    /// asking.
    #[inline(always)]
    pub fn push(&mut self, at: usize, bits: u64) {
        self.chunks[self.used % RUN] = Chunk { at, bits };
        self.used += usize::from(bits != 0);
    }
}

impl Drop for Room<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        *self.len += self.used;
    }
}

impl Feeds {
    #[inline]
    pub(super) fn room(&mut self) -> Room<'_> {
        if self.chunks.len() < self.len + RUN {
            self.chunks.resize(self.len + 4 * RUN, Chunk::default());
        }
        let chunks = self.chunks[self.len..].first_chunk_mut().expect("there is room now");
        Room { chunks, len: &mut self.len, used: 0 }
    }

    /// Notes those of a chunk that begins at `at`, a bit each.
    #[inline]
    pub(super) fn push(&mut self, at: usize, bits: u64) {
        self.room().push(at, bits);
    }

    /// Those that were noted last and stand before `end`.
    pub fn before(&mut self, end: usize) -> Ends<'_> {
        while let Some(last) = self.len.checked_sub(1).map(|last| &mut self.chunks[last]) {
            if last.at < end {
                let behind = u32::try_from(end - last.at).ok().and_then(|kept| u64::MAX.checked_shl(kept));
                last.bits &= !behind.unwrap_or(0);
                if last.bits != 0 {
                    break;
                }
            }
            self.len -= 1;
        }
        Ends { chunks: &self.chunks[..self.len] }
    }
}

/// The ends of some lines.
#[derive(Debug, Clone, Copy)]
pub struct Ends<'f> {
    /// None without a line feed.
    chunks: &'f [Chunk],
}

impl Ends<'_> {
    pub fn count(self) -> u64 {
        self.chunks.iter().map(|chunk| u64::from(chunk.bits.count_ones())).sum()
    }

    pub fn last(self) -> Option<usize> {
        self.chunks.last().map(|chunk| chunk.at + chunk.bits.ilog2() as usize)
    }
}

impl<'f> IntoIterator for Ends<'f> {
    type Item = usize;
    type IntoIter = EachEnd<'f>;

    #[inline]
    fn into_iter(self) -> EachEnd<'f> {
        EachEnd { chunks: self.chunks.iter(), chunk: Chunk::default() }
    }
}

/// The ends of some lines, one after another.
#[derive(Debug)]
pub struct EachEnd<'f> {
    chunks: std::slice::Iter<'f, Chunk>,
    /// What is left of the one before.
    chunk: Chunk,
}

impl Iterator for EachEnd<'_> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.chunk.bits == 0 {
            self.chunk = *self.chunks.next()?;
        }
        let Chunk { at, bits } = &mut self.chunk;
        let end = *at + bits.trailing_zeros() as usize;
        *bits &= *bits - 1;
        Some(end)
    }
}

impl Searcher {
    fn without_sieve(needles: &[&[u8]]) -> Self {
        let match_kind = packed::MatchKind::LeftmostFirst;
        match packed::Config::new().match_kind(match_kind).builder().extend(needles).build() {
            Some(searcher) => Self::Packed(searcher),
            None => Self::Automaton(
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostFirst)
                    .build(needles)
                    .expect("a few dozen short needles fit any automaton"),
            ),
        }
    }
}

impl Hit {
    fn of(hit: aho_corasick::Match) -> Self {
        Self { at: hit.start(), needle: hit.pattern().as_usize() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn find(search: &Needles, text: &[u8], from: usize) -> Option<Hit> {
        let mut feeds = Feeds::default();
        let hit = search.find(text, from, &mut feeds);
        let end = hit.map_or(text.len(), |hit| hit.at);
        let expected: Vec<usize> = (from..end).filter(|at| text[*at] == b'\n').collect();
        let ends = feeds.before(end);
        let told: Vec<usize> = ends.into_iter().collect();
        assert_eq!(told, expected);
        assert_eq!((ends.count(), ends.last()), (told.len() as u64, told.last().copied()));
        hit
    }

    /// Where the first line with a needle ends, by the slow and obvious way.
    fn first_line(needles: &[&[u8]], bytes: &[u8], from: usize) -> Option<usize> {
        let holds = |line: &[u8]| needles.iter().any(|needle| memchr::memmem::find(line, needle).is_some());
        let mut end = from;
        for line in bytes[from..].split_inclusive(|byte| *byte == b'\n') {
            end += line.len();
            if holds(line) {
                return Some(end);
            }
        }
        None
    }

    proptest! {
        #[test]
        fn the_first_line_with_a_needle_is_found(
            needles in prop::collection::vec("[abAB:' ]{3,9}", 1..30),
            words in prop::collection::vec((0_usize..40, "[abAB:' é\n]{0,40}"), 0..40),
            from in 0_usize..200,
            sample in "[abAB:' é\n]{0,90}",
        ) {
            let each: Vec<&[u8]> = needles.iter().map(String::as_bytes).collect();
            let mut text = Vec::new();
            for (needle, word) in &words {
                text.extend_from_slice(word.as_bytes());
                // Now and then a whole needle, at whatever place of a chunk.
                text.extend_from_slice(each.get(*needle).copied().unwrap_or_default());
            }
            let from = from.min(text.len());
            let search = Needles::new(&each, sample.as_bytes());
            let found = find(&search, &text, from);
            prop_assert!(found.is_none_or(|hit| hit.at >= from && text[hit.at..].starts_with(each[hit.needle])));
            let end = found.map(|hit| memchr::memchr(b'\n', &text[hit.at..]).map_or(text.len(), |at| hit.at + at + 1));
            prop_assert_eq!(end, first_line(&each, &text, from));
        }
    }

    #[test]
    fn a_needle_at_either_end_of_a_text_is_found_at_every_length() {
        let search = Needles::new(&[b"REG-OK ", b"CC: "], b"");
        for len in 7..200 {
            for at in [0, len - 7] {
                let mut text = vec![b'x'; len];
                text[at..at + 7].copy_from_slice(b"REG-OK ");
                assert_eq!(find(&search, &text, 0), Some(Hit { at, needle: 0 }), "{len} {at}");
                assert_eq!(find(&search, &text, at + 1), None, "{len} {at}");
            }
        }
    }

    #[test]
    fn short_and_foreign_needles_are_left_to_the_searches_without_a_sieve() {
        for needle in [&b"ab"[..], "é".as_bytes()] {
            let search = Needles::new(&[needle, b"REG-OK "], b"");
            assert!(!search.is_vectorised());
            let text = [b"x ", needle].concat();
            assert_eq!(find(&search, &text, 0), Some(Hit { at: 2, needle: 0 }));
            assert_eq!(find(&search, &text, 3), None);
        }
    }
}

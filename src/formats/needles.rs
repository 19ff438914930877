//! The search for some literals at once.

use aho_corasick::{AhoCorasick, MatchKind, Span, packed};

/// Vectorised search where the processor and the number of needles allow it, else an automaton.
#[derive(Debug)]
pub struct Needles(Searcher);

#[derive(Debug)]
enum Searcher {
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
}

/// A needle in a text, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    pub at: usize,
    pub needle: usize,
}

impl Needles {
    /// A search for these, numbered in their order. None of them is empty.
    pub fn new(needles: &[&[u8]]) -> Self {
        let packed = packed::Config::new()
            .match_kind(packed::MatchKind::LeftmostFirst)
            .builder()
            .extend(needles)
            .build();
        Self(match packed {
            Some(searcher) => Searcher::Packed(searcher),
            None => Searcher::Automaton(
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostFirst)
                    .build(needles)
                    .expect("a few dozen short needles fit any automaton"),
            ),
        })
    }

    /// Whether the search looks at many bytes at once.
    #[cfg(test)]
    pub fn is_vectorised(&self) -> bool {
        // Teddy wants more bytes at once than Rabin-Karp, which is what a searcher of too many is.
        matches!(&self.0, Searcher::Packed(searcher) if searcher.minimum_len() > 1)
    }

    /// The first needle at or after `from`.
    pub fn find(&self, bytes: &[u8], from: usize) -> Option<Hit> {
        let found = match &self.0 {
            Searcher::Packed(searcher) => searcher.find_in(bytes, Span { start: from, end: bytes.len() }),
            Searcher::Automaton(automaton) => automaton.find(aho_corasick::Input::new(bytes).range(from..)),
        };
        found.map(|hit| Hit { at: hit.start(), needle: hit.pattern().as_usize() })
    }
}

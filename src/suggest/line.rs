//! One line that was kept, and what stands at a place of it.

use super::token::{Shape, Token, tokens};
use crate::model::Spot;

/// A message that may be a registration's.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub text: Box<[u8]>,
    pub spot: Spot,
    pub tokens: Vec<Token>,
}

/// What two lines must share at a place to be of one template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'t> {
    /// The line ends.
    End,
    /// This very text.
    Literal(&'t [u8]),
    /// Any text of this shape.
    Value(Shape),
}

impl Line {
    pub(super) fn new(text: &[u8], spot: Spot) -> Self {
        Self { tokens: tokens(text), text: text.into(), spot }
    }

    /// What stands at that token.
    pub(super) fn key(&self, at: usize) -> Key<'_> {
        match self.tokens.get(at) {
            None => Key::End,
            Some(token) if token.is_literal() => Key::Literal(&self.text[token.range.clone()]),
            Some(token) => Key::Value(token.shape),
        }
    }

    /// A number that lines with other values have too: FNV-1a over the keys.
    pub(super) fn look(&self) -> u64 {
        let mut look = 0xcbf2_9ce4_8422_2325_u64;
        let mut mix = |byte: u8| look = (look ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        for at in 0..self.tokens.len() {
            match self.key(at) {
                Key::Literal(text) => text.iter().for_each(|byte| mix(*byte)),
                Key::Value(shape) => mix(0x80 | shape.number()),
                Key::End => {}
            }
            mix(0);
        }
        look
    }

    /// The punctuation at that token.
    pub(super) fn mark(&self, at: usize) -> Option<u8> {
        match self.tokens.get(at)?.shape {
            Shape::Mark(mark) => Some(mark),
            _ => None,
        }
    }

    /// The word at that token.
    pub(super) fn word(&self, at: usize) -> Option<&[u8]> {
        let token = self.tokens.get(at)?;
        (token.shape == Shape::Word).then(|| &self.text[token.range.clone()])
    }

    /// Where that token begins; the line's length behind the last.
    pub(super) fn start(&self, at: usize) -> usize {
        self.tokens.get(at).map_or(self.text.len(), |token| token.range.start)
    }

    /// Whether the word at that token is a key: `aor=`, `aor: `, `"aor":`.
    pub(super) fn is_key(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.mark(before));
        let is_open = at == 0 || before.is_some_and(|mark| b" \t\"',;|{[(".contains(&mark));
        if self.word(at).is_none() {
            return false;
        }
        match self.mark(at + 1) {
            Some(b'=') => is_open,
            Some(b':') => is_open && self.mark(at + 2) == Some(b' '),
            Some(b'"') => before == Some(b'"') && self.mark(at + 2) == Some(b':'),
            _ => false,
        }
    }
}

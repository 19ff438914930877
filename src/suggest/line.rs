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

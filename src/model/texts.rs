//! Texts behind one another, in pieces: hardly anything is copied when there come more.

use super::near::fetch;
use std::ops::Range;

/// Bytes of a piece, but of the first, which grows with its texts. A longer text has one of its own.
const PIECE_LEN: usize = 16 << 10;

/// A list of texts that only grows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts {
    pieces: Vec<Vec<u8>>,
}

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    piece: u32,
    begin: u32,
    len: u32,
}

impl Texts {
    /// Appends what the parts are together.
    ///
    /// # Panics
    ///
    /// Where it has four gigabytes, or so many pieces.
    pub fn keep(&mut self, parts: &[&[u8]]) -> Place {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let has_room = |piece: &&mut Vec<u8>| piece.len() + len <= PIECE_LEN;
        if self.pieces.last_mut().filter(has_room).is_none() {
            let room = if self.pieces.is_empty() { len } else { len.max(PIECE_LEN) };
            self.pieces.push(Vec::with_capacity(room));
        }
        let piece = self.pieces.len() - 1;
        let texts = &mut self.pieces[piece];
        let begin = texts.len();
        parts.iter().for_each(|part| texts.extend_from_slice(part));
        let short = |number: usize| u32::try_from(number).expect("fewer than 2^32 bytes, and pieces");
        Place { piece: short(piece), begin: short(begin), len: short(len) }
    }

    /// Asks for the memory of the text at that place.
    #[inline]
    pub fn bring(&self, place: Place) {
        if let Some(texts) = self.pieces.get(place.piece as usize) {
            fetch(texts, place.begin as usize);
            fetch(texts, place.range().end.saturating_sub(1));
        }
    }

    /// The text at that place.
    ///
    /// # Panics
    ///
    /// If it was not given out here.
    pub fn get(&self, place: Place) -> &[u8] {
        &self.pieces[place.piece as usize][place.range()]
    }
}

impl Place {
    const fn range(self) -> Range<usize> {
        let begin = self.begin as usize;
        begin..begin + self.len as usize
    }

    /// The place as bytes.
    pub fn to_bytes(self) -> [u8; 12] {
        let mut bytes = [0; 12];
        let (words, _) = bytes.as_chunks_mut();
        for (word, number) in words.iter_mut().zip([self.piece, self.begin, self.len]) {
            *word = number.to_le_bytes();
        }
        bytes
    }

    /// The place that those bytes are.
    pub fn from_bytes(bytes: &[u8; 12]) -> Self {
        let (words, _) = bytes.as_chunks();
        let [piece, begin, len] = [0, 1, 2].map(|number| u32::from_le_bytes(words[number]));
        Self { piece, begin, len }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_keep_their_places(lens in prop::collection::vec(prop_oneof![20 => 0_usize..3000, 1 => 16_000_usize..40_000], 0..60)) {
            let mut texts = Texts::default();
            let text = |number: usize| vec![number as u8; lens[number]];
            let places: Vec<Place> = (0..lens.len())
                .map(|number| {
                    let text = text(number);
                    let (front, back) = text.split_at(text.len() / 3);
                    texts.keep(&[front, back])
                })
                .collect();
            for (number, place) in places.into_iter().enumerate() {
                prop_assert_eq!(texts.get(place), text(number));
                prop_assert_eq!(Place::from_bytes(&place.to_bytes()), place);
            }
        }
    }
}

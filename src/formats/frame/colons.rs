//! Where `: ` stands in a line, and where the line ends. Prefixes end with `: ` and starts of
//! messages are told by it, and it is rare elsewhere, so one pass replaces several searches.

use crate::formats::marks::{WIDTH, marks};

/// So many places are kept; a line with more is searched again by whoever needs them.
const PLACES: usize = 24;

/// The places of `: ` in one text, in its order.
#[derive(Debug, Clone, Copy)]
pub struct Colons {
    places: [u32; PLACES],
    len: u8,
    /// There are more places.
    is_full: bool,
}

impl Default for Colons {
    fn default() -> Self {
        Self { places: [0; PLACES], len: 0, is_full: false }
    }
}

impl Colons {
    /// Finds the places in the text's first line, and gives that line's length: what is before its
    /// line feed, or everything where there is none.
    ///
    /// A place beyond four gigabytes comes out wrong; no record is so long.
    pub fn find(&mut self, text: &[u8]) -> usize {
        (self.len, self.is_full) = (0, false);
        let (chunks, rest) = text.as_chunks();
        for (number, chunk) in chunks.iter().enumerate() {
            let begin = number * CHUNK;
            let Marks { feeds, mut colons, blanks } = marks_of(chunk);
            if feeds != 0 {
                // What stands before the first line feed.
                colons &= feeds.wrapping_sub(1) & !feeds;
            }
            let is_followed = text.get(begin + CHUNK) == Some(&b' ');
            let mut found = colons & (blanks >> 1 | u64::from(is_followed) << (CHUNK - 1));
            while found != 0 {
                self.note(begin + found.trailing_zeros() as usize);
                found &= found - 1;
            }
            if feeds != 0 {
                return begin + feeds.trailing_zeros() as usize;
            }
        }
        for at in text.len() - rest.len()..text.len() {
            match text[at] {
                b'\n' => return at,
                b':' if text.get(at + 1) == Some(&b' ') => self.note(at),
                _ => {}
            }
        }
        text.len()
    }

    fn note(&mut self, at: usize) {
        match self.places.get_mut(usize::from(self.len)) {
            Some(place) => {
                *place = at as u32;
                self.len += 1;
            }
            None => self.is_full = true,
        }
    }

    /// The places at or behind `from`; `None` where not all of them are known.
    pub fn behind(&self, from: usize) -> Option<impl Iterator<Item = usize> + Clone + '_> {
        let places = self.places[..usize::from(self.len)].iter().map(|place| *place as usize);
        (!self.is_full).then(|| places.skip_while(move |place| *place < from))
    }
}

const CHUNK: usize = 64;

/// Where in a chunk line feeds, colons and blanks stand: a bit for each byte, the first the lowest.
struct Marks {
    feeds: u64,
    colons: u64,
    blanks: u64,
}

fn marks_of(chunk: &[u8; CHUNK]) -> Marks {
    let (parts, _) = chunk.as_chunks();
    let mut found = Marks { feeds: 0, colons: 0, blanks: 0 };
    for (number, part) in parts.iter().enumerate() {
        let places = |byte| u64::from(marks(byte, part)) << (number * WIDTH);
        found.feeds |= places(b'\n');
        found.colons |= places(b':');
        found.blanks |= places(b' ');
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_text() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            8 => Just(b':'), 8 => Just(b' '), 1 => Just(b'\n'), 8 => Just(0xBA), 8 => Just(b'x'), 4 => any::<u8>(),
        ];
        prop::collection::vec(byte, 0..210)
    }

    proptest! {
        #[test]
        fn every_place_of_the_first_line_is_found(text in any_text(), from in 0_usize..150) {
            let mut colons = Colons::default();
            colons.find(b"what was there before: is gone: ");
            let len = colons.find(&text);
            let line = text.split(|byte| *byte == b'\n').next().unwrap();
            prop_assert_eq!(len, line.len());
            let all: Vec<usize> = memchr::memmem::find_iter(line, b": ").filter(|at| *at >= from).collect();
            let is_known = memchr::memmem::find_iter(line, b": ").count() <= PLACES;
            prop_assert_eq!(colons.behind(from).map(Iterator::collect), is_known.then_some(all));
        }
    }
}

//! Where `: ` stands in a line. Prefixes end with it and starts of messages are told by it, and it
//! is rare elsewhere, so one pass for it replaces several searches.

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
    /// Finds the places in a text of less than four gigabytes.
    pub fn find(&mut self, text: &[u8]) {
        (self.len, self.is_full) = (0, false);
        let (chunks, rest) = text.as_chunks();
        for (number, chunk) in chunks.iter().enumerate() {
            let mut found = colons_of(chunk);
            while found != 0 {
                let at = found.trailing_zeros() as usize / 8;
                self.note(text, number * CHUNK + at);
                found &= !(0xFF << (at * 8));
            }
        }
        for at in text.len() - rest.len()..text.len() {
            if text[at] == b':' {
                self.note(text, at);
            }
        }
    }

    fn note(&mut self, text: &[u8], at: usize) {
        if text.get(at + 1) == Some(&b' ') {
            match self.places.get_mut(usize::from(self.len)) {
                Some(place) => {
                    *place = at as u32;
                    self.len += 1;
                }
                None => self.is_full = true,
            }
        }
    }

    /// The places at or behind `from`; `None` where not all of them are known.
    pub fn behind(&self, from: usize) -> Option<impl Iterator<Item = usize> + Clone + '_> {
        let places = self.places[..usize::from(self.len)].iter().map(|place| *place as usize);
        (!self.is_full).then(|| places.skip_while(move |place| *place < from))
    }
}

const CHUNK: usize = 16;

/// Where colons stand in a chunk: eight ones for each. Two instructions of any vector unit.
fn colons_of(chunk: &[u8; CHUNK]) -> u128 {
    u128::from_le_bytes(chunk.map(|byte| if byte == b':' { 0xFF } else { 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_place_is_found(text in prop::collection::vec(prop_oneof![Just(b':'), Just(b' '), Just(0xBA), any::<u8>()], 0..90), from in 0_usize..90) {
            let mut colons = Colons::default();
            colons.find(b"what was there before: is gone: ");
            colons.find(&text);
            let all: Vec<usize> = memchr::memmem::find_iter(&text, b": ").filter(|at| *at >= from).collect();
            let is_known = memchr::memmem::find_iter(&text, b": ").count() <= PLACES;
            prop_assert_eq!(colons.behind(from).map(Iterator::collect), is_known.then_some(all));
        }
    }
}

//! Where `: ` stands in a line, and where the line ends. Prefixes end with `: ` and starts of
//! messages are told by it, and it is rare elsewhere, so one pass replaces several searches.

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

/// By the registers that every processor of this kind has.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the compiler asks for it although the target has no processor without them")]
fn marks_of(chunk: &[u8; CHUNK]) -> Marks {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};

    #[target_feature(enable = "sse2")]
    fn by_sse2(chunk: &[u8; CHUNK]) -> Marks {
        let (parts, _) = chunk.as_chunks::<16>();
        let mut marks = Marks { feeds: 0, colons: 0, blanks: 0 };
        for (number, part) in parts.iter().enumerate() {
            let part = u128::from_le_bytes(*part);
            let part = _mm_set_epi64x((part >> 64) as i64, part as i64);
            let bits = |byte: u8| {
                let mask = _mm_movemask_epi8(_mm_cmpeq_epi8(part, _mm_set1_epi8(byte as i8)));
                u64::from(mask as u16) << (number * 16)
            };
            marks.feeds |= bits(b'\n');
            marks.colons |= bits(b':');
            marks.blanks |= bits(b' ');
        }
        marks
    }
    // SAFETY: SSE2 belongs to the x86-64 instruction set itself.
    unsafe { by_sse2(chunk) }
}

/// Eight bytes at a time.
#[cfg(not(target_arch = "x86_64"))]
fn marks_of(chunk: &[u8; CHUNK]) -> Marks {
    const LOW: u64 = u64::from_ne_bytes([0x7F; 8]);
    let (words, _) = chunk.as_chunks::<8>();
    let bits = |byte: u8| {
        words.iter().rev().fold(0, |bits, word| {
            let other = u64::from_le_bytes(*word) ^ u64::from_ne_bytes([byte; 8]);
            // The top bit of each byte that is zero, and then all eight of them side by side.
            let found = !(((other & LOW) + LOW) | other | LOW) >> 7;
            bits << 8 | found.wrapping_mul(0x0102_0408_1020_4080) >> 56
        })
    };
    Marks { feeds: bits(b'\n'), colons: bits(b':'), blanks: bits(b' ') }
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

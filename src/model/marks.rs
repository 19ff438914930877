//! Where a byte stands among sixteen, or some bytes among sixty-four: comparisons in the registers
//! that every processor has, or in the wider ones of most.

/// How many bytes are looked at together.
pub const WIDTH: usize = 16;

/// How many bytes [`masks`] looks at.
pub const WIDE: usize = 64;

/// Where line feeds, colons and blanks stand: a bit for each byte, the first the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Masks {
    pub feeds: u64,
    pub colons: u64,
    pub blanks: u64,
}

/// The masks of a chunk.
#[inline]
pub fn masks(chunk: &[u8; WIDE]) -> Masks {
    let (parts, _) = chunk.as_chunks();
    let places = |byte| {
        let places = |bits, part| bits << WIDTH | u64::from(marks(byte, part));
        parts.iter().rev().fold(0, places)
    };
    Masks { feeds: places(b'\n'), colons: places(b':'), blanks: places(b' ') }
}

/// The same, half of the chunk at a time.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
pub fn masks_by_avx2(chunk: &[u8; WIDE]) -> Masks {
    use std::arch::x86_64::{_mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_set_epi64x, _mm256_set1_epi8};

    let word = |at: usize| {
        let bytes: [u8; 8] = [0, 1, 2, 3, 4, 5, 6, 7].map(|byte| chunk[8 * at + byte]);
        i64::from_le_bytes(bytes)
    };
    let low = _mm256_set_epi64x(word(3), word(2), word(1), word(0));
    let high = _mm256_set_epi64x(word(7), word(6), word(5), word(4));
    let places = |byte: u8| {
        let wanted = _mm256_set1_epi8(byte as i8);
        let low = _mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)) as u32;
        let high = _mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)) as u32;
        u64::from(high) << 32 | u64::from(low)
    };
    Masks { feeds: places(b'\n'), colons: places(b':'), blanks: places(b' ') }
}

/// A bit for each place where the byte stands, the lowest for the first.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the compiler asks for it although the target has no processor without them")]
pub fn marks(byte: u8, chunk: &[u8; WIDTH]) -> u16 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};

    #[target_feature(enable = "sse2")]
    fn by_sse2(byte: u8, chunk: &[u8; WIDTH]) -> u16 {
        let chunk = u128::from_le_bytes(*chunk);
        let chunk = _mm_set_epi64x((chunk >> 64) as i64, chunk as i64);
        _mm_movemask_epi8(_mm_cmpeq_epi8(chunk, _mm_set1_epi8(byte as i8))) as u16
    }
    // SAFETY: SSE2 belongs to the x86-64 instruction set itself.
    unsafe { by_sse2(byte, chunk) }
}

/// The same, eight bytes at a time.
#[cfg(not(target_arch = "x86_64"))]
pub fn marks(byte: u8, chunk: &[u8; WIDTH]) -> u16 {
    by_words(byte, chunk)
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn by_words(byte: u8, chunk: &[u8; WIDTH]) -> u16 {
    const LOW: u64 = u64::from_ne_bytes([0x7F; 8]);
    let wanted = u64::from_ne_bytes([byte; 8]);
    let (words, _) = chunk.as_chunks::<8>();
    words.iter().rev().fold(0, |bits, word| {
        // A byte of `other` is zero where the byte stands; the sum carries nothing between bytes.
        let other = u64::from_le_bytes(*word) ^ wanted;
        let found = !(((other & LOW) + LOW) | other | LOW) >> 7;
        // One bit of each byte is gathered in the highest byte of the product.
        bits << 8 | (found.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u16
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_place_has_its_bit(byte: u8, others: [u8; WIDTH], places: u16) {
            let mut chunk = others;
            for (at, slot) in chunk.iter_mut().enumerate() {
                if places >> at & 1 == 1 {
                    *slot = byte;
                }
            }
            let expected = (0..WIDTH).filter(|at| chunk[*at] == byte).fold(0, |bits, at| bits | 1 << at);
            prop_assert_eq!(marks(byte, &chunk), expected);
            prop_assert_eq!(by_words(byte, &chunk), expected);
        }
    }
}

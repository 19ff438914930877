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
    Masks { feeds: feeds(chunk), colons: wide_marks(b':', chunk), blanks: wide_marks(b' ', chunk) }
}

/// The line feeds of a chunk.
#[inline(always)]
pub fn feeds(chunk: &[u8; WIDE]) -> u64 {
    wide_marks(b'\n', chunk)
}

/// A bit for each place of the chunk where the byte stands.
#[inline(always)]
fn wide_marks(byte: u8, chunk: &[u8; WIDE]) -> u64 {
    let (parts, _) = chunk.as_chunks();
    let places = |part: usize| u64::from(marks(byte, &parts[part])) << (part * WIDTH);
    places(0) | places(1) | places(2) | places(3)
}

/// Half of a wide chunk in a register.
///
/// One load. Put together from bytes by safe code it is one only where the optimiser sees through every closure on
/// the way; where it did not, a whole count took several times as long.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the load takes a pointer")]
#[inline]
#[target_feature(enable = "avx2")]
pub fn half(bytes: &[u8; WIDE / 2]) -> std::arch::x86_64::__m256i {
    // SAFETY: all 32 bytes are lent, and the load asks for no alignment.
    unsafe { std::arch::x86_64::_mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// Where line feeds stand in both halves of a chunk.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
pub fn feeds_by_avx2(low: std::arch::x86_64::__m256i, high: std::arch::x86_64::__m256i) -> u64 {
    places(b'\n', low, high)
}

/// A wide chunk in a register.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the load takes a pointer")]
#[inline]
#[target_feature(enable = "avx512f")]
pub fn whole(bytes: &[u8; WIDE]) -> std::arch::x86_64::__m512i {
    // SAFETY: all 64 bytes are lent, and the load asks for no alignment.
    unsafe { std::arch::x86_64::_mm512_loadu_si512(bytes.as_ptr().cast()) }
}

/// What [`masks`] finds, the whole chunk at once.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512bw")]
pub fn masks_by_avx512(chunk: &[u8; WIDE]) -> Masks {
    use std::arch::x86_64::{_mm512_cmpeq_epi8_mask, _mm512_set1_epi8};
    let bytes = whole(chunk);
    let places = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte as i8));
    Masks { feeds: places(b'\n'), colons: places(b':'), blanks: places(b' ') }
}

/// What [`masks`] finds, half of the chunk at a time.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
pub fn masks_by_avx2(chunk: &[u8; WIDE]) -> Masks {
    let (halves, _) = chunk.as_chunks();
    let (low, high) = (half(&halves[0]), half(&halves[1]));
    Masks {
        feeds: places(b'\n', low, high),
        colons: places(b':', low, high),
        blanks: places(b' ', low, high),
    }
}

/// No place among those that [`first_places`] knows.
const NOWHERE: u64 = u8::MAX as u64;

/// The places of the first eight ones of three words, a byte each, the first one the lowest; bytes of ones where there are
/// no more.
#[inline(always)]
pub fn first_places([mut bits, mut next, mut last]: [u64; 3]) -> u64 {
    let (mut begin, mut places) = (0, 0);
    for number in 0..8 {
        for _ in 0..2 {
            // Which word has the next one is as good as drawn by lot, so these should be no branches.
            let is_over = bits == 0;
            begin += if is_over { u64::from(u64::BITS) } else { 0 };
            (bits, next, last) = if is_over { (next, last, 0) } else { (bits, next, last) };
        }
        let place = begin + u64::from(bits.trailing_zeros());
        places |= (if bits == 0 { NOWHERE } else { place }) << (8 * number);
        bits &= bits.wrapping_sub(1);
    }
    places
}

/// What [`first_places`] finds, without a step for each.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512vl,avx512vbmi2,popcnt")]
pub fn first_places_by_avx512(words: [u64; 3]) -> u64 {
    use std::arch::x86_64::{
        _mm_cvtsi128_si64, _mm_mask_expand_epi8, _mm512_add_epi8, _mm512_castsi512_si128,
        _mm512_mask_compress_epi8, _mm512_set1_epi8,
    };
    const NUMBERS: [u8; WIDE] = {
        let mut numbers = [0; WIDE];
        let mut at = 0;
        while at < WIDE {
            numbers[at] = at as u8;
            at += 1;
        }
        numbers
    };
    let places = |word: usize| {
        let numbers = _mm512_add_epi8(whole(&NUMBERS), _mm512_set1_epi8((word * WIDE) as i8));
        let nowhere = _mm512_set1_epi8(NOWHERE as i8);
        _mm512_castsi512_si128(_mm512_mask_compress_epi8(nowhere, words[word], numbers))
    };
    // Each word's places are put behind those of the words before.
    let behind = |count: u32| u16::MAX.checked_shl(count).unwrap_or(0);
    let first = words[0].count_ones();
    let two = _mm_mask_expand_epi8(places(0), behind(first), places(1));
    let three = _mm_mask_expand_epi8(two, behind(first + words[1].count_ones()), places(2));
    _mm_cvtsi128_si64(three) as u64
}

/// A bit for each place where the byte stands in the two halves.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
fn places(byte: u8, low: std::arch::x86_64::__m256i, high: std::arch::x86_64::__m256i) -> u64 {
    use std::arch::x86_64::{_mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_set1_epi8};
    let wanted = _mm256_set1_epi8(byte as i8);
    let low = _mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)) as u32;
    let high = _mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)) as u32;
    u64::from(high) << 32 | u64::from(low)
}

/// A bit for each place where the byte stands, the lowest for the first.
#[inline]
pub fn marks(byte: u8, chunk: &[u8; WIDTH]) -> u16 {
    #[cfg(target_arch = "x86_64")]
    return by_sse2(byte, chunk);
    #[cfg(not(target_arch = "x86_64"))]
    by_words(byte, chunk)
}

/// A bit for each place where one of the bytes stands.
#[inline]
pub fn marks_any<const LEN: usize>(bytes: &[u8; LEN], chunk: &[u8; WIDTH]) -> u16 {
    #[cfg(target_arch = "x86_64")]
    return any_by_sse2(bytes, chunk);
    #[cfg(not(target_arch = "x86_64"))]
    bytes.iter().fold(0, |bits, byte| bits | by_words(*byte, chunk))
}

/// Two ranges of bytes, by the first of each and how many follow it.
pub type Ranges = [(u8, u8); 2];

/// A bit for each place where a byte of one of the ranges stands.
#[inline]
pub fn marks_of(ranges: &Ranges, chunk: &[u8; WIDTH]) -> u16 {
    #[cfg(target_arch = "x86_64")]
    return ranges_by_sse2(ranges, chunk);
    #[cfg(not(target_arch = "x86_64"))]
    one_by_one(ranges, chunk)
}

/// Whether the byte stands in a text, which is short as a rule.
pub fn holds(byte: u8, text: &[u8]) -> bool {
    match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) if text.len() <= 2 * WIDTH => marks(byte, first) | marks(byte, last) != 0,
        _ => memchr::memchr(byte, text).is_some(),
    }
}

/// Whether one of the bytes stands in a text.
#[inline]
pub fn holds_any<const LEN: usize>(bytes: &[u8; LEN], text: &[u8]) -> bool {
    !is_each(text, |chunk| marks_any(bytes, chunk) == 0, |byte| !bytes.contains(&byte))
}

/// Whether the text has bytes of these ranges only.
#[inline]
pub fn is_all_of(ranges: &Ranges, text: &[u8]) -> bool {
    let is_within = |byte: u8| ranges.iter().any(|(first, more)| byte.wrapping_sub(*first) <= *more);
    is_each(text, |chunk| marks_of(ranges, chunk) == u16::MAX, is_within)
}

/// Whether each byte of the text is what is asked for: of sixteen together, or of one.
#[inline]
fn is_each(text: &[u8], are: impl Fn(&[u8; WIDTH]) -> bool, is: impl Fn(u8) -> bool) -> bool {
    match (text.last_chunk(), text.first_chunk::<8>(), text.last_chunk::<8>()) {
        // It overlaps the one before it.
        (Some(last), ..) => text.as_chunks().0.iter().chain([last]).all(are),
        // Two halves, which overlap in the text.
        (None, Some(first), Some(last)) => {
            let mut both = [0; WIDTH];
            both[..8].copy_from_slice(first);
            both[8..].copy_from_slice(last);
            are(&both)
        }
        _ => text.iter().all(|byte| is(*byte)),
    }
}

/// What [`marks`] finds.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the compiler asks for it although the target has no processor without them")]
#[inline]
fn by_sse2(byte: u8, chunk: &[u8; WIDTH]) -> u16 {
    use std::arch::x86_64::{_mm_cmpeq_epi8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8};

    #[inline]
    #[target_feature(enable = "sse2")]
    fn marks(byte: u8, chunk: &[u8; WIDTH]) -> u16 {
        let chunk = u128::from_le_bytes(*chunk);
        let chunk = _mm_set_epi64x((chunk >> 64) as i64, chunk as i64);
        _mm_movemask_epi8(_mm_cmpeq_epi8(chunk, _mm_set1_epi8(byte as i8))) as u16
    }
    // SAFETY: SSE2 belongs to the x86-64 instruction set itself.
    unsafe { marks(byte, chunk) }
}

/// What [`marks_any`] finds.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the compiler asks for it although the target has no processor without them")]
#[inline]
fn any_by_sse2<const LEN: usize>(bytes: &[u8; LEN], chunk: &[u8; WIDTH]) -> u16 {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8, _mm_setzero_si128,
    };

    #[inline]
    #[target_feature(enable = "sse2")]
    fn marks<const LEN: usize>(bytes: &[u8; LEN], chunk: &[u8; WIDTH]) -> u16 {
        let chunk = u128::from_le_bytes(*chunk);
        let chunk = _mm_set_epi64x((chunk >> 64) as i64, chunk as i64);
        let mut found = _mm_setzero_si128();
        for byte in bytes {
            found = _mm_or_si128(found, _mm_cmpeq_epi8(chunk, _mm_set1_epi8(*byte as i8)));
        }
        _mm_movemask_epi8(found) as u16
    }
    // SAFETY: SSE2 belongs to the x86-64 instruction set itself.
    unsafe { marks(bytes, chunk) }
}

/// What [`marks_of`] finds.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the compiler asks for it although the target has no processor without them")]
#[inline]
fn ranges_by_sse2(ranges: &Ranges, chunk: &[u8; WIDTH]) -> u16 {
    use std::arch::x86_64::{
        _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x, _mm_set1_epi8,
        _mm_sub_epi8,
    };

    #[inline]
    #[target_feature(enable = "sse2")]
    fn marks([one, other]: &Ranges, chunk: &[u8; WIDTH]) -> u16 {
        let chunk = u128::from_le_bytes(*chunk);
        let chunk = _mm_set_epi64x((chunk >> 64) as i64, chunk as i64);
        // Counted from its first, a byte of a range is no more than what follows that.
        let within = |(first, more): (u8, u8)| {
            let place = _mm_sub_epi8(chunk, _mm_set1_epi8(first as i8));
            _mm_cmpeq_epi8(place, _mm_min_epu8(place, _mm_set1_epi8(more as i8)))
        };
        _mm_movemask_epi8(_mm_or_si128(within(*one), within(*other))) as u16
    }
    // SAFETY: SSE2 belongs to the x86-64 instruction set itself.
    unsafe { marks(ranges, chunk) }
}

/// What [`marks_of`] finds, in twice as many bytes.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx2")]
pub fn ranges_by_avx2([one, other]: &Ranges, chunk: &[u8; WIDE / 2]) -> u32 {
    use std::arch::x86_64::{
        _mm256_cmpeq_epi8, _mm256_min_epu8, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8,
        _mm256_sub_epi8,
    };
    let chunk = half(chunk);
    let within = |(first, more): (u8, u8)| {
        let place = _mm256_sub_epi8(chunk, _mm256_set1_epi8(first as i8));
        _mm256_cmpeq_epi8(place, _mm256_min_epu8(place, _mm256_set1_epi8(more as i8)))
    };
    _mm256_movemask_epi8(_mm256_or_si256(within(*one), within(*other))) as u32
}

/// What [`marks_of`] finds, in a whole register.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512bw")]
pub fn ranges_by_avx512([one, other]: &Ranges, chunk: std::arch::x86_64::__m512i) -> u64 {
    use std::arch::x86_64::{_mm512_cmple_epu8_mask, _mm512_set1_epi8, _mm512_sub_epi8};
    let within = |(first, more): (u8, u8)| {
        let place = _mm512_sub_epi8(chunk, _mm512_set1_epi8(first as i8));
        _mm512_cmple_epu8_mask(place, _mm512_set1_epi8(more as i8))
    };
    within(*one) | within(*other)
}

#[cfg(any(test, not(target_arch = "x86_64")))]
fn one_by_one(ranges: &Ranges, chunk: &[u8; WIDTH]) -> u16 {
    let holds = |byte: u8| ranges.iter().any(|(first, more)| byte.wrapping_sub(*first) <= *more);
    chunk.iter().rev().fold(0, |bits, byte| bits << 1 | u16::from(holds(*byte)))
}

/// What [`marks`] finds, eight bytes at a time.
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

/// Tells of every line, in their order, where it begins and where it ends: before its line feed, or
/// with the text.
pub fn each_line(text: &[u8], mut tell: impl FnMut(usize, usize)) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("bmi1") {
        #[expect(unsafe_code, reason = "the compiler cannot see what was asked just before")]
        // SAFETY: the processor has AVX2 and BMI1.
        unsafe {
            each_line_by_avx2(text, tell);
        }
        return;
    }
    each_line_by(text, feeds, &mut tell);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1")]
fn each_line_by_avx2(text: &[u8], mut tell: impl FnMut(usize, usize)) {
    each_line_by(text, |chunk| masks_by_avx2(chunk).feeds, &mut tell);
}

#[inline(always)]
fn each_line_by(text: &[u8], feeds: impl Fn(&[u8; WIDE]) -> u64, tell: &mut impl FnMut(usize, usize)) {
    let (chunks, rest) = text.as_chunks();
    let mut last = [0; WIDE];
    last[..rest.len()].copy_from_slice(rest);
    let mut begin = 0;
    for (number, chunk) in chunks.iter().chain([&last]).enumerate() {
        let mut feeds = feeds(chunk);
        while feeds != 0 {
            let end = number * WIDE + feeds.trailing_zeros() as usize;
            tell(begin, end);
            begin = end + 1;
            feeds &= feeds - 1;
        }
    }
    if begin < text.len() {
        tell(begin, text.len());
    }
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
            let any = [byte, others[0], others[5]];
            let expected = any.iter().fold(0, |bits, byte| bits | by_words(*byte, &chunk));
            prop_assert_eq!(marks_any(&any, &chunk), expected);
        }

        #[test]
        fn the_first_places_are_told(words in prop::array::uniform3(prop_oneof![
            2 => Just(0_u64), 2 => (0_u32..64).prop_map(|at| 1 << at),
            2 => (0_u32..64, 0_u32..64).prop_map(|(one, other)| 1 << one | 1 << other), 1 => any::<u64>(),
        ])) {
            let all = (0..192).filter(|at: &usize| words[at / 64] >> (at % 64) & 1 == 1).map(|at| at as u8);
            let expected: Vec<u8> = all.chain([255; 8]).take(8).collect();
            prop_assert_eq!(&first_places(words).to_le_bytes()[..], &expected[..]);
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("avx512vl") && is_x86_feature_detected!("avx512vbmi2") && is_x86_feature_detected!("popcnt") {
                #[expect(unsafe_code, reason = "the compiler cannot see what was asked just before")]
                // SAFETY: the processor has what is asked for.
                let wide = unsafe { first_places_by_avx512(words) };
                prop_assert_eq!(&wide.to_le_bytes()[..], &expected[..]);
            }
        }

        #[test]
        fn every_byte_of_a_range_has_its_bit(ranges: Ranges, chunk: [u8; WIDTH]) {
            prop_assert_eq!(marks_of(&ranges, &chunk), one_by_one(&ranges, &chunk));
        }

        #[test]
        fn a_byte_is_held_where_it_stands(text in "[a-e]{0,40}") {
            let text = text.as_bytes();
            prop_assert_eq!(holds(b'a', text), text.contains(&b'a'));
            let others: Vec<u8> = text.iter().map(|byte| byte.max(&b'b')).copied().collect();
            prop_assert!(!holds(b'a', &others));
            prop_assert_eq!(holds_any(b"ab", text), text.iter().any(|byte| b"ab".contains(byte)));
            prop_assert_eq!(is_all_of(&[(b'c', 1), (b'e', 0)], text), text.iter().all(|byte| *byte >= b'c'));
            let others: Vec<u8> = text.iter().map(|byte| byte.max(&b'c')).copied().collect();
            prop_assert!(!holds_any(b"ab", &others));
            prop_assert!(is_all_of(&[(b'c', 1), (b'e', 0)], &others));
        }

        #[test]
        fn every_line_is_told(text in prop::collection::vec(prop_oneof![9 => Just(b'x'), 1 => Just(b'\n')], 0..400)) {
            let mut expected = Vec::new();
            for line in text.split_inclusive(|byte| *byte == b'\n') {
                let begin = expected.last().map_or(0, |(_, behind)| *behind);
                expected.push((begin, begin + line.len()));
            }
            let (mut wide, mut plain) = (Vec::new(), Vec::new());
            each_line(&text, |begin, end| wide.push((begin, end)));
            each_line_by(&text, |chunk| masks(chunk).feeds, &mut |begin, end| plain.push((begin, end)));
            prop_assert_eq!(&wide, &plain);
            let behind = |(begin, end): &(usize, usize)| (*begin, (end + 1).min(text.len()));
            prop_assert_eq!(wide.iter().map(behind).collect::<Vec<_>>(), expected);
        }
    }
}

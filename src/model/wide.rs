//! Texts of up to sixty-four bytes in one register, where the processor has registers of that size: a text's length is no
//! branch there, and what takes a dozen steps word by word takes one.
//!
//! What asks by itself gives `None` where the text is longer or empty, or the processor another one, and its caller then goes the
//! general way. In code that is compiled for such registers it is a few instructions in a row, elsewhere a call.

/// The longest text.
pub const LEN: usize = 64;

/// Whether the processor has every instruction that is used here, and those of the widest scan.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub fn is_there() -> bool {
    use std::sync::atomic::{AtomicU8, Ordering};
    const THERE: u8 = 2;
    /// Zero before the first question. Each line asks several times, and the standard library has a question for each kind
    /// of instruction.
    static KNOWN: AtomicU8 = AtomicU8::new(0);

    #[cold]
    fn ask() -> bool {
        let is_there = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vbmi")
            && is_x86_feature_detected!("avx512vbmi2")
            && is_x86_feature_detected!("vaes")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        KNOWN.store(if is_there { THERE } else { THERE - 1 }, Ordering::Relaxed);
        is_there
    }
    match KNOWN.load(Ordering::Relaxed) {
        0 => ask(),
        known => known == THERE,
    }
}

/// No other processor has them.
#[cfg(all(test, not(target_arch = "x86_64")))]
pub const fn is_there() -> bool {
    false
}

/// A function for short texts that asks first.
macro_rules! asking {
    ($(#[$doc:meta])* $name:ident($text:ident $(, $argument:ident: $kind:ty)*) -> $result:ty) => {
        $(#[$doc])*
        #[inline(always)]
        pub fn $name($text: &[u8] $(, $argument: $kind)*) -> Option<$result> {
            #[cfg(target_arch = "x86_64")]
            if (1..=LEN).contains(&$text.len()) && is_there() {
                #[expect(unsafe_code, reason = "the compiler cannot see what was asked just before")]
                // SAFETY: the processor has all that is asked for.
                return Some(unsafe { inside::$name($text $(, $argument)*) });
            }
            #[cfg(not(target_arch = "x86_64"))]
            let _ = ($text $(, $argument)*);
            None
        }
    };
}

asking! {
    /// A hash of the text; of another kind than [`short::hash`](super::short::hash) makes by itself.
    hash(text, seed: u64) -> u64
}
asking! {
    /// The text with zeros behind it.
    padded(text) -> [u8; LEN]
}
asking! {
    /// A bit for each place where one of the three bytes stands, and where the fourth does.
    places(text, bytes: [u8; 4]) -> (u64, u64)
}
asking! {
    /// A bit for each place of a byte that is not in the set.
    others(text, set: &Set) -> u64
}

/// A set of bytes of seven bits: zero at the place of each that is in it, and ones at the others.
#[derive(Debug)]
#[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "read by the widest registers only"))]
pub struct Set([[u8; LEN]; 2]);

impl Set {
    /// The set of these bytes.
    ///
    /// # Panics
    ///
    /// At a byte of eight bits.
    pub const fn of(bytes: &[u8]) -> Self {
        let mut set = [[u8::MAX; LEN]; 2];
        let mut at = 0;
        while at < bytes.len() {
            assert!(bytes[at].is_ascii(), "of bytes with eight bits none is told");
            set[bytes[at] as usize / LEN][bytes[at] as usize % LEN] = 0;
            at += 1;
        }
        Self(set)
    }
}

#[cfg(target_arch = "x86_64")]
pub use inside::{begins_with, blanks, load};

#[cfg(target_arch = "x86_64")]
mod inside {
    use super::{LEN, Set};
    use crate::model::marks::{first_places_by_avx512, whole};
    use std::arch::x86_64::{
        __m512i, _bzhi_u64, _mm_aesenc_si128, _mm_cvtsi128_si64, _mm_set_epi64x, _mm_xor_si128,
        _mm256_castsi256_si128, _mm256_extracti128_si256, _mm256_xor_si256, _mm512_aesenc_epi128,
        _mm512_castsi512_si256, _mm512_cmpeq_epi8_mask, _mm512_extracti64x4_epi64,
        _mm512_mask_cmpneq_epi8_mask, _mm512_maskz_loadu_epi8, _mm512_movepi8_mask, _mm512_permutex2var_epi8,
        _mm512_set1_epi8, _mm512_storeu_si512, _mm512_test_epi8_mask, _mm512_xor_si512,
    };

    /// The text, or as much of it as a register holds, with zeros behind it, and ones for its bytes.
    ///
    /// Not for empty texts: what such a one points at may be no memory at all, and to find out that nothing is read from there
    /// takes long. With empty texts loaded like others, a log of Asterisk's took a quarter more time.
    #[expect(unsafe_code, reason = "the load takes a pointer")]
    #[inline]
    #[target_feature(enable = "avx512bw,bmi2")]
    pub fn load(text: &[u8]) -> (__m512i, u64) {
        let kept = _bzhi_u64(u64::MAX, text.len().min(LEN) as u32);
        // SAFETY: of the bytes behind the pointer only those are read, and can only fault, that have a bit in `kept`: they
        // are the text's.
        (unsafe { _mm512_maskz_loadu_epi8(kept, text.as_ptr().cast()) }, kept)
    }

    /// Whether what was loaded begins with so many bytes of that line.
    #[inline]
    #[target_feature(enable = "avx512bw,bmi2")]
    pub fn begins_with(seen: __m512i, line: &[u8; LEN], len: usize) -> bool {
        _mm512_mask_cmpneq_epi8_mask(_bzhi_u64(u64::MAX, len.min(LEN) as u32), seen, whole(line)) == 0
    }

    /// The places of the first eight blanks of the text's first bytes, three times [`LEN`] of them, as
    /// [`first_places`](crate::model::marks::first_places) tells them.
    #[inline]
    #[target_feature(enable = "avx512bw,avx512vl,avx512vbmi2,bmi2,popcnt")]
    pub fn blanks(text: &[u8]) -> u64 {
        let of = |at: usize| {
            let rest = text.get(at..).filter(|rest| !rest.is_empty());
            rest.map_or(0, |rest| _mm512_cmpeq_epi8_mask(load(rest).0, _mm512_set1_epi8(b' ' as i8)))
        };
        first_places_by_avx512([of(0), of(LEN), of(2 * LEN)])
    }

    /// Digits of e and of pi.
    const KEYS: [[u8; LEN]; 2] = [
        *b"7182818284590452353602874713526624977572470936999595749669676277",
        *b"1415926535897932384626433832795028841971693993751058209749445923",
    ];

    /// Four rounds of AES mix the bytes of each quarter, which have keys of their own, and two more what is put together from
    /// them. After two a byte touches no more than the whole quarter, and differences of two quarters could be found that cancel.
    #[inline]
    #[target_feature(enable = "avx512bw,avx512vl,bmi2,vaes")]
    pub fn hash(text: &[u8], seed: u64) -> u64 {
        let (one, other) = (whole(&KEYS[0]), whole(&KEYS[1]));
        let quarters = _mm512_aesenc_epi128(_mm512_xor_si512(load(text).0, one), other);
        let quarters = _mm512_aesenc_epi128(_mm512_aesenc_epi128(quarters, one), other);
        let quarters = _mm512_aesenc_epi128(quarters, one);
        let halves =
            _mm256_xor_si256(_mm512_castsi512_si256(quarters), _mm512_extracti64x4_epi64::<1>(quarters));
        let mixed = _mm_xor_si128(_mm256_castsi256_si128(halves), _mm256_extracti128_si256::<1>(halves));
        let key = _mm256_castsi256_si128(_mm512_castsi512_si256(other));
        let mixed = _mm_xor_si128(mixed, _mm_set_epi64x(text.len() as i64, seed as i64));
        _mm_cvtsi128_si64(_mm_aesenc_si128(_mm_aesenc_si128(mixed, key), key)) as u64
    }

    #[expect(unsafe_code, reason = "the store takes a pointer")]
    #[inline]
    #[target_feature(enable = "avx512bw,bmi2")]
    pub fn padded(text: &[u8]) -> [u8; LEN] {
        let mut padded = [0; LEN];
        // SAFETY: there is room for all of the register's bytes.
        unsafe { _mm512_storeu_si512(padded.as_mut_ptr().cast(), load(text).0) }
        padded
    }

    #[inline]
    #[target_feature(enable = "avx512bw,bmi2")]
    pub fn places(text: &[u8], [one, two, three, fourth]: [u8; 4]) -> (u64, u64) {
        let (bytes, kept) = load(text);
        let places = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte as i8)) & kept;
        (places(one) | places(two) | places(three), places(fourth))
    }

    #[inline]
    #[target_feature(enable = "avx512bw,avx512vbmi,bmi2")]
    pub fn others(text: &[u8], Set([low, high]): &Set) -> u64 {
        let (bytes, kept) = load(text);
        // Seven bits of each byte are its place in the set.
        let found = _mm512_permutex2var_epi8(whole(low), bytes, whole(high));
        (_mm512_test_epi8_mask(found, found) | _mm512_movepi8_mask(bytes)) & kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const VOWELS: Set = Set::of(b"aeiou@");

    proptest! {
        #[test]
        fn a_text_in_a_register_is_the_text(
            around in prop::collection::vec(prop_oneof![3 => prop::sample::select(b"aeiou@;xyz\0 ".to_vec()), 1 => any::<u8>()], 0..140),
            begin in 0_usize..70,
            len in prop_oneof![0_usize..70, 60..70_usize],
        ) {
            let begin = begin.min(around.len());
            let text = &around[begin..around.len().min(begin + len)];
            let is_for_it = is_there() && (1..=LEN).contains(&text.len());
            prop_assert_eq!(padded(text).is_some(), is_for_it);
            if !is_for_it {
                return Ok(());
            }
            let bits = |is: &dyn Fn(u8) -> bool| (0..text.len()).filter(|at| is(text[*at])).fold(0, |bits, at| bits | 1 << at);
            let mut expected = text.to_vec();
            expected.resize(LEN, 0);
            prop_assert_eq!(padded(text).map(Vec::from), Some(expected));
            let any = [b'a', b';', 0];
            prop_assert_eq!(places(text, [b'a', b';', 0, 0xE4]), Some((bits(&|byte| any.contains(&byte)), bits(&|byte| byte == 0xE4))));
            prop_assert_eq!(others(text, &VOWELS), Some(bits(&|byte| !b"aeiou@".contains(&byte))));
            #[cfg(target_arch = "x86_64")]
            {
                let mut blanks = memchr::memchr_iter(b' ', text).map(|at| at as u64).take(8).collect::<Vec<_>>();
                blanks.resize(8, 255);
                #[expect(unsafe_code, reason = "the compiler cannot see what was asked just before")]
                // SAFETY: the processor has the widest registers.
                let found = unsafe { super::blanks(text) };
                prop_assert_eq!(found.to_le_bytes().map(u64::from).to_vec(), blanks);
            }
            // What stands around it changes nothing.
            let elsewhere = text.to_vec();
            prop_assert_eq!(hash(text, 7), hash(&elsewhere, 7));
        }
    }
}

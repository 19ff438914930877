//! Short texts copied and compared in two pieces that overlap: a call of the general functions takes
//! longer than their work, and nearly every SIP-ID has between sixteen and thirty-two bytes.

use super::wide;

/// Whether the texts are the same, byte for byte.
#[inline(always)]
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    match one.len() {
        32..=64 => halves::<32>(one) == halves(other),
        16..32 => halves::<16>(one) == halves(other),
        8..16 => halves::<8>(one) == halves(other),
        4..8 => halves::<4>(one) == halves(other),
        // The general function may look at where an empty text would stand, which is nowhere, and that is dear.
        0 => true,
        _ => one == other,
    }
}

/// Copies the text to where `out` begins.
///
/// # Panics
///
/// Where it is longer than `out`.
#[inline]
pub fn copy(text: &[u8], out: &mut [u8]) {
    let out = &mut out[..text.len()];
    match text.len() {
        16..=32 => copy_halves::<16>(text, out),
        33..=64 => copy_halves::<32>(text, out),
        _ => out.copy_from_slice(text),
    }
}

#[inline(always)]
fn copy_halves<const HALF: usize>(text: &[u8], out: &mut [u8]) {
    if let Some((first, last)) = halves::<HALF>(text) {
        out[..HALF].copy_from_slice(first);
        let begin = text.len() - HALF;
        out[begin..].copy_from_slice(last);
    }
}

/// A hash of the text in a few steps, the same in every run on one machine.
///
/// Where a text fits into a register the processor's AES makes it. Else two words are multiplied and both halves of the
/// product put together, as wyhash and its kin do: each bit of the result hangs on every bit of both. It finds places
/// to compare at; only of a transaction it is all that is compared.
#[inline(always)]
pub fn hash(text: &[u8], seed: u64) -> u64 {
    match wide::hash(text, seed) {
        Some(hash) => hash,
        None => hash_by_words(text, seed),
    }
}

/// The same, of another kind: in fewer steps where the text is a number's few digits.
#[inline(always)]
pub fn hash_by_words(text: &[u8], seed: u64) -> u64 {
    let seed = seed ^ (text.len() as u64).wrapping_mul(KEYS[0]);
    match text.len() {
        0..=16 => {
            let (first, last) = match text.len() {
                8.. => (word(text, 0), word(text, text.len() - 8)),
                4..8 => (half_word(text, 0), half_word(text, text.len() - 4)),
                0 => (0, 0),
                len => (u64::from(text[0]) << 8 | u64::from(text[len / 2]), u64::from(text[len - 1])),
            };
            fold(fold(first ^ KEYS[1], last ^ seed), KEYS[2])
        }
        17..=32 => {
            let end = text.len() - 16;
            let one = fold(word(text, 0) ^ KEYS[1], word(text, 8) ^ seed);
            let other = fold(word(text, end) ^ KEYS[2], word(text, end + 8) ^ KEYS[3]);
            fold(one ^ KEYS[0], other)
        }
        33..=64 => {
            let end = text.len() - 32;
            let one = fold(word(text, 0) ^ KEYS[1], word(text, 8) ^ seed);
            let two = fold(word(text, 16) ^ KEYS[2], word(text, 24) ^ seed);
            let three = fold(word(text, end) ^ KEYS[3], word(text, end + 8) ^ KEYS[0]);
            let four = fold(word(text, end + 16) ^ KEYS[2], word(text, end + 24) ^ KEYS[1]);
            fold(one ^ two.rotate_left(32) ^ KEYS[0], three ^ four.rotate_left(32))
        }
        _ => long_hash(text, seed),
    }
}

#[inline(never)]
fn long_hash(text: &[u8], seed: u64) -> u64 {
    let (chunks, rest) = text.as_chunks::<16>();
    let sum = chunks.iter().fold(seed, |sum, chunk| fold(word(chunk, 0) ^ sum, word(chunk, 8) ^ KEYS[1]));
    hash(rest, sum)
}

/// Numbers of as many ones as zeros, without a pattern: the digits of e, pi, and two square roots.
const KEYS: [u64; 4] =
    [0xB7E1_5162_8AED_2A6B, 0x243F_6A88_85A3_08D3, 0x6A09_E667_F3BC_C909, 0xBB67_AE85_84CA_A73B];

#[inline(always)]
const fn fold(one: u64, other: u64) -> u64 {
    let product = one as u128 * other as u128;
    product as u64 ^ (product >> 64) as u64
}

/// Eight bytes of the text.
#[inline(always)]
fn word(text: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(*text[at..].first_chunk().expect("eight bytes from there on"))
}

#[inline(always)]
fn half_word(text: &[u8], at: usize) -> u64 {
    u32::from_le_bytes(*text[at..].first_chunk().expect("four bytes from there on")).into()
}

/// The first bytes and the last; they overlap where there are fewer than two halves.
#[inline]
fn halves<const HALF: usize>(text: &[u8]) -> Option<(&[u8; HALF], &[u8; HALF])> {
    text.first_chunk().zip(text.last_chunk())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_bit_of_a_text_changes_half_of_the_hash() {
        for hash in [hash, hash_by_words] {
            each_bit_changes_half(hash);
        }
    }

    #[test]
    fn differences_of_two_quarters_do_not_cancel() {
        // With two rounds of AES for each quarter these came to the same, whatever the seed.
        let (one, other) = (b"Xuljh8n4ow7kntkiJ15wc8ebxpjnz26r", b"Muljh8n4ow7kntkiy15wc8ebxpjnz26r");
        for hash in [hash, hash_by_words] {
            assert_ne!(hash(one, 7), hash(other, 7));
            // Nor do any others of their kind that are tried.
            let mut text = *one;
            let mut seen = std::collections::HashSet::new();
            for first in b'0'..b'z' {
                for second in b'0'..b'z' {
                    (text[0], text[16]) = (first, second);
                    assert!(seen.insert(hash(&text, 7)), "{first} {second}");
                }
            }
        }
    }

    fn each_bit_changes_half(hash: fn(&[u8], u64) -> u64) {
        for seed_bit in 0..64 {
            let changed = hash(b"a text", 7) ^ hash(b"a text", 7 ^ 1 << seed_bit);
            assert!((10..=54).contains(&changed.count_ones()), "{seed_bit}: {changed:b}");
        }
        for len in 1..150 {
            let text: Vec<u8> = (0..len).map(|at| (at * 37 % 251) as u8).collect();
            let whole = hash(&text, 7);
            let mut changed_bits = 0;
            for bit in 0..8 * len {
                let mut other = text.clone();
                other[bit / 8] ^= 1 << (bit % 8);
                let changed = hash(&other, 7) ^ whole;
                // Which part of a tally, which place in it, and which bits are compared there.
                assert!(changed >> 58 | changed >> 26 & 0xFFFF_FFFF != 0, "{len} {bit}");
                changed_bits += changed.count_ones() as usize;
            }
            let mean = changed_bits / (8 * len);
            assert!((28..=36).contains(&mean), "{len}: {mean} of 64 bits");
            assert_ne!(hash(&text[..len - 1], 7), whole);
        }
    }

    proptest! {
        #[test]
        fn they_do_what_the_general_functions_do(one in "[ab]{0,70}", other in "[ab]{0,70}", changed in 0_usize..70) {
            let (one, other) = (one.as_bytes(), other.as_bytes());
            prop_assert_eq!(is_same(one, other), one == other);
            let mut third = vec![b'x'; 75];
            copy(one, &mut third);
            prop_assert_eq!(&third[one.len()..], &[b'x'; 75][one.len()..]);
            third.truncate(one.len());
            prop_assert!(is_same(one, &third));
            if let Some(byte) = third.get_mut(changed) {
                *byte ^= 1;
                prop_assert!(!is_same(one, &third));
            }
        }
    }
}

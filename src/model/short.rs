//! Short texts copied and compared in two pieces that overlap: a call of the general functions takes
//! longer than their work, and nearly every SIP-ID has between sixteen and thirty-two bytes.

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
    const HALF: usize = 16;
    let out = &mut out[..text.len()];
    match halves::<HALF>(text).filter(|_| text.len() <= 2 * HALF) {
        Some((first, last)) => {
            out[..HALF].copy_from_slice(first);
            out[text.len() - HALF..].copy_from_slice(last);
        }
        None => out.copy_from_slice(text),
    }
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

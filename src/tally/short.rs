//! Short texts copied and compared in two pieces that overlap: a call of the general functions takes
//! longer than their work, and nearly every SIP-ID has between sixteen and thirty-two bytes.

const HALF: usize = 16;

/// Whether the texts are the same, byte for byte.
pub(super) fn is_same(one: &[u8], other: &[u8]) -> bool {
    let halves =
        |text| halves(text).map(|(first, last)| (u128::from_ne_bytes(*first), u128::from_ne_bytes(*last)));
    match (halves(one), halves(other)) {
        (Some(one_halves), Some(other_halves)) => one.len() == other.len() && one_halves == other_halves,
        _ => one == other,
    }
}

/// Copies the text to where `out` begins.
///
/// # Panics
///
/// Where it is longer than `out`.
pub(super) fn copy(text: &[u8], out: &mut [u8]) {
    let out = &mut out[..text.len()];
    match halves(text) {
        Some((first, last)) => {
            out[..HALF].copy_from_slice(first);
            out[text.len() - HALF..].copy_from_slice(last);
        }
        None => out.copy_from_slice(text),
    }
}

/// The first bytes and the last, where they are all there are.
fn halves(text: &[u8]) -> Option<(&[u8; HALF], &[u8; HALF])> {
    match text.len() <= 2 * HALF {
        true => text.first_chunk().zip(text.last_chunk()),
        false => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn they_do_what_the_general_functions_do(one in "[ab]{0,40}", other in "[ab]{0,40}", changed in 0_usize..40) {
            let (one, other) = (one.as_bytes(), other.as_bytes());
            prop_assert_eq!(is_same(one, other), one == other);
            let mut third = vec![b'x'; 45];
            copy(one, &mut third);
            prop_assert_eq!(&third[one.len()..], &[b'x'; 45][one.len()..]);
            third.truncate(one.len());
            prop_assert!(is_same(one, &third));
            if let Some(byte) = third.get_mut(changed) {
                *byte ^= 1;
                prop_assert!(!is_same(one, &third));
            }
        }
    }
}

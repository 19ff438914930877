//! Small readers over bytes, shared by frames and messages. None of them allocates or fails.

use crate::model::marks::{WIDTH, marks};

/// What stands between `open` and the first `close` after it, and what follows `close`.
pub fn between<'t>(text: &'t [u8], open: &[u8], close: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let rest = text.strip_prefix(open)?;
    split_once(rest, close)
}

/// What stands before and after the first `mark`.
pub fn split_once<'t>(text: &'t [u8], mark: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let first = *mark.first()?;
    let mut from = 0;
    // A searcher costs more to make than a text that is nearly always short costs to walk.
    loop {
        let at = from + memchr::memchr(first, &text[from..])?;
        if let Some(rest) = text[at..].strip_prefix(mark) {
            return Some((&text[..at], rest));
        }
        from = at + 1;
    }
}

/// What stands before and after the last `mark`.
pub fn split_last<'t>(text: &'t [u8], mark: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let first = *mark.first()?;
    let mut end = text.len();
    loop {
        let at = memchr::memrchr(first, &text[..end])?;
        if let Some(rest) = text[at..].strip_prefix(mark) {
            return Some((&text[..at], rest));
        }
        end = at;
    }
}

/// How often `mark` occurs, up to `most`.
pub fn occurrences(text: &[u8], mark: &[u8], most: usize) -> usize {
    memchr::memmem::find_iter(text, mark).take(most).count()
}

/// What stands before and after the first space.
pub fn split_blank(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = near(b' ', text)?;
    Some((&text[..at], &text[at + 1..]))
}

/// The leading word and the rest after one space.
pub fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    split_blank(text).filter(|(word, _)| !word.is_empty())
}

/// The place of the first such byte, which is probably near: sixteen bytes are looked at together,
/// and a search by wider registers, which costs as much as some of these, is begun only then.
pub fn near(byte: u8, text: &[u8]) -> Option<usize> {
    const CHUNKS: usize = 4;
    if let (8..WIDTH, Some(first), Some(last)) = (text.len(), text.first_chunk::<8>(), text.last_chunk::<8>())
    {
        // Two halves, which overlap in the text.
        let mut both = [0; WIDTH];
        both[..8].copy_from_slice(first);
        both[8..].copy_from_slice(last);
        let found = marks(byte, &both);
        let at = match found as u8 {
            0 => text.len() + found.trailing_zeros() as usize - WIDTH,
            _ => found.trailing_zeros() as usize,
        };
        return (found != 0).then_some(at);
    }
    let (chunks, _) = text.as_chunks();
    for (number, chunk) in chunks.iter().take(CHUNKS).enumerate() {
        let found = marks(byte, chunk);
        if found != 0 {
            return Some(number * WIDTH + found.trailing_zeros() as usize);
        }
    }
    let from = chunks.len().min(CHUNKS) * WIDTH;
    memchr::memchr(byte, &text[from..]).map(|at| from + at)
}

/// A number of at most nine digits and nothing else.
#[inline]
pub fn number(text: &[u8]) -> Option<u32> {
    if let (4..=7, Some(first), Some(last)) = (text.len(), text.first_chunk(), text.last_chunk()) {
        // Two fours that overlap, behind as many zeros as make it eight digits, which are read all at once: how many
        // there are makes no branch.
        let shift = |digits: &[u8; 4], left| u64::from(u32::from_le_bytes(*digits)) << (8 * left);
        let digits = shift(first, 8 - text.len()) | shift(last, 4);
        let zeros = u64::from_le_bytes([b'0'; 8]) >> (8 * text.len());
        return super::stamp::eight_digits(&(digits | zeros).to_le_bytes());
    }
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    let mut sum = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        sum = sum * 10 + u32::from(digit);
    }
    Some(sum)
}

/// The address of `ip:port`, `[ip6]:port`, or a bare address.
pub fn host_of(address: &[u8]) -> &[u8] {
    if let Some((inside, _)) = between(address, b"[", b"]") {
        return inside;
    }
    match memchr::memchr(b':', address) {
        // A second colon makes it a bare IPv6 address.
        Some(at) if memchr::memchr(b':', &address[at + 1..]).is_none() => &address[..at],
        _ => address,
    }
}

/// Whether the field says "no such thing" in one of the ways of Kamailio and OpenSIPS.
#[inline]
pub fn is_filler(text: &[u8]) -> bool {
    matches!(text, b"<null>" | b"n/a" | b"[not set]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_digits_and_nothing_else() {
        for number in [0, 7, 42, 600, 3600, 86_400, 604_800, 1_234_567, 12_345_678, 999_999_999] {
            for width in 1..=9 {
                let text = format!("{number:0width$}");
                assert_eq!(super::number(text.as_bytes()), Some(number), "{text}");
                for at in 0..text.len() {
                    for other in [b'/', b':', b' ', b'0' + 128, 0] {
                        let mut text = text.clone().into_bytes();
                        text[at] = other;
                        assert_eq!(super::number(&text), None, "{text:?}");
                    }
                }
            }
        }
        assert_eq!(super::number(b""), None);
        assert_eq!(super::number(b"1234567890"), None);
    }

    #[test]
    fn an_address_loses_its_port_and_nothing_else() {
        assert_eq!(host_of(b"192.0.2.1:5060"), b"192.0.2.1");
        assert_eq!(host_of(b"[2001:db8::1]:5060"), b"2001:db8::1");
        assert_eq!(host_of(b"2001:db8::1"), b"2001:db8::1");
        assert_eq!(host_of(b"192.0.2.1"), b"192.0.2.1");
    }

    proptest::proptest! {
        #[test]
        fn a_mark_is_found_where_a_searcher_finds_it(text in "[ab']{0,20}", mark in "[ab']{1,3}") {
            let (text, mark) = (text.as_bytes(), mark.as_bytes());
            let around = |at: usize| (&text[..at], &text[at + mark.len()..]);
            proptest::prop_assert_eq!(split_once(text, mark), memchr::memmem::find(text, mark).map(around));
            proptest::prop_assert_eq!(split_last(text, mark), memchr::memmem::rfind(text, mark).map(around));
        }
    }

    #[test]
    fn a_near_byte_is_the_first_one() {
        for len in 0..90 {
            for at in 0..len {
                let mut text = vec![0xA0; len];
                text[at] = b' ';
                text[len - 1] = b' ';
                assert_eq!(near(b' ', &text), Some(at), "{len}");
            }
            assert_eq!(near(b' ', &vec![b'!'; len]), None);
        }
    }

    #[test]
    fn a_number_is_digits_only() {
        assert_eq!(number(b"3600"), Some(3600));
        assert_eq!(number(b""), None);
        assert_eq!(number(b"36x"), None);
        assert_eq!(number(b"4294967296"), None);
    }
}

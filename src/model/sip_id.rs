//! The identity that is billed.

use super::marks::{WIDTH, marks, marks_any, marks_of};
use super::wide;
use std::borrow::{Borrow, Cow};

/// A canonical SIP-ID: `user@domain` of an address-of-record (AOR), owned.
///
/// The user part has every `%xx` undone, the domain is in lower case, and the last `@`
/// separates them; where neither log nor configuration gives a domain there is no `@` at all.
/// Only [`crate::identity`] writes these bytes; they need not be UTF-8. Ordered and compared
/// byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SipId(Box<[u8]>);

impl SipId {
    /// Takes bytes that [`crate::identity`] has made canonical.
    pub fn from_canonical(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The canonical bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same, borrowed.
    pub fn borrowed(&self) -> SipIdRef<'_> {
        SipIdRef(&self.0)
    }

    /// As [`SipIdRef::escaped`].
    pub fn escaped(&self) -> String {
        self.borrowed().escaped()
    }
}

/// A [`SipId`] that stands elsewhere: in a tally, or in a side file's index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SipIdRef<'t>(&'t [u8]);

impl<'t> SipIdRef<'t> {
    /// Takes bytes that [`crate::identity`] has made canonical.
    pub const fn from_canonical(bytes: &'t [u8]) -> Self {
        Self(bytes)
    }

    /// The canonical bytes.
    pub const fn as_bytes(self) -> &'t [u8] {
        self.0
    }

    /// The part before the last `@`, or everything.
    pub fn user(self) -> &'t [u8] {
        memchr::memrchr(b'@', self.0).map_or(self.0, |at| &self.0[..at])
    }

    /// The part after the last `@`; `None` for a bare AOR.
    pub fn domain(self) -> Option<&'t [u8]> {
        memchr::memrchr(b'@', self.0).map(|at| &self.0[at + 1..])
    }

    /// As a SIP URI without its scheme: a byte of the user part that RFC 3261 §25.1 does not
    /// allow there is written `%XX` again, so that the text is one printable ASCII word.
    pub fn escaped(self) -> String {
        let mut text = String::with_capacity(self.0.len() + 8);
        self.push_escaped(&mut text);
        text
    }

    /// The same, without a copy where the bytes are that text already: nearly always.
    pub fn written(self) -> Cow<'t, str> {
        match std::str::from_utf8(self.0) {
            Ok(text) if self.is_plain() => Cow::Borrowed(text),
            _ => Cow::Owned(self.escaped()),
        }
    }

    /// Appends what [`SipIdRef::escaped`] gives.
    pub fn push_escaped(self, out: &mut String) {
        for &byte in self.user() {
            // unreserved and user-unreserved; `#`, `[`, `]` and the quote are not among them.
            if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
                out.push(char::from(byte));
            } else {
                out.push('%');
                out.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
                out.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
            }
        }
        if let Some(domain) = self.domain() {
            out.push('@');
            out.push_str(&String::from_utf8_lossy(domain));
        }
    }

    /// Whether [`SipIdRef::escaped`] surely changes nothing: false too often, never true too often.
    ///
    /// Such texts sort as their bytes do.
    pub fn is_plain(self) -> bool {
        if let (Some(others), Some((_, ats))) =
            (wide::others(self.0, &PLAIN), wide::places(self.0, [b'@'; 4]))
        {
            return others == 0 && ats.count_ones() <= 1;
        }
        let (chunks, rest) = self.0.as_chunks();
        let mut last = [b'0'; WIDTH];
        last[..rest.len()].copy_from_slice(rest);
        let (mut is_plain, mut ats) = (true, 0);
        for chunk in chunks.iter().chain([&last]) {
            is_plain &= others(chunk) == 0;
            ats += marks(b'@', chunk).count_ones();
        }
        is_plain && ats <= 1
    }
}

/// A bit for each byte that is not [`PLAIN`].
#[inline]
fn others(chunk: &[u8; WIDTH]) -> u16 {
    // `.` to `9` holds the slash.
    let usual = marks_of(&[(b'a', 25), (b'@', 26)], chunk) | marks_of(&[(b'.', 11), (b'+', 0)], chunk);
    !(usual & !marks(b'/', chunk) | marks_any(b"-_", chunk))
}

/// The bytes that are written as they are in a user part and in a domain, and `@`.
static PLAIN: wide::Set =
    wide::Set::of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+@");

impl Borrow<[u8]> for SipId {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_plain_is_written_as_it_is(text in "[a-c+@%._ é]{0,8}") {
            let id = SipIdRef::from_canonical(text.as_bytes());
            prop_assert_eq!(id.written(), id.escaped());
            prop_assert!(!id.is_plain() || id.escaped() == text);
        }

        #[test]
        fn what_is_plain_is_told_byte_by_byte(
            front in "[a-zA-Z0-9._+-]{0,40}@?[a-z0-9.-]{0,40}",
            more in prop::collection::vec(any::<u8>(), 0..2),
            at in 0_usize..80,
        ) {
            let mut text = front.into_bytes();
            text.splice(at.min(text.len())..at.min(text.len()), more);
            let is_one = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.+@".contains(byte);
            let expected = text.iter().all(is_one) && text.iter().filter(|byte| **byte == b'@').count() <= 1;
            prop_assert_eq!(SipIdRef::from_canonical(&text).is_plain(), expected, "{:?}", text);
        }
    }

    #[test]
    fn a_user_that_holds_an_at_sign_is_split_at_the_last_and_escaped() {
        let id = SipId::from_canonical(b"a b@x@example.com");
        assert_eq!(id.borrowed().user(), b"a b@x");
        assert_eq!(id.borrowed().domain(), Some(&b"example.com"[..]));
        assert_eq!(id.escaped(), "a%20b%40x@example.com");
    }

    #[test]
    fn a_plus_stays_a_plus() {
        assert_eq!(SipId::from_canonical(b"+420123@a.example").escaped(), "+420123@a.example");
    }
}

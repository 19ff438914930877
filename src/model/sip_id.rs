//! The identity that is billed.

use std::borrow::Borrow;

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

    /// The part before the last `@`, or everything.
    pub fn user(&self) -> &[u8] {
        memchr::memrchr(b'@', &self.0).map_or(&self.0, |at| &self.0[..at])
    }

    /// The part after the last `@`; `None` for a bare AOR.
    pub fn domain(&self) -> Option<&[u8]> {
        memchr::memrchr(b'@', &self.0).map(|at| &self.0[at + 1..])
    }

    /// As a SIP URI without its scheme: a byte of the user part that RFC 3261 §25.1 does not
    /// allow there is written `%XX` again, so that the text is one printable ASCII word.
    pub fn escaped(&self) -> String {
        let mut text = String::with_capacity(self.0.len() + 8);
        for &byte in self.user() {
            // unreserved and user-unreserved; `#`, `[`, `]` and the quote are not among them.
            if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
                text.push(char::from(byte));
            } else {
                text.push('%');
                text.push(char::from(b"0123456789ABCDEF"[usize::from(byte >> 4)]));
                text.push(char::from(b"0123456789ABCDEF"[usize::from(byte & 15)]));
            }
        }
        if let Some(domain) = self.domain() {
            text.push('@');
            text.push_str(&String::from_utf8_lossy(domain));
        }
        text
    }
}

impl Borrow<[u8]> for SipId {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_that_holds_an_at_sign_is_split_at_the_last_and_escaped() {
        let id = SipId::from_canonical(b"a b@x@example.com");
        assert_eq!(id.user(), b"a b@x");
        assert_eq!(id.domain(), Some(&b"example.com"[..]));
        assert_eq!(id.escaped(), "a%20b%40x@example.com");
    }

    #[test]
    fn a_plus_stays_a_plus() {
        assert_eq!(SipId::from_canonical(b"+420123@a.example").escaped(), "+420123@a.example");
    }
}

//! The many ways to write one user.

use crate::model::{SipIdRef, undo_escapes};
use std::fmt;

/// Digits that a telephone number has at least: shorter numbers are extensions, of which `0100` and `100` can be two.
const NUMBER_LEN_MIN: usize = 7;

/// Writes the key under which spellings meet that are probably one user: without capitals, and numbers
/// without `+` and leading zeros.
pub(super) fn loose_key(id: SipIdRef<'_>, out: &mut Vec<u8>) {
    out.clear();
    push_loose(id.user(), 1, out);
    if let Some(domain) = id.domain() {
        out.push(b'@');
        out.extend_from_slice(domain);
    }
}

/// The same of the user part alone, which is what a row without any domain can be found by.
pub(super) fn bare_key(id: SipIdRef<'_>, out: &mut Vec<u8>) {
    out.clear();
    // No canonical SIP-ID ends so, which keeps these keys apart from those with a domain.
    push_loose(id.user(), 1, out);
    out.push(b'@');
}

/// The key of a user whom nobody of ours is: as [`loose_key`], but short numbers keep their zeros.
pub(super) fn strangers_key(id: SipIdRef<'_>, out: &mut Vec<u8>) {
    out.clear();
    push_loose(id.user(), NUMBER_LEN_MIN, out);
    out.push(b'@');
    out.extend_from_slice(id.domain().unwrap_or_default());
}

fn push_loose(user: &[u8], digits_min: usize, out: &mut Vec<u8>) {
    let digits = user.strip_prefix(b"+").unwrap_or(user);
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
    if is_number && digits.len() - zeros >= digits_min {
        out.extend_from_slice(&digits[zeros..]);
    } else {
        out.extend(user.iter().map(u8::to_ascii_lowercase));
    }
}

/// How two spellings of one user differ: names in a fixed order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spelling(Vec<&'static str>);

impl Spelling {
    /// What sets one text apart from the other.
    pub fn between(one: &str, other: &str) -> Self {
        let (one, other) = (Parts::of(one), Parts::of(other));
        let mut names = Vec::new();
        let mut note = |is_different: bool, name| names.extend(is_different.then_some(name));
        let (user, other_user) = (unescaped(one.user), unescaped(other.user));
        let is_case = |one: &[u8], other: &[u8]| one != other && one.eq_ignore_ascii_case(other);
        note(is_case(&user, &other_user) || is_case(one.host, other.host), "case");
        note(is_number_differing(&user, &other_user), "plus_or_zeros");
        note(one.port != other.port, "port");
        note(one.parameters != other.parameters, "parameters");
        let has_both = !one.host.is_empty() && !other.host.is_empty();
        let is_other_host = !one.host.eq_ignore_ascii_case(other.host);
        note(is_other_host && has_both, "domain_alias");
        note(is_other_host && !has_both, "no_domain");
        let is_escaped = one.user != other.user && (user != one.user || other_user != other.user);
        note(is_escaped, "percent_encoding");
        note(one.frame != other.frame && !one.frame.eq_ignore_ascii_case(other.frame), "scheme");
        Self(names)
    }

    /// Whether they are one text but for blanks.
    pub fn is_same(&self) -> bool {
        self.0.is_empty()
    }
}

/// The names, parted by blanks.
impl fmt::Display for Spelling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.join(" "))
    }
}

/// The pieces of a user as somebody wrote it.
struct Parts<'t> {
    /// What stands in front of the user: display name, bracket, scheme.
    frame: &'t [u8],
    user: &'t [u8],
    host: &'t [u8],
    port: &'t [u8],
    parameters: &'t [u8],
}

impl<'t> Parts<'t> {
    fn of(text: &'t str) -> Self {
        let text = text.trim().as_bytes();
        let start = memchr::memchr(b'<', text).map_or(0, |at| at + 1);
        let inside = &text[start..];
        let inside = &inside[..memchr::memchr(b'>', inside).unwrap_or(inside.len())];
        let scheme = [&b"sip:"[..], b"sips:", b"tel:"]
            .into_iter()
            .find(|scheme| {
                inside.len() >= scheme.len() && inside[..scheme.len()].eq_ignore_ascii_case(scheme)
            })
            .map_or(0, <[u8]>::len);
        let frame = &text[..start + scheme];
        let address = &inside[scheme..];
        let (user, rest) = match memchr::memrchr(b'@', address) {
            Some(at) => (&address[..at], &address[at + 1..]),
            None => (address, &b""[..]),
        };
        let split = |text: &'t [u8], stops: &[u8]| {
            let end = text.iter().position(|byte| stops.contains(byte)).unwrap_or(text.len());
            (&text[..end], &text[end..])
        };
        let (authority, parameters) = split(rest, b";?");
        let (user, own) = if rest.is_empty() { split(user, b";?") } else { (user, &b""[..]) };
        let parameters = if rest.is_empty() { own } else { parameters };
        // An IPv6 address has colons of its own, inside brackets.
        let bracket = memchr::memrchr(b']', authority).map_or(0, |at| at + 1);
        let colon = memchr::memchr(b':', &authority[bracket..]).map_or(authority.len(), |at| bracket + at);
        let host = &authority[..colon];
        let host = host.strip_suffix(b".").unwrap_or(host);
        Self { frame, user, host, port: &authority[colon..], parameters }
    }
}

fn unescaped(user: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(user.len());
    undo_escapes(user, b'%', &mut out);
    out
}

/// Whether two numbers differ by `+` and leading zeros only.
fn is_number_differing(one: &[u8], other: &[u8]) -> bool {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    push_loose(one, 1, &mut left);
    push_loose(other, 1, &mut right);
    !one.eq_ignore_ascii_case(other) && left == right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(one: &str, other: &str) -> String {
        Spelling::between(one, other).to_string()
    }

    #[test]
    fn each_way_to_write_a_user_has_its_name() {
        let plain = "bob@a.example";
        for (other, expected) in [
            ("Bob@a.example", "case"),
            ("bob@A.Example", "case"),
            ("bob@a.example:5060", "port"),
            ("bob@a.example;transport=tcp", "parameters"),
            ("bob@sip.a.example", "domain_alias"),
            ("b%6Fb@a.example", "percent_encoding"),
            ("bob", "no_domain"),
            ("sip:bob@a.example", "scheme"),
            ("sip:BOB@a.example:5060;x=y", "case port parameters scheme"),
            (" bob@a.example ", ""),
        ] {
            assert_eq!(between(plain, other), expected, "{other}");
        }
    }

    #[test]
    fn a_number_has_a_plus_zeros_or_neither() {
        assert_eq!(between("+420777@a.example", "00420777@a.example"), "plus_or_zeros");
        assert_eq!(between("+420777@a.example", "420777@a.example"), "plus_or_zeros");
        assert_eq!(between("+420777@a.example", "%2B420777@a.example"), "percent_encoding");
    }

    #[test]
    fn an_extension_among_strangers_keeps_its_zeros() {
        let key = |text: &str| {
            let mut out = Vec::new();
            strangers_key(SipIdRef::from_canonical(text.as_bytes()), &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_ne!(key("0100@a"), key("100@a"));
        assert_eq!(key("+420777123456@a"), key("00420777123456@a"));
    }
}

//! Names that tell users apart and do not tell who they are.
//!
//! A pseudonym is `u` and the first 24 hexadecimal digits of HMAC-SHA256 (RFC 2104) of the canonical
//! SIP-ID under the operator's key; the domain stays, since it is the customer's and not the user's. The
//! same key gives the same pseudonyms in every output and every month, and whoever has the key can
//! make them from a list of names with any HMAC library. 96 bits: among ten million users two alike
//! are not to be expected, and users are counted before they are renamed anyway.

use super::{Policy, canonical};
use crate::model::{Aor, Dialect, SipIdRef};
use hmac::{Hmac, KeyInit, Mac};
use regex::bytes::{Captures, Regex};
use sha2::Sha256;

/// Bytes that a key must have: fewer can be guessed.
pub const KEY_MIN: usize = 16;
/// Bytes of the HMAC that a pseudonym shows.
const SHOWN: usize = 12;

/// The pseudonyms of one key.
#[derive(Debug, Clone)]
pub struct Pseudonyms {
    keyed: Hmac<Sha256>,
    identifiers: Regex,
}

impl Pseudonyms {
    /// The pseudonyms of that key, which is a file's contents without the line ends behind them;
    /// `None` where it is shorter than [`KEY_MIN`].
    pub fn new(key: &[u8]) -> Option<Self> {
        let end = key.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
        let key = &key[..end];
        if key.len() < KEY_MIN {
            return None;
        }
        let keyed = Hmac::new_from_slice(key).expect("a key of any length will do for HMAC");
        // Whoever a line names: an address with a host, a display name before one, a telephone
        // URI, a device's instance, an IP address.
        let identifiers = Regex::new(
            r#"(?x-u)
              (?P<display>"(?:[^"\\]|\\.)*")(?P<bracket>\s*<)
            | (?P<user>[A-Za-z0-9\-_.!~*'&=+$,;?/%\#:]*[A-Za-z0-9\-_.!~*&+$?/%\#])@(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])
            | tel:(?P<tel>[0-9+*\#().-]+)
            | urn:uuid:(?P<uuid>[0-9A-Fa-f-]+)
            | \b(?P<v4>(?:[0-9]{1,3}\.){3}[0-9]{1,3})\b
            | (?P<v6>\b[0-9A-Fa-f]{1,4}:(?:[0-9A-Fa-f]{0,4}:){2,6}[0-9A-Fa-f]{0,4})
            "#,
        );
        Some(Self { keyed, identifiers: identifiers.expect("the expression is a constant") })
    }

    /// What two outputs can be compared by, to see whether they were made with the same key.
    pub fn fingerprint(&self) -> String {
        self.token(b"siptally: fingerprint of the key")
    }

    /// Appends the pseudonym of a SIP-ID: canonical, as the SIP-ID is.
    pub fn push(&self, id: SipIdRef<'_>, out: &mut Vec<u8>) {
        out.push(b'u');
        out.extend_from_slice(self.token(id.as_bytes()).as_bytes());
        if let Some(domain) = id.domain() {
            out.push(b'@');
            out.extend_from_slice(domain);
        }
    }

    /// The same, owned.
    pub fn of(&self, id: SipIdRef<'_>) -> Vec<u8> {
        let mut name = Vec::new();
        self.push(id, &mut name);
        name
    }

    /// A log's text without whoever it names: users at a host, display names, telephone numbers, device
    /// instances and IP addresses. A bare name has no form to be known by, so `known` gives the user part
    /// and SIP-ID of those who are to be found as whole words.
    ///
    /// A User-Agent stays as it is.
    pub fn text(&self, text: &[u8], policy: &Policy, known: &[SipIdRef<'_>]) -> Vec<u8> {
        let mut name = Vec::new();
        let replaced = self.identifiers.replace_all(text, |found: &Captures<'_>| -> Vec<u8> {
            if let (Some(_), Some(bracket)) = (found.name("display"), found.name("bracket")) {
                return [b"\"\"", bracket.as_bytes()].concat();
            }
            if let (Some(user), Some(host)) = (found.name("user"), found.name("host")) {
                return self.address(user.as_bytes(), host.as_bytes(), policy, &mut name);
            }
            let token = |group: &str| found.name(group).map(|it| self.token(it.as_bytes()));
            match (token("tel"), token("uuid"), token("v4").or_else(|| token("v6"))) {
                (Some(tel), ..) => format!("tel:u{tel}").into_bytes(),
                (_, Some(uuid), _) => format!("urn:uuid:{uuid}").into_bytes(),
                (_, _, Some(address)) => format!("ip-{address}").into_bytes(),
                _ => found[0].to_vec(),
            }
        });
        known.iter().fold(replaced.into_owned(), |text, id| self.without_word(&text, *id))
    }

    /// The pseudonym of an address as it stands in a text. What stands before it without a blank (a
    /// scheme, a field's name) stays.
    fn address(&self, user: &[u8], host: &[u8], policy: &Policy, name: &mut Vec<u8>) -> Vec<u8> {
        // `aor=sip:alice` or `to:alice`: the user begins behind the last of these.
        let at = user.iter().rposition(|byte| matches!(byte, b':' | b'=' | b',')).map_or(0, |at| at + 1);
        let (before, user) = user.split_at(at);
        let uri = [user, b"@", host].concat();
        let mut written = before.to_vec();
        match canonical(Aor::Uri(&uri), Dialect::Unknown, policy, name) {
            true => self.push(SipIdRef::from_canonical(name), &mut written),
            false => written.extend_from_slice(self.token(&uri).as_bytes()),
        }
        // An address is a person's where it is no server's name.
        let is_address = host.iter().all(|byte| byte.is_ascii_hexdigit() || b".:[]".contains(byte));
        if is_address && let Some(at) = memchr::memrchr(b'@', &written) {
            written.truncate(at + 1);
            written.extend_from_slice(b"ip-");
            written.extend_from_slice(self.token(host).as_bytes());
        }
        written
    }

    /// The text with the user part of that SIP-ID replaced where it is a whole word.
    fn without_word(&self, text: &[u8], id: SipIdRef<'_>) -> Vec<u8> {
        let word = id.user();
        if word.is_empty() {
            return text.to_vec();
        }
        let pseudonym = [b"u", self.token(id.as_bytes()).as_bytes()].concat();
        let is_letter = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        let mut written = Vec::with_capacity(text.len());
        let mut rest = 0;
        for at in memchr::memmem::find_iter(text, word) {
            let is_word = !is_letter(at.checked_sub(1).and_then(|before| text.get(before)))
                && !is_letter(text.get(at + word.len()));
            if is_word {
                written.extend_from_slice(&text[rest..at]);
                written.extend_from_slice(&pseudonym);
                rest = at + word.len();
            }
        }
        written.extend_from_slice(&text[rest..]);
        written
    }

    /// A token of any text: the digits of a pseudonym.
    pub fn token(&self, bytes: &[u8]) -> String {
        let digest = self.keyed.clone().chain_update(bytes).finalize().into_bytes();
        digest[..SHOWN].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &[u8] = b"0123456789abcdef\n";

    fn pseudonyms() -> Pseudonyms {
        Pseudonyms::new(KEY).expect("the key is long enough")
    }

    fn shown(text: &str, known: &[&str]) -> String {
        let known: Vec<SipIdRef<'_>> =
            known.iter().map(|id| SipIdRef::from_canonical(id.as_bytes())).collect();
        String::from_utf8(pseudonyms().text(text.as_bytes(), &Policy::default(), &known)).unwrap()
    }

    fn name(id: &str) -> String {
        String::from_utf8(pseudonyms().of(SipIdRef::from_canonical(id.as_bytes()))).unwrap()
    }

    #[test]
    fn a_pseudonym_is_what_any_hmac_library_gives() {
        // printf 'alice@example.com' | openssl dgst -sha256 -hmac 0123456789abcdef
        assert_eq!(name("alice@example.com"), "uf3d6ddc7dbf9be2eb667360a@example.com");
        assert_eq!(name("1001"), name("1001"));
        assert!(!name("1001").contains('@'));
    }

    #[test]
    fn a_key_that_can_be_guessed_is_none() {
        assert!(Pseudonyms::new(b"0123456789abcde\n").is_none());
        let with_line_end = Pseudonyms::new(b"0123456789abcdef\r\n").unwrap();
        assert_eq!(with_line_end.fingerprint(), Pseudonyms::new(b"0123456789abcdef").unwrap().fingerprint());
    }

    #[test]
    fn a_line_names_nobody_any_more_and_still_joins_with_the_list() {
        let line = "REG-OK t=1788220800 src=10.128.241.78 aor=+420762057238@example.com exp=1800 \
                    ct=\"Alice B\" <sip:4a44@10.128.241.78:41028>;+sip.instance=\"<urn:uuid:12ab-34>\" ua=Zoiper v1.19.6";
        let text = shown(line, &[]);
        for secret in ["762057238", "10.128", "Alice", "4a44", "12ab"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains(&format!("aor={} ", name("+420762057238@example.com"))), "{text}");
        assert!(text.ends_with("ua=Zoiper v1.19.6"), "{text}");
    }

    #[test]
    fn a_bare_name_is_found_as_a_whole_word() {
        let text = shown("Added contact 'sip:1001@192.0.2.10' to AOR '1001' from 10010", &["1001"]);
        assert!(text.contains(&format!("AOR '{}' from 10010", name("1001"))), "{text}");
        assert!(!text.contains("192.0.2.10"), "{text}");
    }

    proptest! {
        #[test]
        fn no_user_survives_in_any_line(user in "[a-z][a-z0-9.]{5,12}", before in "[ -~]{0,20}", after in "[ -~]{0,20}") {
            let line = format!("{before} <sip:{user}@example.com> {after}");
            prop_assume!(!before.contains(&user) && !after.contains(&user) && !before.contains('"'));
            let named = format!("{user}@");
            prop_assert!(!shown(&line, &[]).contains(&named));
        }
    }
}

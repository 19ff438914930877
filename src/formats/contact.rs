//! How long the bindings of a Contact header live (RFC 3261 §10.2.1.1).

/// What a REGISTER's Contact and Expires ask for, or a reply's grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// At least one contact lives.
    Live,
    /// Every contact has a lifetime of zero: a de-registration.
    AllZero,
    /// `*`: a de-registration of everything.
    Star,
    /// No contact at all: a query.
    None,
}

/// Sums up a Contact header (any number of contacts, in any of its spellings) and the value of
/// an Expires header. A contact's own `expires` parameter wins over the header; without either
/// the registrar's default holds, and the contact lives.
pub fn lifetimes(contact: &[u8], expires: Option<u32>) -> Lifetime {
    let contact = contact.trim_ascii();
    if contact == b"*" {
        return Lifetime::Star;
    }
    if contact.is_empty() || contact == b"-" || super::text::is_filler(contact) {
        return Lifetime::None;
    }
    let is_any_live = Contacts(contact).any(|one| own_expires(one).or(expires) != Some(0));
    if is_any_live { Lifetime::Live } else { Lifetime::AllZero }
}

/// The user part of the first contact's URI.
pub fn first_user(contact: &[u8]) -> Option<&[u8]> {
    let one = Contacts(contact).next()?;
    let uri = match outside_quotes(one, b'<') {
        Some(at) => &one[at + 1..],
        None => one,
    };
    let colon = memchr::memchr(b':', uri)?;
    let end = uri.iter().position(|byte| matches!(byte, b'>' | b';' | b'?')).unwrap_or(uri.len());
    let address = uri.get(colon + 1..end)?;
    let at = memchr::memrchr(b'@', address)?;
    (at > 0).then(|| &address[..at])
}

/// The contacts of a header, split at commas outside quotes and brackets.
struct Contacts<'t>(&'t [u8]);

impl<'t> Iterator for Contacts<'t> {
    type Item = &'t [u8];

    fn next(&mut self) -> Option<&'t [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let end = outside_quotes_and_brackets(self.0, b',').unwrap_or(self.0.len());
        let one = &self.0[..end];
        self.0 = &self.0[(end + 1).min(self.0.len())..];
        Some(one)
    }
}

/// The `expires` parameter of one contact: a header parameter behind `>`, or of a bare URI.
fn own_expires(contact: &[u8]) -> Option<u32> {
    let parameters = match outside_quotes(contact, b'<') {
        Some(open) => {
            let close = open + memchr::memchr(b'>', &contact[open..])?;
            &contact[close + 1..]
        }
        None => contact,
    };
    let mut rest = parameters;
    loop {
        let at = outside_quotes_and_brackets(rest, b';')?;
        rest = &rest[at + 1..];
        let name = rest.trim_ascii_start();
        let Some(value) = name.get(..7).filter(|name| name.eq_ignore_ascii_case(b"expires")) else {
            continue;
        };
        let value = name[value.len()..].trim_ascii_start();
        let Some(value) = value.strip_prefix(b"=") else { continue };
        let value = value.trim_ascii_start();
        let value = value.strip_prefix(b"\"").unwrap_or(value);
        let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
        // Whatever is no number counts as not given; more digits than fit are a long time.
        return match digits {
            0 => None,
            1..=9 => super::text::number(&value[..digits]),
            _ => Some(u32::MAX),
        };
    }
}

fn outside_quotes(text: &[u8], wanted: u8) -> Option<usize> {
    find(text, wanted, false)
}

fn outside_quotes_and_brackets(text: &[u8], wanted: u8) -> Option<usize> {
    find(text, wanted, true)
}

fn find(text: &[u8], wanted: u8, skips_brackets: bool) -> Option<usize> {
    let mut is_quoted = false;
    let mut is_bracketed = false;
    let mut at = 0;
    while at < text.len() {
        let byte = text[at];
        if byte == wanted && !is_quoted && !is_bracketed {
            return Some(at);
        }
        match byte {
            b'\\' if is_quoted => at += 1,
            b'"' if !is_bracketed => is_quoted = !is_quoted,
            b'<' if !is_quoted => is_bracketed = skips_brackets,
            b'>' if !is_quoted => is_bracketed = false,
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contacts_own_expiry_wins_over_the_header() {
        assert_eq!(lifetimes(b"<sip:a@192.0.2.1>;expires=0", Some(3600)), Lifetime::AllZero);
        assert_eq!(lifetimes(b"<sip:a@192.0.2.1>;expires=60", Some(0)), Lifetime::Live);
        assert_eq!(lifetimes(b"<sip:a@192.0.2.1>", Some(0)), Lifetime::AllZero);
        assert_eq!(lifetimes(b"<sip:a@192.0.2.1>", None), Lifetime::Live);
        assert_eq!(lifetimes(b"sip:a@192.0.2.1;Expires = 0", None), Lifetime::AllZero);
    }

    #[test]
    fn a_uri_parameter_inside_the_brackets_is_no_expiry() {
        assert_eq!(lifetimes(b"<sip:a@192.0.2.1;expires=0>", None), Lifetime::Live);
        assert_eq!(lifetimes(b"\";expires=0\" <sip:a@192.0.2.1>", None), Lifetime::Live);
    }

    #[test]
    fn one_living_contact_is_enough() {
        let two = b"\"A, B\" <sip:a@192.0.2.1>;expires=0, <sip:a@192.0.2.2>;expires=60";
        assert_eq!(lifetimes(two, None), Lifetime::Live);
        assert_eq!(lifetimes(b"<sip:a@x>;expires=0,<sip:b@x>;expires=0", Some(60)), Lifetime::AllZero);
    }

    #[test]
    fn a_star_and_nothing_are_told_apart() {
        assert_eq!(lifetimes(b" * ", Some(0)), Lifetime::Star);
        for nothing in [&b""[..], b"-", b"<null>", b"  "] {
            assert_eq!(lifetimes(nothing, Some(3600)), Lifetime::None);
        }
    }

    #[test]
    fn the_first_contacts_user_is_found() {
        assert_eq!(
            first_user(b"\"<sip:x@y>\" <sip:alice@192.0.2.10:5060>;expires=3600"),
            Some(&b"alice"[..])
        );
        assert_eq!(first_user(b"<sip:192.0.2.10>"), None);
    }

    proptest::proptest! {
        #[test]
        fn no_contact_makes_it_panic(contact: Vec<u8>, expires: Option<u32>) {
            lifetimes(&contact, expires);
            first_user(&contact);
        }
    }
}

//! The arithmetic of a Contact header: does it leave anything bound?

use super::text::{near, number};
use crate::model::marks::{holds, holds_any};
use crate::model::wide;

/// What a REGISTER with such a Contact header asks of the registrar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// At least one contact is to live on.
    Live,
    /// Every contact is to be removed.
    AllZero,
    /// `*`: all of the user's contacts are to be removed.
    Star,
    /// No contact at all: the bindings are only asked for.
    None,
}

/// What `contact` asks for, where `expires` is the Expires header.
///
/// `contact` is one header's value or several joined by commas, as a log writes them. A contact's
/// own `expires` parameter counts before the header, and the header before one inside the brackets; with none of them
/// the registrar's default holds, and that is never 0. A parameter that is no number counts as not given.
pub fn lifetimes(contact: &[u8], expires: Option<u32>) -> Lifetime {
    Header::of(contact).lifetimes(expires)
}

/// A Contact header's value, looked at once for all that is asked of it.
#[derive(Debug, Clone, Copy)]
pub struct Header<'t> {
    text: &'t [u8],
    /// The URI and what is behind its brackets, where it is one contact as nearly all are: without a display name or
    /// any quotes.
    one: Option<(&'t [u8], &'t [u8])>,
}

impl<'t> Header<'t> {
    pub fn of(text: &'t [u8]) -> Self {
        Self { text, one: in_brackets(text) }
    }

    /// What [`lifetimes`] says.
    #[inline]
    pub fn lifetimes(&self, expires: Option<u32>) -> Lifetime {
        match self.one {
            Some((uri, b"")) if !holds(b';', uri) => of_bare(expires),
            Some((_, [b';', b'e', b'x', b'p', b'i', b'r', b'e', b's', b'=', own @ ..])) => match seconds(own)
            {
                Some(own) => of_bare(Some(own)),
                None => each_lifetime(self.text, expires),
            },
            _ => each_lifetime(self.text, expires),
        }
    }

    /// Appends the URI of each contact, a line each.
    #[inline]
    pub fn uris(&self, out: &mut Vec<u8>) {
        match self.one {
            Some((uri, _)) => {
                out.extend_from_slice(uri.trim_ascii());
                out.push(b'\n');
            }
            None => each_uri(self.text, out),
        }
    }
}

fn each_lifetime(contact: &[u8], expires: Option<u32>) -> Lifetime {
    match contact.trim_ascii() {
        b"" => return Lifetime::None,
        b"*" => return Lifetime::Star,
        one if is_bare(one) => return of_bare(expires),
        _ => {}
    }
    let mut found = Lifetime::None;
    for one in Contacts::new(contact) {
        if one == b"*" || own_expires(one, expires) == Some(0) {
            found = Lifetime::AllZero;
        } else {
            return Lifetime::Live;
        }
    }
    found
}

/// The same, and the longest lifetime in seconds that any contact asks for: `None` where none is to
/// live, or where one leaves it to the registrar.
pub fn lifetimes_and_longest(contact: &[u8], expires: Option<u32>) -> (Lifetime, Option<u32>) {
    let trimmed = contact.trim_ascii();
    if !matches!(trimmed, b"" | b"*") && is_bare(trimmed) {
        return (of_bare(expires), expires);
    }
    match lifetimes(contact, expires) {
        Lifetime::Live => (Lifetime::Live, longest_seconds(contact, expires)),
        lifetime => (lifetime, None),
    }
}

fn longest_seconds(contact: &[u8], expires: Option<u32>) -> Option<u32> {
    let mut longest = None;
    // `*` removes, and lives no time at all.
    for one in Contacts::new(contact).filter(|one| one != b"*") {
        longest = longest.max(Some(own_expires(one, expires)?));
    }
    longest
}

/// What one contact without parameters asks for.
fn of_bare(expires: Option<u32>) -> Lifetime {
    if expires == Some(0) { Lifetime::AllZero } else { Lifetime::Live }
}

/// What [`Header`] keeps of it.
fn in_brackets(contact: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = contact.strip_prefix(b"<")?;
    let close = near(b'>', inside)?;
    (!holds_any(b",\"", contact)).then(|| (&inside[..close], &inside[close + 1..]))
}

/// Whether it is at most one contact, and one without parameters: what most lines have.
fn is_bare(contact: &[u8]) -> bool {
    match wide::places(contact, *b",;,;") {
        Some((found, _)) => found == 0,
        None => !holds_any(b",;", contact),
    }
}

/// The user part of the first contact's URI.
pub fn first_user(contact: &[u8]) -> Option<&[u8]> {
    let one = Contacts::new(contact).next()?;
    // The last bracket opens the URI: a display name may hold one of its own.
    let uri = memchr::memrchr(b'<', one).map_or(one, |open| &one[open + 1..]);
    let (_scheme, address) = super::text::split_once(uri, b":")?;
    let address = &address
        [..address.iter().position(|byte| matches!(byte, b'>' | b';' | b'?')).unwrap_or(address.len())];
    let at = memchr::memrchr(b'@', address)?;
    (at > 0).then(|| &address[..at])
}

/// Appends the URI of each contact, a line each.
pub fn uris(contact: &[u8], out: &mut Vec<u8>) {
    Header::of(contact).uris(out);
}

fn each_uri(contact: &[u8], out: &mut Vec<u8>) {
    for one in Contacts::new(contact) {
        let uri = match first_bracket(one) {
            Some(open) => {
                let inside = &one[open + 1..];
                &inside[..memchr::memchr(b'>', inside).unwrap_or(inside.len())]
            }
            // Without brackets, what follows a semicolon belongs to the header (RFC 3261 §20.10).
            None => &one[..memchr::memchr(b';', one).unwrap_or(one.len())],
        };
        out.extend_from_slice(uri.trim_ascii());
        out.push(b'\n');
    }
}

/// Decimal digits as a number; more than fits is the largest one, as RFC 3261 §20.19 caps it.
pub fn seconds(text: &[u8]) -> Option<u32> {
    // Up to nine digits fit.
    if let Some(number) = number(text) {
        return Some(number);
    }
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |sum: u32, digit: &u8| sum.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
    Some(text.iter().fold(0, add))
}

/// The contacts of a header: separated by commas that stand outside `<>` and quotes.
struct Contacts<'t> {
    rest: &'t [u8],
}

impl<'t> Contacts<'t> {
    fn new(contact: &'t [u8]) -> Self {
        Self { rest: contact }
    }
}

impl<'t> Iterator for Contacts<'t> {
    type Item = &'t [u8];

    fn next(&mut self) -> Option<&'t [u8]> {
        while !self.rest.is_empty() {
            let (one, rest) = match first_comma(self.rest) {
                Some(at) => (&self.rest[..at], &self.rest[at + 1..]),
                None => (self.rest, &[][..]),
            };
            self.rest = rest;
            if !one.trim_ascii().is_empty() {
                return Some(one.trim_ascii());
            }
        }
        None
    }
}

/// Where in a contact a byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Place {
    #[default]
    Open,
    Quoted,
    /// After a backslash inside quotes.
    Escaped,
    Bracketed,
}

/// Steps over a contact byte by byte.
#[derive(Default)]
struct Walk {
    place: Place,
}

impl Walk {
    /// Where `byte` stands; an opening or closing mark stands inside of what it opens or closes.
    fn step(&mut self, byte: u8) -> Place {
        let before = self.place;
        self.place = match (before, byte) {
            (Place::Open, b'"') => Place::Quoted,
            (Place::Open, b'<') => Place::Bracketed,
            (Place::Quoted, b'"') | (Place::Bracketed, b'>') => Place::Open,
            (Place::Quoted, b'\\') => Place::Escaped,
            (Place::Escaped, _) => Place::Quoted,
            (same, _) => same,
        };
        if before == Place::Open { self.place } else { before }
    }

    /// Steps over all of these.
    fn over(&mut self, bytes: &[u8]) {
        let is_plain = matches!(self.place, Place::Open | Place::Bracketed);
        if is_plain && memchr::memchr(b'"', bytes).is_none() {
            // Without quotes the last bracket tells.
            if let Some(last) = memchr::memrchr2(b'<', b'>', bytes) {
                self.place = if bytes[last] == b'<' { Place::Bracketed } else { Place::Open };
            }
            return;
        }
        for byte in bytes {
            self.step(*byte);
        }
    }
}

/// The first comma that stands outside of everything.
fn first_comma(contacts: &[u8]) -> Option<usize> {
    // Most headers hold one contact, and no comma at all.
    memchr::memchr(b',', contacts)?;
    let mut walk = Walk::default();
    contacts.iter().position(|&byte| walk.step(byte) == Place::Open && byte == b',')
}

/// The bracket that opens a contact's URI.
fn first_bracket(contact: &[u8]) -> Option<usize> {
    // Before any quote a bracket is what it looks like.
    let mark = memchr::memchr2(b'<', b'"', contact)?;
    if contact[mark] == b'<' {
        return Some(mark);
    }
    let mut walk = Walk::default();
    contact.iter().position(|&byte| walk.step(byte) == Place::Bracketed)
}

/// The seconds that one contact asks for: its own `expires` parameter, else the Expires header, else a parameter inside
/// the brackets, where some clients put it.
///
/// There it is the URI's (RFC 3261 §20.10), and Kamailio's registrar does not look at it, so it must not undo a header.
fn own_expires(contact: &[u8], header: Option<u32>) -> Option<u32> {
    let (mut outside, mut inside) = (None, None);
    let (mut walk, mut walked) = (Walk::default(), 0);
    for at in memchr::memchr_iter(b';', contact) {
        // Hardly any parameter is one, and where it stands takes longer to tell.
        let Some(seconds) = expires_parameter(&contact[at + 1..]) else { continue };
        walk.over(&contact[walked..at]);
        walked = at;
        let slot = match walk.place {
            Place::Open => &mut outside,
            Place::Bracketed => &mut inside,
            Place::Quoted | Place::Escaped => continue,
        };
        // The first one counts, as a registrar reads it.
        *slot = slot.or(Some(seconds));
    }
    outside.or(header).or(inside)
}

/// The seconds of an `expires=` that stands at the start of `text`.
fn expires_parameter(text: &[u8]) -> Option<u32> {
    const NAME: &[u8] = b"expires";
    let text = text.trim_ascii_start();
    if text.len() < NAME.len() || !text[..NAME.len()].eq_ignore_ascii_case(NAME) {
        return None;
    }
    let value = text[NAME.len()..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let value = value.strip_prefix(b"\"").unwrap_or(value);
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_ended = value.get(digits).is_none_or(|byte| b";,>?\" \t".contains(byte));
    if is_ended { seconds(&value[..digits]) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_contact_without_any_expiry_lives() {
        assert_eq!(lifetimes(b"<sip:a@192.0.2.1>", None), Lifetime::Live);
    }

    #[test]
    fn the_header_decides_for_a_contact_without_a_parameter() {
        assert_eq!(lifetimes(b"<sip:a@192.0.2.1>", Some(0)), Lifetime::AllZero);
    }

    #[test]
    fn the_parameter_counts_before_the_header() {
        assert_eq!(lifetimes(b"<sip:a@192.0.2.1>;expires=60", Some(0)), Lifetime::Live);
        assert_eq!(lifetimes(b"<sip:a@192.0.2.1>;q=1; Expires = 0", Some(60)), Lifetime::AllZero);
    }

    #[test]
    fn a_parameter_within_the_brackets_counts_where_there_is_no_other() {
        assert_eq!(lifetimes(b"<sip:a@192.0.2.1;expires=0>", None), Lifetime::AllZero);
        assert_eq!(lifetimes(b"<sip:a@192.0.2.1;expires=0>;expires=60", None), Lifetime::Live);
    }

    #[test]
    fn the_header_counts_before_a_parameter_within_the_brackets() {
        assert_eq!(lifetimes(b"<sip:a@192.0.2.1;expires=60>", Some(0)), Lifetime::AllZero);
        assert_eq!(lifetimes(b"<sip:a@192.0.2.1;expires=0>", Some(60)), Lifetime::Live);
        assert_eq!(longest_seconds(b"<sip:a@192.0.2.1;expires=600>", Some(60)), Some(60));
    }

    #[test]
    fn a_contact_without_brackets_has_parameters_too() {
        assert_eq!(lifetimes(b"sip:a@192.0.2.1:5060;expires=0", None), Lifetime::AllZero);
    }

    #[test]
    fn one_contact_that_lives_is_enough() {
        let header = b"<sip:a@192.0.2.1>;expires=0, <sip:a@192.0.2.2>;expires=5";
        assert_eq!(lifetimes(header, None), Lifetime::Live);
        let header = b"<sip:a@192.0.2.1>;expires=0,<sip:a@192.0.2.2>;expires=0";
        assert_eq!(lifetimes(header, Some(9)), Lifetime::AllZero);
    }

    #[test]
    fn text_in_quotes_is_no_parameter_and_no_separator() {
        let header = br#""a\";expires=0, b" <sip:a@192.0.2.1>;+x="<urn:1>;expires=0,""#;
        assert_eq!(lifetimes(header, None), Lifetime::Live);
        assert_eq!(Contacts::new(header).count(), 1);
    }

    #[test]
    fn a_comma_within_brackets_does_not_separate() {
        assert_eq!(lifetimes(b"<sip:a,b@192.0.2.1>;expires=0", None), Lifetime::AllZero);
    }

    #[test]
    fn a_parameter_that_is_no_number_is_not_given() {
        assert_eq!(lifetimes(b"<sip:a@192.0.2.1>;expires=soon", None), Lifetime::Live);
        assert_eq!(lifetimes(b"<sip:a@192.0.2.1>;expires=0x9", Some(60)), Lifetime::Live);
    }

    #[test]
    fn star_and_nothing_have_their_own_names() {
        assert_eq!(lifetimes(b" * ", Some(0)), Lifetime::Star);
        assert_eq!(lifetimes(b" , ", Some(60)), Lifetime::None);
        assert_eq!(lifetimes(b"", None), Lifetime::None);
    }

    #[test]
    fn the_longest_lifetime_is_known_only_if_each_is() {
        let header = b"<sip:a@192.0.2.1>;expires=5, <sip:a@192.0.2.2>";
        assert_eq!(longest_seconds(header, Some(60)), Some(60));
        assert_eq!(longest_seconds(header, None), None);
    }

    #[test]
    fn more_seconds_than_fit_are_the_most_that_fit() {
        assert_eq!(seconds(b"99999999999"), Some(u32::MAX));
        assert_eq!(seconds(b"-1"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in "[<>\",;=*ex s1\\\\]{0,24}|.{0,30}", expires: Option<u32>) {
            let bytes = bytes.as_bytes();
            let found = lifetimes(bytes, expires);
            if found == Lifetime::AllZero {
                prop_assert!(matches!(longest_seconds(bytes, expires), None | Some(0)));
            }
            let longest = longest_seconds(bytes, expires).filter(|_| found == Lifetime::Live);
            prop_assert_eq!(lifetimes_and_longest(bytes, expires), (found, longest));
        }

        #[test]
        fn a_look_at_the_marks_alone_finds_what_a_walk_over_every_byte_does(
            text in "([<>\",;a\\\\ ]|;expires=[0-9]|<sip:a>|\"){0,20}",
        ) {
            let contact = text.as_bytes();
            let mut walk = Walk::default();
            let (mut outside, mut inside, mut comma, mut bracket) = (None, None, None, None);
            for (at, &byte) in contact.iter().enumerate() {
                let place = walk.step(byte);
                comma = comma.or((byte == b',' && place == Place::Open).then_some(at));
                bracket = bracket.or((place == Place::Bracketed).then_some(at));
                let found = (byte == b';').then(|| expires_parameter(&contact[at + 1..])).flatten();
                outside = outside.or(found.filter(|_| place == Place::Open));
                inside = inside.or(found.filter(|_| place == Place::Bracketed));
            }
            prop_assert_eq!(own_expires(contact, None), outside.or(inside));
            prop_assert_eq!((first_comma(contact), first_bracket(contact)), (comma, bracket));
        }

        #[test]
        fn a_contact_in_brackets_is_read_as_the_long_way_reads_it(
            text in "<(sip:a|[<>\",; ]){0,3}>(;expires=[0-9]{0,3}|[;x ,\"]){0,3}", expires: Option<u32>,
        ) {
            // A blank before it keeps it from being usual.
            let long = format!(" {text}");
            prop_assert_eq!(lifetimes(text.as_bytes(), expires), lifetimes(long.as_bytes(), expires));
            let (mut found, mut expected) = (Vec::new(), Vec::new());
            uris(text.as_bytes(), &mut found);
            uris(long.as_bytes(), &mut expected);
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn marks_in_any_order_do_not_make_it_panic(text in "[<>\",;=*e\\\\ ]{0,24}(;expires=[0-9]{0,3})?") {
            lifetimes(text.as_bytes(), None);
            longest_seconds(text.as_bytes(), Some(1));
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
}

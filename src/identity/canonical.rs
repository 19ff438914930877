//! Writing the canonical bytes of an AOR.

use super::{Policy, UserCase};
use crate::model::marks::{WIDTH, marks, marks_any, marks_of};
use crate::model::{Aor, Dialect, undo_escapes, wide};
use std::net::Ipv6Addr;

/// Writes the canonical SIP-ID of an AOR into `out` (which is cleared first) and returns whether
/// there is one: `false` for a URI without user part, and for nobody.
///
/// RFC 3261 §10.3 step 5 and Kamailio's `registrar/common.c : extract_aor` decide: scheme,
/// display name, brackets, password, port, parameters and headers go; every `%xx` of the user is
/// undone; the host is lower case without a trailing dot. What the policy adds (folding,
/// `realm_prefix`, aliases, the default domain) comes after. An AOR without a domain stays
/// without one where the policy gives none.
///
/// ```
/// use siptally::identity::{canonical, Policy};
/// use siptally::model::{Aor, Dialect};
///
/// let mut id = Vec::new();
/// assert!(canonical(Aor::Uri(b"\"A\" <sips:Alice%2B1@EXAMPLE.com:5061;x=y>;tag=1"), Dialect::Asterisk, &Policy::default(), &mut id));
/// assert_eq!(id, b"Alice+1@example.com");
/// ```
pub fn canonical(aor: Aor<'_>, dialect: Dialect, policy: &Policy, out: &mut Vec<u8>) -> bool {
    out.clear();
    if let Some(text) = as_it_is(aor, policy) {
        out.extend_from_slice(text);
        return true;
    }
    let (user, host, is_escaped) = match aor {
        Aor::Nobody => return false,
        Aor::Parts { user, domain } => (own_user(user), own_host(domain), true),
        Aor::Uri(text) => match split_uri(text) {
            Some((user, host)) => (user, host, true),
            None => return false,
        },
        Aor::Name(name) => {
            if let Some(id) = policy.names.get(name) {
                out.extend_from_slice(id);
                return !id.is_empty();
            }
            // A name is the server's own, as it stands in its configuration: nothing to undo.
            match memchr::memrchr(b'@', name) {
                Some(at) => (&name[..at], Some(&name[at + 1..]), false),
                None => (name, None, false),
            }
        }
    };
    if user.is_empty() || is_torn(user) || host.is_some_and(is_torn) {
        return false;
    }
    if is_escaped {
        undo_escapes(user, b'%', out);
    } else {
        out.extend_from_slice(user);
    }
    let folds = match policy.user_case {
        UserCase::Fold => true,
        UserCase::Keep => false,
        UserCase::Server => dialect == Dialect::Kamailio,
    };
    if folds {
        out.make_ascii_lowercase();
    }
    write_domain(host.filter(|_| policy.use_domain), policy, out);
    true
}

/// Whether the AOR is a server's name without a domain; the SIP-ID of such a one has [`bare_suffix`].
pub fn is_bare(aor: Aor<'_>, policy: &Policy) -> bool {
    matches!(aor, Aor::Name(name) if !name.contains(&b'@') && !policy.names.contains_key(name))
}

/// Whether a hole in the file goes through it: it may be glued together of two names.
fn is_torn(text: &[u8]) -> bool {
    memchr::memchr(0, text).is_some()
}

/// What follows the user in the SIP-ID of an AOR without a domain: `@` and the default domain, or nothing.
pub fn bare_suffix(policy: &Policy) -> Vec<u8> {
    let mut suffix = Vec::new();
    write_domain(None, policy, &mut suffix);
    suffix
}

/// The same as [`canonical`], without a copy where the AOR stands in its canonical spelling already,
/// as in nearly every line of a log; `None` where there is no SIP-ID.
pub fn canonical_or_copy<'t>(
    aor: Aor<'t>,
    dialect: Dialect,
    policy: &Policy,
    out: &'t mut Vec<u8>,
) -> Option<&'t [u8]> {
    match as_it_is(aor, policy) {
        Some(text) => Some(text),
        None => canonical(aor, dialect, policy, out).then_some(&**out),
    }
}

/// What follows the scheme, in brackets or not, where that is the canonical spelling: a user and a domain.
#[inline(always)]
pub fn as_it_is<'t>(aor: Aor<'t>, policy: &Policy) -> Option<&'t [u8]> {
    let Aor::Uri(text) = aor else { return None };
    let text = match text {
        [b'<', inside @ .., b'>'] => inside,
        _ => text,
    };
    let text = text.strip_prefix(b"sip:").unwrap_or(text);
    (policy.keeps_plain() && is_plain(text)).then_some(text)
}

/// What a plain AOR is made of.
static PLAIN: wide::Set = wide::Set::of(b"abcdefghijklmnopqrstuvwxyz0123456789.-_+@");

/// A bit for each byte that no plain AOR has.
#[inline(always)]
fn others(chunk: &[u8; WIDTH]) -> u16 {
    // `.` to `9` holds the slash.
    let usual = marks_of(&[(b'a', 25), (b'.', 11)], chunk) & !marks(b'/', chunk);
    !(usual | marks_any(b"-_+@", chunk))
}

/// Whether the text is `user@host` in small letters, digits and what nothing has to be done about.
#[inline(always)]
fn is_plain(text: &[u8]) -> bool {
    if let (Some(others), Some((_, ats))) = (wide::others(text, &PLAIN), wide::places(text, [b'@'; 4])) {
        return others == 0 && ats.is_power_of_two() && is_inside(text);
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk())
        && text.len() <= 2 * WIDTH
    {
        // The chunks overlap in so many bytes, which are looked at in the first one.
        let twice = 2 * WIDTH - text.len();
        let ats = u32::from(marks(b'@', first)) | u32::from(marks(b'@', last)) >> twice << WIDTH;
        return (others(first) | others(last)) == 0 && ats.is_power_of_two() && is_inside(text);
    }
    is_plain_long(text)
}

/// Whether neither end of a text with one `@` makes it another's spelling.
#[inline(always)]
fn is_inside(text: &[u8]) -> bool {
    text[0] != b'@' && !matches!(text[text.len() - 1], b'@' | b'.')
}

#[inline(never)]
fn is_plain_long(text: &[u8]) -> bool {
    let (chunks, rest) = text.as_chunks();
    let mut last = [b'0'; WIDTH];
    last[..rest.len()].copy_from_slice(rest);
    let (mut chunks_with_at, mut has_more) = (0, false);
    let mut is_plain = true;
    let mut look = |chunk| {
        is_plain &= others(chunk) == 0;
        let ats = marks(b'@', chunk);
        chunks_with_at += u32::from(ats != 0);
        has_more |= ats & ats.wrapping_sub(1) != 0;
    };
    chunks.iter().for_each(&mut look);
    look(&last);
    is_plain && chunks_with_at == 1 && !has_more && is_inside(text)
}

fn write_domain(host: Option<&[u8]>, policy: &Policy, out: &mut Vec<u8>) {
    let host = host.map(without_port).filter(|host| !host.is_empty() && *host != NULL);
    let user_len = out.len();
    out.push(b'@');
    match (host, &policy.default_domain) {
        (Some(host), _) if is_bare_ipv6(host) => out.extend([b"[", host, b"]"].into_iter().flatten()),
        (Some(host), _) => out.extend_from_slice(host),
        (None, Some(domain)) => out.extend_from_slice(domain.as_bytes()),
        (None, None) => {
            out.truncate(user_len);
            return;
        }
    }
    out[user_len + 1..].make_ascii_lowercase();
    if let Some(prefix) = &policy.realm_prefix
        && out[user_len + 1..].starts_with(prefix.as_bytes())
    {
        out.drain(user_len + 1..user_len + 1 + prefix.len());
    }
    if !policy.aliases.is_empty()
        && let Ok(domain) = std::str::from_utf8(&out[user_len + 1..])
        && let Some(name) = policy.aliases.get(domain)
    {
        out.truncate(user_len + 1);
        out.extend_from_slice(name.as_bytes());
    }
}

/// A user that is named by itself: an operator's pattern may catch what opens the address in front of it, or a password
/// behind it.
fn own_user(user: &[u8]) -> &[u8] {
    let user = user.trim_ascii();
    let user = match user {
        NULL => b"",
        [b'<' | b'"', ..] => inside_brackets(user),
        _ => user,
    };
    let user = match scheme_len(user) {
        // A whole address: no user holds the sign behind it as it is.
        Some(len) => {
            let address = &user[len + 1..];
            &address[..memchr::memrchr(b'@', address).unwrap_or(address.len())]
        }
        None => user,
    };
    match user.iter().filter(|byte| **byte == b':').count() {
        // No password holds another one (RFC 3261 §25.1): it may be the address of a device.
        1 => without_password(user),
        _ => user,
    }
}

/// No user holds a colon (RFC 3261 §25.1): what stands behind it is a password.
fn without_password(user: &[u8]) -> &[u8] {
    &user[..memchr::memchr(b':', user).unwrap_or(user.len())]
}

/// What Kamailio prints for a variable without a value.
const NULL: &[u8] = b"<null>";

/// Host and port of a domain that is named by itself: an operator's pattern may catch what stands around it in a URI.
fn own_host(domain: &[u8]) -> Option<&[u8]> {
    let domain = scheme_len(domain).map_or(domain, |len| &domain[len + 1..]);
    (domain != NULL).then(|| until(domain, HOST_ENDS))
}

/// What no host and port of a URI hold: parameters, headers, brackets and text behind it begin with these.
const HOST_ENDS: &[u8] = b";?> ";

/// User (still escaped) and host (with its port) of a URI, a name-addr, or `user@host`.
fn split_uri(text: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let text = text.trim_ascii();
    // Put together from variables of which one has no value: these brackets are none around an address.
    let address = scheme_len(text).map_or(text, |len| &text[len + 1..]);
    if address == NULL || address.starts_with(b"<null>@") {
        return None;
    }
    if let Some(user) = address.strip_suffix(b"@<null>").filter(|user| !user.contains(&b'<')) {
        return Some((without_password(user), None));
    }
    let text = inside_brackets(text);
    let (scheme, address) = match scheme_len(text) {
        Some(len) => (&text[..len], &text[len + 1..]),
        None => (&b""[..], text),
    };
    if scheme.eq_ignore_ascii_case(b"tel") {
        let number = until(address, b";?");
        return Some((number, None));
    }
    // RFC 3261 §25.1 lets a user part hold `;` and `?`, so the last `@` comes first.
    match memchr::memrchr(b'@', address) {
        Some(at) => Some((without_password(&address[..at]), Some(until(&address[at + 1..], HOST_ENDS)))),
        // `sip:example.com` names a host and nobody on it.
        None if !scheme.is_empty() => None,
        None => Some((until(address, HOST_ENDS), None)),
    }
}

fn until<'t>(text: &'t [u8], stops: &[u8]) -> &'t [u8] {
    let end = text.iter().position(|byte| stops.contains(byte)).unwrap_or(text.len());
    &text[..end]
}

/// What stands in `<…>` outside a quoted display name; everything where there are no brackets.
fn inside_brackets(text: &[u8]) -> &[u8] {
    let mut at = 0;
    let mut is_quoted = false;
    while at < text.len() {
        match text[at] {
            b'\\' if is_quoted => at += 1,
            b'"' => is_quoted = !is_quoted,
            b'<' if !is_quoted => {
                let inside = &text[at + 1..];
                return &inside[..memchr::memchr(b'>', inside).unwrap_or(inside.len())];
            }
            _ => {}
        }
        at += 1;
    }
    text
}

/// Length of `sip`, `sips` or `tel` where a colon follows.
fn scheme_len(text: &[u8]) -> Option<usize> {
    let colon = text.iter().take(5).position(|byte| *byte == b':')?;
    let scheme = &text[..colon];
    let is_known = [&b"sip"[..], b"sips", b"tel"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    is_known.then_some(colon)
}

/// Whether it is an address of IPv6 without the brackets that a URI has around it.
fn is_bare_ipv6(host: &[u8]) -> bool {
    let parse = || std::str::from_utf8(host).ok()?.parse::<Ipv6Addr>().ok();
    memchr::memchr_iter(b':', host).nth(1).is_some() && parse().is_some()
}

/// The host without `:port` and without one trailing dot; an IPv6 address keeps its brackets.
fn without_port(host: &[u8]) -> &[u8] {
    let host = match host.first() {
        Some(b'[') => &host[..memchr::memchr(b']', host).map_or(host.len(), |at| at + 1)],
        _ if is_bare_ipv6(host) => host,
        _ => &host[..memchr::memchr(b':', host).unwrap_or(host.len())],
    };
    host.strip_suffix(b".").unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SipId;

    fn id(aor: Aor<'_>, dialect: Dialect, policy: &Policy) -> Option<String> {
        let mut out = Vec::new();
        canonical(aor, dialect, policy, &mut out).then(|| String::from_utf8(out).unwrap())
    }

    fn uri(text: &str) -> Option<String> {
        id(Aor::Uri(text.as_bytes()), Dialect::Asterisk, &Policy::default())
    }

    #[test]
    fn everything_but_user_and_host_goes() {
        for text in [
            "sip:alice@example.com",
            "sips:alice@EXAMPLE.com.:5061;transport=tls?Subject=x",
            "\"Alice <sip:eve@x> \\\" y\" <sip:alice@example.com>;tag=9",
            "sip:alice:secret@example.com",
            "alice@example.com;tag=9",
            "<SIP:alic%65@example.com",
            " sip:alice@example.com ",
        ] {
            assert_eq!(uri(text).as_deref(), Some("alice@example.com"), "{text}");
        }
    }

    #[test]
    fn a_user_may_hold_what_a_host_may_not() {
        assert_eq!(uri("sip:a%40b;c?d@example.com").as_deref(), Some("a@b;c?d@example.com"));
        for host in ["[2001:DB8::1]:5060", "[2001:db8::1]", "2001:DB8::1"] {
            assert_eq!(uri(&format!("sip:a@{host}")).as_deref(), Some("a@[2001:db8::1]"));
        }
        assert_eq!(uri("sip:a@x:5060:1").as_deref(), Some("a@x"));
        assert_eq!(uri("sip:100%@x").as_deref(), Some("100%@x"));
        assert_eq!(uri("tel:+420123;phone-context=x").as_deref(), Some("+420123"));
    }

    #[test]
    fn what_stands_behind_a_domain_goes_as_in_a_uri() {
        for domain in [
            "example.com;transport=tls",
            "EXAMPLE.com.:5061;x=y?Subject=z",
            "example.com>;tag=9",
            "sip:example.com",
            "sips:example.com:5061",
        ] {
            let aor = Aor::Parts { user: b"alice", domain: domain.as_bytes() };
            let found = id(aor, Dialect::Asterisk, &Policy::default());
            assert_eq!(found.as_deref(), Some("alice@example.com"), "{domain}");
        }
    }

    #[test]
    fn what_stands_around_a_user_goes_as_in_a_uri() {
        for user in [
            "alice",
            "alice:secret",
            "sip:alice",
            "SIPS:alice:secret",
            "alic%65:",
            "sip:alice@sbc.example.com",
        ] {
            let aor = Aor::Parts { user: user.as_bytes(), domain: b"example.com" };
            let found = id(aor, Dialect::Asterisk, &Policy::default());
            assert_eq!(found.as_deref(), Some("alice@example.com"), "{user}");
        }
        for user in ["<sip:alice", "\"A: b\" <sip:alice", "<alice:secret"] {
            let aor = Aor::Parts { user: user.as_bytes(), domain: b"example.com>" };
            let found = id(aor, Dialect::Asterisk, &Policy::default());
            assert_eq!(found.as_deref(), Some("alice@example.com"), "{user}");
        }
        // One that is a scheme's name is a user all the same, and of a password alone there is none.
        let of = |user| id(Aor::Parts { user, domain: b"x" }, Dialect::Asterisk, &Policy::default());
        assert_eq!(of(b"sip").as_deref(), Some("sip@x"));
        assert_eq!(of(b":secret"), None);
        assert_eq!(of(b"<null>"), None);
        // Without a scheme it may be a private identity, which is another user's.
        assert_eq!(of(b"alice@corp").as_deref(), Some("alice@corp@x"));
        // Two devices of one maker are two.
        assert_eq!(of(b"00:0b:82:01:02:03").as_deref(), Some("00:0b:82:01:02:03@x"));
    }

    #[test]
    fn a_variable_without_a_value_names_nobody() {
        for text in ["<null>", "<null>@example.com", "<null>@<null>", "sip:<null>@example.com"] {
            assert_eq!(uri(text), None, "{text}");
        }
        let policy = Policy { default_domain: Some("voip.example.com".to_owned()), ..Policy::default() };
        for text in ["alice@<null>", "sip:alice@<null>", "alice:secret@<null>"] {
            let found = id(Aor::Uri(text.as_bytes()), Dialect::Kamailio, &policy);
            assert_eq!(found.as_deref(), Some("alice@voip.example.com"), "{text}");
        }
        assert_eq!(uri("\"x\" <sip:null@example.com>").as_deref(), Some("null@example.com"));
    }

    #[test]
    fn a_hole_in_a_name_leaves_nobody() {
        for text in ["sip:u5@ex\0\0ample.com", "sip:u\0@example.com"] {
            assert_eq!(uri(text), None, "{text:?}");
        }
        let parts = Aor::Parts { user: b"a", domain: b"ex\0ample.com" };
        assert_eq!(id(parts, Dialect::Kamailio, &Policy::default()), None);
    }

    #[test]
    fn a_uri_without_a_user_is_nobody() {
        for text in ["sip:example.com", "sip:@example.com", "", "<>", "<sip:example.com>"] {
            assert_eq!(uri(text), None, "{text}");
        }
    }

    #[test]
    fn kamailio_folds_and_asterisk_keeps() {
        let policy = Policy::default();
        let aor = Aor::Uri(b"sip:Alice@Example.com");
        assert_eq!(id(aor, Dialect::Kamailio, &policy).unwrap(), "alice@example.com");
        assert_eq!(id(aor, Dialect::OpenSips, &policy).unwrap(), "Alice@example.com");
        let keep = Policy { user_case: UserCase::Keep, ..Policy::default() };
        assert_eq!(id(aor, Dialect::Kamailio, &keep).unwrap(), "Alice@example.com");
    }

    #[test]
    fn the_policy_gives_domains_and_names() {
        let policy = Policy {
            default_domain: Some("voip.example.com".to_owned()),
            realm_prefix: Some("sip.".to_owned()),
            aliases: [("sbc1.example.com".to_owned(), "voip.example.com".to_owned())].into(),
            names: [(b"desk94".to_vec(), b"94@acme.example".to_vec())].into(),
            ..Policy::default()
        };
        let keep = |aor| id(aor, Dialect::Asterisk, &policy).unwrap();
        assert_eq!(keep(Aor::Name(b"1001")), "1001@voip.example.com");
        assert_eq!(keep(Aor::Name(b"desk94")), "94@acme.example");
        assert_eq!(keep(Aor::Uri(b"sip:a@sip.other.example")), "a@other.example");
        assert_eq!(keep(Aor::Uri(b"sip:a@SBC1.example.com")), "a@voip.example.com");
        for domain in [&b""[..], b"<null>"] {
            assert_eq!(keep(Aor::Parts { user: b"a", domain }), "a@voip.example.com");
        }
        let bare = Policy { use_domain: false, ..Policy::default() };
        assert_eq!(id(Aor::Uri(b"sip:a@x"), Dialect::Asterisk, &bare).unwrap(), "a");
    }

    proptest::proptest! {
        #[test]
        fn canonical_twice_equals_once(user in "[ -~]{1,20}", host in "[a-zA-Z0-9]{1,9}(\\.[a-zA-Z0-9]{1,5}){0,2}\\.?") {
            let mut once = Vec::new();
            let aor = Aor::Parts { user: user.as_bytes(), domain: host.as_bytes() };
            if canonical(aor, Dialect::Kamailio, &Policy::default(), &mut once) {
                let mut twice = Vec::new();
                let written = SipId::from_canonical(&once).escaped();
                let escaped = format!("sip:{written}");
                canonical(Aor::Uri(escaped.as_bytes()), Dialect::Kamailio, &Policy::default(), &mut twice);
                proptest::prop_assert_eq!(once, twice, "{}", escaped);
            }
        }

        #[test]
        fn a_plain_spelling_is_read_as_the_long_way_reads_it(text in "(sip:){0,2}[a-zA-Z0-9.@%:;_+-]{0,20}@?[a-z.]{0,3}") {
            let mut plain = Vec::new();
            let mut long = Vec::new();
            for (dialect, text) in [Dialect::Kamailio, Dialect::Asterisk].into_iter().flat_map(|dialect| [(dialect, text.clone()), (dialect, format!("<{text}>"))]) {
                // A display name in front keeps it from being plain.
                let named = if text.starts_with('<') { format!("x {text}") } else { format!("x <{text}>") };
                let is_plain = canonical(Aor::Uri(text.as_bytes()), dialect, &Policy::default(), &mut plain);
                let is_long = canonical(Aor::Uri(named.as_bytes()), dialect, &Policy::default(), &mut long);
                proptest::prop_assert_eq!((is_plain, &plain), (is_long, &long), "{}", text);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text: Vec<u8>) {
            let mut out = Vec::new();
            canonical(Aor::Uri(&text), Dialect::Kamailio, &Policy::default(), &mut out);
        }
    }
}

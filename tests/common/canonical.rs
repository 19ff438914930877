//! The billed spelling of an address-of-record, worked out the slow and obvious way.

/// `user@domain` of a SIP URI or bare AOR: every `%xx` of the user undone and what SIP does not
/// allow there escaped again, the domain in lower case, nothing else.
///
/// The text may carry a scheme, and a port or parameters behind the host.
pub fn canonical(aor: &str) -> String {
    let aor = aor.strip_prefix("sips:").or_else(|| aor.strip_prefix("sip:")).unwrap_or(aor);
    let Some((user, host)) = aor.rsplit_once('@') else { return escape(&unescape(aor)) };
    let host = host.split(';').next().unwrap_or(host);
    let host = match host.find(']') {
        Some(end) => &host[..=end],
        None => host.split(':').next().unwrap_or(host),
    };
    format!("{}@{}", escape(&unescape(user)), host.to_ascii_lowercase())
}

fn unescape(user: &str) -> Vec<u8> {
    let bytes = user.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let digits = bytes.get(at + 1..at + 3).and_then(|two| std::str::from_utf8(two).ok());
        match digits.filter(|_| bytes[at] == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

fn escape(user: &[u8]) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte);
    user.iter()
        .map(|&byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn escapes_are_undone_where_sip_allows_the_character() {
        assert_eq!(canonical("%2B1212@x"), "+1212@x");
        assert_eq!(canonical("jo%20ann@X.example"), "jo%20ann@x.example");
        assert_eq!(canonical("a%40b@x"), "a%40b@x");
        assert_eq!(canonical("100%@x"), "100%25@x");
    }

    #[test]
    fn scheme_port_and_parameters_are_no_part_of_it() {
        assert_eq!(canonical("sips:Alice@EXAMPLE.com:5061;transport=tls"), "Alice@example.com");
        assert_eq!(canonical("sip:six@[2001:DB8::1]:5060"), "six@[2001:db8::1]");
        assert_eq!(canonical("701"), "701");
    }
}

//! How a SIP message starts.

/// The longest start line that is waited for.
pub(super) const LINE_MAX: usize = 8 << 10;

/// The methods that a stream is picked up at, once its place is lost (RFC 3261 and its extensions).
const METHODS: [&[u8]; 14] = [
    b"ACK",
    b"BYE",
    b"CANCEL",
    b"INFO",
    b"INVITE",
    b"MESSAGE",
    b"NOTIFY",
    b"OPTIONS",
    b"PRACK",
    b"PUBLISH",
    b"REFER",
    b"REGISTER",
    b"SUBSCRIBE",
    b"UPDATE",
];

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    Sip,
    Other,
    /// It may be SIP, but the line is not whole yet.
    Open,
}

/// Whether bytes start with a request line or a status line of SIP.
pub(super) fn start_of(bytes: &[u8]) -> Start {
    // Most of what is not SIP says so in its first byte.
    if !bytes.first().is_none_or(|&byte| is_token(byte)) {
        return Start::Other;
    }
    let window = &bytes[..bytes.len().min(LINE_MAX)];
    match memchr::memchr(b'\n', window) {
        Some(end) if is_start_line(window[..end].trim_ascii_end()) => Start::Sip,
        Some(_) => Start::Other,
        None if window.len() == LINE_MAX || window.contains(&0) => Start::Other,
        None => Start::Open,
    }
}

fn is_start_line(line: &[u8]) -> bool {
    const VERSION: &[u8] = b"SIP/2.0";
    if let Some((version, rest)) = line.split_at_checked(VERSION.len())
        && version.eq_ignore_ascii_case(VERSION)
    {
        return matches!(rest, [b' ', a, b, c, after @ ..]
            if [a, b, c].iter().all(|digit| digit.is_ascii_digit())
                && after.first().is_none_or(|&byte| byte == b' '));
    }
    let Some(rest) = line.len().checked_sub(VERSION.len() + 1).map(|at| line.split_at(at)) else {
        return false;
    };
    let (front, [b' ', version @ ..]) = rest else { return false };
    let Some(space) = memchr::memchr(b' ', front) else { return false };
    version.eq_ignore_ascii_case(VERSION)
        && space > 0
        && front[..space].iter().all(|&byte| is_token(byte))
        && front.len() > space + 1
        && !front[space + 1..].contains(&b' ')
}

/// Where in a line a start line begins.
///
/// A body need not end with a line end, so the next message can start in mid-line. Only known
/// methods count here: of half a method nobody could tell what it was.
pub(super) fn start_within(line: &[u8]) -> Option<usize> {
    let line = line.trim_ascii_end();
    let status = memchr::memmem::find_iter(line, b"SIP/2.0 ").find(|&at| is_start_line(&line[at..]));
    let request = || {
        let target = memchr::memrchr(b' ', line.strip_suffix(b" SIP/2.0")?)?;
        let front = &line[..target];
        METHODS.iter().filter(|method| front.ends_with(method)).map(|method| target - method.len()).min()
    };
    request().or(status)
}

/// The characters of a token (RFC 3261, section 25.1).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_and_status_lines_are_sip() {
        for line in [
            "REGISTER sip:a.example SIP/2.0\r\n",
            "X-Y tel:+1 sip/2.0\n",
            "SIP/2.0 200 OK\r\n",
            "SIP/2.0 401\r\n",
        ] {
            assert_eq!(start_of(line.as_bytes()), Start::Sip, "{line}");
        }
    }

    #[test]
    fn other_protocols_are_not() {
        for line in [
            "GET / HTTP/1.1\r\n",
            "SIP/2.0 20 OK\r\n",
            "To: <sip:a> SIP/2.0\r\n",
            "A  SIP/2.0\n",
            "\x16\x03\x01",
            "\0",
        ] {
            assert_eq!(start_of(line.as_bytes()), Start::Other, "{line}");
        }
    }

    #[test]
    fn a_message_behind_a_body_starts_in_mid_line() {
        assert_eq!(start_within(b"a bodyREGISTER sip:a.example SIP/2.0\r"), Some(6));
        assert_eq!(start_within(b"bodySIP/2.0 200 OK\r"), Some(4));
        assert_eq!(start_within(b"EGISTER sip:a.example SIP/2.0\r"), None);
        assert_eq!(start_within(b"Via: SIP/2.0/UDP 192.0.2.1\r"), None);
    }

    #[test]
    fn half_a_line_is_open_until_it_is_too_long() {
        assert_eq!(start_of(b""), Start::Open);
        assert_eq!(start_of(b"REGISTER sip:a"), Start::Open);
        assert_eq!(start_of(&[b'R'; LINE_MAX]), Start::Other);
    }
}

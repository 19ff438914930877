//! One SIP message, read as far as a registration asks for (RFC 3261 §7).
//!
//! Lenient where clients are sloppy and servers forgive: names in any case, compact forms, blanks
//! before the colon, folded values, bare line feeds, a message cut anywhere. Strict where leniency
//! would let a stranger choose: a second `To`, `From`, `Call-ID` or `CSeq` makes it ambiguous.

use super::ends::Ends;
use super::header::{Name, header, is_skipped, trim_end};
use crate::formats::contact::seconds;
use crate::formats::text::near;
use crate::model::AgentText;
use crate::model::marks::holds_any;
use std::ops::Range;

/// What the first line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartLine<'t> {
    Request { method: &'t [u8] },
    Reply { code: u16 },
}

/// The parts of one message; texts are empty where the header is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'t> {
    pub start: StartLine<'t>,
    pub to: &'t [u8],
    pub from: &'t [u8],
    pub call_id: &'t [u8],
    /// Number of the CSeq, without leading zeros.
    pub cseq: &'t [u8],
    /// The whole CSeq value.
    pub cseq_value: &'t [u8],
    /// Method of the CSeq, or of the request where it has none.
    pub method: &'t [u8],
    /// All contacts, joined by commas in their order.
    pub contact: &'t [u8],
    /// Seconds of the Expires header.
    pub expires: Option<u32>,
    pub agent: AgentText<'t>,
    pub date: &'t [u8],
    /// A header that must be unique stands twice.
    pub is_ambiguous: bool,
    /// The headers end without the empty line: the message was cut.
    pub is_cut: bool,
}

/// A first line's parts; `None` where it starts no SIP message.
///
/// The method is a word of capitals: all that registrars dump are, and prose hardly ever is.
pub fn start_line(line: &[u8]) -> Option<StartLine<'_>> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if let Some(rest) = line.strip_prefix(b"SIP/2.0 ") {
        let [a @ b'1'..=b'6', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = rest else { return None };
        let is_over = matches!(rest, [] | [b' ', ..]);
        let digit = |byte: &u8| u16::from(byte - b'0');
        return is_over.then(|| StartLine::Reply { code: digit(a) * 100 + digit(b) * 10 + digit(c) });
    }
    // ngrep writes a dot for a carriage return.
    let line = line.strip_suffix(b".").unwrap_or(line).strip_suffix(b" SIP/2.0")?;
    if let Some(uri) = line.strip_prefix(b"REGISTER sip:") {
        let is_uri = !holds_any(b" ", uri);
        return is_uri.then_some(StartLine::Request { method: &line[..8] });
    }
    let blank = near(b' ', line)?;
    let (method, uri) = (&line[..blank], &line[blank + 1..]);
    let is_method = (3..=16).contains(&blank) && method.iter().all(u8::is_ascii_uppercase);
    let is_uri = near(b':', uri).is_some() && memchr::memchr(b' ', uri).is_none();
    (is_method && is_uri).then_some(StartLine::Request { method })
}

/// The values of the headers that are looked at.
#[derive(Debug, Default)]
struct Values<'t> {
    /// By name, as the message has them.
    here: [&'t [u8]; Name::COUNT],
    /// By name, where in the scratch buffer they are: folded, or several joined.
    there: [(u32, u32); Name::COUNT],
    /// A bit for each name that has a value, and for each that has it in the scratch buffer.
    known: u8,
    rewritten: u8,
}

impl<'t> Values<'t> {
    const fn has(&self, name: Name) -> bool {
        self.known & name.bit() != 0
    }

    /// The value, which the message has as it is.
    #[inline(always)]
    fn set(&mut self, name: Name, value: &'t [u8]) {
        self.here[name as usize] = value;
        self.known |= name.bit();
    }

    /// The value, which stands there in the scratch buffer.
    fn set_there(&mut self, name: Name, range: Range<usize>) {
        // A record is at most a mebibyte long, and what is put together of one hardly more.
        self.there[name as usize] = (range.start as u32, range.end as u32);
        self.known |= name.bit();
        self.rewritten |= name.bit();
    }

    /// Where the value stands in the scratch buffer, if it does.
    fn there(&self, name: Name) -> Option<Range<usize>> {
        let (begin, end) = self.there[name as usize];
        (self.rewritten & name.bit() != 0).then_some(begin as usize..end as usize)
    }

    fn get(&self, name: Name, scratch: &'t [u8]) -> Option<&'t [u8]> {
        let value = match self.there(name) {
            None => self.here[name as usize],
            Some(range) => &scratch[range],
        };
        self.has(name).then_some(value)
    }
}

/// Reads a message; `None` where its first line starts none. What it needs to rewrite goes into
/// `scratch`. Only the headers are looked at, so a body may follow or be missing.
pub fn read<'t>(message: &'t [u8], scratch: &'t mut Vec<u8>) -> Option<Message<'t>> {
    scratch.clear();
    let mut ends = Ends::of(message);
    let first_end = ends.next_line();
    let start = start_line(&message[..first_end])?;
    let is_dotted = message[..first_end].ends_with(b".\n");
    let mut values = Values::default();
    let (mut is_ambiguous, mut is_cut) = (false, true);
    let mut at = first_end;
    while at < message.len() {
        let line_end = ends.next_line();
        let mut end = line_end;
        while matches!(message.get(end), Some(b' ' | b'\t')) {
            end = ends.next_line();
        }
        if is_skipped(message[at]) {
            at = end;
            continue;
        }
        let mut line = trim_end(&message[at..line_end]);
        if is_dotted {
            line = line.strip_suffix(b".").unwrap_or(line);
        }
        if line.is_empty() {
            is_cut = false;
            break;
        }
        // A value at the end of a message that was cut is half a value.
        let is_whole = message[end - 1] == b'\n';
        if is_whole && let Some((name, value)) = header(line) {
            let is_folded = end != line_end;
            match name {
                _ if !values.has(name) && !is_folded => values.set(name, value),
                _ if !values.has(name) => {
                    let begin = at + (line.len() - value.len());
                    values.set_there(name, unfold(&message[begin..end], scratch));
                }
                Name::Contact => {
                    // They stand together at the buffer's end: all are copied once more only behind a folded header.
                    let first = match values.there(name) {
                        Some(range) if range.end == scratch.len() => range.start,
                        there => append(values.here[name as usize], there, scratch),
                    };
                    if scratch.len() > first {
                        scratch.extend_from_slice(b", ");
                    }
                    match is_folded {
                        true => {
                            let begin = at + (line.len() - value.len());
                            unfold(&message[begin..end], scratch);
                        }
                        false => scratch.extend_from_slice(value),
                    }
                    values.set_there(name, first..scratch.len());
                }
                Name::To | Name::From | Name::CallId | Name::CSeq => is_ambiguous = true,
                // The first one counts, as a registrar reads it.
                Name::Expires | Name::UserAgent | Name::Date => {}
            }
        }
        at = end;
    }
    let scratch: &'t [u8] = scratch;
    let get = |name: Name| values.get(name, scratch);
    let text = |name: Name| get(name).unwrap_or_default();
    // A server repeats both without the blanks behind them, which are no part of a value (RFC 3261 §7.3.1).
    let (call_id, cseq_value) = (text(Name::CallId).trim_ascii_end(), text(Name::CSeq).trim_ascii_end());
    let digits = cseq_value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let zeros = cseq_value[..digits].iter().take_while(|byte| **byte == b'0').count();
    let method = match (cseq_value[digits..].trim_ascii(), start) {
        (b"", StartLine::Request { method }) => method,
        (method, _) => method,
    };
    Some(Message {
        start,
        to: text(Name::To),
        from: text(Name::From),
        call_id,
        cseq: &cseq_value[zeros.min(digits.saturating_sub(1))..digits],
        cseq_value,
        method,
        contact: text(Name::Contact),
        expires: get(Name::Expires).and_then(seconds),
        agent: get(Name::UserAgent).map_or(AgentText::Missing, AgentText::Text),
        date: text(Name::Date),
        is_ambiguous,
        is_cut,
    })
}

/// Appends a folded value: each line end with the blanks around it is one space (RFC 3261 §7.3.1).
fn unfold(value: &[u8], out: &mut Vec<u8>) -> Range<usize> {
    let begin = out.len();
    for line in value.split(|byte| *byte == b'\n') {
        let line = line.trim_ascii();
        if !line.is_empty() {
            if out.len() > begin {
                out.push(b' ');
            }
            out.extend_from_slice(line);
        }
    }
    begin..out.len()
}

/// Appends a copy of a value, from the buffer or else that text, and gives where the copy begins.
fn append(text: &[u8], there: Option<Range<usize>>, out: &mut Vec<u8>) -> usize {
    let begin = out.len();
    match there {
        Some(range) => out.extend_from_within(range),
        None => out.extend_from_slice(text),
    }
    begin
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn with(message: &str, test: impl FnOnce(Message<'_>)) {
        let mut scratch = Vec::new();
        test(read(message.as_bytes(), &mut scratch).expect("a SIP message"));
    }

    #[test]
    fn blanks_behind_a_value_are_none_of_it() {
        let text = "REGISTER sip:x SIP/2.0\r\nCall-ID: c1 \r\nCSeq: 2 REGISTER \r\n\r\n";
        with(text, |message| {
            assert_eq!((message.call_id, message.cseq_value), (&b"c1"[..], &b"2 REGISTER"[..]));
        });
    }

    #[test]
    fn a_registration_is_read() {
        let text = "REGISTER sip:example.com SIP/2.0\r\nTo: \"A, B\" <sip:alice@example.com>\r\n\
                    From: <sip:alice@example.com>;tag=1\r\nCall-ID: 8f1c@192.0.2.10\r\nCSeq: 002 REGISTER\r\n\
                    Contact: <sip:alice@192.0.2.10>;expires=60\r\nExpires: 3600\r\n\
                    User-Agent: Bria iOS 6.5.0\r\nContent-Length: 0\r\n\r\n";
        with(text, |message| {
            assert_eq!(message.start, StartLine::Request { method: b"REGISTER" });
            assert_eq!(message.to, b"\"A, B\" <sip:alice@example.com>");
            assert_eq!((message.call_id, message.cseq), (&b"8f1c@192.0.2.10"[..], &b"2"[..]));
            assert_eq!(message.contact, b"<sip:alice@192.0.2.10>;expires=60");
            assert_eq!((message.expires, message.method), (Some(3600), &b"REGISTER"[..]));
            assert_eq!(message.agent, AgentText::Text(b"Bria iOS 6.5.0"));
            assert!(!message.is_ambiguous && !message.is_cut);
        });
    }

    #[test]
    fn names_may_be_compact_or_spelled_in_any_case_with_blanks_before_the_colon() {
        let text = "SIP/2.0 200 OK\nt : <sip:a@x>\nF: b\ni\t:c\ncseq: 7 REGISTER\nM: <sip:a@1>\n\
                    uSER-aGENT: x\nEXPIRES: 5\n\n";
        with(text, |message| {
            assert_eq!(message.start, StartLine::Reply { code: 200 });
            assert_eq!((message.to, message.from), (&b"<sip:a@x>"[..], &b"b"[..]));
            assert_eq!((message.call_id, message.cseq), (&b"c"[..], &b"7"[..]));
            assert_eq!((message.contact, message.expires), (&b"<sip:a@1>"[..], Some(5)));
            assert_eq!(message.agent, AgentText::Text(b"x"));
        });
    }

    #[test]
    fn a_folded_value_is_joined_by_one_space() {
        with("REGISTER sip:x SIP/2.0\r\nUser-Agent: one\r\n\t two\r\n  three\r\nTo: a\r\n\r\n", |message| {
            assert_eq!(message.agent, AgentText::Text(b"one two three"));
            assert_eq!(message.to, b"a");
        });
    }

    #[test]
    fn several_contacts_are_joined_in_their_order() {
        with("SIP/2.0 200 OK\r\nContact: <sip:a>,\r\n <sip:b>\r\nm: <sip:c>\r\n\r\n", |message| {
            assert_eq!(message.contact, b"<sip:a>, <sip:b>, <sip:c>");
        });
    }

    #[test]
    fn many_contacts_are_joined_in_little_memory() {
        let many = "m: a\r\n".repeat(10_000);
        let text = format!(
            "SIP/2.0 200 OK\r\nContact: <sip:a>,\r\n <sip:b>\r\nTo: x\r\n y\r\nm: c,\r\n d\r\nm: e\r\nFrom: z\r\n z\r\n{many}\r\n"
        );
        let mut scratch = Vec::new();
        let message = read(text.as_bytes(), &mut scratch).unwrap();
        assert_eq!((message.to, message.from), (&b"x y"[..], &b"z z"[..]));
        let expected = format!("<sip:a>, <sip:b>, c, d, e{}", ", a".repeat(10_000));
        assert_eq!(String::from_utf8_lossy(message.contact), expected);
        assert!(scratch.len() < text.len(), "{}", scratch.len());
    }

    #[test]
    fn no_comma_stands_before_the_first_contact_that_is_not_empty() {
        for (contacts, joined) in [
            ("Contact:\r\nContact: <sip:a>\r\n", "<sip:a>"),
            ("Contact:\r\nm:\r\n", ""),
            ("m:\r\nm: *\r\n", "*"),
            ("m: a\r\nm:\r\nm: b\r\n", "a, , b"),
            ("m:\r\n \r\nm: a,\r\n b\r\n", "a, b"),
        ] {
            with(&format!("SIP/2.0 200 OK\r\n{contacts}\r\n"), |message| {
                assert_eq!(String::from_utf8_lossy(message.contact), joined, "{contacts}");
            });
        }
    }

    #[test]
    fn a_header_that_must_be_unique_and_is_not_makes_the_message_ambiguous() {
        for repeated in ["To: b", "f: b", "Call-ID: b", "CSEQ: 2 REGISTER"] {
            let text = format!(
                "REGISTER sip:x SIP/2.0\r\nTo: a\r\nFrom: a\r\nCall-ID: a\r\nCSeq: 1 REGISTER\r\n{repeated}\r\n\r\n"
            );
            with(&text, |message| assert!(message.is_ambiguous, "{repeated}"));
        }
    }

    #[test]
    fn an_empty_header_is_not_a_missing_one() {
        with("REGISTER sip:x SIP/2.0\r\nUser-Agent: \r\n\r\n", |message| {
            assert_eq!(message.agent, AgentText::Text(b""));
        });
        with("REGISTER sip:x SIP/2.0\r\n\r\n", |message| assert_eq!(message.agent, AgentText::Missing));
    }

    #[test]
    fn a_header_in_the_body_is_no_header() {
        with("MESSAGE sip:x SIP/2.0\r\nTo: a\r\n\r\nTo: b\r\nUser-Agent: c\r\n", |message| {
            assert_eq!((message.to, message.is_ambiguous), (&b"a"[..], false));
            assert_eq!(message.agent, AgentText::Missing);
        });
    }

    #[test]
    fn a_message_without_its_empty_line_was_cut_and_its_last_half_value_is_none() {
        with("REGISTER sip:x SIP/2.0\r\nTo: a\r\nUser-Agent: Lin", |message| {
            assert!(message.is_cut);
            assert_eq!((message.to, message.agent), (&b"a"[..], AgentText::Missing));
        });
    }

    #[test]
    fn dots_that_stand_for_carriage_returns_are_no_part_of_a_value() {
        with("REGISTER sip:x SIP/2.0.\nUser-Agent: a.b.\nTo: c.\n.\n", |message| {
            assert_eq!((message.agent, message.to), (AgentText::Text(b"a.b"), &b"c"[..]));
            assert!(!message.is_cut);
        });
    }

    #[test]
    fn a_first_line_is_a_request_or_a_reply() {
        let request = Some(StartLine::Request { method: b"REGISTER" });
        assert_eq!(start_line(b"REGISTER sip:example.com SIP/2.0\r\n"), request);
        assert_eq!(start_line(b"SIP/2.0 401 Unauthorized"), Some(StartLine::Reply { code: 401 }));
        assert_eq!(start_line(b"SIP/2.0 200"), Some(StartLine::Reply { code: 200 }));
        for other in [
            &b"Via: SIP/2.0/UDP 192.0.2.1"[..],
            b"SIP/2.0 2000 OK",
            b"SIP/2.0 20",
            b"register sip:x SIP/2.0",
            b"REGISTER sip:x y SIP/2.0",
            b"REGISTER SIP/2.0",
            b"",
        ] {
            assert_eq!(start_line(other), None, "{}", String::from_utf8_lossy(other));
        }
    }

    // Shapes of RFC 4475 (torture messages), written anew.
    #[test]
    fn a_tortuous_message_is_read_as_the_rfc_says() {
        let text = "REGISTER sip:vivekg@chair.example.com;unknownparam SIP/2.0\r\nTO :\r\n \
                    sip:vivekg@chair.example.com ;   tag    = 1918181833n\r\nfrom   : \"J Rosenberg \\\\\\\"\"       <sip:j@example.com>\r\n  \
                    ;\r\n  tag = 98asjd8\r\nMaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\n\
                    cseq: 0009\r\n  REGISTER\r\nNewFangledHeader:   newfangled value\r\n\r\n";
        with(text, |message| {
            assert_eq!(message.to, b"sip:vivekg@chair.example.com ;   tag    = 1918181833n");
            assert_eq!((message.cseq, message.method), (&b"9"[..], &b"REGISTER"[..]));
            assert_eq!(message.call_id, b"wsinv.ndaksdj@192.0.2.1");
            assert!(!message.is_ambiguous && !message.is_cut);
        });
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, head in "(SIP/2[.]0 200 OK|REGISTER sip:x SIP/2[.]0)\r?\n") {
            let mut scratch = Vec::new();
            let _ = read(&bytes, &mut scratch);
            let message = [head.as_bytes(), &bytes].concat();
            prop_assert!(read(&message, &mut scratch).is_some());
        }

        #[test]
        fn a_message_is_read_alike_with_any_folding(
            folds in prop::collection::vec("(\r\n |\n\t|\r\n  \t)", 3),
            words in prop::collection::vec("[a-z]{1,5}", 4),
        ) {
            let mut value = words[0].clone();
            for (fold, word) in folds.iter().zip(&words[1..]) {
                value.push_str(fold);
                value.push_str(word);
            }
            let text = format!("REGISTER sip:x SIP/2.0\r\nUser-Agent: {value}\r\n\r\n");
            let mut scratch = Vec::new();
            let message = read(text.as_bytes(), &mut scratch).unwrap();
            let expected = words.join(" ");
            prop_assert_eq!(message.agent, AgentText::Text(expected.as_bytes()));
        }
    }
}

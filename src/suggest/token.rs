//! A message cut into what can differ between two lines of one template and what cannot.

use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// More of a line than this tells nothing about its template.
const TOKENS_MAX: usize = 600;

/// What a stretch of a message looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Shape {
    /// Letters, `_` and `-`; digits too where the word is a key.
    Word,
    /// One byte of punctuation, or a blank.
    Mark(u8),
    Time,
    /// A Contact's name-addr with its parameters.
    Contact,
    /// A SIP URI, or `user@host`.
    Uri,
    /// An IP address without its port.
    Address,
    Number,
    /// What servers write for "no such header".
    Null,
    /// Any other run without blanks: a version, a Call-ID.
    Odd,
}

impl Shape {
    /// A number of its own for each kind of value.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Word => 1,
            Self::Mark(_) => 2,
            Self::Time => 3,
            Self::Contact => 4,
            Self::Uri => 5,
            Self::Address => 6,
            Self::Number => 7,
            Self::Null => 8,
            Self::Odd => 9,
        }
    }
}

/// A stretch of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub shape: Shape,
    pub range: Range<usize>,
}

impl Token {
    /// Whether the template may hold the token's very text: a word or a mark.
    pub(super) const fn is_literal(&self) -> bool {
        matches!(self.shape, Shape::Word | Shape::Mark(_))
    }
}

/// The first alternative that matches wins: times before numbers, a Contact before its URI.
static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    let alternatives = [
        concat!(
            r"(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?",
            r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}",
            r"|\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}",
            r"|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)",
        ),
        // Only the parameters that Contacts have: where `;` separates the fields of a line, the
        // next field is none of them.
        concat!(
            r#"(?P<contact>(?:"[^"/:,=][^"/]*" ?)?<sips?:[^>\s]*>(?:;(?:expires|q|reg-id|methods|received|transport|ob"#,
            r#"|audio|video|(?:pub-|temp-)?gruu|path|\+[\w.-]+)(?:=(?:"[^"]*"|[^\s;,|"'<>]*))?)*)"#,
        ),
        concat!(
            r#"(?P<uri>(?:sips?|tel):[^\s"|,;<>(){}\[\]]*[\w\]](?:\[[0-9A-Fa-f:.]+\](?::\d+)?)?"#,
            r"(?:;(?:transport|user|lr|ob|line|rinstance|maddr|alias)(?:=[\w.:~-]+)?)*",
            r#"|[^\s"'|,;<>(){}\[\]:@][^\s"|,;<>(){}\[\]=:@]*@(?:[\w.-]*\w|\[[0-9A-Fa-f:.]+\])(?::\d+)?)"#,
        ),
        r"(?P<null><null>|<none>|\(null\))",
        r"(?P<address>\[[0-9A-Fa-f]*:[0-9A-Fa-f:.]+\]|(?:[0-9A-Fa-f]{1,4}:){1,6}:[0-9A-Fa-f:.]*|(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4})",
        // An apostrophe inside a run belongs to it (`mary.o'hara`), a full stop at its end does not.
        r#"(?P<run>[^\s"'|,;=:<>()\[\]{}!?\\]+(?:'\w[^\s"'|,;=:<>()\[\]{}!?\\]*)*)"#,
    ];
    Regex::new(&format!(r"\A(?-u:{})", alternatives.join("|"))).expect("the token rule is valid")
});

static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\A\d{1,3}(?:\.\d{1,3}){3}\z").expect("the address rule is valid"));

/// Cuts a message into tokens.
pub(super) fn tokens(text: &[u8]) -> Vec<Token> {
    let mut tokens = first_tokens(text, TOKENS_MAX);
    let at = tokens.last().map_or(0, |token| token.range.end);
    if at < text.len() {
        tokens.push(Token { shape: Shape::Odd, range: at..text.len() });
    }
    tokens
}

/// So many tokens at most.
pub(super) fn first_tokens(text: &[u8], most: usize) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while at < text.len() && tokens.len() < most {
        let token = next(text, at, tokens.last());
        at = token.range.end;
        tokens.push(token);
    }
    tokens
}

fn next(text: &[u8], at: usize, before: Option<&Token>) -> Token {
    let mark = Token { shape: Shape::Mark(text[at]), range: at..at + 1 };
    // Behind a key, `=` is no part of the value; a user part may begin with one.
    if text[at] == b'=' && before.is_some_and(|before| !matches!(before.shape, Shape::Mark(_))) {
        return mark;
    }
    // What begins no other token is a mark; the rule is dear.
    if b" \t,;|:)]}{>".contains(&text[at]) {
        return mark;
    }
    let Some(found) = TOKEN.captures(&text[at..]) else { return mark };
    let named = [
        ("time", Shape::Time),
        ("contact", Shape::Contact),
        ("uri", Shape::Uri),
        ("null", Shape::Null),
        ("address", Shape::Address),
    ];
    for (name, shape) in named {
        if let Some(found) = found.name(name) {
            return Token { shape, range: at..at + found.end() };
        }
    }
    let Some(run) = found.name("run") else { return mark };
    let stops = run.as_bytes().iter().rev().take_while(|byte| **byte == b'.').count();
    let run = &run.as_bytes()[..run.len() - stops];
    if run.is_empty() {
        return mark;
    }
    let range = at..at + run.len();
    Token { shape: shape_of_run(run, &text[range.end..]), range }
}

fn shape_of_run(run: &[u8], behind: &[u8]) -> Shape {
    let digits = run.strip_prefix(b"-").unwrap_or(run);
    if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
        return Shape::Number;
    }
    if ADDRESS.is_match(run) {
        return Shape::Address;
    }
    // Any transport may come next, however rare it is in this log.
    const TRANSPORTS: [&[u8]; 6] = [b"udp", b"tcp", b"tls", b"ws", b"wss", b"sctp"];
    if TRANSPORTS.contains(&run.to_ascii_lowercase().as_slice()) {
        return Shape::Odd;
    }
    let is_key = behind.starts_with(b"=") || behind.starts_with(b"\":");
    let is_word = |byte: &u8| {
        byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-') || (is_key && byte.is_ascii_digit())
    };
    let is_word = run.iter().all(is_word) && run.iter().any(u8::is_ascii_alphabetic);
    if is_word { Shape::Word } else { Shape::Odd }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(text: &str) -> Vec<(Shape, &str)> {
        let shown = |token: Token| (token.shape, &text[token.range]);
        let is_blank = |token: &Token| token.shape == Shape::Mark(b' ');
        tokens(text.as_bytes()).into_iter().filter(|token| !is_blank(token)).map(shown).collect()
    }

    #[test]
    fn a_contact_is_one_token_with_its_parameters() {
        let contact = r#""alice" <sip:a@192.0.2.1;ob>;reg-id=1;+sip.instance="<urn:uuid:1>""#;
        assert_eq!(
            cut(&format!("{contact}|3600")),
            [(Shape::Contact, contact), (Shape::Mark(b'|'), "|"), (Shape::Number, "3600")]
        );
        assert_eq!(cut("<sip:a@b>;ua")[0], (Shape::Contact, "<sip:a@b>"));
    }

    #[test]
    fn a_key_ends_at_its_equals_sign_and_a_user_may_begin_with_one() {
        let user = "=7*3@a.example";
        assert_eq!(
            cut("aor==7*3@a.example"),
            [(Shape::Word, "aor"), (Shape::Mark(b'='), "="), (Shape::Uri, user)]
        );
        assert_eq!(cut("User =7*3@a.example")[1], (Shape::Uri, user));
        assert_eq!(cut("ip4=x")[0].0, Shape::Word);
    }

    #[test]
    fn an_address_leaves_its_port() {
        let shapes = |text| cut(text).into_iter().map(|(shape, _)| shape).collect::<Vec<_>>();
        let expected = [Shape::Address, Shape::Mark(b':'), Shape::Number];
        assert_eq!(shapes("192.0.2.1:5060"), expected);
        assert_eq!(shapes("[2001:db8::1]:5060"), expected);
    }

    #[test]
    fn a_full_stop_ends_a_sentence_and_not_a_version() {
        assert_eq!(cut("registered.")[0], (Shape::Word, "registered"));
        assert_eq!(cut("Acme/1.0")[0], (Shape::Odd, "Acme/1.0"));
    }

    #[test]
    fn times_are_told_from_numbers() {
        for time in ["Mon Oct  5 14:03:22 2026", "2026-10-05T14:03:22+0200", "Oct  5 14:03:22"] {
            assert_eq!(cut(time), [(Shape::Time, time)]);
        }
    }

    proptest! {
        #[test]
        fn every_byte_is_in_one_token(text: Vec<u8>) {
            let mut at = 0;
            for token in tokens(&text) {
                prop_assert_eq!(token.range.start, at);
                prop_assert!(token.range.end > at);
                at = token.range.end;
            }
            prop_assert_eq!(at, text.len());
        }
    }
}

//! What every match of a regular expression must hold, read from its text.
//!
//! Enough of the syntax is understood to be right, not to be clever: where alternatives or flags
//! make it unsure, nothing is found, and the operator is asked for `contains`.

/// The literal text of a regular expression.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Literals {
    /// Runs of bytes that stand in every match.
    pub runs: Vec<Vec<u8>>,
    /// Bytes that every match starts with.
    pub prefix: Vec<u8>,
    /// Where the group that ends the head opens, and how many literal bytes stand in front of it
    /// in every match.
    pub head: Option<(usize, usize)>,
}

/// Which group ends the head of a regular expression.
#[derive(Debug, Clone, Copy)]
pub(super) enum HeadEnd {
    /// The first group of these names.
    First(&'static [&'static str]),
    /// The last group of these names.
    Last(&'static [&'static str]),
}

/// Reads `regex`, which must be valid.
pub(super) fn literals(regex: &str, head_end: HeadEnd) -> Literals {
    let mut walk = Walk { regex, at: 0, head_end, prefix: None, head: None, is_unsure: false };
    let body = walk.alternatives(0);
    match body {
        Some(runs) if !walk.is_unsure => {
            let prefix = walk.prefix.unwrap_or_else(|| runs.first().cloned().unwrap_or_default());
            Literals { prefix, head: walk.head, runs }
        }
        _ => Literals::default(),
    }
}

/// How often the atom before a quantifier stands in a match.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Times {
    Once,
    AtLeastOnce,
    PerhapsNever,
}

struct Walk<'r> {
    regex: &'r str,
    at: usize,
    head_end: HeadEnd,
    prefix: Option<Vec<u8>>,
    head: Option<(usize, usize)>,
    is_unsure: bool,
}

/// Literal runs under construction.
#[derive(Default)]
struct Runs {
    done: Vec<Vec<u8>>,
    open: Vec<u8>,
}

impl Runs {
    fn cut(&mut self) {
        if !self.open.is_empty() {
            self.done.push(std::mem::take(&mut self.open));
        }
    }

    fn len(&self) -> usize {
        self.open.len() + self.done.iter().map(Vec::len).sum::<usize>()
    }
}

impl Walk<'_> {
    fn peek(&self) -> Option<char> {
        self.regex[self.at..].chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Up to the end of the group or of the text; `None` if it holds alternatives.
    fn alternatives(&mut self, depth: usize) -> Option<Vec<Vec<u8>>> {
        let mut runs = Runs::default();
        let mut is_alternative = false;
        while let Some(next) = self.peek() {
            if next == ')' {
                break;
            }
            let start = self.at;
            self.at += next.len_utf8();
            // What ends the run of literal bytes that the whole expression starts with.
            if depth == 0 && self.prefix.is_none() && "([.|$".contains(next) {
                self.prefix = Some(first_run(&runs));
            }
            match next {
                '|' => is_alternative = true,
                '(' => self.group(start, depth, &mut runs),
                '[' => {
                    self.class();
                    self.times();
                    runs.cut();
                }
                '.' => {
                    self.times();
                    runs.cut();
                }
                '^' | '$' => runs.cut(),
                '\\' => match self.escape() {
                    Some(literal) => self.literal(literal, depth, &mut runs),
                    None => {
                        if depth == 0 && self.prefix.is_none() && !self.regex[..self.at].ends_with("\\A") {
                            self.prefix = Some(first_run(&runs));
                        }
                        self.times();
                        runs.cut();
                    }
                },
                literal => self.literal(literal, depth, &mut runs),
            }
        }
        runs.cut();
        if is_alternative && depth == 0 {
            self.prefix = Some(Vec::new());
            self.head = None;
        }
        (!is_alternative).then_some(runs.done)
    }

    fn literal(&mut self, literal: char, depth: usize, runs: &mut Runs) {
        let times = self.times();
        if times != Times::PerhapsNever {
            runs.open.extend_from_slice(literal.encode_utf8(&mut [0; 4]).as_bytes());
        }
        if times != Times::Once {
            if depth == 0 && self.prefix.is_none() {
                self.prefix = Some(first_run(runs));
            }
            runs.cut();
        }
    }

    /// A group, after its opening parenthesis at `start`.
    fn group(&mut self, start: usize, depth: usize, runs: &mut Runs) {
        let rest = &self.regex[self.at..];
        let name = rest.strip_prefix("?P<").or_else(|| rest.strip_prefix("?<"));
        let (names, is_first) = match self.head_end {
            HeadEnd::First(names) => (names, true),
            HeadEnd::Last(names) => (names, false),
        };
        let is_named =
            name.and_then(|name| name.split_once('>')).is_some_and(|(name, _)| names.contains(&name));
        if depth == 0 && is_named && !(is_first && self.head.is_some()) {
            self.head = Some((start, runs.len()));
        }
        runs.cut();
        if name.is_some() {
            self.at += rest.find('>').map_or(rest.len(), |at| at + 1);
        } else if rest.starts_with('?') {
            let end = rest.find([':', ')']).unwrap_or(rest.len().saturating_sub(1));
            let on = rest[1..end].split('-').next().unwrap_or_default();
            self.is_unsure |= on.contains(['i', 'x']);
            self.at += end + 1;
            if rest[end..].starts_with(')') {
                return;
            }
        }
        let inner = self.alternatives(depth + 1);
        self.take();
        if self.times() != Times::PerhapsNever {
            runs.done.extend(inner.unwrap_or_default());
        }
    }

    /// A bracketed class, after its opening bracket.
    fn class(&mut self) {
        self.class_start();
        let mut depth = 1;
        while depth > 0 {
            match self.take() {
                Some('\\') => {
                    self.take();
                }
                Some('[') => {
                    self.class_start();
                    depth += 1;
                }
                Some(']') => depth -= 1,
                Some(_) => {}
                None => return,
            }
        }
    }

    /// What an opening bracket takes with it: a `]` that comes first is one of the class and does not close it.
    fn class_start(&mut self) {
        for mark in ['^', ']'] {
            if self.peek() == Some(mark) {
                self.take();
            }
        }
    }

    /// What stands behind a backslash: a literal, or `None` for a class or an assertion.
    fn escape(&mut self) -> Option<char> {
        let next = self.take()?;
        match next {
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'x' | 'u' | 'U' | 'p' | 'P' | 'b' if self.peek() == Some('{') => {
                let rest = &self.regex[self.at..];
                self.at += rest.find('}').map_or(rest.len(), |at| at + 1);
                None
            }
            'x' | 'u' | 'U' | 'p' | 'P' => {
                let digits = match next {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 1,
                };
                for _ in 0..digits {
                    self.take();
                }
                None
            }
            // `\<` and `\>` are the edges of a word.
            other if other.is_ascii_alphanumeric() || other == '<' || other == '>' => None,
            literal => Some(literal),
        }
    }

    /// The quantifiers that stand here, if any: `a+*` is allowed, and means `a*`.
    fn times(&mut self) -> Times {
        let mut times = Times::Once;
        while let Some(mark @ ('*' | '?' | '+' | '{')) = self.peek() {
            self.take();
            let may_be_never = match mark {
                '{' => {
                    let rest = &self.regex[self.at..];
                    let (least, _) = rest.split_once([',', '}']).unwrap_or((rest, ""));
                    self.at += rest.find('}').map_or(rest.len(), |at| at + 1);
                    least.trim().bytes().all(|digit| digit == b'0')
                }
                '+' => false,
                _ => true,
            };
            // A `?` behind a quantifier makes it lazy and is none itself.
            if self.peek() == Some('?') {
                self.take();
            }
            times = if may_be_never || times == Times::PerhapsNever {
                Times::PerhapsNever
            } else {
                Times::AtLeastOnce
            };
        }
        times
    }
}

fn first_run(runs: &Runs) -> Vec<u8> {
    runs.done.first().unwrap_or(&runs.open).clone()
}

/// The longest stretch of bytes that no frame escapes; the first of several as long.
pub(super) fn unescaped_stretch<'r>(runs: impl IntoIterator<Item = &'r [u8]>) -> &'r [u8] {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" =':".contains(byte);
    let mut longest: &[u8] = b"";
    for run in runs {
        for stretch in run.split(|byte| !is_plain(byte)) {
            if stretch.len() > longest.len() {
                longest = stretch;
            }
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(regex: &str) -> Vec<String> {
        let runs = literals(regex, HeadEnd::First(&[])).runs;
        runs.into_iter().map(|run| String::from_utf8(run).unwrap()).collect()
    }

    #[test]
    fn literal_text_between_groups_is_found() {
        assert_eq!(texts(r"REG_OK aor=(?P<aor>\S+) ua=\[(?P<ua>[^\]]*)\]"), ["REG_OK aor=", " ua=[", "]"]);
    }

    #[test]
    fn what_may_be_absent_is_no_literal() {
        assert_eq!(texts(r"abc?d(?:ef)?g(?:hi)+j*k{0,2}l{2}"), ["ab", "d", "g", "hi", "l"]);
    }

    #[test]
    fn alternatives_hold_no_literal() {
        assert_eq!(texts("ab(?:cd|ef)gh"), ["ab", "gh"]);
        assert_eq!(texts("abc|def"), [""; 0]);
    }

    #[test]
    fn a_class_is_skipped_whole() {
        assert_eq!(texts(r"a[]x]b[^]\]y]c[[:alpha:]z]d"), ["a", "b", "c", "d"]);
        assert_eq!(texts(r"a[^\\[]x]]b[x&&[^]y]]c[[^]]]d"), ["a", "b", "c", "d"]);
    }

    #[test]
    fn an_escaped_bracket_opens_no_class() {
        assert_eq!(texts(r"a(?:b[^\[]+c)?d[\]\[]e[\[^]f"), ["a", "d", "e", "f"]);
    }

    #[test]
    fn letters_of_either_case_are_no_literal() {
        assert_eq!(texts("(?i)abc"), [""; 0]);
        assert_eq!(texts("a(?s:b.c)d"), ["a", "b", "c", "d"]);
    }

    #[test]
    fn escapes_are_undone_or_skipped() {
        assert_eq!(texts(r"\[a\]\x41b\tc\p{L}d\pLe\bf"), ["[a]", "b\tc", "d", "e", "f"]);
    }

    #[test]
    fn the_prefix_ends_where_the_text_may_differ() {
        let prefix = |regex| String::from_utf8(literals(regex, HeadEnd::First(&[])).prefix).unwrap();
        assert_eq!(prefix(r"\Aab c=(?P<aor>\S+)x"), "ab c=");
        assert_eq!(prefix(r"^abx*c"), "ab");
        assert_eq!(prefix(r"ab+c"), "ab");
        assert_eq!(prefix(r"ab\dc"), "ab");
        assert_eq!(prefix(r"\d+abc"), "");
        assert_eq!(prefix(r"(?:ab)cd"), "");
        assert_eq!(prefix(r"[a]cd"), "");
        assert_eq!(prefix(r"x?cd"), "");
        assert_eq!(prefix("abc"), "abc");
        assert_eq!(prefix("abc|d"), "");
    }

    #[test]
    fn the_head_ends_before_the_group_that_is_asked_for() {
        let regex = r"\[(?P<callid>\S+)\] to (?P<aor>\S+)";
        assert_eq!(literals(regex, HeadEnd::First(&["aor"])).head, Some((23, 6)));
        assert_eq!(literals(regex, HeadEnd::First(&["callid", "aor"])).head, Some((2, 1)));
        assert_eq!(literals(regex, HeadEnd::Last(&["callid", "aor"])).head, Some((23, 6)));
        assert_eq!(literals(r"a|(?P<aor>\S+)", HeadEnd::First(&["aor"])).head, None);
    }

    #[test]
    fn a_stretch_has_no_byte_that_json_escapes() {
        let runs: [&[u8]; 2] = [br#"","src_ip":""#, b" aor=sip"];
        assert_eq!(unescaped_stretch(runs), b" aor=sip");
    }

    proptest! {
        /// Against the regex crate itself: every match holds every run, in front of it the prefix.
        #[test]
        fn every_match_holds_the_literals(
            regex in r"([ab.x|]|\\d|\\\[|[ab][*+?]{1,3}|\\[<>b]|a\{[01],?1?\}|\([ab|]{0,3}\)[*+?]?|\[\^?[]ab]{1,2}b\]|\[\^?(a|-|&&|\\\[|\\\]|\\\\|\[:alpha:\]|\[\^?]?a\]){1,3}\]|\(\?:a\|?b\)|a\{0,1\}){0,6}",
            text in r"[ab\[\]\\x0-]{0,8}",
        ) {
            let Ok(compiled) = regex::bytes::Regex::new(&format!(r"\A(?:{regex})")) else { return Ok(()) };
            let found = literals(&regex, HeadEnd::First(&[]));
            if let Some(whole) = compiled.find(text.as_bytes()) {
                let whole = whole.as_bytes();
                prop_assert!(whole.starts_with(&found.prefix), "{regex} {text} {found:?}");
                for run in &found.runs {
                    prop_assert!(memchr::memmem::find(whole, run).is_some(), "{regex} {text} {found:?}");
                }
            }
        }
    }
}

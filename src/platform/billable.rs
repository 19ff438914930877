//! Which apps the operator bills for, and which texts look as if they were meant.

use regex::bytes::{Regex, RegexSet};

use super::RuleError;

/// Compiled patterns of one list of the policy.
pub(super) fn compile(key: &'static str, patterns: &[String]) -> Result<RegexSet, RuleError> {
    for pattern in patterns {
        Regex::new(pattern).map_err(|source| RuleError::AgentPattern {
            key,
            pattern: pattern.clone(),
            source,
        })?;
    }
    RegexSet::new(patterns).map_err(|source| RuleError::AgentPatterns { key, source })
}

/// The apps that are billed: any, or those that a pattern matches.
#[derive(Debug)]
pub(super) struct Billable {
    /// `None` bills every app.
    patterns: Option<RegexSet>,
    first_words: Vec<FirstWord>,
}

/// The beginning of the texts that a billable pattern matches.
#[derive(Debug, PartialEq, Eq)]
struct FirstWord {
    letters: Vec<u8>,
    /// The pattern says where the word ends; otherwise the word may go on.
    is_whole: bool,
}

impl Billable {
    /// Compiles `billable_agents`.
    pub(super) fn new(patterns: Option<&[String]>) -> Result<Self, RuleError> {
        let Some(patterns) = patterns else { return Ok(Self { patterns: None, first_words: Vec::new() }) };
        Ok(Self {
            patterns: Some(compile("billable_agents", patterns)?),
            first_words: patterns.iter().flat_map(|pattern| first_words(pattern)).collect(),
        })
    }

    /// Whether the operator bills for the app of this text; without a text, only where every app
    /// is billed.
    pub(super) fn is_billable(&self, text: Option<&[u8]>) -> bool {
        match (&self.patterns, text) {
            (None, _) => true,
            (Some(patterns), Some(text)) => patterns.is_match(text),
            (Some(_), None) => false,
        }
    }

    /// Whether `text` begins with the first word of a billable app, in whatever case. To be asked
    /// of texts that are not billable.
    pub(super) fn is_near_miss(&self, text: &[u8]) -> bool {
        let first = text.split(|&byte| byte == b' ' || byte == b'/').next().unwrap_or_default();
        self.first_words.iter().any(|word| {
            if word.is_whole {
                first.eq_ignore_ascii_case(&word.letters)
            } else {
                first.get(..word.letters.len()).is_some_and(|start| start.eq_ignore_ascii_case(&word.letters))
            }
        })
    }
}

/// Letters that a word needs before it says anything, where the pattern leaves its end open.
const OPEN_WORD_LEN_MIN: usize = 3;

/// The first words of what `pattern` matches, read from its literal beginnings. Where a branch
/// begins with anything but literal text there is none: the answer only serves a hint.
fn first_words(pattern: &str) -> Vec<FirstWord> {
    let mut found = Vec::new();
    for branch in branches(pattern) {
        let mut rest = branch;
        while let Some(bare) =
            rest.strip_prefix('^').or_else(|| rest.strip_prefix(r"\A")).or_else(|| flags(rest))
        {
            rest = bare;
        }
        if let Some(inner) = leading_group(rest) {
            found.extend(first_words(inner));
        } else {
            found.extend(first_word(rest));
        }
    }
    found
}

/// What follows flags for the rest of the pattern, such as `(?i)`.
fn flags(pattern: &str) -> Option<&str> {
    let (flags, rest) = pattern.strip_prefix("(?")?.split_once(')')?;
    flags.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-').then_some(rest)
}

/// The inside of the group that `pattern` begins with.
fn leading_group(pattern: &str) -> Option<&str> {
    let inner = pattern.strip_prefix("(?:").or_else(|| pattern.strip_prefix('('))?;
    let end = Tops::new(inner).find(|&(_, byte, depth)| byte == b')' && depth == 0)?.0;
    Some(&inner[..end])
}

/// The alternatives of `pattern` outside all groups.
fn branches(pattern: &str) -> Vec<&str> {
    let mut branches = Vec::new();
    let mut start = 0;
    for (place, byte, depth) in Tops::new(pattern) {
        if byte == b'|' && depth == 0 {
            branches.push(&pattern[start..place]);
            start = place + 1;
        }
    }
    branches.push(&pattern[start..]);
    branches
}

/// Walks the bytes of a pattern that mean something to the regex outside escapes and character
/// classes: place, byte, and the depth of groups it stands in (a bracket counts as outside).
struct Tops<'p> {
    pattern: &'p [u8],
    place: usize,
    depth: usize,
}

impl<'p> Tops<'p> {
    fn new(pattern: &'p str) -> Self {
        Self { pattern: pattern.as_bytes(), place: 0, depth: 0 }
    }
}

impl Iterator for Tops<'_> {
    type Item = (usize, u8, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let place = self.place;
            let byte = *self.pattern.get(place)?;
            self.place += 1;
            match byte {
                b'\\' => self.place += 1,
                b'[' => {
                    // A bracket right behind the opening one, or behind `[^`, is a member.
                    self.place += usize::from(self.pattern.get(self.place) == Some(&b'^')) + 1;
                    while let Some(&inside) = self.pattern.get(self.place) {
                        self.place += if inside == b'\\' { 2 } else { 1 };
                        if inside == b']' {
                            break;
                        }
                    }
                }
                b'(' => {
                    self.depth += 1;
                    return Some((place, byte, self.depth - 1));
                }
                b')' => {
                    let depth = self.depth;
                    self.depth = depth.saturating_sub(1);
                    return Some((place, byte, depth));
                }
                _ => return Some((place, byte, self.depth)),
            }
        }
    }
}

/// The literal first word of one alternative.
fn first_word(branch: &str) -> Option<FirstWord> {
    let mut letters = Vec::new();
    let mut is_whole = false;
    let mut bytes = branch.bytes().peekable();
    while let Some(byte) = bytes.next() {
        let literal = match byte {
            b'\\' => match bytes.next() {
                Some(escaped) if !escaped.is_ascii_alphanumeric() => escaped,
                _ => break,
            },
            // The letter before may be absent.
            b'?' | b'*' | b'{' => {
                letters.pop();
                break;
            }
            b'.' | b'[' | b'(' | b')' | b'+' | b'|' | b'^' | b'$' => {
                is_whole = byte == b'$';
                break;
            }
            _ => byte,
        };
        // A blank that may be absent ends no word.
        if matches!(literal, b' ' | b'/') && !matches!(bytes.peek(), Some(b'?' | b'*' | b'{')) {
            is_whole = true;
            break;
        }
        letters.push(literal);
    }
    let is_telling = if is_whole { !letters.is_empty() } else { letters.len() >= OPEN_WORD_LEN_MIN };
    is_telling.then_some(FirstWord { letters, is_whole })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn billable(patterns: &[&str]) -> Billable {
        let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        Billable::new(Some(&patterns)).unwrap()
    }

    #[test]
    fn a_pattern_matches_anywhere_and_with_case() {
        let apps = billable(&["Acme Phone/"]);
        assert!(apps.is_billable(Some(b"My Acme Phone/1.0")));
        assert!(!apps.is_billable(Some(b"acme phone/1.0")));
    }

    #[test]
    fn without_a_text_only_a_bill_for_every_app_counts() {
        assert!(!billable(&[".*"]).is_billable(None));
        assert!(Billable::new(None).unwrap().is_billable(None));
    }

    #[test]
    fn the_same_first_word_in_another_case_or_product_is_a_near_miss() {
        let apps = billable(&["^Acme Phone/"]);
        assert!(apps.is_near_miss(b"acme phone/1.0") && apps.is_near_miss(b"Acme/2.0"));
        assert!(!apps.is_near_miss(b"Acmeville/1.0") && !apps.is_near_miss(b"My Acme Phone/1.0"));
    }

    #[test]
    fn every_alternative_has_its_own_first_word() {
        for pattern in ["^Acme/|^Zeta/", "^(?:Acme|Zeta)/", "(?i)^(Acme Phone|Zeta) "] {
            let apps = billable(&[pattern]);
            assert!(apps.is_near_miss(b"Acme-1") || apps.is_near_miss(b"Acme Talk"), "{pattern}");
            assert!(apps.is_near_miss(b"Zeta"), "{pattern}");
        }
    }

    #[test]
    fn an_alternative_inside_the_word_is_no_word_of_its_own() {
        let apps = billable(&["^Acme(?:Phone|Talk)/"]);
        assert!(apps.is_near_miss(b"AcmeVideo/1.0"));
        assert!(!apps.is_near_miss(b"Talk/1.0"));
    }

    #[test]
    fn an_escaped_or_classed_bar_divides_nothing() {
        assert_eq!(
            first_words(r"^Pipe\|Phone/"),
            [FirstWord { letters: b"Pipe|Phone".to_vec(), is_whole: true }]
        );
        assert_eq!(
            first_words(r"^Pipe[|]Phone/"),
            [FirstWord { letters: b"Pipe".to_vec(), is_whole: false }]
        );
    }

    #[test]
    fn a_pattern_without_a_literal_beginning_misses_nothing_nearly() {
        for pattern in [".*", "^[A-Z]cme/", "^Ac", ""] {
            assert_eq!(first_words(pattern), [], "{pattern}");
        }
    }

    #[test]
    fn a_bad_pattern_is_named_with_its_list() {
        let error = Billable::new(Some(&["(".to_owned()])).unwrap_err().to_string();
        assert!(error.starts_with("billable_agents: pattern `(`: "), "{error}");
    }

    proptest! {
        #[test]
        fn no_pattern_makes_the_reading_of_words_panic(pattern in "[^a-z]{0,8}[\\\\a-z()|\\[\\]^?*é]{0,24}") {
            first_words(&pattern);
        }
    }
}

//! An ordered list of rules: which one wins a text.

use aho_corasick::AhoCorasick;
use regex::bytes::Regex;
use regex_automata::{meta, nfa::thompson::WhichCaptures};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;
use std::sync::OnceLock;

use super::RuleError;
use super::required::required;
use super::rules::Rule;

/// Rules in order. A log needs a few of them, so each is compiled when a text first holds what it requires.
#[derive(Debug)]
pub(super) struct RuleList {
    rules: Vec<Rule>,
    patterns: Vec<Pattern>,
    /// The literals that patterns require, and whose each is.
    literals: AhoCorasick,
    owners: Vec<usize>,
    /// Rules that require none.
    always: Vec<usize>,
}

/// A pattern, as it was parsed and as it is asked.
#[derive(Debug)]
struct Pattern {
    parsed: Hir,
    compiled: OnceLock<meta::Regex>,
}

impl Pattern {
    /// Parses it. The shipped ones are read as bytes, because a device name in an old encoding is no UTF-8 and `[^(]`
    /// must still step over it; the operator's keep the meaning that the regex manual gives them.
    fn of(rule: &Rule) -> Result<Self, RuleError> {
        if rule.is_operators {
            Regex::new(&rule.spec.pattern)
                .map_err(|source| RuleError::Pattern { rule: rule.spec.name.clone(), source })?;
        }
        let parsed =
            ParserBuilder::new().utf8(false).unicode(rule.is_operators).build().parse(&rule.spec.pattern);
        // What has been compiled just before parses, and the shipped ones have a test for that.
        Ok(Self { parsed: parsed.expect("a pattern that parses"), compiled: OnceLock::new() })
    }

    fn is_match(&self, text: &[u8]) -> bool {
        let compiled = self.compiled.get_or_init(|| {
            // Prepared for a few thousand short texts: what speeds up long ones takes longer to build than they do.
            let config = meta::Config::new()
                .utf8_empty(false)
                // A list of thousands of words compiles alone into something else, which has no limit.
                .nfa_size_limit(None)
                .auto_prefilter(false)
                .onepass(false)
                .dfa(false)
                .backtrack(false)
                .which_captures(WhichCaptures::None);
            meta::Builder::new()
                .configure(config)
                .build_from_hir(&self.parsed)
                .expect("a pattern without a limit to its size")
        });
        compiled.is_match(text)
    }
}

impl RuleList {
    /// Makes a list of `rules`, first match first.
    pub(super) fn new(rules: Vec<Rule>) -> Result<Self, RuleError> {
        let patterns = rules.iter().map(Pattern::of).collect::<Result<Vec<_>, _>>()?;
        let (mut literals, mut owners, mut always) = (Vec::new(), Vec::new(), Vec::new());
        for (place, pattern) in patterns.iter().enumerate() {
            match required(&pattern.parsed) {
                None => always.push(place),
                Some(required) => {
                    owners.extend(required.iter().map(|_| place));
                    literals.extend(required);
                }
            }
        }
        let literals = AhoCorasick::builder().ascii_case_insensitive(true).build(&literals);
        let literals = literals.expect("the literals of some rules fit any automaton");
        Ok(Self { rules, patterns, literals, owners, always })
    }

    /// The rule that wins `text`.
    pub(super) fn first_match(&self, text: &[u8]) -> Option<&Rule> {
        let mut possible = self.always.clone();
        possible.extend(self.literals.find_overlapping_iter(text).map(|hit| self.owners[hit.pattern()]));
        possible.sort_unstable();
        possible.dedup();
        possible
            .into_iter()
            .find(|place| self.patterns[*place].is_match(text))
            .map(|place| &self.rules[place])
    }

    /// Proves that every example of these rules is won by its own rule; where none of them matches, it is a rule of
    /// `others` that wins.
    pub(super) fn prove_examples<'r>(
        &'r self,
        others: impl Fn(&[u8]) -> Option<&'r Rule>,
    ) -> Result<(), RuleError> {
        for rule in &self.rules {
            for example in &rule.spec.examples {
                let text = example.trim_ascii().as_bytes();
                let winner = self.first_match(text).or_else(|| others(text));
                // By place, not by name: an operator may give two rules one name.
                if !winner.is_some_and(|winner| std::ptr::eq(winner, rule)) {
                    return Err(RuleError::ExampleLost {
                        rule: rule.spec.name.clone(),
                        example: example.clone(),
                        winner: winner.map(|winner| winner.spec.name.clone()),
                    });
                }
            }
        }
        Ok(())
    }

    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Form, Platform};
    use crate::platform::RuleSpec;
    use crate::platform::rules::shipped;
    use proptest::prelude::*;
    use regex::bytes::RegexSet;
    use std::sync::LazyLock;

    static SHIPPED: LazyLock<RuleList> = LazyLock::new(|| RuleList::new(shipped().to_vec()).unwrap());

    /// All shipped patterns, asked at once.
    static ORACLE: LazyLock<RegexSet> = LazyLock::new(|| {
        RegexSet::new(shipped().iter().map(|rule| format!("(?-u){}", rule.spec.pattern))).unwrap()
    });

    fn operators(pattern: &str) -> Rule {
        let (platform, form) = (Platform::Ios, Form::Mobile);
        let (name, pattern) = (pattern.to_owned(), pattern.to_owned());
        let spec = RuleSpec { name, pattern, platform, form, class: None, examples: Vec::new() };
        Rule { spec, is_weak: false, is_operators: true }
    }

    #[test]
    fn every_shipped_example_is_won_by_its_own_rule() {
        SHIPPED.prove_examples(|_| None).unwrap_or_else(|error| panic!("{error}"));
    }

    #[test]
    fn every_shipped_rule_requires_a_literal() {
        let always: Vec<_> = SHIPPED.always.iter().map(|place| &shipped()[*place].spec.pattern).collect();
        assert!(always.is_empty(), "each is tried on every text: {always:?}");
    }

    #[test]
    fn a_byte_that_is_no_utf8_does_not_hide_a_product() {
        let text = b"MyPhone\xe9Android/1.0 (t\xe9l\xe9phone) LinphoneSDK/5.2";
        assert_eq!(SHIPPED.first_match(text).unwrap().spec.name, "linphone-sdk-android");
    }

    #[test]
    fn an_operators_pattern_knows_letters_of_every_language() {
        let list = RuleList::new(vec![operators(r"(?i)^\w+ ÉCOLE\b"), operators("(?i)^kelvin")]).unwrap();
        for (text, place) in [("Žofín école", 0), ("\u{212a}elvin", 1), ("KELVIN", 1)] {
            let winner = list.first_match(text.as_bytes()).unwrap();
            assert!(std::ptr::eq(winner, &list.rules[place]), "{text}");
        }
        assert!(list.first_match("Žofín écolea".as_bytes()).is_none());
    }

    #[test]
    fn a_rule_of_thousands_of_words_is_asked_like_any() {
        let word = |number: u64| blake3::hash(&number.to_le_bytes()).to_hex()[..40].to_owned();
        let words: Vec<String> = (0..6_000).map(word).collect();
        let list = RuleList::new(vec![operators(&words.join("|"))]).unwrap();
        assert!(list.first_match(format!("Acme {}", words[5_999]).as_bytes()).is_some());
        assert!(list.first_match(&words[5_999].as_bytes()[1..]).is_none());
    }

    /// Texts out of the parts of examples, so that many rules are near.
    fn near_examples() -> impl Strategy<Value = Vec<u8>> {
        let examples: Vec<&str> =
            shipped().iter().flat_map(|rule| &rule.spec.examples).map(String::as_str).collect();
        let part = (prop::sample::select(examples), any::<[prop::sample::Index; 2]>(), any::<u8>());
        let part = part.prop_map(|(text, ends, change)| {
            let [one, other] = ends.map(|end| end.index(text.len() + 1));
            let mut part = text.as_bytes()[one.min(other)..one.max(other)].to_vec();
            match change {
                0..100 => {}
                100..150 => part.make_ascii_uppercase(),
                150..200 => part.make_ascii_lowercase(),
                byte => part.push(byte),
            }
            part
        });
        prop::collection::vec(part, 1..4).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn the_first_of_all_shipped_rules_that_match_wins(text in near_examples()) {
            let winner = SHIPPED.first_match(&text).map(|rule| &rule.spec.name);
            let first = ORACLE.matches(&text).iter().next().map(|place| &shipped()[place].spec.name);
            prop_assert_eq!(winner, first);
        }

        #[test]
        fn the_first_of_an_operators_rules_that_match_wins(
            patterns in prop::collection::vec(r"(\(\?i\)|\(\?-u\))?\^?[abBkK\[\]()|?*+.é]{1,9}\$?", 1..6),
            texts in prop::collection::vec("[abBkKé\u{212a}]{0,9}", 1..9),
        ) {
            let good: Vec<&String> = patterns.iter().filter(|pattern| Regex::new(pattern).is_ok()).collect();
            let list = RuleList::new(good.iter().map(|pattern| operators(pattern)).collect()).unwrap();
            let oracle = RegexSet::new(good).unwrap();
            for text in &texts {
                let winner = list.first_match(text.as_bytes());
                let first = oracle.matches(text.as_bytes()).iter().next().map(|place| &list.rules[place]);
                prop_assert_eq!(winner.map(std::ptr::from_ref), first.map(std::ptr::from_ref), "{}", text);
            }
        }
    }
}

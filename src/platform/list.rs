//! An ordered list of rules: which one wins a text.

use regex::bytes::{Regex, RegexSet, RegexSetBuilder};

use super::RuleError;
use super::rules::Rule;

/// Room for the compiled rules. The shipped list needs a small part of it; the rest is for
/// operators who list hundreds of brands.
const COMPILED_BYTES_MAX: usize = 256 << 20;

/// Rules in order, compiled together.
#[derive(Debug)]
pub(super) struct RuleList {
    rules: Vec<Rule>,
    patterns: RegexSet,
}

impl RuleList {
    /// Compiles `rules`, first match first.
    pub(super) fn new(rules: Vec<Rule>) -> Result<Self, RuleError> {
        // Alone first, so that an error names its rule. The shipped ones have a test for that.
        for rule in rules.iter().filter(|rule| rule.is_operators) {
            Regex::new(&rule.spec.pattern)
                .map_err(|source| RuleError::Pattern { rule: rule.spec.name.clone(), source })?;
        }
        let patterns = RegexSetBuilder::new(rules.iter().map(pattern))
            .size_limit(COMPILED_BYTES_MAX)
            .build()
            .map_err(RuleError::Together)?;
        Ok(Self { rules, patterns })
    }

    /// The rule that wins `text`.
    pub(super) fn first_match(&self, text: &[u8]) -> Option<&Rule> {
        self.patterns.matches(text).iter().next().map(|place| &self.rules[place])
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

/// The pattern as it is compiled. The shipped ones are read as bytes, because a device name in an
/// old encoding is no UTF-8 and `[^(]` must still step over it; the operator's keep the meaning
/// that the regex manual gives them.
fn pattern(rule: &Rule) -> String {
    if rule.is_operators { rule.spec.pattern.clone() } else { format!("(?-u){}", rule.spec.pattern) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::rules::shipped;

    #[test]
    fn every_shipped_example_is_won_by_its_own_rule() {
        let list = RuleList::new(shipped().to_vec()).unwrap();
        list.prove_examples(|_| None).unwrap_or_else(|error| panic!("{error}"));
    }

    #[test]
    fn a_byte_that_is_no_utf8_does_not_hide_a_product() {
        let list = RuleList::new(shipped().to_vec()).unwrap();
        let text = b"MyPhone\xe9Android/1.0 (t\xe9l\xe9phone) LinphoneSDK/5.2";
        assert_eq!(list.first_match(text).unwrap().spec.name, "linphone-sdk-android");
    }
}

//! The shipped rules: `rules.toml` as values, parsed once.

use std::sync::LazyLock;

use toml_edit::{Document, Table};

use super::RuleSpec;
use crate::model::{Class, Form, Platform};

/// A rule with what only the shipped list says of it.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) spec: RuleSpec,
    /// The pattern is a word found anywhere, no part of a product's own name, so the push
    /// parameters of a Contact are the better evidence.
    pub(super) is_weak: bool,
    /// The operator's own word, which no other signal corrects.
    pub(super) is_operators: bool,
}

static SHIPPED: LazyLock<Vec<Rule>> =
    // The text is compiled in and a test parses it, so an error here is a broken build.
    LazyLock::new(|| parse(include_str!("rules.toml")).expect("the shipped rules.toml is well formed"));

/// The shipped rules, first match first.
pub(super) fn shipped() -> &'static [Rule] {
    &SHIPPED
}

fn parse(text: &str) -> Result<Vec<Rule>, String> {
    let document = Document::parse(text).map_err(|error| error.to_string())?;
    let tables = document
        .get("rule")
        .and_then(|item| item.as_array_of_tables())
        .ok_or_else(|| "no `[[rule]]` at all".to_owned())?;
    tables.iter().map(rule).collect()
}

fn rule(table: &Table) -> Result<Rule, String> {
    let text = |key: &str| table.get(key).and_then(|item| item.as_str());
    let name = text("name").ok_or("a rule without a name")?.to_owned();
    let wrong = |key: &str| format!("rule `{name}`: `{key}` is missing or wrong");

    const KEYS: [&str; 7] = ["name", "pattern", "platform", "form", "class", "weak", "examples"];
    if let Some((key, _)) = table.iter().find(|(key, _)| !KEYS.contains(key)) {
        return Err(format!("rule `{name}`: unknown key `{key}`"));
    }

    let class = match table.get("class") {
        None => None,
        Some(item) => Some(item.as_str().and_then(class_from_name).ok_or_else(|| wrong("class"))?),
    };
    let is_weak = match table.get("weak") {
        None => false,
        Some(item) => item.as_bool().ok_or_else(|| wrong("weak"))?,
    };
    let examples = table
        .get("examples")
        .and_then(|item| item.as_array())
        .and_then(|array| {
            array.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        })
        .filter(|examples| !examples.is_empty())
        .ok_or_else(|| wrong("examples"))?;

    let spec = RuleSpec {
        pattern: text("pattern").ok_or_else(|| wrong("pattern"))?.to_owned(),
        platform: text("platform").and_then(Platform::from_name).ok_or_else(|| wrong("platform"))?,
        form: text("form").and_then(Form::from_name).ok_or_else(|| wrong("form"))?,
        class,
        examples,
        name,
    };
    Ok(Rule { spec, is_weak, is_operators: false })
}

/// The class of that name.
fn class_from_name(name: &str) -> Option<Class> {
    [Class::Generic, Class::Desktop, Class::Undecided, Class::NotBilled, Class::Unknown]
        .into_iter()
        .find(|class| class.name() == name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_shipped_rules_share_a_name() {
        let mut names = HashSet::new();
        for rule in shipped() {
            assert!(names.insert(&rule.spec.name), "{} stands twice", rule.spec.name);
        }
    }

    #[test]
    fn a_rule_without_an_example_is_refused() {
        let text = "[[rule]]\nname = 'a'\npattern = 'a'\nplatform = 'ios'\nform = 'mobile'\nexamples = []\n";
        assert_eq!(parse(text).unwrap_err(), "rule `a`: `examples` is missing or wrong");
    }

    #[test]
    fn a_key_that_is_no_rules_key_is_refused() {
        let text = "[[rule]]\nname = 'a'\npatern = 'a'\n";
        assert_eq!(parse(text).unwrap_err(), "rule `a`: unknown key `patern`");
    }

    #[test]
    fn a_platform_that_does_not_exist_is_refused() {
        let text =
            "[[rule]]\nname = 'a'\npattern = 'a'\nplatform = 'IOS'\nform = 'mobile'\nexamples = ['a']\n";
        assert_eq!(parse(text).unwrap_err(), "rule `a`: `platform` is missing or wrong");
    }
}

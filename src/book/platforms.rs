//! `[[platform]]`: the operator's own rules from User-Agent to platform.

use super::problems::quoted;
use super::section::{Section, Shown, choice};
use super::value::{regex, text, texts};
use crate::model::{Class, Form, Platform};
use crate::platform::RuleSpec;

const CLASSES: [(&str, Class); 3] =
    [("generic", Class::Generic), ("desktop", Class::Desktop), ("none", Class::NotBilled)];

/// All of `[[platform]]`, in order, with what to show of them.
///
/// An example must be won by its own rule among these; the shipped rules come after them and
/// cannot win it.
pub(super) fn platform_rules(root: &Section<'_>) -> (Vec<RuleSpec>, Vec<Shown>) {
    let mut rules: Vec<(RuleSpec, regex::bytes::Regex)> = Vec::new();
    let mut shown = Vec::new();
    for read in root.tables("platform", None, rule).into_iter().flatten() {
        let rule = read.value;
        if rules.iter().any(|(before, _)| before.name == rule.name) {
            root.problems.report(read.line, format!("platform rule {} is written twice", quoted(&rule.name)));
        }
        let Ok(compiled) = regex::bytes::Regex::new(&rule.pattern) else { continue };
        for example in &rule.examples {
            if !compiled.is_match(example.as_bytes()) {
                let text = format!("example {} does not match the pattern of its own rule", quoted(example));
                root.problems.report(read.line, text);
            } else if let Some((before, _)) =
                rules.iter().find(|(_, regex)| regex.is_match(example.as_bytes()))
            {
                let name = quoted(&before.name);
                let text = format!("example {} is won by the rule {name} before it", quoted(example));
                root.problems.report(read.line, text);
            }
        }
        shown.push(Shown { title: format!("platform rule {}", rule.name), ..read.shown });
        rules.push((rule, compiled));
    }
    (rules.into_iter().map(|(rule, _)| rule).collect(), shown)
}

fn rule(table: &Section<'_>) -> Option<RuleSpec> {
    let name = table.need("name", text);
    let pattern = table.need("pattern", regex);
    let platforms = Platform::ALL.map(|platform| (platform.name(), platform));
    let platform = table.need_choice("platform", &platforms);
    let forms = Form::ALL.map(|form| (form.name(), form));
    let usual = platform.map_or(Form::Unknown, usual_form);
    let form = table.choose("form", &forms, usual);
    let by_form = "as platform and form give";
    let class = table.get_or("class", |field| choice(field, &CLASSES).map(Some), None, by_form);
    let examples = table.get_or("examples", texts, Vec::new(), "none");
    Some(RuleSpec { name: name?, pattern: pattern?, platform: platform?, form, class, examples })
}

/// What a client of that platform mostly is.
const fn usual_form(platform: Platform) -> Form {
    match platform {
        Platform::Ios | Platform::Android => Form::Mobile,
        Platform::Macos | Platform::Windows | Platform::Linux => Form::Desktop,
        Platform::Web => Form::Web,
        Platform::Hardphone => Form::Hardphone,
        Platform::Gateway | Platform::Pbx | Platform::PushProxy => Form::Server,
        Platform::Scanner => Form::Tool,
        Platform::Unknown => Form::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{problems_of, read_tables};
    use super::*;

    #[test]
    fn the_form_follows_the_platform_unless_it_is_written() {
        let toml = "[[platform]]\nname = 'a'\npattern = '^A'\nplatform = 'ios'\n";
        assert_eq!(read_tables(toml, "platform", rule)[0].form, Form::Mobile);
        let toml = format!("{toml}form = 'desktop'\nclass = 'none'\n");
        let rule = &read_tables(&toml, "platform", rule)[0];
        assert_eq!((rule.form, rule.class), (Form::Desktop, Some(Class::NotBilled)));
    }

    #[test]
    fn an_example_is_won_by_its_own_rule() {
        assert_eq!(
            problems_of(
                "[[platform]]\nname = 'a'\npattern = '^A'\nplatform = 'ios'\nexamples = ['A1', 'B1']\n\
                 [[platform]]\nname = 'b'\npattern = '1'\nplatform = 'ios'\nexamples = ['A1']\n\
                 [[platform]]\nname = 'b'\npattern = 'z('\nplatform = 'iso'\nclass = 'mobile'\n",
                |root| Some(platform_rules(root))
            ),
            [
                "1: example `B1` does not match the pattern of its own rule",
                "6: example `A1` is won by the rule `a` before it",
                "13: `pattern` `z(` is no regular expression: unclosed group",
                "14: unknown `platform` `iso`; did you mean `ios`?",
                "15: unknown `class` `mobile`; use `generic`, `desktop` or `none`",
            ]
        );
    }
}

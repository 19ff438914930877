//! One kind of client to its verdict: the order in which its signals are believed.

use regex::bytes::RegexSet;

use super::billable::{Billable, compile};
use super::list::RuleList;
use super::rules::{Rule, shipped};
use super::{AgentPolicy, RuleError, RuleSpec};
use crate::model::{AgentKey, Class, Form, Hint, Platform, Verdict};
use std::sync::OnceLock;

/// The rules and the operator's policy, ready to judge clients.
///
/// A pure function of its key: the same key gives the same verdict in any order and on any thread.
#[derive(Debug)]
pub struct Classifier {
    /// The operator's rules; behind them come the shipped ones.
    operators: RuleList,
    push_agents: RegexSet,
    billable: Billable,
}

/// The shipped rules, read once.
static SHIPPED: OnceLock<RuleList> = OnceLock::new();

fn shipped_list() -> &'static RuleList {
    // A test asks every one of them, so an error here is a broken build.
    SHIPPED.get_or_init(|| RuleList::new(shipped().to_vec()).expect("the shipped rules are good ones"))
}

/// Begins to read the shipped rules: they are asked at the end of a run, and its begin leaves cores idle.
pub fn begin_shipped() {
    if SHIPPED.get().is_none() {
        // Where no thread is to be had, they are read when they are asked for.
        let _ = std::thread::Builder::new().spawn(shipped_list);
    }
}

/// What decided about a client, before the operator's choice of billable apps.
struct Finding<'r> {
    platform: Platform,
    form: Form,
    class: Class,
    rule: &'r str,
}

impl Classifier {
    /// The operator's rules in front of the shipped ones, under the operator's policy.
    ///
    /// # Errors
    ///
    /// A pattern that is no regular expression, and an example of an operator's rule that another
    /// rule wins. That an operator's rule wins an example of a shipped one is no error: that is
    /// what their rules are for.
    pub fn new(operator_rules: Vec<RuleSpec>, policy: &AgentPolicy) -> Result<Self, RuleError> {
        let operators =
            operator_rules.into_iter().map(|spec| Rule { spec, is_weak: false, is_operators: true });
        let operators = RuleList::new(operators.collect())?;
        operators.prove_examples(|text| shipped_list().first_match(text))?;
        Ok(Self {
            operators,
            push_agents: compile("push_agents", &policy.push_agents)?,
            billable: Billable::new(policy.billable_agents.as_deref())?,
        })
    }

    /// The shipped rules under the default policy: every app is billed, Acrobits' push server is
    /// the one push server.
    pub fn shipped() -> Self {
        Self::new(Vec::new(), &AgentPolicy::default()).expect("no rules and no patterns are good ones")
    }

    /// The rules in the order in which they are asked, the operator's first.
    pub fn rules(&self) -> impl Iterator<Item = &RuleSpec> {
        self.operators.rules().iter().chain(shipped()).map(|rule| &rule.spec)
    }

    /// Judges a bare User-Agent, of which nothing else is known.
    pub fn classify_text(&self, text: &[u8]) -> Verdict {
        self.classify(&AgentKey { text: Some(text.into()), ..AgentKey::UNKNOWN })
    }

    fn first_match(&self, text: &[u8]) -> Option<&Rule> {
        self.operators.first_match(text).or_else(|| shipped_list().first_match(text))
    }

    /// Judges one kind of client. Blanks around the text do not count, as in the header itself.
    pub fn classify(&self, key: &AgentKey) -> Verdict {
        let text = key.text.as_deref().map(<[u8]>::trim_ascii);
        // An empty header says as much as none.
        let winner = text.filter(|text| !text.is_empty()).and_then(|text| self.first_match(text));
        let is_told = text.is_some_and(|text| !text.is_empty());

        let is_named_push = key.is_push_source || text.is_some_and(|text| self.push_agents.is_match(text));
        let push_rule = winner.filter(|rule| rule.spec.platform == Platform::PushProxy);
        let is_push = is_named_push || push_rule.is_some();
        let finding =
            if is_push { push(push_rule, key.is_push_source) } else { by_signals(winner, key.hint, is_told) };

        // Exempt is the push server that the operator named, by list, address or rule. Another
        // vendor's, known only to the shipped rules, wakes apps that may not be billed.
        let is_exempt = is_named_push || push_rule.is_some_and(|rule| rule.is_operators);
        let is_billable = is_exempt || self.billable.is_billable(text);
        Verdict {
            platform: finding.platform,
            form: finding.form,
            class: finding.class,
            rule: finding.rule.to_owned(),
            is_billable,
            is_push,
            is_near_miss: !is_billable && text.is_some_and(|text| self.billable.is_near_miss(text)),
        }
    }
}

/// A push server is proof of a phone, whichever system that has.
fn push(rule: Option<&Rule>, is_push_source: bool) -> Finding<'_> {
    Finding {
        platform: Platform::PushProxy,
        form: Form::Server,
        class: rule.and_then(|rule| rule.spec.class).unwrap_or(Class::Generic),
        rule: match rule {
            Some(rule) => &rule.spec.name,
            None if is_push_source => "push_sources",
            None => "push_agents",
        },
    }
}

fn by_signals(winner: Option<&Rule>, hint: Hint, is_told: bool) -> Finding<'_> {
    if let Some((platform, form, rule)) = told_by_hint(hint)
        && hint_wins(winner, hint)
    {
        return Finding { platform, form, class: class_of(platform, form), rule };
    }
    match winner {
        Some(Rule { spec, .. }) => Finding {
            platform: spec.platform,
            form: spec.form,
            class: spec.class.unwrap_or_else(|| class_of(spec.platform, spec.form)),
            rule: &spec.name,
        },
        None => Finding {
            platform: Platform::Unknown,
            form: Form::Unknown,
            class: Class::Unknown,
            rule: if is_told { "no-rule" } else { "no-agent" },
        },
    }
}

/// Whether the Contact is better evidence than the rule that won the text.
///
/// From strong to weak: a product's own name, push parameters, a system word found anywhere,
/// transport and device signals, a form without a system.
fn hint_wins(winner: Option<&Rule>, hint: Hint) -> bool {
    let Some(rule) = winner else { return true };
    let (platform, form) = (rule.spec.platform, rule.spec.form);
    if rule.is_operators && (platform != Platform::Unknown || rule.spec.class.is_some()) {
        return false;
    }
    // Of a test tool the system is open too, but it is no telephone whatever it registers.
    let is_open = platform == Platform::Unknown && form != Form::Tool;
    match hint {
        Hint::None => false,
        Hint::ApplePush => is_open || (rule.is_weak && platform != Platform::Ios),
        // Firebase can relay to iOS, so it does not overrule a text that says iOS.
        Hint::GooglePush => {
            is_open || (rule.is_weak && !matches!(platform, Platform::Ios | Platform::Android))
        }
        Hint::MobilePush => {
            form != Form::Mobile
                && (is_open || (rule.is_weak && !matches!(platform, Platform::Ios | Platform::Android)))
        }
        Hint::Web | Hint::Device | Hint::Pbx => is_open,
        Hint::Desktop => is_open && form == Form::Unknown,
    }
}

fn told_by_hint(hint: Hint) -> Option<(Platform, Form, &'static str)> {
    Some(match hint {
        Hint::None => return None,
        Hint::ApplePush => (Platform::Ios, Form::Mobile, "contact-apple-push"),
        Hint::GooglePush => (Platform::Android, Form::Mobile, "contact-google-push"),
        Hint::MobilePush => (Platform::Unknown, Form::Mobile, "contact-mobile-push"),
        Hint::Web => (Platform::Web, Form::Web, "contact-web"),
        Hint::Device => (Platform::Hardphone, Form::Hardphone, "contact-device"),
        Hint::Pbx => (Platform::Pbx, Form::Server, "contact-pbx"),
        Hint::Desktop => (Platform::Unknown, Form::Desktop, "contact-desktop"),
    })
}

/// The class that platform and form give, where the rule itself names none.
fn class_of(platform: Platform, form: Form) -> Class {
    match platform {
        Platform::Ios | Platform::Android | Platform::PushProxy => Class::Generic,
        Platform::Macos | Platform::Windows => Class::Desktop,
        Platform::Linux
        | Platform::Web
        | Platform::Hardphone
        | Platform::Gateway
        | Platform::Pbx
        | Platform::Scanner => Class::NotBilled,
        Platform::Unknown => match form {
            Form::Mobile => Class::Generic,
            // The careful answer: a product that was never sold for Linux says so in its rule.
            Form::Desktop => Class::Undecided,
            Form::Hardphone | Form::Server | Form::Tool | Form::Web => Class::NotBilled,
            Form::Unknown => Class::Unknown,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(billable: &[&str]) -> AgentPolicy {
        AgentPolicy {
            billable_agents: Some(billable.iter().map(|pattern| (*pattern).to_owned()).collect()),
            ..AgentPolicy::default()
        }
    }

    fn rule(name: &str, pattern: &str, platform: Platform, form: Form) -> RuleSpec {
        let (name, pattern) = (name.to_owned(), pattern.to_owned());
        RuleSpec { name, pattern, platform, form, class: None, examples: Vec::new() }
    }

    fn key(text: &str, hint: Hint) -> AgentKey {
        AgentKey { text: Some(text.as_bytes().into()), hint, is_push_source: false }
    }

    /// Platform, class and rule under the shipped rules.
    #[track_caller]
    fn check(text: &str, hint: Hint, platform: Platform, class: Class, rule: &str) {
        let verdict = Classifier::shipped().classify(&key(text, hint));
        assert_eq!(
            (verdict.platform, verdict.class, verdict.rule.as_str()),
            (platform, class, rule),
            "{text}"
        );
    }

    #[test]
    fn a_product_that_names_its_system_beats_the_contact() {
        check(
            "LinphoneAndroid/5.0 (x)",
            Hint::ApplePush,
            Platform::Android,
            Class::Generic,
            "linphone-android",
        );
        check("Yealink SIP-T46S 66.86", Hint::GooglePush, Platform::Hardphone, Class::NotBilled, "yealink");
    }

    #[test]
    fn push_parameters_beat_a_word_in_the_middle() {
        check("Acme/1 (Windows)", Hint::ApplePush, Platform::Ios, Class::Generic, "contact-apple-push");
        check(
            "Acme/1 (Linux 4.14)",
            Hint::GooglePush,
            Platform::Android,
            Class::Generic,
            "contact-google-push",
        );
    }

    #[test]
    fn a_word_and_a_push_service_that_agree_leave_the_word_as_the_reason() {
        check("Acme/1 (iOS 16)", Hint::ApplePush, Platform::Ios, Class::Generic, "word-ios");
    }

    #[test]
    fn firebase_does_not_overrule_a_text_that_says_ios() {
        check("Acme/1 (iOS 16)", Hint::GooglePush, Platform::Ios, Class::Generic, "word-ios");
    }

    #[test]
    fn a_transport_does_not_beat_a_system_word() {
        check("Acme/1 (Windows)", Hint::Web, Platform::Windows, Class::Desktop, "word-windows");
    }

    #[test]
    fn any_hint_beats_an_open_system() {
        check("X-Lite release 5.2.0", Hint::ApplePush, Platform::Ios, Class::Generic, "contact-apple-push");
        check("Acme/1", Hint::Device, Platform::Hardphone, Class::NotBilled, "contact-device");
        check("Acme/1", Hint::Pbx, Platform::Pbx, Class::NotBilled, "contact-pbx");
        check("-", Hint::MobilePush, Platform::Unknown, Class::Generic, "contact-mobile-push");
    }

    #[test]
    fn a_hint_of_the_form_alone_does_not_replace_a_known_form() {
        check(
            "X-Lite release 5.2.0",
            Hint::Desktop,
            Platform::Unknown,
            Class::Desktop,
            "counterpath-desktop",
        );
        check("Acme/1", Hint::Desktop, Platform::Unknown, Class::Undecided, "contact-desktop");
        check("Grandstream Wave 1.2.14", Hint::MobilePush, Platform::Unknown, Class::Generic, "mobile-app");
    }

    #[test]
    fn a_test_tool_is_no_phone_whatever_it_registers() {
        check("SIPp/Linux", Hint::GooglePush, Platform::Unknown, Class::NotBilled, "test-tool");
    }

    #[test]
    fn a_form_without_a_system_gives_the_class_it_can() {
        check("X-Lite release 5.2.0", Hint::None, Platform::Unknown, Class::Desktop, "counterpath-desktop");
        check("Z 5.6.6 v2.10.20.5", Hint::None, Platform::Unknown, Class::Undecided, "zoiper-desktop");
        check("Grandstream Wave 1.2.14", Hint::None, Platform::Unknown, Class::Generic, "mobile-app");
    }

    #[test]
    fn no_text_and_no_information_are_told_apart_from_an_unknown_text() {
        let classifier = Classifier::shipped();
        assert_eq!(classifier.classify(&AgentKey::UNKNOWN).rule, "no-agent");
        check("", Hint::None, Platform::Unknown, Class::Unknown, "no-agent");
        check("  ", Hint::None, Platform::Unknown, Class::Unknown, "no-agent");
        check("Unknown", Hint::None, Platform::Unknown, Class::Unknown, "placeholder");
        check("Acme/1", Hint::None, Platform::Unknown, Class::Unknown, "no-rule");
    }

    #[test]
    fn ciscos_router_system_is_no_iphone() {
        check("Cisco-SIPGateway/IOS-15.2", Hint::None, Platform::Gateway, Class::NotBilled, "cisco-gateway");
        check("CISCO 2911 IOS 15.2", Hint::None, Platform::Unknown, Class::Unknown, "no-rule");
    }

    #[test]
    fn blanks_around_a_text_do_not_hide_it() {
        check(" MicroSIP/3.21\r", Hint::None, Platform::Windows, Class::Desktop, "microsip");
    }

    #[test]
    fn a_push_server_is_a_phone_and_exempt_from_the_billable_list() {
        let classifier = Classifier::new(Vec::new(), &policy(&["^Acme Phone/"])).unwrap();
        let verdict = classifier.classify(&key("Acrobits SIPIS on push1", Hint::None));
        assert_eq!((verdict.platform, verdict.class), (Platform::PushProxy, Class::Generic));
        assert!(verdict.is_push && verdict.is_billable && !verdict.is_near_miss);
    }

    #[test]
    fn another_vendors_push_server_is_billed_only_with_its_app() {
        let classifier = Classifier::new(Vec::new(), &policy(&["^Acme Phone/"])).unwrap();
        let verdict = classifier.classify(&key("Bria Push Service", Hint::None));
        assert!(verdict.is_push && !verdict.is_billable);
    }

    #[test]
    fn an_address_of_the_operators_makes_a_push_server_of_any_text() {
        let classifier = Classifier::new(Vec::new(), &policy(&["^Acme Phone/"])).unwrap();
        for text in [None, Some(&b"Kamailio (5.7.2 (x86_64/linux))"[..])] {
            let key = AgentKey { text: text.map(Into::into), hint: Hint::None, is_push_source: true };
            let verdict = classifier.classify(&key);
            assert!(verdict.is_push && verdict.is_billable);
            assert_eq!((verdict.platform, verdict.rule.as_str()), (Platform::PushProxy, "push_sources"));
        }
    }

    #[test]
    fn a_push_agent_of_the_operators_is_named_by_their_list() {
        let policy =
            AgentPolicy { push_agents: vec!["^Acme wake-up".to_owned()], ..policy(&["^Acme Phone/"]) };
        let verdict =
            Classifier::new(Vec::new(), &policy).unwrap().classify(&key("Acme wake-up 1", Hint::None));
        assert_eq!((verdict.platform, verdict.rule.as_str()), (Platform::PushProxy, "push_agents"));
        assert!(verdict.is_billable);
    }

    #[test]
    fn an_operators_rule_comes_first_and_no_hint_corrects_it() {
        let rules = vec![rule("ours", "^MicroSIP/9", Platform::Hardphone, Form::Hardphone)];
        let classifier = Classifier::new(rules, &AgentPolicy::default()).unwrap();
        assert_eq!(classifier.classify(&key("MicroSIP/9.1", Hint::ApplePush)).rule, "ours");
        assert_eq!(classifier.classify(&key("MicroSIP/3.1", Hint::None)).rule, "microsip");
    }

    #[test]
    fn an_operators_class_decides_where_the_system_is_open() {
        let ours = RuleSpec {
            class: Some(Class::Desktop),
            ..rule("ours", "^Z 5", Platform::Unknown, Form::Desktop)
        };
        let verdict =
            Classifier::new(vec![ours], &AgentPolicy::default()).unwrap().classify(&key("Z 5.6", Hint::Web));
        assert_eq!((verdict.class, verdict.rule.as_str()), (Class::Desktop, "ours"));
    }

    #[test]
    fn a_bad_pattern_is_named_with_its_rule() {
        let rules = vec![rule("ours", "(", Platform::Ios, Form::Mobile)];
        let error = Classifier::new(rules, &AgentPolicy::default()).unwrap_err().to_string();
        assert!(error.starts_with("rule `ours`: "), "{error}");
    }

    #[test]
    fn an_example_that_another_rule_wins_is_an_error_that_names_both() {
        let mut second = rule("second", "^Acme Phone", Platform::Ios, Form::Mobile);
        second.examples = vec!["Acme Phone/1".to_owned()];
        let rules = vec![rule("first", "^Acme", Platform::Android, Form::Mobile), second];
        assert_eq!(
            Classifier::new(rules, &AgentPolicy::default()).unwrap_err().to_string(),
            "rule `second`: its example `Acme Phone/1` is won by rule `first`, which stands before it"
        );
    }

    #[test]
    fn a_near_miss_is_no_billable_app() {
        let classifier = Classifier::new(Vec::new(), &policy(&["^Acme Phone/"])).unwrap();
        let near = classifier.classify(&key("Acme Talk/1.0 (iOS 16)", Hint::None));
        assert!(near.is_near_miss && !near.is_billable);
        let hit = classifier.classify(&key("Acme Phone/1.0 (iOS 16)", Hint::None));
        assert!(hit.is_billable && !hit.is_near_miss);
    }
}

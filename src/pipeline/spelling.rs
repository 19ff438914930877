//! Whom a list means: side files and the other party's list spell users as people do, and do not say which server's
//! they are.

use crate::book::Config;
use crate::facts::Evidence;
use crate::identity::{Policy, canonical};
use crate::model::{Aor, Dialect, SipId};

/// What the records of servers are called that tell cases apart.
const KEEPING: [&str; 4] = ["asterisk-", "freeswitch-", "opensips-", "flexisip-"];

/// The policies under which a user of a list may be known.
#[derive(Debug)]
pub struct Spellings {
    /// That of the book, then those of its sources that differ.
    policies: Vec<Policy>,
    /// Some server may tell no cases apart.
    may_fold: bool,
}

/// Whom a text means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    Nobody,
    One(SipId),
    /// Each is known by that spelling, on servers of different policies.
    Several(Vec<SipId>),
}

impl Spellings {
    /// Those of a configuration, for the servers whose records these are. An alias is one everywhere.
    pub fn of(config: &Config, evidence: &Evidence) -> Self {
        let mut book = config.identity.clone();
        for source in &config.sources {
            for (alias, domain) in &source.identity.aliases {
                book.aliases.entry(alias.clone()).or_insert_with(|| domain.clone());
            }
        }
        let mut policies = vec![book];
        for source in &config.sources {
            if !policies.contains(&source.identity) {
                policies.push(source.identity.clone());
            }
        }
        let keeps = |source: &str| KEEPING.iter().any(|server| source.starts_with(server));
        Self { policies, may_fold: evidence.iter().any(|(source, ..)| !keeps(source)) }
    }

    /// Whom the text means: of those whom it may name the one who `is_known`, and of several the one in its own
    /// spelling, since some servers tell cases apart and others do not. Where nobody is known, it means what it says.
    pub fn meaning(&self, text: &str, is_known: impl Fn(&SipId) -> bool) -> Meaning {
        // Nothing is guessed where the book says whose a user without a domain is.
        let is_told = !text.contains('@') && self.policies[0].default_domain.is_some();
        let policies = if is_told { &self.policies[..1] } else { &self.policies[..] };
        let kept = ids(policies, text, Dialect::Unknown);
        let folded = if self.may_fold { ids(policies, text, Dialect::Kamailio) } else { Vec::new() };
        let said = kept.first().cloned();
        for ids in [kept, folded] {
            let mut known: Vec<SipId> = ids.into_iter().filter(&is_known).collect();
            match known.len() {
                0 => {}
                1 => return Meaning::One(known.remove(0)),
                _ => return Meaning::Several(known),
            }
        }
        said.map_or(Meaning::Nobody, Meaning::One)
    }
}

/// The SIP-IDs that the text has on servers of that kind, each once.
fn ids(policies: &[Policy], text: &str, dialect: Dialect) -> Vec<SipId> {
    let (mut ids, mut id) = (Vec::new(), Vec::new());
    for policy in policies {
        let name = policy.names.contains_key(text.as_bytes()).then_some(Aor::Name(text.as_bytes()));
        for aor in name.into_iter().chain([Aor::Uri(text.as_bytes())]) {
            if canonical(aor, dialect, policy, &mut id) {
                let id = SipId::from_canonical(&id);
                if !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
    }
    ids
}

impl Meaning {
    /// Why a text of that meaning names nobody; `None` where it names somebody.
    pub fn problem(&self, text: &str) -> Option<String> {
        let shown = text.escape_debug();
        match self {
            Self::One(_) => None,
            Self::Nobody => Some(format!("`{shown}` names no user; write it as user@domain")),
            Self::Several(ids) => {
                let ids: Vec<String> = ids.iter().map(SipId::escaped).collect();
                Some(format!("`{shown}` may be {}; write it as user@domain", ids.join(" or ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn spellings(policies: Vec<Policy>) -> Spellings {
        Spellings { policies, may_fold: true }
    }

    fn domain(domain: &str) -> Policy {
        Policy { default_domain: Some(domain.to_owned()), ..Policy::default() }
    }

    fn meaning(spellings: &Spellings, text: &str, known: &[&str]) -> Result<String, usize> {
        match spellings.meaning(text, |id| known.contains(&&*id.escaped())) {
            Meaning::Nobody => Err(0),
            Meaning::One(id) => Ok(id.escaped()),
            Meaning::Several(ids) => Err(ids.len()),
        }
    }

    #[test]
    fn a_user_is_known_in_the_spelling_of_its_server() {
        let one = spellings(vec![Policy::default()]);
        let is = |text: &str| Ok(text.to_owned());
        // Kamailio folds.
        assert_eq!(meaning(&one, "Bob@x", &["bob@x"]), is("bob@x"));
        // Asterisk does not, and may have both.
        assert_eq!(meaning(&one, "Bob@x", &["bob@x", "Bob@x"]), is("Bob@x"));
        assert_eq!(meaning(&one, "Bob@x", &[]), is("Bob@x"));
        assert_eq!(meaning(&one, "sip:x", &[]), Err(0));
        let keeps =
            spellings(vec![Policy { user_case: crate::identity::UserCase::Keep, ..Policy::default() }]);
        assert_eq!(meaning(&keeps, "Bob@x", &["bob@x"]), is("Bob@x"));
        let asterisk = Spellings { policies: vec![Policy::default()], may_fold: false };
        assert_eq!(meaning(&asterisk, "Bob@x", &["bob@x"]), is("Bob@x"));
    }

    #[test]
    fn a_user_without_a_domain_has_that_of_its_server() {
        let names = HashMap::from([(b"desk".to_vec(), b"bob@b".to_vec())]);
        let two = spellings(vec![Policy::default(), domain("a"), Policy { names, ..domain("b") }]);
        let is = |text: &str| Ok(text.to_owned());
        assert_eq!(meaning(&two, "bob", &["bob@b"]), is("bob@b"));
        assert_eq!(meaning(&two, "bob", &["bob@a", "bob@b"]), Err(2));
        assert_eq!(meaning(&two, "bob", &["bob", "bob@x"]), is("bob"));
        // Nobody knows him, and no domain is guessed.
        assert_eq!(meaning(&two, "bob", &[]), is("bob"));
        assert_eq!(meaning(&two, "desk", &["bob@b"]), is("bob@b"));
        // The book says whose he is.
        let told = spellings(vec![domain("a"), domain("b")]);
        assert_eq!(meaning(&told, "bob", &["bob@b"]), is("bob@a"));
    }
}

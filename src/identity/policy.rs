//! What a registrar does to an AOR before it looks it up. Field names are the registrar's own.

use std::collections::{BTreeMap, HashMap};

/// Whose rule decides about upper and lower case in the user part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UserCase {
    /// Each server's own default: Kamailio folds, OpenSIPS, Asterisk and the others keep.
    #[default]
    Server,
    /// Lower case everywhere.
    Fold,
    /// As sent.
    Keep,
}

/// How one source of logs makes its AORs canonical.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub user_case: UserCase,
    /// usrloc's `use_domain`: without it the domain in the log is dropped and `default_domain` taken.
    pub use_domain: bool,
    /// The domain of an AOR that has none; lower case.
    pub default_domain: Option<String>,
    /// registrar's `realm_prefix`, stripped from the front of the host; lower case.
    pub realm_prefix: Option<String>,
    /// Domains that are other names of a domain; both sides lower case.
    pub aliases: BTreeMap<String, String>,
    /// Server's AOR name to canonical SIP-ID bytes, for names that are not the SIP user (Asterisk).
    pub names: HashMap<Vec<u8>, Vec<u8>>,
}

impl Policy {
    /// Whether an AOR in its canonical spelling stays as it is.
    pub(super) fn keeps_plain(&self) -> bool {
        self.use_domain && self.realm_prefix.is_none() && self.aliases.is_empty()
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            user_case: UserCase::Server,
            use_domain: true,
            default_domain: None,
            realm_prefix: None,
            aliases: BTreeMap::new(),
            names: HashMap::new(),
        }
    }
}

//! What the operator says of User-Agents: rules of their own, and which apps are billed.

use crate::model::{Class, Form, Platform};

/// One platform rule as data: an entry of `rules.toml` or a `[[platform]]` table of the book.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSpec {
    pub name: String,
    /// Regular expression, matched anywhere in the raw text, with case (`(?i)` for without).
    pub pattern: String,
    pub platform: Platform,
    pub form: Form,
    /// Overrides the class that platform and form give.
    pub class: Option<Class>,
    /// Texts that this rule must win through the whole list.
    pub examples: Vec<String>,
}

/// Which apps are billed, and which texts name a push server. Patterns are regular expressions
/// that match anywhere in the raw text, with case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentPolicy {
    /// `None` bills every app (`["any"]` in the book).
    pub billable_agents: Option<Vec<String>>,
    pub push_agents: Vec<String>,
}

impl Default for AgentPolicy {
    fn default() -> Self {
        Self { billable_agents: None, push_agents: vec!["^Acrobits SIPIS".to_owned()] }
    }
}

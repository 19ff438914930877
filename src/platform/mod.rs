//! From a User-Agent and the parameters of a Contact to platform, form and class, by rules that
//! are data. First match wins; the operator's rules come first.
//!
//! The room owns the shipped rules (`rules.toml`: to add one, write it there with its examples,
//! they are its test), what the parameters of a Contact tell, and the order in which the signals
//! are believed. It does not know who registered, when, or at what price.
//!
//! - [`Classifier`]: the rules and the operator's policy, applied to one kind of client
//! - [`hint`]: the parameters of one Contact, cheap enough for every line of a log
//! - [`PushSources`]: the addresses that the operator named as push servers
//! - [`AgentPolicy`], [`RuleSpec`]: what the operator says

mod billable;
mod classify;
mod contact;
mod error;
mod hint;
mod list;
mod policy;
mod push;
mod required;
mod rules;

#[cfg(test)]
mod corpus;

pub use classify::{Classifier, begin_shipped};
pub use error::RuleError;
pub use hint::hint;
pub use policy::{AgentPolicy, RuleSpec};
pub use push::PushSources;

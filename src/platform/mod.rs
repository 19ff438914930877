//! From a User-Agent and the parameters of a Contact to platform, form and class, by rules that
//! are data. First match wins; the operator's rules come first.

mod policy;

pub use policy::{AgentPolicy, RuleSpec};

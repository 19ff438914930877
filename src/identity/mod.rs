//! From an AOR in the log's spelling to the SIP-ID that is billed, under a registrar's policy.
//!
//! Owns unescaping, folding, aliases and the map from domain to tenant. Never guesses a domain.

mod canonical;
mod policy;
mod tenant;

pub use canonical::canonical;
pub use policy::{Policy, UserCase};
pub use tenant::Tenants;

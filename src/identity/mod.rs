//! From an AOR in the log's spelling to the SIP-ID that is billed, under a registrar's policy.
//!
//! Owns unescaping, folding, aliases and the map from domain to tenant. Never guesses a domain.

mod policy;

pub use policy::{Policy, UserCase};

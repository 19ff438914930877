//! From an AOR in the log's spelling to the SIP-ID that is billed, under a registrar's policy.
//!
//! Owns unescaping, folding, aliases, the map from domain to tenant, and the pseudonyms of those who
//! are not to be named. Never guesses a domain.

mod canonical;
mod policy;
mod pseudonym;
mod tenant;

pub use canonical::{as_it_is, bare_suffix, canonical, canonical_or_copy, is_bare};
pub use policy::{Policy, UserCase};
pub use pseudonym::{KEY_MIN, Pseudonyms};
pub use tenant::Tenants;

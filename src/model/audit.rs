//! What audits show: users and clients without a bill.

use super::{Moment, Platform, Platforms, SipIdRef, Verdict};

/// One user of an audit: a row of `users`. Texts live in the tally and in the verdicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedUser<'t> {
    pub sip_id: SipIdRef<'t>,
    /// Of accepted registrations only.
    pub platforms: Platforms,
    /// Distinct texts as sent, sorted; of accepted registrations only.
    pub user_agents: Vec<&'t [u8]>,
    /// Accepted registrations (grades A and B).
    pub registrations: u64,
    /// Registrations proven by a binding's life only.
    pub sustained: u64,
    pub first_seen: Option<Moment>,
    pub last_seen: Option<Moment>,
    /// Distinct UTC days with an accepted registration.
    pub active_days: u32,
    /// `None` where so many strangers were refused that this user's are not listed.
    pub refused: Option<u64>,
    pub deregistered: u64,
    /// What the user would be charged as, whatever the apps: generic and desktop.
    pub is_generic: bool,
    pub is_desktop: bool,
}

/// One client of an audit: a row of `agents`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedAgent {
    /// `None` where no User-Agent is known.
    pub user_agent: Option<Box<[u8]>>,
    pub verdict: Verdict,
    /// Distinct SIP-IDs with an accepted registration.
    pub users: u64,
    pub registrations: u64,
}

/// Distinct users per domain, for a summary. A user on two platforms counts on both, and once in
/// the total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainSummary {
    /// `None` for users without a domain.
    pub domain: Option<String>,
    pub users: u64,
    /// In the order of [`Platform::ALL`], those that occur.
    pub by_platform: Vec<(Platform, u64)>,
    pub generic: u64,
    pub desktop: u64,
}

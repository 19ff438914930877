//! Audits: who was there and with what, without a price book.

use super::scan::Scan;
use crate::model::{
    AgentId, AgentKey, AuditedAgent, AuditedUser, Class, DaySlot, Days, DomainSummary, Moment, Platform,
    SipId, Standing, Verdict, Window,
};
use crate::platform::Classifier;
use crate::tally::{Entry, Tally};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Days of UTC, in windows of 32: the slots of an audit, which knows no cycles.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditDays;

impl Days for AuditDays {
    fn are_cycles(&self) -> bool {
        false
    }

    fn day(&self, moment: Moment) -> DaySlot {
        const DAY_SECONDS: i64 = 86_400;
        let day = moment.micros().div_euclid(DAY_SECONDS * 1_000_000);
        let start = Moment::from_seconds(day * DAY_SECONDS);
        DaySlot {
            window: i32::try_from(day.div_euclid(32)).unwrap_or(i32::MAX),
            day: day.rem_euclid(32) as u8,
            valid: Window { start, end: start.plus_seconds(DAY_SECONDS) },
        }
    }
}

/// Which evidence makes a user of an audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Accepted registrations and sustained bindings.
    Strict,
    /// Snapshots as well.
    Snapshot,
    /// Unproven attempts as well.
    Weak,
}

impl Evidence {
    fn admits(self, standing: Standing) -> bool {
        match standing {
            Standing::Accepted | Standing::SustainedClosed | Standing::SustainedOpen => true,
            Standing::Snapshot => self != Self::Strict,
            Standing::Attempted => self == Self::Weak,
            _ => false,
        }
    }
}

/// The classified clients of a tally: each is classified once, after the scan.
#[derive(Debug)]
pub struct Verdicts {
    clients: HashMap<AgentId, (AgentKey, Verdict)>,
}

impl Verdicts {
    /// No verdict on anybody, for questions that need none.
    pub fn none() -> Self {
        Self { clients: HashMap::new() }
    }

    /// Classifies every client of the tally.
    pub fn of(tally: &Tally, classifier: &Classifier) -> Self {
        let clients = tally.agents().map(|(id, key)| {
            let verdict = classifier.classify(&key);
            (id, (key, verdict))
        });
        Self { clients: clients.collect() }
    }

    /// What the client said and what the rules say of it.
    ///
    /// # Panics
    ///
    /// If the client is none of the tally's.
    pub fn get(&self, id: AgentId) -> (&AgentKey, &Verdict) {
        let (key, verdict) = &self.clients[&id];
        (key, verdict)
    }
}

/// The users of a scan, sorted by the bytes of their SIP-IDs as written: each with at least one observation that the
/// evidence admits.
pub fn users(scan: &Scan, verdicts: &Verdicts, evidence: Evidence) -> Vec<AuditedUser> {
    let tally = scan.part.tally.by_user();
    let audited = |(user, entries): (&[u8], Vec<Entry>)| {
        let mut audited = audited_user(user, &entries, verdicts, evidence)?;
        audited.refused = audited.refused.filter(|_| scan.part.tally.lists_refusals_of(user));
        Some(audited)
    };
    let mut users: Vec<AuditedUser> = tally.iter().filter_map(audited).collect();
    // Canonical bytes are sorted already; only an escaped one may stand elsewhere when written.
    if users.iter().any(|user| user.sip_id.escaped().contains('%')) {
        users.sort_by_cached_key(|user| user.sip_id.escaped());
    }
    users
}

fn audited_user(
    user: &[u8],
    entries: &[Entry],
    verdicts: &Verdicts,
    evidence: Evidence,
) -> Option<AuditedUser> {
    let mut audited = AuditedUser {
        sip_id: SipId::from_canonical(user),
        platforms: Vec::new(),
        user_agents: Vec::new(),
        registrations: 0,
        sustained: 0,
        first_seen: None,
        last_seen: None,
        active_days: 0,
        refused: Some(0),
        deregistered: 0,
        is_generic: false,
        is_desktop: false,
    };
    let mut platforms = BTreeSet::new();
    let mut agents = BTreeSet::new();
    let mut days: BTreeMap<i32, u64> = BTreeMap::new();
    let mut is_admitted = false;
    for entry in entries {
        match entry.standing {
            Standing::Refused => audited.refused = audited.refused.map(|refused| refused + entry.count),
            Standing::Deregistered => audited.deregistered += entry.count,
            Standing::Accepted => audited.registrations += entry.count,
            standing if standing.is_sustained() => audited.sustained += entry.count,
            _ => {}
        }
        if !evidence.admits(entry.standing) {
            continue;
        }
        is_admitted = true;
        let (key, verdict) = verdicts.get(entry.agent);
        platforms.insert(verdict.platform);
        agents.extend(key.text.clone());
        audited.is_generic |= verdict.class == Class::Generic;
        audited.is_desktop |= verdict.class == Class::Desktop;
        audited.first_seen = earliest(audited.first_seen, entry.first());
        audited.last_seen = audited.last_seen.max(entry.last());
        *days.entry(entry.window).or_default() |= entry.days;
    }
    audited.platforms = platforms.into_iter().collect();
    audited.user_agents = agents.into_iter().collect();
    audited.active_days = days.values().map(|days| days.count_ones()).sum();
    is_admitted.then_some(audited)
}

fn earliest(one: Option<Moment>, other: Option<Moment>) -> Option<Moment> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// The clients of accepted registrations: most users first, then by text.
pub fn agents(scan: &Scan, verdicts: &Verdicts) -> Vec<AuditedAgent> {
    let mut users: HashMap<AgentId, (BTreeSet<u32>, u64)> = HashMap::new();
    let entries = scan.part.tally.entries();
    for (user, entry) in entries.filter(|(_, entry)| entry.standing == Standing::Accepted) {
        let (seen, count) = users.entry(entry.agent).or_default();
        seen.insert(user);
        *count += entry.count;
    }
    // Clients that differ in their Contact's hints only are one row, unless the verdict differs.
    type Key = (Option<Box<[u8]>>, String);
    type Row = (Verdict, BTreeSet<u32>, u64);
    let mut rows: BTreeMap<Key, Row> = BTreeMap::new();
    for (id, (seen, count)) in users {
        let (key, verdict) = verdicts.get(id);
        let row = rows
            .entry((key.text.clone(), verdict.rule.clone()))
            .or_insert_with(|| (verdict.clone(), BTreeSet::new(), 0));
        row.1.extend(seen);
        row.2 += count;
    }
    let mut agents: Vec<AuditedAgent> = rows
        .into_iter()
        .map(|((user_agent, _), (verdict, users, registrations))| AuditedAgent {
            user_agent,
            verdict,
            users: users.len() as u64,
            registrations,
        })
        .collect();
    agents.sort_by(|one, other| {
        other.users.cmp(&one.users).then_with(|| one.user_agent.cmp(&other.user_agent))
    });
    agents
}

/// Distinct users per domain and platform, domains sorted.
pub fn summary(users: &[AuditedUser]) -> Vec<DomainSummary> {
    let mut domains: BTreeMap<Option<String>, Vec<&AuditedUser>> = BTreeMap::new();
    for user in users {
        let domain = user.sip_id.domain().map(|domain| String::from_utf8_lossy(domain).into_owned());
        domains.entry(domain).or_default().push(user);
    }
    domains.into_iter().map(|(domain, users)| domain_summary(domain, &users)).collect()
}

fn domain_summary(domain: Option<String>, users: &[&AuditedUser]) -> DomainSummary {
    let number = |test: &dyn Fn(&AuditedUser) -> bool| users.iter().filter(|user| test(user)).count() as u64;
    let by_platform = Platform::ALL
        .into_iter()
        .map(|platform| (platform, number(&|user| user.platforms.contains(&platform))))
        .filter(|(_, users)| *users > 0);
    DomainSummary {
        domain,
        users: users.len() as u64,
        by_platform: by_platform.collect(),
        generic: number(&|user| user.is_generic),
        desktop: number(&|user| user.is_desktop),
    }
}

/// Bare AORs that two servers name: they may be two people each, so nothing may be counted.
/// Sorted; empty where all is well.
pub fn ambiguous_aors(scan: &Scan) -> Vec<(String, Vec<String>)> {
    let shared = scan.part.bare.iter().filter(|(_, servers)| servers.len() > 1);
    let text = |server: &[u8]| String::from_utf8_lossy(server).into_owned();
    shared
        .map(|(aor, servers)| (aor.escaped(), servers.iter().map(|server| text(server)).collect()))
        .collect()
}

/// Accepted registrations, retransmissions once where the log can tell.
pub fn registrations(scan: &Scan) -> u64 {
    observed(scan, Standing::Accepted)
}

/// Everything that was seen in that standing.
pub fn observed(scan: &Scan, standing: Standing) -> u64 {
    let entries = scan.part.tally.entries().filter(|(_, entry)| entry.standing == standing);
    entries.map(|(_, entry)| entry.count).sum()
}

/// Share of the accepted SIP-IDs for which no User-Agent at all is known: how many, of how many.
pub fn without_agent(scan: &Scan, verdicts: &Verdicts) -> (u64, u64) {
    let mut accepted: HashMap<u32, bool> = HashMap::new();
    let entries = scan.part.tally.entries();
    for (user, entry) in entries.filter(|(_, entry)| entry.standing == Standing::Accepted) {
        let text = verdicts.get(entry.agent).0.text.as_ref();
        *accepted.entry(user).or_default() |= text.is_some_and(|text| !text.is_empty());
    }
    let without = accepted.values().filter(|has_agent| !**has_agent).count();
    (without as u64, accepted.len() as u64)
}

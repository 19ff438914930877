//! Audits: who was there and with what, without a price book.

use super::roll::{Roll, stretches};
use super::scan::Scan;
use crate::model::{
    AgentId, AgentKey, AuditedAgent, AuditedUser, Class, DaySlot, Days, DomainSummary, Moment, Platform,
    Platforms, SipIdRef, Standing, Verdict, Window,
};
use crate::platform::Classifier;
use crate::tally::{Entry, Tally};
use ahash::RandomState;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

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
    /// By the clients' numbers.
    clients: Vec<(AgentKey, Verdict)>,
}

impl Verdicts {
    /// Classifies every client of the tally, on every core.
    pub fn of(tally: &Tally, classifier: &Classifier) -> Self {
        let mut keys: Vec<(AgentId, AgentKey)> = tally.agents().collect();
        keys.sort_unstable_by_key(|(id, _)| *id);
        let numbers = keys.iter().map(|(id, _)| id.0 as usize);
        assert!(numbers.eq(0..keys.len()), "a tally numbers its clients without a gap");
        let clients = keys.into_par_iter().map(|(_, key)| {
            let verdict = classifier.classify(&key);
            (key, verdict)
        });
        Self { clients: clients.collect() }
    }

    /// What the client said and what the rules say of it.
    ///
    /// # Panics
    ///
    /// If the client is none of the tally's.
    pub fn get(&self, id: AgentId) -> (&AgentKey, &Verdict) {
        let (key, verdict) = &self.clients[id.0 as usize];
        (key, verdict)
    }
}

/// The users on the roll for whom there is at least one observation that the evidence admits, in
/// its order; of those `admits` picks.
pub fn users<'t>(
    scan: &Scan,
    roll: &Roll<'t>,
    verdicts: &'t Verdicts,
    evidence: Evidence,
    admits: impl Fn(SipIdRef<'t>, Platforms) -> bool + Sync,
) -> Vec<AuditedUser<'t>> {
    let audited = |place| {
        let (id, entries) = roll.get(place);
        let mut audited = audited_user(id, &entries, verdicts, evidence)?;
        audited.refused = audited.refused.filter(|_| scan.part.tally.lists_refusals_of(id.as_bytes()));
        admits(id, audited.platforms).then_some(audited)
    };
    let stretches = roll.stretches().into_par_iter();
    let stretches: Vec<Vec<_>> = stretches.map(|stretch| stretch.filter_map(audited).collect()).collect();
    let mut users = Vec::with_capacity(stretches.iter().map(Vec::len).sum());
    stretches.into_iter().for_each(|stretch| users.extend(stretch));
    users
}

fn audited_user<'t>(
    sip_id: SipIdRef<'t>,
    entries: &[Entry],
    verdicts: &'t Verdicts,
    evidence: Evidence,
) -> Option<AuditedUser<'t>> {
    let mut audited = AuditedUser {
        sip_id,
        platforms: Platforms::default(),
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
    let mut days: Vec<(i32, u64)> = Vec::new();
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
        audited.platforms.insert(verdict.platform);
        audited.user_agents.extend(key.text.as_deref());
        audited.is_generic |= verdict.class == Class::Generic;
        audited.is_desktop |= verdict.class == Class::Desktop;
        audited.first_seen = earliest(audited.first_seen, entry.first());
        audited.last_seen = audited.last_seen.max(entry.last());
        // A user's entries come by window.
        match days.last_mut() {
            Some((window, days)) if *window == entry.window => *days |= entry.days,
            _ => days.push((entry.window, entry.days)),
        }
    }
    audited.user_agents.sort_unstable();
    audited.user_agents.dedup();
    audited.active_days = days.iter().map(|(_, days)| days.count_ones()).sum();
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
    // Clients that differ in their Contact's hints only are one row, unless the verdict differs.
    let mut rows: BTreeMap<(Option<&[u8]>, &str), usize> = BTreeMap::new();
    let row_of = verdicts.clients.iter().map(|(key, verdict)| {
        let next = rows.len();
        *rows.entry((key.text.as_deref(), &verdict.rule)).or_insert(next)
    });
    let row_of: Vec<usize> = row_of.collect();
    let none = || (vec![0_u64; rows.len()], vec![0_u64; row_of.len()]);
    let by_user = scan.part.tally.in_any_order();
    let count = |(mut users, mut registrations): (Vec<u64>, Vec<u64>), stretch: Range<usize>| {
        let mut seen: Vec<usize> = Vec::new();
        for place in stretch {
            seen.clear();
            let entries = by_user.get(place).1;
            for entry in entries.iter().filter(|entry| entry.standing == Standing::Accepted) {
                let client = entry.agent.0 as usize;
                registrations[client] += entry.count;
                seen.push(row_of[client]);
            }
            seen.sort_unstable();
            seen.dedup();
            seen.iter().for_each(|row| users[*row] += 1);
        }
        (users, registrations)
    };
    let add =
        |one: Vec<u64>, other: Vec<u64>| one.into_iter().zip(other).map(|(one, other)| one + other).collect();
    let counts = stretches(by_user.len()).into_par_iter().fold(none, count);
    let (users, registrations) = counts.reduce(none, |one, other| (add(one.0, other.0), add(one.1, other.1)));
    let mut agents: Vec<Option<AuditedAgent>> = vec![None; rows.len()];
    let mut clients: Vec<usize> = (0..row_of.len()).filter(|client| registrations[*client] > 0).collect();
    // The order of arrival must not show in whose verdict stands for a row.
    clients.sort_unstable_by_key(|client| &verdicts.clients[*client].0);
    for client in clients {
        let (key, verdict) = &verdicts.clients[client];
        let row = row_of[client];
        let agent = agents[row].get_or_insert_with(|| AuditedAgent {
            user_agent: key.text.clone(),
            verdict: verdict.clone(),
            users: users[row],
            registrations: 0,
        });
        agent.registrations += registrations[client];
    }
    let mut agents: Vec<AuditedAgent> = agents.into_iter().flatten().collect();
    agents.sort_by(|one, other| {
        let key = |agent: &'_ AuditedAgent| std::cmp::Reverse(agent.users);
        key(one)
            .cmp(&key(other))
            .then_with(|| (&one.user_agent, &one.verdict.rule).cmp(&(&other.user_agent, &other.verdict.rule)))
    });
    agents
}

/// Distinct users per domain and platform, domains sorted, of those `admits` picks.
pub fn summary<'t>(
    scan: &'t Scan,
    verdicts: &Verdicts,
    evidence: Evidence,
    admits: impl Fn(SipIdRef<'_>, Platforms) -> bool + Sync,
) -> Vec<DomainSummary> {
    let outlines: Vec<Outline> = verdicts.clients.iter().map(|(_, verdict)| Outline::of(verdict)).collect();
    let users = scan.part.tally.in_any_order();
    let count = |mut domains: Domains<'t>, stretch: Range<usize>| {
        for place in stretch {
            let (user, entries) = users.get(place);
            let admitted = entries.iter().filter(|entry| evidence.admits(entry.standing));
            let outline = admitted.map(|entry| outlines[entry.agent.0 as usize]).reduce(Outline::union);
            let id = SipIdRef::from_canonical(user);
            if let Some(outline) = outline.filter(|outline| admits(id, outline.platforms)) {
                domains.entry(id.domain()).or_default().add(outline);
            }
        }
        domains
    };
    let domains = stretches(users.len()).into_par_iter().fold(Domains::default, count);
    summed(domains.reduce(Domains::default, |mut one, other| {
        other.into_iter().for_each(|(domain, counts)| one.entry(domain).or_default().join(&counts));
        one
    }))
}

/// The same of users who were picked already.
pub fn summary_of(users: &[AuditedUser<'_>]) -> Vec<DomainSummary> {
    let mut domains = Domains::default();
    for user in users {
        let AuditedUser { platforms, is_generic, is_desktop, .. } = *user;
        domains.entry(user.sip_id.domain()).or_default().add(Outline { platforms, is_generic, is_desktop });
    }
    summed(domains)
}

/// All that a summary asks of a user: a few bytes of each of a few thousand verdicts.
#[derive(Debug, Clone, Copy, Default)]
struct Outline {
    platforms: Platforms,
    is_generic: bool,
    is_desktop: bool,
}

impl Outline {
    fn of(verdict: &Verdict) -> Self {
        Self {
            platforms: [verdict.platform].into_iter().collect(),
            is_generic: verdict.class == Class::Generic,
            is_desktop: verdict.class == Class::Desktop,
        }
    }

    fn union(self, other: Self) -> Self {
        Self {
            platforms: self.platforms.union(other.platforms),
            is_generic: self.is_generic | other.is_generic,
            is_desktop: self.is_desktop | other.is_desktop,
        }
    }
}

/// Counts by domain.
type Domains<'t> = HashMap<Option<&'t [u8]>, DomainCounts, RandomState>;

#[derive(Debug, Clone, Copy, Default)]
struct DomainCounts {
    users: u64,
    by_platform: [u64; Platform::ALL.len()],
    generic: u64,
    desktop: u64,
}

impl DomainCounts {
    fn add(&mut self, outline: Outline) {
        self.users += 1;
        outline.platforms.iter().for_each(|platform| self.by_platform[platform as usize] += 1);
        self.generic += u64::from(outline.is_generic);
        self.desktop += u64::from(outline.is_desktop);
    }

    fn join(&mut self, other: &Self) {
        self.users += other.users;
        for (sum, more) in self.by_platform.iter_mut().zip(other.by_platform) {
            *sum += more;
        }
        self.generic += other.generic;
        self.desktop += other.desktop;
    }
}

/// Rows by the domains as they are shown.
fn summed(domains: Domains<'_>) -> Vec<DomainSummary> {
    let mut rows: BTreeMap<Option<String>, DomainCounts> = BTreeMap::new();
    for (domain, counts) in domains {
        let domain = domain.map(|domain| String::from_utf8_lossy(domain).into_owned());
        rows.entry(domain).or_default().join(&counts);
    }
    let row = |(domain, counts): (Option<String>, DomainCounts)| DomainSummary {
        domain,
        users: counts.users,
        by_platform: Platform::ALL
            .into_iter()
            .zip(counts.by_platform)
            .filter(|(_, users)| *users > 0)
            .collect(),
        generic: counts.generic,
        desktop: counts.desktop,
    };
    rows.into_iter().map(row).collect()
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

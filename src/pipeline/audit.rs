//! Audits: who was there and with what, without a price book.

use super::roll::{Count, Roll};
use super::scan::Scan;
use crate::model::short::is_same;
use crate::model::{
    AgentId, AgentKey, AuditedAgent, AuditedUser, Class, DaySlot, Days, DomainSummary, Moment, Platform,
    Platforms, SipIdRef, Standing, Verdict, Window,
};
use crate::platform::Classifier;
use crate::report::Users;
use crate::tally::{Entries, Entry, Tally};
use ahash::RandomState;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

/// Days of UTC, in windows of 64: the slots of an audit, which knows no cycles. Every window of a
/// user takes an entry of its own, so they begin where the logs do.
#[derive(Debug, Clone, Copy, Default)]
pub struct AuditDays {
    /// The first window begins with that day after 1970.
    first_day: i64,
}

/// As many days as an entry can tell apart.
const WINDOW_DAYS: i64 = 64;

impl AuditDays {
    /// For logs whose first record is of that moment; some may well be older.
    pub fn of_logs_from(first: Option<Moment>) -> Self {
        Self { first_day: first.map_or(0, |first| day_of(first) - 1) }
    }
}

/// Days after 1970, in UTC.
const fn day_of(moment: Moment) -> i64 {
    moment.micros().div_euclid(DAY_SECONDS * 1_000_000)
}

const DAY_SECONDS: i64 = 86_400;

impl Days for AuditDays {
    fn are_cycles(&self) -> bool {
        false
    }

    fn day(&self, moment: Moment) -> DaySlot {
        let day = day_of(moment);
        let start = Moment::from_seconds(day * DAY_SECONDS);
        let place = day - self.first_day;
        DaySlot {
            window: i32::try_from(place.div_euclid(WINDOW_DAYS)).unwrap_or(i32::MAX),
            day: place.rem_euclid(WINDOW_DAYS) as u8,
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

/// The users on a roll for whom there is at least one observation that the evidence admits, in its
/// order; of those `admits` picks.
pub struct Audit<'t, A> {
    pub scan: &'t Scan,
    pub roll: &'t Roll<'t>,
    pub verdicts: &'t Verdicts,
    pub evidence: Evidence,
    pub admits: A,
}

impl<'t, A: Fn(SipIdRef<'_>, Platforms) -> bool + Sync> Audit<'t, A> {
    fn each(&self, stretch: Range<usize>, mut look: impl FnMut(AuditedUser<'t>)) {
        let tally = &self.scan.part.tally;
        self.roll.each(stretch, |id, shown, entries| {
            let Some(mut user) = audited_user(id, &entries, self.verdicts, self.evidence) else { return };
            user.refused = user.refused.filter(|_| tally.lists_refusals_of(id.as_bytes()));
            if (self.admits)(id, user.platforms) {
                user.sip_id = shown;
                look(user);
            }
        });
    }

    /// The `most` users with the most registrations, in their order.
    pub fn top(&self, most: usize) -> Vec<AuditedUser<'t>> {
        let by_rank = |one: &AuditedUser<'t>, other: &AuditedUser<'t>| {
            other.registrations.cmp(&one.registrations).then_with(|| one.sip_id.cmp(&other.sip_id))
        };
        let stretches = self.roll.stretches().into_par_iter().map(|stretch| {
            let mut users = Vec::new();
            self.each(stretch, |user| users.push(user));
            // Whoever is not among the first of a stretch is not among the first of all.
            users.sort_unstable_by(by_rank);
            users.truncate(most);
            users
        });
        let mut users: Vec<AuditedUser<'t>> = stretches.flatten().collect();
        users.par_sort_unstable_by(by_rank);
        users.truncate(most);
        users
    }
}

impl<A: Fn(SipIdRef<'_>, Platforms) -> bool + Sync> Users for Audit<'_, A> {
    fn stretches(&self) -> usize {
        self.roll.stretches_len()
    }

    fn each(&self, stretch: usize, look: &mut dyn FnMut(&AuditedUser<'_>)) {
        Audit::each(self, self.roll.stretch(stretch), |user| look(&user));
    }
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

/// Counts the clients of accepted registrations.
pub struct AgentsCount<'v> {
    verdicts: &'v Verdicts,
    /// By client: its row. Clients that differ in their Contact's hints only are one row, unless the
    /// verdict differs.
    row_of: Vec<usize>,
    rows: usize,
}

/// Users by row, and registrations by client.
pub type AgentsSum = (Vec<u64>, Vec<u64>);

impl<'v> AgentsCount<'v> {
    /// For the clients of these verdicts.
    pub fn of(verdicts: &'v Verdicts) -> Self {
        let mut rows: HashMap<(Option<&[u8]>, &str), usize, RandomState> = HashMap::default();
        let row_of = verdicts.clients.iter().map(|(key, verdict)| {
            let next = rows.len();
            *rows.entry((key.text.as_deref(), &verdict.rule)).or_insert(next)
        });
        let row_of = row_of.collect();
        Self { verdicts, row_of, rows: rows.len() }
    }

    /// What was counted: most users first, then by text.
    pub fn agents(&self, (users, registrations): &AgentsSum) -> Vec<AuditedAgent> {
        let clients = &self.verdicts.clients;
        let mut seen: Vec<usize> = (0..clients.len()).filter(|client| registrations[*client] > 0).collect();
        // The order of arrival must not show in whose verdict stands for a row.
        seen.sort_unstable_by_key(|client| &clients[*client].0);
        let mut agents: Vec<Option<AuditedAgent>> = vec![None; self.rows];
        for client in seen {
            let (key, verdict) = &clients[client];
            let row = self.row_of[client];
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
            other.users.cmp(&one.users).then_with(|| {
                (&one.user_agent, &one.verdict.rule).cmp(&(&other.user_agent, &other.verdict.rule))
            })
        });
        agents
    }
}

impl Count for AgentsCount<'_> {
    type Sum = AgentsSum;

    fn none(&self) -> AgentsSum {
        (vec![0; self.rows], vec![0; self.row_of.len()])
    }

    fn add(&self, (users, registrations): &mut AgentsSum, _: SipIdRef<'_>, entries: Entries<'_>) {
        let accepted = entries.filter(|entry| entry.standing == Standing::Accepted);
        let mut rows: Vec<usize> = Vec::new();
        for entry in accepted {
            registrations[entry.agent.0 as usize] += entry.count;
            rows.push(self.row_of[entry.agent.0 as usize]);
        }
        rows.sort_unstable();
        rows.dedup();
        rows.into_iter().for_each(|row| users[row] += 1);
    }

    fn join(&self, (users, registrations): &mut AgentsSum, other: AgentsSum) {
        users.iter_mut().zip(other.0).for_each(|(sum, more)| *sum += more);
        registrations.iter_mut().zip(other.1).for_each(|(sum, more)| *sum += more);
    }
}

/// Counts distinct users per domain and platform, of those `admits` picks.
pub struct SummaryCount<A> {
    evidence: Evidence,
    admits: A,
    /// By client.
    outlines: Vec<Outline>,
}

/// Counts by domain.
#[derive(Debug, Default)]
pub struct Domains {
    /// Of users without a domain.
    bare: DomainCounts,
    named: Vec<(Box<[u8]>, DomainCounts)>,
    places: HashMap<Box<[u8]>, usize, RandomState>,
    /// The place of the one that was asked for last: most logs have but one.
    latest: usize,
}

impl Domains {
    fn of(&mut self, domain: Option<&[u8]>) -> &mut DomainCounts {
        let Some(domain) = domain else { return &mut self.bare };
        if self.named.get(self.latest).is_none_or(|(known, _)| !is_same(known, domain)) {
            self.latest = self.places.get(domain).copied().unwrap_or_else(|| {
                self.places.insert(domain.into(), self.named.len());
                self.named.push((domain.into(), DomainCounts::default()));
                self.named.len() - 1
            });
        }
        &mut self.named[self.latest].1
    }
}

impl<A: Fn(SipIdRef<'_>, Platforms) -> bool + Sync> SummaryCount<A> {
    /// For the clients of these verdicts.
    pub fn of(verdicts: &Verdicts, evidence: Evidence, admits: A) -> Self {
        let outlines = verdicts.clients.iter().map(|(_, verdict)| Outline::of(verdict));
        Self { evidence, admits, outlines: outlines.collect() }
    }
}

impl<A: Fn(SipIdRef<'_>, Platforms) -> bool + Sync> Count for SummaryCount<A> {
    type Sum = Domains;

    fn none(&self) -> Domains {
        Domains::default()
    }

    fn add(&self, domains: &mut Domains, user: SipIdRef<'_>, entries: Entries<'_>) {
        let admitted = entries.filter(|entry| self.evidence.admits(entry.standing));
        let outline = admitted.map(|entry| self.outlines[entry.agent.0 as usize]).reduce(Outline::union);
        if let Some(outline) = outline.filter(|outline| (self.admits)(user, outline.platforms)) {
            domains.of(user.domain()).add(outline);
        }
    }

    fn join(&self, domains: &mut Domains, other: Domains) {
        domains.bare.join(&other.bare);
        other.named.into_iter().for_each(|(domain, counts)| domains.of(Some(&domain)).join(&counts));
    }
}

/// The same of users who were picked already.
pub fn summary_of(users: &[AuditedUser<'_>]) -> Vec<DomainSummary> {
    let mut domains = Domains::default();
    for user in users {
        let AuditedUser { platforms, is_generic, is_desktop, .. } = *user;
        domains.of(user.sip_id.domain()).add(Outline { platforms, is_generic, is_desktop });
    }
    summary(domains)
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

/// Users of one domain.
#[derive(Debug, Clone, Copy, Default)]
pub struct DomainCounts {
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

/// Distinct users per domain and platform, domains sorted as they are shown.
pub fn summary(domains: Domains) -> Vec<DomainSummary> {
    let mut rows: BTreeMap<Option<String>, DomainCounts> = BTreeMap::new();
    if domains.bare.users > 0 {
        rows.insert(None, domains.bare);
    }
    for (domain, counts) in domains.named {
        let domain = String::from_utf8_lossy(&domain).into_owned();
        rows.entry(Some(domain)).or_default().join(&counts);
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
    let shared = scan.part.bare.shared();
    let text = |server: &[u8]| String::from_utf8_lossy(server).into_owned();
    let names = |servers: BTreeSet<&[u8]>| servers.into_iter().map(text).collect();
    shared.into_iter().map(|(aor, servers)| (aor.escaped(), names(servers))).collect()
}

//! Audits: who was there and with what, without a price book.

use super::scan::Scan;
use crate::model::{
    AgentId, AgentKey, AuditedAgent, AuditedUser, Class, DaySlot, Days, DomainSummary, Moment, Platform,
    SipId, Standing, Verdict, Window,
};
use crate::platform::Classifier;
use crate::tally::{Entry, Tally};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Days of UTC, in windows of 64: the slots of an audit, which knows no cycles.
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
            window: i32::try_from(day.div_euclid(64)).unwrap_or(i32::MAX),
            day: day.rem_euclid(64) as u8,
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
    /// No verdict on anybody, for questions that need none.
    pub fn none() -> Self {
        Self { clients: Vec::new() }
    }

    /// Classifies every client of the tally.
    pub fn of(tally: &Tally, classifier: &Classifier) -> Self {
        let keys: Vec<AgentKey> = tally.agents().map(|(_, key)| key).collect();
        let classified = keys.into_par_iter().with_min_len(64).map(|key| {
            let verdict = classifier.classify(&key);
            (key, verdict)
        });
        Self { clients: classified.collect() }
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

/// The users of a scan, sorted by the bytes of their SIP-IDs as written: each with at least one observation that the
/// evidence admits.
pub fn users(scan: &Scan, verdicts: &Verdicts, evidence: Evidence) -> Vec<AuditedUser> {
    let tally = scan.part.tally.by_user();
    let audited = |place| {
        let (user, entries): (&[u8], Vec<Entry>) = tally.get(place);
        let mut audited = audited_user(user, &entries, verdicts, evidence)?;
        audited.refused = audited.refused.filter(|_| scan.part.tally.lists_refusals_of(user));
        Some(audited)
    };
    let mut users: Vec<AuditedUser> =
        (0..tally.len()).into_par_iter().with_min_len(256).filter_map(audited).collect();
    // Canonical bytes are sorted already; only an escaped one may stand elsewhere when written.
    if users.par_iter().any(|user| user.sip_id.escaped().contains('%')) {
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
    // Clients that differ in their Contact's hints only are one row, unless the verdict differs.
    let mut numbers: HashMap<(Option<&[u8]>, &str), usize> = HashMap::new();
    let mut rows: Vec<AuditedAgent> = Vec::new();
    let row_of: Vec<usize> = (verdicts.clients.iter())
        .map(|(key, verdict)| {
            *numbers.entry((key.text.as_deref(), &verdict.rule)).or_insert_with(|| {
                let (user_agent, verdict) = (key.text.clone(), verdict.clone());
                rows.push(AuditedAgent { user_agent, verdict, users: 0, registrations: 0 });
                rows.len() - 1
            })
        })
        .collect();
    let see = |counts: &mut Vec<(u64, u64)>, _: &[u8], entries: &[Entry]| {
        let accepted = || entries.iter().filter(|entry| entry.standing == Standing::Accepted);
        for (place, entry) in accepted().enumerate() {
            let row = row_of[entry.agent.0 as usize];
            let is_first = accepted().take(place).all(|other| row_of[other.agent.0 as usize] != row);
            counts[row].0 += u64::from(is_first);
            counts[row].1 += entry.count;
        }
    };
    let join = |mut one: Vec<(u64, u64)>, other: Vec<(u64, u64)>| {
        for (one, other) in one.iter_mut().zip(other) {
            (one.0, one.1) = (one.0 + other.0, one.1 + other.1);
        }
        one
    };
    let counts = scan.part.tally.fold(|| vec![(0, 0); rows.len()], see, join);
    for (row, (users, registrations)) in rows.iter_mut().zip(counts) {
        (row.users, row.registrations) = (users, registrations);
    }
    rows.retain(|row| row.users > 0);
    rows.sort_by(|one, other| {
        let tie = || (&one.user_agent, &one.verdict.rule).cmp(&(&other.user_agent, &other.verdict.rule));
        other.users.cmp(&one.users).then_with(tie)
    });
    rows
}

/// Distinct users per domain and platform, domains sorted.
pub fn summary(users: &[AuditedUser]) -> Vec<DomainSummary> {
    let mut domains = Domains::default();
    for user in users {
        let platforms = user.platforms.iter().fold(0, |bits, platform| bits | bit(*platform));
        domains.count(user.sip_id.domain(), platforms, user.is_generic, user.is_desktop);
    }
    domains.rows()
}

/// The same of all users that the evidence admits, without a list of them.
pub fn summary_of_all(scan: &Scan, verdicts: &Verdicts, evidence: Evidence) -> Vec<DomainSummary> {
    let see = |domains: &mut Domains, user: &[u8], entries: &[Entry]| {
        let mut admitted = entries.iter().filter(|entry| evidence.admits(entry.standing)).peekable();
        if admitted.peek().is_none() {
            return;
        }
        let (mut platforms, mut is_generic, mut is_desktop) = (0, false, false);
        for entry in admitted {
            let (_, verdict) = verdicts.get(entry.agent);
            platforms |= bit(verdict.platform);
            is_generic |= verdict.class == Class::Generic;
            is_desktop |= verdict.class == Class::Desktop;
        }
        let domain = memchr::memrchr(b'@', user).map(|at| &user[at + 1..]);
        domains.count(domain, platforms, is_generic, is_desktop);
    };
    scan.part.tally.fold(Domains::default, see, Domains::join).rows()
}

/// One bit for each platform.
fn bit(platform: Platform) -> u16 {
    1 << platform as u16
}

/// Users of a domain: all, generic, desktop, and by the platform's number.
type Counts = (u64, u64, u64, [u64; Platform::ALL.len()]);

/// Distinct users by domain, while they are counted.
#[derive(Debug, Default)]
struct Domains {
    counts: BTreeMap<Option<Box<[u8]>>, Counts>,
}

impl Domains {
    fn count(&mut self, domain: Option<&[u8]>, platforms: u16, is_generic: bool, is_desktop: bool) {
        // Few domains have most users: the name is copied for a new one only.
        let known = self.counts.iter_mut().take(4).find(|(name, _)| name.as_deref() == domain);
        let counts = match known {
            Some((_, counts)) => counts,
            None => self.counts.entry(domain.map(Into::into)).or_default(),
        };
        counts.0 += 1;
        counts.1 += u64::from(is_generic);
        counts.2 += u64::from(is_desktop);
        for platform in Platform::ALL.into_iter().filter(|platform| platforms & bit(*platform) != 0) {
            counts.3[platform as usize] += 1;
        }
    }

    fn join(mut self, other: Self) -> Self {
        for (domain, theirs) in other.counts {
            let ours = self.counts.entry(domain).or_default();
            (ours.0, ours.1, ours.2) = (ours.0 + theirs.0, ours.1 + theirs.1, ours.2 + theirs.2);
            for (ours, theirs) in ours.3.iter_mut().zip(theirs.3) {
                *ours += theirs;
            }
        }
        self
    }

    /// A row for each domain as it is written: names that are no text may be written alike.
    fn rows(self) -> Vec<DomainSummary> {
        let mut shown = Self::default();
        for (domain, counts) in self.counts {
            let name = domain.map(|domain| String::from_utf8_lossy(&domain).into_owned().into_bytes().into());
            shown = shown.join(Self { counts: BTreeMap::from([(name, counts)]) });
        }
        let row = |(domain, (users, generic, desktop, platforms)): (Option<Box<[u8]>>, Counts)| {
            let domain = domain.map(|domain| String::from_utf8_lossy(&domain).into_owned());
            let by_platform = Platform::ALL.into_iter().zip(platforms).filter(|(_, users)| *users > 0);
            DomainSummary { domain, users, by_platform: by_platform.collect(), generic, desktop }
        };
        shown.counts.into_iter().map(row).collect()
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
    scan.part.tally.observed(standing)
}

/// Share of the accepted SIP-IDs for which no User-Agent at all is known: how many, of how many.
pub fn without_agent(scan: &Scan, verdicts: &Verdicts) -> (u64, u64) {
    let see = |sum: &mut (u64, u64), _: &[u8], entries: &[Entry]| {
        let mut accepted = entries.iter().filter(|entry| entry.standing == Standing::Accepted).peekable();
        if accepted.peek().is_some() {
            let has_text = |entry: &Entry| {
                verdicts.get(entry.agent).0.text.as_ref().is_some_and(|text| !text.is_empty())
            };
            sum.0 += u64::from(!accepted.any(has_text));
            sum.1 += 1;
        }
    };
    scan.part.tally.fold(|| (0, 0), see, |one, other| (one.0 + other.0, one.1 + other.1))
}

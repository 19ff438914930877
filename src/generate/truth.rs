//! The right answer: what the made-up users did, worked out from the timetable.

use super::chunk::{Counts, Plan};
use super::options::{Format, Options};
use super::people::Device;
use super::schedule::Edges;
use crate::model::{Moment, Platform};
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Users of a batch, whose rows are made on one core.
const BATCH_USERS: u64 = 8192;
/// Batches that are made before they are written.
const BATCHES: u64 = 32;

/// What a log holds, as a reader of it should find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// As on the command line.
    pub format: String,
    pub lines: u64,
    /// Before compression.
    pub bytes: u64,
    /// Accepted registrations, retransmissions once.
    pub registrations: u64,
    pub retransmissions: u64,
    pub deregistrations: u64,
    /// Refusals of real users.
    pub refused: u64,
    /// Attempts by scanners; none of their users exists.
    pub scanner_attempts: u64,
    /// Users with at least one accepted registration.
    pub users: u64,
    /// Users seen on each platform, as far as the log tells; one may be seen on several.
    pub platforms: Vec<(Platform, u64)>,
    /// Users seen on iOS or Android, or through a push server.
    pub generic_users: u64,
    /// Users seen on macOS or Windows.
    pub desktop_users: u64,
    /// Distinct User-Agents and users, counted once for each pair.
    pub user_agents: u64,
    pub first_seen: Option<Moment>,
    pub last_seen: Option<Moment>,
}

/// What is seen of a device in a log.
struct Seen<'d> {
    agent: Option<&'d str>,
    platform: Platform,
}

fn seen<'d>(format: Format, device: &Device<'d>) -> Seen<'d> {
    let agent = &device.agent;
    match format {
        // No User-Agent, but the Contact may name a push service.
        Format::AsteriskPjsip => {
            Seen { agent: None, platform: if device.has_push { agent.platform } else { Platform::Unknown } }
        }
        _ => Seen { agent: Some(&agent.text), platform: agent.platform },
    }
}

/// What is known of some of the users.
#[derive(Debug, Clone, Default)]
struct Sum {
    users: u64,
    platforms: [u64; Platform::ALL.len()],
    generic_users: u64,
    desktop_users: u64,
    user_agents: u64,
    first: Option<i64>,
    last: Option<i64>,
}

impl Sum {
    fn add(&mut self, other: &Self) {
        self.users += other.users;
        self.platforms.iter_mut().zip(other.platforms).for_each(|(all, more)| *all += more);
        self.generic_users += other.generic_users;
        self.desktop_users += other.desktop_users;
        self.user_agents += other.user_agents;
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.last = self.last.max(other.last);
    }
}

/// Writes a row for every user who registered, in the order of their making, and adds them up.
///
/// Memory does not grow with the users.
///
/// # Errors
///
/// What the writer says.
pub(super) fn write_users(
    plan: &Plan,
    options: &Options,
    counts: Counts,
    out: &mut impl Write,
) -> io::Result<Truth> {
    let mut all = Sum::default();
    out.write_all(b"sip_id,registrations,user_agents,platforms,first_seen,last_seen\n")?;
    let edges = plan.schedule.edges();
    let batches = plan.people.users().div_ceil(BATCH_USERS);
    for begin in (0..batches).step_by(BATCHES as usize) {
        let made: Vec<(Vec<u8>, Sum)> = (begin..batches.min(begin + BATCHES))
            .into_par_iter()
            .map(|batch| rows(plan, options, &edges, batch * BATCH_USERS..(batch + 1) * BATCH_USERS))
            .collect();
        for (rows, sum) in made {
            out.write_all(&rows)?;
            all.add(&sum);
        }
    }
    Ok(Truth {
        format: options.format.name().to_owned(),
        lines: counts.lines,
        bytes: counts.bytes,
        registrations: counts.registrations,
        retransmissions: counts.retransmissions,
        deregistrations: counts.deregistrations,
        refused: counts.refused,
        scanner_attempts: counts.scanner_attempts,
        users: all.users,
        platforms: Platform::ALL.into_iter().zip(all.platforms).filter(|(_, users)| *users > 0).collect(),
        generic_users: all.generic_users,
        desktop_users: all.desktop_users,
        user_agents: all.user_agents,
        first_seen: all.first.map(Moment::from_micros),
        last_seen: all.last.map(Moment::from_micros),
    })
}

fn rows(plan: &Plan, options: &Options, edges: &Edges, users: std::ops::Range<u64>) -> (Vec<u8>, Sum) {
    let mut out = Vec::new();
    let mut sum = Sum::default();
    for number in users.start..users.end.min(plan.people.users()) {
        let Some(user) = User::of(plan, options.format, edges, number) else { continue };
        sum.add(&user.sum());
        if options.lists_users {
            plan.people.sip_id(&mut out, number);
            out.extend_from_slice(user.row().as_bytes());
        }
    }
    (out, sum)
}

/// What a log tells of a user.
struct User<'p> {
    registrations: u64,
    agents: BTreeSet<&'p str>,
    platforms: BTreeSet<Platform>,
    first: i64,
    last: i64,
}

impl<'p> User<'p> {
    /// `None` of a user who never registers.
    fn of(plan: &'p Plan, format: Format, edges: &Edges, user: u64) -> Option<Self> {
        let mut found: Option<Self> = None;
        for device in plan.people.devices_of(user) {
            let Some(turns) = plan.schedule.turns(device, edges) else { continue };
            let (first, last) = (format.stamped(turns.first_micros), format.stamped(turns.last_micros));
            let seen = seen(format, &plan.people.device(device));
            let user = found.get_or_insert(Self {
                registrations: 0,
                agents: BTreeSet::new(),
                platforms: BTreeSet::new(),
                first,
                last,
            });
            user.registrations += turns.count;
            user.agents.extend(seen.agent);
            user.platforms.insert(seen.platform);
            user.first = user.first.min(first);
            user.last = user.last.max(last);
        }
        found
    }

    fn sum(&self) -> Sum {
        let is_on = |these: &[Platform]| u64::from(these.iter().any(|it| self.platforms.contains(it)));
        Sum {
            users: 1,
            platforms: Platform::ALL.map(|platform| is_on(&[platform])),
            generic_users: is_on(&[Platform::Ios, Platform::Android, Platform::PushProxy]),
            desktop_users: is_on(&[Platform::Macos, Platform::Windows]),
            user_agents: self.agents.len() as u64,
            first: Some(self.first),
            last: Some(self.last),
        }
    }

    /// The columns behind the SIP-ID, and the line end.
    fn row(&self) -> String {
        let names: Vec<&str> = self.platforms.iter().map(|platform| platform.name()).collect();
        let (first, last) = (Moment::from_micros(self.first), Moment::from_micros(self.last));
        let (registrations, agents, platforms) = (self.registrations, self.agents.len(), names.join(" "));
        format!(",{registrations},{agents},{platforms},{first},{last}\n")
    }
}

impl Truth {
    /// The answer as JSON, a key a line.
    pub fn json(&self) -> String {
        let platforms: Map<String, Value> = self
            .platforms
            .iter()
            .map(|(platform, users)| (platform.name().to_owned(), json!(users)))
            .collect();
        let rows = [
            ("format", json!(self.format)),
            ("lines", json!(self.lines)),
            ("bytes", json!(self.bytes)),
            ("registrations", json!(self.registrations)),
            ("retransmissions", json!(self.retransmissions)),
            ("deregistrations", json!(self.deregistrations)),
            ("refused", json!(self.refused)),
            ("scanner_attempts", json!(self.scanner_attempts)),
            ("users", json!(self.users)),
            ("generic_users", json!(self.generic_users)),
            ("desktop_users", json!(self.desktop_users)),
            ("users_by_platform", Value::Object(platforms)),
            ("user_agents_of_users", json!(self.user_agents)),
            ("first_seen", json!(self.first_seen.map(|moment| moment.to_string()))),
            ("last_seen", json!(self.last_seen.map(|moment| moment.to_string()))),
        ];
        let rows: Vec<String> = rows.iter().map(|(key, value)| format!("  \"{key}\": {value}")).collect();
        format!("{{\n{}\n}}\n", rows.join(",\n"))
    }
}

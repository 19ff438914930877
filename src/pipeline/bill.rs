//! From the tally to the bill: who is due what in which cycle, and the invoices.

use super::audit::{Verdicts, without_agent};
use super::scan::Scan;
use crate::billing::{Calendar, Decider, Listing, NoAgent, ShortCycle, rate};
use crate::book::{Book, Tenant};
use crate::identity::{Tenants, canonical};
use crate::model::{
    Aor, BilledUser, Category, Cycle, Decision, Dialect, EvidenceKind, Invoice, Moment, Platform, Reason,
    Seen, SipId, Standing, UnbilledUser, Usage,
};
use crate::platform::{Classifier, RuleError};
use crate::read::{SideFile, SideFileError, SideKind};
use crate::tally::Entry;
use rayon::prelude::*;
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// Why there is no bill although everything could be read.
#[derive(Debug, thiserror::Error)]
pub enum BillError {
    /// The book asks for what cannot be (exit 2).
    #[error("{0}")]
    Book(String),
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// A side file cannot be used (exit 2 for its rows, 3 where it cannot be read).
    #[error(transparent)]
    SideFile(#[from] SideFileError),
    /// Good enough to read, not good enough to bill (exit 4).
    #[error("{0}")]
    Quality(String),
}

/// Which cycles to bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CycleChoice {
    /// The last one that ends at or before the newest stamp; where none does, the one it is in.
    Latest,
    /// Every cycle with at least one observation.
    All,
    /// The one that starts on this day.
    Starting(jiff::civil::Date),
}

/// A side file, by the SIP-IDs it lists.
#[derive(Debug)]
struct SideIndex {
    category: Category,
    file: SideFile,
    /// Name as the outputs show it.
    shown: String,
    rows: BTreeMap<SipId, Vec<usize>>,
}

/// One tenant's rules, compiled.
struct TenantRules<'b> {
    tenant: &'b Tenant,
    verdicts: Verdicts,
    decider: Decider,
    side_files: Vec<SideIndex>,
}

/// Everything a bill needs, ready to be asked cycle by cycle.
pub struct Bill<'b> {
    pub calendar: Calendar,
    tenants: Vec<TenantRules<'b>>,
    by_domain: Tenants,
    scan: &'b Scan,
    newest: Option<Moment>,
}

/// What one tenant owes for one cycle.
#[derive(Debug)]
pub struct TenantBill {
    pub tenant: String,
    /// Sorted by category, then SIP-ID.
    pub billed: Vec<BilledUser>,
    /// Sorted by SIP-ID, then reason.
    pub unbilled: Vec<UnbilledUser>,
    /// `None` where a short cycle is skipped.
    pub invoice: Option<Invoice>,
}

/// The bills of one cycle.
#[derive(Debug)]
pub struct CycleBill {
    pub cycle: Cycle,
    pub is_partial: bool,
    pub tenants: Vec<TenantBill>,
    /// Users of domains that no tenant claims.
    pub unassigned: Vec<UnbilledUser>,
}

impl<'b> Bill<'b> {
    /// Compiles the book's rules and reads its side files.
    ///
    /// # Errors
    ///
    /// A rule or side file of the book that cannot be used.
    pub fn prepare(book: &'b Book, scan: &'b Scan) -> Result<Self, BillError> {
        let calendar = Calendar::new(book.calendar.clone());
        let tenants = book.tenants.iter().map(|tenant| TenantRules::new(book, tenant, scan));
        Ok(Self {
            calendar,
            tenants: tenants.collect::<Result<_, _>>()?,
            by_domain: Tenants::new(book.tenants.iter().map(|tenant| tenant.domains.as_slice())),
            scan,
            newest: scan.part.records.last,
        })
    }

    /// The cycles that the choice means, in order.
    ///
    /// # Errors
    ///
    /// No cycle starts on the day given, or the logs have no clock.
    pub fn cycles(&self, choice: CycleChoice) -> Result<Vec<Cycle>, BillError> {
        let Some(newest) = self.newest else {
            return Err(BillError::Quality(
                "no record has a time, so no cycle can be billed; have the logs written through syslog, or audit \
                 them with `siptally users`"
                    .to_owned(),
            ));
        };
        match choice {
            CycleChoice::Starting(day) => match self.calendar.cycle_starting(day) {
                Some(cycle) => Ok(vec![cycle]),
                None => Err(BillError::Book(format!(
                    "--cycle {day}: no cycle starts on that day; `siptally book cycles` lists them"
                ))),
            },
            CycleChoice::Latest => {
                let current = self.calendar.cycle_at(newest);
                if current.window.end <= newest {
                    return Ok(vec![current]);
                }
                let before = self.calendar.cycle_at(Moment::from_micros(current.window.start.micros() - 1));
                let is_seen = self.scan.part.records.first.is_some_and(|first| first < before.window.end);
                Ok(vec![if is_seen { before } else { current }])
            }
            CycleChoice::All => {
                // A binding that may have lived through a cycle without any record makes no bill.
                let see = |numbers: &mut BTreeSet<i32>, _: &[u8], entries: &[Entry]| {
                    let proven = entries.iter().filter(|it| it.standing != Standing::Unproven);
                    numbers.extend(proven.map(|it| it.window));
                };
                let join = |one: BTreeSet<i32>, other: BTreeSet<i32>| one.into_iter().chain(other).collect();
                let mut numbers = self.scan.part.tally.fold(BTreeSet::new, see, join);
                numbers.remove(&crate::tally::Slot::CLOCKLESS.window);
                Ok(numbers.into_iter().map(|number| self.calendar.cycle(number)).collect())
            }
        }
    }

    /// The gate of `no_agent = "refuse"`: more than 1 % of the accepted SIP-IDs without any
    /// User-Agent make no bill.
    ///
    /// # Errors
    ///
    /// [`BillError::Quality`] with what to switch on.
    pub fn check_agents(&self) -> Result<(), BillError> {
        let refuses = |rules: &&TenantRules<'_>| rules.tenant.activity.no_agent == NoAgent::Refuse;
        let Some(rules) = self.tenants.iter().find(refuses) else { return Ok(()) };
        let (without, all) = without_agent(self.scan, &rules.verdicts);
        if without * 100 <= all {
            return Ok(());
        }
        let from = |name: &str| self.scan.part.records.evidence.iter().any(|(source, ..)| source == name);
        let hint =
            super::probe::no_agent_hint(without, all, from("asterisk-pjsip"), from("asterisk-chan_sip"));
        Err(BillError::Quality(format!(
            "{hint}; refusing to bill (`no_agent` in [activity] of the book says otherwise)"
        )))
    }

    /// The bills of one cycle.
    pub fn cycle(&self, cycle: &Cycle) -> CycleBill {
        let is_partial = self.newest.is_none_or(|newest| newest < cycle.window.end);
        let mut usage = vec![Usage::default(); self.tenants.len()];
        let mut billed: Vec<Vec<BilledUser>> = self.tenants.iter().map(|_| Vec::new()).collect();
        let mut unbilled: Vec<Vec<UnbilledUser>> = self.tenants.iter().map(|_| Vec::new()).collect();
        let mut unassigned = Vec::new();
        let decide = |(id, entries): (SipId, Vec<Entry>)| match self.by_domain.of(&id) {
            Some(number) => (Some(number), self.tenants[number].decide(&id, cycle, &entries)),
            None => {
                let unbilled = unassigned_user(&id, &entries, &self.tenants).into_iter().collect();
                (None, Decision { unbilled, ..Decision::default() })
            }
        };
        let decided: Vec<_> = self.users(cycle).into_par_iter().with_min_len(256).map(decide).collect();
        for (number, decision) in decided {
            let Some(number) = number else {
                unassigned.extend(decision.unbilled);
                continue;
            };
            for user in &decision.billed {
                note_usage(&mut usage[number], user);
            }
            billed[number].extend(decision.billed);
            unbilled[number].extend(decision.unbilled);
        }
        let parts = self.tenants.iter().zip(usage).zip(billed).zip(unbilled);
        let tenants = parts.map(|(((rules, usage), mut billed), mut unbilled)| {
            let tenant = rules.tenant;
            billed
                .par_sort_by(|one, other| (one.category, &one.sip_id).cmp(&(other.category, &other.sip_id)));
            unbilled.par_sort_by(|one, other| {
                (&one.sip_id, one.reason, one.would_be).cmp(&(&other.sip_id, other.reason, other.would_be))
            });
            for category in Category::ALL {
                let rows = billed.iter().filter(|user| user.category == category).count() as u64;
                assert_eq!(rows, usage.of(category).users, "users.csv and the invoice count alike");
            }
            let is_skipped = tenant.tariff.short_cycle == ShortCycle::Skip && self.calendar.is_short(cycle);
            let invoice =
                (!is_skipped).then(|| rate(&tenant.name, &tenant.tariff, cycle, is_partial, &usage));
            TenantBill { tenant: tenant.name.clone(), billed, unbilled, invoice }
        });
        CycleBill { cycle: *cycle, is_partial, tenants: tenants.collect(), unassigned }
    }

    /// For one user, the decision of each cycle in which anything was seen or listed.
    pub fn decisions_for(&self, id: &SipId) -> Vec<(String, Cycle, Decision)> {
        let tally = self.scan.part.tally.by_user();
        let found = tally.iter().find(|(user, _)| *user == id.as_bytes());
        let entries = found.map(|(_, entries)| entries).unwrap_or_default();
        let mut numbers: BTreeSet<i32> = entries.iter().map(|entry| entry.window).collect();
        numbers.remove(&crate::tally::Slot::CLOCKLESS.window);
        let Some(rules) = self.by_domain.of(id).map(|number| &self.tenants[number]) else {
            return Vec::new();
        };
        // A side file may charge a user of whom no log says anything.
        for side in &rules.side_files {
            for row in side.rows.get(id).into_iter().flatten().map(|row| &side.file.rows[*row]) {
                numbers.insert(self.calendar.cycle_at(row.from).number);
            }
        }
        let decide = |number| {
            let cycle = self.calendar.cycle(number);
            let here: Vec<Entry> = entries.iter().copied().filter(|entry| entry.window == number).collect();
            let decision = rules.decide(id, &cycle, &here);
            (rules.tenant.name.clone(), cycle, decision)
        };
        numbers.into_iter().map(decide).collect()
    }

    /// The verdicts of the first tenant: for lists that are of no tenant's own.
    pub fn first_verdicts(&self) -> &Verdicts {
        &self.tenants.first().expect("a book has at least one tenant").verdicts
    }

    /// Name of the side file that this charge of the tenant takes its rows from.
    pub fn side_file_name(&self, tenant: &str, category: Category) -> Option<&str> {
        let rules = self.tenants.iter().find(|rules| rules.tenant.name == tenant)?;
        rules.side_files.iter().find(|side| side.category == category).map(|side| side.shown.as_str())
    }

    /// Side files with their digests, for the manifest; each once.
    pub fn side_files(&self) -> BTreeMap<String, String> {
        let all = self.tenants.iter().flat_map(|rules| &rules.side_files);
        all.map(|side| (side.shown.clone(), side.file.digest.to_hex().to_string())).collect()
    }

    /// Everybody seen or listed in the cycle, sorted.
    fn users(&self, cycle: &Cycle) -> Vec<(SipId, Vec<Entry>)> {
        let tally = self.scan.part.tally.by_user();
        let seen = |place| {
            let (user, mut entries): (&[u8], Vec<Entry>) = tally.get(place);
            entries.retain(|entry| entry.window == cycle.number);
            (!entries.is_empty()).then(|| (SipId::from_canonical(user), entries))
        };
        let mut users: Vec<(SipId, Vec<Entry>)> =
            (0..tally.len()).into_par_iter().with_min_len(256).filter_map(seen).collect();
        let mut listed = BTreeSet::new();
        for (number, rules) in self.tenants.iter().enumerate() {
            for side in &rules.side_files {
                for (id, rows) in &side.rows {
                    let is_due = rows.iter().any(|row| side.file.rows[*row].overlaps(cycle.window));
                    let is_seen = || users.binary_search_by(|(seen, _)| seen.cmp(id)).is_ok();
                    if is_due && self.by_domain.of(id) == Some(number) && !is_seen() {
                        listed.insert(id);
                    }
                }
            }
        }
        if !listed.is_empty() {
            users.extend(listed.into_iter().map(|id| (id.clone(), Vec::new())));
            users.par_sort_by(|one, other| one.0.cmp(&other.0));
        }
        users
    }
}

impl<'b> TenantRules<'b> {
    fn new(book: &'b Book, tenant: &'b Tenant, scan: &Scan) -> Result<Self, BillError> {
        let classifier = Classifier::new(book.config.platform_rules.clone(), &tenant.agents)?;
        let decider = Decider::new(&tenant.activity, &tenant.tariff)
            .map_err(|error| BillError::Book(error.to_string()))?;
        let side_files = tenant.tariff.charges.iter().filter(|charge| charge.enabled).filter_map(|charge| {
            let name = charge.side_file.as_ref()?;
            Some(side_index(book, charge.category, name))
        });
        Ok(Self {
            tenant,
            verdicts: Verdicts::of(&scan.part.tally, &classifier),
            decider,
            side_files: side_files.collect::<Result<_, _>>()?,
        })
    }

    fn decide(&self, id: &SipId, cycle: &Cycle, entries: &[Entry]) -> Decision {
        let seen: Vec<Seen<'_>> = entries.iter().map(|entry| seen(entry, &self.verdicts)).collect();
        let mut listings = Vec::new();
        for side in &self.side_files {
            for row in side.rows.get(id).into_iter().flatten().map(|row| &side.file.rows[*row]) {
                let counts = side.category != Category::Conferencing || row.is_host;
                if counts && row.overlaps(cycle.window) {
                    listings.push(Listing { category: side.category, line: row.line });
                }
            }
        }
        self.decider.decide(id, cycle, &seen, &listings)
    }
}

fn side_index(book: &Book, category: Category, name: &str) -> Result<SideIndex, BillError> {
    let path = book.path.parent().unwrap_or(std::path::Path::new("")).join(name);
    let kind = match category {
        Category::Conferencing => SideKind::Conference,
        _ => SideKind::Messaging,
    };
    let file = SideFile::load(&path, kind, &book.calendar.zone)?;
    let mut rows: BTreeMap<SipId, Vec<usize>> = BTreeMap::new();
    let mut id = Vec::new();
    for (number, row) in file.rows.iter().enumerate() {
        let aor = Aor::Uri(row.sip_id_text.as_bytes());
        if !canonical(aor, Dialect::Unknown, &book.config.identity, &mut id) {
            return Err(BillError::Book(format!(
                "{}:{}: `{}` names no user; write it as user@domain",
                path.display(),
                row.line,
                row.sip_id_text
            )));
        }
        rows.entry(SipId::from_canonical(&id)).or_default().push(number);
    }
    let shown = std::path::Path::new(name).file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(SideIndex { category, file, shown, rows })
}

fn seen<'t>(entry: &Entry, verdicts: &'t Verdicts) -> Seen<'t> {
    let (key, verdict) = verdicts.get(entry.agent);
    Seen {
        standing: entry.standing,
        // A header that was sent empty tells no more than one that was not sent.
        agent: key.text.as_deref().filter(|text| !text.is_empty()),
        platform: verdict.platform,
        form: verdict.form,
        class: verdict.class,
        is_billable: verdict.is_billable,
        is_push: verdict.is_push,
        count: entry.count,
        first: entry.first(),
        last: entry.last(),
        days: entry.days,
        spot: entry.spot,
        evidence: entry.evidence,
    }
}

fn note_usage(usage: &mut Usage, user: &BilledUser) {
    let usage = usage.of_mut(user.category);
    usage.users += 1;
    usage.push_only += u64::from(user.push_only);
    usage.sustained_open += u64::from(user.evidence == EvidenceKind::SustainedOpen);
    usage.sustained_closed += u64::from(user.evidence == EvidenceKind::SustainedClosed);
}

/// A user of a domain that nobody claims: seen, listed, never billed.
fn unassigned_user(id: &SipId, entries: &[Entry], tenants: &[TenantRules<'_>]) -> Option<UnbilledUser> {
    let is_registered = |standing: Standing| standing == Standing::Accepted || standing.is_sustained();
    let accepted = || entries.iter().filter(|entry| is_registered(entry.standing));
    accepted().next()?;
    let verdicts = tenants.first().map(|rules| &rules.verdicts);
    let platforms: BTreeSet<Platform> =
        accepted().filter_map(|entry| Some(verdicts?.get(entry.agent).1.platform)).collect();
    let agents: BTreeSet<Box<[u8]>> =
        accepted().filter_map(|entry| verdicts?.get(entry.agent).0.text.clone()).collect();
    Some(UnbilledUser {
        sip_id: id.clone(),
        reason: Reason::Unassigned,
        would_be: None,
        platforms: platforms.into_iter().collect(),
        user_agents: agents.into_iter().collect(),
        count: accepted().map(|entry| entry.count).sum(),
        first_seen: accepted().filter_map(|entry| entry.first()).min(),
        last_seen: accepted().filter_map(|entry| entry.last()).max(),
        spot: accepted().map(|entry| (entry.first(), entry.spot)).min().map(|(_, spot)| spot),
    })
}

/// The gates of `[quality]`: each host heard from in the cycle, no silence longer than allowed.
///
/// # Errors
///
/// [`BillError::Quality`] naming every host that falls short.
pub fn check_coverage(book: &Book, scan: &Scan, cycle: &Cycle) -> Result<(), BillError> {
    let coverage = &scan.part.coverage;
    let mut short = Vec::new();
    for host in &book.quality.hosts {
        let spans = coverage.spans(host.as_bytes());
        if !spans.iter().any(|span| span.overlaps(cycle.window)) {
            short.push(format!("host `{host}` was not heard from in the cycle of {}", cycle.first_day));
            continue;
        }
        let silence = coverage.longest_silence(host.as_bytes(), cycle.window);
        if let Some(limit) = book.quality.max_gap.filter(|limit| silence > i64::from(*limit)) {
            short.push(format!(
                "host `{host}` is silent for {} h in the cycle of {} (limit {} h)",
                hours(silence),
                cycle.first_day,
                hours(limit.into())
            ));
        }
    }
    match short.is_empty() {
        true => Ok(()),
        false => Err(BillError::Quality(short.join("\n"))),
    }
}

fn hours(seconds: i64) -> Decimal {
    (Decimal::from(seconds) / Decimal::from(3600)).round_dp(1).normalize()
}

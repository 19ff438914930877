//! From the tally to the bill: who is due what in which cycle, and the invoices.

mod all;
mod counts;
mod elsewhere;
mod listed;
mod one_user;
mod side;
mod skipped;

use self::counts::Counts;
use self::listed::unseen;
use self::side::SideIndex;
use super::audit::Verdicts;
use super::census::{Accepted, Census};
use super::roll::Roll;
use super::scan::Scan;
use crate::billing::{Calendar, Decider, Listing, NoAgent, rate_after};
use crate::book::{Book, Tenant};
use crate::identity::{Pseudonyms, Tenants};
use crate::model::{
    Category, Customer, Cycle, Decision, Figures, History, Invoice, Letterhead, Moment, Reason, Seen,
    SipIdRef, Standing, UnbilledUser,
};
use crate::platform::{Classifier, RuleError};
use crate::read::SideFileError;
use crate::tally::Entry;
use jiff::civil::Date;
use rayon::prelude::*;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

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
    /// Every cycle from the first in which anybody was observed or is charged to the last, of which the logs hold a
    /// record.
    All,
    /// The one that starts on this day.
    Starting(Date),
}

impl CycleChoice {
    /// Whether there are such cycles, as far as that is known without any logs.
    ///
    /// # Errors
    ///
    /// No cycle starts on the day given.
    pub fn check(self, calendar: &Calendar) -> Result<(), BillError> {
        match self {
            Self::Starting(day) => starting(calendar, day).map(drop),
            Self::Latest | Self::All => Ok(()),
        }
    }
}

fn starting(calendar: &Calendar, day: Date) -> Result<Cycle, BillError> {
    calendar.cycle_starting(day).ok_or_else(|| {
        BillError::Book(format!(
            "--cycle {day}: no cycle starts on that day; `siptally book cycles` lists them"
        ))
    })
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
    /// The tenants as they are before the first version of the book, and from each on.
    editions: Vec<(Option<Date>, Vec<TenantRules<'b>>)>,
    by_domain: Tenants,
    scan: &'b Scan,
    newest: Option<Moment>,
}

/// What one tenant owes for one cycle.
#[derive(Debug)]
pub struct TenantBill {
    pub tenant: String,
    /// `None` where a short cycle is skipped.
    pub invoice: Option<Invoice>,
    /// What its charts show.
    pub figures: Figures,
    /// Who writes it, and to whom.
    pub letterhead: Letterhead,
    pub customer: Customer,
}

/// The bills of one cycle.
#[derive(Debug)]
pub struct CycleBill {
    pub cycle: Cycle,
    pub is_partial: bool,
    pub tenants: Vec<TenantBill>,
    /// Users seen and not charged, by reason.
    pub unbilled: BTreeMap<Reason, u64>,
}

/// Stretches of users that each core decides before any is handed in: what is held of a bill's
/// lists.
const BATCH_LEN: usize = 8;

impl<'b> Bill<'b> {
    /// Compiles the book's rules and reads its side files.
    ///
    /// # Errors
    ///
    /// A rule or side file of the book that cannot be used.
    pub fn prepare(book: &'b Book, scan: &'b Scan) -> Result<Self, BillError> {
        Self::prepare_by(Calendar::new(book.calendar.clone()), book, scan)
    }

    /// The same by another calendar, which the scan was counted by too. Times in side files are local to
    /// the cycle's zone, so they move with a calendar that is shifted; those that carry an offset of
    /// their own should not and do, which only matters to who asks what would be.
    ///
    /// # Errors
    ///
    /// As [`Bill::prepare`].
    pub fn prepare_by(calendar: Calendar, book: &'b Book, scan: &'b Scan) -> Result<Self, BillError> {
        let shift_seconds = calendar.shift_seconds();
        let rules = |tenants: &'b [Tenant]| {
            let rules = tenants.par_iter().map(|tenant| TenantRules::new(book, tenant, scan, shift_seconds));
            // The first error of the book's order is told, whichever was found first.
            rules.collect::<Vec<Result<_, _>>>().into_iter().collect::<Result<Vec<_>, _>>()
        };
        let mut editions = vec![(None, rules(&book.tenants)?)];
        for edition in &book.editions {
            editions.push((Some(edition.from), rules(&edition.tenants)?));
        }
        Ok(Self {
            calendar,
            editions,
            by_domain: Tenants::new(book.tenants.iter().map(|tenant| tenant.domains.as_slice())),
            scan,
            newest: scan.part.records.last,
        })
    }

    /// Whether the book's side files can be used.
    ///
    /// # Errors
    ///
    /// The first one that cannot.
    pub fn check_side_files(book: &Book) -> Result<(), BillError> {
        let later = book.editions.iter().flat_map(|edition| &edition.tenants);
        for tenant in book.tenants.iter().chain(later) {
            SideIndex::of_tenant(book, tenant, 0, None)?;
        }
        Ok(())
    }

    /// The rules that hold for a cycle, by the tenants' numbers.
    fn rules(&self, cycle: &Cycle) -> &[TenantRules<'b>] {
        let holds = |edition: &&(Option<Date>, Vec<TenantRules<'b>>)| {
            edition.0.is_none_or(|from| from <= cycle.first_day)
        };
        self.editions.iter().rev().find(holds).map_or(&[], |(_, rules)| rules)
    }

    /// The rules of every tenant and version.
    fn all_rules(&self) -> impl Iterator<Item = &TenantRules<'b>> {
        self.editions.iter().flat_map(|(_, rules)| rules)
    }

    /// Everybody who was seen or is listed.
    pub fn roll(&self, pseudonyms: Option<&Pseudonyms>) -> Roll<'_> {
        let sides = self.all_rules().flat_map(|rules| &rules.side_files);
        Roll::with(&self.scan.part.tally, sides.flat_map(SideIndex::users), pseudonyms)
    }

    /// The cycles that the choice means, in order.
    ///
    /// # Errors
    ///
    /// No cycle starts on the day given, or the logs have no clock.
    pub fn cycles(&self, choice: CycleChoice, census: &Census) -> Result<Vec<Cycle>, BillError> {
        let Some(newest) = self.newest else {
            return Err(BillError::Quality(
                "no record has a time, so no cycle can be billed; have the logs written through syslog, or audit \
                 them with `siptally users`"
                    .to_owned(),
            ));
        };
        match choice {
            CycleChoice::Starting(day) => Ok(vec![starting(&self.calendar, day)?]),
            CycleChoice::Latest => {
                let current = self.calendar.cycle_at(newest);
                if current.window.end <= newest {
                    return Ok(vec![current]);
                }
                let before = self.calendar.cycle_at(Moment::from_micros(current.window.start.micros() - 1));
                let is_seen = self.scan.part.records.first.is_some_and(|first| first < before.window.end);
                Ok(vec![if is_seen { before } else { current }])
            }
            CycleChoice::All => Ok(self.all(census).0),
        }
    }

    /// The gate of `no_agent = "refuse"`: more than 1 % of a cycle's accepted SIP-IDs without any
    /// User-Agent in it make no bill.
    ///
    /// # Errors
    ///
    /// [`BillError::Quality`] with what to switch on.
    pub fn check_agents(&self, cycles: &[Cycle], census: &Census) -> Result<(), BillError> {
        let refuses = |rules: &TenantRules<'_>| rules.tenant.activity.no_agent == NoAgent::Refuse;
        let asked = cycles.iter().filter(|cycle| self.rules(cycle).iter().any(refuses));
        let accepted = asked.map(|cycle| (cycle, census.accepted(cycle.number)));
        let Some((cycle, Accepted { users: all, without_agent: without })) =
            accepted.into_iter().find(|(_, accepted)| accepted.without_agent * 100 > accepted.users)
        else {
            return Ok(());
        };
        let from = |name: &str| self.scan.part.records.evidence.iter().any(|(source, ..)| source == name);
        let hint =
            super::probe::no_agent_hint(without, all, from("asterisk-pjsip"), from("asterisk-chan_sip"));
        Err(BillError::Quality(format!(
            "cycle {}: {hint}; refusing to bill (to bill all the same, set `no_agent` in [activity] of the book)",
            cycle.first_day
        )))
    }

    /// Whether the logs end within the cycle.
    pub fn is_partial(&self, cycle: &Cycle) -> bool {
        self.newest.is_none_or(|newest| newest < cycle.window.end)
    }

    /// Names of the tenants.
    pub fn tenants(&self) -> impl Iterator<Item = &str> {
        self.editions[0].1.iter().map(|rules| rules.tenant.name.as_str())
    }

    /// The bills of one cycle, each after what `history` says of its tenant.
    ///
    /// The lists behind them are as long as there are users, so they are not kept: `note` takes
    /// down each user's decision, with the tenant's number or `None` where nobody claims the
    /// domain, and `hand_in` gets what was taken down of stretch after stretch, in the order of the
    /// roll, while the next ones are decided. How the roll is cut into stretches must not show in
    /// what they say together.
    ///
    /// # Errors
    ///
    /// The first of `hand_in`.
    pub fn cycle<N: Default + Send, E: Send>(
        &self,
        roll: &Roll<'_>,
        cycle: &Cycle,
        history: impl Fn(&str) -> History,
        note: impl Fn(&mut N, Option<usize>, &Decision<'_>) + Sync,
        mut hand_in: impl FnMut(Vec<N>) -> Result<(), E> + Send,
    ) -> Result<CycleBill, E> {
        let rules = self.rules(cycle);
        let mut counts = Counts::new(rules.len());
        let mut waiting: Vec<N> = Vec::new();
        for batch in roll.stretches().chunks(BATCH_LEN * rayon::current_num_threads()) {
            let decide = || {
                let stretches = batch.par_iter().map(|stretch| {
                    let (mut notes, mut counts) = (N::default(), Counts::new(rules.len()));
                    roll.each(stretch.clone(), |id, shown, entries| {
                        if let Some((tenant, mut decision)) = self.decide(id, entries, cycle) {
                            decision.call(shown);
                            counts.add(tenant, &decision);
                            note(&mut notes, tenant, &decision);
                        }
                    });
                    (notes, counts)
                });
                stretches.collect::<Vec<(N, Counts)>>()
            };
            let (handed_in, decided) = rayon::join(|| hand_in(std::mem::take(&mut waiting)), decide);
            handed_in?;
            for (notes, stretch) in decided {
                counts.join(&stretch);
                waiting.push(notes);
            }
        }
        hand_in(waiting)?;
        let is_partial = self.is_partial(cycle);
        let tenants = rules.iter().zip(counts.figures).enumerate().map(|(number, (rules, figures))| {
            let (tenant, usage) = (rules.tenant, &counts.usage[number]);
            let name = &tenant.name;
            let invoice = || {
                let history = history(name);
                let skipped_from = self.skipped_before(number, cycle, &history.invoiced);
                let history = History { skipped_from, ..history };
                rate_after(&history, name, &tenant.tariff, cycle, is_partial, usage)
            };
            TenantBill {
                tenant: tenant.name.clone(),
                invoice: (!self.is_skipped(number, cycle)).then(invoice),
                figures: figures.map(|figures| *figures).unwrap_or_default(),
                letterhead: tenant.letterhead.clone(),
                customer: tenant.customer.clone(),
            }
        });
        Ok(CycleBill { cycle: *cycle, is_partial, tenants: tenants.collect(), unbilled: counts.unbilled })
    }

    /// What is decided of a user in the cycle; `None` where there is nothing to say.
    pub(super) fn decide<'s>(
        &'s self,
        id: SipIdRef<'s>,
        mut entries: Vec<Entry>,
        cycle: &Cycle,
    ) -> Option<(Option<usize>, Decision<'s>)> {
        entries.retain(|entry| entry.window == cycle.number);
        let Some(number) = self.by_domain.of(id) else {
            let seen = unassigned_user(id, &entries, &self.rules(cycle)[0].verdicts);
            let user =
                seen.or_else(|| self.is_listed(id, cycle).then(|| unseen(id, Reason::Unassigned, None)))?;
            return Some((None, Decision { billed: Vec::new(), unbilled: vec![user] }));
        };
        let decision = self.rules(cycle)[number].decide(id, cycle, &entries)?;
        Some((Some(number), decision))
    }

    /// The verdicts of the first tenant: for lists that are of no tenant's own.
    pub fn first_verdicts(&self) -> &Verdicts {
        &self.all_rules().next().expect("a book has at least one tenant").verdicts
    }

    /// Name of the side file that this charge of the tenant takes its rows from in the cycle.
    pub fn side_file_name(&self, cycle: &Cycle, tenant: &str, category: Category) -> Option<&str> {
        let rules = self.rules(cycle).iter().find(|rules| rules.tenant.name == tenant)?;
        rules.side_files.iter().find(|side| side.category == category).map(|side| side.shown.as_str())
    }

    /// Side files with their digests, for the manifest; each once.
    pub fn side_files(&self) -> BTreeMap<String, String> {
        let all = self.all_rules().flat_map(|rules| &rules.side_files);
        all.map(|side| (side.shown.clone(), side.file.digest.to_hex().to_string())).collect()
    }
}

impl<'b> TenantRules<'b> {
    fn new(book: &'b Book, tenant: &'b Tenant, scan: &Scan, shift_seconds: i64) -> Result<Self, BillError> {
        let classifier = Classifier::new(book.config.platform_rules.clone(), &tenant.agents)?;
        let decider = Decider::new(&tenant.activity, &tenant.tariff)
            .map_err(|error| BillError::Book(error.to_string()))?;
        Ok(Self {
            tenant,
            verdicts: Verdicts::of(&scan.part.tally, &classifier),
            decider,
            side_files: SideIndex::of_tenant(book, tenant, shift_seconds, Some(scan))?,
        })
    }

    /// What is decided of the user; `None` where nothing was seen and no row is due.
    fn decide<'s>(&'s self, id: SipIdRef<'s>, cycle: &Cycle, entries: &[Entry]) -> Option<Decision<'s>> {
        let seen: Vec<Seen<'_>> = entries.iter().map(|entry| seen(entry, &self.verdicts)).collect();
        let mut listings = Vec::new();
        for side in &self.side_files {
            for row in side.rows_of(id.as_bytes()) {
                let counts = side.category != Category::Conferencing || row.is_host;
                if counts && row.overlaps(cycle.window) {
                    listings.push(Listing { category: side.category, line: row.line });
                }
            }
        }
        let is_anything = !seen.is_empty() || !listings.is_empty();
        let decision = is_anything.then(|| self.decider.decide(id, cycle, &seen, &listings));
        self.with_guest(id, cycle, decision)
    }
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

/// A user of a domain that nobody claims: seen, listed, never billed.
fn unassigned_user<'t>(
    sip_id: SipIdRef<'t>,
    entries: &[Entry],
    verdicts: &'t Verdicts,
) -> Option<UnbilledUser<'t>> {
    let is_registered = |standing: Standing| standing == Standing::Accepted || standing.is_sustained();
    let accepted = || entries.iter().filter(|entry| is_registered(entry.standing));
    accepted().next()?;
    let mut user_agents: Vec<&[u8]> =
        accepted().filter_map(|entry| verdicts.get(entry.agent).0.text.as_deref()).collect();
    user_agents.sort_unstable();
    user_agents.dedup();
    Some(UnbilledUser {
        sip_id,
        reason: Reason::Unassigned,
        would_be: None,
        platforms: accepted().map(|entry| verdicts.get(entry.agent).1.platform).collect(),
        user_agents,
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

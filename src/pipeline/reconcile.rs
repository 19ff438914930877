//! From a bill and the other party's list to what a comparison takes: our users, their rows, prices, coverage.

mod sums;
mod veiled;

use super::bill::{Bill, CycleBill};
use super::roll::Roll;
use super::scan::Scan;
use super::spelling::{Meaning, Spellings};
use crate::billing::{Tariff, charge_for, unit_prices};
use crate::book::{Book, Tenant};
use crate::compare::{Claim, Elsewhere, OurCharge, OurRefusal, OurUser, Prices, Side, TheirRow, Wanted};
use crate::facts::Coverage;
use crate::model::{
    Category, Currency, Cycle, Decision, History, Reason, SipId, SipIdRef, UnbilledUser, Usage,
};
use crate::read::{VendorFile, VendorRow};
use ahash::RandomState;
use rayon::prelude::*;
use rust_decimal::Decimal;
use std::borrow::Cow;
use std::collections::HashMap;
use std::convert::Infallible;
pub use sums::{OtherSum, other_sums};
pub use veiled::veiled;

/// Hosts that a sentence about coverage names.
const HOSTS_NAMED_MAX: usize = 3;

/// Their rows with the users whom they mean, of those whom the bill knows, and tenants by their numbers.
pub fn theirs(file: &VendorFile, book: &Book, bill: &Bill<'_>) -> Vec<TheirRow> {
    let spellings = Spellings::of(&book.config, bill.evidence());
    let meaning = |text: &str| spellings.meaning(text, |id| bill.knows(id));
    // One implied tenant that owns everything has no name that anybody else could know.
    let is_one = matches!(&book.tenants[..], [tenant] if tenant.domains.is_empty());
    let tenant_of = |name: &str| -> Option<usize> {
        let mapped = file.map.tenants.iter().find(|(theirs, _)| theirs.eq_ignore_ascii_case(name));
        let name = mapped.map_or(name, |(_, ours)| ours);
        let is_meant = |tenant: &Tenant| {
            let is_domain = |domain: &String| domain.eq_ignore_ascii_case(name);
            tenant.name.eq_ignore_ascii_case(name) || tenant.domains.iter().any(is_domain)
        };
        book.tenants.iter().position(is_meant)
    };
    let row = |row: &VendorRow| {
        let claim = match &row.problem {
            Some(problem) => Err(problem.clone()),
            None => {
                let tenant = if is_one { None } else { tenant_of(&row.tenant_text) };
                match (tenant, row.tenant_text.as_str()) {
                    (None, name) if !name.is_empty() && !is_one => {
                        let shown = name.escape_debug();
                        Err((
                            "unknown_tenant",
                            format!(
                                "the book has no tenant `{shown}`; say in [tenants] of the map which one is meant"
                            ),
                        ))
                    }
                    _ => {
                        let meant =
                            meaning(&with_domain(row, tenant.map(|number| &book.tenants[number]), book));
                        claim(row, tenant, meant)
                    }
                }
            }
        };
        TheirRow {
            line: row.line,
            text: row.user.clone(),
            category_text: row.category_text.clone(),
            amount: row.amount,
            claim,
        }
    };
    file.rows.par_iter().map(row).collect()
}

/// A user of theirs, with the domain of the tenant that the row names where that has but one and nothing
/// else gives any.
fn with_domain<'r>(row: &'r VendorRow, tenant: Option<&Tenant>, book: &Book) -> Cow<'r, str> {
    match tenant.map(|tenant| &tenant.domains[..]) {
        Some([domain]) if !row.user.contains('@') && book.config.identity.default_domain.is_none() => {
            Cow::Owned(format!("{}@{domain}", row.user))
        }
        _ => Cow::Borrowed(&row.user),
    }
}

fn claim(row: &VendorRow, tenant: Option<usize>, meant: Meaning) -> Result<Claim, (&'static str, String)> {
    let id = match (meant.problem(&row.user), meant) {
        (_, Meaning::One(id)) => id,
        (problem, _) => return Err(("no_user", problem.unwrap_or_default())),
    };
    Ok(Claim {
        id,
        category: row.category,
        tenant_text: row.tenant_text.clone(),
        tenant,
        is_host: row.is_host,
        period: row.period,
        active_days: row.active_days,
        mended: row.mended,
    })
}

/// Our result for the cycle: whom we bill, and of those whom only they name all that is known. With the bill
/// itself, whose quantities are the same.
pub fn ours(bill: &Bill<'_>, roll: &Roll<'_>, cycle: &Cycle, wanted: &Wanted) -> (CycleBill, Vec<OurUser>) {
    let note = |users: &mut Vec<OurUser>, tenant: Option<usize>, decision: &Decision<'_>| {
        let user = user(bill, cycle, tenant, decision);
        let is_kept = user.as_ref().is_some_and(|user| {
            !user.charges.is_empty() || wanted.categories(user.id.borrowed(), &mut Vec::new()) != 0
        });
        users.extend(user.filter(|_| is_kept));
    };
    let mut users: Vec<OurUser> = Vec::new();
    let taken = bill.cycle(
        roll,
        cycle,
        |_| History::default(),
        note,
        |stretches| {
            stretches.into_iter().for_each(|stretch| users.extend(stretch));
            Ok::<(), Infallible>(())
        },
    );
    let billed = match taken {
        Ok(billed) => billed,
        Err(never) => match never {},
    };
    elsewhere(bill, roll, cycle, wanted, &mut users);
    (billed, users)
}

fn user(bill: &Bill<'_>, cycle: &Cycle, tenant: Option<usize>, decision: &Decision<'_>) -> Option<OurUser> {
    let billed = decision.billed.iter().map(|user| user.sip_id);
    let id = billed.chain(decision.unbilled.iter().map(|user| user.sip_id)).next()?;
    let is_skipped = tenant.is_some_and(|tenant| bill.is_skipped(tenant, cycle));
    let charges = decision.billed.iter().filter(|_| !is_skipped).map(|user| OurCharge {
        category: user.category,
        evidence: user.evidence,
        spot: user.spot,
        side_file_line: user.side_file_line,
        registrations: user.registrations,
        active_days: user.active_days,
        first_seen: user.first_seen,
        last_seen: user.last_seen,
        is_push_only: user.push_only,
    });
    let refusal = |user: &UnbilledUser<'_>| OurRefusal {
        reason: user.reason,
        would_be: user.would_be,
        count: user.count,
        first_seen: user.first_seen,
        last_seen: user.last_seen,
        spot: user.spot,
        // A guest whom no log tells of stands in a side file.
        side_file_line: match (user.reason, user.spot) {
            (Reason::ConferenceGuest, None) => bill.guest_row(user.sip_id, cycle),
            _ => None,
        },
    };
    Some(OurUser {
        id: SipId::from_canonical(id.as_bytes()),
        tenant,
        charges: charges.collect(),
        refusals: decision.unbilled.iter().map(refusal).collect(),
        elsewhere: Vec::new(),
    })
}

/// Adds, for those whom they name in a category in which we bill nothing, what other cycles tell.
fn elsewhere(bill: &Bill<'_>, roll: &Roll<'_>, cycle: &Cycle, wanted: &Wanted, users: &mut Vec<OurUser>) {
    const ANY: u8 = 1 << 4;
    let known: HashMap<&[u8], usize, RandomState> =
        users.iter().enumerate().map(|(number, user)| (user.id.as_bytes(), number)).collect();
    let found = roll.stretches().into_par_iter().map(|stretch| {
        let (mut found, mut room) = (Vec::new(), Vec::new());
        roll.each(stretch, |id, _, entries| {
            let named = wanted.categories(id, &mut room);
            if named == 0 {
                return;
            }
            let number = known.get(id.as_bytes()).copied();
            let charges = number.map_or(&[][..], |number| &users[number].charges[..]);
            let billed = charges.iter().fold(0, |bits, charge| bits | 1 << charge.category as u8);
            let is_explained = named & !ANY & !billed == 0 && (named & ANY == 0 || billed != 0);
            if !is_explained {
                let near = nearest(bill, id, &bill.elsewhere(id, &entries, cycle), cycle);
                let guest = bill.guest_row(id, cycle).filter(|_| !is_known_guest(number, users));
                if !near.is_empty() || guest.is_some() {
                    found.push((number, SipId::from_canonical(id.as_bytes()), near, guest));
                }
            }
        });
        found
    });
    let found: Vec<_> = found.collect::<Vec<_>>().into_iter().flatten().collect();
    for (number, id, elsewhere, guest) in found {
        let number = number.unwrap_or_else(|| {
            let tenant = bill.tenant_number(id.borrowed());
            users.push(OurUser {
                id,
                tenant,
                charges: Vec::new(),
                refusals: Vec::new(),
                elsewhere: Vec::new(),
            });
            users.len() - 1
        });
        users[number].elsewhere = elsewhere;
        users[number].refusals.extend(guest.map(guest_refusal));
    }
}

/// Whether a log has told already that the user was a guest.
fn is_known_guest(number: Option<usize>, users: &[OurUser]) -> bool {
    let refusals = number.map_or(&[][..], |number| &users[number].refusals);
    refusals.iter().any(|refusal| refusal.reason == Reason::ConferenceGuest)
}

fn guest_refusal(line: u64) -> OurRefusal {
    OurRefusal {
        reason: Reason::ConferenceGuest,
        would_be: Some(Category::Conferencing),
        count: 0,
        first_seen: None,
        last_seen: None,
        spot: None,
        side_file_line: Some(line),
    }
}

/// For each category the last charge before the cycle and the first one after it.
fn nearest(
    bill: &Bill<'_>,
    id: SipIdRef<'_>,
    decisions: &[(Cycle, Decision<'_>)],
    cycle: &Cycle,
) -> Vec<Elsewhere> {
    let mut near: Vec<Elsewhere> = Vec::new();
    for (other, decision) in decisions {
        let side = if other.number < cycle.number { Side::Before } else { Side::After };
        for user in decision.billed.iter().filter(|user| user.sip_id == id) {
            let listed = user.side_file_line.and_then(|line| bill.side_row(other, id, user.category, line));
            let (first, last) = match listed {
                Some((first, last)) => (Some(first), Some(last)),
                None => (user.first_seen, user.last_seen),
            };
            let it = Elsewhere {
                category: user.category,
                side,
                nearest: if side == Side::Before { last } else { first },
                evidence: user.evidence,
                spot: user.spot,
                side_file_line: user.side_file_line,
            };
            match near.iter_mut().find(|known| (known.category, known.side) == (it.category, side)) {
                // Cycles come in the order of time.
                Some(known) if side == Side::Before => *known = it,
                Some(_) => {}
                None => near.push(it),
            }
        }
    }
    near
}

/// The book's prices around what we bill.
pub struct BookPrices<'b> {
    cycle: Cycle,
    tenants: Vec<TenantPrices<'b>>,
    currency: Option<Currency>,
}

struct TenantPrices<'b> {
    tariff: &'b Tariff,
    /// `None` where the cycle is skipped, so that nothing has a price.
    usage: Option<Usage>,
    units: [Vec<Decimal>; Category::ALL.len()],
}

impl<'b> BookPrices<'b> {
    /// The prices of that bill.
    pub fn of(book: &'b Book, bill: &CycleBill) -> Self {
        let tenants: Vec<TenantPrices<'_>> = book
            .tenants_from(bill.cycle.first_day)
            .iter()
            .zip(&bill.tenants)
            .map(|(tenant, billed)| {
                let usage = billed.invoice.as_ref().map(|invoice| invoice.usage);
                let units = Category::ALL.map(|category| match &usage {
                    Some(usage) => {
                        unit_prices(&tenant.tariff, &bill.cycle, category, usage.of(category).users)
                    }
                    None => Vec::new(),
                });
                TenantPrices { tariff: &tenant.tariff, usage, units }
            })
            .collect();
        let first = tenants.first().map(|tenant| tenant.tariff.currency);
        let is_one = tenants.iter().all(|tenant| Some(tenant.tariff.currency) == first);
        Self { cycle: bill.cycle, tenants, currency: first.filter(|_| is_one) }
    }
}

impl Prices for BookPrices<'_> {
    fn unit_prices(&self, tenant: usize, category: Category) -> &[Decimal] {
        &self.tenants[tenant].units[category as usize]
    }

    fn change(&self, tenant: usize, category: Category, users: i64) -> Option<Decimal> {
        let prices = &self.tenants[tenant];
        let billed = prices.usage.as_ref()?.of(category).users;
        let due = |users| charge_for(prices.tariff, &self.cycle, category, users).map(|due| due.amount());
        Some(due(billed.saturating_add_signed(users))? - due(billed)?)
    }

    fn currency(&self, tenant: Option<usize>) -> Option<Currency> {
        tenant.map_or(self.currency, |tenant| Some(self.tenants[tenant].tariff.currency))
    }
}

/// What the logs of the cycle lack: the hosts that were silent longer than the book allows, or than a binding is
/// believed to live through; `None` where there is none.
pub fn gap(book: &Book, scan: &Scan, cycle: &Cycle) -> Option<String> {
    let coverage = &scan.part.coverage;
    let limit = i64::from(book.quality.max_gap.unwrap_or(book.config.logs.coverage_gap));
    let named: Vec<Vec<u8>> = match &book.quality.hosts[..] {
        [] => coverage.hosts().map(<[u8]>::to_vec).collect(),
        hosts => hosts.iter().map(|host| host.clone().into_bytes()).collect(),
    };
    let silences: Vec<String> =
        named.iter().filter_map(|host| silence(coverage, host, cycle, limit)).collect();
    match silences.len() {
        0 if named.is_empty() => Some("no record tells its host, so nobody knows what is missing".to_owned()),
        0 => None,
        1..=HOSTS_NAMED_MAX => Some(silences.join(", ")),
        more => {
            let rest = more - HOSTS_NAMED_MAX;
            Some(format!("{}, and {rest} more hosts", silences[..HOSTS_NAMED_MAX].join(", ")))
        }
    }
}

fn silence(coverage: &Coverage, host: &[u8], cycle: &Cycle, limit: i64) -> Option<String> {
    let silence = coverage.longest_silence(host, cycle.window);
    let hours = silence / 3600;
    let text = || format!("`{}` was silent for {hours} h", host.escape_ascii());
    (silence > limit).then(text)
}

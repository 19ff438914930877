//! Whose billing hangs on a choice of the operator: the zone of the cycle, push servers, bindings that
//! live on in silence.
//!
//! Every other choice is a whole bill of its own, by the same rules and over the same logs, and its
//! charges are compared with those of the bill as it is. Another zone moves every edge of the calendar, so
//! the logs are counted anew by it: a tally knows days and no instants, and keeping instants near edges
//! for the sake of this question would cost every bill. What may be read only once cannot be asked of
//! zones. The rules about push servers and silent bindings are applied to the tally that there is.

use super::bill::{Bill, BillError};
use super::roll::Roll;
use super::scan::Scan;
use crate::billing::{Calendar, PushServer, Sustained};
use crate::book::{Book, Tenant};
use crate::model::{Category, Cycle, Flip, History, Money, SipId, SipIdRef};
use jiff::tz::TimeZone;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;

const HOUR_SECONDS: i64 = 3600;

/// A book with one choice made otherwise.
pub struct Choice {
    /// As `sensitivity.csv` names it.
    pub name: &'static str,
    pub book: Book,
    pub calendar: Calendar,
    /// The logs have to be counted by its calendar.
    pub moves_edges: bool,
}

/// What one choice would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub name: &'static str,
    /// By cycle, tenant, category and user.
    pub flips: Vec<Flip>,
    /// What would be charged more, by currency.
    pub more: Vec<Money>,
}

/// The other choices for a book that change anything in these cycles' edges or in the rules of any
/// tenant.
pub fn choices(book: &Book, cycles: &[Cycle]) -> Vec<Choice> {
    let plain = Calendar::new(book.calendar.clone());
    let mut in_utc = book.clone();
    in_utc.calendar.zone = TimeZone::UTC;
    let utc = Calendar::new(in_utc.calendar.clone());
    let mut choices = Vec::new();
    if cycles.iter().any(|cycle| utc.cycle(cycle.number).window != cycle.window) {
        choices.push(Choice { name: "zone_utc", book: in_utc, calendar: utc, moves_edges: true });
    }
    for (name, seconds) in [("zone_plus_1h", HOUR_SECONDS), ("zone_minus_1h", -HOUR_SECONDS)] {
        // A zone that runs an hour ahead has its midnights an hour earlier.
        let calendar = plain.clone().shifted(-seconds);
        choices.push(Choice { name, book: book.clone(), calendar, moves_edges: true });
    }
    let mut rules = |name, choose: &dyn Fn(&mut Tenant)| {
        let mut other = book.clone();
        let editions = other.editions.iter_mut().flat_map(|edition| &mut edition.tenants);
        other.tenants.iter_mut().chain(editions).for_each(choose);
        if other.tenants != book.tenants || other.editions != book.editions {
            choices.push(Choice { name, book: other, calendar: plain.clone(), moves_edges: false });
        }
    };
    rules("push_server_count", &|tenant| tenant.activity.push_server = PushServer::Count);
    rules("push_server_ignore", &|tenant| tenant.activity.push_server = PushServer::Ignore);
    rules("sustained_open", &|tenant| tenant.activity.sustained = Sustained::Open);
    rules("sustained_closed", &|tenant| tenant.activity.sustained = Sustained::Closed);
    rules("sustained_ignore", &|tenant| tenant.activity.sustained = Sustained::Ignore);
    choices
}

/// What the choice changes in these cycles. `scan` has been counted by the choice's calendar.
///
/// # Errors
///
/// A rule or side file of the book that cannot be used; the bill as it is has used them already.
pub fn outcome(
    bill: &Bill<'_>,
    choice: &Choice,
    scan: &Scan,
    cycles: &[Cycle],
) -> Result<Outcome, BillError> {
    let other = Bill::prepare_by(choice.calendar.clone(), &choice.book, scan)?;
    let (roll, other_roll) = (bill.roll(None), other.roll(None));
    let (mut flips, mut more) = (Vec::new(), Vec::new());
    for cycle in cycles {
        let other_cycle = choice.calendar.cycle(cycle.number);
        let (ours, theirs) = ((bill, &roll, cycle), (&other, &other_roll, &other_cycle));
        flips.extend(cycle_flips(ours, theirs));
        add_difference(&mut more, total(ours), total(theirs));
    }
    more.retain(|money: &Money| !money.amount().is_zero());
    Ok(Outcome { name: choice.name, flips, more })
}

/// A bill, its users, and a cycle.
type Side<'s, 'b> = (&'s Bill<'b>, &'s Roll<'s>, &'s Cycle);

/// The charges that one side makes and the other does not.
fn cycle_flips(ours: Side<'_, '_>, theirs: Side<'_, '_>) -> Vec<Flip> {
    let (bill, roll, cycle) = ours;
    let tenants: Vec<&str> = bill.tenants().collect();
    let stretches = roll.stretches();
    let flips = stretches.par_iter().enumerate().map(|(number, stretch)| {
        // The same users on the other roll, and whoever stands between this stretch and the next.
        let begin = if number == 0 { 0 } else { theirs.1.place_of(roll.id(stretch.start)) };
        let next = stretches.get(number + 1).map(|next| theirs.1.place_of(roll.id(next.start)));
        let here = charges(ours, stretch.clone());
        let there = charges(theirs, begin..next.unwrap_or(theirs.1.len()));
        differences(&here, &there)
    });
    let mut flips: Vec<Flip> = flips
        .flatten()
        .filter(|((tenant, ..), _)| !bill.is_skipped(*tenant, cycle))
        .map(|((tenant, category, id), is_billed)| Flip {
            tenant: tenants[tenant].to_owned(),
            cycle: cycle.first_day,
            category,
            sip_id: SipId::from_canonical(id.as_bytes()),
            is_billed,
        })
        .collect();
    flips.sort_by(|one, other| {
        (&one.tenant, one.category)
            .cmp(&(&other.tenant, other.category))
            .then_with(|| one.sip_id.borrowed().written().cmp(&other.sip_id.borrowed().written()))
    });
    flips
}

/// Tenant, category and user of one charge.
type Charge<'s> = (usize, Category, SipIdRef<'s>);

/// The charges of the users at these places.
fn charges<'s>((bill, roll, cycle): Side<'s, '_>, places: Range<usize>) -> Vec<Charge<'s>> {
    let mut charges = Vec::new();
    roll.each(places, |id, _, entries| {
        if let Some((Some(tenant), decision)) = bill.decide(id, entries, cycle) {
            charges.extend(decision.billed.iter().map(|user| (tenant, user.category, id)));
        }
    });
    charges
}

/// What is in one list and not in the other, with whether it is in the first.
fn differences<'s>(here: &[Charge<'s>], there: &[Charge<'s>]) -> Vec<(Charge<'s>, bool)> {
    let mut sides: BTreeMap<Charge<'s>, (bool, bool)> = BTreeMap::new();
    for charge in here {
        sides.entry(*charge).or_default().0 = true;
    }
    for charge in there {
        sides.entry(*charge).or_default().1 = true;
    }
    let differs = |(charge, (here, there))| (here != there).then_some((charge, here));
    sides.into_iter().filter_map(differs).collect()
}

/// What all tenants owe for the cycle, by currency.
fn total((bill, roll, cycle): Side<'_, '_>) -> Vec<Money> {
    let nothing = |_: &mut (), _, _: &crate::model::Decision<'_>| {};
    let Ok(bills) = bill.cycle(roll, cycle, |_| History::default(), nothing, |_| Ok::<(), Infallible>(()));
    let mut totals = Vec::new();
    let invoices = bills.tenants.iter().filter_map(|tenant| tenant.invoice.as_ref());
    invoices.for_each(|invoice| add(&mut totals, invoice.total));
    totals
}

fn add_difference(sums: &mut Vec<Money>, ours: Vec<Money>, theirs: Vec<Money>) {
    theirs.into_iter().for_each(|money| add(sums, money));
    ours.into_iter().for_each(|money| add(sums, money.negated()));
}

fn add(sums: &mut Vec<Money>, money: Money) {
    match sums.iter_mut().find(|sum| sum.currency() == money.currency()) {
        Some(sum) => *sum = sum.plus(money),
        None => sums.push(money),
    }
}

impl Outcome {
    /// One sentence for the summary: how many users, how much, and the first few names.
    pub fn sentence(&self) -> String {
        const NAMES_MAX: usize = 5;
        let what = match self.name {
            "zone_utc" => "cycles in UTC",
            "zone_plus_1h" => "cycles in a zone an hour further east",
            "zone_minus_1h" => "cycles in a zone an hour further west",
            "push_server_count" => "push_server = \"count\"",
            "push_server_ignore" => "push_server = \"ignore\"",
            "sustained_open" => "sustained = \"open\"",
            "sustained_closed" => "sustained = \"closed\"",
            _ => "sustained = \"ignore\"",
        };
        if self.flips.is_empty() {
            return format!("with {what} nobody would be billed differently");
        }
        let mut names: Vec<String> = Vec::new();
        for flip in &self.flips {
            let name = flip.sip_id.escaped();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let users = names.len();
        let shown = if users > NAMES_MAX + 1 { NAMES_MAX } else { users };
        names.truncate(shown);
        if shown < users {
            names.push(format!("{} more", users - shown));
        }
        let amounts: Vec<String> = self.more.iter().map(difference).collect();
        let amounts = if amounts.is_empty() { "for the same amount".to_owned() } else { amounts.join(", ") };
        let whom = if users == 1 { "1 user".to_owned() } else { format!("{users} users") };
        format!("with {what} {whom} would be billed differently, {amounts}: {}", names.join(", "))
    }
}

fn difference(money: &Money) -> String {
    let code = money.currency();
    match money.amount().is_sign_negative() {
        true => format!("{} {} less", money.negated(), code.code()),
        false => format!("{money} {} more", code.code()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Currency, Rounding};

    fn euro(text: &str) -> Money {
        Money::round(text.parse().unwrap(), Currency::from_code("EUR").unwrap(), Rounding::HalfUp)
    }

    fn flip(id: &str) -> Flip {
        Flip {
            tenant: "acme".to_owned(),
            cycle: jiff::civil::date(2026, 10, 1),
            category: Category::Generic,
            sip_id: SipId::from_canonical(id.as_bytes()),
            is_billed: true,
        }
    }

    #[test]
    fn a_charge_of_one_side_alone_is_a_difference() {
        let id = |text: &'static str| SipIdRef::from_canonical(text.as_bytes());
        let here = [(0, Category::Generic, id("a@x")), (0, Category::Generic, id("b@x"))];
        let there = [(0, Category::Generic, id("b@x")), (0, Category::Desktop, id("b@x"))];
        assert_eq!(differences(&here, &there), [(here[0], true), (there[1], false)]);
        assert_eq!(differences(&here, &here), []);
    }

    #[test]
    fn what_would_change_is_said_in_one_sentence() {
        let outcome = |flips, more| Outcome { name: "zone_utc", flips, more }.sentence();
        assert_eq!(outcome(vec![], vec![]), "with cycles in UTC nobody would be billed differently");
        assert_eq!(
            outcome(vec![flip("a@x"), flip("a@x"), flip("b@x")], vec![euro("-1.80")]),
            "with cycles in UTC 2 users would be billed differently, 1.80 EUR less: a@x, b@x"
        );
        let many: Vec<Flip> = (0..9).map(|number| flip(&format!("{number}@x"))).collect();
        assert!(outcome(many, vec![euro("2")]).ends_with("2.00 EUR more: 0@x, 1@x, 2@x, 3@x, 4@x, 4 more"));
    }
}

//! Rating: a tariff and a usage to an invoice, in the order that is printed on it.
//!
//! 1. the set-up fee, in the cycle that holds its day, or in the tenant's first by the ledger
//! 2. enabled features
//! 3. for each charge: included users, price, discounts (each of the charge's own subtotal, in
//!    book order, not compounded), and the rest up to the minimum
//! 4. fixed adjustments, those that add before those that take off, then credits, then what earlier
//!    invoices carried forward; the net never below zero, the rest carried forward
//! 5. tax on the net
//!
//! Each line is rounded to the currency's own digits; then lines are summed exactly, so the whole
//! can be redone by hand.

mod single;

pub use single::{charge_for, unit_prices};

use super::adjust::{discount, holds, take_off};
use super::price::price;
use super::{Adjust, AdjustKind, Charge, ShortCycle, Tariff};
use crate::model::{Category, Cycle, History, Invoice, InvoiceLine, LineKind, Money, Usage, UserNote};
use jiff::civil::Date;
use rust_decimal::Decimal;

/// The invoice of a tenant of whom no ledger tells. See [`rate_after`].
pub fn rate(tenant: &str, tariff: &Tariff, cycle: &Cycle, is_partial: bool, usage: &Usage) -> Invoice {
    rate_after(&History::default(), tenant, tariff, cycle, is_partial, usage)
}

/// The invoice of one tenant for one cycle, after those that are final.
///
/// Where a restart cut the cycle short and the tariff says [`ShortCycle::Daily`], the prices of
/// features and charges and the minimum are multiplied by the cycle's days over a full cycle's;
/// set-up fees, fixed adjustments and credits are not. [`ShortCycle::Skip`] is the caller's to heed; set-up fees and
/// credits of the skipped cycles just before ([`History::skipped_from`]) are on this invoice.
///
/// # Panics
///
/// If lines do not add up to the total, or more users are marked than billed: no such invoice may
/// leave the house.
pub fn rate_after(
    history: &History,
    tenant: &str,
    tariff: &Tariff,
    cycle: &Cycle,
    is_partial: bool,
    usage: &Usage,
) -> Invoice {
    let mut draft = Draft { tariff, cycle, lines: Vec::new() };
    let since = history.skipped_from.unwrap_or(cycle.first_day);
    let mut warnings = Vec::new();
    for setup in &tariff.setup {
        let is_due = match (setup.first_cycle, history.is_first) {
            (Some(day), _) => since <= day && day < cycle.end_day,
            (None, Some(is_first)) => is_first,
            (None, None) => {
                warnings.push(format!(
                    "set-up fee `{}` has no `first_cycle`, so it is not charged",
                    setup.description
                ));
                false
            }
        };
        if is_due {
            let description = format!("{}{}", setup.description, skipped_note(setup.first_cycle, cycle));
            draft.push(LineKind::Setup, None, description, 1, Some(setup.price), setup.price);
        }
    }
    for feature in tariff.features.iter().filter(|feature| feature.enabled) {
        let exact = draft.prorated(feature.price);
        let description = format!("{}{}", feature.name, draft.days_note());
        draft.push(LineKind::Feature, None, description, 1, Some(feature.price), exact);
    }
    for charge in in_order(tariff, cycle) {
        draft.charge(charge, usage.of(charge.category).users);
    }
    let mut carried_forward = Money::zero(tariff.currency);
    if history.brought_forward < Decimal::ZERO {
        // What adds comes first, as among the adjustments.
        draft.bring_forward(history.brought_forward);
    }
    for (kind, name, adjust) in in_order_of_net(tariff, cycle, since) {
        let off = take_off(draft.sum(), adjust.value, tariff.rounding);
        carried_forward = carried_forward.plus(off.carried);
        let mut description = adjust.description.clone().unwrap_or_else(|| name.to_owned());
        if kind == LineKind::Credit {
            description.push_str(&skipped_note(adjust.cycle, cycle));
        }
        if !off.carried.amount().is_zero() {
            description.push_str(&format!(", {} more carried forward", off.carried));
        }
        draft.push(kind, None, description, 1, None, off.line.amount());
    }
    if history.brought_forward > Decimal::ZERO {
        carried_forward = carried_forward.plus(draft.bring_forward(history.brought_forward));
    }
    let net = draft.sum();
    assert!(net.amount() >= Decimal::ZERO, "the net is never below zero");
    let mut tax = Money::zero(tariff.currency);
    if let Some(rule) = &tariff.tax {
        let exact =
            net.amount().checked_mul(rule.rate).expect("an amount fits 28 digits") / Decimal::ONE_HUNDRED;
        let description = format!("{} {} %", rule.label, rule.rate.normalize());
        tax = draft.push(LineKind::Tax, None, description, 1, None, exact);
    }
    let total = draft.sum();
    assert_eq!(net.plus(tax), total, "lines add up to the total");
    Invoice {
        id: format!("{tenant}-{}", cycle.first_day),
        tenant: tenant.to_owned(),
        cycle: *cycle,
        is_partial,
        usage: *usage,
        lines: draft.lines,
        net,
        tax,
        total,
        carried_forward,
        notes: notes(tariff, cycle, usage),
        warnings,
        final_mark: None,
    }
}

/// The charges that are made in the cycle, in the order of the invoice.
fn in_order<'t>(tariff: &'t Tariff, cycle: &'t Cycle) -> impl Iterator<Item = &'t Charge> {
    Category::ALL.into_iter().flat_map(move |category| {
        tariff.charges.iter().filter(move |charge| charge.category == category && charge.is_made(cycle))
    })
}

/// Fixed adjustments and credits of the cycle. What adds comes first, whatever its place in the
/// book: nothing may be carried forward that the same invoice could still have borne.
fn in_order_of_net<'t>(
    tariff: &'t Tariff,
    cycle: &Cycle,
    since: Date,
) -> Vec<(LineKind, &'static str, &'t Adjust)> {
    let named = |adjust: &'t Adjust| match adjust.kind {
        AdjustKind::Percent => None,
        AdjustKind::Fixed => Some((LineKind::Adjustment, "Adjustment", adjust)),
        AdjustKind::Credit => Some((LineKind::Credit, "Credit", adjust)),
    };
    let is_skipped = |day: Date| since <= day && day < cycle.first_day;
    let is_left = |adjust: &Adjust| adjust.kind == AdjustKind::Credit && adjust.cycle.is_some_and(is_skipped);
    let mut order: Vec<_> = tariff
        .adjusts
        .iter()
        .filter(|adjust| holds(adjust, cycle) || is_left(adjust))
        .filter_map(named)
        .collect();
    // A stable sort keeps the book's order within each.
    order.sort_by_key(|(kind, _, adjust)| (*kind, adjust.value > Decimal::ZERO));
    order
}

/// What is said of something that was due in a cycle without an invoice.
fn skipped_note(due: Option<Date>, cycle: &Cycle) -> String {
    match due.filter(|day| *day < cycle.first_day) {
        Some(day) => format!(" (due {day}, in a skipped cycle)"),
        None => String::new(),
    }
}

impl Charge {
    /// Whether the charge is made in the cycle, which counts by its first day.
    pub fn is_made(&self, cycle: &Cycle) -> bool {
        let day = cycle.first_day;
        self.enabled
            && self.enabled_from.is_none_or(|from| from <= day)
            && self.enabled_until.is_none_or(|until| day < until)
    }
}

/// Lines as they come.
struct Draft<'t> {
    tariff: &'t Tariff,
    cycle: &'t Cycle,
    lines: Vec<InvoiceLine>,
}

impl Draft<'_> {
    /// Adds a line, which is rounded here and nowhere else.
    fn push(
        &mut self,
        kind: LineKind,
        category: Option<Category>,
        description: String,
        quantity: u64,
        unit_price: Option<Decimal>,
        exact: Decimal,
    ) -> Money {
        let amount = Money::round(exact, self.tariff.currency, self.tariff.rounding);
        let line = u32::try_from(self.lines.len() + 1).unwrap_or(u32::MAX);
        self.lines.push(InvoiceLine { line, kind, category, description, quantity, unit_price, amount });
        amount
    }

    fn sum(&self) -> Money {
        let zero = Money::zero(self.tariff.currency);
        self.lines.iter().fold(zero, |sum, line| sum.plus(line.amount))
    }

    /// The line for what earlier invoices left; gives what this one cannot bear either.
    fn bring_forward(&mut self, amount: Decimal) -> Money {
        let off = take_off(self.sum(), amount, self.tariff.rounding);
        let mut description = "Carried forward from earlier invoices".to_owned();
        if !off.carried.amount().is_zero() {
            description.push_str(&format!(", {} more carried forward", off.carried));
        }
        self.push(LineKind::BroughtForward, None, description, 1, None, off.line.amount());
        off.carried
    }

    /// A monthly figure by the day, where a short cycle asks for it.
    fn prorated(&self, monthly: Decimal) -> Decimal {
        let (days, full) = (self.cycle.days(), self.cycle.full_days);
        if self.tariff.short_cycle != ShortCycle::Daily || days >= full || full == 0 {
            return monthly;
        }
        monthly.checked_mul(Decimal::from(days)).expect("an amount fits 28 digits") / Decimal::from(full)
    }

    /// Included users, price, discounts and minimum of one charge; gives its subtotal.
    fn charge(&mut self, charge: &Charge, users: u64) -> Money {
        let category = Some(charge.category);
        let name = name(charge.category);
        let included = users.min(charge.included);
        if included > 0 {
            let description = format!("{name}, included");
            self.push(LineKind::Included, category, description, included, None, Decimal::ZERO);
        }
        let mut subtotal = Money::zero(self.tariff.currency);
        for priced in price(&charge.model, users - included) {
            let detail =
                if priced.detail.is_empty() { String::new() } else { format!(", {}", priced.detail) };
            let exact = self.prorated(priced.exact());
            let description = format!("{name}{detail}{}", self.days_note());
            let unit = Some(priced.unit_price);
            let amount = self.push(LineKind::Charge, category, description, priced.quantity, unit, exact);
            subtotal = subtotal.plus(amount);
        }
        let mut due = subtotal;
        for adjust in self.tariff.adjusts.iter().filter(|adjust| {
            adjust.kind == AdjustKind::Percent
                && adjust.applies_to.contains(&charge.category)
                && holds(adjust, self.cycle)
        }) {
            // Discounts of more than everything leave nothing, and owe nobody.
            let off = discount(subtotal.amount(), adjust.value).min(due.amount());
            let description = match &adjust.description {
                Some(description) => description.clone(),
                None => format!("Discount of {} % on {} users", adjust.value.normalize(), charge.category),
            };
            let amount = self.push(LineKind::Discount, category, description, 1, None, -off);
            due = due.plus(amount);
        }
        if let Some(minimum) = charge.minimum {
            let missing = self.prorated(minimum) - due.amount();
            if missing > Decimal::ZERO {
                let description = format!("{name}, up to the minimum of {minimum}{}", self.days_note());
                let amount = self.push(LineKind::Minimum, category, description, 1, None, missing);
                due = due.plus(amount);
            }
        }
        due
    }

    /// How a figure by the day came about.
    fn days_note(&self) -> String {
        let (days, full) = (self.cycle.days(), self.cycle.full_days);
        match self.tariff.short_cycle {
            ShortCycle::Daily if days < full => format!(" ({days} of {full} days)"),
            _ => String::new(),
        }
    }
}

/// What a category's users are called on an invoice.
const fn name(category: Category) -> &'static str {
    match category {
        Category::Generic => "Generic users (iOS, Android)",
        Category::Desktop => "Desktop users (macOS, Windows)",
        Category::Conferencing => "Video-conferencing hosts",
        Category::Messaging => "Messaging users",
    }
}

/// Users on evidence that deserves a second look, with what they make of their charge.
fn notes(tariff: &Tariff, cycle: &Cycle, usage: &Usage) -> Vec<UserNote> {
    let mut notes = Vec::new();
    for charge in in_order(tariff, cycle) {
        let counts = usage.of(charge.category);
        let due = |users: u64| Draft { tariff, cycle, lines: Vec::new() }.charge(charge, users);
        let kinds = [
            ("push_only", counts.push_only),
            ("sustained_open", counts.sustained_open),
            ("sustained_closed", counts.sustained_closed),
        ];
        for (kind, users) in kinds {
            assert!(users <= counts.users, "marked users are among those billed");
            if users > 0 {
                let amount = due(counts.users).plus(due(counts.users - users).negated());
                notes.push(UserNote { category: charge.category, kind, users, amount });
            }
        }
    }
    notes
}

#[cfg(test)]
mod tests;

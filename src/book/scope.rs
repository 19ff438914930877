//! The tables that a tenant may override: read once for the book, once for every tenant, and
//! laid over each other.

use super::activity::{ActivityTable, activity};
use super::charges::charge;
use super::currency::currency;
use super::fees::{adjust, feature, setup, tax};
use super::letterhead::{customer, letterhead};
use super::problems::quoted;
use super::section::{Read, Section, Shown};
use crate::billing::{Adjust, Charge, Feature, Setup, ShortCycle, Tariff, Tax};
use crate::model::{Currency, Customer, Letterhead, Rounding};

const ROUNDINGS: [(&str, Rounding); 2] = [("half_up", Rounding::HalfUp), ("half_even", Rounding::HalfEven)];

/// What one place of the book says; `None` where it says nothing.
#[derive(Clone, Default)]
pub(super) struct Scope {
    currency: Option<Currency>,
    rounding: Option<Rounding>,
    /// Whether `[activity]` is written, rightly or wrongly.
    pub(super) has_activity: bool,
    pub(super) activity: Option<Read<ActivityTable>>,
    setup: Option<Vec<Read<Setup>>>,
    features: Option<Vec<Read<Feature>>>,
    pub(super) charges: Option<Vec<Read<Charge>>>,
    adjusts: Option<Vec<Read<Adjust>>>,
    tax: Option<Read<Tax>>,
    letterhead: Option<Read<Letterhead>>,
    customer: Option<Read<Customer>>,
}

/// Reads all that may be overridden, from the root or from a `[[tenant]]`.
pub(super) fn scope(table: &Section<'_>) -> Scope {
    let is_root = table.label.is_empty();
    let currency = if is_root || table.has("currency") { table.need("currency", currency) } else { None };
    let rounding =
        (is_root || table.has("rounding")).then(|| table.choose("rounding", &ROUNDINGS, Rounding::HalfUp));
    let features = table.tables("feature", None, feature);
    once_each(table, features.as_deref(), "feature", |feature| feature.name.clone());
    let charges = table.tables("charge", None, charge);
    once_each(table, charges.as_deref(), "charge", |charge| charge.category.name().to_owned());
    Scope {
        currency,
        rounding,
        has_activity: table.has("activity"),
        activity: table.table("activity", activity),
        setup: table.tables("setup", None, setup),
        features,
        charges,
        adjusts: table.tables("adjust", None, adjust),
        tax: table.table("tax", tax),
        letterhead: table.table("letterhead", letterhead),
        customer: table.table("customer", customer),
    }
}

/// Reports the second entry of a name.
fn once_each<T>(table: &Section<'_>, entries: Option<&[Read<T>]>, kind: &str, name: impl Fn(&T) -> String) {
    let entries = entries.unwrap_or_default();
    for (index, entry) in entries.iter().enumerate() {
        let name_here = name(&entry.value);
        if let Some(first) = entries[..index].iter().find(|first| name(&first.value) == name_here) {
            let text = format!("a second {kind} {}; the first is on line {}", quoted(&name_here), first.line);
            table.problems.report(entry.line, text);
        }
    }
}

/// A tenant's prices and rules with the rows that show them.
pub(super) struct Merged {
    pub(super) tariff: Tariff,
    pub(super) activity: ActivityTable,
    pub(super) letterhead: Letterhead,
    pub(super) customer: Customer,
    pub(super) shown: Vec<Shown>,
}

impl Scope {
    /// The header of every table here, with its line.
    pub(super) fn lines(&self) -> Vec<(&'static str, usize)> {
        fn all<T>(name: &'static str, entries: Option<&Vec<Read<T>>>) -> Vec<(&'static str, usize)> {
            entries.into_iter().flatten().map(|entry| (name, entry.line)).collect()
        }
        let mut lines = all("[[charge]]", self.charges.as_ref());
        lines.extend(all("[[feature]]", self.features.as_ref()));
        lines.extend(all("[[setup]]", self.setup.as_ref()));
        lines.extend(all("[[adjust]]", self.adjusts.as_ref()));
        lines.extend(self.tax.iter().map(|tax| ("[tax]", tax.line)));
        lines.extend(self.activity.iter().map(|activity| ("[activity]", activity.line)));
        lines
    }

    /// This scope with another laid over it.
    ///
    /// What the other names replaces the table here as a whole; charges are laid over by
    /// category and features by name, each again as a whole.
    pub(super) fn under(&self, over: &Self) -> Self {
        let replaced = |base: &Option<Vec<_>>, over: &Option<Vec<_>>| over.clone().or_else(|| base.clone());
        Self {
            currency: over.currency.or(self.currency),
            rounding: over.rounding.or(self.rounding),
            has_activity: over.has_activity || self.has_activity,
            activity: over.activity.clone().or_else(|| self.activity.clone()),
            setup: replaced(&self.setup, &over.setup),
            features: laid_over(&self.features, &over.features, |feature| feature.name.clone()),
            charges: laid_over(&self.charges, &over.charges, |charge| charge.category),
            adjusts: over.adjusts.clone().or_else(|| self.adjusts.clone()),
            tax: over.tax.clone().or_else(|| self.tax.clone()),
            letterhead: over.letterhead.clone().or_else(|| self.letterhead.clone()),
            customer: over.customer.clone().or_else(|| self.customer.clone()),
        }
    }

    /// The plain values, and how to show them; `None` where something is missing, which has been
    /// reported.
    pub(super) fn merged(&self, short_cycle: ShortCycle) -> Option<Merged> {
        let mut shown = Vec::new();
        let activity = self.activity.as_ref()?;
        shown.push(Shown { title: "activity".to_owned(), ..activity.shown.clone() });
        let setup = take(&self.setup, &mut shown, |index, _| format!("setup {index}"));
        let features = take(&self.features, &mut shown, |_, feature| format!("feature {}", feature.name));
        let charges = take(&self.charges, &mut shown, |_, charge| format!("charge {}", charge.category));
        let adjusts = take(&self.adjusts, &mut shown, |index, _| format!("adjust {index}"));
        if let Some(tax) = &self.tax {
            shown.push(Shown { title: "tax".to_owned(), ..tax.shown.clone() });
        }
        let letterhead = one(&self.letterhead, "letterhead", &mut shown);
        let customer = one(&self.customer, "customer", &mut shown);
        let tariff = Tariff {
            currency: self.currency?,
            rounding: self.rounding?,
            setup,
            features,
            charges,
            adjusts,
            tax: self.tax.as_ref().map(|tax| tax.value.clone()),
            short_cycle,
        };
        Some(Merged { tariff, activity: activity.value.clone(), letterhead, customer, shown })
    }
}

/// The base's entries in their places, each replaced by its namesake; new ones at the end.
fn laid_over<T: Clone, N: PartialEq>(
    base: &Option<Vec<Read<T>>>,
    over: &Option<Vec<Read<T>>>,
    name: impl Fn(&T) -> N,
) -> Option<Vec<Read<T>>> {
    let (Some(base), Some(over)) = (base, over) else {
        return over.clone().or_else(|| base.clone());
    };
    let mut all = base.clone();
    for entry in over {
        match all.iter_mut().find(|known| name(&known.value) == name(&entry.value)) {
            Some(known) => *known = entry.clone(),
            None => all.push(entry.clone()),
        }
    }
    Some(all)
}

fn one<T: Clone + Default>(table: &Option<Read<T>>, title: &str, shown: &mut Vec<Shown>) -> T {
    shown.extend(table.iter().map(|table| Shown { title: title.to_owned(), ..table.shown.clone() }));
    table.as_ref().map(|table| table.value.clone()).unwrap_or_default()
}

fn take<T: Clone>(
    entries: &Option<Vec<Read<T>>>,
    shown: &mut Vec<Shown>,
    title: impl Fn(usize, &T) -> String,
) -> Vec<T> {
    let entries = entries.as_deref().unwrap_or_default();
    for (index, entry) in entries.iter().enumerate() {
        shown.push(Shown { title: title(index + 1, &entry.value), ..entry.shown.clone() });
    }
    entries.iter().map(|entry| entry.value.clone()).collect()
}

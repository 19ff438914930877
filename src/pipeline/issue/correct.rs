//! What a cycle billed again has more or less than all that is final of it.

use super::users::ListChange;
use super::{lines_of, user_counts};
use crate::ledger::{EntryLine, Figure, Held, UserCounts};
use crate::model::{CorrectionLine, Currency, Invoice, Money, Rounding};
use rust_decimal::Decimal;

/// A new bill less the final one, with its corrections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub users: UserCounts,
    /// Lines that differ, by kind and category.
    pub lines: Vec<CorrectionLine>,
    /// The same as the ledger keeps them, without the amounts in their words: lines of later
    /// documents must find them.
    pub entry_lines: Vec<EntryLine>,
    pub net: Money,
    pub tax: Money,
    pub total: Money,
    pub carried_forward: Money,
}

/// Compares a new bill with what is final; `None` where they are in two currencies.
///
/// # Panics
///
/// If the differences of the lines do not add up to that of the totals: no such correction may
/// leave the house.
pub fn difference(held: &Held<'_>, fresh: &Invoice) -> Option<Difference> {
    let currency = fresh.total.currency();
    if held.documents.iter().any(|document| document.currency != currency.code()) {
        return None;
    }
    let less = |now: Money, held: Decimal| now.plus(money(held, currency).negated());
    let (lines, entry_lines) = line_differences(held, fresh).into_iter().unzip::<_, _, Vec<_>, Vec<_>>();
    let (net, tax) = (less(fresh.net, held.net), less(fresh.tax, held.tax));
    let total = less(fresh.total, held.total);
    let sum = lines.iter().fold(Money::zero(currency), |sum, line| sum.plus(line.amount));
    assert_eq!(sum, total, "lines add up to the total");
    assert_eq!(net.plus(tax), total, "net and tax add up to the total");
    let now = user_counts(fresh);
    Some(Difference {
        users: UserCounts {
            generic: now.generic - held.users.generic,
            desktop: now.desktop - held.users.desktop,
            conferencing: now.conferencing - held.users.conferencing,
            messaging: now.messaging - held.users.messaging,
        },
        lines,
        entry_lines,
        net,
        tax,
        total,
        carried_forward: less(fresh.carried_forward, held.carried_forward),
    })
}

/// Exact: what the ledger holds was rounded when it became a line.
fn money(amount: Decimal, currency: Currency) -> Money {
    Money::round(amount, currency, Rounding::HalfUp)
}

/// Lines of one kind and category, or of one description where they have no category.
struct Group {
    /// The first one's words.
    words: EntryLine,
    before: (i64, Decimal),
    now: (i64, Decimal),
}

fn line_differences(held: &Held<'_>, fresh: &Invoice) -> Vec<(CorrectionLine, EntryLine)> {
    let mut groups: Vec<Group> = Vec::new();
    let mut group = |line: &EntryLine| -> usize {
        let key = |line: &EntryLine| {
            // A category's lines are tiers whose words change with the quantity, and there is one tax.
            let is_one = line.category.is_some() || line.kind == "tax";
            let words = if is_one { "" } else { base(&line.description) };
            (line.kind.clone(), line.category.clone(), words.to_owned())
        };
        let at = groups.iter().position(|group| key(&group.words) == key(line));
        at.unwrap_or_else(|| {
            let nothing = (0, Decimal::ZERO);
            groups.push(Group { words: line.clone(), before: nothing, now: nothing });
            groups.len() - 1
        })
    };
    let fresh_lines = lines_of(fresh);
    let now: Vec<(usize, &EntryLine)> = fresh_lines.iter().map(|line| (group(line), line)).collect();
    let held_lines = held.documents.iter().flat_map(|document| &document.lines);
    let before: Vec<(usize, &EntryLine)> = held_lines.map(|line| (group(line), line)).collect();
    for (at, line) in now {
        let (quantity, amount) = &mut groups[at].now;
        (*quantity, *amount) = (*quantity + line.quantity, *amount + line.amount.0);
    }
    for (at, line) in before {
        let (quantity, amount) = &mut groups[at].before;
        (*quantity, *amount) = (*quantity + line.quantity, *amount + line.amount.0);
    }
    groups.retain(|group| group.now != group.before);
    // The tax comes last, also where a kind of line is no longer there.
    groups.sort_by_key(|group| group.words.kind == "tax");
    let currency = fresh.total.currency();
    let line = |(at, group): (usize, &Group)| {
        let (kind, category) = (group.words.kind.clone(), group.words.category.clone());
        let quantity = group.now.0 - group.before.0;
        let amount = money(group.now.1 - group.before.1, currency);
        let entry_line = EntryLine {
            kind: kind.clone(),
            category: category.clone(),
            description: base(&group.words.description).to_owned(),
            quantity,
            amount: Figure(amount.amount()),
        };
        let line = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let description = group.description(currency);
        (CorrectionLine { line, kind, category, description, quantity, amount }, entry_line)
    };
    groups.iter().enumerate().map(line).collect()
}

/// A description without what changes with the amount.
fn base(description: &str) -> &str {
    match description.strip_suffix(" more carried forward").and_then(|text| text.rsplit_once(", ")) {
        Some((base, _)) => base,
        None => description,
    }
}

impl Group {
    fn description(&self, currency: Currency) -> String {
        let words = match (&self.words.category, self.words.kind.as_str()) {
            (Some(category), "charge") => {
                let (now, before) = (self.now.0, self.before.0);
                return format!("{category} users, {now} in place of {before}");
            }
            (Some(category), "included") => {
                let (now, before) = (self.now.0, self.before.0);
                return format!("{category} users, included, {now} in place of {before}");
            }
            (Some(category), "discount") => format!("Discount on {category} users"),
            (Some(category), "minimum") => format!("Up to the minimum of {category} users"),
            _ => base(&self.words.description).to_owned(),
        };
        format!("{words}, {} in place of {}", money(self.now.1, currency), money(self.before.1, currency))
    }
}

/// So many users are named in a sentence; the rest are counted.
const NAMED_USERS: usize = 3;

impl Difference {
    /// Whether no line and no sum differs.
    pub fn is_nothing(&self) -> bool {
        self.lines.is_empty()
            && self.users == UserCounts::default()
            && self.carried_forward.amount().is_zero()
    }

    /// What would change, in a sentence.
    pub fn sentence(&self, held: &Held<'_>, list: &ListChange) -> String {
        let numbers: Vec<&str> = held.documents.iter().map(|entry| entry.invoice_number.as_str()).collect();
        let start = format!("{}: final as {}", held.invoice.invoice_id, numbers.join(", "));
        if self.is_nothing() && list.is_nothing() {
            return format!("{start}; nothing would change");
        }
        let mut parts = match list {
            ListChange::Known(changes) => [(true, "added"), (false, "removed")]
                .into_iter()
                .flat_map(|(is_added, word)| {
                    ["generic", "desktop", "conferencing", "messaging"].into_iter().filter_map(
                        move |category| {
                            let mut users = changes
                                .iter()
                                .filter(|change| change.is_added == is_added && change.category == category);
                            let named: Vec<&str> = users
                                .by_ref()
                                .take(NAMED_USERS)
                                .map(|change| change.sip_uri.as_str())
                                .collect();
                            let more = users.count();
                            let all = named.len() + more;
                            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                            (all > 0).then(|| {
                                let s = if all == 1 { "" } else { "s" };
                                format!("{all} {category} user{s} {word} ({}{more})", named.join(", "))
                            })
                        },
                    )
                })
                .collect::<Vec<String>>(),
            ListChange::Unknown => {
                let UserCounts { generic, desktop, conferencing, messaging } = self.users;
                [
                    ("generic", generic),
                    ("desktop", desktop),
                    ("conferencing", conferencing),
                    ("messaging", messaging),
                ]
                .into_iter()
                .filter(|(_, users)| *users != 0)
                .map(|(category, users)| format!("{users:+} {category} users"))
                .collect()
            }
        };
        let code = self.total.currency();
        if self.total.amount().is_zero() {
            parts.push("the total would stay the same".to_owned());
        } else {
            let before = money(held.total, code);
            parts.push(format!("total {} in place of {before} {}", before.plus(self.total), code.code()));
        }
        format!("{start}; {}", parts.join(", "))
    }
}

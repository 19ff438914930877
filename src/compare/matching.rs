//! Row by row, user by user: the classes.

use super::amounts::{Prices, Stakes, nearest, stake};
use super::class::DiffClass;
use super::difference::{Comparison, Difference, Proof, Setting};
use super::find::{Index, groups};
use super::ours::{OurCharge, OurUser};
use super::spelling::Spelling;
use super::theirs::{Claim, TheirRow};
use super::why::{refusal_proof, why};
use crate::model::{Category, Reason, SipId};
use rust_decimal::Decimal;

/// Compares the two lists.
///
/// Users of ours must be distinct; of theirs the order means nothing but which of two equal rows stands for both.
///
/// # Panics
///
/// If some row did not get exactly one class: no list of differences may leave the house then.
pub fn compare(
    ours: &[OurUser],
    rows: &[TheirRow],
    setting: &Setting<'_>,
    prices: &dyn Prices,
) -> Comparison {
    let index = Index::of(ours, rows);
    let groups = groups(&index, ours.len(), rows);
    let mut matcher = Matcher { rows, setting, prices, found: Vec::with_capacity(rows.len()) };
    for (at, row) in rows.iter().enumerate() {
        if let Err((reason, sentence)) = &row.claim {
            matcher.bad(at, reason, sentence);
        }
    }
    let mut named = vec![false; ours.len()];
    for group in groups.chunk_by(|one, other| one.0 == other.0) {
        let number = group[0].0;
        let rows: Vec<usize> = group.iter().map(|(_, row)| *row).collect();
        if let Some(is_named) = named.get_mut(number) {
            *is_named = true;
        }
        matcher.user(ours.get(number), &rows);
    }
    for (user, _) in ours.iter().zip(&named).filter(|(_, is_named)| !**is_named) {
        for charge in &user.charges {
            matcher.not_billed(user, charge, "not_listed");
        }
    }
    let mut found = matcher.found;
    let written: Vec<String> =
        found.iter().map(|it| it.id.as_ref().map_or_else(String::new, SipId::escaped)).collect();
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_unstable_by(|one, other| {
        let key = |at: usize| {
            let it = &found[at];
            // By its line, so that the order in which rows are handed over means nothing.
            let row = it.row.map(|row| (rows[row].line, row));
            let tenant = (it.tenant.is_none(), it.tenant);
            (it.class, tenant, it.category.is_none(), it.category, &written[at], row)
        };
        key(*one).cmp(&key(*other)).then_with(|| found[*one].id.cmp(&found[*other].id))
    });
    let mut places = vec![0; order.len()];
    order.iter().enumerate().for_each(|(place, at)| places[*at] = place);
    let mut sorted: Vec<(usize, Difference)> = places.into_iter().zip(found.drain(..)).collect();
    sorted.sort_unstable_by_key(|(place, _)| *place);
    let mut all: Vec<Difference> = sorted.into_iter().map(|(_, it)| it).collect();
    let by_class = stake(&mut all, rows, prices);
    let of_theirs = |(class, stakes): (&DiffClass, &Stakes)| match class {
        DiffClass::SeenNotBilled => 0,
        _ => stakes.rows,
    };
    let classed: u64 = by_class.iter().map(of_theirs).sum();
    assert_eq!(classed, rows.len() as u64, "every row of theirs has exactly one class");
    let (matches, differences) = all.into_iter().partition(|it| it.class == DiffClass::Match);
    Comparison { differences, matches, by_class, rows: rows.len() as u64 }
}

struct Matcher<'a> {
    rows: &'a [TheirRow],
    setting: &'a Setting<'a>,
    prices: &'a dyn Prices,
    found: Vec<Difference>,
}

impl<'a> Matcher<'a> {
    fn claim(&self, row: usize) -> &'a Claim {
        self.rows[row].claim.as_ref().expect("only readable rows have users")
    }

    fn bad(&mut self, row: usize, reason: &str, sentence: &str) {
        self.found.push(Difference {
            class: DiffClass::VendorRowBad,
            reason: reason.to_owned(),
            tenant: None,
            category: None,
            id: None,
            row: Some(row),
            our_categories: Vec::new(),
            our_amount: None,
            at_stake: None,
            proof: Proof::Nothing,
            detail: sentence.to_owned(),
        });
    }

    /// All rows that name one user.
    fn user(&mut self, user: Option<&OurUser>, rows: &[usize]) {
        let mut taken = [false; Category::ALL.len()];
        let mut unbilled = Vec::new();
        let tenant = self.tenant(user, rows[0]);
        for category in Category::ALL {
            let Some((leader, rest)) = self.leader(rows, Some(category), tenant) else { continue };
            match user.and_then(|user| user.charge(category).map(|charge| (user, charge))) {
                Some((user, charge)) => {
                    taken[category as usize] = true;
                    self.taken(user, &[charge], leader);
                }
                None => unbilled.push(leader),
            }
            rest.iter().for_each(|row| self.again(user, leader, *row));
        }
        if let Some((leader, rest)) = self.leader(rows, None, tenant) {
            let charges = user.map_or(&[][..], |user| &user.charges);
            let free: Vec<&OurCharge> =
                charges.iter().filter(|charge| !taken[charge.category as usize]).collect();
            match user {
                Some(user) if !free.is_empty() => {
                    taken = [true; Category::ALL.len()];
                    self.taken(user, &free, leader);
                }
                // Other rows name each of the user's charges, so this one bills them again.
                Some(_) if !charges.is_empty() => {
                    let first = rows.iter().copied().find(|row| self.claim(*row).category.is_some());
                    self.again(user, first.unwrap_or(leader), leader);
                }
                _ => unbilled.push(leader),
            }
            rest.iter().for_each(|row| self.again(user, leader, *row));
        }
        for row in unbilled {
            self.unbilled(user, row, &mut taken);
        }
        if let Some(user) = user {
            for charge in user.charges.iter().filter(|charge| !taken[charge.category as usize]) {
                self.not_billed(user, charge, "other_category_listed");
            }
        }
    }

    fn tenant(&self, user: Option<&OurUser>, row: usize) -> Option<usize> {
        match user {
            Some(user) => user.tenant,
            None => (self.setting.tenant_of)(self.claim(row).id.borrowed()),
        }
    }

    /// Of the rows with that category the one that fits best, and the others.
    fn leader(
        &self,
        rows: &[usize],
        category: Option<Category>,
        tenant: Option<usize>,
    ) -> Option<(usize, Vec<usize>)> {
        let mut named: Vec<usize> =
            rows.iter().copied().filter(|row| self.claim(*row).category == category).collect();
        named.sort_unstable_by_key(|row| {
            let claim = self.claim(*row);
            let is_other_period = claim.period.difference(self.setting.cycle).is_some();
            (is_other_period, is_other_tenant(claim, tenant), self.rows[*row].line, *row)
        });
        let (leader, rest) = named.split_first()?;
        Some((*leader, rest.to_vec()))
    }

    /// A row about something of ours, still without a class.
    fn draft(&self, user: Option<&OurUser>, row: usize) -> Difference {
        let claim = self.claim(row);
        Difference {
            class: DiffClass::Match,
            reason: String::new(),
            tenant: self.tenant(user, row),
            category: claim.category,
            id: Some(user.map_or_else(|| claim.id.clone(), |user| user.id.clone())),
            row: Some(row),
            our_categories: Vec::new(),
            our_amount: None,
            at_stake: None,
            proof: Proof::Nothing,
            detail: String::new(),
        }
    }

    /// The row that stands for these charges of ours.
    fn taken(&mut self, user: &OurUser, charges: &[&OurCharge], row: usize) {
        let claim = self.claim(row);
        let mut it = self.draft(Some(user), row);
        it.our_categories = charges.iter().map(|charge| charge.category).collect();
        it.category = it.category.or(Some(charges[0].category));
        it.proof = proof_of(charges[0]);
        let lists = charges.iter().map(|charge| match user.tenant {
            Some(tenant) => self.prices.unit_prices(tenant, charge.category),
            None => &[],
        });
        let lists: Vec<&[Decimal]> = lists.collect();
        let amount = self.rows[row].amount;
        it.our_amount = amount.and_then(|amount| nearest(&lists, amount));
        if let Some(reason) = claim.period.difference(self.setting.cycle) {
            self.set_period(&mut it, reason, claim);
        } else if is_other_tenant(claim, user.tenant) {
            self.set_tenant(&mut it, claim);
        } else if let (Some(theirs), Some(ours)) = (amount, it.our_amount)
            && theirs != ours
        {
            it.class = DiffClass::Amount;
            it.reason = if theirs > ours { "too_much" } else { "too_little" }.to_owned();
            it.detail = format!("the book's nearest price is {}", ours.normalize());
        }
        note_of_spelling(&mut it, claim, &self.rows[row], user);
        if let (Some(theirs), [charge]) = (claim.active_days, charges)
            && charge.registrations > 0
            && theirs != u64::from(charge.active_days)
        {
            add(
                &mut it.detail,
                format!("they count {theirs} active days, the logs show {}", charge.active_days),
            );
        }
        self.found.push(it);
    }

    /// A row that names what another row has named already.
    fn again(&mut self, user: Option<&OurUser>, leader: usize, row: usize) {
        let claim = self.claim(row);
        let mut it = self.draft(user, row);
        if let Some(charge) = user.and_then(|user| user.charge(claim.category?)) {
            it.proof = proof_of(charge);
        }
        if let Some(reason) = claim.period.difference(self.setting.cycle) {
            self.set_period(&mut it, reason, claim);
        } else if is_other_tenant(claim, it.tenant) {
            self.set_tenant(&mut it, claim);
        } else {
            let spelling = Spelling::between(&self.rows[leader].text, &self.rows[row].text);
            let first = &self.rows[leader];
            it.detail = format!("their row {} names the same user", first.line);
            if spelling.is_same() {
                it.class = DiffClass::DuplicateExact;
                it.reason = "same_text".to_owned();
            } else {
                it.class = DiffClass::DuplicateAlias;
                it.reason = spelling.to_string();
                it.detail.push_str(&format!(" as `{}`", first.text));
            }
        }
        self.found.push(it);
    }

    /// A row for which we bill nothing in that category.
    fn unbilled(&mut self, user: Option<&OurUser>, row: usize, taken: &mut [bool; Category::ALL.len()]) {
        let claim = self.claim(row);
        let mut it = self.draft(user, row);
        let guest = user.into_iter().flat_map(|user| &user.refusals).find(|refusal| {
            claim.category == Some(Category::Conferencing) && refusal.reason == Reason::ConferenceGuest
        });
        let other = user.and_then(|user| {
            let is_free = |charge: &&OurCharge| !taken[charge.category as usize];
            user.charges.iter().find(is_free)
        });
        if let Some(reason) = claim.period.difference(self.setting.cycle) {
            self.set_period(&mut it, reason, claim);
        } else if let Some(guest) = guest {
            it.class = DiffClass::WrongRole;
            it.reason = "guest".to_owned();
            it.detail = guest.reason.sentence().to_owned();
            it.proof = refusal_proof(guest);
        } else if claim.is_host == Some(false) && claim.category == Some(Category::Conferencing) {
            it.class = DiffClass::WrongRole;
            it.reason = "guest_in_their_list".to_owned();
            it.detail = "their own row calls the user a guest, and guests are never charged".to_owned();
        } else if let (Some(charge), Some(_)) = (other, claim.category) {
            taken[charge.category as usize] = true;
            it.class = DiffClass::WrongCategory;
            it.reason = format!("is_{}", charge.category);
            it.our_categories = vec![charge.category];
            it.proof = proof_of(charge);
            it.detail = format!("the logs show {} use and no other", charge.category);
        } else {
            let why = why(user, claim.category, self.setting);
            it.class = DiffClass::BilledNotSeen;
            it.reason = why.reason.to_owned();
            it.proof = why.proof;
            it.detail = why.detail;
        }
        self.found.push(it);
    }

    /// A charge of ours that no row of theirs takes.
    fn not_billed(&mut self, user: &OurUser, charge: &OurCharge, reason: &str) {
        if !user.tenant.is_some_and(self.setting.is_listed) {
            return;
        }
        let mut detail = match (charge.registrations, charge.first_seen) {
            (0, _) | (_, None) => String::new(),
            (count, Some(first)) => {
                format!("{count} registrations on {} days, first {first}", charge.active_days)
            }
        };
        if charge.is_push_only {
            add(&mut detail, "through a push server only".to_owned());
        }
        self.found.push(Difference {
            class: DiffClass::SeenNotBilled,
            reason: reason.to_owned(),
            tenant: user.tenant,
            category: Some(charge.category),
            id: Some(user.id.clone()),
            row: None,
            our_categories: vec![charge.category],
            our_amount: None,
            at_stake: None,
            proof: proof_of(charge),
            detail,
        });
    }

    fn set_period(&self, it: &mut Difference, reason: &str, claim: &Claim) {
        let day = |day: Option<jiff::civil::Date>| day.map_or_else(|| "?".to_owned(), |day| day.to_string());
        let cycle = self.setting.cycle;
        it.class = DiffClass::Period;
        it.reason = reason.to_owned();
        it.detail = format!(
            "their row is for {} to {}, the cycle is {} up to {}",
            day(claim.period.start),
            day(claim.period.end),
            cycle.first_day,
            cycle.end_day
        );
    }

    fn set_tenant(&self, it: &mut Difference, claim: &Claim) {
        it.class = DiffClass::WrongTenant;
        match it.tenant {
            Some(tenant) => {
                let name = (self.setting.tenant_name)(tenant);
                it.detail = format!("billed to `{}`, and the domain is `{name}`'s", claim.tenant_text);
                it.reason = format!("is_{name}");
            }
            None => {
                it.detail = format!("billed to `{}`, and no tenant claims the domain", claim.tenant_text);
                it.reason = "is_unassigned".to_owned();
            }
        }
    }
}

fn is_other_tenant(claim: &Claim, tenant: Option<usize>) -> bool {
    claim.tenant.is_some() && claim.tenant != tenant
}

fn proof_of(charge: &OurCharge) -> Proof {
    match (charge.spot, charge.side_file_line) {
        (_, Some(line)) => Proof::SideFile { category: charge.category, line },
        (Some(spot), None) => Proof::Record { kind: charge.evidence.name(), spot },
        (None, None) => Proof::Nothing,
    }
}

/// Says how their spelling had to be read to mean this user.
fn note_of_spelling(it: &mut Difference, claim: &Claim, row: &TheirRow, user: &OurUser) {
    if !claim.mended.is_empty() {
        add(&mut it.detail, claim.mended.to_owned());
    }
    if claim.id != user.id {
        let spelling = Spelling::between(&row.text, &user.id.escaped());
        add(&mut it.detail, format!("taken for this user in spite of its spelling ({spelling})"));
    }
}

fn add(detail: &mut String, text: String) {
    if !detail.is_empty() {
        detail.push_str("; ");
    }
    detail.push_str(&text);
}

//! Who is billed for what, and why not: one pure function for the bill, for `explain` and for
//! whoever asks what would be.

use super::{Activity, Charge, CrossCategory, MessagingBasis, NoAgent, PushServer, Sustained, Tariff};
use crate::model::{
    BilledUser, Category, Class, Cycle, Decision, EvidenceKind, Reason, Seen, SipId, Standing, UnbilledUser,
};
use regex::RegexSet;
use std::collections::BTreeMap;

/// A row of a side file that lists the user for a category, in this cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listing {
    pub category: Category,
    /// 1-based line of the side file.
    pub line: u64,
}

/// A tenant's rules of activity, compiled.
#[derive(Debug)]
pub struct Decider {
    activity: Activity,
    exclude: RegexSet,
    charges: Vec<Charge>,
}

/// What is decided for one observed thing.
enum Outcome {
    Due(Category),
    Not(Reason, Option<Category>),
}

impl Decider {
    /// Compiles the rules.
    ///
    /// # Errors
    ///
    /// A pattern of `exclude` that is no regular expression; the book has refused those already.
    pub fn new(activity: &Activity, tariff: &Tariff) -> Result<Self, regex::Error> {
        Ok(Self {
            exclude: RegexSet::new(&activity.exclude)?,
            activity: activity.clone(),
            charges: tariff.charges.clone(),
        })
    }

    /// Every charge due for one user in one cycle, and the reason for each that is not made.
    ///
    /// `seen` is everything seen of the user in the cycle, `listings` the side files' rows for the
    /// user that count in it.
    pub fn decide(&self, id: &SipId, cycle: &Cycle, seen: &[Seen<'_>], listings: &[Listing]) -> Decision {
        let mut due: BTreeMap<Category, Vec<&Seen<'_>>> = BTreeMap::new();
        let mut not: BTreeMap<(Reason, Option<Category>), Vec<&Seen<'_>>> = BTreeMap::new();
        let is_excluded = self.exclude.is_match(&id.escaped());
        for it in seen {
            match self.outcome(it) {
                Some(Outcome::Due(category) | Outcome::Not(_, Some(category))) if is_excluded => {
                    not.entry((Reason::Excluded, Some(category))).or_default().push(it);
                }
                Some(Outcome::Due(category)) => match self.is_charged(category, cycle) {
                    true => due.entry(category).or_default().push(it),
                    false => not.entry((Reason::ChargeDisabled, Some(category))).or_default().push(it),
                },
                Some(Outcome::Not(reason, would_be)) => not.entry((reason, would_be)).or_default().push(it),
                None => {}
            }
        }
        if self.activity.cross_category == CrossCategory::Once
            && due.contains_key(&Category::Generic)
            && let Some(desktop) = due.remove(&Category::Desktop)
        {
            not.insert((Reason::BilledAsGeneric, Some(Category::Desktop)), desktop);
        }
        let mut decision = Decision::default();
        for (category, seen) in &due {
            decision.billed.push(billed(id, *category, seen));
        }
        for category in [Category::Conferencing, Category::Messaging] {
            self.by_list(id, cycle, category, seen, listings, is_excluded, &mut decision);
        }
        // What stands in two categories at once is told once: a row of the user's own kind.
        for ((reason, would_be), seen) in not {
            decision.unbilled.push(unbilled(id, reason, would_be, &seen));
        }
        if decision.billed.is_empty() && decision.unbilled.is_empty() {
            decision.unbilled.extend(only(id, seen));
        }
        decision.billed.sort_by_key(|user| user.category);
        decision.unbilled.sort_by_key(|user| (user.reason, user.would_be));
        decision
    }

    /// What one entry makes due, by itself; `None` for what is no activity.
    fn outcome(&self, it: &Seen<'_>) -> Option<Outcome> {
        Some(match it.standing {
            Standing::Accepted => self.registration(it),
            Standing::Sustained => match self.activity.sustained {
                Sustained::Open | Sustained::Closed => self.registration(it),
                Sustained::Report | Sustained::Ignore => return None,
            },
            Standing::Hosted => Outcome::Due(Category::Conferencing),
            Standing::Joined => Outcome::Not(Reason::ConferenceGuest, Some(Category::Conferencing)),
            Standing::MessageSent => match self.basis() {
                MessagingBasis::Use => Outcome::Due(Category::Messaging),
                MessagingBasis::Registration | MessagingBasis::Listed => {
                    Outcome::Not(Reason::MessageNotBasis, Some(Category::Messaging))
                }
            },
            _ => return None,
        })
    }

    /// An accepted registration, by its client.
    fn registration(&self, it: &Seen<'_>) -> Outcome {
        let category = match it.class {
            Class::Generic => Category::Generic,
            Class::Desktop => Category::Desktop,
            Class::Unknown if it.agent.is_none() => {
                return match self.activity.no_agent {
                    NoAgent::Generic => Outcome::Due(Category::Generic),
                    NoAgent::Desktop => Outcome::Due(Category::Desktop),
                    NoAgent::Refuse | NoAgent::Report => Outcome::Not(Reason::NoAgent, None),
                };
            }
            Class::Unknown => return Outcome::Not(Reason::PlatformUnknown, None),
            Class::Undecided => return Outcome::Not(Reason::PlatformUndecided, Some(Category::Desktop)),
            Class::NotBilled => return Outcome::Not(Reason::PlatformNotBilled, None),
        };
        if it.is_push && self.activity.push_server == PushServer::Ignore {
            return Outcome::Not(Reason::PushIgnored, Some(category));
        }
        match it.is_billable {
            true => Outcome::Due(category),
            false => Outcome::Not(Reason::NotBillableAgent, Some(category)),
        }
    }

    /// Charges that a side file can make due.
    #[allow(clippy::too_many_arguments, reason = "one decision's own state, taken apart for reading")]
    fn by_list(
        &self,
        id: &SipId,
        cycle: &Cycle,
        category: Category,
        seen: &[Seen<'_>],
        listings: &[Listing],
        is_excluded: bool,
        decision: &mut Decision,
    ) {
        let Some(row) = listings.iter().filter(|it| it.category == category).min() else { return };
        if decision.billed.iter().any(|user| user.category == category) {
            return;
        }
        let is_registered =
            seen.iter().any(|it| matches!(it.standing, Standing::Accepted | Standing::Sustained));
        let needs_registration =
            category == Category::Messaging && self.basis() == MessagingBasis::Registration;
        let reason = if is_excluded {
            Some(Reason::Excluded)
        } else if !self.is_charged(category, cycle) {
            Some(Reason::ChargeDisabled)
        } else if category == Category::Messaging && self.basis() == MessagingBasis::Use {
            Some(Reason::MessageNotBasis)
        } else if needs_registration && !is_registered {
            Some(Reason::NotRegistered)
        } else {
            None
        };
        match reason {
            Some(reason) => decision.unbilled.push(unbilled(id, reason, Some(category), &[])),
            None => {
                let row = row.line;
                let listed = BilledUser { side_file_line: Some(row), ..billed(id, category, &[]) };
                decision.billed.push(listed);
                // Charged by the list: that the log's own hint alone would not do is no news.
                decision.unbilled.retain(|it| it.would_be != Some(category));
            }
        }
    }

    fn basis(&self) -> MessagingBasis {
        let messaging = self.charges.iter().find(|charge| charge.category == Category::Messaging);
        messaging.map_or(MessagingBasis::Registration, |charge| charge.basis)
    }

    fn is_charged(&self, category: Category, cycle: &Cycle) -> bool {
        self.charges.iter().any(|charge| charge.category == category && charge.is_made(cycle))
    }
}

/// The row of `users.csv`: of these entries only.
fn billed(id: &SipId, category: Category, seen: &[&Seen<'_>]) -> BilledUser {
    let registrations = seen.iter().filter(|it| it.standing != Standing::Sustained);
    let earliest = seen
        .iter()
        .min_by_key(|it| (it.standing == Standing::Sustained, it.first.is_none(), it.first, it.spot));
    let is_registration = matches!(category, Category::Generic | Category::Desktop);
    BilledUser {
        category,
        sip_id: id.clone(),
        platforms: platforms(seen),
        push_only: is_registration && !seen.is_empty() && seen.iter().all(|it| it.is_push),
        first_seen: registrations.clone().filter_map(|it| it.first).min(),
        last_seen: registrations.clone().filter_map(|it| it.last).max(),
        active_days: registrations.clone().fold(0, |days, it| days | it.days).count_ones(),
        registrations: registrations.map(|it| it.count).sum(),
        user_agents: agents(seen),
        evidence: earliest.map_or(EvidenceKind::SideFile, |it| match it.standing {
            Standing::Sustained => EvidenceKind::Sustained,
            _ => it.evidence,
        }),
        spot: earliest.map(|it| it.spot),
        side_file_line: None,
    }
}

fn unbilled(id: &SipId, reason: Reason, would_be: Option<Category>, seen: &[&Seen<'_>]) -> UnbilledUser {
    UnbilledUser {
        sip_id: id.clone(),
        reason,
        would_be,
        platforms: platforms(seen),
        user_agents: agents(seen),
        count: seen.iter().map(|it| it.count).sum(),
        first_seen: seen.iter().filter_map(|it| it.first).min(),
        last_seen: seen.iter().filter_map(|it| it.last).max(),
        spot: seen.iter().min_by_key(|it| (it.first.is_none(), it.first, it.spot)).map(|it| it.spot),
    }
}

/// Why a user of whom nothing counts is not billed: what comes nearest to an activity.
fn only(id: &SipId, seen: &[Seen<'_>]) -> Option<UnbilledUser> {
    const NEAREST: [(Standing, Reason); 7] = [
        (Standing::Sustained, Reason::OnlyExpired),
        (Standing::Snapshot, Reason::OnlySnapshot),
        (Standing::Attempted, Reason::OnlyAttempted),
        (Standing::Deregistered, Reason::OnlyDeregistered),
        (Standing::Fetched, Reason::OnlyFetched),
        (Standing::Expired, Reason::OnlyExpired),
        (Standing::Refused, Reason::OnlyRefused),
    ];
    NEAREST.iter().find_map(|(standing, reason)| {
        let these: Vec<&Seen<'_>> = seen.iter().filter(|it| it.standing == *standing).collect();
        (!these.is_empty()).then(|| unbilled(id, *reason, None, &these))
    })
}

fn platforms(seen: &[&Seen<'_>]) -> Vec<crate::model::Platform> {
    // A conference or a message tells nothing of the client.
    let registrations = seen
        .iter()
        .filter(|it| !matches!(it.standing, Standing::Hosted | Standing::Joined | Standing::MessageSent));
    let mut platforms: Vec<_> = registrations.map(|it| it.platform).collect();
    platforms.sort_unstable();
    platforms.dedup();
    platforms
}

fn agents(seen: &[&Seen<'_>]) -> Vec<Box<[u8]>> {
    let mut agents: Vec<Box<[u8]>> = seen.iter().filter_map(|it| it.agent.map(Into::into)).collect();
    agents.sort_unstable();
    agents.dedup();
    agents
}

#[cfg(test)]
mod tests;

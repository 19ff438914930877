//! Who is billed for what, and why not: one pure function for the bill, for `explain` and for
//! whoever asks what would be.

use super::{Activity, Charge, CrossCategory, MessagingBasis, NoAgent, PushServer, Sustained, Tariff};
use crate::model::{
    BilledUser, Category, Class, Cycle, Decision, EvidenceKind, Platforms, Reason, Seen, SipIdRef, Standing,
    UnbilledUser,
};
use regex::RegexSet;

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

/// What is decided for one observed thing by itself.
enum Outcome {
    Due(Category),
    Not(Reason, Option<Category>),
}

/// What makes one charge due.
#[derive(Default)]
struct Due<'s, 't> {
    seen: Vec<&'s Seen<'t>>,
    /// The first row of a side file that names the user for this charge.
    side_file_line: Option<u64>,
}

/// A decision under way. There is one for every user, so it is made of little.
#[derive(Default)]
struct Draft<'s, 't> {
    /// By category.
    due: [Option<Due<'s, 't>>; Category::ALL.len()],
    /// In no order, each reason and category once.
    not: Vec<Refusal<'s, 't>>,
}

/// Why something is not billed, what it would have been, and what was seen of it.
type Refusal<'s, 't> = ((Reason, Option<Category>), Vec<&'s Seen<'t>>);

impl Decider {
    /// Compiles the rules.
    ///
    /// `exclude` is matched against the SIP-ID as the outputs show it ([`SipIdRef::escaped`]).
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
    /// user that count in it; the order of either means nothing. There is at most one billed row a
    /// category, and one unbilled row a reason and category it would have been.
    pub fn decide<'t>(
        &self,
        id: SipIdRef<'t>,
        cycle: &Cycle,
        seen: &[Seen<'t>],
        listings: &[Listing],
    ) -> Decision<'t> {
        let mut draft = Draft::default();
        self.by_what_was_seen(&mut draft, cycle, seen);
        self.by_side_files(&mut draft, cycle, seen, listings);
        draft.drop_overtaken();
        self.refuse_uncharged(&mut draft, cycle);
        if self.activity.cross_category == CrossCategory::Once && draft.is_due(Category::Generic) {
            draft.refuse(Category::Desktop, Reason::BilledAsGeneric);
        }
        if draft.due.iter().all(Option::is_none) && draft.not.is_empty() {
            self.by_what_comes_nearest(&mut draft, seen);
        }
        if !self.exclude.is_empty() && self.exclude.is_match(&id.written()) {
            draft.exclude();
        }
        draft.not.sort_unstable_by_key(|(key, _)| *key);
        let due = Category::ALL.into_iter().zip(&draft.due);
        let not = draft.not.iter();
        Decision {
            billed: due.filter_map(|(category, due)| Some(billed(id, category, due.as_ref()?))).collect(),
            unbilled: not.map(|((reason, would_be), seen)| unbilled(id, *reason, *would_be, seen)).collect(),
        }
    }

    fn by_what_was_seen<'s, 't>(&self, draft: &mut Draft<'s, 't>, cycle: &Cycle, seen: &'s [Seen<'t>]) {
        // `no_agent` is about users, not records: whoever showed a User-Agent once is judged by it,
        // or a phone whose other server logs none would be charged as a desktop besides.
        let has_agent = seen.iter().any(|it| self.is_registration(it) && it.agent.is_some());
        for it in seen {
            match self.outcome(it, cycle, has_agent) {
                Some(Outcome::Due(category)) => draft.due(category).seen.push(it),
                Some(Outcome::Not(reason, would_be)) => {
                    draft.not(reason, would_be).push(it);
                }
                None => {}
            }
        }
    }

    /// What one entry makes due, by itself; `None` for what is no activity.
    fn outcome(&self, it: &Seen<'_>, cycle: &Cycle, has_agent: bool) -> Option<Outcome> {
        Some(match it.standing {
            Standing::Accepted => self.registration(it, has_agent),
            Standing::SustainedClosed | Standing::SustainedOpen => {
                match (self.activity.sustained, self.registration(it, has_agent)) {
                    (_, outcome) if self.is_registration(it) => outcome,
                    (Sustained::Ignore, _) => return None,
                    (_, Outcome::Due(category)) => Outcome::Not(Reason::OnlySustained, Some(category)),
                    _ => return None,
                }
            }
            Standing::Hosted => Outcome::Due(Category::Conferencing),
            Standing::Joined => Outcome::Not(Reason::ConferenceGuest, Some(Category::Conferencing)),
            Standing::MessageSent => match self.basis(cycle) {
                // Without a charge there is no other basis to name; the charge's own gate tells.
                None | Some(MessagingBasis::Use) => Outcome::Due(Category::Messaging),
                Some(MessagingBasis::Registration | MessagingBasis::Listed) => {
                    Outcome::Not(Reason::MessageNotBasis, Some(Category::Messaging))
                }
            },
            Standing::Snapshot
            | Standing::Unproven
            | Standing::Attempted
            | Standing::Refused
            | Standing::Deregistered
            | Standing::Fetched
            | Standing::Expired => return None,
        })
    }

    /// An accepted registration, by its client.
    fn registration(&self, it: &Seen<'_>, has_agent: bool) -> Outcome {
        let category = match it.class {
            Class::Generic => Category::Generic,
            Class::Desktop => Category::Desktop,
            Class::Unknown if it.agent.is_none() => {
                return match self.activity.no_agent {
                    NoAgent::Generic if !has_agent => Outcome::Due(Category::Generic),
                    NoAgent::Desktop if !has_agent => Outcome::Due(Category::Desktop),
                    _ => Outcome::Not(Reason::NoAgent, None),
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

    /// Charges that a row of a side file makes due. A charge that the logs make due anyway keeps
    /// their evidence.
    fn by_side_files<'s, 't>(
        &self,
        draft: &mut Draft<'s, 't>,
        cycle: &Cycle,
        seen: &'s [Seen<'t>],
        listings: &[Listing],
    ) {
        for listing in listings {
            if listing.category == Category::Messaging {
                match self.basis(cycle) {
                    Some(MessagingBasis::Registration) if !seen.iter().any(|it| self.is_registration(it)) => {
                        draft.not(Reason::NotRegistered, Some(Category::Messaging));
                        continue;
                    }
                    // The book reads no side file for this basis.
                    Some(MessagingBasis::Use) => continue,
                    _ => {}
                }
            }
            let due = draft.due(listing.category);
            let line = due.side_file_line.unwrap_or(u64::MAX).min(listing.line);
            due.side_file_line = Some(line);
        }
    }

    /// Takes back what the book has no charge for, or one that is switched off in this cycle.
    fn refuse_uncharged(&self, draft: &mut Draft<'_, '_>, cycle: &Cycle) {
        for category in Category::ALL {
            if self.charge(category, cycle).is_none() {
                draft.refuse(category, Reason::ChargeDisabled);
            }
        }
    }

    /// Why a user of whom nothing counts is not billed: what comes nearest to an activity. A
    /// binding that lived comes before a client that tried, a client that was let in to sign off
    /// or to ask before a server's housekeeping, and a refusal, which any scanner gets, comes last.
    fn by_what_comes_nearest<'s, 't>(&self, draft: &mut Draft<'s, 't>, seen: &'s [Seen<'t>]) {
        const NEAREST: [(Standing, Reason); 9] = [
            (Standing::SustainedClosed, Reason::OnlySustained),
            (Standing::SustainedOpen, Reason::OnlySustained),
            (Standing::Snapshot, Reason::OnlySnapshot),
            (Standing::Unproven, Reason::NotProven),
            (Standing::Attempted, Reason::OnlyAttempted),
            (Standing::Deregistered, Reason::OnlyDeregistered),
            (Standing::Fetched, Reason::OnlyFetched),
            (Standing::Expired, Reason::OnlyExpired),
            (Standing::Refused, Reason::OnlyRefused),
        ];
        let is_seen = |standing| seen.iter().any(|it| it.standing == standing);
        let Some((standing, reason)) = NEAREST.into_iter().find(|(standing, _)| is_seen(*standing)) else {
            return;
        };
        let is_weak_proof = matches!(standing, Standing::Snapshot | Standing::Unproven | Standing::Attempted)
            || standing.is_sustained();
        for it in seen.iter().filter(|it| it.standing == standing) {
            // A better proof of the same client would have been billed as this.
            let would_be = match self.registration(it, it.agent.is_some()) {
                Outcome::Due(category) if is_weak_proof => Some(category),
                _ => None,
            };
            draft.not(reason, would_be).push(it);
        }
    }

    /// Whether the entry is a registration under the book's settings, whatever its client.
    fn is_registration(&self, it: &Seen<'_>) -> bool {
        match it.standing {
            Standing::Accepted => true,
            Standing::SustainedClosed => {
                matches!(self.activity.sustained, Sustained::Open | Sustained::Closed)
            }
            Standing::SustainedOpen => self.activity.sustained == Sustained::Open,
            _ => false,
        }
    }

    /// What makes a messaging user; `None` where messaging is not charged in the cycle.
    fn basis(&self, cycle: &Cycle) -> Option<MessagingBasis> {
        self.charge(Category::Messaging, cycle).map(|charge| charge.basis)
    }

    /// The charge of the category, if it is made in the cycle.
    fn charge(&self, category: Category, cycle: &Cycle) -> Option<&Charge> {
        self.charges.iter().find(|charge| charge.category == category && charge.is_made(cycle))
    }
}

impl<'s, 't> Draft<'s, 't> {
    /// What makes the charge due, to be added to.
    fn due(&mut self, category: Category) -> &mut Due<'s, 't> {
        self.due[category as usize].get_or_insert_default()
    }

    fn is_due(&self, category: Category) -> bool {
        self.due[category as usize].is_some()
    }

    /// What is not billed for that reason, to be added to.
    fn not(&mut self, reason: Reason, would_be: Option<Category>) -> &mut Vec<&'s Seen<'t>> {
        let key = (reason, would_be);
        let place = self.not.iter().position(|(known, _)| *known == key).unwrap_or_else(|| {
            self.not.push((key, Vec::new()));
            self.not.len() - 1
        });
        &mut self.not[place].1
    }

    /// A charge that is not made after all.
    fn refuse(&mut self, category: Category, reason: Reason) {
        if let Some(due) = self.due[category as usize].take() {
            self.not(reason, Some(category)).extend(due.seen);
        }
    }

    /// Drops the reasons that say "only" or "none" of a charge that is due by something else: a
    /// host who also joined as a guest is a host.
    fn drop_overtaken(&mut self) {
        let due = &self.due;
        self.not.retain(|((reason, would_be), _)| {
            let is_overtaken = matches!(
                reason,
                Reason::PushIgnored
                    | Reason::ConferenceGuest
                    | Reason::MessageNotBasis
                    | Reason::OnlySustained
            );
            !(is_overtaken && would_be.is_some_and(|category| due[category as usize].is_some()))
        });
    }

    /// Charges nothing, for this reason alone.
    fn exclude(&mut self) {
        for category in Category::ALL {
            self.refuse(category, Reason::Excluded);
        }
        for ((_, would_be), seen) in std::mem::take(&mut self.not) {
            self.not(Reason::Excluded, would_be).extend(seen);
        }
    }
}

/// The row of `users.csv`: of these entries only.
fn billed<'t>(id: SipIdRef<'t>, category: Category, due: &Due<'_, 't>) -> BilledUser<'t> {
    let seen = due.seen.as_slice();
    let registrations = seen.iter().filter(|it| !it.standing.is_sustained());
    let earliest = seen.iter().min_by_key(|it| {
        // A line of its own is better evidence than a life, and a life with an end than one without.
        let rank = if it.standing.is_sustained() { it.standing as u8 } else { 0 };
        (rank, it.first.is_none(), it.first, it.spot, it.evidence)
    });
    let is_registration = matches!(category, Category::Generic | Category::Desktop);
    let days = registrations.clone().fold(0, |days, it| days | it.days);
    BilledUser {
        category,
        sip_id: id,
        platforms: platforms(seen),
        push_only: is_registration && !seen.is_empty() && seen.iter().all(|it| it.is_push),
        first_seen: registrations.clone().filter_map(|it| it.first).min(),
        last_seen: registrations.clone().filter_map(|it| it.last).max(),
        active_days: days.count_ones(),
        days,
        registrations: registrations.map(|it| it.count).sum(),
        user_agents: agents(seen),
        evidence: earliest.map_or(EvidenceKind::SideFile, |it| match it.standing {
            Standing::SustainedClosed => EvidenceKind::SustainedClosed,
            Standing::SustainedOpen => EvidenceKind::SustainedOpen,
            _ => it.evidence,
        }),
        spot: earliest.map(|it| it.spot),
        // The line of a log is the better evidence.
        side_file_line: due.side_file_line.filter(|_| seen.is_empty()),
    }
}

fn unbilled<'t>(
    id: SipIdRef<'t>,
    reason: Reason,
    would_be: Option<Category>,
    seen: &[&Seen<'t>],
) -> UnbilledUser<'t> {
    UnbilledUser {
        sip_id: id,
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

fn platforms(seen: &[&Seen<'_>]) -> Platforms {
    // A conference or a message tells nothing of the client.
    let registrations = seen
        .iter()
        .filter(|it| !matches!(it.standing, Standing::Hosted | Standing::Joined | Standing::MessageSent));
    registrations.map(|it| it.platform).collect()
}

fn agents<'t>(seen: &[&Seen<'t>]) -> Vec<&'t [u8]> {
    let mut agents: Vec<&[u8]> = seen.iter().filter_map(|it| it.agent).collect();
    agents.sort_unstable();
    agents.dedup();
    agents
}

#[cfg(test)]
mod tests;

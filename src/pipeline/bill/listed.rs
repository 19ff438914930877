//! Rows of side files that charge nobody: those of guests, those of users whose domain no tenant claims, and those of
//! another tenant's users. The first two are told of like what the logs say of such users.

use super::{Bill, TenantRules};
use crate::model::{Category, Cycle, Decision, Platforms, Reason, SipId, SipIdRef, UnbilledUser};
use crate::read::SideRow;

impl Bill<'_> {
    /// Whether a side file of the book has a row for the user in the cycle.
    pub(super) fn is_listed(&self, id: SipIdRef<'_>, cycle: &Cycle) -> bool {
        let mut sides = self.rules(cycle).iter().flat_map(|rules| &rules.side_files);
        sides.any(|side| side.rows_of(id.as_bytes()).any(|row| row.overlaps(cycle.window)))
    }
}

impl Bill<'_> {
    /// Rows of side files that would charge their users in the cycle, were they their own tenants', which do not read the file: a
    /// sentence for each file.
    pub fn stray_rows(&self, cycle: &Cycle) -> Vec<String> {
        let rules = self.rules(cycle);
        let sides = rules
            .iter()
            .enumerate()
            .flat_map(|(number, rules)| rules.side_files.iter().map(move |side| (number, side)));
        let told = sides.filter_map(|(tenant, side)| {
            let owner = |id: &SipId| self.tenant_number(id.borrowed()).filter(|owner| *owner != tenant);
            let strays = side.users().filter_map(|id| Some((id, &rules[owner(id)?])));
            let strays = strays.filter(|(_, owner)| !owner.side_files.iter().any(|own| own.is_as(side)));
            let rows = strays.flat_map(|(id, owner)| {
                side.rows_of(id.as_bytes()).map(move |row| (row, &owner.tenant.name[..]))
            });
            let charges =
                |row: &SideRow| row.overlaps(cycle.window) && (row.is_host || side.category != Category::Conferencing);
            let rows: Vec<(u64, &str)> =
                rows.filter(|(row, _)| charges(row)).map(|(row, owner)| (row.line, owner)).collect();
            let (line, owner) = rows.iter().min()?;
            let more = match rows.len() {
                1 => String::new(),
                len => format!(", as {len} of its rows name others' users"),
            };
            Some(format!(
                "{}:{line}: in a side file of tenant `{}`, names a user of `{}`, whom it does not charge{more}",
                side.shown,
                rules[tenant].tenant.name.escape_debug(),
                owner.escape_debug()
            ))
        });
        told.collect()
    }
}

impl TenantRules<'_> {
    /// The line of the side file that lists the user as a mere guest of a conference in the cycle.
    pub(super) fn guest_row(&self, id: SipIdRef<'_>, cycle: &Cycle) -> Option<u64> {
        let conferences = self.side_files.iter().filter(|side| side.category == Category::Conferencing);
        let rows = conferences.flat_map(|side| side.rows_of(id.as_bytes()));
        rows.filter(|row| !row.is_host && row.overlaps(cycle.window)).map(|row| row.line).min()
    }

    /// The decision with what a guest's row says, where nothing else tells of the user's conferences.
    pub(super) fn with_guest<'s>(
        &self,
        id: SipIdRef<'s>,
        cycle: &Cycle,
        decision: Option<Decision<'s>>,
    ) -> Option<Decision<'s>> {
        let conferencing = Some(Category::Conferencing);
        let is_told = decision.as_ref().is_some_and(|decision| {
            decision.billed.iter().any(|user| Some(user.category) == conferencing)
                || decision.unbilled.iter().any(|user| user.would_be == conferencing)
        });
        if is_told || self.guest_row(id, cycle).is_none() {
            return decision;
        }
        let mut decision = decision.unwrap_or_default();
        decision.unbilled.push(unseen(id, Reason::ConferenceGuest, conferencing));
        decision.unbilled.sort_by_key(|user| (user.reason, user.would_be));
        Some(decision)
    }
}

/// One of whom only a side file tells.
pub(super) fn unseen(sip_id: SipIdRef<'_>, reason: Reason, would_be: Option<Category>) -> UnbilledUser<'_> {
    UnbilledUser {
        sip_id,
        reason,
        would_be,
        platforms: Platforms::default(),
        user_agents: Vec::new(),
        count: 0,
        first_seen: None,
        last_seen: None,
        spot: None,
    }
}

//! `unbilled.csv`: who was seen and not charged, why, and what it would have been.

use super::places::{sip_uri, written_order};
use super::{Dialect, Places, Sheet};
use crate::model::{Cycle, UnbilledUser};
use std::io::{self, Write};

const COLUMNS: [&str; 13] = [
    "cycle_start",
    "tenant",
    "sip_uri",
    "reason",
    "sentence",
    "would_be",
    "platforms",
    "count",
    "first_seen",
    "last_seen",
    "user_agents",
    "evidence_file",
    "evidence_offset",
];

/// Those of one cycle and tenant who were seen and not charged.
#[derive(Debug, Clone, Copy)]
pub struct UnbilledGroup<'t> {
    pub cycle: &'t Cycle,
    /// `unassigned` where no tenant claims the domain.
    pub tenant: &'t str,
    pub users: &'t [UnbilledUser],
}

/// Writes the groups in the order given, and within each sorts by `sip_uri`, reason and
/// category. Times are RFC 3339 in UTC.
///
/// # Errors
///
/// What the writer says.
pub fn write_unbilled_csv<'t>(
    out: &mut dyn Write,
    dialect: Dialect,
    groups: impl IntoIterator<Item = UnbilledGroup<'t>>,
    places: &dyn Places,
) -> io::Result<()> {
    let mut sheet = Sheet::new(out, dialect, &COLUMNS)?;
    for UnbilledGroup { cycle, tenant, users } in groups {
        let mut sorted: Vec<&UnbilledUser> = users.iter().collect();
        sorted.sort_by(|left, right| {
            written_order(&left.sip_id, &right.sip_id).then_with(|| {
                (left.reason, left.would_be, left.spot).cmp(&(right.reason, right.would_be, right.spot))
            })
        });
        for user in sorted {
            sheet.value(cycle.first_day)?;
            sheet.text(tenant)?;
            sheet.log_text(sip_uri(&user.sip_id).as_bytes())?;
            sheet.value(user.reason.name())?;
            sheet.text(user.reason.sentence())?;
            sheet.optional(user.would_be)?;
            sheet.words(&user.platforms)?;
            sheet.value(user.count)?;
            sheet.optional(user.first_seen)?;
            sheet.optional(user.last_seen)?;
            sheet.agents(&user.user_agents)?;
            match user.spot {
                Some(spot) => sheet.text(places.input(spot))?,
                None => sheet.empty()?,
            }
            sheet.optional(user.spot.map(|spot| spot.offset))?;
            sheet.end_row()?;
        }
    }
    sheet.finish()
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Logs, OCTOBER_5, cycle, sip_id, texts, written};
    use super::*;
    use crate::model::{Category, Platform, Reason, Spot};

    #[test]
    fn each_row_says_why_and_what_it_would_have_been() {
        let seen = UnbilledUser {
            sip_id: sip_id("1002@a.example"),
            reason: Reason::NotBillableAgent,
            would_be: Some(Category::Generic),
            platforms: vec![Platform::Ios],
            user_agents: texts(&[b"Other|Phone\x1b[2J"]),
            count: 3,
            first_seen: Some(OCTOBER_5),
            last_seen: Some(OCTOBER_5),
            spot: Some(Spot { input: 1, offset: 12 }),
        };
        let listed = UnbilledUser {
            sip_id: sip_id("1001@a.example"),
            reason: Reason::NotRegistered,
            would_be: Some(Category::Messaging),
            platforms: vec![],
            user_agents: vec![],
            count: 0,
            first_seen: None,
            last_seen: None,
            spot: None,
        };
        let users = [seen, listed];
        let group = UnbilledGroup { cycle: &cycle(), tenant: "acme", users: &users };
        let csv = written(|out| write_unbilled_csv(out, Dialect::Machine, [group], &Logs));
        insta::assert_snapshot!(csv, @r#"
        cycle_start,tenant,sip_uri,reason,sentence,would_be,platforms,count,first_seen,last_seen,user_agents,evidence_file,evidence_offset
        2026-10-01,acme,sip:1001@a.example,not_registered,"listed as a messaging user, but never registered in the cycle",messaging,,0,,,,,
        2026-10-01,acme,sip:1002@a.example,not_billable_agent,the app is none of `billable_agents`,generic,ios,3,2026-10-05T14:03:22Z,2026-10-05T14:03:22Z,Other\x7CPhone\x1B[2J,pbx1/full,12
        "#);
    }
}

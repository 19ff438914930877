//! `users.csv`: the billed users of one tenant and cycle, for reconciliation.

use super::places::{sip_uri, written_order};
use super::{Dialect, Places, Sheet};
use crate::model::{BilledUser, Cycle, EvidenceKind};
use std::io::{self, Write};

const COLUMNS: [&str; 15] = [
    "cycle_start",
    "cycle_end",
    "tenant",
    "category",
    "sip_uri",
    "platforms",
    "push_only",
    "first_seen",
    "last_seen",
    "active_days",
    "registrations",
    "user_agents",
    "evidence",
    "evidence_file",
    "evidence_offset",
];

/// Writes the charges of one tenant and cycle, sorted by category and then by `sip_uri`, in
/// whatever order they come.
///
/// `cycle_start` and `cycle_end` are dates in the cycle's zone, the latter the first day after
/// it; `first_seen` and `last_seen` are RFC 3339 in UTC, so that no reader needs the zone. For a
/// row of a side file the offset is its line, counted from 1.
///
/// # Errors
///
/// What the writer says.
pub fn write_users_csv(
    out: &mut dyn Write,
    dialect: Dialect,
    cycle: &Cycle,
    tenant: &str,
    users: &[BilledUser],
    places: &dyn Places,
) -> io::Result<()> {
    let mut sorted: Vec<&BilledUser> = users.iter().collect();
    sorted.sort_by(|left, right| {
        left.category.cmp(&right.category).then_with(|| written_order(&left.sip_id, &right.sip_id))
    });
    let mut sheet = Sheet::new(out, dialect, &COLUMNS)?;
    for user in sorted {
        sheet.value(cycle.first_day)?;
        sheet.value(cycle.end_day)?;
        sheet.text(tenant)?;
        sheet.value(user.category)?;
        sheet.log_text(sip_uri(&user.sip_id).as_bytes())?;
        sheet.words(&user.platforms)?;
        sheet.value(user.push_only)?;
        sheet.optional(user.first_seen)?;
        sheet.optional(user.last_seen)?;
        sheet.value(user.active_days)?;
        sheet.value(user.registrations)?;
        sheet.agents(&user.user_agents)?;
        sheet.value(user.evidence.name())?;
        write_place(&mut sheet, user, places)?;
        sheet.end_row()?;
    }
    sheet.finish()
}

fn write_place(sheet: &mut Sheet<'_>, user: &BilledUser, places: &dyn Places) -> io::Result<()> {
    match (user.evidence, user.side_file_line, user.spot) {
        (EvidenceKind::SideFile, Some(line), _) | (_, Some(line), None) => {
            sheet.text(places.side_file(user.category))?;
            sheet.value(line)
        }
        (_, _, Some(spot)) => {
            sheet.text(places.input(spot))?;
            sheet.value(spot.offset)
        }
        (_, None, None) => {
            sheet.empty()?;
            sheet.empty()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Logs, billed, cycle, written};
    use super::*;
    use crate::model::{Category, Platform};

    #[test]
    fn users_stand_by_category_and_then_by_uri() {
        let host = BilledUser {
            platforms: vec![],
            first_seen: None,
            last_seen: None,
            active_days: 0,
            registrations: 0,
            user_agents: vec![],
            evidence: EvidenceKind::SideFile,
            spot: None,
            side_file_line: Some(7),
            ..billed(Category::Conferencing, "1001@a.example")
        };
        let desktop =
            BilledUser { platforms: vec![Platform::Macos], ..billed(Category::Desktop, "1001@a.example") };
        let users = [
            host,
            billed(Category::Generic, "a b@a.example"),
            desktop,
            billed(Category::Generic, "+420123@a.example"),
        ];
        let csv = written(|out| write_users_csv(out, Dialect::Machine, &cycle(), "acme", &users, &Logs));
        insta::assert_snapshot!(csv, @r"
        cycle_start,cycle_end,tenant,category,sip_uri,platforms,push_only,first_seen,last_seen,active_days,registrations,user_agents,evidence,evidence_file,evidence_offset
        2026-10-01,2026-10-31,acme,generic,sip:+420123@a.example,ios android,false,2026-10-05T14:03:22Z,2026-10-06T14:03:22Z,2,40,Acme Phone/1.0 | Acme Phone/1.1,line,edge1/kamailio.log,4096
        2026-10-01,2026-10-31,acme,generic,sip:a%20b@a.example,ios android,false,2026-10-05T14:03:22Z,2026-10-06T14:03:22Z,2,40,Acme Phone/1.0 | Acme Phone/1.1,line,edge1/kamailio.log,4096
        2026-10-01,2026-10-31,acme,desktop,sip:1001@a.example,macos,false,2026-10-05T14:03:22Z,2026-10-06T14:03:22Z,2,40,Acme Phone/1.0 | Acme Phone/1.1,line,edge1/kamailio.log,4096
        2026-10-01,2026-10-31,acme,conferencing,sip:1001@a.example,,false,,,0,0,,side_file,hosts.csv,7
        ");
    }
}

//! `users.csv`: the billed users of one tenant and cycle, for reconciliation.

use super::{Cells, Dialect, Places, Rows};
use crate::model::{BilledUser, Cycle, EvidenceKind};

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

/// The sheet of one tenant and cycle.
///
/// Its rows stand by category and then by `sip_uri`; whoever writes it sees to that.
/// `cycle_start` and `cycle_end` are dates in the cycle's zone, the latter the first day after
/// it; `first_seen` and `last_seen` are RFC 3339 in UTC, so that no reader needs the zone. For a
/// row of a side file the offset is its line, counted from 1.
pub struct UsersCsv<P> {
    dialect: Dialect,
    places: P,
    /// What every row begins with.
    beginning: Cells,
}

impl<P: Places> UsersCsv<P> {
    /// The sheet of that tenant, in whose words the places are named.
    pub fn new(dialect: Dialect, cycle: &Cycle, tenant: &str, places: P) -> Self {
        let beginning = Rows::shared(dialect, |row| {
            row.value(cycle.first_day);
            row.value(cycle.end_day);
            row.text(tenant);
        });
        Self { dialect, places, beginning }
    }

    /// What the file begins with.
    pub fn header(&self) -> Rows {
        Rows::header(self.dialect, &COLUMNS)
    }

    /// No rows yet, in room that was used before.
    pub fn rows(&self, room: Vec<u8>) -> Rows {
        Rows::reusing(room, self.dialect, COLUMNS.len())
    }

    /// Adds the row of one charge.
    pub fn push(&self, rows: &mut Rows, user: &BilledUser<'_>) {
        rows.cells(&self.beginning);
        rows.name(user.category.name());
        rows.sip_uri(user.sip_id);
        rows.platforms(user.platforms);
        rows.name(if user.push_only { "true" } else { "false" });
        rows.moment(user.first_seen);
        rows.moment(user.last_seen);
        rows.number(user.active_days.into());
        rows.number(user.registrations);
        rows.agents(&user.user_agents);
        rows.name(user.evidence.name());
        match (user.evidence, user.side_file_line, user.spot) {
            (EvidenceKind::SideFile, Some(line), _) | (_, Some(line), None) => {
                rows.text(self.places.side_file(user.category));
                rows.number(line);
            }
            (_, _, Some(spot)) => {
                rows.text(self.places.input(spot));
                rows.number(spot.offset);
            }
            (_, None, None) => {
                rows.empty();
                rows.empty();
            }
        }
        rows.end_row();
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Logs, billed, cycle, written};
    use super::*;
    use crate::model::{Category, Platform, Platforms};

    #[test]
    fn each_row_proves_one_charge() {
        let host = BilledUser {
            platforms: Platforms::default(),
            first_seen: None,
            last_seen: None,
            active_days: 0,
            days: 0,
            registrations: 0,
            user_agents: vec![],
            evidence: EvidenceKind::SideFile,
            spot: None,
            side_file_line: Some(7),
            ..billed(Category::Conferencing, "1001@a.example")
        };
        let platforms = [Platform::Macos].into_iter().collect();
        let desktop = BilledUser { platforms, ..billed(Category::Desktop, "1001@a.example") };
        let users = [
            billed(Category::Generic, "+420123@a.example"),
            billed(Category::Generic, "a b@a.example"),
            desktop,
            host,
        ];
        let sheet = UsersCsv::new(Dialect::Machine, &cycle(), "acme", Logs);
        let mut rows = sheet.header();
        users.iter().for_each(|user| sheet.push(&mut rows, user));
        insta::assert_snapshot!(written(|out| out.write_all(&rows.into_bytes())), @r"
        cycle_start,cycle_end,tenant,category,sip_uri,platforms,push_only,first_seen,last_seen,active_days,registrations,user_agents,evidence,evidence_file,evidence_offset
        2026-10-01,2026-10-31,acme,generic,sip:+420123@a.example,ios android,false,2026-10-05T14:03:22Z,2026-10-06T14:03:22Z,2,40,Acme Phone/1.0 | Acme Phone/1.1,line,edge1/kamailio.log,4096
        2026-10-01,2026-10-31,acme,generic,sip:a%20b@a.example,ios android,false,2026-10-05T14:03:22Z,2026-10-06T14:03:22Z,2,40,Acme Phone/1.0 | Acme Phone/1.1,line,edge1/kamailio.log,4096
        2026-10-01,2026-10-31,acme,desktop,sip:1001@a.example,macos,false,2026-10-05T14:03:22Z,2026-10-06T14:03:22Z,2,40,Acme Phone/1.0 | Acme Phone/1.1,line,edge1/kamailio.log,4096
        2026-10-01,2026-10-31,acme,conferencing,sip:1001@a.example,,false,,,0,0,,side_file,hosts.csv,7
        ");
    }
}

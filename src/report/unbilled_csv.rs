//! `unbilled.csv`: who was seen and not charged, why, and what it would have been.

use super::{Cells, Dialect, Places, Rows};
use crate::model::{Category, Cycle, Reason, UnbilledUser};

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

/// The part of the sheet that tells of one cycle and tenant.
///
/// Its rows stand by `sip_uri`, reason and category; whoever writes it sees to that. Times are
/// RFC 3339 in UTC.
pub struct UnbilledCsv<P> {
    dialect: Dialect,
    places: P,
    /// What every row begins with.
    beginning: Cells,
    /// By reason: its name and sentence.
    reasons: Vec<Cells>,
}

/// What the file begins with.
pub fn unbilled_header(dialect: Dialect) -> Rows {
    Rows::header(dialect, &COLUMNS)
}

impl<P: Places> UnbilledCsv<P> {
    /// The part of that tenant: `unassigned` where no tenant claims the domain.
    pub fn new(dialect: Dialect, cycle: &Cycle, tenant: &str, places: P) -> Self {
        let beginning = Rows::shared(dialect, |row| {
            row.value(cycle.first_day);
            row.text(tenant);
        });
        let reason = |reason: Reason| {
            Rows::shared(dialect, |row| {
                row.name(reason.name());
                row.text(reason.sentence());
            })
        };
        Self { dialect, places, beginning, reasons: Reason::ALL.into_iter().map(reason).collect() }
    }

    /// No rows yet, in room that was used before.
    pub fn rows(&self, room: Vec<u8>) -> Rows {
        Rows::reusing(room, self.dialect, COLUMNS.len())
    }

    /// Adds the row of one who was seen and not charged.
    pub fn push(&self, rows: &mut Rows, user: &UnbilledUser<'_>) {
        rows.cells(&self.beginning);
        rows.sip_uri(user.sip_id);
        rows.cells(&self.reasons[user.reason as usize]);
        rows.name(user.would_be.map_or("", Category::name));
        rows.platforms(user.platforms);
        rows.number(user.count);
        rows.moment(user.first_seen);
        rows.moment(user.last_seen);
        rows.agents(&user.user_agents);
        match user.spot {
            Some(spot) => {
                rows.text(self.places.input(spot));
                rows.number(spot.offset);
            }
            None => {
                rows.empty();
                rows.empty();
            }
        }
        rows.end_row();
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Logs, OCTOBER_5, cycle, sip_id, written};
    use super::*;
    use crate::model::{Platform, Platforms, Spot};

    #[test]
    fn every_reason_stands_at_its_own_place() {
        assert!(Reason::ALL.into_iter().enumerate().all(|(place, reason)| reason as usize == place));
    }

    #[test]
    fn each_row_says_why_and_what_it_would_have_been() {
        let seen = UnbilledUser {
            sip_id: sip_id("1002@a.example"),
            reason: Reason::NotBillableAgent,
            would_be: Some(Category::Generic),
            platforms: [Platform::Ios].into_iter().collect(),
            user_agents: vec![b"Other|Phone\x1b[2J"],
            count: 3,
            first_seen: Some(OCTOBER_5),
            last_seen: Some(OCTOBER_5),
            spot: Some(Spot { input: 1, offset: 12 }),
        };
        let listed = UnbilledUser {
            sip_id: sip_id("1001@a.example"),
            reason: Reason::NotRegistered,
            would_be: Some(Category::Messaging),
            platforms: Platforms::default(),
            user_agents: vec![],
            count: 0,
            first_seen: None,
            last_seen: None,
            spot: None,
        };
        let sheet = UnbilledCsv::new(Dialect::Machine, &cycle(), "acme", Logs);
        let mut rows = unbilled_header(Dialect::Machine);
        [listed, seen].iter().for_each(|user| sheet.push(&mut rows, user));
        insta::assert_snapshot!(written(|out| out.write_all(&rows.into_bytes())), @r#"
        cycle_start,tenant,sip_uri,reason,sentence,would_be,platforms,count,first_seen,last_seen,user_agents,evidence_file,evidence_offset
        2026-10-01,acme,sip:1001@a.example,not_registered,"listed as a messaging user, but never registered in the cycle",messaging,,0,,,,,
        2026-10-01,acme,sip:1002@a.example,not_billable_agent,the app is none of `billable_agents`,generic,ios,3,2026-10-05T14:03:22Z,2026-10-05T14:03:22Z,Other\x7CPhone\x1B[2J,pbx1/full,12
        "#);
    }
}

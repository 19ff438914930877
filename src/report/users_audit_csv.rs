//! The users of an audit as CSV: `users --format csv`.

use super::stretches::write_users;
use super::{Dialect, Rows, Users};
use crate::model::AuditedUser;
use std::io::{self, Write};

const COLUMNS: [&str; 11] = [
    "sip_id",
    "domain",
    "platforms",
    "user_agents",
    "registrations",
    "sustained",
    "first_seen",
    "last_seen",
    "active_days",
    "refused",
    "deregistered",
];

/// Writes the users in the order given, with the columns that `users --format ndjson` has as keys.
///
/// # Errors
///
/// What the writer says.
pub fn write_users_audit_csv(
    out: &mut dyn Write,
    dialect: Dialect,
    users: &(impl Users + ?Sized),
) -> io::Result<()> {
    out.write_all(&Rows::header(dialect, &COLUMNS).into_bytes())?;
    write_users(out, users, || Rows::new(dialect, COLUMNS.len()), push, Rows::into_bytes)
}

fn push(rows: &mut Rows, user: &AuditedUser<'_>) {
    rows.log_text(user.sip_id.written().as_bytes());
    rows.log_text(user.sip_id.domain().unwrap_or_default());
    rows.platforms(user.platforms);
    rows.agents(&user.user_agents);
    rows.number(user.registrations);
    rows.number(user.sustained);
    rows.moment(user.first_seen);
    rows.moment(user.last_seen);
    rows.number(user.active_days.into());
    rows.optional(user.refused);
    rows.number(user.deregistered);
    rows.end_row();
}

#[cfg(test)]
mod tests {
    use super::super::samples::{audited, written};
    use super::*;

    #[test]
    fn a_user_without_clock_or_domain_has_empty_cells() {
        let mut bare = audited("1002");
        (bare.first_seen, bare.last_seen) = (None, None);
        let users = [audited("+420123@a.example"), bare];
        insta::assert_snapshot!(written(|out| write_users_audit_csv(out, Dialect::Spreadsheet, &users[..])), @r"
        sip_id,domain,platforms,user_agents,registrations,sustained,first_seen,last_seen,active_days,refused,deregistered
        '+420123@a.example,a.example,ios macos,Acme Phone/1.0 | Acme Phone/1.1,40,0,2026-10-05T14:03:22Z,2026-10-05T14:03:22.118Z,1,2,1
        1002,,ios macos,Acme Phone/1.0 | Acme Phone/1.1,40,0,,,1,2,1
        ");
    }
}

//! The users of an audit as a table for a terminal: `users --format table`.

use super::Users;
use super::digits::grouped;
use super::table::{Column, write_table};
use super::text::{push_agents, push_escaped, push_platforms};
use crate::model::Moment;
use rayon::prelude::*;
use std::io::{self, Write};

/// From this width on, times of day are shown; below it, the dates alone.
const WIDTH_OF_TIMES: usize = 120;

/// Writes the users in the order given, one line each with its line end, at most `width` characters
/// wide where that can be: first the User-Agents are cut, then the SIP-IDs. Without a width (a
/// pipe) nothing is cut. Times are in UTC; nothing in a User-Agent reaches a terminal as a
/// control.
///
/// # Errors
///
/// What the writer says.
pub fn write_users_table(
    out: &mut dyn Write,
    users: &(impl Users + ?Sized),
    width: Option<usize>,
) -> io::Result<()> {
    let has_times = width.is_none_or(|width| width >= WIDTH_OF_TIMES);
    // Most servers log every registration; the column would hold zeros only.
    let has_sustained = (0..users.stretches()).into_par_iter().any(|stretch| {
        let mut has_sustained = false;
        users.each(stretch, &mut |user| has_sustained |= user.sustained > 0);
        has_sustained
    });
    let mut columns =
        vec![Column::elastic("sip-id", 20), Column::text("platforms"), Column::number("registrations")];
    if has_sustained {
        columns.push(Column::number("sustained"));
    }
    columns.extend([
        Column::number("days"),
        Column::text(if has_times { "first seen (UTC)" } else { "first seen" }),
        Column::text(if has_times { "last seen (UTC)" } else { "last seen" }),
        Column::elastic("user agents", 12),
    ]);
    write_table(out, &columns, users, width, |row, user| {
        row.cell(|out| push_escaped(out, user.sip_id.written().as_bytes()));
        row.cell(|out| push_platforms(out, user.platforms));
        row.cell(|out| out.push_str(&grouped(user.registrations)));
        if has_sustained {
            row.cell(|out| out.push_str(&grouped(user.sustained)));
        }
        row.cell(|out| out.push_str(&grouped(user.active_days)));
        row.cell(|out| push_short_time(out, user.first_seen, has_times));
        row.cell(|out| push_short_time(out, user.last_seen, has_times));
        row.cell(|out| push_agents(out, &user.user_agents));
    })
}

/// `2026-10-05 14:03`, or the date alone, or a dash where there is no clock.
fn push_short_time(out: &mut String, moment: Option<Moment>, has_time: bool) {
    let Some(moment) = moment else { return out.push('-') };
    let text = moment.to_string();
    match (text.split_once('T'), has_time) {
        (Some((date, time)), true) => out.extend([date, " ", time.get(..5).unwrap_or(time)]),
        (Some((date, _)), false) => out.push_str(date),
        (None, _) => out.push_str(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{audited, written};
    use super::*;

    #[test]
    fn a_narrow_terminal_gets_dates_and_short_agents() {
        let mut loud = audited("a-rather-long-name@voip.example.com");
        loud.user_agents = vec![b"Acme Phone/1.0 \x1b[31m", b"Acme Phone/1.1 with a long tail"];
        loud.registrations = 12_345;
        let users = [audited("1001@a.example"), loud];
        insta::assert_snapshot!(written(|out| write_users_table(out, &users[..], Some(90))), @r"
        sip-id                platforms  registrations  days  first seen  last seen   user agents
        ──────────────────────────────────────────────────────────────────────────────────────────
        1001@a.example        ios macos             40     1  2026-10-05  2026-10-05  Acme Phone/…
        a-rather-long-name@…  ios macos         12,345     1  2026-10-05  2026-10-05  Acme Phone/…
        ");
    }

    #[test]
    fn a_pipe_gets_everything_but_controls() {
        let mut user = audited("1001@a.example");
        user.sustained = 2;
        user.last_seen = None;
        user.user_agents = vec![b"Acme Phone/1.0 \x1b[31m", b"Acme Phone/1.1"];
        insta::assert_snapshot!(written(|out| write_users_table(out, &[user][..], None)), @r"
        sip-id          platforms  registrations  sustained  days  first seen (UTC)  last seen (UTC)  user agents
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
        1001@a.example  ios macos             40          2     1  2026-10-05 14:03  -                Acme Phone/1.0 \x1B[31m | Acme Phone/1.1
        ");
    }
}

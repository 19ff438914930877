//! The users of an audit as a table for a terminal: `users --format table`.

use super::digits::grouped;
use super::table::{Column, Table};
use super::text::{escaped, push_agents};
use crate::model::{AuditedUser, Moment, Platform};

/// From this width on, times of day are shown; below it, the dates alone.
const WIDTH_OF_TIMES: usize = 120;

/// The users in the order given, one line each with its line end, at most `width` characters
/// wide where that can be: first the User-Agents are cut, then the SIP-IDs. Without a width (a
/// pipe) nothing is cut. Times are in UTC; nothing in a User-Agent reaches a terminal as a
/// control.
pub fn users_table(users: &[AuditedUser], width: Option<usize>) -> String {
    let has_times = width.is_none_or(|width| width >= WIDTH_OF_TIMES);
    // Most servers log every registration; the column would hold zeros only.
    let has_sustained = users.iter().any(|user| user.sustained > 0);
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
    let mut table = Table::new(columns);
    for user in users {
        let platforms: Vec<&str> = user.platforms.iter().copied().map(Platform::name).collect();
        let mut agents = String::new();
        push_agents(&mut agents, &user.user_agents);
        let mut row =
            vec![escaped(user.sip_id.escaped().as_bytes()), platforms.join(" "), grouped(user.registrations)];
        if has_sustained {
            row.push(grouped(user.sustained));
        }
        row.extend([
            grouped(user.active_days),
            short_time(user.first_seen, has_times),
            short_time(user.last_seen, has_times),
            agents,
        ]);
        table.push(row);
    }
    table.lines(width).plain()
}

/// `2026-10-05 14:03`, or the date alone, or a dash where there is no clock.
fn short_time(moment: Option<Moment>, has_time: bool) -> String {
    let Some(moment) = moment else { return "-".to_owned() };
    let text = moment.to_string();
    match (text.split_once('T'), has_time) {
        (Some((date, time)), true) => format!("{date} {}", time.get(..5).unwrap_or(time)),
        (Some((date, _)), false) => date.to_owned(),
        (None, _) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{audited, texts};
    use super::*;

    #[test]
    fn a_narrow_terminal_gets_dates_and_short_agents() {
        let mut loud = audited("a-rather-long-name@voip.example.com");
        loud.user_agents = texts(&[b"Acme Phone/1.0 \x1b[31m", b"Acme Phone/1.1 with a long tail"]);
        loud.registrations = 12_345;
        insta::assert_snapshot!(users_table(&[audited("1001@a.example"), loud], Some(90)), @r"
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
        user.user_agents = texts(&[b"Acme Phone/1.0 \x1b[31m", b"Acme Phone/1.1"]);
        insta::assert_snapshot!(users_table(&[user], None), @r"
        sip-id          platforms  registrations  sustained  days  first seen (UTC)  last seen (UTC)  user agents
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
        1001@a.example  ios macos             40          2     1  2026-10-05 14:03  -                Acme Phone/1.0 \x1B[31m | Acme Phone/1.1
        ");
    }
}

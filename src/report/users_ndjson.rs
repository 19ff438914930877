//! The users of an audit, one JSON object a line: `users --format ndjson`.

use super::Users;
use super::stretches::write_users;
use super::text::{json_safe, json_text};
use crate::model::{AuditedUser, Platform};
use serde::Serialize;
use std::io::{self, Write};

/// Writes the users in the order given. Times are RFC 3339 in UTC, null where the log has no
/// clock; `domain` is null where the user has none. A User-Agent that is UTF-8 is the text as
/// sent; in others the bytes that are no UTF-8 are written `\xHH`.
///
/// # Errors
///
/// What the writer says.
pub fn write_users_ndjson(out: &mut dyn Write, users: &(impl Users + ?Sized)) -> io::Result<()> {
    write_users(out, users, String::new, push, String::into_bytes)
}

fn push(lines: &mut String, user: &AuditedUser<'_>) {
    let line = serde_json::to_string(&Line::from(user)).expect("strings, numbers and lists are JSON");
    lines.push_str(&json_safe(line));
    lines.push('\n');
}

#[derive(Serialize)]
struct Line {
    sip_id: String,
    domain: Option<String>,
    platforms: Vec<&'static str>,
    user_agents: Vec<String>,
    registrations: u64,
    sustained: u64,
    first_seen: Option<String>,
    last_seen: Option<String>,
    active_days: u32,
    refused: Option<u64>,
    deregistered: u64,
}

impl From<&AuditedUser<'_>> for Line {
    fn from(user: &AuditedUser<'_>) -> Self {
        Self {
            sip_id: user.sip_id.escaped(),
            domain: user.sip_id.domain().map(json_text),
            platforms: user.platforms.iter().map(Platform::name).collect(),
            user_agents: user.user_agents.iter().map(|agent| json_text(agent)).collect(),
            registrations: user.registrations,
            sustained: user.sustained,
            first_seen: user.first_seen.map(|moment| moment.to_string()),
            last_seen: user.last_seen.map(|moment| moment.to_string()),
            active_days: user.active_days,
            refused: user.refused,
            deregistered: user.deregistered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{audited, written};
    use super::*;

    #[test]
    fn a_user_is_one_object_on_one_line() {
        let ndjson = written(|out| write_users_ndjson(out, &[audited("a b@a.example")][..]));
        insta::assert_snapshot!(ndjson, @r#"{"sip_id":"a%20b@a.example","domain":"a.example","platforms":["ios","macos"],"user_agents":["Acme Phone/1.0","Acme Phone/1.1"],"registrations":40,"sustained":0,"first_seen":"2026-10-05T14:03:22Z","last_seen":"2026-10-05T14:03:22.118Z","active_days":1,"refused":2,"deregistered":1}"#);
    }

    #[test]
    fn what_is_not_known_is_null() {
        let mut user = audited("1002");
        (user.first_seen, user.last_seen) = (None, None);
        let ndjson = written(|out| write_users_ndjson(out, &[user][..]));
        let value: serde_json::Value = serde_json::from_str(&ndjson).unwrap();
        for key in ["domain", "first_seen", "last_seen"] {
            assert!(value[key].is_null(), "{key}");
        }
    }

    #[test]
    fn an_agent_arrives_as_sent_and_drives_no_terminal() {
        let mut user = audited("1002@a.example");
        let sent = "Evil \u{1b}[2J\u{9b}2J \\ é\r\n";
        user.user_agents = vec![sent.as_bytes(), b"Latin \xe9"];
        let ndjson = written(|out| write_users_ndjson(out, &[user][..]));
        assert!(!ndjson.trim_end().chars().any(char::is_control));
        let value: serde_json::Value = serde_json::from_str(&ndjson).unwrap();
        assert_eq!(value["user_agents"][0], sent);
        assert_eq!(value["user_agents"][1], r"Latin \xE9");
    }
}

//! Reads back what `siptally users --format ndjson` writes.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One user as the program reports it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    pub registrations: u64,
    pub user_agents: BTreeSet<String>,
    /// RFC 3339 in UTC; `None` where the log has no clock.
    pub first_seen: Option<String>,
    pub last_seen: Option<String>,
}

/// The users by SIP-ID.
///
/// # Panics
///
/// If a line is no object with the promised keys, or the SIP-IDs are not sorted and distinct.
pub fn parse(ndjson: &[u8]) -> BTreeMap<String, User> {
    let text = std::str::from_utf8(ndjson).expect("ndjson is UTF-8");
    let mut users = BTreeMap::new();
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let text = |key: &str| row[key].as_str().map(str::to_owned);
        let id = text("sip_id").unwrap_or_else(|| panic!("no `sip_id`: {line}"));
        let is_last = users.last_key_value().is_none_or(|(last, _): (&String, _)| *last < id);
        assert!(is_last, "`{id}` is not behind its predecessor: rows must be sorted and distinct");
        let agents = row["user_agents"].as_array().unwrap_or_else(|| panic!("no `user_agents`: {line}"));
        let user = User {
            registrations: row["registrations"]
                .as_u64()
                .unwrap_or_else(|| panic!("no `registrations`: {line}")),
            user_agents: agents
                .iter()
                .map(|agent| agent.as_str().expect("an agent is text").to_owned())
                .collect(),
            first_seen: text("first_seen"),
            last_seen: text("last_seen"),
        };
        users.insert(id, user);
    }
    users
}

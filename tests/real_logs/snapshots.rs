//! Dumps of real Asterisk servers: the User-Agents that their logs do not hold.
//!
//! What a dump holds is read here a second time, plainly: an astdb line is a key and a JSON object.

use crate::canonical::canonical;
use crate::users::{User, parse};
use crate::{logs, siptally, truth};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Runs with a log and a dump of the same server.
const RUNS: [(&str, &str); 4] = [
    ("pjsip16", "full.gz"),
    ("pjsip22-iso", "full.gz"),
    ("pjsip16-json", "full.json.gz"),
    ("pjsip16-conference", "full.gz"),
];

const DUMP: &str = "cli-dumps.txt";

#[test]
fn a_dump_names_the_agents_of_the_bindings_its_log_tells_of() {
    let Some(folder) = logs("asterisk") else { return };
    for (run, log) in RUNS {
        let folder = folder.join(run);
        let found = users(&folder, &["--year", "2026", log, DUMP]);
        let alone = users(&folder, &["--year", "2026", log]);
        assert!(found.keys().eq(alone.keys()), "{run}: a dump adds no user to an audit of registrations");
        let mut named = 0;
        for (id, sent) in sent(&folder) {
            let Some(user) = found.get(&id) else { continue };
            let strange: Vec<&String> = user.user_agents.difference(&sent).collect();
            assert!(strange.is_empty(), "{run}: `{id}` never sent {strange:?}");
            assert_eq!(user.registrations, alone[&id].registrations, "{run}: `{id}`");
            named += user.user_agents.len();
        }
        // Every binding of the dump that had one User-Agent whenever it was dumped.
        let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for ((id, _), agents) in bindings(&folder) {
            if let [agent] = agents.iter().collect::<Vec<_>>()[..] {
                expected.entry(id).or_default().insert(agent.clone());
            }
        }
        assert!(named > 30, "{run}: {named} agents");
        for (id, agents) in expected {
            assert_eq!(found[&id].user_agents, agents, "{run}: `{id}`");
        }
    }
}

#[test]
fn a_dump_alone_lists_its_aors_and_their_agents() {
    let Some(folder) = logs("asterisk") else { return };
    for (run, _) in RUNS {
        let folder = folder.join(run);
        let found = users(&folder, &["--evidence", "snapshot", DUMP]);
        let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for ((id, _), agents) in bindings(&folder) {
            expected.entry(id).or_default().extend(agents);
        }
        let found: BTreeMap<String, BTreeSet<String>> =
            found.into_iter().map(|(id, user)| (id, user.user_agents)).collect();
        assert_eq!(found, expected, "{run}");
    }
}

#[test]
fn a_peer_is_listed_with_the_agent_that_the_console_shows() {
    let Some(folder) = logs("asterisk") else { return };
    for run in ["chansip16", "chansip16-siplog"] {
        let folder = folder.join(run);
        let found = users(&folder, &["--evidence", "snapshot", DUMP]);
        let text = std::fs::read_to_string(folder.join(DUMP)).expect("a dump");
        let shown =
            text.lines().find_map(|line| line.strip_prefix("  Useragent    : ")).expect("a peer is shown");
        assert_eq!(found["701"].user_agents, BTreeSet::from([shown.to_owned()]), "{run}");
        let registry = text.lines().filter_map(|line| line.strip_prefix("/SIP/Registry/"));
        let peers: BTreeSet<String> =
            registry.filter_map(|line| line.split_once(' ')).map(|(peer, _)| peer.to_owned()).collect();
        assert!(!peers.is_empty());
        assert!(found.keys().eq(&peers), "{run}: {found:?}");
    }
}

fn users(folder: &Path, args: &[&str]) -> BTreeMap<String, User> {
    let mut all = vec!["users", "--format", "ndjson", "--user-case", "keep", "--log-zone", "UTC"];
    all.extend(args);
    let run = siptally::run(folder, &all, b"", &[]);
    assert_eq!(run.code, Some(0), "{args:?}: {}", run.stderr);
    parse(&run.stdout)
}

/// The User-Agents of accepted registrations, by the name that the log uses.
fn sent(folder: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let truth = truth(folder);
    let entries = truth["sip_ids"].as_array().expect("sip_ids is a list");
    entries
        .iter()
        .map(|entry| {
            let agents = entry["uas"].as_array().expect("uas is a list").iter();
            let agents = agents.filter_map(|agent| agent["ua"].as_str().map(str::to_owned)).collect();
            (canonical(entry["aor"].as_str().expect("an AOR")), agents)
        })
        .collect()
}

/// The User-Agents of each binding of the dumped database: AOR and URI.
fn bindings(folder: &Path) -> BTreeMap<(String, String), BTreeSet<String>> {
    let bytes = std::fs::read(folder.join(DUMP)).expect("a dump");
    let text = String::from_utf8_lossy(&bytes);
    let mut bindings: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for line in text.lines() {
        let Some((key, object)) =
            line.strip_prefix("/registrar/contact/").and_then(|line| line.split_once(": "))
        else {
            continue;
        };
        let object: Value = serde_json::from_str(object).expect("an entry is JSON");
        let (aor, _) = key.rsplit_once(";@").expect("a key ends in a hash");
        let uri = object["uri"].as_str().expect("a URI").to_owned();
        let agents = bindings.entry((canonical(aor), uri)).or_default();
        // No header was sent: an empty text is stored.
        agents.extend(object["user_agent"].as_str().filter(|agent| !agent.is_empty()).map(str::to_owned));
    }
    assert!(!bindings.is_empty());
    bindings
}

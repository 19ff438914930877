//! Logs that real servers wrote, against what really happened.
//!
//! The logs stand beside the repository, not in it. Each folder holds a `truth.json` made from
//! the clients' own traffic and never from a log; its README says what a log can hold of it.
//! Every run prints a table, one row a log: users expected, found, missed, invented, and what
//! the log cannot say.

mod asterisk;
#[path = "../common/canonical.rs"]
mod canonical;
mod kamailio;
#[path = "../common/siptally.rs"]
mod siptally;
mod snapshots;
mod suggest;
mod sustained;
mod table;
#[path = "../common/users.rs"]
mod users;

use std::path::{Path, PathBuf};

/// The folder of one server's real logs; `None`, said aloud, where this machine has none.
fn logs(server: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/real-logs").join(server);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("SKIPPED: no real logs of {server} beside this repository (../shared/real-logs)");
    None
}

/// The microseconds of an RFC 3339 stamp.
fn micros(stamp: &str) -> i64 {
    let stamp: jiff::Timestamp = stamp.parse().unwrap_or_else(|error| panic!("`{stamp}`: {error}"));
    stamp.as_microsecond()
}

/// Reads a `truth.json`. A byte of a User-Agent that is not UTF-8 stands there as half a
/// surrogate pair, which JSON readers refuse; it is read as U+FFFD, as the program prints it.
fn truth(folder: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(folder.join("truth.json")).expect("a truth.json");
    let mut parts = text.split("\\udc");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // Four digits make the escape; two of them went with the separator.
        clean.push('\u{fffd}');
        clean.push_str(part.get(2..).unwrap_or_default());
    }
    serde_json::from_str(&clean).expect("truth.json is JSON")
}

//! `[quality]`: what the logs must cover before a bill may leave.

use super::section::Section;
use super::value::{duration, texts};

/// What must be heard from, and how long a silence may last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quality {
    /// Hosts, as the logs name them, each of which must be heard from in the cycle.
    pub hosts: Vec<String>,
    /// Longest silence allowed, in seconds; `None` allows any.
    pub max_gap: Option<u32>,
}

/// The table `[quality]`.
pub(super) fn quality(table: &Section<'_>) -> Quality {
    let hosts = table.get_or("hosts", texts, Vec::new(), "none");
    if hosts.is_empty() && table.has("max_gap") {
        let text = "`max_gap` is asked of the hosts in `hosts`, and there are none; name those that must be heard from";
        table.problems.warn(table.line_of("max_gap"), text);
    }
    Quality { hosts, max_gap: table.get("max_gap", duration) }
}

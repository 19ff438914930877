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
    Quality {
        hosts: table.get_or("hosts", texts, Vec::new(), "none"),
        max_gap: table.get("max_gap", duration),
    }
}

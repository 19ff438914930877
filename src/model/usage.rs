//! Quantities: all that rating may know.

/// Users of one category in one cycle and tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CategoryUsage {
    /// Distinct SIP-IDs billed.
    pub users: u64,
    /// Those among them that count only through a push server.
    pub push_only: u64,
    /// Those among them that count only by a sustained binding still open.
    pub sustained_open: u64,
    /// Those among them that count only by a sustained binding that ended.
    pub sustained_closed: u64,
}

/// What was used in one cycle by one tenant: quantities without names, clocks or floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    pub generic: CategoryUsage,
    pub desktop: CategoryUsage,
    pub conferencing: CategoryUsage,
    pub messaging: CategoryUsage,
}

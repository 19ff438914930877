//! Spans of time: windows, numbered cycles, and the days inside them.

use super::Moment;
use jiff::civil::Date;

/// A half-open span of instants: `start` is inside, `end` is not.
///
/// Two neighbouring cycles therefore share one instant and no registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    pub start: Moment,
    pub end: Moment,
}

impl Window {
    /// Whether the instant lies inside.
    pub fn contains(self, moment: Moment) -> bool {
        self.start <= moment && moment < self.end
    }

    /// What lies inside of both; nothing does where they share no instant.
    #[must_use]
    pub fn common(self, other: Self) -> Self {
        Self { start: self.start.max(other.start), end: self.end.min(other.end) }
    }

    /// Whether the two spans share an instant.
    pub fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

/// One numbered billing window of a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cycle {
    /// Counts from the anchor; negative before it. Unique within one calendar.
    pub number: i32,
    pub window: Window,
    /// First local date inside.
    pub first_day: Date,
    /// First local date after it.
    pub end_day: Date,
    /// Days in a full cycle of this calendar; more than the cycle's own where a restart cut it short.
    pub full_days: u16,
}

impl Cycle {
    /// Local dates inside.
    pub fn days(&self) -> u16 {
        u16::try_from((self.end_day - self.first_day).get_days()).unwrap_or(0)
    }
}

/// Where an instant falls: the window, the day in it, and how far that answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySlot {
    /// Number of the window (a cycle's number, or a span of days of an audit).
    pub window: i32,
    /// Day within the window, 0 to 63.
    pub day: u8,
    /// The answer is the same for every instant in here, so a scan asks about once a day of log.
    pub valid: Window,
}

/// How instants fall into windows and days. Pure and total: every instant has its slot.
pub trait Days: Send + Sync {
    /// The slot of the instant.
    fn day(&self, moment: Moment) -> DaySlot;

    /// Whether the windows are cycles that are charged one by one; else they are a mere way to
    /// keep days, and what a window would prove is asked of the whole range.
    fn are_cycles(&self) -> bool {
        true
    }
}

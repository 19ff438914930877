//! An instant, small enough to keep one per user and device.

use std::fmt;

/// An instant in UTC, in microseconds since 1970-01-01T00:00:00Z.
///
/// Microseconds are what the finest of the logs carries and what fits eight bytes; logs that
/// write nanoseconds are cut, not rounded, so that a moment never moves past its cycle's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// The moment so many microseconds after (or before) the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// The moment so many seconds after (or before) the epoch.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds * 1_000_000)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The moment so many seconds later; negative for earlier.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0 + seconds * 1_000_000)
    }

    /// The same instant as the time crate writes it.
    ///
    /// # Panics
    ///
    /// If the moment lies outside the years -9999 to 9999, which no stamp parser produces.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0).expect("stamps are parsed within years 0 to 9999")
    }
}

impl From<jiff::Timestamp> for Moment {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self(timestamp.as_microsecond())
    }
}

/// RFC 3339 in UTC, with as many fractional digits as the moment has (none, three or six).
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = jiff::Timestamp::from_second(self.0.div_euclid(1_000_000)).map_err(|_| fmt::Error)?;
        let fraction = self.0.rem_euclid(1_000_000);
        let text = whole.to_string();
        let text = text.trim_end_matches('Z');
        if fraction == 0 {
            write!(f, "{text}Z")
        } else if fraction % 1_000 == 0 {
            write!(f, "{text}.{:03}Z", fraction / 1_000)
        } else {
            write!(f, "{text}.{fraction:06}Z")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_prints_only_the_digits_it_has() {
        assert_eq!(Moment::from_seconds(1_791_209_002).to_string(), "2026-10-05T14:03:22Z");
        assert_eq!(Moment::from_micros(1_791_209_002_118_000).to_string(), "2026-10-05T14:03:22.118Z");
        assert_eq!(Moment::from_micros(-1).to_string(), "1969-12-31T23:59:59.999999Z");
    }
}

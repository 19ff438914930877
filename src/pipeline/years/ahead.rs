//! Jumps of stamps that may be over soon: a wrong clock's, or those of the old year's records that came late.

use super::{DAY_MICROS, STRAY, is_new_years_edge};
use crate::model::Civil;

/// A jump that may be a wrong clock's: a machine without a battery starts it in January, and soon sets it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doubt {
    /// The newest stamp before the jump, and the first behind it.
    pub before: Civil,
    pub after: Civil,
}

impl Doubt {
    /// Whether the log would have been silent for long before that new year.
    pub fn is_silent(&self) -> bool {
        self.after.micros() + 365 * DAY_MICROS - self.before.micros() > SILENT_MAX
    }

    /// Whether the next stamp is again near those before the jump, and all behind it were near one another.
    pub fn is_over(&self, newest: Civil, next: Civil) -> bool {
        (newest.micros() - self.after.micros()).abs() <= WRONG_MAX
            && (-STRAY..=SILENT_MAX).contains(&(next.micros() - self.before.micros()))
    }
}

/// So long a wrong clock is believed to run.
const WRONG_MAX: i64 = DAY_MICROS;
/// So long a log may be silent meanwhile.
pub(super) const SILENT_MAX: i64 = 30 * DAY_MICROS;

/// Records behind more than so many are not late, so the log was silent for long.
const LATE_MAX: usize = 10_000;

/// The latest jump ahead.
#[derive(Debug, Clone)]
pub(super) struct Ahead {
    jump: Doubt,
    /// Records behind it, where they stand at the end of a year and those before it at the begin of one.
    late: Option<Vec<u64>>,
}

impl Ahead {
    /// A jump from that stamp to this one.
    pub fn of(before: Civil, after: Civil) -> Self {
        let is_edge = is_new_years_edge(before, after);
        Self { jump: Doubt { before, after }, late: is_edge.then(Vec::new) }
    }

    /// See [`Doubt::is_over`].
    pub fn is_over(&self, newest: Civil, next: Civil) -> bool {
        self.jump.is_over(newest, next)
    }

    /// Takes the next record behind it.
    pub fn note(&mut self, stamp: Civil, offset: u64) {
        if let Some(late) = &mut self.late {
            late.push(offset);
        }
        let is_late = |late: &Vec<u64>| late.len() <= LATE_MAX && is_new_years_edge(self.jump.before, stamp);
        self.late = self.late.take().filter(is_late);
    }

    /// The records behind it that are of the old year, now that it is over.
    pub fn into_late(self) -> Vec<u64> {
        self.late.unwrap_or_default()
    }
}

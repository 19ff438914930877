//! What records with full dates tell of the year-less stamps beside them.

use super::{DAY_MICROS, STRAY};
use crate::model::Civil;
use crate::pipeline::clock::{date_time, in_year};
use std::ops::RangeInclusive;

/// Further apart than this, a full date tells nothing of a stamp beside it: the log was silent in between, or one of
/// the two clocks was wrong.
const BESIDE_MAX: i64 = 60 * DAY_MICROS;

/// The two kinds of stamps of one log, in its order.
#[derive(Debug, Clone, Default)]
pub(super) struct Beside {
    told: Option<Told>,
    /// The latest full date, if no stamp without a year has followed.
    full: Option<Civil>,
    /// The latest stamp without a year, if no full date has followed.
    stamp: Option<Civil>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// The year of the first section, by a stamp of that section.
    First(i32, usize),
    /// One thing here and another there: a clock was wrong, or years passed of which only full dates tell.
    Contradicted,
}

impl Beside {
    /// Takes a stamp without a year, of that section.
    pub fn stamp(&mut self, stamp: Civil, section: usize) {
        if let Some(full) = self.full.take() {
            self.tell(stamp, full, -STRAY..=BESIDE_MAX, section);
        }
        self.stamp = Some(stamp);
    }

    /// Takes a full date, in whatever zone; the stamps before it are of that section.
    pub fn full(&mut self, full: Civil, section: usize) {
        if let Some(stamp) = self.stamp.take() {
            self.tell(stamp, full, -BESIDE_MAX..=STRAY, section);
        }
        self.full = Some(full);
    }

    /// The stamp is of the year in which it is so much later than the full date beside it.
    fn tell(&mut self, stamp: Civil, full: Civil, later: RangeInclusive<i64>, section: usize) {
        let there = i32::from(date_time(full).year());
        let years = (there - 1..=there + 1).filter_map(|year| Some((year, in_year(stamp, year)?)));
        let distances = years.map(|(year, stamp)| (year, stamp.micros() - full.micros()));
        let nearest = distances.filter(|(_, distance)| later.contains(distance)).min_by_key(|it| it.1.abs());
        let Some((year, _)) = nearest else { return };
        let first = year - section as i32;
        self.told = Some(match self.told {
            None => Told::First(first, section),
            Some(Told::First(known, section)) if known == first => Told::First(known, section),
            Some(_) => Told::Contradicted,
        });
    }

    /// Forgets what a stamp behind that section told.
    pub fn forget_behind(&mut self, section: usize) {
        self.told = self.told.filter(|told| !matches!(told, Told::First(_, of) if *of > section));
    }

    /// The year of the first section.
    pub const fn first(&self) -> Option<i32> {
        match self.told {
            Some(Told::First(year, _)) => Some(year),
            Some(Told::Contradicted) | None => None,
        }
    }
}

//! What a run needs to know before it opens a log: the book's and the flags' say, compiled.

use super::scan::ScanError;
use super::years::Walk;
use crate::formats::pattern::Patterns;
use crate::identity::Policy;
use crate::platform::PushSources;
use crate::read::Found;
use crate::settle::LifeRules;
use globset::GlobSet;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};

/// Where the year of year-less stamps may come from, besides the logs themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YearRule {
    /// From the data and from dates in file names.
    Infer,
    /// No stamp is later than this year's end.
    Given(i32),
    /// No stamp is later than the file's modification time; for audits, and for a bill only on
    /// request, since copying a file must not change a bill.
    Mtime,
}

/// One group of inputs with rules of its own.
#[derive(Debug, Clone)]
pub struct SourceRule {
    /// Matches the input's path below its argument, or its whole path.
    pub paths: GlobSet,
    /// The same as the operator wrote it.
    pub shown: String,
    pub zone: Option<TimeZone>,
    pub identity: Policy,
    pub lives: LifeRules,
}

impl SourceRule {
    /// Whether it is for that input, unless another one comes before.
    pub fn fits(&self, found: &Found) -> bool {
        self.paths.is_match(&found.shown) || self.paths.is_match(&found.path)
    }
}

/// Everything that decides how logs are read.
#[derive(Debug)]
pub struct Setup {
    /// Asked before the built-in messages.
    pub patterns: Patterns,
    /// The first rule whose paths fit an input wins.
    pub sources: Vec<SourceRule>,
    /// For inputs that no rule fits.
    pub identity: Policy,
    pub lives: LifeRules,
    /// For inputs whose rule has none.
    pub zone: Option<TimeZone>,
    pub year: YearRule,
    /// Day that the operator vouches for, for records without any clock; its noon is taken, local
    /// to the input's zone.
    pub assumed_date: Option<Date>,
    /// Without a zone, UTC is taken and a note made; a bill refuses instead.
    pub assumes_utc: bool,
    /// A compressed input that ends inside a block is read to its last whole line; a bill
    /// refuses it instead.
    pub forgives_cuts: bool,
    /// Logs without years are walked through before they are scanned, whatever their ends or starts tell.
    pub walks_first: bool,
    /// Inputs in which an earlier scan met stamps without a year, of which their starts have none, and its walks over those.
    pub yearless: Vec<(PathBuf, Walk)>,
    pub push_sources: PushSources,
}

impl Setup {
    /// Learns why a scan gave up, and says whether another one by a new plan can come further.
    pub fn learn(&mut self, error: &ScanError) -> bool {
        match error {
            ScanError::Turned { .. } => !std::mem::replace(&mut self.walks_first, true),
            ScanError::Undated { inputs } => {
                let known = self.yearless.len();
                for (found, walk) in inputs {
                    if self.walk_of(&found.path).is_none() {
                        self.yearless.push((found.path.clone(), walk.clone()));
                    }
                }
                self.yearless.len() > known
            }
            ScanError::Input(_) | ScanError::Interrupted => false,
        }
    }

    /// The walk over the year-less stamps that an earlier scan met in that input.
    pub fn walk_of(&self, path: &Path) -> Option<&Walk> {
        self.yearless.iter().find(|(known, _)| known == path).map(|(_, walk)| walk)
    }

    /// The place in `sources` of the rule for that input; `None` where none fits.
    pub fn rule_of(&self, found: &Found) -> Option<usize> {
        self.sources.iter().position(|rule| rule.fits(found))
    }

    /// The last day of the year that the operator gave.
    pub fn year_bound(&self) -> Option<Date> {
        match self.year {
            YearRule::Given(year) => Date::new(i16::try_from(year).ok()?, 12, 31).ok(),
            YearRule::Infer | YearRule::Mtime => None,
        }
    }

    /// The zone given for that input's stamps: its source's, else the one for all.
    pub fn zone_of(&self, found: &Found) -> Option<TimeZone> {
        let rule = self.rule_of(found).and_then(|number| self.sources[number].zone.clone());
        rule.or_else(|| self.zone.clone())
    }
}

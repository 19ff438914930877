//! What they wrote, row by row.

use super::spelling::{bare_key, loose_key};
use crate::model::{Category, Cycle, SipId, SipIdRef};
use ahash::RandomState;
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::HashMap;

/// One row of their list.
#[derive(Debug, Clone, PartialEq)]
pub struct TheirRow {
    /// Line on which the row starts, counted from 1.
    pub line: u64,
    /// The user as they wrote it, with the domain of its own column behind an `@`.
    pub text: String,
    /// The category in their own word.
    pub category_text: String,
    pub amount: Option<Decimal>,
    /// What the row says, or why it cannot be read: a reason's name and a sentence.
    pub claim: Result<Claim, (&'static str, String)>,
}

/// What a readable row says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Canonical under the book's policy; without a domain where neither the row nor the book gives one.
    pub id: SipId,
    pub category: Option<Category>,
    /// The tenant in their own word, empty where the row names none.
    pub tenant_text: String,
    /// Number of the tenant that is meant; `None` where none is named or known.
    pub tenant: Option<usize>,
    /// Whether the row calls the user a host; `None` where it says nothing.
    pub is_host: Option<bool>,
    pub period: Period,
    pub active_days: Option<u64>,
    /// What had to be mended to read the user, for the detail: empty nearly always.
    pub mended: &'static str,
}

/// The days that a row is for, as far as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    pub start: Option<Date>,
    /// The last day or the first one after it: lists are written either way.
    pub end: Option<Date>,
}

impl Period {
    /// How the period differs from the cycle: a reason's name; `None` where it does not.
    pub fn difference(self, cycle: &Cycle) -> Option<&'static str> {
        let last_day = cycle.end_day.yesterday().unwrap_or(cycle.end_day);
        let is_start_right = self.start.is_none_or(|start| start == cycle.first_day);
        let is_end_right = self.end.is_none_or(|end| end == last_day || end == cycle.end_day);
        if is_start_right && is_end_right {
            return None;
        }
        let is_before = self.end.is_some_and(|end| end <= cycle.first_day);
        let is_after = self.start.is_some_and(|start| start >= cycle.end_day);
        // A start alone means a period as long as a cycle.
        let length = cycle.end_day - cycle.first_day;
        let is_long_before = self.end.is_none()
            && self
                .start
                .and_then(|start| start.checked_add(length).ok())
                .is_some_and(|end| end <= cycle.first_day);
        Some(if is_before || is_after || is_long_before { "other_cycle" } else { "other_days" })
    }
}

/// Whom their list names, under every key by which a user of ours could be found.
#[derive(Debug, Default)]
pub struct Wanted {
    /// Categories named, a bit each; bit 4 for a row that names none.
    keys: HashMap<Box<[u8]>, u8, RandomState>,
    has_bare: bool,
}

impl Wanted {
    /// The keys of these rows.
    pub fn of(rows: &[TheirRow]) -> Self {
        let mut wanted = Self::default();
        let mut key = Vec::new();
        for claim in rows.iter().filter_map(|row| row.claim.as_ref().ok()) {
            let bit = claim.category.map_or(1 << 4, |category| 1 << category as u8);
            if claim.id.borrowed().domain().is_some() {
                loose_key(claim.id.borrowed(), &mut key);
            } else {
                bare_key(claim.id.borrowed(), &mut key);
                wanted.has_bare = true;
            }
            *wanted.keys.entry(key.as_slice().into()).or_default() |= bit;
        }
        wanted
    }

    /// The categories in which some row may mean this user, a bit each; bit 4 for a row that names none.
    /// True too often rather than too rarely.
    pub fn categories(&self, id: SipIdRef<'_>, room: &mut Vec<u8>) -> u8 {
        loose_key(id, room);
        let mut bits = self.keys.get(room.as_slice()).copied().unwrap_or(0);
        if self.has_bare {
            bare_key(id, room);
            bits |= self.keys.get(room.as_slice()).copied().unwrap_or(0);
        }
        bits
    }
}

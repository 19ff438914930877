//! Finding the user of ours whom a row of theirs means.

use super::ours::OurUser;
use super::spelling::{bare_key, loose_key, strangers_key};
use super::theirs::TheirRow;
use crate::model::SipIdRef;
use ahash::RandomState;
use std::collections::HashMap;

/// Our users by their names, exact and otherwise.
pub(super) struct Index<'o> {
    exact: HashMap<&'o [u8], usize, RandomState>,
    /// By [`loose_key`]; `None` where several users share it, since then nobody can tell.
    loose: HashMap<Vec<u8>, Option<usize>, RandomState>,
    /// By [`bare_key`], where some row has no domain.
    bare: HashMap<Vec<u8>, Option<usize>, RandomState>,
}

impl<'o> Index<'o> {
    pub fn of(ours: &'o [OurUser], rows: &[TheirRow]) -> Self {
        let has_bare = rows
            .iter()
            .filter_map(|row| row.claim.as_ref().ok())
            .any(|claim| claim.id.borrowed().domain().is_none());
        let exact = ours.iter().enumerate().map(|(number, user)| (user.id.as_bytes(), number)).collect();
        let by = |key: fn(SipIdRef<'_>, &mut Vec<u8>)| {
            let mut map: HashMap<Vec<u8>, Option<usize>, RandomState> = HashMap::default();
            let mut room = Vec::new();
            for (number, user) in ours.iter().enumerate() {
                key(user.id.borrowed(), &mut room);
                match map.get_mut(room.as_slice()) {
                    Some(found) => *found = None,
                    None => {
                        map.insert(room.clone(), Some(number));
                    }
                }
            }
            map
        };
        Self { exact, loose: by(loose_key), bare: if has_bare { by(bare_key) } else { HashMap::default() } }
    }

    /// The number of the user with that very name, else of the only one whose name is written so similarly
    /// that they are probably one.
    pub fn find(&self, id: SipIdRef<'_>, room: &mut Vec<u8>) -> Option<usize> {
        if let Some(number) = self.exact.get(id.as_bytes()) {
            return Some(*number);
        }
        if id.domain().is_some() {
            loose_key(id, room);
            return self.loose.get(room.as_slice()).copied().flatten();
        }
        bare_key(id, room);
        self.bare.get(room.as_slice()).copied().flatten()
    }
}

/// For every readable row the number of its user, with the row's own: ours first, then those whom only they
/// know. Sorted, so that the rows of one user stand together.
pub(super) fn groups(index: &Index<'_>, ours: usize, rows: &[TheirRow]) -> Vec<(usize, usize)> {
    let mut strangers: HashMap<Vec<u8>, usize, RandomState> = HashMap::default();
    let mut room = Vec::new();
    let mut groups = Vec::with_capacity(rows.len());
    for (row, claim) in rows.iter().enumerate().filter_map(|(at, row)| Some((at, row.claim.as_ref().ok()?))) {
        let id = claim.id.borrowed();
        let user = index.find(id, &mut room).unwrap_or_else(|| {
            strangers_key(id, &mut room);
            let next = ours + strangers.len();
            *strangers.entry(room.clone()).or_insert(next)
        });
        groups.push((user, row));
    }
    groups.sort_unstable();
    groups
}

//! The set of SIP-IDs of one part: an index, and the users behind one another.
//!
//! A registration names a user at random among all of them, so every line of memory that a look-up
//! touches is a miss. A user holds the key itself where it is short, and the first of its cells, which is the only one of
//! most users.

use super::entry::Cell;
use super::repeats::Fresh;
use crate::model::index::Index;
pub(super) use crate::model::index::NONE;
use crate::model::rows::Rows;
use crate::model::short::{self, is_same};
use crate::model::texts::{Place as TextPlace, Texts};

/// Keys up to this length stand in the user, which so fills a line of memory and a half.
const INLINE_MAX: usize = 30;
/// The length of a key that stands elsewhere.
const LONG: u8 = u8::MAX;

/// A user: its key, the latest transaction, and the first of its cells.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(16))]
pub(super) struct User {
    /// The key, or for a longer one its place among the long keys.
    key: [u8; INLINE_MAX],
    /// Bytes of the key, or [`LONG`].
    key_len: u8,
    /// Of the latest transaction, and whether those before it are remembered elsewhere.
    pub fresh: Fresh,
    /// Fingerprint of the latest transaction that was counted once; zero before the first.
    pub transaction: u64,
    /// When that was, in microseconds; `i64::MIN` without a clock.
    pub when: i64,
    /// The first cell, from which the others are chained.
    pub first: Cell,
}

impl User {
    /// Its key.
    #[inline]
    fn key<'t>(&'t self, long_keys: &'t Texts) -> &'t [u8] {
        match self.long_key() {
            None => &self.key[..usize::from(self.key_len)],
            Some(place) => long_keys.get(place),
        }
    }

    /// Where its key stands, if not here.
    #[inline]
    fn long_key(&self) -> Option<TextPlace> {
        let place = self.key.first_chunk().filter(|_| self.key_len == LONG)?;
        Some(TextPlace::from_bytes(place))
    }
}

/// The users of one part of a tally, with numbers that grow in the order of arrival.
#[derive(Debug, Clone, Default)]
pub(super) struct Users {
    index: Index,
    users: Rows<User>,
    /// Keys too long for a user.
    long_keys: Texts,
}

impl Users {
    /// The numbers of all users.
    pub fn numbers(&self) -> std::ops::Range<u32> {
        0..self.users.next_number()
    }

    /// How many users there are.
    pub fn len(&self) -> usize {
        self.users.len()
    }

    /// The user of that number.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn get(&self, number: u32) -> &User {
        self.guessed(number).expect("numbers are given out here")
    }

    /// The user of that number, if there is one.
    pub fn guessed(&self, number: u32) -> Option<&User> {
        self.users.get(number)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, number: u32) -> &mut User {
        self.users.get_mut(number).expect("numbers are given out here")
    }

    /// That user's key.
    pub fn key(&self, number: u32) -> &[u8] {
        self.key_of(self.get(number))
    }

    #[inline]
    fn key_of<'t>(&'t self, user: &'t User) -> &'t [u8] {
        user.key(&self.long_keys)
    }

    /// Asks for the place of the index at which a look for these bits begins.
    #[inline]
    pub fn bring_place(&self, bits: u32) {
        self.index.bring(bits);
    }

    /// Asks for the key of a user who is near, where it is not in there.
    #[inline]
    pub fn bring_key(&self, user: &User) {
        if let Some(place) = user.long_key() {
            self.long_keys.bring(place);
        }
    }

    /// What is probably the number of the user with these bits of the hash, as [`Index::guess`] says.
    pub fn guess(&self, bits: u32) -> u32 {
        self.index.guess(bits)
    }

    /// Whether that number is the one of the user with that key; [`NONE`] is nobody's.
    #[inline]
    pub fn is(&self, number: u32, key: &[u8]) -> bool {
        self.guessed(number).is_some_and(|user| is_same(self.key_of(user), key))
    }

    /// The user of that number, to be changed, if the key is that user's.
    #[inline]
    pub fn guessed_mut(&mut self, number: u32, key: &[u8]) -> Option<&mut User> {
        let Self { users, long_keys, .. } = self;
        users.get_mut(number).filter(|user| is_same(user.key(long_keys), key))
    }

    /// The number of the user with that key, if there is one. `bits` are of a hash of the key.
    pub fn find(&self, bits: u32, key: &[u8]) -> Option<u32> {
        // Compared byte for byte: a hash alone never decides who is billed.
        self.index.find(bits, |number| is_same(self.key(number), key))
    }

    /// Adds a user with its first cell, who was not [found](Users::find), and gives its number. A growing index asks
    /// `bits_of` once more for the bits of every key's hash.
    ///
    /// # Panics
    ///
    /// Behind three quarters of 2^31 users of the part.
    pub fn add(&mut self, bits: u32, key: &[u8], first: Cell, bits_of: impl Fn(&[u8]) -> u32) -> u32 {
        let Self { index, users, long_keys } = self;
        let number = users.next_number();
        let key_at = |number| users.get(number).expect("numbers are given out here").key(long_keys);
        index.add(bits, number, |number| bits_of(key_at(number)));
        let mut user = User {
            key: [0; INLINE_MAX],
            key_len: LONG,
            fresh: Fresh::default(),
            transaction: 0,
            when: i64::MIN,
            first,
        };
        if key.len() <= INLINE_MAX {
            user.key_len = key.len() as u8;
            short::copy(key, &mut user.key);
        } else {
            let place = long_keys.keep(&[key]).to_bytes();
            user.key[..place.len()].copy_from_slice(&place);
        }
        users.push(user);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_user_has_no_padding() {
        assert_eq!(size_of::<User>(), 96);
    }

    proptest! {
        #[test]
        fn it_keeps_what_a_map_keeps(
            keys in prop::collection::vec(prop::collection::vec(97_u8..100, 0..60), 0..3000),
            bits_kept in 0_u32..=32,
        ) {
            // With few bits of the hash, many keys share one and the bytes must decide.
            let mask = u32::MAX.checked_shr(32 - bits_kept).unwrap_or(0);
            let hash = |key: &[u8]| blake3::hash(key).as_bytes()[..4].iter().fold(0, |sum: u32, byte| sum << 8 | u32::from(*byte)) & mask;
            let mut users = Users::default();
            let mut map = BTreeMap::new();
            for key in &keys {
                let next = map.len() as u32;
                let known = *map.entry(key.clone()).or_insert(next);
                let found = users.find(hash(key), key);
                prop_assert_eq!(found, Some(known).filter(|known| *known != next));
                let number = found.unwrap_or_else(|| users.add(hash(key), key, Cell::any(), hash));
                prop_assert_eq!(number, known);
                prop_assert!(users.is(number, key));
                prop_assert_eq!(users.key(known), &key[..]);
            }
            prop_assert_eq!(users.len(), map.len());
        }
    }
}

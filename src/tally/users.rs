//! The set of SIP-IDs of one part: an open-addressed index, and the users behind one another.
//!
//! A registration names a user at random among all of them, so every line of memory that a look-up
//! touches is a miss. A place of the index holds 32 bits of the hash and the user's number, so that
//! hardly ever a second user is looked at; a user holds the key itself where it is short (nearly
//! always). Growing copies numbers and never hashes a key again.

use super::rows::Rows;

/// Keys up to this length stand in the user.
const INLINE_MAX: usize = 39;
/// No user, no cell.
pub(super) const NONE: u32 = u32::MAX;

/// A user: its key, the first of its cells, and the latest transaction.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct User {
    /// The first cell, from which the others are chained.
    pub head: u32,
    key_len: u32,
    /// Fingerprint of the latest transaction that was counted once; zero before the first.
    pub transaction: u64,
    /// When that was, in microseconds; `i64::MIN` without a clock.
    pub when: i64,
    /// Transactions before that one are remembered elsewhere.
    pub has_others: bool,
    /// The key, or for a longer one its place in the arena as eight bytes.
    key: [u8; INLINE_MAX],
}

/// A place of the index: hash bits above, the user's number below; all ones where it is free.
type Place = u64;
const FREE: Place = u64::MAX;

/// The users of one part of a tally, numbered in the order of arrival.
#[derive(Debug, Clone, Default)]
pub(super) struct Users {
    /// A power of two of them, at most three quarters in use; empty before the first user.
    index: Vec<Place>,
    users: Rows<User>,
    /// Keys too long for a user, behind one another.
    arena: Vec<u8>,
}

impl Users {
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
        self.users.get(number).expect("numbers are given out here")
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, number: u32) -> &mut User {
        self.users.get_mut(number).expect("numbers are given out here")
    }

    /// That user's key.
    pub fn key(&self, number: u32) -> &[u8] {
        let user = self.get(number);
        let len = user.key_len as usize;
        if len <= INLINE_MAX {
            return &user.key[..len];
        }
        let place: [u8; 8] = user.key[..8].try_into().expect("eight bytes are eight bytes");
        let begin = u64::from_le_bytes(place) as usize;
        &self.arena[begin..begin + len]
    }

    /// The number of the first user with these bits of the hash, or [`NONE`]: a guess that costs
    /// one look at the index, by which memory can be brought near.
    pub fn guess(&self, bits: u32) -> u32 {
        let Some(mask) = self.index.len().checked_sub(1) else { return NONE };
        let mut at = bits as usize & mask;
        loop {
            let place = self.index[at];
            if place == FREE {
                return NONE;
            }
            if (place >> 32) as u32 == bits {
                return place as u32;
            }
            at = (at + 1) & mask;
        }
    }

    /// The head of that user's chain, if there is such a user.
    pub fn head(&self, number: u32) -> u32 {
        self.users.get(number).map_or(NONE, |user| user.head)
    }

    /// The number of the user with that key, who is new if the second value says so. `bits` are of
    /// a hash of the key.
    ///
    /// # Panics
    ///
    /// At the 2^32nd user of the part.
    pub fn number(&mut self, bits: u32, key: &[u8]) -> (u32, bool) {
        if (self.users.len() + 1) * 4 > self.index.len() * 3 {
            self.grow();
        }
        let mask = self.index.len() - 1;
        let mut at = bits as usize & mask;
        while self.index[at] != FREE {
            let place = self.index[at];
            // Compared byte for byte: a hash alone never decides who is billed.
            if (place >> 32) as u32 == bits && self.key(place as u32) == key {
                return (place as u32, false);
            }
            at = (at + 1) & mask;
        }
        let number = u32::try_from(self.users.len()).ok().filter(|number| *number != NONE);
        let number = number.expect("fewer than 2^32 users");
        self.index[at] = u64::from(bits) << 32 | u64::from(number);
        let mut user = User {
            head: NONE,
            key_len: u32::try_from(key.len()).expect("a record is at most a mebibyte long"),
            transaction: 0,
            when: i64::MIN,
            has_others: false,
            key: [0; INLINE_MAX],
        };
        if key.len() <= INLINE_MAX {
            user.key[..key.len()].copy_from_slice(key);
        } else {
            user.key[..8].copy_from_slice(&(self.arena.len() as u64).to_le_bytes());
            self.arena.extend_from_slice(key);
        }
        self.users.push(user);
        (number, true)
    }

    fn grow(&mut self) {
        let mut larger = vec![FREE; (self.index.len() * 2).max(16)];
        let mask = larger.len() - 1;
        for place in self.index.iter().filter(|place| **place != FREE) {
            let mut at = (place >> 32) as usize & mask;
            while larger[at] != FREE {
                at = (at + 1) & mask;
            }
            larger[at] = *place;
        }
        self.index = larger;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_user_is_one_cache_line() {
        assert_eq!(size_of::<User>(), 64);
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
                prop_assert_eq!(users.number(hash(key), key), (known, known == next && map.len() as u32 > next));
                prop_assert_eq!(users.key(known), &key[..]);
            }
            prop_assert_eq!(users.len(), map.len());
        }
    }
}

//! The set of SIP-IDs: an open-addressed table whose slot is one cache line.
//!
//! A registration names a user at random among all of them, so every line of memory that a look-up
//! touches is a miss. A slot therefore holds the hash, the key itself where it is short (nearly
//! always) and the head of the user's entries: one miss for the user, one for the entry. With
//! a general map of numbers into an arena it was six, and half of a whole run
//! (`cargo bench --bench scan`, `dense, tallied`).

use ahash::RandomState;

/// Keys up to this length stand in the slot.
const INLINE_MAX: usize = 48;
/// No entry: an empty slot, or the end of a chain.
pub(super) const NONE: u32 = u32::MAX;

/// A user: its hash, its key, and the first of its entries.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Slot {
    hash: u64,
    key_len: u32,
    /// Head of the user's chain of entries; [`NONE`] marks an empty slot.
    head: u32,
    /// The key, or for a longer one its place in the arena as eight bytes.
    key: [u8; INLINE_MAX],
}

impl Slot {
    const EMPTY: Self = Self { hash: 0, key_len: 0, head: NONE, key: [0; INLINE_MAX] };
}

/// The users of a tally, each with the head of its chain of entries.
#[derive(Debug, Clone, Default)]
pub(super) struct Users {
    /// A power of two of them, at most three quarters in use; empty before the first user.
    slots: Vec<Slot>,
    len: usize,
    /// Keys too long for a slot, behind one another.
    arena: Vec<u8>,
    state: Seeds,
}

#[derive(Debug, Clone)]
struct Seeds(RandomState);

impl Default for Seeds {
    fn default() -> Self {
        // Fixed for repeatable timing; no output depends on them.
        Self(RandomState::with_seeds(0x73_69_70, 0x74_61_6c, 0x6c_79, 1))
    }
}

impl Users {
    /// How many users there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Where the key's search would begin and what stands there: touching many of these one after
    /// the other lets the processor wait for all their lines of memory at once.
    pub fn touch(&self, key: &[u8]) -> u32 {
        let hash = self.state.0.hash_one(key);
        self.slots.get(hash as usize & self.slots.len().wrapping_sub(1)).map_or(NONE, |slot| slot.head)
    }

    /// The head of the user's chain, to be read and replaced. A user that is new gets a slot whose
    /// head is [`NONE`]; the caller puts an entry there at once.
    pub fn head(&mut self, key: &[u8]) -> &mut u32 {
        if (self.len + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let hash = self.state.0.hash_one(key);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        while self.slots[at].head != NONE {
            let slot = &self.slots[at];
            // Compared byte for byte: a hash alone never decides who is billed.
            if slot.hash == hash && key_of(slot, &self.arena) == key {
                return &mut self.slots[at].head;
            }
            at = (at + 1) & mask;
        }
        self.len += 1;
        let mut slot = Slot { hash, key_len: key.len() as u32, ..Slot::EMPTY };
        if key.len() <= INLINE_MAX {
            slot.key[..key.len()].copy_from_slice(key);
        } else {
            slot.key[..8].copy_from_slice(&(self.arena.len() as u64).to_le_bytes());
            self.arena.extend_from_slice(key);
        }
        self.slots[at] = slot;
        &mut self.slots[at].head
    }

    /// Every user's key and head, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], u32)> {
        let used = self.slots.iter().filter(|slot| slot.head != NONE);
        used.map(|slot| (key_of(slot, &self.arena), slot.head))
    }

    fn grow(&mut self) {
        let larger = vec![Slot::EMPTY; (self.slots.len() * 2).max(1024)];
        let mask = larger.len() - 1;
        let old = std::mem::replace(&mut self.slots, larger);
        for slot in old.into_iter().filter(|slot| slot.head != NONE) {
            let mut at = slot.hash as usize & mask;
            while self.slots[at].head != NONE {
                at = (at + 1) & mask;
            }
            self.slots[at] = slot;
        }
    }
}

fn key_of<'t>(slot: &'t Slot, arena: &'t [u8]) -> &'t [u8] {
    let len = slot.key_len as usize;
    if len <= INLINE_MAX {
        return &slot.key[..len];
    }
    let place: [u8; 8] = slot.key[..8].try_into().expect("eight bytes are eight bytes");
    let begin = u64::from_le_bytes(place) as usize;
    &arena[begin..begin + len]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_slot_is_one_cache_line() {
        assert_eq!(std::mem::size_of::<Slot>(), 64);
    }

    proptest! {
        #[test]
        fn it_keeps_what_a_map_keeps(
            keys in prop::collection::vec(prop::collection::vec(97_u8..100, 0..60), 0..3000),
        ) {
            let mut users = Users::default();
            let mut map = BTreeMap::new();
            for (number, key) in (0..).zip(&keys) {
                let head = users.head(key);
                let known = map.entry(key.clone()).or_insert(number);
                if *head == NONE {
                    *head = number;
                }
                prop_assert_eq!(*head, *known);
            }
            let all: BTreeMap<Vec<u8>, u32> = users.iter().map(|(key, head)| (key.to_vec(), head)).collect();
            prop_assert_eq!(users.len(), map.len());
            prop_assert_eq!(all, map);
        }
    }
}

//! Byte strings, each stored once and numbered in the order of arrival.

use crate::model::short::is_same;
use ahash::RandomState;
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hasher};

/// A set of byte strings in which each has a number.
#[derive(Debug, Clone)]
pub struct Interner {
    /// All strings behind one another.
    bytes: Vec<u8>,
    /// Where string n ends; it begins where n - 1 ends.
    ends: Vec<u64>,
    places: HashTable<Place>,
    state: RandomState,
}

/// A string's number, with all that is needed to look at its bytes.
#[derive(Debug, Clone, Copy)]
struct Place {
    hash: u64,
    begin: u64,
    len: u32,
    number: u32,
}

impl Default for Interner {
    fn default() -> Self {
        // Seeds are fixed for repeatable timing; no output depends on them.
        let state = RandomState::with_seeds(0x73_69_70, 0x74_61_6c, 0x6c_79, 1);
        Self { bytes: Vec::new(), ends: Vec::new(), places: HashTable::new(), state }
    }
}

impl Interner {
    /// How many distinct strings there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The string of that number.
    ///
    /// # Panics
    ///
    /// If this interner gave out no such number.
    pub fn get(&self, number: u32) -> &[u8] {
        slice(&self.bytes, &self.ends, number)
    }

    /// The string's number; it is stored where it is new.
    ///
    /// # Panics
    ///
    /// At the 2^32nd string.
    pub fn intern(&mut self, text: &[u8]) -> u32 {
        let mut hasher = self.state.build_hasher();
        hasher.write(text);
        let hash = hasher.finish();
        let is_it = |place: &Place| {
            let begin = place.begin as usize;
            // Compared byte for byte: a hash only finds the place to compare.
            place.hash == hash && is_same(&self.bytes[begin..begin + place.len as usize], text)
        };
        match self.places.find(hash, is_it) {
            Some(known) => known.number,
            None => self.add(hash, text),
        }
    }

    #[cold]
    fn add(&mut self, hash: u64, text: &[u8]) -> u32 {
        let number = u32::try_from(self.ends.len()).expect("fewer than 2^32 distinct strings");
        let len = u32::try_from(text.len()).expect("a record is at most a mebibyte long");
        let place = Place { hash, begin: self.bytes.len() as u64, len, number };
        self.places.insert_unique(hash, place, |place| place.hash);
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len() as u64);
        number
    }
}

fn slice<'t>(bytes: &'t [u8], ends: &[u64], number: u32) -> &'t [u8] {
    let number = number as usize;
    let begin = if number == 0 { 0 } else { ends[number - 1] as usize };
    &bytes[begin..ends[number] as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_keeps_its_number() {
        let mut interner = Interner::default();
        let numbers: Vec<u32> = [&b"a"[..], b"", b"ab", b"a", b""].map(|text| interner.intern(text)).into();
        assert_eq!(numbers, [0, 1, 2, 0, 1]);
        assert_eq!((interner.get(2), interner.get(1), interner.len()), (&b"ab"[..], &b""[..], 3));
    }
}

//! Where a row of a long list stands, by a hash of its key: an open-addressed index that is no list itself.
//!
//! Rows are numbered from zero on, without gaps. Whoever looks one up reads one place of the index and then the row;
//! both can be asked for before they are needed. A place has the row's number in as many bits as the index needs for its
//! own size, and bits of the hash in the rest, so that hardly ever a second row is looked at.

use super::near::bring;

/// No row's number.
pub(crate) const NONE: u32 = u32::MAX;

/// A place of an index of 2^n places: the row's number in the lower n bits, and in the others those
/// of the hash. All ones where it is free, since no number is so high before the index grows.
type Place = u32;
const FREE: Place = u32::MAX;

/// A shorter index grows to four times its length, and a longer one to twice.
const QUICK_LEN: usize = 1 << 14;

/// The rows of a list that only grows, by bits of a hash of each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// A power of two of them, at most three quarters in use; empty before the first row.
    places: Vec<Place>,
}

impl Index {
    /// Asks for the place at which a look for these bits begins.
    #[inline]
    pub fn bring(&self, bits: u32) {
        if let Some(mask) = self.mask() {
            bring(&self.places[(bits & mask) as usize]);
        }
    }

    /// What is probably the number of the row with these bits of the hash, or [`NONE`] where there is no such row: a guess
    /// that costs one look at the index, by which memory can be brought near.
    pub fn guess(&self, bits: u32) -> u32 {
        self.find(bits, |_| true).unwrap_or(NONE)
    }

    /// The number of the row that is the one, among those that may have these bits.
    #[inline]
    pub fn find(&self, bits: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mask = self.mask()?;
        let mut at = bits & mask;
        loop {
            let place = self.places[at as usize];
            if place == FREE {
                return None;
            }
            if (place ^ bits) & !mask == 0 && is_it(place & mask) {
                return Some(place & mask);
            }
            at = (at + 1) & mask;
        }
    }

    /// Adds the row of that number, behind all rows before it. A growing index asks `bits_of` once more for the bits of
    /// each.
    ///
    /// # Panics
    ///
    /// Behind three quarters of 2^31 rows.
    pub fn add(&mut self, bits: u32, number: u32, bits_of: impl Fn(u32) -> u32) {
        if (number as usize + 1) * 4 > self.places.len() * 3 {
            self.grow(number, bits_of);
        }
        let mask = self.mask().expect("it has grown");
        self.put(bits, number, mask);
    }

    fn put(&mut self, bits: u32, number: u32, mask: u32) {
        let mut at = bits & mask;
        while self.places[at as usize] != FREE {
            at = (at + 1) & mask;
        }
        self.places[at as usize] = bits & !mask | number;
    }

    /// Ones for the bits of a place that are a number; `None` before the first row.
    fn mask(&self) -> Option<u32> {
        self.places.len().checked_sub(1).map(|mask| mask as u32)
    }

    /// Makes the index of so many rows longer.
    fn grow(&mut self, rows: u32, bits_of: impl Fn(u32) -> u32) {
        // Each time the keys of all rows are hashed once more: while the index is short, memory is the cheaper.
        let times = if self.places.len() < QUICK_LEN { 4 } else { 2 };
        let len = (self.places.len() * times).max(16);
        let mask = u32::try_from(len - 1).ok().filter(|mask| *mask < NONE);
        let mask = mask.expect("fewer rows than fill an index of 2^31");
        // The old one goes before the new one comes.
        self.places = Vec::new();
        self.places.resize(len, FREE);
        for number in 0..rows {
            self.put(bits_of(number), number, mask);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_row_is_found_and_no_other(keys in prop::collection::vec(0_u32..400, 0..700), bits_kept in 0_u32..=32) {
            // With few bits of the hash, many rows share one.
            let mask = u32::MAX.checked_shr(32 - bits_kept).unwrap_or(0);
            let bits_of = |key: u32| key.wrapping_mul(0x9E37_79B1) & mask;
            let (mut index, mut rows) = (Index::default(), Vec::new());
            for key in keys {
                let found = index.find(bits_of(key), |row| rows[row as usize] == key);
                prop_assert_eq!(found, rows.iter().position(|row| *row == key).map(|row| row as u32));
                let guess = index.guess(bits_of(key));
                let has_upper_bits = |row: u32| (bits_of(rows[row as usize]) ^ bits_of(key)) & !index.mask().unwrap_or(0) == 0;
                prop_assert!(guess == NONE || has_upper_bits(guess));
                prop_assert!(guess != NONE || found.is_none());
                if found.is_none() {
                    index.add(bits_of(key), rows.len() as u32, |row| bits_of(rows[row as usize]));
                    rows.push(key);
                }
            }
        }
    }
}

//! A shuffle of the numbers below some length that needs no memory and can be undone.

use super::dice::Dice;

const ROUNDS: usize = 3;

/// A permutation of `0..len`, chosen by a key.
///
/// Each round is undone exactly: adding and multiplying by an odd number are, modulo a power of two, and so is
/// folding the upper half of the bits onto the lower. A number that lands outside `len` walks on until it is
/// inside, twice on average at most, because the power of two is the next one.
#[derive(Debug, Clone)]
pub(super) struct Shuffle {
    len: u64,
    mask: u64,
    fold: u32,
    rounds: [Round; ROUNDS],
}

#[derive(Debug, Clone, Copy, Default)]
struct Round {
    add: u64,
    factor: u64,
    inverse: u64,
}

impl Shuffle {
    /// The shuffle of that many numbers under a key. `len` may be 0 where nothing is asked of it.
    pub(super) fn new(key: u64, len: u64) -> Self {
        let bits = 64 - len.saturating_sub(1).leading_zeros().min(63);
        let mut dice = Dice::new(key);
        let rounds = [(); ROUNDS].map(|()| {
            let factor = dice.next() | 1;
            // Newton's method doubles the right bits with every step: 3, 6, 12, 24, 48, 96.
            let inverse = (0..6).fold(factor, |guess: u64, _| {
                guess.wrapping_mul(2u64.wrapping_sub(factor.wrapping_mul(guess)))
            });
            Round { add: dice.next(), factor, inverse }
        });
        Self { len, mask: u64::MAX >> (64 - bits), fold: bits.div_ceil(2), rounds }
    }

    /// The number at a place.
    pub(super) fn at(&self, place: u64) -> u64 {
        debug_assert!(place < self.len);
        let mut number = place;
        loop {
            for round in &self.rounds {
                number = number.wrapping_add(round.add).wrapping_mul(round.factor) & self.mask;
                number ^= number >> self.fold;
            }
            if number < self.len {
                return number;
            }
        }
    }

    /// The place of a number: undoes [`Self::at`].
    pub(super) fn place(&self, number: u64) -> u64 {
        debug_assert!(number < self.len);
        let mut place = number;
        loop {
            for round in self.rounds.iter().rev() {
                place ^= place >> self.fold;
                place = place.wrapping_mul(round.inverse).wrapping_sub(round.add) & self.mask;
            }
            if place < self.len {
                return place;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_number_has_one_place(key: u64, len in 1..3000u64) {
            let shuffle = Shuffle::new(key, len);
            let mut is_taken = vec![false; len as usize];
            for place in 0..len {
                let number = shuffle.at(place);
                prop_assert!(!std::mem::replace(&mut is_taken[number as usize], true));
                prop_assert_eq!(shuffle.place(number), place);
            }
        }
    }

    #[test]
    fn neighbours_are_torn_apart() {
        let shuffle = Shuffle::new(5, 1 << 20);
        let near =
            (1..10_000).filter(|place| shuffle.at(*place).abs_diff(shuffle.at(place - 1)) < 1000).count();
        assert!(near < 100, "{near} of 10000 neighbours stayed near");
    }
}

//! Numbers that look random and are functions of a key: the same on every machine, in any order.

/// The finaliser of SplitMix64: every bit of the result hangs on every bit of the key.
pub(super) const fn mix(key: u64) -> u64 {
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}

/// The number that a seed gives for a purpose and an index of it.
///
/// Purposes keep apart what would otherwise be drawn from one index: the agent of device 7 says
/// nothing about its address.
pub(super) const fn draw(seed: u64, purpose: u64, index: u64) -> u64 {
    mix(mix(seed ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

/// A row of numbers from one start, for what is drawn one after the other.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(start: u64) -> Self {
        Self(start)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `end`, which is not 0.
    pub(super) const fn below(&mut self, end: u64) -> u64 {
        // The high half of the product: even enough for any `end` that occurs here.
        ((self.next() as u128 * end as u128) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_splitmix64() {
        // The first outputs of the published generator for seed 0.
        let mut dice = Dice::new(0);
        assert_eq!([dice.next(), dice.next()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }

    #[test]
    fn purposes_draw_apart() {
        assert_ne!(draw(1, 1, 7), draw(1, 2, 7));
        assert_ne!(draw(1, 1, 7), draw(2, 1, 7));
    }

    #[test]
    fn a_number_stays_below_its_end() {
        let mut dice = Dice::new(3);
        assert!((0..1000).all(|_| dice.below(7) < 7));
    }
}

//! By which of two ways the blocks of plain files are had: told by trying both.
//!
//! A map costs a fault for every few pages and takes them back afterwards; a read copies every byte. Which is less differs by
//! processor and by kernel, and most of all by how a file came into memory: where it lies there in large pieces, a
//! map costs next to nothing. Nobody can tell beforehand, so some blocks go both ways by turns, and the next ones the
//! quicker.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How the bytes of a block are had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Where they lie in the map.
    #[default]
    Mapped,
    /// Copied into a buffer.
    Copied,
}

/// So many blocks are asked for in a round; the first [`TRIED`] of them go both ways by turns, and the others the quicker
/// one of those that were last told of, for the next file may lie elsewhere.
const ROUND: usize = 512;
const TRIED: usize = 24;
/// So many of each way have to tell before one is chosen.
const TOLD: usize = 6;
/// What a shorter block takes says little of a long one.
const TOLD_LEN_MIN: usize = 64 << 10;

/// Both ways, and what is known of them.
#[derive(Debug, Default)]
pub struct Accesses(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    asked: usize,
    quicker: Access,
    /// Nanoseconds for each MiB of the blocks of this round that went through the map, and of those that were copied;
    /// `None` where enough of them have told.
    took: Option<[Vec<u64>; 2]>,
}

impl Accesses {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way of the next block.
    pub fn next(&self) -> Access {
        let state = &mut *self.state();
        let number = state.asked % ROUND;
        state.asked += 1;
        if number == 0 {
            state.took = Some(Default::default());
        }
        match number {
            // Not every other one: of many files of two blocks, each second one may be too short to tell anything.
            ..TRIED if number.count_ones().is_multiple_of(2) => Access::Mapped,
            ..TRIED => Access::Copied,
            _ => state.quicker,
        }
    }

    /// Whether it is of use to [tell](Accesses::tell) of a block.
    pub fn are_tried(&self) -> bool {
        self.state().took.is_some()
    }

    /// Tells how long a block of that length took, with all that was done with it.
    pub fn tell(&self, access: Access, len: usize, took: Duration) {
        let state = &mut *self.state();
        let Some(told) = state.took.as_mut().filter(|_| len >= TOLD_LEN_MIN) else { return };
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        told[access as usize].push(nanos.saturating_mul(1 << 20) / len as u64);
        if told.iter().all(|took| took.len() >= TOLD) {
            // The quick ones tell most: first a core has no buffer to read into, and then it may do something else meanwhile.
            let quick = |took: &mut [u64]| {
                let place = took.len() / 4;
                *took.select_nth_unstable(place).1
            };
            let [mapped, copied] = told.each_mut().map(|took| quick(took));
            state.quicker = if mapped <= copied { Access::Mapped } else { Access::Copied };
            state.took = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    /// Asks for a round of blocks and tells of them, each time after some more have been asked for; they take so many
    /// microseconds, and some of them far longer. The way of the last ones.
    fn choose(accesses: &Accesses, [mapped, copied]: [u64; 2], is_long: impl Fn(usize) -> bool) -> Access {
        let mut told = VecDeque::new();
        let mut last = Vec::new();
        for number in 0..ROUND {
            told.push_back((number, accesses.next()));
            if told.len() < 40 {
                continue;
            }
            let (number, access) = told.pop_front().unwrap();
            let took = if access == Access::Mapped { mapped } else { copied };
            let disturbed = if number % 3 == 0 { 1000 } else { 0 };
            match is_long(number) {
                true => accesses.tell(access, 1 << 20, Duration::from_micros(took + disturbed)),
                // The rest of a file says nothing.
                false => accesses.tell(access, TOLD_LEN_MIN - 1, Duration::ZERO),
            }
            last.extend((number >= ROUND - 80).then_some(access));
        }
        assert!(!accesses.are_tried());
        assert!(last.iter().all(|access| *access == last[0]));
        last[0]
    }

    #[test]
    fn the_quicker_way_is_chosen_once_both_were_tried() {
        for is_long in [|_| true, |number| number % 2 == 0, |number| number % 2 == 1] {
            let accesses = Accesses::default();
            for (took, quicker) in
                [([50, 60], Access::Mapped), ([60, 50], Access::Copied), ([50, 60], Access::Mapped)]
            {
                assert_eq!(choose(&accesses, took, is_long), quicker);
            }
        }
    }

    #[test]
    fn few_blocks_go_the_slower_way() {
        let accesses = Accesses::default();
        // However many are asked for before the first one tells.
        let copied = (0..ROUND).filter(|_| accesses.next() == Access::Copied).count();
        assert_eq!(copied, TRIED / 2);
    }
}

//! By which of two ways the blocks of plain files are had: told by trying both.
//!
//! A map costs a fault for every few pages and takes them back afterwards; a read copies every byte. Which is less differs by
//! processor and by kernel, and most of all by how a file came into memory: where it lies there in large pieces, a
//! map costs next to nothing. Nobody can tell beforehand, so some blocks go both ways by turns, and the next ones the
//! quicker.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How the bytes of a block are had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Where they lie in the map.
    Mapped,
    /// Copied into a buffer.
    Copied,
}

/// So many blocks go each way before one is chosen.
const TRIED: usize = 8;
/// What a shorter block takes says little of a long one.
const TRIED_LEN_MIN: usize = 64 << 10;
/// For so many blocks a choice holds: the next file may lie elsewhere.
const HELD: usize = 512;

/// Both ways, and what is known of them.
#[derive(Debug, Default)]
pub struct Accesses(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    asked: usize,
    /// Nanoseconds for each MiB of the blocks that went through the map, and of those that were copied.
    took: [Vec<u64>; 2],
    /// The quicker way, and for how many blocks more.
    chosen: Option<(Access, usize)>,
}

impl Accesses {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The way of the next block.
    pub fn next(&self) -> Access {
        let state = &mut *self.state();
        match &mut state.chosen {
            Some((access, left @ 1..)) => {
                *left -= 1;
                return *access;
            }
            chosen => *chosen = None,
        }
        state.asked += 1;
        // The last block of a file may be too short to tell anything, and so every other one of many files.
        let [mapped, copied] = state.took.each_ref().map(Vec::len);
        match mapped.cmp(&copied) {
            std::cmp::Ordering::Less => Access::Mapped,
            std::cmp::Ordering::Greater => Access::Copied,
            std::cmp::Ordering::Equal if state.asked.is_multiple_of(2) => Access::Copied,
            std::cmp::Ordering::Equal => Access::Mapped,
        }
    }

    /// Whether it is of use to [tell](Accesses::tell) of a block.
    pub fn are_tried(&self) -> bool {
        self.state().chosen.is_none()
    }

    /// Tells how long a block of that length took, with all that was done with it.
    pub fn tell(&self, access: Access, len: usize, took: Duration) {
        let state = &mut *self.state();
        if state.chosen.is_some() || len < TRIED_LEN_MIN {
            return;
        }
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        state.took[access as usize].push(nanos.saturating_mul(1 << 20) / len as u64);
        if state.took.iter().all(|took| took.len() >= TRIED) {
            // The quick ones tell most: first a core has no buffer to read into, and then it may do something else meanwhile.
            let quick = |took: &mut [u64]| {
                let place = took.len() / 4;
                *took.select_nth_unstable(place).1
            };
            let [mapped, copied] = state.took.each_mut().map(|took| quick(took));
            let quicker = if mapped <= copied { Access::Mapped } else { Access::Copied };
            state.chosen = Some((quicker, HELD));
            state.took = Default::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tells of blocks until a way is chosen, where they take so many microseconds and some of them far longer.
    fn choose(accesses: &Accesses, [mapped, copied]: [u64; 2]) -> Access {
        for number in 0..2 * TRIED {
            assert!(accesses.are_tried());
            let access = accesses.next();
            // The rest of a file says nothing.
            let rest = accesses.next();
            accesses.tell(rest, TRIED_LEN_MIN - 1, Duration::ZERO);
            let took = if access == Access::Mapped { mapped } else { copied };
            let disturbed = if number % 3 == 0 { 1000 } else { 0 };
            accesses.tell(access, 1 << 20, Duration::from_micros(took + disturbed));
        }
        assert!(!accesses.are_tried());
        let chosen = accesses.next();
        assert!((1..HELD).all(|_| accesses.next() == chosen));
        chosen
    }

    #[test]
    fn the_quicker_way_is_chosen_for_some_time_once_both_were_tried() {
        let accesses = Accesses::default();
        assert_eq!(choose(&accesses, [50, 60]), Access::Mapped);
        accesses.next();
        assert_eq!(choose(&accesses, [60, 50]), Access::Copied);
    }
}

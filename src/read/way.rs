//! By which of two ways the blocks of a plain file are had: told by trying both.
//!
//! A map costs a fault for every few pages and takes them back afterwards; a read copies every byte. Which is less differs by
//! processor and by kernel, and most of all by how the file came into memory: where it lies there in large pieces, a
//! map costs next to nothing. Nobody can tell beforehand, so the first blocks go both ways by turns.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// How the bytes of a block are had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Where they lie in the map.
    Map,
    /// Copied into a buffer.
    Read,
}

/// So many blocks go each way before one is chosen.
const TRIED: usize = 8;
/// What a shorter block takes says little of a long one.
const TRIED_LEN_MIN: usize = 64 << 10;

/// The two ways and what is known of them.
#[derive(Debug, Default)]
pub struct Ways {
    asked: AtomicUsize,
    /// Picoseconds for each byte of the blocks that went through the map, and of those that were read.
    took: Mutex<[Vec<u128>; 2]>,
    chosen: OnceLock<Way>,
}

impl Ways {
    /// The way of the next block.
    pub fn next(&self) -> Way {
        match self.chosen() {
            Some(way) => way,
            None if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) => Way::Map,
            None => Way::Read,
        }
    }

    /// The way that was chosen, once both were tried.
    pub fn chosen(&self) -> Option<Way> {
        self.chosen.get().copied()
    }

    /// Tells how long a block of that length took, with all that was done with it.
    pub fn tell(&self, way: Way, len: usize, took: Duration) {
        if len < TRIED_LEN_MIN {
            return;
        }
        let mut both = self.took.lock().unwrap_or_else(PoisonError::into_inner);
        both[way as usize].push(took.as_nanos() * 1000 / len as u128);
        if both.iter().all(|took| took.len() >= TRIED) {
            let [map, read] = both.each_mut().map(|took| *took.select_nth_unstable(TRIED / 4).1);
            // The quick ones tell most: first a core has no buffer to read into, and then it may do something else meanwhile.
            // Whoever chose before has seen as much.
            let _ = self.chosen.set(if map <= read { Way::Map } else { Way::Read });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is chosen where blocks take so long, and some of them far longer.
    fn chosen(map: u64, read: u64) -> Way {
        let ways = Ways::default();
        for number in 0..2 * TRIED {
            let way = ways.next();
            assert_eq!(way, [Way::Map, Way::Read][number % 2]);
            ways.tell(way, TRIED_LEN_MIN - 1, Duration::ZERO);
            let took = if way == Way::Map { map } else { read };
            let disturbed = if number % 3 == 0 { 1000 } else { 0 };
            ways.tell(way, 1 << 20, Duration::from_micros(took + disturbed));
        }
        assert_eq!(ways.next(), ways.next());
        ways.next()
    }

    #[test]
    fn the_quicker_way_is_chosen_once_both_were_tried() {
        assert_eq!(chosen(50, 60), Way::Map);
        assert_eq!(chosen(60, 50), Way::Read);
    }
}

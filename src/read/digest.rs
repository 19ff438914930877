//! The digest of a file whose pieces are read by several cores, each where its bytes are near anyway.
//!
//! BLAKE3 is a tree: what a stretch of the file that begins at a multiple of its own length comes to can be worked out by itself
//! (`blake3::hazmat`), and two such values come to that of both. So whoever reads a piece makes its leaves, and the
//! values are put together in the order of the file. The result is that of [`blake3::hash`] over the whole file.

use blake3::hazmat::{ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};
use std::ops::Range;

/// Bytes of a leaf: a power of two, and enough for as many chunks as any processor takes at a time.
pub(super) const LEAF_LEN: usize = 64 << 10;

/// What a leaf comes to.
pub type Leaf = ChainingValue;

/// The bytes of the leaves that begin in that stretch of a file of that length; the last may end behind it. Empty, and at
/// its begin, where there are none.
pub(super) fn leaves_in(stretch: &Range<usize>, file_len: usize) -> Range<usize> {
    let begin = stretch.start.next_multiple_of(LEAF_LEN);
    let end = stretch.end.next_multiple_of(LEAF_LEN).min(file_len);
    if begin < end { begin..end } else { stretch.start..stretch.start }
}

/// Works out the leaves of these bytes, which begin at that offset of the file, as a leaf does.
pub(super) fn work_out(bytes: &[u8], offset: usize, leaves: &mut Vec<Leaf>) {
    for (number, leaf) in bytes.chunks(LEAF_LEN).enumerate() {
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset((offset + number * LEAF_LEN) as u64);
        leaves.push(hasher.update(leaf).finalize_non_root());
    }
}

/// The leaves of a file, put together as they come.
#[derive(Debug, Default)]
pub struct Digest {
    /// Of as many leaves each as a number has whose ones are the number of leaves before the last one: the
    /// largest first. The last two are put together only when another one follows, since the root is made in its own way.
    trees: Vec<ChainingValue>,
    count: u64,
}

impl Digest {
    /// Takes the next leaf of the file.
    pub fn push(&mut self, leaf: Leaf) {
        while self.trees.len() > self.count.count_ones() as usize {
            self.join();
        }
        self.trees.push(leaf);
        self.count += 1;
    }

    /// Puts the last two trees together.
    fn join(&mut self) {
        if let (Some(right), Some(left)) = (self.trees.pop(), self.trees.pop()) {
            self.trees.push(merge_subtrees_non_root(&left, &right, Mode::Hash));
        }
    }

    /// The digest of the file, of which all leaves have been taken; `None` where there is but one, which tells nothing.
    pub fn finish(mut self) -> Option<blake3::Hash> {
        while self.trees.len() > 2 {
            self.join();
        }
        match &self.trees[..] {
            [left, right] => Some(merge_subtrees_root(left, right, Mode::Hash)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn pieces_come_to_what_the_whole_comes_to(
            leaves in 0_usize..20,
            more in -3_isize..3,
            cuts in prop::collection::vec(0_usize..LEAF_LEN * 20, 0..8),
        ) {
            let len = (leaves * LEAF_LEN).saturating_add_signed(more * 700);
            let bytes: Vec<u8> = (0..len).map(|at| ((at / 3) ^ (at >> 9)) as u8).collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(len)).chain([0, len]).collect();
            cuts.sort_unstable();
            let mut digest = Digest::default();
            for pair in cuts.windows(2) {
                let range = leaves_in(&(pair[0]..pair[1]), len);
                prop_assert!(range.is_empty() || (pair[0]..pair[1]).contains(&range.start));
                let mut leaves = Vec::new();
                work_out(&bytes[range.clone()], range.start, &mut leaves);
                leaves.into_iter().for_each(|leaf| digest.push(leaf));
            }
            let expected = (len > LEAF_LEN).then(|| blake3::hash(&bytes));
            prop_assert_eq!(digest.finish(), expected);
        }
    }
}

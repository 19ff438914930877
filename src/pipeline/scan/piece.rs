//! One block of a log, on its way to who scans it.

use crate::formats::scan::{Before, Block, LineEnds};
use crate::formats::sip::dump::Dump;
use crate::model::Spot;
use crate::pipeline::clock::Years;
use crate::read::{Access, Accesses, Leaf, Mapped};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// A longer block is scanned in the map: where no record begins for that long, nothing bounds the memory of a copy.
const COPIED_MAX: usize = 4 << 20;

/// One block that begins where a record does.
pub(super) struct Piece {
    pub bytes: Bytes,
    pub start: Spot,
    pub line_ends: LineEnds,
    pub before: Before,
    /// Its dumps, where the cut had to find them all.
    pub dumps: Option<Vec<Dump>>,
    /// The input ends with it.
    pub ends_input: bool,
    /// Of its stamps, where its input did not know them beforehand.
    pub years: Option<Arc<Years>>,
}

/// Where the bytes of a block are.
pub(super) enum Bytes {
    /// In a file, and how they are had.
    Mapped(Arc<Mapped>, Range<usize>, Access),
    Owned(Vec<u8>),
}

impl Piece {
    /// Its bytes: where they lie, or read into the buffer. The leaves of a file's digest that begin in them, if somebody wants
    /// them.
    pub fn read<'t>(&'t self, buffer: &'t mut Vec<u8>, leaves: Option<&mut Vec<Leaf>>) -> &'t [u8] {
        let Bytes::Mapped(mapped, range, access) = &self.bytes else { return self.bytes() };
        let is_copied = *access == Access::Copied && self.may_be_copied();
        match leaves {
            Some(leaves) if is_copied => return mapped.read_with_leaves(range.clone(), buffer, leaves),
            None if is_copied => return mapped.read(range.clone(), buffer),
            Some(leaves) => mapped.leaves(range, leaves),
            None => {}
        }
        self.bytes()
    }

    /// Tells how long it took to scan it, where there was another way to its bytes.
    pub fn tell(&self, accesses: &Accesses, began: Instant) {
        let Bytes::Mapped(mapped, range, access) = &self.bytes else { return };
        if accesses.are_tried() && self.may_be_copied() {
            if *access == Access::Mapped {
                // This takes its time as well, if later as a rule.
                mapped.release(range.clone());
            }
            accesses.tell(*access, range.len(), began.elapsed());
        }
    }

    /// Whether both ways to its bytes are open: nobody has looked at them, and a copy is not too long.
    fn may_be_copied(&self) -> bool {
        self.dumps.is_none() && self.len() <= COPIED_MAX
    }

    pub fn len(&self) -> usize {
        match &self.bytes {
            Bytes::Mapped(_, range, _) => range.len(),
            Bytes::Owned(bytes) => bytes.len(),
        }
    }

    /// Its bytes where they lie.
    pub fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(mapped, range, _) => &mapped.bytes()[range.clone()],
            Bytes::Owned(bytes) => bytes,
        }
    }

    /// It as the scan takes it, with its bytes.
    pub fn block<'t>(&'t self, bytes: &'t [u8], allow_bare: bool) -> Block<'t> {
        Block {
            bytes,
            start: self.start,
            allow_bare,
            line_ends: self.line_ends,
            before: self.before,
            dumps: self.dumps.as_deref(),
            ends_input: self.ends_input,
        }
    }

    /// Whether its first line began before it.
    pub fn begins_in_a_line(&self) -> bool {
        self.before.is_open
    }

    pub fn years(&self) -> Option<&Years> {
        self.years.as_deref()
    }
}

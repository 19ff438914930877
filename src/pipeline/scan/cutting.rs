//! A plain log, cut into blocks where its bytes tell that records begin.

use super::piece::{Bytes, Piece};
use crate::formats::frame;
use crate::formats::scan::{Before, LineEnds};
use crate::formats::sip::dump::{self, Cut, DUMP_MAX, Dump};
use crate::model::Spot;
use crate::pipeline::plan::Input;
use crate::read::{Access, Digest, InputError, Leaf, Mapped};
use rayon::prelude::*;
use std::sync::Arc;

/// Bytes behind the place meant for a cut in which one is found as a rule.
const BEHIND: usize = 16 << 10;

/// Bytes of a map that a core gives back at a time.
const RELEASED_LEN: usize = 32 << 20;

/// What the start of an input tells of its lines, and what they are opened with.
pub(super) struct LineSort {
    pub ends: LineEnds,
    /// Some open records and others do not.
    pub has_records: bool,
    pub layers: frame::Scratch,
}

impl LineSort {
    pub fn of(input: &Input, start: &[u8]) -> Self {
        let (ends, has_records) = (line_ends(start), has_records(input, start));
        Self { ends, has_records, layers: frame::Scratch::default() }
    }
}

/// A memory map that is cut where records begin.
pub(super) struct Cutting {
    mapped: Arc<Mapped>,
    /// Where the next block begins.
    pub at: usize,
    /// What is before has been scanned, and what is before that been given back.
    scanned: usize,
    released: usize,
    /// Of what is before `at`.
    before: Before,
    /// The block before had dumps near its end, and so has this one, probably: all of it has to be seen.
    has_dumps: bool,
    /// Of the blocks that have been read.
    digest: Digest,
    buffer: Vec<u8>,
}

impl Cutting {
    pub fn of(mapped: Mapped) -> Self {
        let (digest, buffer) = (Digest::default(), Vec::new());
        let before = Before::default();
        Self {
            mapped: Arc::new(mapped),
            at: 0,
            scanned: 0,
            released: 0,
            before,
            has_dumps: false,
            digest,
            buffer,
        }
    }

    /// Whether all of it has been given out.
    pub fn is_over(&self) -> bool {
        self.left() == 0
    }

    /// How much has not been given out.
    pub fn left(&self) -> usize {
        self.mapped.bytes().len() - self.at
    }

    /// Gives back what has been scanned. Each time every core forgets where memory is, so not block by block.
    pub fn release(&mut self) {
        self.mapped.release(self.released..self.scanned);
        self.released = self.scanned;
    }

    /// Notes that so many bytes more have been scanned.
    pub fn pass(&mut self, len: usize) {
        self.scanned += len;
    }

    /// Takes the next leaf of the digest.
    pub fn push(&mut self, leaf: Leaf) {
        self.digest.push(leaf);
    }

    /// The map, for who reads it by other means.
    pub fn into_map(self) -> Arc<Mapped> {
        self.mapped
    }

    /// The end of the file, all of which has been scanned, with its digest if that is wanted.
    ///
    /// # Errors
    ///
    /// [`InputError::Changed`] where it is not what it was at opening.
    pub fn close(self, wants_digest: bool) -> Result<Option<blake3::Hash>, InputError> {
        let Self { mapped, released, digest, .. } = self;
        let digest = wants_digest.then(|| digest.finish().unwrap_or_else(|| mapped.digest()));
        mapped.verify_unchanged()?;
        let len = mapped.bytes().len();
        (released..len)
            .into_par_iter()
            .step_by(RELEASED_LEN)
            .for_each(|from| mapped.release(from..len.min(from + RELEASED_LEN)));
        Ok(digest)
    }

    /// The next block.
    pub fn piece(
        &mut self,
        len: usize,
        start: Spot,
        lines: &mut LineSort,
        list: Vec<Dump>,
        access: Access,
    ) -> Piece {
        let (begin, before) = (self.at, self.before);
        let dumps;
        match self.cut_nearby(len, lines, access) {
            Some(nearby) => {
                (self.at, self.before) = nearby;
                // Nobody has looked for any.
                dumps = None;
            }
            None => {
                let bytes = self.mapped.bytes();
                Cut { end: self.at, dumps } =
                    dump::cut(bytes, begin, len, lines.has_records, &mut lines.layers, list);
                self.before = Before::of(&bytes[..self.at]);
                self.has_dumps = dumps.is_some();
            }
        }
        let bytes = Bytes::Mapped(Arc::clone(&self.mapped), begin..self.at, access);
        let ends_input = self.is_over();
        Piece { bytes, start, line_ends: lines.ends, before, dumps, ends_input, years: None }
    }

    /// Where the next block ends, and whether in CR LF, where what is near tells of it: so that the rest of it is read but once,
    /// by the core that scans it.
    fn cut_nearby(&mut self, len: usize, lines: &mut LineSort, access: Access) -> Option<(usize, Before)> {
        let target = self.at + len.max(1);
        if self.has_dumps || target + BEHIND >= self.mapped.bytes().len() {
            return None;
        }
        let from = target.saturating_sub(DUMP_MAX).max(self.at);
        let near = from..target + BEHIND;
        let near = match access {
            Access::Mapped => &self.mapped.bytes()[near],
            Access::Copied => self.mapped.read(near, &mut self.buffer),
        };
        let end = dump::cut_nearby(near, target - from, lines.has_records, &mut lines.layers)?;
        Some((from + end, Before::of(&near[..end])))
    }
}

/// Whether some lines of the input open records and others do not, by its start.
fn has_records(input: &Input, bytes: &[u8]) -> bool {
    !input.allow_bare || dump::holds_records(&bytes[..bytes.len().min(64 << 10)])
}

/// How the lines of an input end, by its first one.
fn line_ends(bytes: &[u8]) -> LineEnds {
    match memchr::memchr(b'\n', bytes) {
        Some(at) if at > 0 && bytes[at - 1] == b'\r' => LineEnds::CrLf,
        _ => LineEnds::Lf,
    }
}

//! The blocks of one log, as they become ready: cut where a file's bytes tell, and read by who scans them, or decoded.

use super::cutting::{Cutting, LineSort};
use super::piece::{Bytes, Piece};
use crate::formats::scan::Before;
use crate::formats::sip::dump::{self, Cut, Dump};
use crate::model::Spot;
use crate::pipeline::clock::Years;
use crate::pipeline::plan::Input;
use crate::pipeline::years::{Notable, Walk};
use crate::read::{Accesses, Codec, InputError, Leaf, OwnedBlock, Source, Stream};
use std::sync::Arc;

/// Bytes asked of a decoder at a time.
const DECODED_LEN: usize = 1 << 20;

/// Of what nobody wants a digest.
pub(super) const NO_DIGEST: blake3::Hash = blake3::Hash::from_bytes([0; 32]);

/// An open input.
pub(super) struct Feed<'p> {
    input: &'p Input,
    rank: u32,
    kind: Kind,
    lines: LineSort,
    /// Lists of dumps to be filled again, as long as every block has some.
    lists: Vec<Vec<Dump>>,
    raw_bytes_told: u64,
    dating: Option<Dating>,
}

/// The walk over the stamps of an input whose later years come with its blocks.
struct Dating {
    walk: Walk,
    first: i32,
    changes: usize,
    years: Arc<Years>,
    /// A block was given other years than its stamps turned out to be of.
    was_wrong: bool,
}

impl Dating {
    fn of(input: &Input) -> Option<Self> {
        let (_, first) = *input.years.sections.first().filter(|_| input.walks_on)?;
        let walk = Walk::dated();
        let years = Arc::new(walk.sections(first));
        Some(Self { years, walk, first, changes: 0, was_wrong: false })
    }

    /// Whether the whole input tells other times than its start did.
    fn has_turned(&self, input: &Input) -> bool {
        let is_other = |bound| self.walk.year_by_bound(bound) != Some(self.first);
        // The blocks of a plain log are read before it is known what those before tell.
        (input.codec == Codec::Plain && self.walk.changes() != 0)
            || self.was_wrong
            || !self.walk.years(self.first, &input.zone).turns.is_empty()
            || input.year_bound.is_some_and(is_other)
    }

    /// The years of the next block, which are known with it.
    fn years(&mut self, bytes: &[u8], offset: u64) -> Arc<Years> {
        self.walk.block(bytes, offset);
        // A year that began in an earlier block and was none: that block has been given out.
        self.was_wrong |= self.walk.changes() < self.changes;
        // Records in one that turned out to be of the old year.
        self.was_wrong |= self.walk.has_late_changes(self.changes, offset);
        if self.changes != self.walk.changes() {
            self.changes = self.walk.changes();
            self.years = Arc::new(self.walk.sections(self.first));
        }
        Arc::clone(&self.years)
    }
}

enum Kind {
    Mapped(Cutting),
    Stream(Box<Decoding>),
}

/// A stream that is cut where records begin.
struct Decoding {
    stream: Stream,
    /// The first block, where it has been read.
    first: Option<OwnedBlock>,
    is_begun: bool,
    is_over: bool,
    /// The start of a record of which no end has been read.
    kept: Vec<u8>,
    offset: u64,
    before: Before,
}

/// How an input ended.
pub(super) struct End {
    pub digest: blake3::Hash,
    pub is_cut: bool,
    /// Clocks were put back in it, or a year began, which nobody had expected: some stamps were misread.
    pub has_turned: bool,
}

impl<'p> Feed<'p> {
    /// Opens the input, or goes on with what the survey has begun.
    ///
    /// # Errors
    ///
    /// An input that is gone or can no longer be read.
    pub fn open(input: &'p Input, rank: u32, wants_digest: bool) -> Result<Self, InputError> {
        let begun = input.begun.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let (mut kind, lines) = match begun {
            Some((stream, first)) => {
                let start = first.as_ref().map_or(&b""[..], |block| &block.bytes);
                let lines = LineSort::of(input, start);
                (Kind::decoding(stream, first), lines)
            }
            None => match input.open()? {
                // Its start is seen with the first block.
                Source::Stream(stream) => (Kind::decoding(stream, None), LineSort::of(input, b"")),
                Source::Mapped(mapped) => {
                    let lines = LineSort::of(input, mapped.bytes());
                    (Kind::Mapped(Cutting::of(mapped)), lines)
                }
            },
        };
        if let Kind::Stream(decoding) = &mut kind
            && !wants_digest
        {
            decoding.stream.forgo_digest();
        }
        Ok(Self { input, rank, kind, lines, lists: Vec::new(), raw_bytes_told: 0, dating: Dating::of(input) })
    }

    /// The input as it was opened, for who reads it from the first byte to the last.
    pub fn into_source(self) -> Result<(Source, Option<OwnedBlock>), InputError> {
        Ok(match self.kind {
            Kind::Mapped(cutting) => match Arc::try_unwrap(cutting.into_map()) {
                Ok(mapped) => (Source::Mapped(mapped), None),
                Err(_) => (self.input.open()?, None),
            },
            Kind::Stream(decoding) => (Source::Stream(decoding.stream), decoding.first),
        })
    }

    /// Makes up to `count` blocks of about `len` bytes ready.
    ///
    /// # Errors
    ///
    /// What a decoder finds wrong. Blocks before that have been made ready.
    pub fn fill(
        &mut self,
        ready: &mut Vec<Piece>,
        len: usize,
        count: usize,
        accesses: &Accesses,
    ) -> Result<(), InputError> {
        let rank = self.rank;
        match &mut self.kind {
            Kind::Mapped(cutting) => {
                cutting.release();
                while !cutting.is_over() && ready.len() < count {
                    let list = self.lists.pop().unwrap_or_default();
                    let start = Spot { input: rank, offset: cutting.at as u64 };
                    ready.push(cutting.piece(len, start, &mut self.lines, list, accesses.next()));
                }
            }
            Kind::Stream(decoding) => {
                // A decoder's blocks are what a core scans at a time, unless a test wants less.
                let wanted = (len * count).div_ceil(DECODED_LEN);
                while !decoding.is_over() && ready.len() < wanted {
                    if !decoding.is_begun {
                        decoding.begin(len)?;
                        let first = decoding.first.as_ref().map_or(&b""[..], |block| &block.bytes);
                        self.lines = LineSort::of(self.input, first);
                    }
                    let start = Spot { input: rank, offset: 0 };
                    let list = self.lists.pop().unwrap_or_default();
                    let piece = decoding.piece(len, start, &mut self.lines, list)?;
                    ready.extend(piece.map(|mut piece| {
                        let dating = self.dating.as_mut();
                        piece.years = dating.map(|dating| dating.years(piece.bytes(), piece.start.offset));
                        piece
                    }));
                }
            }
        }
        Ok(())
    }

    /// Whether every byte has been made ready.
    pub fn is_over(&self) -> bool {
        match &self.kind {
            Kind::Mapped(cutting) => cutting.is_over(),
            Kind::Stream(decoding) => decoding.is_over(),
        }
    }

    /// How many blocks of that length are still to be made ready; as many as can be where nobody knows.
    pub fn blocks_left(&self, len: usize) -> usize {
        match &self.kind {
            Kind::Mapped(cutting) => cutting.left().div_ceil(len),
            Kind::Stream(decoding) if decoding.is_over() => 0,
            Kind::Stream(_) => usize::MAX,
        }
    }

    /// Raw bytes that were read since this was last asked.
    pub fn take_raw_bytes(&mut self) -> u64 {
        let read = match &self.kind {
            Kind::Mapped(cutting) => cutting.at as u64,
            Kind::Stream(decoding) => decoding.stream.raw_bytes_read(),
        };
        read - std::mem::replace(&mut self.raw_bytes_told, read)
    }

    /// Takes what was notable in the next block, which was read with the years that its input began with.
    pub fn note(&mut self, piece: &Piece, notable: &Notable) {
        if let Some(dating) = &mut self.dating {
            dating.walk.note(piece.bytes(), piece.start.offset, notable);
        }
    }

    /// Notes that the next block has been scanned.
    pub fn pass(&mut self, piece: &Piece) {
        if let Kind::Mapped(cutting) = &mut self.kind {
            cutting.pass(piece.len());
        }
    }

    /// Takes back a block that is done with.
    pub fn recycle(&mut self, piece: Piece) {
        self.lists.extend(piece.dumps.map(|mut list| {
            list.clear();
            list
        }));
        if let (Kind::Stream(decoding), Bytes::Owned(bytes)) = (&mut self.kind, piece.bytes) {
            decoding.stream.recycle(bytes);
        }
    }

    /// Takes what the next block told of the file's digest.
    pub fn take_leaves(&mut self, leaves: Vec<Leaf>) {
        if let Kind::Mapped(cutting) = &mut self.kind {
            leaves.into_iter().for_each(|leaf| cutting.push(leaf));
        }
    }

    /// The end of the input. Its digest is zeros where nobody wants it, as it is read.
    ///
    /// # Errors
    ///
    /// [`InputError::Changed`] where it is not what it was at opening: what was counted is not to
    /// be believed.
    pub fn close(self, wants_digest: bool) -> Result<End, InputError> {
        let has_turned = self.dating.is_some_and(|dating| dating.has_turned(self.input));
        match self.kind {
            Kind::Mapped(cutting) => {
                let digest = cutting.close(wants_digest)?;
                Ok(End { digest: digest.unwrap_or(NO_DIGEST), is_cut: false, has_turned })
            }
            Kind::Stream(decoding) => {
                decoding.stream.verify_unchanged()?;
                let digest = decoding.stream.digest().unwrap_or(NO_DIGEST);
                Ok(End { digest, is_cut: decoding.stream.is_cut(), has_turned })
            }
        }
    }
}

impl Kind {
    fn decoding(stream: Stream, first: Option<OwnedBlock>) -> Self {
        Self::Stream(Box::new(Decoding {
            stream,
            is_begun: first.is_some(),
            first,
            is_over: false,
            kept: Vec::new(),
            offset: 0,
            before: Before::default(),
        }))
    }
}

impl Decoding {
    fn begin(&mut self, len: usize) -> Result<(), InputError> {
        self.is_begun = true;
        self.first = self.stream.next_block(decoded_len(len))?;
        self.is_over = self.first.is_none();
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.is_over
    }

    /// The next bytes that end before a record; `None` where there are none, or more has to be read first. The
    /// stream begins at `start`.
    fn piece(
        &mut self,
        len: usize,
        start: Spot,
        lines: &mut LineSort,
        list: Vec<Dump>,
    ) -> Result<Option<Piece>, InputError> {
        let block = match self.first.take() {
            Some(block) => Some(block),
            None => self.stream.next_block(decoded_len(len))?,
        };
        self.is_over = block.is_none() || !self.stream.may_go_on();
        let mut bytes = std::mem::take(&mut self.kept);
        match block {
            Some(block) if bytes.is_empty() => (self.offset, bytes) = (block.offset, block.bytes),
            Some(block) => {
                bytes.extend_from_slice(&block.bytes);
                self.stream.recycle(block.bytes);
            }
            None if bytes.is_empty() => return Ok(None),
            None => {}
        }
        let Cut { end: cut, dumps } = match self.is_over {
            true => Cut::behind(&bytes),
            false => dump::last_cut(&bytes, lines.has_records, &mut lines.layers, list),
        };
        if cut == 0 {
            self.kept = bytes;
            return Ok(None);
        }
        // The next block begins where this one is cut, so that nothing is moved but the rest.
        self.stream.put_back(&bytes[cut..]);
        bytes.truncate(cut);
        let start = Spot { offset: start.offset + self.offset, ..start };
        let before = std::mem::replace(&mut self.before, Before::of(&bytes));
        self.offset += cut as u64;
        Ok(Some(Piece {
            bytes: Bytes::Owned(bytes),
            start,
            line_ends: lines.ends,
            before,
            dumps,
            ends_input: self.is_over,
            years: None,
        }))
    }
}

fn decoded_len(len: usize) -> usize {
    // Tests cut small, everybody else as the decoder likes it.
    if len < super::BLOCK_LEN { len } else { DECODED_LEN }
}

//! A block of an input, as the scan takes it.

use crate::formats::frame;
use crate::formats::sip::dump;
use crate::model::Spot;

/// Where a block comes from.
#[derive(Debug, Clone, Copy)]
pub struct Block<'t> {
    /// Whole lines; the last may lack its line end.
    pub bytes: &'t [u8],
    /// Place of the first byte.
    pub start: Spot,
    /// Lines without any known prefix are records too: the input has no frames at all.
    pub allow_bare: bool,
    /// How lines end in this input.
    pub line_ends: LineEnds,
    pub before: Before,
    /// Its dumps, where whoever cut the block has found them all.
    pub dumps: Option<&'t [dump::Dump]>,
    /// The input ends with it: a last line without its line end may be half written.
    pub ends_input: bool,
}

/// How an input's own lines end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineEnds {
    /// LF, as servers write. A line that ends in CR LF is then a SIP header that was written raw,
    /// and the line after it is the next header: without a password a stranger can make Kamailio's
    /// standard error hold a perfect record that way, so what follows CR LF proves nothing.
    #[default]
    Lf,
    /// CR LF throughout: the log passed through a terminal or another system.
    CrLf,
}

/// What the line before a block says of the block's first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Before {
    /// It ended in CR LF.
    has_cr: bool,
    /// It is a part of a longer line.
    is_part: bool,
    /// It goes on in the block: a dump ended in it.
    pub is_open: bool,
}

impl Before {
    /// Of a block that stands behind these bytes, or at least behind the last line of them.
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            has_cr: bytes.ends_with(b"\r\n"),
            is_part: frame::ends_in_part(bytes),
            is_open: bytes.last().is_some_and(|last| *last != b'\n'),
        }
    }
}

impl Block<'_> {
    /// The place of a byte of the block.
    #[inline]
    pub(super) fn spot(&self, at: usize) -> Spot {
        Spot { input: self.start.input, offset: self.start.offset + at as u64 }
    }

    /// Whether the line that begins at `begin` is the next header of a message that was written raw, or goes on with the line
    /// before it: it may be a stranger's text all the same.
    #[inline]
    pub(super) fn is_continuation(&self, begin: usize) -> bool {
        let follows_cr = match begin {
            0 => self.before.has_cr,
            1 => false,
            _ => self.bytes[begin - 2] == b'\r' && self.bytes[begin - 1] == b'\n',
        };
        (follows_cr && self.line_ends == LineEnds::Lf)
            || (frame::may_be_parted(&self.bytes[begin..]) && self.follows_part(begin))
    }

    #[inline(never)]
    fn follows_part(&self, begin: usize) -> bool {
        match begin {
            0 => self.before.is_part,
            _ => frame::ends_in_part(&self.bytes[..begin]),
        }
    }
}

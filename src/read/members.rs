//! A compressed file is a sequence of members: `cat a.gz b.gz` makes a gzip file of two.
//!
//! The members are followed here and not by the decoders so that all codecs end alike, and what
//! stands behind the last one can be told apart: NUL padding (tapes, block devices) is passed
//! over as the compressors' own programs do, and anything else is named for what it is.

use super::decode::Codec;
use std::io::{self, BufRead, Read};

/// A decoder of one member: its reads give 0 at the member's end, whatever follows it.
pub(super) trait Member<R>: Read + Sized {
    const CODEC: Codec;

    /// A decoder that starts where `raw` stands.
    fn open(raw: R) -> io::Result<Self>;

    /// The raw bytes behind the member.
    fn close(self) -> R;

    /// Whether a member can start with that byte.
    fn may_start_with(byte: u8) -> bool;
}

/// All members, one after the other.
pub(super) enum Members<R, M> {
    Inside(Box<M>),
    Between {
        raw: R,
        is_padded: bool,
    },
    /// Only while one state is turned into the next, and where a decoder could not be made.
    Nowhere,
}

impl<R: BufRead, M: Member<R>> Members<R, M> {
    pub fn of(raw: R) -> Self {
        Self::Between { raw, is_padded: false }
    }

    /// Opens the member that starts here, or ends the one that ended here.
    fn turn(&mut self) -> io::Result<()> {
        *self = match std::mem::replace(self, Self::Nowhere) {
            Self::Inside(member) => Self::Between { raw: member.close(), is_padded: false },
            Self::Between { raw, .. } => Self::Inside(Box::new(M::open(raw)?)),
            Self::Nowhere => return Err(io::Error::other("decoder is in no state")),
        };
        Ok(())
    }
}

impl<R: BufRead, M: Member<R>> Read for Members<R, M> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self {
                Self::Inside(member) => match member.read(buffer)? {
                    0 => self.turn()?,
                    len => return Ok(len),
                },
                Self::Between { raw, is_padded } => {
                    let rest = raw.fill_buf()?;
                    let padding = rest.iter().take_while(|byte| **byte == 0).count();
                    match rest.get(padding) {
                        None if rest.is_empty() => return Ok(0),
                        None => {}
                        // Only xz says that members may follow padding.
                        Some(_) if (*is_padded || padding > 0) && M::CODEC != Codec::Xz => {
                            return Err(garbage(M::CODEC));
                        }
                        Some(byte) if M::may_start_with(*byte) => {
                            raw.consume(padding);
                            self.turn()?;
                            continue;
                        }
                        Some(_) => return Err(garbage(M::CODEC)),
                    }
                    raw.consume(padding);
                    *is_padded = true;
                }
                Self::Nowhere => self.turn()?,
            }
        }
    }
}

fn garbage(codec: Codec) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{codec} data is followed by something else"))
}

//! Compression, recognised by magic bytes and never by a file's name.
//!
//! To add one: an arm in [`decoder`] and a dependency. The magic bytes are all here already.

use flate2::bufread::GzDecoder;
use std::fmt;
use std::io::{self, BufRead, Read};

/// How an input is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// As it is.
    Plain,
    Gzip,
    Zstd,
    Bzip2,
    Xz,
}

impl Codec {
    /// Bytes that [`Codec::of`] needs to see, where there are as many.
    pub const MAGIC_LEN: usize = 10;

    /// The codec of an input that starts like this.
    pub fn of(start: &[u8]) -> Self {
        const BZIP2_BLOCK: &[u8] = b"\x31\x41\x59\x26\x53\x59";
        const BZIP2_END: &[u8] = b"\x17\x72\x45\x38\x50\x90";
        match start {
            [0x1f, 0x8b, ..] => Self::Gzip,
            // Parallel compressors put skippable frames first.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            // `BZh9` alone could start a line of text; what follows it could not.
            [b'B', b'Z', b'h', b'1'..=b'9', rest @ ..]
                if rest.starts_with(BZIP2_BLOCK) || rest.starts_with(BZIP2_END) =>
            {
                Self::Bzip2
            }
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            _ => Self::Plain,
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain text",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        })
    }
}

/// A reader of the decoded bytes; `None` for a codec that has no decoder yet.
///
/// The decoder reads `raw` to its very end, so that a digest of the raw bytes is complete. What
/// is wrong with the stream comes as an [`io::Error`] without a system error number, after the
/// bytes that could be decoded before.
pub(super) fn decoder(codec: Codec, raw: impl BufRead + Send + 'static) -> Option<Box<dyn Read + Send>> {
    match codec {
        Codec::Plain => Some(Box::new(raw)),
        Codec::Gzip => Some(Box::new(Members::of(raw))),
        Codec::Zstd | Codec::Bzip2 | Codec::Xz => None,
    }
}

/// What a decoder's error says about the stream, as a message words it.
pub(super) fn damage(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "stream ends inside a block".to_owned(),
        _ => error.to_string(),
    }
}

/// All members of a gzip file, one after the other, as `cat a.gz b.gz` makes them.
///
/// The members are followed here and not by flate2 so that what stands behind the last one can
/// be told apart: NUL padding (tapes, block devices) is passed over as gzip itself does, and
/// anything else is named for what it is.
enum Members<R> {
    Inside(Box<GzDecoder<R>>),
    Between(R),
    Padding(R),
    /// Only while one state is turned into the next.
    Moving,
}

impl<R: BufRead> Members<R> {
    fn of(raw: R) -> Self {
        Self::Inside(Box::new(GzDecoder::new(raw)))
    }

    /// Turns the state into the next, which goes on with the same raw bytes.
    fn step(&mut self, next: fn(R) -> Self) {
        *self = match std::mem::replace(self, Self::Moving) {
            Self::Inside(member) => next(member.into_inner()),
            Self::Between(raw) | Self::Padding(raw) => next(raw),
            Self::Moving => Self::Moving,
        };
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            match self {
                Self::Inside(member) => match member.read(buffer)? {
                    0 => self.step(Self::Between),
                    len => return Ok(len),
                },
                Self::Between(raw) => match raw.fill_buf()?.first() {
                    None => return Ok(0),
                    Some(0x1f) => self.step(Self::of),
                    Some(0) => self.step(Self::Padding),
                    Some(_) => return Err(garbage()),
                },
                Self::Padding(raw) => {
                    let rest = raw.fill_buf()?;
                    if rest.iter().any(|&byte| byte != 0) {
                        return Err(garbage());
                    }
                    let len = rest.len();
                    if len == 0 {
                        return Ok(0);
                    }
                    raw.consume(len);
                }
                Self::Moving => return Err(io::Error::other("decoder is in no state")),
            }
        }
    }
}

fn garbage() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "gzip members are followed by something else")
}

#[cfg(test)]
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inflate(raw: Vec<u8>) -> (Vec<u8>, io::Result<usize>) {
        let mut bytes = Vec::new();
        let result = decoder(Codec::Gzip, io::Cursor::new(raw)).unwrap().read_to_end(&mut bytes);
        (bytes, result)
    }

    #[test]
    fn codecs_are_known_by_their_first_bytes() {
        assert_eq!(Codec::of(&gzip(b"a")), Codec::Gzip);
        assert_eq!(Codec::of(b"\x28\xb5\x2f\xfd\x24\x01"), Codec::Zstd);
        assert_eq!(Codec::of(b"\x50\x2a\x4d\x18\x04\0\0\0"), Codec::Zstd);
        assert_eq!(Codec::of(b"BZh91AY&SY"), Codec::Bzip2);
        assert_eq!(Codec::of(b"\xfd7zXZ\0\0\x04"), Codec::Xz);
        assert_eq!(Codec::of(b"Oct  5 14:03:22"), Codec::Plain);
        assert_eq!(Codec::of(b""), Codec::Plain);
    }

    #[test]
    fn a_line_that_starts_like_bzip2_is_text() {
        assert_eq!(Codec::of(b"BZh9 registered"), Codec::Plain);
    }

    #[test]
    fn members_are_read_one_after_the_other() {
        let (bytes, result) = inflate([gzip(b"one\n"), gzip(b""), gzip(b"two\n")].concat());
        assert_eq!(bytes, b"one\ntwo\n");
        assert!(result.is_ok());
    }

    #[test]
    fn nul_padding_after_the_last_member_is_passed_over() {
        let (bytes, result) = inflate([gzip(b"one\n"), vec![0; 1000]].concat());
        assert_eq!(bytes, b"one\n");
        assert!(result.is_ok());
    }

    #[test]
    fn garbage_after_the_last_member_is_damage() {
        for tail in [&b"tail"[..], b"\0\0tail", b"\x1ftail of fifteen"] {
            let (bytes, result) = inflate([gzip(b"one\n"), tail.to_vec()].concat());
            assert_eq!(bytes, b"one\n");
            assert!(result.is_err(), "{tail:?}");
        }
    }

    #[test]
    fn a_stream_cut_anywhere_ends_inside_a_block() {
        let whole = [gzip(b"one\ntwo\n"), gzip(b"three\n")].concat();
        let boundary = gzip(b"one\ntwo\n").len();
        for len in (1..whole.len()).filter(|&len| len != boundary) {
            let (_, result) = inflate(whole[..len].to_vec());
            assert_eq!(damage(&result.unwrap_err()), "stream ends inside a block", "cut at {len}");
        }
    }

    #[test]
    fn a_wrong_checksum_is_damage() {
        let mut raw = gzip(b"one\n");
        let at = raw.len() - 8;
        raw[at] ^= 1;
        let (_, result) = inflate(raw);
        assert!(damage(&result.unwrap_err()).contains("checksum"));
    }
}

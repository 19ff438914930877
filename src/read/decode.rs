//! Compression, recognised by magic bytes and never by a file's name.
//!
//! To add one: its magic bytes in [`Codec::of`], an arm in [`decoder`] and a [`Member`].

use super::Damage;
use super::error::PlainCause;
use super::members::{Member, Members};
use bzip2::bufread::BzDecoder;
use flate2::bufread::GzDecoder;
use liblzma::bufread::XzDecoder;
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

/// A reader of the decoded bytes.
///
/// The decoder reads `raw` to its very end, so that a digest of the raw bytes is complete. What
/// is wrong with the stream comes as an [`io::Error`] without a system error number, after the
/// bytes that could be decoded before.
pub(super) fn decoder(codec: Codec, raw: impl BufRead + Send + 'static) -> Box<dyn Read + Send> {
    match codec {
        Codec::Plain => Box::new(raw),
        Codec::Gzip => Box::new(Members::<_, GzDecoder<_>>::of(raw)),
        Codec::Zstd => Box::new(Members::<_, zstd::Decoder<'static, _>>::of(raw)),
        Codec::Bzip2 => Box::new(Members::<_, BzDecoder<_>>::of(raw)),
        Codec::Xz => Box::new(Members::<_, XzDecoder<_>>::of(raw)),
    }
}

/// What a decoder's error says about the stream.
pub(super) fn damage(error: &io::Error) -> Damage {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Damage::Cut,
        _ => Damage::Corrupt(PlainCause(error).to_string()),
    }
}

/// The largest window of a zstd frame, as a power of two: 128 MiB, what `zstd -d` itself takes
/// unasked. A frame may ask for terabytes, and gets an error.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
/// The memory of an xz decoder: `xz -9` needs 65 MiB, and a header may ask for four gigabytes.
const XZ_MEMORY_MAX: u64 = 256 << 20;

impl<R: BufRead> Member<R> for GzDecoder<R> {
    const CODEC: Codec = Codec::Gzip;

    fn open(raw: R) -> io::Result<Self> {
        Ok(Self::new(raw))
    }

    fn close(self) -> R {
        self.into_inner()
    }

    fn may_start_with(byte: u8) -> bool {
        byte == 0x1f
    }
}

impl<R: BufRead> Member<R> for zstd::Decoder<'static, R> {
    const CODEC: Codec = Codec::Zstd;

    fn open(raw: R) -> io::Result<Self> {
        let mut decoder = Self::with_buffer(raw)?.single_frame();
        decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
        Ok(decoder)
    }

    fn close(self) -> R {
        self.finish()
    }

    fn may_start_with(byte: u8) -> bool {
        // A frame, or one to be skipped.
        matches!(byte, 0x28 | 0x50..=0x5f)
    }
}

impl<R: BufRead> Member<R> for BzDecoder<R> {
    const CODEC: Codec = Codec::Bzip2;

    fn open(raw: R) -> io::Result<Self> {
        Ok(Self::new(raw))
    }

    fn close(self) -> R {
        self.into_inner()
    }

    fn may_start_with(byte: u8) -> bool {
        byte == b'B'
    }
}

impl<R: BufRead> Member<R> for XzDecoder<R> {
    const CODEC: Codec = Codec::Xz;

    fn open(raw: R) -> io::Result<Self> {
        Ok(Self::new_stream(raw, liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY_MAX, 0)?))
    }

    fn close(self) -> R {
        self.into_inner()
    }

    fn may_start_with(byte: u8) -> bool {
        byte == 0xfd
    }
}

#[cfg(test)]
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The bytes, stored as that codec stores them.
#[cfg(test)]
pub(super) fn stored(codec: Codec, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    match codec {
        Codec::Plain => bytes.to_vec(),
        Codec::Gzip => gzip(bytes),
        Codec::Zstd => {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.include_checksum(true).unwrap();
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Codec::Bzip2 => {
            let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Codec::Xz => {
            let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPRESSED: [Codec; 4] = [Codec::Gzip, Codec::Zstd, Codec::Bzip2, Codec::Xz];

    fn decode(codec: Codec, raw: Vec<u8>) -> (Vec<u8>, io::Result<usize>) {
        let mut bytes = Vec::new();
        let result = decoder(codec, io::Cursor::new(raw)).read_to_end(&mut bytes);
        (bytes, result)
    }

    #[test]
    fn codecs_are_known_by_their_first_bytes() {
        for codec in COMPRESSED {
            assert_eq!(Codec::of(&stored(codec, b"a")), codec);
            assert_eq!(Codec::of(&stored(codec, b"")), codec);
        }
        assert_eq!(Codec::of(b"\x50\x2a\x4d\x18\x04\0\0\0"), Codec::Zstd);
        assert_eq!(Codec::of(b"Oct  5 14:03:22"), Codec::Plain);
        assert_eq!(Codec::of(b""), Codec::Plain);
    }

    #[test]
    fn a_line_that_starts_like_bzip2_is_text() {
        assert_eq!(Codec::of(b"BZh9 registered"), Codec::Plain);
    }

    #[test]
    fn members_are_read_one_after_the_other() {
        for codec in COMPRESSED {
            let raw = [&b"one\n"[..], b"", b"two\n"].map(|text| stored(codec, text)).concat();
            let (bytes, result) = decode(codec, raw);
            assert_eq!(bytes, b"one\ntwo\n", "{codec}");
            assert!(result.is_ok(), "{codec}");
        }
    }

    #[test]
    fn frames_that_zstd_skips_say_nothing() {
        let skipped = b"\x50\x2a\x4d\x18\x04\0\0\0what".to_vec();
        let raw = [skipped.clone(), stored(Codec::Zstd, b"one\n"), skipped.clone(), skipped].concat();
        let (bytes, result) = decode(Codec::Zstd, raw);
        assert_eq!(bytes, b"one\n");
        assert!(result.is_ok());
    }

    #[test]
    fn nul_padding_after_the_last_member_is_passed_over() {
        for codec in COMPRESSED {
            let (bytes, result) = decode(codec, [stored(codec, b"one\n"), vec![0; 1000]].concat());
            assert_eq!(bytes, b"one\n", "{codec}");
            assert!(result.is_ok(), "{codec}");
        }
    }

    #[test]
    fn streams_of_xz_may_be_padded_apart() {
        let raw = [stored(Codec::Xz, b"one\n"), vec![0; 8], stored(Codec::Xz, b"two\n")].concat();
        let (bytes, result) = decode(Codec::Xz, raw);
        assert_eq!(bytes, b"one\ntwo\n");
        assert!(result.is_ok());
    }

    #[test]
    fn garbage_after_the_last_member_is_damage() {
        for codec in COMPRESSED {
            let like_a_member = [&stored(codec, b"")[..1], b"tail of fifteen"].concat();
            for tail in [&b"tail"[..], b"\0\0tail", &like_a_member] {
                let (bytes, result) = decode(codec, [stored(codec, b"one\n"), tail.to_vec()].concat());
                assert_eq!(bytes, b"one\n", "{codec}");
                assert!(result.is_err(), "{codec} {tail:?}");
            }
        }
    }

    #[test]
    fn a_stream_cut_anywhere_ends_inside_a_block() {
        for codec in COMPRESSED {
            let whole = [stored(codec, b"one\ntwo\n"), stored(codec, b"three\n")].concat();
            let boundary = stored(codec, b"one\ntwo\n").len();
            for len in (1..whole.len()).filter(|&len| len != boundary) {
                let (bytes, result) = decode(codec, whole[..len].to_vec());
                assert_eq!(damage(&result.unwrap_err()), Damage::Cut, "{codec} cut at {len}");
                assert!(len < boundary || bytes.starts_with(b"one\ntwo\n"), "{codec} cut at {len}");
            }
        }
    }

    #[test]
    fn a_wrong_byte_anywhere_is_damage_or_changes_nothing() {
        for codec in COMPRESSED {
            let whole = stored(codec, b"one\ntwo\n");
            // What follows the magic bytes, of which the survey has seen to it that they are right.
            for at in 4..whole.len() {
                let mut raw = whole.clone();
                raw[at] ^= 0x55;
                let (bytes, result) = decode(codec, raw);
                assert!(result.is_err() || bytes == b"one\ntwo\n", "{codec} at {at}: {bytes:?}");
            }
        }
    }

    #[test]
    fn a_wrong_checksum_is_damage() {
        let mut raw = gzip(b"one\n");
        let at = raw.len() - 8;
        raw[at] ^= 1;
        let (_, result) = decode(Codec::Gzip, raw);
        assert!(damage(&result.unwrap_err()).to_string().contains("checksum"));
    }

    #[test]
    fn a_frame_that_asks_for_gigabytes_is_refused() {
        // Magic, a frame header without content size, a window of 2 GiB; then one raw block.
        let zstd = b"\x28\xb5\x2f\xfd\x00\xa8\x21\x00\x00one\n".to_vec();
        let (bytes, result) = decode(Codec::Zstd, zstd);
        assert!(bytes.is_empty());
        let what = damage(&result.unwrap_err()).to_string();
        assert_eq!(what, "frame requires too much memory for decoding");
        // The same with a window of 1 KiB is read.
        let (bytes, _) = decode(Codec::Zstd, b"\x28\xb5\x2f\xfd\x00\x00\x21\x00\x00one\n".to_vec());
        assert_eq!(bytes, b"one\n");
    }
}

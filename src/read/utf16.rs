//! UTF-16, as viewers on Windows export logs: made UTF-8 before lines are cut.
//!
//! Only a byte order mark tells it. What is no character (a surrogate alone, half a unit at the
//! end) becomes U+FFFD, so a damaged text is read like any other with a bad name in it. Offsets
//! and line numbers are those of the UTF-8 text, without the mark.

use std::io::{self, Read};

/// Bytes that [`Order::of`] needs to see.
const MARK_LEN: usize = 2;
/// Bytes converted at a time.
const CHUNK_LEN: usize = 64 << 10;

/// Which byte of a unit comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    /// The order that a byte order mark at the start tells; `None` where there is none.
    pub fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0xff, 0xfe, ..] => Some(Self::Little),
            [0xfe, 0xff, ..] => Some(Self::Big),
            _ => None,
        }
    }

    fn unit(self, pair: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(pair),
            Self::Big => u16::from_be_bytes(pair),
        }
    }
}

/// The bytes of a text, in UTF-8 where they were UTF-16 and untouched otherwise.
pub(super) struct ToUtf8<R> {
    raw: R,
    state: State,
}

enum State {
    /// Nothing has been read.
    Start,
    /// These bytes, then the error that came after them if one did, then the rest as it is.
    Untouched {
        ahead: io::Cursor<Vec<u8>>,
        error: Option<io::Error>,
    },
    Converting(Box<Converter>),
}

impl<R: Read> ToUtf8<R> {
    pub fn of(raw: R) -> Self {
        Self { raw, state: State::Start }
    }

    /// Looks for a byte order mark.
    fn start(&mut self) -> State {
        let mut ahead = Vec::with_capacity(MARK_LEN);
        // Reads on after an interruption, and keeps what came before an error.
        let result = self.raw.by_ref().take(MARK_LEN as u64).read_to_end(&mut ahead);
        match Order::of(&ahead) {
            Some(order) => State::Converting(Box::new(Converter::new(order))),
            None => State::Untouched { ahead: io::Cursor::new(ahead), error: result.err() },
        }
    }
}

impl<R: Read> Read for ToUtf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let State::Start = self.state {
            self.state = self.start();
        }
        match &mut self.state {
            State::Untouched { ahead, error } => match ahead.read(buffer)? {
                0 => error.take().map_or_else(|| self.raw.read(buffer), Err),
                len => Ok(len),
            },
            State::Start => self.raw.read(buffer),
            State::Converting(converter) => converter.read(&mut self.raw, buffer),
        }
    }
}

/// What is between UTF-16 that was read and UTF-8 that was given out.
struct Converter {
    order: Order,
    /// Bytes as read.
    chunk: Vec<u8>,
    /// First byte of a unit whose second is not there yet.
    odd: Option<u8>,
    /// First unit of a pair whose second is not there yet.
    high: Option<u16>,
    text: Vec<u8>,
    /// How much of the text was given out.
    given: usize,
    is_ended: bool,
}

impl Converter {
    fn new(order: Order) -> Self {
        let chunk = vec![0; CHUNK_LEN];
        Self { order, chunk, odd: None, high: None, text: Vec::new(), given: 0, is_ended: false }
    }

    fn read(&mut self, raw: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.is_ended {
            self.text.clear();
            self.given = 0;
            match raw.read(&mut self.chunk)? {
                0 => self.end(),
                len => self.convert(len),
            }
        }
        let len = (&self.text[self.given..]).read(buffer)?;
        self.given += len;
        Ok(len)
    }

    /// Converts the first `len` bytes of the chunk, with what was left over before them.
    fn convert(&mut self, len: usize) {
        let mut bytes = &self.chunk[..len];
        let mut units = Vec::with_capacity(len / 2 + 2);
        units.extend(self.high.take());
        if let (Some(first), [second, rest @ ..]) = (self.odd, bytes) {
            units.push(self.order.unit([first, *second]));
            self.odd = None;
            bytes = rest;
        }
        let (pairs, odd) = bytes.as_chunks::<2>();
        units.extend(pairs.iter().map(|pair| self.order.unit(*pair)));
        self.odd = odd.first().copied().or(self.odd);
        self.high = units.pop_if(|last| (0xd800..0xdc00).contains(last));
        for unit in char::decode_utf16(units) {
            self.push(unit.unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }

    fn end(&mut self) {
        self.is_ended = true;
        if self.odd.take().is_some() | self.high.take().is_some() {
            self.push(char::REPLACEMENT_CHARACTER);
        }
    }

    fn push(&mut self, character: char) {
        self.text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(text: &str, order: Order) -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units
            .flat_map(|unit| match order {
                Order::Little => unit.to_le_bytes(),
                Order::Big => unit.to_be_bytes(),
            })
            .collect()
    }

    /// Gives a few bytes a read.
    struct Slow<'b>(&'b [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let len = buffer.len().min(self.1);
            self.0.read(&mut buffer[..len])
        }
    }

    fn to_utf8(raw: &[u8], step: usize) -> Vec<u8> {
        let mut text = Vec::new();
        ToUtf8::of(Slow(raw, step)).read_to_end(&mut text).unwrap();
        text
    }

    #[test]
    fn bytes_without_a_mark_are_left_alone() {
        for raw in [&b""[..], b"a", b"ab", b"\xef\xbb\xbfabc", b"\xffabc", b"\0\0\0"] {
            assert_eq!(to_utf8(raw, 1), raw);
        }
    }

    #[test]
    fn half_a_character_is_a_replacement() {
        assert_eq!(to_utf8(b"\xff\xfea\0\x00\xd8b\0", 3), "a\u{fffd}b".as_bytes());
        assert_eq!(to_utf8(b"\xff\xfea\0\x00\xd8", 3), "a\u{fffd}".as_bytes());
        assert_eq!(to_utf8(b"\xff\xfea\0b", 3), "a\u{fffd}".as_bytes());
        assert_eq!(to_utf8(b"\xfe\xff\xdc\x00\0a", 3), "\u{fffd}a".as_bytes());
    }

    #[test]
    fn an_error_comes_after_the_bytes_before_it() {
        struct Broken(bool);
        impl Read for Broken {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                buffer[0] = b'a';
                Ok(1)
            }
        }
        let mut text = Vec::new();
        let error = ToUtf8::of(Broken(false)).read_to_end(&mut text).unwrap_err();
        assert_eq!((text.as_slice(), error.kind()), (&b"a"[..], io::ErrorKind::UnexpectedEof));
    }

    proptest! {
        #[test]
        fn a_text_survives_both_orders_and_any_reads(text in ".{0,80}", is_big: bool, step in 1usize..9) {
            let order = if is_big { Order::Big } else { Order::Little };
            prop_assert_eq!(to_utf8(&encoded(&text, order), step), text.as_bytes());
        }
    }
}

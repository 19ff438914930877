//! Messages out of one direction of a TCP stream, by the end of the header and Content-Length.

use super::counts::Counts;
use super::start_line::{LINE_MAX, Start, start_of, start_within};

/// The longest header and the longest body that are waited for.
const HEADER_MAX: usize = 64 << 10;
const BODY_MAX: usize = 1 << 20;

/// The bytes of a stream, in order, that no message has taken yet.
pub(super) struct Carver {
    buffer: Vec<u8>,
    /// Up to here the buffer was searched for the end of the header.
    searched: usize,
    /// The length of the message under way, once its header is whole.
    expected: Option<usize>,
    /// A message starts where the buffer starts (after line ends, which keep the path open).
    is_synced: bool,
    /// It carries TLS: nothing in it will ever be read.
    is_ignored: bool,
    /// Nothing was looked at yet.
    is_fresh: bool,
}

impl Carver {
    /// For a stream seen from its start (`is_synced`), or from somewhere within.
    pub fn new(is_synced: bool) -> Self {
        Self { buffer: Vec::new(), searched: 0, expected: None, is_synced, is_ignored: false, is_fresh: true }
    }

    /// Bytes that are held.
    pub fn len(&self) -> usize {
        self.buffer.len()
    }

    /// Takes the next bytes of the stream and hands out every message they complete.
    pub fn push(&mut self, bytes: &[u8], counts: &mut Counts, give: &mut dyn FnMut(&[u8], bool)) {
        if self.is_ignored {
            counts.tcp_bytes_skipped += bytes.len() as u64;
            return;
        }
        self.buffer.extend_from_slice(bytes);
        if self.is_fresh && self.buffer.len() >= 3 {
            self.is_fresh = false;
            // The header of a TLS record: a kind, and a version from SSL 3.0 to TLS 1.3.
            if matches!(self.buffer[..3], [0x14..=0x17, 3, 0..=4]) {
                counts.tls_streams += 1;
                self.is_ignored = true;
                self.skip(self.buffer.len(), counts);
                return;
            }
        }
        let mut at = 0;
        while let Some(len) = self.step(at, counts, give) {
            at += len;
        }
        self.buffer.drain(..at);
        self.searched = self.searched.saturating_sub(at);
    }

    /// Bytes are missing here, or the stream ends: what is there of a message is handed out as cut.
    pub fn interrupt(&mut self, counts: &mut Counts, give: &mut dyn FnMut(&[u8], bool)) {
        if self.is_synced && start_of(&self.buffer) == Start::Sip {
            give(&self.buffer, true);
            self.buffer.clear();
        }
        self.skip(self.buffer.len(), counts);
        self.is_synced = false;
        self.expected = None;
        self.searched = 0;
    }

    fn skip(&mut self, len: usize, counts: &mut Counts) {
        counts.tcp_bytes_skipped += len as u64;
        self.buffer.drain(..len);
    }

    /// One message, or one stretch without any: how many bytes from `at` it took. `None` where
    /// more must come first.
    fn step(&mut self, at: usize, counts: &mut Counts, give: &mut dyn FnMut(&[u8], bool)) -> Option<usize> {
        let rest = &self.buffer[at..];
        if rest.is_empty() {
            return None;
        }
        if let Some(len) = self.expected {
            let message = rest.get(..len)?;
            give(message, false);
            self.expected = None;
            self.searched = at + len;
            return Some(len);
        }
        if !self.is_synced {
            let len = to_plausible(rest);
            counts.tcp_bytes_skipped += len as u64;
            self.is_synced = start_of(&rest[len..]) == Start::Sip;
            self.searched = at + len;
            return (len > 0 || self.is_synced).then_some(len);
        }
        let blank = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if blank > 0 {
            self.searched = at + blank;
            return Some(blank);
        }
        match start_of(rest) {
            Start::Open => return None,
            Start::Sip => {}
            Start::Other => {
                self.is_synced = false;
                return Some(0);
            }
        }
        // Three bytes back, so that an end split between segments is seen.
        let from = self.searched.saturating_sub(at + 3).min(rest.len());
        let Some(header_len) = end_of_header(rest, from) else {
            self.searched = at + rest.len();
            if rest.len() > HEADER_MAX {
                self.is_synced = false;
                // On at the next line, so that no half a line is taken for a start.
                let line = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
                counts.tcp_bytes_skipped += line as u64;
                return Some(line);
            }
            return None;
        };
        match content_length(&rest[..header_len]) {
            Some(len) => self.expected = Some(header_len + len),
            // Where the message ends is anybody's guess, so only its header is given.
            None => {
                give(&rest[..header_len], true);
                self.is_synced = false;
                self.searched = at + header_len;
                return Some(header_len);
            }
        }
        Some(0)
    }
}

/// How many bytes to pass over until a message starts, or may yet start.
fn to_plausible(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(end) = memchr::memchr(b'\n', &bytes[at..]) {
        if let Some(start) = start_within(&bytes[at..at + end]) {
            return at + start;
        }
        at += end + 1;
    }
    // Of a line without an end only the last part can still be a start.
    at.max(bytes.len().saturating_sub(LINE_MAX / 2))
}

/// The length of the header with its empty line, searched from `from`.
fn end_of_header(bytes: &[u8], from: usize) -> Option<usize> {
    memchr::memchr_iter(b'\n', &bytes[from..]).map(|at| from + at + 1).find_map(|line| match &bytes[line..] {
        [b'\r', b'\n', ..] => Some(line + 2),
        [b'\n', ..] => Some(line + 1),
        _ => None,
    })
}

/// The body's length; zero where none is given, `None` where it is no length or given twice
/// with different values.
fn content_length(header: &[u8]) -> Option<usize> {
    let mut found = None;
    for line in header.split(|&byte| byte == b'\n').skip(1) {
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let name = line[..colon].trim_ascii_end();
        if !name.eq_ignore_ascii_case(b"content-length") && !name.eq_ignore_ascii_case(b"l") {
            continue;
        }
        let value = line[colon + 1..].trim_ascii();
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let len: usize = str::from_utf8(value).ok()?.parse().ok()?;
        if len > BODY_MAX || found.is_some_and(|other| other != len) {
            return None;
        }
        found = Some(len);
    }
    Some(found.unwrap_or(0))
}

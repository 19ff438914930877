//! Inputs that can only be read once and forwards: pipes, standard input, compressed files.

use super::decode::{self, Codec, decoder};
use super::utf16::ToUtf8;
use super::watch::{Opened, Watch};
use super::{Damage, InputError, LINE_MAX};
use std::fmt;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// How much of the raw bytes is asked for at a time; large, since each ask is a system call.
const RAW_LEN: usize = 256 << 10;
/// Bytes of a new buffer that are made ready at first.
const FIRST_LEN: usize = 64 << 10;
/// Bytes of buffers kept for reuse: about as many as are under way between a reader and its workers, on a large
/// machine too.
const SPARE_BYTES_MAX: usize = 256 << 20;

/// A block of a decoded stream, in a buffer of its own.
///
/// It ends at a line end, at the end of the stream, or in mid-line where the line is longer
/// than [`LINE_MAX`]. It is never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedBlock {
    pub bytes: Vec<u8>,
    /// Where the block starts in the decoded stream.
    pub offset: u64,
    /// Its first line is the continuation of the previous block's last.
    pub continues: bool,
}

/// An input that yields its decoded bytes as blocks, in order. Decoded means decompressed, and
/// UTF-8 where they were UTF-16.
///
/// After an error every further call gives the same error.
pub struct Stream {
    path: PathBuf,
    codec: Codec,
    decoded: Box<dyn Read + Send>,
    progress: Arc<Progress>,
    /// The file behind it, where there is one.
    watch: Option<Watch>,
    /// Bytes read beyond the last block's end.
    carry: Unread,
    /// Where `carry` starts in the decoded stream.
    offset: u64,
    continues: bool,
    state: State,
    forgives_cut: bool,
    /// Line ends given out so far.
    lines: u64,
    spares: Vec<Vec<u8>>,
}

/// What has been read and not given out, at the start of a buffer. The rest of the buffer is of an earlier block:
/// bytes that a decoder overwrites need not be cleared first.
#[derive(Default)]
struct Unread {
    buffer: Vec<u8>,
    len: usize,
}

impl Unread {
    fn bytes(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    fn into_bytes(mut self) -> Vec<u8> {
        self.buffer.truncate(self.len);
        self.buffer
    }

    /// Reads until it is `wanted` long, or the reader has come to its end.
    fn read_up_to(&mut self, reader: &mut impl Read, wanted: usize) -> io::Result<()> {
        self.buffer.reserve_exact(wanted.saturating_sub(self.buffer.len()));
        while self.len < wanted {
            if self.buffer.len() == self.len {
                // A new buffer; short streams touch little of it.
                self.buffer.resize(wanted.min(self.len + self.len.max(FIRST_LEN)), 0);
            }
            let end = self.buffer.len().min(wanted);
            match reader.read(&mut self.buffer[self.len..end]) {
                Ok(0) => break,
                Ok(len) => self.len += len,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(())
    }

    /// Puts bytes before it.
    fn prepend(&mut self, bytes: &[u8]) {
        let len = bytes.len() + self.len;
        if self.buffer.len() < len {
            self.buffer.resize(len, 0);
        }
        self.buffer.copy_within(..self.len, bytes.len());
        self.buffer[..bytes.len()].copy_from_slice(bytes);
        self.len = len;
    }
}

enum State {
    Reading,
    Ended,
    Failed(InputError),
    /// Ended inside a block, and was forgiven.
    Cut,
}

impl Stream {
    /// A stream over any reader; `path` is what errors call it, `-` for standard input.
    ///
    /// # Errors
    ///
    /// [`InputError::Unreadable`] where the first bytes cannot be had.
    pub fn over(path: &Path, reader: impl Read + Send + 'static) -> Result<Self, InputError> {
        Self::start(path, reader, None)
    }

    /// A stream over a regular file, as long as it was at opening.
    pub(super) fn of_file(watch: Watch) -> Result<Self, InputError> {
        let path = watch.path().to_owned();
        let file = watch.file().try_clone().map_err(|cause| InputError::unreadable(&path, cause))?;
        Self::start(&path, file.take(watch.size_bytes()), Some(watch))
    }

    fn start(
        path: &Path,
        reader: impl Read + Send + 'static,
        watch: Option<Watch>,
    ) -> Result<Self, InputError> {
        let progress = Arc::new(Progress::default());
        let mut raw = Raw { reader, hasher: blake3::Hasher::new(), progress: Arc::clone(&progress) };
        // A pipe may give one byte at a time, so the magic is read in full and put back in front.
        let mut magic = Vec::with_capacity(Codec::MAGIC_LEN);
        raw.by_ref()
            .take(Codec::MAGIC_LEN as u64)
            .read_to_end(&mut magic)
            .map_err(|cause| InputError::unreadable(path, cause))?;
        let codec = Codec::of(&magic);
        let raw = BufReader::with_capacity(RAW_LEN, io::Cursor::new(magic).chain(raw));
        let decoded = Box::new(ToUtf8::of(decoder(codec, raw)));
        Ok(Self {
            path: path.to_owned(),
            codec,
            decoded,
            progress,
            watch,
            carry: Unread::default(),
            offset: 0,
            continues: false,
            state: State::Reading,
            forgives_cut: false,
            lines: 0,
            spares: Vec::new(),
        })
    }

    /// Takes a compressed stream that ends inside a block for one that ends with its last whole
    /// line. An audit looks at a file that is still being written; a bill must not.
    pub fn forgive_cut(&mut self) {
        self.forgives_cut = true;
    }

    /// Makes no digest: nobody will ask for it.
    pub fn forgo_digest(&mut self) {
        self.progress.is_without_digest.store(true, Ordering::Relaxed);
    }

    /// Whether the stream ended inside a block, and was forgiven.
    pub fn is_cut(&self) -> bool {
        matches!(self.state, State::Cut)
    }

    /// The next block, of about `target` bytes; `None` at the end of the stream.
    ///
    /// A line longer than the target makes a longer block, up to [`LINE_MAX`] (to which the
    /// target is held as well, so that where a line is cut does not depend on it). What could
    /// be decoded before an error comes as blocks first; the last of them may end in mid-line.
    ///
    /// # Errors
    ///
    /// [`InputError::Damaged`] for a compressed stream that is cut short or corrupt,
    /// [`InputError::Changed`] where that comes of a change meanwhile,
    /// [`InputError::Unreadable`] where the system refuses.
    pub fn next_block(&mut self, target: usize) -> Result<Option<OwnedBlock>, InputError> {
        let target = target.clamp(1, LINE_MAX);
        let mut unread = std::mem::take(&mut self.carry);
        let mut wanted = target;
        // Where the search for a line end goes on: what is before has none.
        let mut searched = 0;
        while matches!(self.state, State::Reading) {
            self.read_up_to(&mut unread, wanted);
            if self.is_cut() {
                // Half a line says something else than the whole one.
                unread.truncate(memchr::memrchr(b'\n', unread.bytes()).map_or(0, |at| at + 1));
            }
            if let Some(at) = memchr::memrchr(b'\n', &unread.bytes()[searched..]) {
                // At the stream's end everything goes out at once.
                if matches!(self.state, State::Reading) {
                    self.carry_from(&mut unread, searched + at + 1);
                }
                return Ok(Some(self.give(unread, false)));
            }
            if unread.len == LINE_MAX {
                return Ok(Some(self.give(unread, true)));
            }
            searched = unread.len;
            wanted = unread.len.saturating_mul(2).clamp(target, LINE_MAX);
        }
        if unread.len > 0 {
            return Ok(Some(self.give(unread, false)));
        }
        match &self.state {
            State::Failed(error) => Err(error.clone()),
            State::Reading | State::Ended | State::Cut => Ok(None),
        }
    }

    /// Puts back the end of the block that was given last: the next block begins with it, and no line of an
    /// earlier one goes on there.
    ///
    /// To be asked for no more than that block's length, and before anything else is read.
    pub fn put_back(&mut self, end: &[u8]) {
        if end.is_empty() {
            return;
        }
        self.offset -= end.len() as u64;
        self.lines -= count_lines(end);
        self.continues = false;
        if self.carry.buffer.capacity() == 0 {
            self.carry.buffer = self.spares.pop().unwrap_or_default();
        }
        self.carry.prepend(end);
    }

    /// Whether blocks may follow the one that was given last, or an error.
    pub fn may_go_on(&self) -> bool {
        matches!(self.state, State::Reading | State::Failed(_)) || self.carry.len > 0
    }

    /// Takes back the buffer of a block that is done with, for a later one.
    pub fn recycle(&mut self, buffer: Vec<u8>) {
        let kept: usize = self.spares.iter().map(Vec::capacity).sum();
        // One enormous line must not keep its memory for the rest of the run.
        if kept + buffer.capacity() <= SPARE_BYTES_MAX && buffer.capacity() <= LINE_MAX {
            self.spares.push(buffer);
        }
    }

    /// How the input is stored.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Raw (undecoded) bytes in all, where that is known beforehand.
    pub fn raw_bytes(&self) -> Option<u64> {
        self.watch.as_ref().map(Watch::size_bytes)
    }

    /// What a regular file was like at opening.
    pub(super) fn opened(&self) -> Option<&Opened> {
        self.watch.as_ref().map(Watch::opened)
    }

    /// Raw bytes read so far.
    pub fn raw_bytes_read(&self) -> u64 {
        self.progress.bytes.load(Ordering::Relaxed)
    }

    /// The digest of the raw bytes; `None` until the stream has been read to a sound end, and where it was
    /// [forgone](Self::forgo_digest).
    pub fn digest(&self) -> Option<blake3::Hash> {
        match self.state {
            State::Ended if self.progress.is_without_digest.load(Ordering::Relaxed) => None,
            State::Ended => self.progress.digest.get().copied(),
            State::Reading | State::Failed(_) | State::Cut => None,
        }
    }

    /// Whether the file behind the stream, if any, is still what it was at opening.
    ///
    /// # Errors
    ///
    /// [`InputError::Changed`], or [`InputError::Unreadable`] where the file cannot be asked.
    pub fn verify_unchanged(&self) -> Result<(), InputError> {
        self.watch.as_ref().map_or(Ok(()), Watch::check)
    }

    /// Reads until there are `wanted` bytes, or leaves `Reading` for why there are not.
    fn read_up_to(&mut self, unread: &mut Unread, wanted: usize) {
        if unread.buffer.capacity() == 0 {
            unread.buffer = self.spares.pop().unwrap_or_default();
        }
        match unread.read_up_to(&mut self.decoded, wanted) {
            Ok(()) if unread.len < wanted => self.state = State::Ended,
            Ok(()) => {}
            Err(cause) => {
                self.state = match self.failure(cause, unread.bytes()) {
                    InputError::Damaged { what: Damage::Cut, .. } if self.forgives_cut => State::Cut,
                    error => State::Failed(error),
                }
            }
        }
    }

    /// What a failed read says about the input. `unread` is decoded and not yet given out.
    fn failure(&self, cause: io::Error, unread: &[u8]) -> InputError {
        if let Err(changed) = self.verify_unchanged() {
            return changed;
        }
        if self.codec == Codec::Plain || cause.raw_os_error().is_some() {
            return InputError::unreadable(&self.path, cause);
        }
        InputError::Damaged {
            path: self.path.clone(),
            offset: self.offset + unread.len() as u64,
            lines: self.lines + count_lines(unread),
            what: decode::damage(&cause),
        }
    }

    /// Cuts the bytes at `end` and keeps the rest for the next block.
    fn carry_from(&mut self, unread: &mut Unread, end: usize) {
        if end < unread.len {
            self.carry.buffer = self.spares.pop().unwrap_or_default();
            self.carry.prepend(&unread.bytes()[end..]);
            unread.truncate(end);
        }
    }

    /// Makes a block of the bytes; `is_cut` where it ends in mid-line.
    fn give(&mut self, unread: Unread, is_cut: bool) -> OwnedBlock {
        let block = OwnedBlock { offset: self.offset, continues: self.continues, bytes: unread.into_bytes() };
        self.offset += block.bytes.len() as u64;
        self.lines += count_lines(&block.bytes);
        self.continues = is_cut;
        block
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("path", &self.path)
            .field("codec", &self.codec)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

fn count_lines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// What is known of the raw bytes while the decoder has the reader.
#[derive(Debug, Default)]
struct Progress {
    bytes: AtomicU64,
    /// Nobody will ask for a digest.
    is_without_digest: AtomicBool,
    /// Set when the raw bytes have come to their end.
    digest: OnceLock<blake3::Hash>,
}

/// The raw bytes on their way to the decoder, counted and digested.
struct Raw<R> {
    reader: R,
    hasher: blake3::Hasher,
    progress: Arc<Progress>,
}

impl<R: Read> Read for Raw<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // Asked again here, since not every decoder can be asked again after an interruption.
        let len = loop {
            match self.reader.read(buffer) {
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        if !self.progress.is_without_digest.load(Ordering::Relaxed) {
            self.hasher.update(&buffer[..len]);
        }
        self.progress.bytes.fetch_add(len as u64, Ordering::Relaxed);
        if len == 0 && !buffer.is_empty() {
            self.progress.digest.get_or_init(|| self.hasher.finalize());
        }
        Ok(len)
    }
}

#[cfg(test)]
mod tests;

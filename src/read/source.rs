//! Opening an input: a memory map for a plain file, a stream for everything else.

use super::decode::Codec;
use super::digest::{self, Leaf};
use super::guard::Guard;
use super::utf16::Order;
use super::watch::{Opened, Watch};
use super::{Change, Found, InputError, Stream};
use memmap2::{Mmap, MmapOptions, UncheckedAdvice};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::OnceLock;

/// An open input.
///
/// Holds a file descriptor, so a run over thousands of files opens them as it goes.
#[derive(Debug)]
pub enum Source {
    /// A plain regular file, not UTF-16, whole and in any order.
    Mapped(Mapped),
    /// Anything else, block after block.
    Stream(Stream),
}

impl Source {
    /// Opens an input.
    ///
    /// A regular file is read to the size it has now, whatever is appended later. A named pipe
    /// waits for its writer.
    ///
    /// # Errors
    ///
    /// [`InputError::Missing`] or [`InputError::Unreadable`]. Whether the bytes are text is not
    /// asked here.
    pub fn open(found: &Found) -> Result<Self, InputError> {
        Self::open_again(found, None)
    }

    /// Opens what was like that when it was opened before, to be read to the size that it had then.
    ///
    /// # Errors
    ///
    /// As [`Source::open`]; and [`InputError::Changed`] where it is no file any more, or its ends have other bytes.
    pub fn open_again(found: &Found, opened: Option<&Opened>) -> Result<Self, InputError> {
        let path = &found.path;
        if found.is_stdin() {
            return Stream::over(path, io::stdin()).map(Self::Stream);
        }
        let unreadable = |cause| InputError::unreadable(path, cause);
        // To open a pipe would wait for its writer.
        if opened.is_some() && path.exists() && !path.is_file() {
            return Err(InputError::Changed { path: path.clone(), how: Change::Replaced });
        }
        let file = File::open(path).map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => InputError::Missing { path: path.clone() },
            _ => unreadable(cause),
        })?;
        if !file.metadata().map_err(unreadable)?.is_file() {
            return Stream::over(path, file).map(Self::Stream);
        }
        let watch = match opened {
            Some(opened) => Watch::resume(file, path, opened)?,
            None => Watch::start(file, path)?,
        };
        let magic = magic(watch.file()).map_err(unreadable)?;
        if Codec::of(&magic) == Codec::Plain
            && Order::of(&magic).is_none()
            && let Ok(map) = map(watch.file(), watch.size_bytes())
        {
            match map {
                None => return Ok(Self::Mapped(Mapped::new(None, watch))),
                Some(map) => {
                    if let Some(guard) = Guard::of(&map) {
                        return Ok(Self::Mapped(Mapped::new(Some((guard, map)), watch)));
                    }
                }
            }
        }
        // UTF-16 is converted on the way, and some file systems cannot map.
        Stream::of_file(watch).map(Self::Stream)
    }

    /// Raw (undecoded) bytes in all, where that is known beforehand.
    pub fn raw_bytes(&self) -> Option<u64> {
        match self {
            Self::Mapped(mapped) => Some(mapped.watch.size_bytes()),
            Self::Stream(stream) => stream.raw_bytes(),
        }
    }

    /// What a regular file was like at opening; `None` for what can be read but once.
    pub fn opened(&self) -> Option<&Opened> {
        match self {
            Self::Mapped(mapped) => Some(mapped.watch.opened()),
            Self::Stream(stream) => stream.opened(),
        }
    }

    /// Whether the file is still what it was at opening. To be asked after the scan.
    ///
    /// # Errors
    ///
    /// [`InputError::Changed`] where it shrank or was rewritten; growing is no change.
    pub fn verify_unchanged(&self) -> Result<(), InputError> {
        match self {
            Self::Mapped(mapped) => mapped.verify_unchanged(),
            Self::Stream(stream) => stream.verify_unchanged(),
        }
    }
}

/// A multiple of any page.
const RELEASED_STEP: usize = 64 << 10;

/// A plain file in memory, of the length it had at opening.
///
/// The map is honest only about a file at rest. A writer can change the bytes under the reader,
/// so [`Mapped::verify_unchanged`] is part of every scan: what was counted before it answered
/// is not to be believed. Where the file is *truncated* meanwhile, what is gone reads as zeros
/// (`guard.rs`), and the same question tells of it.
#[derive(Debug)]
pub struct Mapped {
    /// `None` for an empty file, which cannot be mapped. The guard goes before its map.
    map: Option<(Guard, Mmap)>,
    watch: Watch,
    /// Why a read failed.
    failure: OnceLock<io::Error>,
}

/// What is said of a file that was short for a while.
const GONE: &str = "a part of it was gone when it was read; run again";

impl Mapped {
    const fn new(map: Option<(Guard, Mmap)>, watch: Watch) -> Self {
        Self { map, watch, failure: OnceLock::new() }
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        self.map.as_ref().map_or(&[], |(_, map)| map)
    }

    /// A copy of these bytes in the buffer, by a plain read.
    ///
    /// For who looks at each byte once: on some machines the system copies a megabyte in less time than it takes to map it
    /// and to take the map back ([`Accesses`](super::Accesses)). What is gone reads as zeros and is told by
    /// [`Mapped::verify_unchanged`], as in the map.
    ///
    /// # Panics
    ///
    /// Where the range reaches beyond the file as it was at opening.
    pub fn read<'b>(&self, range: Range<usize>, buffer: &'b mut Vec<u8>) -> &'b [u8] {
        if range.is_empty() {
            return &[];
        }
        assert!(range.end <= self.bytes().len(), "{range:?} of {} bytes", self.bytes().len());
        let len = range.len();
        if buffer.len() < len {
            // What was in it is of no use, so nothing is copied.
            buffer.clear();
            buffer.resize(len, 0);
        }
        let read = &mut buffer[..len];
        if let Err(cause) = self.watch.file().read_exact_at(read, range.start as u64) {
            // The first tells most. How far this one came nobody can say.
            let _ = self.failure.set(cause);
            read.fill(0);
        }
        read
    }

    /// The same, and the leaves of the file's [digest](super::Digest) that begin in the range.
    pub fn read_with_leaves<'b>(
        &self,
        range: Range<usize>,
        buffer: &'b mut Vec<u8>,
        leaves: &mut Vec<Leaf>,
    ) -> &'b [u8] {
        let of_leaves = digest::leaves_in(&range, self.bytes().len());
        let read = self.read(range.start..range.end.max(of_leaves.end), buffer);
        let bytes = &read[of_leaves.start - range.start..][..of_leaves.len()];
        digest::work_out(bytes, of_leaves.start, leaves);
        &read[..range.len()]
    }

    /// The leaves of the file's [digest](super::Digest) that begin in the range.
    pub fn leaves(&self, range: &Range<usize>, leaves: &mut Vec<Leaf>) {
        let of_leaves = digest::leaves_in(range, self.bytes().len());
        digest::work_out(&self.bytes()[of_leaves.clone()], of_leaves.start, leaves);
    }

    /// Tells the system that these bytes have been read: whoever reads them once more waits a little longer. What is not
    /// given back so is when the map goes, by one core alone.
    pub fn release(&self, range: Range<usize>) {
        let Some((_, map)) = &self.map else { return };
        let whole = |at: usize| at - at % RELEASED_STEP;
        let from = whole(range.start);
        let len = whole(range.end) - from;
        if len > 0 && cfg!(target_os = "linux") {
            #[expect(unsafe_code, reason = "of other maps it would take what was written to them")]
            // SAFETY: the pages lie in the map, and nobody writes to them through it: whoever reads them again gets the file's
            // bytes, or the zeros that stand for what is gone, as before. A file that changes meanwhile would
            // change under its reader without this, too.
            let released = unsafe { map.unchecked_advise_range(UncheckedAdvice::DontNeed, from, len) };
            // Where the system does not do so, they go with the map.
            let _ = released;
        }
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        self.watch.path()
    }

    /// The digest of the bytes. Reads all of them, at several gigabytes a second and core.
    pub fn digest(&self) -> blake3::Hash {
        blake3::hash(self.bytes())
    }

    /// Whether the file is still what it was at opening.
    ///
    /// # Errors
    ///
    /// [`InputError::Changed`] where it shrank or was rewritten; growing is no change.
    /// [`InputError::Unreadable`] where a part of it could not be had though it is there.
    pub fn verify_unchanged(&self) -> Result<(), InputError> {
        self.watch.check()?;
        let unreadable = |cause| Err(InputError::unreadable(self.watch.path(), cause));
        let is_broken = self.map.as_ref().is_some_and(|(guard, _)| guard.is_broken());
        match self.failure.get().map(io::Error::raw_os_error) {
            Some(Some(number)) => unreadable(io::Error::from_raw_os_error(number)),
            // It was short for a while, or the medium failed.
            Some(None) => unreadable(io::Error::other(GONE)),
            None if is_broken => unreadable(io::Error::other(GONE)),
            None => Ok(()),
        }
    }
}

/// Maps the first `size_bytes` of a file; `None` where there are none.
#[expect(unsafe_code, reason = "a memory map is the one thing std has no safe call for")]
fn map(file: &File, size_bytes: u64) -> io::Result<Option<Mmap>> {
    let len = usize::try_from(size_bytes).map_err(|_| io::ErrorKind::FileTooLarge)?;
    if len == 0 {
        return Ok(None);
    }
    // SAFETY: the map is private and read-only, and is only lent out as a shared slice, so this
    // process never writes to it. No one can promise that for other processes: one that writes
    // to the file meanwhile changes bytes that are borrowed as constant, and one that truncates
    // it raises SIGBUS, for which there is a guard. Everything that reads the bytes treats them as data that may say
    // anything, indexes with bounds checks, and is followed by `verify_unchanged`.
    let map = unsafe { MmapOptions::new().len(len).map_copy_read_only(file) }?;
    Ok(Some(map))
}

/// The first bytes of a file, without moving its read position.
fn magic(file: &File) -> io::Result<Vec<u8>> {
    let mut magic = vec![0; Codec::MAGIC_LEN];
    let mut len = 0;
    while len < magic.len() {
        match file.read_at(&mut magic[len..], len as u64) {
            Ok(0) => break,
            Ok(more) => len += more,
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(cause) => return Err(cause),
        }
    }
    magic.truncate(len);
    Ok(magic)
}

#[cfg(test)]
mod tests {
    use super::super::decode::gzip;
    use super::*;
    use std::fs;
    use std::io::Write;
    use std::path::PathBuf;

    fn found(path: impl Into<PathBuf>) -> Found {
        Found { path: path.into(), shown: "a.log".to_owned(), is_named: true }
    }

    fn opened(bytes: &[u8]) -> (tempfile::NamedTempFile, Source) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let source = Source::open(&found(file.path())).unwrap();
        (file, source)
    }

    fn mapped(bytes: &[u8]) -> (tempfile::NamedTempFile, Mapped) {
        match opened(bytes) {
            (file, Source::Mapped(mapped)) => (file, mapped),
            (_, other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_plain_file_is_mapped() {
        let (_file, mapped) = mapped(b"one\ntwo");
        assert_eq!(mapped.bytes(), b"one\ntwo");
        assert_eq!(mapped.digest(), blake3::hash(b"one\ntwo"));
        mapped.verify_unchanged().unwrap();
    }

    #[test]
    fn what_is_read_is_what_is_mapped() {
        let bytes: Vec<u8> = (0..200_000).map(|at: u32| (at / 100) as u8).collect();
        let (file, mapped) = mapped(&bytes);
        let mut buffer = Vec::new();
        for range in [7..7, 3..150_000, 0..1, 199_999..200_000, 0..200_000, 5..9] {
            assert_eq!(mapped.read(range.clone(), &mut buffer), &bytes[range]);
        }
        mapped.verify_unchanged().unwrap();
        // For a while it is short. Then all is as it was, and what was read in between is told of all the same.
        let modified = file.as_file().metadata().unwrap().modified().unwrap();
        file.as_file().set_len(4096).unwrap();
        assert_eq!(mapped.read(4000..5000, &mut buffer), [0; 1000]);
        fs::write(file.path(), &bytes).unwrap();
        file.as_file().set_modified(modified).unwrap();
        assert_eq!(mapped.read(4000..5000, &mut buffer), &bytes[4000..5000]);
        let error = mapped.verify_unchanged().unwrap_err();
        assert!(matches!(error, InputError::Unreadable { .. }), "{error}");
    }

    #[test]
    fn what_was_released_can_be_read_again() {
        let bytes: Vec<u8> = (0..1 << 20).map(|at: u32| (at / 1000) as u8).collect();
        let (file, mapped) = mapped(&bytes);
        assert_eq!(mapped.bytes(), bytes);
        for range in [0..bytes.len(), 1..bytes.len() - 1, 5..6, bytes.len()..bytes.len()] {
            mapped.release(range);
            assert_eq!(mapped.bytes(), bytes);
        }
        mapped.verify_unchanged().unwrap();
        // What is gone reads as zeros and is noticed as ever.
        mapped.release(0..bytes.len());
        file.as_file().set_len(4096).unwrap();
        assert_eq!(mapped.bytes()[bytes.len() - 1], 0);
        mapped.release(0..bytes.len());
        assert_eq!(mapped.bytes()[bytes.len() - 1], 0);
        mapped.verify_unchanged().unwrap_err();
    }

    #[test]
    fn an_empty_file_is_no_error() {
        let (_file, mapped) = mapped(b"");
        assert_eq!(mapped.bytes(), b"");
        mapped.verify_unchanged().unwrap();
    }

    #[test]
    fn a_file_that_grows_is_read_to_its_size_at_opening() {
        let (mut file, mapped) = mapped(b"one\n");
        file.write_all(b"two\n").unwrap();
        assert_eq!(mapped.bytes(), b"one\n");
        mapped.verify_unchanged().unwrap();
    }

    #[test]
    fn a_file_that_shrank_is_an_error_that_names_it() {
        let (file, mapped) = mapped(b"one\ntwo\n");
        file.as_file().set_len(4).unwrap();
        let path = file.path().display();
        assert_eq!(
            mapped.verify_unchanged().unwrap_err().to_string(),
            format!(
                "{path}: shrank from 8 to 4 bytes while it was read; run again when nothing writes to it"
            )
        );
    }

    #[test]
    fn a_file_that_is_cut_while_it_is_read_reads_as_zeros_and_is_named() {
        let (file, mapped) = mapped(&vec![b'x'; 1 << 20]);
        file.as_file().set_len(10).unwrap();
        assert_eq!(memchr::memchr_iter(0, mapped.bytes()).count(), (1 << 20) - 10);
        let error = mapped.verify_unchanged().unwrap_err().to_string();
        assert!(error.contains("shrank from 1048576 to 10 bytes while it was read"), "{error}");
        // Back at its size: it has been written to, or what was gone is told.
        file.as_file().set_len(1 << 20).unwrap();
        assert!(mapped.verify_unchanged().is_err());
    }

    #[test]
    fn a_compressed_file_is_a_stream_whatever_its_name() {
        let raw = gzip(b"one\n");
        let (_file, source) = opened(&raw);
        let Source::Stream(mut stream) = source else { panic!("{source:?}") };
        assert_eq!(stream.raw_bytes(), Some(raw.len() as u64));
        assert_eq!(stream.next_block(100).unwrap().unwrap().bytes, b"one\n");
        assert!(stream.next_block(100).unwrap().is_none());
        assert_eq!(stream.digest(), Some(blake3::hash(&raw)));
        stream.verify_unchanged().unwrap();
    }

    #[test]
    fn a_file_of_utf_16_is_a_stream_of_utf_8() {
        let raw = b"\xff\xfeo\0n\0e\0\n\0";
        for raw in [raw.to_vec(), gzip(raw)] {
            let (_file, source) = opened(&raw);
            let Source::Stream(mut stream) = source else { panic!("{source:?}") };
            assert_eq!(stream.next_block(100).unwrap().unwrap().bytes, b"one\n");
            assert!(stream.next_block(100).unwrap().is_none());
            assert_eq!(stream.digest(), Some(blake3::hash(&raw)));
        }
    }

    #[test]
    fn a_compressed_file_that_is_cut_meanwhile_has_changed_and_is_not_damaged() {
        // Noise, since the cut must come where the stream has not read ahead.
        let mut noise = vec![0; 1_500_000];
        blake3::Hasher::new().finalize_xof().fill(&mut noise);
        let raw = gzip(&noise);
        let (file, source) = opened(&raw);
        let Source::Stream(mut stream) = source else { panic!("{source:?}") };
        file.as_file().set_len(900_000).unwrap();
        let error = loop {
            match stream.next_block(100_000) {
                Ok(block) => assert!(block.is_some(), "a cut stream must not end in peace"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, InputError::Changed { .. }), "{error}");
    }

    #[test]
    fn a_named_pipe_is_a_stream() {
        use std::os::fd::AsRawFd;
        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"one\n").unwrap();
        drop(writer);
        let source = Source::open(&found(format!("/dev/fd/{}", reader.as_raw_fd()))).unwrap();
        assert_eq!(source.raw_bytes(), None);
        let Source::Stream(mut stream) = source else { panic!("{source:?}") };
        assert_eq!(stream.next_block(100).unwrap().unwrap().bytes, b"one\n");
        assert!(stream.next_block(100).unwrap().is_none());
    }

    #[test]
    fn a_file_that_is_gone_is_missing() {
        let error = Source::open(&found("no/such.log")).unwrap_err();
        assert_eq!(error.to_string(), "no/such.log: no such file or directory");
    }

    #[test]
    fn a_directory_cannot_be_read_as_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let error = Source::open(&found(directory.path())).unwrap_err();
        assert!(error.to_string().ends_with(": cannot be read: is a directory"), "{error}");
    }

    #[test]
    fn what_is_no_file_any_more_was_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let found = found(folder.path().join("reg.log"));
        fs::write(&found.path, "one\n").unwrap();
        let opened = Source::open(&found).unwrap().opened().cloned();
        fs::remove_file(&found.path).unwrap();
        assert!(matches!(Source::open_again(&found, opened.as_ref()), Err(InputError::Missing { .. })));
        fs::create_dir(&found.path).unwrap();
        let error = Source::open_again(&found, opened.as_ref()).unwrap_err().to_string();
        assert!(error.contains("reg.log: was replaced by another file while"), "{error}");
    }

    #[test]
    fn a_file_without_permission_is_named_with_its_cause() {
        use std::os::unix::fs::PermissionsExt;
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o000)).unwrap();
        if File::open(file.path()).is_ok() {
            eprintln!("skipped: this user may read everything");
            return;
        }
        let error = Source::open(&found(file.path())).unwrap_err();
        assert!(error.to_string().ends_with(": cannot be read: permission denied"), "{error}");
    }
}

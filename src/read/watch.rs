//! Noticing that a file changed while it was read.
//!
//! Whoever writes into a mapped file changes bytes under a reader who may have looked at them already: what
//! follows from two looks then need not fit together, and code that is right can panic. So a panic is
//! asked first whether one of the files that are open has changed ([`first_changed`]).

use super::{Change, InputError};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

/// Bytes of each end of the file that are remembered.
const END_LEN: usize = 4 << 10;

/// An open regular file and what it was like at opening.
///
/// It is the open file that is watched and not its name: a rotation that renames the file
/// changes nothing in what is being read. Holds one file descriptor.
#[derive(Debug)]
pub(super) struct Watch(Arc<Watched>);

/// Every file that is being read.
static WATCHED: Mutex<Vec<Weak<Watched>>> = Mutex::new(Vec::new());

#[derive(Debug)]
struct Watched {
    file: File,
    path: PathBuf,
    opened: Opened,
}

/// What a regular file was like at opening, for who opens it once more and wants the same bytes.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Numbers of its device and its inode.
    inode: [u64; 2],
    size_bytes: u64,
    modified: Option<SystemTime>,
    ends: blake3::Hash,
}

impl Opened {
    /// The numbers of its device and its inode.
    pub const fn inode(&self) -> [u64; 2] {
        self.inode
    }
}

impl Watch {
    /// Starts to watch a file.
    ///
    /// # Errors
    ///
    /// [`InputError::Unreadable`].
    pub fn start(file: File, path: &Path) -> Result<Self, InputError> {
        let unreadable = |cause| InputError::unreadable(path, cause);
        let metadata = file.metadata().map_err(unreadable)?;
        let size_bytes = metadata.len();
        let ends = digest_of_ends(&file, size_bytes).map_err(unreadable)?;
        let opened = Opened { inode: inode(&metadata), size_bytes, modified: metadata.modified().ok(), ends };
        Ok(Self::over(Watched { file, path: path.to_owned(), opened }))
    }

    /// Goes on with what was opened by that path before. What has been appended since is not read.
    ///
    /// Whether the bytes are the same is told as by [`Watch::check`]: by their ends. Another inode alone proves nothing, for
    /// some network file systems make its number up anew; it only tells how they changed.
    ///
    /// # Errors
    ///
    /// As [`Watch::check`].
    pub fn resume(file: File, path: &Path, opened: &Opened) -> Result<Self, InputError> {
        let metadata = file.metadata().map_err(|cause| InputError::unreadable(path, cause))?;
        let watch = Self::over(Watched { file, path: path.to_owned(), opened: opened.clone() });
        match watch.check() {
            Err(InputError::Changed { path, .. }) if inode(&metadata) != opened.inode => {
                Err(InputError::Changed { path, how: Change::Replaced })
            }
            checked => checked.map(|()| watch),
        }
    }

    fn over(watched: Watched) -> Self {
        let watched = Arc::new(watched);
        let mut all = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|known| known.strong_count() > 0);
        all.push(Arc::downgrade(&watched));
        Self(watched)
    }

    /// The open file. Its read position is the reader's own.
    pub fn file(&self) -> &File {
        &self.0.file
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Its size at opening.
    pub fn size_bytes(&self) -> u64 {
        self.0.opened.size_bytes
    }

    /// What it was like at opening.
    pub fn opened(&self) -> &Opened {
        &self.0.opened
    }

    /// Whether the bytes up to the size at opening are still those that were there.
    ///
    /// A file that grew was most likely appended to, and its new end is not read. One that was
    /// emptied and has already grown beyond its old size is told by the ends of what was read:
    /// log lines carry times, so the new ones differ. A write in place that leaves the size is
    /// told by the time of modification, as exactly as the file system keeps it, unless the ends are all of the file.
    ///
    /// # Errors
    ///
    /// [`InputError::Changed`], or [`InputError::Unreadable`] where the file cannot be asked.
    pub fn check(&self) -> Result<(), InputError> {
        self.0.check()
    }
}

/// What changed of the files that are being read: the first of them that did.
pub fn first_changed() -> Option<InputError> {
    // Nobody waits for a lock here: whoever panicked may hold it.
    let open: Vec<Arc<Watched>> = WATCHED.try_lock().ok()?.iter().filter_map(Weak::upgrade).collect();
    open.iter().find_map(|watched| watched.check().err())
}

impl Watched {
    fn check(&self) -> Result<(), InputError> {
        let unreadable = |cause| InputError::unreadable(&self.path, cause);
        let changed = |how| Err(InputError::Changed { path: self.path.clone(), how });
        let Opened { size_bytes: from_bytes, modified, ends, .. } = &self.opened;
        let metadata = self.file.metadata().map_err(unreadable)?;
        let to_bytes = metadata.len();
        if to_bytes < *from_bytes {
            return changed(Change::Shrank { from_bytes: *from_bytes, to_bytes });
        }
        let is_beyond_ends = *from_bytes > 2 * END_LEN as u64;
        if is_beyond_ends && to_bytes == *from_bytes && metadata.modified().ok() != *modified {
            return changed(Change::Rewritten);
        }
        match digest_of_ends(&self.file, *from_bytes) {
            Ok(now) if now == *ends => Ok(()),
            Ok(_) => changed(Change::Rewritten),
            // It shrank between the two questions.
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => changed(Change::Rewritten),
            Err(cause) => Err(unreadable(cause)),
        }
    }
}

/// What a file is told by, whatever its name.
pub(super) fn inode(metadata: &Metadata) -> [u64; 2] {
    [metadata.dev(), metadata.ino()]
}

/// A digest of the first and the last bytes below `size_bytes`.
fn digest_of_ends(file: &File, size_bytes: u64) -> io::Result<blake3::Hash> {
    let len = size_bytes.min(END_LEN as u64);
    let mut end = [0; END_LEN];
    let end = &mut end[..len as usize];
    let mut hasher = blake3::Hasher::new();
    for offset in [0, size_bytes - len] {
        file.read_exact_at(end, offset)?;
        hasher.update(end);
    }
    Ok(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::time::Duration;

    fn watched(bytes: &[u8]) -> (tempfile::NamedTempFile, Watch) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let watch = Watch::start(File::open(file.path()).unwrap(), file.path()).unwrap();
        (file, watch)
    }

    fn change(watch: &Watch) -> Change {
        how(watch.check())
    }

    fn how<T: std::fmt::Debug>(result: Result<T, InputError>) -> Change {
        match result {
            Err(InputError::Changed { how, .. }) => how,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_file_left_alone_is_unchanged() {
        let (_file, watch) = watched(b"one\n");
        watch.check().unwrap();
    }

    #[test]
    fn a_file_that_grew_is_unchanged() {
        let (mut file, watch) = watched(b"one\n");
        file.write_all(b"two\n").unwrap();
        watch.check().unwrap();
        assert_eq!(watch.size_bytes(), 4);
    }

    #[test]
    fn a_shorter_file_shrank() {
        let (file, watch) = watched(b"one\ntwo\n");
        file.as_file().set_len(4).unwrap();
        assert_eq!(change(&watch), Change::Shrank { from_bytes: 8, to_bytes: 4 });
    }

    #[test]
    fn a_file_of_the_same_size_and_another_time_was_rewritten() {
        let (file, watch) = watched(&[b'x'; 20_000]);
        file.as_file().write_all_at(b"y", 10_000).unwrap();
        // The clock of the file system may be too coarse to see that write, so it is helped.
        file.as_file().set_modified(SystemTime::now() + Duration::from_secs(2)).unwrap();
        assert_eq!(change(&watch), Change::Rewritten);
    }

    #[test]
    fn a_short_file_is_told_by_all_of_its_bytes() {
        for len in [0, 7, 2 * END_LEN] {
            let (file, watch) = watched(&vec![b'x'; len]);
            file.as_file().set_modified(SystemTime::now() + Duration::from_secs(2)).unwrap();
            watch.check().unwrap();
            if len > 0 {
                file.as_file().write_all_at(b"y", len as u64 / 2).unwrap();
                assert_eq!(change(&watch), Change::Rewritten);
            }
        }
    }

    #[test]
    fn a_file_is_resumed_as_it_was_opened() {
        let (file, watch) = watched(&[b'x'; 20_000]);
        let resume = || Watch::resume(File::open(file.path()).unwrap(), file.path(), watch.opened());
        assert_eq!(resume().unwrap().size_bytes(), 20_000);
        file.as_file().write_all_at(b"appended", 20_000).unwrap();
        assert_eq!(resume().unwrap().size_bytes(), 20_000);
        file.as_file().write_all_at(b"y", 0).unwrap();
        assert_eq!(how(resume()), Change::Rewritten);
        // Rotated away: what has the name now is shorter, and no part of the old one is gone.
        let mut other = tempfile::NamedTempFile::new().unwrap();
        other.write_all(b"anew\n").unwrap();
        other.persist(file.path()).unwrap();
        assert_eq!(how(resume()), Change::Replaced);
    }

    #[test]
    fn a_file_emptied_and_written_beyond_its_old_size_was_rewritten() {
        let (file, watch) = watched(b"one\n");
        file.as_file().set_len(0).unwrap();
        file.as_file().write_all_at(b"later\n", 0).unwrap();
        assert_eq!(change(&watch), Change::Rewritten);
    }

    #[test]
    fn a_panic_can_ask_which_open_file_changed() {
        let (file, watch) = watched(b"one\ntwo\n");
        file.as_file().set_len(4).unwrap();
        let is_told =
            || WATCHED.lock().unwrap().iter().filter_map(Weak::upgrade).any(|it| it.path == file.path());
        assert!(is_told());
        // Other tests have files of their own open.
        assert!(matches!(first_changed(), Some(InputError::Changed { .. })));
        drop(watch);
        assert!(!is_told());
    }

    #[test]
    fn a_renamed_file_is_unchanged() {
        let (file, watch) = watched(b"one\n");
        let rotated = file.path().with_extension("1");
        std::fs::rename(file.path(), &rotated).unwrap();
        watch.check().unwrap();
        std::fs::remove_file(rotated).unwrap();
    }
}

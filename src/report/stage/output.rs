//! One file of a bill on its way into the stage: digested while it is written.

use super::super::manifest::{OutputFacts, hex_digest};
use super::{StageError, io_at};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

/// So many files are put onto the disk at a time. A journal is written once for all that wait for
/// it, so a bill of a dozen files waits hardly longer than for one of them.
const SYNCS_MAX: usize = 16;

/// A file of a bill that is written piece by piece.
///
/// It is open only while a piece is written: a bill of a thousand tenants has two thousand of these.
#[derive(Debug)]
pub struct Output {
    /// Errors name the file as the user knows it, not the hidden folder.
    relative: String,
    path: PathBuf,
    hasher: blake3::Hasher,
    bytes: u64,
    /// Bytes when it was last put onto the disk, and who does that.
    synced_bytes: u64,
    syncing: Option<JoinHandle<io::Result<()>>>,
}

/// A long file is put onto the disk after so many bytes, beside the work: at its end the disk would
/// be waited for as long as the rest of a bill takes.
const SYNC_BYTES: u64 = 16 << 20;

impl Output {
    /// Creates a file that did not exist, and its folders.
    pub(super) fn create(folder: &Path, relative: &str) -> Result<Self, StageError> {
        let path = folder.join(relative);
        let named = || io_at(Path::new(relative));
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(named())?;
        File::create_new(&path).map_err(named())?;
        Ok(Self {
            relative: relative.to_owned(),
            path,
            hasher: blake3::Hasher::new(),
            bytes: 0,
            synced_bytes: 0,
            syncing: None,
        })
    }

    /// Writes the pieces behind what was written before.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn append(&mut self, pieces: &[impl AsRef<[u8]> + Sync]) -> Result<(), StageError> {
        let Self { path, hasher, bytes, .. } = self;
        // The digest takes about as long as the write, so each gets a core.
        let digest = || {
            for piece in pieces.iter().map(AsRef::as_ref) {
                hasher.update(piece);
                *bytes += piece.len() as u64;
            }
        };
        let write = || {
            let mut file = OpenOptions::new().append(true).open(path)?;
            pieces.iter().try_for_each(|piece| file.write_all(piece.as_ref()))
        };
        let ((), written): ((), io::Result<()>) = rayon::join(digest, write);
        written.and_then(|()| self.sync_beside()).map_err(io_at(Path::new(&self.relative)))
    }

    /// Has another thread wait for the disk, where enough was written since.
    fn sync_beside(&mut self) -> io::Result<()> {
        let is_busy = self.syncing.as_ref().is_some_and(|thread| !thread.is_finished());
        if is_busy || self.bytes - self.synced_bytes < SYNC_BYTES {
            return Ok(());
        }
        // An error is told once only, so it must not get lost here.
        self.end_sync()?;
        self.synced_bytes = self.bytes;
        let file = OpenOptions::new().append(true).open(&self.path)?;
        self.syncing = Some(thread::spawn(move || file.sync_data()));
        Ok(())
    }

    /// Waits for the thread that waits for the disk.
    fn end_sync(&mut self) -> io::Result<()> {
        self.syncing.take().map_or(Ok(()), |thread| thread.join().expect("nothing there panics"))
    }

    /// What the manifest says of it, now that it is whole.
    pub(super) fn end(mut self) -> Result<OutputFacts, StageError> {
        self.end_sync().map_err(io_at(Path::new(&self.relative)))?;
        Ok(OutputFacts {
            digest: hex_digest(&self.hasher.finalize()),
            bytes: self.bytes,
            file: self.relative,
        })
    }
}

/// Waits until the files are on the disk itself: a manifest must not outlive a power cut that its
/// files did not.
pub(super) fn sync(folder: &Path, files: &[&str]) -> Result<(), StageError> {
    let next = AtomicUsize::new(0);
    let sync_some = || -> Result<(), StageError> {
        while let Some(relative) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let file = OpenOptions::new().write(true).open(folder.join(relative));
            file.and_then(|file| file.sync_all()).map_err(io_at(Path::new(relative)))?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..SYNCS_MAX.min(files.len())).map(|_| scope.spawn(sync_some)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("nothing here panics"))
    })
}

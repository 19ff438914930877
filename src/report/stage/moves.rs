//! Files of a bill on their way into OUT, and the way back.

use super::{MANIFEST, MARKER, StageError, io_at};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Files on their way into OUT, and the way back.
pub(super) struct Moves<'t> {
    out: &'t Path,
    /// Where replaced files wait until all is done.
    parked: &'t Path,
    /// Folders of OUT that were created, outer ones first.
    created: Vec<PathBuf>,
    /// Files of OUT that were touched, in order, and whether the old one is parked.
    done: Vec<(String, bool)>,
    has_marker: bool,
    /// Whether OUT held one before: then it goes only with a whole bill.
    had_marker: bool,
}

impl<'t> Moves<'t> {
    pub(super) fn new(out: &'t Path, parked: &'t Path) -> Self {
        let had_marker = out.join(MARKER).exists();
        Self { out, parked, created: Vec::new(), done: Vec::new(), has_marker: false, had_marker }
    }

    pub(super) fn run<'f>(
        &mut self,
        staged: &Path,
        files: impl Iterator<Item = &'f String>,
    ) -> Result<(), StageError> {
        self.create_folders(self.out)?;
        let marker = self.out.join(MARKER);
        fs::write(&marker, b"").map_err(io_at(&marker))?;
        self.has_marker = true;
        self.park(MANIFEST)?;
        for file in files {
            let target = self.out.join(file);
            self.create_folders(target.parent().unwrap_or(self.out))?;
            self.park(file)?;
            self.place(staged, file)?;
        }
        Ok(())
    }

    /// Has the names of what was moved written to the disk.
    pub(super) fn sync(&self) -> Result<(), StageError> {
        if !cfg!(unix) {
            return Ok(());
        }
        let folders: BTreeSet<PathBuf> = self
            .done
            .iter()
            .map(|(file, _)| self.out.join(file))
            .chain(self.created.iter().cloned())
            .filter_map(|path| path.parent().map(Path::to_owned))
            .collect();
        for folder in folders {
            let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
            fs::File::open(folder).and_then(|open| open.sync_all()).map_err(io_at(folder))?;
        }
        Ok(())
    }

    /// Moves the manifest in behind the other files.
    pub(super) fn finish(&self, staged: &Path) -> Result<(), StageError> {
        self.place(staged, MANIFEST)?;
        // The bill is whole: a marker that stays only means that the next run may replace it.
        let _ = fs::remove_file(self.out.join(MARKER));
        Ok(())
    }

    fn create_folders(&mut self, folder: &Path) -> Result<(), StageError> {
        let missing = folder.ancestors().take_while(|each| !each.as_os_str().is_empty() && !each.exists());
        let missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(&folder).map_err(io_at(&folder))?;
            self.created.push(folder);
        }
        if folder.is_dir() || folder.as_os_str().is_empty() {
            return Ok(());
        }
        Err(StageError::WrongKind { path: folder.to_owned(), wanted: "directory" })
    }

    /// Takes the old file of that name out of the way, if there is one.
    pub(super) fn park(&mut self, file: &str) -> Result<(), StageError> {
        let target = self.out.join(file);
        let is_there = match target.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => {
                return Err(StageError::WrongKind { path: target, wanted: "file" });
            }
            found => found.is_ok(),
        };
        if is_there {
            let parked = self.parked.join(file);
            if let Some(folder) = parked.parent() {
                fs::create_dir_all(folder).map_err(io_at(folder))?;
            }
            fs::rename(&target, &parked).map_err(io_at(&target))?;
        }
        self.done.push((file.to_owned(), is_there));
        Ok(())
    }

    fn place(&self, staged: &Path, file: &str) -> Result<(), StageError> {
        let target = self.out.join(file);
        fs::rename(staged.join(file), &target).map_err(io_at(&target))
    }

    /// Puts everything back, as far as the operating system lets us. The old manifest was
    /// touched first and so returns last; if the way back fails too, the marker stays.
    pub(super) fn undo(&mut self) {
        let mut is_undone = true;
        for (file, is_parked) in self.done.iter().rev() {
            let target = self.out.join(file);
            let removed = fs::remove_file(&target);
            is_undone &= removed.is_ok() || !target.exists();
            if *is_parked {
                is_undone &= fs::rename(self.parked.join(file), &target).is_ok();
            }
        }
        if self.has_marker && is_undone && !self.had_marker {
            let _ = fs::remove_file(self.out.join(MARKER));
        }
        for folder in self.created.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

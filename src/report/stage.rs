//! The way of a finished bill into its folder: all of it, or nothing that looks finished.
//!
//! Files are written into a hidden folder beside OUT and moved in by rename, the manifest last.
//! While they move, OUT holds a marker file; a bill with the marker or without a manifest is
//! unfinished, and running the bill again finishes it.

mod output;

pub use output::Output;

use super::Manifest;
use super::manifest::OutputFacts;
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use tempfile::TempDir;

const MANIFEST: &str = "manifest.json";

/// In OUT only while files move in: says that what stands there is ours, though no manifest
/// vouches for it.
const MARKER: &str = ".siptally-unfinished";

/// Why a bill could not be put in its place. Always names the file.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The operating system refused to write, move or remove it.
    #[error("{}: cannot be written: {cause}", shown(path))]
    Io { path: PathBuf, cause: io::Error },
    /// The file is in the way, and no bill of ours.
    #[error("{}: exists and belongs to no bill of siptally; choose another --out", shown(path))]
    Foreign { path: PathBuf },
    /// OUT, or a folder below it, is a file, or the other way round.
    #[error("{}: is no {wanted}; choose another --out", shown(path))]
    WrongKind { path: PathBuf, wanted: &'static str },
    /// A name that leaves the bill's folder: a tenant called `..`, say.
    #[error("`{relative}`: is no path inside a bill")]
    Outside { relative: String },
}

fn shown(path: &Path) -> String {
    super::text::printable(&path.to_string_lossy())
}

fn io_at(path: &Path) -> impl FnOnce(io::Error) -> StageError {
    let path = path.to_owned();
    move |cause| StageError::Io { path, cause }
}

/// A bill that is being written. Dropped without [`Stage::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct Stage {
    out: PathBuf,
    folder: TempDir,
    outputs: BTreeMap<String, OutputFacts>,
}

/// What a commit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Files that an earlier bill put into OUT and this one did not replace; they still stand,
    /// and no manifest vouches for them any more. Paths below OUT, sorted.
    pub leftovers: Vec<String>,
}

impl Stage {
    /// Begins a bill that will stand in the folder `out`, which need not exist.
    ///
    /// # Errors
    ///
    /// If `out` is a file, or neither the folder beside it nor itself can be written to.
    pub fn new(out: &Path) -> Result<Self, StageError> {
        // Links are followed once, so that all files move within one file system.
        let out = if out.exists() { out.canonicalize().map_err(io_at(out))? } else { out.to_owned() };
        if out.exists() && !out.is_dir() {
            return Err(StageError::WrongKind { path: out, wanted: "directory" });
        }
        let folder = stage_folder(&out)?;
        Ok(Self { out, folder, outputs: BTreeMap::new() })
    }

    /// Begins one file of the bill, to be written piece by piece. `relative` is its path in the
    /// bill, parts separated by `/`; its folders are created.
    ///
    /// # Errors
    ///
    /// If the path leaves the bill, names the manifest or a file begun before, or what the
    /// operating system says.
    pub fn begin(&self, relative: &str) -> Result<Output, StageError> {
        let is_inside = !relative.is_empty()
            && relative != MANIFEST
            && !relative.contains('\\')
            && Path::new(relative).components().all(|part| matches!(part, Component::Normal(_)));
        if !is_inside {
            return Err(StageError::Outside { relative: super::text::printable(relative) });
        }
        Output::create(self.folder.path(), relative)
    }

    /// Takes a file into the bill, whole as it is now.
    ///
    /// # Errors
    ///
    /// What the operating system says of it late.
    pub fn end(&mut self, output: Output) -> Result<(), StageError> {
        let facts = output.end()?;
        self.outputs.insert(facts.file.clone(), facts);
        Ok(())
    }

    /// Writes one file of the bill.
    ///
    /// # Errors
    ///
    /// As [`Stage::begin`], or what `fill` or the operating system say.
    pub fn write_with(
        &mut self,
        relative: &str,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), StageError> {
        let mut output = self.begin(relative)?;
        let mut bytes = Vec::new();
        fill(&mut bytes).map_err(io_at(Path::new(relative)))?;
        output.append(&[bytes])?;
        self.end(output)
    }

    /// Writes one file of the bill from bytes.
    ///
    /// # Errors
    ///
    /// As [`Stage::write_with`].
    pub fn write(&mut self, relative: &str, bytes: &[u8]) -> Result<(), StageError> {
        self.write_with(relative, |out| out.write_all(bytes))
    }

    /// Reads a file that is part of the bill already.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn read_back(&self, relative: &str) -> Result<fs::File, StageError> {
        fs::File::open(self.folder.path().join(relative)).map_err(io_at(Path::new(relative)))
    }

    /// The files written so far, sorted by path.
    pub fn outputs(&self) -> impl Iterator<Item = &OutputFacts> {
        self.outputs.values()
    }

    /// Moves everything into OUT, the manifest last, with the outputs filled in.
    ///
    /// Files of an earlier bill are replaced; its manifest goes first, so that no manifest ever
    /// stands beside files that it does not mean.
    ///
    /// # Errors
    ///
    /// If a file of ours would replace one that belongs to no bill, or a move is refused: OUT is
    /// then as it was.
    pub fn commit(self, mut manifest: Manifest) -> Result<Committed, StageError> {
        manifest.outputs = self.outputs.values().cloned().collect();
        let files: Vec<&str> = self.outputs.keys().map(String::as_str).collect();
        output::sync(self.folder.path(), &files)?;
        Output::create(self.folder.path(), MANIFEST)?.append(&[manifest.to_json()])?;
        output::sync(self.folder.path(), &[MANIFEST])?;

        let earlier = fs::read(self.out.join(MANIFEST)).ok().and_then(|bytes| Manifest::from_json(&bytes));
        let is_ours = earlier.is_some() || self.out.join(MARKER).exists();
        if !is_ours {
            self.refuse_foreign_files()?;
        }
        let parked = self.parking()?;
        let mut moves = Moves::new(&self.out, parked.path());
        if let Err(error) = moves.run(self.folder.path(), self.outputs.keys()) {
            moves.undo();
            return Err(error);
        }
        let is_left = |file: &String| !self.outputs.contains_key(file) && self.out.join(file).is_file();
        let mut leftovers: Vec<String> =
            earlier.into_iter().flat_map(|manifest| manifest.outputs).map(|output| output.file).collect();
        leftovers.retain(is_left);
        leftovers.sort();
        Ok(Committed { leftovers })
    }

    fn refuse_foreign_files(&self) -> Result<(), StageError> {
        for file in self.outputs.keys().map(String::as_str).chain([MANIFEST]) {
            let path = self.out.join(file);
            if path.symlink_metadata().is_ok() {
                return Err(StageError::Foreign { path });
            }
        }
        Ok(())
    }

    /// A folder for the files that are replaced, on the same file system.
    fn parking(&self) -> Result<TempDir, StageError> {
        let beside = self.folder.path().parent().unwrap_or(Path::new("."));
        hidden_folder(beside)
    }
}

/// Files on their way into OUT, and the way back.
struct Moves<'t> {
    out: &'t Path,
    /// Where replaced files wait until all is done.
    parked: &'t Path,
    /// Folders of OUT that were created, outer ones first.
    created: Vec<PathBuf>,
    /// Files of OUT that were touched, in order, and whether the old one is parked.
    done: Vec<(String, bool)>,
    has_marker: bool,
}

impl<'t> Moves<'t> {
    fn new(out: &'t Path, parked: &'t Path) -> Self {
        Self { out, parked, created: Vec::new(), done: Vec::new(), has_marker: false }
    }

    fn run<'f>(&mut self, staged: &Path, files: impl Iterator<Item = &'f String>) -> Result<(), StageError> {
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
        self.place(staged, MANIFEST)?;
        // The bill is whole: a marker that stays only means that the next run may replace it.
        let _ = fs::remove_file(&marker);
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
    fn park(&mut self, file: &str) -> Result<(), StageError> {
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
    fn undo(&mut self) {
        let mut is_undone = true;
        for (file, is_parked) in self.done.iter().rev() {
            let target = self.out.join(file);
            let removed = fs::remove_file(&target);
            is_undone &= removed.is_ok() || !target.exists();
            if *is_parked {
                is_undone &= fs::rename(self.parked.join(file), &target).is_ok();
            }
        }
        if self.has_marker && is_undone {
            let _ = fs::remove_file(self.out.join(MARKER));
        }
        for folder in self.created.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// A hidden folder on the file system of `out`: beside it, or in it where it is a mount point or
/// the folder around it cannot be written to, as in containers.
fn stage_folder(out: &Path) -> Result<TempDir, StageError> {
    let existing = |path: &&Path| path.is_dir();
    let beside = match out.ancestors().skip(1).find(existing) {
        Some(folder) => folder,
        // A bare relative name stands in the current folder.
        None => Path::new("."),
    };
    if !out.is_dir() {
        return hidden_folder(beside);
    }
    if is_one_file_system(beside, out)
        && let Ok(folder) = hidden_folder(beside)
    {
        return Ok(folder);
    }
    hidden_folder(out)
}

fn hidden_folder(inside: &Path) -> Result<TempDir, StageError> {
    tempfile::Builder::new().prefix(".siptally-").tempdir_in(inside).map_err(io_at(inside))
}

#[cfg(unix)]
fn is_one_file_system(left: &Path, right: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (left.metadata(), right.metadata()) {
        (Ok(left), Ok(right)) => left.dev() == right.dev(),
        _ => false,
    }
}

/// Elsewhere nothing cheap tells, and inside OUT is always right.
#[cfg(not(unix))]
fn is_one_file_system(_: &Path, _: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests;

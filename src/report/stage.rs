//! The way of a finished bill into its folder: all of it, or nothing that looks finished.
//!
//! Files are written into a hidden folder beside OUT and moved in by rename, the manifest last.
//! While they move, OUT holds a marker file; a bill with the marker or without a manifest is
//! unfinished, and running the bill again finishes it. A final bill has an order more: its files
//! move in, then the ledger grows, then the manifest follows ([`Stage::commit_with`]). So what the
//! ledger vouches for stands in OUT, and a run that was cut off leaves a bill without a manifest.

mod kept;
mod moves;
mod output;

pub use kept::{SEAL, Seal, kept_files, seals};
pub use output::Output;

use self::moves::Moves;
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
    /// The file belongs to a bill that is final.
    #[error("{}: belongs to a final bill, which is never rewritten; choose another --out", shown(path))]
    Final { path: PathBuf },
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
    kept: Vec<OutputFacts>,
    retired: Vec<String>,
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
        Ok(Self { out, folder, outputs: BTreeMap::new(), kept: Vec::new(), retired: Vec::new() })
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

    /// Writes a file anew that is part of the bill already: `change` makes the new one of the old.
    ///
    /// # Errors
    ///
    /// As [`Stage::write_with`], or what `change` says.
    pub fn rewrite(
        &mut self,
        relative: &str,
        change: impl FnOnce(fs::File) -> io::Result<Vec<u8>>,
    ) -> Result<(), StageError> {
        let bytes = change(self.read_back(relative)?).map_err(io_at(Path::new(relative)))?;
        self.discard(relative)?;
        self.write(relative, &bytes)
    }

    /// The files written so far, sorted by path.
    pub fn outputs(&self) -> impl Iterator<Item = &OutputFacts> {
        self.outputs.values()
    }

    /// What is written of that name; `None` where nothing is.
    pub fn output(&self, relative: &str) -> Option<&OutputFacts> {
        self.outputs.get(relative)
    }

    /// Gives a file that was written another place in the bill.
    ///
    /// # Errors
    ///
    /// As [`Stage::begin`].
    ///
    /// # Panics
    ///
    /// If no file of that name was ended.
    pub fn rename(&mut self, relative: &str, to: &str) -> Result<(), StageError> {
        // Whatever keeps a file from being begun there keeps this one away, too.
        drop(self.begin(to)?);
        let mut facts = self.outputs.remove(relative).expect("the file was written");
        fs::rename(self.folder.path().join(relative), self.folder.path().join(to))
            .map_err(io_at(Path::new(to)))?;
        to.clone_into(&mut facts.file);
        self.outputs.insert(facts.file.clone(), facts);
        Ok(())
    }

    /// Takes a file out of the bill again.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn discard(&mut self, relative: &str) -> Result<(), StageError> {
        if self.outputs.remove(relative).is_some() {
            fs::remove_file(self.folder.path().join(relative)).map_err(io_at(Path::new(relative)))?;
        }
        Ok(())
    }

    /// Where the file of that name waits for the commit.
    pub fn path_of(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// The folder that the bill will stand in.
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// Files of OUT that are final: they stay, and the manifest names them.
    pub fn keep(&mut self, files: Vec<OutputFacts>) {
        self.kept = files;
    }

    /// Files of OUT, by their paths there, that go when this bill moves in, though it has none of their names.
    pub fn retire(&mut self, files: Vec<String>) {
        self.retired = files;
    }

    /// Whether a bill in OUT was cut off while it moved in.
    pub fn is_cut_off(&self) -> bool {
        self.out.join(MARKER).exists()
    }

    /// Moves everything into OUT, the manifest last, with the outputs filled in.
    ///
    /// Files of an earlier bill are replaced; its manifest goes first, so that no manifest ever
    /// stands beside files that it does not mean.
    ///
    /// # Errors
    ///
    /// If a file of ours would replace one that is final or belongs to no bill, or a move is
    /// refused: OUT is then as it was.
    pub fn commit(self, manifest: Manifest) -> Result<Committed, StageError> {
        self.place(manifest, None)
    }

    /// The same, and has `between` done when all files but the manifest are in their places and on
    /// the disk.
    ///
    /// # Errors
    ///
    /// As [`Stage::commit`], and what `between` says: OUT is then as it was. Behind `between`
    /// nothing is undone: if the manifest cannot be moved in, OUT says that it is unfinished.
    pub fn commit_with<E: From<StageError>>(
        self,
        manifest: Manifest,
        between: impl FnOnce() -> Result<(), E>,
    ) -> Result<Committed, E> {
        let mut failure = None;
        let mut between = Some(between);
        let mut step = || match between.take().map(|between| between()) {
            Some(Err(error)) => {
                failure = Some(error);
                false
            }
            _ => true,
        };
        let placed = self.place(manifest, Some(&mut step));
        match failure {
            Some(failure) => Err(failure),
            None => Ok(placed?),
        }
    }

    fn place(
        self,
        mut manifest: Manifest,
        between: Option<&mut dyn FnMut() -> bool>,
    ) -> Result<Committed, StageError> {
        if let Some(facts) = self.kept.iter().find(|facts| self.outputs.contains_key(&facts.file)) {
            return Err(StageError::Final { path: self.out.join(&facts.file) });
        }
        manifest.outputs = self.outputs.values().cloned().collect();
        manifest.kept.clone_from(&self.kept);
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
        let mut moved = moves.run(self.folder.path(), self.outputs.keys());
        if moved.is_ok() {
            moved = self
                .retired
                .iter()
                .filter(|file| !self.outputs.contains_key(*file))
                .try_for_each(|file| moves.park(file));
        }
        if let (Ok(()), Some(between)) = (&moved, between) {
            moved = moves.sync();
            if moved.is_ok() && !between() {
                moves.undo();
                return Ok(Committed { leftovers: Vec::new() });
            }
            if moved.is_ok() {
                moves.finish(self.folder.path())?;
            }
        } else if moved.is_ok() {
            moved = moves.finish(self.folder.path());
        }
        if let Err(error) = moved {
            moves.undo();
            return Err(error);
        }
        let is_kept = |file: &String| self.kept.iter().any(|facts| facts.file == *file);
        let is_left = |file: &String| {
            !self.outputs.contains_key(file) && !is_kept(file) && self.out.join(file).is_file()
        };
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

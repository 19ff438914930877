//! The file of a ledger: read by anybody, appended to by one run at a time.
//!
//! The file itself is what is locked, and it is appended to and never replaced. So two runs cannot
//! fork the chain, no stale lock outlives a run, a file that the system lets only grow
//! (`chattr +a`) will do, and where a file system keeps no locks both runs' lines still stand
//! there to be found. All lines of a run go out in one write and are on the disk before
//! [`LedgerFile::append`] returns.

use super::{Ledger, LedgerError};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A ledger that nobody else can append to while this lives.
#[derive(Debug)]
pub struct LedgerFile {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// As it was when it was locked.
    pub ledger: Ledger,
}

impl Ledger {
    /// Reads the ledger in that file; `None` where there is none.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or [`Ledger::parse`].
    pub fn read(path: &Path) -> Result<Option<Self>, LedgerError> {
        match std::fs::read(path) {
            Ok(bytes) => Self::parse(&path.display().to_string(), &bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(LedgerError::Io { path: path.to_owned(), done: "read", cause }),
        }
    }
}

impl LedgerFile {
    /// Opens the ledger for one run, and creates it where there is none. `wait` is called once
    /// where another run holds it, before this one waits for its end.
    ///
    /// # Errors
    ///
    /// The file cannot be opened or locked, or [`Ledger::parse`].
    pub fn lock(path: &Path, wait: impl FnOnce()) -> Result<Self, LedgerError> {
        let io_at = |done| move |cause| LedgerError::Io { path: path.to_owned(), done, cause };
        let is_new = !path.exists();
        let opened = OpenOptions::new().read(true).append(true).create(true).open(path);
        let mut file = opened.map_err(io_at("opened"))?;
        lock(&file, wait).map_err(io_at("locked"))?;
        if is_new {
            sync_folder(path).map_err(io_at("created"))?;
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io_at("read"))?;
        let ledger = Ledger::parse(&path.display().to_string(), &bytes)?;
        Ok(Self { path: path.to_owned(), file, bytes: bytes.len() as u64, ledger })
    }

    /// Appends the lines, each without its line end; when this returns they are on the disk.
    ///
    /// # Errors
    ///
    /// What the operating system says; the file is then as it was, if it lets us.
    pub fn append(&mut self, lines: &[String]) -> Result<(), LedgerError> {
        let io = |cause| LedgerError::Io { path: self.path.clone(), done: "appended to", cause };
        if self.file.metadata().map_err(io)?.len() != self.bytes {
            return Err(LedgerError::Changed { path: self.path.clone() });
        }
        let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_all());
        if let Err(cause) = written {
            // Where this fails too, the next reader tells how far the file is whole.
            let _ = self.file.set_len(self.bytes);
            return Err(io(cause));
        }
        self.bytes += text.len() as u64;
        Ok(())
    }
}

#[cfg(unix)]
fn lock(file: &File, wait: impl FnOnce()) -> io::Result<()> {
    use rustix::fs::{FlockOperation, flock};
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Err(rustix::io::Errno::WOULDBLOCK) => {
            wait();
            Ok(flock(file, FlockOperation::LockExclusive)?)
        }
        other => Ok(other?),
    }
}

/// Elsewhere nothing is locked, and the length is looked at before the file grows.
#[cfg(not(unix))]
fn lock(_: &File, _: impl FnOnce()) -> io::Result<()> {
    Ok(())
}

/// A file that was created is in its folder only when the folder is on the disk.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if cfg!(unix) { File::open(folder.unwrap_or(Path::new(".")))?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::super::chain::tests::{entry, three};
    use super::*;

    #[test]
    fn lines_are_appended_behind_what_stands_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        assert_eq!(Ledger::read(&path).unwrap(), None);
        let (three, lines) = three();
        let lines: Vec<String> = lines.iter().map(|line| line.trim_end().to_owned()).collect();
        LedgerFile::lock(&path, || {}).unwrap().append(&lines[..1]).unwrap();
        let mut file = LedgerFile::lock(&path, || {}).unwrap();
        assert_eq!(file.ledger, three.as_of(1));
        file.append(&lines[1..]).unwrap();
        assert_eq!(Ledger::read(&path).unwrap(), Some(three));
    }

    #[test]
    fn a_ledger_that_grew_in_spite_of_the_lock_is_not_appended_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let mut file = LedgerFile::lock(&path, || {}).unwrap();
        std::fs::write(&path, "x").unwrap();
        let error = file.append(&["y".to_owned()]).unwrap_err();
        assert!(matches!(error, LedgerError::Changed { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"x");
    }

    #[cfg(unix)]
    #[test]
    fn runs_at_once_never_fork_the_chain() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let issue = |tenant: usize| {
            let mut file = LedgerFile::lock(&path, || {}).unwrap();
            let number = file.ledger.next_number();
            let entry = entry(&file.ledger, &format!("t{tenant}"), (number, number));
            let line = file.ledger.push(entry);
            file.append(&[line]).unwrap();
        };
        std::thread::scope(|scope| {
            for tenant in 0..8 {
                scope.spawn(move || issue(tenant));
            }
        });
        assert_eq!(Ledger::read(&path).unwrap().unwrap().entries().len(), 8);
    }
}

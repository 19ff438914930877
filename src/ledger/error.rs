//! What can be wrong with a ledger, with the place and the remedy.

use std::io;
use std::path::PathBuf;

/// Why a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The operating system refused.
    #[error("{}: the ledger cannot be {done}: {cause}", path.display())]
    Io { path: PathBuf, done: &'static str, cause: io::Error },
    /// The end is missing.
    #[error(
        "{file}:{line}: {fact}, so a run was cut off while it wrote there, and its bills are not final; cut \
         the file back with `truncate -s {whole_bytes} {file}` and run that bill again; if no run was cut off, \
         restore the file from a copy"
    )]
    Torn { file: String, line: u64, fact: String, whole_bytes: u64 },
    /// Something in the middle is not what was written.
    #[error("{file}:{line}: {fact}; the ledger was changed after it was written: restore it from a copy")]
    Broken { file: String, line: u64, fact: String },
    /// Written by a later version of the program.
    #[error(
        "{file}:{line}: the entry is of schema {schema}, and this program reads schema {known}; use a newer siptally"
    )]
    Later { file: String, line: u64, schema: u64, known: u32 },
    /// Somebody wrote to the file who did not heed the lock.
    #[error("{}: the ledger grew while this run held it; nothing was appended; run the bill again", path.display())]
    Changed { path: PathBuf },
}

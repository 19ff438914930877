//! The ledger: an append-only file of final invoices, each chained to the one before.
//!
//! The room owns the file: its lines, the chain of digests, the lock under which it grows, and
//! what the entries say of a tenant together. It does not own what an invoice says, or when one
//! may become final: `pipeline` decides that. A line of the file is one JSON object; its last
//! member is the digest of all the others, as `jq -cj 'del(.digest)' | b3sum` gives it too.

mod account;
mod chain;
mod entry;
mod error;
mod figure;
mod file;

pub use account::Held;
pub use chain::{Ledger, Sealed};
pub use entry::{Digests, Entry, EntryKind, EntryLine, GENESIS, Run, SCHEMA, UserCounts};
pub use error::LedgerError;
pub use figure::Figure;
pub use file::LedgerFile;

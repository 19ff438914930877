//! The inputs: discover, open, decode, cut into blocks; side files; the other party's list.
//!
//! This room turns the paths of a command line into blocks of bytes and knows nothing of what
//! the bytes say. A scan sees blocks and their offsets in the decoded stream, never whether a
//! file was mapped, inflated or piped. Nothing here prints: what was passed over comes back as
//! notes, what cannot be read as an [`InputError`]. Copy `text.rs` to add a file.

mod access;
mod block;
mod capture;
mod decode;
mod digest;
mod discover;
mod error;
mod guard;
mod members;
mod raw;
mod side_file;
mod source;
mod stream;
mod text;
mod utf16;
mod vendor;
mod watch;

pub use access::{Access, Accesses};
pub use block::{Blocks, LINE_MAX, cut};
pub use capture::{Capture, Counts as CaptureCounts, Message as CapturedMessage, Transport, is_capture};
pub use decode::Codec;
pub use digest::{Digest, Leaf};
pub use discover::{Discovery, Found, discover};
pub use error::{Change, Damage, InputError, NotText};
pub use raw::RawFile;
pub use side_file::{SideFile, SideFileError, SideKind, SideProblem, SideRow};
pub use source::{Mapped, Source};
pub use stream::{OwnedBlock, Stream};
pub use text::{check_text, looks_binary};
pub use vendor::{VendorError, VendorFile, VendorRow};
pub use watch::{Opened, first_changed};

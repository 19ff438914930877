//! Synthetic logs of any size, and the right answer beside them.
//!
//! The room owns the made-up people, their devices and their timetable (`people`, `schedule`), what each kind
//! of server writes about them (`layout/`, a file each: copy `layout/kamailio.rs`), and the files that come of it.
//! It reads no log and knows none of the rooms that do: the truth is worked out from what was decided, never by
//! the scan that it is there to check.
//!
//! Who registers as the n-th of the whole log, and when, are functions of n and the seed alone. So chunks are
//! written on every core, the bytes do not depend on how many cores there are, and neither memory nor the truth
//! asks for a pass over what was written.

mod agents;
mod book;
mod chunk;
mod dice;
mod layout;
mod options;
mod output;
mod people;
mod schedule;
mod shuffle;
mod text;
mod truth;

pub use options::{Compression, Format, GenerateError, Length, Options, Share};
pub use output::{Written, to_folder, to_writer};
pub use truth::Truth;

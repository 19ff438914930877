//! Dumps of a registrar's location table, and its events as many lines each: files of records
//! without any log frame.
//!
//! One file a family: what one command or one table prints. A [`SnapshotReader`] goes over such
//! an input line by line and tells of each binding as one event; a file may hold several dumps
//! one after another, each with a shell's prompt before it or not. Whether an input holds
//! snapshots at all, [`recognises`] says from its start.
//!
//! User-Agents and Call-IDs are a stranger's text, mostly printed raw, so fields are read from
//! their fixed places and each once. A SIP header may be folded, and Kamailio keeps the fold: a
//! text dump of it can hold a line break and then blanks of the stranger's choice. What stands
//! at another depth or out of the server's own order therefore spoils its binding. JSON, astdb
//! and the tables escape it. To add a family, copy `print_ucontact.rs` and add it to `reader.rs`.

mod astdb;
mod binding;
mod blocks;
mod cli;
mod columns;
mod datagram;
mod json;
mod kamcmd;
mod mi;
mod print_ucontact;
mod reader;
mod recognise;
mod sofia;
mod sql;
mod table;

pub use reader::SnapshotReader;
pub use recognise::recognises;

#[cfg(test)]
mod tests;

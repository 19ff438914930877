//! journald's JSON of a text that is no UTF-8: numbers, in which no literal can be found.

use super::{Message, Outcome};

/// Has every such record opened. What the bytes say is then read by the messages they spell. Before version 236 systemd
/// set blanks around the colon.
pub(super) const BYTES: Message = Message {
    name: "journald-bytes",
    needles: &[b"\"MESSAGE\":[", b"\"MESSAGE\" : ["],
    read: |_, _| Outcome::NoMatch,
};

//! FreeSWITCH's prefix: `YYYY-MM-DD HH:MM:SS.uuuuuu[ idle%] [LEVEL] file:line message`, in files
//! with a session's UUID before it.

use super::{Origin, Outer, Record, Starts};
use crate::formats::stamp;
use crate::formats::text::{between, word};
use crate::model::Dialect;

/// Opens a FreeSWITCH record.
pub(super) fn open<'t>(text: &'t [u8], outer: Outer<'t>) -> Option<Record<'t>> {
    let text = match word(text) {
        Some((uuid, rest)) if uuid.len() == 36 && uuid[8] == b'-' && uuid[13] == b'-' => rest,
        _ => text,
    };
    let (stamp, len) = stamp::iso(text)?;
    let mut rest = text[len..].strip_prefix(b" ")?;
    if let Some((idle, after)) = word(rest)
        && idle.ends_with(b"%")
    {
        rest = after;
    }
    let (level, rest) = between(rest, b"[", b"] ")?;
    let is_level = matches!(
        level,
        b"DEBUG" | b"INFO" | b"NOTICE" | b"WARNING" | b"WARN" | b"ERR" | b"CRIT" | b"ALERT" | b"CONSOLE"
    );
    let (place, message) = word(rest)?;
    let file = place.split(|byte| *byte == b':').next().filter(|_| is_level)?;
    Some(outer.with_stamp(stamp).record(Dialect::FreeSwitch, message, Starts::only(Origin::File(file))))
}

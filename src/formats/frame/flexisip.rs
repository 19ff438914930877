//! Flexisip's event log in the file system: `Www Mmm dd HH:MM:SS YYYY: message`.

use super::{Origin, Outer, Record, Starts};
use crate::formats::stamp;
use crate::model::Dialect;

/// Opens a line of Flexisip's event log.
pub(super) fn open<'t>(text: &'t [u8], outer: Outer<'t>) -> Option<Record<'t>> {
    let (stamp, len) = stamp::ctime(text)?;
    let message = text[len..].strip_prefix(b": ")?;
    Some(outer.with_stamp(stamp).record(Dialect::Flexisip, message, Starts::only(Origin::Plain)))
}

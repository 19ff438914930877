//! Where a log may be cut into blocks: before a record, and inside no dump.

use super::{DUMP_MAX, Dump, Search, VERSION, find_at};
use crate::formats::frame::{self, Scratch};
use crate::formats::sip::opener;
use std::ops::Range;

/// Whether a line opens a record, so that a log may be cut before it.
pub fn opens_record(line: &[u8], layers: &mut Scratch) -> bool {
    frame::open(line, layers, false).is_some() || opener::opens_record(line)
}

/// Whether a block may begin with that line of the bytes: it opens a record and does not go on with the line before it.
fn may_begin_block(bytes: &[u8], line: Range<usize>, layers: &mut Scratch) -> bool {
    let text = &bytes[line.clone()];
    opens_record(text, layers) && !(frame::may_be_parted(text) && frame::ends_in_part(&bytes[..line.start]))
}

/// Where a block ends, and its dumps, where the cut had to find every one of them.
#[derive(Debug, PartialEq, Eq)]
pub struct Cut {
    pub end: usize,
    /// By their places in the block.
    pub dumps: Option<Vec<Dump>>,
}

impl Cut {
    /// At the end of the bytes, without a look at them.
    pub fn behind(bytes: &[u8]) -> Self {
        Self { end: bytes.len(), dumps: None }
    }
}

/// No record is so long; a stream in which none begins for that long is cut at a block's end.
const KEPT_MAX: usize = 8 << 20;

/// What opens a dump stands in fewer bytes before its message.
const OPENER_MAX: usize = 4 << 10;

/// Where to cut `bytes` behind `start`, which is no part of any dump: at the first record that
/// begins `target` bytes or more further on, inside no dump. Where no line opens a record (an
/// input without frames), every line outside of dumps does, unless `has_records` says that some do. That says what
/// the start of the input shows: dumps may follow all the same.
///
/// Ends with the bytes where there is no such place. The dumps go into `list`, an empty one.
pub fn cut(
    bytes: &[u8],
    start: usize,
    target: usize,
    has_records: bool,
    layers: &mut Scratch,
    list: Vec<Dump>,
) -> Cut {
    let bytes = &bytes[start..];
    let Cut { end, dumps } = cut_first(bytes, target.max(1), has_records, layers, list);
    Cut { end: start + end, dumps }
}

/// The same place, told by the bytes around it alone: in `near`, which begins more than a dump before the place meant (or where
/// the block does) and reaches some lines beyond it, that place being `target` there. `None` where more must be seen.
pub fn cut_nearby(near: &[u8], target: usize, has_records: bool, layers: &mut Scratch) -> Option<usize> {
    let before = target.checked_sub(1)?;
    let mut at = before + memchr::memchr(b'\n', near.get(before..)?)? + 1;
    let behind = if has_records { at } else { at + OPENER_MAX };
    if VERSION.find(near.get(..behind)?).is_some() {
        return None;
    }
    loop {
        let len = memchr::memchr(b'\n', &near[at..])? + 1;
        let line = &near[at..at + len];
        if !has_records || may_begin_block(near, at..at + len, layers) {
            return Some(at);
        }
        if VERSION.find(line).is_some() {
            return None;
        }
        at += len;
    }
}

fn cut_first(
    bytes: &[u8],
    nominal: usize,
    has_records: bool,
    layers: &mut Scratch,
    mut dumps: Vec<Dump>,
) -> Cut {
    if nominal >= bytes.len() {
        return Cut::behind(bytes);
    }
    // The first line that begins at or behind the place meant.
    let mut at_line = match bytes[nominal - 1] {
        b'\n' => nominal,
        _ => memchr::memchr(b'\n', &bytes[nominal..]).map_or(bytes.len(), |end| nominal + end + 1),
    };
    // No dump is longer than DUMP_MAX: without the start of one in that span, none is open there. Nor is one whose opener
    // stands before that line and whose message behind it, where the line does not open a record itself.
    let near = at_line.saturating_sub(DUMP_MAX);
    let behind = if has_records { at_line } else { bytes.len().min(at_line + OPENER_MAX) };
    let is_near = VERSION.find(&bytes[near..behind]).is_some();
    let mut search = Search::default();
    if is_near {
        while let Some(dump) = search.next(bytes, at_line, layers) {
            dumps.push(dump);
        }
    }
    let mut floor = search.floor;
    at_line = at_line.max(floor);
    if is_near
        && !has_records
        && let Some(dump) = search.next(bytes, behind, layers).filter(|dump| dump.begin < at_line)
    {
        (at_line, floor) = (dump.end, dump.end);
        dumps.push(dump);
    }
    while at_line < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[at_line..]).map_or(bytes.len(), |end| at_line + end + 1);
        let line = &bytes[at_line..end];
        if !has_records || may_begin_block(bytes, at_line..end, layers) {
            break;
        }
        let dump = match VERSION.find(line) {
            Some(_) => find_at(bytes, floor, at_line..end, layers, &mut search.vias),
            None => None,
        };
        at_line = end;
        if let Some(dump) = dump {
            floor = dump.end;
            at_line = end.max(floor);
            dumps.push(dump);
        }
    }
    if !is_near && !dumps.is_empty() {
        // One that begins on the line of the cut, and now all have to be known.
        dumps.clear();
        while let Some(dump) = search.next(bytes, at_line, layers) {
            dumps.push(dump);
        }
        return Cut { end: at_line.max(search.floor), dumps: Some(dumps) };
    }
    Cut { end: at_line, dumps: is_near.then_some(dumps) }
}

/// Where the last record in `bytes` begins, outside of all dumps; 0 where there is but one. What
/// follows may go on behind the bytes, unless these are so many that it never would. The dumps go into `list`, an empty one,
/// if they have to be found.
pub fn last_cut(bytes: &[u8], has_records: bool, layers: &mut Scratch, list: Vec<Dump>) -> Cut {
    if bytes.len() >= KEPT_MAX {
        return Cut::behind(bytes);
    }
    // No dump is longer than that: without the start of one so near to the cut or behind it, none is open there or at the
    // end.
    let near = bytes.len().saturating_sub(DUMP_MAX);
    if near > 0
        && let Some(end) = last_record(bytes, near, has_records, layers)
        && VERSION.find(&bytes[end.saturating_sub(DUMP_MAX)..]).is_none()
    {
        return Cut { end, dumps: None };
    }
    let mut dumps = list;
    let mut search = Search::unfinished();
    while let Some(dump) = search.next(bytes, bytes.len(), layers) {
        if dump.end == bytes.len() {
            return Cut { end: dump.begin, dumps: Some(dumps) };
        }
        dumps.push(dump);
    }
    // The last dump that is known to have ended.
    let floor = search.floor;
    let end = last_record(bytes, floor, has_records, layers);
    Cut { end: end.unwrap_or(floor), dumps: Some(dumps) }
}

/// Where the last line begins that opens a record, of those that begin at `floor` or behind it. Where the start of
/// the input shows none that does, the last line at all, unless one before it may open a dump whose message is still to come.
fn last_record(bytes: &[u8], floor: usize, has_records: bool, layers: &mut Scratch) -> Option<usize> {
    let mut end = bytes.len();
    let mut last = None;
    while end > floor {
        let begin = match memchr::memrchr(b'\n', &bytes[floor..end - 1]) {
            Some(before) => floor + before + 1,
            None if floor == 0 || bytes[floor - 1] == b'\n' => floor,
            None => break,
        };
        if may_begin_block(bytes, begin..end, layers) {
            return Some(begin);
        }
        if !has_records {
            last = last.or(Some(begin));
            if bytes.len() - begin > OPENER_MAX {
                break;
            }
        }
        end = begin;
    }
    last
}

/// Whether lines without a frame open records here: a dump that has a form of its own.
pub fn holds_records(start: &[u8]) -> bool {
    start.split(|byte| *byte == b'\n').any(opener::opens_record)
}

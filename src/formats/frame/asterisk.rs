//! Asterisk's prefixes (`main/logger.c`): file, plain, syslog and console forms.

use super::{Origin, Outer, Record, Start, Starts};
use crate::formats::stamp;
use crate::formats::text::{between, split_once};
use crate::model::Dialect;

/// What a remote console's name ends with.
const PROMPT: &[u8] = b"*CLI> ";

/// Opens `[date] LEVEL[lwp]… file: message`, the same without date (syslog), a console's verbose
/// line (`    -- message`), or the banner at the head of every file.
pub(super) fn open<'t>(text: &'t [u8], outer: Outer<'t>) -> Option<Record<'t>> {
    let text = after_prompt(text);
    let (outer, text) = match dated(text) {
        Some((stamp, rest)) => (outer.with_stamp(stamp), rest),
        None => (outer, text),
    };
    if let Some((thread, rest)) = level_and_thread(text) {
        let (file, message) = location(rest)?;
        let mut record = outer.record(Dialect::Asterisk, message, Starts::only(Origin::File(file)));
        record.thread = thread;
        // Before 13, a verbose message kept the console's marks in the file.
        if let Some(unmarked) = verbose_mark(message) {
            record.text = unmarked;
        }
        return Some(record);
    }
    if let Some(message) = verbose_mark(text) {
        return Some(outer.record(Dialect::Asterisk, message, Starts::only(Origin::Console)));
    }
    // `[date] Asterisk 16.28.0 built by …` and nothing else may follow a bare date.
    if outer.is_framed && text.starts_with(b"Asterisk ") {
        return Some(outer.record(Dialect::Asterisk, text, Starts::only(Origin::File(b"logger.c"))));
    }
    None
}

/// Behind `[date] `.
fn dated(text: &[u8]) -> Option<(crate::model::Stamp, &[u8])> {
    let rest = text.strip_prefix(b"[")?;
    let (stamp, len) = stamp::asterisk(rest)?;
    let rest = rest[len..].strip_prefix(b"]")?;
    Some((stamp, rest.strip_prefix(b" ").unwrap_or(rest)))
}

/// Behind `pbx1*CLI> `, once or more: a captured remote console.
fn after_prompt(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let Some((name, _)) = split_once(&rest[..rest.len().min(80)], PROMPT) {
        if name.contains(&b' ') {
            break;
        }
        rest = &rest[name.len() + PROMPT.len()..];
    }
    rest
}

/// `LEVEL[lwp][C-0000001a]`, also `LEVEL [lwp]`: the thread, and what follows.
fn level_and_thread(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let level = text.iter().take(12).take_while(|byte| byte.is_ascii_uppercase()).count();
    if level < 3 {
        return None;
    }
    let rest = text[level..].strip_prefix(b" ").unwrap_or(&text[level..]);
    let (thread, rest) = between(rest, b"[", b"]")?;
    if thread.is_empty() || !thread.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let rest = match between(rest, b"[C-", b"]") {
        Some((call, rest)) if call.iter().all(u8::is_ascii_hexdigit) => rest,
        _ => rest,
    };
    Some((thread, rest))
}

/// The source file and the message behind ` file: `, `: file:line func: ` or `: file:line in func: `.
fn location(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = text.strip_prefix(b":").unwrap_or(text).strip_prefix(b" ")?;
    let end = memchr::memchr2(b':', b' ', &rest[..rest.len().min(80)])?;
    let file = &rest[..end];
    let rest = rest[end..].strip_prefix(b":")?;
    let digits = rest.iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        // One space only: what else stands there belongs to the message.
        return Some((file, rest.strip_prefix(b" ")?));
    }
    let rest = rest[digits..].strip_prefix(b" ")?;
    let rest = rest.strip_prefix(b"in ").unwrap_or(rest);
    let name = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    Some((file, rest[name..].strip_prefix(b": ").filter(|_| name > 0)?))
}

/// Behind the console's mark of verbose levels 2, 3 and 4 (`VERBOSE_PREFIX_2` and so on). Level
/// 1 is a single space, which anything may start with.
pub(super) fn verbose_mark(text: &[u8]) -> Option<&[u8]> {
    [&b"    -- "[..], b"  == ", b"       > "].iter().find_map(|mark| text.strip_prefix(*mark))
}

/// The record of a `[json]` file, whose message has been unescaped.
pub(super) fn from_json<'t>(
    outer: Outer<'t>,
    thread: &'t [u8],
    file: &'t [u8],
    message: &'t [u8],
) -> Record<'t> {
    let mut starts = Starts::none();
    starts.push(Start { at: 0, origin: Origin::File(file), call_id: b"", cseq: b"" });
    let mut record = outer.record(Dialect::Asterisk, message, starts);
    record.thread = thread;
    record
}

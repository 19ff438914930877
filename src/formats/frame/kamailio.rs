//! Kamailio's and OpenSIPS' own prefixes (`src/core/dprint.h : LOG_FX`, `xlog.c`).
//!
//! The message starts behind `<script>: ` (a line of the routing script) or behind
//! `module [file:line]: func(): `. What stands before is `log_prefix`, free text in which the
//! stock configuration prints the Call-ID: a stranger chose that. So every place that looks like
//! a start is returned, and the scan refuses a record in which more than one could be.

use super::{Origin, Outer, Record, Start, Starts};
use crate::formats::text::{split_once, word};
use crate::model::Dialect;
use memchr::memmem;
use std::sync::LazyLock;

const LEVELS: [&[u8]; 8] =
    [b"INFO", b"NOTICE", b"WARNING", b"ERROR", b"DEBUG", b"ALERT", b"CRITICAL", b"BUG"];
/// What a line of the routing script has before its colon.
const SCRIPT: &[u8] = b"<script>";
// Built once: making a searcher costs as much as searching a short line.
static COLON_FINDER: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(b": "));

/// Opens `[ N(PID) ]LEVEL: …` (Kamailio) or `LEVEL:…` (OpenSIPS).
pub(super) fn open<'t>(text: &'t [u8], outer: Outer<'t>) -> Option<Record<'t>> {
    let (body, is_stderr) = match process_prefix(text) {
        Some(body) => (body, true),
        None => (text, false),
    };
    let (level, after) = level(body)?;
    let is_framed = outer.is_framed || is_stderr;
    if let Some(text) = after.strip_prefix(b" ") {
        // `LEVEL: text` alone, without syslog or process index, is anybody's line.
        if !is_framed {
            return None;
        }
        return Some(outer.record(Dialect::Kamailio, text, starts(text)));
    }
    // OpenSIPS: `LEVEL:module:func: text`, or its xlog, the text right behind the colon.
    if !is_framed || level.is_empty() {
        return None;
    }
    let mut opened = Starts::only(Origin::Script);
    let mut parts = after.splitn(3, |byte| *byte == b':');
    if let (Some(module), Some(function), Some(rest)) = (parts.next(), parts.next(), parts.next())
        && is_identifier(module)
        && is_identifier(function)
        && let Some(message) = rest.strip_prefix(b" ")
    {
        opened = Starts::none();
        opened.push(Start {
            at: after.len() - message.len(),
            origin: Origin::Module(module),
            call_id: b"",
            cseq: b"",
        });
    }
    Some(outer.record(Dialect::OpenSips, after, opened))
}

/// Behind `%2d(%d) `: the index of the process, right-aligned to two, and its id.
fn process_prefix(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let index = text.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    let rest = text[index..].strip_prefix(b"(").filter(|_| index > 0)?;
    let id = rest.iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    rest[id..].strip_prefix(b") ").filter(|_| id > 0)
}

/// The level (empty for L_CRIT) and what follows its colon.
fn level(text: &[u8]) -> Option<(&[u8], &[u8])> {
    // The first letter decides for whatever another server wrote.
    text.first().filter(|first| matches!(first, b'A'..=b'Z' | b':'))?;
    let colon = text.iter().take(9).position(|byte| *byte == b':')?;
    let level = &text[..colon];
    let is_level = LEVELS.contains(&level) || level == b"DBG" || level.is_empty();
    is_level.then(|| (level, &text[colon + 1..]))
}

fn is_identifier(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Every place in a Kamailio record's text where its message can start.
///
/// Where the record begins with the stock `{…} `, a start must have that prefix's end before it.
/// A start *behind* the first one counts too: without a password a stranger can make the core
/// write `{1 1 REGISTER x} <script>: REG-OK …} <core> [parse_to.c:81]: …` through a Call-ID.
fn starts(text: &[u8]) -> Starts<'_> {
    starts_at(text, COLON_FINDER.find_iter(text))
}

/// The same, with the places of `: ` known.
pub(super) fn starts_at(text: &[u8], colons: impl Iterator<Item = usize> + Clone) -> Starts<'_> {
    let mut starts = Starts::none();
    let has_stock_prefix = text.starts_with(b"{1 ") || text.starts_with(b"{2 ");
    let can_begin = |at: usize| !has_stock_prefix || text[..at].ends_with(b"} ");
    let mut has_module = false;
    for colon in colons.clone() {
        let before = &text[..colon];
        has_module |= before.ends_with(b"()");
        if before.ends_with(SCRIPT) && can_begin(colon - SCRIPT.len()) {
            let (call_id, cseq) = log_prefix(&text[..colon - SCRIPT.len()]).unwrap_or_default();
            starts.push(Start { at: colon + 2, origin: Origin::Script, call_id, cseq });
        }
    }
    for colon in colons.filter(|_| has_module) {
        if let Some(function) = text[..colon].strip_suffix(b"()")
            && let Some((module, prefix)) = module_mark(function)
            && can_begin(prefix.len())
        {
            let (call_id, cseq) = log_prefix(prefix).unwrap_or_default();
            starts.push(Start { at: colon + 2, origin: Origin::Module(module), call_id, cseq });
        }
    }
    if starts.is_empty() {
        // xlog's own `prefix` parameter may be empty: then the text starts right behind the level
        // or behind the stock log_prefix, at any of the places where that could end. Where there is but one, it is the
        // end that Kamailio writes: another one in the Call-ID would be there besides.
        let mut ends = memmem::find_iter(text, b"} ").map(|at| at + 2).filter(|_| has_stock_prefix);
        if let (Some(at), None) = (ends.next(), ends.next())
            && let Some((call_id, cseq)) = log_prefix(&text[..at])
        {
            starts.push(Start { at, origin: Origin::Script, call_id, cseq });
            return starts;
        }
        starts.push(Start { at: 0, origin: Origin::Script, call_id: b"", cseq: b"" });
        if has_stock_prefix {
            for at in memmem::find_iter(text, b"} ") {
                let (call_id, cseq) = log_prefix(&text[..at + 2]).unwrap_or_default();
                starts.push(Start { at: at + 2, origin: Origin::Script, call_id, cseq });
            }
        }
    }
    starts
}

/// The module's name and what stands before it, where the text ends in `module [file:line]: func`.
fn module_mark(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memmem::rfind(text, b"]: ")?;
    if !is_identifier(&text[at + 3..]) {
        return None;
    }
    let open = memmem::rfind(&text[..at], b" [")?;
    let (_file, line) = split_once(&text[open + 2..at], b":")?;
    if line.is_empty() || !line.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let begin = memchr::memrchr(b' ', &text[..open]).map_or(0, |space| space + 1);
    Some((&text[begin..open], &text[..begin]))
}

/// Call-ID and CSeq number of the stock `{$mt $hdr(CSeq) $ci} `, where that is the whole prefix.
pub(super) fn log_prefix(prefix: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = prefix.strip_prefix(b"{")?.strip_suffix(b"} ")?;
    let (direction, rest) = word(inside)?;
    let (cseq, rest) = word(rest)?;
    let (_method, call_id) = word(rest)?;
    // Equal numbers have to look equal: `CSeq: 007` is 7.
    let zeros = cseq.iter().take_while(|byte| **byte == b'0').count().min(cseq.len() - 1);
    let cseq = &cseq[zeros..];
    let is_stock = matches!(direction, b"1" | b"2")
        && cseq.iter().all(u8::is_ascii_digit)
        && !call_id.is_empty()
        && !call_id.contains(&b' ');
    is_stock.then_some((call_id, cseq))
}

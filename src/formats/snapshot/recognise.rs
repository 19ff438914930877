//! Whether an input holds snapshots.

use super::astdb::Astdb;
use super::columns::Table;
use super::reader::is_prompt;
use super::sql;
use super::table::DbText;
use super::{datagram, print_ucontact, sofia};
use memchr::memmem;

/// Whether an input that starts like this (its first 64 KiB or less) holds snapshots.
///
/// Asked of inputs in which no line has a log's frame. One line that only a dump has is enough;
/// lines that a log without frames could hold as well are none.
pub fn recognises(start: &[u8]) -> bool {
    start.split(|byte| *byte == b'\n').any(|line| tells(line.strip_suffix(b"\r").unwrap_or(line)))
}

fn tells(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    let begins = |with: &[&[u8]]| with.iter().any(|head| line.starts_with(head));
    Astdb::starts(line)
        || print_ucontact::starts(line)
        || sofia::starts(line)
        || datagram::starts(line)
        || DbText::starts(line)
        || matches!(text, b"Domains: {" | b"AoRs: {")
        || text.starts_with(b"AOR:: ")
        || is_json(text)
        || begins(&[b"-- MySQL dump ", b"-- MariaDB dump ", b"-- PostgreSQL database dump"])
        || sql::table_named(line).and_then(Table::of).is_some()
        || begins(&[
            b"Event: ContactStatusDetail",
            b"Event: ContactList",
            b"Event: PeerStatus",
            b"State: AOR_CONTACT_",
            b"SIP-Useragent: ",
            b"Event-Subclass: sofia%3A%3A",
        ])
        || (is_prompt(line) && asks_for_bindings(line))
        || begins(&[b"  * Name       : ", b"  Contact:  <Aor/ContactUri", b"    Contact:  <Aor/ContactUri"])
}

/// A key of a location table that no log object has.
fn is_json(text: &[u8]) -> bool {
    let is_key = [&b"\"AoRs\""[..], b"\"AORs\"", b"\"AoR\"", b"\"AOR\""].iter().any(|key| {
        memmem::find(text, key).is_some_and(|at| text[at + key.len()..].trim_ascii_start().starts_with(b":"))
    });
    is_key && matches!(text.first(), Some(b'{' | b'[' | b'}' | b'"'))
}

fn asks_for_bindings(line: &[u8]) -> bool {
    [
        &b"> database show"[..],
        b"> pjsip show ",
        b"> pjsip list ",
        b"> sip show peer",
        b"> sofia status profile ",
    ]
    .iter()
    .any(|command| memmem::find(line, command).is_some())
}

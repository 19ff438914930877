//! Prefixes that have been read before.
//!
//! The lines of one server differ in their stamp and then begin alike: host, tag with its process,
//! level. What has been opened once the long way is known by its bytes, so that of the next line
//! only the stamp is read.

use super::colons::Colons;
use super::{Outer, Record, kamailio};
use crate::formats::stamp;
use crate::model::{Dialect, Stamp};
use std::ops::Range;

/// So many prefixes are remembered: a server's processes, for the most part.
const KNOWN_MAX: usize = 16;
/// Bytes in which colours are looked for, as [`super::peel`] does.
const HEAD: usize = 40;

/// Prefixes of Kamailio's records in syslog files.
#[derive(Debug, Default)]
pub(super) struct Usual {
    known: Vec<Known>,
    /// The one that will be forgotten next.
    oldest: usize,
    /// The one that held last.
    latest: usize,
    /// The stamp that was read last, and its bytes: a second has many lines.
    stamp: Option<(Stamp, Box<[u8]>)>,
}

/// What stands between a record's stamp and its text.
#[derive(Debug)]
struct Known {
    /// Its bytes, sixteen at a time, and ones where they have to be the same.
    chunks: Box<[(u128, u128)]>,
    len: usize,
    /// The digits of the process, of which only the number matters.
    process: Range<usize>,
    host: Range<usize>,
    /// The stamp is an ISO date, behind which a host must not be missing.
    is_iso: bool,
    allow_bare: bool,
}

impl Known {
    fn new(between: &[u8], host: Range<usize>, is_iso: bool, allow_bare: bool) -> Self {
        let process = process_in(between);
        let chunks = between.chunks(16).enumerate().map(|(number, chunk)| {
            let (mut bytes, mut same) = ([0; 16], [0; 16]);
            bytes[..chunk.len()].copy_from_slice(chunk);
            for (at, same) in (number * 16..).zip(&mut same[..chunk.len()]) {
                *same = if process.contains(&at) { 0 } else { 0xFF };
            }
            let same = u128::from_ne_bytes(same);
            (u128::from_ne_bytes(bytes) & same, same)
        });
        Self {
            chunks: chunks.collect(),
            len: between.len(),
            process: process.clone(),
            host,
            is_iso,
            allow_bare,
        }
    }

    /// Whether the text begins with it. A text that ends soon after may begin with it too.
    fn begins(&self, text: &[u8]) -> bool {
        let (chunks, _) = text.as_chunks();
        chunks.len() >= self.chunks.len()
            && chunks
                .iter()
                .zip(&self.chunks)
                .all(|(chunk, (bytes, same))| u128::from_ne_bytes(*chunk) & same == *bytes)
            && text[self.process.clone()].iter().all(u8::is_ascii_digit)
    }
}

/// Where the first `[digits]` has its digits: a server has many processes, and their lines differ
/// in nothing else.
fn process_in(between: &[u8]) -> Range<usize> {
    let inside = || {
        let begin = memchr::memchr(b'[', between)? + 1;
        let len = memchr::memchr(b']', &between[begin..])?;
        between[begin..begin + len].iter().all(u8::is_ascii_digit).then_some(begin..begin + len)
    };
    inside().unwrap_or(0..0)
}

impl Usual {
    /// Opens a line (trimmed) whose prefix is known.
    pub fn open<'t>(&mut self, line: &'t [u8], colons: &Colons, allow_bare: bool) -> Option<Record<'t>> {
        let known = self.known.get(self.latest)?;
        let (stamp, len) = match &self.stamp {
            // Behind it stands a blank now as it did then, so it does not go on.
            Some((stamp, bytes)) if line.starts_with(bytes) && line.get(bytes.len()) == Some(&b' ') => {
                (*stamp, bytes.len())
            }
            _ => {
                let (stamp, len) = stamp_of(line)?;
                self.stamp = (line.get(len) == Some(&b' ')).then(|| (stamp, line[..len].into()));
                (stamp, len)
            }
        };
        let rest = &line[len..];
        let is_iso = line[0].is_ascii_digit();
        let holds =
            |known: &Known| known.is_iso == is_iso && known.allow_bare == allow_bare && known.begins(rest);
        let known = if holds(known) {
            known
        } else {
            self.latest = self.known.iter().position(holds)?;
            &self.known[self.latest]
        };
        let begin = len + known.len;
        let text = &line[begin..];
        let head = &line[..line.len().min(HEAD)];
        if begin < head.len() && memchr::memchr2(0x1B, b'#', &head[begin..]).is_some() {
            // Colours, perhaps.
            return None;
        }
        let outer = Outer { stamp, host: &rest[known.host.clone()], is_framed: true };
        let starts = kamailio::starts_at(text, colons.behind(begin)?.map(move |at| at - begin));
        Some(outer.record(Dialect::Kamailio, text, starts))
    }

    /// Remembers the prefix of a line that has been opened the long way.
    pub fn learn(&mut self, line: &[u8], record: &Record<'_>, allow_bare: bool) {
        if record.dialect != Dialect::Kamailio || record.stamp == Stamp::None {
            return;
        }
        let Some((stamp, len)) = stamp_of(line) else { return };
        let Some(begin) = place_of(record.text, line).filter(|begin| *begin > len) else { return };
        if stamp != record.stamp || begin + record.text.len() != line.len() {
            return;
        }
        let host = match record.host.is_empty() {
            true => 0..0,
            false => match place_of(record.host, line).filter(|at| *at >= len) {
                Some(at) => at - len..at - len + record.host.len(),
                None => return,
            },
        };
        let between = &line[len..begin];
        // Only the plain form, with nothing in it that depends on what follows.
        if !between.ends_with(b": ") || memchr::memchr2(0x1B, b'#', between).is_some() {
            return;
        }
        let is_iso = line[0].is_ascii_digit();
        let known = Known::new(between, host, is_iso, allow_bare);
        if self.known.len() < KNOWN_MAX {
            self.latest = self.known.len();
            self.known.push(known);
        } else {
            self.latest = self.oldest;
            self.known[self.oldest] = known;
            self.oldest = (self.oldest + 1) % KNOWN_MAX;
        }
    }
}

/// The stamp at column 0 of a syslog file.
fn stamp_of(line: &[u8]) -> Option<(Stamp, usize)> {
    match line.first()? {
        b'0'..=b'9' => stamp::iso(line),
        b'A'..=b'Z' => stamp::rfc3164(line),
        _ => None,
    }
}

/// Where in the line the part of it stands; `None` where it is no part of it but a copy.
fn place_of(part: &[u8], line: &[u8]) -> Option<usize> {
    let at = (part.as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
    (at <= line.len() && std::ptr::eq(line.get(at..at + part.len())?, part)).then_some(at)
}

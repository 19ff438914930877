//! Prefixes that have been read before.
//!
//! The lines of one server differ in their stamp and then begin alike: host, tag with its process,
//! level. What has been opened once the long way is known by its bytes, so that of the next line
//! only the stamp is read.

mod asterisk;

use super::{Origin, Outer, Record, Starts, kamailio};
use crate::formats::line_marks::LineMarks;
use crate::formats::stamp::{self, ZEROS, are_digits};
use crate::formats::text::near;
use crate::model::{Civil, Dialect, Stamp, short};
use std::ops::Range;

/// So many prefixes of one host are remembered: those of its levels, for the most part.
const KNOWN_MAX: usize = 6;
/// Places for hosts, any number of which may write a central log in turn.
const HOSTS: usize = 1024;
/// Bytes in which colours are looked for, as [`super::peel`] does.
const HEAD: usize = 40;
/// How the lines of a routing script begin.
const SCRIPT_START: &[u8] = b"<script>: ";

impl Opened<'_> {
    /// Where the message of a routing script's line begins: behind a mark, and with nothing behind that could
    /// be another one.
    #[inline(always)]
    pub fn script_at(&self, line: &[u8], marks: &LineMarks) -> Option<usize> {
        let at = self.begin + SCRIPT_START.len();
        let is_script = marks.is_whole() && line.get(self.begin..at)? == SCRIPT_START;
        // The mark has one of its own. Counting costs no branch that a line's length decides.
        (is_script && marks.colons_len() == self.colons + 1).then_some(at)
    }
}

/// Prefixes of Kamailio's records in syslog files, and of Asterisk's in its own.
#[derive(Debug, Default)]
pub(super) struct Usual {
    files: asterisk::Files,
    known: Prefixes,
    /// The minute of the stamp that was read last.
    minute: Option<Minute>,
}

/// What was found out last, up to so many.
#[derive(Debug)]
struct Recent<T, const MAX: usize> {
    items: Vec<T>,
    /// The one that will be forgotten next.
    oldest: usize,
    /// The one that held last.
    latest: usize,
}

impl<T, const MAX: usize> Default for Recent<T, MAX> {
    fn default() -> Self {
        Self { items: Vec::new(), oldest: 0, latest: 0 }
    }
}

impl<T, const MAX: usize> Recent<T, MAX> {
    /// The one that held last.
    #[inline(always)]
    fn latest(&self) -> Option<&T> {
        self.items.get(self.latest)
    }

    /// One that holds.
    fn find(&mut self, holds: impl Fn(&T) -> bool) -> Option<&T> {
        self.latest = self.items.iter().position(holds)?;
        self.latest()
    }

    /// Keeps one more, in the place of the oldest where there are enough.
    fn keep(&mut self, item: T) {
        if self.items.len() < MAX {
            self.latest = self.items.len();
            self.items.push(item);
        } else {
            self.latest = self.oldest;
            self.items[self.oldest] = item;
            self.oldest = (self.oldest + 1) % MAX;
        }
    }
}

/// Prefixes that were read last, at places by their hosts.
#[derive(Debug, Default)]
struct Prefixes {
    /// None before the first.
    places: Vec<Recent<Known, KNOWN_MAX>>,
    /// Where the one is that held last.
    latest: usize,
}

impl Prefixes {
    /// The one that held last.
    #[inline(always)]
    fn latest(&self) -> Option<&Known> {
        self.places.get(self.latest)?.latest()
    }

    /// One that holds for what stands behind a stamp.
    fn find(&mut self, behind_stamp: &[u8], holds: impl Fn(&Known) -> bool) -> Option<&Known> {
        let place = Self::place_of(behind_stamp);
        let known = self.places.get_mut(place)?.find(holds)?;
        self.latest = place;
        Some(known)
    }

    /// Keeps the one with which that begins.
    fn keep(&mut self, behind_stamp: &[u8], known: Known) {
        if self.places.is_empty() {
            self.places.resize_with(HOSTS, Recent::default);
        }
        self.latest = Self::place_of(behind_stamp);
        self.places[self.latest].keep(known);
    }

    /// By the word behind the stamp: a host, as a rule.
    fn place_of(behind_stamp: &[u8]) -> usize {
        let head = &behind_stamp[..behind_stamp.len().min(PREFIX_MAX)];
        let word = head.get(1..).unwrap_or_default();
        let word = &word[..near(b' ', word).unwrap_or(word.len())];
        short::hash(word, 0) as usize % HOSTS
    }
}

/// A line whose prefix is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opened<'t> {
    pub stamp: Stamp,
    pub host: &'t [u8],
    /// Where in the line the text begins.
    pub begin: usize,
    /// How many `: ` the prefix holds.
    pub colons: u32,
    /// The prefix holds nothing that a SIP message could begin with.
    pub has_no_version: bool,
}

/// A longer prefix is not remembered.
const PREFIX_MAX: usize = 64;

/// What stands between a record's stamp and its text.
#[derive(Debug)]
struct Known {
    /// Its bytes as words, and ones where they have to be the same.
    words: [u64; PREFIX_MAX / 8],
    same: [u64; PREFIX_MAX / 8],
    len: usize,
    /// Where eight bytes hold the digits of the process, and ones where those stand: only how many there
    /// are matters.
    process: (usize, u64),
    host: Range<usize>,
    /// The stamp is an ISO date, behind which a host must not be missing.
    is_iso: bool,
    allow_bare: bool,
    colons: u32,
    has_no_version: bool,
}

impl Known {
    fn new(between: &[u8], host: Range<usize>, is_iso: bool, allow_bare: bool) -> Option<Self> {
        let process = process_in(between);
        let (mut bytes, mut same) = ([0; PREFIX_MAX], [0; PREFIX_MAX]);
        bytes.get_mut(..between.len())?.copy_from_slice(between);
        same[..between.len()].fill(0xFF);
        same[process.clone()].fill(0);
        let mut digits = [0; 8];
        digits.get_mut(..process.len())?.fill(0xFF);
        let at = process.start.min(PREFIX_MAX - 8);
        let process = (at, u64::from_le_bytes(digits) << (8 * (process.start - at)));
        let words_of = |bytes: &[u8; PREFIX_MAX]| {
            let (words, _) = bytes.as_chunks();
            std::array::from_fn(|number| u64::from_ne_bytes(words[number]))
        };
        let same: [u64; PREFIX_MAX / 8] = words_of(&same);
        let bytes: [u64; PREFIX_MAX / 8] = words_of(&bytes);
        let words = std::array::from_fn(|number| bytes[number] & same[number]);
        let has_no_version = memchr::memmem::find(between, b"SIP/").is_none();
        let colons = memchr::memmem::find_iter(between, b": ").count() as u32;
        Some(Self {
            words,
            same,
            len: between.len(),
            process,
            host,
            is_iso,
            allow_bare,
            colons,
            has_no_version,
        })
    }

    /// Whether the text begins with it. A text that ends soon after may begin with it too.
    #[inline]
    fn begins(&self, text: &[u8]) -> bool {
        let Some(head) = text.first_chunk::<PREFIX_MAX>() else { return false };
        let (chunks, _) = head.as_chunks();
        // Eight words are compared as quickly as one, by whoever has registers for them.
        let mut differing = 0;
        for (number, chunk) in chunks.iter().enumerate() {
            differing |= u64::from_ne_bytes(*chunk) & self.same[number] ^ self.words[number];
        }
        let (at, digits) = self.process;
        let Some(process) = head[at..].first_chunk() else { return false };
        differing == 0 && are_digits((u64::from_le_bytes(*process) ^ ZEROS) & digits)
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
    pub fn open<'t>(&mut self, line: &'t [u8], marks: &LineMarks, allow_bare: bool) -> Option<Record<'t>> {
        if line.first() == Some(&b'[') {
            return self.files.open(line).filter(|_| !allow_bare);
        }
        let Opened { stamp, host, begin, .. } = self.prefix(line, allow_bare)?;
        let text = &line[begin..];
        if !marks.is_whole() {
            return None;
        }
        let outer = Outer { stamp, host, is_framed: true };
        let behind = SCRIPT_START.len();
        let starts = match text.starts_with(SCRIPT_START) && !marks.has_colon_from(begin + behind) {
            // The line of a script, and nothing behind its mark could be another start.
            true => Starts::only_at(behind, Origin::Script),
            false => kamailio::starts_at(text, marks.colons_from(begin).map(move |at| at - begin)),
        };
        Some(outer.record(Dialect::Kamailio, text, starts))
    }

    /// Reads the prefix of a line (trimmed), where it is known.
    #[inline(always)]
    pub fn prefix<'t>(&mut self, line: &'t [u8], allow_bare: bool) -> Option<Opened<'t>> {
        let known = self.known.latest()?;
        let (stamp, len) = match self.minute.and_then(|minute| minute.stamp_of(line)) {
            Some(stamp) => (stamp, SHORT_LEN),
            None => {
                let (stamp, len) = stamp_of(line)?;
                self.minute = Minute::of(line, stamp);
                (stamp, len)
            }
        };
        let rest = &line[len..];
        let is_iso = line[0].is_ascii_digit();
        let holds =
            |known: &Known| known.is_iso == is_iso && known.allow_bare == allow_bare && known.begins(rest);
        let known = if holds(known) { known } else { self.known.find(rest, holds)? };
        let begin = len + known.len;
        if may_be_coloured(line, begin) {
            return None;
        }
        let host = &rest[known.host.clone()];
        let Known { colons, has_no_version, .. } = *known;
        Some(Opened { stamp, host, begin, colons, has_no_version })
    }

    /// Remembers the prefix of a line that has been opened the long way.
    pub fn learn(&mut self, line: &[u8], record: &Record<'_>, allow_bare: bool) {
        if line.first() == Some(&b'[') {
            return self.files.learn(line, record);
        }
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
        // Another stamp in it would be another one in the next line.
        let is_stamped = |at: usize| stamp::rfc3164(&between[at + 1..]).is_some();
        if memchr::memchr_iter(b' ', between).any(is_stamped) {
            return;
        }
        // Only the plain form, with nothing in it that depends on what follows.
        if !between.ends_with(b": ") || memchr::memchr2(0x1B, b'#', between).is_some() {
            return;
        }
        let is_iso = line[0].is_ascii_digit();
        let Some(known) = Known::new(between, host, is_iso, allow_bare) else { return };
        self.known.keep(between, known);
    }
}

/// Whether there may be colours in the head of a line, behind what is known to have none.
#[inline]
fn may_be_coloured(line: &[u8], known_len: usize) -> bool {
    let head = &line[..line.len().min(HEAD)];
    head.get(known_len..).is_some_and(|rest| memchr::memchr2(0x1B, b'#', rest).is_some())
}

/// The length of a stamp of RFC 3164.
const SHORT_LEN: usize = 15;

/// A minute of stamps of RFC 3164 without a fraction: lines of a busy log show the same one, again and again.
#[derive(Debug, Clone, Copy)]
struct Minute {
    /// The bytes of a stamp and the blank behind it, but for its seconds.
    shown: u128,
    begin: Civil,
}

impl Minute {
    const SHOWN: u128 = {
        let mut shown = [0xFF; SHORT_LEN + 1];
        (shown[SHORT_LEN - 2], shown[SHORT_LEN - 1]) = (0, 0);
        u128::from_ne_bytes(shown)
    };

    /// That of a line with such a stamp.
    fn of(line: &[u8], stamp: Stamp) -> Option<Self> {
        let (Stamp::Yearless(civil), head) = (stamp, line.first_chunk::<{ SHORT_LEN + 1 }>()?) else {
            return None;
        };
        let micros = civil.micros().rem_euclid(60_000_000);
        (head[SHORT_LEN] == b' ')
            .then(|| Self { shown: u128::from_ne_bytes(*head) & Self::SHOWN, begin: civil.later_by(-micros) })
    }

    /// The stamp of a line that begins with one of this minute.
    #[inline(always)]
    fn stamp_of(&self, line: &[u8]) -> Option<Stamp> {
        let head = line.first_chunk::<{ SHORT_LEN + 1 }>()?;
        let [tens, ones] = [head[SHORT_LEN - 2], head[SHORT_LEN - 1]].map(|digit| digit.wrapping_sub(b'0'));
        // The second that leaps goes the long way.
        let is_of = u128::from_ne_bytes(*head) & Self::SHOWN == self.shown && tens < 6 && ones < 10;
        let micros = (i64::from(tens) * 10 + i64::from(ones)) * 1_000_000;
        is_of.then(|| Stamp::Yearless(self.begin.later_by(micros)))
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

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_stamp_of_a_known_minute_is_read_as_by_itself(
            known in "(Jan|Dec) (1[0-9]| [1-9]) [0-2][0-9]:[0-5][0-9]:[0-5][0-9] ",
            seconds in "[0-69][0-9/][ .]",
            at in 0_usize..30,
            byte: u8,
        ) {
            let Some((stamp, _)) = stamp_of(known.as_bytes()) else { return Ok(()) };
            let minute = Minute::of(known.as_bytes(), stamp).unwrap();
            let mut line = format!("{}{seconds}h x: y", &known[..SHORT_LEN - 2]).into_bytes();
            if let Some(other) = line.get_mut(at) {
                *other = byte;
            }
            if let Some(found) = minute.stamp_of(&line) {
                proptest::prop_assert_eq!(Some((found, SHORT_LEN)), stamp_of(&line));
            }
            let is_kept = line.starts_with(&known.as_bytes()[..SHORT_LEN - 2]) && line[SHORT_LEN] == b' ';
            let second = std::str::from_utf8(&line[SHORT_LEN - 2..SHORT_LEN]).ok().and_then(|text| text.parse::<u8>().ok());
            proptest::prop_assert_eq!(minute.stamp_of(&line).is_some(), is_kept && second.is_some_and(|it| it < 60) && line[SHORT_LEN - 2] != b'+');
        }
    }
}

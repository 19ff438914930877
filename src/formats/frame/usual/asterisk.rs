//! Prefixes of Asterisk's files that have been read before: `[stamp] LEVEL[lwp] file: `.
//!
//! The lines of one file differ in their stamp and in the thread that wrote them; level and source file are those of
//! a few messages.

use super::super::{Origin, Outer, Record, Starts};
use super::{Recent, place_of};
use crate::formats::stamp;
use crate::model::{Civil, Dialect, Stamp};
use std::ops::Range;

/// So many prefixes are remembered: one for each of the messages that a registrar writes.
const KNOWN_MAX: usize = 8;
/// A thread's number has no more digits.
const THREAD_MAX: usize = 10;

/// What a file's prefixes look like.
#[derive(Debug, Default)]
pub(super) struct Files {
    known: Recent<Known, KNOWN_MAX>,
    /// The minute of the stamp that was read last.
    minute: Option<Minute>,
}

/// What stands around the number of a record's thread.
#[derive(Debug)]
struct Known {
    /// From behind the stamp up to that number.
    before: Box<[u8]>,
    /// From there up to the text.
    behind: Box<[u8]>,
    /// Where in that the source file stands.
    file: Range<usize>,
}

impl Known {
    /// Thread, source file and text of a record that begins so behind its stamp.
    #[inline]
    fn parts<'t>(&self, rest: &'t [u8]) -> Option<(&'t [u8], &'t [u8], &'t [u8])> {
        let rest = rest.strip_prefix(&*self.before)?;
        let digits = rest.iter().take(THREAD_MAX).take_while(|byte| byte.is_ascii_digit()).count();
        let (thread, rest) = rest.split_at_checked(digits).filter(|_| digits > 0)?;
        let text = rest.strip_prefix(&*self.behind)?;
        Some((thread, &rest[self.file.clone()], text))
    }
}

impl Files {
    /// Opens a line (trimmed) whose prefix is known.
    pub fn open<'t>(&mut self, line: &'t [u8]) -> Option<Record<'t>> {
        let known = self.known.latest()?;
        let (stamp, len) = match self.minute.and_then(|minute| minute.stamp_of(line)) {
            Some(stamp) => (stamp, Minute::LEN),
            None => {
                let (stamp, len) = stamp::asterisk(&line[1..])?;
                self.minute = Minute::of(line, stamp);
                (stamp, 1 + len)
            }
        };
        let rest = &line[len..];
        let (thread, file, text) = match known.parts(rest) {
            Some(parts) => parts,
            None => self.known.find(|known| known.parts(rest).is_some())?.parts(rest)?,
        };
        let begin = line.len() - text.len();
        // A console's mark, or colours, perhaps.
        if text.first() == Some(&b' ') || super::may_be_coloured(line, begin) {
            return None;
        }
        let outer = Outer { stamp, host: b"", is_framed: true };
        let record = outer.record(Dialect::Asterisk, text, Starts::only(Origin::File(file)));
        Some(Record { thread, ..record })
    }

    /// Remembers the prefix of a line that has been opened the long way.
    pub fn learn(&mut self, line: &[u8], record: &Record<'_>) {
        if let Some(known) = known(line, record) {
            self.known.keep(known);
        }
    }
}

/// The prefix of such a record, where it is one of a file and nothing in it depends on what follows.
fn known(line: &[u8], record: &Record<'_>) -> Option<Known> {
    let (stamp, len) = stamp::asterisk(line.strip_prefix(b"[")?)?;
    let is_plain = record.dialect == Dialect::Asterisk && record.host.is_empty() && record.stamp == stamp;
    let Some(Origin::File(file)) = record.starts.iter().next().map(|start| start.origin) else { return None };
    let thread_at = place_of(record.thread, line).filter(|_| is_plain && !record.thread.is_empty())?;
    let (thread_end, text_at) = (thread_at + record.thread.len(), place_of(record.text, line)?);
    let before = line.get(1 + len..thread_at)?;
    let behind = line.get(thread_end..text_at)?;
    let file_at = place_of(file, line)?.checked_sub(thread_end)?;
    // The number of a call is another one in the next call's lines.
    let is_fixed =
        text_at + record.text.len() == line.len() && !behind.starts_with(b"][") && !behind.ends_with(b"  ");
    let is_coloured = super::may_be_coloured(line, 0);
    let file = file_at..file_at + file.len();
    (is_fixed && !is_coloured && behind.get(file.clone()).is_some()).then(|| Known {
        before: before.into(),
        behind: behind.into(),
        file,
    })
}

/// A minute of stamps of the form `[YYYY-MM-DD HH:MM:SS]`.
#[derive(Debug, Clone, Copy)]
struct Minute {
    /// The bytes before the seconds.
    shown: [u8; Self::SHOWN_LEN],
    begin: Civil,
}

impl Minute {
    const SHOWN_LEN: usize = 18;
    /// The length of bracket and stamp.
    const LEN: usize = Self::SHOWN_LEN + 2;

    /// That of a line with such a stamp.
    fn of(line: &[u8], stamp: Stamp) -> Option<Self> {
        let (Stamp::Local(civil), Some(b']')) = (stamp, line.get(Self::LEN)) else { return None };
        let micros = civil.micros().rem_euclid(60_000_000);
        Some(Self { shown: *line.first_chunk()?, begin: civil.later_by(-micros) })
    }

    /// The stamp of a line that begins with one of this minute.
    #[inline(always)]
    fn stamp_of(&self, line: &[u8]) -> Option<Stamp> {
        let [head @ .., tens, ones, end] = line.first_chunk::<{ Self::LEN + 1 }>()?;
        let [tens, ones] = [tens, ones].map(|digit| digit.wrapping_sub(b'0'));
        // The second that leaps goes the long way.
        let is_of = *head == self.shown && tens < 6 && ones < 10 && *end == b']';
        let micros = (i64::from(tens) * 10 + i64::from(ones)) * 1_000_000;
        is_of.then(|| Stamp::Local(self.begin.later_by(micros)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::frame::{self, Scratch};
    use crate::formats::line_marks::LineMarks;
    use proptest::prelude::*;

    /// What the long way tells of a line, and what is told behind those lines.
    fn told(before: &[Vec<u8>], line: &[u8]) -> [Option<String>; 2] {
        let (mut scratch, mut marks) = (Scratch::default(), LineMarks::default());
        let long = frame::open(line, &mut scratch, false).map(|record| format!("{record:?}"));
        let mut scratch = Scratch::default();
        for line in before {
            marks.find(line);
            let _ = frame::open_next(line, &marks, &mut scratch, false);
        }
        marks.find(line);
        [long, frame::open_next(line, &marks, &mut scratch, false).map(|record| format!("{record:?}"))]
    }

    const PARTS: [&[&str]; 6] = [
        &[
            "[2026-09-01 00:00:0",
            "[2026-09-01 00:00:5",
            "[2026-09-01 00:01:0",
            "[Sep  1 00:00:0",
            "[2026-09-01T00:00:6",
        ],
        &["0] ", "9] ", "0]", "0.5] ", "0 +0200] ", "0]  ", "x] ", "0] \u{1b}[0m"],
        &["VERBOSE[", "NOTICE[", "VERBOSE [", "pbx*CLI> VERBOSE[", "asterisk[7]: NOTICE["],
        &["4400", "4401", "12", "", "12345678901", "44a"],
        &[
            "] a.c: ",
            "] a.c:12 f: ",
            "]: a.c:12 in f: ",
            "][C-0000001a] a.c: ",
            "] b.c: ",
            "] a.c:     -- ",
            "] *CLI> a.c: ",
            "] a.c ",
        ],
        &[
            "Added contact 'x'",
            "    -- y",
            "",
            " z",
            "*CLI> [2026-09-01 00:00:00] NOTICE[1] b.c: q",
            "a: b",
            "\u{1b}[0mq",
            "x\r",
        ],
    ];

    fn line() -> impl Strategy<Value = Vec<u8>> {
        let part = |choices: &'static [&'static str]| prop_oneof![3 => Just(choices[0]), 2 => proptest::sample::select(choices)];
        PARTS.map(part).prop_map(|parts| parts.concat().into_bytes())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn a_known_prefix_is_opened_as_by_itself(before in prop::collection::vec(line(), 0..12), line in line()) {
            let [long, next] = told(&before, &line);
            prop_assert_eq!(next, long);
        }
    }

    #[test]
    fn a_line_like_one_before_is_known() {
        let mut files = Files::default();
        let line =
            |second, thread| format!("[2026-09-01 00:00:{second}] VERBOSE[{thread}] a.c: MSG a").into_bytes();
        let first = line("59", 4400);
        let record =
            frame::open(&first, &mut Scratch::default(), false).map(|record| files.learn(&first, &record));
        assert_eq!(record, Some(()));
        let second = line("07", 99);
        let record = files.open(&second).unwrap();
        assert_eq!((record.thread, record.text), (&b"99"[..], &b"MSG a"[..]));
        assert!(files.open(b"[2026-09-01 00:00:07] NOTICE[99] a.c: MSG a").is_none());
    }
}

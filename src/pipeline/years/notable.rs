//! Which lines of a block a [walk](super::Walk) has to look at: few, so that a block can be gone through beforehand, on
//! any core, or while it is read for another reason.

use super::told::{anchor, front_stamp, full_date_of};
use crate::formats::lines::{Lines, lines_of};
use crate::formats::needles::Ends;
use crate::formats::sip::dump;
use crate::model::Civil;
use crate::model::marks::each_line;
use std::ops::Range;

/// The lines of a block that can tell anything: of those in a row that show the same minute the
/// first and the last, since no turn lies between.
#[derive(Debug, Default)]
pub struct Notable {
    pub(super) lines: Vec<Stamped>,
    /// Where the first line begins that shows its minute and has a full clock besides.
    pub(super) anchor: Option<usize>,
    /// Full dates and where their lines begin: of those between two stamps without a year the first and the last.
    pub(super) fulls: Vec<(usize, Civil)>,
    /// The last line with a full date, where no stamp without a year has followed.
    full_last: Option<Range<usize>>,
    /// The minute that is shown, and the last line that showed it.
    run: Option<MinuteShown>,
    last: Range<usize>,
    /// How many lines there were.
    pub lines_len: u64,
}

/// A line with the year-less stamp at its front.
#[derive(Debug)]
pub(super) struct Stamped {
    pub line: Range<usize>,
    pub stamp: Civil,
}

impl Notable {
    pub(super) fn of(bytes: &[u8], wants_anchor: bool) -> Self {
        let mut notable = Self::default();
        let mut from = 0;
        for body in dump::bodies(&dump::all(bytes), bytes) {
            notable.tell(bytes, from..body.start, wants_anchor);
            from = body.end;
            notable.counted(bytes, body.clone(), lines_of(&bytes[body]));
        }
        notable.tell(bytes, from..bytes.len(), wants_anchor);
        notable.close(bytes);
        notable
    }

    /// Lines that no message holds.
    fn tell(&mut self, bytes: &[u8], lines: Range<usize>, wants_anchor: bool) {
        if wants_anchor && self.anchor.is_none() {
            self.anchor = anchor(&bytes[lines.clone()]).map(|at| lines.start + at);
        }
        self.stretch(bytes, lines);
    }

    /// All lines have been told of.
    pub fn close(&mut self, bytes: &[u8]) {
        self.end_run(bytes);
        self.end_fulls(bytes);
    }

    fn end_run(&mut self, bytes: &[u8]) {
        if self.lines.last().is_some_and(|known| known.line.start < self.last.start) {
            self.push(bytes, self.last.clone());
        }
    }

    /// Reads the stamp while the line is near; a line without one tells nothing. Says whether there is one.
    fn push(&mut self, bytes: &[u8], line: Range<usize>) -> bool {
        let stamp = front_stamp(&bytes[line.clone()]);
        self.lines.extend(stamp.map(|stamp| Stamped { line, stamp }));
        stamp.is_some()
    }

    /// A line that does not show the minute of the one before.
    fn begin_run(&mut self, bytes: &[u8], line: Range<usize>) {
        let minute = match minute(&bytes[line.clone()]) {
            Minute::None => return self.no_stamp(bytes, line),
            Minute::Shown(minute) => Some(minute),
            Minute::Elsewhere => None,
        };
        self.end_run(bytes);
        // Behind one that shows a minute and has no stamp, others that show it may have one.
        let has_stamp = self.push(bytes, line.clone());
        match has_stamp {
            true => self.end_fulls(bytes),
            false => self.no_stamp(bytes, line.clone()),
        }
        (self.run, self.last) = (minute.filter(|_| has_stamp), line);
    }

    /// A line without a stamp of this kind: it may have a full date.
    fn no_stamp(&mut self, bytes: &[u8], line: Range<usize>) {
        let may_be_full = match &bytes[line.clone()] {
            [b'2', b'0', _, _, b'-', _, _, b'-', ..] | [b'[', b'2', b'0', _, _, b'-', _, _, b'-', ..] => true,
            text @ [b'<' | b'{' | 0xEF | 0, ..] => full_date_of(text).is_some(),
            _ => false,
        };
        if !may_be_full {
            return;
        }
        if self.full_last.is_none() {
            // A run may go on behind it, but not unseen.
            self.end_run(bytes);
            self.run = None;
            self.full(bytes, &line);
        }
        self.full_last = Some(line);
    }

    /// No more full dates before the next stamp without a year.
    fn end_fulls(&mut self, bytes: &[u8]) {
        if let Some(line) = self.full_last.take() {
            self.full(bytes, &line);
        }
    }

    fn full(&mut self, bytes: &[u8], line: &Range<usize>) {
        let full = full_date_of(&bytes[line.clone()]);
        self.fulls.extend(full.map(|full| (line.start, full)));
    }
}

impl Lines for Notable {
    #[inline]
    fn line(&mut self, bytes: &[u8], line: Range<usize>) {
        self.lines_len += 1;
        // Most lines show the minute of the line before, at the same place.
        if self.run.is_some_and(|run| run.is_at(bytes, line.start)) && self.anchor != Some(line.start) {
            self.last = line;
            return;
        }
        self.begin_run(bytes, line);
    }

    fn stretch(&mut self, bytes: &[u8], lines: Range<usize>) {
        let start = lines.start;
        each_line(&bytes[lines], |begin, end| self.line(bytes, start + begin..start + end));
    }

    fn counted(&mut self, _: &[u8], _: Range<usize>, count: u64) {
        // A message of somebody else's.
        self.lines_len += count;
    }

    fn ended(&mut self, bytes: &[u8], mut begin: usize, ends: Ends<'_>) {
        let mut ends = ends.into_iter();
        while let Some(end) = ends.next() {
            self.line(bytes, begin..end);
            begin = end + 1;
            // Those that show the same minute, in a loop of their own: they are nearly all of them.
            let Some(run) = self.run.filter(|_| self.anchor.is_none()) else { continue };
            let (mut last, mut count) = (self.last.clone(), 0);
            while run.is_at(bytes, begin)
                && let Some(end) = ends.next()
            {
                last = begin..end;
                begin = end + 1;
                count += 1;
            }
            (self.last, self.lines_len) = (last, self.lines_len + count);
        }
    }
}

/// Where a line shows its minute.
pub(super) enum Minute {
    /// Not at all: it has no stamp of this kind.
    None,
    Shown(MinuteShown),
    /// Where only a closer look tells.
    Elsewhere,
}

/// The bytes of a minute, `Oct  5 14:03:`, with the bracket before it if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MinuteShown {
    len: usize,
    /// The first eight bytes and the last.
    ends: [u64; 2],
}

impl MinuteShown {
    const LEN: usize = 13;

    fn of(shown: &[u8]) -> Self {
        Self { len: shown.len(), ends: Self::ends(shown) }
    }

    #[inline(always)]
    fn ends(shown: &[u8]) -> [u64; 2] {
        let ends = [shown.first_chunk(), shown.last_chunk()];
        ends.map(|end| end.map_or(0, |end| u64::from_ne_bytes(*end)))
    }

    /// Whether the line that begins there shows this minute in the same way. A minute holds no line
    /// feed, so nothing of a line behind is taken for it.
    #[inline(always)]
    fn is_at(&self, bytes: &[u8], line: usize) -> bool {
        bytes.get(line..line + self.len).is_some_and(|shown| Self::ends(shown) == self.ends)
    }
}

pub(super) fn minute(line: &[u8]) -> Minute {
    let begin = match line.first() {
        Some(b'A'..=b'Z') => 0,
        Some(b'[') => 1,
        Some(b'<' | b'{' | 0xEF | 0) => return Minute::Elsewhere,
        _ => return Minute::None,
    };
    let Some(shown) = line.get(..begin + MinuteShown::LEN) else { return Minute::None };
    match &shown[begin..] {
        // The last days of a year may stand behind its end, and each such record is noted.
        [b'D', b'e', b'c', b' ', b'3', ..] => Minute::Elsewhere,
        [_, _, _, b' ', _, _, b' ', _, _, b':', _, _, b':'] => Minute::Shown(MinuteShown::of(shown)),
        _ => Minute::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::needles::{Feeds, Needles};
    use proptest::prelude::*;

    const LINES: [&str; 10] = [
        "Oct  5 14:03:22 reg1 a",
        "Oct  5 14:03:59 reg2 b",
        "Oct  5 14:04:00 reg1 c",
        "Oct  5 14:03:xx",
        "[Oct  5 14:03:22] d",
        "[Oct  5 14:04:00] e",
        "Dec 31 23:59:59 reg1 f",
        "2026-10-05T14:03:22Z reg1 g",
        "Oct  5 14:03:",
        "",
    ];

    /// All that is noted of whole lines, told in either way.
    fn noted(
        text: &[u8],
        anchor: Option<usize>,
        tell: impl FnOnce(&mut Notable),
    ) -> ([Vec<(usize, Civil)>; 2], u64) {
        let mut notable = Notable { anchor, ..Notable::default() };
        tell(&mut notable);
        notable.close(text);
        let lines = notable.lines.into_iter().map(|line| (line.line.start, line.stamp)).collect();
        ([lines, notable.fulls], notable.lines_len)
    }

    proptest! {
        #[test]
        fn lines_whose_ends_are_known_tell_what_each_line_tells(
            runs in prop::collection::vec((prop::sample::select(&LINES[..]), 1_usize..9), 0..20),
            anchored in prop::option::of(any::<prop::sample::Index>()),
        ) {
            let text: String = runs.iter().map(|(line, times)| format!("{line}\n").repeat(*times)).collect();
            let text = text.as_bytes();
            let mut feeds = Feeds::default();
            prop_assert_eq!(Needles::new(&[b"nowhere"], b"").find(text, 0, &mut feeds), None);
            let begins: Vec<usize> =
                [0].into_iter().chain(memchr::memchr_iter(b'\n', text).map(|end| end + 1)).collect();
            let anchor = anchored.map(|anchored| begins[anchored.index(begins.len())]);
            let at_once = noted(text, anchor, |notable| notable.ended(text, 0, feeds.before(text.len())));
            let each = noted(text, anchor, |notable| {
                let mut begin = 0;
                for line in text.split_inclusive(|byte| *byte == b'\n') {
                    notable.line(text, begin..begin + line.len() - 1);
                    begin += line.len();
                }
            });
            prop_assert_eq!(at_once, each);
        }
    }
}

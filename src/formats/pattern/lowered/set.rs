//! Sets of bytes, and how long a run of them is.

#[cfg(target_arch = "x86_64")]
use super::Literal;
use crate::model::marks::{Ranges, WIDTH, marks_of};
#[cfg(target_arch = "x86_64")]
use crate::model::marks::{ranges_by_avx2, ranges_by_avx512};
#[cfg(target_arch = "x86_64")]
use crate::model::wide;
use regex_syntax::hir::Class;

/// Bytes of a class.
#[derive(Debug, Clone)]
pub(super) struct Set {
    pub holds: [bool; 256],
    pub ends: Option<Ends>,
}

/// What ends a run of a class, where that is quickly found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    ranges: Ranges,
    /// All ones where it is every byte outside of the ranges (`\d`, `[0-9.]`), and zero where it is those inside
    /// (`.`, `[^"]` and `\S`).
    others: u64,
}

impl Set {
    fn new(holds: [bool; 256]) -> Box<Self> {
        let inside = ranges(&holds, false).map(|ranges| Ends { ranges, others: 0 });
        let ends = inside.or_else(|| ranges(&holds, true).map(|ranges| Ends { ranges, others: u64::MAX }));
        Box::new(Self { holds, ends })
    }

    pub fn has(&self, byte: u8) -> bool {
        self.holds[usize::from(byte)]
    }

    /// The same as [`Self::run_len`] in wider registers, of which most runs fill none.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    #[target_feature(enable = "avx2,bmi1")]
    pub fn run_len_by_avx2(&self, text: &[u8]) -> usize {
        let Some(Ends { ranges, others }) = &self.ends else { return self.run_len(text) };
        let mut at = 0;
        while let Some(chunk) = text[at..].first_chunk() {
            let ends = ranges_by_avx2(ranges, chunk) ^ *others as u32;
            if ends != 0 {
                return at + ends.trailing_zeros() as usize;
            }
            at += chunk.len();
        }
        at + self.run_len(&text[at..])
    }

    /// The length of the run behind the literal, where the text begins with that: what nearly always is seen in one look. A
    /// length that is likely is tried, so that the next step need not wait for what this one sees.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    #[target_feature(enable = "avx2,avx512bw,avx512vl,avx512vbmi2,bmi1,bmi2,popcnt")]
    pub fn run_behind_by_avx512(
        &self,
        literal: &Literal,
        text: &[u8],
        likely: Option<usize>,
    ) -> Option<usize> {
        let len = literal.bytes.len();
        let (Some(Ends { ranges, others }), Some(line), true) =
            (&self.ends, &literal.line, text.len() >= len.max(1))
        else {
            return literal.and_run(text, |text| self.run_len_by_avx2(text));
        };
        let (seen, within) = wide::load(text);
        if !wide::begins_with(seen, line, len) {
            return None;
        }
        // The text's end ends a run, too.
        let ends = (ranges_by_avx512(ranges, seen) ^ others) | !within;
        let ends = ends >> len;
        if let Some(likely) = likely.filter(|likely| len + likely < wide::LEN)
            && ends << (wide::LEN - 1 - likely) == 1 << (wide::LEN - 1)
        {
            return Some(likely);
        }
        match ends {
            0 => Some(self.run_len_by_avx2(&text[len..])),
            ends => Some(ends.trailing_zeros() as usize),
        }
    }

    /// The same as [`Self::is_all`] in the widest registers.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    #[target_feature(enable = "avx2,avx512bw,avx512vl,avx512vbmi2,bmi1,bmi2,popcnt")]
    pub fn is_all_by_avx512(&self, text: &[u8]) -> bool {
        let Some(Ends { ranges, others }) =
            self.ends.as_ref().filter(|_| (1..=wide::LEN).contains(&text.len()))
        else {
            return self.is_all_by_avx2(text);
        };
        let (seen, within) = wide::load(text);
        (ranges_by_avx512(ranges, seen) ^ others) & within == 0
    }

    /// The same as [`Self::is_all`] in wider registers.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    #[target_feature(enable = "avx2,bmi1")]
    pub fn is_all_by_avx2(&self, text: &[u8]) -> bool {
        let (Some(Ends { ranges, others }), Some(last)) = (&self.ends, text.last_chunk()) else {
            return self.is_all(text);
        };
        let mut ends = ranges_by_avx2(ranges, last) ^ *others as u32;
        for chunk in text.as_chunks().0 {
            ends |= ranges_by_avx2(ranges, chunk) ^ *others as u32;
        }
        ends == 0
    }

    /// Whether the set has every byte of the text.
    pub fn is_all(&self, text: &[u8]) -> bool {
        self.run_len(text) == text.len()
    }

    /// How many bytes of the set the text begins with.
    #[inline(never)]
    pub fn run_len(&self, text: &[u8]) -> usize {
        let Some(Ends { ranges, others }) = &self.ends else {
            return text.iter().take_while(|byte| self.has(**byte)).count();
        };
        let others = *others as u16;
        let (chunks, rest) = text.as_chunks();
        for (number, chunk) in chunks.iter().enumerate() {
            let ends = marks_of(ranges, chunk) ^ others;
            if ends != 0 {
                return number * WIDTH + ends.trailing_zeros() as usize;
            }
        }
        let from = text.len() - rest.len();
        match text.last_chunk().filter(|_| !rest.is_empty()) {
            // What it shares with the chunk before ends nothing.
            Some(last) => {
                let ends = marks_of(ranges, last) ^ others;
                text.len() - WIDTH + (ends.trailing_zeros() as usize).min(WIDTH)
            }
            None => from + rest.iter().take_while(|byte| self.has(**byte)).count(),
        }
    }
}

/// The bytes that the class holds or, for `false`, all others; `None` where they are not one or two ranges.
fn ranges(holds: &[bool; 256], wanted: bool) -> Option<Ranges> {
    let mut found: Vec<(u8, u8)> = Vec::new();
    for byte in (0..=u8::MAX).filter(|byte| holds[usize::from(*byte)] == wanted) {
        match found.last_mut() {
            Some((first, more)) if usize::from(*first) + usize::from(*more) + 1 == usize::from(byte) => {
                *more += 1
            }
            _ => found.push((byte, 0)),
        }
    }
    match found[..] {
        [only] => Some([only; 2]),
        [one, other] => Some([one, other]),
        _ => None,
    }
}

/// The set of a class; `None` where it holds more than bytes.
pub(super) fn set_of(class: &Class) -> Option<Box<Set>> {
    let mut holds = [false; 256];
    let Class::Bytes(class) = class else {
        // A class of letters beyond ASCII, which Unicode off rules out.
        return None;
    };
    for range in class.ranges() {
        holds[usize::from(range.start())..=usize::from(range.end())].fill(true);
    }
    Some(Set::new(holds))
}

/// The set of a literal of one byte.
pub(super) fn set_of_byte(literal: &[u8]) -> Option<Box<Set>> {
    let [byte] = literal else { return None };
    let mut holds = [false; 256];
    holds[usize::from(*byte)] = true;
    Some(Set::new(holds))
}

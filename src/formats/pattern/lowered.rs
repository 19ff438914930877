//! A regular expression made of literals and runs of simple classes, read in one pass.
//!
//! Operators' lines are mostly written like that: `aor=(?P<aor>\S+) src=(?P<ip>[0-9.]+):\d+ …`.
//! Where what follows a run cannot begin with a byte of the run, the run ends in one place only and
//! there is nothing to go back to, so a table of 256 bytes does what a general engine does at ten
//! times the cost. Whatever is not of that form is left to the general engine.

mod set;

use self::set::{Set, set_of, set_of_byte};
use crate::model::marks::WIDTH;
use crate::model::wide;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind, Look};
use std::ops::Range;

/// The steps of one pass.
#[derive(Debug, Clone)]
pub(super) struct Lowered {
    steps: Vec<Step>,
    /// For each step the number of the text's blank at which its run ends, if it is known and among the first eight.
    blanks: Vec<Option<u8>>,
    /// For each group that was asked for the numbers of the places where it begins and ends.
    groups: Vec<(usize, usize)>,
}

/// The kind stands in a byte of its own: folded into what a step holds, it takes fifteen instructions to tell.
#[derive(Debug, Clone)]
#[repr(u8)]
enum Step {
    Literal(Literal),
    One(Box<Set>),
    /// As many bytes of the set as there are, and at least so many.
    Run(Box<Set>, usize),
    /// A literal and the run behind it: what lines are mostly made of. There is none of these before the
    /// pass is ready, and no run afterwards.
    Field(Literal, Box<Set>, usize),
    /// Bytes of the set, at least so many, up to this literal at the text's end.
    Rest(Box<Set>, usize, Box<[u8]>),
    End,
    /// A group begins or ends. Gone when the pass is ready.
    Open(usize),
    Close(usize),
}

/// Bytes that stand there as they are. The first of them are compared as one word, and so are the last.
#[derive(Debug, Clone)]
struct Literal {
    bytes: Box<[u8]>,
    word: u128,
    mask: u128,
    /// The last bytes, where there are more than a word has, and as many as two have at the most.
    last: Option<u128>,
    /// All of them with zeros behind, where they are fewer than one register holds.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "read by the widest registers only"))]
    line: Option<Box<[u8; wide::LEN]>>,
}

/// Where in the text each step of a match begins, and where its literal ends; then where the last one ends.
pub(super) type Places = Vec<usize>;

impl Lowered {
    /// The pass for an expression over bytes (Unicode off) that is anchored at the start, of which these groups
    /// are asked for; `None` where it is not of the form.
    pub fn of(regex: &str, wanted: impl Iterator<Item = usize>) -> Option<Self> {
        let hir = ParserBuilder::new().unicode(false).utf8(false).build().parse(regex).ok()?;
        let mut steps = Vec::new();
        lower(&hir, &mut steps)?;
        join_rest(&mut steps);
        is_certain(&steps).then(|| Self::ready(steps, wanted))
    }

    /// The pass without the steps that no text has to meet, and with literals and runs in one.
    fn ready(all: Vec<Step>, wanted: impl Iterator<Item = usize>) -> Self {
        let (mut steps, mut groups) = (Vec::new(), Vec::new());
        // The number of the place that has been reached.
        let mut place = 0;
        for step in all {
            match step {
                Step::Open(group) => {
                    if groups.len() <= group {
                        groups.resize(group + 1, (0, 0));
                    }
                    groups[group].0 = place;
                }
                Step::Close(group) => groups[group].1 = place,
                Step::Run(set, least) => {
                    let literal = match steps.pop_if(|last| matches!(last, Step::Literal(_))) {
                        Some(Step::Literal(literal)) => literal,
                        _ => Literal::new(Box::default()),
                    };
                    steps.push(Step::Field(literal, set, least));
                    place = 2 * steps.len();
                }
                Step::Literal(literal) if literal.bytes.is_empty() => {}
                Step::Literal(literal) => {
                    steps.push(Step::Literal(literal));
                    place = 2 * steps.len() - 1;
                }
                step => {
                    steps.push(step);
                    place = 2 * steps.len();
                }
            }
        }
        let blanks = blanks_behind_runs(&steps);
        Self { steps, blanks, groups: wanted.map(|group| groups[group]).collect() }
    }

    /// Whether the text matches; what groups are found by is then in `places`.
    pub fn read(&self, text: &[u8], places: &mut Places) -> bool {
        #[cfg(target_arch = "x86_64")]
        if wide::is_there() {
            #[expect(unsafe_code, reason = "the compiler cannot see what was asked just before")]
            // SAFETY: the processor has the widest registers.
            return unsafe { self.read_by_avx512(text, places) };
        }
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi1") {
            #[expect(unsafe_code, reason = "the compiler cannot see what was asked just before")]
            // SAFETY: the processor has AVX2 and BMI1.
            return unsafe { self.read_by_avx2(text, places) };
        }
        let field =
            |literal: &Literal, set: &Set, rest: &[u8], _| literal.and_run(rest, |text| set.run_len(text));
        self.read_by(text, places, u64::MAX, field, Set::is_all)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,avx512bw,avx512vl,avx512vbmi2,bmi1,bmi2,popcnt")]
    fn read_by_avx512(&self, text: &[u8], places: &mut Places) -> bool {
        // Of several patterns all but one are another line's, and most of those begin with another word.
        if let Some(Step::Field(literal, ..) | Step::Literal(literal)) = self.steps.first()
            && !literal.may_begin(text)
        {
            return false;
        }
        let blanks = wide::blanks(text);
        let field = |literal: &Literal, set: &Set, rest: &[u8], likely: Option<usize>| {
            set.run_behind_by_avx512(literal, rest, likely)
        };
        self.read_by(text, places, blanks, field, |set, text| set.is_all_by_avx512(text))
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1")]
    fn read_by_avx2(&self, text: &[u8], places: &mut Places) -> bool {
        let field = |literal: &Literal, set: &Set, rest: &[u8], _| {
            literal.and_run(rest, |text| set.run_len_by_avx2(text))
        };
        self.read_by(text, places, u64::MAX, field, |set, text| set.is_all_by_avx2(text))
    }

    /// The pass, where `blanks` are the places of the text's first eight ones, a byte each, or all ones. From a literal and a run
    /// with which a text begins, and where the run probably ends, `field` tells how long the run is.
    #[inline(always)]
    fn read_by(
        &self,
        text: &[u8],
        places: &mut Places,
        blanks: u64,
        field: impl Fn(&Literal, &Set, &[u8], Option<usize>) -> Option<usize>,
        is_all: impl Fn(&Set, &[u8]) -> bool,
    ) -> bool {
        let mut at = 0;
        places.resize(2 * self.steps.len() + 1, 0);
        let (pairs, end) = places.as_chunks_mut();
        for ((step, [begin, behind]), blank) in self.steps.iter().zip(pairs).zip(&self.blanks) {
            *begin = at;
            let rest = &text[at..];
            match step {
                Step::Field(literal, set, least) => {
                    let likely = blank.and_then(|number| {
                        usize::from((blanks >> (8 * (number & 7))) as u8)
                            .checked_sub(at + literal.bytes.len())
                    });
                    let Some(len) = field(literal, set, rest, likely).filter(|len| len >= least) else {
                        return false;
                    };
                    *behind = at + literal.bytes.len();
                    at = *behind + len;
                }
                Step::Literal(literal) if literal.begins(rest) => {
                    at += literal.bytes.len();
                    *behind = at;
                }
                Step::One(set) if rest.first().is_some_and(|byte| set.has(*byte)) => at += 1,
                Step::Rest(set, least, literal) => {
                    let Some(len) = rest.len().checked_sub(literal.len()) else { return false };
                    let (run, behind) = rest.split_at(len);
                    // Byte by byte: it is a quote, as a rule.
                    if len < *least || !behind.iter().eq(literal) || !is_all(set, run) {
                        return false;
                    }
                    at += len;
                }
                Step::End if rest.is_empty() => {}
                _ => return false,
            }
        }
        end[0] = at;
        true
    }

    /// Where the groups of a match stand, in the order in which they were asked for.
    #[inline]
    pub fn groups(&self, places: &Places) -> impl Iterator<Item = Range<usize>> {
        self.groups.iter().map(|(begin, end)| places[*begin]..places[*end])
    }
}

impl Literal {
    fn new(bytes: Box<[u8]>) -> Self {
        let (mut word, mut mask) = ([0; WIDTH], [0; WIDTH]);
        for (at, byte) in bytes.iter().take(WIDTH).enumerate() {
            (word[at], mask[at]) = (*byte, 0xFF);
        }
        let last = bytes.last_chunk().filter(|_| (WIDTH + 1..=2 * WIDTH).contains(&bytes.len()));
        let last = last.map(|last| u128::from_ne_bytes(*last));
        let line = (bytes.len() < wide::LEN).then(|| {
            let mut line = Box::new([0; wide::LEN]);
            line[..bytes.len()].copy_from_slice(&bytes);
            line
        });
        Self { bytes, word: u128::from_ne_bytes(word), mask: u128::from_ne_bytes(mask), last, line }
    }

    /// How long the run behind it is, where the text begins with it.
    #[inline]
    fn and_run(&self, text: &[u8], run_len: impl Fn(&[u8]) -> usize) -> Option<usize> {
        self.begins(text).then(|| run_len(&text[self.bytes.len()..]))
    }

    #[cfg(target_arch = "x86_64")]
    /// Whether the text begins with its first bytes, or is too short to be asked quickly.
    #[inline]
    fn may_begin(&self, text: &[u8]) -> bool {
        text.first_chunk().is_none_or(|head| u128::from_ne_bytes(*head) & self.mask == self.word)
    }

    /// Whether the text begins with it.
    #[inline]
    fn begins(&self, text: &[u8]) -> bool {
        let Some(head) = text.first_chunk() else { return text.starts_with(&self.bytes) };
        if u128::from_ne_bytes(*head) & self.mask != self.word {
            return false;
        }
        if self.bytes.len() <= WIDTH {
            return true;
        }
        let last = || text.get(..self.bytes.len())?.last_chunk();
        match self.last {
            Some(wanted) => last().is_some_and(|last| u128::from_ne_bytes(*last) == wanted),
            None => text.starts_with(&self.bytes),
        }
    }
}

fn lower(hir: &Hir, steps: &mut Vec<Step>) -> Option<()> {
    match hir.kind() {
        HirKind::Empty => {}
        HirKind::Literal(literal) => steps.push(Step::Literal(Literal::new(literal.0.clone()))),
        HirKind::Class(class) => steps.push(Step::One(set_of(class)?)),
        HirKind::Look(Look::End) => steps.push(Step::End),
        HirKind::Look(Look::Start) if steps.is_empty() => {}
        HirKind::Repetition(repetition) if repetition.max.is_none() => {
            let set = match repetition.sub.kind() {
                HirKind::Class(class) => set_of(class)?,
                HirKind::Literal(literal) => set_of_byte(&literal.0)?,
                _ => return None,
            };
            // A lazy run ends where a greedy one does, if something certain follows.
            let step = Step::Run(set, repetition.min as usize);
            steps.push(step);
            if !repetition.greedy {
                steps.push(Step::Literal(Literal::new(Box::default())));
            }
        }
        HirKind::Capture(capture) => {
            steps.push(Step::Open(capture.index as usize));
            lower(&capture.sub, steps)?;
            steps.push(Step::Close(capture.index as usize));
        }
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| lower(part, steps))?,
        HirKind::Look(_) | HirKind::Repetition(_) | HirKind::Alternation(_) => return None,
    }
    Some(())
}

/// A last run before a literal at the text's end ends where that begins, whatever it holds.
fn join_rest(steps: &mut Vec<Step>) {
    let consuming: Vec<usize> = (0..steps.len()).filter(|at| is_consuming(&steps[*at])).collect();
    if let [.., run, literal, end] = consuming[..]
        && let (Step::Run(set, least), Step::Literal(text), Step::End) =
            (&steps[run], &steps[literal], &steps[end])
    {
        steps[run] = Step::Rest(set.clone(), *least, text.bytes.clone());
        // The literal and the end have been met then. Where a group ends behind them they tell its place.
        if end == literal + 1 && end + 1 == steps.len() {
            steps.truncate(literal);
        }
    }
}

/// Whether it is a step that a text has to meet; the mark of a lazy run is an empty literal.
fn is_consuming(step: &Step) -> bool {
    match step {
        Step::Open(_) | Step::Close(_) => false,
        Step::Literal(literal) => !literal.bytes.is_empty(),
        _ => true,
    }
}

/// The number of the blank that ends the run of each step, of those in the text: where all that stands before it tells how many
/// blanks there are, and the literal behind it begins with one.
fn blanks_behind_runs(steps: &[Step]) -> Vec<Option<u8>> {
    let mut count = Some(0);
    let in_literal = |literal: &Literal| memchr::memchr_iter(b' ', &literal.bytes).count();
    let behind = steps.iter().skip(1).map(Some).chain([None]);
    let each = steps.iter().zip(behind).map(|(step, behind)| {
        let (literal, set) = match step {
            Step::Literal(literal) => (Some(literal), None),
            Step::Field(literal, set, _) => (Some(literal), Some(set)),
            Step::One(set) => (None, Some(set)),
            _ => (None, None),
        };
        count = count.map(|count| count + literal.map_or(0, in_literal));
        count = count.filter(|_| !set.is_some_and(|set| set.has(b' ')));
        match behind {
            Some(Step::Field(literal, ..) | Step::Literal(literal))
                if literal.bytes.first() == Some(&b' ') =>
            {
                count.filter(|count| *count < 8).map(|count| count as u8)
            }
            _ => None,
        }
    });
    each.collect()
}

/// Whether every run ends in one place only.
fn is_certain(steps: &[Step]) -> bool {
    steps.iter().enumerate().all(|(at, step)| {
        let Step::Run(set, _) = step else { return true };
        let is_lazy = matches!(steps.get(at + 1), Some(Step::Literal(mark)) if mark.bytes.is_empty());
        let is_apart = |other: &Set| set.holds.iter().zip(&other.holds).all(|(one, other)| !(one & other));
        match steps[at + 1..].iter().find(|step| is_consuming(step)) {
            Some(Step::Literal(literal)) => !set.has(literal.bytes[0]),
            Some(Step::One(other) | Step::Run(other, 1..)) => is_apart(other),
            Some(Step::End) => true,
            Some(_) => false,
            // Nothing follows: greedy takes all there is.
            None => !is_lazy,
        }
    })
}

#[cfg(test)]
mod tests;

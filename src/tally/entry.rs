//! What is known of one user with one client in one window and standing: as it is given out, and
//! as it lies in memory.

use crate::model::{AgentId, EvidenceKind, Moment, Spot, Standing};

/// What is known of one user with one client in one window and standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub agent: AgentId,
    pub window: i32,
    pub standing: Standing,
    /// Kind of proof of the earliest observation.
    pub evidence: EvidenceKind,
    pub count: u64,
    /// Microseconds; `i64::MAX` and `i64::MIN` without a clock.
    pub(super) first: i64,
    pub(super) last: i64,
    /// Bit n: something was observed on day n of the window.
    pub days: u64,
    /// Place of the earliest observation; of those at the same instant, the first place.
    pub spot: Spot,
}

impl Entry {
    /// Time of the earliest observation; `None` where the log has no clock.
    pub fn first(&self) -> Option<Moment> {
        (self.first != i64::MAX).then(|| Moment::from_micros(self.first))
    }

    /// Time of the latest observation.
    pub fn last(&self) -> Option<Moment> {
        (self.last != i64::MIN).then(|| Moment::from_micros(self.last))
    }

    /// What tells a user's entries apart.
    pub(super) fn key(&self) -> Key {
        (self.agent.0, self.window, self.standing)
    }
}

/// What tells a user's entries apart: client, window, standing.
pub(super) type Key = (u32, i32, Standing);

/// A number of eight bytes at a place of four: a cell has no padding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wide([u32; 2]);

impl Wide {
    const fn new(value: u64) -> Self {
        Self([value as u32, (value >> 32) as u32])
    }

    const fn get(self) -> u64 {
        self.0[0] as u64 | (self.0[1] as u64) << 32
    }
}

/// Offsets have 48 bits: 281 terabytes of one decoded stream.
const OFFSET_BITS: u32 = 48;
/// Inputs have 24 bits: sixteen million files.
const INPUT_BITS: u32 = 24;
/// What stands for a span without clock; a window has sixty-four days, which is far less.
const CLOCKLESS: u64 = (1 << 48) - 1;

/// An entry in memory, in 48 bytes, with the number of the user's next one.
///
/// There is at least one a user and window, so ten million of them decide how much memory a run
/// takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    count: u32,
    agent: u32,
    window: i32,
    /// Standing and evidence (four bits each) above the input.
    source: u32,
    offset_low: u32,
    first: Wide,
    days: Wide,
    /// The user's next cell, or no cell's number.
    pub next: u32,
    /// Microseconds from the first to the last, or [`CLOCKLESS`].
    span_low: u32,
    span_high: u16,
    offset_high: u16,
}

impl Cell {
    /// The cell of an entry.
    ///
    /// # Panics
    ///
    /// At the 2^32nd registration of one user with one client in one window, behind 281 TB of one input, and
    /// at the 2^24th input.
    pub fn new(entry: &Entry, next: u32) -> Self {
        let Spot { input, offset } = entry.spot;
        assert!(offset < 1 << OFFSET_BITS, "inputs are shorter than 2^48 bytes");
        assert!(input < 1 << INPUT_BITS, "fewer than 2^24 inputs");
        let kinds = entry.standing as u32 | (entry.evidence as u32) << 4;
        let mut cell = Self {
            count: counted(entry.count),
            agent: entry.agent.0,
            window: entry.window,
            source: kinds << INPUT_BITS | input,
            offset_low: offset as u32,
            first: Wide::new(entry.first as u64),
            days: Wide::new(entry.days),
            next,
            span_low: 0,
            span_high: 0,
            offset_high: (offset >> 32) as u16,
        };
        cell.set_last(entry.last);
        cell
    }

    /// The entry of a cell.
    #[inline]
    pub fn entry(&self) -> Entry {
        let kinds = (self.source >> INPUT_BITS) as usize;
        let offset = u64::from(self.offset_low) | u64::from(self.offset_high) << 32;
        Entry {
            agent: AgentId(self.agent),
            window: self.window,
            standing: Standing::ALL[kinds & 15],
            evidence: EVIDENCE[kinds >> 4],
            count: self.count.into(),
            first: self.first(),
            last: self.last(),
            days: self.days.get(),
            spot: Spot { input: self.source & ((1 << INPUT_BITS) - 1), offset },
        }
    }

    /// Whether it is the cell of that key.
    pub fn is_of(&self, (agent, window, standing): Key) -> bool {
        self.agent == agent && self.window == window && self.source >> INPUT_BITS & 15 == standing as u32
    }

    const fn first(&self) -> i64 {
        self.first.get() as i64
    }

    fn last(&self) -> i64 {
        match u64::from(self.span_low) | u64::from(self.span_high) << 32 {
            CLOCKLESS => i64::MIN,
            span => self.first() + span as i64,
        }
    }

    fn set_last(&mut self, last: i64) {
        let span = match last {
            i64::MIN => CLOCKLESS,
            last => u64::try_from(last - self.first()).expect("nothing is last before it is first"),
        };
        assert!(span < CLOCKLESS || last == i64::MIN, "a window is shorter than 2^48 microseconds");
        (self.span_low, self.span_high) = (span as u32, (span >> 32) as u16);
    }

    /// Whether an observation at that moment is later than the first.
    #[inline]
    pub fn comes_before(&self, micros: i64) -> bool {
        micros > self.first()
    }

    /// Counts one more observation, which is later than the first.
    #[inline]
    pub fn count_later(&mut self, micros: i64, day: u8) {
        self.count = counted(u64::from(self.count) + 1);
        self.days = Wide::new(self.days.get() | 1 << (day & 63));
        if micros > self.last() {
            self.set_last(micros);
        }
    }

    /// Takes in what another entry with the same key knows.
    pub fn join(&mut self, other: &Entry) {
        if other.first > self.first() {
            // Nearly always: a log runs forwards.
            self.count = counted(u64::from(self.count) + other.count);
            self.days = Wide::new(self.days.get() | other.days);
            if other.last > self.last() {
                self.set_last(other.last);
            }
            return;
        }
        let mut entry = self.entry();
        if (other.first, other.spot) < (entry.first, entry.spot) {
            entry.spot = other.spot;
            entry.evidence = other.evidence;
        }
        entry.count += other.count;
        entry.first = entry.first.min(other.first);
        entry.last = entry.last.max(other.last);
        entry.days |= other.days;
        *self = Self::new(&entry, self.next);
    }
}

#[cfg(test)]
impl Cell {
    /// Of an entry that says nothing.
    pub fn any() -> Self {
        let spot = Spot { input: 0, offset: 0 };
        let (standing, evidence) = (Standing::Accepted, EvidenceKind::Line);
        let (first, last) = (i64::MAX, i64::MIN);
        Self::new(
            &Entry { agent: AgentId(0), window: 0, standing, evidence, count: 1, first, last, days: 0, spot },
            u32::MAX,
        )
    }
}

/// A count as a cell holds it.
fn counted(count: u64) -> u32 {
    u32::try_from(count).expect("fewer than 2^32 registrations of one user and client in one window")
}

/// Every kind of evidence, at the place of its number.
const EVIDENCE: [EvidenceKind; 6] = [
    EvidenceKind::Line,
    EvidenceKind::Transaction,
    EvidenceKind::SustainedClosed,
    EvidenceKind::SustainedOpen,
    EvidenceKind::Snapshot,
    EvidenceKind::SideFile,
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cell_has_no_padding() {
        assert_eq!(size_of::<Cell>(), 48);
    }

    #[test]
    fn kinds_stand_at_the_places_of_their_numbers() {
        for (place, standing) in Standing::ALL.into_iter().enumerate() {
            assert_eq!(standing as usize, place);
        }
        for (place, evidence) in EVIDENCE.into_iter().enumerate() {
            assert_eq!(evidence as usize, place);
        }
    }

    #[test]
    #[should_panic(expected = "fewer than 2^32")]
    fn a_count_never_begins_anew() {
        let entry = entry(0, 1 << 31, (5, 5), 0);
        Cell::new(&entry, 0).join(&Entry { first: 6, ..entry });
    }

    fn entry(kind: usize, count: u64, (first, last): (i64, i64), offset: u64) -> Entry {
        Entry {
            agent: AgentId(7),
            window: -3,
            standing: Standing::ALL[kind],
            evidence: EVIDENCE[kind % 6],
            count,
            first,
            last,
            days: 1 << (offset % 64),
            spot: Spot { input: (offset % 3) as u32, offset },
        }
    }

    fn any_entry(kind: usize) -> impl Strategy<Value = Entry> {
        let clock = (-5_i64..5, prop_oneof![0_i64..5, 0_i64..64 * 86_400_000_000]);
        let clock = prop_oneof![
            4 => clock.prop_map(|(first, span)| (first, first + span)),
            1 => Just((i64::MAX, i64::MIN)),
        ];
        let offset = prop_oneof![0_u64..4, 0_u64..1 << 48];
        (0_u64..1 << 31, clock, offset)
            .prop_map(move |(count, clock, offset)| entry(kind, count, clock, offset))
    }

    fn joined(one: &Entry, other: &Entry) -> Entry {
        let earlier = if (other.first, other.spot) < (one.first, one.spot) { other } else { one };
        Entry {
            evidence: earlier.evidence,
            spot: earlier.spot,
            count: one.count + other.count,
            first: one.first.min(other.first),
            last: one.last.max(other.last),
            days: one.days | other.days,
            ..*one
        }
    }

    proptest! {
        #[test]
        fn a_cell_keeps_its_entry_and_joins_as_entries_do(
            (one, other) in (0_usize..13).prop_flat_map(|kind| (any_entry(kind), any_entry(kind))),
            next: u32,
        ) {
            let mut cell = Cell::new(&one, next);
            prop_assert_eq!(cell.entry(), one);
            prop_assert!(cell.is_of(one.key()));
            cell.join(&other);
            prop_assert_eq!(cell.entry(), joined(&one, &other));
            prop_assert_eq!(cell.next, next);
        }
    }
}

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

/// Counts have forty bits in a cell: more registrations than a petabyte of logs holds.
const COUNT_BITS: u32 = 40;
/// Offsets have 48 bits: 281 terabytes of one decoded stream.
const OFFSET_BITS: u32 = 48;

/// An entry in memory, in 52 bytes, with the number of the user's next one.
///
/// There is at least one a user and window, so ten million of them decide how much memory a run
/// takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cell {
    /// Standing and evidence (four bits each), 16 bits of the offset, 40 of the count.
    meta: Wide,
    offset_low: u32,
    input: u32,
    agent: u32,
    window: i32,
    first: Wide,
    last: Wide,
    days: Wide,
    /// The user's next cell, or no cell's number.
    pub next: u32,
}

impl Cell {
    /// The cell of an entry.
    ///
    /// # Panics
    ///
    /// At the 2^40th registration of one user with one client, and behind 281 TB of one input.
    pub fn new(entry: &Entry, next: u32) -> Self {
        assert!(entry.count < 1 << COUNT_BITS, "fewer than 2^40 registrations of one user and client");
        assert!(entry.spot.offset < 1 << OFFSET_BITS, "inputs are shorter than 2^48 bytes");
        let kinds = entry.standing as u64 | (entry.evidence as u64) << 4;
        let high = entry.spot.offset >> 32;
        Self {
            meta: Wide::new(entry.count | high << COUNT_BITS | kinds << 56),
            offset_low: entry.spot.offset as u32,
            input: entry.spot.input,
            agent: entry.agent.0,
            window: entry.window,
            first: Wide::new(entry.first as u64),
            last: Wide::new(entry.last as u64),
            days: Wide::new(entry.days),
            next,
        }
    }

    /// Something of its first bytes, to bring them near.
    pub fn begin(&self) -> u32 {
        self.meta.0[0]
    }

    /// The entry of a cell.
    pub fn entry(&self) -> Entry {
        let meta = self.meta.get();
        let kinds = (meta >> 56) as usize;
        Entry {
            agent: AgentId(self.agent),
            window: self.window,
            standing: Standing::ALL[kinds & 15],
            evidence: EVIDENCE[kinds >> 4],
            count: meta & ((1 << COUNT_BITS) - 1),
            first: self.first.get() as i64,
            last: self.last.get() as i64,
            days: self.days.get(),
            spot: self.spot(),
        }
    }

    /// Whether it is the cell of that key.
    pub fn is_of(&self, (agent, window, standing): Key) -> bool {
        self.agent == agent
            && self.window == window
            && (self.meta.get() >> 56) as usize & 15 == standing as usize
    }

    fn spot(&self) -> Spot {
        let high = self.meta.get() >> COUNT_BITS & 0xFFFF;
        Spot { input: self.input, offset: u64::from(self.offset_low) | high << 32 }
    }

    /// Takes in what another entry with the same key knows.
    pub fn join(&mut self, other: &Entry) {
        let (first, last) = (self.first.get() as i64, self.last.get() as i64);
        if other.first > first && other.last <= last {
            // Nearly always: a log runs forwards.
            self.add(other.count, other.days);
        } else if other.first > first {
            self.add(other.count, other.days);
            self.last = Wide::new(other.last as u64);
        } else {
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

    fn add(&mut self, count: u64, days: u64) {
        let meta = self.meta.get();
        let sum = (meta & ((1 << COUNT_BITS) - 1)) + count;
        assert!(sum < 1 << COUNT_BITS, "fewer than 2^40 registrations of one user and client");
        self.meta = Wide::new(meta + count);
        self.days = Wide::new(self.days.get() | days);
    }
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
        assert_eq!(size_of::<Cell>(), 52);
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
    #[should_panic(expected = "fewer than 2^40")]
    fn a_count_never_overflows_into_the_offset() {
        let entry = entry(0, 1 << 39, (5, 5), 0);
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
        let time = prop_oneof![-5_i64..5, Just(i64::MAX), Just(i64::MIN), any::<i64>()];
        let offset = prop_oneof![0_u64..4, 0_u64..1 << 48];
        (0_u64..1 << 39, time.clone(), time, offset)
            .prop_map(move |(count, first, last, offset)| entry(kind, count, (first, last), offset))
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

//! What one block of a log says, on its way into a tally.
//!
//! A worker writes the observations of a block down as they come; when the block is over they are
//! sorted by the part of the tally that each belongs to. Parts are then filled side by side, each
//! in the order of the blocks, and nobody has to join tallies afterwards.

use super::clients::Clients;
use super::table::Slot;
use crate::model::{AgentKey, EvidenceKind, Moment, Observation, Standing};
use ahash::RandomState;
use std::hash::{BuildHasher, Hasher};

/// A tally has so many parts: enough for every core of a large machine.
pub(super) const PARTS: usize = 64;

/// Distinct clients that a worker numbers before it begins anew: more than honest logs hold.
const NUMBERED_MAX: usize = 1 << 18;

/// One observation, without its texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    pub hash: u64,
    /// Fingerprint of its transaction; zero where it counts by itself.
    pub transaction: u64,
    /// Microseconds; `i64::MIN` without a clock.
    pub micros: i64,
    pub offset: u64,
    pub input: u32,
    /// The user's bytes among the texts.
    begin: u32,
    len: u32,
    /// The worker's number of the client.
    pub client: u32,
    pub window: i32,
    pub day: u8,
    pub standing: Standing,
    pub evidence: EvidenceKind,
}

/// The observations of one block, or of another short piece of a stream, in its order.
#[derive(Debug, Default)]
pub struct Observed {
    records: Vec<Record>,
    texts: Vec<u8>,
    /// Numbers of the records, by part and then in their order; filled by [`Numbering::close`].
    order: Vec<u32>,
    /// Where each part's numbers end.
    ends: Vec<u32>,
    /// Whose numbers the clients have.
    pub(super) numbering: u64,
    /// The first client of that numbering that no block before told of, and those from there on.
    pub(super) fresh_from: usize,
    pub(super) fresh: Vec<AgentKey>,
}

/// A worker's numbers for clients.
#[derive(Debug, Default)]
pub struct Numbering {
    /// Unlike any other numbering of the run.
    id: u64,
    clients: Clients,
    told: usize,
}

impl Numbering {
    /// The numbering of that worker.
    pub fn of_worker(worker: usize) -> Self {
        // The lower half counts how often the worker has begun anew.
        Self { id: (worker as u64) << 32, ..Self::default() }
    }

    /// Ends the block: its observations are ready to be taken.
    pub fn close(&mut self, observed: &mut Observed) {
        observed.sort();
        observed.numbering = self.id;
        observed.fresh_from = self.told;
        observed.fresh.clear();
        observed.fresh.extend(self.clients.since(self.told));
        self.told = self.clients.len();
        if self.told > NUMBERED_MAX {
            *self = Self { id: self.id + 1, ..Self::default() };
        }
    }
}

impl Observed {
    /// Notes one observation that falls into that slot.
    ///
    /// Of records with the same `transaction` (see [`transaction`]) only the first is counted that
    /// the tally takes; `None` counts by itself.
    pub fn note(
        &mut self,
        observation: &Observation<'_>,
        slot: Slot,
        transaction: Option<u64>,
        numbering: &mut Numbering,
    ) {
        let begin = self.texts.len();
        self.texts.extend_from_slice(observation.user);
        self.records.push(Record {
            hash: hash_of(observation.user),
            transaction: transaction.map_or(0, |fingerprint| fingerprint.max(1)),
            micros: observation.moment.map_or(i64::MIN, Moment::micros),
            offset: observation.spot.offset,
            input: observation.spot.input,
            begin: u32::try_from(begin).expect("a block's names fit four gigabytes"),
            len: observation.user.len() as u32,
            client: numbering.clients.intern(observation.agent).0,
            window: slot.window,
            day: slot.day,
            standing: observation.standing,
            evidence: observation.evidence,
        });
    }

    /// How many observations there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Forgets the observations and keeps the memory.
    pub fn clear(&mut self) {
        self.records.clear();
        self.texts.clear();
        self.order.clear();
        self.fresh.clear();
    }

    /// The records of one part, in the order of the stream.
    pub(super) fn of_part(&self, part: usize) -> impl Iterator<Item = &Record> + Clone {
        let begin = if part == 0 { 0 } else { self.ends[part - 1] as usize };
        let end = self.ends[part] as usize;
        self.order[begin..end].iter().map(|number| &self.records[*number as usize])
    }

    /// The user's bytes.
    pub(super) fn user(&self, record: &Record) -> &[u8] {
        let begin = record.begin as usize;
        &self.texts[begin..begin + record.len as usize]
    }

    /// Sorts by part, and leaves the order as it is within one.
    fn sort(&mut self) {
        self.ends.clear();
        self.ends.resize(PARTS, 0);
        for record in &self.records {
            self.ends[part_of(record.hash)] += 1;
        }
        let mut places = [0_u32; PARTS];
        let mut sum = 0;
        for (place, end) in places.iter_mut().zip(&mut self.ends) {
            *place = sum;
            sum += *end;
            *end = sum;
        }
        self.order.clear();
        self.order.resize(self.records.len(), 0);
        for (number, record) in (0..).zip(&self.records) {
            let place = &mut places[part_of(record.hash)];
            self.order[*place as usize] = number;
            *place += 1;
        }
    }
}

/// The fingerprint of a transaction: Call-ID and CSeq in one stream.
pub fn transaction(stream: u32, call_id: &[u8], cseq: &[u8]) -> u64 {
    let mut hasher = STATE.build_hasher();
    hasher.write_u32(stream);
    hasher.write(call_id);
    hasher.write(cseq);
    // Where one ends and the other begins.
    hasher.write_usize(cseq.len());
    hasher.finish()
}

/// Which part of a tally a user of that hash belongs to.
pub(super) const fn part_of(hash: u64) -> usize {
    (hash >> 58) as usize
}

/// The bits of a hash by which a user is looked up within its part.
pub(super) const fn bits_of(hash: u64) -> u32 {
    (hash >> 26) as u32
}

/// Seeds are fixed for repeatable timing; no output depends on them.
const STATE: RandomState = RandomState::with_seeds(0x73_69_70, 0x74_61_6c, 0x6c_79, 1);

pub(super) fn hash_of(user: &[u8]) -> u64 {
    let mut hasher = STATE.build_hasher();
    hasher.write(user);
    hasher.finish()
}

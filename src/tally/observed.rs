//! What one block of a log says, on its way into a tally.
//!
//! A worker writes the observations of a block down by the part of the tally that each belongs to.
//! Parts are then filled side by side, each in the order of the blocks, and nobody has to join
//! tallies afterwards.

use super::clients::{Clients, LINE_LEN, Line, hash_of as hash_of_client, padded};
use super::table::Slot;
use crate::model::near::bring;
use crate::model::{AgentKey, AgentRef, EvidenceKind, Moment, Observation, Standing, short};

/// A tally has so many parts: enough for every core of a large machine.
pub(super) const PARTS: usize = 64;

/// Distinct clients that a worker numbers before it begins anew: more than honest logs hold.
const NUMBERED_MAX: usize = 1 << 18;

/// Names up to this length stand in the record.
const INLINE_MAX: usize = 44;
/// The length of a name that stands elsewhere.
const LONG: u8 = u8::MAX;

/// One observation, in eighty-eight bytes: each is written, waits for others, and is read again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record {
    /// Of the user's hash.
    pub bits: u32,
    /// The worker's number of the client.
    pub client: u32,
    /// Fingerprint of its transaction; zero where it counts by itself.
    pub transaction: u64,
    /// Microseconds; `i64::MIN` without a clock.
    pub micros: i64,
    pub offset: u64,
    pub input: u32,
    pub window: i32,
    pub day: u8,
    pub standing: Standing,
    pub evidence: EvidenceKind,
    /// Bytes of the name, or [`LONG`].
    name_len: u8,
    /// The user's name, or for a longer one where it begins among the long names and its length, four bytes each.
    name: [u8; INLINE_MAX],
}

impl Record {
    /// One that nothing has been written into.
    const EMPTY: Self = Self {
        bits: 0,
        client: u32::MAX,
        transaction: 0,
        micros: i64::MIN,
        offset: 0,
        input: 0,
        window: 0,
        day: 0,
        standing: Standing::Accepted,
        evidence: EvidenceKind::Line,
        name_len: 0,
        name: [0; INLINE_MAX],
    };
}

/// The observations of one block, or of another short piece of a stream.
#[derive(Debug, Default)]
pub struct Observed {
    /// For each part of the tally its records, in the order of the stream; none before the first.
    parts: Option<Box<[Vec<Record>; PARTS]>>,
    len: usize,
    /// Names too long for a record, behind one another.
    long_names: Vec<u8>,
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
    waiting: Waiting,
}

impl Numbering {
    /// The numbering of that worker.
    pub fn of_worker(worker: usize) -> Self {
        // The lower half counts how often the worker has begun anew.
        Self { id: (worker as u64) << 32, ..Self::default() }
    }

    /// Ends the block: its observations are ready to be taken.
    pub fn close(&mut self, observed: &mut Observed) {
        observed.settle(self);
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

/// Where a record is.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    part: u32,
    index: u32,
}

impl Numbering {
    /// Takes the client of the record at that place, and gives the number of a client that was taken before, with
    /// its record's place.
    ///
    /// A client is looked up a few records later, when the memory that tells of it is near: there are thousands of
    /// them, and between two records of the same one a megabyte of other things passes through the caches.
    #[inline(always)]
    fn number(&mut self, agent: AgentRef<'_>, place: Place) -> Option<(Place, u32)> {
        let text = agent.text.unwrap_or_default();
        let (hash, sort) = hash_of_client(agent);
        if text.len() > LINE_LEN {
            return Some((place, self.clients.intern_hashed(hash, sort, text).0));
        }
        let Self { clients, waiting, .. } = self;
        clients.bring_place(hash);
        clients.bring_text(waiting.halfway());
        waiting.push(hash, sort, text, place).map(|waited| waited.number(clients))
    }

    /// What still waits.
    fn rest(&mut self) -> impl Iterator<Item = (Place, u32)> {
        let Self { clients, waiting, .. } = self;
        std::iter::from_fn(|| waiting.pop().map(|waited| waited.number(clients)))
    }
}

/// So many clients wait at the same time.
const WAITING: usize = 8;
/// Clients whose memory has been asked for, in the order of their arrival.
#[derive(Debug)]
struct Waiting {
    ring: [Waited; WAITING],
    /// How many have come, and how many have gone.
    come: usize,
    gone: usize,
}

#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Waited {
    /// No longer than a line.
    text: Line,
    hash: u64,
    sort: u32,
    place: Place,
}

impl Default for Waiting {
    fn default() -> Self {
        let none = Waited { text: [0; LINE_LEN], hash: 0, sort: 0, place: Place::default() };
        Self { ring: [none; WAITING], come: 0, gone: 0 }
    }
}

impl Waiting {
    /// The hash of the one that has waited for half of its time.
    #[inline]
    fn halfway(&self) -> u64 {
        self.ring[self.come.wrapping_sub(WAITING / 2) % WAITING].hash
    }

    /// Puts one behind the others, and gives the first where there is no more room.
    #[inline(always)]
    fn push(&mut self, hash: u64, sort: u32, text: &[u8], place: Place) -> Option<&Waited> {
        let is_full = self.come - self.gone == WAITING - 1;
        let slot = &mut self.ring[self.come % WAITING];
        *slot = Waited { text: padded(text), hash, sort, place };
        self.come += 1;
        if is_full { self.pop() } else { None }
    }

    #[inline]
    fn pop(&mut self) -> Option<&Waited> {
        let first = (self.gone < self.come).then_some(self.gone % WAITING)?;
        self.gone += 1;
        Some(&self.ring[first])
    }
}

impl Waited {
    #[inline]
    fn number(&self, clients: &mut Clients) -> (Place, u32) {
        (self.place, clients.intern_line(self.hash, self.sort, &self.text).0)
    }
}

impl Observed {
    /// Notes one observation that falls into that slot.
    ///
    /// Of records with the same `transaction` (see [`transaction`]) only the first is counted that
    /// the tally takes; `None` counts by itself.
    #[inline(always)]
    pub fn note(
        &mut self,
        observation: &Observation<'_>,
        slot: Slot,
        transaction: Option<u64>,
        numbering: &mut Numbering,
    ) {
        let user = observation.user;
        let hash = hash_of(user);
        self.len += 1;
        if self.parts.is_none() {
            self.parts = Some(no_records());
        }
        let Some(parts) = &mut self.parts else { return };
        let records = &mut parts[part_of(hash)];
        // Written where it stays: what was put together elsewhere would be waited for.
        let index = records.len();
        records.push(Record::EMPTY);
        let record = &mut records[index];
        record.bits = bits_of(hash);
        record.transaction = transaction.map_or(0, |fingerprint| fingerprint.max(1));
        record.micros = observation.moment.map_or(i64::MIN, Moment::micros);
        record.offset = observation.spot.offset;
        record.input = observation.spot.input;
        record.window = slot.window;
        record.day = slot.day;
        record.standing = observation.standing;
        record.evidence = observation.evidence;
        record.name_len = if user.len() <= INLINE_MAX { user.len() as u8 } else { LONG };
        let name = &mut record.name;
        if user.len() <= INLINE_MAX {
            short::copy(user, name);
        } else {
            let number = |number: usize| u32::try_from(number).expect("a block's names fit four gigabytes");
            name[..4].copy_from_slice(&number(self.long_names.len()).to_le_bytes());
            name[4..8].copy_from_slice(&number(user.len()).to_le_bytes());
            self.long_names.extend_from_slice(user);
        }
        // The next record of this part comes some sixty lines later.
        if let Some(next) = records.spare_capacity_mut().first() {
            bring(next);
        }
        let place = Place { part: part_of(hash) as u32, index: index as u32 };
        if let Some((place, client)) = numbering.number(observation.agent, place) {
            parts[place.part as usize][place.index as usize].client = client;
        }
    }

    /// Gives the records their clients' numbers that still lack them.
    fn settle(&mut self, numbering: &mut Numbering) {
        let Some(parts) = &mut self.parts else { return };
        for (place, client) in numbering.rest() {
            parts[place.part as usize][place.index as usize].client = client;
        }
    }

    /// How many observations there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Forgets the observations and keeps the memory.
    pub fn clear(&mut self) {
        self.parts.iter_mut().flat_map(|parts| parts.iter_mut()).for_each(Vec::clear);
        self.len = 0;
        self.long_names.clear();
        self.fresh.clear();
    }

    /// The records of one part, in the order of the stream.
    pub(super) fn of_part(&self, part: usize) -> &[Record] {
        self.parts.as_ref().map_or(&[], |parts| &parts[part])
    }

    /// The name of a record's user.
    pub(super) fn user<'t>(&'t self, record: &'t Record) -> &'t [u8] {
        if record.name_len != LONG {
            return &record.name[..usize::from(record.name_len)];
        }
        let (words, _) = record.name.as_chunks();
        let number = |place: usize| u32::from_le_bytes(words[place]) as usize;
        &self.long_names[number(0)..][..number(1)]
    }
}

#[cold]
fn no_records() -> Box<[Vec<Record>; PARTS]> {
    Box::new([const { Vec::new() }; PARTS])
}

/// The fingerprint of a transaction: Call-ID and CSeq in one stream.
#[inline(always)]
pub fn transaction(stream: u32, call_id: &[u8], cseq: &[u8]) -> u64 {
    // Each length is part of its hash, and so where one text ends and the other begins.
    short::hash(call_id, short::hash_by_words(cseq, stream.into()))
}

/// Which part of a tally a user of that hash belongs to.
pub(super) const fn part_of(hash: u64) -> usize {
    (hash >> 58) as usize
}

/// The bits of a hash by which a user is looked up within its part.
pub(super) const fn bits_of(hash: u64) -> u32 {
    (hash >> 26) as u32
}

/// The seed is fixed for repeatable timing; no output depends on it.
const SEED: u64 = 0x73_69_70_74_61_6C_6C_79;

#[inline(always)]
pub(super) fn hash_of(user: &[u8]) -> u64 {
    short::hash(user, SEED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_no_padding() {
        assert_eq!(size_of::<Record>(), 88);
    }
}

//! The scan without its end: the same blocks, in which records are found and nothing is counted.

use super::feed::Feed;
use super::piece::Piece;
use super::{BLOCKS_ABREAST, Meter, ScanError};
use crate::formats::scan::{Scanner, Scratch};
use crate::formats::snapshot::SnapshotReader;
use crate::model::{Event, Reject, Sink, Spot, Stamp};
use crate::pipeline::capture::{self, StreamReader};
use crate::pipeline::plan::{Form, Input, Plan};
use crate::pipeline::snapshot::feed;
use crate::read::{Accesses, Capture, Source, cut};
use rayon::prelude::*;
use std::collections::HashSet;
use std::hint::black_box;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// What is looked for in the blocks.
#[derive(Clone, Copy)]
pub enum Wanted<'s> {
    /// Line ends.
    Lines,
    /// Records.
    Records(&'s Scanner),
}

/// What was found: decoded bytes (of captures none, since those are read as packets), and lines
/// or records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    pub bytes: u64,
    pub found: u64,
}

impl Seen {
    fn and(self, other: Self) -> Self {
        Self { bytes: self.bytes + other.bytes, found: self.found + other.found }
    }
}

/// Goes through every input of the plan, on all cores.
///
/// # Errors
///
/// The first input that is unreadable, damaged, or changed while it was read.
pub fn pass(plan: &Plan, wanted: Wanted<'_>, block_len: usize, meter: &Meter) -> Result<Seen, ScanError> {
    let workers: Vec<Mutex<Worker>> = (0..rayon::current_num_threads()).map(|_| Mutex::default()).collect();
    let accesses = Accesses::default();
    let dry = Dry { wanted, workers: &workers, block_len, meter, accesses };
    let inputs = plan.inputs.par_iter().zip(0u32..plan.inputs.len() as u32);
    let each = inputs.map(|(input, rank)| match input.form {
        Form::Log => dry.log(input, rank),
        Form::Snapshot => dry.snapshot(input, rank),
        Form::Capture => dry.capture(input, rank),
    });
    each.try_reduce(Seen::default, |one, other| Ok(one.and(other)))
}

struct Dry<'p> {
    wanted: Wanted<'p>,
    /// One for each thread.
    workers: &'p [Mutex<Worker>],
    block_len: usize,
    meter: &'p Meter,
    accesses: Accesses,
}

/// What a thread reads into, and what it scans with.
#[derive(Default)]
struct Worker {
    buffer: Vec<u8>,
    scratch: Option<Scratch>,
}

impl Dry<'_> {
    fn check_interrupt(&self) -> Result<(), ScanError> {
        match self.meter.is_interrupted.load(Ordering::Relaxed) {
            true => Err(ScanError::Interrupted),
            false => Ok(()),
        }
    }

    /// Scans some blocks while the next are cut or decoded, as the scan itself does.
    fn log(&self, input: &Input, rank: u32) -> Result<Seen, ScanError> {
        let blocks = BLOCKS_ABREAST * rayon::current_num_threads();
        let mut feed = Feed::open(input, rank, false)?;
        let mut seen = Seen::default();
        let mut ready = Vec::new();
        loop {
            self.check_interrupt()?;
            let mut next = Vec::new();
            let scan =
                || ready.par_iter().map(|piece| self.piece(input, piece)).reduce(Seen::default, Seen::and);
            let (found, filled) =
                rayon::join(scan, || feed.fill(&mut next, self.block_len, blocks, &self.accesses));
            seen = seen.and(found);
            filled?;
            self.meter.raw_bytes.fetch_add(feed.take_raw_bytes(), Ordering::Relaxed);
            std::mem::replace(&mut ready, next).into_iter().for_each(|piece| {
                feed.pass(&piece);
                feed.recycle(piece);
            });
            if ready.is_empty() && feed.is_over() {
                feed.close(false)?;
                return Ok(seen);
            }
        }
    }

    fn piece(&self, input: &Input, piece: &Piece) -> Seen {
        let thread = rayon::current_thread_index().unwrap_or_default();
        let mut worker = self.workers[thread].lock().unwrap_or_else(PoisonError::into_inner);
        let Worker { buffer, scratch } = &mut *worker;
        let began = Instant::now();
        let bytes = piece.read(buffer, None);
        let found = match self.wanted {
            Wanted::Lines => lines(bytes),
            Wanted::Records(scanner) => {
                let scratch = scratch.get_or_insert_with(|| scanner.scratch());
                let mut ear = Ear::default();
                scanner.scan(&piece.block(bytes, input.allow_bare), scratch, &mut ear);
                ear.records
            }
        };
        piece.tell(&self.accesses, began);
        Seen { bytes: bytes.len() as u64, found }
    }

    /// A dump of the location table, block after block: a binding may begin in one and end in the
    /// next.
    fn snapshot(&self, input: &Input, rank: u32) -> Result<Seen, ScanError> {
        let mut seen = Seen::default();
        let mut reader = SnapshotReader::new();
        let mut ear = Ear::default();
        let mut take = |bytes: &[u8], offset: u64| {
            match self.wanted {
                Wanted::Lines => seen.found += lines(bytes),
                Wanted::Records(_) => feed(&mut reader, bytes, Spot { input: rank, offset }, &mut ear),
            }
            seen.bytes += bytes.len() as u64;
        };
        match input.open()? {
            Source::Mapped(mapped) => {
                for range in cut(mapped.bytes(), self.block_len) {
                    self.check_interrupt()?;
                    self.meter.raw_bytes.fetch_add(range.len() as u64, Ordering::Relaxed);
                    take(&mapped.bytes()[range.clone()], range.start as u64);
                }
                mapped.verify_unchanged()?;
            }
            Source::Stream(mut stream) => {
                while let Some(block) = stream.next_block(self.block_len)? {
                    self.check_interrupt()?;
                    take(&block.bytes, block.offset);
                    stream.recycle(block.bytes);
                }
                self.meter.raw_bytes.fetch_add(stream.raw_bytes_read(), Ordering::Relaxed);
                stream.verify_unchanged()?;
            }
        }
        reader.finish(&mut ear);
        seen.found += ear.records;
        Ok(seen)
    }

    /// A capture is read for its registrars first, and then for its messages. It has no lines.
    fn capture(&self, input: &Input, rank: u32) -> Result<Seen, ScanError> {
        let path = &input.found.path;
        self.meter.raw_bytes.fetch_add(input.raw_bytes.unwrap_or_default(), Ordering::Relaxed);
        if matches!(self.wanted, Wanted::Lines) {
            return Ok(Seen::default());
        }
        let registrars = match input.open()? {
            Source::Mapped(mapped) => capture::registrars(&mut Capture::new(path, mapped.bytes()))?,
            Source::Stream(stream) => {
                let mut reader = StreamReader::new(stream, None);
                let found = capture::registrars(&mut Capture::new(path, &mut reader));
                found.map_err(|error| reader.failure.take().unwrap_or(error))?
            }
        };
        let found = match input.open()? {
            Source::Mapped(mapped) => {
                let found = self.messages(Capture::new(path, mapped.bytes()), rank, &registrars)?;
                mapped.verify_unchanged()?;
                found
            }
            Source::Stream(stream) => {
                let mut reader = StreamReader::new(stream, None);
                let found = self.messages(Capture::new(path, &mut reader), rank, &registrars);
                if let Some(failure) = reader.failure.take() {
                    return Err(failure.into());
                }
                reader.into_stream().verify_unchanged()?;
                found?
            }
        };
        Ok(Seen { bytes: 0, found })
    }

    fn messages(
        &self,
        mut packets: Capture<impl Read>,
        rank: u32,
        registrars: &HashSet<SocketAddr>,
    ) -> Result<u64, ScanError> {
        let (mut ear, mut values) = (Ear::default(), Vec::new());
        while let Some(message) = packets.next_message()? {
            self.check_interrupt()?;
            capture::tell(&message, rank, registrars, &mut values, &mut ear);
        }
        Ok(ear.records)
    }
}

/// Lines as the scan counts them: what stands behind the last line end is one too.
fn lines(bytes: &[u8]) -> u64 {
    let ends = memchr::memchr_iter(b'\n', bytes).count() as u64;
    ends + u64::from(!bytes.is_empty() && !bytes.ends_with(b"\n"))
}

/// Hears of every record and remembers how many they were.
#[derive(Default)]
struct Ear {
    records: u64,
}

impl Sink for Ear {
    fn event(&mut self, event: &Event<'_>) {
        // Without it the compiler may leave out what was read in vain.
        black_box(event);
        self.records += 1;
    }

    fn other(&mut self, _: Spot, _: Stamp) {
        self.records += 1;
    }

    fn reject(&mut self, _: Reject) {
        self.records += 1;
    }
}

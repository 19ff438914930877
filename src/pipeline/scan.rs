//! Reading the inputs of a plan: blocks in parallel, what depends on order in order.

mod cutting;
pub mod dry;
mod feed;
mod forms;
mod piece;
mod settling;
mod step;

use super::clock::{Clock, Years};
use super::collect::{Collector, Counting, Memory, Trace, server_name};
use super::plan::{Form, Input, Plan};
use super::trace::{OwnLife, Proof};
use super::years::{Notable, Walk};
use crate::facts::Part;
use crate::formats::lines::lines_of;
use crate::formats::scan::{Scanner, Scratch};
use crate::model::{Civil, Unfinished};
use crate::read::{Accesses, Codec, Found, InputError, Leaf};
use crate::settle::Residue;
use crate::tally::{Numbering, Observed};
use feed::Feed;
use piece::Piece;
use settling::Settling;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// Bytes of a block: so many that looking for a dump in the 128 KiB before each cut costs little, and so few that
/// some of them keep every core busy.
pub const BLOCK_LEN: usize = 2 << 20;

/// Blocks of each core in one step: the more there are, the better both the scan and the counting keep what
/// they look up in the caches, and the more memory waits in between.
const BLOCKS_ABREAST: usize = 2;

/// So many plain files are open at once at most, since a process may not open any number.
const OPEN_MAX: usize = 32;

/// So many decoded bytes of a file are read ahead of the files before it: what is said in them
/// has to wait.
const AHEAD_MAX: u64 = 64 << 20;

/// How far a run has come; watched from another thread.
#[derive(Debug, Default)]
pub struct Meter {
    pub raw_bytes: AtomicU64,
    pub registrations: AtomicU64,
    /// Set from outside to stop the run.
    pub is_interrupted: AtomicBool,
}

impl Meter {
    /// Everything is read again from its beginning.
    pub fn begin_anew(&self) {
        self.raw_bytes.store(0, Ordering::Relaxed);
        self.registrations.store(0, Ordering::Relaxed);
    }
}

/// Why a scan gave up.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("interrupted")]
    Interrupted,
    /// The plan took a log for one in which no clock is put back and no year begins, by its ends or its start, its
    /// time and the operator's word; it has to be made anew by [`Setup::walks_first`](super::setup::Setup).
    #[error("{shown}: a year begins in it, or clocks are put back, where its start told of none")]
    Turned { shown: String },
    /// Inputs have stamps without a year and none where they begin, so that the plan knows no year for them; it has to be
    /// made anew with what [`Setup::learn`](super::setup::Setup::learn) keeps.
    #[error(
        "{}: stamps without a year stand behind its start, which has none, so that all has to be read once more; a pipe \
         is read but once, so give its content as a file",
        inputs.iter().map(|(found, _)| found.shown.as_str()).collect::<Vec<_>>().join(", ")
    )]
    Undated { inputs: Vec<(Found, Walk)> },
}

/// What a scan found, all streams settled.
#[derive(Debug, Default)]
pub struct Scan {
    /// Tally and accounts; the residue is settled and empty.
    pub part: Part,
    /// Digest of the raw bytes of each input, in the plan's order; zeros where nobody wants them.
    pub digests: Vec<blake3::Hash>,
    /// Accounts of each input, in the plan's order.
    pub lines: Vec<InputCounts>,
    /// Events of the user that was asked for, in the order of their places.
    pub traces: Vec<Trace>,
    /// What was counted of that user, in the order of its places.
    pub proofs: Vec<Proof>,
    /// Lives of that user's bindings.
    pub lives: Vec<OwnLife>,
    /// Inputs with stamps of which no year is known, where the plan expected none, and the walks over those.
    undated: Vec<(Found, Walk)>,
}

/// What one input held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InputCounts {
    pub bytes: u64,
    pub lines: u64,
    /// Records we know.
    pub records: u64,
    /// It ended inside a block of its compression, and was read to its last whole line.
    pub is_cut: bool,
    /// It has full dates without a zone.
    pub has_local: bool,
    /// Where its last record begins, if that has no line end, and what may be missing of it.
    pub unfinished: Option<(u64, Unfinished)>,
}

impl InputCounts {
    fn add(&mut self, scanned: &Scanned) {
        self.lines += scanned.lines;
        self.records += scanned.records;
        self.has_local |= scanned.has_local;
        self.unfinished = self.unfinished.or(scanned.unfinished);
    }
}

/// What is left of one worker between blocks. The tally of its part stays empty: what its blocks
/// say goes to the one tally of the run.
#[derive(Debug)]
struct Worker {
    scratch: Scratch,
    /// Bytes of a block that are read where they are scanned.
    buffer: Vec<u8>,
    memory: Memory,
    numbering: Numbering,
    part: Part,
    traces: Vec<Trace>,
}

impl Worker {
    fn new(scanner: &Scanner, number: usize) -> Self {
        Self {
            scratch: scanner.scratch(),
            buffer: Vec::new(),
            memory: Memory::default(),
            numbering: Numbering::of_worker(number),
            part: Part::default(),
            traces: Vec::new(),
        }
    }
}

/// Reads every input of the plan.
///
/// Blocks go to whatever worker is free, in steps. While the blocks of a step are scanned, what
/// those of the step before said is counted, its order-dependent records are settled in the order
/// of their stream, and the blocks of the next step are cut or decoded. So memory grows with what
/// is distinct and not with what is read.
///
/// # Errors
///
/// The first input that is unreadable, damaged, or changed while it was read; and what the plan did not foresee, for which
/// another one has to be made.
pub fn scan(
    plan: &Plan,
    scanner: &Scanner,
    counting: &Counting<'_>,
    block_len: usize,
    meter: &Meter,
) -> Result<Scan, ScanError> {
    // Among the workers, so that no step has to be handed over to them.
    rayon::scope(|_| scan_inside(plan, scanner, counting, block_len, meter))
}

fn scan_inside(
    plan: &Plan,
    scanner: &Scanner,
    counting: &Counting<'_>,
    block_len: usize,
    meter: &Meter,
) -> Result<Scan, ScanError> {
    let worker = |number| Mutex::new(Worker::new(scanner, number));
    let workers: Vec<Mutex<Worker>> = (0..rayon::current_num_threads()).map(worker).collect();
    let spares = Mutex::new(Vec::new());
    let accesses = Accesses::default();
    let run = Run { scanner, counting, block_len, meter, accesses, workers: &workers, spares: &spares };
    let mut scan = Scan::default();
    let mut settling = Settling::of(plan, counting, scanner.patterns().lack_agents(), workers.len());
    run.inputs(&plan.inputs, &mut settling, &mut scan)?;
    if !scan.undated.is_empty() {
        return Err(ScanError::Undated { inputs: scan.undated });
    }
    (scan.proofs, scan.lives) = settling.take_kept();
    let mut settled = settling.finish();
    for worker in workers {
        let worker = worker.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        settled = settled.join(worker.part);
        scan.traces.extend(worker.traces);
        scan.proofs.extend(worker.memory.proofs);
    }
    settled.tally.finish();
    scan.traces.sort_by_key(|trace| trace.spot);
    scan.proofs.sort_by_key(|proof| proof.spot);
    for counts in &scan.lines {
        settled.records.bytes += counts.bytes;
        settled.records.lines += counts.lines;
    }
    scan.part = settled;
    Ok(scan)
}

struct Run<'p> {
    scanner: &'p Scanner,
    counting: &'p Counting<'p>,
    block_len: usize,
    meter: &'p Meter,
    accesses: Accesses,
    workers: &'p [Mutex<Worker>],
    /// What has been settled, to be filled again: its memory grows once and is not given back
    /// block by block.
    spares: &'p Mutex<Vec<(Residue, Observed)>>,
}

/// An input that is being read, and what its blocks said that has to wait for the inputs before.
struct Reading<'p> {
    input: &'p Input,
    rank: u32,
    feed: Feed<'p>,
    /// Blocks that are ready to be scanned.
    ready: Vec<Piece>,
    said: Vec<Scanned>,
    said_bytes: u64,
    counts: InputCounts,
    /// Over the stamps of which no year is known.
    undated: Walk,
    failure: Option<InputError>,
}

impl Reading<'_> {
    /// Nothing more can be made ready.
    fn is_filled(&self) -> bool {
        self.feed.is_over() || self.failure.is_some()
    }

    /// Nothing more will come of it.
    fn is_over(&self) -> bool {
        self.ready.is_empty() && self.is_filled()
    }
}

impl Run<'_> {
    /// Reads the inputs, those of a stream behind one another.
    ///
    /// Blocks of plain files are read by all cores at once. Compressed files are decoded a core each, so
    /// several are under way, also of several streams. Only what the first file that is under way says is settled, and
    /// compressed ones wait when they are too far ahead.
    fn inputs<'p>(
        &self,
        inputs: &'p [Input],
        settling: &mut Settling<'_>,
        scan: &mut Scan,
    ) -> Result<(), ScanError> {
        let mut next = inputs.iter().zip(0..).peekable();
        let mut readings: VecDeque<Reading<'p>> = VecDeque::new();
        let mut said: Vec<Scanned> = Vec::new();
        // The first input of the stream that is being settled.
        let mut stream: Option<&Input> = None;
        let mut abreast = BLOCKS_ABREAST;
        loop {
            self.check_interrupt()?;
            while let Some((input, rank)) =
                next.next_if(|(input, _)| self.may_open(&readings, input, abreast))
            {
                readings.push_back(self.open(input, rank)?);
            }
            let Some(first) = readings.front_mut() else { break };
            if stream.is_none_or(|begun| begun.stream != first.input.stream) {
                settling.take(&mut said, self.spares);
                if let Some(ended) = stream.replace(first.input) {
                    settling.end_stream(ended);
                }
                settling.begin_stream(first.input);
            }
            said.append(&mut first.said);
            first.said_bytes = 0;
            if first.input.form != Form::Log {
                settling.take(&mut said, self.spares);
                let Some(reading) = readings.pop_front() else { break };
                self.whole(reading, settling, scan)?;
                continue;
            }
            if first.is_over() {
                if let Some(failure) = first.failure.take() {
                    return Err(failure.into());
                }
                if let Some(reading) = readings.pop_front() {
                    self.close(reading, scan)?;
                }
                continue;
            }
            self.step(&mut readings, &mut said, settling, &mut abreast);
        }
        settling.take(&mut said, self.spares);
        if let Some(ended) = stream {
            settling.end_stream(ended);
        }
        Ok(())
    }

    /// Whether one more input is opened: always one, as many plain logs as have the blocks of a step, and
    /// as many compressed ones as keep every core busy. What is said in all but the first has to wait and takes memory, so
    /// there are no more.
    fn may_open(&self, readings: &VecDeque<Reading<'_>>, next: &Input, abreast: usize) -> bool {
        let is_like_next = |reading: &Reading<'_>| {
            let [open, next] = [reading.input, next].map(|input| input.codec == Codec::Plain);
            open == next && reading.input.form == Form::Log
        };
        if readings.is_empty() {
            return true;
        }
        if next.form != Form::Log || !readings.iter().all(is_like_next) {
            return false;
        }
        let threads = rayon::current_num_threads();
        let most = match next.codec {
            Codec::Plain => {
                let wanted = (abreast * threads).min(OPEN_MAX);
                // One with nothing left is open all the same.
                let left = |reading: &Reading<'_>| reading.feed.blocks_left(self.block_len).clamp(1, wanted);
                return readings.iter().map(left).sum::<usize>() < wanted;
            }
            // Decoding takes about as long as all that is done with what is decoded, and of gzip longer; so one more
            // is begun, for whenever a core would wait for the others.
            Codec::Gzip => (threads / 2 + 1).min(threads),
            Codec::Zstd => threads.div_ceil(2),
            Codec::Bzip2 | Codec::Xz => threads,
        };
        readings.iter().filter(|reading| !reading.feed.is_over()).count() < most
    }

    fn open<'p>(&self, input: &'p Input, rank: u32) -> Result<Reading<'p>, ScanError> {
        Ok(Reading {
            input,
            rank,
            feed: Feed::open(input, rank, self.counting.wants_digests)?,
            ready: Vec::new(),
            said: Vec::new(),
            said_bytes: 0,
            counts: InputCounts::default(),
            undated: Walk::default(),
            failure: None,
        })
    }

    fn close(&self, reading: Reading<'_>, scan: &mut Scan) -> Result<(), ScanError> {
        let Reading { input, feed, mut counts, undated, .. } = reading;
        let end = feed.close(self.counting.wants_digests)?;
        if end.has_turned {
            return Err(ScanError::Turned { shown: input.found.shown.clone() });
        }
        counts.is_cut = end.is_cut;
        scan.digests.push(end.digest);
        scan.lines.push(counts);
        if !undated.is_empty() && !input.has_yearless {
            scan.undated.push((input.found.clone(), undated));
        }
        Ok(())
    }

    /// Cuts or decodes blocks of a later step until so many are ready. What is wrong with the input shows when its
    /// turn comes.
    fn fill(&self, reading: &mut Reading<'_>, blocks: usize) {
        reading.failure = reading.feed.fill(&mut reading.ready, self.block_len, blocks, &self.accesses).err();
        self.meter.raw_bytes.fetch_add(reading.feed.take_raw_bytes(), Ordering::Relaxed);
    }

    fn piece(&self, input: &Input, piece: &Piece) -> Scanned {
        let began = Instant::now();
        // Years that do not come with the block are those that the input began with, if it goes on like that.
        let mut notable = (input.walks_on && piece.years().is_none()).then(Notable::default);
        let (mut lines, mut leaves) = (0, Vec::new());
        let scan = |scratch: &mut Scratch, buffer: &mut Vec<u8>, collector: &mut Collector<'_>| {
            let bytes = piece.read(buffer, self.counting.wants_digests.then_some(&mut leaves));
            let block = piece.block(bytes, input.allow_bare);
            match &mut notable {
                Some(notable) => {
                    self.scanner.scan_lines(&block, scratch, notable, collector);
                    notable.close(bytes);
                    lines = notable.lines_len;
                }
                None => lines = self.scanner.scan(&block, scratch, collector),
            }
        };
        let scanned = self.listen_dated(input, piece.years().unwrap_or(&input.years), scan);
        // It has been counted with the block in which it begins.
        lines = lines.saturating_sub(u64::from(piece.begins_in_a_line()));
        piece.tell(&self.accesses, began);
        Scanned { lines, notable, leaves, ..scanned }
    }

    /// Lends the buffers of a free worker to whoever reads, and collects what is told. The lines of
    /// these bytes are counted.
    fn listen(
        &self,
        input: &Input,
        bytes: &[u8],
        read: impl FnOnce(&mut Scratch, &mut Collector<'_>),
    ) -> Scanned {
        let read = |scratch: &mut Scratch, _: &mut Vec<u8>, sink: &mut Collector<'_>| read(scratch, sink);
        Scanned { lines: lines_of(bytes), ..self.listen_dated(input, &input.years, read) }
    }

    /// The same, with the block's years and a buffer for it. No lines are counted.
    fn listen_dated(
        &self,
        input: &Input,
        years: &Years,
        read: impl FnOnce(&mut Scratch, &mut Vec<u8>, &mut Collector<'_>),
    ) -> Scanned {
        let worker = rayon::current_thread_index().expect("a scan runs among the workers");
        let mut worker = self.workers[worker].lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Worker { scratch, buffer, memory, numbering, part, traces } = &mut *worker;
        let spare = self.spares.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        let (residue, mut observed) = spare.unwrap_or_default();
        part.residue = residue;
        let records_before = part.records.known();
        let mut collector = Collector {
            input,
            server: server_name(input),
            has_agents_elsewhere: self.scanner.patterns().have_agents_elsewhere(),
            clock: Clock::new(input.zone.clone(), years).assuming(input.assumed),
            counting: self.counting,
            part,
            observed: &mut observed,
            numbering,
            memory,
            traces,
            unfinished: None,
        };
        read(scratch, buffer, &mut collector);
        collector.pause();
        let (has_local, undated) = (collector.clock.has_local(), collector.clock.take_undated());
        let unfinished = collector.unfinished;
        numbering.close(&mut observed);
        let records = part.records.known() - records_before;
        self.meter.registrations.fetch_add(records, Ordering::Relaxed);
        let residue = std::mem::take(&mut part.residue);
        let (lines, notable, leaves) = (0, None, Vec::new());
        Scanned { residue, observed, lines, records, has_local, unfinished, undated, notable, leaves }
    }

    fn check_interrupt(&self) -> Result<(), ScanError> {
        match self.meter.is_interrupted.load(Ordering::Relaxed) {
            true => Err(ScanError::Interrupted),
            false => Ok(()),
        }
    }
}

/// One block, scanned.
struct Scanned {
    residue: Residue,
    observed: Observed,
    lines: u64,
    records: u64,
    /// It has full dates without a zone.
    has_local: bool,
    /// Where a record at the end of the input begins that may be half written.
    unfinished: Option<(u64, Unfinished)>,
    /// Its stamps of which no year is known.
    undated: Vec<(Civil, u64)>,
    /// What its stamps may tell of the years of its input, where that goes by what is read.
    notable: Option<Notable>,
    /// What it tells of the digest of its file, if somebody wants that.
    leaves: Vec<Leaf>,
}

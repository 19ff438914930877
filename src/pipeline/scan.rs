//! Reading the inputs of a plan: blocks in parallel, what depends on order in order.

mod forms;

use super::capture;
use super::clock::Clock;
use super::collect::{Collector, Counting, Memory, Trace, count};
use super::lives::LifeCounter;
use super::plan::{Form, Input, Plan};
use super::servers::Servers;
use crate::facts::Part;
use crate::formats::frame;
use crate::formats::scan::{Block, LineEnds, Scanner, Scratch};
use crate::formats::sip::dump;
use crate::formats::snapshot::SnapshotReader;
use crate::model::{Observation, Spot};
use crate::read::{Capture, InputError, Mapped, OwnedBlock, Source, Stream};
use crate::settle::Residue;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bytes of a block: enough that its fixed costs vanish, few enough that a worker's stay in cache
/// and that a few dozen of them keep every core busy.
pub const BLOCK_LEN: usize = 1 << 20;

/// No record is so long; a stream in which none begins for that long is cut at a line's end.
const KEPT_MAX: usize = 8 << 20;

/// How far a run has come; watched from another thread.
#[derive(Debug, Default)]
pub struct Meter {
    pub raw_bytes: AtomicU64,
    pub registrations: AtomicU64,
    /// Set from outside to stop the run.
    pub is_interrupted: AtomicBool,
}

/// Why a scan gave up.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("interrupted")]
    Interrupted,
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
}

impl InputCounts {
    fn add(&mut self, scanned: &Scanned) {
        self.lines += scanned.lines;
        self.records += scanned.records;
    }
}

/// What is left of one worker between blocks.
#[derive(Debug)]
struct Worker {
    scratch: Scratch,
    memory: Memory,
    part: Part,
    traces: Vec<Trace>,
}

impl Worker {
    fn new(scanner: &Scanner) -> Self {
        Self {
            scratch: scanner.scratch(),
            memory: Memory::default(),
            part: Part::default(),
            traces: Vec::new(),
        }
    }
}

/// Reads every input of the plan.
///
/// Blocks go to whatever worker is free; each keeps a [`Part`] of its own, and those join in any
/// order. Residues are settled in the order of their stream while the next blocks are read, so
/// memory grows with what is distinct and not with what is read.
///
/// # Errors
///
/// The first input that is unreadable, damaged, or changed while it was read.
pub fn scan(
    plan: &Plan,
    scanner: &Scanner,
    counting: &Counting<'_>,
    block_len: usize,
    meter: &Meter,
) -> Result<Scan, ScanError> {
    let workers: Vec<Mutex<Worker>> =
        (0..=rayon::current_num_threads()).map(|_| Mutex::new(Worker::new(scanner))).collect();
    let spares = Mutex::new(Vec::new());
    let run = Run { scanner, counting, block_len, meter, workers: &workers, spares: &spares };
    let mut scan = Scan::default();
    let mut settled = Part::default();
    let mut memory = Memory::default();
    let mut servers = Servers::of(plan);
    let streams = plan.inputs.chunk_by(|a, b| a.stream == b.stream);
    let mut rank = 0;
    for stream in streams {
        let server = &stream[0].server;
        let mut settler = servers.take(server);
        settler.begin_stream(stream[0].lives);
        let mut settle = |residue: &Residue| {
            settled.tally.warm(residue.users());
            settler.take(residue, &mut |it| count(&mut settled.tally, it, counting, &mut memory));
        };
        for inputs in stream.chunks(rayon::current_num_threads().max(1)) {
            for read in run.inputs(inputs, rank, &mut settle)? {
                scan.digests.push(read.digest);
                scan.lines.push(read.counts);
            }
            rank += inputs.len() as u32;
        }
        let mut tell = |it: &Observation<'_>| count(&mut settled.tally, it, counting, &mut memory);
        settler.end_stream(&mut tell);
        if let Some(mut settler) = servers.put_back(server, settler) {
            let mut lives = LifeCounter::new(counting);
            settler.finish_lives(&mut |life, agent| lives.count(&mut settled.tally, life, agent));
            let mut tell = |it: &Observation<'_>| count(&mut settled.tally, it, counting, &mut memory);
            let counts = settler.finish(&mut tell);
            settled.records.unanswered += counts.unanswered;
            settled.records.unasked += counts.unasked;
            settled.records.repeated += counts.repeated;
        }
    }
    for worker in workers {
        let worker = worker.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        settled = settled.join(worker.part);
        scan.traces.extend(worker.traces);
    }
    settled.tally.finish();
    scan.traces.sort_by_key(|trace| trace.spot);
    for counts in &scan.lines {
        settled.records.bytes += counts.bytes;
        settled.records.lines += counts.lines;
    }
    scan.part = settled;
    Ok(scan)
}

/// One input, read to its end.
struct ReadInput {
    digest: blake3::Hash,
    counts: InputCounts,
}

struct Run<'p> {
    scanner: &'p Scanner,
    counting: &'p Counting<'p>,
    block_len: usize,
    meter: &'p Meter,
    workers: &'p [Mutex<Worker>],
    /// Residues to fill again: their memory grows once and is not given back block by block.
    spares: &'p Mutex<Vec<Residue>>,
}

impl Run<'_> {
    /// Reads neighbouring inputs of one stream: plain files block by block, in parallel within
    /// each; runs of compressed files each on a thread of its own.
    fn inputs(
        &self,
        inputs: &[Input],
        rank: u32,
        settle: &mut (impl FnMut(&Residue) + Send),
    ) -> Result<Vec<ReadInput>, ScanError> {
        let sources = inputs.iter().map(|input| self.open(input)).collect::<Result<Vec<_>, _>>()?;
        let are_streams =
            sources.len() > 1 && sources.iter().all(|source| matches!(source, Opened::Stream(..)));
        let ranked = inputs.iter().zip(sources).zip(rank..);
        if are_streams {
            let read: Vec<_> = ranked
                .collect::<Vec<_>>()
                .into_par_iter()
                .map(|((input, source), rank)| {
                    let mut residues = Residue::default();
                    let read = self.input(input, source, rank, &mut |residue| residues.append(residue))?;
                    Ok::<_, ScanError>((read, residues))
                })
                .collect();
            return read
                .into_iter()
                .map(|result| {
                    let (read, residue) = result?;
                    settle(&residue);
                    Ok(read)
                })
                .collect();
        }
        ranked.map(|((input, source), rank)| self.input(input, source, rank, settle)).collect()
    }

    fn open(&self, input: &Input) -> Result<Opened, ScanError> {
        let mut begun = input.begun.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(match begun.take() {
            Some((stream, first)) => Opened::Stream(stream, first),
            None => match input.open()? {
                Source::Mapped(mapped) => Opened::Mapped(mapped),
                Source::Stream(stream) => Opened::Stream(stream, None),
            },
        })
    }

    fn input(
        &self,
        input: &Input,
        source: Opened,
        rank: u32,
        settle: &mut (impl FnMut(&Residue) + Send),
    ) -> Result<ReadInput, ScanError> {
        match source {
            Opened::Mapped(mapped) => {
                let digest = || match self.counting.wants_digests {
                    true => mapped.digest(),
                    false => blake3::Hash::from_bytes([0; 32]),
                };
                let (digest, counts) =
                    rayon::join(digest, || self.mapped(input, mapped.bytes(), rank, settle));
                mapped.verify_unchanged()?;
                Ok(ReadInput { digest, counts: counts? })
            }
            Opened::Stream(stream, first) if input.form == Form::Capture => {
                self.stream_capture(input, stream, first, rank, settle)
            }
            Opened::Stream(stream, first) => self.stream(input, stream, first, rank, settle),
        }
    }

    /// Blocks of a memory map: a batch is scanned while the batch before it is settled.
    fn mapped(
        &self,
        input: &Input,
        bytes: &[u8],
        rank: u32,
        settle: &mut (impl FnMut(&Residue) + Send),
    ) -> Result<InputCounts, ScanError> {
        match input.form {
            Form::Log => {}
            Form::Snapshot => return self.mapped_snapshot(input, bytes, rank, settle),
            Form::Capture => {
                let path = &input.found.path;
                let registrars = capture::registrars(&mut Capture::new(path, bytes))?;
                let mut packets = Capture::new(path, bytes);
                let counts = self.capture(input, &mut packets, rank, &registrars, settle)?;
                self.meter.raw_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                return Ok(InputCounts { bytes: bytes.len() as u64, ..counts });
            }
        }
        let line_ends = line_ends(bytes);
        let mut cutter = Cutter::new(input, bytes, self.block_len);
        let mut counts = InputCounts { bytes: bytes.len() as u64, ..InputCounts::default() };
        let mut waiting: Vec<Scanned> = Vec::new();
        let mut batch = cutter.next_batch();
        while !batch.is_empty() {
            self.check_interrupt()?;
            let (scanned, next) = rayon::join(
                || -> Vec<Scanned> {
                    let scan = |range: &Range<usize>| {
                        let place = Place {
                            start: Spot { input: rank, offset: range.start as u64 },
                            follows_cr: bytes[..range.start].ends_with(b"\r\n"),
                            line_ends,
                        };
                        let scanned = self.block(input, &bytes[range.clone()], place);
                        self.meter.raw_bytes.fetch_add(range.len() as u64, Ordering::Relaxed);
                        scanned
                    };
                    batch.par_iter().map(scan).collect()
                },
                || {
                    waiting.drain(..).for_each(|scanned| self.settle(scanned.residue, settle));
                    cutter.next_batch()
                },
            );
            scanned.iter().for_each(|scanned| counts.add(scanned));
            (waiting, batch) = (scanned, next);
        }
        waiting.into_iter().for_each(|scanned| self.settle(scanned.residue, settle));
        Ok(counts)
    }

    fn stream(
        &self,
        input: &Input,
        mut stream: Stream,
        first: Option<OwnedBlock>,
        rank: u32,
        settle: &mut (impl FnMut(&Residue) + Send),
    ) -> Result<ReadInput, ScanError> {
        let mut counts = InputCounts::default();
        let (mut line_ends_known, mut has_records_known) = (None, None);
        let mut follows_cr = false;
        let mut next = match first {
            Some(block) => Some(block),
            None => stream.next_block(self.block_len)?,
        };
        let mut raw_read = 0;
        let mut layers = frame::Scratch::default();
        // What has been read and not scanned: a record may go on in the next block.
        let mut kept: Vec<u8> = Vec::new();
        let mut offset = 0;
        let mut reader = (input.form == Form::Snapshot).then(SnapshotReader::new);
        while let Some(block) = next {
            self.check_interrupt()?;
            let line_ends = *line_ends_known.get_or_insert_with(|| line_ends(&block.bytes));
            let has_records = *has_records_known.get_or_insert_with(|| has_records(input, &block.bytes));
            offset = if kept.is_empty() { block.offset } else { offset };
            kept.extend_from_slice(&block.bytes);
            stream.recycle(block.bytes);
            next = stream.next_block(self.block_len)?;
            let cut = match next {
                Some(_) if kept.len() < KEPT_MAX && reader.is_none() => {
                    dump::last_cut(&kept, has_records, &mut layers)
                }
                _ => kept.len(),
            };
            if cut > 0 {
                let place = Place { start: Spot { input: rank, offset }, follows_cr, line_ends };
                let scanned = match &mut reader {
                    Some(reader) => self.snapshot(input, &kept[..cut], place.start, reader),
                    None => self.block(input, &kept[..cut], place),
                };
                counts.bytes += cut as u64;
                counts.add(&scanned);
                self.settle(scanned.residue, settle);
                follows_cr = kept[..cut].ends_with(b"\r\n");
                kept.drain(..cut);
                offset += cut as u64;
            }
            let raw = stream.raw_bytes_read();
            self.meter.raw_bytes.fetch_add(raw - raw_read, Ordering::Relaxed);
            raw_read = raw;
        }
        if let Some(mut reader) = reader {
            let last = self.listen(input, b"", |_, sink| reader.finish(sink));
            counts.add(&last);
            self.settle(last.residue, settle);
        }
        stream.verify_unchanged()?;
        counts.is_cut = stream.is_cut();
        let digest = stream.digest().unwrap_or_else(|| blake3::hash(b""));
        Ok(ReadInput { digest, counts })
    }

    fn block(&self, input: &Input, bytes: &[u8], place: Place) -> Scanned {
        let block = Block {
            bytes,
            start: place.start,
            allow_bare: input.allow_bare,
            line_ends: place.line_ends,
            follows_cr: place.follows_cr,
        };
        self.listen(input, bytes, |scratch, collector| self.scanner.scan(&block, scratch, collector))
    }

    /// Lends the buffers of a free worker to whoever reads these bytes, and collects what is told.
    fn listen(
        &self,
        input: &Input,
        bytes: &[u8],
        read: impl FnOnce(&mut Scratch, &mut Collector<'_>),
    ) -> Scanned {
        let worker = rayon::current_thread_index().map_or(0, |index| index + 1);
        let mut worker = self.workers[worker].lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Worker { scratch, memory, part, traces } = &mut *worker;
        let records_before = part.records.known();
        let mut collector = Collector {
            input,
            clock: Clock::new(input.zone.clone(), input.years.clone()).assuming(input.assumed),
            counting: self.counting,
            part,
            memory,
            traces,
        };
        read(scratch, &mut collector);
        let records = part.records.known() - records_before;
        self.meter.registrations.fetch_add(records, Ordering::Relaxed);
        let ends = memchr::memchr_iter(b'\n', bytes).count() as u64;
        let lines = ends + u64::from(!bytes.is_empty() && !bytes.ends_with(b"\n"));
        let spare = self.spares.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        let residue = std::mem::replace(&mut part.residue, spare.unwrap_or_default());
        Scanned { residue, lines, records }
    }

    fn settle(&self, mut residue: Residue, settle: &mut (impl FnMut(&Residue) + Send)) {
        settle(&residue);
        residue.clear();
        self.spares.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(residue);
    }

    fn check_interrupt(&self) -> Result<(), ScanError> {
        match self.meter.is_interrupted.load(Ordering::Relaxed) {
            true => Err(ScanError::Interrupted),
            false => Ok(()),
        }
    }
}

/// Cuts a memory map into blocks that begin where records do, a batch at a time.
struct Cutter<'b> {
    bytes: &'b [u8],
    at: usize,
    target: usize,
    has_records: bool,
    layers: frame::Scratch,
}

impl<'b> Cutter<'b> {
    fn new(input: &Input, bytes: &'b [u8], target: usize) -> Self {
        let has_records = has_records(input, bytes);
        Self { bytes, at: 0, target, has_records, layers: frame::Scratch::default() }
    }

    /// Enough blocks for every worker; none where the bytes are over.
    fn next_batch(&mut self) -> Vec<Range<usize>> {
        let mut batch = Vec::new();
        while self.at < self.bytes.len() && batch.len() < 8 * rayon::current_num_threads() {
            let end = dump::cut(self.bytes, self.at, self.target, self.has_records, &mut self.layers);
            batch.push(self.at..end);
            self.at = end;
        }
        batch
    }
}

/// Whether some lines of the input open records and others do not, by its start.
fn has_records(input: &Input, bytes: &[u8]) -> bool {
    !input.allow_bare || dump::holds_records(&bytes[..bytes.len().min(64 << 10)])
}

enum Opened {
    Mapped(Mapped),
    Stream(Stream, Option<OwnedBlock>),
}

#[derive(Clone, Copy)]
struct Place {
    start: Spot,
    follows_cr: bool,
    line_ends: LineEnds,
}

/// One block, scanned.
struct Scanned {
    residue: Residue,
    lines: u64,
    records: u64,
}

/// How the lines of an input end, by its first one.
fn line_ends(bytes: &[u8]) -> LineEnds {
    match memchr::memchr(b'\n', bytes) {
        Some(at) if at > 0 && bytes[at - 1] == b'\r' => LineEnds::CrLf,
        _ => LineEnds::Lf,
    }
}

//! How fast these very inputs go through the program, and what keeps them from going faster.
//!
//! The same inputs are gone through again and again, each pass with more to do than the one
//! before: read, decoded, searched for records, counted. Every pass tells what it saw, and a pass
//! that saw something else than the others ends the run: times of different work say nothing.

mod limit;
mod memory;
mod touch;

use super::audit::AuditDays;
use super::collect::Counting;
use super::plan::{Form, Plan, PlanError};
use super::scan::dry::{self, Wanted};
use super::scan::{Meter, Scan, ScanError, scan};
use super::setup::Setup;
use super::survey::survey;
use crate::formats::scan::Scanner;
use crate::model::{Diagnosis, Pass, Standing, Throughput, Timing};
use crate::read::{Codec, Found, InputError, discover};
use memory::Peak;
use rayon::ThreadPool;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The passes behind the first reading, in their order.
const PASSES: [Pass; 6] = [Pass::Plan, Pass::Read, Pass::Decode, Pass::Lines, Pass::Scan, Pass::Full];

/// What is read, and how often.
pub struct Bench<'p> {
    pub paths: &'p [PathBuf],
    pub setup: &'p Setup,
    pub scanner: &'p Scanner,
    pub block_len: usize,
    /// Each pass runs so often with each number of threads; at least once.
    pub runs: u32,
    /// One thread, two, four, and so on up to so many.
    pub threads_max: usize,
}

/// What came out.
#[derive(Debug)]
pub struct Measured {
    pub throughput: Throughput,
    pub diagnosis: Diagnosis,
    /// What the user should know of the inputs.
    pub notes: Vec<String>,
}

/// Why nothing was measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// An input that comes once, such as a pipe.
    #[error("{shown}: can be read only once, and is to be read many times; save it to a file first")]
    Once { shown: String },
    /// Two passes over the same inputs saw different things.
    #[error(
        "the inputs changed between two passes: {pass} with {threads} saw {now} {fact}, and before there \
         were {before}; run again when nothing writes to them"
    )]
    Changed { pass: &'static str, threads: Threads, fact: Fact, now: u64, before: u64 },
    #[error("no {threads} can be had: {cause}")]
    Threads { threads: Threads, cause: rayon::ThreadPoolBuildError },
}

impl From<InputError> for BenchError {
    fn from(error: InputError) -> Self {
        ScanError::Input(error).into()
    }
}

/// A number of threads, in words.
#[derive(Debug, Clone, Copy)]
pub struct Threads(usize);

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} thread{}", self.0, if self.0 == 1 { "" } else { "s" })
    }
}

/// What every pass must see alike that sees it at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    RawBytes,
    /// Over the stored bytes.
    Sum,
    DecodedBytes,
    Lines,
    /// Records that the bare scan finds.
    Records,
    Registrations,
    Users,
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RawBytes => "bytes",
            Self::Sum => "as the sum of the bytes",
            Self::DecodedBytes => "decoded bytes",
            Self::Lines => "lines",
            Self::Records => "records",
            Self::Registrations => "registrations",
            Self::Users => "users",
        })
    }
}

/// The inputs behind the paths, not yet opened.
#[derive(Debug)]
pub struct Inputs {
    found: Vec<Found>,
    raw_bytes: u64,
}

impl Inputs {
    /// Finds the inputs behind the paths.
    ///
    /// # Errors
    ///
    /// A path that is missing, or one that can be read only once.
    pub fn find(paths: &[PathBuf]) -> Result<Self, BenchError> {
        let found = discover(paths)?.found;
        let mut raw_bytes = 0;
        for each in &found {
            // What cannot be asked says why when it is opened.
            let metadata = if each.is_stdin() { None } else { each.path.metadata().ok() };
            if each.is_stdin() || metadata.as_ref().is_some_and(|metadata| !metadata.is_file()) {
                return Err(BenchError::Once { shown: each.shown.clone() });
            }
            raw_bytes += metadata.map_or(0, |metadata| metadata.len());
        }
        Ok(Self { found, raw_bytes })
    }
}

impl Bench<'_> {
    /// Bytes that all passes together go over, for a progress bar.
    pub fn bytes_to_read(&self, inputs: &Inputs) -> u64 {
        let passes = PASSES.len() * thread_counts(self.threads_max).len();
        inputs.raw_bytes.saturating_mul(1 + passes as u64 * u64::from(self.runs.max(1)))
    }

    /// Runs every pass.
    ///
    /// # Errors
    ///
    /// What keeps the inputs from being read, as in the verb `users`; a change meanwhile; an
    /// interrupt.
    pub fn run(&self, inputs: &Inputs, meter: &Meter) -> Result<Measured, BenchError> {
        let pools = thread_counts(self.threads_max).into_iter().map(pool).collect::<Result<Vec<_>, _>>()?;
        let Some(widest) = pools.last() else { unreachable!("there is always one thread") };
        let found: Vec<&Found> = inputs.found.iter().collect();
        let fetched_before = memory::fetched_bytes();
        // Before anything else has looked into the files, since only now may they not be in memory.
        let first = self.time(widest, meter, inputs.raw_bytes, || {
            touch::read(&found, self.block_len, meter).map_err(BenchError::from).map(Outcome::Touched)
        })?;
        let first_fetched_bytes =
            memory::fetched_bytes().zip(fetched_before).map(|(now, before)| now.saturating_sub(before));
        let first_bytes = match first.outcome {
            Outcome::Touched(touched) => touched.bytes,
            _ => inputs.raw_bytes,
        };
        let plan = widest.install(|| survey(self.paths, self.setup, false))?;
        let compressed = plan.inputs.iter().filter(|input| input.codec != Codec::Plain).count() as u64;
        let mut timings = vec![Timing {
            pass: Pass::FirstRead,
            threads: widest.current_num_threads(),
            elapsed: first.elapsed,
            memory_bytes: first.memory_bytes,
        }];
        let mut ledger = Ledger::default();
        for pass in PASSES {
            if pass == Pass::Decode && compressed == 0 {
                let passed_over = pools.len() as u64 * u64::from(self.runs.max(1)) * inputs.raw_bytes;
                meter.raw_bytes.fetch_add(passed_over, Ordering::Relaxed);
                continue;
            }
            timings.extend(self.pass(pass, &plan, inputs, &pools, &mut ledger, meter)?);
        }
        let throughput = Throughput {
            inputs: plan.inputs.len() as u64,
            compressed,
            has_yearless: plan.inputs.iter().any(|input| !input.years.sections.is_empty()),
            raw_bytes: ledger.get(Fact::RawBytes),
            decoded_bytes: ledger.get(Fact::DecodedBytes),
            lines: ledger.get(Fact::Lines),
            registrations: ledger.get(Fact::Registrations),
            users: ledger.get(Fact::Users),
            runs: self.runs.max(1),
            first_bytes,
            first_fetched_bytes,
            timings,
        };
        Ok(Measured { diagnosis: limit::diagnosis(&throughput), throughput, notes: plan.notes })
    }

    /// One pass with every number of threads. These take turns, so that what else the machine does
    /// meanwhile falls on all of them.
    fn pass(
        &self,
        pass: Pass,
        plan: &Plan,
        inputs: &Inputs,
        pools: &[ThreadPool],
        ledger: &mut Ledger,
        meter: &Meter,
    ) -> Result<Vec<Timing>, BenchError> {
        let mut runs: Vec<Vec<(Duration, Option<u64>)>> = vec![Vec::new(); pools.len()];
        for _ in 0..self.runs.max(1) {
            for (pool, runs) in pools.iter().zip(&mut runs) {
                let timed = self.time(pool, meter, inputs.raw_bytes, || self.work(pass, plan, meter))?;
                ledger.enter(pass, pool.current_num_threads(), &timed.outcome.facts())?;
                runs.push((timed.elapsed, timed.memory_bytes));
            }
        }
        let timings = pools.iter().zip(runs).map(|(pool, runs)| {
            let (elapsed, memory): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
            Timing {
                pass,
                threads: pool.current_num_threads(),
                elapsed: median(elapsed, |low, high| (low + high) / 2),
                memory_bytes: median(memory, |low, high| Some(low?.midpoint(high?))),
            }
        });
        Ok(timings.collect())
    }

    fn work(&self, pass: Pass, plan: &Plan, meter: &Meter) -> Result<Outcome, BenchError> {
        let dry = |wanted| dry::pass(plan, wanted, self.block_len, meter);
        Ok(match pass {
            Pass::FirstRead | Pass::Read => {
                let found: Vec<&Found> = plan.inputs.iter().map(|input| &input.found).collect();
                Outcome::Touched(touch::read(&found, self.block_len, meter)?)
            }
            Pass::Plan => {
                survey(self.paths, self.setup, false)?;
                Outcome::Planned
            }
            Pass::Decode => Outcome::Decoded(touch::decode(plan, self.block_len, meter)?),
            Pass::Lines => Outcome::Searched(Fact::Lines, dry(Wanted::Lines)?),
            Pass::Scan => Outcome::Searched(Fact::Records, dry(Wanted::Records(self.scanner))?),
            Pass::Full => {
                let plan = survey(self.paths, self.setup, false)?;
                let counting = Counting {
                    days: &AuditDays::of_logs_from(plan.first()),
                    range: None,
                    push_sources: &self.setup.push_sources,
                    key: None,
                    wants_digests: false,
                };
                let scan = scan(&plan, self.scanner, &counting, self.block_len, meter)?;
                Outcome::Counted(Box::new((plan, scan)))
            }
        })
    }

    /// Runs some work with a clock and a look at the memory around it. What it made outlives both.
    fn time(
        &self,
        pool: &ThreadPool,
        meter: &Meter,
        raw_bytes: u64,
        work: impl FnOnce() -> Result<Outcome, BenchError> + Send,
    ) -> Result<Timed, BenchError> {
        if meter.is_interrupted.load(Ordering::Relaxed) {
            return Err(ScanError::Interrupted.into());
        }
        let before = meter.raw_bytes.load(Ordering::Relaxed);
        meter.registrations.store(0, Ordering::Relaxed);
        let peak = Peak::watch();
        let start = Instant::now();
        let outcome = pool.install(work);
        let elapsed = start.elapsed();
        let memory_bytes = peak.finish();
        // Not every pass says how far it is, and some inputs are left out of all but the first.
        meter.raw_bytes.store(before + raw_bytes, Ordering::Relaxed);
        Ok(Timed { outcome: outcome?, elapsed, memory_bytes })
    }
}

struct Timed {
    outcome: Outcome,
    elapsed: Duration,
    memory_bytes: Option<u64>,
}

/// What a pass made.
enum Outcome {
    Planned,
    Touched(touch::Touched),
    Decoded(u64),
    /// Lines or records.
    Searched(Fact, dry::Seen),
    Counted(Box<(Plan, Scan)>),
}

impl Outcome {
    /// What the pass saw. Bytes of captures are left out where the pass reads packets.
    fn facts(&self) -> Vec<(Fact, u64)> {
        match self {
            Self::Planned => Vec::new(),
            Self::Touched(touched) => vec![(Fact::RawBytes, touched.bytes), (Fact::Sum, touched.sum)],
            Self::Decoded(bytes) => vec![(Fact::DecodedBytes, *bytes)],
            Self::Searched(fact, seen) => vec![(Fact::DecodedBytes, seen.bytes), (*fact, seen.found)],
            Self::Counted(counted) => {
                let (plan, scan) = &**counted;
                let logs = plan.inputs.iter().zip(&scan.lines);
                let logs = logs.filter(|(input, _)| input.form != Form::Capture);
                vec![
                    (Fact::DecodedBytes, logs.map(|(_, counts)| counts.bytes).sum()),
                    (Fact::Lines, scan.lines.iter().map(|counts| counts.lines).sum()),
                    (Fact::Registrations, scan.part.tally.observed(Standing::Accepted)),
                    (Fact::Users, users(scan)),
                ]
            }
        }
    }
}

/// Distinct users by strict evidence, as the verb `users` lists them.
fn users(scan: &Scan) -> u64 {
    let counts = |standing: Standing| standing == Standing::Accepted || standing.is_sustained();
    let entries = scan.part.tally.entries().filter(|(_, entry)| counts(entry.standing));
    entries.map(|(user, _)| user).collect::<HashSet<_>>().len() as u64
}

/// What the passes before saw.
#[derive(Debug, Default)]
struct Ledger {
    facts: BTreeMap<Fact, u64>,
}

impl Ledger {
    /// Enters what a pass saw, or tells that one before saw something else.
    fn enter(&mut self, pass: Pass, threads: usize, facts: &[(Fact, u64)]) -> Result<(), BenchError> {
        for &(fact, now) in facts {
            let before = *self.facts.entry(fact).or_insert(now);
            if before != now {
                let (pass, threads) = (pass.name(), Threads(threads));
                return Err(BenchError::Changed { pass, threads, fact, now, before });
            }
        }
        Ok(())
    }

    fn get(&self, fact: Fact) -> u64 {
        self.facts.get(&fact).copied().unwrap_or_default()
    }
}

/// One, two, four, and so on below the most, and the most.
fn thread_counts(most: usize) -> Vec<usize> {
    let most = most.max(1);
    let below = std::iter::successors(Some(1usize), |count| count.checked_mul(2));
    below.take_while(|count| *count < most).chain([most]).collect()
}

fn pool(threads: usize) -> Result<ThreadPool, BenchError> {
    let built = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    built.map_err(|cause| BenchError::Threads { threads: Threads(threads), cause })
}

/// The middle value, or what is between the two in the middle.
///
/// # Panics
///
/// If there are none.
fn median<T: Copy + Ord>(mut values: Vec<T>, between: impl Fn(T, T) -> T) -> T {
    values.sort_unstable();
    let middle = values.len() / 2;
    match values.len() % 2 {
        1 => values[middle],
        _ => between(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests;

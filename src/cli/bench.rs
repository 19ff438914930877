//! `siptally bench`: how fast these very inputs go, and what keeps them from going faster.

use super::args::{BenchArgs, BenchFormatArg};
use super::failure::Failure;
use super::progress::Progress;
use super::run;
use crate::formats::scan::Scanner;
use crate::pipeline::bench::{Bench, BenchError, Inputs};
use crate::pipeline::scan::Meter;
use crate::pipeline::setup::Setup;
use crate::pipeline::survey::survey;
use crate::report;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::Arc;

/// Runs the verb.
pub fn run(args: &BenchArgs) -> Result<(), Failure> {
    let config = run::load_config(args.config.config.as_deref())?;
    let mut setup = run::setup(&args.logs, &config, false)?;
    let inputs = Inputs::find(&args.paths)?;
    let plan = survey(&args.paths, &setup, false)?;
    let scanner = Scanner::for_logs(setup.patterns.clone(), &plan.sample);
    drop(plan);
    let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let meter = Arc::new(Meter::default());
    run::interrupt_stops(&meter);
    let measure = |setup: &Setup| {
        let bench = Bench {
            paths: &args.paths,
            setup,
            scanner: &scanner,
            block_len: run::block_len(),
            runs: args.runs,
            threads_max: args.logs.jobs.unwrap_or_else(cores),
        };
        let is_wanted = !args.logs.quiet && !args.logs.no_progress;
        let progress = Progress::follow(&meter, bench.bytes_to_read(&inputs), is_wanted);
        let result = bench.run(&inputs, &meter);
        drop(progress);
        result
    };
    let mut result = measure(&setup);
    while let Err(BenchError::Scan(error)) = &result
        && setup.learn(error)
    {
        meter.begin_anew();
        result = measure(&setup);
    }
    let measured = result?;
    if !args.logs.quiet {
        measured.notes.iter().for_each(|note| say!("siptally: note: {note}"));
    }
    let out = &mut io::stdout().lock();
    let (throughput, diagnosis) = (&measured.throughput, &measured.diagnosis);
    match args.format {
        BenchFormatArg::Table => {
            out.write_all(report::bench_table(throughput, diagnosis, run::width()).as_bytes())?;
        }
        BenchFormatArg::Csv => report::write_bench_csv(out, args.csv.into(), throughput)?,
        BenchFormatArg::Ndjson => report::write_bench_ndjson(out, throughput)?,
        BenchFormatArg::Json => report::write_bench_json(out, throughput, diagnosis)?,
    }
    Ok(out.flush()?)
}

impl From<BenchError> for Failure {
    fn from(error: BenchError) -> Self {
        match error {
            BenchError::Plan(error) => error.into(),
            BenchError::Scan(error) => error.into(),
            BenchError::Changed { .. } => Self::Input(error.to_string()),
            BenchError::Once { .. } | BenchError::Threads { .. } => Self::Usage(error.to_string()),
        }
    }
}

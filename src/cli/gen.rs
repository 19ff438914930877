//! `siptally gen`: synthetic logs with the right answer beside them.

use super::args::{CompressionArg, GenArgs, GenFormatArg};
use super::failure::Failure;
use crate::generate::{self, Compression, Format, GenerateError, Length, Options, Written};
use jiff::tz::TimeZone;
use std::io;
use std::path::Path;

/// What is written where neither `--lines` nor `--size` says.
const LINES: u64 = 100_000;

/// Runs the verb.
pub fn run(args: &GenArgs) -> Result<(), Failure> {
    let options = options(args)?;
    if let Some(jobs) = args.jobs {
        // The pool can be built once a process, and this is the one place that this verb does.
        let built = rayon::ThreadPoolBuilder::new().num_threads(jobs).build_global();
        built.map_err(|error| Failure::Usage(format!("--jobs: {error}")))?;
    }
    if args.out.as_os_str() == "-" {
        if options.files > 1 {
            return Err(Failure::Usage("--files: standard output takes one".to_owned()));
        }
        return generate::to_writer(&options, &mut io::stdout()).map_err(failure);
    }
    let written = generate::to_folder(&options, &args.out).map_err(failure)?;
    if !args.quiet {
        tell(&args.out, &options, &written);
    }
    Ok(())
}

/// What was written, and what to do with it.
fn tell(folder: &Path, options: &Options, written: &Written) {
    let truth = &written.truth;
    let (folder, logs, book) = (folder.display(), written.logs.display(), written.book.display());
    say!(
        "siptally: {} lines, {} bytes: {} registrations of {} users; the right answer is in {folder}/truth.json",
        truth.lines,
        truth.bytes,
        truth.registrations,
        truth.users
    );
    say!("siptally: try   siptally users --summary --config {book} {logs}");
    if options.days >= 30 {
        say!("siptally: then  siptally bill --book {book} --out {folder}/bill {logs}");
    }
}

fn options(args: &GenArgs) -> Result<Options, Failure> {
    let format = Format::from(args.format);
    let start = TimeZone::UTC
        .to_timestamp(args.start.at(0, 0, 0, 0))
        .map_err(|error| Failure::Usage(format!("--start: {error}")))?;
    Ok(Options {
        format,
        length: args.size.or(args.lines.map(Length::Lines)).unwrap_or(Length::Lines(LINES)),
        users: args.users,
        seed: args.seed,
        start_seconds: start.as_second(),
        days: args.days,
        noise: args.noise.unwrap_or(format.noise()),
        scanners: args.scanners.unwrap_or_default(),
        refused: args.refused.unwrap_or_default(),
        retransmitted: args.retransmitted.unwrap_or_default(),
        deregistered: args.deregistered.unwrap_or(format.deregistered()),
        files: args.files,
        compression: match args.compress {
            CompressionArg::None => Compression::None,
            CompressionArg::Gzip => Compression::Gzip,
            CompressionArg::Zstd => Compression::Zstd,
        },
        hosts: args.hosts,
        domains: args.domain.iter().map(|domain| domain.to_ascii_lowercase()).collect(),
        lists_users: !args.no_truth_users,
    })
}

impl From<GenFormatArg> for Format {
    fn from(format: GenFormatArg) -> Self {
        match format {
            GenFormatArg::Kamailio => Self::Kamailio,
            GenFormatArg::OwnLine => Self::OwnLine,
            GenFormatArg::AsteriskPjsip => Self::AsteriskPjsip,
            GenFormatArg::ChanSip => Self::ChanSip,
            GenFormatArg::RequestReply => Self::RequestReply,
            GenFormatArg::SipDump => Self::SipDump,
        }
    }
}

fn failure(error: GenerateError) -> Failure {
    match error {
        GenerateError::Options(_) | GenerateError::Occupied(_) => Failure::Usage(error.to_string()),
        GenerateError::File { .. } => Failure::Input(error.to_string()),
        GenerateError::Output(error) => Failure::Output(error),
    }
}

//! Chunks to files, in their order, written while the next ones are made.

use super::book;
use super::chunk::{Counts, Plan};
use super::options::{Compression, GenerateError, Length, Options};
use super::truth::{self, Truth};
use flate2::write::GzEncoder;
use rayon::prelude::*;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What was written into a folder.
#[derive(Debug)]
pub struct Written {
    pub truth: Truth,
    /// The folder with the logs, and nothing else in it.
    pub logs: PathBuf,
    /// A price book that these logs can be billed with.
    pub book: PathBuf,
}

/// Writes logs into `folder/logs`, and beside them `truth.json`, `truth-users.csv`, a price book and, where the
/// format asks for one, a pattern file. `truth.json` comes last, so a folder without it is unfinished.
///
/// # Errors
///
/// Options that cannot be, a folder that holds something already, and what the disk says.
pub fn to_folder(options: &Options, folder: &Path) -> Result<Written, GenerateError> {
    options.check()?;
    let is_free = fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    if !is_free {
        return Err(GenerateError::Occupied(folder.to_owned()));
    }
    let plan = plan(options);
    let logs = folder.join("logs");
    fs::create_dir_all(&logs).map_err(GenerateError::file(&logs))?;
    let files = u64::from(options.files).min(plan.chunks);
    let counts = (0..files)
        .into_par_iter()
        .map(|file| {
            let mut path = logs.join(options.format.file_name());
            let older = files - 1 - file;
            if older > 0 {
                path.as_mut_os_string().push(format!(".{older}"));
            }
            path.as_mut_os_string().push(options.compression.suffix());
            let chunks = plan.chunks * file / files..plan.chunks * (file + 1) / files;
            let out = File::create(&path).map_err(GenerateError::file(&path))?;
            compressed(&plan, chunks, options.compression, out).map_err(GenerateError::file(&path))
        })
        .try_reduce(Counts::default, |mut all, counts| {
            all += counts;
            Ok(all)
        })?;
    let truth = if options.lists_users {
        let path = folder.join("truth-users.csv");
        let result = File::create(&path).and_then(|file| {
            let mut out = BufWriter::new(file);
            let truth = truth::write_users(&plan, options, counts, &mut out)?;
            out.flush()?;
            Ok(truth)
        });
        result.map_err(GenerateError::file(&path))?
    } else {
        truth::write_users(&plan, options, counts, &mut io::sink()).map_err(GenerateError::Output)?
    };
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::write(&path, text).map_err(GenerateError::file(&path))?;
        Ok(path)
    };
    if let Some(patterns) = book::patterns(options.format) {
        write("pattern.toml", patterns)?;
    }
    let book = write("book.toml", &book::book(options))?;
    // Last: a folder without it is unfinished.
    write("truth.json", &truth.json())?;
    Ok(Written { truth, logs, book })
}

/// Writes one log, as one file, to a writer, and nothing besides.
///
/// # Errors
///
/// Options that cannot be, and what the writer says.
pub fn to_writer(options: &Options, out: &mut (dyn Write + Send)) -> Result<(), GenerateError> {
    options.check()?;
    let plan = plan(options);
    compressed(&plan, 0..plan.chunks, options.compression, out).map(drop).map_err(GenerateError::Output)
}

/// The plan of a log of the length asked for.
///
/// How many steps that takes is judged by a sample from the middle of a log like it.
fn plan(options: &Options) -> Plan {
    const SAMPLE_STEPS: u64 = 1 << 16;
    let length_of = |steps: u64| {
        let sample = Plan::new(&Options { files: 1, ..options.clone() }, steps);
        let mut counts = Counts::default();
        (sample.chunks / 2..sample.chunks.min(sample.chunks / 2 + 2))
            .for_each(|chunk| counts += sample.write(chunk, &mut Vec::new()));
        counts
    };
    let scaled = |wanted: u64, part: u64, steps: u64| {
        u64::try_from(u128::from(wanted) * u128::from(steps) / u128::from(part.max(1)))
            .unwrap_or(u64::MAX)
            .max(1)
    };
    let sample = length_of(SAMPLE_STEPS);
    let steps = match options.length {
        // A format of one line a record gives exactly what was asked for.
        Length::Lines(lines) => scaled(lines, sample.lines, sample.steps()),
        // Call numbers grow with the log, and the line with them: judged again at the right size.
        Length::Bytes(bytes) => {
            let steps = scaled(bytes, sample.bytes, sample.steps());
            let sample = length_of(steps);
            scaled(bytes, sample.bytes, sample.steps())
        }
    };
    Plan::new(options, steps)
}

/// Writes chunks one behind the other as one stream.
fn compressed<W: Write + Send>(
    plan: &Plan,
    chunks: Range<u64>,
    compression: Compression,
    mut out: W,
) -> io::Result<Counts> {
    match compression {
        Compression::None => {
            let counts = write_chunks(plan, chunks, &mut out)?;
            out.flush()?;
            Ok(counts)
        }
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(out, flate2::Compression::default());
            let counts = write_chunks(plan, chunks, &mut encoder)?;
            encoder.finish()?.flush()?;
            Ok(counts)
        }
        Compression::Zstd => {
            let mut encoder = zstd::Encoder::new(out, zstd::DEFAULT_COMPRESSION_LEVEL)?;
            encoder.include_checksum(true)?;
            let counts = write_chunks(plan, chunks, &mut encoder)?;
            encoder.finish()?.flush()?;
            Ok(counts)
        }
    }
}

/// Makes a batch of chunks on all cores while the one before is written.
fn write_chunks(plan: &Plan, chunks: Range<u64>, out: &mut (impl Write + Send)) -> io::Result<Counts> {
    let batch_len = 2 * rayon::current_num_threads() as u64;
    let mut counts = Counts::default();
    let mut ready: Vec<(Vec<u8>, Counts)> = Vec::new();
    let mut spares: Vec<Vec<u8>> = Vec::new();
    let mut next = chunks.start;
    while next < chunks.end || !ready.is_empty() {
        let batch = next..chunks.end.min(next + batch_len);
        next = batch.end;
        let mut buffers = std::mem::take(&mut spares);
        buffers.resize_with((batch.end - batch.start) as usize, Vec::new);
        let (written, made) = rayon::join(
            || ready.iter().try_for_each(|(bytes, _)| out.write_all(bytes)),
            || {
                let numbered = buffers.into_par_iter().enumerate();
                numbered
                    .map(|(number, mut bytes)| {
                        bytes.clear();
                        let counts = plan.write(batch.start + number as u64, &mut bytes);
                        (bytes, counts)
                    })
                    .collect::<Vec<_>>()
            },
        );
        written?;
        made.iter().for_each(|(_, made)| counts += *made);
        spares.extend(std::mem::replace(&mut ready, made).into_iter().map(|(bytes, _)| bytes));
    }
    Ok(counts)
}

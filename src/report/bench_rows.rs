//! How fast the inputs went through the program, for scripts: `bench --format csv|ndjson|json`.

use super::bench_text::verdict;
use super::{Dialect, Sheet};
use crate::model::{Diagnosis, Pass, Throughput, Timing};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

const COLUMNS: [&str; 10] = [
    "pass",
    "threads",
    "seconds",
    "raw_gb_per_second",
    "decoded_gb_per_second",
    "lines_per_second",
    "registrations_per_second",
    "users",
    "memory_bytes",
    "speedup",
];

/// One pass with one number of threads. What the pass does not see is `None`.
#[derive(Serialize)]
pub(super) struct Row {
    pub pass: &'static str,
    pub threads: usize,
    pub seconds: f64,
    /// Of stored bytes; a gigabyte is a thousand million.
    pub raw_gb_per_second: Option<f64>,
    pub decoded_gb_per_second: Option<f64>,
    pub lines_per_second: Option<u64>,
    pub registrations_per_second: Option<u64>,
    pub users: Option<u64>,
    pub memory_bytes: Option<u64>,
    /// Against the same pass with one thread.
    pub speedup: Option<f64>,
}

/// The passes in their order.
pub(super) fn rows(measured: &Throughput) -> Vec<Row> {
    measured.timings.iter().map(|timing| row(measured, timing)).collect()
}

fn row(measured: &Throughput, timing: &Timing) -> Row {
    let Timing { pass, threads, elapsed, memory_bytes } = *timing;
    let gigabytes = |bytes: u64| (bytes > 0).then(|| rounded(per_second(bytes, elapsed) / 1e9, 3));
    let each = |count: u64| per_second(count, elapsed).round() as u64;
    let one = if pass == Pass::FirstRead { None } else { measured.elapsed(pass, 1) };
    Row {
        pass: pass.name(),
        threads,
        seconds: rounded(elapsed.as_secs_f64(), 6),
        raw_gb_per_second: (pass != Pass::Plan).then(|| gigabytes(measured.raw_bytes_of(pass))).flatten(),
        decoded_gb_per_second: (pass >= Pass::Decode).then(|| gigabytes(measured.decoded_bytes)).flatten(),
        lines_per_second: (pass >= Pass::Lines).then(|| each(measured.lines)),
        registrations_per_second: (pass == Pass::Full).then(|| each(measured.registrations)),
        users: (pass == Pass::Full).then_some(measured.users),
        memory_bytes,
        speedup: one.map(|one| rounded(one.as_secs_f64() / elapsed.as_secs_f64().max(1e-9), 2)),
    }
}

/// So much each second; no time at all is taken for a nanosecond.
pub(super) fn per_second(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64().max(1e-9)
}

/// With so many digits behind the point: more would be the clock's noise.
fn rounded(number: f64, digits: i32) -> f64 {
    let shift = 10f64.powi(digits);
    (number * shift).round() / shift
}

/// Writes a row for each pass and number of threads.
///
/// # Errors
///
/// What the writer says.
pub fn write_bench_csv(out: &mut dyn Write, dialect: Dialect, measured: &Throughput) -> io::Result<()> {
    let mut sheet = Sheet::new(out, dialect, &COLUMNS);
    for row in rows(measured) {
        sheet.row(|cells| {
            cells.value(row.pass);
            cells.value(row.threads);
            cells.value(row.seconds);
            cells.optional(row.raw_gb_per_second);
            cells.optional(row.decoded_gb_per_second);
            cells.optional(row.lines_per_second);
            cells.optional(row.registrations_per_second);
            cells.optional(row.users);
            cells.optional(row.memory_bytes);
            cells.optional(row.speedup);
        })?;
    }
    sheet.finish()
}

/// Writes the same rows, one JSON object a line.
///
/// # Errors
///
/// What the writer says.
pub fn write_bench_ndjson(out: &mut dyn Write, measured: &Throughput) -> io::Result<()> {
    for row in rows(measured) {
        serde_json::to_writer(&mut *out, &row)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Whole<'t> {
    inputs: u64,
    compressed: u64,
    raw_bytes: u64,
    decoded_bytes: u64,
    lines: u64,
    registrations: u64,
    users: u64,
    runs: u32,
    was_cold: bool,
    limit: &'t str,
    /// Where the time of the full pass goes, in percent.
    shares: BTreeMap<&'t str, u32>,
    verdict: String,
    passes: Vec<Row>,
}

/// Writes one JSON object with what the inputs hold, the rows, and what limits them.
///
/// # Errors
///
/// What the writer says.
pub fn write_bench_json(out: &mut dyn Write, measured: &Throughput, diagnosis: &Diagnosis) -> io::Result<()> {
    let whole = Whole {
        inputs: measured.inputs,
        compressed: measured.compressed,
        raw_bytes: measured.raw_bytes,
        decoded_bytes: measured.decoded_bytes,
        lines: measured.lines,
        registrations: measured.registrations,
        users: measured.users,
        runs: measured.runs,
        was_cold: diagnosis.was_cold,
        limit: diagnosis.limit.name(),
        shares: diagnosis.shares.iter().map(|(share, percent)| (share.name(), *percent)).collect(),
        verdict: verdict(measured, diagnosis).join(" "),
        passes: rows(measured),
    };
    serde_json::to_writer_pretty(&mut *out, &whole)?;
    out.write_all(b"\n")
}

/// Results of runs that never were.
#[cfg(test)]
pub(super) mod samples {
    use super::*;

    fn timings(passes: &[(Pass, usize, u64)]) -> Vec<Timing> {
        let timing = |&(pass, threads, millis): &(Pass, usize, u64)| Timing {
            pass,
            threads,
            elapsed: Duration::from_millis(millis),
            memory_bytes: (pass != Pass::Plan).then_some(12_300_000),
        };
        passes.iter().map(timing).collect()
    }

    /// A gigabyte of plain text, with one thread and two.
    pub fn plain() -> Throughput {
        let passes = [
            (Pass::FirstRead, 2, 210),
            (Pass::Plan, 1, 10),
            (Pass::Plan, 2, 10),
            (Pass::Read, 1, 200),
            (Pass::Read, 2, 100),
            (Pass::Lines, 1, 150),
            (Pass::Lines, 2, 100),
            (Pass::Scan, 1, 900),
            (Pass::Scan, 2, 500),
            (Pass::Full, 1, 1500),
            (Pass::Full, 2, 800),
        ];
        Throughput {
            inputs: 1,
            compressed: 0,
            has_yearless: false,
            raw_bytes: 1_000_000_000,
            decoded_bytes: 1_000_000_000,
            lines: 4_000_000,
            registrations: 3_000_000,
            users: 20_000,
            runs: 3,
            first_bytes: 1_000_000_000,
            first_fetched_bytes: Some(0),
            timings: timings(&passes),
        }
    }

    /// The same in four files, compressed.
    pub fn compressed() -> Throughput {
        let passes = [
            (Pass::FirstRead, 1, 10),
            (Pass::Plan, 1, 1),
            (Pass::Read, 1, 10),
            (Pass::Decode, 1, 2000),
            (Pass::Lines, 1, 2000),
            (Pass::Scan, 1, 2050),
            (Pass::Full, 1, 2100),
        ];
        let timings = timings(&passes);
        Throughput {
            inputs: 4,
            compressed: 4,
            raw_bytes: 100_000_000,
            first_bytes: 100_000_000,
            timings,
            ..plain()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::written;
    use super::samples::{compressed, plain};
    use super::*;
    use crate::model::{Limit, Share};

    #[test]
    fn what_a_pass_does_not_see_is_an_empty_cell() {
        let csv = written(|out| write_bench_csv(out, Dialect::Machine, &compressed()));
        insta::assert_snapshot!(csv, @r"
        pass,threads,seconds,raw_gb_per_second,decoded_gb_per_second,lines_per_second,registrations_per_second,users,memory_bytes,speedup
        first read,1,0.01,10,,,,,12300000,
        plan,1,0.001,,,,,,,1
        read,1,0.01,10,,,,,12300000,1
        decode,1,2,0.05,0.5,,,,12300000,1
        lines,1,2,0.05,0.5,2000000,,,12300000,1
        scan,1,2.05,0.049,0.488,1951220,,,12300000,1
        full,1,2.1,0.048,0.476,1904762,1428571,20000,12300000,1
        ");
    }

    #[test]
    fn a_row_of_json_has_the_columns_as_keys() {
        let ndjson = written(|out| write_bench_ndjson(out, &plain()));
        let last: serde_json::Value = serde_json::from_str(ndjson.lines().last().unwrap()).unwrap();
        let keys: Vec<&String> = last.as_object().unwrap().keys().collect();
        assert_eq!(keys.len(), COLUMNS.len());
        assert!(COLUMNS.iter().all(|column| keys.iter().any(|key| key == column)), "{keys:?}");
        assert_eq!((&last["speedup"], &last["registrations_per_second"]), (&1.88.into(), &3_750_000.into()));
    }

    #[test]
    fn the_whole_names_the_limit_and_the_shares() {
        let diagnosis = Diagnosis {
            limit: Limit::Share(Share::Counting),
            shares: vec![(Share::Scanning, 40), (Share::Counting, 60)],
            was_cold: true,
        };
        let json = written(|out| write_bench_json(out, &plain(), &diagnosis));
        let whole: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&whole["limit"], &whole["shares"]["counting"]), (&"set".into(), &60.into()));
        assert_eq!(whole["passes"].as_array().unwrap().len(), 11);
    }
}

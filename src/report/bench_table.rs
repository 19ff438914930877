//! How fast the inputs went through the program, for a terminal: `bench --format table`.

use super::bench_rows::{Row, rows};
use super::bench_text::{gigabytes, held, verdict};
use super::digits::grouped;
use super::table::{Column, Table};
use crate::model::{Diagnosis, Throughput};

/// Sentences are no wider, so that they can be read.
const WIDTH: usize = 100;

/// What the inputs hold, a line for each pass and number of threads, and what limits them.
pub fn bench_table(measured: &Throughput, diagnosis: &Diagnosis, width: Option<usize>) -> String {
    let has_decoded = measured.compressed > 0;
    let mut columns = vec![
        Column::text("pass"),
        Column::number("threads"),
        Column::number("seconds"),
        Column::number("GB/s"),
    ];
    if has_decoded {
        columns.push(Column::number("decoded GB/s"));
    }
    columns.extend([
        Column::number("lines/s"),
        Column::number("registrations/s"),
        Column::number("memory"),
        Column::number("speedup"),
    ]);
    let mut table = Table::new(columns);
    for row in rows(measured) {
        table.push(cells(&row, has_decoded));
    }
    let table = table.lines(width).plain();
    let mut out = format!("{}\n\n{table}", held(measured));
    for paragraph in verdict(measured, diagnosis) {
        out.push('\n');
        push_wrapped(&mut out, &paragraph, width.unwrap_or(WIDTH).min(WIDTH));
    }
    out
}

/// The words in lines of at most `width` characters, where none is longer by itself.
fn push_wrapped(out: &mut String, text: &str, width: usize) {
    let mut used = 0;
    for word in text.split(' ') {
        let len = word.chars().count();
        if used > 0 && used + 1 + len > width {
            out.push('\n');
            used = 0;
        } else if used > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += len;
    }
    out.push('\n');
}

fn cells(row: &Row, has_decoded: bool) -> Vec<String> {
    let dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let rate = |rate: Option<f64>| dash(rate.map(gigabytes));
    let count = |count: Option<u64>| dash(count.map(grouped));
    let mut cells = vec![
        row.pass.to_owned(),
        row.threads.to_string(),
        format!("{:.3}", row.seconds),
        rate(row.raw_gb_per_second),
    ];
    if has_decoded {
        cells.push(rate(row.decoded_gb_per_second));
    }
    cells.extend([
        count(row.lines_per_second),
        count(row.registrations_per_second),
        dash(row.memory_bytes.map(|bytes| format!("{} MB", grouped(bytes.div_ceil(1_000_000))))),
        dash(row.speedup.map(|speedup| format!("{speedup:.2}"))),
    ]);
    cells
}

#[cfg(test)]
mod tests {
    use super::super::bench_rows::samples::{compressed, plain};
    use super::*;
    use crate::model::{Limit, Share};

    fn diagnosis(limit: Limit, shares: &[(Share, u32)]) -> Diagnosis {
        Diagnosis { limit, shares: shares.to_vec(), was_cold: false }
    }

    #[test]
    fn each_pass_is_told_for_each_number_of_threads() {
        let shares =
            [(Share::Planning, 1), (Share::Reading, 9), (Share::Scanning, 60), (Share::Counting, 30)];
        let diagnosis = diagnosis(Limit::Share(Share::Scanning), &shares);
        insta::assert_snapshot!(bench_table(&plain(), &diagnosis, None), @r"
        1 input, 1.0 GB, 4,000,000 lines: 3,000,000 registrations of 20,000 users; medians of 3 runs

        pass        threads  seconds   GB/s     lines/s  registrations/s  memory  speedup
        ─────────────────────────────────────────────────────────────────────────────────
        first read        2    0.210   4.76           -                -   13 MB        -
        plan              1    0.010      -           -                -       -     1.00
        plan              2    0.010      -           -                -       -     1.00
        read              1    0.200   5.00           -                -   13 MB     1.00
        read              2    0.100  10.00           -                -   13 MB     2.00
        lines             1    0.150   6.67  26,666,667                -   13 MB     1.00
        lines             2    0.100  10.00  40,000,000                -   13 MB     1.50
        scan              1    0.900   1.11   4,444,444                -   13 MB     1.00
        scan              2    0.500   2.00   8,000,000                -   13 MB     1.80
        full              1    1.500   0.67   2,666,667        2,000,000   13 MB     1.00
        full              2    0.800   1.25   5,000,000        3,750,000   13 MB     1.88

        Where the time goes with 2 threads: planning 1 %, reading 9 %, scanning 60 %, counting 30 %.

        The scan is the limit: finding the records and reading them. 2 threads made it 1.8 times as fast,
        and more cores would help.

        The files were in memory from the start, so nothing is known of the disk. It would be the limit at
        less than 1.25 GB/s.
        ");
    }

    #[test]
    fn sentences_are_broken_between_words() {
        let mut out = String::new();
        push_wrapped(&mut out, "one two three-and-more four", 8);
        assert_eq!(out, "one two\nthree-and-more\nfour\n");
    }

    #[test]
    fn what_is_compressed_has_a_rate_of_its_own() {
        let shares = [(Share::Reading, 2), (Share::Decoding, 98)];
        let diagnosis = diagnosis(Limit::Share(Share::Decoding), &shares);
        insta::assert_snapshot!(bench_table(&compressed(), &diagnosis, None), @r"
        4 inputs, 100.0 MB (1.0 GB decoded), 4,000,000 lines: 3,000,000 registrations of 20,000 users; medians of 3 runs

        pass        threads  seconds   GB/s  decoded GB/s    lines/s  registrations/s  memory  speedup
        ──────────────────────────────────────────────────────────────────────────────────────────────
        first read        1    0.010  10.00             -          -                -   13 MB        -
        plan              1    0.001      -             -          -                -       -     1.00
        read              1    0.010  10.00             -          -                -   13 MB     1.00
        decode            1    2.000  0.050          0.50          -                -   13 MB     1.00
        lines             1    2.000  0.050          0.50  2,000,000                -   13 MB     1.00
        scan              1    2.050  0.049          0.49  1,951,220                -   13 MB     1.00
        full              1    2.100  0.048          0.48  1,904,762        1,428,571   13 MB     1.00

        Where the time goes with 1 thread: reading 2 %, decoding 98 %.

        The decoder is the limit: zstd is decoded faster than gzip, and that faster than xz or bzip2. More
        threads (-j) may help.

        The files were in memory from the start, so nothing is known of the disk. It would be the limit at
        less than 0.048 GB/s.
        ");
    }
}

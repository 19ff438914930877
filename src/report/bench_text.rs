//! What a measurement means, in sentences.

use super::bench_rows::per_second;
use super::digits::grouped;
use crate::model::{Diagnosis, Limit, Pass, Share, Throughput};

/// Below it more threads are no help that anybody would notice.
const SPEEDUP_MIN: f64 = 1.3;

/// From so many users on, the set is larger than any processor's cache.
const USERS_IN_CACHE: u64 = 1_000_000;

/// What the inputs hold, in one line.
pub(super) fn held(measured: &Throughput) -> String {
    let decoded = match measured.compressed {
        0 => String::new(),
        _ => format!(" ({} decoded)", bytes(measured.decoded_bytes)),
    };
    format!(
        "{}, {}{decoded}, {}: {} of {}; {}",
        counted(measured.inputs, "input"),
        bytes(measured.raw_bytes),
        counted(measured.lines, "line"),
        counted(measured.registrations, "registration"),
        counted(measured.users, "user"),
        if measured.runs == 1 { "one run".to_owned() } else { format!("medians of {} runs", measured.runs) },
    )
}

/// Where the time goes, what the limit is and what can be done about it, and what is known of the
/// disk: a paragraph each.
pub(super) fn verdict(measured: &Throughput, diagnosis: &Diagnosis) -> Vec<String> {
    if diagnosis.limit == Limit::TooSmall {
        let text = "All of it is over in a few hundredths of a second, which is too little to tell what the \
                    limit is: try it on a day of logs, or on an archive.";
        return vec![text.to_owned()];
    }
    let threads = measured.threads_max();
    let shares: Vec<String> = diagnosis
        .shares
        .iter()
        .filter(|(_, percent)| *percent > 0)
        .map(|(share, percent)| format!("{} {percent} %", share.name()))
        .collect();
    let threads = counted(threads as u64, "thread");
    vec![
        format!("Where the time goes with {threads}: {}.", shares.join(", ")),
        limit(measured, diagnosis.limit),
        disk(measured, diagnosis),
    ]
}

fn limit(measured: &Throughput, limit: Limit) -> String {
    let threads = measured.threads_max();
    let share = match limit {
        Limit::TooSmall => return String::new(),
        Limit::Disk => {
            return "The disk is the limit: a faster one helps, or compressed logs (zstd), of which it has \
                    less to give; more threads do not."
                .to_owned();
        }
        Limit::Share(share) => share,
    };
    match share {
        Share::Planning if measured.has_yearless => {
            "Finding the years is the limit: stamps that carry none are \
            read twice. A server that writes full dates (ISO 8601, RFC 5424) saves that."
                .to_owned()
        }
        Share::Planning => format!(
            "Looking into the inputs is the limit: there are {}. Fewer and larger ones help.",
            grouped(measured.inputs)
        ),
        Share::Reading => "Memory is the limit: most of the time goes into bringing the bytes to the \
            processor, and nothing that looks at each of them is much faster on this machine."
            .to_owned(),
        Share::Decoding if measured.compressed < threads as u64 => format!(
            "The decoder is the limit: one core decodes a file, and there are only {} for {}. Logs that are \
             rotated more often are decoded side by side; zstd is decoded faster than gzip, bzip2 or xz.",
            counted(measured.compressed, "compressed file"),
            counted(threads as u64, "thread")
        ),
        Share::Decoding => format!(
            "The decoder is the limit: zstd is decoded faster than gzip, and that faster than xz or bzip2. {}",
            more_threads(measured, Pass::Decode)
        ),
        Share::Scanning => format!(
            "The scan is the limit: finding the records and reading them. {}",
            more_threads(measured, Pass::Scan)
        ),
        Share::Counting => format!(
            "The set is the limit: working out whose each registration is, and telling {} apart, takes longer \
             than finding the records.{} {}",
            counted(measured.users, "user"),
            // An entry of a cache line each, and more: no processor's cache holds so many.
            match measured.users >= USERS_IN_CACHE {
                true => " So many do not fit into the processor's cache: faster memory helps.",
                false => "",
            },
            more_threads(measured, Pass::Full)
        ),
    }
}

/// What threads gained in that pass, and so whether more of them would.
fn more_threads(measured: &Throughput, pass: Pass) -> String {
    let threads = measured.threads_max();
    let (Some(one), Some(most)) = (measured.elapsed(pass, 1), measured.elapsed(pass, threads)) else {
        return String::new();
    };
    if threads == 1 {
        return "More threads (-j) may help.".to_owned();
    }
    let gained = one.as_secs_f64() / most.as_secs_f64().max(1e-9);
    if gained >= SPEEDUP_MIN {
        return format!("{threads} threads made it {gained:.1} times as fast, and more cores would help.");
    }
    let gained = match gained > 1.05 {
        true => format!("made it only {gained:.1} times as fast"),
        false => "were no faster than one".to_owned(),
    };
    format!(
        "{threads} threads {gained}, so more cores would not help: the machine is busy, or its memory is."
    )
}

/// What the first reading tells of the disk.
fn disk(measured: &Throughput, diagnosis: &Diagnosis) -> String {
    let threads = measured.threads_max();
    let rate = |pass: Pass| {
        let elapsed = measured.elapsed(pass, threads).unwrap_or_default();
        gigabytes(per_second(measured.raw_bytes_of(pass), elapsed) / 1e9)
    };
    let (first, full) = (rate(Pass::FirstRead), rate(Pass::Full));
    match (diagnosis.was_cold, diagnosis.limit) {
        (true, Limit::Disk) => {
            format!("The first reading came from the disk, at {first} GB/s; counting takes {full} GB/s.")
        }
        (true, _) => format!(
            "The first reading came from the disk, at {first} GB/s, which is more than the {full} GB/s \
             that counting takes."
        ),
        (false, _) => format!(
            "The files were in memory from the start, so nothing is known of the disk. It would be the limit at \
             less than {full} GB/s."
        ),
    }
}

/// Gigabytes a second, with a digit more where there is less than a tenth of one.
pub(super) fn gigabytes(rate: f64) -> String {
    if rate < 0.0995 { format!("{rate:.3}") } else { format!("{rate:.2}") }
}

/// `1 line`, `2,000 lines`.
fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Bytes in the largest decimal unit of which there is one.
fn bytes(count: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "KB")];
    match UNITS.iter().find(|(size, _)| count >= *size) {
        Some((size, unit)) => format!("{:.1} {unit}", count as f64 / *size as f64),
        None => counted(count, "byte"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::bench_rows::samples::{compressed, plain};
    use super::*;

    fn said(measured: &Throughput, limit: Limit, was_cold: bool) -> String {
        verdict(measured, &Diagnosis { limit, shares: vec![(Share::Reading, 100)], was_cold }).join(" ")
    }

    #[test]
    fn a_disk_is_compared_with_what_counting_takes() {
        let mut cold = plain();
        cold.timings[0].elapsed *= 10;
        let text = said(&cold, Limit::Disk, true);
        assert!(text.contains("The disk is the limit"), "{text}");
        assert!(text.ends_with("from the disk, at 0.48 GB/s; counting takes 1.25 GB/s."), "{text}");
        let text = said(&plain(), Limit::Share(Share::Scanning), false);
        assert!(text.contains("would be the limit at less than 1.25 GB/s"), "{text}");
    }

    #[test]
    fn more_threads_are_advised_where_they_gained() {
        let text = said(&plain(), Limit::Share(Share::Scanning), false);
        assert!(text.contains("2 threads made it 1.8 times as fast, and more cores would help"), "{text}");
        let mut busy = plain();
        busy.timings.retain(|timing| timing.threads == 2);
        let one = busy.timings.iter().map(|timing| crate::model::Timing { threads: 1, ..*timing });
        busy.timings = one.chain(busy.timings.clone()).collect();
        let text = said(&busy, Limit::Share(Share::Counting), false);
        assert!(text.contains("2 threads were no faster than one"), "{text}");
    }

    #[test]
    fn fewer_files_than_threads_are_the_decoders_trouble() {
        let mut few = compressed();
        (few.compressed, few.timings[0].threads) = (1, 2);
        let text = said(&few, Limit::Share(Share::Decoding), false);
        assert!(text.contains("only 1 compressed file for 2 threads"), "{text}");
        let text = said(&compressed(), Limit::Share(Share::Decoding), false);
        assert!(text.contains("zstd") && !text.contains("only"), "{text}");
    }

    #[test]
    fn a_plan_blames_stamps_without_a_year_only_where_there_are_some() {
        let limit = Limit::Share(Share::Planning);
        assert!(said(&plain(), limit, false).contains("Fewer and larger ones"));
        let yearless = Throughput { has_yearless: true, ..plain() };
        assert!(said(&yearless, limit, false).contains("full dates"));
    }

    #[test]
    fn slow_rates_keep_a_digit_more() {
        assert_eq!([12.345, 0.1, 0.0994, 0.0996].map(gigabytes), ["12.35", "0.10", "0.099", "0.10"]);
    }

    #[test]
    fn millions_of_users_are_told_to_be_too_many_for_a_cache() {
        let limit = Limit::Share(Share::Counting);
        assert!(!said(&plain(), limit, false).contains("cache"));
        assert!(said(&Throughput { users: 5_000_000, ..plain() }, limit, false).contains("cache"));
    }

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        let cases = [(1, "1 byte"), (999, "999 bytes"), (1_000, "1.0 KB"), (104_900_000, "104.9 MB")];
        for (count, expected) in cases {
            assert_eq!(bytes(count), expected);
        }
    }
}

//! From the times of the passes to what keeps the program from being faster.

use crate::model::{Diagnosis, Limit, Pass, Share, Throughput};
use std::time::Duration;

/// A run over in less is not told from the noise of the machine.
const ELAPSED_MIN: Duration = Duration::from_millis(50);

/// A first reading so many times slower than the later ones came from the disk: opening and
/// mapping, which both do, are then the smaller part of it.
const COLD_FACTOR: f64 = 2.0;

/// Where the time goes with the most threads that were tried.
///
/// Each pass does what the ones before do and something more, so that the differences are the
/// shares. The scan of the full run goes on side by side with its counting: what it takes beyond
/// the bare scan is what counting could not hide.
pub(super) fn diagnosis(measured: &Throughput) -> Diagnosis {
    let threads = measured.threads_max();
    let elapsed = |pass: Pass| measured.elapsed(pass, threads).unwrap_or_default();
    let (read, full, first) = (elapsed(Pass::Read), elapsed(Pass::Full), elapsed(Pass::FirstRead));
    let decode = measured.elapsed(Pass::Decode, threads).unwrap_or(read).max(read);
    let scan = elapsed(Pass::Scan).max(decode);
    let parts = [
        (Share::Planning, elapsed(Pass::Plan)),
        (Share::Reading, read),
        (Share::Decoding, decode - read),
        (Share::Scanning, scan - decode),
        (Share::Counting, full.saturating_sub(scan + elapsed(Pass::Plan))),
    ];
    // Longer than the first reading would have been, had it gone over the same bytes.
    let rate = |pass: Pass, elapsed: Duration| measured.raw_bytes_of(pass) as f64 / elapsed.as_secs_f64();
    let first_rate = rate(Pass::FirstRead, first);
    // A machine that was busy for a moment makes a reading slow as well.
    let came_from_disk =
        measured.first_fetched_bytes.is_none_or(|fetched| fetched >= measured.first_bytes / 2);
    let was_slow = first >= ELAPSED_MIN && rate(Pass::Read, read) > COLD_FACTOR * first_rate;
    let was_cold = was_slow && came_from_disk;
    let limit = if full < ELAPSED_MIN {
        Limit::TooSmall
    } else if was_cold && rate(Pass::Full, full) > first_rate {
        Limit::Disk
    } else {
        let largest = parts.iter().max_by_key(|(_, elapsed)| *elapsed);
        largest.map_or(Limit::TooSmall, |(share, _)| Limit::Share(*share))
    };
    let all: Duration = parts.iter().map(|(_, elapsed)| *elapsed).sum();
    let percent = |part: Duration| (100.0 * part.as_secs_f64() / all.as_secs_f64().max(1e-9)).round() as u32;
    let has_decoding = measured.compressed > 0;
    let shares = parts.into_iter().filter(|(share, _)| *share != Share::Decoding || has_decoding);
    Diagnosis { limit, shares: shares.map(|(share, part)| (share, percent(part))).collect(), was_cold }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timing;

    /// A megabyte, measured with one thread: milliseconds of each pass.
    fn measured(passes: &[(Pass, u64)]) -> Throughput {
        let timing = |&(pass, millis): &(Pass, u64)| Timing {
            pass,
            threads: 1,
            elapsed: Duration::from_millis(millis),
            memory_bytes: None,
        };
        Throughput {
            inputs: 1,
            compressed: passes.iter().filter(|(pass, _)| *pass == Pass::Decode).count() as u64,
            has_yearless: false,
            raw_bytes: 1_000_000,
            decoded_bytes: 1_000_000,
            lines: 1,
            registrations: 1,
            users: 1,
            runs: 1,
            first_bytes: 1_000_000,
            first_fetched_bytes: None,
            timings: passes.iter().map(timing).collect(),
        }
    }

    /// The limit where the plain passes take so long: first reading, plan, read, scan, full.
    fn limit(millis: [u64; 5]) -> Limit {
        let passes = [Pass::FirstRead, Pass::Plan, Pass::Read, Pass::Scan, Pass::Full];
        let passes: Vec<_> = passes.into_iter().zip(millis).collect();
        diagnosis(&measured(&passes)).limit
    }

    #[test]
    fn the_largest_difference_between_passes_is_the_limit() {
        assert_eq!(limit([100, 10, 100, 500, 600]), Limit::Share(Share::Scanning));
        assert_eq!(limit([100, 10, 100, 200, 600]), Limit::Share(Share::Counting));
        assert_eq!(limit([100, 400, 100, 200, 700]), Limit::Share(Share::Planning));
        assert_eq!(limit([300, 10, 300, 310, 330]), Limit::Share(Share::Reading));
    }

    #[test]
    fn a_decoder_is_blamed_for_what_it_takes_beyond_reading() {
        let passes = [(Pass::Read, 10), (Pass::Decode, 400), (Pass::Scan, 500), (Pass::Full, 600)];
        let found = diagnosis(&measured(&passes));
        assert_eq!(found.limit, Limit::Share(Share::Decoding));
        let percents: Vec<u32> = found.shares.iter().map(|(_, percent)| *percent).collect();
        assert_eq!(percents, [0, 2, 65, 17, 17]);
    }

    #[test]
    fn a_disk_is_the_limit_only_where_it_is_slower_than_the_whole_run() {
        assert_eq!(limit([900, 10, 100, 300, 600]), Limit::Disk);
        assert_eq!(limit([500, 10, 100, 500, 600]), Limit::Share(Share::Scanning));
    }

    #[test]
    fn a_first_reading_that_was_only_held_up_says_nothing_of_the_disk() {
        let mut slow = measured(&[(Pass::FirstRead, 900), (Pass::Read, 100), (Pass::Full, 600)]);
        for (fetched, is_cold) in [(None, true), (Some(0), false), (Some(900_000), true)] {
            slow.first_fetched_bytes = fetched;
            assert_eq!(diagnosis(&slow).was_cold, is_cold, "{fetched:?}");
        }
    }

    #[test]
    fn a_run_of_a_few_milliseconds_tells_nothing() {
        assert_eq!(limit([9, 1, 1, 2, 3]), Limit::TooSmall);
    }

    #[test]
    fn shares_leave_out_a_decoder_that_had_nothing_to_do() {
        let found = diagnosis(&measured(&[(Pass::Read, 100), (Pass::Scan, 100), (Pass::Full, 100)]));
        assert!(found.shares.iter().all(|(share, _)| *share != Share::Decoding));
        assert_eq!(found.shares.iter().map(|(_, percent)| percent).sum::<u32>(), 100);
    }
}

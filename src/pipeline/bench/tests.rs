use super::*;
use crate::formats::pattern::Patterns;
use crate::identity::Policy;
use crate::model::Limit;
use crate::pipeline::setup::YearRule;
use crate::platform::PushSources;
use crate::settle::LifeRules;
use jiff::tz::TimeZone;

fn setup() -> Setup {
    Setup {
        patterns: Patterns::default(),
        sources: Vec::new(),
        identity: Policy::default(),
        lives: LifeRules::default(),
        zone: Some(TimeZone::UTC),
        year: YearRule::Given(2026),
        assumed_date: None,
        assumes_utc: true,
        forgives_cuts: true,
        walks_first: false,
        yearless: Vec::new(),
        push_sources: PushSources::new(&[]).unwrap(),
    }
}

/// Measures a log of two users and three registrations, and tells the meter first.
fn measured(tell: impl FnOnce(&Meter)) -> Result<Measured, BenchError> {
    let line = |user: &str, second: u32| {
        format!(
            "Oct  5 14:03:2{second} reg1 kamailio[2211]: NOTICE: <script>: REG-OK t=179120900{second} \
             src=192.0.2.10 aor={user}@example.com exp=3600 cs={second} ci={user} ct=<sip:{user}@192.0.2.10> ua=Acme\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    std::fs::write(&path, [line("alice", 1), line("bob", 2), line("bob", 3)].concat()).unwrap();
    let (paths, setup, scanner) = ([path], setup(), Scanner::new(Patterns::default()));
    let bench =
        Bench { paths: &paths, setup: &setup, scanner: &scanner, block_len: 64, runs: 2, threads_max: 3 };
    let (inputs, meter) = (Inputs::find(&paths)?, Meter::default());
    tell(&meter);
    let measured = bench.run(&inputs, &meter)?;
    assert_eq!(meter.raw_bytes.into_inner(), bench.bytes_to_read(&inputs), "the bar comes to its end");
    Ok(measured)
}

#[test]
fn every_pass_runs_with_every_number_of_threads() {
    let Measured { throughput, diagnosis, .. } = measured(|_| {}).unwrap();
    assert_eq!((throughput.lines, throughput.registrations, throughput.users), (3, 3, 2));
    assert_eq!((throughput.inputs, throughput.compressed, throughput.has_yearless), (1, 0, true));
    assert_eq!(throughput.decoded_bytes, throughput.raw_bytes);
    let rows: Vec<(Pass, usize)> =
        throughput.timings.iter().map(|timing| (timing.pass, timing.threads)).collect();
    let passes = [Pass::Plan, Pass::Read, Pass::Lines, Pass::Scan, Pass::Full];
    let each = passes.iter().flat_map(|pass| [1, 2, 3].map(|threads| (*pass, threads)));
    assert_eq!(rows, [(Pass::FirstRead, 3)].into_iter().chain(each).collect::<Vec<_>>());
    assert_ne!(diagnosis.limit, Limit::Share(crate::model::Share::Decoding));
}

#[test]
fn an_interrupt_stops_the_passes() {
    let stopped = measured(|meter| meter.is_interrupted.store(true, Ordering::Relaxed));
    assert!(matches!(stopped, Err(BenchError::Scan(ScanError::Interrupted))), "{stopped:?}");
}

#[test]
fn threads_double_up_to_the_most() {
    assert_eq!(thread_counts(0), [1]);
    assert_eq!(thread_counts(1), [1]);
    assert_eq!(thread_counts(2), [1, 2]);
    assert_eq!(thread_counts(6), [1, 2, 4, 6]);
    assert_eq!(thread_counts(8), [1, 2, 4, 8]);
}

#[test]
fn a_median_of_two_is_between_them() {
    let between = |low: u32, high: u32| low.midpoint(high);
    assert_eq!(median(vec![9, 1, 5], between), 5);
    assert_eq!(median(vec![9, 1], between), 5);
    assert_eq!(median(vec![3], between), 3);
}

#[test]
fn a_pass_that_sees_less_than_the_first_is_told() {
    let mut ledger = Ledger::default();
    ledger.enter(Pass::Lines, 1, &[(Fact::DecodedBytes, 90), (Fact::Lines, 10)]).unwrap();
    ledger.enter(Pass::Scan, 1, &[(Fact::DecodedBytes, 90), (Fact::Records, 7)]).unwrap();
    let error = ledger.enter(Pass::Full, 2, &[(Fact::DecodedBytes, 90), (Fact::Lines, 9)]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the inputs changed between two passes: full with 2 threads saw 9 lines, and before there were 10; \
         run again when nothing writes to them"
    );
    assert_eq!((ledger.get(Fact::Records), ledger.get(Fact::Users)), (7, 0));
}

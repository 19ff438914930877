//! The scan of one block, per core. Each bench first asserts the count it expects.
//!
//! `cargo bench --bench scan`

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use siptally::formats::pattern::Patterns;
use siptally::formats::scan::{Before, Block, LineEnds, Scanner};
use siptally::identity::{Policy, canonical};
use siptally::model::{
    AgentRef, Event, EvidenceKind, Hint, Moment, Observation, Reject, Sink, Spot, Stamp, Standing,
};
use siptally::platform::hint;
use siptally::tally::{Slot, Tally};
use std::fmt::Write;
use std::hint::black_box;

/// Dense registrations: every line is one.
fn dense(lines: usize) -> String {
    let mut log = String::new();
    for n in 0..lines {
        let user = (n * 7919) % 50_000;
        let agent = n % 40;
        writeln!(
            log,
            "Oct  5 14:{:02}:{:02} reg1 kamailio[2211]: NOTICE: {{1 {} REGISTER c{n}@192.0.2.10}} <script>: REG-OK t={} \
             src=192.0.2.10 aor=u{user}@voip.example.com exp=3600 cs={} ci=c{n}@192.0.2.10 \
             ct=<sip:u{user}@192.0.2.10:5060> ua=Acme Phone/3.{agent} (build 17; iOS 17.5; arm64)",
            n / 60 % 60,
            n % 60,
            n % 9,
            1_791_209_002 + n,
            n % 9,
        )
        .expect("writing to a string");
    }
    log
}

/// The commonest line of all: one that says nothing.
fn noise(lines: usize) -> String {
    let mut log = String::new();
    for n in 0..lines {
        writeln!(
            log,
            "Oct  5 14:{:02}:{:02} reg1 kamailio[2211]: INFO: {{1 1 INVITE c{n}@192.0.2.10}} <script>: relaying call {n} \
             from sip:u{}@voip.example.com to the media servers of zone {}",
            n / 60 % 60,
            n % 60,
            n % 977,
            n % 5,
        )
        .expect("writing to a string");
    }
    log
}

/// Counts events, and tallies them where asked to.
#[derive(Default)]
struct Counter {
    events: usize,
    tally: Option<Tally>,
    id: Vec<u8>,
}

impl Sink for Counter {
    fn event(&mut self, event: &Event<'_>) {
        self.events += 1;
        let Some(tally) = &mut self.tally else { return };
        if canonical(event.aor, event.dialect, &Policy::default(), &mut self.id) {
            let observation = Observation {
                user: &self.id,
                agent: AgentRef { text: None, hint: hint(event.contact), is_push_source: false },
                standing: Standing::Accepted,
                moment: match event.stamp {
                    Stamp::Instant(moment) => Some(moment),
                    _ => Some(Moment::from_seconds(0)),
                },
                spot: event.spot,
                evidence: EvidenceKind::Line,
            };
            tally.add(&observation, Slot { window: 0, day: 0 });
        }
    }

    fn other(&mut self, _: Spot, _: Stamp) {}

    fn reject(&mut self, reject: Reject) {
        panic!("no line of the bench is rejected: {reject:?}");
    }
}

fn run(scanner: &Scanner, bytes: &[u8], counter: &mut Counter) {
    let block = Block {
        bytes,
        start: Spot { input: 0, offset: 0 },
        allow_bare: false,
        line_ends: LineEnds::Lf,
        before: Before::default(),
        dumps: None,
        ends_input: false,
    };
    scanner.scan(&block, &mut scanner.scratch(), counter);
}

fn scan(criterion: &mut Criterion) {
    assert_eq!(hint(b"<sip:u1@192.0.2.10:5060>"), Hint::None);
    // Made for the very log, as a run makes it.
    let scanner = |log: &str| Scanner::for_logs(Patterns::default(), log.as_bytes());
    let mut group = criterion.benchmark_group("scan");
    for (name, log, expected) in [("dense", dense(20_000), 20_000), ("noise", noise(30_000), 0)] {
        let mut counter = Counter::default();
        let scanner = scanner(&log);
        run(&scanner, log.as_bytes(), &mut counter);
        assert_eq!(counter.events, expected, "{name}");
        group.throughput(Throughput::Bytes(log.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut counter = Counter::default();
                run(&scanner, black_box(log.as_bytes()), &mut counter);
                counter.events
            });
        });
    }
    let log = dense(20_000);
    let scanner = scanner(&log);
    group.throughput(Throughput::Bytes(log.len() as u64));
    group.bench_function("dense, tallied", |bencher| {
        bencher.iter_batched(
            || Counter { tally: Some(Tally::default()), ..Counter::default() },
            |mut counter| {
                run(&scanner, black_box(log.as_bytes()), &mut counter);
                counter
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, scan);
criterion_main!(benches);

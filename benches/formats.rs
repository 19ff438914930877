//! The pieces of the scan: the search where there is nothing to find, opening a line, whole SIP messages.
//! Each bench first asserts what it finds.
//!
//! `cargo bench --bench formats`

#[path = "common/made.rs"]
mod made;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use siptally::formats::frame;
use siptally::formats::line_marks::LineMarks;
use siptally::formats::pattern::Patterns;
use siptally::formats::scan::{Before, Block, LineEnds, Scanner};
use siptally::generate::{Format, Share};
use siptally::model::{Dialect, Event, Kind, Reject, Sink, Spot, Stamp};
use std::hint::black_box;

/// Counts what a scan tells of.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    requests: usize,
    replies: usize,
    others: usize,
}

impl Sink for Counts {
    fn event(&mut self, event: &Event<'_>) {
        match event.kind {
            Kind::Request => self.requests += 1,
            Kind::Reply => self.replies += 1,
            _ => self.others += 1,
        }
    }

    fn other(&mut self, _: Spot, _: Stamp) {}

    fn reject(&mut self, reject: Reject) {
        panic!("nothing of the bench is rejected: {reject:?}");
    }
}

fn scan(scanner: &Scanner, bytes: &[u8]) -> Counts {
    let start = Spot { input: 0, offset: 0 };
    let (line_ends, before, dumps) = (LineEnds::Lf, Before::default(), None);
    let block = Block { bytes, start, allow_bare: false, line_ends, before, dumps, ends_input: false };
    let mut counts = Counts::default();
    scanner.scan(&block, &mut scanner.scratch(), &mut counts);
    counts
}

fn percent(text: &str) -> Share {
    text.parse().expect("a percentage")
}

/// The search for all needles in lines that hold none of them.
fn needles(criterion: &mut Criterion) {
    let scanner = Scanner::new(Patterns::default());
    let mut group = criterion.benchmark_group("needles");
    for format in [Format::Kamailio, Format::AsteriskPjsip] {
        let mut log = made::log(format, 30_000, 20, percent("99%"));
        let is_noise = |line: &&[u8]| {
            let text = String::from_utf8_lossy(line);
            !text.contains(" REG-OK ") && !text.contains("contact '")
        };
        log = made::lines(&log).filter(is_noise).flat_map(|line| [line, b"\n"].concat()).collect();
        assert!(made::lines(&log).count() > 29_000, "{}", format.name());
        assert_eq!(scan(&scanner, &log), Counts::default(), "{}", format.name());
        group.throughput(Throughput::Bytes(log.len() as u64));
        group.bench_function(format.name(), |bencher| bencher.iter(|| scan(&scanner, black_box(&log))));
    }
    group.finish();
}

/// Opening every line of a log: its marks, and the frame by them.
fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("open a line");
    for (format, dialect) in
        [(Format::Kamailio, Dialect::Kamailio), (Format::AsteriskPjsip, Dialect::Asterisk)]
    {
        let log = made::log(format, 10_000, 1_000, percent("50%"));
        let open_all = |log: &[u8]| {
            let (mut marks, mut scratch) = (LineMarks::default(), frame::Scratch::default());
            let is_open = |line: &&[u8]| {
                marks.find(line);
                frame::open_next(line, &marks, &mut scratch, false).is_some_and(|record| {
                    record.dialect == dialect
                        && record.stamp != Stamp::None
                        && record.starts.iter().count() == 1
                })
            };
            made::lines(log).filter(is_open).count()
        };
        let lines = made::lines(&log).count();
        assert_eq!(open_all(&log), lines, "{}", format.name());
        group.throughput(Throughput::Elements(lines as u64));
        group.bench_function(format.name(), |bencher| bencher.iter(|| open_all(black_box(&log))));
    }
    group.finish();
}

/// Requests and their replies as whole SIP messages.
fn dumps(criterion: &mut Criterion) {
    let scanner = Scanner::new(Patterns::default());
    let log = made::log(Format::SipDump, 100_000, 100, Share::NONE);
    let begins = |start: &[u8]| made::lines(&log).filter(|line| line.starts_with(start)).count();
    let expected = Counts { requests: begins(b"REGISTER sip:"), replies: begins(b"SIP/2.0 200 "), others: 0 };
    assert!(expected.requests > 1_000 && expected.requests == expected.replies, "{expected:?}");
    assert_eq!(scan(&scanner, &log), expected);
    let mut group = criterion.benchmark_group("scan");
    group.throughput(Throughput::Bytes(log.len() as u64));
    group.bench_function("sip-dump", |bencher| bencher.iter(|| scan(&scanner, black_box(&log))));
    group.finish();
}

criterion_group!(benches, needles, frames, dumps);
criterion_main!(benches);

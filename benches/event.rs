//! What an event costs between the scan and the tally: its SIP-ID, and the hint of its Contact. Each bench first
//! asserts the answers.
//!
//! `cargo bench --bench event`

#[path = "common/made.rs"]
mod made;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use siptally::generate::{Format, Share};
use siptally::identity::{Policy, canonical};
use siptally::model::{Aor, Dialect, Hint};
use siptally::platform::hint;
use std::hint::black_box;

const LINES: u64 = 10_000;

/// What stands between `before` and the next `after` in the line.
#[track_caller]
fn field<'l>(line: &'l [u8], before: &str, after: u8) -> &'l [u8] {
    let at = line.windows(before.len()).position(|window| window == before.as_bytes());
    let value = &line[at.expect("every line has the field") + before.len()..];
    value.split(|byte| *byte == after).next().unwrap_or(value)
}

fn identity(criterion: &mut Criterion) {
    let log = made::log(Format::Kamailio, LINES, 1_000, Share::NONE);
    let plain: Vec<&[u8]> = made::lines(&log).map(|line| field(line, " aor=", b' ')).collect();
    // The same users as a phone may write them: nothing of it is to make a difference.
    let dressed: Vec<Vec<u8>> = plain
        .iter()
        .map(|aor| {
            let aor = String::from_utf8_lossy(aor).replace("example.com", "EXAMPLE.com:5060");
            format!("\"Jana\" <sips:{};transport=tls>;tag=1", aor.replace('+', "%2B")).into_bytes()
        })
        .collect();
    let policy = Policy::default();
    let mut id = Vec::new();
    for (plain, dressed) in plain.iter().zip(&dressed) {
        for aor in [plain, &dressed[..]] {
            assert!(canonical(Aor::Uri(aor), Dialect::Kamailio, &policy, &mut id));
            assert_eq!(id, *plain);
        }
    }
    let mut group = criterion.benchmark_group("identity");
    group.throughput(Throughput::Elements(LINES));
    let dressed = dressed.iter().map(Vec::as_slice).collect();
    for (name, aors) in [("user@host", plain), ("name-addr", dressed)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let known = |aor: &&&[u8]| canonical(Aor::Uri(aor), Dialect::Kamailio, &policy, &mut id);
                black_box(&aors).iter().filter(known).count()
            });
        });
    }
    group.finish();
}

fn contacts(criterion: &mut Criterion) {
    let log = made::log(Format::Kamailio, LINES, 1_000, Share::NONE);
    let contacts: Vec<&[u8]> = made::lines(&log).map(|line| field(line, " ct=<", b'>')).collect();
    let has_push = |contact: &&&[u8]| String::from_utf8_lossy(contact).contains("pn-provider=");
    let pushed = contacts.iter().filter(has_push).count();
    assert!(pushed > 100 && pushed < contacts.len() / 2, "{pushed} of {}", contacts.len());
    let count = |contacts: &[&[u8]]| contacts.iter().filter(|contact| hint(contact) != Hint::None).count();
    assert_eq!(count(&contacts), pushed);
    let mut group = criterion.benchmark_group("platform");
    group.throughput(Throughput::Elements(LINES));
    group.bench_function("hint", |bencher| bencher.iter(|| count(black_box(&contacts))));
    group.finish();
}

criterion_group!(benches, identity, contacts);
criterion_main!(benches);

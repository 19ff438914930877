//! Counting: what a worker notes of its blocks, and the tally that takes it. Each bench first asserts the sums.
//!
//! `cargo bench --bench tally`

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use siptally::model::{AgentRef, EvidenceKind, Hint, Moment, Observation, Spot, Standing};
use siptally::tally::{Numbering, Observed, Slot, Tally};
use std::collections::HashSet;
use std::hint::black_box;

const USERS: usize = 100_000;
/// Two registrations of each user, from the same client.
const OBSERVATIONS: usize = 2 * USERS;
/// As many as a megabyte of log holds.
const BLOCK: usize = 4_000;
const AGENTS: usize = 3_000;

/// Who registers, and with what: the users as they come by, in no order of their names.
struct Registrations {
    users: Vec<String>,
    agents: Vec<String>,
}

impl Registrations {
    fn new() -> Self {
        Self {
            users: (0..USERS)
                .map(|user| format!("+420{:09}@example.com", 100_000_000 + user * 7919))
                .collect(),
            agents: (0..AGENTS).map(|agent| format!("Acme Phone/3.{agent} (build 17; iOS 17.5)")).collect(),
        }
    }

    /// The user who registers as the `number`th, by a step that has no factor in common with the users.
    fn user(number: usize) -> usize {
        number * 61_813 % USERS
    }

    fn note(&self, number: usize, observed: &mut Observed, numbering: &mut Numbering) {
        let user = Self::user(number);
        let agent = self.agents[user % AGENTS].as_bytes();
        let observation = Observation {
            user: self.users[user].as_bytes(),
            agent: AgentRef { text: Some(agent), hint: Hint::None, is_push_source: false },
            standing: Standing::Accepted,
            moment: Some(Moment::from_seconds(1_791_158_400 + number as i64)),
            spot: Spot { input: 0, offset: 240 * number as u64 },
            evidence: EvidenceKind::Line,
        };
        observed.note(&observation, Slot { window: 0, day: 0 }, None, numbering);
    }

    /// All of them, block by block, as one worker leaves them.
    fn blocks(&self) -> Vec<Observed> {
        let mut numbering = Numbering::of_worker(1);
        (0..OBSERVATIONS)
            .step_by(BLOCK)
            .map(|begin| {
                let mut observed = Observed::default();
                (begin..begin + BLOCK).for_each(|number| self.note(number, &mut observed, &mut numbering));
                numbering.close(&mut observed);
                observed
            })
            .collect()
    }
}

fn note(criterion: &mut Criterion) {
    let registrations = Registrations::new();
    let (mut observed, mut numbering) = (Observed::default(), Numbering::of_worker(1));
    let mut note_block = || {
        observed.clear();
        (0..BLOCK).for_each(|number| registrations.note(number, &mut observed, &mut numbering));
        numbering.close(&mut observed);
        observed.len()
    };
    assert_eq!(note_block(), BLOCK);
    let mut group = criterion.benchmark_group("tally");
    group.throughput(Throughput::Elements(BLOCK as u64));
    group.bench_function("note a block", |bencher| bencher.iter(&mut note_block));
    group.finish();
}

fn take(criterion: &mut Criterion) {
    let registrations = Registrations::new();
    assert_eq!((0..USERS).map(Registrations::user).collect::<HashSet<_>>().len(), USERS);
    let blocks = registrations.blocks();
    let blocks: Vec<&Observed> = blocks.iter().collect();
    let taken = || {
        let mut tally = Tally::default();
        tally.take(&blocks);
        tally
    };
    // Everybody is there once, with one client and both registrations.
    let tally = taken();
    assert_eq!(tally.users_len(), USERS);
    assert_eq!(tally.entries().count(), USERS);
    assert!(tally.entries().all(|(_, entry)| entry.count == 2));

    let mut group = criterion.benchmark_group("tally");
    group.throughput(Throughput::Elements(OBSERVATIONS as u64));
    group.bench_function("take, users new", |bencher| {
        bencher.iter_batched(Tally::default, |_| taken(), BatchSize::LargeInput);
    });
    // The clients of these blocks are numbered already: only users are looked up.
    group.bench_function("take, users known", |bencher| {
        bencher.iter_batched_ref(taken, |tally| tally.take(black_box(&blocks)), BatchSize::LargeInput);
    });
    group.finish();
}

criterion_group!(benches, note, take);
criterion_main!(benches);

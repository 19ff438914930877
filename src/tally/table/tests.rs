use super::super::Numbering;
use super::*;
use crate::model::{EvidenceKind, Spot, Standing};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A tally in one comparable form.
fn facts(tally: &Tally) -> Vec<String> {
    let agents: BTreeMap<AgentId, AgentKey> = tally.agents().collect();
    let by_user = tally.by_user();
    let users = by_user.iter().flat_map(|(user, entries)| {
        let agents = &agents;
        entries.into_iter().map(move |entry| {
            let (first, last) = (entry.first(), entry.last());
            format!(
                "{user:?} {:?} {} {:?} {} {first:?} {last:?} {:b} {:?}",
                agents[&entry.agent], entry.window, entry.standing, entry.count, entry.days, entry.spot
            )
        })
    });
    users.collect()
}

#[test]
fn strangers_beyond_the_limit_are_counted_and_the_same_ones_are_listed_in_any_order() {
    let refused = |tally: &mut Tally, user: u32| {
        let user = format!("{user}@x");
        tally.add(&observation(user.as_bytes(), Standing::Refused), Slot::CLOCKLESS);
    };
    let (mut whole, mut one, mut other) = (Tally::default(), Tally::default(), Tally::default());
    for user in 0..1000 {
        refused(&mut whole, user);
        refused(if user % 3 == 0 { &mut one } else { &mut other }, 999 - user);
    }
    let account = observation(b"7@x", Standing::Accepted);
    whole.add(&account, Slot::CLOCKLESS);
    one.add(&account, Slot::CLOCKLESS);
    one.draw_limit(200);
    other.draw_limit(200);
    whole.draw_limit(150);
    let mut union = one.union(other);
    union.draw_limit(150);
    assert_eq!(facts(&union), facts(&whole));
    assert_eq!((union.unlisted(), whole.unlisted()), (850, 850));
    let accepted = |(_, entry): (u32, Entry)| entry.standing == Standing::Accepted;
    assert_eq!(whole.entries().filter(|it| accepted(*it)).count(), 1);
    assert!(whole.users_len() <= 151);
}

fn observation(user: &[u8], standing: Standing) -> Observation<'_> {
    Observation {
        user,
        agent: AgentRef::UNKNOWN,
        standing,
        moment: None,
        spot: Spot { input: 0, offset: 0 },
        evidence: EvidenceKind::Line,
    }
}

fn observe(tally: &mut Tally, user: u8, agent: Option<u8>, time: Option<i64>, offset: u64) {
    let text = agent.map(|agent| [agent]);
    let observation = Observation {
        user: &[user],
        agent: AgentRef { text: text.as_ref().map(|text| &text[..]), ..AgentRef::UNKNOWN },
        standing: Standing::Accepted,
        moment: time.map(Moment::from_seconds),
        spot: Spot { input: 0, offset },
        evidence: EvidenceKind::Line,
    };
    tally.add(&observation, slot(time));
}

fn slot(time: Option<i64>) -> Slot {
    match time {
        Some(time) => Slot { window: (time / 10) as i32, day: (time % 10) as u8 },
        None => Slot::CLOCKLESS,
    }
}

#[test]
fn a_transaction_counts_once_for_each_user_and_what_repeats_it_leaves_no_trace() {
    let mut numbering = Numbering::default();
    let mut block = Observed::default();
    for (offset, (user, second, transaction)) in
        [(b"a@x", 5, 7), (b"b@x", 5, 7), (b"a@x", 11, 7), (b"a@x", 60, 7), (b"a@x", 61, 8)]
            .into_iter()
            .enumerate()
    {
        let observation = Observation {
            moment: Some(Moment::from_seconds(second)),
            spot: Spot { input: 0, offset: offset as u64 },
            ..observation(user, Standing::Accepted)
        };
        block.note(&observation, slot(Some(second)), Some(transaction), &mut numbering);
    }
    numbering.close(&mut block);
    let mut tally = Tally::default();
    tally.learn(&block);
    tally.take(&[&block]);
    let counts: Vec<(Vec<u8>, i32, u64)> = tally
        .by_user()
        .iter()
        .flat_map(|(user, entries)| {
            entries.into_iter().map(move |entry| (user.to_vec(), entry.window, entry.count))
        })
        .collect();
    let a = b"a@x".to_vec();
    assert_eq!(counts, [(a.clone(), 0, 1), (a, 6, 2), (b"b@x".to_vec(), 0, 1)]);
    assert_eq!(tally.take_repeated(), 1);
}

#[test]
fn the_earliest_observation_gives_the_place() {
    let mut tally = Tally::default();
    observe(&mut tally, 1, None, Some(7), 10);
    observe(&mut tally, 1, None, Some(5), 30);
    observe(&mut tally, 1, None, Some(5), 20);
    let by_user = tally.by_user();
    let (_, entries) = by_user.iter().next().unwrap();
    let entry = entries[0];
    assert_eq!((entry.count, entry.spot.offset, entry.days), (3, 20, 0b1010_0000));
    assert_eq!((entry.first(), entry.last()), (Some(Moment::from_seconds(5)), Some(Moment::from_seconds(7))));
}

#[test]
fn a_user_with_a_new_agent_every_time_is_counted_exactly() {
    let mut tally = Tally::default();
    for round in 0..3 {
        for agent in 0..200 {
            observe(&mut tally, 1, Some(agent), Some(i64::from(agent % 7) * 10), u64::from(agent) + round);
            observe(&mut tally, 2, Some(agent), Some(5), 0);
        }
    }
    let by_user = tally.by_user();
    for (_, entries) in by_user.iter() {
        assert_eq!(entries.len(), 200);
        assert!(entries.iter().all(|entry| entry.count == 3));
    }
}

proptest! {
    #[test]
    fn any_split_and_any_order_give_the_same_tally(
        seen in prop::collection::vec((0_u8..6, prop::option::of(0_u8..3), prop::option::of(0_i64..40), 0_u64..100), 0..60),
        parts in 1_usize..5,
        rotation in 0_usize..5,
    ) {
        let mut whole = Tally::default();
        let mut split = vec![Tally::default(); parts];
        for (index, &(user, agent, time, offset)) in seen.iter().enumerate() {
            observe(&mut whole, user, agent, time, offset);
            observe(&mut split[index % parts], user, agent, time, offset);
        }
        split.rotate_left(rotation % parts);
        let joined = split.into_iter().fold(Tally::default(), Tally::union);
        prop_assert_eq!(facts(&joined), facts(&whole));
        prop_assert_eq!(joined.users_len(), whole.users_len());
    }

    #[test]
    fn blocks_of_any_workers_give_the_same_tally_as_one_by_one(
        seen in prop::collection::vec((0_u8..40, prop::option::of(0_u8..5), prop::option::of(0_i64..40), 0_u64..100), 0..200),
        workers in prop::collection::vec(0_usize..3, 1..12),
        abreast in 1_usize..4,
        rotation in 0_usize..12,
    ) {
        let mut whole = Tally::default();
        let mut numberings: Vec<Numbering> = (0..3).map(Numbering::of_worker).collect();
        let blocks: Vec<Observed> = seen
            .chunks(seen.len().div_ceil(workers.len()).max(1))
            .zip(&workers)
            .map(|(records, worker)| {
                let mut block = Observed::default();
                for &(user, agent, time, offset) in records {
                    observe(&mut whole, user, agent, time, offset);
                    let (text, user) = (agent.map(|agent| [agent]), [user]);
                    let observation = Observation {
                        agent: AgentRef { text: text.as_ref().map(|text| &text[..]), ..AgentRef::UNKNOWN },
                        moment: time.map(Moment::from_seconds),
                        spot: Spot { input: 0, offset },
                        ..observation(&user, Standing::Accepted)
                    };
                    block.note(&observation, slot(time), None, &mut numberings[*worker]);
                }
                numberings[*worker].close(&mut block);
                block
            })
            .collect();
        // Files that are read side by side have their blocks counted in another order.
        let mut tally = Tally::default();
        blocks.iter().for_each(|block| tally.learn(block));
        let mut blocks = blocks;
        let len = blocks.len().max(1);
        blocks.rotate_left(rotation % len);
        for blocks in blocks.chunks(abreast) {
            tally.take(&blocks.iter().collect::<Vec<_>>());
        }
        prop_assert_eq!(facts(&tally), facts(&whole));
        prop_assert_eq!(tally.take_repeated(), 0);
    }
}

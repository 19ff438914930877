use super::*;

#[test]
fn numbers_wrap() {
    let told = |first: u32| {
        let mut transactions = Transactions { first, ..Transactions::default() };
        let mut told = Vec::new();
        for step in 0..6 * SURE_RECORDS as i64 {
            // Each key comes twice as a request and once as a reply, and again much later.
            let key = (step / 3 % 20_000).to_le_bytes();
            let moment = Some(Moment::from_seconds(step / 100));
            transactions.advance(moment);
            let request = Request {
                user: b"u",
                agent: AgentRef::UNKNOWN,
                moment,
                spot: Spot { input: 0, offset: step as u64 },
                asks: Asks::Bind,
                contacts: b"",
            };
            let settled = match step % 3 {
                0 | 1 => transactions.ask(&key, request),
                _ => transactions.answer(
                    Key::of(&key, b""),
                    Reply { code: 200, moment, leaves: Asks::Bind, contacts: b"" },
                ),
            };
            told.extend(settled.map(|settled| settled.request.spot.offset));
        }
        let Transactions { unanswered, unasked, repeated, first: last, .. } = transactions;
        (told, unanswered, unasked, repeated, last.wrapping_sub(first))
    };
    let plain = told(0);
    assert!(plain.0.len() > 30_000 && plain.4 > 10_000, "{} {}", plain.0.len(), plain.4);
    for first in [u32::MAX, u32::MAX - 5, u32::MAX - 5_000, u32::MAX - 25_000] {
        assert_eq!(told(first), plain);
    }
}

#[test]
fn rooms_are_used_again_and_large_ones_keep_nothing() {
    let half = Half::Answered { code: 200, leaves: Asks::Bind };
    let mut halves = Halves::default();
    let large = vec![b'x'; 2 * ROOM_MAX];
    let rooms = [0, 1].map(|_| halves.keep(half, [b"ab", &large, b"c"]));
    assert_ne!(rooms[0], rooms[1]);
    assert_eq!(halves.leave(rooms[0]), [b"ab", &large[..], b"c"].concat());
    assert_eq!(halves.leave(rooms[1]), [b"ab", &large[..], b"c"].concat());
    assert_eq!(halves.rooms[rooms[0]].1.capacity(), 0);
    let small = halves.keep(half, [b"a", b"", b"bc"]);
    assert_eq!(small, rooms[1]);
    assert!(halves.rooms[small].1.capacity() <= ROOM_MAX);
    assert_eq!(halves.leave(small), b"abc");
    // Those that are free beyond some keep nothing either.
    let rooms: Vec<usize> = (0..2 * FREE_MAX).map(|_| halves.keep(half, [b"abc", b"", b""])).collect();
    rooms.into_iter().for_each(|room| _ = halves.leave(room));
    halves.trim();
    let kept: usize = halves.rooms.iter().map(|room| room.1.capacity()).sum();
    assert!(kept <= (FREE_MAX + 1) * ROOM_MAX && halves.rooms.len() == 2 * FREE_MAX, "{kept}");
}

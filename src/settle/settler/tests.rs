use super::*;
use crate::model::{Hint, Spot};
use proptest::prelude::*;

fn held(kind: Kind, user: &'static str, seconds: i64) -> Held<'static> {
    Held {
        kind,
        spot: Spot { input: 0, offset: 0 },
        moment: Some(Moment::from_seconds(seconds)),
        user: user.as_bytes(),
        is_bare: !user.contains('@'),
        agent: AgentRef::UNKNOWN,
        agent_is_elsewhere: false,
        contact: b"",
        call_id: b"",
        cseq: b"",
        thread: b"",
        host: b"",
        code: None,
        expires_seconds: None,
        asks: Asks::Bind,
    }
}

fn request(call_id: &'static str, seconds: i64, asks: Asks) -> Held<'static> {
    Held { call_id: call_id.as_bytes(), cseq: b"2", asks, ..held(Kind::Request, "u@x", seconds) }
}

fn reply(call_id: &'static str, seconds: i64, code: u16) -> Held<'static> {
    Held { call_id: call_id.as_bytes(), cseq: b"2", code: Some(code), ..held(Kind::Reply, "", seconds) }
}

fn agent(text: &'static str) -> AgentRef<'static> {
    AgentRef { text: Some(text.as_bytes()), ..AgentRef::UNKNOWN }
}

/// What settling says of the records, one residue for each run of that many.
fn settle(records: &[Held<'_>], run: usize) -> (Vec<String>, Counts) {
    let mut said = Vec::new();
    let mut tell = |it: &Observation<'_>| {
        let agent = it.agent.text.map_or("-".into(), |text| String::from_utf8_lossy(text).into_owned());
        let user = String::from_utf8_lossy(it.user);
        said.push(format!(
            "{:?} {user} {agent} at {}",
            it.standing,
            it.moment.map_or(0, Moment::micros) / 1_000_000
        ));
    };
    let mut settler = Settler::default();
    for run in records.chunks(run) {
        let mut residue = Residue::default();
        run.iter().for_each(|held| residue.push(held));
        settler.take(&residue, &mut tell);
    }
    settler.end_stream(&mut tell);
    settler.waiting(0..settler.waiting_len(), &mut tell);
    let counts = settler.finish(&mut tell);
    said.sort();
    (said, counts)
}

fn said(records: &[Held<'_>]) -> Vec<String> {
    settle(records, 100).0
}

#[test]
fn a_request_answered_200_is_a_registration() {
    assert_eq!(said(&[request("a", 1, Asks::Bind), reply("a", 2, 200)]), ["Accepted u@x - at 1"]);
    assert_eq!(said(&[reply("a", 1, 200), request("a", 2, Asks::Bind)]), ["Accepted u@x - at 2"]);
    assert_eq!(said(&[request("a", 1, Asks::Unbind), reply("a", 2, 200)]), ["Deregistered u@x - at 1"]);
    assert_eq!(said(&[request("a", 1, Asks::Fetch), reply("a", 2, 200)]), ["Fetched u@x - at 1"]);
    assert_eq!(said(&[request("a", 1, Asks::Bind), reply("a", 2, 401)]), ["Refused u@x - at 1"]);
}

#[test]
fn a_provisional_reply_settles_nothing() {
    let (said, counts) = settle(&[request("a", 1, Asks::Bind), reply("a", 2, 100)], 9);
    assert_eq!((said.len(), counts.unanswered), (0, 1));
}

#[test]
fn a_retransmission_counts_once_and_a_later_use_of_the_key_again() {
    let twice =
        [request("a", 1, Asks::Bind), request("a", 2, Asks::Bind), reply("a", 2, 200), reply("a", 3, 200)];
    let (once, counts) = settle(&twice, 9);
    assert_eq!((once.len(), counts.repeated), (1, 2));
    let later =
        [request("a", 1, Asks::Bind), reply("a", 1, 200), request("a", 99, Asks::Bind), reply("a", 99, 200)];
    assert_eq!(said(&later).len(), 2);
}

#[test]
fn two_users_of_one_call_id_have_a_transaction_each() {
    let ask =
        |user: &'static str, seconds| Held { user: user.as_bytes(), ..request("a", seconds, Asks::Bind) };
    let answer =
        |user: &'static str, seconds, code| Held { user: user.as_bytes(), ..reply("a", seconds, code) };
    // Who asked first and was not answered is nobody.
    assert_eq!(said(&[ask("g@x", 1), ask("u@x", 1), answer("u@x", 2, 200)]), ["Accepted u@x - at 1"]);
    assert_eq!(
        said(&[ask("g@x", 1), answer("g@x", 2, 403), ask("u@x", 3), answer("u@x", 4, 200)]),
        ["Accepted u@x - at 3", "Refused g@x - at 1"]
    );
    let both = [ask("u@x", 1), ask("v@x", 1), answer("v@x", 2, 200), answer("u@x", 2, 200)];
    assert_eq!(said(&both), ["Accepted u@x - at 1", "Accepted v@x - at 1"]);
    // A server may write another domain than it was asked for.
    assert_eq!(said(&[ask("u@x", 1), answer("u@192.0.2.1", 2, 200)]), ["Accepted u@x - at 1"]);
    // Whom a reply answers that names nobody is not known where there are two.
    let (said, counts) = settle(&[ask("u@x", 1), ask("v@x", 1), answer("", 2, 200)], 9);
    assert_eq!((said.len(), counts.unanswered, counts.unasked), (0, 2, 1));
}

#[test]
fn one_host_does_not_forget_what_another_does() {
    let on = |host: &'static str, held: Held<'static>| Held { host: host.as_bytes(), ..held };
    let bound = |seconds| Held { agent_is_elsewhere: true, ..held(Kind::Bound, "7", seconds) };
    let saved = |text, seconds| Held { agent: agent(text), ..held(Kind::AgentSaved, "7", seconds) };
    let log = [
        on("p", bound(1)),
        on("p", saved("A", 1)),
        on("q", held(Kind::Restart, "", 9)),
        on("q", bound(40)),
        on("p", bound(50)),
    ];
    assert_eq!(said(&log), ["Accepted 7 - at 40", "Accepted 7 A at 1", "Accepted 7 A at 50"]);
    // What another program ties to the name holds on every host.
    let tie = Held { agent: agent("T"), ..held(Kind::AgentTie, "7", 1) };
    assert_eq!(
        said(&[tie, on("p", bound(2)), on("q", bound(9))]),
        ["Accepted 7 T at 2", "Accepted 7 T at 9"]
    );
}

#[test]
fn a_line_that_proves_itself_counts_once_a_transaction() {
    let line = |seconds| Held { call_id: b"a", cseq: b"7", ..held(Kind::Accepted, "u@x", seconds) };
    assert_eq!(said(&[line(1), line(2), line(40)]), ["Accepted u@x - at 1", "Accepted u@x - at 40"]);
    let other = Held { cseq: b"8", ..line(2) };
    assert_eq!(said(&[line(1), other]).len(), 2);
}

#[test]
fn a_saved_user_agent_belongs_to_the_registration_before_it() {
    let bound = |seconds| Held { agent_is_elsewhere: true, ..held(Kind::Bound, "7", seconds) };
    let tie = |text, seconds| Held { agent: agent(text), ..held(Kind::AgentSaved, "7", seconds) };
    assert_eq!(said(&[bound(1), tie("A", 1)]), ["Accepted 7 A at 1"]);
    // Nothing changed but the address: the text saved last still holds.
    assert_eq!(said(&[bound(1), tie("A", 1), bound(50)]), ["Accepted 7 A at 1", "Accepted 7 A at 50"]);
    // Nothing changed but the text: that alone proves a registration.
    assert_eq!(said(&[bound(1), tie("A", 1), tie("B", 50)]), ["Accepted 7 A at 1", "Accepted 7 B at 50"]);
    // After a restart the server has forgotten it.
    assert_eq!(
        said(&[tie("A", 1), held(Kind::Restart, "", 9), bound(50)]),
        ["Accepted 7 - at 50", "Accepted 7 A at 1"]
    );
    // Other peers' records may stand between.
    let other = Held { agent_is_elsewhere: true, ..held(Kind::Bound, "8", 1) };
    assert_eq!(said(&[bound(1), other, tie("A", 1)]), ["Accepted 7 A at 1", "Accepted 8 - at 1"]);
}

#[test]
fn a_tie_alone_proves_no_registration() {
    let tie = Held { agent: agent("A"), ..held(Kind::AgentTie, "7", 1) };
    assert_eq!(said(&[tie]), Vec::<String>::new());
    let bound = Held { agent_is_elsewhere: true, ..held(Kind::Bound, "7", 9) };
    assert_eq!(said(&[tie, bound]), ["Accepted 7 A at 9"]);
}

#[test]
fn two_candidates_for_a_bindings_user_agent_are_none() {
    let bound = Held { agent_is_elsewhere: true, contact: b"sip:c", ..held(Kind::Bound, "7", 1) };
    let tie = |text| Held { contact: b"sip:c", agent: agent(text), ..held(Kind::AgentTie, "7", 9) };
    assert_eq!(said(&[bound, tie("A"), tie("A")]), ["Accepted 7 A at 1"]);
    assert_eq!(said(&[bound, tie("A"), tie("B")]), ["Accepted 7 - at 1"]);
    assert_eq!(said(&[bound, Held { contact: b"sip:d", ..tie("A") }]), ["Accepted 7 - at 1"]);
}

#[test]
fn a_role_given_to_the_channel_makes_a_host() {
    let channel =
        |kind, thread: &'static str, seconds| Held { thread: thread.as_bytes(), ..held(kind, "7", seconds) };
    let role = channel(Kind::ConferenceRole, "PJSIP/7-1", 1);
    assert_eq!(said(&[role, channel(Kind::ConferenceGuest, "PJSIP/7-1", 2)]), ["Hosted 7 - at 2"]);
    assert_eq!(said(&[role, channel(Kind::ConferenceGuest, "PJSIP/7-2", 2)]), ["Joined 7 - at 2"]);
    assert_eq!(said(&[role, channel(Kind::ConferenceGuest, "PJSIP/7-1", 99)]), ["Joined 7 - at 99"]);
}

/// A line of a call that tells its client and proves nothing.
fn attempt(call_id: &'static str, text: &'static str, seconds: i64) -> Held<'static> {
    Held { call_id: call_id.as_bytes(), agent: agent(text), ..held(Kind::Attempt, "u@x", seconds) }
}

/// A line of a call that proves a registration and tells no client.
fn lone(call_id: &'static str, seconds: i64) -> Held<'static> {
    let call_id = call_id.as_bytes();
    Held { call_id, cseq: b"1", agent_is_elsewhere: true, ..held(Kind::Accepted, "u@x", seconds) }
}

#[test]
fn a_line_of_the_same_call_tells_the_client_of_a_registration() {
    let phones = [attempt("a", "A", 1), attempt("b", "B", 1), lone("a", 1), lone("b", 2)];
    assert_eq!(said(&phones), ["Accepted u@x A at 1", "Accepted u@x B at 2"]);
    let tie = Held { kind: Kind::AgentTie, ..attempt("a", "A", 1) };
    assert_eq!(said(&[tie, lone("a", 1)]), ["Accepted u@x A at 1"]);
    // The server may write another domain, but no other user.
    let of = |user: &'static str| Held { user: user.as_bytes(), ..lone("a", 1) };
    assert_eq!(said(&[attempt("a", "A", 1), of("u@192.0.2.1")]), ["Accepted u@192.0.2.1 A at 1"]);
    assert_eq!(said(&[attempt("a", "A", 1), of("v@x")]), ["Accepted v@x - at 1"]);
    // Long ago it may have been another device's, and behind it another request's.
    assert_eq!(said(&[attempt("a", "A", 1), lone("a", 34)]), ["Accepted u@x - at 34"]);
    assert_eq!(said(&[lone("a", 1), attempt("a", "A", 2)]), ["Accepted u@x - at 1"]);
    assert_eq!(said(&[attempt("a", "A", 1), attempt("a", "B", 1), lone("a", 1)]), ["Accepted u@x - at 1"]);
}

#[test]
fn a_dump_before_any_line_of_the_server_tells_the_client_of_a_later_one() {
    let contact = b"sip:u@w";
    let dumped = [
        Held { contact: b"sip:u@w\n", agent: agent("A"), ..request("a", 1, Asks::Bind) },
        Held { contact: b"sip:u@w\n", ..reply("a", 1, 200) },
    ];
    let line = Held { contact, cseq: b"", ..lone("b", 900) };
    let records = [dumped[0], dumped[1], line];
    let told_by = |expects_lines: bool| {
        let mut settler = Settler::default();
        if expects_lines {
            settler.expect_lines();
        }
        let mut residue = Residue::default();
        records.iter().for_each(|held| residue.push(held));
        let mut told = Vec::new();
        settler.take(&residue, &mut |it| told.push(it.agent.text.is_some()));
        settler.end_stream(&mut |it| told.push(it.agent.text.is_some()));
        settler.waiting(0..settler.waiting_len(), &mut |it| told.push(it.agent.text.is_some()));
        told
    };
    assert_eq!((told_by(true), told_by(false)), (vec![true, true], vec![true, false]));
    // Of a server whose bindings are followed it is known that it writes lines.
    assert_eq!(said_by(Settler::default(), &[&records]), ["Accepted u@x A"; 2]);
}

#[test]
fn what_a_registration_tells_of_its_client_is_its_own() {
    let hinted = |hint, held: Held<'static>| {
        let mut settler = Settler::default();
        let mut residue = Residue::default();
        let client = AgentRef { hint: Hint::ApplePush, is_push_source: true, ..agent("A") };
        residue.push(&Held { agent: client, ..attempt("a", "A", 1) });
        residue.push(&Held { agent: AgentRef { hint, ..AgentRef::UNKNOWN }, ..held });
        let mut told = Vec::new();
        settler.take(&residue, &mut |it| told.push((it.agent.hint, it.agent.is_push_source)));
        told
    };
    assert_eq!(hinted(Hint::None, lone("a", 1)), [(Hint::ApplePush, true)]);
    assert_eq!(hinted(Hint::Web, Held { contact: b"sip:u@w", ..lone("a", 1) }), [(Hint::Web, true)]);
}

proptest! {
    #[test]
    fn no_cut_into_residues_shows(
        seen in prop::collection::vec((0_u8..12, 0_usize..4, prop::option::of(0_i64..90)), 0..60),
        run in 1_usize..70,
    ) {
        const IDS: [&str; 4] = ["a", "b", "c", "d"];
        let records: Vec<Held<'_>> = seen.iter().map(|&(what, id, time)| {
            let mut held = match what {
                0 => request(IDS[id], 0, Asks::Bind),
                1 => reply(IDS[id], 0, 200),
                2 => reply(IDS[id], 0, 403),
                3 => Held { agent_is_elsewhere: true, ..held(Kind::Bound, IDS[id], 0) },
                4 => Held { agent: agent(IDS[id]), ..held(Kind::AgentSaved, IDS[id], 0) },
                5 => Held { call_id: b"k", cseq: b"1", ..held(Kind::Accepted, IDS[id], 0) },
                6 => held(Kind::Restart, "", 0),
                7 => Held { user: b"v@x", ..request(IDS[id], 0, Asks::Bind) },
                8 => Held { user: [b"v@x", b"w@x"][id % 2], ..reply(IDS[id], 0, 200) },
                9 => attempt(IDS[id], IDS[id / 2], 0),
                10 => lone(IDS[id], 0),
                _ => Held { agent_is_elsewhere: true, contact: b"c", ..held(Kind::Bound, IDS[id], 0) },
            };
            held.moment = time.map(Moment::from_seconds);
            held
        }).collect();
        prop_assert_eq!(settle(&records, run), settle(&records, 1000));
    }
}

/// What settling says of the streams of one server, of which dumps are there.
fn said_of_server(streams: &[&[Held<'_>]]) -> Vec<String> {
    said_by(Settler::with_dumps(true), streams)
}

/// The same of a server whose default domain is `d`.
fn said_with_domain(records: &[Held<'_>]) -> Vec<String> {
    let mut settler = Settler::with_dumps(true);
    settler.begin_stream(LifeRules::default(), true, b"@d");
    said_by(settler, &[records])
}

fn said_by(mut settler: Settler, streams: &[&[Held<'_>]]) -> Vec<String> {
    let mut said = Vec::new();
    let mut tell = |it: &Observation<'_>| {
        let agent = it.agent.text.map_or("-".into(), |text| String::from_utf8_lossy(text).into_owned());
        said.push(format!("{:?} {} {agent}", it.standing, String::from_utf8_lossy(it.user)));
    };
    for stream in streams {
        let mut residue = Residue::default();
        for held in *stream {
            residue.hear(held.host, held.moment.expect("these have a clock"), 3600);
            residue.push(held);
        }
        settler.take(&residue, &mut tell);
        settler.end_stream(&mut tell);
    }
    settler.waiting(0..settler.waiting_len(), &mut tell);
    settler.finish(&mut tell);
    said.sort();
    said
}

#[test]
fn a_dump_names_the_agents_of_its_server_whichever_is_read_first() {
    let bound = Held {
        agent_is_elsewhere: true,
        contact: b"\"B\" <sip:b@192.0.2.1;ob>;expires=60",
        ..held(Kind::Bound, "b@x", 10)
    };
    let dump =
        Held { contact: b"sip:b@192.0.2.1;ob", agent: agent("Bria"), ..held(Kind::Snapshot, "b@x", 0) };
    let expected = ["Accepted b@x Bria", "Snapshot b@x Bria"];
    assert_eq!(said_of_server(&[&[bound], &[dump]]), expected);
    assert_eq!(said_of_server(&[&[dump], &[bound]]), expected);
}

#[test]
fn a_dump_names_the_agent_of_a_peer_unless_the_log_tells_its_changes() {
    let bound = Held { agent_is_elsewhere: true, ..held(Kind::Bound, "701", 10) };
    let dump = Held { agent: agent("New"), ..held(Kind::Snapshot, "701", 0) };
    assert_eq!(said_of_server(&[&[bound], &[dump]]), ["Accepted 701 New", "Snapshot 701 New"]);
    let saved = Held { agent: agent("New"), ..held(Kind::AgentSaved, "701", 100) };
    assert_eq!(
        said_of_server(&[&[bound, saved], &[dump]]),
        ["Accepted 701 -", "Accepted 701 New", "Snapshot 701 New"]
    );
}

#[test]
fn a_list_without_agents_adds_nothing_to_a_dump_with_them() {
    let row = Held { agent_is_elsewhere: true, ..held(Kind::Snapshot, "701", 0) };
    let dump = Held { agent: agent("Bria"), ..held(Kind::Snapshot, "701", 0) };
    let other = Held { agent_is_elsewhere: true, ..held(Kind::Snapshot, "702", 0) };
    let expected = ["Snapshot 701 Bria", "Snapshot 702 -"];
    assert_eq!(said_of_server(&[&[row, other, dump, row]]), expected);
}

#[test]
fn a_line_that_names_no_domain_tells_what_a_dump_tells_with_one() {
    let ask = Held { user: b"7@e", agent: agent("A"), ..request("a", 1, Asks::Bind) };
    let answer = Held { user: b"7@e", ..reply("a", 1, 200) };
    let line = Held { agent_is_elsewhere: true, ..held(Kind::Bound, "7@d", 1) };
    assert_eq!(said_with_domain(&[ask, Held { is_bare: true, ..line }, answer]), ["Accepted 7@e A"]);
    assert_eq!(said_with_domain(&[ask, line, answer]), ["Accepted 7@d -", "Accepted 7@e A"]);
}

#[test]
fn a_dumped_refresh_tells_whose_the_binding_is() {
    let ask = Held { user: b"7@e", agent: agent("A"), contact: b"c\n", ..request("a", 900, Asks::Bind) };
    let answer = Held { user: b"7@e", contact: b"c\n", ..reply("a", 900, 200) };
    let line = |kind, contact: &'static str, seconds| Held {
        agent_is_elsewhere: true,
        is_bare: true,
        contact: contact.as_bytes(),
        ..held(kind, "7@d", seconds)
    };
    let refreshed = [line(Kind::Bound, "c", 1), ask, answer];
    // A server writes lines before its messages are dumped, or nothing is told twice.
    assert_eq!(said_with_domain(&refreshed), ["Accepted 7@e A", "Accepted 7@e A"]);
    // Nothing tells whose a binding was that had ended, or that had another contact.
    let ended = [line(Kind::Bound, "c", 1), line(Kind::Expired, "c", 500), ask, answer];
    assert_eq!(said_with_domain(&ended), ["Accepted 7@d A", "Accepted 7@e A", "Expired 7@d -"]);
    assert_eq!(
        said_with_domain(&[line(Kind::Bound, "b", 1), ask, answer]),
        ["Accepted 7@d -", "Accepted 7@e A"]
    );
}

/// The lives that a server's streams tell of, each with its User-Agent and its stream's place in the offsets.
fn lives_of(streams: &[Vec<Held<'static>>]) -> Vec<String> {
    let mut settler = Settler::default();
    let mut nobody = |_: &Observation<'_>| {};
    for records in streams {
        settler.begin_stream(LifeRules::default(), true, b"");
        let mut residue = Residue::default();
        for held in records {
            residue.hear(held.host, held.moment.expect("all have a time"), 6 * 3600);
            residue.push(held);
        }
        settler.take(&residue, &mut nobody);
        settler.end_stream(&mut nobody);
    }
    let mut told = Vec::new();
    settler.lives(0..settler.lives_len(), &mut |life, agent| {
        let agent = agent.text.map_or("-".into(), String::from_utf8_lossy);
        let contact = String::from_utf8_lossy(life.contact);
        told.push(format!(
            "{contact} {agent} {:?} {}..{} {:?}",
            life.spot,
            life.begin.micros(),
            life.end.micros(),
            life.pieces
        ));
    });
    told.sort();
    told
}

proptest! {
    #[test]
    fn a_server_of_several_streams_tells_the_lives_of_each(
        steps in prop::collection::vec((0_usize..3, 0_u8..5, 0_usize..3, 1_i64..20_000, 0_u8..2), 0..60),
    ) {
        const CONTACTS: [&str; 3] = ["a", "b", "peer"];
        const AGENTS: [&str; 3] = ["one", "two", "three"];
        let mut streams = vec![Vec::new(), Vec::new(), Vec::new()];
        let mut now = [0; 3];
        for (offset, (stream, what, contact, step, host)) in (0..).zip(steps) {
            now[stream] += step;
            let contact = CONTACTS[contact];
            // What only a stream of this number says, so that none looks like another's.
            let kind = [Kind::Bound, Kind::Bound, Kind::Expired, Kind::Refused, Kind::AgentSaved][usize::from(what)];
            let is_peer = contact == "peer" || kind == Kind::AgentSaved;
            streams[stream].push(Held {
                spot: Spot { input: stream as u32, offset },
                agent: if kind == Kind::AgentSaved { agent(AGENTS[stream]) } else { AgentRef::UNKNOWN },
                agent_is_elsewhere: true,
                contact: if is_peer { b"" } else { contact.as_bytes() },
                host: [&b""[..], b"pbx2"][usize::from(host)],
                ..held(kind, "u@x", now[stream])
            });
        }
        let mut each: Vec<String> = streams.iter().flat_map(|stream| lives_of(std::slice::from_ref(stream))).collect();
        each.sort();
        prop_assert_eq!(lives_of(&streams), each);
    }
}

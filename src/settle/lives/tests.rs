use super::*;
use crate::model::AgentRef;
use crate::settle::{Asks, Residue};
use proptest::prelude::*;

const HOUR: i64 = 3600;
/// `M` where nothing longer than the default was granted.
const NEEDS: i64 = 7260;
const GAP: u32 = 6 * 3600;

fn held(kind: Kind, contact: &'static str, seconds: i64) -> Held<'static> {
    Held {
        kind,
        spot: Spot { input: 0, offset: seconds as u64 },
        moment: Some(Moment::from_seconds(seconds)),
        user: if contact == "server" { b"" } else { b"u@x" },
        is_bare: false,
        agent: AgentRef::UNKNOWN,
        agent_is_elsewhere: true,
        contact: if contact == "server" || contact == "peer" { b"" } else { contact.as_bytes() },
        call_id: b"",
        cseq: b"",
        thread: b"",
        host: b"",
        code: None,
        expires_seconds: Some(3600),
        asks: Asks::Bind,
    }
}

fn added(contact: &'static str, seconds: i64) -> Held<'static> {
    held(Kind::Bound, contact, seconds)
}

fn expired(contact: &'static str, seconds: i64) -> Held<'static> {
    held(Kind::Expired, contact, seconds)
}

fn gone(contact: &'static str, seconds: i64) -> Held<'static> {
    held(Kind::Gone, contact, seconds)
}

fn start(seconds: i64) -> Held<'static> {
    held(Kind::Restart, "server", seconds)
}

/// A record that says nothing of bindings, only that the server was up.
fn tick(seconds: i64) -> Held<'static> {
    held(Kind::Refused, "other", seconds)
}

/// Ticks every five hours between two instants, so that no silence is too long.
fn ticks(from: i64, until: i64) -> impl Iterator<Item = Held<'static>> {
    (0..).map(move |n| from + n * 5 * HOUR).take_while(move |at| *at < until).map(tick)
}

fn lives(records: &[Held<'_>], rules: LifeRules, run: usize) -> Vec<String> {
    let mut lives = Lives::new(rules, true);
    let mut pairs = Pairs::default();
    for records in records.chunks(run) {
        let mut residue = Residue::default();
        for held in records {
            if let Some(moment) = held.moment {
                residue.hear(held.host, moment, rules.coverage_gap_seconds);
            }
            residue.push(held);
        }
        let mut runs = residue.runs().peekable();
        for (at, held) in (0..residue.len()).map(|at| (at, residue.at(at))) {
            while let Some(run) = runs.next_if(|run| run.held_before <= at) {
                lives.hear(&run);
            }
            lives.record(&held, &mut pairs);
        }
        runs.for_each(|run| lives.hear(&run));
    }
    let seconds = |moment: Moment| moment.micros() / 1_000_000;
    let ended = lives.finish();
    let mut pieces = Vec::new();
    let mut told: Vec<String> = (0..ended.len())
        .filter_map(|number| {
            let life = ended.life(number, &pairs, &mut pieces)?;
            let mut text = String::from_utf8_lossy(life.contact).into_owned();
            text.push_str(&format!(" {}..{}", seconds(life.begin), seconds(life.end)));
            for piece in life.pieces {
                let kind = if piece.is_open { "open" } else { "closed" };
                text.push_str(&format!(", {kind} {}..{}", seconds(piece.begin), seconds(piece.end)));
                text.push_str(&format!(" by {}", piece.spot.offset));
            }
            Some(text)
        })
        .collect();
    told.sort();
    told
}

/// What is told of the lives in these records.
fn told(records: &[Held<'_>]) -> Vec<String> {
    lives(records, LifeRules::default(), usize::MAX)
}

#[test]
fn a_binding_lives_from_its_first_record_to_its_removal() {
    for kind in [Kind::Expired, Kind::Unbound] {
        let records = [added("a", 0), tick(5 * HOUR), held(kind, "a", 10 * HOUR)];
        assert_eq!(told(&records), ["a 0..36000, closed 0..36000 by 36000"]);
    }
}

#[test]
fn a_life_shorter_than_its_longest_expiry_proves_nothing() {
    assert_eq!(told(&[added("a", 0), expired("a", NEEDS - 1)]), ["a 0..7259"]);
    assert_eq!(told(&[added("a", 0), expired("a", NEEDS)]), ["a 0..7260, closed 0..7260 by 7260"]);
}

#[test]
fn the_longest_expiry_is_what_was_granted_or_what_the_operator_says() {
    let long = Held { expires_seconds: Some(9000), ..added("a", 0) };
    assert_eq!(told(&[long, expired("a", 9059)]), ["a 0..9059"]);
    assert_eq!(told(&[long, expired("a", 9060)]), ["a 0..9060, closed 0..9060 by 9060"]);
    let later = Held { kind: Kind::Refreshed, expires_seconds: Some(9000), ..added("a", 10) };
    assert_eq!(told(&[added("a", 0), later, expired("a", 9059)]), ["a 0..9059"]);
    let rules = LifeRules { max_expiry_seconds: 600, ..LifeRules::default() };
    let short = Held { expires_seconds: Some(300), ..added("a", 0) };
    assert_eq!(lives(&[short, expired("a", 660)], rules, 9), ["a 0..660, closed 0..660 by 660"]);
    assert_eq!(lives(&[short, expired("a", 659)], rules, 9), ["a 0..659"]);
}

#[test]
fn a_piece_proves_a_registration_where_it_overlaps_by_the_longest_expiry() {
    let at = Moment::from_seconds;
    let piece = Piece { begin: at(0), end: at(100), is_open: false, spot: Spot { input: 0, offset: 0 } };
    assert!(piece.proves(at(-50), at(70), 70));
    assert!(!piece.proves(at(-50), at(69), 70));
    assert!(piece.proves(at(30), at(500), 70));
    assert!(!piece.proves(at(31), at(500), 70));
    assert!(!piece.proves(at(200), at(500), 70));
}

#[test]
fn a_binding_without_end_lives_up_to_the_last_record_of_any_binding() {
    let records = [added("a", 0), tick(5 * HOUR), expired("b", 8 * HOUR), tick(9 * HOUR)];
    let b = "b 0..28800, closed 21540..28800 by 28800";
    assert_eq!(told(&records), ["a 0..32400, open 0..28800 by 0", b]);
}

#[test]
fn a_log_that_tells_of_no_removal_proves_no_open_life() {
    let records = [added("a", 0), tick(5 * HOUR), added("b", 8 * HOUR)];
    assert_eq!(told(&records), ["a 0..28800", "b 28800..28800"]);
}

#[test]
fn a_removal_without_a_beginning_proves_the_last_registration_only() {
    assert_eq!(
        told(&[tick(0), tick(5 * HOUR), expired("a", 8 * HOUR)]),
        ["a 0..28800, closed 21540..28800 by 28800"]
    );
    // The log begins too late to know that the server was up.
    assert_eq!(told(&[tick(8 * HOUR - NEEDS + 1), expired("a", 8 * HOUR)]), ["a 21541..28800"]);
    // An expiry that the log shows to be longer is reckoned with.
    let long = Held { expires_seconds: Some(4 * 3600), ..added("b", 10) };
    assert_eq!(
        told(&[tick(0), long, tick(5 * HOUR), expired("a", 8 * HOUR)])[0],
        "a 0..28800, closed 14340..28800 by 28800"
    );
}

#[test]
fn a_new_binding_of_an_open_contact_ends_the_old_one_at_its_last_record() {
    let refreshed = held(Kind::Refreshed, "a", 4 * HOUR);
    let records = [added("a", 0), refreshed, tick(9 * HOUR), added("a", 12 * HOUR), expired("a", 13 * HOUR)];
    assert_eq!(told(&records), ["a 0..43200, closed 0..14400 by 0", "a 43200..46800"]);
    let records = [added("a", 0), tick(5 * HOUR), added("a", 9 * HOUR), expired("a", 10 * HOUR)];
    assert_eq!(told(&records), ["a 0..32400", "a 32400..36000"]);
}

#[test]
fn a_contact_dropped_without_a_word_is_believed_to_its_last_record() {
    let records = [added("a", 0), tick(5 * HOUR), gone("a", 9 * HOUR), expired("b", 10 * HOUR)];
    assert_eq!(told(&records)[0], "a 0..32400");
}

#[test]
fn the_line_of_a_dropped_contact_may_stand_before_its_removal() {
    let records = [added("a", 0), tick(5 * HOUR), gone("a", 9 * HOUR), expired("a", 9 * HOUR + 2)];
    assert_eq!(told(&records), ["a 0..32402, closed 0..32402 by 32402"]);
}

#[test]
fn a_contact_dropped_while_it_is_added_anew_is_the_older_one() {
    let records = [added("a", 0), gone("a", 2), tick(5 * HOUR), expired("a", 9 * HOUR)];
    assert_eq!(told(&records), ["a 0..32400, closed 0..32400 by 32400"]);
}

#[test]
fn nothing_is_proven_across_a_silence_and_all_on_either_side() {
    let gap = i64::from(GAP);
    let records = [added("a", 0), tick(gap), expired("a", gap + HOUR)];
    assert_eq!(told(&records), ["a 0..25200, closed 0..25200 by 25200"]);
    let records = [added("a", 0), tick(gap + 1), expired("a", gap + 1 + HOUR)];
    assert_eq!(told(&records), ["a 0..25201"]);
    let after = gap + 3 * HOUR;
    let records = [
        added("a", 0),
        tick(3 * HOUR),
        tick(after + 1),
        tick(after + 5 * HOUR),
        expired("a", after + 6 * HOUR),
    ];
    assert_eq!(told(&records), ["a 0..54000, closed 0..10800 by 54000, closed 32401..54000 by 54000"]);
}

#[test]
fn a_removal_right_behind_a_silence_proves_no_registration() {
    let records = [tick(0), added("b", 10), tick(20 * HOUR), expired("a", 21 * HOUR)];
    assert_eq!(told(&records)[0], "a 0..75600");
}

#[test]
fn a_clock_that_is_put_back_makes_no_binding_long_lived() {
    // Put back by ten hours: what was granted before reaches into what comes after.
    let records = [
        added("a", 20 * HOUR),
        tick(21 * HOUR),
        tick(11 * HOUR),
        tick(16 * HOUR),
        tick(21 * HOUR),
        expired("a", 22 * HOUR),
    ];
    assert_eq!(told(&records), ["a 72000..79200"]);
    // As soon as no older expiry can reach, its life proves something again.
    let records = [&records[..5], &[tick(23 * HOUR), expired("a", 24 * HOUR)]].concat();
    assert_eq!(told(&records), ["a 72000..86400, closed 75600..86400 by 86400"]);
    // A binding that is added after the step is reckoned by the new clock.
    let records = [tick(21 * HOUR), added("a", 11 * HOUR), tick(16 * HOUR), expired("a", 17 * HOUR)];
    assert_eq!(told(&records), ["a 39600..61200, closed 39600..61200 by 61200"]);
}

#[test]
fn records_a_little_out_of_order_are_no_step() {
    let records = [added("a", 0), tick(5 * HOUR), tick(5 * HOUR - 30), expired("a", 6 * HOUR)];
    assert_eq!(told(&records), ["a 0..21600, closed 0..21600 by 21600"]);
    let records = [added("a", 0), tick(5 * HOUR), tick(5 * HOUR - 31), expired("a", 6 * HOUR)];
    assert_eq!(told(&records), ["a 0..21600, closed 0..18000 by 21600"]);
}

#[test]
fn a_start_ends_what_is_proven_at_the_last_binding_record_before_it() {
    let before = [added("a", 0), tick(2 * HOUR), expired("b", 4 * HOUR), tick(5 * HOUR)];
    let records = [&before[..], &[start(6 * HOUR), tick(10 * HOUR), expired("c", 14 * HOUR)]].concat();
    assert_eq!(told(&records)[0], "a 0..50400, open 0..14400 by 0");
    // A removal behind the start proves the last registration, and what was open stays open.
    let records = [&before[..], &[start(6 * HOUR), tick(10 * HOUR), expired("a", 14 * HOUR)]].concat();
    assert_eq!(told(&records)[0], "a 0..50400, open 0..14400 by 0, closed 43140..50400 by 50400");
    // Removed too soon behind it: the expiry may have run while the server was down.
    let records = [&before[..], &[start(6 * HOUR), expired("a", 7 * HOUR)]].concat();
    assert_eq!(told(&records)[0], "a 0..25200, open 0..14400 by 0");
}

#[test]
fn a_start_may_lose_bindings_without_a_word() {
    let records = [
        added("a", 0),
        tick(2 * HOUR),
        expired("b", 4 * HOUR),
        start(5 * HOUR),
        added("a", 5 * HOUR + 60),
        expired("a", 6 * HOUR),
    ];
    assert_eq!(told(&records)[..2], ["a 0..18060, open 0..14400 by 0", "a 18060..21600"]);
}

#[test]
fn what_a_new_server_logs_before_it_is_ready_does_not_prolong_the_old_one() {
    let records = [
        added("a", 0),
        expired("b", 60),
        start(5 * HOUR),
        added("c", 5 * HOUR + 5),
        start(5 * HOUR + 10),
        expired("c", 6 * HOUR),
    ];
    assert_eq!(told(&records)[0], "a 0..21600");
}

#[test]
fn a_quiet_night_after_a_start_does_not_hide_what_was_bound_since() {
    let records =
        [tick(0), start(10), added("a", 60), tick(8 * HOUR), tick(12 * HOUR), expired("b", 16 * HOUR)];
    assert_eq!(told(&records)[0], "a 60..57600, open 28800..57600 by 60");
}

#[test]
fn another_sweeping_thread_is_another_server() {
    let swept = |contact, thread: &'static str, hours: i64| Held {
        thread: thread.as_bytes(),
        ..expired(contact, hours * HOUR)
    };
    let with = |third: &'static str| {
        [added("a", 0), swept("b", "7", 4), swept("c", "7", 8), swept("d", third, 12), swept("a", third, 13)]
    };
    assert_eq!(told(&with("7"))[0], "a 0..46800, closed 0..46800 by 46800");
    assert_eq!(told(&with("9"))[0], "a 0..46800, open 0..28800 by 0");
    // A pool of threads, one of which comes back, tells nothing.
    let records = [
        added("a", 0),
        swept("b", "7", 4),
        swept("c", "9", 8),
        swept("d", "7", 12),
        swept("e", "7", 13),
        swept("a", "9", 14),
    ];
    assert_eq!(told(&records)[0], "a 0..50400, closed 0..50400 by 50400");
}

#[test]
fn a_peer_of_chan_sip_is_followed_and_proves_nothing() {
    let bound = held(Kind::Bound, "peer", 0);
    let saved = held(Kind::AgentSaved, "peer", 1);
    let records =
        [bound, saved, tick(5 * HOUR), held(Kind::Unbound, "peer", 10 * HOUR), expired("b", 11 * HOUR)];
    assert_eq!(told(&records)[0], " 0..36000");
    let records = [bound, tick(5 * HOUR), held(Kind::Bound, "peer", 9 * HOUR), expired("b", 12 * HOUR)];
    assert_eq!(told(&records)[..2], [" 0..32400", " 32400..43200"]);
}

#[test]
fn a_registration_told_by_a_header_prolongs_a_binding_and_begins_none() {
    let seen = |contact, seconds| held(Kind::Accepted, contact, seconds);
    assert_eq!(told(&[seen("a", 0), tick(5 * HOUR), expired("b", 6 * HOUR)]).len(), 1);
    let records = [added("a", 0), seen("a", 5 * HOUR), added("a", 9 * HOUR), expired("a", 9 * HOUR + 60)];
    assert_eq!(told(&records)[0], "a 0..32400, closed 0..18000 by 0");
}

#[test]
fn two_servers_in_one_log_do_not_vouch_for_each_other() {
    let on = |host: &'static str, held: Held<'static>| Held { host: host.as_bytes(), ..held };
    let mut records = vec![on("one", added("a", 0))];
    records.extend(ticks(HOUR, 40 * HOUR).map(|tick| on("two", tick)));
    records.push(on("one", expired("a", 40 * HOUR)));
    assert_eq!(told(&records), ["a 0..144000"]);
    let records =
        [on("one", added("a", 0)), on("two", expired("a", 5 * HOUR)), on("one", expired("a", 5 * HOUR))];
    assert_eq!(told(&records), ["a 0..18000, closed 0..18000 by 18000", "a 18000..18000"]);
}

#[test]
fn a_log_without_a_clock_proves_no_life() {
    let records = [Held { moment: None, ..added("a", 0) }, Held { moment: None, ..expired("a", 9 * HOUR) }];
    assert_eq!(told(&records), Vec::<String>::new());
}

/// What a registrar with one true clock does: whoever refreshes is bound until the expiry runs out
/// and the next sweep passes. Every registration is kept, and only what Asterisk logs is logged.
fn served(phones: &[(i64, i64)], until: i64) -> (Vec<Held<'static>>, Vec<Vec<i64>>) {
    const CONTACTS: [&str; 4] = ["a", "b", "c", "d"];
    let mut lines = Vec::new();
    let mut registrations = Vec::new();
    for ((begin, interval), contact) in phones.iter().zip(CONTACTS) {
        let mut own = Vec::new();
        let mut bound_until = i64::MIN;
        let mut at = *begin;
        while at < until {
            // It sleeps now and then, for as long as its number says.
            let pause = if (at / 977) % 7 == 0 { interval * 5 } else { *interval };
            if at > bound_until + 30 {
                if bound_until > i64::MIN {
                    lines.push(expired(contact, bound_until + 15));
                }
                lines.push(added(contact, at));
            }
            own.push(at);
            bound_until = at + 3600;
            at += pause;
        }
        if bound_until + 30 < until {
            lines.push(expired(contact, bound_until + 15));
        }
        registrations.push(own);
    }
    lines.extend((0..until / (5 * HOUR)).map(|n| tick(n * 5 * HOUR)));
    lines.sort_by_key(|held| held.moment);
    (lines, registrations)
}

proptest! {
    #[test]
    fn whatever_is_proven_has_happened(
        phones in prop::collection::vec((0_i64..90_000, 600_i64..5000), 1..5),
        cut in (0_usize..40, 0_usize..40),
        window in (any::<prop::sample::Index>(), 0_i64..40, 3000_i64..12_000),
    ) {
        let (lines, registrations) = served(&phones, 200_000);
        // A log may begin late and end early.
        let lines = &lines[cut.0.min(lines.len())..];
        let lines = &lines[..lines.len() - cut.1.min(lines.len())];
        // No expiry is longer than an hour here, so that the rule is as sharp as it can be.
        let rules = LifeRules { max_expiry_seconds: 3600, ..LifeRules::default() };
        let (mut lives, mut pairs) = (Lives::new(rules, true), Pairs::default());
        let mut residue = Residue::default();
        for held in lines {
            residue.hear(b"", held.moment.unwrap(), GAP);
            residue.push(held);
        }
        residue.runs().for_each(|run| lives.hear(&run));
        (0..residue.len()).for_each(|at| lives.record(&residue.at(at), &mut pairs));
        let ended = lives.finish();
        let mut pieces = Vec::new();
        for number in 0..ended.len() {
            let Some(life) = ended.life(number, &pairs, &mut pieces) else { continue };
            let own = &registrations[usize::from(life.contact[0] - b'a')];
            // The hardest window begins right behind a registration.
            let from = own.get(window.0.index(own.len().max(1))).map_or(0, |at| at + window.1);
            let until = from + window.2;
            let at = Moment::from_seconds;
            let is_proven = life.pieces.iter().any(|it| it.proves(at(from), at(until), life.needs_seconds));
            let has_happened = own.iter().any(|it| (from..until).contains(it));
            prop_assert!(has_happened || !is_proven, "{life:?} in {from}..{until}");
        }
    }

    #[test]
    fn no_cut_into_blocks_shows(
        steps in prop::collection::vec((0_u8..9, 0_usize..3, -200_i64..20_000, 0_u8..2), 0..60),
        run in 1_usize..70,
    ) {
        const CONTACTS: [&str; 3] = ["a", "b", "peer"];
        let mut now = 0;
        let records: Vec<Held<'_>> = steps.iter().map(|&(what, contact, step, host)| {
            now += if step == 0 { 50_000 } else { step };
            let contact = CONTACTS[contact];
            let mut held = match what {
                0 => start(now),
                1 | 2 => added(contact, now),
                3 => gone(contact, now),
                4 | 5 => Held { thread: [b"7", b"9"][usize::from(host)], ..expired(contact, now) },
                6 => held(Kind::Refreshed, contact, now),
                _ => tick(now),
            };
            held.host = [&b""[..], b"pbx2"][usize::from(host)];
            held
        }).collect();
        let rules = LifeRules { max_expiry_seconds: 3600, ..LifeRules::default() };
        prop_assert_eq!(lives(&records, rules, run), lives(&records, rules, usize::MAX));
    }
}

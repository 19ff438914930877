use super::*;
use crate::billing::{PriceModel, ShortCycle};
use crate::model::{Form, Moment, Platform, Rounding, Spot, Window};
use proptest::prelude::*;
use rust_decimal::Decimal;

fn cycle() -> Cycle {
    let day = |text: &str| text.parse().unwrap();
    let window = Window { start: Moment::from_seconds(0), end: Moment::from_seconds(9_999) };
    Cycle { number: 0, window, first_day: day("2026-10-01"), end_day: day("2026-10-31"), full_days: 30 }
}

fn tariff() -> Tariff {
    let charge = |category| Charge {
        category,
        enabled: true,
        model: PriceModel::Flat { price: Decimal::ONE },
        included: 0,
        minimum: None,
        enabled_from: None,
        enabled_until: None,
        basis: MessagingBasis::Registration,
        side_file: None,
    };
    Tariff {
        currency: crate::model::Currency::from_code("EUR").unwrap(),
        rounding: Rounding::HalfUp,
        setup: Vec::new(),
        features: Vec::new(),
        charges: Category::ALL.map(charge).to_vec(),
        adjusts: Vec::new(),
        tax: None,
        short_cycle: ShortCycle::Full,
    }
}

fn seen(agent: &'static str, platform: Platform, class: Class, second: i64) -> Seen<'static> {
    Seen {
        standing: Standing::Accepted,
        agent: Some(agent.as_bytes()),
        platform,
        form: Form::Unknown,
        class,
        is_billable: true,
        is_push: false,
        count: 1,
        first: Some(Moment::from_seconds(second)),
        last: Some(Moment::from_seconds(second)),
        days: 1 << (second % 60),
        spot: Spot { input: 0, offset: second as u64 },
        evidence: EvidenceKind::Line,
    }
}

fn phone(second: i64) -> Seen<'static> {
    seen("Acme/1 (iOS)", Platform::Ios, Class::Generic, second)
}

fn mac(second: i64) -> Seen<'static> {
    seen("Acme/1 (macOS)", Platform::Macos, Class::Desktop, second)
}

fn standing(standing: Standing) -> Seen<'static> {
    Seen { standing, ..phone(1) }
}

/// Categories billed, and the reasons of what is not.
fn decided(activity: &Activity, tariff: &Tariff, seen: &[Seen<'_>], listings: &[Listing]) -> String {
    let decider = Decider::new(activity, tariff).unwrap();
    let id = SipIdRef::from_canonical(b"1234568@myvoipserver.com");
    let decision = decider.decide(id, &cycle(), seen, listings);
    let billed: Vec<&str> = decision.billed.iter().map(|user| user.category.name()).collect();
    let not: Vec<&str> = decision.unbilled.iter().map(|user| user.reason.name()).collect();
    format!("{}/{}", billed.join("+"), not.join("+"))
}

fn plain(seen: &[Seen<'_>]) -> String {
    decided(&Activity::default(), &tariff(), seen, &[])
}

#[test]
fn three_phones_on_one_sip_id_are_one_generic_user() {
    let android = seen("Acme/1 (Android)", Platform::Android, Class::Generic, 9);
    let phones = [phone(5), phone(7), android];
    assert_eq!(plain(&phones), "generic/");
    let decider = Decider::new(&Activity::default(), &tariff()).unwrap();
    let decision = decider.decide(SipIdRef::from_canonical(b"a@b"), &cycle(), &phones, &[]);
    let row = &decision.billed[0];
    assert!(row.platforms.iter().eq([Platform::Ios, Platform::Android]));
    assert_eq!((row.registrations, row.active_days, row.user_agents.len()), (3, 3, 2));
    assert_eq!(row.spot.unwrap().offset, 5);
}

#[test]
fn a_mac_beside_them_is_one_desktop_user() {
    assert_eq!(plain(&[phone(1), mac(2)]), "generic+desktop/");
    let once = Activity { cross_category: CrossCategory::Once, ..Activity::default() };
    assert_eq!(decided(&once, &tariff(), &[phone(1), mac(2)], &[]), "generic/billed_as_generic");
}

#[test]
fn nothing_seen_is_nothing_billed() {
    assert_eq!(plain(&[]), "/");
}

#[test]
fn each_thing_that_is_not_charged_has_its_reason() {
    for (platform, class, expected) in [
        (Platform::Hardphone, Class::NotBilled, "/platform_not_billed"),
        (Platform::Unknown, Class::Unknown, "/platform_unknown"),
        (Platform::Unknown, Class::Undecided, "/platform_undecided"),
    ] {
        assert_eq!(plain(&[seen("x", platform, class, 1)]), expected);
    }
    assert_eq!(plain(&[Seen { is_billable: false, ..phone(1) }]), "/not_billable_agent");
    for (what, expected) in [
        (Standing::Refused, "/only_refused"),
        (Standing::Deregistered, "/only_deregistered"),
        (Standing::Fetched, "/only_fetched"),
        (Standing::Attempted, "/only_attempted"),
        (Standing::Snapshot, "/only_snapshot"),
        (Standing::Expired, "/only_expired"),
        (Standing::Joined, "/conference_guest"),
        (Standing::MessageSent, "/message_not_basis"),
    ] {
        assert_eq!(plain(&[standing(what)]), expected);
    }
    let excluded = Activity { exclude: vec!["^1234".to_owned()], ..Activity::default() };
    assert_eq!(decided(&excluded, &tariff(), &[phone(1)], &[]), "/excluded");
}

#[test]
fn a_client_without_user_agent_counts_as_the_book_says() {
    let bare = Seen { agent: None, ..seen("", Platform::Unknown, Class::Unknown, 1) };
    for (no_agent, expected) in [
        (NoAgent::Refuse, "/no_agent"),
        (NoAgent::Report, "/no_agent"),
        (NoAgent::Generic, "generic/"),
        (NoAgent::Desktop, "desktop/"),
    ] {
        let activity = Activity { no_agent, ..Activity::default() };
        assert_eq!(decided(&activity, &tariff(), &[bare], &[]), expected);
    }
}

#[test]
fn a_phone_that_one_server_logs_without_user_agent_is_no_desktop_besides() {
    let bare = Seen { agent: None, ..seen("", Platform::Unknown, Class::Unknown, 1) };
    let activity = Activity { no_agent: NoAgent::Desktop, ..Activity::default() };
    assert_eq!(decided(&activity, &tariff(), &[bare, phone(2)], &[]), "generic/no_agent");
    // A refused attempt is nobody's phone.
    let stranger = Seen { standing: Standing::Refused, ..phone(2) };
    assert_eq!(decided(&activity, &tariff(), &[bare, stranger], &[]), "desktop/");
}

#[test]
fn a_push_server_counts_and_is_marked_or_is_ignored() {
    let push = Seen { is_push: true, platform: Platform::PushProxy, ..phone(1) };
    let decider = Decider::new(&Activity::default(), &tariff()).unwrap();
    let push_only = |seen: &[Seen<'_>]| {
        decider.decide(SipIdRef::from_canonical(b"a@b"), &cycle(), seen, &[]).billed[0].push_only
    };
    assert!(push_only(&[push]));
    assert!(!push_only(&[push, phone(2)]));
    let ignore = Activity { push_server: PushServer::Ignore, ..Activity::default() };
    assert_eq!(decided(&ignore, &tariff(), &[push], &[]), "/push_ignored");
    // Not "only a push server" any more.
    assert_eq!(decided(&ignore, &tariff(), &[push, phone(2)], &[]), "generic/");
}

#[test]
fn a_charge_that_is_switched_off_is_told() {
    let mut off = tariff();
    off.charges[0].enabled = false;
    assert_eq!(decided(&Activity::default(), &off, &[phone(1), mac(2)], &[]), "desktop/charge_disabled");
    off.charges.clear();
    assert_eq!(decided(&Activity::default(), &off, &[phone(1)], &[]), "/charge_disabled");
}

#[test]
fn hosts_are_charged_and_guests_never() {
    assert_eq!(plain(&[standing(Standing::Hosted)]), "conferencing/");
    let listed = [Listing { category: Category::Conferencing, line: 7 }];
    assert_eq!(decided(&Activity::default(), &tariff(), &[], &listed), "conferencing/");
    assert_eq!(
        decided(&Activity::default(), &tariff(), &[standing(Standing::Hosted)], &listed),
        "conferencing/"
    );
}

#[test]
fn a_host_who_joined_as_a_guest_elsewhere_is_a_host() {
    let guest = standing(Standing::Joined);
    assert_eq!(plain(&[standing(Standing::Hosted), guest]), "conferencing/");
    let listed = [Listing { category: Category::Conferencing, line: 7 }];
    assert_eq!(decided(&Activity::default(), &tariff(), &[guest], &listed), "conferencing/");
}

#[test]
fn a_charge_by_list_names_the_first_of_its_rows_and_one_by_log_its_line() {
    let listed = [9, 4].map(|line| Listing { category: Category::Conferencing, line });
    let decider = Decider::new(&Activity::default(), &tariff()).unwrap();
    let place = |seen: &[Seen<'_>]| {
        let decision = decider.decide(SipIdRef::from_canonical(b"a@b"), &cycle(), seen, &listed);
        let row = &decision.billed[0];
        (row.evidence, row.side_file_line, row.spot.map(|spot| spot.offset))
    };
    assert_eq!(place(&[]), (EvidenceKind::SideFile, Some(4), None));
    assert_eq!(place(&[standing(Standing::Hosted)]), (EvidenceKind::Line, None, Some(1)));
}

#[test]
fn one_reason_is_told_once_where_log_and_list_agree() {
    let listed = [Listing { category: Category::Conferencing, line: 7 }];
    let hosted = [standing(Standing::Hosted)];
    let mut off = tariff();
    off.charges[2].enabled = false;
    assert_eq!(decided(&Activity::default(), &off, &hosted, &listed), "/charge_disabled");
    let excluded = Activity { exclude: vec!["^1234".to_owned()], ..Activity::default() };
    assert_eq!(decided(&excluded, &tariff(), &hosted, &listed), "/excluded");
}

#[test]
fn an_excluded_user_has_that_reason_for_everything() {
    let excluded = Activity { exclude: vec!["^1234".to_owned()], ..Activity::default() };
    let deskphone = seen("Desk", Platform::Hardphone, Class::NotBilled, 1);
    let decider = Decider::new(&excluded, &tariff()).unwrap();
    let id = SipIdRef::from_canonical(b"1234568@myvoipserver.com");
    let decision = decider.decide(id, &cycle(), &[deskphone, phone(2), mac(3)], &[]);
    let rows: Vec<_> = decision.unbilled.iter().map(|row| (row.reason, row.would_be)).collect();
    let would_be = [None, Some(Category::Generic), Some(Category::Desktop)];
    assert_eq!(rows, would_be.map(|category| (Reason::Excluded, category)));
    assert_eq!(decided(&excluded, &tariff(), &[standing(Standing::Refused)], &[]), "/excluded");
}

#[test]
fn unproven_activity_says_what_it_would_have_been_and_a_refusal_does_not() {
    let decider = Decider::new(&Activity::default(), &tariff()).unwrap();
    for (what, expected) in [
        (Standing::Attempted, Some(Category::Generic)),
        (Standing::Snapshot, Some(Category::Generic)),
        (Standing::Refused, None),
        (Standing::Deregistered, None),
    ] {
        let decision = decider.decide(SipIdRef::from_canonical(b"a@b"), &cycle(), &[standing(what)], &[]);
        assert_eq!(decision.unbilled[0].would_be, expected, "{what:?}");
    }
}

#[test]
fn of_what_does_not_count_the_nearest_to_an_activity_is_told() {
    let attempted = [standing(Standing::Refused), standing(Standing::Fetched), standing(Standing::Attempted)];
    assert_eq!(plain(&attempted), "/only_attempted");
    assert_eq!(plain(&attempted[..2]), "/only_fetched");
}

#[test]
fn messaging_goes_by_its_basis() {
    let listed = [Listing { category: Category::Messaging, line: 2 }];
    let by = |basis, seen: &[Seen<'_>]| {
        let mut tariff = tariff();
        tariff.charges[3].basis = basis;
        decided(&Activity::default(), &tariff, seen, &listed)
    };
    let deskphone = seen("Desk", Platform::Hardphone, Class::NotBilled, 1);
    assert_eq!(by(MessagingBasis::Registration, &[]), "/not_registered");
    assert_eq!(by(MessagingBasis::Registration, &[deskphone]), "messaging/platform_not_billed");
    assert_eq!(by(MessagingBasis::Listed, &[]), "messaging/");
    assert_eq!(by(MessagingBasis::Use, &[standing(Standing::MessageSent)]), "messaging/");
    assert_eq!(by(MessagingBasis::Listed, &[standing(Standing::MessageSent)]), "messaging/");
    // The book reads no side file for this basis, and a row says nothing of a message.
    assert_eq!(by(MessagingBasis::Use, &[]), "/");
}

#[test]
fn a_message_without_a_messaging_charge_is_no_question_of_its_basis() {
    let mut none = tariff();
    none.charges.truncate(3);
    let sent = [standing(Standing::MessageSent)];
    assert_eq!(decided(&Activity::default(), &none, &sent, &[]), "/charge_disabled");
}

#[test]
fn a_sustained_binding_registers_a_messaging_user_only_where_it_counts() {
    let listed = [Listing { category: Category::Messaging, line: 2 }];
    let binding = [Seen { class: Class::NotBilled, ..standing(Standing::SustainedOpen) }];
    for (sustained, expected) in [
        (Sustained::Open, "messaging/platform_not_billed"),
        (Sustained::Closed, "/not_registered"),
        (Sustained::Report, "/not_registered"),
        (Sustained::Ignore, "/not_registered"),
    ] {
        let activity = Activity { sustained, ..Activity::default() };
        assert_eq!(decided(&activity, &tariff(), &binding, &listed), expected, "{sustained:?}");
    }
}

#[test]
fn a_sustained_binding_counts_without_registrations() {
    for (kind, evidence) in [
        (Standing::SustainedClosed, EvidenceKind::SustainedClosed),
        (Standing::SustainedOpen, EvidenceKind::SustainedOpen),
    ] {
        let decider = Decider::new(&Activity::default(), &tariff()).unwrap();
        let decision = decider.decide(SipIdRef::from_canonical(b"a@b"), &cycle(), &[standing(kind)], &[]);
        let row = &decision.billed[0];
        assert_eq!((row.registrations, row.active_days, row.first_seen), (0, 0, None));
        assert_eq!(row.evidence, evidence);
    }
}

#[test]
fn the_book_says_which_sustained_bindings_count() {
    let says = |sustained, seen: &[Seen<'_>]| {
        decided(&Activity { sustained, ..Activity::default() }, &tariff(), seen, &[])
    };
    let (closed, open) = (standing(Standing::SustainedClosed), standing(Standing::SustainedOpen));
    assert_eq!(says(Sustained::Open, &[closed]), "generic/");
    assert_eq!(says(Sustained::Open, &[open]), "generic/");
    assert_eq!(says(Sustained::Closed, &[closed]), "generic/");
    assert_eq!(says(Sustained::Closed, &[open]), "/only_sustained");
    assert_eq!(says(Sustained::Closed, &[open, closed]), "generic/");
    for sustained in [Sustained::Report, Sustained::Ignore] {
        assert_eq!(says(sustained, &[open]), "/only_sustained");
        assert_eq!(says(sustained, &[closed, phone(2)]), "generic/");
    }
    // What is reported stands beside other reasons; what is ignored does not.
    let desk = Seen { class: Class::NotBilled, ..phone(3) };
    assert_eq!(says(Sustained::Report, &[closed, desk]), "/platform_not_billed+only_sustained");
    assert_eq!(says(Sustained::Ignore, &[closed, desk]), "/platform_not_billed");
}

#[test]
fn a_binding_that_nothing_proves_is_listed_and_never_charged() {
    let unproven = standing(Standing::Unproven);
    assert_eq!(plain(&[unproven]), "/not_proven");
    assert_eq!(plain(&[unproven, standing(Standing::Expired)]), "/not_proven");
    assert_eq!(plain(&[unproven, standing(Standing::Refused)]), "/not_proven");
    assert_eq!(plain(&[unproven, phone(2)]), "generic/");
    assert_eq!(plain(&[unproven, standing(Standing::SustainedOpen)]), "generic/");
}

#[test]
fn a_line_is_better_evidence_than_an_earlier_binding() {
    let decider = Decider::new(&Activity::default(), &tariff()).unwrap();
    let evidence = |seen: &[Seen<'_>]| {
        let row = decider.decide(SipIdRef::from_canonical(b"a@b"), &cycle(), seen, &[]).billed.remove(0);
        (row.evidence, row.spot.unwrap().offset, row.registrations)
    };
    let (closed, open) = (standing(Standing::SustainedClosed), standing(Standing::SustainedOpen));
    assert_eq!(evidence(&[closed, phone(50)]), (EvidenceKind::Line, 50, 1));
    assert_eq!(
        evidence(&[open, Seen { spot: Spot { input: 0, offset: 7 }, ..closed }]).0,
        EvidenceKind::SustainedClosed
    );
}

fn any_seen() -> impl Strategy<Value = Seen<'static>> {
    let clients = prop::sample::select(vec![
        (Some("phone"), Platform::Ios, Class::Generic, false),
        (Some("tablet"), Platform::Android, Class::Generic, false),
        (Some("sipis"), Platform::PushProxy, Class::Generic, true),
        (Some("mac"), Platform::Macos, Class::Desktop, false),
        (Some("desk"), Platform::Hardphone, Class::NotBilled, false),
        (Some("?"), Platform::Unknown, Class::Unknown, false),
        (None, Platform::Unknown, Class::Unknown, false),
    ]);
    let evidence = prop::sample::select(vec![EvidenceKind::Line, EvidenceKind::Transaction]);
    let standing = prop::sample::select(Standing::ALL.to_vec());
    (standing, clients, evidence, any::<bool>(), prop::option::of(0_i64..9), 0_u64..4, 1_u64..5).prop_map(
        |(standing, (agent, platform, class, is_push), evidence, is_billable, second, offset, count)| Seen {
            standing,
            agent: agent.map(str::as_bytes),
            platform,
            form: Form::Unknown,
            class,
            is_billable,
            is_push,
            count,
            first: second.map(Moment::from_seconds),
            last: second.map(|second| Moment::from_seconds(second + 1)),
            days: second.map_or(0, |second| 1 << second),
            spot: Spot { input: 0, offset },
            evidence,
        },
    )
}

fn any_activity() -> impl Strategy<Value = Activity> {
    (
        prop::sample::select(vec![NoAgent::Report, NoAgent::Generic, NoAgent::Desktop]),
        prop::sample::select(vec![PushServer::Count, PushServer::Ignore]),
        prop::sample::select(vec![Sustained::Open, Sustained::Closed, Sustained::Report, Sustained::Ignore]),
        prop::sample::select(vec![Vec::new(), vec!["^1234".to_owned()]]),
        prop::sample::select(vec![CrossCategory::Each, CrossCategory::Once]),
    )
        .prop_map(|(no_agent, push_server, sustained, exclude, cross_category)| Activity {
            no_agent,
            push_server,
            sustained,
            exclude,
            cross_category,
        })
}

proptest! {
    #[test]
    fn the_order_of_what_was_seen_means_nothing(
        (seen, shuffled) in prop::collection::vec(any_seen(), 0..8)
            .prop_flat_map(|seen| (Just(seen.clone()), Just(seen).prop_shuffle())),
        activity in any_activity(),
        lines in prop::collection::vec((0_usize..2, 1_u64..9), 0..3),
        charged in prop::array::uniform4(any::<bool>()),
    ) {
        let mut tariff = tariff();
        tariff.charges.iter_mut().zip(charged).for_each(|(charge, enabled)| charge.enabled = enabled);
        let mut listings: Vec<Listing> = lines.into_iter()
            .map(|(category, line)| Listing { category: Category::ALL[2 + category], line })
            .collect();
        let decider = Decider::new(&activity, &tariff).unwrap();
        let id = SipIdRef::from_canonical(b"1234568@myvoipserver.com");
        let decision = decider.decide(id, &cycle(), &seen, &listings);
        listings.reverse();
        prop_assert_eq!(&decider.decide(id, &cycle(), &shuffled, &listings), &decision);

        prop_assert!(decision.billed.is_sorted_by(|one, other| one.category < other.category));
        let keys = |row: &UnbilledUser| (row.reason, row.would_be);
        prop_assert!(decision.unbilled.is_sorted_by(|one, other| keys(one) < keys(other)));
        // Nobody vanishes: who was seen is billed or told.
        prop_assert!(seen.is_empty() || !decision.billed.is_empty() || !decision.unbilled.is_empty());
        let has_registered = seen.iter()
            .any(|it| it.standing == Standing::Accepted || it.standing.is_sustained());
        for row in &decision.billed {
            let is_by_client = matches!(row.category, Category::Generic | Category::Desktop);
            prop_assert!(has_registered || !is_by_client, "no registration, no charge");
            prop_assert_eq!(row.spot.is_none(), row.evidence == EvidenceKind::SideFile);
            prop_assert_eq!(row.side_file_line.is_some(), row.evidence == EvidenceKind::SideFile);
        }
    }
}

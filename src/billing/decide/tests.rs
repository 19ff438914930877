use super::*;
use crate::billing::{PriceModel, ShortCycle};
use crate::model::{Form, Moment, Platform, Rounding, Spot, Window};
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
    let id = SipId::from_canonical(b"1234568@myvoipserver.com");
    let decision = decider.decide(&id, &cycle(), seen, listings);
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
    let decision = decider.decide(&SipId::from_canonical(b"a@b"), &cycle(), &phones, &[]);
    let row = &decision.billed[0];
    assert_eq!(row.platforms, [Platform::Ios, Platform::Android]);
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
fn a_push_server_counts_and_is_marked_or_is_ignored() {
    let push = Seen { is_push: true, platform: Platform::PushProxy, ..phone(1) };
    let decider = Decider::new(&Activity::default(), &tariff()).unwrap();
    let push_only = |seen: &[Seen<'_>]| {
        decider.decide(&SipId::from_canonical(b"a@b"), &cycle(), seen, &[]).billed[0].push_only
    };
    assert!(push_only(&[push]));
    assert!(!push_only(&[push, phone(2)]));
    let ignore = Activity { push_server: PushServer::Ignore, ..Activity::default() };
    assert_eq!(decided(&ignore, &tariff(), &[push], &[]), "/push_ignored");
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
    assert_eq!(by(MessagingBasis::Use, &[]), "/message_not_basis");
}

#[test]
fn a_sustained_binding_counts_without_registrations() {
    let sustained = standing(Standing::Sustained);
    let decider = Decider::new(&Activity::default(), &tariff()).unwrap();
    let decision = decider.decide(&SipId::from_canonical(b"a@b"), &cycle(), &[sustained], &[]);
    let row = &decision.billed[0];
    assert_eq!((row.registrations, row.active_days, row.first_seen), (0, 0, None));
    assert_eq!(row.evidence, EvidenceKind::Sustained);
    let ignore = Activity { sustained: Sustained::Ignore, ..Activity::default() };
    assert_eq!(decided(&ignore, &tariff(), &[sustained], &[]), "/only_expired");
}

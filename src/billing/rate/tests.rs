use super::*;
use crate::billing::{Adjust, Feature, MessagingBasis, PriceModel, Setup, Tax, Tier};
use crate::model::{CategoryUsage, Currency, Moment, Rounding, Window};
use jiff::civil::Date;
use proptest::prelude::*;

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A cycle of so many days out of thirty, from 2026-10-01.
fn cycle(days: i64) -> Cycle {
    let zone = jiff::tz::TimeZone::UTC;
    let (first_day, end_day) = (date("2026-10-01"), date("2026-10-01") + jiff::Span::new().days(days));
    let at = |day: Date| Moment::from(day.to_zoned(zone.clone()).unwrap().timestamp());
    let window = Window { start: at(first_day), end: at(end_day) };
    Cycle { number: 0, window, first_day, end_day, full_days: 30 }
}

fn tariff(currency: &str) -> Tariff {
    Tariff {
        currency: Currency::from_code(currency).unwrap(),
        rounding: Rounding::HalfUp,
        setup: Vec::new(),
        features: Vec::new(),
        charges: Vec::new(),
        adjusts: Vec::new(),
        tax: None,
        short_cycle: ShortCycle::Full,
    }
}

fn charge(category: Category, model: PriceModel) -> Charge {
    Charge {
        category,
        enabled: true,
        model,
        included: 0,
        minimum: None,
        enabled_from: None,
        enabled_until: None,
        basis: MessagingBasis::Registration,
        side_file: None,
    }
}

fn flat(category: Category, price: &str) -> Charge {
    charge(category, PriceModel::Flat { price: decimal(price) })
}

fn adjust(kind: AdjustKind, value: &str) -> Adjust {
    Adjust {
        kind,
        description: None,
        value: decimal(value),
        applies_to: Category::ALL.to_vec(),
        from: None,
        until: None,
        cycle: (kind == AdjustKind::Credit).then(|| date("2026-10-05")),
    }
}

fn generic(users: u64) -> Usage {
    Usage { generic: CategoryUsage { users, ..CategoryUsage::default() }, ..Usage::default() }
}

/// Kind, quantity and amount of each line, and the total.
fn shown(invoice: &Invoice) -> (Vec<String>, String) {
    let line = |line: &InvoiceLine| format!("{} {} {}", line.kind.name(), line.quantity, line.amount);
    (invoice.lines.iter().map(line).collect(), invoice.total.to_string())
}

fn rated(tariff: &Tariff, users: u64) -> (Vec<String>, String) {
    shown(&rate("acme", tariff, &cycle(30), false, &generic(users)))
}

#[test]
fn the_steps_stand_in_their_order() {
    let mut book = tariff("EUR");
    book.setup.push(Setup {
        description: "Set-up".to_owned(),
        price: decimal("1500.00"),
        first_cycle: Some(date("2026-10-30")),
    });
    book.features.push(Feature { name: "push".to_owned(), price: decimal("120.00"), enabled: true });
    book.features.push(Feature { name: "off".to_owned(), price: decimal("1.00"), enabled: false });
    let tiers =
        vec![Tier { upto: Some(10), price: decimal("0.90") }, Tier { upto: None, price: decimal("0.75") }];
    let mut users = charge(Category::Generic, PriceModel::Graduated { tiers });
    users.included = 2;
    users.minimum = Some(decimal("12.00"));
    book.charges.push(users);
    book.adjusts.extend([adjust(AdjustKind::Percent, "10"), adjust(AdjustKind::Percent, "5")]);
    book.adjusts.extend([adjust(AdjustKind::Fixed, "3.00"), adjust(AdjustKind::Credit, "20.00")]);
    book.tax = Some(Tax { label: "VAT".to_owned(), rate: decimal("21") });
    let (lines, total) = rated(&book, 14);
    assert_eq!(
        lines,
        [
            "setup 1 1500.00",
            "feature 1 120.00",
            "included 2 0.00",
            "charge 10 9.00",
            "charge 2 1.50",
            // 10 % and 5 % of 10.50, each of the whole; 0.525 is a half that goes up.
            "discount 1 -1.05",
            "discount 1 -0.53",
            // 12.00 - 8.92
            "minimum 1 3.08",
            "adjustment 1 -3.00",
            "credit 1 -20.00",
            // 21 % of 1609.00
            "tax 1 337.89",
        ]
    );
    assert_eq!(total, "1946.89");
}

#[test]
fn a_minimum_is_due_at_zero_users_and_not_when_disabled() {
    let mut book = tariff("EUR");
    let mut users = flat(Category::Generic, "1.00");
    users.minimum = Some(decimal("50.00"));
    book.charges.push(users);
    assert_eq!(
        rated(&book, 0),
        (vec!["charge 0 0.00".to_owned(), "minimum 1 50.00".to_owned()], "50.00".to_owned())
    );
    assert_eq!(rated(&book, 50).1, "50.00");
    assert_eq!(rated(&book, 51).1, "51.00");
    book.charges[0].enabled = false;
    assert_eq!(rated(&book, 51), (Vec::new(), "0.00".to_owned()));
}

#[test]
fn included_users_come_before_the_tiers() {
    let mut book = tariff("EUR");
    let tiers =
        vec![Tier { upto: Some(1), price: decimal("9.00") }, Tier { upto: None, price: decimal("1.00") }];
    let mut users = charge(Category::Generic, PriceModel::Graduated { tiers });
    users.included = 10;
    book.charges.push(users);
    for (count, total) in [(0, "0.00"), (10, "0.00"), (11, "9.00"), (12, "10.00")] {
        assert_eq!(rated(&book, count).1, total, "{count} users");
    }
}

#[test]
fn a_charge_by_itself_comes_to_what_it_comes_to_on_an_invoice() {
    let mut book = tariff("EUR");
    let tiers =
        vec![Tier { upto: Some(2), price: decimal("0.90") }, Tier { upto: None, price: decimal("0.75") }];
    let mut users = charge(Category::Generic, PriceModel::Graduated { tiers });
    (users.included, users.minimum) = (1, Some(decimal("1.00")));
    book.charges.push(users);
    book.adjusts.push(adjust(AdjustKind::Percent, "10"));
    for (count, due) in [(0, "1.00"), (1, "1.00"), (2, "1.00"), (3, "1.62"), (4, "2.29")] {
        let alone = charge_for(&book, &cycle(30), Category::Generic, count).unwrap();
        assert_eq!((alone.to_string().as_str(), rated(&book, count).1.as_str()), (due, due), "{count} users");
    }
    assert_eq!(charge_for(&book, &cycle(30), Category::Desktop, 1), None);
}

#[test]
fn a_single_user_has_the_price_of_a_tier_with_and_without_discount_or_none() {
    let mut book = tariff("EUR");
    let tiers =
        vec![Tier { upto: Some(2), price: decimal("0.90") }, Tier { upto: None, price: decimal("0.75") }];
    let mut users = charge(Category::Generic, PriceModel::Graduated { tiers });
    users.included = 1;
    book.charges.push(users);
    book.adjusts.push(adjust(AdjustKind::Percent, "10"));
    let prices = |users| -> Vec<String> {
        let prices = unit_prices(&book, &cycle(30), Category::Generic, users);
        prices.iter().map(|price| price.normalize().to_string()).collect()
    };
    assert_eq!(prices(1), ["0", "0.81", "0.9"]);
    assert_eq!(prices(4), ["0", "0.675", "0.68", "0.75", "0.81", "0.9"]);
}

#[test]
fn what_the_net_cannot_bear_is_carried_forward() {
    let mut book = tariff("EUR");
    book.charges.push(flat(Category::Generic, "1.00"));
    book.adjusts.push(adjust(AdjustKind::Credit, "20.00"));
    let invoice = rate("acme", &book, &cycle(30), false, &generic(5));
    assert_eq!(
        (invoice.net.to_string(), invoice.carried_forward.to_string()),
        ("0.00".to_owned(), "15.00".to_owned())
    );
}

#[test]
fn a_half_of_the_last_digit_rounds_as_the_book_says_in_every_currency() {
    for (currency, price, users, half_up, half_even) in [
        ("JPY", "0.5", 0, "0", "0"),
        ("JPY", "0.5", 1, "1", "0"),
        ("JPY", "0.5", 2, "1", "1"),
        ("JPY", "0.5", 3, "2", "2"),
        ("EUR", "0.005", 1, "0.01", "0.00"),
        ("EUR", "0.005", 3, "0.02", "0.02"),
        ("EUR", "0.0051", 1, "0.01", "0.01"),
        ("KWD", "0.0005", 1, "0.001", "0.000"),
        ("KWD", "0.0005", 3, "0.002", "0.002"),
    ] {
        let mut book = tariff(currency);
        book.charges.push(flat(Category::Generic, price));
        assert_eq!(rated(&book, users).1, half_up, "{users} at {price} {currency}");
        book.rounding = Rounding::HalfEven;
        assert_eq!(rated(&book, users).1, half_even, "{users} at {price} {currency}, half even");
    }
}

#[test]
fn each_tier_is_rounded_before_the_sum() {
    let mut book = tariff("EUR");
    let tiers =
        vec![Tier { upto: Some(1), price: decimal("0.004") }, Tier { upto: None, price: decimal("0.004") }];
    book.charges.push(charge(Category::Generic, PriceModel::Graduated { tiers }));
    // 0.004 and 0.004: nothing each, although 0.008 together would be a cent.
    assert_eq!(rated(&book, 2).1, "0.00");
}

#[test]
fn what_adds_to_the_net_comes_before_what_is_taken_off() {
    let mut book = tariff("EUR");
    book.charges.push(flat(Category::Generic, "1.00"));
    book.adjusts.push(adjust(AdjustKind::Credit, "20.00"));
    book.adjusts.push(adjust(AdjustKind::Fixed, "2.00"));
    book.adjusts.push(adjust(AdjustKind::Fixed, "-10.00"));
    let invoice = rate("acme", &book, &cycle(30), false, &generic(5));
    let lines = ["charge 5 5.00", "adjustment 1 10.00", "adjustment 1 -2.00", "credit 1 -13.00"];
    assert_eq!(shown(&invoice), (lines.map(str::to_owned).to_vec(), "0.00".to_owned()));
    assert_eq!(invoice.carried_forward.to_string(), "7.00");
    assert_eq!(invoice.lines[3].description, "Credit, 7.00 more carried forward");
}

#[test]
fn a_short_cycle_is_charged_by_the_day_where_the_book_says_so() {
    let mut book = tariff("EUR");
    book.features.push(Feature { name: "push".to_owned(), price: decimal("30.00"), enabled: true });
    book.charges.push(flat(Category::Generic, "3.00"));
    let total = |book: &Tariff| rate("acme", book, &cycle(10), false, &generic(2)).total.to_string();
    assert_eq!(total(&book), "36.00");
    book.short_cycle = ShortCycle::Daily;
    assert_eq!(total(&book), "12.00");
    let invoice = rate("acme", &book, &cycle(10), false, &generic(2));
    assert_eq!(invoice.lines[0].description, "push (10 of 30 days)");
    // A full cycle is no matter of days.
    assert_eq!(rate("acme", &book, &cycle(30), false, &generic(2)).total.to_string(), "36.00");
}

#[test]
fn days_count_for_the_minimum_and_not_for_set_up_adjustments_and_credits() {
    let mut book = tariff("EUR");
    book.short_cycle = ShortCycle::Daily;
    let description = "Set-up".to_owned();
    let first_cycle = Some(date("2026-10-01"));
    book.setup.push(Setup { description, price: decimal("100.00"), first_cycle });
    let mut users = flat(Category::Generic, "3.00");
    users.minimum = Some(decimal("50.00"));
    book.charges.push(users);
    book.adjusts.extend([adjust(AdjustKind::Fixed, "3.00"), adjust(AdjustKind::Credit, "6.00")]);
    let (lines, _) = shown(&rate("acme", &book, &cycle(10), false, &generic(2)));
    // 6.00 and 50.00 by ten of thirty days are 2.00 and 16.67.
    let expected =
        ["setup 1 100.00", "charge 2 2.00", "minimum 1 14.67", "adjustment 1 -3.00", "credit 1 -6.00"];
    assert_eq!(lines, expected);
}

#[test]
fn a_charge_is_made_from_its_first_day_to_before_its_last() {
    let mut book = tariff("EUR");
    let mut users = flat(Category::Generic, "1.00");
    users.enabled_from = Some(date("2026-10-02"));
    book.charges.push(users);
    assert_eq!(rated(&book, 5).1, "0.00");
    book.charges[0].enabled_from = Some(date("2026-10-01"));
    assert_eq!(rated(&book, 5).1, "5.00");
    book.charges[0].enabled_until = Some(date("2026-10-01"));
    assert_eq!(rated(&book, 5).1, "0.00");
}

#[test]
fn setup_is_charged_once_or_warned_about() {
    let mut book = tariff("EUR");
    let setup = |first_cycle| Setup { description: "Set-up".to_owned(), price: decimal("9.00"), first_cycle };
    book.setup = vec![setup(Some(date("2026-10-31")))];
    let invoice = rate("acme", &book, &cycle(30), false, &generic(0));
    assert_eq!((invoice.total.to_string(), invoice.warnings.len()), ("0.00".to_owned(), 0));
    book.setup = vec![setup(None)];
    assert_eq!(rate("acme", &book, &cycle(30), false, &generic(0)).warnings.len(), 1);
}

#[test]
fn setup_without_a_day_is_charged_in_the_first_cycle_of_the_ledger() {
    let mut book = tariff("EUR");
    let setup = |first_cycle| Setup { description: "Set-up".to_owned(), price: decimal("9.00"), first_cycle };
    book.setup = vec![setup(None), setup(Some(date("2026-06-01")))];
    for (is_first, total) in [(true, "9.00"), (false, "0.00")] {
        let history = History { is_first: Some(is_first), ..History::default() };
        let invoice = rate_after(&history, "acme", &book, &cycle(30), false, &generic(0));
        assert_eq!((invoice.total.to_string(), invoice.warnings.len()), (total.to_owned(), 0));
    }
}

#[test]
fn what_was_due_once_in_skipped_cycles_is_due_in_the_next_one() {
    let mut book = tariff("EUR");
    let day = |day| Some(date(day));
    book.setup = vec![Setup {
        description: "Set-up".to_owned(),
        price: decimal("9.00"),
        first_cycle: day("2026-09-21"),
    }];
    let credit = |value, cycle| Adjust { cycle: day(cycle), ..adjust(AdjustKind::Credit, value) };
    book.adjusts = vec![credit("2", "2026-09-30"), credit("1", "2026-10-05"), credit("4", "2026-09-20")];
    let mut fixed = adjust(AdjustKind::Fixed, "3");
    // Counts by the cycle's first day as ever.
    fixed.until = day("2026-09-30");
    book.adjusts.push(fixed);
    let lines = |skipped_from| {
        let history = History { skipped_from, ..History::default() };
        let invoice = rate_after(&history, "acme", &book, &cycle(30), false, &generic(0));
        let line = |line: &InvoiceLine| format!("{} {}", line.description, line.amount);
        invoice.lines.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(lines(None), ["Credit, 1.00 more carried forward 0.00"]);
    assert_eq!(
        lines(day("2026-09-21")),
        [
            "Set-up (due 2026-09-21, in a skipped cycle) 9.00",
            "Credit (due 2026-09-30, in a skipped cycle) -2.00",
            "Credit -1.00",
        ]
    );
}

#[test]
fn what_earlier_invoices_carried_forward_is_taken_off_before_tax() {
    let mut book = tariff("EUR");
    book.charges.push(flat(Category::Generic, "1.00"));
    book.adjusts.push(adjust(AdjustKind::Credit, "4"));
    for (brought, last, net, carried) in [
        ("5", "brought_forward 1 -5.00", "1.00", "0.00"),
        ("6", "brought_forward 1 -6.00", "0.00", "0.00"),
        ("8.50", "brought_forward 1 -6.00", "0.00", "2.50"),
        // Owed since a correction: borne by the credit as well.
        ("-2", "credit 1 -4.00", "8.00", "0.00"),
    ] {
        let history =
            History { is_first: Some(false), brought_forward: decimal(brought), ..History::default() };
        let invoice = rate_after(&history, "acme", &book, &cycle(30), false, &generic(10));
        assert_eq!(shown(&invoice).0.last().unwrap(), last, "{brought}");
        assert_eq!(
            (invoice.net.to_string(), invoice.carried_forward.to_string()),
            (net.to_owned(), carried.to_owned()),
            "{brought}"
        );
    }
}

#[test]
fn a_note_says_what_push_only_users_make_of_their_charge() {
    let mut book = tariff("EUR");
    book.charges.push(flat(Category::Generic, "0.90"));
    book.adjusts.push(adjust(AdjustKind::Percent, "10"));
    let mut usage = generic(10);
    usage.generic.push_only = 3;
    let invoice = rate("acme", &book, &cycle(30), false, &usage);
    assert_eq!(invoice.notes.len(), 1);
    assert_eq!((invoice.notes[0].users, invoice.notes[0].amount.to_string()), (3, "2.43".to_owned()));
}

#[test]
fn a_note_counts_no_more_than_the_minimum_leaves() {
    let mut book = tariff("EUR");
    let mut users = flat(Category::Generic, "1.00");
    users.minimum = Some(decimal("8.00"));
    book.charges.push(users);
    let mut usage = generic(10);
    usage.generic.sustained_open = 3;
    let invoice = rate("acme", &book, &cycle(30), false, &usage);
    // Ten users are 10.00; seven would still be the minimum, 8.00.
    assert_eq!(
        (invoice.notes[0].kind, invoice.notes[0].amount.to_string()),
        ("sustained_open", "2.00".to_owned())
    );
}

/// Totals worked out by hand, at no user, one, the edge of a tier or package, and one more.
#[test]
fn price_tables_give_what_was_worked_out_by_hand() {
    let tiers = |edge, first: &str, rest: &str| {
        let first = Tier { upto: Some(edge), price: decimal(first) };
        vec![first, Tier { upto: None, price: decimal(rest) }]
    };
    let flat = PriceModel::Flat { price: decimal("100.5") };
    let graduated = PriceModel::Graduated { tiers: tiers(100, "0.905", "0.755") };
    let volume = PriceModel::Volume { tiers: tiers(10, "0.0125", "0.0100") };
    let package = PriceModel::Package { size: 25, price: decimal("19.99") };
    let (up, even) = (Rounding::HalfUp, Rounding::HalfEven);
    // Of one yen and of three there are halves: 100.5 and 301.5.
    let yen_up = [(0, "0"), (1, "101"), (2, "201"), (3, "302")];
    let yen_even = [(0, "0"), (1, "100"), (2, "201"), (3, "302")];
    // 10 % off each begun cent of it, 50.00 at least, 21 % tax:
    // 100 users 90.50 - 9.05 = 81.45, tax 17.1045; 101 users 90.50 + 0.76 - 9.13 = 82.13, tax 17.2473.
    let euro = [(0, "60.50"), (1, "60.50"), (100, "98.55"), (101, "99.38")];
    // 5 % tax. One user 0.0125: up 0.013 and tax 0.00065, even 0.012 and tax 0.0006; ten users 0.125 and
    // tax 0.00625; eleven users 0.110 and tax 0.0055.
    let dinar_up = [(0, "0.000"), (1, "0.014"), (10, "0.131"), (11, "0.116")];
    let dinar_even = [(0, "0.000"), (1, "0.013"), (10, "0.131"), (11, "0.116")];
    let packages = [(0, "0.00"), (1, "19.99"), (25, "19.99"), (26, "39.98")];
    for (currency, model, rounding, tax, totals) in [
        ("JPY", &flat, up, None, yen_up),
        ("JPY", &flat, even, None, yen_even),
        ("EUR", &graduated, up, Some("21"), euro),
        ("EUR", &graduated, even, Some("21"), euro),
        ("KWD", &volume, up, Some("5"), dinar_up),
        ("KWD", &volume, even, Some("5"), dinar_even),
        ("EUR", &package, up, None, packages),
    ] {
        let mut book = tariff(currency);
        book.rounding = rounding;
        let mut one = charge(Category::Generic, model.clone());
        if matches!(model, PriceModel::Graduated { .. }) {
            one.minimum = Some(decimal("50.00"));
            book.adjusts.push(adjust(AdjustKind::Percent, "10"));
        }
        book.charges.push(one);
        book.tax = tax.map(|rate| Tax { label: "VAT".to_owned(), rate: decimal(rate) });
        for (users, total) in totals {
            assert_eq!(rated(&book, users).1, total, "{currency} {rounding:?} {users} users");
        }
    }
}

fn any_model() -> impl Strategy<Value = PriceModel> {
    let price = (0_u32..100_000, 0_u32..6).prop_map(|(units, scale)| Decimal::new(units.into(), scale));
    let tiers = (1_u64..50, price.clone(), price.clone()).prop_map(|(edge, first, rest)| {
        vec![Tier { upto: Some(edge), price: first }, Tier { upto: None, price: rest }]
    });
    prop_oneof![
        price.clone().prop_map(|price| PriceModel::Flat { price }),
        tiers.clone().prop_map(|tiers| PriceModel::Graduated { tiers }),
        tiers.prop_map(|tiers| PriceModel::Volume { tiers }),
        (1_u64..40, price).prop_map(|(size, price)| PriceModel::Package { size, price }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]
    #[test]
    fn line_sums_equal_totals_in_every_book(
        models in prop::collection::vec((any_model(), 0_u64..20, prop::option::of(0_u32..9_000)), 0..4),
        adjusts in prop::collection::vec((0_u8..3, -500_i64..9_000), 0..4),
        tax in prop::option::of(0_u32..3_000),
        counts in prop::array::uniform4(0_u64..5_000),
        currency in prop::sample::select(vec!["EUR", "JPY", "KWD"]),
        half_even: bool,
        days in 1_i64..31,
        daily: bool,
    ) {
        let mut book = tariff(currency);
        book.rounding = if half_even { Rounding::HalfEven } else { Rounding::HalfUp };
        book.short_cycle = if daily { ShortCycle::Daily } else { ShortCycle::Full };
        for (category, (model, included, minimum)) in Category::ALL.into_iter().zip(models) {
            let mut one = charge(category, model);
            one.included = included;
            one.minimum = minimum.map(|cents| Decimal::new(cents.into(), 2));
            book.charges.push(one);
        }
        for (kind, value) in adjusts {
            let (kind, value) = match kind {
                0 => (AdjustKind::Percent, Decimal::new(value.rem_euclid(10_000), 2)),
                1 => (AdjustKind::Fixed, Decimal::new(value, 2)),
                _ => (AdjustKind::Credit, Decimal::new(value.abs(), 2)),
            };
            book.adjusts.push(Adjust { value, ..adjust(kind, "0") });
        }
        book.tax = tax.map(|rate| Tax { label: "VAT".to_owned(), rate: Decimal::new(rate.into(), 2) });
        let one = |users| CategoryUsage { users, ..CategoryUsage::default() };
        let [generic, desktop, conferencing, messaging] = counts.map(one);
        let usage = Usage { generic, desktop, conferencing, messaging };
        let invoice = rate("t", &book, &cycle(days), false, &usage);
        let sum: Decimal = invoice.lines.iter().map(|line| line.amount.amount()).sum();
        prop_assert_eq!(sum, invoice.total.amount());
        prop_assert!(invoice.net.amount() >= Decimal::ZERO);
        prop_assert!(invoice.carried_forward.amount().is_zero() || invoice.net.amount().is_zero());
        for line in &invoice.lines {
            prop_assert_eq!(line.amount.amount().scale(), book.currency.digits());
        }
        for charge in &book.charges {
            if !matches!(charge.model, PriceModel::Package { .. }) {
                let counted: u64 = invoice.lines.iter()
                    .filter(|line| line.category == Some(charge.category))
                    .filter(|line| matches!(line.kind, LineKind::Charge | LineKind::Included))
                    .map(|line| line.quantity)
                    .sum();
                prop_assert_eq!(counted, usage.of(charge.category).users);
            }
        }
    }
}

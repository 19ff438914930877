//! Small lists with one fact each, and what holds of any two lists.

use super::*;
use crate::model::{Category, Currency, Cycle, EvidenceKind, Moment, Reason, SipId, SipIdRef, Spot, Window};
use jiff::civil::date;
use proptest::prelude::*;
use rust_decimal::Decimal;

/// Every user costs 1.00, and the fifth and all after it 0.50.
struct Tiers;

impl Prices for Tiers {
    fn unit_prices(&self, _: usize, _: Category) -> &[Decimal] {
        const PRICES: [Decimal; 2] =
            [Decimal::from_parts(50, 0, 0, false, 2), Decimal::from_parts(100, 0, 0, false, 2)];
        &PRICES
    }

    fn change(&self, _: usize, _: Category, users: i64) -> Option<Decimal> {
        let due = |users: i64| Decimal::from(users.clamp(0, 4)) + Decimal::new((users - 4).max(0) * 50, 2);
        Some(due(3 + users) - due(3))
    }

    fn currency(&self, _: Option<usize>) -> Option<Currency> {
        Currency::from_code("EUR")
    }
}

fn cycle() -> Cycle {
    let window =
        Window { start: Moment::from_seconds(1_790_812_800), end: Moment::from_seconds(1_793_404_800) };
    Cycle { number: 0, window, first_day: date(2026, 10, 1), end_day: date(2026, 10, 31), full_days: 30 }
}

fn compared(ours: &[OurUser], rows: &[TheirRow]) -> Comparison {
    let cycle = cycle();
    let setting = Setting {
        cycle: &cycle,
        tenant_of: &|_: SipIdRef<'_>| Some(0),
        tenant_name: &|number| format!("t{number}"),
        is_listed: &|_| true,
        gap: None,
    };
    compare(ours, rows, &setting, &Tiers)
}

fn id(text: &str) -> SipId {
    SipId::from_canonical(text.as_bytes())
}

fn billed(user: &str, categories: &[Category]) -> OurUser {
    let charge = |category: &Category| OurCharge {
        category: *category,
        evidence: EvidenceKind::Line,
        spot: Some(Spot { input: 0, offset: 9 }),
        side_file_line: None,
        registrations: 3,
        active_days: 2,
        first_seen: None,
        last_seen: None,
        is_push_only: false,
    };
    OurUser {
        id: id(user),
        tenant: Some(0),
        charges: categories.iter().map(charge).collect(),
        refusals: Vec::new(),
        elsewhere: Vec::new(),
    }
}

fn row(line: u64, user: &str, category: Option<Category>) -> TheirRow {
    let canonical = user.trim_start_matches("sip:").split([':', ';']).next().unwrap_or_default();
    let claim = Claim {
        id: id(canonical),
        category,
        tenant_text: String::new(),
        tenant: None,
        is_host: None,
        period: Period::default(),
        active_days: None,
        mended: "",
    };
    TheirRow { line, text: user.to_owned(), category_text: String::new(), amount: None, claim: Ok(claim) }
}

const GENERIC: Option<Category> = Some(Category::Generic);
const DESKTOP: Option<Category> = Some(Category::Desktop);

/// Class, reason, line of theirs (0 for none), what is at stake.
fn shown(comparison: &Comparison, rows: &[TheirRow]) -> Vec<String> {
    let one = |it: &Difference| {
        let line = it.row.map_or(0, |row| rows[row].line);
        let stake = it.at_stake.map_or("-".to_owned(), |stake| stake.normalize().to_string());
        format!("{} {} {line} {stake}", it.class, it.reason)
    };
    comparison.matches.iter().chain(&comparison.differences).map(one).collect()
}

#[test]
fn a_number_without_its_plus_is_the_only_user_that_it_can_be() {
    let rows = [row(2, "420777123456@a", GENERIC)];
    let result = compared(&[billed("+420777123456@a", &[Category::Generic])], &rows);
    assert_eq!(shown(&result, &rows), ["match  2 -"]);
    assert!(result.matches[0].detail.contains("(plus_or_zeros)"), "{}", result.matches[0].detail);

    let both =
        [billed("+420777123456@a", &[Category::Generic]), billed("00420777123456@a", &[Category::Generic])];
    let result = compared(&both, &rows);
    assert_eq!(result.differences.len(), 3, "of two nobody can tell");
}

#[test]
fn a_user_part_alone_is_found_where_only_one_user_has_it() {
    let rows = [row(2, "bob", GENERIC)];
    assert_eq!(shown(&compared(&[billed("bob@a", &[Category::Generic])], &rows), &rows), ["match  2 -"]);
    let two = [billed("bob@a", &[Category::Generic]), billed("bob@b", &[Category::Generic])];
    assert_eq!(compared(&two, &rows).matches.len(), 0);
}

#[test]
fn of_two_rows_the_better_one_stands_for_both() {
    let mut rows = [row(2, "bob@a", GENERIC), row(3, "bob@a", GENERIC), row(4, "bob@a:5060", GENERIC)];
    let ours = [billed("bob@a", &[Category::Generic])];
    assert_eq!(
        shown(&compared(&ours, &rows), &rows),
        ["match  2 -", "duplicate_exact same_text 3 1", "duplicate_alias port 4 1"]
    );
    rows[0].claim.as_mut().unwrap().tenant = Some(1);
    rows[1].claim.as_mut().unwrap().period.start = Some(date(2026, 9, 1));
    assert_eq!(
        shown(&compared(&ours, &rows), &rows),
        ["match  4 -", "wrong_tenant is_t0 2 1", "period other_cycle 3 1"]
    );
}

#[test]
fn strangers_who_are_one_are_billed_once_too_often() {
    let rows = [
        row(2, "+420777123456@a", GENERIC),
        row(3, "00420777123456@a", GENERIC),
        row(4, "0100@a", GENERIC),
        row(5, "100@a", GENERIC),
    ];
    assert_eq!(
        shown(&compared(&[], &rows), &rows),
        [
            "billed_not_seen full_coverage 2 1",
            "billed_not_seen full_coverage 4 0.5",
            "billed_not_seen full_coverage 5 0.5",
            "duplicate_alias plus_or_zeros 3 1"
        ]
    );
}

#[test]
fn another_category_counts_only_where_no_row_names_it() {
    let ours = [billed("bob@a", &[Category::Generic])];
    let rows = [row(2, "bob@a", DESKTOP)];
    assert_eq!(shown(&compared(&ours, &rows), &rows), ["wrong_category is_generic 2 0"]);
    let rows = [row(2, "bob@a", DESKTOP), row(3, "bob@a", GENERIC)];
    assert_eq!(shown(&compared(&ours, &rows), &rows), ["match  3 -", "billed_not_seen full_coverage 2 1"]);
}

#[test]
fn a_row_without_a_category_stands_for_all_that_no_other_row_names() {
    let ours = [billed("bob@a", &[Category::Generic, Category::Desktop])];
    let rows = [row(2, "bob@a", None)];
    assert_eq!(shown(&compared(&ours, &rows), &rows), ["match  2 -"]);
    let rows = [row(2, "bob@a", GENERIC), row(3, "bob@a", None)];
    assert_eq!(compared(&ours, &rows).matches.len(), 2);
    let rows = [row(2, "bob@a", GENERIC), row(3, "bob@a", DESKTOP), row(4, "bob@a", None)];
    assert_eq!(shown(&compared(&ours, &rows), &rows)[2], "duplicate_exact same_text 4 -");
}

#[test]
fn an_amount_is_wrong_only_where_it_is_none_of_the_prices() {
    let ours = [billed("bob@a", &[Category::Generic])];
    let with = |amount: &str| {
        let mut rows = [row(2, "bob@a", GENERIC)];
        rows[0].amount = amount.parse().ok();
        shown(&compared(&ours, &rows), &rows).remove(0)
    };
    assert_eq!(with("1.00"), "match  2 -");
    assert_eq!(with("0.5"), "match  2 -");
    assert_eq!(with("1.25"), "amount too_much 2 0.25");
    assert_eq!(with("0.25"), "amount too_little 2 -0.25");
}

#[test]
fn a_period_may_end_on_its_last_day_or_on_the_day_after() {
    let class = |start, end| Period { start, end }.difference(&cycle());
    let (first, last, after) = (date(2026, 10, 1), date(2026, 10, 30), date(2026, 10, 31));
    assert_eq!(class(Some(first), Some(last)), None);
    assert_eq!(class(Some(first), Some(after)), None);
    assert_eq!(class(Some(first), None), None);
    assert_eq!(class(Some(date(2026, 10, 2)), Some(last)), Some("other_days"));
    assert_eq!(class(Some(after), None), Some("other_cycle"));
    assert_eq!(class(Some(date(2026, 9, 1)), None), Some("other_cycle"));
    assert_eq!(class(None, Some(first)), Some("other_cycle"));
}

#[test]
fn what_the_book_says_comes_before_what_lies_outside_and_that_before_a_refusal() {
    let mut user = billed("bob@a", &[]);
    let refusal = |reason, would_be| OurRefusal {
        reason,
        would_be,
        count: 1,
        first_seen: None,
        last_seen: None,
        spot: None,
        side_file_line: None,
    };
    let rows = [row(2, "bob@a", GENERIC)];
    let reason = |user: &OurUser| compared(std::slice::from_ref(user), &rows).differences.remove(0).reason;
    user.refusals.push(refusal(Reason::OnlyRefused, None));
    assert_eq!(reason(&user), "only_refused");
    user.elsewhere.push(Elsewhere {
        category: Category::Generic,
        side: Side::After,
        nearest: Some(cycle().window.end.plus_seconds(2_400)),
        evidence: EvidenceKind::Line,
        spot: Some(Spot { input: 0, offset: 1 }),
        side_file_line: None,
    });
    let found = compared(std::slice::from_ref(&user), &rows).differences.remove(0);
    assert_eq!(
        (found.reason.as_str(), found.detail.as_str()),
        ("only_outside_cycle", "first seen 40 minutes after the cycle's end")
    );
    user.refusals.insert(0, refusal(Reason::NotBillableAgent, Some(Category::Generic)));
    assert_eq!(reason(&user), "not_billable_agent");
}

/// Users out of few names, so that they meet.
fn any_user() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("bob@a"),
        Just("Bob@a"),
        Just("eve@a"),
        Just("+4207771234@a"),
        Just("4207771234@a"),
        Just("bob")
    ]
    .prop_map(str::to_owned)
}

fn any_row() -> impl Strategy<Value = TheirRow> {
    let category = prop_oneof![Just(None), (0_usize..4).prop_map(|at| Some(Category::ALL[at]))];
    let tenant = prop_oneof![Just(None), Just(Some(0)), Just(Some(1))];
    (
        any_user(),
        category,
        tenant,
        any::<bool>(),
        prop_oneof![Just(None), (0_i64..300).prop_map(Some)],
        0_u8..8,
    )
        .prop_map(|(user, category, tenant, is_late, cents, bad)| {
            let mut row = row(0, &user, category);
            row.amount = cents.map(|cents| Decimal::new(cents, 2));
            if let Ok(claim) = &mut row.claim {
                claim.tenant = tenant;
                claim.period.start = is_late.then(|| date(2026, 11, 1));
            }
            if bad == 0 {
                row.claim = Err(("no_user", String::new()));
            }
            row
        })
}

proptest! {
    #[test]
    fn every_row_has_one_class_and_every_charge_one_place(
        mut rows in prop::collection::vec(any_row(), 0..20),
        bits in prop::collection::vec(0_u8..16, 5),
    ) {
        rows.iter_mut().zip(2..).for_each(|(row, line)| row.line = line);
        let names = ["bob@a", "Bob@a", "eve@a", "+4207771234@a", "4207771234@a"];
        let ours: Vec<OurUser> = names.iter().zip(&bits).map(|(name, bits)| {
            let categories: Vec<Category> =
                Category::ALL.into_iter().filter(|category| bits & 1 << *category as u8 != 0).collect();
            billed(name, &categories)
        }).collect();
        let result = compared(&ours, &rows);
        let all = || result.matches.iter().chain(&result.differences);
        let mut classed: Vec<usize> = all().filter_map(|it| it.row).collect();
        classed.sort_unstable();
        prop_assert_eq!(classed, (0..rows.len()).collect::<Vec<_>>());
        let mut taken: Vec<(SipId, Category)> =
            all().flat_map(|it| it.our_categories.iter().map(|category| (it.id.clone().unwrap(), *category))).collect();
        let mut due: Vec<(SipId, Category)> =
            ours.iter().flat_map(|user| user.charges.iter().map(|charge| (user.id.clone(), charge.category))).collect();
        taken.sort();
        due.sort();
        prop_assert_eq!(taken, due);
        // What the rows of a class are about adds up to what the class is about.
        for (class, stakes) in &result.by_class {
            let sum: Decimal = all().filter(|it| it.class == *class).filter_map(|it| it.at_stake).sum();
            prop_assert_eq!(sum, stakes.amounts.values().copied().sum::<Decimal>());
        }
        // The order of their rows means nothing where lines tell them apart.
        let mut turned = rows.clone();
        turned.reverse();
        let mut other = shown(&compared(&ours, &turned), &turned);
        let mut one = shown(&result, &rows);
        one.sort();
        other.sort();
        prop_assert_eq!(one, other);
    }
}

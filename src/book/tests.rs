//! The room as a whole: books as operators write them.

use super::*;
use crate::billing::{
    Activity, Adjust, AdjustKind, CalendarKind, CalendarSpec, Charge, CrossCategory, Feature, MessagingBasis,
    NoAgent, PriceModel, PushServer, Setup, ShortCycle, Sustained, Tariff, Tax, Tier,
};
use crate::identity::{Policy, UserCase};
use crate::model::{Category, Currency, Rounding};
use crate::platform::AgentPolicy;
use jiff::civil::date;
use rust_decimal::Decimal;
use std::path::Path;

/// The book of the design, with the files it names beside it.
pub(super) const EXAMPLE: &str = include_str!("example.toml");

pub(super) fn example_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("book.toml"), EXAMPLE).unwrap();
    std::fs::write(folder.path().join("messaging.csv"), "sip_id,from,until\n").unwrap();
    std::fs::write(folder.path().join("pbx1-aors.csv"), "aor,sip_id\n6001,alice@acme.example.net\n").unwrap();
    folder
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
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

fn example_tariff() -> Tariff {
    let tiers =
        vec![Tier { upto: Some(100), price: decimal("0.90") }, Tier { upto: None, price: decimal("0.75") }];
    Tariff {
        currency: Currency::from_code("EUR").unwrap(),
        rounding: Rounding::HalfUp,
        setup: vec![Setup {
            description: "Set-up fee".into(),
            price: decimal("1500.00"),
            first_cycle: Some(date(2026, 10, 1)),
        }],
        features: vec![Feature {
            name: "push-notifications".into(),
            price: decimal("120.00"),
            enabled: true,
        }],
        charges: vec![
            Charge {
                included: 10,
                minimum: Some(decimal("50.00")),
                ..charge(Category::Generic, PriceModel::Graduated { tiers })
            },
            charge(Category::Desktop, PriceModel::Flat { price: decimal("1.10") }),
            Charge {
                side_file: Some("messaging.csv".into()),
                ..charge(Category::Messaging, PriceModel::Flat { price: decimal("0.40") })
            },
        ],
        adjusts: vec![Adjust {
            kind: AdjustKind::Percent,
            description: None,
            value: decimal("10"),
            applies_to: vec![Category::Generic, Category::Desktop],
            from: None,
            until: Some(date(2026, 12, 31)),
            cycle: None,
        }],
        tax: Some(Tax { label: "VAT".into(), rate: decimal("21") }),
        short_cycle: ShortCycle::Full,
    }
}

#[test]
fn the_example_book_loads_to_exactly_its_values() {
    let folder = example_folder();
    let path = folder.path().join("book.toml");
    let book = Book::load(&path).unwrap();

    assert_eq!(book.path, path);
    assert_eq!(book.digest, blake3::hash(EXAMPLE.as_bytes()).to_hex().to_string());
    let prague = Zone::named("Europe/Prague").unwrap();
    assert_eq!(
        book.calendar,
        CalendarSpec {
            kind: CalendarKind::Days(30),
            anchor: date(2026, 10, 1),
            zone: prague.zone.clone(),
            restarts: Vec::new(),
            short_cycle: ShortCycle::Full,
        }
    );
    assert_eq!(book.quality, Quality { hosts: vec!["edge1".into(), "pbx1".into()], max_gap: Some(21_600) });

    assert_eq!(book.tenants.len(), 1);
    let tenant = &book.tenants[0];
    assert_eq!((tenant.name.as_str(), &tenant.domains[..]), ("acme", &["acme.example.net".to_owned()][..]));
    assert_eq!(tenant.tariff, example_tariff());
    assert_eq!(
        tenant.activity,
        Activity {
            no_agent: NoAgent::Refuse,
            push_server: PushServer::Count,
            sustained: Sustained::Open,
            exclude: vec!["^test-".into(), "@monitoring\\.".into()],
            cross_category: CrossCategory::Each,
        }
    );
    assert_eq!(
        tenant.agents,
        AgentPolicy {
            billable_agents: Some(vec!["^Acme Phone/".into()]),
            push_agents: vec!["^Acrobits SIPIS".into()]
        }
    );

    let identity = Policy {
        user_case: UserCase::Fold,
        use_domain: true,
        default_domain: Some("voip.example.com".into()),
        realm_prefix: None,
        aliases: [("sbc1.example.com".to_owned(), "voip.example.com".to_owned())].into(),
        names: std::collections::HashMap::new(),
    };
    let logs = Logs { zone: Some(Zone::named("UTC").unwrap()), ..Logs::default() };
    assert_eq!(book.config.logs, logs);
    assert_eq!(book.config.identity, identity);
    assert_eq!(
        book.config.sources,
        [Source {
            paths: vec!["pbx1/**".into()],
            zone: Some(prague),
            max_expiry: 7200,
            identity: Policy {
                user_case: UserCase::Keep,
                default_domain: Some("acme.example.net".into()),
                names: [(b"6001".to_vec(), b"alice@acme.example.net".to_vec())].into(),
                ..identity
            },
        }]
    );
    assert_eq!(book.config.push_sources, ["192.0.2.0/24"]);
    assert_eq!(book.config.push_agents, ["^Acrobits SIPIS"]);
    assert_eq!((book.config.patterns.len(), book.config.platform_rules.len()), (0, 0));
    let warnings: Vec<_> = book.warnings.iter().map(|warning| warning.text.as_str()).collect();
    assert_eq!(
        warnings,
        ["no tenant claims the default domain `voip.example.com`; its users are not billed"]
    );
}

#[test]
fn verbs_without_prices_read_the_same_configuration() {
    let folder = example_folder();
    let path = folder.path().join("book.toml");
    let book = Book::load(&path).unwrap();
    let config = Config::load(&path).unwrap();
    assert_eq!(
        (config.logs, config.identity, config.sources),
        (book.config.logs, book.config.identity, book.config.sources)
    );
    assert_eq!(
        (config.push_agents, config.push_sources),
        (book.config.push_agents, book.config.push_sources)
    );
}

#[test]
fn a_configuration_minds_the_spelling_of_prices_but_not_their_sense() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.toml");
    std::fs::write(&path, "[logs]\nzone = 'UTC'\n").unwrap();
    assert_eq!(Config::load(&path).unwrap().logs.zone.unwrap().name, "UTC");
    std::fs::write(&path, "[[charge]]\ncategory = 'desktop'\nmodel = 'flat'\nprice = 1.1\nminimun = '5'\n")
        .unwrap();
    let error = Config::load(&path).unwrap_err();
    let texts: Vec<_> = error.problems.iter().map(|problem| (problem.line, problem.text.as_str())).collect();
    assert_eq!(texts, [(Some(5), "unknown key `minimun` in [[charge]]; did you mean `minimum`?")]);
}

/// A small book that has no problems; tests add to it or change a line.
const SMALL: &str = "schema = 1\ncurrency = 'EUR'\n[cycle]\nkind = 'days'\nlength = 30\nanchor = 2026-01-01\n\
                     zone = 'UTC'\n[activity]\nbillable_agents = ['any']\n[[charge]]\ncategory = 'generic'\n\
                     model = 'flat'\nprice = '1.00'\n";

fn parse(text: &str) -> Result<Book, Vec<String>> {
    let shown = |error: BookError| error.problems.iter().map(ToString::to_string).collect();
    Book::parse(Path::new("b.toml"), text).map_err(shown)
}

#[test]
fn three_mistakes_are_three_problems_each_on_its_line() {
    let text = SMALL.replace("'EUR'", "'EURO'").replace("length", "lenght").replace(
        "model = 'flat'\nprice = '1.00'",
        "model = 'volume'\ntiers = [\n{ upton = 5, price = '2' },\n{ price = '1' },\n]",
    );
    assert_eq!(
        parse(&text).unwrap_err(),
        [
            "b.toml:2: unknown currency `EURO`; did you mean `EUR`?",
            "b.toml:5: unknown key `lenght` in [cycle]; did you mean `length`?",
            "b.toml:14: unknown key `upton` in a tier; did you mean `upto`?",
        ]
    );
}

#[test]
fn a_line_that_is_no_toml_hides_no_other_problem() {
    let text = SMALL.replace("'UTC'", "'UTC").replace("[activity]", "[activity").replace("'1.00'", "1.00");
    let problems = parse(&text).unwrap_err();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert_eq!(problems[2], "b.toml:13: `price` is a bare number; write it as a string, `\"1.00\"`");
    assert!(problems[0].starts_with("b.toml:7: ") && problems[1].starts_with("b.toml:8: "), "{problems:?}");
}

#[test]
fn single_mistakes_have_exact_texts() {
    let cases = [
        ("schema = 1\n", "", "b.toml: `schema` is missing; begin the book with `schema = 1`"),
        ("schema = 1", "schema = 2", "b.toml:1: `schema` is 2; this program reads schema 1"),
        (
            "schema = 1",
            "schema = 1\nrounding = 'up'",
            "b.toml:2: unknown `rounding` `up`; use `half_up` or `half_even`",
        ),
        ("currency = 'EUR'\n", "", "b.toml: `currency` is missing"),
        (
            "currency = 'EUR'\n",
            "curency = 'EUR'\n",
            "b.toml:2: unknown key `curency`; did you mean `currency`?",
        ),
        ("[cycle]", "[cycel]", "b.toml:3: unknown table `cycel`; did you mean `cycle`?"),
        ("[cycle]", "[[cycle]]", "b.toml:3: `cycle` is one table; write it as `[cycle]`"),
        ("[[charge]]", "[charge]", "b.toml:10: `charge` is a list of tables; write each as `[[charge]]`"),
        (
            "price = '1.00'\n",
            "price = '1.00'\nrounding = 'half_up'\n",
            "b.toml:14: unknown key `rounding` in [[charge]]; it belongs above the first [table]",
        ),
        (
            "price = '1.00'\n",
            "price = '1.00'\nprice = '2'\n",
            "b.toml:14: key `price` is written twice; keep one",
        ),
        (
            "price = '1.00'\n",
            "price = ['1.00']\n",
            "b.toml:13: `price` is a list; it must be a decimal number in quotes, such as `\"1.10\"`",
        ),
        ("price = '1.00'\n", "", "b.toml:10: `price` is missing in [[charge]]"),
        (
            "price = '1.00'\n",
            "price = '1.00'\n[[charge]]\ncategory = 'generic'\nmodel = 'flat'\nprice = '2'\n",
            "b.toml:14: a second charge `generic`; the first is on line 10",
        ),
        (
            "price = '1.00'\n",
            "price = '1.00'\n[[feature]]\nname = 'a'\nprice = '2'\n[[feature]]\nname = 'a'\nprice = '2'\n",
            "b.toml:17: a second feature `a`; the first is on line 14",
        ),
        (
            "[activity]\nbillable_agents = ['any']\n",
            "",
            "b.toml: `[activity]` is missing; it needs `billable_agents`: name your apps, or write `billable_agents = [\"any\"]` for every softphone",
        ),
        (
            "price = '1.00'\n",
            "price = '1.00'\n[quality]\nmax_gap = 'long'\n",
            "b.toml:15: `max_gap` is `long`; write a span such as `6h` or `90m`",
        ),
    ];
    for (from, to, complaint) in cases {
        assert_eq!(parse(&SMALL.replacen(from, to, 1)).unwrap_err(), [complaint], "{to}");
    }
}

#[test]
fn the_last_line_of_a_cycle_may_be_wrong_while_a_price_is_too() {
    let text = SMALL.replace("'UTC'", "'Europe/Prag'").replace("'1.00'", "1.00").replace("['any']", "['(']");
    assert_eq!(parse(&text).unwrap_err().len(), 3);
}

#[test]
fn a_book_without_tenants_has_one_that_owns_every_domain() {
    let book = parse(SMALL).unwrap();
    assert_eq!(book.tenants.len(), 1);
    assert_eq!((book.tenants[0].name.as_str(), book.tenants[0].domains.len()), ("default", 0));
    assert_eq!(book.tenant_of("any.example").map(|tenant| tenant.name.as_str()), Some("default"));
}

#[test]
fn an_override_replaces_its_table_and_charges_merge_by_category() {
    let text = format!(
        "{SMALL}[[charge]]\ncategory = 'desktop'\nmodel = 'flat'\nprice = '2.00'\nminimum = '9'\n\
         [[adjust]]\nkind = 'fixed'\nvalue = '1'\n[[feature]]\nname = 'f'\nprice = '3'\n\
         [[tenant]]\nname = 'a'\ndomains = ['A.example']\nrounding = 'half_even'\nadjust = []\n\
         [tenant.activity]\nbillable_agents = ['^A']\npush_sources = ['192.0.2.1']\n\
         [[tenant.charge]]\ncategory = 'desktop'\nmodel = 'flat'\nprice = '4.00'\n\
         [[tenant.charge]]\ncategory = 'conferencing'\nenabled = false\n\
         [[tenant.feature]]\nname = 'f'\nenabled = false\n[[tenant.feature]]\nname = 'g'\nprice = '5'\n\
         [[tenant]]\nname = 'b'\ndomains = ['b.example']\n"
    );
    let book = parse(&text).unwrap();
    let (a, b) = (&book.tenants[0], &book.tenants[1]);
    let categories: Vec<_> = a.tariff.charges.iter().map(|charge| charge.category.name()).collect();
    assert_eq!(categories, ["generic", "desktop", "conferencing"]);
    assert_eq!(a.tariff.charges[1].model, PriceModel::Flat { price: decimal("4.00") });
    assert_eq!(a.tariff.charges[1].minimum, None);
    let features: Vec<_> =
        a.tariff.features.iter().map(|feature| (feature.name.as_str(), feature.enabled)).collect();
    assert_eq!(features, [("f", false), ("g", true)]);
    assert_eq!((a.tariff.adjusts.len(), b.tariff.adjusts.len()), (0, 1));
    assert_eq!((a.tariff.rounding, b.tariff.rounding), (Rounding::HalfEven, Rounding::HalfUp));
    assert_eq!(a.agents.billable_agents.as_deref(), Some(&["^A".to_owned()][..]));
    assert_eq!(b.agents.billable_agents, None);
    assert_eq!(b.tariff.charges.len(), 2);
    assert_eq!(book.config.push_sources, ["192.0.2.1"]);
    assert_eq!(book.tenant_of("a.example"), Some(a));
    assert_eq!(book.tenant_of("c.example"), None);
}

#[test]
fn a_tenants_activity_needs_its_own_billable_agents() {
    let text =
        format!("{SMALL}[[tenant]]\nname = 'a'\ndomains = ['a']\n[tenant.activity]\nsustained = 'closed'\n");
    assert_eq!(
        parse(&text).unwrap_err(),
        [
            "b.toml:17: `billable_agents` is missing in [tenant.activity]; name your apps, or write `billable_agents = [\"any\"]` for every softphone"
        ]
    );
}

#[test]
fn what_may_be_meant_and_often_is_not_is_a_warning() {
    let text = format!(
        "{SMALL}[[setup]]\nprice = '1'\n[[charge]]\ncategory = 'messaging'\nmodel = 'flat'\nprice = '1'\n\
         [[tenant]]\nname = 'a'\ndomains = ['a']\n\
         [[charge]]\ncategory = 'conferencing'\nmodel = 'flat'\nprice = '1'\n"
    );
    let warnings: Vec<_> = parse(&text).unwrap().warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "b.toml:14: a set-up fee without `first_cycle` is charged only where a ledger shows the first cycle",
            "b.toml:16: charge `messaging` has no `side_file`, so nobody is listed and nobody is charged",
            "b.toml:23: [[charge]] holds for every tenant, though it stands below one; write [[tenant.charge]] for that one alone",
            "b.toml:23: charge `conferencing` has neither a `side_file` nor a pattern of event `conference_host`; only hosts that the server itself logs are charged",
        ]
    );
}

#[test]
fn a_file_that_is_not_there_or_not_text_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("b.toml");
    let error = Book::load(&path).unwrap_err();
    assert!(error.to_string().starts_with(&format!("{}: cannot be read: ", path.display())), "{error}");
    std::fs::write(&path, b"a = 1\nb = '\xff'\n").unwrap();
    let error = Book::load(&path).unwrap_err().to_string();
    assert_eq!(error, format!("{}:2: is not UTF-8 here; save it as UTF-8", path.display()));
}

#[test]
fn a_pattern_file_holds_patterns_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.toml");
    std::fs::write(&path, "[[pattern]]\nname = 'a'\nregex = '(?P<aor>x)'\nevent = 'refusal'\n").unwrap();
    let (patterns, warnings) = load_patterns(&path).unwrap();
    assert_eq!(patterns[0].origin, format!("{}:1", path.display()));
    assert_eq!(warnings, []);
    std::fs::write(&path, "[logs]\nzone = 'UTC'\n").unwrap();
    let error = load_patterns(&path).unwrap_err();
    let texts: Vec<_> = error.problems.iter().map(|problem| problem.text.as_str()).collect();
    assert_eq!(texts, ["holds no [[pattern]]", "unknown table `logs`"]);
}

#[test]
fn the_example_book_is_shown_the_same_every_time() {
    let folder = example_folder();
    let path = folder.path().join("book.toml");
    let once = show(&Book::load(&path).unwrap());
    assert_eq!(once, show(&Book::load(&path).unwrap()));
    for needle in ["tenant acme", "1-100 at 0.90, from 101 at 0.75", "aliases", "source 1"] {
        assert!(once.contains(needle), "{needle} in\n{once}");
    }
}

#[test]
fn an_editor_may_add_a_byte_order_mark_and_carriage_returns() {
    let text = format!("\u{feff}{}", SMALL.replace('\n', "\r\n"));
    assert_eq!(parse(&text).unwrap().tenants, parse(SMALL).unwrap().tenants);
    let text = text.replace("price = '1.00'\r\n", "price = '1.00'\r\nprice = '2.00'\r\nminimum = \r\n");
    let problems = parse(&text).unwrap_err();
    assert_eq!(problems.len(), 2);
    assert!(problems[0].starts_with("b.toml:14: key `price` is written twice"), "{problems:?}");
    assert!(problems[1].starts_with("b.toml:15: "), "{problems:?}");
}

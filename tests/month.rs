//! The bill of the sample month against what was worked out by hand from its story.
//!
//! `sample-logs/month/expected/` was written without the program: who is billed for what and
//! with which counts, who must not be billed, and every line of the three invoices.

#[path = "common/siptally.rs"]
mod siptally;

use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use toml_edit::DocumentMut;

const TENANTS: [&str; 3] = ["acme", "globex", "initech"];

/// A row of a CSV output by the names of its columns.
type Row = BTreeMap<String, String>;

fn month() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs/month")
}

/// A folder for a bill, empty at first; below `target/`, where a failed run can be looked at.
fn out(name: &str) -> PathBuf {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if out.exists() {
        fs::remove_dir_all(&out).expect("the last run's bill can be removed");
    }
    out
}

/// The folder of the cycle in a bill of the month, made once for all tests here.
fn cycle() -> &'static Path {
    static CYCLE: OnceLock<PathBuf> = OnceLock::new();
    CYCLE.get_or_init(|| {
        let out = out("month");
        bill(&out, &["edge1", "pbx1"]);
        out.join("2026-10-01")
    })
}

fn bill(out: &Path, paths: &[&str]) {
    let out = out.to_string_lossy();
    let mut args = vec!["bill", "--book", "book.toml", "--cycle", "2026-10-01", "--out", &out];
    args.extend(paths);
    let run = siptally::run(&month(), &args, b"", &[]);
    let said = String::from_utf8_lossy(&run.stdout);
    assert_eq!(run.code, Some(0), "{said}\n{}", run.stderr);
}

fn rows(path: &Path) -> Vec<Row> {
    let mut reader =
        csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    reader.deserialize().map(|row| row.expect("a row of CSV")).collect()
}

fn expected(file: &str) -> PathBuf {
    month().join("expected").join(file)
}

/// Every billed user of every tenant.
fn billed() -> Vec<Row> {
    TENANTS.iter().flat_map(|tenant| rows(&cycle().join(tenant).join("users.csv"))).collect()
}

#[test]
fn exactly_the_users_of_the_story_are_billed() {
    let key = |row: &Row| format!("{} {} {}", row["tenant"], row["category"], row["sip_uri"]);
    let expected: BTreeSet<String> = rows(&expected("users.csv")).iter().map(key).collect();
    let billed: Vec<String> = billed().iter().map(key).collect();
    let distinct: BTreeSet<String> = billed.iter().cloned().collect();
    assert_eq!(billed.len(), distinct.len(), "a user stands twice in one category");
    let missed: Vec<&String> = expected.difference(&distinct).collect();
    let invented: Vec<&String> = distinct.difference(&expected).collect();
    assert!(missed.is_empty() && invented.is_empty(), "missed {missed:#?}\ninvented {invented:#?}");
}

#[test]
fn counts_and_platforms_are_those_of_the_story() {
    let billed = billed();
    let mut wrong = Vec::new();
    for expected in rows(&expected("users.csv")) {
        let is_same = |row: &&Row| ["category", "sip_uri"].iter().all(|key| row[*key] == expected[*key]);
        let Some(found) = billed.iter().find(is_same) else { continue };
        // A field that the story leaves open is empty there.
        for key in ["push_only", "registrations", "active_days"] {
            if !expected[key].is_empty() && found[key] != expected[key] {
                wrong.push(format!(
                    "{} {}: {key} {}, expected {}",
                    expected["category"], expected["sip_uri"], found[key], expected[key]
                ));
            }
        }
        if !expected["platforms"].is_empty() && words(&found["platforms"]) != words(&expected["platforms"]) {
            wrong.push(format!(
                "{}: platforms `{}`, expected `{}`",
                expected["sip_uri"], found["platforms"], expected["platforms"]
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nobody_is_billed_who_must_not_be() {
    let billed = billed();
    for unbilled in rows(&expected("not_billed.csv")) {
        // Without a category, the user is charged for nothing at all.
        let is_charged = billed.iter().any(|row| {
            row["sip_uri"] == unbilled["sip_uri"]
                && (unbilled["category"].is_empty() || row["category"] == unbilled["category"])
        });
        assert!(!is_charged, "{} {}: {}", unbilled["sip_uri"], unbilled["category"], unbilled["why"]);
    }
}

#[test]
fn every_invoice_has_the_lines_worked_out_by_hand() {
    let text = fs::read_to_string(expected("totals.toml")).expect("the totals");
    let totals: DocumentMut = text.parse().expect("the totals are TOML");
    for tenant in TENANTS {
        let invoice = rows(&cycle().join(tenant).join("invoice.csv"));
        let (taxes, mut lines): (Vec<Row>, Vec<Row>) =
            invoice.into_iter().partition(|row| row["kind"] == "tax");
        let total = |rows: &[Row]| rows.iter().map(|row| decimal(&row["amount"])).sum::<Decimal>();
        let amount = |key: &str| decimal(totals[tenant][key].as_str().expect("an amount"));
        assert_eq!(total(&lines), amount("net"), "{tenant}: net");
        assert_eq!(total(&taxes), amount("tax"), "{tenant}: tax");
        assert_eq!(total(&lines) + total(&taxes), amount("total"), "{tenant}: total");

        for line in totals[tenant]["lines"].as_array().expect("lines") {
            let line = line.as_inline_table().expect("a line is a table");
            let at = lines.iter().position(|row| is_line(row, line));
            let at = at.unwrap_or_else(|| panic!("{tenant}: no line {line} among {lines:#?}"));
            lines.remove(at);
        }
        assert!(lines.is_empty(), "{tenant}: lines that nobody worked out: {lines:#?}");
    }
}

#[test]
fn as_many_users_are_listed_as_the_invoice_charges_for() {
    for tenant in TENANTS {
        let users = rows(&cycle().join(tenant).join("users.csv"));
        let invoice = rows(&cycle().join(tenant).join("invoice.csv"));
        for category in ["generic", "desktop", "conferencing", "messaging"] {
            let listed = users.iter().filter(|row| row["category"] == category).count();
            let is_counted = |row: &&Row| {
                row["category"] == category && ["charge", "included"].contains(&row["kind"].as_str())
            };
            let charged: Decimal =
                invoice.iter().filter(is_counted).map(|row| decimal(&row["quantity"])).sum();
            assert_eq!(Decimal::from(listed), charged, "{tenant} {category}");
        }
    }
}

#[test]
fn the_order_of_the_paths_changes_no_byte_of_the_bill() {
    let other = out("month-in-another-order");
    bill(&other, &["pbx1", "edge1"]);
    for tenant in TENANTS {
        for file in ["users.csv", "invoice.csv", "invoice.json"] {
            let read = |cycle: &Path| {
                let path = cycle.join(tenant).join(file);
                fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
            };
            assert!(read(cycle()) == read(&other.join("2026-10-01")), "{tenant}/{file} differs");
        }
    }
}

#[test]
fn a_bill_among_its_logs_does_not_change_the_next_one() {
    let logs = out("logs-with-a-bill");
    for server in ["edge1", "pbx1"] {
        fs::create_dir_all(logs.join(server)).expect("a folder for the logs");
        for log in fs::read_dir(month().join(server)).expect("the sample logs are there") {
            let log = log.expect("a log is there");
            fs::copy(log.path(), logs.join(server).join(log.file_name())).expect("a log can be copied");
        }
    }
    // Beside the logs, in a folder of its own, and around everything.
    for place in ["pbx1", "bill", "."] {
        let bill_in_logs = || {
            bill(&logs.join(place), &[&logs.to_string_lossy()]);
            // Its inputs stand in there, each with its digest.
            let invoice = logs.join(place).join("2026-10-01/acme/invoice.json");
            fs::read_to_string(invoice).expect("an invoice is there")
        };
        let first = bill_in_logs();
        assert_eq!(bill_in_logs(), first, "{place}");
        assert_eq!(first.matches("\"file\": \"pbx1/").count(), 3, "{place}");
    }
}

/// Whether an invoice line says everything that the expectation says.
fn is_line(row: &Row, expected: &toml_edit::InlineTable) -> bool {
    expected.iter().all(|(key, value)| match (key, value.as_str(), value.as_integer()) {
        ("name", Some(name), _) => row["description"].contains(name),
        ("amount" | "unit_price", Some(figure), _) => {
            row[key].parse::<Decimal>().is_ok_and(|found| found == decimal(figure))
        }
        (_, Some(text), _) => row[key] == text,
        (_, _, Some(number)) => row[key] == number.to_string(),
        _ => panic!("`{key}` is neither text nor a number"),
    })
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

/// The words of a cell that lists some, whatever parts them.
fn words(cell: &str) -> BTreeSet<&str> {
    cell.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| !word.is_empty()).collect()
}

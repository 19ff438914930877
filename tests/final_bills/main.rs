//! Final means final: what `bill --final` and `verify` do to a folder, run the way a user would.

mod refusals;
mod shop;
#[path = "../common/siptally.rs"]
mod siptally;

use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value;
use shop::{Shop, line, quarter};
use siptally::Run;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const FIRST: &str = "2026-10-01";
const SECOND: &str = "2026-10-31";

fn said(run: &Run) -> String {
    format!("{}{}", String::from_utf8_lossy(&run.stdout), run.stderr)
}

/// What went wrong, without what the book warns of and what is noted of the logs.
fn errors(run: &Run) -> String {
    let is_error = |line: &&str| !line.contains(" warning: ") && !line.contains(" note: ");
    run.stderr.lines().filter(is_error).map(|line| format!("{line}\n")).collect()
}

/// The files of a bill without what makes it final.
fn without_status(mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    files.retain(|name, _| !name.ends_with("final.json"));
    for (name, bytes) in &mut files {
        let text = String::from_utf8(bytes.clone()).expect("a bill is UTF-8");
        if name.ends_with("invoice.csv") {
            let cut = |row: &str| row.split(',').rev().skip(2).map(str::to_owned).collect::<Vec<_>>();
            if text.lines().next().is_some_and(|header| header.ends_with("ledger_head")) {
                let rows = text.lines().map(|row| {
                    let mut cells = cut(row);
                    cells.reverse();
                    cells.join(",") + "\r\n"
                });
                *bytes = rows.collect::<String>().into_bytes();
            }
        } else if name.ends_with("invoice.html") {
            let status = ["<title>", "class=\"mark", "class=\"number\"", "<dt>Ledger</dt>"];
            let is_other =
                |line: &&str| !line.trim().is_empty() && !status.iter().any(|it| line.contains(it));
            *bytes = text.lines().filter(is_other).collect::<Vec<_>>().join("\n").into_bytes();
        } else if name.ends_with(".json") {
            let mut json: Value = serde_json::from_str(&text).expect("JSON");
            let json = json.as_object_mut().expect("an object");
            json.retain(|key, _| !["final", "status", "ledger", "outputs"].contains(&key.as_str()));
            *bytes = serde_json::to_vec(json).expect("JSON");
        }
    }
    files
}

#[test]
fn a_draft_and_a_final_bill_are_equal_but_for_the_status() {
    let shop = Shop::new(&quarter());
    let month = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs/month");
    let month = month.to_string_lossy();
    let book = format!("{month}/book.toml");
    let ledger = shop.path("m.jsonl");
    let ledger = ledger.to_string_lossy();
    for (out, flags) in [("draft", &[][..]), ("final", &["--final"])] {
        let args = ["bill", "--book", &book, "--cycle", FIRST, "--out", out, "--ledger", &ledger, &month];
        let run = shop.run(&[&args[..], flags].concat());
        assert_eq!(run.code, Some(0), "{}", said(&run));
    }
    assert_eq!(without_status(shop.tree("draft")), without_status(shop.tree("final")));
    let acme = shop.json("final/2026-10-01/acme/invoice.json");
    assert_eq!(acme["final"]["number"], "1");
    assert_eq!(shop.json("final/manifest.json")["status"], "final");
    // Also where the ledger decides: the second cycle has no set-up fee, and bears a credit.
    shop.billed(&["--cycle", FIRST, "--out", "one", "--final"]);
    shop.billed(&["--cycle", SECOND, "--out", "draft2"]);
    shop.billed(&["--cycle", SECOND, "--out", "final2", "--final"]);
    assert_eq!(without_status(shop.tree("draft2")), without_status(shop.tree("final2")));
}

#[test]
fn what_is_final_is_refused_and_nothing_on_the_disk_changes() {
    let shop = Shop::new(&quarter());
    shop.billed(&["--cycle", FIRST, "--out", "bill", "--final"]);
    let before = shop.tree("");
    for flags in [
        &["--out", "bill", "--final"][..],
        &["--out", "elsewhere", "--final"],
        // A draft of the same cycle has no business in the folder of the final one.
        &["--out", "bill"],
    ] {
        let run = shop.bill(&[&["--cycle", FIRST], flags].concat());
        assert_eq!(run.code, Some(5), "{flags:?}: {}", said(&run));
        assert_eq!(shop.tree(""), before, "{flags:?}");
    }
    let run = shop.bill(&["--cycle", FIRST, "--out", "bill", "--final"]);
    assert_eq!(
        errors(&run),
        "siptally: acme-2026-10-01: final as INV-1; nothing would change\n\
         siptally: beta-2026-10-01: final as INV-2; nothing would change\n"
    );
}

#[test]
fn late_lines_are_told_with_users_and_amount() {
    let shop = Shop::new(&quarter());
    shop.billed(&["--cycle", FIRST, "--out", "bill", "--final"]);
    let mut lines = quarter();
    lines.push(line(5, "late@acme.example", true));
    lines.retain(|line| !line.contains("u1@beta.example") || line.contains("c31-"));
    shop.write_log(&lines);
    let run = shop.bill(&["--cycle", FIRST, "--out", "bill", "--final"]);
    assert_eq!(run.code, Some(5));
    insta::assert_snapshot!(errors(&run), @r"
    siptally: acme-2026-10-01: final as INV-1; 1 generic user added (sip:late@acme.example), total 127.91 in place of 126.61 EUR
    siptally: beta-2026-10-01: final as INV-2; 1 desktop user removed (sip:u1@beta.example), the total would stay the same
    siptally: a final bill is never rewritten; --correction writes what changed, and the invoice of a tenant who has none yet, as documents of their own
    ");
}

#[test]
fn a_tenant_whom_the_book_forgot_gets_an_invoice_later() {
    let shop = Shop::new(&quarter());
    let book = fs::read_to_string(shop.path("book.toml")).expect("the book");
    let (acme, _) = book.split_once("[[tenant]]\nname = \"beta\"").expect("beta is the last");
    fs::write(shop.path("book.toml"), acme).expect("the book can be written");
    let flags = ["--cycle", FIRST, "--out", "bill", "--final"];
    shop.billed(&flags);
    let before = shop.tree("bill/2026-10-01/acme");
    fs::write(shop.path("book.toml"), &book).expect("the book can be written");
    let run = shop.bill(&flags);
    assert_eq!(run.code, Some(5));
    insta::assert_snapshot!(errors(&run), @r"
    siptally: acme-2026-10-01: final as INV-1; nothing would change
    siptally: beta-2026-10-01: not final yet, and its cycle is for other tenants; it would be 0.00 EUR
    siptally: a final bill is never rewritten; --correction writes what changed, and the invoice of a tenant who has none yet, as documents of their own
    ");
    let correction = [&flags[..], &["--correction"]].concat();
    let said = shop.billed(&correction);
    assert!(said.contains("final as INV-2, noted in ledger.jsonl"), "{said}");
    assert_eq!(shop.json("bill/2026-10-01/beta/invoice.json")["final"]["number"], "INV-2");
    assert!(shop.path("bill/2026-10-01/beta/invoice.html").exists());
    assert_eq!(shop.tree("bill/2026-10-01/acme"), before);
    let run = shop.run(&["verify", "bill", "--book", "book.toml", "reg.log"]);
    assert_eq!(run.code, Some(0), "{}", self::said(&run));
    // From here on it is final as any other.
    let after = shop.tree("bill/2026-10-01");
    assert!(shop.billed(&correction).contains("nothing to correct"), "a second time");
    assert_eq!(shop.bill(&flags).code, Some(5));
    assert_eq!(shop.tree("bill/2026-10-01"), after);
}

#[test]
fn a_final_list_is_compared_only_with_one_that_names_users_alike() {
    let shop = Shop::new(&quarter());
    fs::write(shop.path("key"), "0123456789abcdef").expect("a key");
    fs::write(shop.path("other"), "fedcba9876543210").expect("a key");
    let flags = ["--cycle", FIRST, "--out", "bill", "--final"];
    shop.billed(&[&flags[..], &["--pseudonymise", "key"]].concat());
    let before = shop.tree("");
    for (more, now) in [(&[][..], "by their names"), (&["--pseudonymise", "other"], "of the key of")] {
        for correction in [&[][..], &["--correction"]] {
            let run = shop.bill(&[&flags[..], more, correction].concat());
            assert_eq!(run.code, Some(5), "{}", said(&run));
            let errors = errors(&run);
            assert!(
                errors.contains("acme-2026-10-01: final as INV-1 with pseudonyms of the key of"),
                "{errors}"
            );
            assert!(!errors.contains("@acme.example") && errors.contains(now), "{errors}");
            assert_eq!(shop.tree(""), before);
        }
    }
    let again = shop.billed(&[&flags[..], &["--pseudonymise", "key", "--correction"]].concat());
    assert!(again.contains("nothing to correct"), "{again}");
}

#[test]
fn numbers_have_no_gaps_over_tenants_and_cycles() {
    let shop = Shop::new(&quarter());
    shop.billed(&["--cycle", FIRST, "--out", "one", "--final"]);
    // A bill that is refused or stays a draft takes no number.
    assert_eq!(shop.bill(&["--cycle", FIRST, "--out", "two", "--final"]).code, Some(5));
    shop.billed(&["--cycle", SECOND, "--out", "draft"]);
    shop.billed(&["--cycle", SECOND, "--out", "one", "--final"]);
    shop.billed(&["--cycle", "2026-11-30", "--out", "three", "--final"]);
    let entries = shop.entries();
    let shown =
        |entry: &Value| format!("{} {} {}", entry["number"], entry["invoice_number"], entry["tenant"]);
    assert_eq!(
        entries.iter().map(shown).collect::<Vec<_>>(),
        [
            "1 \"INV-1\" \"acme\"",
            "2 \"INV-2\" \"beta\"",
            "3 \"INV-3\" \"acme\"",
            "4 \"INV-4\" \"beta\"",
            "5 \"INV-5\" \"acme\"",
            "6 \"INV-6\" \"beta\"",
        ]
    );
    // Two bills in one folder: the manifest vouches for both.
    let manifest = shop.json("one/manifest.json");
    let kept = manifest["kept"].as_array().expect("the first bill is kept");
    assert!(kept.iter().any(|file| file["file"] == "2026-10-01/acme/users.csv"));
    let run = shop.run(&["verify", "one", "--book", "book.toml"]);
    assert_eq!(run.code, Some(0), "{}", said(&run));
}

#[test]
fn the_ledger_decides_over_the_set_up_fee_and_what_is_carried_forward() {
    let shop = Shop::new(&quarter());
    let kinds = |file: &str| -> Vec<(String, String)> {
        let lines = shop.json(file)["lines"].as_array().expect("lines").clone();
        let text = |value: &Value| value.as_str().expect("a string").to_owned();
        lines.iter().map(|line| (text(&line["kind"]), text(&line["amount"]))).collect()
    };
    let has = |file: &str, kind: &str| kinds(file).iter().any(|(each, _)| each == kind);
    // Without a ledger nobody knows which cycle is the first.
    shop.billed(&["--cycle", FIRST, "--out", "draft"]);
    assert!(!has("draft/2026-10-01/acme/invoice.json", "setup"));
    for (cycle, out) in [(FIRST, "one"), (SECOND, "two"), ("2026-11-30", "three")] {
        shop.billed(&["--cycle", cycle, "--out", out, "--final"]);
    }
    assert!(has("one/2026-10-01/acme/invoice.json", "setup"));
    assert!(!has("two/2026-10-31/acme/invoice.json", "setup"));
    let carried = |file: &str| shop.json(file)["carried_forward"].as_str().expect("a string").to_owned();
    // 130.00 off 100.00 and the users: the rest comes off the next invoices until it is used up.
    let first = carried("one/2026-10-01/beta/invoice.json");
    let second = carried("two/2026-10-31/beta/invoice.json");
    let brought = |file: &str| {
        let found = kinds(file).into_iter().find(|(kind, _)| kind == "brought_forward");
        found.map_or(Decimal::ZERO, |(_, amount)| amount.parse().expect("a decimal"))
    };
    let decimal = |text: &str| text.parse::<Decimal>().expect("a decimal");
    assert!(decimal(&first) > decimal(&second), "{first} {second}");
    assert_eq!(brought("two/2026-10-31/beta/invoice.json"), decimal(&second) - decimal(&first));
    assert_eq!(shop.json("two/2026-10-31/beta/invoice.json")["total"], "0.00");
    assert!(brought("three/2026-11-30/beta/invoice.json") < Decimal::ZERO);
}

#[test]
fn a_cycle_that_the_logs_do_not_cover_cannot_be_final() {
    let shop = Shop::new(&quarter());
    let before = shop.tree("");
    let run = shop.bill(&["--cycle", "2026-12-30", "--out", "bill", "--final"]);
    assert_eq!(run.code, Some(4), "{}", said(&run));
    assert!(run.stderr.contains("PARTIAL and cannot be final"), "{}", run.stderr);
    assert_eq!(shop.tree(""), before);
}

#[test]
fn every_byte_of_the_ledger_counts() {
    let shop = Shop::new(&quarter());
    shop.billed(&["--cycle", "all", "--out", "draft"]);
    shop.billed(&["--cycle", FIRST, "--out", "one", "--final"]);
    let whole = fs::read(shop.path("ledger.jsonl")).expect("a ledger");
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        assert!(::siptally::ledger::Ledger::parse("ledger.jsonl", &bytes).is_err(), "byte {at}");
    }
    let mut bytes = whole.clone();
    bytes[400] ^= 1;
    fs::write(shop.path("ledger.jsonl"), &bytes).expect("the ledger can be written");
    let before = shop.tree("");
    let run = shop.bill(&["--cycle", SECOND, "--out", "two", "--final"]);
    assert_eq!(run.code, Some(3));
    assert_eq!(
        errors(&run),
        "siptally: ledger.jsonl:1: entry 1 is not what its digest says; the ledger was changed after it was written: \
         restore it from a copy\n"
    );
    assert_eq!(shop.tree(""), before);
    let run = shop.run(&["verify", "one", "--ledger", "ledger.jsonl"]);
    assert_eq!(run.code, Some(1), "{}", said(&run));
}

/// A shop with a final first cycle, and what it looked like.
fn finished() -> (Shop, BTreeMap<String, Vec<u8>>) {
    let shop = Shop::new(&quarter());
    shop.billed(&["--cycle", FIRST, "--out", "bill", "--final"]);
    let whole = shop.tree("");
    (shop, whole)
}

/// Leaves OUT as a run does that is cut off while, or after, its files move in.
fn cut_off(shop: &Shop, files_gone: &[&str]) {
    fs::write(shop.path("bill/.siptally-unfinished"), "").expect("the marker can be written");
    for file in ["manifest.json"].iter().chain(files_gone) {
        fs::remove_file(shop.path("bill").join(file)).expect("the file was there");
    }
}

#[test]
fn a_run_cut_off_before_the_ledger_grew_is_healed_by_the_same_run() {
    for files_gone in [&[][..], &["unbilled.csv", "2026-10-01/final.json", "2026-10-01/beta/invoice.json"]] {
        let (shop, whole) = finished();
        cut_off(&shop, files_gone);
        fs::write(shop.path("ledger.jsonl"), "").expect("the ledger can be written");
        // Until then it is no bill.
        assert_eq!(shop.run(&["verify", "bill"]).code, Some(3));
        shop.billed(&["--cycle", FIRST, "--out", "bill", "--final"]);
        assert_eq!(shop.tree(""), whole);
    }
}

#[test]
fn a_run_cut_off_after_the_ledger_grew_is_finished_by_the_same_run() {
    let (shop, whole) = finished();
    cut_off(&shop, &[]);
    let told = shop.billed(&["--cycle", FIRST, "--out", "bill", "--final"]);
    assert!(told.contains("a run that was cut off is finished now"), "{told}");
    assert_eq!(shop.tree(""), whole);
    assert_eq!(shop.bill(&["--cycle", FIRST, "--out", "bill", "--final"]).code, Some(5));
}

#[test]
fn a_number_that_was_never_given_goes_to_the_next() {
    let (shop, _) = finished();
    cut_off(&shop, &[]);
    fs::write(shop.path("ledger.jsonl"), "").expect("the ledger can be written");
    shop.billed(&["--cycle", SECOND, "--out", "other", "--final"]);
    shop.billed(&["--cycle", FIRST, "--out", "bill", "--final"]);
    assert_eq!(shop.json("bill/2026-10-01/acme/invoice.json")["final"]["number"], "INV-3");
    for out in ["bill", "other"] {
        let run = shop.run(&["verify", out, "--book", "book.toml", "reg.log"]);
        assert_eq!(run.code, Some(0), "{}", said(&run));
    }
}

#[test]
fn a_torn_ledger_is_told_with_its_remedy_and_the_remedy_heals() {
    let (shop, whole) = finished();
    cut_off(&shop, &[]);
    let ledger = &whole["ledger.jsonl"];
    // Inside the first line, at its end, inside the second.
    let first = ledger.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    for end in [1, first, ledger.len() - 1] {
        fs::write(shop.path("ledger.jsonl"), &ledger[..end]).expect("the ledger can be written");
        let run = shop.bill(&["--cycle", FIRST, "--out", "bill", "--final"]);
        assert_eq!(run.code, Some(3), "{end}: {}", said(&run));
        assert!(run.stderr.contains("`truncate -s 0 ledger.jsonl`"), "{end}: {}", run.stderr);
    }
    fs::write(shop.path("ledger.jsonl"), "").expect("the ledger can be written");
    shop.billed(&["--cycle", FIRST, "--out", "bill", "--final"]);
    assert_eq!(shop.tree(""), whole);
}

#[test]
fn runs_at_once_share_one_chain() {
    let shop = Shop::new(&quarter());
    let ledger = shop.path("ledger.jsonl");
    std::thread::scope(|scope| {
        for (cycle, out) in [(FIRST, "one"), (SECOND, "two"), ("2026-11-30", "three")] {
            let shop = &shop;
            scope.spawn(move || shop.billed(&["--cycle", cycle, "--out", out, "--final", "-q"]));
        }
    });
    let bytes = fs::read(ledger).expect("a ledger");
    let ledger = ::siptally::ledger::Ledger::parse("ledger.jsonl", &bytes).expect("a whole chain");
    assert_eq!(ledger.entries().len(), 6);
    for out in ["one", "two", "three"] {
        let run = shop.run(&["verify", out, "--book", "book.toml", "reg.log"]);
        assert_eq!(run.code, Some(0), "{}", said(&run));
    }
}

/// Sums by kind and category, and of net, tax, total and what is carried forward.
fn sums(documents: &[Value]) -> BTreeMap<String, Decimal> {
    let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
    let decimal = |value: &Value| value.as_str().expect("a string").parse::<Decimal>().expect("a decimal");
    for document in documents {
        for line in document["lines"].as_array().expect("lines") {
            let key = format!("{} {}", line["kind"], line["category"]);
            *sums.entry(format!("{key} amount")).or_default() += decimal(&line["amount"]);
            *sums.entry(format!("{key} quantity")).or_default() +=
                Decimal::from(line["quantity"].as_i64().expect("an integer"));
        }
        for sum in ["net", "tax", "total", "carried_forward"] {
            *sums.entry(sum.to_owned()).or_default() += decimal(&document[sum]);
        }
    }
    sums.retain(|_, sum| !sum.is_zero());
    sums
}

/// What is final of a tenant and cycle, in the folder `bill`.
fn documents(shop: &Shop, tenant: &str) -> Vec<Value> {
    let mut documents = vec![shop.json(&format!("bill/{FIRST}/{tenant}/invoice.json"))];
    for entry in shop.entries() {
        if entry["kind"] == "correction" && entry["tenant"] == tenant {
            let number = entry["number"].as_u64().expect("a number");
            documents.push(shop.json(&format!("bill/{FIRST}/{tenant}/correction-{number}/correction.json")));
        }
    }
    documents
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each user of twelve comes in time, with the first late lines, with the second, or is taken
    /// back by then.
    #[test]
    fn a_final_bill_and_its_corrections_add_up_to_a_fresh_one(arrivals in prop::collection::vec(0..4u8, 12)) {
        let lines_at = |step: u8| -> Vec<String> {
            let mut lines = vec![line(31, "u0@acme.example", true)];
            for (number, arrival) in arrivals.iter().enumerate() {
                let tenant = if number % 2 == 0 { "acme" } else { "beta" };
                if *arrival <= step || (*arrival == 3 && step < 2) {
                    let user = format!("u{number}@{tenant}.example");
                    lines.push(line(number as i64, &user, number % 3 != 0));
                }
            }
            lines
        };
        let shop = Shop::new(&lines_at(0));
        shop.billed(&["--cycle", FIRST, "--out", "bill", "--final"]);
        let whole = shop.tree("bill");
        for step in 1..3 {
            shop.write_log(&lines_at(step));
            shop.billed(&["--cycle", FIRST, "--out", "bill", "--final", "--correction"]);
        }
        let run = shop.run(&["verify", "bill", "--book", "book.toml"]);
        prop_assert_eq!(run.code, Some(0), "{}", said(&run));
        // What was final stands untouched.
        let now = shop.tree("bill");
        for (name, bytes) in whole.iter().filter(|(name, _)| name.starts_with(FIRST)) {
            prop_assert_eq!(now.get(name), Some(bytes), "{}", name);
        }
        // The bill of all lines, as if it were the first.
        fs::write(shop.path("fresh.jsonl"), "").expect("a ledger can be written");
        shop.billed(&["--cycle", FIRST, "--out", "fresh", "--ledger", "fresh.jsonl"]);
        for tenant in ["acme", "beta"] {
            let fresh = shop.json(&format!("fresh/{FIRST}/{tenant}/invoice.json"));
            prop_assert_eq!(sums(&documents(&shop, tenant)), sums(&[fresh]));
        }
    }
}

#[test]
fn a_correction_names_the_users_and_can_be_made_again() {
    let shop = Shop::new(&quarter());
    shop.billed(&["--cycle", FIRST, "--out", "bill", "--final"]);
    let nothing = shop.billed(&["--cycle", FIRST, "--out", "bill", "--final", "--correction"]);
    assert!(nothing.contains("nothing to correct, and nothing was written"), "{nothing}");
    let mut lines = quarter();
    lines.push(line(5, "late@acme.example", true));
    shop.write_log(&lines);
    shop.billed(&["--cycle", FIRST, "--out", "bill", "--final", "--correction"]);
    let folder = "bill/2026-10-01/acme/correction-3";
    let changes = fs::read_to_string(shop.path(folder).join("changes.csv")).expect("changes.csv");
    assert_eq!(changes, "change,category,sip_uri\r\nadded,generic,sip:late@acme.example\r\n");
    assert_eq!(shop.json(&format!("{folder}/correction.json"))["corrects"], serde_json::json!(["INV-1"]));
    // Beta had nothing to correct.
    assert_eq!(shop.entries().len(), 3);
    let run = shop.run(&["verify", "bill", "--book", "book.toml", "reg.log"]);
    assert_eq!(run.code, Some(0), "{}", said(&run));
    // Its own crash: the ledger has it, the manifest is not there yet.
    let whole = shop.tree("");
    cut_off(&shop, &[]);
    shop.billed(&["--cycle", FIRST, "--out", "bill", "--final", "--correction"]);
    assert_eq!(shop.entries().len(), 3);
    let run = shop.run(&["verify", "bill", "--book", "book.toml"]);
    assert_eq!(run.code, Some(0), "{}", said(&run));
    assert_eq!(
        shop.tree("bill/2026-10-01").len() + 6,
        whole.keys().filter(|name| name.starts_with("bill/")).count()
    );
    // What is not final has no correction.
    let run = shop.bill(&["--cycle", SECOND, "--out", "bill", "--final", "--correction"]);
    assert_eq!(run.code, Some(5), "{}", said(&run));
}

#[test]
fn verify_finds_a_changed_byte_in_each_file() {
    let (shop, whole) = finished();
    assert_eq!(shop.run(&["verify", "bill", "--book", "book.toml", "reg.log"]).code, Some(0));
    let files: Vec<&String> = whole.keys().filter(|name| name.starts_with("bill/")).collect();
    assert_eq!(files.len(), 16, "{files:?}");
    for file in files {
        for at in [whole[file].len() / 3, whole[file].len() * 2 / 3] {
            let mut bytes = whole[file].clone();
            bytes[at] ^= 1;
            fs::write(shop.path(file), &bytes).expect("the file can be written");
            let run = shop.run(&["verify", "bill", "--book", "book.toml"]);
            let told = said(&run);
            // A manifest may be no manifest any more.
            assert!(matches!(run.code, Some(1 | 3)), "{file} {at}: {told}");
            assert!(told.contains(file.strip_prefix("bill/").expect("below bill")), "{file} {at}: {told}");
        }
        fs::write(shop.path(file), &whole[file]).expect("the file can be written");
    }
}

#[test]
fn verify_makes_the_bill_again_and_names_the_line() {
    let (shop, _) = finished();
    let file = shop.path("bill/2026-10-01/acme/users.csv");
    let text = fs::read_to_string(&file).expect("users.csv").replace("u1@acme", "x1@acme");
    fs::write(&file, text).expect("the file can be written");
    let run = shop.run(&["verify", "bill", "--book", "book.toml", "reg.log"]);
    let told = said(&run);
    assert_eq!(run.code, Some(1), "{told}");
    assert!(told.contains("2026-10-01/acme/users.csv:3:\n"), "{told}");
    assert!(told.contains("made again:  2026-10-01,2026-10-31,acme,generic,sip:u1@acme.example"), "{told}");
    assert!(told.ends_with("siptally: bill: 1 difference\n"), "{told}");
    // Other logs are told as such.
    shop.write_log(&[quarter(), vec![line(3, "new@acme.example", true)]].concat());
    let run = shop.run(&["verify", "bill", "--book", "book.toml", "reg.log"]);
    assert!(said(&run).contains("reg.log: is an input that has changed since"), "{}", said(&run));
    assert_eq!(shop.run(&["verify", "nowhere"]).code, Some(3));
}

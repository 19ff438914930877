//! What may not become final, and what may not be replaced: whatever the ledger is called.

use super::shop::{Shop, line, quarter};
use super::{FIRST, SECOND, cut_off, errors, finished, said};
use std::fs;

#[test]
fn a_final_bill_is_not_replaced_by_whoever_does_not_know_its_ledger() {
    let (shop, before) = finished();
    let book = fs::read_to_string(shop.path("book.toml")).expect("the book");
    let refused = |flags: &[&str]| {
        let run = shop.bill(&[&["--cycle", FIRST, "--out", "bill"], flags].concat());
        assert_eq!(run.code, Some(5), "{flags:?}: {}", said(&run));
        assert!(run.stderr.contains("2026-10-01/final.json"), "{}", run.stderr);
        assert!(run.stderr.contains("--ledger"), "{}", run.stderr);
        let mut now = shop.tree("");
        // The ledger that was misspelled is locked, and so there.
        now.remove("typo.jsonl").into_iter().for_each(|bytes| assert!(bytes.is_empty()));
        assert_eq!(now, before, "{flags:?}");
    };
    refused(&["--ledger", "typo.jsonl"]);
    refused(&["--ledger", "typo.jsonl", "--final"]);
    // A book that names no ledger, and none beside it.
    fs::rename(shop.path("ledger.jsonl"), shop.path("l.jsonl")).expect("the ledger can be moved");
    let run = shop.bill(&["--cycle", FIRST, "--out", "bill"]);
    assert_eq!(run.code, Some(5), "{}", said(&run));
    // It knows of another cycle of the tenant's, and not of this one.
    shop.billed(&["--cycle", SECOND, "--out", "other", "--final", "--ledger", "m.jsonl"]);
    for flags in [&[][..], &["--final"]] {
        let run = shop.bill(&[&["--cycle", FIRST, "--out", "bill", "--ledger", "m.jsonl"], flags].concat());
        assert_eq!(run.code, Some(5), "{}", said(&run));
    }
    fs::rename(shop.path("l.jsonl"), shop.path("ledger.jsonl")).expect("the ledger can be moved");
    fs::write(shop.path("book.toml"), book).expect("the book can be written");
    // A cycle that is not final has its place beside it.
    shop.billed(&["--cycle", SECOND, "--out", "bill"]);
    let run = shop.run(&["verify", "bill", "--book", "book.toml", "reg.log"]);
    assert_eq!(run.code, Some(0), "{}", said(&run));
}

#[test]
fn a_bill_that_was_cut_off_can_be_replaced_by_a_draft_and_become_final_after_it() {
    let (shop, whole) = finished();
    cut_off(&shop, &[]);
    fs::write(shop.path("ledger.jsonl"), "").expect("the ledger can be written");
    shop.billed(&["--cycle", FIRST, "--out", "bill"]);
    // What seals nothing is gone.
    assert!(!shop.path("bill/2026-10-01/final.json").exists());
    shop.billed(&["--cycle", FIRST, "--out", "bill", "--final"]);
    assert_eq!(shop.tree(""), whole);
}

#[test]
fn a_bill_that_was_cut_off_belongs_to_its_own_ledger() {
    let shop = Shop::new(&quarter());
    shop.billed(&["--cycle", SECOND, "--out", "before", "--final"]);
    shop.billed(&["--cycle", FIRST, "--out", "bill", "--final"]);
    cut_off(&shop, &[]);
    let before = shop.tree("bill");
    // It may be final there, so nobody else may say that it is not.
    let run = shop.bill(&["--cycle", FIRST, "--out", "bill", "--final", "--ledger", "typo.jsonl"]);
    assert_eq!(run.code, Some(5), "{}", said(&run));
    assert_eq!(shop.tree("bill"), before);
    shop.billed(&["--cycle", FIRST, "--out", "bill", "--final"]);
}

#[test]
fn no_day_becomes_final_twice_for_a_tenant() {
    let (shop, before) = finished();
    let book = fs::read_to_string(shop.path("book.toml")).expect("the book");
    let moved = book.replace("anchor = 2026-10-01", "anchor = 2026-10-02");
    fs::write(shop.path("book.toml"), &moved).expect("the book can be written");
    for flags in [&["--final"][..], &["--final", "--correction"]] {
        let run = shop.bill(&[&["--cycle", "2026-10-02", "--out", "two"], flags].concat());
        assert_eq!(run.code, Some(5), "{}", said(&run));
        let errors = errors(&run);
        assert!(
            errors.starts_with(
                "siptally: acme: the cycle of 2026-10-02 to 2026-11-01 overlaps that of 2026-10-01 to 2026-10-31, which is \
                 final as INV-1"
            ),
            "{errors}"
        );
        assert!(
            errors.contains("siptally: beta: the cycle of 2026-10-02")
                && errors.contains("[[cycle.restart]]")
        );
        assert!(!shop.path("two").exists());
        assert_eq!(fs::read(shop.path("ledger.jsonl")).expect("a ledger"), before["ledger.jsonl"]);
    }
    // A draft shows what it would be, and says that it can be no more.
    let run = shop.bill(&["--cycle", "2026-10-02", "--out", "draft"]);
    assert_eq!(run.code, Some(0), "{}", said(&run));
    assert!(
        run.stderr.contains("note: acme: the cycle of 2026-10-02 to 2026-11-01 overlaps"),
        "{}",
        run.stderr
    );
    // Neighbours share no day, and other tenants no bill.
    let restarted = book.replace(
        "zone = \"UTC\"\n\n[logs]",
        "zone = \"UTC\"\nshort_cycle = \"full\"\n\n[[cycle.restart]]\ndate = 2026-11-05\n\n[logs]",
    );
    fs::write(shop.path("book.toml"), restarted).expect("the book can be written");
    shop.billed(&["--cycle", "2026-10-31", "--out", "three", "--final"]);
    let other = moved.replace("\"acme\"", "\"newco\"").replace("\"beta\"", "\"other\"");
    fs::write(shop.path("book.toml"), other).expect("the book can be written");
    shop.billed(&["--cycle", "2026-10-02", "--out", "four", "--final"]);
}

#[test]
fn a_correction_names_its_documents_and_amounts() {
    let (shop, _) = finished();
    let mut lines = quarter();
    lines.push(line(5, "late@acme.example", true));
    shop.write_log(&lines);
    let flags = ["--cycle", FIRST, "--out", "bill", "--final", "--correction"];
    let said = shop.billed(&flags);
    insta::assert_snapshot!(said, @r"
    Cycle 2026-10-01 to 2026-10-30, 30 days, amounts in EUR

    tenant  document   net   tax  total  cycle in all
    ─────────────────────────────────────────────────
    acme    INV-3     1.07  0.23   1.30        127.91

    Notes
      26 lines read, 26 accepted registrations, 0 records rejected
      final as INV-3, noted in ledger.jsonl
      left over from an earlier bill: report.html

    Final documents in bill
      2026-10-01/acme/correction-3/correction.csv  INV-3, 1.30 EUR
      unbilled.csv                                 who was seen and not charged, and why
      manifest.json                                what it was made from
    ");
    let nothing = shop.billed(&flags);
    insta::assert_snapshot!(nothing, @r"
    Notes
      26 lines read, 26 accepted registrations, 0 records rejected
      nothing to correct, and nothing was written

    The final bill in bill stays as it was
    ");
}

#[test]
fn a_change_in_either_of_two_side_files_of_one_name_is_found() {
    let shop = Shop::new(&quarter());
    let book = fs::read_to_string(shop.path("book.toml")).expect("the book");
    let charge = |table: &str, file: &str| {
        format!(
            "\n[[{table}]]\ncategory = \"conferencing\"\nmodel = \"flat\"\nprice = \"5.00\"\nside_file = \"{file}\"\n"
        )
    };
    let book = book.replace("\n[tax]", &format!("{}\n[tax]", charge("charge", "x/h.csv")));
    fs::write(shop.path("book.toml"), format!("{book}{}", charge("tenant.charge", "y/h.csv")))
        .expect("the book");
    let hosts = |file: &str, day: &str| {
        let folder = shop.path(file);
        fs::create_dir_all(folder.parent().expect("a folder")).expect("a folder");
        fs::write(
            folder,
            format!("sip_id,from,until,role\nu0@acme.example,{day},,host\nu0@beta.example,{day},,host\n"),
        )
        .expect("a side file");
    };
    hosts("x/h.csv", "2026-10-05");
    hosts("y/h.csv", "2026-10-05");
    shop.billed(&["--cycle", FIRST, "--out", "bill"]);
    for file in ["x/h.csv", "y/h.csv"] {
        hosts(file, "2026-10-06");
        let run = shop.run(&["verify", "bill", "--book", "book.toml", "reg.log"]);
        assert_eq!(run.code, Some(1), "{}", said(&run));
        assert!(said(&run).contains(&format!("side file {file}: blake3:")), "{}", said(&run));
        hosts(file, "2026-10-05");
    }
    let run = shop.run(&["verify", "bill", "--book", "book.toml", "reg.log"]);
    assert_eq!(run.code, Some(0), "{}", said(&run));
}

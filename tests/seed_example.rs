//! The example that the charging model was explained with: John Doe, his devices, his vacation.

#[path = "common/siptally.rs"]
mod siptally;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const JOHN: &str = "1234568@myvoipserver.com";
const IPHONE: &str = "Acme Phone/3.8.33 (build 17; iOS 15.5; arm64)";
const IPAD: &str = "Acme Phone/3.8.33 (build 17; iOS 16.2; arm64)";
const ANDROID: &str = "Acme Phone/3.8.33 (build 17; Android 13; arm64)";
const MAC: &str = "Acme Phone/3.8.33 (build 17; macOS 14.1; arm64)";

/// Somebody else, seen in the cycle and after its end, so that the cycle is over and not empty.
const OTHERS: &str = "\
Oct 12 08:00:00 reg1 kamailio[2211]: NOTICE: <script>: REG-OK t=1791792000 src=192.0.2.20 aor=jane@myvoipserver.com exp=3600 ci=j1@192.0.2.20 ct=<sip:jane@192.0.2.20:5060> ua=Acme Phone/3.8.33 (build 17; iOS 15.5; arm64)
Nov  4 09:00:00 reg1 kamailio[2211]: NOTICE: <script>: REG-OK t=1793782800 src=192.0.2.20 aor=jane@myvoipserver.com exp=3600 ci=j2@192.0.2.20 ct=<sip:jane@192.0.2.20:5060> ua=Acme Phone/3.8.33 (build 17; iOS 15.5; arm64)
";

/// A row of a CSV output by the names of its columns.
type Row = BTreeMap<String, String>;

/// John's registration on 5 October 2026 with that device.
fn in_the_cycle(agent: &str, call: u32) -> String {
    format!(
        "Oct  5 14:03:22 reg1 kamailio[2211]: NOTICE: <script>: REG-OK t=1791209002 src=192.0.2.10 aor={JOHN} exp=3600 ci=abc{call}@192.0.2.10 ct=<sip:1234568@192.0.2.10:{call}> ua={agent}\n"
    )
}

/// The bill of the cycle from 1 to 31 October 2026: the rows of its users, and of its invoice.
fn bill(log: &str) -> (Vec<Row>, Vec<Row>) {
    let folder = tempfile::tempdir().expect("a folder for the bill");
    fs::write(folder.path().join("reg.log"), format!("{log}{OTHERS}")).expect("the log can be written");
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/book.toml");
    fs::copy(book, folder.path().join("book.toml")).expect("the book can be copied");
    let args = ["bill", "--book", "book.toml", "--cycle", "2026-10-01", "--out", "out", "reg.log"];
    let run = siptally::run(folder.path(), &args, b"", &[]);
    let said = String::from_utf8_lossy(&run.stdout);
    assert_eq!(run.code, Some(0), "{said}\n{}", run.stderr);
    let tenant = folder.path().join("out/2026-10-01/default");
    (rows(&tenant.join("users.csv")), rows(&tenant.join("invoice.csv")))
}

fn rows(path: &Path) -> Vec<Row> {
    let mut reader =
        csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    reader.deserialize().map(|row| row.expect("a row of CSV")).collect()
}

/// The categories under which a SIP-ID stands in `users.csv`, by name.
fn categories<'r>(users: &'r [Row], id: &str) -> Vec<&'r str> {
    let uri = format!("sip:{id}");
    let mut found: Vec<&str> =
        users.iter().filter(|row| row["sip_uri"] == uri).map(|row| row["category"].as_str()).collect();
    found.sort_unstable();
    found
}

/// The quantity of a category on the invoice.
fn quantity(invoice: &[Row], category: &str) -> u64 {
    let lines = invoice.iter().filter(|row| row["category"] == category && !row["quantity"].is_empty());
    lines.map(|row| row["quantity"].parse::<u64>().expect("users are counted whole")).sum()
}

#[test]
fn three_mobile_devices_on_one_sip_id_are_one_generic_user() {
    let log = in_the_cycle(IPHONE, 1) + &in_the_cycle(IPAD, 2) + &in_the_cycle(ANDROID, 3);
    let (users, invoice) = bill(&log);
    assert_eq!(categories(&users, JOHN), ["generic"]);
    let john = users.iter().find(|row| row["sip_uri"].contains("1234568")).expect("John is billed");
    assert_eq!(john["registrations"], "3");
    assert_eq!((quantity(&invoice, "generic"), quantity(&invoice, "desktop")), (2, 0));
}

#[test]
fn a_phone_and_a_mac_on_one_sip_id_are_one_generic_and_one_desktop_user() {
    let (users, invoice) = bill(&(in_the_cycle(IPHONE, 1) + &in_the_cycle(MAC, 2)));
    assert_eq!(categories(&users, JOHN), ["desktop", "generic"]);
    assert_eq!((quantity(&invoice, "generic"), quantity(&invoice, "desktop")), (2, 1));
}

#[test]
fn a_user_on_vacation_for_the_whole_cycle_is_not_on_the_bill() {
    // The last registration before the cycle, with a lifetime that reaches into it, and the
    // first one after it.
    let log = format!(
        "Sep 30 23:59:59 reg1 kamailio[2211]: NOTICE: <script>: REG-OK t=1790812799 src=192.0.2.10 aor={JOHN} exp=3600 ci=v1@192.0.2.10 ct=<sip:1234568@192.0.2.10:5060> ua={IPHONE}\n\
         Oct 31 00:00:00 reg1 kamailio[2211]: NOTICE: <script>: REG-OK t=1793404800 src=192.0.2.10 aor={JOHN} exp=3600 ci=v2@192.0.2.10 ct=<sip:1234568@192.0.2.10:5060> ua={IPHONE}\n"
    );
    let (users, invoice) = bill(&log);
    assert_eq!(categories(&users, JOHN), Vec::<&str>::new());
    assert_eq!(categories(&users, "jane@myvoipserver.com"), ["generic"]);
    assert_eq!(quantity(&invoice, "generic"), 1);
}

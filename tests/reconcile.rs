//! `siptally reconcile` against a list with known faults.
//!
//! The list is made from our own bill of the sample month, so without any change it agrees in every row. Then
//! each class of difference is planted in known numbers: each must be found, classed and shown, and nothing else.

#[path = "common/siptally.rs"]
mod siptally;

use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A row of a CSV output by the names of its columns.
type Row = BTreeMap<String, String>;

/// What is planted: class, reason, user as their list writes it (or as ours does, where theirs has no row).
type Planted = (&'static str, &'static str, &'static str);

fn month() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-logs/month")
}

/// An empty folder below `target/`, where a failed run can be looked at.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the last run's files can be removed");
    }
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// The month's book with other words in it, beside the files that it names.
fn book(folder: &Path, changes: &[(&str, &str)]) -> PathBuf {
    for file in ["hosts.csv", "messaging.csv"] {
        fs::copy(month().join(file), folder.join(file)).expect("a side file");
    }
    let mut text = fs::read_to_string(month().join("book.toml")).expect("the book");
    for (old, new) in changes {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
    }
    let path = folder.join("book.toml");
    fs::write(&path, text).expect("a book");
    path
}

/// No host is silent for so long, so nothing is missing from the month.
const WHOLE: (&str, &str) = (
    "[[setup]]\ndescription = \"Set-up fee\"\n",
    "[quality]\nmax_gap = \"24h\"\n\n[[setup]]\ndescription = \"Set-up fee\"\n",
);

fn rows(path: &Path) -> Vec<Row> {
    let mut reader =
        csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    reader.deserialize().map(|row| row.expect("a row of CSV")).collect()
}

/// A row of their list: user, product, customer, role, net, from, to.
type Listed = [String; 7];

const HEADER: [&str; 7] = ["SIP ID", "Product", "Customer", "Role", "Net", "From", "To"];

fn listed(user: &str, category: &str, tenant: &str) -> Listed {
    let (product, role, net) = match (category, tenant) {
        ("generic", "acme") => ("Mobile", "", "0.90"),
        ("generic", "globex") => ("Mobile", "", "0.80"),
        ("generic", _) => ("Mobile", "", "1.20"),
        ("desktop", _) => ("Desktop user", "", "1.10"),
        ("conferencing", _) => ("Video", "host", "5.00"),
        _ => ("Chat", "", "0.40"),
    };
    [user, product, tenant, role, net, "2026-10-01", "2026-10-30"].map(str::to_owned)
}

/// Our own bill as their list.
fn honest() -> &'static [Listed] {
    static LIST: OnceLock<Vec<Listed>> = OnceLock::new();
    LIST.get_or_init(|| {
        let out = folder("reconcile-bill");
        let shown = out.to_string_lossy();
        let args = ["bill", "--book", "book.toml", "--cycle", "2026-10-01", "--out", &shown, "edge1", "pbx1"];
        assert_eq!(siptally::run(&month(), &args, b"", &[]).code, Some(0));
        let users = |tenant: &str| rows(&out.join("2026-10-01").join(tenant).join("users.csv"));
        let row =
            |row: &Row| listed(row["sip_uri"].trim_start_matches("sip:"), &row["category"], &row["tenant"]);
        ["acme", "globex", "initech"].iter().flat_map(|tenant| users(tenant)).map(|it| row(&it)).collect()
    })
}

/// The list with every fault, and what must be found in it.
fn faulty() -> (Vec<Listed>, Vec<Planted>) {
    let mut list = honest().to_vec();
    let mut planted: Vec<Planted> = Vec::new();
    let product_of = |category: &str| listed("", category, "acme")[1].clone();
    let at = |list: &[Listed], user: &str, category: &str| {
        let product = product_of(category);
        list.iter().position(|row| row[0] == user && row[1] == product).unwrap_or_else(|| panic!("{user}"))
    };

    // Rows that are taken away.
    for (user, category, reason) in [
        ("martin.huber@acme.example.net", "desktop", "not_listed"),
        ("carla.reyes@acme.example.net", "messaging", "other_category_listed"),
    ] {
        list.remove(at(&list, user, category));
        planted.push(("seen_not_billed", reason, user));
    }
    // Rows that are changed.
    for (user, from, to) in [
        ("dita.marsik@initech.example.com", "desktop", "generic"),
        ("213@globex.example.org", "generic", "desktop"),
    ] {
        let place = at(&list, user, from);
        list[place][1] = product_of(to);
        list[place][4] = listed("", to, &list[place][2])[4].clone();
        planted.push(("wrong_category", if from == "desktop" { "is_desktop" } else { "is_generic" }, user));
    }
    for (user, category, net, reason) in [
        ("hana.kralova@acme.example.net", "generic", "1.90", "too_much"),
        ("205@globex.example.org", "desktop", "0.50", "too_little"),
    ] {
        let place = at(&list, user, category);
        list[place][4] = net.to_owned();
        planted.push(("amount", reason, user));
    }
    let place = at(&list, "tomas.zelenka@acme.example.net", "generic");
    (list[place][5], list[place][6]) = ("2026-09-01".to_owned(), "2026-09-30".to_owned());
    planted.push(("period", "other_cycle", "tomas.zelenka@acme.example.net"));
    let place = at(&list, "203@globex.example.org", "generic");
    list[place][2] = "initech".to_owned();
    planted.push(("wrong_tenant", "is_globex", "203@globex.example.org"));

    // Rows that are added.
    let mut add = |row: Listed, class, reason, user| {
        list.push(row);
        planted.push((class, reason, user));
    };
    for (user, category, tenant, reason) in [
        ("nobody@acme.example.net", "generic", "acme", "full_coverage"),
        ("bob.stone@acme.example.net", "desktop", "acme", "full_coverage"),
        ("209@globex.example.org", "generic", "globex", "only_refused"),
        ("210@globex.example.org", "generic", "globex", "only_deregistered"),
        ("gina.lollo@acme.example.net", "generic", "acme", "only_outside_cycle"),
        ("ursula.kopp@acme.example.net", "generic", "acme", "only_outside_cycle"),
        ("jana.vesela@acme.example.net", "generic", "acme", "only_outside_cycle"),
        ("216@globex.example.org", "generic", "globex", "only_outside_cycle"),
        ("nela.simkova@acme.example.net", "conferencing", "acme", "only_outside_cycle"),
        ("quido.desk@acme.example.net", "desktop", "acme", "platform_not_billed"),
        ("otto.linden@acme.example.net", "desktop", "acme", "platform_unknown"),
        ("helga.kunz@initech.example.com", "generic", "initech", "not_billable_agent"),
        ("test-probe@acme.example.net", "generic", "acme", "excluded"),
    ] {
        add(listed(user, category, tenant), "billed_not_seen", reason, user);
    }
    for user in ["anna.novakova@acme.example.net", "anna.novakova@acme.example.net"] {
        add(listed(user, "generic", "acme"), "duplicate_exact", "same_text", user);
    }
    for (user, reason) in [
        ("Dave.Mills@ACME.Example.NET", "case"),
        ("00420222333444@acme.example.net", "plus_or_zeros"),
        ("bob.stone@acme.example.net:5060", "port"),
        ("carla.reyes@acme.example.net;transport=tcp", "parameters"),
        ("bob.stone@sip.acme.example.net", "domain_alias"),
        ("%2B420222333444@acme.example.net", "percent_encoding"),
    ] {
        add(listed(user, "generic", "acme"), "duplicate_alias", reason, user);
    }
    let user = "alena.mach@initech.example.com";
    add(listed(user, "messaging", "globex"), "wrong_tenant", "is_initech", user);
    let user = "viktor.cerny@acme.example.net";
    add(listed(user, "conferencing", "acme"), "wrong_role", "guest", user);
    let user = "203@globex.example.org";
    add(listed(user, "conferencing", "globex"), "wrong_role", "guest", user);
    let user = "xenie.blaha@acme.example.net";
    let mut row = listed(user, "conferencing", "acme");
    row[3] = "participant".to_owned();
    add(row, "wrong_role", "guest_in_their_list", user);
    let user = "filip.dvorak@acme.example.net";
    let mut row = listed(user, "generic", "acme");
    (row[5], row[6]) = ("2026-10-15".to_owned(), "2026-11-14".to_owned());
    add(row, "period", "other_days", user);
    for (column, cell, reason) in [
        (0, "4.20777E+11", "number_rounded"),
        (0, "", "no_user"),
        (1, "Fax", "unknown_category"),
        (2, "Umbrella Corp.", "unknown_tenant"),
        (4, "free", "bad_amount"),
        (5, "soon", "bad_date"),
    ] {
        let user = "eva.horakova@acme.example.net";
        let mut row = listed(user, "generic", "acme");
        row[column] = cell.to_owned();
        add(row, "vendor_row_bad", reason, if column == 0 { cell } else { user });
    }
    (list, planted)
}

/// How a list is written.
#[derive(Clone, Copy)]
struct Style {
    delimiter: &'static str,
    decimal: &'static str,
    line_end: &'static str,
    is_quoted: bool,
}

const PLAIN: Style = Style { delimiter: ",", decimal: ".", line_end: "\n", is_quoted: false };

fn text(list: &[Listed], style: Style) -> String {
    let mut text = String::new();
    let header: Listed = HEADER.map(str::to_owned);
    for row in [&header].into_iter().chain(list) {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(column, cell)| {
                let cell = if column == 4 { cell.replace('.', style.decimal) } else { cell.clone() };
                if style.is_quoted || cell.contains(style.delimiter) { format!("\"{cell}\"") } else { cell }
            })
            .collect();
        text += &cells.join(style.delimiter);
        text += style.line_end;
    }
    text
}

/// Runs the verb over the month, and gives what it said.
fn reconcile(folder: &Path, theirs: &[u8], more: &[&str]) -> siptally::Run {
    let list = folder.join("vendor.csv");
    fs::write(&list, theirs).expect("their list");
    let (list, book) = (list.to_string_lossy().into_owned(), folder.join("book.toml"));
    let (book, pack) = (book.to_string_lossy().into_owned(), folder.join("pack"));
    let pack = pack.to_string_lossy().into_owned();
    let mut args = vec!["reconcile", "--theirs", &list, "--book", &book, "--cycle", "2026-10-01"];
    args.extend(["--out", &pack]);
    args.extend(more);
    args.extend(["edge1", "pbx1"]);
    siptally::run(&month(), &args, b"", &[])
}

fn said(run: &siptally::Run) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&run.stdout), run.stderr)
}

/// Runs it over the faulty list.
fn pack(name: &str, list: &[Listed], style: Style, more: &[&str]) -> PathBuf {
    let folder = folder(name);
    book(&folder, &[WHOLE]);
    let run = reconcile(&folder, text(list, style).as_bytes(), more);
    assert_eq!(run.code, Some(1), "{}", said(&run));
    folder.join("pack")
}

fn faulty_pack() -> &'static Path {
    static PACK: OnceLock<PathBuf> = OnceLock::new();
    PACK.get_or_init(|| pack("reconcile-faulty", &faulty().0, PLAIN, &[]))
}

#[test]
fn our_own_bill_agrees_in_every_row() {
    let folder = folder("reconcile-honest");
    book(&folder, &[]);
    let run = reconcile(&folder, text(honest(), PLAIN).as_bytes(), &[]);
    assert_eq!(run.code, Some(0), "{}", said(&run));
    assert!(rows(&folder.join("pack/differences.csv")).is_empty());
    assert_eq!(rows(&folder.join("pack/matches.csv")).len(), honest().len());
}

#[test]
fn every_planted_difference_is_found_and_nothing_else_is() {
    let key = |class: &str, reason: &str, user: &str| format!("{class} {reason} {user}");
    let mut expected: Vec<String> =
        faulty().1.iter().map(|(class, reason, user)| key(class, reason, user)).collect();
    let mut found: Vec<String> = rows(&faulty_pack().join("differences.csv"))
        .iter()
        .map(|row| {
            let ours = row["sip_uri"].trim_start_matches("sip:");
            let user = if row["their_row"].is_empty() { ours } else { &row["their_text"] };
            key(&row["class"], &row["reason"], user)
        })
        .collect();
    expected.sort();
    found.sort();
    let missed: Vec<&String> = expected.iter().filter(|it| !found.contains(it)).collect();
    let invented: Vec<&String> = found.iter().filter(|it| !expected.contains(it)).collect();
    assert!(missed.is_empty() && invented.is_empty(), "missed {missed:#?}\ninvented {invented:#?}");
    assert_eq!(found, expected);
}

#[test]
fn a_pack_under_pseudonyms_finds_the_same_and_names_nobody() {
    let folder = folder("reconcile-veiled");
    book(&folder, &[WHOLE]);
    let key = folder.join("key");
    fs::write(&key, "0123456789abcdef").expect("a key");
    let (list, _) = faulty();
    let run = reconcile(
        &folder,
        text(&list, PLAIN).as_bytes(),
        &["--pseudonymise", &key.to_string_lossy(), "--no-progress"],
    );
    assert_eq!(run.code, Some(1), "{}", said(&run));
    let pack = folder.join("pack");
    for file in ["differences.csv", "matches.csv"] {
        let told = |pack: &Path| {
            let row = |row: &Row| {
                ["class", "reason", "their_row", "category", "at_stake", "evidence_offset"]
                    .map(|column| row.get(column).cloned().unwrap_or_default())
            };
            let mut told: Vec<_> = rows(&pack.join(file)).iter().map(row).collect();
            told.sort();
            told
        };
        assert_eq!(told(&pack), told(faulty_pack()), "{file}");
    }
    assert!(!pack.join("book.toml").exists());
    let mut texts = vec![said(&run).to_lowercase()];
    for entry in fs::read_dir(&pack).expect("the pack") {
        let bytes = fs::read(entry.expect("a file").path()).expect("a file of the pack");
        texts.push(String::from_utf8_lossy(&bytes).to_lowercase());
    }
    let users = list.iter().map(|row| row[0].to_lowercase());
    for user in users.filter(|user| !user.is_empty()) {
        let name = user.split(['@', ';', ':']).next().unwrap_or_default();
        // A short number stands in dates and amounts too.
        let name = if name.len() < 5 { format!("{name}@") } else { name.to_owned() };
        for text in &texts {
            assert!(!text.contains(&name), "{name}: {}", text.lines().find(|it| it.contains(&name)).unwrap());
        }
    }
    assert!(texts.iter().all(|text| !text.contains("203.0.113.") && !text.contains("198.51.100.")));
}

#[test]
fn every_row_of_theirs_has_one_class_and_every_charge_of_ours_one_place() {
    let (list, _) = faulty();
    let differences = rows(&faulty_pack().join("differences.csv"));
    let matches = rows(&faulty_pack().join("matches.csv"));
    let mut lines: Vec<usize> = differences
        .iter()
        .chain(&matches)
        .filter(|row| !row["their_row"].is_empty())
        .map(|row| row["their_row"].parse().expect("a line"))
        .collect();
    lines.sort_unstable();
    // Every line but the first, which names the columns.
    assert_eq!(lines, (2..list.len() + 2).collect::<Vec<_>>());
    let mut ours: Vec<String> = differences
        .iter()
        .chain(&matches)
        .flat_map(|row| {
            let category = row["our_category"].clone();
            let user = row["sip_uri"].clone();
            (!category.is_empty()).then(|| format!("{category} {user}"))
        })
        .collect();
    let all = ours.len();
    ours.sort();
    ours.dedup();
    assert_eq!((ours.len(), all), (honest().len(), honest().len()));
}

#[test]
fn every_piece_of_evidence_leads_to_a_record_of_the_user() {
    let text = fs::read_to_string(faulty_pack().join("evidence.txt")).expect("the evidence");
    let (mut records, mut side_rows) = (0, 0);
    for (number, row) in (2..).zip(rows(&faulty_pack().join("differences.csv"))) {
        let entry = text.split("\n\n").find(|entry| entry.starts_with(&format!("[{number}] ")));
        let entry = entry.unwrap_or_else(|| panic!("no entry {number}"));
        let user = row["sip_uri"].trim_start_matches("sip:");
        let name = user.split('@').next().expect("a user").trim_start_matches('+');
        match row["evidence"].as_str() {
            "" => assert!(
                ["vendor_row_bad", "wrong_role"].contains(&row["class"].as_str())
                    || row["our_category"].is_empty(),
                "{row:?}"
            ),
            "coverage" => assert_eq!(row["reason"], "full_coverage"),
            "side_file" => {
                let line: usize = row["evidence_offset"].parse().expect("a line");
                let file = fs::read_to_string(month().join(&row["evidence_file"])).expect("a side file");
                assert!(file.lines().nth(line - 1).is_some_and(|line| line.starts_with(user)), "{row:?}");
                side_rows += 1;
            }
            _ => {
                let line = line_at(&row["evidence_file"], row["evidence_offset"].parse().expect("a byte"));
                assert!(line.to_lowercase().contains(&name.to_lowercase()), "{row:?}\n{line}");
                assert!(entry.contains("  | "), "{entry}");
                records += 1;
            }
        }
    }
    assert!(records > 25 && side_rows >= 2, "{records} {side_rows}");
}

/// The line at that byte of a decoded log.
fn line_at(file: &str, offset: usize) -> String {
    let path = [month().join(file), month().join("edge1").join(file), month().join("pbx1").join(file)];
    let path = path.iter().find(|path| path.exists()).unwrap_or_else(|| panic!("{file}"));
    let bytes = fs::read(path).expect("a log");
    let mut decoded = Vec::new();
    if file.ends_with(".gz") {
        flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_end(&mut decoded).expect("gzip");
    } else {
        decoded = bytes;
    }
    assert!(offset == 0 || decoded[offset - 1] == b'\n', "{file}:{offset} is no start of a line");
    let line = decoded[offset..].split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(line).into_owned()
}

#[test]
fn how_a_list_is_written_changes_no_byte_of_the_result() {
    let expected = fs::read(faulty_pack().join("differences.csv")).expect("differences");
    let list = faulty().0;
    let semicolons = Style { delimiter: ";", decimal: ",", ..PLAIN };
    let utf16 = |text: &str| -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    };
    let variants: [(&str, Vec<u8>); 6] = [
        ("semicolon", text(&list, semicolons).into_bytes()),
        ("tab", text(&list, Style { delimiter: "\t", line_end: "\r\n", ..PLAIN }).into_bytes()),
        ("bar", text(&list, Style { delimiter: "|", ..PLAIN }).into_bytes()),
        ("quoted", text(&list, Style { is_quoted: true, decimal: ",", ..PLAIN }).into_bytes()),
        ("bom", format!("\u{feff}{}", text(&list, semicolons)).into_bytes()),
        ("utf16", utf16(&text(&list, Style { delimiter: "\t", ..PLAIN }))),
    ];
    for (name, bytes) in variants {
        let folder = folder(&format!("reconcile-{name}"));
        book(&folder, &[WHOLE]);
        let run = reconcile(&folder, &bytes, &[]);
        assert_eq!(run.code, Some(1), "{name}: {}", said(&run));
        assert!(fs::read(folder.join("pack/differences.csv")).expect("differences") == expected, "{name}");
    }
}

#[test]
fn neither_threads_nor_a_second_run_change_a_byte_of_the_pack() {
    let list = faulty().0;
    for (name, jobs) in [("one", "1"), ("two", "2"), ("again", "2")] {
        let other = pack(&format!("reconcile-threads-{name}"), &list, PLAIN, &["-j", jobs]);
        let mut files: Vec<PathBuf> =
            fs::read_dir(faulty_pack()).expect("a pack").map(|entry| entry.expect("a file").path()).collect();
        files.sort();
        assert_eq!(files.len(), 9);
        for file in files {
            let name = file.file_name().expect("a name");
            assert!(fs::read(&file).ok() == fs::read(other.join(name)).ok(), "{}", file.display());
        }
    }
}

#[test]
fn a_map_that_was_guessed_can_be_saved_and_gives_the_same() {
    let folder = folder("reconcile-map");
    book(&folder, &[WHOLE]);
    let map = folder.join("saved.toml");
    fs::copy(faulty_pack().join("map.toml"), &map).expect("the map");
    let map = map.to_string_lossy();
    let run = reconcile(&folder, text(&faulty().0, PLAIN).as_bytes(), &["--map", &map]);
    assert_eq!(run.code, Some(1), "{}", said(&run));
    assert!(!run.stderr.contains("guessed"), "{}", run.stderr);
    for file in ["differences.csv", "map.toml"] {
        let read = |pack: &Path| fs::read(pack.join(file)).expect("a file of the pack");
        assert!(read(&folder.join("pack")) == read(faulty_pack()), "{file}");
    }
}

#[test]
fn a_gap_in_the_logs_is_told_apart_from_full_coverage() {
    let folder = folder("reconcile-gap");
    book(&folder, &[]);
    let list = [honest(), &[listed("nobody@acme.example.net", "generic", "acme")]].concat();
    let run = reconcile(&folder, text(&list, PLAIN).as_bytes(), &[]);
    assert_eq!(run.code, Some(1), "{}", said(&run));
    let found = rows(&folder.join("pack/differences.csv"));
    assert_eq!((found.len(), found[0]["reason"].as_str()), (1, "coverage_gap"));
    assert!(found[0]["detail"].contains("`edge1` was silent for 11 h"), "{}", found[0]["detail"]);
}

#[test]
fn users_of_push_servers_alone_are_told_where_the_book_ignores_them() {
    let folder = folder("reconcile-push");
    book(&folder, &[WHOLE, ("push_server = \"count\"", "push_server = \"ignore\"")]);
    let run = reconcile(&folder, text(honest(), PLAIN).as_bytes(), &[]);
    assert_eq!(run.code, Some(1), "{}", said(&run));
    let found: Vec<String> = rows(&folder.join("pack/differences.csv"))
        .iter()
        .map(|row| format!("{} {} {}", row["class"], row["reason"], row["their_text"]))
        .collect();
    assert_eq!(
        found,
        [
            "billed_not_seen only_push eva.horakova@acme.example.net",
            "billed_not_seen only_push gustav.beran@initech.example.com"
        ]
    );
}

#[test]
fn without_amounts_the_book_says_what_is_at_stake() {
    let folder = folder("reconcile-stakes");
    book(&folder, &[WHOLE]);
    let (list, _) = faulty();
    let mut text = String::from("SIP ID,Product\n");
    for row in list.iter().filter(|row| !row[0].is_empty()) {
        text += &format!("{},{}\n", row[0], row[1]);
    }
    let run = reconcile(&folder, text.as_bytes(), &[]);
    assert_eq!(run.code, Some(1), "{}", said(&run));
    let differences = rows(&folder.join("pack/differences.csv"));
    let stake = |class: &str, tenant: &str, category: &str| -> String {
        let is_meant =
            |row: &&Row| row["class"] == class && row["tenant"] == tenant && row["category"] == category;
        let amounts =
            differences.iter().filter(is_meant).map(|row| row["amount_at_stake"].parse::<Decimal>());
        amounts.map(|amount| amount.expect("an amount")).sum::<Decimal>().to_string()
    };
    // One desktop user less, at 1.10 and 10 % off; one of three messaging users less, at 0.40.
    assert_eq!(stake("seen_not_billed", "acme", "desktop"), "-0.99");
    assert_eq!(stake("seen_not_billed", "acme", "messaging"), "-0.40");
    // nobody, gina.lollo, ursula.kopp, jana.vesela and test-probe make nineteen generic users of fourteen: two
    // are included, ten cost 0.90 and seven 0.75, less 10 %: 14.25 - 1.43 = 12.82. With fourteen it is
    // 10.50 - 1.05 = 9.45.
    assert_eq!(stake("billed_not_seen", "acme", "generic"), "3.37");
    // Five users of 1.20 are below the minimum of 10.00, and so are six.
    assert_eq!(stake("billed_not_seen", "initech", "generic"), "0.00");
}

#[test]
fn a_list_of_one_tenant_is_compared_with_that_tenant_alone() {
    let folder = folder("reconcile-tenant");
    book(&folder, &[]);
    let list: Vec<Listed> = honest().iter().filter(|row| row[2] == "acme").cloned().collect();
    let run = reconcile(&folder, text(&list, PLAIN).as_bytes(), &["--tenant", "acme"]);
    assert_eq!(run.code, Some(0), "{}", said(&run));
    let run = reconcile(&folder, text(&list, PLAIN).as_bytes(), &["--tenant", "acne"]);
    assert_eq!(run.code, Some(2), "{}", said(&run));
}

#[test]
fn a_list_without_categories_names_users_and_not_charges() {
    let folder = folder("reconcile-users");
    book(&folder, &[WHOLE]);
    let mut users: Vec<&str> = honest().iter().map(|row| row[0].as_str()).collect();
    users.sort_unstable();
    users.dedup();
    // What a spreadsheet makes of a number, and a user part alone.
    let list: Vec<String> =
        users.iter().map(|user| user.replace("+420222333444@acme.example.net", "420222333444")).collect();
    let run = reconcile(&folder, format!("account\n{}\n", list.join("\n")).as_bytes(), &[]);
    assert_eq!(run.code, Some(0), "{}", said(&run));
    assert_eq!(rows(&folder.join("pack/matches.csv")).len(), users.len());
}

#[test]
fn a_list_that_cannot_be_read_leaves_no_pack() {
    let folder = folder("reconcile-unreadable");
    book(&folder, &[]);
    for (bytes, code, text) in [
        (&b"Who,What\nbob,x\n"[..], 2, "no column is known to hold the user"),
        (b"user,note\nbob@a,\"x\neve@a,y\n", 3, "vendor.csv:2: a quotation mark is never closed"),
        (b"", 2, "holds no row"),
    ] {
        let run = reconcile(&folder, bytes, &[]);
        assert_eq!(run.code, Some(code), "{}", said(&run));
        assert!(run.stderr.contains(text), "{}", run.stderr);
        assert!(!folder.join("pack").exists());
    }
}

#[test]
fn a_pack_never_replaces_a_bill() {
    let folder = folder("reconcile-bill-in-the-way");
    book(&folder, &[]);
    let pack = folder.join("pack");
    let shown = pack.to_string_lossy();
    let args = ["bill", "--book", "book.toml", "--cycle", "2026-10-01", "--out", &shown, "edge1", "pbx1"];
    assert_eq!(siptally::run(&month(), &args, b"", &[]).code, Some(0));
    let run = reconcile(&folder, text(honest(), PLAIN).as_bytes(), &[]);
    assert_eq!(run.code, Some(2), "{}", said(&run));
    assert!(run.stderr.contains("holds a bill; choose another --out"), "{}", run.stderr);
}

//! A small operator with two tenants, whose logs a test can write line by line.

use super::siptally::{self, Run};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Midnight of 1 October 2026, when the first cycle begins.
const OCTOBER: i64 = 1_790_812_800;

const BOOK: &str = r#"
schema = 1
currency = "EUR"

[cycle]
kind = "days"
length = 30
anchor = 2026-10-01
zone = "UTC"

[logs]
zone = "UTC"

[activity]
billable_agents = ["any"]

[ledger]
prefix = "INV-"

[[setup]]
price = "100.00"

[[charge]]
category = "generic"
model = "graduated"
tiers = [ { upto = 3, price = "1.15" }, { price = "0.95" } ]
included = 1

[[charge]]
category = "desktop"
model = "volume"
tiers = [ { upto = 2, price = "2.00" }, { price = "1.50" } ]
minimum = "2.50"

[[adjust]]
kind = "percent"
value = "7"
applies_to = ["generic", "desktop"]

[tax]
label = "VAT"
rate = "21"

[[tenant]]
name = "acme"
domains = ["acme.example"]

[[tenant]]
name = "beta"
domains = ["beta.example"]

[[tenant.adjust]]
kind = "credit"
value = "130.00"
cycle = 2026-10-01
"#;

/// A folder with a book, logs, bills and a ledger.
pub struct Shop {
    folder: tempfile::TempDir,
}

impl Shop {
    /// A shop whose log has these lines.
    pub fn new(lines: &[String]) -> Self {
        let shop = Self { folder: tempfile::tempdir().expect("a folder for the test") };
        fs::write(shop.path("book.toml"), BOOK).expect("the book can be written");
        shop.write_log(lines);
        shop
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the log anew, lines in the order of time.
    pub fn write_log(&self, lines: &[String]) {
        let mut lines = lines.to_vec();
        lines.sort();
        fs::write(self.path("reg.log"), lines.concat()).expect("the log can be written");
    }

    pub fn run(&self, args: &[&str]) -> Run {
        siptally::run(self.folder.path(), args, b"", &[])
    }

    /// Bills the log with these flags besides.
    pub fn bill(&self, flags: &[&str]) -> Run {
        self.run(&[&["bill", "--book", "book.toml", "reg.log"], flags].concat())
    }

    /// Bills, and expects it to be done.
    pub fn billed(&self, flags: &[&str]) -> String {
        let run = self.bill(flags);
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        assert_eq!(run.code, Some(0), "{flags:?}\n{said}\n{}", run.stderr);
        said
    }

    pub fn json(&self, file: &str) -> serde_json::Value {
        let bytes = fs::read(self.path(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    /// The entries of the ledger.
    pub fn entries(&self) -> Vec<serde_json::Value> {
        let text = fs::read_to_string(self.path("ledger.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("an entry is JSON")).collect()
    }

    /// Every file here but the log, with its bytes.
    pub fn tree(&self, below: &str) -> BTreeMap<String, Vec<u8>> {
        tree(&self.path(below))
    }
}

/// Every file below a folder, by its path there.
pub fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut folders = vec![root.to_owned()];
    let mut found = BTreeMap::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be listed") {
            let path = entry.expect("a folder can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).expect("a file can be read"));
            }
        }
    }
    found
}

/// A registration on that day of the first cycle, from a phone or a desktop.
pub fn line(day: i64, user: &str, is_phone: bool) -> String {
    let at = OCTOBER + day * 86_400 + 3_600;
    let stamp = jiff::Timestamp::from_second(at).expect("a second of 2026");
    let system = if is_phone { "iOS 17.5; arm64" } else { "macOS 14.5; arm64" };
    format!(
        "{stamp} edge1 kamailio[7]: NOTICE: {{1 6 REGISTER c{day}-{user}}} <script>: REG-OK t={at} src=192.0.2.11 \
         aor={user} exp=600 cs=6 ci=c{day}-{user} ct=<sip:{user}@192.0.2.11:5060> ua=Acme Phone/6.3.1 (build 1; \
         {system})\n"
    )
}

/// Three cycles of a few users, and a line beyond their end.
pub fn quarter() -> Vec<String> {
    let mut lines = Vec::new();
    for cycle in 0..3 {
        for user in 0..3 + cycle {
            lines.push(line(cycle * 30 + user, &format!("u{user}@acme.example"), true));
            lines.push(line(cycle * 30 + user, &format!("u{user}@beta.example"), user % 2 == 0));
        }
    }
    lines.push(line(91, "u0@acme.example", true));
    lines
}

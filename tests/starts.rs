//! Files whose start does not show what they are: a hole, a page of something else, a dump with a log behind it.

#[path = "common/folder.rs"]
mod folder;
#[path = "common/gzip.rs"]
mod gzip;
#[path = "common/siptally.rs"]
mod siptally;

use folder::folder_of;
use gzip::gzip;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// More than a survey looks at.
const LONG: usize = 70_000;

fn users(folder: &Path, args: &[&str]) -> siptally::Run {
    let args = [&["users", "--format", "csv", "--default-domain", "e.x", "--log-zone", "UTC", "logs"], args]
        .concat();
    siptally::run(folder, &args, b"", &[])
}

#[track_caller]
fn told(files: &[(&str, &[u8])], args: &[&str]) -> String {
    let run = users(folder_of(files).path(), args);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    String::from_utf8(run.stdout).expect("SIP-IDs are UTF-8 here")
}

fn registered(at: &str, user: &str) -> String {
    format!(
        "{at} r kamailio[1]: NOTICE: <script>: REG-OK src=1.1.1.1 aor={user}@e.x exp=60 cs=1 ci={user} \
         ct=<sip:{user}@1.1.1.1> ua=Zoiper (Android)\n"
    )
}

fn added(at: &str, user: &str) -> String {
    format!(
        "[{at}] VERBOSE[1] res_pjsip_registrar.c: Added contact 'sip:{user}@10.0.0.1:5060' to AOR '{user}' with \
         expiration of 3600 seconds\n"
    )
}

fn removed(at: &str, user: &str) -> String {
    format!(
        "[{at}] VERBOSE[1] res_pjsip_registrar.c: Removed contact 'sip:{user}@10.0.0.1:5060' from AOR '{user}' due to \
         expiration\n"
    )
}

#[test]
fn what_stands_before_the_first_record_does_not_change_the_order_of_files() {
    // `always` is bound in the older file and never again: only the order of the two proves it in September.
    let older = [
        added("2026-08-31 00:00:00", "always"),
        added("2026-08-31 01:00:00", "gone"),
        removed("2026-08-31 02:00:00", "gone"),
    ]
    .concat();
    let mut newer = String::new();
    for hour in (0..30 * 24).step_by(4) {
        let at = |minute: u32| format!("2026-09-{:02} {:02}:{minute:02}:00", hour / 24 + 1, hour % 24);
        write!(newer, "{}{}", added(&at(0), "often"), removed(&at(31), "often"))
            .expect("a string takes everything");
    }
    let said = |front: &[u8], packed: bool| {
        let text = [front, newer.as_bytes()].concat();
        let (name, bytes) = if packed { ("logs/full.gz", gzip(&text)) } else { ("logs/full", text) };
        told(&[("logs/full.1", older.as_bytes()), (name, &bytes)], &["--since", "2026-09-02"])
    };
    let expected = said(b"", false);
    assert!(expected.contains("always@e.x"), "{expected}");
    for front in [vec![0; LONG], vec![b'\n'; LONG], b"tool output\n".repeat(LONG / 10)] {
        assert_eq!(said(&front, false), expected);
        assert_eq!(said(&front, true), expected);
    }
}

#[test]
fn a_hole_behind_the_first_line_hides_no_file() {
    let front = registered("2026-09-01 00:00:00", "a").into_bytes();
    let behind = registered("2026-09-01 01:00:00", "b").into_bytes();
    let text = [front, vec![0; LONG], behind].concat();
    let said = told(
        &[("logs/k.log", &text), ("logs/other.log", registered("2026-09-01 00:00:00", "z").as_bytes())],
        &[],
    );
    assert_eq!(said.lines().count(), 4, "{said}");
}

#[test]
fn a_log_behind_a_long_dump_is_not_left_out_without_a_word() {
    let mut dump =
        "  Contact:  <Aor/ContactUri..............................> <Hash....> <Status> <RTT(ms)..>\n"
            .to_owned();
    for user in 0..LONG / 50 {
        writeln!(
            dump,
            "  Contact:  {user}/sip:{user}@10.0.0.1:5060               abcdef0123 Avail        12.345"
        )
        .expect("a string takes everything");
    }
    let text = dump + &registered("2026-09-01 00:00:00", "a");
    let files = [
        ("logs/d.log", text.as_bytes()),
        ("logs/k.log", &registered("2026-09-01 00:00:00", "z").into_bytes()[..]),
    ];
    let folder = folder_of(&files);
    let run = users(folder.path(), &[]);
    assert!(run.stderr.contains("d.log: begins with a dump"), "{}", run.stderr);
    fs::write(folder.path().join("book.toml"), include_str!("cases/book.toml"))
        .expect("the book can be written");
    let args = ["bill", "--quiet", "--book", "book.toml", "--cycle", "2026-10-01", "--out", "out", "logs"];
    let run = siptally::run(folder.path(), &args, b"", &[]);
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    assert!(run.stderr.contains("d.log: begins with a dump"), "{}", run.stderr);
}

//! Logs whose stamps change their form under way: what a log's start shows of its stamps is not all that it has.

#[path = "common/folder.rs"]
mod folder;
#[path = "common/gzip.rs"]
mod gzip;
#[path = "common/siptally.rs"]
mod siptally;

use folder::folder_of;
use gzip::gzip;
use jiff::{SignedDuration, Timestamp};
use siptally::Run;
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// How a stamp is written.
#[derive(Clone, Copy)]
enum Form {
    Zoned,
    Local,
    Yearless,
}

impl Form {
    const fn pattern(self) -> &'static str {
        match self {
            Self::Zoned => "%Y-%m-%dT%H:%M:%S+00:00",
            Self::Local => "%Y-%m-%d %H:%M:%S",
            Self::Yearless => "%b %e %H:%M:%S",
        }
    }
}

/// So many records of about 160 bytes fill more than what a survey looks at.
const MANY: usize = 1000;

/// Registrations of one user each, a step apart.
struct Log {
    text: String,
    at: Timestamp,
    users: usize,
}

impl Log {
    fn from(at: &str) -> Self {
        Self { text: String::new(), at: at.parse().expect("a time"), users: 0 }
    }

    fn go_on(mut self, count: usize, step_seconds: i64, form: Form) -> Self {
        for _ in 0..count {
            let (stamp, user) = (self.at.strftime(form.pattern()), self.users);
            // Without a clock of its own, which would tell the year.
            writeln!(
                self.text,
                "{stamp} reg1 kamailio[22]: NOTICE: <script>: REG-OK src=10.0.0.1 aor=u{user}@example.com exp=3600 cs=1 \
                 ci=c{user} ct=<sip:u{user}@10.0.0.1:5060> ua=Zoiper v1.19.6 (Android)"
            )
            .expect("a string takes everything");
            self.at += SignedDuration::from_secs(step_seconds);
            self.users += 1;
        }
        self
    }
}

fn users(folder: &Path, args: &[&str], stdin: &[u8], block: &str) -> Run {
    let args = [&["users", "--format", "csv", "--quiet"], args].concat();
    siptally::run(folder, &args, stdin, &[("SIPTALLY_BLOCK", block)])
}

/// What `users` says of everything in `logs`.
#[track_caller]
fn told(folder: &Path, args: &[&str], block: &str) -> String {
    let run = users(folder, &[args, &["logs"]].concat(), b"", block);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    String::from_utf8(run.stdout).expect("SIP-IDs are UTF-8 here")
}

#[test]
fn stamps_that_lose_their_year_behind_the_start_mean_the_same() {
    // The second part begins nearly a year after the file did, and goes on for more than one.
    let log =
        |form| Log::from("2023-03-01T00:00:00Z").go_on(MANY, 30_000, Form::Zoned).go_on(MANY, 40_000, form);
    let whole = folder_of(&[("logs/k.log", log(Form::Zoned).text.as_bytes())]);
    let expected = told(whole.path(), &[], "1000000");
    assert_eq!(expected.lines().count(), 1 + 2 * MANY);
    let mixed = log(Form::Yearless).text;
    for (name, bytes) in
        [("logs/k.log", mixed.clone().into_bytes()), ("logs/k.log.gz", gzip(mixed.as_bytes()))]
    {
        let folder = folder_of(&[(name, &bytes)]);
        for block in ["1000000", "20000"] {
            assert_eq!(told(folder.path(), &[], block), expected, "{name} in blocks of {block}");
        }
    }
}

#[test]
fn the_year_of_stamps_beside_full_ones_is_theirs_however_long_the_log_goes_on() {
    let log = |form| Log::from("2026-09-01T00:00:00Z").go_on(20, 60, Form::Zoned).go_on(MANY, 3600, form);
    let whole = folder_of(&[("logs/k.log", log(Form::Zoned).text.as_bytes())]);
    let mixed = folder_of(&[("logs/k.log", log(Form::Yearless).text.as_bytes())]);
    assert_eq!(told(mixed.path(), &[], "1000000"), told(whole.path(), &[], "1000000"));
}

#[test]
fn stamps_that_lose_their_zone_behind_the_start_need_one_to_be_told() {
    let log = Log::from("2026-10-05T00:00:00Z").go_on(MANY, 60, Form::Zoned).go_on(MANY, 60, Form::Local);
    let book =
        fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/book.toml")).expect("the cases' book");
    let book = String::from_utf8(book).expect("a book is UTF-8").replace("[logs]\nzone = \"UTC\"\n", "");
    let folder = folder_of(&[("logs/k.log", log.text.as_bytes()), ("book.toml", book.as_bytes())]);
    let bill = |zone: &[&str]| {
        let args =
            ["bill", "--quiet", "--book", "book.toml", "--cycle", "2026-10-01", "--out", "out", "logs"];
        siptally::run(folder.path(), &[&args[..], zone].concat(), b"", &[])
    };
    let run = bill(&[]);
    assert_eq!(run.code, Some(4), "{}", run.stderr);
    assert!(run.stderr.contains("k.log") && run.stderr.contains("zone"), "{}", run.stderr);
    let run = bill(&["--log-zone", "Europe/Berlin"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let run = siptally::run(folder.path(), &["users", "--summary", "logs"], b"", &[]);
    assert!(run.stderr.contains("k.log: stamps carry no zone; UTC is assumed"), "{}", run.stderr);
    let told = told(folder.path(), &["--log-zone", "Europe/Berlin"], "1000000");
    let last = format!("u{}@example.com", 2 * MANY - 1);
    let last = told.lines().find(|line| line.starts_with(&last)).expect("everybody is listed");
    // 33 hours and 19 minutes on, two hours ahead of UTC.
    assert!(last.contains("2026-10-06T07:19:00Z"), "{last}");
}

#[test]
fn what_came_by_a_pipe_is_not_lost_where_a_file_has_to_be_read_anew() {
    // Its ends show no new year, but there is one between them.
    let file = Log::from("2024-06-20T00:00:00Z").go_on(30_000, 1500, Form::Yearless).text;
    let folder = folder_of(&[("logs/k.log", file.as_bytes())]);
    assert!(file.len() > 4 << 20, "a survey of {} bytes looks at all of them", file.len());
    let mut piped = Log::from("2025-10-01T00:00:00Z");
    piped.users = 90_000;
    let piped = piped.go_on(MANY, 60, Form::Yearless).text;
    let run = users(folder.path(), &["--year", "2025", "-", "logs"], piped.as_bytes(), "1000000");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.stdout.iter().filter(|byte| **byte == b'\n').count(), 1 + 30_000 + MANY);
}

#[test]
fn a_pipe_that_would_have_to_be_read_twice_is_refused() {
    let log =
        Log::from("2026-09-01T00:00:00Z").go_on(MANY, 60, Form::Zoned).go_on(1, 60, Form::Yearless).text;
    let folder = folder_of(&[]);
    let run = users(folder.path(), &["-"], log.as_bytes(), "1000000");
    assert_eq!((run.code, &run.stdout[..]), (Some(3), &b""[..]));
    assert!(run.stderr.contains("as a file"), "{}", run.stderr);
}

#[test]
fn a_pipe_whose_stamps_lose_their_zone_is_read_in_the_one_that_is_given() {
    let log = Log::from("2026-10-05T00:00:00Z").go_on(MANY, 60, Form::Zoned).go_on(1, 60, Form::Local).text;
    let folder = folder_of(&[("logs/k.log", log.as_bytes())]);
    let run = users(folder.path(), &["--log-zone", "Europe/Berlin", "-"], log.as_bytes(), "1000000");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let expected = told(folder.path(), &["--log-zone", "Europe/Berlin"], "1000000");
    assert_eq!(String::from_utf8_lossy(&run.stdout), expected);
}

#[test]
fn the_year_that_is_given_is_that_of_the_newest_file_of_a_rotation() {
    // Four weeks over a New Year, which lies inside the second one.
    let log = Log::from("2026-12-20T00:00:00Z").go_on(4 * 7 * 24, 3600, Form::Yearless).text;
    let lines: Vec<&str> = log.split_inclusive('\n').collect();
    let weeks: Vec<String> = lines.chunks(7 * 24).map(<[&str]>::concat).collect();
    let names = ["logs/k.log.3", "logs/k.log.2", "logs/k.log.1", "logs/k.log"];
    let files: Vec<(&str, &[u8])> =
        names.iter().copied().zip(weeks.iter().map(|week| week.as_bytes())).collect();
    let whole = folder_of(&[("logs/k.log", log.as_bytes())]);
    let expected = told(whole.path(), &["--year", "2027"], "1000000");
    assert!(
        expected.contains("2026-12-20T00:00:00Z") && expected.contains("2027-01-16T23:00:00Z"),
        "{expected}"
    );
    assert_eq!(told(folder_of(&files).path(), &["--year", "2027"], "1000000"), expected);
}

#[test]
fn a_machine_that_starts_in_january_makes_no_new_year() {
    let front = Log::from("2026-09-01T00:00:00Z").go_on(MANY, 60, Form::Yearless);
    let users = front.users;
    let whole = Log { at: front.at, text: String::new(), users }.go_on(MANY, 60, Form::Yearless).text;
    let clean = [&front.text[..], &whole].concat();
    let booted = [&front.text[..], "Jan  1 00:00:05 reg1 kernel: Linux version 6.1\n", &whole].concat();
    let said = |text: &str| {
        let folder = folder_of(&[("logs/k-20260902.log", text.as_bytes())]);
        told(folder.path(), &["--year", "2026"], "1000000")
    };
    assert_eq!(said(&booted), said(&clean));
}

#[test]
fn the_hour_that_a_zone_repeats_is_read_alike_however_the_log_is_packed() {
    let line = |at: &str, user: usize| {
        let mut log = Log::from(at);
        log.users = user;
        log.go_on(1, 0, Form::Local).text
    };
    // The order of the last two tells that the clock was put back between them, nine days behind the first.
    let text =
        [line("2026-10-16T00:00:00Z", 0), line("2026-10-25T02:50:00Z", 1), line("2026-10-25T02:10:00Z", 2)]
            .concat();
    let zone = ["--log-zone", "Europe/Berlin"];
    let plain = folder_of(&[("logs/k.log", text.as_bytes())]);
    let expected = told(plain.path(), &zone, "1000000");
    assert!(expected.contains("2026-10-25T01:10:00Z"), "{expected}");
    assert_eq!(
        told(folder_of(&[("logs/k.log.gz", &gzip(text.as_bytes()))]).path(), &zone, "1000000"),
        expected
    );
    let piped = users(plain.path(), &[&zone[..], &["-"]].concat(), text.as_bytes(), "1000000");
    assert_eq!(String::from_utf8_lossy(&piped.stdout), expected);
}

#[test]
fn stamps_without_a_year_are_dated_behind_a_prefix_too() {
    let line = |stamp: &str, prefix: &str| {
        format!(
            "{prefix}[{stamp}] VERBOSE[1] res_pjsip_registrar.c: Added contact 'sip:1001@10.0.0.1:5060' to AOR '1001' with \
             expiration of 3600 seconds\n"
        )
    };
    let told = |text: &str, packed: bool| {
        let bytes = if packed { gzip(text.as_bytes()) } else { text.as_bytes().to_vec() };
        let folder = folder_of(&[("logs/full", &bytes)]);
        told(folder.path(), &["--year", "2026", "--default-domain", "e.x"], "1000000")
    };
    let expected = told(&line("2026-09-01 00:00:00", ""), false);
    for prefix in ["", "pbx-1  | ", "pbx1*CLI> ", "\u{1b}[0m"] {
        for packed in [false, true] {
            assert_eq!(told(&line("Sep  1 00:00:00", prefix), packed), expected, "{prefix:?}");
        }
    }
}

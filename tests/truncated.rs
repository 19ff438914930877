//! A log that is cut short or rewritten while it is being read ends the run with an error that
//! names it, at whatever moment it happens.

use siptally::formats::pattern::Patterns;
use siptally::formats::scan::Scanner;
use siptally::identity::Policy;
use siptally::model::{DaySlot, Days, Moment};
use siptally::pipeline::audit::AuditDays;
use siptally::pipeline::collect::Counting;
use siptally::pipeline::plan::Plan;
use siptally::pipeline::scan::{Meter, ScanError, scan};
use siptally::pipeline::setup::{Setup, YearRule};
use siptally::pipeline::survey::survey;
use siptally::platform::PushSources;
use siptally::settle::LifeRules;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Once;
use std::time::{Duration, SystemTime};

/// Days that do something to the log when the first record asks for its day: in the middle of a
/// run, for certain.
struct Meanwhile<F> {
    once: Once,
    act: F,
}

impl<F: Fn() + Send + Sync> Days for Meanwhile<F> {
    fn are_cycles(&self) -> bool {
        false
    }

    fn day(&self, moment: Moment) -> DaySlot {
        self.once.call_once(&self.act);
        AuditDays::default().day(moment)
    }
}

fn log() -> String {
    let mut log = String::new();
    for n in 0..40_000 {
        writeln!(
            log,
            "Oct  5 14:{:02}:{:02} reg1 kamailio[11]: NOTICE: <script>: REG-OK t={} src=192.0.2.1 aor=u{n}@example.com exp=3600 \
             cs=1 ci=c{n} ct=<sip:u{n}@192.0.2.1> ua=Acme/1.0",
            n / 600 % 60,
            n / 10 % 60,
            1_791_209_002 + n / 10,
        )
        .expect("writing to a string");
    }
    log
}

fn setup() -> Setup {
    Setup {
        patterns: Patterns::default(),
        sources: Vec::new(),
        identity: Policy::default(),
        lives: LifeRules::default(),
        zone: None,
        year: YearRule::Given(2026),
        assumed_date: None,
        assumes_utc: true,
        forgives_cuts: true,
        walks_first: false,
        yearless: Vec::new(),
        push_sources: PushSources::default(),
    }
}

fn plan(path: &Path) -> Plan {
    survey(&[path.to_owned()], &setup(), false).expect("the log is sound before the run")
}

/// Reads the log with small blocks while `act` is done to it.
fn run(plan: &Plan, act: impl Fn() + Send + Sync) -> Result<u64, ScanError> {
    let counting = Counting {
        days: &Meanwhile { once: Once::new(), act },
        range: None,
        push_sources: &PushSources::default(),
        key: None,
        wants_digests: true,
    };
    let scan = scan(plan, &Scanner::new(Patterns::default()), &counting, 64 << 10, &Meter::default())?;
    Ok(scan.part.records.known())
}

fn written() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("reg.log");
    fs::write(&path, log()).expect("a log");
    (folder, path)
}

#[test]
fn a_log_left_alone_is_read_to_its_end() {
    let (_folder, path) = written();
    assert_eq!(run(&plan(&path), || {}).expect("nothing happened"), 40_000);
}

#[test]
fn a_log_that_is_cut_in_the_middle_of_the_run_is_named() {
    let (_folder, path) = written();
    let size = fs::metadata(&path).expect("a log").len();
    let cut =
        || fs::File::options().write(true).open(&path).and_then(|file| file.set_len(5000)).expect("cut");
    let error = run(&plan(&path), cut).expect_err("most of it is gone").to_string();
    let expected = format!(
        "{}: shrank from {size} to 5000 bytes while it was read; run again when nothing writes to it",
        path.display()
    );
    assert_eq!(error, expected);
}

#[test]
fn a_log_that_is_written_over_in_the_middle_of_the_run_is_named() {
    let (_folder, path) = written();
    let other = log().replace("reg1", "reg2");
    let error = run(&plan(&path), || fs::write(&path, &other).expect("written over"));
    assert!(error.expect_err("it is another log now").to_string().contains("reg.log: was rewritten while"));
}

#[test]
fn a_log_that_is_cut_between_the_survey_and_the_scan_is_named() {
    let (_folder, path) = written();
    let plan = plan(&path);
    let text = log();
    fs::write(&path, &text[..text.len() / 2]).expect("cut");
    let error = run(&plan, || {}).expect_err("half of it is gone").to_string();
    assert!(error.contains("reg.log: shrank from"), "{error}");
}

#[test]
fn what_is_appended_between_the_survey_and_the_scan_is_not_read() {
    let (_folder, path) = written();
    let plan = plan(&path);
    let mut file = fs::File::options().append(true).open(&path).expect("a log");
    file.write_all(log().as_bytes()).expect("appended");
    assert_eq!(run(&plan, || {}).expect("what was there is there"), 40_000);
}

#[test]
fn what_is_appended_to_a_compressed_log_is_not_read_either() {
    let (folder, path) = written();
    let packed = folder.path().join("reg.log.gz");
    let mut file = fs::File::create(&packed).expect("a file");
    let mut pack = || {
        let mut encoder = flate2::write::GzEncoder::new(&mut file, flate2::Compression::fast());
        encoder.write_all(log().as_bytes()).and_then(|()| encoder.finish().map(drop)).expect("packed");
    };
    pack();
    fs::remove_file(path).expect("the plain one goes");
    let plan = plan(&packed);
    pack();
    assert_eq!(run(&plan, || {}).expect("what was there is there"), 40_000);
}

#[test]
fn a_log_that_is_another_one_when_the_scan_opens_it_is_named() {
    let (folder, path) = written();
    let other = log().replace("reg1", "reg2");
    // Rotated away: another file has its name, and is longer. Or written over, and as long as before.
    let changes: [(&str, &dyn Fn()); 2] = [
        ("replaced by another file", &|| {
            fs::rename(&path, folder.path().join("reg.log.1")).expect("rotated");
            fs::write(&path, [&other[..], &other].concat()).expect("begun anew");
        }),
        ("rewritten", &|| {
            fs::write(&path, &other).expect("written over");
            // The clock of the file system may be too coarse to tell.
            let file = fs::File::options().write(true).open(&path).expect("a log");
            file.set_modified(SystemTime::now() + Duration::from_secs(2)).expect("a time");
        }),
    ];
    for (how, change) in changes {
        fs::write(&path, log()).expect("a log");
        let plan = plan(&path);
        change();
        let error = run(&plan, || {}).expect_err("it is another log now").to_string();
        assert!(error.contains(&format!("reg.log: was {how} while")), "{error}");
    }
}

#[test]
fn a_log_that_is_rotated_between_the_listing_and_its_opening_is_named() {
    let (folder, path) = written();
    let elsewhere = tempfile::tempdir().expect("a folder");
    let pipe = elsewhere.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let paths = [pipe.clone(), folder.path().to_owned()];
    // On one core the pipe keeps the folder's log waiting.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool");
    let error = std::thread::scope(|scope| {
        let surveyed = scope.spawn(|| pool.install(|| survey(&paths, &setup(), false)).map(drop));
        // Opened as soon as the survey has opened it, which is behind the listing.
        let mut writer = fs::File::options().write(true).open(&pipe).expect("a reader");
        fs::rename(&path, folder.path().join("reg.log.1")).expect("rotated");
        fs::write(&path, "begun anew\n").expect("another log");
        writer.write_all(log().as_bytes()).expect("a log");
        drop(writer);
        surveyed.join().expect("no panic").expect_err("40,000 records are behind a name that was not listed")
    });
    let error = error.to_string();
    assert!(error.contains("reg.log: was replaced by another file while"), "{error}");
}

//! What every verb that reads logs does first: flags and configuration to a setup, the survey,
//! the scan, the gates of quality.

use super::args::{LogArgs, UserCaseArg};
use super::failure::Failure;
use super::progress::Progress;
use crate::book::{self, Book, Config, Problem, Zone};
use crate::formats::pattern::{PatternSpec, Patterns};
use crate::formats::scan::Scanner;
use crate::identity::{KEY_MIN, Policy, Pseudonyms, UserCase};
use crate::model::{Category, Cycle, Days, SipIdRef, Spot, Standing, Window};
use crate::pipeline::audit::{AuditDays, Evidence, ambiguous_aors};
use crate::pipeline::bill::{Bill, BillError};
use crate::pipeline::census::{Census, CensusCount};
use crate::pipeline::collect::{Counting, Range};
use crate::pipeline::heard;
use crate::pipeline::plan::Plan;
use crate::pipeline::probe;
use crate::pipeline::roll::{Count, count};
use crate::pipeline::scan::{BLOCK_LEN, Meter, Scan, scan};
use crate::pipeline::setup::{Setup, SourceRule, YearRule};
use crate::pipeline::survey::{learn_zones, survey};
use crate::pipeline::trace::Wanted;
use crate::pipeline::{unfinished, unread};
use crate::platform::{PushSources, begin_shipped};
use crate::read::SideFileError;
use crate::report::{self, Dialect, Places};
use crate::settle::LifeRules;
use crate::tally::LISTED_USERS;
use globset::{Glob, GlobSetBuilder};
use rust_decimal::Decimal;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// What a verb asks of the scan.
pub struct Ask<'a> {
    /// The cycles that are billed; `None` for an audit, which knows none.
    pub cycles: Option<&'a dyn Days>,
    pub range: Option<Window>,
    pub key: Option<&'a Wanted>,
    /// A bill refuses what an audit may assume: zone, year by modification time.
    pub is_bill: bool,
    /// An unreadable file is put on the plan's list instead of ending the run.
    pub goes_on: bool,
}

/// The logs, read.
pub struct Read {
    pub plan: Plan,
    pub scan: Scan,
    /// What users are called, where not by their own names.
    pub pseudonyms: Option<Pseudonyms>,
    /// A range that left out all who registered.
    missed: Option<Window>,
    census: OnceLock<Census>,
}

/// Reads the configuration file, or takes the defaults.
pub fn load_config(path: Option<&Path>) -> Result<Config, Failure> {
    Ok(match path {
        Some(path) => Config::load(path)?,
        None => Config::default(),
    })
}

impl Read {
    /// What the scan counted, by a pass over all users when it is first asked for.
    pub fn census(&self) -> &Census {
        self.census.get_or_init(|| Census::of(&self.scan.part.tally))
    }

    /// Counts over all users, and takes the census in the same pass.
    pub fn count<C: Count>(&self, counter: C) -> (C::Sum, C) {
        let tally = &self.scan.part.tally;
        let both = (CensusCount::of(tally), counter);
        let (census, sum) = count(tally, &both);
        self.census.get_or_init(|| census);
        (sum, both.1)
    }

    /// The input's path as shown.
    pub fn shown(&self, spot: Spot) -> &str {
        &self.plan.inputs[spot.input as usize].found.shown
    }
}

impl Places for Read {
    fn input(&self, spot: Spot) -> &str {
        self.shown(spot)
    }

    fn side_file(&self, _: Category) -> &str {
        ""
    }
}

/// Places as one tenant's outputs name them: side files are the tenant's own.
#[derive(Clone, Copy)]
pub struct TenantPlaces<'r> {
    pub read: &'r Read,
    pub bill: &'r Bill<'r>,
    pub cycle: &'r Cycle,
    pub tenant: &'r str,
}

impl Places for TenantPlaces<'_> {
    fn input(&self, spot: Spot) -> &str {
        self.read.shown(spot)
    }

    fn side_file(&self, category: Category) -> &str {
        self.bill.side_file_name(self.cycle, self.tenant, category).unwrap_or_default()
    }
}

/// Puts the flags' word on identities over that of the book, for all that reads lists by it.
pub fn overrule(config: &mut Config, logs: &LogArgs) {
    config.identity = policy(&config.identity, logs);
    for source in &mut config.sources {
        source.identity = policy(&source.identity, logs);
    }
}

/// Reads a price book; what it warns about goes to standard error.
pub fn load_book(path: &Path) -> Result<Book, Failure> {
    let book = Book::load(path)?;
    book.warnings.iter().for_each(|warning| say!("siptally: warning: {warning}"));
    Ok(book)
}

/// The exit code of what keeps a bill from being written.
pub fn bill_failure(error: BillError) -> Failure {
    let text = error.to_string();
    match error {
        BillError::SideFile(SideFileError::Input(_)) => Failure::Input(text),
        BillError::Book(_) | BillError::Rule(_) | BillError::SideFile(_) => Failure::Usage(text),
        BillError::Quality(_) => Failure::Quality(text),
    }
}

/// Columns of the terminal; `None` where standard output is none, so that nothing is cut.
pub fn width() -> Option<usize> {
    let (columns, _) = terminal_size::terminal_size_of(std::io::stdout())?;
    Some(columns.0.into())
}

/// Reads the logs, and refuses AORs that two servers share.
pub fn read(paths: &[PathBuf], logs: &LogArgs, config: &Config, ask: &Ask<'_>) -> Result<Read, Failure> {
    let read = read_unchecked(paths, logs, config, ask)?;
    check_aors(&read)?;
    Ok(read)
}

/// The gates of an audit, after its output: rejects listed, not too many of them, and something
/// accepted at all.
///
/// Who asks for snapshots wants no log: their bindings are as good as registrations then.
pub fn finish(read: &Read, logs: &LogArgs, evidence: Evidence) -> Result<(), Failure> {
    list_rejects(read, logs)?;
    check_whole(read)?;
    let snapshots = match evidence {
        Evidence::Strict => 0,
        Evidence::Snapshot | Evidence::Weak => read.census().observed(Standing::Snapshot),
    };
    if snapshots == 0 {
        check_accepted(read, logs)?;
    }
    check_share(read, &logs.max_reject, snapshots)
}

/// Whether every input was read to its end. An audit shows what a cut one holds, and then says so.
pub fn check_whole(read: &Read) -> Result<(), Failure> {
    let cut =
        read.plan.inputs.iter().zip(&read.scan.lines).filter(|(input, counts)| input.is_cut || counts.is_cut);
    let texts: Vec<String> = cut
        .map(|(input, counts)| {
            format!(
                "{}: stream ends inside a block: still being written, or cut; its {} lines up to byte {} were read",
                input.found.shown, counts.lines, counts.bytes
            )
        })
        .collect();
    if texts.is_empty() { Ok(()) } else { Err(Failure::Input(texts.join("\n"))) }
}

/// Refuses a list of rejects that cannot be written, before the logs are read and not behind them.
fn check_rejects_file(logs: &LogArgs) -> Result<(), Failure> {
    let Some(path) = &logs.rejects else { return Ok(()) };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.is_dir(), path.is_dir()) {
        (true, false) => Ok(()),
        (false, _) => Err(Failure::Usage(format!("--rejects: {}: is no directory", folder.display()))),
        (_, true) => Err(Failure::Usage(format!("--rejects: {}: is a directory", path.display()))),
    }
}

/// Writes the list that `--rejects` asks for: also where the run then stops because of them.
pub fn list_rejects(read: &Read, logs: &LogArgs) -> Result<(), Failure> {
    if let Some(path) = &logs.rejects {
        let result = File::create(path).and_then(|file| {
            let mut file = BufWriter::new(file);
            report::write_rejects_csv(&mut file, Dialect::Machine, &read.scan.part.rejects, read)
        });
        result.map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?;
    }
    Ok(())
}

/// Whether anything was accepted in the whole input.
pub fn check_accepted(read: &Read, logs: &LogArgs) -> Result<(), Failure> {
    let counts = |standing: Standing| standing == Standing::Accepted || standing.is_sustained();
    // One of the first entries settles it where all is well.
    let is_any = read.scan.part.tally.entries().any(|(_, entry)| counts(entry.standing));
    if is_any || logs.allow_empty {
        return Ok(());
    }
    if let Some(window) = read.missed {
        // It is the range that is empty, and not the logs that prove nothing.
        if !logs.quiet {
            say!("siptally: note: {}", nobody_in(window, read));
        }
        return Ok(());
    }
    let findings = probe::findings(&read.scan, read.census(), &probe::Unread::default());
    let finding = findings.first().map_or("nothing here proves an accepted registration", String::as_str);
    Err(Failure::Quality(format!(
        "{finding}\nKamailio logs no accepted registration by itself: add the line `REG-OK …` after save(); \
         `siptally probe` prints it (--allow-empty goes on all the same)"
    )))
}

fn nobody_in(window: Window, read: &Read) -> String {
    let Window { start, end } = window;
    let times = match (start.micros() == i64::MIN, end.micros() == i64::MAX) {
        (false, true) => format!("from {start} on"),
        (true, _) => format!("before {end}"),
        (false, false) => format!("between {start} and {end}"),
    };
    let records = &read.scan.part.records;
    let logs = records.first.zip(records.last);
    let logs = logs.map(|(first, last)| format!("; the logs run from {first} to {last}")).unwrap_or_default();
    format!("nothing was accepted {times}{logs}")
}

/// Whether the logs hold a record of each of the cycles.
pub fn check_heard(read: &Read, cycles: &[Cycle], logs: &LogArgs) -> Result<(), Failure> {
    if logs.allow_empty {
        return Ok(());
    }
    heard::check(&read.scan, read.census(), cycles).map_err(bill_failure)
}

/// The pseudonyms of the key in that file.
pub fn pseudonyms(path: &Path) -> Result<Pseudonyms, Failure> {
    let key = std::fs::read(path)
        .map_err(|error| Failure::Usage(format!("--pseudonymise: {}: {error}", path.display())))?;
    Pseudonyms::new(&key).ok_or_else(|| {
        Failure::Usage(format!(
            "--pseudonymise: {} holds a key of fewer than {KEY_MIN} bytes, which can be guessed; make one with \
             `openssl rand -hex 32`",
            path.display()
        ))
    })
}

/// Surveys and scans the logs. Notes go to standard error.
pub fn read_unchecked(
    paths: &[PathBuf],
    logs: &LogArgs,
    config: &Config,
    ask: &Ask<'_>,
) -> Result<Read, Failure> {
    check_rejects_file(logs)?;
    begin_shipped();
    let mut setup = setup(logs, config, ask.is_bill)?;
    let pseudonyms = logs.pseudonymise.as_deref().map(pseudonyms).transpose()?;
    if let Some(jobs) = logs.jobs {
        // A pool that exists already was made by an earlier call in this process.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(jobs).build_global();
    }
    let mut plan = survey(paths, &setup, ask.goes_on)?;
    let mut said: Vec<String> = Vec::new();
    let mut say_notes = |plan: &Plan| {
        let new: Vec<String> = plan.notes.iter().filter(|note| !said.contains(note)).cloned().collect();
        new.iter().filter(|_| !logs.quiet).for_each(|note| say!("siptally: note: {note}"));
        said.extend(new);
    };
    say_notes(&plan);
    let scanner = Scanner::for_logs(std::mem::take(&mut setup.patterns), &plan.sample);
    let push_sources = std::mem::take(&mut setup.push_sources);
    let audit_days = AuditDays::of_logs_from(plan.first());
    let range = ask.range.map(Range::new);
    let counting = Counting {
        days: ask.cycles.unwrap_or(&audit_days),
        range: range.as_ref(),
        push_sources: &push_sources,
        key: ask.key,
        wants_digests: ask.is_bill,
    };
    let meter = Arc::new(Meter::default());
    interrupt_stops(&meter);
    let progress = Progress::follow(&meter, plan.raw_bytes(), !logs.quiet && !logs.no_progress);
    let mut result = scan(&plan, &scanner, &counting, block_len(), &meter);
    while let Err(error) = &result
        && plan.can_begin_anew
        && setup.learn(error)
    {
        plan = survey(paths, &setup, ask.goes_on)?;
        say_notes(&plan);
        meter.begin_anew();
        result = scan(&plan, &scanner, &counting, block_len(), &meter);
    }
    drop(progress);
    let scan = result?;
    learn_zones(&mut plan, &scan.lines, &setup)?;
    plan.notes.extend(unfinished::notes(&plan.inputs, &scan.lines));
    plan.notes.extend(unread::notes(&plan.inputs, &scan, scanner.patterns()));
    say_notes(&plan);
    let unlisted = scan.part.tally.unlisted();
    if unlisted > 0 {
        let note = format!(
            "{unlisted} refused and unproven requests of strangers are counted and not listed: more than \
             {LISTED_USERS} names were tried"
        );
        if !logs.quiet {
            say!("siptally: note: {note}");
        }
        plan.notes.push(note);
    }
    let missed = range.filter(Range::is_missed).map(|range| range.window);
    Ok(Read { plan, scan, pseudonyms, missed, census: OnceLock::new() })
}

/// Surveys the logs for a verb that reads them in its own way.
pub fn survey_only(paths: &[PathBuf], logs: &LogArgs, config: &Config) -> Result<(Plan, Scanner), Failure> {
    let setup = setup(logs, config, false)?;
    let plan = survey(paths, &setup, true)?;
    let scanner = Scanner::for_logs(setup.patterns, &plan.sample);
    Ok((plan, scanner))
}

/// The first interrupt (Ctrl-C) stops the scan, and with it the run; a second one ends the process.
pub fn interrupt_stops(meter: &Arc<Meter>) {
    let meter = Arc::clone(meter);
    // Only one handler can be set in a process; a second scan of one run keeps the first's.
    let _ = ctrlc::set_handler(move || {
        if meter.is_interrupted.swap(true, std::sync::atomic::Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
}

/// Bytes of a block. `SIPTALLY_BLOCK` overrides it, so that tests can show that no cut matters.
pub fn block_len() -> usize {
    let given = std::env::var("SIPTALLY_BLOCK").ok().and_then(|text| text.parse().ok());
    given.filter(|len| *len > 0).unwrap_or(BLOCK_LEN)
}

pub fn setup(logs: &LogArgs, config: &Config, is_bill: bool) -> Result<Setup, Failure> {
    let (patterns, warnings) = patterns_warned(logs, config)?;
    if !logs.quiet {
        warnings.iter().for_each(|warning| say!("siptally: warning: {warning}"));
    }
    let flag_zone = logs.log_zone.as_deref().map(zone).transpose()?;
    let sources = config.sources.iter().map(|source| {
        let mut paths = GlobSetBuilder::new();
        for pattern in &source.paths {
            let glob = Glob::new(pattern).map_err(|error| Failure::Usage(format!("[[source]]: {error}")))?;
            paths.add(glob);
        }
        let paths = paths.build().map_err(|error| Failure::Usage(format!("[[source]]: {error}")))?;
        let zone = source.zone.as_ref().map(|zone| zone.zone.clone());
        let lives = life_rules(source.max_expiry, config);
        let shown = source.paths.join(", ");
        Ok(SourceRule { paths, shown, zone, identity: policy(&source.identity, logs), lives })
    });
    let sources = sources.collect::<Result<Vec<_>, Failure>>()?;
    let push_sources = PushSources::new(&config.push_sources).map_err(Failure::Usage)?;
    Ok(Setup {
        patterns,
        sources,
        identity: policy(&config.identity, logs),
        lives: life_rules(config.logs.max_expiry, config),
        zone: flag_zone.or_else(|| config.logs.zone.clone()).map(|zone| zone.zone),
        year: year(logs, config, is_bill)?,
        assumed_date: logs.assume_date,
        assumes_utc: !is_bill,
        forgives_cuts: !is_bill,
        walks_first: false,
        yearless: Vec::new(),
        push_sources,
    })
}

fn life_rules(max_expiry_seconds: u32, config: &Config) -> LifeRules {
    LifeRules { max_expiry_seconds, coverage_gap_seconds: config.logs.coverage_gap }
}

/// The patterns of the flags, then of the configuration.
pub fn patterns(logs: &LogArgs, config: &Config) -> Result<Patterns, Failure> {
    patterns_warned(logs, config).map(|(patterns, _)| patterns)
}

/// The same, with what the files of the flags warn of.
fn patterns_warned(logs: &LogArgs, config: &Config) -> Result<(Patterns, Vec<Problem>), Failure> {
    let mut specs: Vec<PatternSpec> = Vec::new();
    let mut warnings = Vec::new();
    for path in &logs.pattern {
        let (read, warned) = book::load_patterns(path)?;
        specs.extend(read);
        warnings.extend(warned);
    }
    specs.extend(config.patterns.iter().cloned());
    let patterns = Patterns::compile(&specs).map_err(|errors| {
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Failure::Usage(texts.join("\n"))
    })?;
    Ok((patterns, warnings))
}

/// The book's policy with the flags over it.
pub fn policy(book: &Policy, logs: &LogArgs) -> Policy {
    let mut policy = book.clone();
    match logs.user_case {
        None => {}
        Some(UserCaseArg::Server) => policy.user_case = UserCase::Server,
        Some(UserCaseArg::Fold) => policy.user_case = UserCase::Fold,
        Some(UserCaseArg::Keep) => policy.user_case = UserCase::Keep,
    }
    if let Some(domain) = &logs.default_domain {
        policy.default_domain = Some(domain.to_ascii_lowercase());
    }
    policy
}

fn year(logs: &LogArgs, config: &Config, is_bill: bool) -> Result<YearRule, Failure> {
    Ok(match logs.year.as_deref() {
        Some("mtime") => YearRule::Mtime,
        Some(text) => match text.parse() {
            Ok(year @ 1970..=9998) => YearRule::Given(year),
            _ => return Err(Failure::Usage(format!("--year: `{text}` is neither a year nor `mtime`"))),
        },
        None => match config.logs.year {
            Some(book::YearRule::Is(year)) => YearRule::Given(year.into()),
            Some(book::YearRule::Mtime) => YearRule::Mtime,
            None if is_bill => YearRule::Infer,
            None => YearRule::Mtime,
        },
    })
}

/// A zone by its name.
pub fn zone(name: &str) -> Result<Zone, Failure> {
    Zone::named(name).map_err(Failure::Usage)
}

/// The same bare AOR on two servers may be two people.
fn check_aors(read: &Read) -> Result<(), Failure> {
    let shared = ambiguous_aors(&read.scan);
    let Some((aor, servers)) = shared.first() else { return Ok(()) };
    let pseudonym = read.pseudonyms.as_ref().map(|names| names.of(SipIdRef::from_canonical(aor.as_bytes())));
    let aor = pseudonym.map_or_else(|| aor.clone(), |name| String::from_utf8_lossy(&name).into_owned());
    let others = match shared.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more AORs)"),
    };
    Err(Failure::Quality(format!(
        "`{aor}` has no domain and is named by {}{others}; give each server a `default_domain` in its [[source]], \
         or all of them one with --default-domain",
        servers.iter().map(|server| format!("`{server}`")).collect::<Vec<_>>().join(" and ")
    )))
}

/// Whether too many records had to be rejected.
pub fn check_rejects(read: &Read, max_reject: &str) -> Result<(), Failure> {
    check_share(read, max_reject, 0)
}

/// Whether the rejected records are too large a share of those that count: registrations, and these
/// snapshots.
fn check_share(read: &Read, max_reject: &str, snapshots: u64) -> Result<(), Failure> {
    let text = max_reject.trim().trim_end_matches('%').trim();
    let limit: Decimal =
        text.parse().map_err(|_| Failure::Usage(format!("--max-reject: `{max_reject}` is no percentage")))?;
    let rejected = read.scan.part.records.rejected_total();
    if rejected == 0 {
        // Nearly always, and then there is nothing to count.
        return Ok(());
    }
    let all = read.census().registrations() + snapshots + rejected;
    if Decimal::from(rejected) * Decimal::from(100) <= limit * Decimal::from(all) {
        return Ok(());
    }
    let share = (Decimal::from(rejected) * Decimal::from(100) / Decimal::from(all)).round_dp(2);
    Err(Failure::Quality(format!(
        "{rejected} of {all} registrations rejected ({share} %, limit {limit} %); --rejects FILE lists them, --max-reject allows more"
    )))
}

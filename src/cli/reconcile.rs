//! `siptally reconcile`: the other party's list against our result. Book, map and list first, then logs.

use super::args::ReconcileArgs;
use super::failure::Failure;
use super::manifest::{book_facts, manifest};
use super::run::{self, Ask, Read, bill_failure};
use crate::billing::Calendar;
use crate::book::{self, Book};
use crate::compare::{Comparison, Difference, Prices, Proof, Setting, TheirRow, Wanted, compare};
use crate::model::{Category, Currency, Quote, SipId, SipIdRef, Spot};
use crate::pipeline::bill::{Bill, CycleBill, CycleChoice, check_coverage};
use crate::pipeline::edge;
use crate::pipeline::quote::quotes;
use crate::pipeline::reconcile::{BookPrices, gap, other_sums, ours, theirs, veiled};
use crate::read::{VendorError, VendorFile};
use crate::report::{self, Manifest, Parties, ReconcileSummary, Stage, StageError};
use std::collections::BTreeMap;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// Columns of the summary where standard output is no terminal, and in the pack.
const WIDTH_PIPED: usize = 110;
/// What the manifest of a pack says that a bill's does not.
const STATUS: &str = "reconciliation";

/// Runs the verb.
pub fn run(args: &ReconcileArgs) -> Result<(), Failure> {
    let choice = choice(&args.cycle)?;
    let mut book = run::load_book(&args.book)?;
    run::overrule(&mut book.config, &args.logs);
    let is_listed = listed_tenants(args, &book)?;
    if let Some(out) = &args.out {
        refuse_bill(out)?;
    }
    let file = load_list(args, &book)?;
    let calendar = Calendar::new(book.calendar.clone());
    choice.check(&calendar).map_err(bill_failure)?;
    Bill::check_side_files(&book).map_err(bill_failure)?;
    let ask = Ask { cycles: Some(&calendar), range: None, key: None, is_bill: true, goes_on: false };
    let read = run::read(&args.paths, &args.logs, &book.config, &ask)?;
    run::list_rejects(&read, &args.logs)?;
    run::check_accepted(&read, &args.logs)?;
    let bill = Bill::prepare(&book, &read.scan).map_err(bill_failure)?;
    let cycle = bill.cycles(choice, read.census()).map_err(bill_failure)?.remove(0);
    run::check_heard(&read, &[cycle], &args.logs)?;
    bill.check_agents(&[cycle], read.census()).map_err(bill_failure)?;
    run::check_rejects(&read, &args.logs.max_reject)?;
    if !bill.is_partial(&cycle) {
        check_coverage(&book, &read.scan, &cycle).map_err(bill_failure)?;
    }
    let roll = bill.roll(None);
    let rows = theirs(&file, &book, &bill);
    let (billed, users) = ours(&bill, &roll, &cycle, &Wanted::of(&rows));
    let gap = gap(&book, &read.scan, &cycle);
    let prices = BookPrices::of(&book, &billed);
    let setting = Setting {
        cycle: &cycle,
        tenant_of: &|id| bill.tenant_number(id),
        tenant_name: &|number| book.tenants[number].name.clone(),
        is_listed: &|number| is_listed[number],
        gap: gap.as_deref(),
    };
    let comparison = compare(&users, &rows, &setting, &prices);
    let roll_shown = read.pseudonyms.as_ref().map(|pseudonyms| bill.roll(Some(pseudonyms)));
    let mut notes = edge::notes(&read.plan, roll_shown.as_ref().unwrap_or(&roll), &cycle, true);
    if !args.logs.quiet {
        notes.iter().for_each(|note| say!("siptally: note: {note}"));
    }
    notes.extend(gap.map(|gap| format!("the logs of the cycle have gaps: {gap}")));
    notes.extend(list_notes(&file, &comparison, &rows));
    let sums = other_sums(&comparison, &rows, &billed, &prices);
    notes.extend(sums.iter().map(|sum| sum.sentence.clone()));
    let evidence = match &args.out {
        Some(_) => evidence(&read, &comparison)?,
        None => BTreeMap::new(),
    };
    // From here on everything is to be shown.
    let policy = &book.config.identity;
    let (rows, comparison) = match &read.pseudonyms {
        Some(pseudonyms) => veiled(&rows, &comparison, pseudonyms, policy),
        None => (rows, comparison),
    };
    let outcome = Outcome {
        args,
        book: &book,
        read: &read,
        bill: &bill,
        billed: &billed,
        prices: &prices,
        file: &file,
        rows: &rows,
        comparison: &comparison,
        notes: &notes,
    };
    if let Some(out) = &args.out {
        outcome.write(out, &evidence)?;
    }
    outcome.summary()?;
    match comparison.differences.len() + sums.iter().filter(|sum| sum.is_difference).count() {
        0 => Ok(()),
        1 => Err(Failure::Differences("1 difference".to_owned())),
        many => Err(Failure::Differences(format!("{many} differences"))),
    }
}

fn choice(text: &str) -> Result<CycleChoice, Failure> {
    match text {
        "latest" => Ok(CycleChoice::Latest),
        day => day.parse().map(CycleChoice::Starting).map_err(|_| {
            Failure::Usage(format!("--cycle: `{day}` is neither `latest` nor a first day as in 2026-10-01"))
        }),
    }
}

/// By the tenants' numbers, whether their list is meant to name its users.
fn listed_tenants(args: &ReconcileArgs, book: &Book) -> Result<Vec<bool>, Failure> {
    let names: Vec<&str> = book.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
    if let Some(wrong) = args.tenant.iter().find(|name| !names.contains(&name.as_str())) {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        return Err(Failure::Usage(format!(
            "--tenant: the book has no `{wrong}`, only {}",
            names.join(", ")
        )));
    }
    let is_listed = |name: &&str| args.tenant.is_empty() || args.tenant.iter().any(|named| named == name);
    Ok(names.iter().map(is_listed).collect())
}

/// A pack may replace a pack; a bill that stands there would lose its manifest.
fn refuse_bill(out: &Path) -> Result<(), Failure> {
    let manifest = fs::read(out.join("manifest.json")).ok();
    match manifest.and_then(|bytes| Manifest::from_json(&bytes)) {
        Some(manifest) if manifest.status != STATUS => {
            Err(Failure::Usage(format!("{}: holds a bill; choose another --out", out.display())))
        }
        _ => Ok(()),
    }
}

fn load_list(args: &ReconcileArgs, book: &Book) -> Result<VendorFile, Failure> {
    let map = match &args.map {
        Some(path) => {
            let (map, warnings) = book::load_vendor_map(path)?;
            warnings.iter().for_each(|warning| say!("siptally: warning: {warning}"));
            let is_known = |name: &&String| book.tenants.iter().any(|tenant| tenant.name == **name);
            if let Some(name) = map.tenants.values().find(|name| !is_known(name)) {
                return Err(Failure::Usage(format!(
                    "{}: the book has no tenant `{}`",
                    path.display(),
                    name.escape_debug()
                )));
            }
            Some(map)
        }
        None => None,
    };
    let file = VendorFile::load(&args.theirs, map.as_ref()).map_err(|error| match error {
        VendorError::Input(_) | VendorError::Unclosed { .. } => Failure::Input(error.to_string()),
        VendorError::Unclear { .. } => Failure::Usage(error.to_string()),
    })?;
    if args.map.is_none() && !args.logs.quiet {
        say!(
            "siptally: note: without --map these columns were guessed; save them as a file to change them:\n"
        );
        file.map.to_toml().lines().for_each(|line| say!("{line}"));
        say!();
    }
    Ok(file)
}

/// The records behind the differences, as they may be shown.
fn evidence(read: &Read, comparison: &Comparison) -> Result<BTreeMap<Spot, Quote>, Failure> {
    let mut users: BTreeMap<Spot, Vec<SipIdRef<'_>>> = BTreeMap::new();
    for it in &comparison.differences {
        if let Proof::Record { spot, .. } = it.proof {
            users.entry(spot).or_default().extend(it.id.as_ref().map(SipId::borrowed));
        }
    }
    let mut quotes = quotes(&read.plan, &users.keys().copied().collect())?;
    if let Some(pseudonyms) = &read.pseudonyms {
        for (spot, quote) in &mut quotes {
            let policy = &read.plan.inputs[spot.input as usize].identity;
            quote.text = pseudonyms.text(&quote.text, policy, &users[spot]);
        }
    }
    Ok(quotes)
}

/// What is worth knowing of how their list was read.
fn list_notes(file: &VendorFile, comparison: &Comparison, rows: &[TheirRow]) -> Vec<String> {
    let mut notes = Vec::new();
    let mut mended: BTreeMap<&str, usize> = BTreeMap::new();
    let claims = || rows.iter().filter_map(|row| row.claim.as_ref().ok());
    claims().filter(|claim| !claim.mended.is_empty()).for_each(|claim| {
        *mended.entry(claim.mended).or_default() += 1;
    });
    notes.extend(
        mended.iter().map(|(how, rows)| format!("{rows} of their users were {how}, and read all the same")),
    );
    let is_loose = |it: &&Difference| it.detail.contains("in spite of its spelling");
    let loose = comparison.matches.iter().filter(is_loose).count();
    if loose > 0 {
        notes.push(format!(
            "{loose} of the matches are spelled otherwise than in the logs; matches.csv says how"
        ));
    }
    if file.empty_rows > 0 {
        notes.push(format!("{} empty rows of their list were passed over", file.empty_rows));
    }
    if claims().next().is_some() && claims().all(|claim| claim.category.is_none()) {
        notes.push("their list names no categories, so a row stands for all charges of its user".to_owned());
    }
    notes
}

/// Everything that goes into the pack and onto the screen.
struct Outcome<'r> {
    args: &'r ReconcileArgs,
    book: &'r Book,
    read: &'r Read,
    bill: &'r Bill<'r>,
    billed: &'r CycleBill,
    prices: &'r BookPrices<'r>,
    file: &'r VendorFile,
    rows: &'r [TheirRow],
    comparison: &'r Comparison,
    notes: &'r [String],
}

impl Parties for Outcome<'_> {
    fn tenant(&self, number: usize) -> &str {
        &self.book.tenants[number].name
    }

    fn currency(&self, tenant: Option<usize>) -> Option<Currency> {
        self.prices.currency(tenant)
    }

    fn input(&self, spot: Spot) -> &str {
        self.read.shown(spot)
    }

    fn side_file(&self, tenant: Option<usize>, category: Category) -> &str {
        let name = tenant.map(|tenant| self.tenant(tenant));
        name.and_then(|name| self.bill.side_file_name(&self.billed.cycle, name, category)).unwrap_or_default()
    }
}

impl Outcome<'_> {
    fn theirs_name(&self) -> String {
        bare_name(&self.args.theirs)
    }

    fn text(&self, out: Option<&str>, width: usize, has_style: bool) -> String {
        let theirs = self.theirs_name();
        let summary = ReconcileSummary {
            theirs: &theirs,
            cycle: &self.billed.cycle,
            is_partial: self.billed.is_partial,
            comparison: self.comparison,
            rows: self.rows,
            notes: self.notes,
            out,
        };
        report::reconcile_text(&summary, self, width, has_style)
    }

    fn summary(&self) -> Result<(), Failure> {
        let has_style = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let shown = self.args.out.as_ref().map(|out| out.display().to_string());
        let text = self.text(shown.as_deref(), run::width().unwrap_or(WIDTH_PIPED), has_style);
        let out = &mut io::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    /// Writes the pack: all of it, or nothing.
    fn write(&self, out: &Path, lines: &BTreeMap<Spot, Quote>) -> Result<(), Failure> {
        let book_bytes = fs::read(&self.book.path)
            .map_err(|error| Failure::Input(format!("{}: {error}", self.book.path.display())))?;
        self.stage(out, &book_bytes, lines).map_err(|error| match error {
            StageError::Io { .. } => Failure::Input(error.to_string()),
            _ => Failure::Usage(error.to_string()),
        })
    }

    fn stage(&self, out: &Path, book: &[u8], lines: &BTreeMap<Spot, Quote>) -> Result<(), StageError> {
        let dialect = self.args.csv.into();
        let Comparison { differences, matches, .. } = self.comparison;
        let (theirs, book_name) = (self.theirs_name(), bare_name(&self.book.path));
        let mut stage = Stage::new(out)?;
        stage.write("summary.txt", self.text(None, WIDTH_PIPED, false).as_bytes())?;
        stage.write_with("differences.csv", |out| {
            report::write_differences_csv(out, dialect, differences, self.rows, self)
        })?;
        stage.write_with("matches.csv", |out| {
            report::write_differences_csv(out, dialect, matches, self.rows, self)
        })?;
        let line = |spot: Spot| lines.get(&spot).map(|quote| (quote.line, &quote.text[..]));
        stage.write_with("evidence.txt", |out| {
            report::write_evidence(out, differences, self.rows, self, line)
        })?;
        let coverage = &self.read.scan.part.coverage;
        let spans =
            coverage.hosts().flat_map(|host| coverage.spans(host).into_iter().map(move |span| (host, span)));
        stage.write_with("coverage.csv", |out| report::write_coverage_csv(out, dialect, spans))?;
        let is_veiled = self.read.pseudonyms.is_some();
        if !is_veiled {
            // A book may name users, in what it excludes for one.
            stage.write(&book_name, book)?;
        }
        stage.write("map.toml", self.file.map.to_toml().as_bytes())?;
        stage.write(
            "README.txt",
            report::reconcile_readme(&theirs, &book_name, &self.billed.cycle, is_veiled).as_bytes(),
        )?;
        let bills = std::slice::from_ref(self.billed);
        let mut manifest = manifest(book_facts(self.book), self.read, self.bill, bills, self.notes);
        manifest.status = STATUS.to_owned();
        manifest.notes.push(format!("their list {theirs}: blake3:{}", self.file.digest.to_hex()));
        stage.commit(manifest)?;
        Ok(())
    }
}

fn bare_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

//! `siptally verify`: whether a bill is still the one that was made, and follows from the logs.

use super::args::{BillArgs, DialectArg, VerifyArgs};
use super::bill;
use super::failure::Failure;
use super::issue;
use super::run;
use crate::ledger::{Ledger, LedgerError};
use crate::pipeline::bill::CycleChoice;
use crate::pipeline::issue::Intent;
use crate::pipeline::verify::{Finding, Pack};
use crate::report;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

/// Runs the verb.
pub fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let pack = Pack::open(&args.pack)?;
    let mut findings = pack.check_files();
    let mut looked_at = vec![format!("{} files against the manifest", pack.files().count())];
    let path = ledger_path(args)?;
    let ledger = match &path {
        Some(path) => read_ledger(path, &mut findings)?,
        None => None,
    };
    if let Some(ledger) = &ledger {
        findings.extend(pack.check_ledger(ledger));
        looked_at.push(format!("the chain of {} entries in the ledger", ledger.entries().len()));
    } else if path.is_none() && pack.manifest.status == "final" && !args.logs.quiet {
        say!("siptally: note: the bill is final, and its ledger was not looked at; name it with --ledger");
    }
    if !args.paths.is_empty() {
        let found = recompute(args, &pack, path, ledger)?;
        looked_at.push("the bill made again from the logs".to_owned());
        // What was changed is told with its line.
        findings.retain(|known| !found.iter().any(|found| found.file == known.file && found.line.is_some()));
        findings.extend(found);
    }
    tell(args, &findings, &looked_at)
}

fn tell(args: &VerifyArgs, findings: &[Finding], looked_at: &[String]) -> Result<(), Failure> {
    let out = &mut io::stdout().lock();
    for Finding { file, line, fact } in findings {
        let file = report::escaped(file.as_bytes());
        match line {
            Some(line) => writeln!(out, "{file}:{line}:\n  {fact}")?,
            None => writeln!(out, "{file}: {fact}")?,
        }
    }
    let shown = args.pack.display();
    if findings.is_empty() {
        writeln!(out, "{shown}: all as it was: {}", looked_at.join(", "))?;
        return Ok(out.flush()?);
    }
    out.flush()?;
    let s = if findings.len() == 1 { "" } else { "s" };
    Err(Failure::Differences(format!("{shown}: {} difference{s}", findings.len())))
}

/// The ledger that the flags mean: the one named, or the book's.
fn ledger_path(args: &VerifyArgs) -> Result<Option<PathBuf>, Failure> {
    if let Some(path) = &args.ledger {
        return Ok(Some(path.clone()));
    }
    let Some(book) = &args.book else { return Ok(None) };
    let (path, _) = run::load_book(book)?.ledger_path();
    Ok(path.exists().then_some(path))
}

/// A ledger that cannot be opened is an error; one that was changed is a finding.
fn read_ledger(path: &std::path::Path, findings: &mut Vec<Finding>) -> Result<Option<Ledger>, Failure> {
    match Ledger::read(path) {
        Ok(Some(ledger)) => Ok(Some(ledger)),
        Ok(None) => Err(Failure::Input(format!("{}: there is no such ledger", path.display()))),
        Err(error @ LedgerError::Io { .. }) => Err(error.into()),
        Err(error) => {
            let text = error.to_string();
            let shown = path.display().to_string();
            let fact = text.strip_prefix(&shown).unwrap_or(&text).trim_start_matches(':').to_owned();
            findings.push(Finding { file: shown, line: None, fact });
            Ok(None)
        }
    }
}

/// Makes the bill again from the logs, in a folder that goes away, and compares.
fn recompute(
    args: &VerifyArgs,
    pack: &Pack,
    path: Option<PathBuf>,
    ledger: Option<Ledger>,
) -> Result<Vec<Finding>, Failure> {
    let Some(book) = &args.book else {
        return Err(Failure::Usage("--book is needed to make the bill again from logs".to_owned()));
    };
    // A cycle that became final has its seal in its own folder, what came later beside its documents.
    let sealed = |cycle: &str| {
        let seal = format!("{cycle}/{}", report::SEAL);
        pack.manifest.outputs.iter().any(|output| output.file == seal)
    };
    let intent = match pack.manifest.status == "final" {
        true if pack.manifest.cycles.iter().any(|cycle| sealed(&cycle.cycle_start)) => Intent::Final,
        true => Intent::Correction,
        false => Intent::Draft,
    };
    let ledger = match (&pack.manifest.ledger, ledger) {
        (Some(facts), Some(ledger)) => Some(ledger.as_of(facts.entries)),
        (Some(facts), None) => {
            let text = format!("the bill follows a ledger (`{}`); name it with --ledger", facts.file);
            return Err(Failure::Usage(text));
        }
        (None, _) => None,
    };
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("bill");
    // What is final already stays as it is, and corrections are made against it.
    for facts in &pack.manifest.kept {
        let to = out.join(&facts.file);
        fs::create_dir_all(to.parent().unwrap_or(&out))?;
        // One that is gone has been found already.
        let _ = fs::copy(pack.folder.join(&facts.file), to);
    }
    let again = BillArgs {
        sensitivity: pack.manifest.outputs.iter().any(|output| output.file == "sensitivity.csv"),
        paths: args.paths.clone(),
        book: book.clone(),
        cycle: String::new(),
        out: out.clone(),
        is_final: intent != Intent::Draft,
        is_correction: intent == Intent::Correction,
        ledger: None,
        csv: dialect(pack),
        before: args.before.clone(),
        column: args.column.clone(),
        logs: args.logs.clone(),
    };
    let choices = pack.manifest.cycles.iter().map(|cycle| {
        cycle.cycle_start.parse().map(CycleChoice::Starting).map_err(|_| {
            Failure::Input(format!(
                "{}: a cycle starts on no day",
                pack.folder.join("manifest.json").display()
            ))
        })
    });
    let choices = choices.collect::<Result<Vec<_>, _>>()?;
    let path = path.unwrap_or_default();
    bill::make(&again, &choices, |book, bill, cycles| {
        Ok(issue::trial(intent, &path, ledger, (book, bill, cycles)))
    })?;
    if !out.join("manifest.json").exists() {
        let fact = "made again from these logs, there is nothing to correct".to_owned();
        return Ok(vec![Finding { file: "manifest.json".to_owned(), line: None, fact }]);
    }
    Ok(pack.compare(&Pack::open(&out)?)?)
}

/// The dialect of the bill's sheets, which a byte-order mark tells.
fn dialect(pack: &Pack) -> DialectArg {
    let sheet = fs::read(pack.folder.join("rejects.csv")).unwrap_or_default();
    if sheet.starts_with("\u{FEFF}".as_bytes()) { DialectArg::Spreadsheet } else { DialectArg::Machine }
}

//! `bill --final`: opens the ledger, and commits a bill in the order that a final one needs.

use super::args::BillArgs;
use super::failure::Failure;
use crate::book::Book;
use crate::ledger::{Ledger, LedgerFile};
use crate::model::Cycle;
use crate::pipeline::bill::Bill;
use crate::pipeline::issue::{Books, Intent, Issue, OVERLAP_REMEDY, Ruling, overlaps};
use crate::report::{Manifest, Stage};
use std::path::{Path, PathBuf};

/// A run's dealings with the ledger, and the ledger itself while it is locked.
pub struct Desk {
    pub issue: Issue,
    file: Option<LedgerFile>,
    /// What keeps the bill from ever becoming final, where it is a draft.
    pub notes: Vec<String>,
    /// Whether the bill is made to be looked at and goes into no ledger.
    is_trial: bool,
}

/// What became of a bill.
pub struct Done {
    leftovers: Vec<String>,
    ruling: Ruling,
}

/// Opens the ledger that the flags and the book mean, for a bill of those cycles.
pub fn open(args: &BillArgs, book: &Book, bill: &Bill<'_>, cycles: &[Cycle]) -> Result<Desk, Failure> {
    let intent = match (args.is_final, args.is_correction) {
        (false, _) => Intent::Draft,
        (true, false) => Intent::Final,
        (true, true) => Intent::Correction,
    };
    let (path, is_named) = path(args.ledger.as_deref(), book);
    if is_named && !path.exists() && !args.logs.quiet {
        say!("siptally: note: {}: there is no ledger yet, so no bill came before this one", path.display());
    }
    if intent == Intent::Draft {
        let ledger = Ledger::read(&path)?;
        let ledger = if is_named { Some(ledger.unwrap_or_default()) } else { ledger };
        let notes =
            ledger.as_ref().map(|ledger| overlaps(ledger, invoiced(bill, cycles))).unwrap_or_default();
        let issue = Issue::new(intent, books(&path, book, ledger), &wanted(bill, cycles));
        return Ok(Desk { issue, file: None, notes, is_trial: false });
    }
    if let Some(cycle) = cycles.iter().find(|cycle| bill.is_partial(cycle)) {
        return Err(Failure::Quality(format!(
            "the logs end within the cycle of {} to {}, so its bill is PARTIAL and cannot be final; read logs that go \
             beyond its end, or leave --final out",
            cycle.first_day, cycle.end_day
        )));
    }
    let wait = || {
        if !args.logs.quiet {
            say!("siptally: note: another run holds {}; waiting for its end", path.display());
        }
    };
    let file = LedgerFile::lock(&path, wait)?;
    let mut overlapping = overlaps(&file.ledger, invoiced(bill, cycles));
    if !overlapping.is_empty() {
        overlapping.push(OVERLAP_REMEDY.to_owned());
        return Err(Failure::Refused(overlapping.join("\n")));
    }
    let issue = Issue::new(intent, books(&path, book, Some(file.ledger.clone())), &wanted(bill, cycles));
    Ok(Desk { issue, file: Some(file), notes: Vec::new(), is_trial: false })
}

/// The same for a bill that is made again to be compared: it follows the ledger given, and is
/// numbered and sealed as it was, and the ledger stays as it is.
pub fn trial(
    intent: Intent,
    path: &Path,
    ledger: Option<Ledger>,
    (book, bill, cycles): (&Book, &Bill<'_>, &[Cycle]),
) -> Desk {
    let of_ledger = |ledger| overlaps(ledger, invoiced(bill, cycles));
    let notes = ledger.as_ref().filter(|_| intent == Intent::Draft).map(of_ledger).unwrap_or_default();
    let issue = Issue::new(intent, books(path, book, ledger), &wanted(bill, cycles));
    Desk { issue, file: None, notes, is_trial: true }
}

/// The file of the ledger, and whether anybody named it.
pub fn path(flag: Option<&Path>, book: &Book) -> (PathBuf, bool) {
    flag.map_or_else(|| book.ledger_path(), |path| (path.to_owned(), true))
}

fn books(path: &Path, book: &Book, ledger: Option<Ledger>) -> Books {
    let shown = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Books { shown, prefix: book.ledger.prefix.clone(), ledger }
}

/// The tenants and cycles of a bill.
fn wanted(bill: &Bill<'_>, cycles: &[Cycle]) -> Vec<(String, String)> {
    let of = |cycle: &Cycle| {
        let start = cycle.first_day.to_string();
        bill.tenants().map(move |tenant| (tenant.to_owned(), start.clone())).collect::<Vec<_>>()
    };
    cycles.iter().flat_map(of).collect()
}

/// The tenants and cycles of which there are invoices.
fn invoiced<'b>(bill: &'b Bill<'_>, cycles: &'b [Cycle]) -> impl Iterator<Item = (&'b str, &'b Cycle)> {
    let of = move |cycle: &'b Cycle| {
        let tenants = bill.tenants().enumerate().filter(|(number, _)| !bill.is_skipped(*number, cycle));
        tenants.map(move |(_, tenant)| (tenant, cycle)).collect::<Vec<_>>()
    };
    cycles.iter().flat_map(of)
}

impl Desk {
    /// Whether nobody is told of the bill.
    pub fn is_silent(&self) -> bool {
        self.is_trial
    }

    /// Seals the bill, moves it in, and notes it in the ledger; see [`crate::pipeline::issue`] for
    /// the order.
    pub fn commit(&mut self, mut stage: Stage, mut manifest: Manifest) -> Result<Done, Failure> {
        manifest.ledger = self.issue.facts();
        if self.issue.intent != Intent::Draft {
            manifest.status = "final".to_owned();
        }
        let lines = self.issue.seal(&mut stage, &manifest)?;
        let stale = self.issue.stale_seals(&stage)?;
        stage.retire(stale);
        let kept = self.issue.kept(stage.out(), &stage);
        stage.keep(kept);
        let ruling = self.issue.verdict(&lines, &stage);
        let leftovers = match (&ruling, &mut self.file) {
            (Ruling::Refuse(differences), _) => return Err(refusal(differences)),
            (Ruling::Nothing, _) => Vec::new(),
            (Ruling::Append, Some(file)) => {
                let append = || file.append(&lines).map_err(Failure::from);
                stage.commit_with(manifest, append)?.leftovers
            }
            _ => stage.commit(manifest)?.leftovers,
        };
        Ok(Done { leftovers, ruling })
    }
}

fn refusal(differences: &[String]) -> Failure {
    let mut lines = differences.to_vec();
    if lines.iter().any(|line| !line.ends_with("nothing would change")) {
        lines.push(
            "a final bill is never rewritten; --correction writes what changed, and the invoice of a tenant who has \
             none yet, as documents of their own"
                .to_owned(),
        );
    }
    Failure::Refused(lines.join("\n"))
}

impl Done {
    /// What the summary says of it.
    pub fn notes(&self, desk: &Desk) -> Vec<String> {
        let mut notes = Vec::new();
        let issued = desk.issue.numbers().map(|(first, last)| match first == last {
            true => first.to_owned(),
            false => format!("{first} to {last}"),
        });
        match (&self.ruling, issued) {
            (Ruling::Append, Some(issued)) => {
                notes.push(format!("final as {issued}, noted in {}", desk.issue.shown()));
            }
            (Ruling::Finish, _) => {
                notes.push(
                    "the ledger had this bill already; a run that was cut off is finished now".to_owned(),
                );
            }
            (Ruling::Nothing, _) => notes.push("nothing to correct, and nothing was written".to_owned()),
            _ => {}
        }
        if !self.leftovers.is_empty() {
            notes.push(format!("left over from an earlier bill: {}", self.leftovers.join(", ")));
        }
        notes
    }
}

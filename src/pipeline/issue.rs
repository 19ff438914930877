//! From a bill to a final one: numbers, marks, seals, entries in the ledger, corrections.
//!
//! A draft and a final bill are one bill. Both follow the ledger as it is (the set-up fee, what was
//! carried forward); a final one has a mark on each invoice besides, a seal for each cycle, and the
//! word `final` in its manifest.
//!
//! # The order of effects
//!
//! 1. The ledger is locked, and stays so to the end: the numbers on the invoices are its next ones.
//! 2. Everything is written into the stage, seals last: a seal (`final.json`) names every file of
//!    its cycle with its digest, and the entry that the ledger will get has the digest of the seal.
//! 3. The files move into OUT, all but the manifest, and are on the disk.
//! 4. The entries of all invoices are appended to the ledger at once. **Now the bill is final.**
//! 5. The manifest moves in, and OUT's marker of unfinished work goes.
//!
//! Before step 3 OUT is as it was. Between 3 and 4 OUT has a marker and no manifest, so it is no
//! bill, and its numbers were never given: the same run again replaces it, with the same numbers or
//! later ones. Between 4 and 5 it still is unfinished, but the ledger has it: the same run again
//! makes the same bytes, sees that the ledger has the same entries, and finishes with step 5. Where an
//! append was cut off in the middle, the ledger says so and where to cut it back, and that is the
//! state between 3 and 4 again. A failure that is not a crash undoes step 3.

mod correct;
mod documents;
mod overlap;
mod seals;
mod users;

pub use overlap::{OVERLAP_REMEDY, overlaps};

use self::correct::{Difference, difference};
use self::users::{ListChange, list_change};
use crate::ledger::{Digests, Entry, EntryKind, EntryLine, Figure, Held, Ledger, Run, SCHEMA, UserCounts};
use crate::model::{Category, Correction, Cycle, FinalMark, History, Invoice};
use crate::report::{
    self, Dialect, IssuedFacts, LedgerFacts, Manifest, OutputFacts, SEAL, Stage, StageError, kept_files,
};
use std::path::{Path, PathBuf};

/// What a run is meant to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    Draft,
    Final,
    Correction,
}

/// The ledger that a run follows.
#[derive(Debug)]
pub struct Books {
    /// Its name as shown.
    pub shown: String,
    /// What stands before the numbers.
    pub prefix: String,
    /// `None` where nobody keeps one.
    pub ledger: Option<Ledger>,
}

/// A run's dealings with the ledger.
#[derive(Debug)]
pub struct Issue {
    pub intent: Intent,
    books: Books,
    /// As it was before the bill.
    base: Ledger,
    /// The same with what was billed since, for the history of later cycles.
    shadow: Ledger,
    pending: Vec<Pending>,
    /// What would change in cycles that are final already, one sentence each.
    differences: Vec<String>,
    /// Whether a cycle of the run is final already.
    is_again: bool,
    /// How the lists name users; see [`Entry::names`].
    names: String,
}

/// A document on its way into the ledger.
#[derive(Debug)]
struct Pending {
    entry: Entry,
    /// Where its files are, relative to OUT, with `/` at the end.
    folder: String,
    /// Folder of its seal, likewise.
    seal_folder: String,
    document: &'static str,
}

impl Issue {
    /// Begins a run over those tenants and cycles, which are in the order of their invoices.
    pub fn new(intent: Intent, books: Books, wanted: &[(String, String)]) -> Self {
        let ledger = books.ledger.clone().unwrap_or_default();
        let earliest = wanted
            .iter()
            .filter_map(|(tenant, cycle)| ledger.invoice_of(tenant, cycle))
            .min_by_key(|entry| entry.number);
        // A run again must find the ledger as the first one did.
        let base = match (intent, earliest) {
            (Intent::Final, Some(entry)) => ledger.as_of(entry.run.first - 1),
            _ => ledger.clone(),
        };
        Self {
            intent,
            books,
            shadow: base.clone(),
            base,
            pending: Vec::new(),
            differences: Vec::new(),
            is_again: earliest.is_some(),
            names: String::new(),
        }
    }

    /// The lists have pseudonyms of the key with that fingerprint.
    pub fn under_pseudonyms(&mut self, fingerprint: String) {
        self.names = fingerprint;
    }

    /// What comes before that tenant's invoice.
    pub fn history(&self, tenant: &str, cycle: &Cycle) -> History {
        match self.books.ledger {
            Some(_) => self.shadow.history(tenant, &cycle.first_day.to_string()),
            None => History::default(),
        }
    }

    /// Takes an invoice in, whose users are listed in the stage: numbers it where it becomes final,
    /// or writes the correction of the one that is. `false` says that the invoice itself is no
    /// document of this run.
    ///
    /// # Errors
    ///
    /// There is nothing final to correct, its users are named in another way, or what the stage says.
    pub fn take_in(
        &mut self,
        invoice: &mut Invoice,
        stage: &mut Stage,
        dialect: Dialect,
    ) -> Result<bool, IssueError> {
        let cycle_start = invoice.cycle.first_day.to_string();
        let folder = format!("{cycle_start}/{}/", invoice.tenant);
        let ledger = self.books.ledger.as_ref();
        let held = ledger.and_then(|ledger| ledger.held(&invoice.tenant, &cycle_start));
        if let Some(held) = held.as_ref().filter(|_| self.intent != Intent::Draft)
            && held.last.names != self.names
        {
            return Err(IssueError::OtherNames {
                invoice: held.invoice.invoice_id.clone(),
                number: held.last.invoice_number.clone(),
                then: names_text(&held.last.names),
                now: names_text(&self.names),
            });
        }
        match self.intent {
            Intent::Draft => self.number(invoice, format!("{cycle_start}/"), folder),
            Intent::Final => {
                let difference = match &held {
                    Some(held) => {
                        let list = list_change(stage, held.last, &format!("{folder}users.csv"));
                        Some(match difference(held, invoice) {
                            Some(difference) => difference.sentence(held, &list),
                            None => currency_text(held, invoice),
                        })
                    }
                    None if self.is_again && self.is_begun(&cycle_start) => Some(format!(
                        "{}: not final yet, and its cycle is for other tenants; it would be {} {}",
                        invoice.id,
                        invoice.total,
                        invoice.total.currency().code()
                    )),
                    None => None,
                };
                self.differences.extend(difference);
                invoice.final_mark = Some(self.mark());
                self.number(invoice, format!("{cycle_start}/"), folder);
            }
            Intent::Correction if held.is_none() && self.is_begun(&cycle_start) => {
                // A tenant whom the book did not know when the others' cycle became final.
                invoice.final_mark = Some(self.mark());
                self.number(invoice, folder.clone(), folder);
            }
            Intent::Correction => {
                self.correct(invoice, stage, dialect)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether that cycle is final for any tenant.
    fn is_begun(&self, cycle_start: &str) -> bool {
        let entries = self.books.ledger.as_ref().map(Ledger::entries).unwrap_or_default();
        entries.iter().any(|sealed| sealed.entry.cycle_start == cycle_start)
    }

    fn number(&mut self, invoice: &Invoice, seal_folder: String, folder: String) {
        let cycle_start = invoice.cycle.first_day.to_string();
        if self.shadow.invoice_of(&invoice.tenant, &cycle_start).is_some() {
            return;
        }
        let history = self.history(&invoice.tenant, &invoice.cycle);
        let entry = Entry {
            brought_forward: Figure(history.brought_forward),
            carried_forward: Figure(invoice.carried_forward.amount()),
            users: user_counts(invoice),
            lines: lines_of(invoice),
            net: Figure(invoice.net.amount()),
            tax: Figure(invoice.tax.amount()),
            total: Figure(invoice.total.amount()),
            ..self.entry(EntryKind::Invoice, invoice)
        };
        self.note(Pending { entry, folder, seal_folder, document: "invoice.json" });
    }

    /// Writes the correction of an invoice that is final, where there is anything to correct, and
    /// takes the list of users out of the stage where there is not.
    fn correct(&mut self, fresh: &Invoice, stage: &mut Stage, dialect: Dialect) -> Result<(), IssueError> {
        let cycle_start = fresh.cycle.first_day.to_string();
        let folder = format!("{cycle_start}/{}/", fresh.tenant);
        let list = format!("{folder}users.csv");
        let Some(held) = self.base.held(&fresh.tenant, &cycle_start) else {
            return Err(IssueError::NotFinal { tenant: fresh.tenant.clone(), cycle_start });
        };
        let changes = list_change(stage, held.last, &list);
        let Some(difference) = difference(&held, fresh) else {
            return Err(IssueError::Currency(currency_text(&held, fresh)));
        };
        if difference.is_nothing() && changes.is_nothing() {
            return Ok(stage.discard(&list)?);
        }
        let entry = Entry {
            users: difference.users,
            lines: difference.entry_lines.clone(),
            net: Figure(difference.net.amount()),
            tax: Figure(difference.tax.amount()),
            total: Figure(difference.total.amount()),
            carried_forward: Figure(difference.carried_forward.amount()),
            ..self.entry(EntryKind::Correction, fresh)
        };
        let folder = format!("{folder}correction-{}/", entry.number);
        let Difference { lines, net, tax, total, carried_forward, .. } = difference;
        let correction = Correction {
            id: format!("{}-correction-{}", fresh.id, entry.number),
            tenant: fresh.tenant.clone(),
            cycle: fresh.cycle,
            corrects: held.documents.iter().map(|entry| entry.invoice_number.clone()).collect(),
            lines,
            net,
            tax,
            total,
            carried_forward,
            final_mark: self.mark(),
        };
        stage.rename(&list, &format!("{folder}users.csv"))?;
        if let ListChange::Known(changes) = &changes {
            stage.write_with(&format!("{folder}changes.csv"), |out| {
                report::write_changes_csv(out, dialect, changes)
            })?;
        }
        stage.write_with(&format!("{folder}correction.csv"), |out| {
            report::write_correction_csv(out, dialect, &correction)
        })?;
        let json = report::correction_json(&correction);
        stage.write(&format!("{folder}correction.json"), json.as_bytes())?;
        let seal_folder = folder.clone();
        self.note(Pending { entry, folder, seal_folder, document: "correction.json" });
        Ok(())
    }

    fn mark(&self) -> FinalMark {
        FinalMark {
            number: format!("{}{}", self.books.prefix, self.shadow.next_number()),
            head_digest: self.base.head().to_owned(),
        }
    }

    /// The next entry, without figures and digests.
    fn entry(&self, kind: EntryKind, invoice: &Invoice) -> Entry {
        let number = self.shadow.next_number();
        Entry {
            schema: SCHEMA,
            number,
            invoice_number: format!("{}{number}", self.books.prefix),
            kind,
            invoice_id: invoice.id.clone(),
            tenant: invoice.tenant.clone(),
            cycle_start: invoice.cycle.first_day.to_string(),
            cycle_end: invoice.cycle.end_day.to_string(),
            currency: invoice.total.currency().code().to_owned(),
            users: UserCounts::default(),
            lines: Vec::new(),
            names: self.names.clone(),
            net: Figure::default(),
            tax: Figure::default(),
            total: Figure::default(),
            brought_forward: Figure::default(),
            carried_forward: Figure::default(),
            digests: Digests::default(),
            run: Run { first: number, last: number },
            previous: self.shadow.head().to_owned(),
        }
    }

    fn note(&mut self, pending: Pending) {
        self.shadow.push(pending.entry.clone());
        self.pending.push(pending);
    }

    /// What the manifest says of the ledger; `None` where nobody keeps one.
    pub fn facts(&self) -> Option<LedgerFacts> {
        self.books.ledger.as_ref()?;
        Some(LedgerFacts {
            file: self.books.shown.clone(),
            entries: self.base.next_number() - 1,
            head: self.base.head().to_owned(),
            issued: self.issued().map(issued).collect(),
        })
    }

    /// The documents that become final with this bill.
    fn issued(&self) -> impl Iterator<Item = &Pending> {
        self.pending.iter().filter(|_| self.intent != Intent::Draft)
    }

    /// Files of final bills in OUT that this run may not touch: all but those that it makes again.
    pub fn kept(&self, out: &Path, stage: &Stage) -> Vec<OutputFacts> {
        let mut kept = kept_files(out, |digest| self.knows(digest));
        if self.is_again && self.intent == Intent::Final {
            kept.retain(|facts| stage.output(&facts.file) != Some(facts));
        }
        kept
    }

    /// Seals what becomes final: writes the seals, and gives the lines for the ledger. A draft has
    /// none.
    ///
    /// # Errors
    ///
    /// What the stage says.
    pub fn seal(&self, stage: &mut Stage, manifest: &Manifest) -> Result<Vec<String>, StageError> {
        let mut folders: Vec<&str> = self.issued().map(|pending| pending.seal_folder.as_str()).collect();
        folders.dedup();
        for folder in folders {
            let mut seal = manifest.clone();
            let mine = || self.issued().filter(|pending| pending.seal_folder == folder);
            let is_mine = |cycle_start: &str| mine().any(|pending| pending.entry.cycle_start == cycle_start);
            seal.cycles.retain(|cycle| is_mine(&cycle.cycle_start));
            if let Some(ledger) = &mut seal.ledger {
                ledger.issued = mine().map(issued).collect();
            }
            seal.outputs = stage.outputs().filter(|facts| facts.file.starts_with(folder)).cloned().collect();
            stage.write(&format!("{folder}{SEAL}"), seal.to_json().as_bytes())?;
        }
        let first = self.base.next_number();
        let mut ledger = self.base.clone();
        let run =
            Run { first, last: first + self.pending.len() as u64 - u64::from(!self.pending.is_empty()) };
        let digest = |name: String| stage.output(&name).expect("it was written").digest.clone();
        let seal = |pending: &Pending| {
            let entry = Entry {
                digests: Digests {
                    users: digest(format!("{}users.csv", pending.folder)),
                    invoice: digest(format!("{}{}", pending.folder, pending.document)),
                    inputs: manifest.inputs_digest(),
                    book: manifest.book.digest.clone(),
                    manifest: digest(format!("{}{SEAL}", pending.seal_folder)),
                },
                run,
                previous: ledger.head().to_owned(),
                ..pending.entry.clone()
            };
            ledger.push(entry)
        };
        Ok(self.issued().map(seal).collect())
    }

    /// What is to be done with a bill that is staged and sealed.
    pub fn verdict(&self, lines: &[String], stage: &Stage) -> Ruling {
        match self.intent {
            Intent::Draft => Ruling::Draft,
            Intent::Correction if !lines.is_empty() => Ruling::Append,
            Intent::Correction if stage.is_cut_off() => Ruling::Finish,
            Intent::Correction => Ruling::Nothing,
            Intent::Final if !self.is_again => Ruling::Append,
            Intent::Final => {
                let known = self.books.ledger.as_ref().map(Ledger::entries).unwrap_or_default();
                let first = self.base.entries().len();
                let known = known.get(first..first + lines.len()).unwrap_or_default();
                let is_same = known.iter().map(|sealed| sealed.entry.seal().0).eq(lines.iter().cloned());
                match is_same && !lines.is_empty() && stage.is_cut_off() {
                    true => Ruling::Finish,
                    false => Ruling::Refuse(self.differences.clone()),
                }
            }
        }
    }

    /// Numbers of what becomes final, the first and the last.
    pub fn numbers(&self) -> Option<(&str, &str)> {
        let mut numbers = self.issued().map(|pending| pending.entry.invoice_number.as_str());
        let first = numbers.next()?;
        Some((first, numbers.last().unwrap_or(first)))
    }

    /// Name of the ledger as shown.
    pub fn shown(&self) -> &str {
        &self.books.shown
    }
}

/// What becomes of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It stays a draft.
    Draft,
    /// Its lines go into the ledger.
    Append,
    /// The ledger has it; a bill that was cut off is finished.
    Finish,
    /// Nothing is to be corrected.
    Nothing,
    /// It is final already; what would change, one sentence each.
    Refuse(Vec<String>),
}

/// Why a run cannot issue what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    #[error(
        "the cycle of {cycle_start} is not final yet for {tenant}, so there is nothing to correct; bill it with --final alone"
    )]
    NotFinal { tenant: String, cycle_start: String },
    #[error("{0}; amounts of two currencies have no difference")]
    Currency(String),
    #[error(
        "{invoice}: final as {number} with {then}, and this run lists {now}; give the key of then (--pseudonymise), or \
         none"
    )]
    OtherNames { invoice: String, number: String, then: String, now: String },
    #[error(
        "{}: seals a bill that is final, and {ledger}; name the ledger that has it with --ledger, or choose another --out",
        seal.display()
    )]
    OtherLedger { seal: PathBuf, ledger: String },
    #[error(transparent)]
    Stage(#[from] StageError),
}

fn names_text(names: &str) -> String {
    match names {
        "" => "users by their names".to_owned(),
        fingerprint => format!("pseudonyms of the key of fingerprint {fingerprint}"),
    }
}

fn currency_text(held: &Held<'_>, fresh: &Invoice) -> String {
    let (before, now) = (&held.invoice.currency, fresh.total.currency());
    format!("{}: final in {before}, and the book is in {}", fresh.id, now.code())
}

fn issued(pending: &Pending) -> IssuedFacts {
    let entry = &pending.entry;
    IssuedFacts {
        number: entry.number,
        invoice_number: entry.invoice_number.clone(),
        kind: entry.kind.name().to_owned(),
        tenant: entry.tenant.clone(),
        cycle_start: entry.cycle_start.clone(),
    }
}

fn user_counts(invoice: &Invoice) -> UserCounts {
    let users = |category| i64::try_from(invoice.usage.of(category).users).unwrap_or(i64::MAX);
    UserCounts {
        generic: users(Category::Generic),
        desktop: users(Category::Desktop),
        conferencing: users(Category::Conferencing),
        messaging: users(Category::Messaging),
    }
}

fn lines_of(invoice: &Invoice) -> Vec<EntryLine> {
    let line = |line: &crate::model::InvoiceLine| EntryLine {
        kind: line.kind.name().to_owned(),
        category: line.category.map(|category| category.name().to_owned()),
        description: line.description.clone(),
        quantity: i64::try_from(line.quantity).unwrap_or(i64::MAX),
        amount: Figure(line.amount.amount()),
    };
    invoice.lines.iter().map(line).collect()
}

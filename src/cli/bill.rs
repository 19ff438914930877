//! `siptally bill`: the main job. Book first, then logs; gates; outputs all or none.

use super::args::BillArgs;
use super::failure::Failure;
use super::issue::{self, Desk, Done};
use super::manifest::{book_facts, manifest};
use super::run::{self, Ask, Read, TenantPlaces, bill_failure};
use super::sensitivity;
use crate::billing::Calendar;
use crate::book::Book;
use crate::ledger::Ledger;
use crate::model::{AuditedAgent, Cycle, Decision, Invoice};
use crate::pipeline::audit::AgentsCount;
use crate::pipeline::bill::{Bill, CycleBill, CycleChoice, check_coverage};
use crate::pipeline::edge;
use crate::pipeline::heard;
use crate::pipeline::issue::{Intent, Issue};
use crate::pipeline::lists::{Lists, Notes, Parts, Sheets, Spare};
use crate::pipeline::plan::Input;
use crate::pipeline::roll::Roll;
use crate::pipeline::sensitivity::Outcome;
use crate::report::{
    self, BillStatus, BillSummary, BookFacts, Columns, CycleSummary, Dialect, Earlier, Fate, FileDigest,
    HostHours, InvoiceContent, Manifest, RunCycle, RunReport, Stage,
};
use std::io::{self, IsTerminal, Write};

/// Columns of the summary where standard output is no terminal.
const WIDTH_PIPED: usize = 96;

/// Runs the verb.
pub fn run(args: &BillArgs) -> Result<(), Failure> {
    make(args, &[choice(&args.cycle)?], |book, bill, cycles| issue::open(args, book, bill, cycles))
}

/// Makes the bill of those cycles, which is issued as `open` says.
pub fn make(
    args: &BillArgs,
    choices: &[CycleChoice],
    open: impl FnOnce(&Book, &Bill<'_>, &[Cycle]) -> Result<Desk, Failure>,
) -> Result<(), Failure> {
    sensitivity::check(args)?;
    let columns = columns(args)?;
    let mut book = run::load_book(&args.book)?;
    run::overrule(&mut book.config, &args.logs);
    let calendar = Calendar::new(book.calendar.clone());
    check_first(args, &book, &calendar, choices)?;
    let ask = Ask { cycles: Some(&calendar), range: None, key: None, is_bill: true, goes_on: false };
    let read = run::read(&args.paths, &args.logs, &book.config, &ask)?;
    run::list_rejects(&read, &args.logs)?;
    run::check_accepted(&read, &args.logs)?;
    let bill = Bill::prepare(&book, &read.scan).map_err(bill_failure)?;
    // The census and the list of clients are one pass.
    let (sum, counter) = read.count(AgentsCount::of(bill.first_verdicts()));
    let agents = counter.agents(&sum);
    let cycles = choices.iter().map(|choice| bill.cycles(*choice, read.census()).map_err(bill_failure));
    let cycles: Vec<Cycle> = cycles.collect::<Result<Vec<_>, _>>()?.concat();
    run::check_heard(&read, &cycles, &args.logs)?;
    bill.check_agents(&cycles, read.census()).map_err(bill_failure)?;
    run::check_rejects(&read, &args.logs.max_reject)?;
    for cycle in cycles.iter().filter(|cycle| !bill.is_partial(cycle)) {
        check_coverage(&book, &read.scan, cycle).map_err(bill_failure)?;
    }
    let before = before(args, &cycles)?;
    let mut desk = open(&book, &bill, &cycles)?;
    if let Some(pseudonyms) = &read.pseudonyms {
        desk.issue.under_pseudonyms(pseudonyms.fingerprint());
    }
    let roll = bill.roll(read.pseudonyms.as_ref());
    // A note may name no user whom the lists do not.
    let is_named = columns.fate("sip_uri") == Fate::Keep;
    let mut notes: Vec<String> =
        cycles.iter().flat_map(|cycle| edge::notes(&read.plan, &roll, cycle, is_named)).collect();
    // An edge between two cycles is told by both.
    notes.dedup();
    notes.extend(cycles.iter().flat_map(|cycle| heard::silences(&read.scan, cycle)));
    notes.extend(cycles.iter().filter_map(|cycle| bill.skipped_note(cycle)));
    notes.extend(cycles.iter().flat_map(|cycle| bill.stray_rows(cycle)));
    if choices.contains(&CycleChoice::All) {
        let (_, unheard) = bill.all(read.census());
        notes.extend(heard::left_out(&unheard));
    }
    notes.append(&mut desk.notes);
    notes.extend(read.pseudonyms.as_ref().map(|pseudonyms| {
        format!("SIP-IDs are pseudonyms, made with the key of fingerprint {}", pseudonyms.fingerprint())
    }));
    if !args.logs.quiet {
        notes.iter().for_each(|note| say!("siptally: note: {note}"));
    }
    let book_facts = book_facts(&book);
    let sensitivity = sensitivity::outcomes(args, &book, &read, &bill, &cycles)?;
    let outputs = Outputs {
        args,
        book_facts: &book_facts,
        inputs: &inputs(&read),
        hosts: &hosts(&read),
        read: &read,
        bill: &bill,
        roll: &roll,
        agents: &agents,
        notes: &notes,
        sensitivity: &sensitivity,
        columns: &columns,
        before: before.as_ref(),
        dialect: args.csv.into(),
    };
    let (bills, done) = outputs.write(&cycles, &mut desk)?;
    if desk.is_silent() { Ok(()) } else { outputs.summary(&bills, &desk, &done) }
}

fn choice(text: &str) -> Result<CycleChoice, Failure> {
    match text {
        "latest" => Ok(CycleChoice::Latest),
        "all" => Ok(CycleChoice::All),
        day => day.parse().map(CycleChoice::Starting).map_err(|_| {
            Failure::Usage(format!(
                "--cycle: `{day}` is none of `latest`, `all` and a first day as in 2026-10-01"
            ))
        }),
    }
}

/// Refuses what needs no logs to be refused, so that a long run does not end with it.
fn check_first(
    args: &BillArgs,
    book: &Book,
    calendar: &Calendar,
    choices: &[CycleChoice],
) -> Result<(), Failure> {
    for choice in choices {
        choice.check(calendar).map_err(bill_failure)?;
    }
    Bill::check_side_files(book).map_err(bill_failure)?;
    if let Some(folder) = args.before.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(Failure::Usage(format!("--before: {}: is no directory", folder.display())));
    }
    let (ledger, _) = issue::path(args.ledger.as_deref(), book);
    Ledger::read(&ledger)?;
    // Given back at once: nobody wants a folder of ours there while the logs are read.
    Stage::new(&args.out)?;
    Ok(())
}

/// What the flags say of the columns.
fn columns(args: &BillArgs) -> Result<Columns, Failure> {
    let columns =
        Columns::read(&args.column).map_err(|error| Failure::Usage(format!("--column: {error}")))?;
    if columns.hash_any() && args.logs.pseudonymise.is_none() {
        return Err(Failure::Usage(
            "--column: what is hashed needs a key; give one with --pseudonymise, or drop the column"
                .to_owned(),
        ));
    }
    // A correction compares with the final list, which then must tell users apart.
    if args.is_final && columns.fate("sip_uri") != Fate::Keep {
        return Err(Failure::Usage(
            "--column: the list of a final bill keeps its sip_uri; to name nobody in it, use --pseudonymise"
                .to_owned(),
        ));
    }
    Ok(columns)
}

/// The earlier bill that the report is to be compared with.
fn before(args: &BillArgs, cycles: &[Cycle]) -> Result<Option<Earlier>, Failure> {
    let (Some(folder), Some(first)) = (&args.before, cycles.first()) else { return Ok(None) };
    let earlier = Earlier::read(folder, first.first_day);
    earlier.map(Some).map_err(|error| Failure::Usage(format!("--before: {error}")))
}

/// The inputs with their digests, in the order of the plan.
fn inputs(read: &Read) -> Vec<FileDigest> {
    let inputs = read.plan.inputs.iter().zip(&read.scan.digests);
    let digest = |(input, digest): (&Input, &blake3::Hash)| FileDigest {
        file: input.found.shown.clone(),
        digest: report::hex_digest(digest),
    };
    inputs.map(digest).collect()
}

/// When each host was heard from.
fn hosts(read: &Read) -> Vec<HostHours> {
    let coverage = &read.scan.part.coverage;
    let hours = |host: &[u8]| HostHours {
        host: String::from_utf8_lossy(host).into_owned(),
        heard: coverage.spans(host),
    };
    coverage.hosts().map(hours).collect()
}

/// Everything that goes into OUT.
struct Outputs<'r> {
    args: &'r BillArgs,
    book_facts: &'r BookFacts,
    inputs: &'r [FileDigest],
    hosts: &'r [HostHours],
    read: &'r Read,
    bill: &'r Bill<'r>,
    roll: &'r Roll<'r>,
    agents: &'r [AuditedAgent],
    /// What the manifest says besides the plan's notes.
    notes: &'r [String],
    /// What other choices would change, where that was asked.
    sensitivity: &'r [Outcome],
    /// What becomes of the columns of its lists.
    columns: &'r Columns,
    /// What its report is compared with.
    before: Option<&'r Earlier>,
    dialect: Dialect,
}

impl Outputs<'_> {
    /// Decides, writes and commits; gives the bills, and what became of them.
    fn write(&self, cycles: &[Cycle], desk: &mut Desk) -> Result<(Vec<CycleBill>, Done), Failure> {
        let mut stage = Stage::new(&self.args.out)?;
        let Self { read, dialect, .. } = *self;
        let mut unbilled = Parts::begin(&stage, "unbilled.csv", report::unbilled_header(dialect))?;
        let bills = cycles.iter().map(|cycle| self.cycle(cycle, &mut stage, &mut unbilled, &mut desk.issue));
        let bills = bills.collect::<Result<Vec<CycleBill>, Failure>>()?;
        stage.end(unbilled.into_output())?;
        self.share(&mut stage, "unbilled.csv")?;
        stage.write_with("rejects.csv", |out| {
            report::write_rejects_csv(out, dialect, &read.scan.part.rejects, read)
        })?;
        let coverage = &read.scan.part.coverage;
        let spans =
            coverage.hosts().flat_map(|host| coverage.spans(host).into_iter().map(move |span| (host, span)));
        stage.write_with("coverage.csv", |out| report::write_coverage_csv(out, dialect, spans))?;
        stage.write_with("agents.csv", |out| report::write_agents_csv(out, dialect, self.agents))?;
        self.share(&mut stage, "agents.csv")?;
        if self.args.sensitivity {
            let flips = self.sensitivity.iter().flat_map(|it| it.flips.iter().map(|flip| (it.name, flip)));
            stage.write_with("sensitivity.csv", |out| report::write_sensitivity_csv(out, dialect, flips))?;
            self.share(&mut stage, "sensitivity.csv")?;
        }
        if desk.issue.intent != Intent::Correction {
            let page = report::report_html(&self.report(&bills));
            stage.write_with("report.html", |out| out.write_all(page?.as_bytes()))?;
        }
        let done = desk.commit(stage, self.manifest(&bills))?;
        Ok((bills, done))
    }

    /// Makes of a list what may be shared of it.
    fn share(&self, stage: &mut Stage, list: &str) -> Result<(), Failure> {
        if self.columns.keep_all() {
            return Ok(());
        }
        let token = |text: &[u8]| {
            self.read.pseudonyms.as_ref().map_or_else(String::new, |pseudonyms| pseudonyms.token(text))
        };
        Ok(stage.rewrite(list, |file| self.columns.apply(file, token))?)
    }

    fn report<'s>(&'s self, bills: &'s [CycleBill]) -> RunReport<'s> {
        let cycle = |bill: &'s CycleBill| RunCycle {
            cycle: bill.cycle,
            is_partial: bill.is_partial,
            invoices: bill.tenants.iter().filter_map(|tenant| tenant.invoice.as_ref()).collect(),
            unbilled: &bill.unbilled,
        };
        let records = &self.read.scan.part.records;
        RunReport {
            cycles: bills.iter().map(cycle).collect(),
            // A page names no User-Agent that the lists do not.
            agents: if self.columns.fate("user_agent") == Fate::Keep { self.agents } else { &[] },
            hosts: self.hosts,
            newest: records.last,
            lines: records.lines,
            registrations: self.read.census().registrations(),
            rejected: records.rejected.iter().map(|(reason, count)| (reason.to_string(), *count)).collect(),
            inputs: self.inputs.len(),
            book: self.book_facts,
            notes: self.notes,
            before: self.before,
        }
    }

    fn cycle(
        &self,
        cycle: &Cycle,
        stage: &mut Stage,
        unbilled: &mut Parts,
        issue: &mut Issue,
    ) -> Result<CycleBill, Failure> {
        let folder = cycle.first_day.to_string();
        let tenants: Vec<&str> = self.bill.tenants().collect();
        let places = |tenant| TenantPlaces { read: self.read, bill: self.bill, cycle, tenant };
        let spare = Spare::default();
        let sheets = Sheets::new(self.bill, cycle, self.dialect, places, &spare);
        let name = |tenant: usize| format!("{folder}/{}/users.csv", tenants[tenant]);
        let mut lists = Lists::begin(stage, &sheets, name, unbilled)?;
        let note = |notes: &mut Notes, tenant, decision: &Decision<'_>| sheets.note(notes, tenant, decision);
        let history = |tenant: &str| issue.history(tenant, cycle);
        let mut bill =
            self.bill.cycle(self.roll, cycle, history, note, |stretches| lists.hand_in(stretches))?;
        lists.end(stage, bill.tenants.iter().map(|tenant| tenant.invoice.as_ref()))?;
        for (number, _) in bill.tenants.iter().enumerate().filter(|(_, tenant)| tenant.invoice.is_some()) {
            self.share(stage, &name(number))?;
        }
        let mut is_document = vec![false; bill.tenants.len()];
        for (tenant, is_document) in bill.tenants.iter_mut().zip(&mut is_document) {
            if let Some(invoice) = &mut tenant.invoice {
                *is_document = issue.take_in(invoice, stage, self.dialect)?;
            }
        }
        if issue.intent != Intent::Correction {
            let invoices = bill.tenants.iter().filter_map(|tenant| tenant.invoice.as_ref());
            stage.write_with(&format!("{folder}/summary.csv"), |out| {
                report::write_summary_csv(out, self.dialect, invoices)
            })?;
        }
        let documents = bill.tenants.iter().zip(is_document).filter(|(_, is_document)| *is_document);
        for (tenant, invoice) in documents.filter_map(|(it, _)| Some((it, it.invoice.as_ref()?))) {
            let folder = format!("{folder}/{}", invoice.tenant);
            stage.write_with(&format!("{folder}/invoice.csv"), |out| {
                report::write_invoice_csv(out, self.dialect, invoice)
            })?;
            let content = InvoiceContent {
                invoice,
                letterhead: &tenant.letterhead,
                customer: &tenant.customer,
                figures: &tenant.figures,
                hosts: self.hosts,
                end_of_logs: self.read.scan.part.records.last.filter(|_| invoice.is_partial),
                book: self.book_facts,
                inputs: self.inputs,
            };
            stage.write(&format!("{folder}/invoice.json"), report::invoice_json(&content).as_bytes())?;
            let users = stage.read_back(&format!("{folder}/users.csv"))?;
            stage.write_with(&format!("{folder}/invoice.html"), |out| {
                out.write_all(report::invoice_html(&content, users)?.as_bytes())
            })?;
        }
        Ok(bill)
    }

    fn manifest(&self, bills: &[CycleBill]) -> Manifest {
        let mut manifest = manifest(self.book_facts.clone(), self.read, self.bill, bills, self.notes);
        manifest.notes.extend(self.before.map(|before| {
            let digest = report::hex_digest(&before.digest);
            format!("report.html compares with the bill of the cycle of {}: {digest}", before.first_day)
        }));
        manifest
    }

    /// The readable end of the run, on standard output.
    fn summary(&self, bills: &[CycleBill], desk: &Desk, done: &Done) -> Result<(), Failure> {
        let invoices: Vec<Vec<Invoice>> = bills
            .iter()
            .map(|bill| bill.tenants.iter().filter_map(|tenant| tenant.invoice.clone()).collect())
            .collect();
        let documents: Vec<_> =
            bills.iter().map(|bill| desk.issue.documents(&bill.cycle.first_day.to_string())).collect();
        let cycles: Vec<CycleSummary<'_>> = invoices
            .iter()
            .zip(&documents)
            .zip(bills)
            .map(|((invoices, documents), bill)| CycleSummary {
                invoices,
                documents,
                unbilled: &bill.unbilled,
            })
            .collect();
        let records = &self.read.scan.part.records;
        let mut notes = vec![format!(
            "{} lines read, {} accepted registrations, {} records rejected",
            records.lines,
            self.read.census().registrations(),
            records.rejected_total()
        )];
        notes.extend(bills.iter().filter_map(|bill| self.bill.skipped_note(&bill.cycle)));
        notes.extend(done.notes(desk));
        notes.extend(self.sensitivity.iter().map(Outcome::sentence));
        let out = self.args.out.display().to_string();
        let status = match desk.issue.intent {
            Intent::Draft => BillStatus::Draft,
            Intent::Final => BillStatus::Final,
            Intent::Correction => BillStatus::Correction,
        };
        let bill = BillSummary { cycles: &cycles, notes: &notes, out: &out, status };
        let has_style = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let width = run::width().unwrap_or(WIDTH_PIPED);
        let text = report::summary_text(&bill, width, has_style);
        let out = &mut io::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }
}

//! `siptally probe`: what is in these logs, and what is missing to bill from them.

use super::args::ProbeArgs;
use super::failure::Failure;
use super::run::{self, Ask, Read};
use crate::book::Config;
use crate::formats::scan::Scanner;
use crate::identity::{Policy, Pseudonyms};
use crate::model::{Grade, Kind, Platform, SipIdRef, Spot, Standing};
use crate::pipeline::audit::{self, Evidence, SummaryCount, Verdicts};
use crate::pipeline::plan::{Form, Plan};
use crate::pipeline::probe::{self, KAMAILIO_FRAGMENT};
use crate::pipeline::{self};
use crate::platform::{AgentPolicy, Classifier};
use crate::report::escaped;
use crate::suggest::draft;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Runs the verb.
pub fn run(args: &ProbeArgs) -> Result<(), Failure> {
    let config = run::load_config(args.config.config.as_deref())?;
    if args.suggest {
        return suggest(args, &config);
    }
    let agents = AgentPolicy { billable_agents: None, push_agents: config.push_agents.clone() };
    let classifier = Classifier::new(config.platform_rules.clone(), &agents)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let ask = Ask { cycles: None, range: None, key: None, is_bill: false, goes_on: true };
    let read = run::read_unchecked(&args.paths, &args.logs, &config, &ask)?;
    let verdicts = Verdicts::of(&read.scan.part.tally, &classifier);
    let scanner = Scanner::new(run::patterns(&args.logs, &config)?);
    let unread = probe::unread(&read.plan, &scanner)?;

    let out = &mut Vec::new();
    inputs(&read, out)?;
    evidence(&read, out)?;
    users(&read, &verdicts, out)?;
    coverage(&read, out)?;
    let findings = probe::findings(&read.scan, read.census(), &unread);
    if !findings.is_empty() {
        writeln!(out, "\nWhat is missing")?;
    }
    for finding in &findings {
        writeln!(out, "  - {finding}")?;
    }
    for (file, line) in &unread.examples {
        writeln!(out, "    {file}: {}", shortened(line, 160))?;
    }
    let shared = audit::ambiguous_aors(&read.scan);
    if let Some((aor, servers)) = shared.first() {
        writeln!(
            out,
            "  - {} AORs without a domain are named by several servers (`{aor}` by {}); give each its \
             `default_domain`",
            shared.len(),
            servers.join(", ")
        )?;
    }
    if read.census().registrations() == 0
        && (probe::has_kamailio(&read.scan) || read.scan.part.records.known() == 0)
    {
        writeln!(out, "\nThe line for Kamailio\n")?;
        for line in KAMAILIO_FRAGMENT.lines() {
            writeln!(out, "    {line}")?;
        }
    }
    let bare: Vec<SipIdRef<'_>> =
        shared.iter().map(|(aor, _)| SipIdRef::from_canonical(aor.as_bytes())).collect();
    show(out, read.pseudonyms.as_ref(), &bare)?;
    let is_whole = run::check_whole(&read);
    if let (false, Err(failure)) = (read.plan.unreadable.is_empty(), &is_whole) {
        say!("siptally: {failure}");
    }
    unreadable(&read.plan).and(is_whole)
}

/// Writes the draft of a pattern file, and nothing else, to standard output.
fn suggest(args: &ProbeArgs, config: &Config) -> Result<(), Failure> {
    let (plan, scanner) = run::survey_only(&args.paths, &args.logs, config)?;
    let suggestion = pipeline::suggest::suggest(&plan, &scanner)?;
    let place = |spot: Spot| format!("{}:{}", plan.inputs[spot.input as usize].found.shown, spot.offset);
    let pseudonyms = args.logs.pseudonymise.as_deref().map(run::pseudonyms).transpose()?;
    show(draft(&suggestion, &place).as_bytes(), pseudonyms.as_ref(), &[])?;
    unreadable(&plan)
}

/// Writes the text to standard output; under pseudonyms without whoever its examples name.
fn show(text: &[u8], pseudonyms: Option<&Pseudonyms>, known: &[SipIdRef<'_>]) -> io::Result<()> {
    let renamed = pseudonyms.map(|pseudonyms| pseudonyms.text(text, &Policy::default(), known));
    let out = &mut io::stdout().lock();
    out.write_all(renamed.as_deref().unwrap_or(text))?;
    out.flush()
}

/// Tells of the files that the run went on without.
fn unreadable(plan: &Plan) -> Result<(), Failure> {
    for error in &plan.unreadable {
        say!("siptally: {error}");
    }
    match plan.unreadable.len() {
        0 => Ok(()),
        1 => Err(Failure::Input("1 input could not be read".to_owned())),
        more => Err(Failure::Input(format!("{more} inputs could not be read"))),
    }
}

fn inputs(read: &Read, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "Inputs")?;
    let width = read.plan.inputs.iter().map(|input| input.found.shown.chars().count()).max().unwrap_or(0);
    for (input, counts) in read.plan.inputs.iter().zip(&read.scan.lines) {
        let first = match (input.form, input.first) {
            (Form::Snapshot, _) => "snapshot".to_owned(),
            (Form::Capture, _) => "capture".to_owned(),
            (Form::Log, Some(first)) => format!("from {first}"),
            (Form::Log, None) => "no clock".to_owned(),
        };
        write!(
            out,
            "  {:width$}  {:>10} lines  {:>9} records  {first}",
            input.found.shown, counts.lines, counts.records
        )?;
        if !input.clock_rule.is_empty() {
            write!(out, "  ({})", input.clock_rule)?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn evidence(read: &Read, out: &mut impl Write) -> io::Result<()> {
    let records = &read.scan.part.records;
    writeln!(out, "\nEvidence")?;
    for (source, kind, count) in records.evidence.iter() {
        let grade = match kind.grade() {
            Grade::A => "A  accepted",
            Grade::B => "B  accepted, User-Agent elsewhere",
            Grade::Sustained => "sustained",
            Grade::S => "S  snapshot",
            Grade::W => "W  proves nothing alone",
            Grade::N => "N  never billed",
        };
        writeln!(out, "  {count:>10}  {source:<22} {:<18} {grade}", kind.name())?;
    }
    writeln!(out, "  {:>10}  recognised, no evidence of anything", records.other)?;
    for (reason, count) in &records.rejected {
        writeln!(out, "  {count:>10}  rejected: {reason}")?;
    }
    let known = records.known() + records.continued;
    writeln!(out, "  {:>10}  lines of something else", records.lines.saturating_sub(known))?;
    let requests = records.of_kind(Kind::Request);
    if requests > 0 {
        let answered = requests.saturating_sub(records.unanswered) as f64 * 100.0 / requests as f64;
        writeln!(out, "  {:>10}  requests without a reply ({answered:.1} % have one)", records.unanswered)?;
    }
    if records.unasked > 0 {
        writeln!(out, "  {:>10}  replies without a request", records.unasked)?;
    }
    if records.repeated > 0 {
        writeln!(out, "  {:>10}  retransmissions and repeated replies", records.repeated)?;
    }
    Ok(())
}

fn users(read: &Read, verdicts: &Verdicts, out: &mut impl Write) -> io::Result<()> {
    let (domains, _) = read.count(SummaryCount::of(verdicts, Evidence::Strict, |_, _| true));
    let domains = audit::summary(domains);
    let mut platforms: BTreeMap<Platform, u64> = BTreeMap::new();
    for (platform, users) in domains.iter().flat_map(|domain| &domain.by_platform) {
        *platforms.entry(*platform).or_default() += users;
    }
    let users: u64 = domains.iter().map(|domain| domain.users).sum();
    writeln!(out, "\nUsers with an accepted registration: {users}")?;
    for (platform, count) in platforms {
        writeln!(out, "  {count:>10}  {platform}")?;
    }
    let never = read.scan.part.tally.users_len() as u64 - read.census().users(Standing::Accepted);
    writeln!(out, "  {never:>10}  seen, never accepted")
}

fn coverage(read: &Read, out: &mut impl Write) -> io::Result<()> {
    let coverage = &read.scan.part.coverage;
    if coverage.hosts().next().is_none() {
        return Ok(());
    }
    writeln!(out, "\nCoverage (hours with at least one record)")?;
    for host in coverage.hosts() {
        let spans = coverage.spans(host);
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else { continue };
        let whole = crate::model::Window { start: first.start, end: last.end };
        writeln!(
            out,
            "  {:<16} {} to {}, longest silence {} h",
            escaped(host),
            first.start,
            last.end,
            coverage.longest_silence(host, whole) / 3600
        )?;
    }
    Ok(())
}

/// The line's beginning, printable.
fn shortened(line: &[u8], characters: usize) -> String {
    let text = escaped(line);
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

//! `siptally explain`: every event of one user, with the line that tells it.

use super::args::ExplainArgs;
use super::failure::Failure;
use super::run::{self, Ask, Read};
use crate::book::Config;
use crate::identity::canonical;
use crate::model::{AgentKey, Aor, Days, Dialect, SipId};
use crate::pipeline::audit::AuditDays;
use crate::pipeline::bill::Bill;
use crate::pipeline::collect::Trace;
use crate::pipeline::plan::Form;
use crate::pipeline::quote::{Quote, quotes};
use crate::platform::{AgentPolicy, Classifier};
use crate::report::{self, escaped};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Runs the verb.
pub fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let book = args.book.as_deref().map(run::load_book).transpose()?;
    let config = match &book {
        Some(book) => book.config.clone(),
        None => run::load_config(args.config.config.as_deref())?,
    };
    let id = sip_id(&args.sip_id, &config, args)?;
    let calendar = book.as_ref().map(|book| crate::billing::Calendar::new(book.calendar.clone()));
    let days: &dyn Days = match &calendar {
        Some(calendar) => calendar,
        None => &AuditDays,
    };
    let ask = Ask { days, range: None, key: Some(&id), is_bill: false, goes_on: false };
    let read = run::read(&args.paths, &args.logs, &config, &ask)?;
    let policy = AgentPolicy { billable_agents: None, push_agents: config.push_agents.clone() };
    let classifier = Classifier::new(config.platform_rules.clone(), &policy)
        .map_err(|error| Failure::Usage(error.to_string()))?;

    let traces = of_user(&read.scan.traces);
    let spots = traces.iter().map(|trace| trace.spot).collect();
    let lines = quotes(&read.plan, &spots)?;
    let out = &mut io::stdout().lock();
    writeln!(out, "{}", id.escaped())?;
    if traces.is_empty() {
        writeln!(out, "  no record in these logs names this user")?;
    }
    for trace in &traces {
        event(&read, trace, lines.get(&trace.spot), &classifier, out)?;
    }
    if let Some(book) = &book {
        let bill = Bill::prepare(book, &read.scan).map_err(run::bill_failure)?;
        for (tenant, cycle, decision) in bill.decisions_for(&bill.roll(None), &id) {
            let places = run::TenantPlaces { read: &read, bill: &bill, cycle: &cycle, tenant: &tenant };
            out.write_all(report::decision_text(&tenant, &cycle, &decision, &places).as_bytes())?;
        }
    }
    out.flush()?;
    run::check_whole(&read)
}

/// The SIP-ID that the user means, canonical under the configuration's own policy.
fn sip_id(text: &str, config: &Config, args: &ExplainArgs) -> Result<SipId, Failure> {
    let policy = run::policy(&config.identity, &args.logs);
    let mut id = Vec::new();
    match canonical(Aor::Uri(text.as_bytes()), Dialect::Unknown, &policy, &mut id) {
        true => Ok(SipId::from_canonical(&id)),
        false => Err(Failure::Usage(format!("`{text}` names no user; write it as user@domain"))),
    }
}

/// The user's own events, and the replies to the user's requests; other users' replies were kept
/// because a reply names nobody.
fn of_user(traces: &[Trace]) -> Vec<&Trace> {
    let asked: BTreeSet<(&[u8], &[u8])> = traces
        .iter()
        .filter(|trace| trace.kind != crate::model::Kind::Reply)
        .map(|trace| (trace.call_id.as_slice(), trace.cseq.as_slice()))
        .collect();
    let is_own = |trace: &&Trace| {
        trace.kind != crate::model::Kind::Reply
            || asked.contains(&(trace.call_id.as_slice(), trace.cseq.as_slice()))
    };
    traces.iter().filter(is_own).collect()
}

fn event(
    read: &Read,
    trace: &Trace,
    quote: Option<&Quote>,
    classifier: &Classifier,
    out: &mut impl Write,
) -> io::Result<()> {
    let time = trace.moment.map_or_else(|| "no clock".to_owned(), |moment| moment.to_string());
    let code = trace.code.map_or_else(String::new, |code| format!(" {code}"));
    writeln!(out, "\n{time}  {}{code}  ({})", trace.kind.name(), trace.source)?;
    let place = read.shown(trace.spot);
    let is_capture = read.plan.inputs[trace.spot.input as usize].form == Form::Capture;
    match quote {
        _ if is_capture => writeln!(out, "  {place}, packet {}", trace.spot.offset)?,
        Some(quote) => writeln!(out, "  {place}:{}, byte {}", quote.line, trace.spot.offset)?,
        None => writeln!(out, "  {place}, byte {}", trace.spot.offset)?,
    }
    if !trace.contact.is_empty() {
        writeln!(out, "  contact {}", escaped(&trace.contact))?;
    }
    if let Some(agent) = &trace.agent {
        let key = AgentKey { text: Some(agent.as_slice().into()), hint: trace.hint, is_push_source: false };
        let verdict = classifier.classify(&key);
        writeln!(
            out,
            "  {} -> {}, {} (rule {})",
            escaped(agent),
            verdict.platform,
            verdict.class.name(),
            verdict.rule
        )?;
    }
    for line in quote.iter().flat_map(|quote| quote.text.split(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if !line.is_empty() {
            writeln!(out, "  | {}", escaped(line))?;
        }
    }
    Ok(())
}

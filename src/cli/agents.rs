//! `siptally agents`: the User-Agents of the logs, or of a list.

use super::args::{AgentsArgs, FormatArg};
use super::failure::Failure;
use super::run::{self, Ask};
use crate::model::{AuditedAgent, Class};
use crate::pipeline::audit::{self, AgentsCount, Verdicts};
use crate::platform::{AgentPolicy, Classifier};
use crate::report;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

/// Runs the verb.
pub fn run(args: &AgentsArgs) -> Result<(), Failure> {
    let config = run::load_config(args.config.config.as_deref())?;
    let policy = AgentPolicy { billable_agents: None, push_agents: config.push_agents.clone() };
    let classifier = Classifier::new(config.platform_rules.clone(), &policy)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    if let Some(path) = &args.classify {
        return classify(path, &classifier, args);
    }
    let ask = Ask { cycles: None, range: None, key: None, is_bill: false, goes_on: false };
    let read = run::read(&args.paths, &args.logs, &config, &ask)?;
    let verdicts = Verdicts::of(&read.scan.part.tally, &classifier);
    let (sum, counter) = read.count(AgentsCount::of(&verdicts));
    let mut agents = counter.agents(&sum);
    if args.unknown {
        agents.retain(is_unknown);
    }
    let out = &mut io::stdout().lock();
    match args.format {
        FormatArg::Csv => report::write_agents_csv(out, args.csv.into(), &agents)?,
        FormatArg::Ndjson => report::write_agents_ndjson(out, &agents)?,
        FormatArg::Table => out.write_all(report::agents_table(&agents, run::width()).as_bytes())?,
    }
    out.flush()?;
    run::finish(&read, &args.logs, audit::Evidence::Strict)
}

fn is_unknown(agent: &AuditedAgent) -> bool {
    agent.user_agent.is_some() && matches!(agent.verdict.class, Class::Unknown | Class::Undecided)
}

/// `--classify`: bare strings, one a line.
fn classify(path: &Path, classifier: &Classifier, args: &AgentsArgs) -> Result<(), Failure> {
    let input: Box<dyn BufRead> = match path.as_os_str() == "-" {
        true => Box::new(BufReader::new(io::stdin())),
        false => {
            let file = File::open(path);
            let file = file.map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?;
            Box::new(BufReader::new(file))
        }
    };
    let out = &mut io::stdout().lock();
    let lines = input.split(b'\n').map(|line| {
        let mut line = line.map_err(|error| Failure::Input(format!("{}: {error}", path.display())))?;
        if line.ends_with(b"\r") {
            line.pop();
        }
        let verdict = classifier.classify_text(&line);
        Ok((line, verdict))
    });
    let lines = lines.collect::<Result<Vec<_>, Failure>>()?;
    let wanted = lines
        .iter()
        .filter(|(_, verdict)| !args.unknown || matches!(verdict.class, Class::Unknown | Class::Undecided))
        .map(|(line, verdict)| (line.as_slice(), verdict));
    report::write_classified_csv(out, args.csv.into(), wanted)?;
    Ok(out.flush()?)
}

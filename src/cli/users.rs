//! `siptally users`: an ad-hoc audit.

use super::args::{EvidenceArg, FormatArg, UsersArgs};
use super::failure::Failure;
use super::range;
use super::run::{self, Ask};
use crate::model::{DomainSummary, Platform, Platforms, SipIdRef};
use crate::pipeline::audit::{self, Audit, Evidence, SummaryCount, Verdicts};
use crate::pipeline::roll::{Roll, count};
use crate::platform::{AgentPolicy, Classifier};
use crate::report::{self, Users};
use globset::Glob;
use std::io::{self, Write};

/// Runs the verb.
pub fn run(args: &UsersArgs) -> Result<(), Failure> {
    let config = run::load_config(args.config.config.as_deref())?;
    let range = range::range(args.since.as_deref(), args.until.as_deref(), &args.zone)?;
    let filter = Filter::new(args)?;
    let agents = AgentPolicy { billable_agents: None, push_agents: config.push_agents.clone() };
    let classifier = Classifier::new(config.platform_rules.clone(), &agents)
        .map_err(|error| Failure::Usage(error.to_string()))?;
    let ask = Ask { cycles: None, range, key: None, is_bill: false, goes_on: false };
    let read = run::read(&args.paths, &args.logs, &config, &ask)?;
    let verdicts = Verdicts::of(&read.scan.part.tally, &classifier);
    let evidence = match args.evidence {
        EvidenceArg::Strict => Evidence::Strict,
        EvidenceArg::Snapshot => Evidence::Snapshot,
        EvidenceArg::Weak => Evidence::Weak,
    };
    let out = &mut io::stdout().lock();
    let admits = |id: SipIdRef<'_>, platforms| filter.admits(id, platforms);
    if args.summary && args.top.is_none() {
        // Counts need neither names nor their order.
        let domains = count(&read.scan.part.tally, &SummaryCount::of(&verdicts, evidence, admits));
        summary(out, args, &audit::summary(domains))?;
    } else {
        let roll = Roll::of(&read.scan.part.tally, read.pseudonyms.as_ref());
        let all = Audit { scan: &read.scan, roll: &roll, verdicts: &verdicts, evidence, admits };
        match args.top.map(|most| all.top(most)) {
            Some(top) if args.summary => summary(out, args, &audit::summary_of(&top))?,
            Some(top) => list(out, args, &top[..])?,
            None => list(out, args, &all)?,
        }
    }
    out.flush()?;
    run::finish(&read, &args.logs, evidence)
}

fn summary(out: &mut dyn Write, args: &UsersArgs, domains: &[DomainSummary]) -> io::Result<()> {
    match args.format {
        FormatArg::Ndjson => report::write_users_summary_ndjson(out, domains),
        FormatArg::Csv => report::write_users_summary_csv(out, args.csv.into(), domains),
        FormatArg::Table => out.write_all(report::users_summary(domains, run::width()).as_bytes()),
    }
}

fn list(out: &mut dyn Write, args: &UsersArgs, users: &(impl Users + ?Sized)) -> io::Result<()> {
    match args.format {
        FormatArg::Ndjson => report::write_users_ndjson(out, users),
        FormatArg::Csv => report::write_users_audit_csv(out, args.csv.into(), users),
        FormatArg::Table => report::write_users_table(out, users, run::width()),
    }
}

struct Filter {
    domains: Vec<String>,
    glob: Option<globset::GlobMatcher>,
    platforms: Vec<Platform>,
}

impl Filter {
    fn new(args: &UsersArgs) -> Result<Self, Failure> {
        let glob = args.r#match.as_deref().map(Glob::new).transpose();
        let glob = glob.map_err(|error| Failure::Usage(format!("--match: {error}")))?;
        let platforms = args.platform.iter().map(|name| {
            Platform::from_name(name).ok_or_else(|| {
                let known = Platform::ALL.map(Platform::name).join(", ");
                Failure::Usage(format!("--platform: `{name}` is none of {known}"))
            })
        });
        Ok(Self {
            domains: args.domain.iter().map(|domain| domain.to_ascii_lowercase()).collect(),
            glob: glob.map(|glob| glob.compile_matcher()),
            platforms: platforms.collect::<Result<_, _>>()?,
        })
    }

    fn admits(&self, id: SipIdRef<'_>, platforms: Platforms) -> bool {
        let is_domain = |domain: &String| id.domain() == Some(domain.as_bytes());
        (self.domains.is_empty() || self.domains.iter().any(is_domain))
            && self.glob.as_ref().is_none_or(|glob| glob.is_match(&*id.written()))
            && (self.platforms.is_empty() || self.platforms.iter().any(|it| platforms.contains(*it)))
    }
}

//! `siptally explain`: the life of one user, with the lines that tell it.

use super::args::{ExplainArgs, ExplainFormatArg};
use super::failure::Failure;
use super::range::range;
use super::run::{self, Ask, Read};
use crate::billing::Calendar;
use crate::book::Config;
use crate::identity::{Policy, Pseudonyms};
use crate::model::{Category, CycleStory, Days, SipId, Spot, Story, Window};
use crate::pipeline::bill::Bill;
use crate::pipeline::explain;
use crate::pipeline::quote::quotes;
use crate::pipeline::trace::Wanted;
use crate::platform::{AgentPolicy, Classifier};
use crate::report::{self, Places};
use std::io::{self, IsTerminal, Write};

/// Runs the verb.
pub fn run(args: &ExplainArgs) -> Result<(), Failure> {
    let window = range(args.since.as_deref(), args.until.as_deref(), &args.zone)?;
    let mut book = args.book.as_deref().map(run::load_book).transpose()?;
    if let Some(book) = &mut book {
        run::overrule(&mut book.config, &args.logs);
    }
    let config = match &book {
        Some(book) => book.config.clone(),
        None => run::load_config(args.config.config.as_deref())?,
    };
    let wanted = wanted(&args.sip_id, &config, args)?;
    let calendar = book.as_ref().map(|book| Calendar::new(book.calendar.clone()));
    let cycles = calendar.as_ref().map(|calendar| calendar as &dyn Days);
    let ask = Ask { cycles, range: None, key: Some(&wanted), is_bill: false, goes_on: false };
    let read = run::read(&args.paths, &args.logs, &config, &ask)?;
    let bill = match &book {
        Some(book) => Some(Bill::prepare(book, &read.scan).map_err(run::bill_failure)?),
        None => None,
    };
    let is_listed = |id: &SipId| bill.as_ref().is_some_and(|bill| bill.lists(id));
    let Some(id) = explain::chosen(&read.scan, &wanted, is_listed) else { return Ok(()) };
    let classifier = classifier(&config, bill.as_ref(), id)?;
    let mut story = explain::story(&read.plan, &read.scan, id, &classifier);
    let mut tenant = None;
    if let Some(bill) = &bill {
        let entries = explain::entries_of(&read.scan.part.tally, id);
        story.cycles = explain::cycles(bill, &read.scan, id, &entries, &story).map_err(run::bill_failure)?;
        story.cycles.retain(|told| is_shown(told, window));
        tenant = bill.tenant_of(id).map(|tenant| tenant.name.as_str());
    }
    let gone = explain::limit(&mut story.items, window, args.limit);
    story.quotes = quotes(&read.plan, &explain::spots(&story))?;
    let places = StoryPlaces { read: &read, bill: bill.as_ref(), tenant };
    write(args, &story, &places, gone)?;
    if !args.logs.quiet {
        notes(&read, &wanted, &story);
    }
    run::check_whole(&read)
}

/// Whom the text means under the policies of the configuration.
fn wanted(text: &str, config: &Config, args: &ExplainArgs) -> Result<Wanted, Failure> {
    let sources = config.sources.iter().map(|source| &source.identity);
    let policies: Vec<_> =
        [&config.identity].into_iter().chain(sources).map(|policy| run::policy(policy, &args.logs)).collect();
    let ids = explain::meant(text, &policies);
    match ids.is_empty() {
        true => Err(Failure::Usage(format!("`{text}` names no user; write it as user@domain"))),
        false => Ok(Wanted::new(ids)),
    }
}

/// The rules by which the user's clients are read: those of the tenant, where there is one.
fn classifier(config: &Config, bill: Option<&Bill<'_>>, id: &SipId) -> Result<Classifier, Failure> {
    let any = AgentPolicy { billable_agents: None, push_agents: config.push_agents.clone() };
    let policy = bill.and_then(|bill| bill.tenant_of(id)).map_or(&any, |tenant| &tenant.agents);
    Classifier::new(config.platform_rules.clone(), policy).map_err(|error| Failure::Usage(error.to_string()))
}

fn is_shown(told: &CycleStory<'_>, window: Option<Window>) -> bool {
    window.is_none_or(|window| window.overlaps(told.cycle.window))
}

fn write(
    args: &ExplainArgs,
    story: &Story<'_>,
    places: &StoryPlaces<'_>,
    gone: usize,
) -> Result<(), Failure> {
    let mut text = Vec::new();
    match args.format {
        ExplainFormatArg::Text => {
            let has_style = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            text.extend_from_slice(report::story_text(story, places, gone, has_style).as_bytes());
        }
        ExplainFormatArg::Ndjson => report::write_story_ndjson(&mut text, story, places)?,
    }
    if let Some(pseudonyms) = &places.read.pseudonyms {
        text = without_names(&text, args.format, &story.sip_id, pseudonyms);
    }
    let out = &mut io::stdout().lock();
    out.write_all(&text)?;
    Ok(out.flush()?)
}

/// The text without whoever it names, the user himself wherever he stands in it.
fn without_names(text: &[u8], format: ExplainFormatArg, id: &SipId, pseudonyms: &Pseudonyms) -> Vec<u8> {
    let policy = Policy::default();
    let renamed = |text: &[u8]| pseudonyms.text(text, &policy, &[id.borrowed()]);
    match format {
        ExplainFormatArg::Text => renamed(text),
        ExplainFormatArg::Ndjson => report::map_json_texts(text, &|text| {
            String::from_utf8_lossy(&renamed(text.as_bytes())).into_owned()
        }),
    }
}

/// Tells who else may have been meant.
fn notes(read: &Read, wanted: &Wanted, story: &Story<'_>) {
    let tally = &read.scan.part.tally;
    let is_nobody = story.items.is_empty() && story.first.is_none() && story.cycles.is_empty();
    if is_nobody {
        let near = explain::suggestions(tally, &story.sip_id);
        if !near.is_empty() {
            let near: Vec<String> = near.iter().map(|id| format!("`{}`", id.escaped())).collect();
            say!("siptally: note: did you mean {}?", near.join(" or "));
        }
        return;
    }
    let is_other = |id: &&SipId| {
        **id != story.sip_id && read.scan.traces.iter().any(|trace| trace.user == id.as_bytes())
    };
    for other in wanted.ids().iter().filter(is_other) {
        say!(
            "siptally: note: `{}` is another user in these logs, on a server that tells the two apart",
            other.escaped()
        );
    }
}

/// Places as the user's tenant names them.
struct StoryPlaces<'r> {
    read: &'r Read,
    bill: Option<&'r Bill<'r>>,
    tenant: Option<&'r str>,
}

impl Places for StoryPlaces<'_> {
    fn input(&self, spot: Spot) -> &str {
        self.read.shown(spot)
    }

    fn side_file(&self, category: Category) -> &str {
        let of_tenant = self.bill.zip(self.tenant);
        of_tenant.and_then(|(bill, tenant)| bill.any_side_file_name(tenant, category)).unwrap_or_default()
    }
}

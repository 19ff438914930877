//! `report.html`: what one run of the bill says, for the operator, over all tenants.

use super::charts::{Bars, HostHours, Strips};
use super::digits::grouped;
use super::invoice_html::without_controls;
use super::manifest::BookFacts;
use super::text::push_agent;
use crate::model::{AuditedAgent, Category, Class, Cycle, Invoice, Moment, Money, Platform, Reason};
use askama::Template;
use std::collections::BTreeMap;
use std::io;

/// User-Agents without a rule that the page names.
const UNKNOWN_SHOWN: usize = 30;

/// One run, as its report shows it.
pub struct RunReport<'t> {
    /// In order of time.
    pub cycles: Vec<RunCycle<'t>>,
    pub agents: &'t [AuditedAgent],
    pub hosts: &'t [HostHours],
    /// The newest stamp of all.
    pub newest: Option<Moment>,
    pub lines: u64,
    pub registrations: u64,
    /// Rejected records by their reason.
    pub rejected: Vec<(String, u64)>,
    pub inputs: usize,
    pub book: &'t BookFacts,
    pub notes: &'t [String],
}

/// One cycle of a run.
pub struct RunCycle<'t> {
    pub cycle: Cycle,
    pub is_partial: bool,
    pub invoices: Vec<&'t Invoice>,
    pub unbilled: &'t BTreeMap<Reason, u64>,
}

/// The page. Links go to the files beside it.
///
/// # Errors
///
/// What the template engine says.
pub fn report_html(report: &RunReport<'_>) -> io::Result<String> {
    let mut before: Option<&RunCycle<'_>> = None;
    let cycles = report.cycles.iter().map(|cycle| shown(report, cycle, before.replace(cycle)));
    let cycles: Vec<ShownCycle> = cycles.collect();
    let mut unknown: Vec<&AuditedAgent> =
        report.agents.iter().filter(|agent| agent.verdict.class == Class::Unknown).collect();
    unknown.sort_by(|one, other| {
        other.users.cmp(&one.users).then_with(|| one.user_agent.cmp(&other.user_agent))
    });
    let page = Page {
        title: match (report.cycles.first(), report.cycles.last()) {
            (Some(first), Some(last)) => {
                format!("{} to {}", first.cycle.first_day, last_day(&last.cycle))
            }
            _ => "no cycle".to_owned(),
        },
        lines: grouped(report.lines),
        registrations: grouped(report.registrations),
        rejected_total: grouped(report.rejected.iter().map(|(_, records)| records).sum::<u64>()),
        inputs: match report.inputs {
            1 => "1 file".to_owned(),
            files => format!("{} files", grouped(files)),
        },
        cycles,
        platforms: platforms(report.agents),
        unknown_hidden: unknown.len().saturating_sub(UNKNOWN_SHOWN),
        unknown: unknown.into_iter().take(UNKNOWN_SHOWN).map(agent).collect(),
        rejected: report.rejected.iter().map(|(why, records)| (why.clone(), grouped(*records))).collect(),
        notes: report.notes,
        book_file: &report.book.file,
        book_digest: &report.book.digest,
        tool: env!("CARGO_PKG_VERSION"),
    };
    Ok(without_controls(&page.render().map_err(io::Error::other)?))
}

#[derive(Template)]
#[template(path = "report.html", config = "src/report/pages/askama.toml")]
struct Page<'t> {
    title: String,
    lines: String,
    registrations: String,
    rejected_total: String,
    inputs: String,
    cycles: Vec<ShownCycle>,
    platforms: Bars,
    unknown: Vec<(String, String, String)>,
    unknown_hidden: usize,
    rejected: Vec<(String, String)>,
    notes: &'t [String],
    book_file: &'t str,
    book_digest: &'t str,
    tool: &'static str,
}

struct ShownCycle {
    first_day: String,
    last_day: String,
    is_partial: bool,
    /// The cycle before is a part of the run too.
    has_before: bool,
    rows: Vec<Row>,
    unbilled: Vec<(&'static str, String)>,
    unbilled_total: String,
    coverage: Option<Strips>,
}

struct Row {
    tenant: String,
    users: Vec<String>,
    net: String,
    total: String,
    currency: String,
    users_before: String,
    total_before: String,
    folder: String,
}

fn shown(report: &RunReport<'_>, cycle: &RunCycle<'_>, before: Option<&RunCycle<'_>>) -> ShownCycle {
    // Cycles of which the logs say nothing are no part of a run.
    let before = before.filter(|before| before.cycle.number + 1 == cycle.cycle.number);
    let row = |invoice: &&Invoice| {
        let earlier = before.and_then(|it| it.invoices.iter().find(|other| other.tenant == invoice.tenant));
        Row {
            tenant: invoice.tenant.clone(),
            users: Category::ALL.map(|category| grouped(invoice.usage.of(category).users)).to_vec(),
            net: grouped(invoice.net),
            total: grouped(invoice.total),
            currency: invoice.total.currency().code().to_owned(),
            users_before: earlier.map_or_else(String::new, |earlier| change(users(invoice), users(earlier))),
            total_before: earlier
                .map_or_else(String::new, |earlier| money_change(invoice.total, earlier.total)),
            folder: format!("{}/{}", cycle.cycle.first_day, invoice.tenant),
        }
    };
    let unbilled = cycle.unbilled.iter().map(|(reason, users)| (reason.sentence(), grouped(*users)));
    ShownCycle {
        first_day: cycle.cycle.first_day.to_string(),
        last_day: last_day(&cycle.cycle),
        is_partial: cycle.is_partial,
        has_before: before.is_some(),
        rows: cycle.invoices.iter().map(row).collect(),
        unbilled: unbilled.collect(),
        unbilled_total: grouped(cycle.unbilled.values().sum::<u64>()),
        coverage: Strips::new(&cycle.cycle, report.hosts, report.newest.filter(|_| cycle.is_partial)),
    }
}

fn last_day(cycle: &Cycle) -> String {
    cycle.end_day.yesterday().unwrap_or(cycle.end_day).to_string()
}

/// Charges for users, of all categories.
fn users(invoice: &Invoice) -> u64 {
    Category::ALL.iter().map(|category| invoice.usage.of(*category).users).sum()
}

fn change(now: u64, before: u64) -> String {
    let sign = if now < before { "-" } else { "+" };
    format!("{} ({sign}{})", grouped(before), grouped(now.abs_diff(before)))
}

fn money_change(now: Money, before: Money) -> String {
    if now.currency() != before.currency() {
        return format!("{} {}", grouped(before), before.currency().code());
    }
    let more = now.amount() - before.amount();
    let sign = if more.is_sign_negative() && !more.is_zero() { "" } else { "+" };
    format!("{} ({sign}{})", grouped(before), grouped(more))
}

/// Registrations by platform, the commonest first.
fn platforms(agents: &[AuditedAgent]) -> Bars {
    let mut counts: BTreeMap<Platform, u64> = BTreeMap::new();
    for agent in agents {
        *counts.entry(agent.verdict.platform).or_default() += agent.registrations;
    }
    let mut counts: Vec<(Platform, u64)> = counts.into_iter().filter(|(_, count)| *count > 0).collect();
    counts.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    let most = counts.first().map_or(1, |(_, count)| *count);
    Bars::new("Registrations".to_owned(), String::new(), &counts, most)
}

fn agent(agent: &AuditedAgent) -> (String, String, String) {
    let mut text = String::new();
    push_agent(&mut text, agent.user_agent.as_deref());
    (text, grouped(agent.users), grouped(agent.registrations))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{cycle, euro, invoice};
    use super::*;
    use crate::model::{Form, Verdict};

    fn page(hostile: &str) -> String {
        let unbilled = BTreeMap::from([(Reason::OnlyRefused, 3)]);
        let (first, mut second) = (invoice("acme"), invoice("acme"));
        second.total = euro("1300.00");
        second.usage.generic.users = 1_300;
        let next = Cycle { number: 1, ..cycle() };
        let agents = [AuditedAgent {
            user_agent: Some(format!("Strange/1 {hostile}").into_bytes().into()),
            verdict: Verdict {
                platform: Platform::Unknown,
                form: Form::Unknown,
                class: Class::Unknown,
                rule: "none".to_owned(),
                is_billable: false,
                is_push: false,
                is_near_miss: false,
            },
            users: 7,
            registrations: 70,
        }];
        let run = |cycle, invoice| RunCycle {
            cycle,
            is_partial: false,
            invoices: vec![invoice],
            unbilled: &unbilled,
        };
        let report = RunReport {
            cycles: vec![run(cycle(), &first), run(next, &second)],
            agents: &agents,
            hosts: &[],
            newest: None,
            lines: 12_345,
            registrations: 70,
            rejected: vec![(format!("ambiguous{hostile}"), 2)],
            inputs: 1,
            book: &BookFacts { file: "book.toml".to_owned(), digest: "blake3:b00c".to_owned() },
            notes: &[hostile.to_owned()],
        };
        report_html(&report).unwrap()
    }

    #[test]
    fn a_cycle_stands_beside_the_one_before() {
        let page = page("");
        for part in ["1,244 (+96)", "1,325.24 (-25.24)", "Strange/1", "every attempt was refused", "12,345"] {
            assert!(page.contains(part), "{part}");
        }
        assert_eq!(page.matches("href=\"2026-10-01/acme/invoice.html\"").count(), 2);
    }

    #[test]
    fn what_strangers_wrote_stays_text_and_nothing_is_fetched() {
        let (quiet, loud) = (page(""), page("\"><script>x</script>\u{1b}[1m"));
        assert_eq!(quiet.matches('<').count(), loud.matches('<').count());
        assert!(!loud.contains("<script") && !loud.contains('\u{1b}'));
        for call in ["http:", "https:", "src=", "url(", "@import", "<link"] {
            assert!(!quiet.contains(call), "{call}");
        }
    }
}

//! `report.html`: what one run of the bill says, for the operator, over all tenants.

use super::charts::{Bars, HostHours, Strips};
use super::digits::grouped;
use super::earlier::Earlier;
use super::invoice_html::without_controls;
use super::manifest::BookFacts;
use super::text::push_agent;
use crate::model::{AuditedAgent, Category, Class, Cycle, Invoice, Moment, Money, Platform, Reason};
use askama::Template;
use rust_decimal::Decimal;
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
    /// What the first cycle is compared with.
    pub before: Option<&'t Earlier>,
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
    let cycles = report.cycles.iter().map(|cycle| {
        // Cycles of which the logs say nothing are no part of a run.
        let in_run = before.replace(cycle).filter(|before| before.cycle.number + 1 == cycle.cycle.number);
        let is_first = cycle.cycle.number == report.cycles[0].cycle.number;
        let before = in_run.map(Before::of_run);
        shown(report, cycle, before.or_else(|| report.before.filter(|_| is_first).map(Before::of_bill)))
    });
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
    /// Days of the cycle that this one is compared with; empty where there is none.
    before: String,
    rows: Vec<Row>,
    /// Tenants of the cycle before who are not billed any more.
    gone: Vec<String>,
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

/// The cycle that another is compared with.
struct Before<'t> {
    days: String,
    /// Charges for users, total and currency.
    tenants: BTreeMap<&'t str, (u64, Decimal, String)>,
}

impl<'t> Before<'t> {
    fn of_run(cycle: &'t RunCycle<'_>) -> Self {
        let tenant = |invoice: &&'t Invoice| {
            let total = &invoice.total;
            (invoice.tenant.as_str(), (users(invoice), total.amount(), total.currency().code().to_owned()))
        };
        Self { days: days(&cycle.cycle), tenants: cycle.invoices.iter().map(tenant).collect() }
    }

    fn of_bill(earlier: &'t Earlier) -> Self {
        let last_day = earlier.end_day.yesterday().unwrap_or(earlier.end_day);
        let tenants = earlier.tenants.iter();
        Self {
            days: format!("{} to {last_day}", earlier.first_day),
            tenants: tenants
                .map(|(name, it)| (name.as_str(), (it.users, it.total, it.currency.clone())))
                .collect(),
        }
    }
}

fn shown(report: &RunReport<'_>, cycle: &RunCycle<'_>, before: Option<Before<'_>>) -> ShownCycle {
    let row = |invoice: &&Invoice| {
        let change = before.as_ref().map(|before| match before.tenants.get(invoice.tenant.as_str()) {
            Some((users_before, total, currency)) => {
                (change(users(invoice), *users_before), money_change(invoice.total, *total, currency))
            }
            None => ("new".to_owned(), String::new()),
        });
        let (users_before, total_before) = change.unwrap_or_default();
        Row {
            tenant: invoice.tenant.clone(),
            users: Category::ALL.map(|category| grouped(invoice.usage.of(category).users)).to_vec(),
            net: grouped(invoice.net),
            total: grouped(invoice.total),
            currency: invoice.total.currency().code().to_owned(),
            users_before,
            total_before,
            folder: format!("{}/{}", cycle.cycle.first_day, invoice.tenant),
        }
    };
    let is_here = |tenant: &str| cycle.invoices.iter().any(|invoice| invoice.tenant == tenant);
    let gone = before.iter().flat_map(|before| &before.tenants).filter(|(tenant, _)| !is_here(tenant));
    let gone = gone.map(|(tenant, (users, total, currency))| {
        format!("{tenant} ({} users, {} {currency})", grouped(*users), grouped(*total))
    });
    let unbilled = cycle.unbilled.iter().map(|(reason, users)| (reason.sentence(), grouped(*users)));
    ShownCycle {
        first_day: cycle.cycle.first_day.to_string(),
        last_day: last_day(&cycle.cycle),
        is_partial: cycle.is_partial,
        rows: cycle.invoices.iter().map(row).collect(),
        gone: gone.collect(),
        before: before.as_ref().map_or_else(String::new, |before| before.days.clone()),
        unbilled: unbilled.collect(),
        unbilled_total: grouped(cycle.unbilled.values().sum::<u64>()),
        coverage: Strips::new(&cycle.cycle, report.hosts, report.newest.filter(|_| cycle.is_partial)),
    }
}

fn days(cycle: &Cycle) -> String {
    format!("{} to {}", cycle.first_day, last_day(cycle))
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
    format!("{} users ({sign}{})", grouped(before), grouped(now.abs_diff(before)))
}

fn money_change(now: Money, before: Decimal, currency: &str) -> String {
    if now.currency().code() != currency {
        return format!("{} {currency}", grouped(before));
    }
    let more = now.amount() - before;
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
    use super::super::earlier::EarlierTenant;
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
            before: None,
        };
        report_html(&report).unwrap()
    }

    #[test]
    fn an_earlier_bill_tells_who_is_new_and_who_is_gone() {
        let (acme, unbilled) = (invoice("acme"), BTreeMap::new());
        let tenant = |users, total: &str| EarlierTenant {
            users,
            total: total.parse().unwrap(),
            currency: "EUR".to_owned(),
        };
        let earlier = Earlier {
            first_day: "2026-09-01".parse().unwrap(),
            end_day: "2026-10-01".parse().unwrap(),
            tenants: BTreeMap::from([
                ("acme".to_owned(), tenant(1_000, "1300.00")),
                ("gone".to_owned(), tenant(7, "9.50")),
            ]),
            digest: blake3::hash(b""),
        };
        let page = |earlier| {
            let cycle =
                RunCycle { cycle: cycle(), is_partial: false, invoices: vec![&acme], unbilled: &unbilled };
            let report = RunReport {
                cycles: vec![cycle],
                agents: &[],
                hosts: &[],
                newest: None,
                lines: 1,
                registrations: 1,
                rejected: Vec::new(),
                inputs: 1,
                book: &BookFacts { file: "book.toml".to_owned(), digest: "blake3:b00c".to_owned() },
                notes: &[],
                before: earlier,
            };
            report_html(&report).unwrap()
        };
        assert!(!page(None).contains("Before"));
        let compared = page(Some(&earlier));
        let parts = [
            "1,000 users (+244)",
            "1,300.00 (+25.24)",
            "cycle 2026-09-01 to 2026-09-30",
            "gone (7 users, 9.50 EUR)",
        ];
        for part in parts {
            assert!(compared.contains(part), "{part}: {compared}");
        }
        let others = Earlier { tenants: BTreeMap::new(), ..earlier.clone() };
        assert!(page(Some(&others)).contains(">new<"));
    }

    #[test]
    fn a_cycle_stands_beside_the_one_before() {
        let page = page("");
        for part in
            ["1,244 users (+96)", "1,325.24 (-25.24)", "Strange/1", "every attempt was refused", "12,345"]
        {
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

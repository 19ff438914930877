//! Why one user is on the bill of each cycle, or not: the end of `explain`.

use super::explain_place::{Named, span_text};
use super::explain_text::{Page, several};
use super::text::{escaped, printable};
use crate::model::{BilledUser, Category, CycleStory, EvidenceKind, NearMiss, Platform, UnbilledUser};

/// The decisions of the story's cycles in plain sentences.
pub(super) fn decisions(page: &mut Page, named: Named<'_>) {
    let mut before: Option<&CycleStory<'_>> = None;
    for told in &named.story.cycles {
        if let Some(before) = before {
            silence(page, before, told);
        }
        cycle(page, named, told);
        before = Some(told);
    }
}

/// The cycles between two in which something was seen.
fn silence(page: &mut Page, before: &CycleStory<'_>, told: &CycleStory<'_>) {
    let (from, until) = (before.cycle.end_day, told.cycle.first_day);
    match told.cycle.number - before.cycle.number - 1 {
        ..=0 => {}
        1 => page.heading(format_args!("Cycle {from} to {until}: nothing seen")),
        many => page.heading(format_args!("{many} cycles from {from} to {until}: nothing seen")),
    }
}

fn cycle(page: &mut Page, named: Named<'_>, told: &CycleStory<'_>) {
    let whose = match &told.tenant {
        Some(tenant) => format!("tenant {}", printable(tenant)),
        None => "a domain that no tenant claims".to_owned(),
    };
    let partial = if told.is_partial { " (PARTIAL: the logs end before the cycle does)" } else { "" };
    page.heading(format_args!("Cycle {} to {}, {whose}{partial}", told.cycle.first_day, told.cycle.end_day));
    let window = told.cycle.window;
    page.line(format_args!("  from {} until before {}", window.start, window.end));
    if told.is_skipped {
        page.line(
            "  not billed: the cycle is skipped, since a restart cut it short (`short_cycle` in the book)",
        );
    }
    for user in &told.decision.billed {
        billed(page, named, user, if told.is_skipped { "else billed" } else { "billed" });
    }
    for user in &told.decision.unbilled {
        unbilled(page, named, user);
    }
    if told.decision.billed.is_empty() && told.decision.unbilled.is_empty() {
        page.line("  not billed: nothing was seen in this cycle");
    }
    for miss in &told.near_misses {
        near_miss(page, named, miss);
    }
}

fn billed(page: &mut Page, named: Named<'_>, user: &BilledUser<'_>, verb: &str) {
    if user.evidence == EvidenceKind::SideFile {
        let file = printable(named.places.side_file(user.category));
        let line = user.side_file_line.unwrap_or_default();
        return page.line(format_args!("  {verb}: {}; decided by {file}:{line}", user.category));
    }
    let mut platforms: Vec<&str> = user.platforms.iter().map(Platform::name).collect();
    platforms.extend(user.push_only.then_some("push server only"));
    let platforms = match platforms.is_empty() {
        true => String::new(),
        false => format!(" ({})", platforms.join(", ")),
    };
    let place = user.spot.map_or_else(|| "no place".to_owned(), |spot| named.place(spot));
    let proof = match user.evidence {
        EvidenceKind::SustainedClosed => {
            "no registration logged, but a binding that lived on until it was removed".to_owned()
        }
        EvidenceKind::SustainedOpen => {
            "no registration logged, but a binding that lived on and was never removed".to_owned()
        }
        _ if user.category == Category::Conferencing => {
            format!("{} hosted", several(user.registrations, "conference"))
        }
        _ => {
            let days = several(user.active_days.into(), "day");
            format!("{} on {days}", several(user.registrations, "registration"))
        }
    };
    page.line(format_args!("  {verb}: {}, {proof}{platforms}; decided by {place}", user.category));
    agents(page, &user.user_agents);
    if let Some(spot) = user.spot {
        page.quote(named, spot, "          ", 1);
    }
}

fn unbilled(page: &mut Page, named: Named<'_>, user: &UnbilledUser<'_>) {
    let would_be = user.would_be.map_or(String::new(), |category| format!("{category}: "));
    let seen = match user.count {
        0 => String::new(),
        1 => ", seen once".to_owned(),
        many => format!(", seen {many} times"),
    };
    let place = user.spot.map_or_else(String::new, |spot| format!("; first at {}", named.place(spot)));
    page.line(format_args!(
        "  not billed: {would_be}{} ({}{seen}{place})",
        user.reason.sentence(),
        user.reason.name(),
    ));
    agents(page, &user.user_agents);
    if let Some(spot) = user.spot {
        page.quote(named, spot, "          ", 1);
    }
}

fn agents(page: &mut Page, agents: &[&[u8]]) {
    for agent in agents {
        page.line(format_args!("          {}", escaped(agent)));
    }
}

fn near_miss(page: &mut Page, named: Named<'_>, miss: &NearMiss) {
    let (text, spot) = match miss {
        NearMiss::Before { seconds, spot } => {
            (format!("seen {} before the cycle's beginning", span_text(*seconds)), *spot)
        }
        NearMiss::After { seconds: 0, spot } => {
            ("seen at the cycle's end, which is not in it".to_owned(), *spot)
        }
        NearMiss::After { seconds, spot } => {
            (format!("seen {} after the cycle's end", span_text(*seconds)), *spot)
        }
        NearMiss::Agent { agent, patterns } => {
            let patterns: Vec<String> =
                patterns.iter().map(|pattern| format!("`{}`", printable(pattern))).collect();
            let patterns = patterns.join(" and ");
            return page.line(format_args!("  near miss: {} nearly matches {patterns}", escaped(agent)));
        }
    };
    page.line(format_args!("  near miss: {text}, {}", named.place(spot)));
    page.quote(named, spot, "          ", 1);
}

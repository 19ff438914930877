//! Why one user is on the bill of one cycle, or not: the end of `explain`.

use super::Places;
use super::text::escaped;
use crate::model::{Cycle, Decision, EvidenceKind, Platform};
use std::fmt::Write;

/// The decision of one cycle in plain sentences.
pub fn decision_text(tenant: &str, cycle: &Cycle, decision: &Decision<'_>, places: &dyn Places) -> String {
    let mut text = format!("\nCycle {} to {}, tenant {tenant}\n", cycle.first_day, cycle.end_day);
    for user in &decision.billed {
        let platforms: Vec<&str> = user.platforms.iter().map(Platform::name).collect();
        let place = match (user.spot, user.side_file_line) {
            (_, Some(line)) if user.evidence == EvidenceKind::SideFile => {
                format!("{}:{line}", places.side_file(user.category))
            }
            (Some(spot), _) => format!("{}, byte {}", places.input(spot), spot.offset),
            (None, _) => "no place".to_owned(),
        };
        let marked = if user.push_only { ", push server only" } else { "" };
        if user.evidence == EvidenceKind::SideFile {
            writeln_to(&mut text, format_args!("  billed: {}; decided by {place}", user.category));
            continue;
        }
        let proof = match user.evidence {
            EvidenceKind::SustainedClosed => {
                "no registration logged, but a binding that lived on until it was removed".to_owned()
            }
            EvidenceKind::SustainedOpen => {
                "no registration logged, but a binding that lived on and was never removed".to_owned()
            }
            _ => format!("{} registrations on {} days", user.registrations, user.active_days),
        };
        writeln_to(
            &mut text,
            format_args!(
                "  billed: {}, {proof} ({}{marked}); decided by {place}",
                user.category,
                platforms.join(" "),
            ),
        );
        for agent in &user.user_agents {
            writeln_to(&mut text, format_args!("          {}", escaped(agent)));
        }
    }
    for user in &decision.unbilled {
        let would_be = user.would_be.map_or(String::new(), |category| format!("{category}: "));
        writeln_to(
            &mut text,
            format_args!(
                "  not billed: {would_be}{} ({}, seen {} times)",
                user.reason.sentence(),
                user.reason.name(),
                user.count
            ),
        );
        for agent in &user.user_agents {
            writeln_to(&mut text, format_args!("          {}", escaped(agent)));
        }
    }
    text
}

fn writeln_to(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes every text");
}

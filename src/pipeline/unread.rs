//! Logs of which nothing was read, and patterns that nothing was read by: either may be a mistake that shows in a bill
//! only as users that are missing.

use super::plan::{Form, Input};
use super::scan::{InputCounts, Scan};
use crate::formats::pattern::{Pattern, Patterns};
use std::collections::BTreeSet;

/// What is said of those inputs and of those of the patterns, by what the scan found.
pub fn notes(inputs: &[Input], scan: &Scan, patterns: &Patterns) -> Vec<String> {
    let mut notes = of_inputs(inputs, &scan.lines);
    let told: BTreeSet<&str> = scan.part.records.evidence.iter().map(|(source, ..)| source).collect();
    let rejected: BTreeSet<&str> = scan.part.rejects.iter().map(|reject| reject.source.as_str()).collect();
    let idle = patterns
        .each()
        .iter()
        .map(Pattern::name)
        .filter(|name| !told.contains(name) && !rejected.contains(name));
    notes.extend(idle.map(|name| format!("pattern `{}`: no line is read by it", name.escape_debug())));
    notes
}

fn of_inputs(inputs: &[Input], counts: &[InputCounts]) -> Vec<String> {
    /// More of them are only counted.
    const NAMED: usize = 8;
    let is_unread = |(input, counts): &(&Input, &InputCounts)| {
        input.form == Form::Log && counts.lines > 0 && counts.records == 0
    };
    let unread = inputs.iter().zip(counts).filter(is_unread);
    let mut notes: Vec<String> = unread
        .map(|(input, counts)| {
            let lines =
                if counts.lines == 1 { "1 line".to_owned() } else { format!("{} lines", counts.lines) };
            format!("{}: {lines}, and no record that is known among them", input.found.shown)
        })
        .collect();
    let more = notes.len().saturating_sub(NAMED);
    notes.truncate(NAMED);
    notes.extend((more > 0).then(|| format!("{more} more logs of which nothing is read")));
    notes
}

//! Logs that end without a line feed: a server may be about to write the rest of the last line, or a copy was made
//! meanwhile. Half a name is another name, and half a User-Agent perhaps another platform's.

use super::plan::Input;
use super::scan::InputCounts;
use crate::model::Unfinished;

/// What is said of inputs whose last record may be half written, by what was counted of each.
pub fn notes(inputs: &[Input], counts: &[InputCounts]) -> Vec<String> {
    /// More of them are only counted.
    const NAMED: usize = 8;
    let ends = inputs.iter().zip(counts).filter_map(|(input, counts)| Some((input, counts.unfinished?)));
    let mut notes: Vec<String> = ends
        .map(|(input, (at, what))| {
            let consequence = match what {
                Unfinished::Record => {
                    "it may be half written and counts for nothing; if it is whole, end it with a line feed"
                }
                Unfinished::Agent => "its User-Agent may be half written and counts as it stands",
            };
            format!("{}: the last line, at byte {at}, has no line feed: {consequence}", input.found.shown)
        })
        .collect();
    let more = notes.len().saturating_sub(NAMED);
    notes.truncate(NAMED);
    notes.extend((more > 0).then(|| format!("{more} more logs end without a line feed in a record")));
    notes
}

//! Logs that end inside a record: a server may be about to write the rest, a copy was made meanwhile, or somebody cut the log
//! into files of a size. Half a name is another name, and half a User-Agent perhaps another platform's.

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
            let shown = &input.found.shown;
            let line = format!("{shown}: the last line, at byte {at}, has no line feed");
            match what {
                Unfinished::Record => format!(
                    "{line}: it may be half written and counts for nothing; if it is whole, end it with a line feed"
                ),
                Unfinished::Agent => {
                    format!("{line}: its User-Agent may be half written and counts as it stands")
                }
                Unfinished::Message => format!(
                    "{shown}: ends inside the SIP message at byte {at}, and what it lacks counts for nothing; where another file \
                     goes on with it, make one of both"
                ),
            }
        })
        .collect();
    let more = notes.len().saturating_sub(NAMED);
    notes.truncate(NAMED);
    notes.extend((more > 0).then(|| format!("{more} more logs end in a record")));
    notes
}

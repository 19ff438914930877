//! `siptally bill --sensitivity`: what other choices of the operator would change.

use super::args::{BillArgs, LogArgs};
use super::failure::Failure;
use super::run::{self, Ask, Read, bill_failure};
use crate::book::Book;
use crate::model::{Cycle, SipId};
use crate::pipeline::bill::Bill;
use crate::pipeline::sensitivity::{Choice, Outcome, choices, outcome};
use std::path::Path;

/// Whether it can be asked of these inputs at all.
pub fn check(args: &BillArgs) -> Result<(), Failure> {
    match args.sensitivity && args.paths.iter().any(|path| path == Path::new("-")) {
        true => Err(Failure::Usage(
            "--sensitivity counts the logs again in other zones, and standard input comes only once; name files"
                .to_owned(),
        )),
        false => Ok(()),
    }
}

/// What each other choice changes in these cycles; none where nobody asked.
pub fn outcomes(
    args: &BillArgs,
    book: &Book,
    read: &Read,
    bill: &Bill<'_>,
    cycles: &[Cycle],
) -> Result<Vec<Outcome>, Failure> {
    if !args.sensitivity {
        return Ok(Vec::new());
    }
    let choices = choices(book, cycles);
    let mut outcomes = choices
        .iter()
        .map(|choice| of_choice(args, read, bill, choice, cycles))
        .collect::<Result<Vec<Outcome>, Failure>>()?;
    if let Some(pseudonyms) = &read.pseudonyms {
        for outcome in &mut outcomes {
            for flip in &mut outcome.flips {
                flip.sip_id = SipId::from_canonical(&pseudonyms.of(flip.sip_id.borrowed()));
            }
            // The order of the names would tell something of them.
            outcome.flips.sort_by(|one, other| {
                (one.cycle, &one.tenant, one.category, &one.sip_id).cmp(&(
                    other.cycle,
                    &other.tenant,
                    other.category,
                    &other.sip_id,
                ))
            });
        }
    }
    Ok(outcomes)
}

fn of_choice(
    args: &BillArgs,
    read: &Read,
    bill: &Bill<'_>,
    choice: &Choice,
    cycles: &[Cycle],
) -> Result<Outcome, Failure> {
    if !choice.moves_edges {
        return outcome(bill, choice, &read.scan, cycles).map_err(bill_failure);
    }
    // What there is to say of the inputs has been said.
    let logs = LogArgs { quiet: true, ..args.logs.clone() };
    let ask = Ask { cycles: Some(&choice.calendar), range: None, key: None, is_bill: true, goes_on: false };
    let again = run::read(&args.paths, &logs, &choice.book.config, &ask)?;
    outcome(bill, choice, &again.scan, cycles).map_err(bill_failure)
}

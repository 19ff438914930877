//! The readable files of a dispute pack: the log lines behind each difference, and how to verify it all.

use super::differences_csv::Parties;
use super::text::{escaped, printable};
use crate::compare::{Difference, Proof, TheirRow};
use crate::model::{Cycle, Spot};
use std::io::{self, Write};

/// Writes, for every difference, the record that shows it as it stands in the log.
///
/// `line` gives the record's text and, where its place has one, the number of its line; `None` for an input that
/// can be read only once. Numbers in front are the differences' lines in `differences.csv`.
///
/// # Errors
///
/// What the writer says.
pub fn write_evidence<'q>(
    out: &mut dyn Write,
    differences: &[Difference],
    rows: &[TheirRow],
    parties: &dyn Parties,
    line: impl Fn(Spot) -> Option<(u64, &'q [u8])>,
) -> io::Result<()> {
    writeln!(out, "The records behind differences.csv; the number in front is the line there.")?;
    for (number, it) in (2_u64..).zip(differences) {
        let user = it.id.as_ref().map_or_else(String::new, |id| format!(" sip:{}", id.escaped()));
        let category = it.category.map_or_else(String::new, |category| format!(", {category}"));
        writeln!(out, "\n[{number}] {} {}:{user}{category}", it.class, printable(&it.reason))?;
        if let Some(row) = it.row {
            writeln!(out, "  their row {}: {}", rows[row].line, escaped(rows[row].text.as_bytes()))?;
        }
        if !it.detail.is_empty() {
            writeln!(out, "  {}", printable(&it.detail))?;
        }
        match it.proof {
            Proof::Nothing => {}
            Proof::Coverage => {
                writeln!(out, "  no record; coverage.csv tells when each host was heard from")?
            }
            Proof::SideFile { category, line } => {
                writeln!(out, "  {}, line {line}", printable(parties.side_file(it.tenant, category)))?;
            }
            Proof::Record { spot, .. } => {
                let file = printable(parties.input(spot));
                let Some((line, text)) = line(spot) else {
                    writeln!(out, "  {file}, byte {}", spot.offset)?;
                    continue;
                };
                writeln!(out, "  {file}:{line}, byte {}", spot.offset)?;
                for part in text.split(|byte| *byte == b'\n') {
                    let part = part.strip_suffix(b"\r").unwrap_or(part);
                    if !part.is_empty() {
                        writeln!(out, "  | {}", escaped(part))?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// What is in the pack and how somebody else can redo it. A pack under pseudonyms has no book.
pub fn reconcile_readme(theirs: &str, book: &str, cycle: &Cycle, is_veiled: bool) -> String {
    let (theirs, book) = (printable(theirs), printable(book));
    let (book_line, key, veil) = match is_veiled {
        false => (format!("{book:<16} the price book: what counts as a user, and prices\n"), "", ""),
        true => (
            String::new(),
            " --pseudonymise KEYFILE",
            "\n\
             Users are pseudonyms, made with a key that is not in this pack: the same user has the same one\n\
             everywhere, also where {theirs} and the logs spell it in two ways. Whoever has the key verifies it.\n\
             The price book is not in the pack, since it may name users.\n",
        ),
    };
    let veil = veil.replace("{theirs}", &theirs);
    let (first, end) = (cycle.first_day, cycle.end_day);
    format!(
        "Comparison of {theirs} with what the registrar logs show, for the cycle {first} up to {end}\n\
         \n\
         summary.txt      the rows of {theirs} by class, and what is at stake\n\
         differences.csv  every row that is no match, and every charge that {theirs} does not make\n\
         matches.csv      the rows that agree; with differences.csv, without its class seen_not_billed,\n\
         \x20                these are all rows of {theirs}\n\
         evidence.txt     the lines of the logs behind the differences\n\
         coverage.csv     when each host was heard from: what shows that nothing is missing\n\
         {book_line}\
         map.toml         how the columns of {theirs} were read\n\
         manifest.json    digests of every input and output, and of {theirs}\n\
         \n\
         How to verify it\n\
         \n\
         1. Digests are BLAKE3. `b3sum FILE` gives what manifest.json says of each file of this pack, of each log\n\
         \x20  and of {theirs}.\n\
         2. A single difference: evidence.txt quotes the record with its file, line and byte. The byte counts in the\n\
         \x20  decoded file, so that `zcat FILE | tail -c +$((BYTE + 1)) | head -n 1` shows it; in a capture it is the\n\
         \x20  number of the packet.\n\
         3. A single user: `siptally explain USER@DOMAIN --book {book}{key} LOGS` shows every record of the user and, for\n\
         \x20  each cycle, why it is billed or not.\n\
         4. All of it: `siptally reconcile --theirs {theirs} --book {book} --map map.toml --cycle {first}{key} --out AGAIN LOGS`\n\
         \x20  writes the same bytes again. Side files that the book names have to lie beside it.\n\
         \n\
         amount_at_stake is what is charged beyond what is due, before tax; it is negative where less is charged. It is\n\
         the amount of the row where the list has amounts; else what the charge would be more, or less, with the users in\n\
         question. In tiered prices the rows of one class count up one after the other, so that they add up.\n\
         \n\
         Of activity outside the cycle (only_outside_cycle) the detail tells how far away the nearest was; the record\n\
         quoted is the first of that other cycle.\n\
         {veil}"
    )
}

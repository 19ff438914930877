//! The manifest of what was made from logs and a book: a bill, or the comparison of one.

use super::run::Read;
use crate::book::Book;
use crate::pipeline::bill::{Bill, CycleBill};
use crate::report::{self, BookFacts, Counts, CycleFacts, DuplicateFacts, InputFacts, Manifest};
use std::collections::BTreeMap;

/// The book as documents name it: by its bare name and its digest.
pub fn book_facts(book: &Book) -> BookFacts {
    let file = book.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    BookFacts { file, digest: format!("blake3:{}", book.digest) }
}

/// A draft's manifest, with the notes of the plan, these, and the side files; the outputs are filled in later.
pub fn manifest(
    book: BookFacts,
    read: &Read,
    bill: &Bill<'_>,
    bills: &[CycleBill],
    notes: &[String],
) -> Manifest {
    let mut manifest = Manifest::draft(book);
    manifest.cycles = bills.iter().map(|bill| CycleFacts::new(&bill.cycle, bill.is_partial)).collect();
    let Read { plan, scan, .. } = read;
    let inputs = plan.inputs.iter().zip(&scan.digests).zip(&scan.lines);
    manifest.inputs = inputs
        .map(|((input, digest), counts)| InputFacts {
            file: input.found.shown.clone(),
            digest: report::hex_digest(digest),
            codec: input.codec.to_string(),
            bytes: counts.bytes,
            lines: counts.lines,
            records: counts.records,
            clock: input.clock_rule.clone(),
        })
        .collect();
    manifest.duplicates = plan
        .duplicates
        .iter()
        .map(|it| DuplicateFacts { file: it.file.clone(), same_as: it.same_as.clone() })
        .collect();
    let records = &scan.part.records;
    let mut evidence: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for (source, kind, count) in records.evidence.iter() {
        *evidence.entry(source.to_owned()).or_default().entry(kind.name().to_owned()).or_default() += count;
    }
    manifest.counts = Counts {
        lines: records.lines,
        records: records.known(),
        evidence,
        other: records.other,
        rejected: records.rejected.iter().map(|(reason, count)| (reason.to_string(), *count)).collect(),
        not_ours: records.lines.saturating_sub(records.known()),
        unanswered: records.unanswered,
        repeated: records.repeated,
    };
    manifest.notes.clone_from(&plan.notes);
    manifest.notes.extend_from_slice(notes);
    for (file, digest) in bill.side_files() {
        manifest.notes.push(format!("side file {file}: blake3:{digest}"));
    }
    manifest
}

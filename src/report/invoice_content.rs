//! All that the documents of one invoice say: the page and the JSON are made of the same.

use super::charts::HostHours;
use super::manifest::BookFacts;
use crate::model::{Customer, Figures, Invoice, Letterhead, Moment};
use jiff::civil::Date;
use serde::Serialize;

/// One invoice with what stands around its lines.
pub struct InvoiceContent<'t> {
    pub invoice: &'t Invoice,
    pub letterhead: &'t Letterhead,
    pub customer: &'t Customer,
    pub figures: &'t Figures,
    /// When each host was heard from, by name.
    pub hosts: &'t [HostHours],
    /// The newest stamp, where the cycle has not ended in the logs.
    pub end_of_logs: Option<Moment>,
    pub book: &'t BookFacts,
    /// Inputs in the order of the plan.
    pub inputs: &'t [FileDigest],
}

/// An input and its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileDigest {
    /// As shown: the path below the argument that it came from.
    pub file: String,
    /// See [`super::hex_digest`].
    pub digest: String,
}

impl InvoiceContent<'_> {
    /// The day by which the invoice is to be paid: so many days after its date, the cycle's end.
    pub fn due_day(&self) -> Option<Date> {
        let days = jiff::Span::new().days(i64::from(self.letterhead.due_days?));
        self.invoice.cycle.end_day.checked_add(days).ok()
    }

    /// One digest for all inputs: of their digests and names, a line each, as `b3sum` prints them.
    pub fn inputs_digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for input in self.inputs {
            let digest = input.digest.trim_start_matches("blake3:");
            hasher.update(format!("{digest}  {}\n", input.file).as_bytes());
        }
        super::hex_digest(&hasher.finalize())
    }
}

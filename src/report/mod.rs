//! Every output, a file each: values in, bytes out.
//!
//! The room owns the columns, the order of rows, the escapes and the way a finished bill gets
//! into its folder. It decides nothing: who is billed and for how much is settled before. No
//! file here prints; writers take a [`std::io::Write`] or return a `String`. The bytes depend
//! on the arguments alone: no time of the run, no host name, no locale. Copy `rejects_csv.rs`
//! to add a sheet.

mod agents_csv;
mod agents_table;
mod bench_rows;
mod bench_table;
mod bench_text;
mod charts;
mod columns;
mod correction_csv;
mod correction_json;
mod coverage_csv;
mod csv_dialect;
mod decision_text;
mod differences_csv;
mod digits;
mod earlier;
mod explain_ndjson;
mod explain_place;
mod explain_text;
mod invoice_content;
mod invoice_csv;
mod invoice_html;
mod invoice_json;
mod manifest;
mod places;
mod reconcile_pack;
mod reconcile_text;
mod rejects_csv;
mod report_html;
mod sensitivity_csv;
mod stage;
mod stretches;
mod summary_csv;
mod summary_text;
mod table;
mod text;
mod unbilled_csv;
mod users_audit_csv;
mod users_csv;
mod users_ndjson;
mod users_summary;
mod users_table;

#[cfg(test)]
mod samples;

pub use agents_csv::write_agents_csv;
pub use agents_table::{agents_table, write_agents_ndjson, write_classified_csv};
pub use bench_rows::{write_bench_csv, write_bench_json, write_bench_ndjson};
pub use bench_table::bench_table;
pub use charts::HostHours;
pub use columns::{Columns, Fate};
pub use correction_csv::{write_changes_csv, write_correction_csv};
pub use correction_json::correction_json;
pub use coverage_csv::write_coverage_csv;
pub use csv_dialect::{Cells, Dialect, Rows, Sheet};
pub use differences_csv::{Parties, write_differences_csv};
pub use earlier::{Earlier, EarlierError};
pub use explain_ndjson::write_story_ndjson;
pub use explain_text::story_text;
pub use invoice_content::{FileDigest, InvoiceContent};
pub use invoice_csv::write_invoice_csv;
pub use invoice_html::invoice_html;
pub use invoice_json::invoice_json;
pub use manifest::{
    BookFacts, Counts, CycleFacts, DuplicateFacts, InputFacts, IssuedFacts, LedgerFacts, Manifest,
    OutputFacts, Tool, hex_digest,
};
pub use places::Places;
pub use reconcile_pack::{reconcile_readme, write_evidence};
pub use reconcile_text::{ReconcileSummary, reconcile_text};
pub use rejects_csv::write_rejects_csv;
pub use report_html::{RunCycle, RunReport, report_html};
pub use sensitivity_csv::write_sensitivity_csv;
pub use stage::{Committed, Output, SEAL, Seal, Stage, StageError, kept_files, seals};
pub use stretches::Users;
pub use summary_csv::write_summary_csv;
pub use summary_text::{BillStatus, BillSummary, CycleSummary, IssuedDocument, summary_text};
pub use text::{escaped, map_json_texts};
pub use unbilled_csv::{UnbilledCsv, unbilled_header};
pub use users_audit_csv::write_users_audit_csv;
pub use users_csv::UsersCsv;
pub use users_ndjson::write_users_ndjson;
pub use users_summary::{users_summary, write_users_summary_csv, write_users_summary_ndjson};
pub use users_table::write_users_table;

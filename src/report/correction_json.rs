//! `correction.json`: a correction with its sums, for programs.

use super::invoice_json::ShownMark;
use super::text::json_safe;
use crate::model::{Correction, CorrectionLine};
use serde::Serialize;

/// Rises when a key changes its meaning or goes away; new keys do not raise it.
const SCHEMA: u32 = 1;

/// The correction as pretty JSON with a final newline. Keys keep their order; amounts are strings
/// with all the currency's digits.
pub fn correction_json(correction: &Correction) -> String {
    let shown = Shown {
        schema: SCHEMA,
        correction_id: &correction.id,
        tenant: &correction.tenant,
        cycle_start: correction.cycle.first_day.to_string(),
        cycle_end: correction.cycle.end_day.to_string(),
        corrects: &correction.corrects,
        currency: correction.total.currency().code().to_owned(),
        lines: correction.lines.iter().map(ShownLine::from).collect(),
        net: correction.net.to_string(),
        tax: correction.tax.to_string(),
        total: correction.total.to_string(),
        carried_forward: correction.carried_forward.to_string(),
        r#final: ShownMark::from(&correction.final_mark),
    };
    let json = serde_json::to_string_pretty(&shown).expect("strings, numbers and lists are JSON");
    json_safe(json + "\n")
}

#[derive(Serialize)]
struct Shown<'t> {
    schema: u32,
    correction_id: &'t str,
    tenant: &'t str,
    cycle_start: String,
    cycle_end: String,
    corrects: &'t [String],
    currency: String,
    lines: Vec<ShownLine<'t>>,
    net: String,
    tax: String,
    total: String,
    carried_forward: String,
    r#final: ShownMark<'t>,
}

#[derive(Serialize)]
struct ShownLine<'t> {
    line: u32,
    kind: &'t str,
    category: Option<&'t str>,
    description: &'t str,
    quantity: i64,
    amount: String,
}

impl<'t> From<&'t CorrectionLine> for ShownLine<'t> {
    fn from(line: &'t CorrectionLine) -> Self {
        Self {
            line: line.line,
            kind: &line.kind,
            category: line.category.as_deref(),
            description: &line.description,
            quantity: line.quantity,
            amount: line.amount.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::correction;
    use super::*;

    #[test]
    fn a_correction_keeps_its_keys_in_order() {
        insta::assert_snapshot!(correction_json(&correction()), @r#"
        {
          "schema": 1,
          "correction_id": "acme-2026-10-01-correction-4",
          "tenant": "acme",
          "cycle_start": "2026-10-01",
          "cycle_end": "2026-10-31",
          "corrects": [
            "INV-1"
          ],
          "currency": "EUR",
          "lines": [
            {
              "line": 1,
              "kind": "charge",
              "category": "generic",
              "description": "generic users, 1202 in place of 1204",
              "quantity": -2,
              "amount": "-1.80"
            },
            {
              "line": 2,
              "kind": "tax",
              "category": null,
              "description": "VAT 21 %",
              "quantity": 0,
              "amount": "-0.38"
            }
          ],
          "net": "-1.80",
          "tax": "-0.38",
          "total": "-2.18",
          "carried_forward": "0.00",
          "final": {
            "number": "INV-4",
            "ledger_head": "blake3:00"
          }
        }
        "#);
    }
}

//! `invoice.json`: one invoice with its sums and notes, for programs.

use super::text::json_safe;
use crate::model::{Category, CategoryUsage, Invoice, InvoiceLine, Money, UserNote};
use serde::Serialize;

/// Rises when a key changes its meaning or goes away; new keys do not raise it.
const SCHEMA: u32 = 1;

/// The invoice as pretty JSON with a final newline. Keys keep their order; amounts are strings
/// with all the currency's digits, so that no reader makes floats of them.
pub fn invoice_json(invoice: &Invoice) -> String {
    let shown = Shown {
        schema: SCHEMA,
        invoice_id: &invoice.id,
        tenant: &invoice.tenant,
        cycle_start: invoice.cycle.first_day.to_string(),
        cycle_end: invoice.cycle.end_day.to_string(),
        is_partial: invoice.is_partial,
        currency: invoice.total.currency().code().to_owned(),
        lines: invoice.lines.iter().map(ShownLine::from).collect(),
        net: invoice.net.to_string(),
        tax: invoice.tax.to_string(),
        total: invoice.total.to_string(),
        carried_forward: invoice.carried_forward.to_string(),
        usage: ShownUsage {
            generic: invoice.usage.of(Category::Generic).into(),
            desktop: invoice.usage.of(Category::Desktop).into(),
            conferencing: invoice.usage.of(Category::Conferencing).into(),
            messaging: invoice.usage.of(Category::Messaging).into(),
        },
        notes: invoice.notes.iter().map(ShownNote::from).collect(),
        warnings: &invoice.warnings,
    };
    let json = serde_json::to_string_pretty(&shown).expect("strings, numbers and lists are JSON");
    json_safe(json + "\n")
}

#[derive(Serialize)]
struct Shown<'t> {
    schema: u32,
    invoice_id: &'t str,
    tenant: &'t str,
    cycle_start: String,
    cycle_end: String,
    is_partial: bool,
    currency: String,
    lines: Vec<ShownLine<'t>>,
    net: String,
    tax: String,
    total: String,
    carried_forward: String,
    usage: ShownUsage,
    notes: Vec<ShownNote>,
    warnings: &'t [String],
}

#[derive(Serialize)]
struct ShownLine<'t> {
    line: u32,
    kind: &'static str,
    category: Option<&'static str>,
    description: &'t str,
    quantity: u64,
    unit_price: Option<String>,
    amount: String,
}

impl<'t> From<&'t InvoiceLine> for ShownLine<'t> {
    fn from(line: &'t InvoiceLine) -> Self {
        Self {
            line: line.line,
            kind: line.kind.name(),
            category: line.category.map(Category::name),
            description: &line.description,
            quantity: line.quantity,
            unit_price: line.unit_price.map(|price| price.to_string()),
            amount: line.amount.to_string(),
        }
    }
}

#[derive(Serialize)]
struct ShownUsage {
    generic: ShownCategory,
    desktop: ShownCategory,
    conferencing: ShownCategory,
    messaging: ShownCategory,
}

#[derive(Serialize)]
struct ShownCategory {
    users: u64,
    push_only: u64,
    sustained_open: u64,
    sustained_closed: u64,
}

impl From<&CategoryUsage> for ShownCategory {
    fn from(usage: &CategoryUsage) -> Self {
        let CategoryUsage { users, push_only, sustained_open, sustained_closed } = *usage;
        Self { users, push_only, sustained_open, sustained_closed }
    }
}

#[derive(Serialize)]
struct ShownNote {
    category: &'static str,
    kind: &'static str,
    users: u64,
    amount: String,
}

impl From<&UserNote> for ShownNote {
    fn from(note: &UserNote) -> Self {
        Self {
            category: note.category.name(),
            kind: note.kind,
            users: note.users,
            amount: Money::to_string(&note.amount),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::invoice;
    use super::*;

    #[test]
    fn an_invoice_keeps_its_keys_in_order_and_its_amounts_as_text() {
        insta::assert_snapshot!(invoice_json(&invoice("acme")), @r#"
        {
          "schema": 1,
          "invoice_id": "acme-2026-10-01",
          "tenant": "acme",
          "cycle_start": "2026-10-01",
          "cycle_end": "2026-10-31",
          "is_partial": false,
          "currency": "EUR",
          "lines": [
            {
              "line": 1,
              "kind": "feature",
              "category": null,
              "description": "push-notifications",
              "quantity": 1,
              "unit_price": "120.00",
              "amount": "120.00"
            },
            {
              "line": 2,
              "kind": "charge",
              "category": "generic",
              "description": "Generic users, 1 to 1204",
              "quantity": 1204,
              "unit_price": "0.900",
              "amount": "1083.60"
            },
            {
              "line": 3,
              "kind": "discount",
              "category": "generic",
              "description": "10 % discount",
              "quantity": 1,
              "unit_price": null,
              "amount": "-108.36"
            },
            {
              "line": 4,
              "kind": "tax",
              "category": null,
              "description": "VAT 21 %",
              "quantity": 1,
              "unit_price": null,
              "amount": "230.00"
            }
          ],
          "net": "1095.24",
          "tax": "230.00",
          "total": "1325.24",
          "carried_forward": "0.00",
          "usage": {
            "generic": {
              "users": 1204,
              "push_only": 12,
              "sustained_open": 3,
              "sustained_closed": 0
            },
            "desktop": {
              "users": 0,
              "push_only": 0,
              "sustained_open": 0,
              "sustained_closed": 0
            },
            "conferencing": {
              "users": 0,
              "push_only": 0,
              "sustained_open": 0,
              "sustained_closed": 0
            },
            "messaging": {
              "users": 40,
              "push_only": 0,
              "sustained_open": 0,
              "sustained_closed": 0
            }
          },
          "notes": [
            {
              "category": "generic",
              "kind": "push_only",
              "users": 12,
              "amount": "9.72"
            }
          ],
          "warnings": [
            "the set-up fee has no date; it is not charged"
          ]
        }
        "#);
    }
}

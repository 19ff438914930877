//! `invoice.json`: what `invoice.html` says, for programs.
//!
//! Schema 1, keys in their order:
//!
//! - `schema`, `invoice_id`, `tenant`; `cycle_start` and `cycle_end`, the first day and the first after the
//!   cycle, local to its zone; `is_partial` where the logs end before it does; `currency` (ISO 4217)
//! - `seller`, `customer`: `null` where the book names none; `date`, and `due` where the book says
//!   so
//! - `lines`: `line` from 1, `kind` (`setup`, `feature`, `charge`, `included`, `discount`, `minimum`,
//!   `adjustment`, `credit`, `tax`), `category` or `null`, `description`, `quantity`, `unit_price` or `null`,
//!   `amount`. Amounts add up to `total`
//! - `net`, `tax`, `total`, `carried_forward`: amounts are strings with all of the currency's digits
//! - `usage`: by category `users`, those among them that count only through a push server or a
//!   sustained binding, and `platforms`: users seen on each, one who was seen on two counts on both
//! - `active_by_day`: billed users with something of their own on each day of the cycle
//! - `notes`, `warnings`
//! - `coverage`: by host the spans of whole hours (UTC) inside the cycle without a record
//! - `final`, absent from a draft: `number`, and `ledger_head`, the digest of the ledger before it
//! - `book`, `inputs`: names and BLAKE3 digests; `inputs_digest` is one for all of them

use super::invoice_content::{FileDigest, InvoiceContent};
use super::manifest::BookFacts;
use super::text::json_safe;
use crate::model::{
    Category, CategoryUsage, Customer, Figures, FinalMark, InvoiceLine, Letterhead, Money, Platform,
    UserNote, Window,
};
use serde::Serialize;
use std::collections::BTreeMap;

/// Rises when a key changes its meaning or goes away; new keys do not raise it.
pub(super) const SCHEMA: u32 = 1;

/// The invoice as pretty JSON with a final newline. Keys keep their order; amounts are strings
/// with all the currency's digits, so that no reader makes floats of them.
pub fn invoice_json(content: &InvoiceContent<'_>) -> String {
    let invoice = content.invoice;
    let usage = |category| ShownCategory::new(invoice.usage.of(category), content.figures, category);
    let shown = Shown {
        schema: SCHEMA,
        invoice_id: &invoice.id,
        tenant: &invoice.tenant,
        cycle_start: invoice.cycle.first_day.to_string(),
        cycle_end: invoice.cycle.end_day.to_string(),
        is_partial: invoice.is_partial,
        currency: invoice.total.currency().code().to_owned(),
        seller: (!content.letterhead.name.is_empty()).then(|| content.letterhead.into()),
        customer: (!content.customer.name.is_empty()).then(|| content.customer.into()),
        date: invoice.cycle.end_day.to_string(),
        due: content.due_day().map(|day| day.to_string()),
        lines: invoice.lines.iter().map(ShownLine::from).collect(),
        net: invoice.net.to_string(),
        tax: invoice.tax.to_string(),
        total: invoice.total.to_string(),
        carried_forward: invoice.carried_forward.to_string(),
        usage: ShownUsage {
            generic: usage(Category::Generic),
            desktop: usage(Category::Desktop),
            conferencing: usage(Category::Conferencing),
            messaging: usage(Category::Messaging),
        },
        active_by_day: content.figures.days(invoice.cycle.days()),
        notes: invoice.notes.iter().map(ShownNote::from).collect(),
        warnings: &invoice.warnings,
        coverage: content
            .hosts
            .iter()
            .map(|host| ShownHost {
                host: &host.host,
                silent: host.silences(invoice.cycle.window, content.end_of_logs).map(Span::from).collect(),
            })
            .collect(),
        book: content.book,
        inputs_digest: content.inputs_digest(),
        inputs: content.inputs,
        r#final: invoice.final_mark.as_ref().map(ShownMark::from),
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
    seller: Option<ShownSeller<'t>>,
    customer: Option<ShownCustomer<'t>>,
    date: String,
    due: Option<String>,
    lines: Vec<ShownLine<'t>>,
    net: String,
    tax: String,
    total: String,
    carried_forward: String,
    usage: ShownUsage,
    active_by_day: &'t [u64],
    notes: Vec<ShownNote>,
    warnings: &'t [String],
    coverage: Vec<ShownHost<'t>>,
    book: &'t BookFacts,
    inputs_digest: String,
    inputs: &'t [FileDigest],
    /// Absent from a draft.
    #[serde(skip_serializing_if = "Option::is_none")]
    r#final: Option<ShownMark<'t>>,
}

/// What makes an invoice or a correction final.
#[derive(Serialize)]
pub(super) struct ShownMark<'t> {
    number: &'t str,
    ledger_head: &'t str,
}

impl<'t> From<&'t FinalMark> for ShownMark<'t> {
    fn from(mark: &'t FinalMark) -> Self {
        Self { number: &mark.number, ledger_head: &mark.head_digest }
    }
}

#[derive(Serialize)]
struct ShownSeller<'t> {
    name: &'t str,
    address: &'t [String],
    tax_id: Option<&'t str>,
    contact: Option<&'t str>,
    bank: Option<&'t str>,
}

impl<'t> From<&'t Letterhead> for ShownSeller<'t> {
    fn from(seller: &'t Letterhead) -> Self {
        Self {
            name: &seller.name,
            address: &seller.address,
            tax_id: seller.tax_id.as_deref(),
            contact: seller.contact.as_deref(),
            bank: seller.bank.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct ShownCustomer<'t> {
    name: &'t str,
    address: &'t [String],
    tax_id: Option<&'t str>,
    reference: Option<&'t str>,
}

impl<'t> From<&'t Customer> for ShownCustomer<'t> {
    fn from(customer: &'t Customer) -> Self {
        Self {
            name: &customer.name,
            address: &customer.address,
            tax_id: customer.tax_id.as_deref(),
            reference: customer.reference.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct ShownHost<'t> {
    host: &'t str,
    silent: Vec<Span>,
}

#[derive(Serialize)]
struct Span {
    from: String,
    until: String,
}

impl From<Window> for Span {
    fn from(span: Window) -> Self {
        Self { from: span.start.to_string(), until: span.end.to_string() }
    }
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
    platforms: BTreeMap<&'static str, u64>,
}

impl ShownCategory {
    fn new(usage: &CategoryUsage, figures: &Figures, category: Category) -> Self {
        let CategoryUsage { users, push_only, sustained_open, sustained_closed } = *usage;
        let named = |(platform, users): (Platform, u64)| (platform.name(), users);
        let platforms = figures.platforms(category).map(named).collect();
        Self { users, push_only, sustained_open, sustained_closed, platforms }
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
    use super::super::samples::{invoice, with_content};
    use super::*;

    #[test]
    fn an_invoice_keeps_its_keys_in_order_and_its_amounts_as_text() {
        insta::assert_snapshot!(with_content(&invoice("acme"), "", invoice_json), @r#"
        {
          "schema": 1,
          "invoice_id": "acme-2026-10-01",
          "tenant": "acme",
          "cycle_start": "2026-10-01",
          "cycle_end": "2026-10-31",
          "is_partial": false,
          "currency": "EUR",
          "seller": {
            "name": "Siptel",
            "address": [
              "1 Main Street"
            ],
            "tax_id": null,
            "contact": null,
            "bank": null
          },
          "customer": {
            "name": "Acme",
            "address": [],
            "tax_id": null,
            "reference": null
          },
          "date": "2026-10-31",
          "due": "2026-11-14",
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
              "sustained_closed": 0,
              "platforms": {
                "android": 1,
                "ios": 1
              }
            },
            "desktop": {
              "users": 0,
              "push_only": 0,
              "sustained_open": 0,
              "sustained_closed": 0,
              "platforms": {}
            },
            "conferencing": {
              "users": 0,
              "push_only": 0,
              "sustained_open": 0,
              "sustained_closed": 0,
              "platforms": {}
            },
            "messaging": {
              "users": 40,
              "push_only": 0,
              "sustained_open": 0,
              "sustained_closed": 0,
              "platforms": {}
            }
          },
          "active_by_day": [
            1,
            1,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0
          ],
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
          ],
          "coverage": [
            {
              "host": "edge1",
              "silent": [
                {
                  "from": "2026-10-02T04:00:00Z",
                  "until": "2026-10-02T08:00:00Z"
                }
              ]
            }
          ],
          "book": {
            "file": "book.toml",
            "digest": "blake3:b00c"
          },
          "inputs_digest": "blake3:4be5fc06233e46050040297d99f63d33fe66f3bbc881b1780fd5a4791194e31e",
          "inputs": [
            {
              "file": "edge1/kamailio.log",
              "digest": "blake3:106"
            }
          ]
        }
        "#);
    }
}

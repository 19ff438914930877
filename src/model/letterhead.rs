//! Who writes an invoice, and to whom: what stands at its head, and decides nothing.

/// The seller: `[letterhead]` of the book. Empty where the book says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Letterhead {
    pub name: String,
    pub address: Vec<String>,
    pub tax_id: Option<String>,
    /// Where questions go: a mail address, a telephone number.
    pub contact: Option<String>,
    /// Where the money goes, as `IBAN CZ65 …`.
    pub bank: Option<String>,
    /// Days from the invoice's date until it is due.
    pub due_days: Option<u16>,
    pub footer: Option<String>,
}

/// The customer: `[customer]` of the book or of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Customer {
    pub name: String,
    pub address: Vec<String>,
    pub tax_id: Option<String>,
    /// The customer's own word for it: an order number.
    pub reference: Option<String>,
}

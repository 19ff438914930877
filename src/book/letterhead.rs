//! `[letterhead]` and `[customer]`: what stands at the head of an invoice.

use super::section::{Field, Section};
use super::value::{positive, text, texts};
use crate::model::{Customer, Letterhead};

/// The table `[letterhead]`.
pub(super) fn letterhead(table: &Section<'_>) -> Option<Letterhead> {
    let name = table.need("name", text);
    let read = Letterhead {
        name: String::new(),
        address: table.get_or("address", texts, Vec::new(), "none"),
        tax_id: table.get("tax_id", text),
        contact: table.get("contact", text),
        bank: table.get("bank", text),
        due_days: table.get("due_days", days),
        footer: table.get("footer", text),
    };
    Some(Letterhead { name: name?, ..read })
}

/// The table `[customer]`.
pub(super) fn customer(table: &Section<'_>) -> Option<Customer> {
    let name = table.need("name", text);
    let read = Customer {
        name: String::new(),
        address: table.get_or("address", texts, Vec::new(), "none"),
        tax_id: table.get("tax_id", text),
        reference: table.get("reference", text),
    };
    Some(Customer { name: name?, ..read })
}

fn days(field: &Field<'_, '_>) -> Option<u16> {
    let days = positive(field)?;
    u16::try_from(days)
        .ok()
        .filter(|days| *days <= 365)
        .or_else(|| field.fault(format!("`{}` is {days}; an invoice is due within a year", field.key)))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{problems_of, read_table};
    use super::*;

    #[test]
    fn a_letterhead_needs_a_name_only() {
        let head = read_table("[letterhead]\nname = 'Siptel'\ndue_days = 14\n", "letterhead", letterhead);
        assert_eq!(head, Letterhead { name: "Siptel".into(), due_days: Some(14), ..Letterhead::default() });
        let read = |root: &Section<'_>| {
            root.table("letterhead", letterhead);
            root.table("customer", customer).map(|_| ())
        };
        assert_eq!(
            problems_of("[letterhead]\nname = 'S'\ndue_days = 400\n[customer]\nadress = ['x']\n", read),
            [
                "3: `due_days` is 400; an invoice is due within a year",
                "4: `name` is missing in [customer]",
                "5: unknown key `adress` in [customer]; did you mean `address`?"
            ]
        );
    }
}

//! `differences.csv`: every row of theirs that is no match, and every charge of ours that they do not make.

use super::{Dialect, Sheet};
use crate::compare::{Difference, Proof, TheirRow};
use crate::model::{Category, Currency, Spot};
use rust_decimal::Decimal;
use std::io::{self, Write};

const COLUMNS: [&str; 16] = [
    "class",
    "reason",
    "tenant",
    "category",
    "sip_uri",
    "their_row",
    "their_text",
    "their_category",
    "their_amount",
    "our_category",
    "our_amount",
    "amount_at_stake",
    "evidence",
    "evidence_file",
    "evidence_offset",
    "detail",
];

/// The file that shows what no record can: that there is none.
const COVERAGE_FILE: &str = "coverage.csv";

/// Knows what the parties' numbers stand for; whoever holds book and plan implements it.
pub trait Parties {
    /// The tenant's name.
    fn tenant(&self, number: usize) -> &str;

    /// The tenant's currency; of no tenant the one that all have.
    fn currency(&self, tenant: Option<usize>) -> Option<Currency>;

    /// The input's path as shown.
    fn input(&self, spot: Spot) -> &str;

    /// The name of the tenant's side file for that category.
    fn side_file(&self, tenant: Option<usize>, category: Category) -> &str;
}

/// Writes the rows in the order given. `their_row` is the line of their file on which the row starts.
///
/// # Errors
///
/// What the writer says.
pub fn write_differences_csv(
    out: &mut dyn Write,
    dialect: Dialect,
    differences: &[Difference],
    rows: &[TheirRow],
    parties: &dyn Parties,
) -> io::Result<()> {
    let mut sheet = Sheet::new(out, dialect, &COLUMNS);
    for it in differences {
        let theirs = it.row.map(|row| &rows[row]);
        let currency = parties.currency(it.tenant);
        let amount = |amount: Option<Decimal>| amount.map(|amount| money_text(amount, currency));
        sheet.row(|row| {
            row.name(it.class.name());
            row.text(&it.reason);
            row.text(it.tenant.map_or("", |tenant| parties.tenant(tenant)));
            row.name(it.category.map_or("", Category::name));
            match &it.id {
                Some(id) => row.sip_uri(id.borrowed()),
                None => row.empty(),
            }
            row.optional(theirs.map(|theirs| theirs.line));
            row.log_text(theirs.map_or(b"", |theirs| theirs.text.as_bytes()));
            row.log_text(theirs.map_or(b"", |theirs| theirs.category_text.as_bytes()));
            row.optional(amount(theirs.and_then(|theirs| theirs.amount)));
            let ours: Vec<&str> = it.our_categories.iter().map(|category| category.name()).collect();
            row.text(&ours.join(" "));
            row.optional(amount(it.our_amount));
            row.optional(amount(it.at_stake));
            row.name(it.proof.name());
            match it.proof {
                Proof::Nothing => {
                    row.empty();
                    row.empty();
                }
                Proof::Coverage => {
                    row.name(COVERAGE_FILE);
                    row.empty();
                }
                Proof::Record { spot, .. } => {
                    row.text(parties.input(spot));
                    row.number(spot.offset);
                }
                Proof::SideFile { category, line } => {
                    row.text(parties.side_file(it.tenant, category));
                    row.number(line);
                }
            }
            row.text(&it.detail);
        })?;
    }
    sheet.finish()
}

/// The amount with at least the currency's digits, and all of its own.
pub(super) fn money_text(amount: Decimal, currency: Option<Currency>) -> String {
    let mut amount = amount.normalize();
    let digits = currency.map_or(2, |currency| currency.digits());
    if amount.scale() < digits {
        amount.rescale(digits);
    }
    amount.to_string()
}

#[cfg(test)]
mod tests {
    use super::super::samples::written;
    use super::*;
    use crate::compare::DiffClass;
    use crate::model::SipId;

    struct Names;

    impl Parties for Names {
        fn tenant(&self, _: usize) -> &str {
            "acme"
        }

        fn currency(&self, _: Option<usize>) -> Option<Currency> {
            Currency::from_code("EUR")
        }

        fn input(&self, _: Spot) -> &str {
            "edge1/kamailio.log"
        }

        fn side_file(&self, _: Option<usize>, _: Category) -> &str {
            "hosts.csv"
        }
    }

    #[test]
    fn each_row_says_what_differs_by_how_much_and_what_shows_it() {
        let row = TheirRow {
            line: 7,
            text: "=HYPERLINK(\"x\")@a.example".to_owned(),
            category_text: "Mobile\u{1b}[2J".to_owned(),
            amount: "1.5".parse().ok(),
            claim: Err(("no_user", String::new())),
        };
        let theirs = Difference {
            class: DiffClass::BilledNotSeen,
            reason: "only_refused".to_owned(),
            tenant: Some(0),
            category: Some(Category::Generic),
            id: Some(SipId::from_canonical(b"+420777@a.example")),
            row: Some(0),
            our_categories: Vec::new(),
            our_amount: None,
            at_stake: "1.5".parse().ok(),
            proof: Proof::Record { kind: "line", spot: Spot { input: 0, offset: 42 } },
            detail: "every attempt was refused".to_owned(),
        };
        let ours = Difference {
            class: DiffClass::SeenNotBilled,
            row: None,
            our_categories: vec![Category::Generic],
            our_amount: "0.675".parse().ok(),
            at_stake: "-0.675".parse().ok(),
            proof: Proof::SideFile { category: Category::Generic, line: 3 },
            detail: String::new(),
            ..theirs.clone()
        };
        let text = written(|out| {
            write_differences_csv(
                out,
                Dialect::Spreadsheet,
                &[theirs, ours],
                std::slice::from_ref(&row),
                &Names,
            )
        });
        insta::assert_snapshot!(text.trim_start_matches('\u{feff}'), @r#"
        class,reason,tenant,category,sip_uri,their_row,their_text,their_category,their_amount,our_category,our_amount,amount_at_stake,evidence,evidence_file,evidence_offset,detail
        billed_not_seen,only_refused,acme,generic,sip:+420777@a.example,7,"'=HYPERLINK(""x"")@a.example",Mobile\x1B[2J,1.50,,,1.50,line,edge1/kamailio.log,42,every attempt was refused
        seen_not_billed,only_refused,acme,generic,sip:+420777@a.example,,,,,generic,0.675,-0.675,side_file,hosts.csv,3,
        "#);
    }
}

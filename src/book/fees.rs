//! `[[setup]]`, `[[feature]]`, `[[adjust]]` and `[tax]`: everything charged or taken off that is
//! not a price per user.

use super::charges::category;
use super::section::Section;
use super::value::{boolean, date, decimal, list, percent, price, text};
use crate::billing::{Adjust, AdjustKind, Feature, Setup, Tax};
use crate::model::Category;
use rust_decimal::Decimal;

/// One table `[[setup]]`.
pub(super) fn setup(table: &Section<'_>) -> Option<Setup> {
    let description = table.get_or("description", text, "Set-up fee".to_owned(), "Set-up fee");
    let price = table.need("price", price);
    let first_cycle = table.get("first_cycle", date);
    if !table.has("first_cycle") {
        let text = "a set-up fee without `first_cycle` is charged only where a ledger shows the first cycle";
        table.problems.warn(table.line, text);
    }
    Some(Setup { description, price: price?, first_cycle })
}

/// One table `[[feature]]`; a disabled one needs no price.
pub(super) fn feature(table: &Section<'_>) -> Option<Feature> {
    let name = table.need("name", text);
    let enabled = table.get_or("enabled", boolean, true, "true");
    let price = if enabled || table.has("price") { table.need("price", price) } else { Some(Decimal::ZERO) };
    Some(Feature { name: name?, price: price?, enabled })
}

const KINDS: [(&str, AdjustKind); 3] =
    [("percent", AdjustKind::Percent), ("fixed", AdjustKind::Fixed), ("credit", AdjustKind::Credit)];

/// One table `[[adjust]]`.
pub(super) fn adjust(table: &Section<'_>) -> Option<Adjust> {
    let kind = table.need_choice("kind", &KINDS);
    let description = table.get("description", text);
    let value = table.need("value", |field| match kind {
        Some(AdjustKind::Percent) => percent(field),
        // A negative credit would be a charge that nobody agreed to.
        Some(AdjustKind::Credit) => {
            let value = decimal(field)?;
            if value > Decimal::ZERO {
                Some(value)
            } else {
                field.fault(format!("`value` is `{value}`; a credit is above zero"))
            }
        }
        Some(AdjustKind::Fixed) | None => decimal(field),
    });
    if kind == Some(AdjustKind::Percent) || kind.is_none() {
        check_applies_to(table);
    } else {
        table.refuse("applies_to", "belongs to `kind = \"percent\"`");
    }
    let applies_to = if kind == Some(AdjustKind::Percent) {
        let all = "generic, desktop, conferencing, messaging";
        table.get_or("applies_to", |field| list(field, category), Category::ALL.to_vec(), all)
    } else {
        Vec::new()
    };
    let is_credit = kind == Some(AdjustKind::Credit);
    let (mut from, mut until, mut cycle) = (None, None, None);
    if is_credit {
        table.refuse("from", "has no place in a credit, which is given once; use `cycle`");
        table.refuse("until", "has no place in a credit, which is given once; use `cycle`");
        if !table.has("cycle") {
            table.missing("cycle", "a credit is given once; name a day of its cycle");
        }
        cycle = table.get("cycle", date);
    } else {
        if kind.is_some() {
            table.refuse("cycle", "belongs to `kind = \"credit\"`; use `from` and `until`");
        } else {
            table.has("cycle");
        }
        from = table.get("from", date);
        until = table.get("until", date);
    }
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        table.problems.report(table.line_of("until"), format!("`until` `{until}` is before `from` `{from}`"));
    }
    Some(Adjust { kind: kind?, description, value: value?, applies_to, from, until, cycle })
}

/// What `category` would call unknown, but means something to the reader of a price list.
fn check_applies_to(table: &Section<'_>) {
    if !table.has("applies_to") {
        return;
    }
    let line = table.line_of("applies_to");
    let written = table.array("applies_to");
    if written.is_some_and(toml_edit::Array::is_empty) {
        table.problems.report(line, "`applies_to` is empty; leave it out for all user charges");
    }
    let mut seen: Vec<&str> = Vec::new();
    for name in written.into_iter().flatten().filter_map(toml_edit::Value::as_str) {
        if seen.contains(&name) {
            table
                .problems
                .report(line, format!("`applies_to` names `{name}` twice", name = name.escape_debug()));
        }
        seen.push(name);
    }
}

/// The table `[tax]`.
pub(super) fn tax(table: &Section<'_>) -> Option<Tax> {
    let label = table.need("label", text);
    let rate = table.need("rate", percent);
    Some(Tax { label: label?, rate: rate? })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{problems_of, read_table, read_tables};
    use super::*;

    fn adjust_complaints(body: &str) -> Vec<String> {
        problems_of(&format!("[[adjust]]\n{body}"), |root| root.tables("adjust", None, adjust))
    }

    #[test]
    fn a_percentage_applies_to_all_user_charges_unless_it_says_otherwise() {
        let toml = "[[adjust]]\nkind = 'percent'\nvalue = '10'\n";
        assert_eq!(read_tables(toml, "adjust", adjust)[0].applies_to, Category::ALL);
        let toml = format!("{toml}applies_to = ['desktop']\n");
        assert_eq!(read_tables(&toml, "adjust", adjust)[0].applies_to, [Category::Desktop]);
    }

    #[test]
    fn a_fixed_adjustment_may_add() {
        let toml = "[[adjust]]\nkind = 'fixed'\nvalue = '-5'\n";
        assert_eq!(read_tables(toml, "adjust", adjust)[0].value, Decimal::from(-5));
    }

    #[test]
    fn adjustments_that_make_no_sense_are_refused() {
        assert_eq!(
            adjust_complaints(
                "kind = 'percent'\nvalue = '101'\napplies_to = ['setup', 'desktop', 'desktop']\n"
            ),
            [
                "3: `value` is `101` percent; it must be from 0 to 100",
                "4: `applies_to` names `desktop` twice",
                "4: unknown `applies_to` `setup`; use `generic`, `desktop`, `conferencing` or `messaging`",
            ]
        );
        assert_eq!(
            adjust_complaints("kind = 'percent'\nvalue = '1'\napplies_to = []\ncycle = 2026-01-01\n"),
            [
                "4: `applies_to` is empty; leave it out for all user charges",
                "5: `cycle` belongs to `kind = \"credit\"`; use `from` and `until`",
            ]
        );
        assert_eq!(
            adjust_complaints("kind = 'credit'\nvalue = '0'\nuntil = 2026-01-01\napplies_to = ['generic']\n"),
            [
                "1: `cycle` is missing in [[adjust]]; a credit is given once; name a day of its cycle",
                "3: `value` is `0`; a credit is above zero",
                "4: `until` has no place in a credit, which is given once; use `cycle`",
                "5: `applies_to` belongs to `kind = \"percent\"`",
            ]
        );
        assert_eq!(
            adjust_complaints("kind = 'fixed'\nvalue = 5\nfrom = 2026-02-01\nuntil = 2026-01-31\n"),
            [
                "3: `value` is a bare number; write it as a string, `\"5\"`",
                "5: `until` `2026-01-31` is before `from` `2026-02-01`",
            ]
        );
        assert_eq!(
            adjust_complaints("kind = 'credits'\nvalue = '5'\ncycle = 2026-02-01\n"),
            ["2: unknown `kind` `credits`; did you mean `credit`?"]
        );
    }

    #[test]
    fn a_feature_that_is_off_needs_no_price() {
        let toml = "[[feature]]\nname = 'a'\nenabled = false\n";
        assert_eq!(read_tables(toml, "feature", feature)[0].price, Decimal::ZERO);
        assert_eq!(
            problems_of("[[feature]]\nname = 'a'\n", |root| root.tables("feature", None, feature)),
            ["1: `price` is missing in [[feature]]"]
        );
    }

    #[test]
    fn a_tax_needs_its_label_and_rate() {
        assert_eq!(read_table("[tax]\nlabel = 'VAT'\nrate = '21'\n", "tax", tax).rate, Decimal::from(21));
        assert_eq!(
            problems_of("[tax]\nlable = 'VAT'\nrate = 21\n", |root| root.table("tax", tax)),
            [
                "2: unknown key `lable` in [tax]; did you mean `label`?",
                "3: `rate` is a bare number; write it as a string, `\"21\"`",
            ]
        );
    }
}

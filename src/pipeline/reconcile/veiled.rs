//! A comparison under pseudonyms, to be shared.

use crate::compare::{Comparison, DiffClass, Difference, TheirRow};
use crate::identity::{Policy, Pseudonyms};
use crate::model::{SipId, SipIdRef};
use std::collections::HashMap;

/// The rows and the comparison without whoever they name. What their list wrote of a user gives way
/// to the pseudonym, or, where no user could be read from it, to a token of its own.
pub fn veiled(
    rows: &[TheirRow],
    comparison: &Comparison,
    pseudonyms: &Pseudonyms,
    policy: &Policy,
) -> (Vec<TheirRow>, Comparison) {
    let veil = Veil { pseudonyms, policy };
    let rows_shown: Vec<TheirRow> = rows.iter().map(|row| veil.row(row)).collect();
    let written = rows.iter().zip(&rows_shown);
    let written: HashMap<&str, &str> =
        written.map(|(row, shown)| (row.text.as_str(), shown.text.as_str())).collect();
    let all = |list: &[Difference]| -> Vec<Difference> {
        let mut list: Vec<Difference> = list.iter().map(|it| veil.difference(it, &written)).collect();
        // The order of the names would tell something of them.
        let is_one = |one: &Difference, other: &Difference| {
            (one.class, one.tenant, one.category) == (other.class, other.tenant, other.category)
        };
        for users in list.chunk_by_mut(is_one) {
            users.sort_by(|one, other| (&one.id, one.row).cmp(&(&other.id, other.row)));
        }
        list
    };
    let shown = Comparison {
        differences: all(&comparison.differences),
        matches: all(&comparison.matches),
        by_class: comparison.by_class.clone(),
        rows: comparison.rows,
    };
    (rows_shown, shown)
}

struct Veil<'a> {
    pseudonyms: &'a Pseudonyms,
    policy: &'a Policy,
}

impl Veil<'_> {
    fn id(&self, id: SipIdRef<'_>) -> SipId {
        SipId::from_canonical(&self.pseudonyms.of(id))
    }

    fn token(&self, text: &str) -> String {
        format!("u{}", self.pseudonyms.token(text.as_bytes()))
    }

    fn row(&self, row: &TheirRow) -> TheirRow {
        let mut row = row.clone();
        match &mut row.claim {
            Ok(claim) => {
                claim.id = self.id(claim.id.borrowed());
                row.text = claim.id.escaped();
            }
            Err((_, sentence)) => {
                *sentence = quoted(sentence, |text| self.token(text));
                if !row.text.is_empty() {
                    row.text = self.token(&row.text);
                }
            }
        }
        row
    }

    fn difference(&self, it: &Difference, written: &HashMap<&str, &str>) -> Difference {
        let detail = quoted(&it.detail, |text| match (written.get(text), it.class) {
            (Some(shown), _) => (*shown).to_owned(),
            // A word of theirs that could not be read may be anybody's name.
            (None, DiffClass::VendorRowBad) => self.token(text),
            (None, _) => text.to_owned(),
        });
        let known: Vec<SipIdRef<'_>> = it.id.iter().map(SipId::borrowed).collect();
        let detail = self.pseudonyms.text(detail.as_bytes(), self.policy, &known);
        Difference {
            id: it.id.as_ref().map(|id| self.id(id.borrowed())),
            detail: String::from_utf8_lossy(&detail).into_owned(),
            ..it.clone()
        }
    }
}

/// The sentence with what it quotes between backticks put in other words.
fn quoted(sentence: &str, word: impl Fn(&str) -> String) -> String {
    let mut written = String::with_capacity(sentence.len());
    for (number, part) in sentence.split('`').enumerate() {
        match number % 2 {
            0 => written.push_str(part),
            _ => written.extend(["`", &word(part), "`"]),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_quoted_changes() {
        let word = |text: &str| text.to_uppercase();
        assert_eq!(quoted("row 7 as `a@b`; `c` too", word), "row 7 as `A@B`; `C` too");
        assert_eq!(quoted("nothing", word), "nothing");
    }
}

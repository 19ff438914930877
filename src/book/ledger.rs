//! `[ledger]`: where final invoices are noted, and what their numbers look like.

use super::section::{Field, Section};
use super::value::text;
use std::path::PathBuf;

/// The name of a ledger that nobody gave a name.
pub const LEDGER_DEFAULT: &str = "ledger.jsonl";

/// The ledger that a book's final invoices go to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LedgerSpec {
    /// Relative to the book; [`LEDGER_DEFAULT`] beside the book where it is `None`.
    pub path: Option<PathBuf>,
    /// What stands before the numbers.
    pub prefix: String,
}

/// The table `[ledger]`.
pub(super) fn ledger(table: &Section<'_>) -> LedgerSpec {
    let path = |field: &Field<'_, '_>| text(field).map(|path| Some(PathBuf::from(path)));
    LedgerSpec {
        path: table.get_or("path", path, None, LEDGER_DEFAULT),
        prefix: table.get_or("prefix", prefix, String::new(), "none"),
    }
}

/// A prefix becomes part of what people read out, file and look for.
fn prefix(field: &Field<'_, '_>) -> Option<String> {
    let text = text(field)?;
    if text.chars().all(|c| c.is_ascii_graphic()) {
        return Some(text);
    }
    field.fault("`prefix` is of ASCII letters, digits and signs, such as `\"INV-\"`")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{problems_of, read_table};
    use super::*;

    #[test]
    fn a_ledger_has_a_path_and_a_prefix() {
        let toml = "[ledger]\npath = 'books/final.jsonl'\nprefix = 'INV-'\n";
        let read = read_table(toml, "ledger", |table| Some(ledger(table)));
        assert_eq!(read, LedgerSpec { path: Some("books/final.jsonl".into()), prefix: "INV-".to_owned() });
    }

    #[test]
    fn a_prefix_is_printable() {
        assert_eq!(
            problems_of("[ledger]\npaths = 'x'\nprefix = 'a b'\n", |root| root
                .table("ledger", |table| Some(ledger(table)))),
            [
                "2: unknown key `paths` in [ledger]; did you mean `path`?",
                "3: `prefix` is of ASCII letters, digits and signs, such as `\"INV-\"`",
            ]
        );
    }
}

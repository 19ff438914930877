//! The side files that a book names, by the SIP-IDs they list.

use super::BillError;
use crate::book::{Book, Tenant};
use crate::facts::Evidence;
use crate::model::{Category, SipId};
use crate::pipeline::scan::Scan;
use crate::pipeline::spelling::{Meaning, Spellings};
use crate::read::{SideFile, SideKind, SideRow};
use ahash::RandomState;
use std::collections::HashMap;
use std::path::Path;

/// A side file, by the SIP-IDs it lists.
#[derive(Debug)]
pub(super) struct SideIndex {
    pub category: Category,
    pub file: SideFile,
    /// Path as the book writes it, relative to the book, which is its name in all outputs.
    pub shown: String,
    rows: HashMap<SipId, Vec<usize>, RandomState>,
}

impl SideIndex {
    /// Those of the charges that a tenant pays; their times are shifted as those of the calendar are. Whom a row means
    /// depends on whom the scan knows.
    pub fn of_tenant(
        book: &Book,
        tenant: &Tenant,
        shift_seconds: i64,
        scan: Option<&Scan>,
    ) -> Result<Vec<Self>, BillError> {
        let charges = tenant.tariff.charges.iter().filter(|charge| charge.enabled);
        let indexes = charges.filter_map(|charge| {
            let name = charge.side_file.as_ref()?;
            Some(Self::load(book, charge.category, name, shift_seconds, scan))
        });
        indexes.collect()
    }

    fn load(
        book: &Book,
        category: Category,
        name: &str,
        shift_seconds: i64,
        scan: Option<&Scan>,
    ) -> Result<Self, BillError> {
        let path = book.path.parent().unwrap_or(Path::new("")).join(name);
        let kind = match category {
            Category::Conferencing => SideKind::Conference,
            _ => SideKind::Messaging,
        };
        let mut file = SideFile::load(&path, kind, &book.calendar.zone)?;
        for row in &mut file.rows {
            row.from = row.from.plus_seconds(shift_seconds);
            row.until = row.until.map(|until| until.plus_seconds(shift_seconds));
        }
        let mut rows: HashMap<SipId, Vec<usize>, RandomState> = HashMap::default();
        let evidence = scan.map_or_else(Evidence::default, |scan| scan.part.records.evidence.clone());
        let spellings = Spellings::of(&book.config, &evidence);
        let is_known = |id: &SipId| scan.is_some_and(|scan| scan.part.tally.knows(id.as_bytes()));
        for (number, row) in file.rows.iter().enumerate() {
            let meaning = spellings.meaning(&row.sip_id_text, is_known);
            if let Some(problem) = meaning.problem(&row.sip_id_text) {
                return Err(BillError::Book(format!("{}:{}: {problem}", path.display(), row.line)));
            }
            if let Meaning::One(id) = meaning {
                rows.entry(id).or_default().push(number);
            }
        }
        // As the book has it: two folders may each have a `hosts.csv`.
        let shown = name.to_owned();
        Ok(Self { category, file, shown, rows })
    }

    /// Whether both are one file, read for one category.
    pub fn is_as(&self, other: &Self) -> bool {
        self.category == other.category && self.shown == other.shown
    }

    /// Everybody whom it lists.
    pub fn users(&self) -> impl Iterator<Item = &SipId> {
        self.rows.keys()
    }

    /// Whether it lists that user.
    pub fn lists(&self, id: &SipId) -> bool {
        self.rows.contains_key(id)
    }

    /// The rows of a user, in their order.
    pub fn rows_of(&self, id: &[u8]) -> impl Iterator<Item = &SideRow> {
        self.rows.get(id).into_iter().flatten().map(|row| &self.file.rows[*row])
    }
}

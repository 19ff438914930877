//! How many records of each kind there were, and what recognised them.

use crate::model::Kind;
use crate::model::short::is_same;

/// Records by what recognised them and what they are: a few dozen of them.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    rows: Vec<(String, Kind, u64)>,
    /// Of each kind the row counted last: nearly always the next one's too.
    latest: [usize; Kind::COUNT],
}

impl Evidence {
    /// Counts one record.
    #[inline]
    pub fn note(&mut self, source: &str, kind: Kind) {
        self.note_all(source, kind, 1);
    }

    /// Counts so many records of one kind.
    #[inline]
    pub fn note_all(&mut self, source: &str, kind: Kind, count: u64) {
        let is_it = |row: &(String, Kind, u64)| row.1 == kind && is_same(row.0.as_bytes(), source.as_bytes());
        let latest = &mut self.latest[kind as usize];
        if !self.rows.get(*latest).is_some_and(is_it) {
            *latest = self.rows.iter().position(is_it).unwrap_or(self.rows.len());
            if *latest == self.rows.len() {
                self.rows.push((source.to_owned(), kind, 0));
            }
        }
        self.rows[*latest].2 += count;
    }

    /// Takes in another part's counts.
    pub fn join(&mut self, other: Self) {
        for (source, kind, count) in other.rows {
            match self.rows.iter_mut().find(|row| row.1 == kind && row.0 == source) {
                Some(row) => row.2 += count,
                None => self.rows.push((source, kind, count)),
            }
        }
    }

    /// What recognised them, what they are, and how many: sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Kind, u64)> {
        let mut rows: Vec<_> =
            self.rows.iter().map(|(source, kind, count)| (source.as_str(), *kind, *count)).collect();
        rows.sort_unstable();
        rows.into_iter()
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.rows.iter().map(|row| row.2).sum()
    }
}

impl PartialEq for Evidence {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Evidence {}

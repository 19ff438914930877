//! Final bills of which the ledger at hand knows nothing, and which no run may replace.

use super::{Issue, IssueError};
use crate::report::{Seal, Stage, seals};

impl Issue {
    /// The seals where the staged files go that the ledger does not know: those of a bill that was cut off, which this
    /// one replaces.
    ///
    /// # Errors
    ///
    /// A seal is of no such bill, so what it seals is final in another ledger.
    pub fn stale_seals(&self, stage: &Stage) -> Result<Vec<String>, IssueError> {
        let is_touched = |seal: &Seal| {
            let folder = seal.facts.file.trim_end_matches(|end| end != '/');
            stage.outputs().any(|facts| facts.file.starts_with(folder))
        };
        let unknown = seals(stage.out()).into_iter().filter(|seal| !self.knows(&seal.facts.digest));
        let mut stale = Vec::new();
        for seal in unknown.filter(is_touched) {
            // Whoever was cut off left the marker behind, and followed this very ledger: an entry of another one may
            // say that the bill is final.
            if !stage.is_cut_off() || !self.follows(&seal) {
                let ledger = match &self.books.ledger {
                    Some(_) => format!("`{}` has no entry of it", self.books.shown),
                    None => format!("there is no ledger `{}`", self.books.shown),
                };
                return Err(IssueError::OtherLedger { seal: stage.out().join(seal.facts.file), ledger });
            }
            stale.push(seal.facts.file);
        }
        Ok(stale)
    }

    /// Whether the ledger has an entry with that digest of a seal.
    pub(super) fn knows(&self, digest: &str) -> bool {
        let ledger = self.books.ledger.as_ref();
        ledger.is_some_and(|it| it.entries().iter().any(|it| it.entry.digests.manifest == digest))
    }

    /// Whether the ledger once was as the seal found it.
    fn follows(&self, seal: &Seal) -> bool {
        let facts = seal.manifest.as_ref().and_then(|manifest| manifest.ledger.as_ref());
        facts.is_none_or(|facts| {
            let then = self.books.ledger.clone().unwrap_or_default().as_of(facts.entries);
            then.next_number() - 1 == facts.entries && then.head() == facts.head
        })
    }
}

//! The entries of a ledger, proved: no byte of the file can change without being noticed here,
//! but for whole runs cut off at its end, which the documents themselves remember.

use super::entry::{digest_of, unseal};
use super::{Entry, EntryKind, GENESIS, LedgerError, SCHEMA};

/// An entry with its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub entry: Entry,
    pub digest: String,
}

/// Entries of which each follows the one before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    entries: Vec<Sealed>,
}

impl Ledger {
    /// Reads the bytes of a ledger; `file` is its name for messages.
    ///
    /// # Errors
    ///
    /// The first line that is not what was appended there, or a run at the end that was not
    /// appended whole.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, LedgerError> {
        let mut ledger = Self::default();
        let mut offset = 0;
        // Where the last run that is whole ends.
        let mut whole_bytes = 0;
        let mut rest = bytes;
        while !rest.is_empty() {
            let line = ledger.entries.len() as u64 + 1;
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                let fact = format!("the line has no end (it begins at byte {offset})");
                return Err(LedgerError::Torn { file: file.to_owned(), line, fact, whole_bytes });
            };
            let sealed = ledger.check(file, line, &rest[..end])?;
            offset += end as u64 + 1;
            if sealed.entry.number == sealed.entry.run.last {
                whole_bytes = offset;
            }
            ledger.entries.push(sealed);
            rest = &rest[end + 1..];
        }
        match ledger.entries.last().map(|sealed| &sealed.entry) {
            Some(last) if last.run.last != last.number => Err(LedgerError::Torn {
                file: file.to_owned(),
                line: last.number,
                fact: format!(
                    "entries {} to {} were written together, and {} is the last",
                    last.run.first, last.run.last, last.number
                ),
                whole_bytes,
            }),
            _ => Ok(ledger),
        }
    }

    /// What the next line says, if it follows the entries before.
    fn check(&self, file: &str, line: u64, bytes: &[u8]) -> Result<Sealed, LedgerError> {
        let broken = |fact: String| LedgerError::Broken { file: file.to_owned(), line, fact };
        let text = std::str::from_utf8(bytes).map_err(|_| broken("the line is no UTF-8".to_owned()))?;
        let (object, digest) = unseal(text).ok_or_else(|| broken("the line is no entry".to_owned()))?;
        if digest_of(&object) != digest {
            return Err(broken(format!("entry {line} is not what its digest says")));
        }
        let value: serde_json::Value =
            serde_json::from_str(&object).map_err(|error| broken(format!("the line is no JSON: {error}")))?;
        let schema = value["schema"].as_u64().unwrap_or(0);
        if schema > u64::from(SCHEMA) {
            return Err(LedgerError::Later { file: file.to_owned(), line, schema, known: SCHEMA });
        }
        let entry: Entry = serde_json::from_value(value)
            .map_err(|error| broken(format!("entry {line} cannot be read: {error}")))?;
        let is_in_run = entry.run.first <= entry.number && entry.number <= entry.run.last;
        let run_before = self.entries.last().map(|before| before.entry.run);
        let is_run_kept = match run_before {
            Some(run) if entry.number <= run.last => entry.run == run,
            _ => entry.run.first == entry.number,
        };
        if entry.number != line {
            return Err(broken(format!("entry {} stands where {line} belongs", entry.number)));
        }
        if entry.previous != self.head() {
            return Err(broken(format!(
                "entry {line} ({} {}) does not follow the one before",
                entry.tenant, entry.cycle_start
            )));
        }
        if !is_in_run || !is_run_kept {
            return Err(broken(format!("entry {line} does not belong to its run")));
        }
        Ok(Sealed { entry, digest: digest.to_owned() })
    }

    /// The digest of the last entry, or [`GENESIS`]: it stands for all of them.
    pub fn head(&self) -> &str {
        self.entries.last().map_or(GENESIS, |sealed| &sealed.digest)
    }

    /// The entries, in their order; entry `n` is at `n - 1`.
    pub fn entries(&self) -> &[Sealed] {
        &self.entries
    }

    /// The number that the next entry has.
    pub fn next_number(&self) -> u64 {
        self.entries.len() as u64 + 1
    }

    /// The ledger as it was when it had so many entries.
    #[must_use]
    pub fn as_of(&self, entries: u64) -> Self {
        let entries = usize::try_from(entries).unwrap_or(usize::MAX).min(self.entries.len());
        Self { entries: self.entries[..entries].to_vec() }
    }

    /// The final invoice of that tenant and cycle.
    pub fn invoice_of(&self, tenant: &str, cycle_start: &str) -> Option<&Entry> {
        let is_it = |entry: &&Entry| entry.kind == EntryKind::Invoice && entry.is_of(tenant, cycle_start);
        self.entries.iter().map(|sealed| &sealed.entry).find(is_it)
    }

    /// Adds an entry, numbered and chained; gives its line.
    ///
    /// # Panics
    ///
    /// If the entry was made for another place in a ledger.
    pub fn push(&mut self, entry: Entry) -> String {
        assert_eq!(entry.number, self.next_number(), "numbers have no gaps");
        assert_eq!(entry.previous, self.head(), "an entry follows the one before");
        let (line, digest) = entry.seal();
        self.entries.push(Sealed { entry, digest });
        line
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::{Digests, EntryLine, Figure, Run, UserCounts};
    use super::*;

    pub fn entry(ledger: &Ledger, tenant: &str, run: (u64, u64)) -> Entry {
        let figure = |text: &str| Figure(text.parse().unwrap());
        Entry {
            schema: SCHEMA,
            number: ledger.next_number(),
            invoice_number: format!("INV-{}", ledger.next_number()),
            kind: EntryKind::Invoice,
            invoice_id: format!("{tenant}-2026-10-01"),
            tenant: tenant.to_owned(),
            cycle_start: "2026-10-01".to_owned(),
            cycle_end: "2026-10-31".to_owned(),
            currency: "EUR".to_owned(),
            users: UserCounts { generic: 2, ..UserCounts::default() },
            lines: vec![EntryLine {
                kind: "charge".to_owned(),
                category: Some("generic".to_owned()),
                description: "Généric \"users\"".to_owned(),
                quantity: 2,
                amount: figure("1.80"),
            }],
            names: String::new(),
            net: figure("1.80"),
            tax: figure("0.38"),
            total: figure("2.18"),
            brought_forward: figure("0"),
            carried_forward: figure("0"),
            digests: Digests {
                users: GENESIS.to_owned(),
                invoice: GENESIS.to_owned(),
                inputs: GENESIS.to_owned(),
                book: GENESIS.to_owned(),
                manifest: GENESIS.to_owned(),
            },
            run: Run { first: run.0, last: run.1 },
            previous: ledger.head().to_owned(),
        }
    }

    /// Three entries: one alone, two together.
    pub fn three() -> (Ledger, Vec<String>) {
        let mut ledger = Ledger::default();
        let mut lines = Vec::new();
        for (tenant, run) in [("acme", (1, 1)), ("beta", (2, 3)), ("gamma", (2, 3))] {
            let entry = entry(&ledger, tenant, run);
            lines.push(ledger.push(entry) + "\n");
        }
        (ledger, lines)
    }

    fn fault(bytes: &[u8]) -> String {
        Ledger::parse("l.jsonl", bytes).unwrap_err().to_string()
    }

    #[test]
    fn what_was_appended_is_read_back() {
        let (ledger, lines) = three();
        assert_eq!(Ledger::parse("l.jsonl", lines.concat().as_bytes()).unwrap(), ledger);
        assert_eq!(Ledger::parse("l.jsonl", b"").unwrap(), Ledger::default());
    }

    #[test]
    fn every_flip_of_a_byte_is_found() {
        let (_, lines) = three();
        let bytes = lines.concat().into_bytes();
        for at in 0..bytes.len() {
            for flip in [0x01, 0x20, 0x80, bytes[at] ^ b'\n'] {
                let mut bytes = bytes.clone();
                bytes[at] ^= flip;
                if flip != 0 {
                    assert!(Ledger::parse("l.jsonl", &bytes).is_err(), "byte {at} with {flip:#x}");
                }
            }
        }
    }

    #[test]
    fn entries_cannot_be_removed_doubled_or_swapped() {
        let (_, lines) = three();
        let [one, two, three] = [0, 1, 2].map(|at| lines[at].as_str());
        assert!(fault(format!("{two}{three}").as_bytes()).starts_with("l.jsonl:1: entry 2 stands where 1"));
        assert!(fault(format!("{one}{three}").as_bytes()).starts_with("l.jsonl:2: entry 3 stands where 2"));
        assert!(fault(format!("{one}{one}{two}{three}").as_bytes()).starts_with("l.jsonl:2: entry 1 stands"));
        // A forged entry has a right digest of its own and breaks the chain behind it.
        let mut forged = Ledger::default();
        let mut cheaper = entry(&forged, "acme", (1, 1));
        cheaper.total = Figure("0.01".parse().unwrap());
        let forged = forged.push(cheaper);
        let said = fault(format!("{forged}\n{two}{three}").as_bytes());
        assert!(said.starts_with("l.jsonl:2: entry 2 (beta 2026-10-01) does not follow"), "{said}");
    }

    #[test]
    fn a_run_that_was_cut_off_is_told_with_its_beginning() {
        let (_, lines) = three();
        let bytes = lines.concat().into_bytes();
        let whole = lines[0].len();
        for end in whole + 1..bytes.len() {
            let said = fault(&bytes[..end]);
            assert!(said.contains(&format!("`truncate -s {whole} l.jsonl`")), "{end}: {said}");
        }
        assert_eq!(Ledger::parse("l.jsonl", &bytes[..whole]).unwrap().entries().len(), 1);
    }

    #[test]
    fn a_later_schema_is_not_guessed_at() {
        let ledger = Ledger::default();
        let (line, _) = Entry { schema: 2, ..entry(&ledger, "acme", (1, 1)) }.seal();
        assert!(fault(format!("{line}\n").as_bytes()).contains("use a newer siptally"));
    }
}

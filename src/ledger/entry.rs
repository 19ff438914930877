//! One entry: what is kept of a final document, and its line in the file.

use super::Figure;
use serde::{Deserialize, Serialize};

/// Rises when a key changes its meaning or goes away; new keys do not raise it.
pub const SCHEMA: u32 = 1;

/// What the first entry names in place of the digest of an entry before it.
pub const GENESIS: &str = "blake3:0000000000000000000000000000000000000000000000000000000000000000";

/// What kind of document is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// The first one of a tenant and cycle.
    Invoice,
    /// A later one, of which every figure is a difference.
    Correction,
}

impl EntryKind {
    /// The name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::Correction => "correction",
        }
    }
}

/// One final document, keys in the order of the file. Figures are in `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub schema: u32,
    /// 1 for the first entry, and one more for each that follows.
    pub number: u64,
    /// The number with the book's prefix, as the document shows it.
    pub invoice_number: String,
    pub kind: EntryKind,
    /// `<tenant>-<cycle start>`.
    pub invoice_id: String,
    pub tenant: String,
    /// Dates in the cycle's zone; the end is the first day after it.
    pub cycle_start: String,
    pub cycle_end: String,
    pub currency: String,
    /// Of a correction: by how much there are more.
    pub users: UserCounts,
    pub lines: Vec<EntryLine>,
    /// How its list names users: by their SIP-IDs where this is empty, else by pseudonyms of the key
    /// with this fingerprint.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub names: String,
    pub net: Figure,
    pub tax: Figure,
    pub total: Figure,
    /// What it took over from the documents before, whether or not it could bear it.
    pub brought_forward: Figure,
    /// What it left for those that follow.
    pub carried_forward: Figure,
    pub digests: Digests,
    /// The entries that were appended together with this one.
    pub run: Run,
    /// Digest of the entry before, or [`GENESIS`].
    pub previous: String,
}

/// Billed users by category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UserCounts {
    pub generic: i64,
    pub desktop: i64,
    pub conferencing: i64,
    pub messaging: i64,
}

/// One line of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryLine {
    /// The name used in `invoice.csv`.
    pub kind: String,
    pub category: Option<String>,
    pub description: String,
    pub quantity: i64,
    pub amount: Figure,
}

/// What the document was made from and consists of; each is `blake3:` and hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Digests {
    /// Of `users.csv`.
    pub users: String,
    /// Of `invoice.json`, or `correction.json`.
    pub invoice: String,
    /// Of the list of inputs: a line for each with digest, two blanks and path.
    pub inputs: String,
    pub book: String,
    /// Of the `final.json` beside the documents of the run, which names every file with its digest.
    pub manifest: String,
}

/// Entries that were appended together: all of them, or none is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub first: u64,
    pub last: u64,
}

/// What stands between the digested part of a line and its digest.
const BEFORE_DIGEST: &str = ",\"digest\":\"";
const AFTER_DIGEST: &str = "\"}";

impl Entry {
    /// The entry's line, without a line end, and its digest.
    pub fn seal(&self) -> (String, String) {
        let object = serde_json::to_string(self).expect("strings, numbers and lists are JSON");
        let digest = digest_of(&object);
        let open = object.strip_suffix('}').expect("a struct is an object");
        (format!("{open}{BEFORE_DIGEST}{digest}{AFTER_DIGEST}"), digest)
    }

    /// Whether this is of that tenant and cycle.
    pub fn is_of(&self, tenant: &str, cycle_start: &str) -> bool {
        self.tenant == tenant && self.cycle_start == cycle_start
    }
}

/// The object that a line digests, and the digest it gives; `None` where it is no sealed line.
pub(super) fn unseal(line: &str) -> Option<(String, &str)> {
    let (open, digest) = line.strip_suffix(AFTER_DIGEST)?.rsplit_once(BEFORE_DIGEST)?;
    Some((format!("{open}}}"), digest))
}

pub(super) fn digest_of(object: &str) -> String {
    format!("blake3:{}", blake3::hash(object.as_bytes()).to_hex())
}

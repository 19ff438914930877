//! `manifest.json`: what a bill was made from, and what it consists of.
//!
//! It says nothing of when, where and by whom the program was run: its bytes depend on the
//! inputs and the book alone. Paths are shown paths, never absolute ones.

use super::text::json_safe;
use crate::model::Cycle;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rises when a key changes its meaning or goes away; new keys do not raise it.
const SCHEMA: u32 = 1;

/// The name by which a manifest of ours is known.
const TOOL: &str = "siptally";

/// The whole manifest, keys in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub schema: u32,
    pub tool: Tool,
    /// `draft`: the bill is not in a ledger. `final`: it is, with all its files.
    pub status: String,
    pub book: BookFacts,
    /// The ledger that the bill follows; absent where nobody keeps one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerFacts>,
    pub cycles: Vec<CycleFacts>,
    pub inputs: Vec<InputFacts>,
    /// Inputs that were given, and left out because another one holds the same.
    #[serde(default)]
    pub duplicates: Vec<DuplicateFacts>,
    pub counts: Counts,
    /// What the reader should know: files passed over, clocks assumed.
    pub notes: Vec<String>,
    /// Every other file of the bill, sorted by path; filled in where the bill is committed.
    pub outputs: Vec<OutputFacts>,
    /// Files of final bills that stood there before and are never replaced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<OutputFacts>,
}

/// The ledger, as it was before the bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerFacts {
    /// As shown: its bare name.
    pub file: String,
    /// How many entries it had.
    pub entries: u64,
    /// The digest of the last of them.
    pub head: String,
    /// What became final with this bill; nothing with a draft.
    pub issued: Vec<IssuedFacts>,
}

/// A document that became final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedFacts {
    /// Of its entry in the ledger.
    pub number: u64,
    /// The same as the document shows it.
    pub invoice_number: String,
    /// `invoice` or `correction`.
    pub kind: String,
    pub tenant: String,
    pub cycle_start: String,
}

/// The program that made the bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    pub name: String,
    pub version: String,
}

/// The price book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookFacts {
    /// As shown: its bare name.
    pub file: String,
    /// See [`hex_digest`].
    pub digest: String,
}

/// One cycle that was billed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CycleFacts {
    pub number: i32,
    /// Dates in the cycle's zone; the end is the first day after it.
    pub cycle_start: String,
    pub cycle_end: String,
    /// The same as instants in UTC.
    pub from: String,
    pub until: String,
    pub is_partial: bool,
}

impl CycleFacts {
    /// The facts of that cycle.
    pub fn new(cycle: &Cycle, is_partial: bool) -> Self {
        Self {
            number: cycle.number,
            cycle_start: cycle.first_day.to_string(),
            cycle_end: cycle.end_day.to_string(),
            from: cycle.window.start.to_string(),
            until: cycle.window.end.to_string(),
            is_partial,
        }
    }
}

/// One input, in the order of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFacts {
    /// The path as shown in evidence.
    pub file: String,
    /// Of the bytes as stored. See [`hex_digest`].
    pub digest: String,
    pub codec: String,
    /// Decoded bytes.
    pub bytes: u64,
    pub lines: u64,
    pub records: u64,
    /// How year and zone of its stamps were found.
    pub clock: String,
}

/// One input that was left out. Both are paths as shown in evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DuplicateFacts {
    pub file: String,
    /// The one whose decoded bytes are the same, and which was read.
    pub same_as: String,
}

/// What the inputs held: every record is in one of these.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    pub lines: u64,
    pub records: u64,
    /// By what recognised the record, then by the kind of event.
    pub evidence: BTreeMap<String, BTreeMap<String, u64>>,
    /// Recognised, and no evidence of anything.
    pub other: u64,
    /// By reason.
    pub rejected: BTreeMap<String, u64>,
    /// Lines that open no known record.
    pub not_ours: u64,
    /// Requests without a reply in the log.
    pub unanswered: u64,
    /// Retransmissions, counted once.
    pub repeated: u64,
}

/// One file of the bill.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OutputFacts {
    /// Path below the bill's folder, with `/` on every system.
    pub file: String,
    /// See [`hex_digest`].
    pub digest: String,
    pub bytes: u64,
}

impl Manifest {
    /// The manifest of a draft, still without cycles, inputs and outputs.
    pub fn draft(book: BookFacts) -> Self {
        Self {
            schema: SCHEMA,
            tool: Tool { name: TOOL.to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() },
            status: "draft".to_owned(),
            book,
            ledger: None,
            cycles: Vec::new(),
            inputs: Vec::new(),
            duplicates: Vec::new(),
            counts: Counts::default(),
            notes: Vec::new(),
            outputs: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// The digest of the inputs together: of a line for each with digest, two blanks and path.
    pub fn inputs_digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for input in &self.inputs {
            hasher.update(format!("{}  {}\n", input.digest, input.file).as_bytes());
        }
        hex_digest(&hasher.finalize())
    }

    /// Pretty JSON with a final newline.
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string_pretty(self).expect("strings, numbers and lists are JSON");
        json_safe(json + "\n")
    }

    /// The manifest in these bytes, if they are one that this program wrote, in this or a later
    /// version that still has these keys.
    pub fn from_json(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|manifest: &Self| manifest.tool.name == TOOL)
    }
}

/// A digest as manifests write it: the name of the hash, a colon, hexadecimal digits.
pub fn hex_digest(digest: &blake3::Hash) -> String {
    format!("blake3:{}", digest.to_hex())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::samples::cycle;
    use super::*;

    pub fn sample() -> Manifest {
        Manifest::draft(BookFacts {
            file: "acme.toml".to_owned(),
            digest: hex_digest(&blake3::hash(b"schema = 1\n")),
        })
    }

    #[test]
    fn a_manifest_keeps_its_keys_in_order() {
        let mut manifest = sample();
        // The version changes with every release and is no matter of this test.
        manifest.tool.version = "0.0.0".to_owned();
        manifest.cycles.push(CycleFacts::new(&cycle(), true));
        manifest.inputs.push(InputFacts {
            file: "edge1/kamailio.log".to_owned(),
            digest: hex_digest(&blake3::hash(b"")),
            codec: "gzip".to_owned(),
            bytes: 4096,
            lines: 20,
            records: 19,
            clock: "stamps with zone".to_owned(),
        });
        manifest.duplicates.push(DuplicateFacts {
            file: "edge1/kamailio.log.gz".to_owned(),
            same_as: "edge1/kamailio.log".to_owned(),
        });
        let kinds = BTreeMap::from([("accepted".to_owned(), 17)]);
        manifest.counts = Counts {
            lines: 20,
            records: 19,
            evidence: BTreeMap::from([("reg-ok".to_owned(), kinds)]),
            other: 1,
            rejected: BTreeMap::from([("truncated".to_owned(), 1)]),
            not_ours: 1,
            ..Counts::default()
        };
        insta::assert_snapshot!(manifest.to_json(), @r#"
        {
          "schema": 1,
          "tool": {
            "name": "siptally",
            "version": "0.0.0"
          },
          "status": "draft",
          "book": {
            "file": "acme.toml",
            "digest": "blake3:7ddd7e56e5dce3038142e40f2165c37639c5bf3ab1c0469c1592ecfb71d87c4b"
          },
          "cycles": [
            {
              "number": 0,
              "cycle_start": "2026-10-01",
              "cycle_end": "2026-10-31",
              "from": "2026-09-30T22:00:00Z",
              "until": "2026-10-30T22:00:00Z",
              "is_partial": true
            }
          ],
          "inputs": [
            {
              "file": "edge1/kamailio.log",
              "digest": "blake3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262",
              "codec": "gzip",
              "bytes": 4096,
              "lines": 20,
              "records": 19,
              "clock": "stamps with zone"
            }
          ],
          "duplicates": [
            {
              "file": "edge1/kamailio.log.gz",
              "same_as": "edge1/kamailio.log"
            }
          ],
          "counts": {
            "lines": 20,
            "records": 19,
            "evidence": {
              "reg-ok": {
                "accepted": 17
              }
            },
            "other": 1,
            "rejected": {
              "truncated": 1
            },
            "not_ours": 1,
            "unanswered": 0,
            "repeated": 0
          },
          "notes": [],
          "outputs": []
        }
        "#);
    }

    #[test]
    fn a_manifest_is_read_back_as_it_was_written() {
        assert_eq!(Manifest::from_json(sample().to_json().as_bytes()), Some(sample()));
    }

    #[test]
    fn another_programs_manifest_is_not_ours() {
        let mut foreign = sample();
        foreign.tool.name = "webpack".to_owned();
        assert_eq!(Manifest::from_json(foreign.to_json().as_bytes()), None);
        assert_eq!(Manifest::from_json(br#"{"name": "app"}"#), None);
    }
}

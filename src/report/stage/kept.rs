//! Which files of OUT are final: those that a seal names which the ledger knows.
//!
//! A seal is the file `final.json` in the folder of a cycle, of a tenant that became final later, or of
//! a correction. It is a manifest of
//! its own: what the documents were made from, and every file of them with its digest. Where the
//! ledger has no entry with the digest of a seal, the bill was cut off and is not final.

use super::super::manifest::{Manifest, OutputFacts, hex_digest};
use std::fs;
use std::path::{Path, PathBuf};

/// The name of a seal.
pub const SEAL: &str = "final.json";

/// A seal that stands in a bill's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Path below the folder, digest and length of its file.
    pub facts: OutputFacts,
    /// What it says; `None` where that cannot be read.
    pub manifest: Option<Manifest>,
}

/// The seals in a bill's folder, sorted by path.
pub fn seals(out: &Path) -> Vec<Seal> {
    let mut found = Vec::new();
    for cycle in folders(out) {
        let tenants = folders(&cycle);
        let corrections: Vec<PathBuf> = tenants.iter().flat_map(|tenant| folders(tenant)).collect();
        for folder in [cycle].into_iter().chain(tenants).chain(corrections) {
            let path = folder.join(SEAL);
            let Ok(bytes) = fs::read(&path) else { continue };
            let digest = hex_digest(&blake3::hash(&bytes));
            let facts = OutputFacts { file: relative(out, &path), digest, bytes: bytes.len() as u64 };
            found.push(Seal { facts, manifest: Manifest::from_json(&bytes) });
        }
    }
    found.sort_by(|left, right| left.facts.cmp(&right.facts));
    found
}

/// The files of OUT that belong to final bills, sorted by path; `is_known` tells of the digest of
/// a seal whether the ledger has it. What cannot be read is not final.
pub fn kept_files(out: &Path, is_known: impl Fn(&str) -> bool) -> Vec<OutputFacts> {
    let known = seals(out).into_iter().filter(|seal| is_known(&seal.facts.digest));
    let mut kept: Vec<OutputFacts> = known
        .flat_map(|seal| seal.manifest.into_iter().flat_map(|it| it.outputs).chain([seal.facts]))
        .collect();
    kept.sort();
    kept
}

fn folders(inside: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(inside).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

fn relative(out: &Path, path: &Path) -> String {
    let below = path.strip_prefix(out).unwrap_or(path);
    let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

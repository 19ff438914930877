//! Whether a bill is still the one that was made: its files against its manifest, its seals against
//! the ledger, and all of it against the same bill made again.

use crate::ledger::Ledger;
use crate::report::{Manifest, OutputFacts, Seal, escaped, hex_digest, seals};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// Something that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Path below the bill's folder.
    pub file: String,
    /// From 1, where a line can be named.
    pub line: Option<u64>,
    pub fact: String,
}

/// Why a bill cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    #[error("{}: cannot be read: {cause}", path.display())]
    Io { path: PathBuf, cause: io::Error },
    #[error("{}: is no manifest of siptally; give the folder that `bill --out` wrote", path.display())]
    NoManifest { path: PathBuf },
}

/// A bill in its folder.
#[derive(Debug)]
pub struct Pack {
    pub folder: PathBuf,
    pub manifest: Manifest,
    manifest_bytes: Vec<u8>,
}

fn finding(file: impl Into<String>, fact: impl Into<String>) -> Finding {
    Finding { file: file.into(), line: None, fact: fact.into() }
}

impl Pack {
    /// Reads the manifest of the bill in that folder.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is none.
    pub fn open(folder: &Path) -> Result<Self, PackError> {
        let path = folder.join("manifest.json");
        let manifest_bytes = fs::read(&path).map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound if folder.is_dir() => PackError::NoManifest { path: path.clone() },
            _ => PackError::Io { path: path.clone(), cause },
        })?;
        let manifest = Manifest::from_json(&manifest_bytes).ok_or(PackError::NoManifest { path })?;
        Ok(Self { folder: folder.to_owned(), manifest, manifest_bytes })
    }

    /// Every file of the bill, those of final bills beside it included.
    pub fn files(&self) -> impl Iterator<Item = &OutputFacts> {
        self.manifest.outputs.iter().chain(&self.manifest.kept)
    }

    /// The files against the manifest, the seals against the files, the manifest against the seals.
    pub fn check_files(&self) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self.files().filter_map(|facts| self.check_file(facts)).collect();
        // A manifest of this very version is written in one way only.
        if self.manifest.tool.version == env!("CARGO_PKG_VERSION")
            && self.manifest.to_json().as_bytes() != self.manifest_bytes
        {
            findings.push(finding("manifest.json", "is not written as siptally writes it"));
        }
        for Seal { facts, manifest } in seals(&self.folder) {
            let (file, Some(seal)) = (facts.file, manifest) else { continue };
            for facts in &seal.outputs {
                if let Some(found) = self.check_file(facts).filter(|found| !findings.contains(found)) {
                    findings.push(Finding { fact: format!("{} (by {file})", found.fact), ..found });
                }
            }
            findings.extend(self.check_against(&file, &seal));
        }
        findings
    }

    fn check_file(&self, facts: &OutputFacts) -> Option<Finding> {
        let mut hasher = blake3::Hasher::new();
        let read = File::open(self.folder.join(&facts.file)).and_then(|file| {
            hasher.update_reader(file)?;
            Ok(hex_digest(&hasher.finalize()))
        });
        match read {
            Ok(digest) if digest == facts.digest => None,
            Ok(_) => Some(finding(&facts.file, "is not as manifest.json says")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(finding(&facts.file, "is missing")),
            Err(error) => Some(finding(&facts.file, format!("cannot be read: {error}"))),
        }
    }

    /// What a seal of the same run says twice.
    fn check_against(&self, file: &str, seal: &Manifest) -> Option<Finding> {
        let issued = |manifest: &Manifest| manifest.ledger.as_ref().map(|ledger| ledger.issued.clone());
        let (mine, theirs) = (issued(&self.manifest)?, issued(seal)?);
        // Seals of earlier runs stand in the same folder.
        let first = theirs.first()?;
        if !mine.iter().any(|issued| issued.number == first.number) {
            return None;
        }
        let (ours, theirs) = (&self.manifest, seal);
        let is_same = ours.tool == theirs.tool
            && ours.book == theirs.book
            && ours.inputs == theirs.inputs
            && ours.duplicates == theirs.duplicates
            && ours.counts == theirs.counts
            && ours.notes == theirs.notes
            && theirs.cycles.iter().all(|cycle| ours.cycles.contains(cycle));
        (!is_same).then(|| finding("manifest.json", format!("says other than {file}")))
    }

    /// The bill against the ledger.
    pub fn check_ledger(&self, ledger: &Ledger) -> Vec<Finding> {
        let mut findings = Vec::new();
        for Seal { facts, .. } in seals(&self.folder) {
            if !ledger.entries().iter().any(|sealed| sealed.entry.digests.manifest == facts.digest) {
                findings.push(finding(
                    facts.file,
                    "the ledger has no entry with this seal, so what it seals is not final",
                ));
            }
        }
        let Some(facts) = &self.manifest.ledger else { return findings };
        let before = ledger.as_of(facts.entries);
        if before.entries().len() as u64 != facts.entries || before.head() != facts.head {
            let fact = format!(
                "the ledger had another head when it had {} entries: it is another ledger, or one that was cut back",
                facts.entries
            );
            findings.push(finding("manifest.json", fact));
            return findings;
        }
        for issued in &facts.issued {
            let at = usize::try_from(issued.number).unwrap_or(usize::MAX).wrapping_sub(1);
            let entry = ledger.entries().get(at).map(|sealed| &sealed.entry);
            let is_it = entry.is_some_and(|entry| {
                entry.is_of(&issued.tenant, &issued.cycle_start)
                    && entry.kind.name() == issued.kind
                    && entry.invoice_number == issued.invoice_number
            });
            if !is_it {
                let fact = format!(
                    "{} of {} {} is not in the ledger, so it is not final",
                    issued.invoice_number, issued.tenant, issued.cycle_start
                );
                findings.push(finding("manifest.json", fact));
            }
        }
        findings
    }

    /// The bill against the same one made again in another folder.
    ///
    /// # Errors
    ///
    /// The other bill cannot be read; what is wrong with this one is a finding.
    pub fn compare(&self, fresh: &Self) -> Result<Vec<Finding>, PackError> {
        let mut findings = self.compare_inputs(fresh);
        let of = |pack: &Self| -> BTreeMap<String, String> {
            pack.manifest.outputs.iter().map(|facts| (facts.file.clone(), facts.digest.clone())).collect()
        };
        let (ours, theirs) = (of(self), of(fresh));
        for file in theirs.keys().filter(|file| !ours.contains_key(*file)) {
            findings.push(finding(file, "is not in the pack, and the bill made again has it"));
        }
        let both = ours.keys().map(String::as_str).chain(["manifest.json"]);
        for file in both {
            if file != "manifest.json" && !theirs.contains_key(file) {
                findings.push(finding(file, "is in the pack, and the bill made again has none"));
                continue;
            }
            let (left, right) = (self.folder.join(file), fresh.folder.join(file));
            match first_difference(&left, &right) {
                Ok(None) => {}
                Ok(Some((line, left, right))) => findings.push(Finding {
                    file: file.to_owned(),
                    line: Some(line),
                    fact: format!("in the pack: {left}\n  made again:  {right}"),
                }),
                Err(error) => findings.push(finding(file, format!("cannot be read: {error}"))),
            }
        }
        Ok(findings)
    }

    fn compare_inputs(&self, fresh: &Self) -> Vec<Finding> {
        let of = |pack: &Self| -> BTreeMap<String, String> {
            pack.manifest.inputs.iter().map(|input| (input.file.clone(), input.digest.clone())).collect()
        };
        let (ours, theirs) = (of(self), of(fresh));
        let gone = ours.iter().filter_map(|(file, digest)| match theirs.get(file) {
            None => Some(finding(file, "was an input of the bill, and was not given now")),
            Some(now) if now != digest => Some(finding(file, "is an input that has changed since")),
            Some(_) => None,
        });
        let new = theirs.keys().filter(|file| !ours.contains_key(*file));
        let new = new.map(|file| finding(file, "was given now, and was no input of the bill"));
        gone.chain(new).collect()
    }
}

/// The longest piece of a line that is shown.
const SHOWN_BYTES: usize = 160;

/// The first line in which two files differ, from 1, with the line of each.
fn first_difference(left: &Path, right: &Path) -> io::Result<Option<(u64, String, String)>> {
    let (mut left, mut right) = (BufReader::new(File::open(left)?), BufReader::new(File::open(right)?));
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for line in 1.. {
        ours.clear();
        theirs.clear();
        left.read_until(b'\n', &mut ours)?;
        right.read_until(b'\n', &mut theirs)?;
        if ours != theirs {
            // A long line is shown from shortly before the place where it differs.
            let same = ours.iter().zip(&theirs).take_while(|(ours, theirs)| ours == theirs).count();
            let from = if ours.len().max(theirs.len()) <= SHOWN_BYTES { 0 } else { same.saturating_sub(40) };
            let shown = |bytes: &[u8]| match bytes.is_empty() {
                true => "(ends here)".to_owned(),
                false => {
                    let end = bytes.len().min(from + SHOWN_BYTES);
                    let piece = escaped(bytes.get(from..end).unwrap_or_default().trim_ascii_end());
                    let before = if from > 0 { "…" } else { "" };
                    let after = if end < bytes.len() { "…" } else { "" };
                    format!("{before}{piece}{after}")
                }
            };
            return Ok(Some((line, shown(&ours), shown(&theirs))));
        }
        if ours.is_empty() {
            break;
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(left: &[u8], right: &[u8]) -> Option<(u64, String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("1"), folder.path().join("2"));
        fs::write(&one, left).unwrap();
        fs::write(&two, right).unwrap();
        first_difference(&one, &two).unwrap()
    }

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_eq!(difference(b"a\nb\n", b"a\nb\n"), None);
        assert_eq!(difference(b"a\nb\n", b"a\nc\n"), Some((2, "b".to_owned(), "c".to_owned())));
        assert_eq!(difference(b"a\n", b"a\nc\n"), Some((2, "(ends here)".to_owned(), "c".to_owned())));
        // Only the line ends differ.
        assert_eq!(difference(b"a\r\n", b"a\n").unwrap().0, 1);
    }

    #[test]
    fn a_long_line_is_shown_where_it_differs() {
        let (left, right) = ("x".repeat(500), format!("{}y{}", "x".repeat(300), "x".repeat(199)));
        let (_, _, shown) = difference(left.as_bytes(), right.as_bytes()).unwrap();
        assert!(shown.starts_with("…") && shown.ends_with("…") && shown.contains('y'), "{shown}");
    }
}

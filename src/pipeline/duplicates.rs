//! The same content under two names: `full.1` beside `full.1.gz`, one log from two collectors.
//!
//! Distinct users do not mind being read twice, but counts of registrations and the coverage do.
//! What is compared is the decoded bytes, whole: a name, a size or a similar start proves nothing.

use super::years::date_in_name;
use crate::read::{Codec, Found, InputError, Opened, Source};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// How much of an input's start is compared before anything is read whole.
pub(super) const START_LEN: usize = 64 << 10;

/// An input that holds what another one holds, and is not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duplicate {
    /// As shown.
    pub file: String,
    /// The one that is read instead, as shown.
    pub same_as: String,
}

/// What the survey knows of an input's contents.
#[derive(Debug)]
pub(super) struct Candidate<'f> {
    /// What to open for a second look, and what it was like at the first; `None` where that cannot be.
    pub to_open: Option<(Found, Option<&'f Opened>)>,
    pub found: &'f Found,
    pub codec: Codec,
    /// Digest of its start; see [`start_digest`].
    pub start: Option<blake3::Hash>,
    /// Decoded bytes, where known without decoding.
    pub bytes: Option<u64>,
    /// The `[[source]]` rule that fits: what two rules read differently is not the same.
    pub rule: Option<usize>,
}

/// The digest of an input's start, whether it is mapped or comes block by block; `None` where
/// there is nothing.
///
/// `start` is the decoded input, or its first block of [`START_LEN`]. Blocks end at line ends, so
/// whole lines are taken where there are any.
pub(super) fn start_digest(start: &[u8]) -> Option<blake3::Hash> {
    let mut start = start;
    if start.len() >= START_LEN {
        start = &start[..START_LEN];
        start = memchr::memrchr(b'\n', start).map_or(start, |at| &start[..=at]);
    }
    (!start.is_empty()).then(|| blake3::hash(start))
}

/// For each candidate the one to read instead of it, if any: itself is never one.
///
/// Only inputs whose starts are equal are read whole, and of those whose size is known only the
/// ones that another's size agrees with. One that cannot be read to its end is no duplicate; that
/// it is broken comes out where it is scanned.
pub(super) fn find(candidates: &[Candidate<'_>]) -> Vec<Option<usize>> {
    let mut groups: HashMap<(blake3::Hash, Option<usize>), Vec<usize>> = HashMap::new();
    for (number, candidate) in candidates.iter().enumerate() {
        if let (Some(start), Some(_)) = (candidate.start, &candidate.to_open) {
            groups.entry((start, candidate.rule)).or_default().push(number);
        }
    }
    let groups: Vec<Vec<usize>> = groups.into_values().filter(|group| group.len() > 1).collect();
    let same = groups.into_par_iter().flat_map_iter(|group| same_content(candidates, &group));
    let mut instead = vec![None; candidates.len()];
    for members in same.collect::<Vec<_>>() {
        let kept = members.iter().copied().min_by_key(|number| rank(&candidates[*number]));
        members.into_iter().filter(|number| Some(*number) != kept).for_each(|left| instead[left] = kept);
    }
    instead
}

/// The best of several names is the smallest. It does not depend on the order of the arguments.
///
/// A date in a name bounds the years of its stamps, the earliest best; a plain file is read
/// fastest, and in parallel.
fn rank(candidate: &Candidate<'_>) -> impl Ord {
    let Candidate { found, codec, .. } = candidate;
    let name = found.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let date = date_in_name(&name);
    (date.is_none(), date, *codec != Codec::Plain, found.shown.len(), found.shown.clone(), found.path.clone())
}

/// Of inputs with equal starts those that are equal to the end, as groups.
fn same_content(candidates: &[Candidate<'_>], group: &[usize]) -> Vec<Vec<usize>> {
    let (known, streams): (Vec<usize>, Vec<usize>) =
        group.iter().partition(|number| candidates[**number].bytes.is_some());
    let mut contents: BTreeMap<(u64, [u8; 32]), Vec<usize>> = BTreeMap::new();
    let mut sizes: BTreeMap<u64, usize> = BTreeMap::new();
    for number in streams {
        if let Some((bytes, digest)) = whole(&candidates[number]) {
            *sizes.entry(bytes).or_default() += 1;
            contents.entry((bytes, digest.into())).or_default().push(number);
        }
    }
    let size = |number: usize| candidates[number].bytes.unwrap_or_default();
    known.iter().for_each(|number| *sizes.entry(size(*number)).or_default() += 1);
    for number in known.into_iter().filter(|number| sizes[&size(*number)] > 1) {
        if let Some((bytes, digest)) = whole(&candidates[number]) {
            contents.entry((bytes, digest.into())).or_default().push(number);
        }
    }
    contents.into_values().filter(|members| members.len() > 1).collect()
}

/// Length and digest of all decoded bytes; `None` where they cannot be read to a sound end.
fn whole(candidate: &Candidate<'_>) -> Option<(u64, blake3::Hash)> {
    let read = || -> Result<(u64, blake3::Hash), InputError> {
        let Some((found, opened)) = &candidate.to_open else { return Ok((0, blake3::hash(b""))) };
        match Source::open_again(found, *opened)? {
            Source::Mapped(mapped) => {
                let digest = mapped.digest();
                mapped.verify_unchanged()?;
                Ok((mapped.bytes().len() as u64, digest))
            }
            Source::Stream(mut stream) => {
                let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0);
                while let Some(block) = stream.next_block(1 << 20)? {
                    hasher.update(&block.bytes);
                    bytes += block.bytes.len() as u64;
                    stream.recycle(block.bytes);
                }
                stream.verify_unchanged()?;
                Ok((bytes, hasher.finalize()))
            }
        }
    };
    read().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;
    use std::path::{Path, PathBuf};

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn text(last: &str) -> Vec<u8> {
        let lines: String = (0..9_000).map(|number| format!("line {number}\n")).collect();
        [lines.as_bytes(), last.as_bytes()].concat()
    }

    /// What is left out, by name, and what is read instead.
    fn left_out(files: &[(&str, Vec<u8>)], rule: impl Fn(&str) -> Option<usize>) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = files.iter().map(|(name, _)| folder.path().join(name)).collect();
        files.iter().zip(&paths).for_each(|((_, bytes), path)| fs::write(path, bytes).unwrap());
        let found: Vec<Found> = files.iter().zip(&paths).map(|((name, _), path)| found(name, path)).collect();
        let candidates: Vec<_> = found.iter().map(|found| candidate(found, rule(&found.shown))).collect();
        let instead = find(&candidates);
        let name = |number: usize| found[number].shown.clone();
        let pairs = instead.iter().enumerate().filter_map(|(left, kept)| Some((name(left), name((*kept)?))));
        pairs.collect()
    }

    fn found(name: &str, path: &Path) -> Found {
        Found { path: path.to_owned(), shown: name.to_owned(), is_named: true }
    }

    fn candidate(found: &Found, rule: Option<usize>) -> Candidate<'_> {
        let (codec, start, bytes) = match Source::open(found).unwrap() {
            Source::Mapped(mapped) => {
                (Codec::Plain, start_digest(mapped.bytes()), Some(mapped.bytes().len() as u64))
            }
            Source::Stream(mut stream) => {
                let first = stream.next_block(START_LEN).unwrap();
                (stream.codec(), start_digest(first.as_ref().map_or(&[], |block| &block.bytes)), None)
            }
        };
        Candidate { to_open: Some((found.clone(), None)), found, codec, start, bytes, rule }
    }

    fn pair(left: &str, kept: &str) -> (String, String) {
        (left.to_owned(), kept.to_owned())
    }

    #[test]
    fn a_file_beside_its_compressed_self_is_read_plain_in_any_order() {
        let mut files = [("full.1", text("")), ("full.1.gz", gzip(&text("")))];
        assert_eq!(left_out(&files, |_| None), [pair("full.1.gz", "full.1")]);
        files.reverse();
        assert_eq!(left_out(&files, |_| None), [pair("full.1.gz", "full.1")]);
    }

    #[test]
    fn short_files_and_one_endless_line_are_compared_as_well() {
        for content in [b"one".to_vec(), b"one\n".to_vec(), vec![b'x'; 3 * START_LEN], vec![b'x'; START_LEN]]
        {
            let files = [("a", content.clone()), ("a.gz", gzip(&content))];
            assert_eq!(left_out(&files, |_| None), [pair("a.gz", "a")], "{} bytes", content.len());
        }
    }

    #[test]
    fn an_equal_start_is_not_enough() {
        let files =
            [("a", text("Oct")), ("b", text("Nov")), ("c", text("October")), ("d.gz", gzip(&text("Dec")))];
        assert!(left_out(&files, |_| None).is_empty());
    }

    #[test]
    fn empty_files_are_no_duplicates() {
        assert!(left_out(&[("a", Vec::new()), ("b", Vec::new()), ("c.gz", gzip(b""))], |_| None).is_empty());
    }

    #[test]
    fn a_cut_copy_is_no_duplicate() {
        let mut cut = gzip(&text(""));
        cut.truncate(cut.len() - 4);
        assert!(left_out(&[("a", text("")), ("a.gz", cut)], |_| None).is_empty());
    }

    #[test]
    fn a_date_in_a_name_is_kept_the_earliest_first() {
        let files = [
            ("full.1", text("")),
            ("full-20261012.gz", gzip(&text(""))),
            ("full-20261005.gz", gzip(&text(""))),
        ];
        let expected = [pair("full.1", "full-20261005.gz"), pair("full-20261012.gz", "full-20261005.gz")];
        assert_eq!(left_out(&files, |_| None), expected);
    }

    #[test]
    fn two_rules_read_the_same_bytes_as_two_inputs() {
        let files = [("a", text("")), ("b", text(""))];
        assert!(left_out(&files, |name| Some(usize::from(name == "a"))).is_empty());
        assert_eq!(left_out(&files, |_| Some(0)), [pair("b", "a")]);
    }
}

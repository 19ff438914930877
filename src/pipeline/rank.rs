//! The streams among the inputs: which files are one rotation, and the order of all.

use super::plan::Input;
use crate::model::Moment;
use crate::read::Found;
use std::path::{Path, PathBuf};

/// Ranks the inputs and numbers their streams: the rotated siblings of one directory, in the order
/// of the times inside them. Streams are ranked by what they are called and when they begin; only
/// between two that agree in both does the place they were read from decide.
pub(super) fn rank(mut inputs: Vec<Input>) -> Vec<Input> {
    inputs.sort_by_cached_key(|input| {
        let first = input.first.map_or(i64::MIN, Moment::micros);
        (stream_of(&input.found), first, input.found.shown.clone())
    });
    let mut streams: Vec<Vec<Input>> = Vec::new();
    for input in inputs {
        match streams.last_mut() {
            Some(stream) if stream_of(&stream[0].found) == stream_of(&input.found) => stream.push(input),
            _ => streams.push(vec![input]),
        }
    }
    streams.sort_by_cached_key(|stream| {
        let first = &stream[0];
        let shown_parent = Path::new(&first.found.shown).parent().map(Path::to_owned);
        let (parent, stem) = stream_of(&first.found);
        (shown_parent, stem, first.first.map_or(i64::MIN, Moment::micros), parent)
    });
    for (number, stream) in streams.iter_mut().enumerate() {
        stream.iter_mut().for_each(|input| input.stream = number);
    }
    streams.into_iter().flatten().collect()
}

/// The directory, and the name without what rotation and compression add to it.
pub(super) fn stream_of(found: &Found) -> (PathBuf, String) {
    let path = &found.path;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    (path.parent().map_or_else(PathBuf::new, Path::to_owned), stem(&name).to_owned())
}

/// `kamailio.log` for `kamailio.log.2.gz`, `kamailio.log-20261005` and the like.
fn stem(name: &str) -> &str {
    let mut stem = name;
    for suffix in [".gz", ".zst", ".bz2", ".xz"] {
        stem = stem.strip_suffix(suffix).unwrap_or(stem);
    }
    let trimmed = stem.trim_end_matches(|character: char| character.is_ascii_digit() || character == '-');
    match trimmed.strip_suffix('.') {
        Some(rest) if !rest.is_empty() && rest.len() < stem.len() - 1 => rest,
        // `full-20261005`: a dash and eight digits or more.
        _ if trimmed.len() + 9 <= stem.len() && !trimmed.is_empty() => trimmed,
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotated_siblings_share_a_stem() {
        for (name, expected) in [
            ("kamailio.log", "kamailio.log"),
            ("kamailio.log.1", "kamailio.log"),
            ("kamailio.log.12.gz", "kamailio.log"),
            ("kamailio.log-20261005.zst", "kamailio.log"),
            ("full.0", "full"),
            ("full.1791209002", "full"),
            ("x.log.2026-10-05.gz", "x.log"),
            ("edge1", "edge1"),
            ("20261005", "20261005"),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
    }
}

//! Who is billed now and was not, and the other way round: two lists of users compared.

use crate::ledger::{Entry, EntryKind};
use crate::model::UserChange;
use crate::report::{Stage, hex_digest};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

/// How the list of users differs from the one that is final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListChange {
    /// The final list stands in OUT as the ledger knows it; sorted by category and user.
    Known(Vec<UserChange>),
    /// It does not, so only the counts can be compared.
    Unknown,
}

impl ListChange {
    /// Whether nobody is known to come or go.
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Known(changes) => changes.is_empty(),
            Self::Unknown => true,
        }
    }
}

/// Compares the list of that name in the stage with the one that is final with that document.
pub fn list_change(stage: &Stage, last: &Entry, fresh: &str) -> ListChange {
    let mut folder = stage.out().join(&last.cycle_start).join(&last.tenant);
    if last.kind == EntryKind::Correction {
        folder.push(format!("correction-{}", last.number));
    }
    let Ok(bytes) = fs::read(folder.join("users.csv")) else { return ListChange::Unknown };
    if hex_digest(&blake3::hash(&bytes)) != last.digests.users {
        return ListChange::Unknown;
    }
    let open = |path: &Path| fs::File::open(path).map(io::BufReader::new);
    let compared = open(&stage.path_of(fresh)).and_then(|fresh| compare(&bytes[..], fresh));
    compared.map_or(ListChange::Unknown, ListChange::Known)
}

/// The users of one list and not of the other, by category and user.
fn compare(before: impl io::Read, now: impl io::Read) -> io::Result<Vec<UserChange>> {
    let mut gone: HashSet<(String, String)> = HashSet::new();
    each(before, |user| {
        gone.insert(user);
    })?;
    let mut changes = Vec::new();
    let change = |(category, sip_uri), is_added| UserChange { category, sip_uri, is_added };
    each(now, |user| {
        if !gone.remove(&user) {
            changes.push(change(user, true));
        }
    })?;
    changes.extend(gone.into_iter().map(|user| change(user, false)));
    changes.sort();
    Ok(changes)
}

/// Calls back with category and user of each row.
fn each(list: impl io::Read, mut call: impl FnMut((String, String))) -> io::Result<()> {
    let mut reader = csv::Reader::from_reader(list);
    let headers = reader.headers()?.clone();
    let column = |name: &str| {
        let found = headers.iter().position(|header| header == name);
        found.ok_or_else(|| io::Error::other(format!("no column `{name}`")))
    };
    let (category, sip_uri) = (column("category")?, column("sip_uri")?);
    for row in reader.records() {
        let row = row?;
        call((row[category].to_owned(), row[sip_uri].to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_users_and_categories_are_compared() {
        let before = "\u{feff}category,sip_uri,days\ngeneric,sip:a@x,1\ngeneric,sip:b@x,1\n";
        let now = "sip_uri,category,days\nsip:a@x,generic,9\nsip:a@x,desktop,1\n";
        let change = |category: &str, sip_uri: &str, is_added| UserChange {
            category: category.to_owned(),
            sip_uri: sip_uri.to_owned(),
            is_added,
        };
        let changes = compare(before.as_bytes(), now.as_bytes()).unwrap();
        assert_eq!(changes, [change("desktop", "sip:a@x", true), change("generic", "sip:b@x", false)]);
    }
}

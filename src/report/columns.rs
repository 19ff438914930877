//! Lists to share: columns of a CSV that are kept, hashed or left empty.
//!
//! What is shared has the same columns and rows as what stays in the house, so that whoever reads the
//! one can read the other.

use csv::{ReaderBuilder, Terminator, WriterBuilder};
use std::io;

/// What becomes of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Keep,
    /// Each text becomes a token: the same text, the same token.
    Hash,
    /// Every cell is empty.
    Drop,
}

/// What becomes of the columns that are named; of all others nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Columns {
    fates: Vec<(String, Fate)>,
}

/// Columns that may be hashed or dropped: what a list says of a person or of the house.
pub const SHARED_COLUMNS: [&str; 13] = [
    "active_days",
    "count",
    "evidence",
    "evidence_file",
    "evidence_offset",
    "first_seen",
    "last_seen",
    "platforms",
    "push_only",
    "registrations",
    "sip_uri",
    "user_agent",
    "user_agents",
];

impl Columns {
    /// The fates of columns, as `NAME=keep|hash|drop`.
    ///
    /// # Errors
    ///
    /// What is wrong with the first that is none, as a sentence.
    pub fn read(texts: &[String]) -> Result<Self, String> {
        let fate = |text: &String| {
            let (name, fate) =
                text.split_once('=').ok_or_else(|| format!("`{text}` is not written NAME=keep|hash|drop"))?;
            let fate = match fate {
                "keep" => Fate::Keep,
                "hash" => Fate::Hash,
                "drop" => Fate::Drop,
                _ => return Err(format!("`{fate}` is none of keep, hash and drop")),
            };
            if !SHARED_COLUMNS.contains(&name) {
                return Err(format!("`{name}` is none of {}", SHARED_COLUMNS.join(", ")));
            }
            Ok((name.to_owned(), fate))
        };
        Ok(Self { fates: texts.iter().map(fate).collect::<Result<_, _>>()? })
    }

    /// Whether nothing changes.
    pub fn keep_all(&self) -> bool {
        self.fates.iter().all(|(_, fate)| *fate == Fate::Keep)
    }

    /// Whether anything is hashed, which needs a key.
    pub fn hash_any(&self) -> bool {
        self.fates.iter().any(|(_, fate)| *fate == Fate::Hash)
    }

    /// What becomes of that column; the last word on it holds.
    pub fn fate(&self, column: &str) -> Fate {
        self.fates.iter().rev().find(|(name, _)| name == column).map_or(Fate::Keep, |(_, fate)| *fate)
    }

    /// The list as it is shared. `token` makes the token of a text.
    ///
    /// # Errors
    ///
    /// What the reader says; nothing of ours is no CSV.
    pub fn apply(&self, mut list: impl io::Read, token: impl Fn(&[u8]) -> String) -> io::Result<Vec<u8>> {
        const MARK: &[u8] = "\u{FEFF}".as_bytes();
        let mut bytes = Vec::new();
        list.read_to_end(&mut bytes)?;
        // The reader takes the byte order mark off, and the list is to keep it.
        let mark = if bytes.starts_with(MARK) { MARK } else { b"" };
        let mut reader = ReaderBuilder::new().has_headers(false).from_reader(&bytes[mark.len()..]);
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(mark.to_vec());
        let mut record = csv::ByteRecord::new();
        let mut fates: Option<Vec<Fate>> = None;
        while reader.read_byte_record(&mut record)? {
            let Some(fates) = &fates else {
                let name = |cell: &[u8]| self.fate(&String::from_utf8_lossy(cell));
                fates = Some(record.iter().map(name).collect());
                writer.write_byte_record(&record)?;
                continue;
            };
            for (cell, fate) in record.iter().zip(fates) {
                match fate {
                    Fate::Hash if !cell.is_empty() => writer.write_field(token(cell))?,
                    Fate::Drop => writer.write_field(b"")?,
                    _ => writer.write_field(cell)?,
                }
            }
            writer.write_record(None::<&[u8]>)?;
        }
        writer.into_inner().map_err(|error| io::Error::other(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(texts: &[&str]) -> Result<Columns, String> {
        Columns::read(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn columns_are_kept_hashed_or_left_empty_and_rows_stay() {
        let list = "\u{FEFF}sip_uri,user_agents,evidence_file\r\nsip:a@x,\"Acme, \"\"1\"\"\",a.log\r\nsip:b@x,,a.log\r\n";
        let columns = columns(&["user_agents=drop", "evidence_file=hash"]).unwrap();
        let shared = columns.apply(list.as_bytes(), |text| format!("h{}", text.len())).unwrap();
        assert_eq!(
            String::from_utf8(shared).unwrap(),
            "\u{FEFF}sip_uri,user_agents,evidence_file\r\nsip:a@x,,h5\r\nsip:b@x,,h5\r\n"
        );
    }

    #[test]
    fn what_is_kept_is_written_as_it_was() {
        let list = "sip_uri,user_agents\r\nsip:a@x,\"Acme, \"\"1\"\"\"\r\nsip:b@x,plain\r\n";
        let kept = columns(&["user_agents=keep"]).unwrap();
        assert!(kept.keep_all());
        assert_eq!(kept.apply(list.as_bytes(), |_| String::new()).unwrap(), list.as_bytes());
    }

    #[test]
    fn a_column_that_is_none_is_told_with_those_that_are() {
        assert_eq!(
            columns(&["user_agents"]).unwrap_err(),
            "`user_agents` is not written NAME=keep|hash|drop"
        );
        assert_eq!(columns(&["user_agents=gone"]).unwrap_err(), "`gone` is none of keep, hash and drop");
        assert!(
            columns(&["agents=drop"]).unwrap_err().starts_with("`agents` is none of active_days, count,")
        );
    }
}

//! `names`: a CSV `aor,sip_id` for servers whose AOR names are not the SIP user (Asterisk).

use super::problems::{Problems, quoted};
use std::collections::HashMap;
use std::path::Path;

/// Reads the file into a map from the server's AOR name to the bytes of the SIP-ID.
///
/// A SIP-ID without a domain takes `default_domain`; with neither it is a problem, since the
/// map is the last place where one could be given. Problems name the CSV and its line.
pub(super) fn names(
    path: &Path,
    default_domain: Option<&str>,
    problems: &Problems,
) -> HashMap<Vec<u8>, Vec<u8>> {
    let file = path.display().to_string();
    let mut names: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
    let mut reader = match csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path) {
        Ok(reader) => reader,
        Err(error) => {
            problems.report_in(&file, None, format!("cannot be read: {error}"));
            return names;
        }
    };
    match reader.byte_headers() {
        Ok(header) if header.iter().eq([&b"aor"[..], b"sip_id"]) => {}
        Ok(_) => problems.report_in(&file, 1, "the first line must be `aor,sip_id`"),
        Err(error) => problems.report_in(&file, 1, format!("is no CSV: {error}")),
    }
    for record in reader.byte_records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map(line_number);
                problems.report_in(&file, line, "a line has two fields, `aor` and `sip_id`");
                continue;
            }
        };
        let line = record.position().map(line_number);
        let (Some(aor), Some(written)) = (record.get(0), record.get(1)) else { continue };
        if aor.is_empty() || written.is_empty() {
            problems.report_in(&file, line, "`aor` or `sip_id` is empty");
            continue;
        }
        let Some(sip_id) = canonical(written, default_domain) else {
            let shown = quoted(&String::from_utf8_lossy(written));
            problems.report_in(&file, line, format!("`sip_id` {shown} is no `user@domain`"));
            continue;
        };
        if names.get(aor).is_some_and(|before| *before != sip_id) {
            let shown = quoted(&String::from_utf8_lossy(aor));
            problems.report_in(&file, line, format!("`aor` {shown} stands for two SIP-IDs; keep one"));
        }
        names.insert(aor.to_vec(), sip_id);
    }
    names
}

fn line_number(position: &csv::Position) -> usize {
    usize::try_from(position.line()).unwrap_or(usize::MAX)
}

/// `user@domain` with the scheme off, every `%xx` of the user undone and the domain in lower case.
fn canonical(written: &[u8], default_domain: Option<&str>) -> Option<Vec<u8>> {
    let scheme = written.iter().position(|&byte| byte == b':').filter(|&at| {
        written[..at].eq_ignore_ascii_case(b"sip") || written[..at].eq_ignore_ascii_case(b"sips")
    });
    let bare = scheme.map_or(written, |at| &written[at + 1..]);
    let (user, domain) = match memchr::memrchr(b'@', bare) {
        Some(at) => (&bare[..at], bare[at + 1..].to_ascii_lowercase()),
        None => (bare, default_domain?.as_bytes().to_vec()),
    };
    let is_odd = |byte: &u8| byte.is_ascii_whitespace() || byte.is_ascii_control() || b"<>\";".contains(byte);
    if user.is_empty() || domain.is_empty() || user.iter().chain(&domain).any(is_odd) {
        return None;
    }
    let mut id = Vec::with_capacity(bare.len());
    let mut rest = user;
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = match (byte, after) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        id.push(escaped.unwrap_or(byte));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    id.push(b'@');
    id.extend_from_slice(&domain);
    Some(id)
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("names.csv");
        std::fs::write(&path, text).unwrap();
        let problems = Problems::new("b");
        let names = names(&path, Some("d.example"), &problems);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let mut pairs: Vec<_> = names.into_iter().map(|(aor, id)| (text(aor), text(id))).collect();
        pairs.sort();
        problems.settle(Some(pairs)).map(|(pairs, _)| pairs).map_err(|error| {
            let line = |line: Option<usize>| line.map_or(0, |line| line);
            error.problems.iter().map(|problem| format!("{}: {}", line(problem.line), problem.text)).collect()
        })
    }

    #[test]
    fn a_sip_id_is_made_canonical() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            read("aor,sip_id\nphone1,sip:Alice@A.Example\nphone2,bob\nphone3,%31%2b@a.example\n"),
            Ok(vec![
                pair("phone1", "Alice@a.example"),
                pair("phone2", "bob@d.example"),
                pair("phone3", "1+@a.example")
            ])
        );
    }

    #[test]
    fn every_bad_line_is_told_with_its_number() {
        assert_eq!(
            read("aor,sipid\na,x@y\na,z@y\nb\n,x@y\nc,@y\n").unwrap_err(),
            [
                "1: the first line must be `aor,sip_id`",
                "3: `aor` `a` stands for two SIP-IDs; keep one",
                "4: a line has two fields, `aor` and `sip_id`",
                "5: `aor` or `sip_id` is empty",
                "6: `sip_id` `@y` is no `user@domain`",
            ]
        );
    }
}

//! Whether bytes are text at all, told by control bytes and not by encoding.
//!
//! Logs carry Latin-1, GBK and broken UTF-8 in names and User-Agents, so the encoding proves
//! nothing. Control bytes do: text has hardly any, and compressed or packed data at least a
//! tenth.

use super::{InputError, NotText};
use std::path::Path;

/// Bytes that are looked at.
const SAMPLE_LEN: usize = 64 << 10;
/// A run of more NUL bytes than this is a hole that a truncated log left, and no content.
const HOLE_LEN: usize = 512;
/// With more control bytes than this the sample is binary. Random bytes have 11 %.
const CONTROL_PERCENT_MAX: usize = 10;

/// Refuses an input whose start is UTF-16, binary, or another form that is not read line by line. [`Stream`](super::Stream) has made UTF-8 of
/// UTF-16; what is read in another way has not.
///
/// `start` is as in [`looks_binary`]. A directory may well hold a stray binary file, so it is
/// for the caller to decide whether that stops the run.
///
/// # Errors
///
/// [`InputError::NotText`].
pub fn check_text(path: &Path, start: &[u8]) -> Result<(), InputError> {
    let what = if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
        NotText::Utf16
    } else if is_tar(start) {
        NotText::Archive
    } else if start.starts_with(JOURNAL_EXPORT) {
        NotText::JournalExport
    } else if let Some(percent) = looks_binary(start) {
        NotText::Binary { percent }
    } else {
        return Ok(());
    };
    Err(InputError::NotText { path: path.to_owned(), what })
}

/// How `journalctl -o export` begins an entry. A message with line breaks stands in it
/// as it is, behind its length, so its lines must not be taken for the log's.
const JOURNAL_EXPORT: &[u8] = b"__CURSOR=";

/// Whether it is an archive of `tar`, in which the logs stand as they are, and compressed ones as bytes that nobody reads:
/// read as text it would be billed in part.
fn is_tar(start: &[u8]) -> bool {
    // POSIX.1-1988, the header's magic: `ustar` and NUL, or in GNU's older format two blanks.
    start.get(257..262) == Some(b"ustar") && start.first() != Some(&0)
}

/// The percentage of control bytes where there are too many for text; `None` for text.
///
/// `start` is the start of the decoded bytes, as much as is at hand: the whole of a mapped file
/// or the first block of a stream. The 64 KiB after its leading NULs are looked at. A log that
/// was truncated under a writer keeps a hole of NULs as long as what had been written before,
/// so leading NULs and longer runs of them count neither way, unless nothing else is there.
pub fn looks_binary(start: &[u8]) -> Option<u8> {
    let text_start = start.iter().position(|&byte| byte != 0).unwrap_or(start.len());
    let sample = &start[text_start..];
    let sample = &sample[..sample.len().min(SAMPLE_LEN)];
    if sample.is_empty() {
        return if start.is_empty() { None } else { Some(100) };
    }
    // Nearly every log is told by one look, at many bytes at once.
    if !sample.iter().fold(false, |has, &byte| has | is_control(byte)) {
        return None;
    }
    let mut counted = 0;
    let mut controls = 0;
    let mut has_line = false;
    for run in sample.chunk_by(|a, b| *a == 0 && *b == 0) {
        if run[0] == 0 && run.len() > HOLE_LEN {
            continue;
        }
        counted += run.len();
        controls += run.iter().filter(|&&byte| is_control(byte)).count();
        has_line |= run[0] == b'\n';
    }
    // A few bytes around a hole say nothing, unless they are lines: a disk image starts like that as well.
    if counted * 64 < sample.len() && (controls > 0 || !has_line) {
        let percent = (sample.len() - counted + controls) * 100 / sample.len();
        return Some(u8::try_from(percent).unwrap_or(100));
    }
    let percent = controls * 100 / counted;
    (controls * 100 > counted * CONTROL_PERCENT_MAX).then(|| u8::try_from(percent).unwrap_or(100))
}

/// Control bytes that text has no use for; colours in a console capture are ESC sequences.
fn is_control(byte: u8) -> bool {
    let is_used = (byte == b'\t') | (byte == b'\n') | (byte == b'\r') | (byte == 0x1b);
    ((byte < b' ') | (byte == 0x7f)) & !is_used
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &[u8] = b"Oct  5 14:03:22 edge1 kamailio[812]: INFO: REG-OK\r\n";

    #[test]
    fn an_archive_is_no_log() {
        let mut tar = b"edge1/kamailio.log".to_vec();
        tar.resize(257, 0);
        tar.extend_from_slice(b"ustar\x0000");
        tar.resize(512, 0);
        tar.extend_from_slice(&LINE.repeat(100));
        let error = check_text(Path::new("logs.tar"), &tar).unwrap_err().to_string();
        assert_eq!(error, "logs.tar: is a tar archive; unpack it and name the directory");
        tar[257] = b'U';
        assert!(check_text(Path::new("logs.tar"), &tar).is_ok());
    }

    #[test]
    fn an_export_of_the_journal_is_no_log() {
        let export = b"__CURSOR=s=1\n__REALTIME_TIMESTAMP=1791209002123456\nMESSAGE=x\n\n";
        let error = check_text(Path::new("journal"), export).unwrap_err().to_string();
        assert!(error.starts_with("journal: is journald's export format"), "{error}");
        assert!(check_text(Path::new("journal"), &export[1..]).is_ok());
    }

    #[test]
    fn nothing_is_text() {
        assert_eq!(looks_binary(b""), None);
    }

    #[test]
    fn log_lines_in_colour_and_latin_1_are_text() {
        assert_eq!(looks_binary(b"\x1b[1;32mNOTICE\x1b[0m\tJos\xe9 registr\xe9\n"), None);
    }

    #[test]
    fn a_long_hole_before_the_first_line_is_no_binary_file() {
        let mut bytes = vec![0; 3 * SAMPLE_LEN];
        bytes.extend_from_slice(LINE);
        assert_eq!(looks_binary(&bytes), None);
    }

    #[test]
    fn a_hole_between_lines_is_no_binary_file() {
        let mut bytes = LINE.repeat(20);
        bytes.extend_from_slice(&[0; 20_000]);
        bytes.extend_from_slice(&LINE.repeat(20));
        assert_eq!(looks_binary(&bytes), None);
    }

    #[test]
    fn short_runs_of_nul_are_content() {
        let bytes = [b"record\0\0\0\0".as_slice(); 100].concat();
        assert_eq!(looks_binary(&bytes), Some(40));
    }

    #[test]
    fn nothing_but_nul_is_binary() {
        assert_eq!(looks_binary(&[0; 1000]), Some(100));
    }

    #[test]
    fn a_hole_with_hardly_a_byte_beside_it_is_binary() {
        let mut bytes = b"x".to_vec();
        bytes.extend_from_slice(&[0; SAMPLE_LEN]);
        assert_eq!(looks_binary(&bytes), Some(99));
    }

    #[test]
    fn a_hole_behind_the_first_line_is_no_binary_file() {
        let mut bytes = LINE.to_vec();
        bytes.extend_from_slice(&[0; SAMPLE_LEN]);
        assert_eq!(looks_binary(&bytes), None);
        bytes[0] = 1;
        assert_eq!(looks_binary(&bytes), Some(99));
    }

    #[test]
    fn evenly_spread_bytes_are_binary() {
        let bytes: Vec<u8> = (1..=u8::MAX).chain(0..=u8::MAX).collect();
        assert_eq!(looks_binary(&bytes), Some(11));
    }

    #[test]
    fn utf_16_is_named_as_such() {
        let error = check_text(Path::new("a.log"), b"\xff\xfeO\0c\0t\0").unwrap_err();
        assert_eq!(error.to_string(), "a.log: UTF-16 is not read yet; convert it to UTF-8");
    }

    #[test]
    fn a_byte_order_mark_of_utf_8_is_text() {
        assert!(check_text(Path::new("a.log"), b"\xef\xbb\xbfOct  5\n").is_ok());
    }
}

//! A file's bytes as they are stored, for who measures how fast they come.

use super::watch::Watch;
use super::{Found, InputError};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// A regular file, read from its first stored byte to the last it had at opening; nothing is
/// decoded.
#[derive(Debug)]
pub struct RawFile {
    watch: Watch,
    buffer: Vec<u8>,
    at: u64,
}

impl RawFile {
    /// Opens a file that is read in blocks of `block_len` bytes.
    ///
    /// # Errors
    ///
    /// [`InputError::Missing`] or [`InputError::Unreadable`].
    pub fn open(found: &Found, block_len: usize) -> Result<Self, InputError> {
        let path = &found.path;
        let file = File::open(path).map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => InputError::Missing { path: path.clone() },
            _ => InputError::unreadable(path, cause),
        })?;
        Ok(Self { watch: Watch::start(file, path)?, buffer: vec![0; block_len.max(1)], at: 0 })
    }

    /// The next bytes, of which there is at least one; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`InputError::Unreadable`], or [`InputError::Changed`] where the file has become shorter
    /// or, at its end, is not what it was.
    pub fn next_block(&mut self) -> Result<Option<&[u8]>, InputError> {
        let left = self.watch.size_bytes() - self.at;
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(self.buffer.len());
        if wanted == 0 {
            return self.watch.check().map(|()| None);
        }
        let block = &mut self.buffer[..wanted];
        if let Err(cause) = self.watch.file().read_exact_at(block, self.at) {
            self.watch.check()?;
            return Err(InputError::unreadable(self.watch.path(), cause));
        }
        self.at += wanted as u64;
        Ok(Some(block))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn opened(bytes: &[u8]) -> (tempfile::NamedTempFile, RawFile) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let found = Found { path: file.path().to_owned(), shown: "a.log".to_owned(), is_named: true };
        let raw = RawFile::open(&found, 4).unwrap();
        (file, raw)
    }

    #[test]
    fn every_byte_comes_once_and_in_order() {
        let (_file, mut raw) = opened(b"one\ntwo\nx");
        let mut bytes = Vec::new();
        while let Some(block) = raw.next_block().unwrap() {
            bytes.extend_from_slice(block);
        }
        assert_eq!(bytes, b"one\ntwo\nx");
    }

    #[test]
    fn compressed_bytes_come_as_they_are_stored() {
        let stored = super::super::decode::gzip(b"one\n");
        let (_file, mut raw) = opened(&stored);
        assert_eq!(raw.next_block().unwrap(), Some(&stored[..4]));
    }

    #[test]
    fn a_file_that_shrank_has_changed() {
        let (file, mut raw) = opened(b"one\ntwo\n");
        file.as_file().set_len(2).unwrap();
        assert!(matches!(raw.next_block(), Err(InputError::Changed { .. })));
    }
}

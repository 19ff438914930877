//! Inputs that are read from their first byte to their last: captures and dumps of a location
//! table, whose places are no lines of a log.

use super::{InputCounts, ReadInput, Run, ScanError, Scanned};
use crate::formats::snapshot::SnapshotReader;
use crate::model::Spot;
use crate::pipeline::capture::{self, StreamReader};
use crate::pipeline::plan::Input;
use crate::pipeline::snapshot::feed;
use crate::read::{Capture, OwnedBlock, Source, Stream, cut};
use crate::settle::Residue;
use std::collections::HashSet;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

impl Run<'_> {
    /// Blocks of a memory map that holds snapshots, one after another: a binding may begin in one
    /// and end in the next.
    /// A capture, message after message.
    pub(super) fn capture(
        &self,
        input: &Input,
        packets: &mut Capture<impl Read>,
        rank: u32,
        registrars: &HashSet<SocketAddr>,
        settle: &mut (impl FnMut(&Residue) + Send),
    ) -> Result<InputCounts, ScanError> {
        /// Messages between two looks at whether the run is to stop.
        const MESSAGES: usize = 10_000;
        let mut counts = InputCounts::default();
        let mut values = Vec::new();
        let mut is_over = false;
        while !is_over {
            self.check_interrupt()?;
            let mut failure = None;
            let scanned = self.listen(input, b"", |_, sink| {
                for _ in 0..MESSAGES {
                    match packets.next_message() {
                        Ok(Some(message)) => capture::tell(&message, rank, registrars, &mut values, sink),
                        Ok(None) => {
                            is_over = true;
                            return;
                        }
                        Err(error) => {
                            failure = Some(error);
                            return;
                        }
                    }
                }
            });
            counts.add(&scanned);
            self.settle(scanned.residue, settle);
            if let Some(error) = failure {
                return Err(error.into());
            }
        }
        Ok(counts)
    }

    /// A capture that must be decoded first: once for its registrars, where it can be opened
    /// again, and once for its messages.
    pub(super) fn stream_capture(
        &self,
        input: &Input,
        stream: Stream,
        first: Option<OwnedBlock>,
        rank: u32,
        settle: &mut (impl FnMut(&Residue) + Send),
    ) -> Result<ReadInput, ScanError> {
        let path = &input.found.path;
        let registrars = match first.is_some() {
            // Standard input comes once: who is the registrar there, nothing tells beforehand.
            true => HashSet::new(),
            false => match input.open()? {
                Source::Stream(stream) => {
                    let mut reader = StreamReader::new(stream, None);
                    let found = capture::registrars(&mut Capture::new(path, &mut reader));
                    found.map_err(|error| reader.failure.take().unwrap_or(error))?
                }
                Source::Mapped(mapped) => capture::registrars(&mut Capture::new(path, mapped.bytes()))?,
            },
        };
        let mut reader = StreamReader::new(stream, first);
        let counts = self.capture(input, &mut Capture::new(path, &mut reader), rank, &registrars, settle);
        if let Some(failure) = reader.failure.take() {
            return Err(failure.into());
        }
        let counts = counts?;
        let stream = reader.into_stream();
        stream.verify_unchanged()?;
        let digest = stream.digest().unwrap_or_else(|| blake3::hash(b""));
        Ok(ReadInput { digest, counts: InputCounts { bytes: stream.raw_bytes_read(), ..counts } })
    }

    pub(super) fn mapped_snapshot(
        &self,
        input: &Input,
        bytes: &[u8],
        rank: u32,
        settle: &mut (impl FnMut(&Residue) + Send),
    ) -> Result<InputCounts, ScanError> {
        let mut counts = InputCounts { bytes: bytes.len() as u64, ..InputCounts::default() };
        let mut reader = SnapshotReader::new();
        for range in cut(bytes, self.block_len) {
            self.check_interrupt()?;
            let start = Spot { input: rank, offset: range.start as u64 };
            let scanned = self.snapshot(input, &bytes[range.clone()], start, &mut reader);
            self.meter.raw_bytes.fetch_add(range.len() as u64, Ordering::Relaxed);
            counts.add(&scanned);
            self.settle(scanned.residue, settle);
        }
        let last = self.listen(input, b"", |_, sink| reader.finish(sink));
        counts.add(&last);
        self.settle(last.residue, settle);
        Ok(counts)
    }

    pub(super) fn snapshot(
        &self,
        input: &Input,
        bytes: &[u8],
        start: Spot,
        reader: &mut SnapshotReader,
    ) -> Scanned {
        self.listen(input, bytes, |_, collector| feed(reader, bytes, start, collector))
    }
}

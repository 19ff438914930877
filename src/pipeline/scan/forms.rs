//! Inputs that are read from their first byte to their last: captures and dumps of a location
//! table, whose places are no lines of a log.

use super::feed::{End, NO_DIGEST};
use super::settling::Settling;
use super::{InputCounts, Reading, Run, Scan, ScanError, Scanned};
use crate::formats::snapshot::SnapshotReader;
use crate::model::Spot;
use crate::pipeline::capture::{self, StreamReader};
use crate::pipeline::plan::{Form, Input};
use crate::pipeline::snapshot::feed;
use crate::read::{Capture, Mapped, OwnedBlock, Source, Stream, cut};
use std::collections::HashSet;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;

impl Run<'_> {
    /// Reads and settles one such input.
    pub(super) fn whole(
        &self,
        reading: Reading<'_>,
        settling: &mut Settling<'_>,
        scan: &mut Scan,
    ) -> Result<(), ScanError> {
        let Reading { input, rank, feed, .. } = reading;
        let is_capture = input.form == Form::Capture;
        let mut settle = |scanned: Scanned| {
            settling.learn(std::slice::from_ref(&scanned));
            settling.take(&mut vec![scanned], self.spares);
        };
        let (counts, end) = match feed.into_source()? {
            (Source::Mapped(mapped), _) => {
                let digest = || match self.counting.wants_digests {
                    true => mapped.digest(),
                    false => NO_DIGEST,
                };
                let read = || match is_capture {
                    true => self.mapped_capture(input, &mapped, rank, &mut settle),
                    false => self.mapped_snapshot(input, mapped.bytes(), rank, &mut settle),
                };
                let (digest, counts) = rayon::join(digest, read);
                mapped.verify_unchanged()?;
                (counts?, End { digest, is_cut: false, has_turned: false })
            }
            (Source::Stream(stream), first) => match is_capture {
                true => self.stream_capture(input, stream, first, rank, &mut settle)?,
                false => self.stream_snapshot(input, stream, first, rank, &mut settle)?,
            },
        };
        scan.digests.push(end.digest);
        scan.lines.push(InputCounts { is_cut: end.is_cut, ..counts });
        Ok(())
    }

    fn mapped_capture(
        &self,
        input: &Input,
        mapped: &Mapped,
        rank: u32,
        settle: &mut (impl FnMut(Scanned) + Send),
    ) -> Result<InputCounts, ScanError> {
        let (path, bytes) = (&input.found.path, mapped.bytes());
        let registrars = capture::registrars(&mut Capture::new(path, bytes))?;
        let mut packets = Capture::new(path, bytes);
        let counts = self.capture(input, &mut packets, rank, &registrars, settle)?;
        self.meter.raw_bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(InputCounts { bytes: bytes.len() as u64, ..counts })
    }

    /// A capture, message after message.
    fn capture(
        &self,
        input: &Input,
        packets: &mut Capture<impl Read>,
        rank: u32,
        registrars: &HashSet<SocketAddr>,
        settle: &mut (impl FnMut(Scanned) + Send),
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
            settle(scanned);
            if let Some(error) = failure {
                return Err(error.into());
            }
        }
        Ok(counts)
    }

    /// A capture that must be decoded first: once for its registrars, where it can be opened
    /// again, and once for its messages.
    fn stream_capture(
        &self,
        input: &Input,
        stream: Stream,
        first: Option<OwnedBlock>,
        rank: u32,
        settle: &mut (impl FnMut(Scanned) + Send),
    ) -> Result<(InputCounts, End), ScanError> {
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
        let end = End { digest: stream.digest().unwrap_or(NO_DIGEST), is_cut: false, has_turned: false };
        Ok((InputCounts { bytes: stream.raw_bytes_read(), ..counts }, end))
    }

    /// Blocks of a memory map that holds snapshots, one after another: a binding may begin in one
    /// and end in the next.
    fn mapped_snapshot(
        &self,
        input: &Input,
        bytes: &[u8],
        rank: u32,
        settle: &mut (impl FnMut(Scanned) + Send),
    ) -> Result<InputCounts, ScanError> {
        let mut counts = InputCounts { bytes: bytes.len() as u64, ..InputCounts::default() };
        let mut reader = SnapshotReader::new();
        for range in cut(bytes, self.block_len) {
            self.check_interrupt()?;
            let start = Spot { input: rank, offset: range.start as u64 };
            let block = &bytes[range.clone()];
            let scanned = self.listen(input, block, |_, sink| feed(&mut reader, block, start, sink));
            self.meter.raw_bytes.fetch_add(range.len() as u64, Ordering::Relaxed);
            counts.add(&scanned);
            settle(scanned);
        }
        let last = self.listen(input, b"", |_, sink| reader.finish(sink));
        counts.add(&last);
        settle(last);
        Ok(counts)
    }

    fn stream_snapshot(
        &self,
        input: &Input,
        mut stream: Stream,
        first: Option<OwnedBlock>,
        rank: u32,
        settle: &mut (impl FnMut(Scanned) + Send),
    ) -> Result<(InputCounts, End), ScanError> {
        let mut counts = InputCounts::default();
        let mut reader = SnapshotReader::new();
        let mut raw_read = 0;
        let mut next = match first {
            Some(block) => Some(block),
            None => stream.next_block(self.block_len)?,
        };
        while let Some(block) = next {
            self.check_interrupt()?;
            let start = Spot { input: rank, offset: block.offset };
            let scanned =
                self.listen(input, &block.bytes, |_, sink| feed(&mut reader, &block.bytes, start, sink));
            counts.bytes += block.bytes.len() as u64;
            counts.add(&scanned);
            settle(scanned);
            stream.recycle(block.bytes);
            next = stream.next_block(self.block_len)?;
            let raw = stream.raw_bytes_read();
            self.meter.raw_bytes.fetch_add(raw - raw_read, Ordering::Relaxed);
            raw_read = raw;
        }
        let last = self.listen(input, b"", |_, sink| reader.finish(sink));
        counts.add(&last);
        settle(last);
        stream.verify_unchanged()?;
        let digest = stream.digest().unwrap_or(NO_DIGEST);
        Ok((counts, End { digest, is_cut: stream.is_cut(), has_turned: false }))
    }
}

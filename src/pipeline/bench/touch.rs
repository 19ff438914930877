//! The passes below the scan: stored bytes read, and decoded.

use crate::pipeline::plan::{Form, Input, Plan};
use crate::pipeline::scan::{Meter, ScanError};
use crate::read::{Found, Mapped, RawFile, Source};
use rayon::prelude::*;
use std::sync::atomic::Ordering;

/// Bytes asked of a decoder at a time, as the scan asks.
const DECODED_LEN: usize = 1 << 20;

/// Bytes that were read, and a sum over them that other bytes would hardly have. Bytes that are cut
/// alike have the same sum, in whatever order the blocks are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Touched {
    pub bytes: u64,
    pub sum: u64,
}

impl Touched {
    fn and(self, other: Self) -> Self {
        Self { bytes: self.bytes + other.bytes, sum: self.sum.wrapping_add(other.sum) }
    }

    /// Looks at every byte. Words are added and not bytes, since that keeps up with memory (25 GB/s
    /// on one core against 7).
    fn of(bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks();
        let words = words.iter().map(|word| u64::from_le_bytes(*word));
        let all = words.chain(rest.iter().map(|byte| u64::from(*byte)));
        Self { bytes: bytes.len() as u64, sum: all.fold(0, u64::wrapping_add) }
    }
}

/// Reads the stored bytes: out of the memory map where the scan would, else block by block.
pub(super) fn read(found: &[&Found], block_len: usize, meter: &Meter) -> Result<Touched, ScanError> {
    let each = found.par_iter().map(|found| match Source::open(found)? {
        Source::Mapped(mapped) => touch(&mapped, block_len, meter),
        Source::Stream(_) => {
            let mut raw = RawFile::open(found, block_len)?;
            let mut touched = Touched::default();
            while let Some(block) = raw.next_block()? {
                check_interrupt(meter)?;
                meter.raw_bytes.fetch_add(block.len() as u64, Ordering::Relaxed);
                touched = touched.and(Touched::of(block));
            }
            Ok(touched)
        }
    });
    each.try_reduce(Touched::default, |one, other| Ok(one.and(other)))
}

/// Decodes what is compressed, and reads the rest. Bytes of captures, which the scan reads as
/// packets, are decoded and not added up.
pub(super) fn decode(plan: &Plan, block_len: usize, meter: &Meter) -> Result<u64, ScanError> {
    let each = plan.inputs.par_iter().map(|input| {
        let decoded = decode_one(input, block_len, meter)?;
        Ok(if input.form == Form::Capture { 0 } else { decoded })
    });
    each.try_reduce(|| 0, |one, other| Ok(one + other))
}

fn decode_one(input: &Input, block_len: usize, meter: &Meter) -> Result<u64, ScanError> {
    match input.open()? {
        Source::Mapped(mapped) => touch(&mapped, block_len, meter).map(|touched| touched.bytes),
        Source::Stream(mut stream) => {
            let (mut decoded, mut raw) = (0, 0);
            while let Some(block) = stream.next_block(DECODED_LEN)? {
                check_interrupt(meter)?;
                decoded += block.bytes.len() as u64;
                stream.recycle(block.bytes);
                let before = std::mem::replace(&mut raw, stream.raw_bytes_read());
                meter.raw_bytes.fetch_add(raw - before, Ordering::Relaxed);
            }
            stream.verify_unchanged()?;
            Ok(decoded)
        }
    }
}

fn touch(mapped: &Mapped, block_len: usize, meter: &Meter) -> Result<Touched, ScanError> {
    let each = mapped.bytes().par_chunks(block_len).map(|block| {
        check_interrupt(meter)?;
        let touched = Touched::of(block);
        meter.raw_bytes.fetch_add(touched.bytes, Ordering::Relaxed);
        Ok(touched)
    });
    let touched = each.try_reduce(Touched::default, |one, other| Ok::<_, ScanError>(one.and(other)))?;
    mapped.verify_unchanged()?;
    Ok(touched)
}

fn check_interrupt(meter: &Meter) -> Result<(), ScanError> {
    match meter.is_interrupted.load(Ordering::Relaxed) {
        true => Err(ScanError::Interrupted),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_counts_in_the_sum() {
        let bytes = [7u8; 21];
        for at in 0..bytes.len() {
            let mut other = bytes;
            other[at] ^= 1;
            assert_ne!(Touched::of(&other), Touched::of(&bytes), "{at}");
        }
    }

    #[test]
    fn the_order_of_the_blocks_does_not_matter() {
        let blocks: Vec<Touched> = (0..=255u8).map(|byte| Touched::of(&[byte; 255])).collect();
        let sum = |blocks: &mut dyn Iterator<Item = &Touched>| {
            blocks.fold(Touched::default(), |one, it| one.and(*it))
        };
        assert_eq!(sum(&mut blocks.iter()), sum(&mut blocks.iter().rev()));
    }
}

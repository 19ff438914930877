//! Lists of many rows: stretch by stretch on every core, and written in their order.

use rayon::prelude::*;
use std::io::{self, Write};

/// Rows that are made at one go.
const STRETCH_LEN: usize = 2_048;
/// Stretches that are made before they are written, so that no list is held whole.
const BATCH_LEN: usize = 64;

/// Writes what `make` gives for each stretch of the items, in their order.
///
/// # Errors
///
/// What the writer says.
pub(super) fn write_stretches<T: Sync>(
    out: &mut dyn Write,
    items: &[T],
    make: impl Fn(&[T]) -> Vec<u8> + Sync,
) -> io::Result<()> {
    for batch in items.chunks(STRETCH_LEN * BATCH_LEN) {
        let texts: Vec<Vec<u8>> = batch.par_chunks(STRETCH_LEN).map(&make).collect();
        texts.iter().try_for_each(|text| out.write_all(text))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_and_batches_join_without_a_seam() {
        for len in [0, 1, STRETCH_LEN, STRETCH_LEN * BATCH_LEN + 1, 3 * STRETCH_LEN * BATCH_LEN - 1] {
            let items: Vec<usize> = (0..len).collect();
            let lines = |items: &[usize]| {
                items.iter().map(|item| format!("{item}\n")).collect::<String>().into_bytes()
            };
            let mut out = Vec::new();
            write_stretches(&mut out, &items, lines).unwrap();
            assert_eq!(out, lines(&items), "{len} items");
        }
    }
}

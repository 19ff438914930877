//! Lists of many rows: stretch by stretch on every core, and written in their order.

use crate::model::AuditedUser;
use rayon::prelude::*;
use std::io::{self, Write};

/// Rows of a slice that are made at one go.
const STRETCH_LEN: usize = 1_024;
/// Stretches that each core makes before they are written, so that no list is held whole.
const BATCH_LEN: usize = 8;

/// The users of an audit in the order of the output, in stretches that can be looked at on any core.
///
/// Whoever knows the users implements it, so that a list need not be held whole.
pub trait Users: Sync {
    /// How many stretches there are.
    fn stretches(&self) -> usize;

    /// Shows the users of one stretch.
    fn each(&self, stretch: usize, look: &mut dyn FnMut(&AuditedUser<'_>));
}

impl Users for [AuditedUser<'_>] {
    fn stretches(&self) -> usize {
        self.len().div_ceil(STRETCH_LEN)
    }

    fn each(&self, stretch: usize, look: &mut dyn FnMut(&AuditedUser<'_>)) {
        let start = stretch * STRETCH_LEN;
        self[start..self.len().min(start + STRETCH_LEN)].iter().for_each(look);
    }
}

/// Writes what `push` makes of each user, in their order.
///
/// # Errors
///
/// What the writer says.
pub(super) fn write_users<R: Send>(
    out: &mut dyn Write,
    users: &(impl Users + ?Sized),
    start: impl Fn() -> R + Sync,
    push: impl Fn(&mut R, &AuditedUser<'_>) + Sync,
    bytes: impl Fn(R) -> Vec<u8> + Sync,
) -> io::Result<()> {
    write_stretches(out, users.stretches(), |stretch| {
        let mut rows = start();
        users.each(stretch, &mut |user| push(&mut rows, user));
        bytes(rows)
    })
}

/// Writes what `make` gives for each stretch, in their order.
///
/// # Errors
///
/// What the writer says.
fn write_stretches(
    out: &mut dyn Write,
    stretches: usize,
    make: impl Fn(usize) -> Vec<u8> + Sync,
) -> io::Result<()> {
    let batch_len = BATCH_LEN * rayon::current_num_threads();
    for batch in (0..stretches).step_by(batch_len) {
        let batch = batch..stretches.min(batch + batch_len);
        let texts: Vec<Vec<u8>> = batch.into_par_iter().map(&make).collect();
        texts.iter().try_for_each(|text| out.write_all(text))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::samples::audited;
    use super::*;

    #[test]
    fn stretches_and_batches_join_without_a_seam() {
        for len in [0, 1, STRETCH_LEN, STRETCH_LEN + 1, 70 * STRETCH_LEN - 1] {
            let ids: Vec<String> = (0..len).map(|number| format!("{number}@x")).collect();
            let users: Vec<AuditedUser<'_>> = ids.iter().map(|id| audited(id)).collect();
            let line = |rows: &mut String, user: &AuditedUser<'_>| {
                rows.push_str(&user.sip_id.escaped());
                rows.push('\n');
            };
            let mut out = Vec::new();
            write_users(&mut out, &users[..], String::new, line, String::into_bytes).unwrap();
            assert_eq!(out, ids.iter().map(|id| format!("{id}\n")).collect::<String>().into_bytes());
        }
    }
}

//! Memory asked for before it is needed.
//!
//! A processor waits hundreds of steps for memory that is not near, and a dozen such waits pass together as fast as one.
//! The hints here begin a wait and go on: unlike a look at the memory they hold up nothing behind them.

/// How far ahead memory that is read from its begin to its end is asked for.
///
/// The processor fetches ahead by itself, but not over the end of a page of four kilobytes; asked for a page ahead, a
/// mapped log was read half as fast again.
pub const AHEAD: usize = 4096;

/// Bytes of a line of memory.
const LINE: usize = 64;

/// Asks for the memory at that place of the bytes, if they reach so far.
#[inline(always)]
pub fn fetch(bytes: &[u8], at: usize) {
    if let Some(byte) = bytes.get(at) {
        hint(byte);
    }
}

/// Asks for all of the memory of a thing.
#[inline(always)]
pub fn bring<T>(thing: &T) {
    for begin in (0..size_of::<T>()).step_by(LINE) {
        hint(std::ptr::from_ref(thing).cast::<u8>().wrapping_add(begin));
    }
    // It may begin in the middle of a line, and so reach into one more.
    hint(std::ptr::from_ref(thing).cast::<u8>().wrapping_add(size_of::<T>().saturating_sub(1)));
}

#[inline(always)]
fn hint(at: *const u8) {
    #[cfg(target_arch = "x86_64")]
    #[expect(unsafe_code, reason = "the hint takes a pointer")]
    // SAFETY: a hint reads nothing, changes nothing, and never faults, wherever it points. SSE belongs to x86-64 itself.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = at;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_at_the_end_of_memory_and_behind_it_is_harmless() {
        let bytes = vec![7; 3 * 4096];
        (0..4 * 4096).for_each(|at| fetch(&bytes, at));
        bytes.as_chunks::<4096>().0.iter().for_each(bring);
        bring(&());
        assert_eq!(bytes, vec![7; 3 * 4096]);
    }
}

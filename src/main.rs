use libmimalloc_sys as sys;
use mimalloc::MiMalloc;
use std::alloc::{GlobalAlloc, Layout};
use std::process::ExitCode;

fn main() -> ExitCode {
    keep_pages_small();
    siptally::cli::main()
}

/// A huge page is cleared as a whole at its first touch, however little of it is needed. On
/// a virtual machine that gives idle memory back to its host that is dear: with pages of four kilobytes a run behind
/// some idle seconds took a tenth to a third less time, one right behind another the same, and a log with few users took a quarter
/// of the memory. mimalloc is built so that it asks for none; some systems give them unasked.
///
/// Only there: what is forbidden here is forbidden to maps of files too, and logs that lie in memory in large pieces are
/// mapped by as large pages where they may be.
fn keep_pages_small() {
    #[cfg(target_os = "linux")]
    if std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled")
        .is_ok_and(|given| given.contains("[always]"))
    {
        // The kernel's word on it changes no result.
        let _ = rustix::thread::disable_transparent_huge_pages(true);
    }
}

/// Sets of millions of users are grown and joined on every core; with the system's allocator a
/// tenth of a run went into giving pages back and asking for them again.
///
/// mimalloc's calls for aligned memory, the only ones that [`MiMalloc`] makes, ask for the alignment besides the
/// size, so what fits a block exactly, as most that grows by doubling does, gets the next larger one: a seventh of all memory
/// at ten million users. Its plain calls align as far as nearly everything needs.
struct Allocator;

/// To this mimalloc aligns whatever is as long (its `MI_MAX_ALIGN_SIZE`).
const PLAIN_ALIGN: usize = 16;

const fn is_plain(size: usize, align: usize) -> bool {
    align <= PLAIN_ALIGN && align <= size
}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

#[expect(unsafe_code, reason = "an allocator is unsafe to implement")]
// SAFETY: every block is mimalloc's own, of the size that was asked for, and aligned: by the plain calls where
// these suffice, else by `MiMalloc`. Both kinds are freed and grown alike.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match is_plain(layout.size(), layout.align()) {
            // SAFETY: the call asks for nothing in return.
            true => unsafe { sys::mi_malloc(layout.size()) }.cast(),
            // SAFETY: the caller's promises are those that are asked for.
            false => unsafe { MiMalloc.alloc(layout) },
        }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match is_plain(layout.size(), layout.align()) {
            // SAFETY: as above.
            true => unsafe { sys::mi_zalloc(layout.size()) }.cast(),
            // SAFETY: as above.
            false => unsafe { MiMalloc.alloc_zeroed(layout) },
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block is mimalloc's, whichever call it came from.
        unsafe { MiMalloc.dealloc(block, layout) };
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        match is_plain(size, layout.align()) {
            // SAFETY: the block is mimalloc's, whichever call it came from.
            true => unsafe { sys::mi_realloc(block.cast(), size) }.cast(),
            // SAFETY: the caller's promises are those that are asked for.
            false => unsafe { MiMalloc.realloc(block, layout, size) },
        }
    }
}

// These stand outside of any module, from which the program's root would have to be imported.

#[test]
#[expect(unsafe_code, reason = "the allocator is asked as the standard library asks it")]
fn blocks_of_every_size_and_alignment_are_aligned_and_keep_their_bytes() {
    let sizes = (1..=80).chain((7..=21).flat_map(|bits| [-1, 0, 1].map(|more| (1_isize << bits) + more)));
    for size in sizes.map(|size| usize::try_from(size).unwrap()) {
        for align in (0..=13).map(|bits| 1 << bits) {
            let layout = Layout::from_size_align(size, align).unwrap();
            // SAFETY: no size is zero, blocks are written within their sizes, and each is freed once with the
            // layout that it has at last.
            unsafe {
                let zeroed = ALLOCATOR.alloc_zeroed(layout);
                let block = ALLOCATOR.alloc(layout);
                assert!(
                    zeroed.addr().is_multiple_of(align) && block.addr().is_multiple_of(align),
                    "{layout:?}"
                );
                assert!(std::slice::from_raw_parts(zeroed, size).iter().all(|byte| *byte == 0));
                block.write_bytes(7, size);
                let grown = ALLOCATOR.realloc(block, layout, size + 77);
                assert!(grown.addr().is_multiple_of(align), "{layout:?} grown");
                assert!(std::slice::from_raw_parts(grown, size).iter().all(|byte| *byte == 7));
                let shrunk = Layout::from_size_align(size.div_ceil(3), align).unwrap();
                let kept = ALLOCATOR.realloc(
                    grown,
                    Layout::from_size_align(size + 77, align).unwrap(),
                    shrunk.size(),
                );
                assert!(kept.addr().is_multiple_of(align), "{layout:?} shrunk");
                assert!(std::slice::from_raw_parts(kept, shrunk.size()).iter().all(|byte| *byte == 7));
                ALLOCATOR.dealloc(kept, shrunk);
                ALLOCATOR.dealloc(zeroed, layout);
            }
        }
    }
}

#[test]
fn a_block_that_fits_exactly_is_not_rounded_up() {
    for size in [24 << 10, 28 << 10, 256 << 10] {
        let block = Vec::<u128>::with_capacity(size / size_of::<u128>());
        #[expect(unsafe_code, reason = "only mimalloc knows how long its blocks are")]
        // SAFETY: the pointer is that of a block.
        let usable = unsafe { sys::mi_usable_size(block.as_ptr().cast()) };
        assert_eq!(usable, size);
    }
}

//! What happens when a mapped file is cut short under its reader: the system raises SIGBUS where a
//! byte behind the new end is touched, which ends a process that does not expect it.
//!
//! A handler that is put in place once finds the map that holds the address, notes that it broke,
//! and puts zeros in the place of what is gone, so that the reader comes to its end and is then
//! told that the file changed. What it does is limited to what a signal handler may: atomics and
//! one system call. A fault at any other address is handed to whoever handled it before.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// So many maps are watched at the same time; who gets no place reads the file instead.
const PLACES: usize = 1024;

/// A watched map. A place is free while `len` is zero.
struct Place {
    is_taken: AtomicBool,
    begin: AtomicUsize,
    /// Up to the end of the last page.
    len: AtomicUsize,
    is_broken: AtomicBool,
}

static MAPS: [Place; PLACES] = [const {
    Place {
        is_taken: AtomicBool::new(false),
        begin: AtomicUsize::new(0),
        len: AtomicUsize::new(0),
        is_broken: AtomicBool::new(false),
    }
}; PLACES];

/// What handled SIGBUS before, and the size of a page.
static BEFORE: OnceLock<(libc::sigaction, usize)> = OnceLock::new();

/// Watches over one map for as long as it lives; dropped before the map is.
#[derive(Debug)]
pub(super) struct Guard {
    place: usize,
}

impl Guard {
    /// Watches over a map of these bytes; `None` where no handler can be put in place or too many
    /// maps are watched.
    pub fn of(map: &[u8]) -> Option<Self> {
        let (_, page) = handler()?;
        let free = |place: &Place| {
            place.is_taken.compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        let number = MAPS.iter().position(free)?;
        let place = &MAPS[number];
        place.is_broken.store(false, Ordering::Relaxed);
        place.begin.store(map.as_ptr() as usize, Ordering::Relaxed);
        // Released last: who sees the length sees the rest.
        place.len.store(map.len().next_multiple_of(*page), Ordering::Release);
        Some(Self { place: number })
    }

    /// Whether a part of the map was gone when it was touched.
    pub fn is_broken(&self) -> bool {
        MAPS[self.place].is_broken.load(Ordering::Acquire)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let place = &MAPS[self.place];
        place.len.store(0, Ordering::Release);
        place.is_taken.store(false, Ordering::Release);
    }
}

/// Puts the handler in place when first asked.
fn handler() -> Option<&'static (libc::sigaction, usize)> {
    static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    if let Some(known) = BEFORE.get() {
        return Some(known);
    }
    let _one_at_a_time = LOCK.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if BEFORE.get().is_none() {
        let before = put_in_place().ok()?;
        let _ = BEFORE.set(before);
    }
    BEFORE.get()
}

#[expect(unsafe_code, reason = "std has no call for signals")]
fn put_in_place() -> io::Result<(libc::sigaction, usize)> {
    // SAFETY: `sigaction` is a plain C structure, for which all zeros is a value; both pointers
    // are to such structures of our own. The handler does only what POSIX allows in one.
    unsafe {
        let page = libc::sysconf(libc::_SC_PAGESIZE);
        let mut ours: libc::sigaction = std::mem::zeroed();
        let mut before: libc::sigaction = std::mem::zeroed();
        ours.sa_sigaction = on_fault as *const () as usize;
        ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
        libc::sigemptyset(&raw mut ours.sa_mask);
        if page <= 0 || libc::sigaction(libc::SIGBUS, &raw const ours, &raw mut before) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok((before, page as usize))
    }
}

/// The handler: zeros for what is gone of our maps, the former handler for everything else.
#[expect(unsafe_code, reason = "a signal handler gets a pointer and may only make system calls")]
extern "C" fn on_fault(_: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the system passes a valid structure to a handler set with SA_SIGINFO, and SIGBUS has
    // an address.
    let address = unsafe { (*info).si_addr() } as usize;
    if let Some((before, page)) = BEFORE.get()
        && !is_mended(address, *page)
    {
        // SAFETY: puts back a structure that the system gave us. The access is then made again
        // and ends as it would have without us.
        unsafe {
            libc::sigaction(libc::SIGBUS, before, std::ptr::null_mut());
        }
    }
}

/// Puts zeros from the page of that address to the end of the map that holds it.
#[expect(unsafe_code, reason = "only the system can replace pages")]
fn is_mended(address: usize, page: usize) -> bool {
    for place in &MAPS {
        let len = place.len.load(Ordering::Acquire);
        let begin = place.begin.load(Ordering::Relaxed);
        if len == 0 || address < begin || address >= begin + len {
            continue;
        }
        place.is_broken.store(true, Ordering::Release);
        let from = address - address % page;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
        // SAFETY: the pages lie inside a map that is alive, since a guard is dropped before its
        // map and nobody reads the map afterwards; they stay readable and are unmapped with it. A
        // call that succeeds leaves `errno` alone, and one that fails ends the process.
        let pages = unsafe {
            libc::mmap(from as *mut libc::c_void, begin + len - from, libc::PROT_READ, flags, -1, 0)
        };
        return pages != libc::MAP_FAILED;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// A file of so many pages in memory.
    #[expect(unsafe_code, reason = "there is no safe call for a map")]
    fn mapped(pages: usize) -> (tempfile::NamedTempFile, memmap2::Mmap) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&vec![b'x'; pages * 4096 - 100]).unwrap();
        // SAFETY: what happens when the file changes is what the test is about.
        let map = unsafe { memmap2::MmapOptions::new().map_copy_read_only(file.as_file()) }.unwrap();
        (file, map)
    }

    #[test]
    fn what_is_gone_reads_as_zeros_and_is_told() {
        let (file, map) = mapped(64);
        let guard = Guard::of(&map).unwrap();
        assert_eq!((map[0], map[map.len() - 1], guard.is_broken()), (b'x', b'x', false));
        file.as_file().set_len(4096).unwrap();
        assert_eq!(map[4095], b'x');
        assert!(!guard.is_broken());
        assert_eq!((map[4096], map[map.len() - 1]), (0, 0));
        assert!(guard.is_broken());
    }

    #[test]
    fn many_threads_may_fault_at_once_and_other_maps_stay_whole() {
        let (file, map) = mapped(512);
        let (_other_file, other) = mapped(4);
        let (guard, other_guard) = (Guard::of(&map).unwrap(), Guard::of(&other).unwrap());
        file.as_file().set_len(0).unwrap();
        let sum = |from: usize| map.iter().skip(from).step_by(4096).map(|byte| u64::from(*byte)).sum::<u64>();
        let sums: Vec<u64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|from| scope.spawn(move || sum(from))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(sums, [0; 8]);
        assert!(guard.is_broken() && !other_guard.is_broken());
        assert_eq!(other[4096], b'x');
    }

    #[test]
    fn a_place_is_free_again_when_its_guard_is_gone() {
        let (_file, map) = mapped(1);
        for _ in 0..2 * PLACES {
            assert!(Guard::of(&map).is_some());
        }
    }

    /// Runs only where the next test asks for it, in a process of its own.
    #[test]
    fn touch_a_map_that_nobody_watches() {
        if std::env::var_os("SIPTALLY_TEST_FAULT").is_none() {
            return;
        }
        let (file, map) = mapped(4);
        let (_other_file, other) = mapped(4);
        let _guard = Guard::of(&other).unwrap();
        file.as_file().set_len(0).unwrap();
        std::process::exit(i32::from(map[4096]));
    }

    #[test]
    fn a_fault_elsewhere_ends_the_process_as_ever() {
        use std::os::unix::process::ExitStatusExt;
        let run = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "read::guard::tests::touch_a_map_that_nobody_watches"])
            .env("SIPTALLY_TEST_FAULT", "1")
            .output()
            .unwrap();
        assert_eq!(run.status.signal(), Some(libc::SIGBUS), "{run:?}");
    }
}

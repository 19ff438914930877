//! How much memory a pass took, and how much it fetched from the disk, as the system counts it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks: rare enough to take no time from the pass, often enough for a peak.
const INTERVAL: Duration = Duration::from_millis(10);

/// Watches the memory of this process that has no file behind it: mapped logs, which the system
/// takes back when it likes, are not counted.
pub(super) struct Peak {
    bytes: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Peak {
    /// Starts to watch.
    pub fn watch() -> Self {
        let (bytes, is_over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (peak, over) = (Arc::clone(&bytes), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed)
                && let Some(now) = anonymous_bytes()
            {
                peak.fetch_max(now, Ordering::Relaxed);
                std::thread::park_timeout(INTERVAL);
            }
        });
        Self { bytes, is_over, thread }
    }

    /// The most that was seen; `None` where the system does not tell. To be asked while what the
    /// pass made is still there.
    pub fn finish(self) -> Option<u64> {
        let now = anonymous_bytes();
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        // A watcher that panicked has nothing to say.
        let _ = self.thread.join();
        now.map(|now| now.max(self.bytes.load(Ordering::Relaxed)))
    }
}

/// What this process has had fetched from storage so far, by whatever way it read. `None` where the
/// system does not tell; file systems that are no disk's (a shared folder of the host) may count nothing.
pub(super) fn fetched_bytes() -> Option<u64> {
    if cfg!(target_os = "linux") { fetched_of(&std::fs::read_to_string("/proc/self/io").ok()?) } else { None }
}

/// The line `read_bytes: 12345` of a process's transfers.
fn fetched_of(transfers: &str) -> Option<u64> {
    transfers.lines().find_map(|line| line.strip_prefix("read_bytes:"))?.trim().parse().ok()
}

/// What the process has now; Linux alone tells it by kind.
fn anonymous_bytes() -> Option<u64> {
    if cfg!(target_os = "linux") {
        anonymous_of(&std::fs::read_to_string("/proc/self/status").ok()?)
    } else {
        None
    }
}

/// The line `RssAnon:  12345 kB` of a process's status.
fn anonymous_of(status: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kilobytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anonymous_memory_is_told_apart_from_files() {
        let status = "Name:\tx\nVmHWM:\t  900 kB\nRssAnon:\t     12 kB\nRssFile:\t  700 kB\n";
        assert_eq!(anonymous_of(status), Some(12 * 1024));
        assert_eq!(anonymous_of("Name:\tx\n"), None);
    }

    #[test]
    fn what_came_from_the_disk_is_told_apart_from_what_was_read() {
        assert_eq!(fetched_of("rchar: 99\nwchar: 98\nread_bytes: 4096\nwrite_bytes: 97\n"), Some(4096));
        assert_eq!(fetched_of("rchar: 99\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_is_held_at_the_end_is_seen() {
        let peak = Peak::watch();
        let held = vec![1u8; 32 << 20];
        let seen = peak.finish().unwrap();
        assert!(seen >= held.len() as u64, "{seen}");
    }
}

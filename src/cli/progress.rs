//! The progress bar: bytes, rate, time left and records so far, on a terminal only.

use crate::pipeline::scan::Meter;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// A bar that follows a meter until it is dropped.
pub struct Progress {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts following; does nothing where standard error is no terminal.
    pub fn follow(meter: &Arc<Meter>, raw_bytes: u64, is_wanted: bool) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        if !is_wanted || !std::io::stderr().is_terminal() {
            return Self { is_over, thread: None };
        }
        let (meter, over) = (Arc::clone(meter), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            let bar = ProgressBar::new(raw_bytes);
            let style = ProgressStyle::with_template(
                "{bar:30.cyan/dim} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left  {msg} records",
            );
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            while !over.load(Ordering::Relaxed) {
                bar.set_position(meter.raw_bytes.load(Ordering::Relaxed));
                bar.set_message(meter.registrations.load(Ordering::Relaxed).to_string());
                std::thread::sleep(Duration::from_millis(50));
            }
            bar.finish_and_clear();
        });
        Self { is_over, thread: Some(thread) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A bar that panicked has nothing to say that matters.
            let _ = thread.join();
        }
    }
}

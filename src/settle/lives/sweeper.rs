//! The thread that sweeps, which tells one run of a server from the next.

use crate::model::Moment;

/// The thread that removes what has expired: one for as long as the server runs, so another one
/// means that the server started anew, even where the line that says so is missing.
///
/// Releases that let any thread of a pool do it show many, or one that comes back; nothing is made
/// of those.
#[derive(Debug, Default)]
pub(super) struct Sweeper {
    thread: Box<[u8]>,
    seen: u64,
    last: Option<Moment>,
    earlier: Vec<Box<[u8]>>,
}

/// More sweepers than this are a pool.
const SWEEPERS_MAX: usize = 16;

impl Sweeper {
    /// The last record of the sweeper before, where this is another one.
    pub fn note(&mut self, thread: &[u8], moment: Moment) -> Option<Moment> {
        if thread.is_empty() || self.earlier.len() >= SWEEPERS_MAX {
            return None;
        }
        if *self.thread == *thread {
            self.seen += 1;
            self.last = Some(moment);
            return None;
        }
        if self.earlier.iter().any(|known| **known == *thread) {
            self.earlier.resize(SWEEPERS_MAX, Box::default());
            return None;
        }
        let before = self.last.filter(|_| self.seen > 1);
        self.earlier.push(std::mem::replace(&mut self.thread, thread.into()));
        (self.seen, self.last) = (1, Some(moment));
        before
    }

    /// A start was logged: the next sweeper is a new one in any case.
    pub fn forget(&mut self) {
        let thread = std::mem::take(&mut self.thread);
        if !thread.is_empty() && self.earlier.len() < SWEEPERS_MAX {
            self.earlier.push(thread);
        }
        (self.seen, self.last) = (0, None);
    }
}

//! How fast the program goes over some inputs, and where the time goes.

use std::time::Duration;

/// What is done with the inputs while the clock runs.
///
/// From `Read` on, each does what the ones before it do and something more; `Full` plans as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pass {
    /// The first reading of all: what is not in memory comes from the disk.
    FirstRead,
    /// Looking into every input: codec, clock, order.
    Plan,
    /// Every stored byte is touched.
    Read,
    /// Every byte is decoded; only where some input is compressed.
    Decode,
    /// Line ends are counted: a yardstick, since nothing that looks at every byte is faster.
    Lines,
    /// Every record is found and read, and nothing is counted.
    Scan,
    /// All that the verb `users` does, up to the finished counts.
    Full,
}

impl Pass {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstRead => "first read",
            Self::Plan => "plan",
            Self::Read => "read",
            Self::Decode => "decode",
            Self::Lines => "lines",
            Self::Scan => "scan",
            Self::Full => "full",
        }
    }
}

/// How long a pass took with so many threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    pub pass: Pass,
    pub threads: usize,
    /// The median of the runs.
    pub elapsed: Duration,
    /// The most memory without a file behind it that the process had meanwhile, the median of the
    /// runs; `None` where the system does not tell.
    pub memory_bytes: Option<u64>,
}

/// What the inputs hold and how fast they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Throughput {
    pub inputs: u64,
    /// Inputs that are decoded, a core each.
    pub compressed: u64,
    /// Some stamps carry no year, so that the plan has to read every line of theirs.
    pub has_yearless: bool,
    /// As stored.
    pub raw_bytes: u64,
    pub decoded_bytes: u64,
    pub lines: u64,
    pub registrations: u64,
    pub users: u64,
    pub runs: u32,
    /// Bytes of the first reading: files are among them that hold no log, or the same as another.
    pub first_bytes: u64,
    /// How much of it came from the disk; `None` where the system does not tell.
    pub first_fetched_bytes: Option<u64>,
    /// In the order of the passes, and of the threads in each; [`Pass::FirstRead`] first.
    pub timings: Vec<Timing>,
}

impl Throughput {
    /// The most threads that were tried.
    pub fn threads_max(&self) -> usize {
        self.timings.iter().map(|timing| timing.threads).max().unwrap_or(1)
    }

    /// What that pass took with so many threads.
    pub fn elapsed(&self, pass: Pass, threads: usize) -> Option<Duration> {
        let is_meant = |timing: &&Timing| timing.pass == pass && timing.threads == threads;
        self.timings.iter().find(is_meant).map(|timing| timing.elapsed)
    }

    /// Stored bytes that the pass goes over.
    pub const fn raw_bytes_of(&self, pass: Pass) -> u64 {
        match pass {
            Pass::FirstRead => self.first_bytes,
            _ => self.raw_bytes,
        }
    }
}

/// A share of the time of [`Pass::Full`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Share {
    Planning,
    Reading,
    Decoding,
    Scanning,
    /// Telling users apart, and putting in order what depends on it.
    Counting,
}

impl Share {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planning => "planning",
            Self::Reading => "reading",
            Self::Decoding => "decoding",
            Self::Scanning => "scanning",
            Self::Counting => "counting",
        }
    }
}

/// What keeps the program from being faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// There is too little to read to tell.
    TooSmall,
    /// The bytes come more slowly than they could be counted.
    Disk,
    /// The largest share of the time.
    Share(Share),
}

impl Limit {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooSmall => "too small to tell",
            Self::Disk => "disk",
            Self::Share(Share::Planning) => "plan",
            Self::Share(Share::Reading) => "memory",
            Self::Share(Share::Decoding) => "decoder",
            Self::Share(Share::Scanning) => "scan",
            Self::Share(Share::Counting) => "set",
        }
    }
}

/// Where the time goes with the most threads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    pub limit: Limit,
    /// In percent of their sum, in the order of the work; only what there is.
    pub shares: Vec<(Share, u32)>,
    /// The first reading was far slower than the later ones, and the bytes came from the disk.
    pub was_cold: bool,
}

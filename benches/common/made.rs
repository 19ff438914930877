//! Logs of the generator, in memory.

use siptally::generate::{self, Compression, Format, Length, Options, Share};

/// A log of that format with so many lines, about, and so many users, and that part of noise in it.
pub fn log(format: Format, lines: u64, users: u64, noise: Share) -> Vec<u8> {
    let options = Options {
        format,
        length: Length::Lines(lines),
        users,
        seed: 1,
        start_seconds: 1_791_158_400,
        days: 30,
        noise,
        scanners: Share::NONE,
        refused: Share::NONE,
        retransmitted: Share::NONE,
        deregistered: Share::NONE,
        files: 1,
        compression: Compression::None,
        hosts: 1,
        domains: vec!["example.com".to_owned()],
        lists_users: false,
    };
    let mut log = Vec::new();
    generate::to_writer(&options, &mut log).expect("a vector takes every byte");
    log
}

/// The lines, without their line ends.
pub fn lines(log: &[u8]) -> impl Iterator<Item = &[u8]> {
    log.strip_suffix(b"\n").unwrap_or(log).split(|byte| *byte == b'\n')
}

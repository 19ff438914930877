//! Flags of `siptally gen`.

use super::jobs;
use crate::generate::{Length, Share};
use clap::{ArgAction, ValueEnum};
use std::path::PathBuf;

/// Everything follows from the options: the same ones write the same bytes, on any machine and with any number
/// of threads. Beside the logs stand truth.json and truth-users.csv, worked out from what was decided and not
/// by reading the logs, and a price book.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siptally gen --out try                                     a month of Kamailio, 23 MB
  siptally gen --out big --lines 5000000 --users 500000      about 1.2 GB
  siptally gen --out pbx --format asterisk-pjsip --size 1GB --noise 95%
  siptally gen --out old --files 8 --compress gzip --size 2GB
  siptally gen --out - --lines 1000 | siptally users -")]
pub struct GenArgs {
    /// New folder to write to, or `-` for the log alone on standard output
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How the server writes
    #[arg(long, value_enum, default_value = "kamailio")]
    pub format: GenFormatArg,
    /// Lines of all files together [default: 100000]
    #[arg(long, value_name = "N", conflicts_with = "size")]
    pub lines: Option<u64>,
    /// Size instead of lines, before compression, as in `1GB`; met within some percent
    #[arg(long, value_name = "SIZE")]
    pub size: Option<Length>,
    /// Users, with one to three devices each
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub users: u64,
    /// What makes one log differ from the next
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// First day, from midnight UTC on
    #[arg(long, value_name = "DATE", default_value = "2026-09-01")]
    pub start: jiff::civil::Date,
    /// Days that the log covers; 31 make a cycle of 30 days complete
    #[arg(long, value_name = "N", default_value_t = 31)]
    pub days: u32,
    /// Records about something else, of all records [default: 80% for Asterisk, else none]
    #[arg(long, value_name = "PERCENT")]
    pub noise: Option<Share>,
    /// Attempts of scanners with invented users, of what is no noise [default: none]
    #[arg(long, value_name = "PERCENT")]
    pub scanners: Option<Share>,
    /// Refusals of real users, likewise
    #[arg(long, value_name = "PERCENT")]
    pub refused: Option<Share>,
    /// Requests that came twice, likewise
    #[arg(long, value_name = "PERCENT")]
    pub retransmitted: Option<Share>,
    /// De-registrations, likewise [default: 25% for asterisk-pjsip, else none]
    #[arg(long, value_name = "PERCENT")]
    pub deregistered: Option<Share>,
    /// Files, as a log that was rotated so often leaves them
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub files: u32,
    #[arg(long, value_enum, default_value = "none")]
    pub compress: CompressionArg,
    /// Servers that write into the log; only syslog names them
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub hosts: u32,
    /// Domain of the users; may be repeated
    #[arg(long, value_name = "DOMAIN", action = ArgAction::Append, default_value = "example.com")]
    pub domain: Vec<String>,
    /// Leave out truth-users.csv, which has a line for each user
    #[arg(long)]
    pub no_truth_users: bool,
    /// Threads to use [default: one per core]
    #[arg(short, long, value_name = "N", value_parser = jobs())]
    pub jobs: Option<usize>,
    /// No messages on standard error but errors
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GenFormatArg {
    /// Kamailio with the recommended REG-OK line
    Kamailio,
    /// Kamailio with an xlog line of the operator's own, and the pattern file for it
    OwnLine,
    /// Asterisk's full log with PJSIP
    AsteriskPjsip,
    /// Asterisk's full log with chan_sip
    ChanSip,
    /// A line for each request and one for its reply, and the pattern file for them
    RequestReply,
    /// Whole SIP messages, as Kamailio's sipdump writes them
    SipDump,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompressionArg {
    None,
    Gzip,
    Zstd,
}

//! Flags of `siptally reconcile`, and an example of the map that it takes.

use super::{DialectArg, LogArgs};
use clap::ArgAction;
use std::path::PathBuf;

/// Their list, and what it is compared with.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siptally reconcile --theirs vendor.csv --book book.toml /var/log/sip
  siptally reconcile --theirs vendor.csv --map map.toml --book book.toml --cycle 2026-10-01 --out dispute logs

A map says which column holds what, where the names of the columns do not:
  delimiter = \";\"                # , ; tab |
  decimal = \",\"                  # of amounts
  dates = \"dmy\"                  # or mdy
  default_domain = \"a.example\"   # of users without one
  [columns]                        # by name, or by number from 1; only `user` is needed
  user = \"SIP account\"
  category = \"Product\"           # and domain, tenant, role, amount, period_start, period_end, active_days
  [categories]
  \"Mobile\" = \"generic\"         # generic, desktop, conferencing, messaging
  [tenants]
  \"Acme Ltd.\" = \"acme\"
  [roles]
  \"Chair\" = \"host\"             # or guest")]
pub struct ReconcileArgs {
    /// Files, directories (read recursively), or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Their list, a CSV file
    #[arg(long, value_name = "FILE")]
    pub theirs: PathBuf,
    /// What the columns of their list mean [default: guessed from their names, and printed]
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// Price book
    #[arg(long, value_name = "FILE")]
    pub book: PathBuf,
    /// `latest`, or the first day of a cycle
    #[arg(long, value_name = "CYCLE", default_value = "latest")]
    pub cycle: String,
    /// Tenant whose users their list is meant to name; may be repeated [default: all]
    #[arg(long, value_name = "NAME", action = ArgAction::Append)]
    pub tenant: Vec<String>,
    /// Directory for the dispute pack: differences, evidence, coverage, and how to verify it [default: none]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Dialect of CSV output
    #[arg(long, value_enum, default_value = "machine")]
    pub csv: DialectArg,
    #[command(flatten)]
    pub logs: LogArgs,
}

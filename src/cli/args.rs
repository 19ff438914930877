//! Verbs and flags.

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Counts the users of a SIP registrar from its logs and writes the bill.
#[derive(Debug, Parser)]
#[command(name = "siptally", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the users in these logs, with platforms, User-Agents and registrations
    Users(UsersArgs),
    /// List the User-Agents in these logs and what each was classified as
    Agents(AgentsArgs),
}

/// Flags of every verb that reads logs.
#[derive(Debug, clap::Args)]
pub struct LogArgs {
    /// Pattern file for an operator's own log line; may be repeated
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub pattern: Vec<PathBuf>,
    /// Threads to use [default: one per core]
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Upper and lower case in the user part: as that server's registrar treats it, folded, or kept
    #[arg(long, value_enum, value_name = "RULE")]
    pub user_case: Option<UserCaseArg>,
    /// Domain of AORs that have none
    #[arg(long, value_name = "DOMAIN")]
    pub default_domain: Option<String>,
    /// Zone of stamps that carry none, as in `Europe/Prague`
    #[arg(long, value_name = "ZONE")]
    pub log_zone: Option<String>,
    /// Latest year of stamps that carry none, or `mtime` for the file's modification time
    #[arg(long, value_name = "YEAR")]
    pub year: Option<String>,
    /// No messages on standard error but errors
    #[arg(short, long)]
    pub quiet: bool,
    /// No progress bar
    #[arg(long)]
    pub no_progress: bool,
    /// Largest share of rejected records among registrations, in percent
    #[arg(long, value_name = "PERCENT", default_value = "0.1%")]
    pub max_reject: String,
    /// Write the rejected records to this CSV file
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
}

/// The tables of a book that verbs without prices use.
#[derive(Debug, clap::Args)]
pub struct ConfigArgs {
    /// File with [logs], [identity], [[source]], [[pattern]] and [[platform]] tables; a book will do
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum UserCaseArg {
    Server,
    Fold,
    Keep,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EvidenceArg {
    /// Accepted registrations and sustained bindings
    Strict,
    /// Snapshots of the location table as well
    Snapshot,
    /// Attempts whose acceptance nothing proves as well
    Weak,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    Table,
    Csv,
    Ndjson,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DialectArg {
    /// RFC 4180, UTF-8
    Machine,
    /// With a byte-order mark, and formulas defused
    Spreadsheet,
}

#[derive(Debug, clap::Args)]
pub struct UsersArgs {
    /// Files, directories (read recursively), or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub logs: LogArgs,
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Only users of this domain; may be repeated
    #[arg(long, value_name = "DOMAIN", action = ArgAction::Append)]
    pub domain: Vec<String>,
    /// Only users whose SIP-ID matches, as in `10*@example.com`
    #[arg(long, value_name = "GLOB")]
    pub r#match: Option<String>,
    /// Only from this date or time on, local to --zone
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Only before this date or time
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Zone of --since and --until
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub zone: String,
    /// Only users seen on this platform; may be repeated
    #[arg(long, value_name = "PLATFORM", action = ArgAction::Append)]
    pub platform: Vec<String>,
    /// What proves a user
    #[arg(long, value_enum, default_value = "strict")]
    pub evidence: EvidenceArg,
    /// Distinct users per domain and platform instead of a list
    #[arg(long)]
    pub summary: bool,
    /// Only the N users with the most registrations
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,
    #[arg(long, value_enum, default_value = "table")]
    pub format: FormatArg,
    /// Dialect of CSV output
    #[arg(long, value_enum, default_value = "machine")]
    pub csv: DialectArg,
}

#[derive(Debug, clap::Args)]
pub struct AgentsArgs {
    /// Files, directories (read recursively), or `-` for standard input
    #[arg(value_name = "PATH", required_unless_present = "classify")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Classify bare User-Agents, one a line, from this file or `-`, instead of reading logs
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    pub classify: Option<PathBuf>,
    /// Only those that no rule knows
    #[arg(long)]
    pub unknown: bool,
    #[arg(long, value_enum, default_value = "table")]
    pub format: FormatArg,
    /// Dialect of CSV output
    #[arg(long, value_enum, default_value = "machine")]
    pub csv: DialectArg,
    #[command(flatten)]
    pub logs: LogArgs,
}

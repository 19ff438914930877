//! Verbs and flags, and what `--help` says of each.

mod r#gen;
mod reconcile;

pub use r#gen::{CompressionArg, GenArgs, GenFormatArg};
pub use reconcile::ReconcileArgs;

use crate::report::Dialect;
use clap::builder::RangedU64ValueParser;
use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// The verbs that no bill needs: the first that a user sees are the others.
pub const AROUND_VERBS: [&str; 4] = ["gen", "bench", "completions", "man"];

const AROUND: &str = "\
Around it:
  gen          Write synthetic logs of any size and format, with the right answer beside them
  bench        Measure how fast these very logs are read, and what keeps them from being read faster
  completions  Write completions for a shell
  man          Write the manual pages";

/// Counts the users of a SIP registrar from its logs and writes the bill.
#[derive(Debug, Parser)]
#[command(name = "siptally", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = AROUND)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tell what is in these logs and what is missing to bill from them
    Probe(ProbeArgs),
    /// List the users in these logs, with platforms, User-Agents and registrations
    Users(UsersArgs),
    /// Write the bill of a cycle: users.csv, invoice.csv, invoice.json and a manifest
    Bill(BillArgs),
    /// Tell whether a bill is still the one that was made, and follows from the logs
    Verify(VerifyArgs),
    /// Show every event of one user, with the line that tells it, and why it is billed or not
    Explain(ExplainArgs),
    /// Compare the other party's list of charged users with what these logs show
    ///
    /// Every row of their list gets one class: match, billed_not_seen, wrong_category, duplicate_exact,
    /// duplicate_alias, wrong_tenant, wrong_role, amount, period or vendor_row_bad. What the logs show and they do
    /// not charge is seen_not_billed. Where there are differences the exit code is 1.
    Reconcile(ReconcileArgs),
    /// List the User-Agents in these logs and what each was classified as
    Agents(AgentsArgs),
    /// Start, check and show a price book, and print its calendar
    Book(BookArgs),
    /// Write synthetic logs of any size and format, with the right answer beside them
    #[command(hide = true)]
    Gen(GenArgs),
    /// Measure how fast these very logs are read, and what keeps them from being read faster
    ///
    /// The inputs are gone through again and again, with one thread, two, four, and so on up to --jobs, and
    /// each pass does more than the one before. What one takes longer than the one before is where the time
    /// goes; the last lines say what the limit is (disk, memory, decoder, scan or set) and what helps.
    ///
    ///   first read  every stored byte, from the disk where the files are not in memory yet
    ///   plan        the look into the inputs: compression, clock, order
    ///   read        every stored byte again, now from memory if there is enough of it
    ///   decode      what is compressed is decoded, the rest read
    ///   lines       line ends are counted: nothing that looks at every byte is much faster
    ///   scan        records are found and read, and not counted
    ///   full        the plan, and all that `siptally users` does then up to the finished counts
    ///
    /// GB/s are of stored bytes (1 GB is 1,000,000,000 bytes). Memory is the most that the process held,
    /// mapped files aside. Speedup is against the same pass with one thread.
    #[command(verbatim_doc_comment, hide = true)]
    Bench(BenchArgs),
    /// Write completions for a shell
    #[command(hide = true)]
    Completions(CompletionsArgs),
    /// Write the manual pages
    #[command(hide = true)]
    Man(ManArgs),
}

#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell that is to read them
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// The verb to tell of [default: the program as a whole]
    #[arg(value_name = "VERB", conflicts_with = "out")]
    pub verb: Option<String>,
    /// Folder that gets every page as a file, as in `siptally-bill.1`
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// How many threads may be asked for: each takes memory and a stack of its own.
fn jobs() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=512)
}

/// Flags of every verb that reads logs.
#[derive(Debug, Clone, clap::Args)]
pub struct LogArgs {
    /// Pattern file for an operator's own log line; may be repeated
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub pattern: Vec<PathBuf>,
    /// Threads to use [default: one per core]
    #[arg(short, long, value_name = "N", value_parser = jobs())]
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
    /// Day of records that carry no clock at all, as you vouch for it
    #[arg(long, value_name = "DATE")]
    pub assume_date: Option<jiff::civil::Date>,
    /// No messages on standard error but errors
    #[arg(short, long)]
    pub quiet: bool,
    /// No progress bar
    #[arg(long)]
    pub no_progress: bool,
    /// Largest share of rejected records among registrations, in percent
    #[arg(long, value_name = "PERCENT", default_value = "0.1%")]
    pub max_reject: String,
    /// Go on although nothing was accepted in the whole input, or a cycle has no record in it
    #[arg(long)]
    pub allow_empty: bool,
    /// Call users by pseudonyms, made with the key in this file; the same key, the same pseudonyms
    #[arg(long, value_name = "KEYFILE")]
    pub pseudonymise: Option<PathBuf>,
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

impl From<DialectArg> for Dialect {
    fn from(dialect: DialectArg) -> Self {
        match dialect {
            DialectArg::Machine => Self::Machine,
            DialectArg::Spreadsheet => Self::Spreadsheet,
        }
    }
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

#[derive(Debug, clap::Args)]
pub struct ProbeArgs {
    /// Files, directories (read recursively), or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Write a pattern file for the lines that look like registrations and are not read yet
    #[arg(long)]
    pub suggest: bool,
    #[command(flatten)]
    pub logs: LogArgs,
    #[command(flatten)]
    pub config: ConfigArgs,
}

#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// The user, as `user@domain`; any spelling that the server takes for it will do
    #[arg(value_name = "SIP-ID")]
    pub sip_id: String,
    /// Files, directories (read recursively), or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Price book: also tells why the user is billed or not, cycle by cycle
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub book: Option<PathBuf>,
    /// Show only what happened from this date or time on, local to --zone
    #[arg(long, value_name = "WHEN")]
    pub since: Option<String>,
    /// Show only what happened before this date or time
    #[arg(long, value_name = "WHEN")]
    pub until: Option<String>,
    /// Zone of --since and --until
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub zone: String,
    /// Show only the newest N events
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    #[arg(long, value_enum, default_value = "text")]
    pub format: ExplainFormatArg,
    #[command(flatten)]
    pub logs: LogArgs,
    #[command(flatten)]
    pub config: ConfigArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormatArg {
    /// For people
    Text,
    /// One JSON object an event, then one a decision
    Ndjson,
}

#[derive(Debug, clap::Args)]
pub struct BillArgs {
    /// Files, directories (read recursively), or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Price book
    #[arg(long, value_name = "FILE")]
    pub book: PathBuf,
    /// `latest`, `all`, or the first day of a cycle
    #[arg(long, value_name = "CYCLE", default_value = "latest")]
    pub cycle: String,
    /// Directory for the outputs
    #[arg(long, value_name = "DIR", default_value = "bill")]
    pub out: PathBuf,
    /// Make the bill final: number its invoices and append them to the ledger
    #[arg(long = "final")]
    pub is_final: bool,
    /// With --final: write what changed in a cycle that is final already as a document of its own
    #[arg(long = "correction", requires = "is_final")]
    pub is_correction: bool,
    /// File of the ledger [default: as the book says, else ledger.jsonl beside the book]
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// Dialect of CSV output
    #[arg(long, value_enum, default_value = "machine")]
    pub csv: DialectArg,
    /// An earlier bill (what --out was then) that report.html compares this one with
    #[arg(long, value_name = "DIR")]
    pub before: Option<PathBuf>,
    /// Also name the users whose billing hangs on the cycle's zone, on push servers or on silent bindings
    #[arg(long)]
    pub sensitivity: bool,
    /// What becomes of a column of the lists, as in `user_agents=drop`: keep, hash (with --pseudonymise) or drop;
    /// may be repeated
    #[arg(long, value_name = "NAME=FATE", action = ArgAction::Append)]
    pub column: Vec<String>,
    #[command(flatten)]
    pub logs: LogArgs,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siptally verify bill                                    its files against its manifest
  siptally verify bill --book book.toml                   and its seals against the ledger
  siptally verify bill --book book.toml /var/log/edge1    and all of it against the logs
Give the PATHs and log flags as they were given to `bill`: evidence is named by the path below them.")]
pub struct VerifyArgs {
    /// The folder that `bill --out` wrote
    #[arg(value_name = "PACK")]
    pub pack: PathBuf,
    /// Logs to make the bill again from: files, directories, or `-` for standard input
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Price book: names the ledger, and is needed to make the bill again
    #[arg(long, value_name = "FILE")]
    pub book: Option<PathBuf>,
    /// File of the ledger [default: as the book says]
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// As it was given to `bill`
    #[arg(long, value_name = "DIR")]
    pub before: Option<PathBuf>,
    /// As it was given to `bill`
    #[arg(long, value_name = "NAME=FATE", action = ArgAction::Append)]
    pub column: Vec<String>,
    #[command(flatten)]
    pub logs: LogArgs,
}

#[derive(Debug, clap::Args)]
pub struct BookArgs {
    #[command(subcommand)]
    pub command: BookCommand,
}

#[derive(Debug, Subcommand)]
pub enum BookCommand {
    /// Write a commented starter book
    Init {
        /// File to write, or `-` for standard output
        #[arg(value_name = "FILE", default_value = "book.toml")]
        file: PathBuf,
    },
    /// Tell of every problem in a book
    Check {
        #[arg(value_name = "BOOK")]
        book: PathBuf,
    },
    /// Show a book with defaults and overrides applied, and where each value came from
    Show {
        #[arg(value_name = "BOOK")]
        book: PathBuf,
    },
    /// Print the calendar of cycles
    Cycles {
        #[arg(value_name = "BOOK")]
        book: PathBuf,
        /// Start with the cycle that holds this day [default: the anchor]
        #[arg(long, value_name = "DATE")]
        from: Option<jiff::civil::Date>,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 13)]
        count: u32,
    },
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  siptally bench /var/log/kamailio              a table, and what it means
  siptally bench --runs 1 -j 8 archive          a large archive, with up to 8 threads
  siptally bench --format csv archive           a row for each pass and number of threads")]
pub struct BenchArgs {
    /// Files or directories (read recursively); not standard input, which comes only once
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Runs of each pass, of which the median is told
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub runs: u32,
    #[arg(long, value_enum, default_value = "table")]
    pub format: BenchFormatArg,
    /// Dialect of CSV output
    #[arg(long, value_enum, default_value = "machine")]
    pub csv: DialectArg,
    #[command(flatten)]
    pub logs: LogArgs,
    #[command(flatten)]
    pub config: ConfigArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BenchFormatArg {
    /// A table, and what it means
    Table,
    /// A row for each pass and number of threads
    Csv,
    /// The same rows as JSON objects, one a line
    Ndjson,
    /// One JSON object with all of it
    Json,
}

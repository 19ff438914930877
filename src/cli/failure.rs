//! What can end a run, and the exit code that says so.

use crate::book::BookError;
use crate::ledger::LedgerError;
use crate::pipeline::issue::IssueError;
use crate::pipeline::plan::PlanError;
use crate::pipeline::scan::ScanError;
use crate::pipeline::verify::PackError;
use crate::read::InputError;
use crate::report::StageError;
use std::fmt;
use std::io;

/// The end of a run that did not do what was asked. Each line of its text is one message.
#[derive(Debug)]
pub enum Failure {
    /// What was compared is not the same (exit 1).
    Differences(String),
    /// Flags or book (exit 2).
    Usage(String),
    /// An input unreadable, truncated or changed while it was read (exit 3).
    Input(String),
    /// Readable, and not good enough to count on (exit 4).
    Quality(String),
    /// What was asked for would change what is final (exit 5).
    Refused(String),
    /// The user stopped it (exit 130).
    Interrupted,
    /// The output cannot be written (exit 3; a closed pipe is no failure).
    Output(io::Error),
}

impl Failure {
    /// The process's exit code.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Differences(_) => 1,
            Self::Usage(_) => 2,
            Self::Input(_) | Self::Output(_) => 3,
            Self::Quality(_) => 4,
            Self::Refused(_) => 5,
            Self::Interrupted => 130,
        }
    }

    /// Whoever read our output has seen enough (`| head`).
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differences(text)
            | Self::Usage(text)
            | Self::Input(text)
            | Self::Quality(text)
            | Self::Refused(text) => f.write_str(text),
            Self::Interrupted => f.write_str("interrupted"),
            Self::Output(error) => write!(f, "output cannot be written: {error}"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<BookError> for Failure {
    fn from(error: BookError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        Self::Input(error.to_string())
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::Input(error.to_string())
    }
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Self {
        match error {
            StageError::Io { .. } => Self::Input(error.to_string()),
            StageError::Final { .. } => Self::Refused(error.to_string()),
            _ => Self::Usage(error.to_string()),
        }
    }
}

impl From<IssueError> for Failure {
    fn from(error: IssueError) -> Self {
        match error {
            IssueError::Stage(error) => error.into(),
            _ => Self::Refused(error.to_string()),
        }
    }
}

impl From<PackError> for Failure {
    fn from(error: PackError) -> Self {
        Self::Input(error.to_string())
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::NoYear { .. } | PlanError::NoZone { .. } | PlanError::Mixed { .. } => {
                Self::Quality(error.to_string())
            }
            PlanError::Input(_) | PlanError::Spool { .. } => Self::Input(error.to_string()),
        }
    }
}

impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Input(error) => error.into(),
            ScanError::Interrupted => Self::Interrupted,
            ScanError::Turned { .. } | ScanError::Undated { .. } => Self::Input(error.to_string()),
        }
    }
}

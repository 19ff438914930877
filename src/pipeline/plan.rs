//! The plan of a run: the inputs in their order, each with its clock and its rules.

use super::clock::Years;
use super::duplicates::Duplicate;
use crate::identity::Policy;
use crate::model::Moment;
use crate::read::{Codec, Found, InputError, Opened, OwnedBlock, Source, Stream};
use crate::settle::LifeRules;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// How an input is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// Records behind a log's frames, in any block.
    #[default]
    Log,
    /// Dumps of a location table, from the first line to the last.
    Snapshot,
    /// Packets; places in it are their numbers.
    Capture,
}

/// One input, as the survey found it.
#[derive(Debug)]
pub struct Input {
    pub found: Found,
    pub form: Form,
    pub codec: Codec,
    /// Raw bytes, where known beforehand.
    pub raw_bytes: Option<u64>,
    /// What it was like when the survey opened it, if it can be opened again.
    pub(super) opened: Option<Opened>,
    /// Inputs of one server that follow each other share a number.
    pub stream: usize,
    /// What tells this input's server from another where records name no host: its directory.
    pub server: Box<[u8]>,
    pub identity: Arc<Policy>,
    /// What the operator says of the registrar, for bindings that live on in silence.
    pub lives: LifeRules,
    pub zone: TimeZone,
    /// Its stamps carry no zone, so that `zone` decides.
    pub is_zoneless: bool,
    /// Nobody has said a zone for it, since its start asks for none.
    pub(super) lacks_zone: bool,
    /// Its start has stamps without a year, or an earlier scan met some.
    pub(super) has_yearless: bool,
    pub years: Years,
    /// The first year is known and no more: later ones come with the blocks of a compressed log, which
    /// need not be decoded twice for them. A plain log probably has no later ones, and need not be read twice to
    /// know that.
    pub(super) walks_on: bool,
    /// No stamp is later, on the operator's word.
    pub(super) year_bound: Option<Date>,
    /// Instant of records without any clock, on the operator's word.
    pub assumed: Option<Moment>,
    /// How zone and years were found, for the manifest.
    pub clock_rule: String,
    /// No line of its start has a known prefix, so that whole lines are messages.
    pub allow_bare: bool,
    /// Time of its first record with one.
    pub first: Option<Moment>,
    /// See [`Setup::forgives_cuts`](super::setup::Setup).
    pub(super) forgives_cuts: bool,
    /// The survey walked through all of it and found it cut, and forgave that.
    pub is_cut: bool,
    /// What can be read only once and has been begun, with its first block.
    pub(super) begun: Mutex<Option<(Stream, Option<OwnedBlock>)>>,
    /// Standard input, kept in a file because it had to be read twice.
    pub(super) spool: Option<Spool>,
}

/// A copy of an input that could be read only once.
#[derive(Debug)]
pub(super) struct Spool(pub tempfile::NamedTempFile);

impl Spool {
    /// The copy, under the name of what it is a copy of.
    pub fn found(&self, of: &Found) -> Found {
        Found { path: self.0.path().to_owned(), ..of.clone() }
    }
}

impl Input {
    /// Opens the input as the survey found it, or its copy where it could be read only once.
    ///
    /// # Errors
    ///
    /// An input that is gone, can no longer be read, or is no longer what the survey looked at.
    pub(super) fn open(&self) -> Result<Source, InputError> {
        let mut source = match &self.spool {
            Some(spool) => Source::open(&spool.found(&self.found))?,
            None => Source::open_again(&self.found, self.opened.as_ref())?,
        };
        if let (Source::Stream(stream), true) = (&mut source, self.forgives_cuts) {
            stream.forgive_cut();
        }
        Ok(source)
    }
}

/// The inputs of a run, ranked: by stream, then by the time inside them. Ranks follow from what
/// the inputs hold and are called, not from the order of the arguments.
#[derive(Debug)]
pub struct Plan {
    pub inputs: Vec<Input>,
    /// Inputs left out because another one holds the same, sorted.
    pub duplicates: Vec<Duplicate>,
    /// What the user should know: files passed over, clocks assumed.
    pub notes: Vec<String>,
    /// Files that could not be read, where the run goes on without them.
    pub unreadable: Vec<InputError>,
    /// Some text of the inputs, to know what is common in them.
    pub sample: Vec<u8>,
    /// All of them can be opened once more: none is a pipe.
    pub can_begin_anew: bool,
}

impl Plan {
    /// Raw bytes of all inputs, as far as known.
    pub fn raw_bytes(&self) -> u64 {
        self.inputs.iter().filter_map(|input| input.raw_bytes).sum()
    }

    /// Time of the first record of all that any input begins with.
    pub fn first(&self) -> Option<Moment> {
        self.inputs.iter().filter_map(|input| input.first).min()
    }
}

/// What is to be said of an input that is two things.
pub(super) fn mixed(shown: &str) -> String {
    format!(
        "{shown}: begins with a dump of a location table and goes on as a log, which is not read there; give each as a file \
         of its own"
    )
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error(transparent)]
    Input(#[from] InputError),
    /// Year-less stamps, and nothing that tells the year.
    #[error("{shown}: stamps carry no year and none can be inferred; pass --year")]
    NoYear { shown: String },
    /// Stamps without a zone, and none given.
    #[error(
        "{shown}: stamps carry no zone; pass --log-zone, or set `zone` in [logs] or the file's [[source]]"
    )]
    NoZone { shown: String },
    /// A dump of a location table, and lines of a log behind it.
    #[error("{}", mixed(shown))]
    Mixed { shown: String },
    #[error("{}: cannot be written: {cause}", path.display())]
    Spool { path: PathBuf, cause: std::io::Error },
}

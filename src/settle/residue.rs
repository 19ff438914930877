//! Records that wait for their neighbours, owned and compact.

use super::lives::is_step;
use crate::model::short::is_same;
use crate::model::{AgentRef, Hint, Kind, Moment, Spot};
use std::ops::Range;

/// One record that depends on order, borrowed: on its way into a residue or out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held<'t> {
    pub kind: Kind,
    pub spot: Spot,
    pub moment: Option<Moment>,
    /// Canonical bytes of the SIP-ID; empty for a record that names nobody.
    pub user: &'t [u8],
    /// The record names the user without a domain, which the user may have been given since.
    pub is_bare: bool,
    pub agent: AgentRef<'t>,
    /// This kind of record never carries a User-Agent; another may supply it.
    pub agent_is_elsewhere: bool,
    /// The contact's URI; of a request or a reply the URIs of its contacts, a line each. Empty where
    /// the record has none.
    pub contact: &'t [u8],
    pub call_id: &'t [u8],
    pub cseq: &'t [u8],
    pub thread: &'t [u8],
    /// Host in the record's prefix, where bindings are followed; else empty.
    pub host: &'t [u8],
    pub code: Option<u16>,
    /// Seconds granted to a binding, where the record says.
    pub expires_seconds: Option<u32>,
    /// What a request asks for; what an accepting reply leaves, as far as it shows.
    pub asks: Asks,
}

/// What a request asks the registrar to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Asks {
    /// Add or refresh a binding.
    #[default]
    Bind,
    /// Remove bindings.
    Unbind,
    /// List them.
    Fetch,
    /// Take a text message.
    Message,
}

/// Lengths of the seven texts of a held record, which stand behind one another in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Texts {
    begin: usize,
    user: u32,
    agent: Option<u32>,
    contact: u32,
    call_id: u32,
    cseq: u32,
    thread: u32,
    host: u32,
}

/// A held record without its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HeldRecord {
    kind: Kind,
    spot: Spot,
    moment: Option<Moment>,
    hint: Hint,
    is_push_source: bool,
    is_bare: bool,
    agent_is_elsewhere: bool,
    code: Option<u16>,
    expires_seconds: Option<u32>,
    asks: Asks,
    texts: Texts,
}

/// The order-dependent records of one piece of a stream, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Residue {
    arena: Vec<u8>,
    records: Vec<HeldRecord>,
    runs: Vec<HeldRun>,
    /// The latest run of each host.
    latest: Vec<usize>,
}

/// Records of one server that follow each other without a step of its clock, which nothing else
/// is kept of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run<'t> {
    /// Host in the records' prefix; empty where they have none.
    pub host: &'t [u8],
    /// So many records were held before it began.
    pub held_before: usize,
    pub first: Moment,
    pub last: Moment,
    /// Latest instant in it.
    pub high: Moment,
    /// Longest silence through which the server is believed to be up, in seconds.
    pub gap_seconds: u32,
}

/// A run without its host, which stands in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HeldRun {
    host: (usize, u32),
    held_before: usize,
    first: Moment,
    last: Moment,
    high: Moment,
    gap_seconds: u32,
}

impl Residue {
    /// Keeps one more record.
    pub fn push(&mut self, held: &Held<'_>) {
        let begin = self.arena.len();
        let mut keep = |text: &[u8]| {
            self.arena.extend_from_slice(text);
            // A record is at most a mebibyte long.
            text.len() as u32
        };
        let texts = Texts {
            begin,
            user: keep(held.user),
            agent: held.agent.text.map(&mut keep),
            contact: keep(held.contact),
            call_id: keep(held.call_id),
            cseq: keep(held.cseq),
            thread: keep(held.thread),
            host: keep(held.host),
        };
        self.records.push(HeldRecord {
            kind: held.kind,
            spot: held.spot,
            moment: held.moment,
            hint: held.agent.hint,
            is_push_source: held.agent.is_push_source,
            is_bare: held.is_bare,
            agent_is_elsewhere: held.agent_is_elsewhere,
            code: held.code,
            expires_seconds: held.expires_seconds,
            asks: held.asks,
            texts,
        });
    }

    /// Notes that a server wrote a record at that moment, whatever it said: the record that is
    /// pushed next, or one that is not held at all.
    pub fn hear(&mut self, host: &[u8], moment: Moment, gap_seconds: u32) {
        let arena = &self.arena;
        let is_of_host = |run: &HeldRun| is_same(&arena[run.host.0..run.host.0 + run.host.1 as usize], host);
        // One host or a few write one stream.
        let latest = self.latest.iter_mut().find(|run| is_of_host(&self.runs[**run]));
        if let Some(run) = latest.as_ref().map(|run| &mut self.runs[**run])
            && !is_step(run.last, moment, gap_seconds)
        {
            run.last = moment;
            run.high = run.high.max(moment);
            return;
        }
        let number = self.runs.len();
        let host_at = match latest {
            Some(latest) => self.runs[std::mem::replace(latest, number)].host,
            None => {
                self.latest.push(number);
                self.arena.extend_from_slice(host);
                // A record is at most a mebibyte long.
                (self.arena.len() - host.len(), host.len() as u32)
            }
        };
        self.runs.push(HeldRun {
            host: host_at,
            held_before: self.records.len(),
            first: moment,
            last: moment,
            high: moment,
            gap_seconds,
        });
    }

    /// Appends what follows in the stream. Joining residues is associative.
    pub fn append(&mut self, later: &Self) {
        let (shift, held_before, runs_before) = (self.arena.len(), self.records.len(), self.runs.len());
        self.arena.extend_from_slice(&later.arena);
        self.runs.extend(later.runs.iter().map(|run| HeldRun {
            host: (run.host.0 + shift, run.host.1),
            held_before: run.held_before + held_before,
            ..*run
        }));
        // What is heard next begins runs of its own.
        self.latest.clear();
        self.latest.extend(later.latest.iter().map(|run| run + runs_before));
        self.records.extend(later.records.iter().map(|record| {
            let mut record = *record;
            record.texts.begin += shift;
            record
        }));
    }

    /// Forgets the records and keeps the memory.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.records.clear();
        self.runs.clear();
        self.latest.clear();
    }

    /// How many records are held.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether there is nothing to settle, not even that a server was up.
    pub fn is_silent(&self) -> bool {
        self.records.is_empty() && self.runs.is_empty()
    }

    /// The runs of the servers that wrote the records, in the order in which they began.
    pub fn runs(&self) -> impl Iterator<Item = Run<'_>> {
        self.runs.iter().map(|run| Run {
            host: &self.arena[run.host.0..run.host.0 + run.host.1 as usize],
            held_before: run.held_before,
            first: run.first,
            last: run.last,
            high: run.high,
            gap_seconds: run.gap_seconds,
        })
    }

    /// The record of that number, in the order of the stream.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    #[inline(always)]
    pub fn at(&self, number: usize) -> Held<'_> {
        self.held(&self.records[number])
    }

    /// Those of the records in that range that are of kinds that are asked for.
    ///
    /// # Panics
    ///
    /// If there are not so many records.
    pub fn of_kinds(
        &self,
        range: Range<usize>,
        is_asked: impl Fn(Kind) -> bool,
    ) -> impl Iterator<Item = Held<'_>> {
        let records = self.records[range].iter();
        records.filter(move |record| is_asked(record.kind)).map(|record| self.held(record))
    }

    #[inline(always)]
    fn held(&self, record: &HeldRecord) -> Held<'_> {
        let mut rest = &self.arena[record.texts.begin..];
        let mut take = |len: u32| {
            let (text, after) = rest.split_at(len as usize);
            rest = after;
            text
        };
        let user = take(record.texts.user);
        let agent = record.texts.agent.map(&mut take);
        Held {
            kind: record.kind,
            spot: record.spot,
            moment: record.moment,
            user,
            is_bare: record.is_bare,
            agent: AgentRef { text: agent, hint: record.hint, is_push_source: record.is_push_source },
            agent_is_elsewhere: record.agent_is_elsewhere,
            contact: take(record.texts.contact),
            call_id: take(record.texts.call_id),
            cseq: take(record.texts.cseq),
            thread: take(record.texts.thread),
            host: take(record.texts.host),
            code: record.code,
            expires_seconds: record.expires_seconds,
            asks: record.asks,
        }
    }
}

//! The worker's ear: from the events of one block to counts and to what must wait.

mod streak;

use super::clock::{BadStamp, Clock};
use super::plan::Input;
use super::trace::{Proof, Wanted};
use crate::facts::Part;
use crate::formats::contact::{self, Lifetime};
use crate::identity::{Policy, canonical_or_copy, is_bare};
use crate::model::{
    AgentRef, AgentText, Aor, Days, Dialect, Event, EvidenceKind, Hint, Kind, Moment, Observation, Reject,
    RejectReason, Sink, Spot, Stamp, Standing, Unfinished, Window, marks,
};
use crate::platform::{PushSources, hint};
use crate::settle::{Asks, Held};
use crate::tally::{Numbering, Observed, Slot, transaction};
use std::sync::atomic::{AtomicBool, Ordering};
use streak::Streaks;

/// One event of a user that `explain` asked for, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub spot: Spot,
    pub kind: Kind,
    pub source: String,
    pub moment: Option<Moment>,
    /// Canonical bytes of the SIP-ID; empty where the record names nobody.
    pub user: Vec<u8>,
    /// The address-of-record as the record spells it.
    pub aor: Vec<u8>,
    /// Host in the record's prefix; empty where it has none.
    pub host: Vec<u8>,
    pub agent: Option<Vec<u8>>,
    pub hint: Hint,
    pub is_push_source: bool,
    pub contact: Vec<u8>,
    pub call_id: Vec<u8>,
    pub cseq: Vec<u8>,
    pub code: Option<u16>,
    pub expires_seconds: Option<u32>,
    pub source_ip: Vec<u8>,
}

/// The span that is counted.
#[derive(Debug)]
pub struct Range {
    pub window: Window,
    /// Whether anybody registered outside.
    is_missed: AtomicBool,
}

impl Range {
    /// That span, of which nothing is known yet.
    pub const fn new(window: Window) -> Self {
        Self { window, is_missed: AtomicBool::new(false) }
    }

    /// Whether anybody registered outside, when all is read.
    pub fn is_missed(&self) -> bool {
        self.is_missed.load(Ordering::Relaxed)
    }

    fn misses(&self, standing: Standing) {
        // Asked first: a cache line that is only read is every core's own.
        if standing == Standing::Accepted && !self.is_missed() {
            self.is_missed.store(true, Ordering::Relaxed);
        }
    }
}

/// What decides how observations are counted, for the whole run.
pub struct Counting<'p> {
    pub days: &'p dyn Days,
    /// Observations outside are not counted (they still say what order depends on).
    pub range: Option<&'p Range>,
    pub push_sources: &'p PushSources,
    /// A manifest will name the inputs' digests; nothing else asks for them.
    pub wants_digests: bool,
    /// Keep what is said of this SIP-ID.
    pub key: Option<&'p Wanted>,
}

/// Buffers of one worker, and the last day slot it asked for.
#[derive(Debug, Default)]
pub struct Memory {
    user: Vec<u8>,
    contacts: Vec<u8>,
    slot: Option<(Slot, Window)>,
    streaks: Streaks,
    /// What was noted of the user that was asked for.
    pub(super) proofs: Vec<Proof>,
}

/// Notes one observation with the slot it falls into, where it is to be counted.
pub fn note(
    observed: &mut Observed,
    observation: &Observation<'_>,
    transaction: Option<u64>,
    counting: &Counting<'_>,
    numbering: &mut Numbering,
    memory: &mut Memory,
) {
    if counting.key.is_some_and(|wanted| wanted.names(observation.user)) {
        memory.proofs.push(Proof::of(observation));
    }
    let slot = match observation.moment {
        None => Slot::CLOCKLESS,
        Some(moment) => {
            if let Some(range) = counting.range.filter(|range| !range.window.contains(moment)) {
                range.misses(observation.standing);
                return;
            }
            match memory.slot {
                Some((slot, valid)) if valid.contains(moment) => slot,
                _ => {
                    let day = counting.days.day(moment);
                    let slot = Slot { window: day.window, day: day.day };
                    memory.slot = Some((slot, day.valid));
                    slot
                }
            }
        }
    };
    observed.note(observation, slot, transaction, numbering);
}

/// Listens to the scan of one block.
pub struct Collector<'p> {
    pub input: &'p Input,
    /// What [`server_name`] says of it.
    pub server: &'p [u8],
    /// Some lines may tell User-Agents of registrations that others prove.
    pub has_agents_elsewhere: bool,
    pub clock: Clock<'p>,
    pub counting: &'p Counting<'p>,
    /// Accounts and what order depends on.
    pub part: &'p mut Part,
    /// What is to be counted.
    pub observed: &'p mut Observed,
    pub numbering: &'p mut Numbering,
    pub memory: &'p mut Memory,
    pub traces: &'p mut Vec<Trace>,
    /// Where a record at the end of the input begins that may be half written.
    pub unfinished: Option<(u64, Unfinished)>,
}

impl Collector<'_> {
    /// The instant of a record; `Err` has told of the reject.
    fn moment(&mut self, stamp: Stamp, spot: Spot, host: &[u8], source: &str) -> Result<Option<Moment>, ()> {
        let moment = match self.clock.resolve(stamp, spot.offset) {
            Ok(moment) => moment,
            Err(BadStamp) => {
                self.part.reject(Reject { spot, reason: RejectReason::BadTime, source: source.to_owned() });
                return Err(());
            }
        };
        let records = &mut self.part.records;
        match moment {
            None => records.clockless += 1,
            Some(moment) => {
                records.first = Some(records.first.map_or(moment, |first| first.min(moment)));
                records.last = records.last.max(Some(moment));
                let host = if host.is_empty() { self.server } else { host };
                self.part.coverage.note(host, moment);
            }
        }
        Ok(moment)
    }
}

/// What coverage and quality call a server whose records name no host: its directory's name.
pub fn server_name(input: &Input) -> &[u8] {
    let at = memchr::memrchr(b'/', &input.server).map_or(0, |at| at + 1);
    &input.server[at..]
}

impl Sink for Collector<'_> {
    #[inline(never)]
    fn event(&mut self, event: &Event<'_>) {
        self.event_by_itself(event);
    }

    #[inline(always)]
    fn usual(&mut self, event: &Event<'_>) {
        if self.go_on(event).is_none() {
            self.event(event);
        }
    }

    fn other(&mut self, spot: Spot, stamp: Stamp) {
        if let Ok(moment) = self.moment(stamp, spot, b"", "") {
            self.part.records.other += 1;
            if let Some(moment) = moment {
                self.hear(b"", moment);
            }
        }
    }

    fn continued(&mut self, lines: u64) {
        self.part.records.continued += lines;
    }

    fn unfinished(&mut self, spot: Spot, what: Unfinished) {
        if what == Unfinished::Record {
            self.part.records.other += 1;
        }
        self.unfinished = Some((spot.offset, what));
    }

    fn reject(&mut self, reject: Reject) {
        self.part.reject(reject);
    }
}

impl Collector<'_> {
    /// Whatever goes on with no streak.
    fn event_by_itself(&mut self, event: &Event<'_>) {
        let Ok(moment) = self.moment(event.stamp, event.spot, event.host, event.source) else { return };
        if event.dialect == Dialect::Asterisk
            && let Some(moment) = moment
        {
            self.hear(event.host, moment);
        }
        let mut buffer = std::mem::take(&mut self.memory.user);
        let policy: &Policy = &self.input.identity;
        let user = canonical_or_copy(event.aor, event.dialect, policy, &mut buffer);
        self.settle_event(event, moment, user);
        self.memory.user = buffer;
    }

    /// A server that follows bindings was up and wrote; whether its clock went on steadily, the
    /// settling tells.
    fn hear(&mut self, host: &[u8], moment: Moment) {
        self.part.residue.hear(host, moment, self.input.lives.coverage_gap_seconds);
    }

    fn settle_event(&mut self, event: &Event<'_>, moment: Option<Moment>, user: Option<&[u8]>) {
        let is_named = user.is_some();
        let user = user.unwrap_or_default();
        if !is_named && !matches!(event.kind, Kind::Reply | Kind::Restart) {
            let reject = Reject {
                spot: event.spot,
                reason: RejectReason::NoIdentity,
                source: event.source.to_owned(),
            };
            // A scanner's nonsense is no loss; a registration that nobody can be billed for is one.
            if matches!(event.kind, Kind::Refused | Kind::Attempt | Kind::Request | Kind::MessageRequest) {
                self.part.records.other += 1;
            } else {
                self.part.reject(reject);
            }
            return;
        }
        self.part.records.evidence.note(event.source, event.kind);
        if is_named && matches!(event.kind, Kind::Accepted | Kind::Bound | Kind::Refreshed | Kind::Request) {
            self.note_bare(user, event.host);
        }
        let agent = AgentRef {
            text: event.agent.text(),
            hint: match event.kind {
                // Nothing is counted by a reply's hint, which only `explain` shows.
                Kind::Reply if self.counting.key.is_none() => Hint::None,
                _ => hint(event.contact),
            },
            is_push_source: self.counting.push_sources.contains(event.source_ip),
        };
        if let Some(wanted) = self.counting.key.filter(|wanted| wanted.keeps(user, event.kind)) {
            wanted.keep(trace(event, moment, user, agent), self.traces);
        }
        let agent_is_elsewhere = event.agent == AgentText::NotLogged;
        let has_transaction = !event.call_id.is_empty() && !event.cseq.is_empty();
        let waits = match event.kind {
            Kind::Accepted => {
                let has_call = self.has_agents_elsewhere && !event.call_id.is_empty();
                agent_is_elsewhere && (has_transaction || has_call || !event.contact.is_empty())
            }
            // Of these servers, a binding's end tells how long it lived.
            Kind::Unbound | Kind::Expired => event.dialect == Dialect::Asterisk,
            Kind::Deregistered
            | Kind::Fetched
            | Kind::Refused
            | Kind::Attempt
            | Kind::Message
            | Kind::ConferenceHost => false,
            _ => true,
        };
        if waits {
            self.hold(event, moment, user, agent);
            return;
        }
        let tells_agent = agent.text.is_some() && !event.call_id.is_empty();
        if event.kind == Kind::Attempt && self.has_agents_elsewhere && tells_agent {
            self.hold(event, moment, user, agent);
        }
        let standing = match event.kind {
            Kind::Unbound | Kind::Deregistered => Standing::Deregistered,
            Kind::Expired => Standing::Expired,
            Kind::Fetched => Standing::Fetched,
            Kind::Refused => Standing::Refused,
            Kind::Attempt => Standing::Attempted,
            Kind::Message => Standing::MessageSent,
            Kind::ConferenceHost => Standing::Hosted,
            _ => Standing::Accepted,
        };
        let observation =
            Observation { user, agent, standing, moment, spot: event.spot, evidence: EvidenceKind::Line };
        // A registration that was retransmitted, or logged twice, counts once.
        let transaction = (has_transaction && event.kind == Kind::Accepted)
            .then(|| transaction(self.input.stream as u32, event.call_id, event.cseq));
        note(self.observed, &observation, transaction, self.counting, self.numbering, self.memory);
        if event.kind == Kind::Accepted {
            self.begin_streak(event, moment);
        }
    }

    /// Keeps an event whose meaning hangs on others.
    fn hold(&mut self, event: &Event<'_>, moment: Option<Moment>, user: &[u8], agent: AgentRef<'_>) {
        let contacts = &mut self.memory.contacts;
        contacts.clear();
        let is_message = matches!(event.kind, Kind::Request | Kind::Reply);
        let header = is_message.then(|| contact::Header::of(event.contact));
        if let Some(header) = &header {
            header.uris(contacts);
        }
        self.part.residue.push(&Held {
            kind: event.kind,
            spot: event.spot,
            moment,
            user,
            is_bare: is_bare(event.aor, &self.input.identity),
            agent,
            agent_is_elsewhere: event.agent == AgentText::NotLogged,
            contact: match event.kind {
                Kind::Request | Kind::Reply => contacts,
                _ => event.contact,
            },
            call_id: event.call_id,
            cseq: event.cseq,
            thread: match (event.kind, event.dialect) {
                (Kind::Accepted, _) => b"",
                // Asterisk's threads share the work: the one that answers is another.
                (Kind::Request | Kind::MessageRequest | Kind::Reply, Dialect::Asterisk) => b"",
                _ => event.thread,
            },
            host: if event.dialect == Dialect::Asterisk { event.host } else { b"" },
            code: event.code,
            asks: match (event.kind, &header) {
                (Kind::Request, Some(header)) => asks(event, header),
                (Kind::MessageRequest, _) => Asks::Message,
                // What a message does not list is not bound.
                (Kind::Reply, Some(header)) if event.is_whole => asks(event, header),
                _ => Asks::Bind,
            },
            expires_seconds: event.expires_seconds,
        });
    }

    /// Two servers may both have a `1001` of their own.
    fn note_bare(&mut self, user: &[u8], host: &[u8]) {
        if marks::holds(b'@', user) {
            return;
        }
        let server = if host.is_empty() { &self.input.server } else { host };
        self.part.bare.note(user, server);
    }
}

/// The event, owned.
fn trace(event: &Event<'_>, moment: Option<Moment>, user: &[u8], agent: AgentRef<'_>) -> Trace {
    Trace {
        spot: event.spot,
        kind: event.kind,
        source: event.source.to_owned(),
        moment,
        user: user.to_vec(),
        aor: match event.aor {
            Aor::Uri(text) | Aor::Name(text) => text.to_vec(),
            Aor::Parts { user, domain } => [user, b"@", domain].concat(),
            Aor::Nobody => Vec::new(),
        },
        host: event.host.to_vec(),
        agent: agent.text.map(<[u8]>::to_vec),
        hint: agent.hint,
        is_push_source: agent.is_push_source,
        contact: event.contact.to_vec(),
        call_id: event.call_id.to_vec(),
        cseq: event.cseq.to_vec(),
        code: event.code,
        expires_seconds: event.expires_seconds,
        source_ip: event.source_ip.to_vec(),
    }
}

/// What a request asks for, once it is accepted.
fn asks(event: &Event<'_>, header: &contact::Header<'_>) -> Asks {
    match header.lifetimes(event.expires_seconds) {
        Lifetime::Live => Asks::Bind,
        Lifetime::AllZero | Lifetime::Star => Asks::Unbind,
        Lifetime::None => Asks::Fetch,
    }
}

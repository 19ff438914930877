//! The life of one SIP-ID over all logs: what `explain` tells.

use super::{Cycle, Decision, Kind, Moment, SipId, Spot, Standing, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that is known of one SIP-ID.
#[derive(Debug, Clone)]
pub struct Story<'t> {
    pub sip_id: SipId,
    /// How the logs spell the address-of-record, the commonest spelling first.
    pub spellings: Vec<(Vec<u8>, u64)>,
    /// What was counted, by standing; of a binding that lived on, the times through which it did.
    pub counts: [u64; Standing::ALL.len()],
    /// Those among the refusals that ask for credentials and refuse nobody yet.
    pub challenges: u64,
    /// Time of the first and of the last record that says something of the user.
    pub first: Option<Moment>,
    pub last: Option<Moment>,
    /// In the order in which they were first seen.
    pub devices: Vec<Device>,
    /// In the order of time; what has none stands where its log has it.
    pub items: Vec<StoryItem>,
    /// In the order of time; none without a price book.
    pub cycles: Vec<CycleStory<'t>>,
    /// The lines behind the places that are named, as far as they can be read again.
    pub quotes: BTreeMap<Spot, Quote>,
    /// Inputs whose places are packets and no bytes.
    pub captures: BTreeSet<u32>,
}

/// One device of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub name: DeviceName,
    /// What it said it was, and what that is by the rules; in the order in which it said so.
    pub agents: Vec<(Option<Vec<u8>>, Verdict)>,
    pub first: Option<Moment>,
    pub last: Option<Moment>,
    /// Registrations that count.
    pub registrations: u64,
    /// Refusals, challenges not among them.
    pub refusals: u64,
}

/// What tells one device from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceName {
    /// `+sip.instance` of its Contact (RFC 5626 §4.1).
    Instance(Vec<u8>),
    /// User and host of its Contact URI, without port.
    Contact(Vec<u8>),
    /// The address that it sent from.
    Source(Vec<u8>),
    /// The records name nothing of it.
    Nameless,
}

/// One thing in the life of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoryItem {
    Event(StoryEvent),
    Span(Span),
}

impl StoryItem {
    /// When it was; of a span its end, which proves it.
    pub const fn moment(&self) -> Option<Moment> {
        match self {
            Self::Event(event) => event.moment,
            Self::Span(span) => Some(span.end),
        }
    }

    /// The record that tells it.
    pub const fn spot(&self) -> Spot {
        match self {
            Self::Event(event) => event.spot,
            Self::Span(span) => span.spot,
        }
    }
}

/// One record, and what was made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryEvent {
    pub spot: Spot,
    pub kind: Kind,
    /// Name of the message or pattern that recognised it.
    pub source: String,
    pub moment: Option<Moment>,
    /// What it counts as; `None` where it counts for nothing by itself.
    pub standing: Option<Standing>,
    pub tie: Option<Tie>,
    /// Place in [`Story::devices`]; `None` where nothing tells, or it is about none.
    pub device: Option<usize>,
    /// Empty where the record has none.
    pub contact: Vec<u8>,
    pub source_ip: Vec<u8>,
    pub call_id: Vec<u8>,
    pub cseq: Vec<u8>,
    /// As sent, in this record or in one that belongs to it.
    pub agent: Option<Vec<u8>>,
    /// What the rules say of the client; `None` for records that are about no client.
    pub verdict: Option<Verdict>,
    pub code: Option<u16>,
    pub expires_seconds: Option<u32>,
}

impl StoryEvent {
    /// What it counts as, unless another record counts for both.
    pub fn counted(&self) -> Option<Standing> {
        self.standing.filter(|_| !matches!(self.tie, Some(Tie::Repeats(_))))
    }

    /// Whether it was answered with a challenge, which comes before nearly every registration.
    pub const fn is_challenged(&self) -> bool {
        let code = match self.tie {
            Some(Tie::AnsweredBy(_, code)) => Some(code),
            _ => self.code,
        };
        matches!(code, Some(401 | 407)) && matches!(self.standing, Some(Standing::Refused))
    }
}

/// How a record belongs to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// A retransmission, or the same told again: both count once.
    Repeats(Spot),
    /// A request that this reply answers, with that code.
    AnsweredBy(Spot, u16),
    /// A reply to this request, which is what counts.
    Answers(Spot),
    /// A request of which no log has the reply.
    Unanswered,
}

impl Tie {
    /// The other record.
    pub const fn spot(self) -> Option<Spot> {
        match self {
            Self::Repeats(spot) | Self::AnsweredBy(spot, _) | Self::Answers(spot) => Some(spot),
            Self::Unanswered => None,
        }
    }
}

/// A time through which a binding lived: in every stretch of it that long, a registration happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub contact: Vec<u8>,
    pub begin: Moment,
    pub end: Moment,
    pub needs_seconds: i64,
    /// No end of the binding was logged.
    pub is_open: bool,
    /// The record that proves it.
    pub spot: Spot,
    pub device: Option<usize>,
}

/// What is decided of the user in one cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleStory<'t> {
    /// `None` where nobody claims the domain.
    pub tenant: Option<String>,
    pub cycle: Cycle,
    /// The logs end within the cycle.
    pub is_partial: bool,
    /// A restart cut it short, and the tenant gets no invoice of it.
    pub is_skipped: bool,
    pub decision: Decision<'t>,
    pub near_misses: Vec<NearMiss>,
}

/// What nearly made the user billable in a cycle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NearMiss {
    /// The last registration before the cycle, so many seconds too early.
    Before { seconds: u64, spot: Spot },
    /// The first registration behind the cycle, so many seconds too late.
    After { seconds: u64, spot: Spot },
    /// A registration with an app that is not billed, whose first word is that of these patterns.
    Agent { agent: Vec<u8>, patterns: Vec<String> },
}

impl NearMiss {
    /// The record that tells it.
    pub const fn spot(&self) -> Option<Spot> {
        match self {
            Self::Before { spot, .. } | Self::After { spot, .. } => Some(*spot),
            Self::Agent { .. } => None,
        }
    }
}

/// A record of a log, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// Counted from 1; of a capture the packet's number.
    pub line: u64,
    /// The whole record, without its last line end.
    pub text: Vec<u8>,
}

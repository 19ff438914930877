//! The nouns that every room shares: plain values, no I/O.
//!
//! A type lives in the room that makes it until a second room needs it; then it moves down
//! here. The only crates this room knows are the ones for time and for decimals. Copy
//! `spot.rs` to add a noun.

mod agent;
mod audit;
mod clock;
mod correction;
mod cycle;
mod decision;
mod escapes;
mod event;
mod evidence;
mod figures;
pub(crate) mod index;
mod invoice;
mod letterhead;
pub(crate) mod marks;
mod moment;
mod money;
pub mod near;
mod observation;
mod pairs;
mod reject;
pub(crate) mod rows;
mod sensitivity;
pub(crate) mod short;
mod sip_id;
mod spot;
mod story;
pub(crate) mod texts;
mod throughput;
mod usage;
pub(crate) mod wide;

pub use agent::{AgentId, AgentKey, AgentText, Class, Form, Hint, Platform, Platforms, Verdict};
pub use audit::{AuditedAgent, AuditedUser, DomainSummary};
pub use clock::{Civil, Stamp};
pub use correction::{Correction, CorrectionLine, UserChange};
pub use cycle::{Cycle, DaySlot, Days, Window};
pub use decision::{BilledUser, Category, Decision, EvidenceKind, Reason, Seen, UnbilledUser};
pub use escapes::undo_escapes;
pub use event::{Aor, Dialect, Event, Kind, Sink, Unfinished};
pub use evidence::{Grade, Standing};
pub use figures::Figures;
pub use invoice::{FinalMark, History, Invoice, InvoiceLine, LineKind, UserNote};
pub use letterhead::{Customer, Letterhead};
pub use moment::Moment;
pub use money::{Currency, Money, Rounding};
pub use observation::{AgentRef, Observation};
pub use pairs::PAIRS;
pub use reject::{Reject, RejectReason};
pub use sensitivity::Flip;
pub use sip_id::{SipId, SipIdRef};
pub use spot::Spot;
pub use story::{CycleStory, Device, DeviceName, NearMiss, Quote, Span, Story, StoryEvent, StoryItem, Tie};
pub use throughput::{Diagnosis, Limit, Pass, Share, Throughput, Timing};
pub use usage::{CategoryUsage, Usage};

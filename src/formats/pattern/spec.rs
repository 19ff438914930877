//! A `[[pattern]]` table as plain values.

use std::collections::BTreeMap;

/// What a matching record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternEvent {
    Registration,
    Deregistration,
    Refusal,
    Message,
    ConferenceHost,
    /// Half of a transaction, joined with its reply on `callid` and `cseq`.
    Request,
    /// The other half; needs `code`.
    Reply,
    /// Ties a User-Agent to an AOR (a dialplan's NoOp of `PJSIP_CONTACT(x,user_agent)`, say).
    Agent,
}

/// One template of an operator's log, as the pattern file says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternSpec {
    pub name: String,
    /// A literal that every such message holds: a message without it is not this template. What
    /// is searched for is then a part of it; else it is taken from the regex or the members.
    pub contains: Option<String>,
    /// Matched from the start of the record's message. `None` where `json` is set.
    pub regex: Option<String>,
    /// The message is a JSON object whose members `fields` names.
    pub json: bool,
    /// Our name (`aor`, `user`, `domain`, `ua`, `contact`, `expires`, `callid`, `cseq`, `method`,
    /// `code`, `ip`, `time`) to the object's member.
    pub fields: BTreeMap<String, String>,
    /// How the group `time` is written: `syslog`, `iso8601`, `epoch`, `asterisk`, or a strftime text.
    pub time: Option<String>,
    pub event: PatternEvent,
    /// The operator's word that the record is written after the binding was stored.
    pub accepted: bool,
    /// Where it was written, for errors: `file:line`.
    pub origin: String,
}

//! What one record says.

use super::{AgentText, Grade, Reject, Spot, Stamp};

/// An address-of-record in the log's own spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aor<'t> {
    /// A URI, a name-addr, or `user@domain`, as a header or a server writes it.
    Uri(&'t [u8]),
    /// User and domain in fields of their own.
    Parts { user: &'t [u8], domain: &'t [u8] },
    /// A server's own name for the AOR: an Asterisk AOR id or peer name. It may hold a domain.
    Name(&'t [u8]),
    /// The record names nobody (a reply names its transaction only).
    Nobody,
}

/// Whose registrar wrote the record; decides the defaults of the identity policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Dialect {
    /// Nothing tells.
    #[default]
    Unknown,
    Kamailio,
    OpenSips,
    Asterisk,
    FreeSwitch,
    Flexisip,
}

/// What kind of fact an [`Event`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The server stored or refreshed a live binding, and says so in this record.
    Accepted,
    /// A new or moved binding, told without its User-Agent (Asterisk); the tie follows.
    Bound,
    /// A binding refreshed, told without its User-Agent (Asterisk at debug 3).
    Refreshed,
    /// The binding's end by the client's request.
    Unbound,
    /// The binding's end by expiry or by the server.
    Expired,
    /// The server dropped the binding without saying when or why it ended (Asterisk's `has been
    /// deleted`, or what it clears away while it starts).
    Gone,
    /// The User-Agent that a peer has from here on, saved while its REGISTER was accepted
    /// (chan_sip): proof of a registration too.
    AgentSaved,
    /// The User-Agent of a binding or peer, told by something that proves no registration.
    AgentTie,
    /// A REGISTER was received; whether it was accepted, a reply tells.
    Request,
    /// A MESSAGE was received; whether it was accepted, a reply tells. The AOR is its sender.
    MessageRequest,
    /// A reply to a REGISTER was sent; `code` is its status.
    Reply,
    /// A de-registration that stands in one record.
    Deregistered,
    /// A binding query that stands in one record.
    Fetched,
    /// Refused or challenged.
    Refused,
    /// Attempted or authenticated; acceptance not proven.
    Attempt,
    /// A binding listed by a dump of the location table.
    Snapshot,
    /// A MESSAGE that the server accepted; the AOR is its sender.
    Message,
    /// A conference hosted by this AOR.
    ConferenceHost,
    /// A conference joined by this AOR in a role that is not host.
    ConferenceGuest,
    /// A channel was given the host's role; the conference it enters follows (Asterisk's
    /// `CONFBRIDGE(user,admin)=yes`).
    ConferenceRole,
    /// The server starts anew and forgets what it kept in memory.
    Restart,
}

impl Kind {
    /// How many kinds there are: up to the last one.
    pub const COUNT: usize = Self::Restart as usize + 1;

    /// The grade of a record of this kind. A request or a reply alone proves nothing; put
    /// together they are as good as [`Grade::A`].
    pub const fn grade(self) -> Grade {
        match self {
            Self::Accepted => Grade::A,
            Self::Bound | Self::Refreshed | Self::AgentSaved => Grade::B,
            Self::Snapshot => Grade::S,
            Self::Request | Self::MessageRequest | Self::Reply | Self::Attempt => Grade::W,
            Self::Message | Self::ConferenceHost => Grade::A,
            Self::Unbound
            | Self::Expired
            | Self::Gone
            | Self::Deregistered
            | Self::Fetched
            | Self::Refused
            | Self::AgentTie
            | Self::ConferenceGuest
            | Self::ConferenceRole
            | Self::Restart => Grade::N,
        }
    }

    /// The name used in `explain` and `probe`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Bound => "bound",
            Self::Refreshed => "refreshed",
            Self::Unbound => "unbound",
            Self::Expired => "expired",
            Self::Gone => "gone",
            Self::AgentSaved => "user-agent",
            Self::AgentTie => "user-agent-tie",
            Self::Request => "request",
            Self::MessageRequest => "message-request",
            Self::Reply => "reply",
            Self::Deregistered => "de-registered",
            Self::Fetched => "fetched",
            Self::Refused => "refused",
            Self::Attempt => "attempted",
            Self::Snapshot => "snapshot",
            Self::Message => "message",
            Self::ConferenceHost => "conference-host",
            Self::ConferenceGuest => "conference-guest",
            Self::ConferenceRole => "conference-role",
            Self::Restart => "restart",
        }
    }
}

/// What one record says: borrowed, in the log's own spelling.
#[derive(Debug, Clone, Copy)]
pub struct Event<'t> {
    pub kind: Kind,
    /// Name of the message or pattern that recognised it.
    pub source: &'t str,
    pub dialect: Dialect,
    pub spot: Spot,
    pub stamp: Stamp,
    /// Host in the record's prefix; empty where it has none.
    pub host: &'t [u8],
    pub aor: Aor<'t>,
    pub agent: AgentText<'t>,
    /// Contact header or contact URI; empty where the record has none.
    pub contact: &'t [u8],
    /// Seconds granted or asked for, where the record says.
    pub expires_seconds: Option<u32>,
    /// Call-ID; empty where the record has none.
    pub call_id: &'t [u8],
    /// CSeq number; empty where the record has none.
    pub cseq: &'t [u8],
    /// Status code of a reply or refusal.
    pub code: Option<u16>,
    /// Source address without port; empty where the record has none.
    pub source_ip: &'t [u8],
    /// Server thread or channel that ties neighbouring records together, or the address of the side
    /// that answers; empty where unknown.
    pub thread: &'t [u8],
    /// The record is the SIP message itself and whole: a header that is not here was not sent.
    pub is_whole: bool,
}

impl<'t> Event<'t> {
    /// An event that says nothing yet but its kind.
    pub const fn new(kind: Kind, source: &'t str) -> Self {
        Self {
            kind,
            source,
            dialect: Dialect::Unknown,
            spot: Spot { input: 0, offset: 0 },
            stamp: Stamp::None,
            host: b"",
            aor: Aor::Nobody,
            agent: AgentText::NotLogged,
            contact: b"",
            expires_seconds: None,
            call_id: b"",
            cseq: b"",
            code: None,
            source_ip: b"",
            thread: b"",
            is_whole: false,
        }
    }
}

/// What of an input's last record may lack its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// Whom or what it tells of; nothing else is told of it.
    Record,
    /// Its User-Agent; it is told as it stands.
    Agent,
    /// Headers of a whole SIP message, which is told of besides as far as it goes.
    Message,
}

/// Who listens to a scan. Lower rooms speak upward through this and know nothing else of it.
pub trait Sink {
    /// A record that says something about a registration, a message or a conference.
    fn event(&mut self, event: &Event<'_>);

    /// The same of a record that is probably like the one before, as nearly all of a dense log are.
    #[inline(always)]
    fn usual(&mut self, event: &Event<'_>) {
        self.event(event);
    }

    /// A record that is recognised and is no evidence of anything.
    fn other(&mut self, spot: Spot, stamp: Stamp);

    /// So many lines belong to the record before the next one told: a record of many lines is one.
    fn continued(&mut self, _lines: u64) {}

    /// The last record of an input has no line end, and may be half written.
    fn unfinished(&mut self, _spot: Spot, _what: Unfinished) {}

    /// A record that looks like evidence and cannot be read as such.
    fn reject(&mut self, reject: Reject);
}

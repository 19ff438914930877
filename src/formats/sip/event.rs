//! What a SIP message tells of a registration (RFC 3261 §10, RFC 3428).

use super::message::{Message, StartLine, read};
use super::opener::{Addresses, Direction};
use crate::formats::stamp;
use crate::model::{AgentText, Aor, Event, Kind, Reject, RejectReason, Sink, Stamp};

/// How a message came into the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer<'t> {
    pub direction: Direction,
    /// Address of the other side, without port; empty where it is not told.
    pub peer: &'t [u8],
    /// Sender and receiver with their ports, where both are known apart from the message.
    pub addresses: Option<Addresses<'t>>,
    /// The record could begin or end elsewhere: nothing in it is believed.
    pub is_ambiguous: bool,
}

impl Transfer<'_> {
    /// Tells the sink what the message says, filling in `blank`.
    ///
    /// Only what comes to the registrar and what it answers counts: a request that it sends is its
    /// own registration elsewhere, or relayed. A reply of which nothing says that the server sent it
    /// may be a stranger's packet.
    pub fn tell(&self, message: &[u8], blank: Event<'_>, values: &mut Vec<u8>, sink: &mut impl Sink) {
        let Some(message) = read(message, values) else {
            sink.other(blank.spot, blank.stamp);
            return;
        };
        let is_ours = match message.start {
            StartLine::Request { .. } => self.direction != Direction::Sent,
            StartLine::Reply { .. } => self.direction == Direction::Sent || self.addresses.is_some(),
        };
        if !is_ours || !matches!(message.method, b"REGISTER" | b"MESSAGE") {
            sink.other(blank.spot, blank.stamp);
            return;
        }
        let reject = |reason| Reject { spot: blank.spot, reason, source: blank.source.to_owned() };
        if self.is_ambiguous || message.is_ambiguous {
            sink.reject(reject(RejectReason::Ambiguous));
            return;
        }
        let is_cut_short = message.is_cut && message.contact.is_empty() && message.method == b"REGISTER";
        if message.call_id.is_empty() || message.cseq.is_empty() || is_cut_short {
            sink.reject(reject(RejectReason::Truncated));
            return;
        }
        sink.event(&self.event(&message, blank));
    }

    fn event<'t>(&'t self, message: &Message<'t>, blank: Event<'t>) -> Event<'t> {
        let is_registration = message.method == b"REGISTER";
        let mut event = Event {
            // A reply repeats both (RFC 3261 §8.2.6.2).
            aor: Aor::Uri(if is_registration { message.to } else { message.from }),
            call_id: message.call_id,
            // The method tells two transactions of one number apart.
            cseq: if is_registration { message.cseq } else { message.cseq_value },
            contact: message.contact,
            expires_seconds: message.expires,
            source_ip: self.peer,
            // A reply answers the request that went to its sender.
            thread: match (self.addresses, message.start) {
                (Some((_, receiver)), StartLine::Request { .. }) => receiver,
                (Some((sender, _)), StartLine::Reply { .. }) => sender,
                (None, _) => blank.thread,
            },
            is_whole: !message.is_cut,
            ..blank
        };
        match message.start {
            StartLine::Request { .. } => {
                event.kind = if is_registration { Kind::Request } else { Kind::MessageRequest };
                event.agent = match message.agent {
                    // It may stand in what was cut off.
                    AgentText::Missing if message.is_cut => AgentText::NotLogged,
                    agent => agent,
                };
            }
            StartLine::Reply { code } => {
                event.kind = Kind::Reply;
                event.code = Some(code);
                if event.stamp == Stamp::None {
                    event.stamp = stamp::rfc1123(message.date).unwrap_or(Stamp::None);
                }
            }
        }
        event
    }
}

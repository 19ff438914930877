//! Asterisk's `chan_sip` (1.4 to 20): `channels/chan_sip.c : parse_register_contact`.
//!
//! `Registered SIP` is written when the peer's address changed, `Saved useragent` when its
//! User-Agent did (at verbose 4), both after the REGISTER was accepted; a refresh that changes
//! neither leaves no line. A peer is a section of sip.conf and has one contact.

use super::{Message, Outcome, Text};
use crate::formats::text::{host_of, split_last, split_once};
use crate::model::{AgentText, Aor, Event, Kind, RejectReason};

pub(super) const MESSAGE: Message = Message {
    name: "asterisk-chan_sip",
    needles: &[b"egistered SIP '", b"Saved useragent", b"Registration from '"],
    read,
};

fn read<'t>(text: &Text<'t, '_>, event: &mut Event<'t>) -> Outcome {
    if !text.is_from(b"chan_sip.c") {
        return Outcome::NoMatch;
    }
    if let Some(rest) = text.text.strip_prefix(b"Registered SIP '") {
        let Some((peer, address)) = split_last(rest, b"' at ") else {
            return Outcome::Reject(RejectReason::Truncated);
        };
        // 1.4 wrote `at <ip> port <n>`.
        let address = split_once(address, b" port ").map_or(host_of(address), |(ip, _)| ip);
        event.kind = Kind::Bound;
        event.aor = Aor::Name(peer);
        event.source_ip = address;
        return Outcome::Event;
    }
    if let Some(rest) = text.text.strip_prefix(b"Saved useragent \"") {
        // The User-Agent is raw and may hold `" for peer 4242`; the server's own comes last.
        let Some((agent, peer)) = split_last(rest, b"\" for peer ") else {
            return Outcome::Reject(RejectReason::Truncated);
        };
        event.kind = Kind::AgentSaved;
        event.aor = Aor::Name(peer);
        event.agent = AgentText::Text(agent);
        return Outcome::Event;
    }
    if let Some(rest) = text.text.strip_prefix(b"Unregistered SIP '") {
        let Some(peer) = rest.strip_suffix(b"'") else { return Outcome::Reject(RejectReason::Truncated) };
        event.kind = Kind::Unbound;
        event.aor = Aor::Name(peer);
        return Outcome::Event;
    }
    if let Some(rest) = text.text.strip_prefix(b"Registration from '") {
        let Some((to, rest)) = split_last(rest, b"' failed for '") else {
            return Outcome::Reject(RejectReason::Truncated);
        };
        event.kind = Kind::Refused;
        event.aor = Aor::Uri(to);
        event.source_ip = split_once(rest, b"' - ").map_or(b"", |(address, _)| host_of(address));
        return Outcome::Event;
    }
    Outcome::NoMatch
}

//! Events as blocks of `Key: value` lines that an empty line ends: Asterisk's manager interface
//! (CR LF) and FreeSWITCH's event socket (values percent-encoded).
//!
//! An event of FreeSWITCH may carry a body, which is somebody's message: its `Content-Length` is
//! honoured, so that no block in it is believed.

use super::binding::{Binding, Field, Line, contact_id, micros};
use super::reader::Taken;
use crate::formats::text::host_of;
use crate::model::{Dialect, Kind, RejectReason, Sink, undo_escapes};

/// What a block is, as far as it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum What {
    #[default]
    Unknown,
    /// The answer to `PJSIPShowEndpoint`.
    ContactStatusDetail,
    /// The answer to `PJSIPShowContacts`.
    ContactList,
    /// What Asterisk's test framework tells of each registration.
    TestEvent,
    /// `chan_sip` tells of each registration.
    PeerStatus,
    /// The answer to `SIPshowpeer`.
    ShowPeer,
    /// An event of FreeSWITCH's registrar.
    Sofia,
}

/// Where in the blocks we are.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    what: What,
    /// The block is an event of FreeSWITCH.
    is_event: bool,
    is_registration: bool,
    content_length: u64,
    /// Bytes before this offset belong to a body.
    skips_to: u64,
    value: Vec<u8>,
}

impl Blocks {
    /// Whether that line opens a block.
    pub fn starts(text: &[u8]) -> bool {
        const FIRST: [&[u8]; 6] = [
            b"Event: ",
            b"Response: ",
            b"Event-Subclass: ",
            b"Event-Name: ",
            b"Content-Length: ",
            b"Content-Type: text/event-plain",
        ];
        FIRST.iter().any(|first| text.starts_with(first))
    }

    /// Reads a line of a block.
    pub fn line(&mut self, line: &Line<'_>, binding: &mut Binding, sink: &mut impl Sink) -> Taken {
        if line.spot.offset < self.skips_to {
            return Taken::Yes;
        }
        if line.text.is_empty() {
            let is_event = self.is_event;
            let body = self.content_length;
            self.close(binding, sink);
            if is_event {
                self.skips_to = (line.spot.offset + 1 + u64::from(line.has_cr)).saturating_add(body);
            }
            return Taken::Yes;
        }
        let Some(colon) = memchr::memchr(b':', line.text) else {
            // A line that is none of a block's ends the blocks; inside one it spoils it.
            if self.what == What::Unknown {
                return Taken::No;
            }
            binding.spoil(RejectReason::Ambiguous);
            return Taken::Yes;
        };
        let (key, value) = (&line.text[..colon], line.text[colon + 1..].trim_ascii());
        if !binding.is_open() {
            binding.begin("", Dialect::Unknown, line.spot);
        }
        self.key(key, value, binding);
        Taken::Yes
    }

    /// The block is over.
    pub fn close(&mut self, binding: &mut Binding, sink: &mut impl Sink) {
        match self.what {
            What::Unknown => binding.forget(),
            What::TestEvent | What::PeerStatus | What::Sofia if !self.is_registration => binding.is_gone(),
            // An answer for a peer that nobody is registered at.
            What::ShowPeer if !binding.has(Field::SourceIp) => binding.is_gone(),
            _ => {}
        }
        binding.tell(sink);
        self.what = What::Unknown;
        (self.is_event, self.is_registration, self.content_length) = (false, false, 0);
    }

    fn key(&mut self, key: &[u8], value: &[u8], binding: &mut Binding) {
        match key {
            b"Event" => {
                let (what, name) = match value {
                    b"ContactStatusDetail" => (What::ContactStatusDetail, "asterisk-ami-contact"),
                    b"ContactList" => (What::ContactList, "asterisk-ami-contact"),
                    b"TestEvent" => (What::TestEvent, "asterisk-ami-test-event"),
                    b"PeerStatus" => (What::PeerStatus, "asterisk-ami-peer-status"),
                    _ => return,
                };
                self.is(what, name, Dialect::Asterisk, binding);
            }
            b"Channeltype" | b"ChannelType" if value == b"SIP" && self.what == What::Unknown => {
                self.is(What::ShowPeer, "asterisk-ami-peer", Dialect::Asterisk, binding);
            }
            b"Event-Name" => self.is_event = true,
            b"Event-Subclass" => {
                self.is_event = true;
                if let Some(kind) = value.strip_prefix(b"sofia%3A%3A").or(value.strip_prefix(b"sofia::")) {
                    self.sofia(kind, binding);
                }
            }
            b"Content-Length" => {
                self.content_length = crate::formats::text::number(value).map_or(0, u64::from);
            }
            _ => match self.what {
                What::Unknown => {}
                What::ContactStatusDetail | What::ContactList => self.contact(key, value, binding),
                What::TestEvent => self.test_event(key, value, binding),
                What::PeerStatus => self.peer_status(key, value, binding),
                What::ShowPeer => peer(key, value, binding),
                What::Sofia => self.sofia_key(key, value, binding),
            },
        }
    }

    fn is(&mut self, what: What, name: &'static str, dialect: Dialect, binding: &mut Binding) {
        if self.what != What::Unknown {
            return binding.spoil(RejectReason::Ambiguous);
        }
        self.what = what;
        binding.begin(name, dialect, binding.spot);
    }

    /// Asterisk's contacts: `ContactList` names the AOR in the object's name alone.
    fn contact(&mut self, key: &[u8], value: &[u8], binding: &mut Binding) {
        match key {
            b"AOR" => binding.put(Field::Aor, value),
            b"ObjectName" if self.what == What::ContactList => match contact_id(value) {
                Some(aor) => binding.put(Field::Aor, aor),
                None => binding.is_gone(),
            },
            b"URI" | b"Uri" => binding.put(Field::Contact, value),
            b"UserAgent" => binding.put(Field::Agent, value),
            b"CallID" | b"CallId" => binding.put(Field::CallId, value),
            b"ViaAddress" | b"ViaAddr" => binding.put(Field::SourceIp, host_of(value)),
            // A contact of the configuration: nobody registered it.
            b"RegExpire" | b"ExpirationTime" if value == b"0" => binding.is_gone(),
            _ => {}
        }
    }

    fn test_event(&mut self, key: &[u8], value: &[u8], binding: &mut Binding) {
        match key {
            b"State" => {
                binding.kind = match value {
                    b"AOR_CONTACT_ADDED" | b"AOR_CONTACT_REFRESHED" => Kind::Accepted,
                    b"AOR_CONTACT_REMOVED" => Kind::Expired,
                    _ => return,
                };
                self.is_registration = true;
            }
            b"AOR" => binding.put(Field::Aor, value),
            b"Contact" => binding.put(Field::Contact, value),
            b"UserAgent" => binding.put(Field::Agent, value),
            b"Expiration" => binding.put(Field::Expires, value),
            b"Timestamp" => binding.put(Field::LastModified, value),
            _ => {}
        }
    }

    fn peer_status(&mut self, key: &[u8], value: &[u8], binding: &mut Binding) {
        match key {
            b"Peer" => match value.strip_prefix(b"SIP/") {
                Some(peer) => binding.put(Field::Aor, peer),
                None => binding.is_gone(),
            },
            b"PeerStatus" => {
                binding.kind = match value {
                    b"Registered" => Kind::Bound,
                    b"Unregistered" => Kind::Expired,
                    _ => return,
                };
                self.is_registration = true;
            }
            b"Address" => binding.put(Field::SourceIp, host_of(value)),
            b"Timestamp" => binding.put(Field::LastModified, value),
            _ => {}
        }
    }

    fn sofia(&mut self, event: &[u8], binding: &mut Binding) {
        self.is(What::Sofia, "freeswitch-event", Dialect::FreeSwitch, binding);
        let kind = match event {
            b"register" => Kind::Accepted,
            b"unregister" => Kind::Deregistered,
            b"expire" => Kind::Expired,
            b"register_failure" => Kind::Refused,
            // An attempt comes before authentication, and even for a de-registration; the rest
            // is no registration.
            _ => return,
        };
        binding.kind = kind;
        self.is_registration = true;
    }

    fn sofia_key(&mut self, key: &[u8], value: &[u8], binding: &mut Binding) {
        self.value.clear();
        undo_escapes(value, b'%', &mut self.value);
        let value = self.value.as_slice();
        match key {
            // The header's `from-user` is the user of To; an expiry calls it `user`.
            b"from-user" | b"user" if !binding.has(Field::Aor) => binding.put(Field::Aor, value),
            b"from-host" | b"host" if !binding.has(Field::Domain) => binding.put(Field::Domain, value),
            b"contact" => binding.put(Field::Contact, value),
            b"call-id" => binding.put(Field::CallId, value),
            b"expires" => binding.put(Field::Expires, value),
            b"user-agent" if value == b"unknown" => binding.put(Field::Agent, b""),
            b"user-agent" => binding.put(Field::Agent, value),
            b"network-ip" => binding.put(Field::SourceIp, value),
            b"Event-Date-Timestamp" => {
                if let Some(stamp) = micros(value) {
                    binding.stamp = stamp;
                }
            }
            _ => {}
        }
    }
}

/// A `chan_sip` peer; its contact is left out, as in `sip show peer`.
fn peer(key: &[u8], value: &[u8], binding: &mut Binding) {
    match key {
        b"ObjectName" => binding.put(Field::Aor, value),
        b"SIP-Useragent" => binding.put(Field::Agent, value),
        b"Address-IP" if value != b"(null)" && !value.is_empty() => binding.put(Field::SourceIp, value),
        _ => {}
    }
}

//! What the fields of one record mean, decided as in SIP.

use super::PatternEvent;
use super::field::{Declared, Field, Fields};
use super::time::TimeFormat;
use crate::formats::contact::{Lifetime, lifetimes_and_longest, seconds};
use crate::formats::text::{near, number};
use crate::model::{AgentText, Aor, Event, Kind, RejectReason};

/// How a pattern wants its fields to be understood.
#[derive(Debug, Clone)]
pub(super) struct Meaning {
    pub event: PatternEvent,
    pub accepted: bool,
    pub declared: Declared,
    pub time: Option<TimeFormat>,
}

impl Meaning {
    /// Completes `event`. `Ok(false)` where the record is recognised and is no evidence; `event`
    /// is then of no use.
    #[inline]
    pub(super) fn read<'t>(&self, fields: &Fields<'t>, event: &mut Event<'t>) -> Result<bool, RejectReason> {
        let wanted = if self.event == PatternEvent::Message { &b"MESSAGE"[..] } else { b"REGISTER" };
        let is_any_method = matches!(self.event, PatternEvent::ConferenceHost | PatternEvent::Agent);
        let is_other = |method: &[u8]| !is_any_method && method != wanted;
        if fields.given(Field::Method).is_some_and(is_other) {
            return Ok(false);
        }
        if let Some(text) = fields.given(Field::Cseq) {
            let (number, method) = cseq(text).ok_or(RejectReason::BadNumber)?;
            if !method.is_empty() && is_other(method) {
                return Ok(false);
            }
            event.cseq = agreed(event.cseq, number)?;
        }
        if let Some(call_id) = fields.given(Field::CallId) {
            event.call_id = agreed(event.call_id, call_id)?;
        }
        event.agent = self.agent(fields);
        event.contact = fields.given(Field::Contact).unwrap_or_default();
        event.source_ip = fields.given(Field::Ip).map_or(event.source_ip, without_port);
        event.code = fields.given(Field::Code).map(code).transpose()?.or(event.code);
        event.expires_seconds = self.expires(fields)?;
        self.stamp(fields, event)?;
        event.aor = aor(fields);

        // A code decides only where it is this pattern's own, not one the frame brought.
        let is_refused =
            fields.given(Field::Code).is_some() && event.code.is_some_and(|code| !(200..300).contains(&code));
        match self.event {
            PatternEvent::Registration if is_refused => event.kind = Kind::Refused,
            PatternEvent::Registration => {
                event.kind = match self.lifetime(event) {
                    Lifetime::Live if self.accepted => Kind::Accepted,
                    Lifetime::Live => Kind::Attempt,
                    Lifetime::AllZero | Lifetime::Star => Kind::Deregistered,
                    Lifetime::None => Kind::Fetched,
                }
            }
            PatternEvent::Deregistration if is_refused => event.kind = Kind::Refused,
            PatternEvent::Deregistration => event.kind = Kind::Deregistered,
            PatternEvent::Refusal => event.kind = Kind::Refused,
            PatternEvent::Message | PatternEvent::ConferenceHost if is_refused || !self.accepted => {
                return Ok(false);
            }
            PatternEvent::Message => event.kind = Kind::Message,
            PatternEvent::ConferenceHost => event.kind = Kind::ConferenceHost,
            PatternEvent::Request => {
                event.kind = Kind::Request;
                self.lifetime(event);
            }
            PatternEvent::Reply if event.code.is_none() => return Err(RejectReason::BadNumber),
            PatternEvent::Reply => {
                event.kind = Kind::Reply;
                // It may be spelled otherwise than in the request's line, or be another header's.
                event.aor = Aor::Nobody;
            }
            PatternEvent::Agent => event.kind = Kind::AgentTie,
        }
        if event.aor == Aor::Nobody && !matches!(event.kind, Kind::Refused | Kind::Reply) {
            // Before authentication any stranger may leave the name out: no evidence is lost.
            let is_open_to_all = event.kind == Kind::Request || !self.accepted;
            return if is_open_to_all { Ok(false) } else { Err(RejectReason::NoIdentity) };
        }
        Ok(true)
    }

    /// The Expires header. RFC 3261 §10.2.1.1 has a malformed one mean the default; a line that
    /// counts by itself is rejected instead, since there the group may just catch too much.
    fn expires(&self, fields: &Fields<'_>) -> Result<Option<u32>, RejectReason> {
        let Some(text) = fields.given(Field::Expires) else { return Ok(None) };
        match seconds(text) {
            None if self.event == PatternEvent::Registration => Err(RejectReason::BadNumber),
            expires => Ok(expires),
        }
    }

    /// What the record asks for; leaves in `event` the seconds that follow from it, so that a
    /// de-registration has 0 however it was written and a live binding has not.
    fn lifetime(&self, event: &mut Event<'_>) -> Lifetime {
        if !self.declared.has(Field::Contact) {
            return if event.expires_seconds == Some(0) { Lifetime::AllZero } else { Lifetime::Live };
        }
        let (lifetime, longest) = lifetimes_and_longest(event.contact, event.expires_seconds);
        match lifetime {
            Lifetime::Live => event.expires_seconds = longest,
            Lifetime::AllZero | Lifetime::Star => event.expires_seconds = Some(0),
            Lifetime::None => event.contact = b"",
        }
        lifetime
    }

    fn agent<'t>(&self, fields: &Fields<'t>) -> AgentText<'t> {
        match fields.raw(Field::Ua) {
            None if self.declared.has(Field::Ua) => AgentText::Missing,
            None => AgentText::NotLogged,
            Some(b"<null>" | b"n/a" | b"[not set]" | b"-") => AgentText::Missing,
            Some(text) => AgentText::Text(text),
        }
    }

    fn stamp(&self, fields: &Fields<'_>, event: &mut Event<'_>) -> Result<(), RejectReason> {
        if let (Some(format), Some(text)) = (&self.time, fields.given(Field::Time)) {
            event.stamp = event.stamp.or_inner(format.read(text).ok_or(RejectReason::BadTime)?);
        }
        Ok(())
    }
}

fn aor<'t>(fields: &Fields<'t>) -> Aor<'t> {
    match (fields.given(Field::Aor), fields.given(Field::User), fields.given(Field::Domain)) {
        (Some(uri), _, _) => Aor::Uri(uri),
        (None, Some(user), Some(domain)) => Aor::Parts { user, domain },
        (None, Some(user), None) => lone_user(user),
        (None, None, _) => Aor::Nobody,
    }
}

/// A user without a domain: as the server names it, unless the group caught more of an address than that.
fn lone_user(user: &[u8]) -> Aor<'_> {
    let is_name = !user.iter().any(|byte| matches!(byte, b':' | b'%' | b'<' | b'"'));
    match user.contains(&b'@') {
        _ if is_name => Aor::Name(user),
        true => Aor::Uri(user),
        false => Aor::Parts { user, domain: b"" },
    }
}

/// The pattern's value, which must not differ from one that the frame already gave.
///
/// Kamailio's `log_prefix` names Call-ID and CSeq of the very request that the line is about. A
/// line of free text that names another may hold a Call-ID made to look like a line.
fn agreed<'t>(frame: &'t [u8], ours: &'t [u8]) -> Result<&'t [u8], RejectReason> {
    if frame.is_empty() || frame == ours { Ok(ours) } else { Err(RejectReason::Ambiguous) }
}

/// The number of a CSeq without zeros in front, and the method behind it, if any.
fn cseq(text: &[u8]) -> Option<(&[u8], &[u8])> {
    // Nearly always a number as it is said.
    if text.first().is_some_and(|first| *first != b'0') && number(text).is_some() {
        return Some((text, b""));
    }
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, method) = text.split_at(digits);
    let zeros = number.iter().take(digits.saturating_sub(1)).take_while(|digit| **digit == b'0').count();
    let is_number = digits > 0 && method.first().is_none_or(u8::is_ascii_whitespace);
    is_number.then(|| (&number[zeros..], method.trim_ascii()))
}

fn code(text: &[u8]) -> Result<u16, RejectReason> {
    match seconds(text).map(u16::try_from) {
        Some(Ok(code @ 100..=699)) => Ok(code),
        _ => Err(RejectReason::BadNumber),
    }
}

/// An address as servers write it, less its port: `192.0.2.1:5060`, `[2001:db8::1]:5060`.
fn without_port(address: &[u8]) -> &[u8] {
    if let Some(inner) = address.strip_prefix(b"[") {
        return inner.split(|byte| *byte == b']').next().unwrap_or(inner);
    }
    match near(b':', address) {
        // A second colon makes it a bare IPv6 address.
        Some(at) if near(b':', &address[at + 1..]).is_none() => &address[..at],
        _ => address,
    }
}

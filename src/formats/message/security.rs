//! Asterisk's security events (`res_security_log.c`): weak or negative evidence, never a
//! registration.
//!
//! `SuccessfulAuth` is written for every method that authenticated and before the registrar
//! decides; in `chan_sip` an INVITE's account is the number that was dialled. Other services
//! (AMI, ARI, IAX2) use the same events. Values are not escaped, so fields are read in the
//! server's fixed order and only up to the addresses.

use super::{Message, Outcome, Text};
use crate::formats::stamp;
use crate::formats::text::between;
use crate::model::{Aor, Event, Kind, RejectReason};

pub(super) const MESSAGE: Message =
    Message { name: "asterisk-security", needles: &[b"SecurityEvent="], read };

fn read<'t>(text: &Text<'t, '_>, event: &mut Event<'t>) -> Outcome {
    if !text.is_from(b"res_security_log.c") || !text.text.starts_with(b"SecurityEvent=\"") {
        return Outcome::NoMatch;
    }
    fields(text.text, event).unwrap_or(Outcome::Reject(RejectReason::Truncated))
}

fn fields<'t>(text: &'t [u8], event: &mut Event<'t>) -> Option<Outcome> {
    let (name, rest) = between(text, b"SecurityEvent=\"", b"\",")?;
    let (time, rest) = between(rest, b"EventTV=\"", b"\",")?;
    let (_severity, rest) = between(rest, b"Severity=\"", b"\",")?;
    let (service, rest) = between(rest, b"Service=\"", b"\",")?;
    let (_version, rest) = between(rest, b"EventVersion=\"", b"\",")?;
    let (account, rest) = between(rest, b"AccountID=\"", b"\",")?;
    let (session, rest) = between(rest, b"SessionID=\"", b"\",")?;
    let (_local, rest) = between(rest, b"LocalAddress=\"", b"\",")?;
    let (remote, _) = between(rest, b"RemoteAddress=\"", b"\"")?;
    if !matches!(service, b"PJSIP" | b"SIP") || account.is_empty() || account == b"<unknown>" {
        return Some(Outcome::Other);
    }
    event.kind = match name {
        b"SuccessfulAuth" => Kind::Attempt,
        // Every registration is challenged first; that says nothing.
        b"ChallengeSent" => return Some(Outcome::Other),
        _ => Kind::Refused,
    };
    // `<sec>-<usec>` before 12; the epoch reader stops at the dash.
    if let Some((stamp, _)) = stamp::iso(time).or_else(|| stamp::epoch(time)) {
        event.stamp = stamp;
    }
    event.aor = Aor::Name(account);
    // PJSIP's session is the Call-ID; chan_sip's is a pointer.
    if service == b"PJSIP" {
        event.call_id = session;
    }
    // `IPV4/UDP/192.0.2.10/5060`.
    event.source_ip = remote.split(|byte| *byte == b'/').nth(2).unwrap_or_default();
    Some(Outcome::Event)
}

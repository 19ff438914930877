//! Asterisk's PJSIP (12 and later): `res_pjsip_registrar.c`, `pjsip_options.c`, `pjsip_distributor.c`.
//!
//! `Added contact` is written for a new binding only and `Refreshed contact` at debug 3; neither
//! carries a User-Agent (grade B). The AOR is a name of pjsip.conf, with or without domain.

use super::{Message, Outcome, Text};
use crate::formats::text::{between, host_of, number, split_last, split_once};
use crate::model::{Aor, Event, Kind, RejectReason};

pub(super) const MESSAGE: Message = Message {
    name: "asterisk-pjsip",
    needles: &[
        b"Added contact '",
        b"Refreshed contact '",
        b"Removed contact '",
        b" has been deleted",
        b"Request '",
        b"Registration attempt from endpoint '",
        b"' not found for endpoint '",
    ],
    read,
};

fn read<'t>(text: &Text<'t, '_>, event: &mut Event<'t>) -> Outcome {
    let is_registrar = text.is_from(b"res_pjsip_registrar.c") || text.is_from(b"res_pjsip/location.c");
    if is_registrar && let Some(outcome) = registrar(text.text, event) {
        return outcome.unwrap_or_else(Outcome::Reject);
    }
    if text.is_from(b"res_pjsip/pjsip_options.c")
        && let Some(rest) = text.text.strip_prefix(b"Contact ")
        && let Some(rest) = rest.strip_suffix(b" has been deleted")
    {
        return deleted(rest, event).unwrap_or(Outcome::NoMatch);
    }
    if text.is_from(b"res_pjsip/pjsip_distributor.c")
        && let Some(rest) = text.text.strip_prefix(b"Request '")
    {
        return failed_request(rest, event).unwrap_or(Outcome::Reject(RejectReason::Truncated));
    }
    Outcome::NoMatch
}

fn registrar<'t>(text: &'t [u8], event: &mut Event<'t>) -> Option<Result<Outcome, RejectReason>> {
    if let Some(rest) = text.strip_prefix(b"Added contact '") {
        return Some(bound(rest, b"' to AOR '", b"' with expiration of ", Kind::Bound, event));
    }
    if let Some(rest) = text.strip_prefix(b"Refreshed contact '") {
        return Some(bound(rest, b"' on AOR '", b"' with new expiration of ", Kind::Refreshed, event));
    }
    if let Some(rest) = text.strip_prefix(b"Removed contact '") {
        return Some(removed(rest, event).ok_or(RejectReason::Truncated));
    }
    if let Some(rest) = text.strip_prefix(b"Registration attempt from endpoint '") {
        let aor = split_once(rest, b"' to AOR '")
            .or_else(|| split_once(rest, b") to AOR '"))
            .and_then(|(_, rest)| split_last(rest, b"' will exceed"));
        let Some((aor, _)) = aor else { return Some(Err(RejectReason::Truncated)) };
        event.kind = Kind::Refused;
        event.aor = Aor::Name(aor);
        return Some(Ok(Outcome::Event));
    }
    let (aor, _) = split_once(text.strip_prefix(b"AOR '")?, b"' not found for endpoint '")?;
    event.kind = Kind::Refused;
    event.aor = Aor::Name(aor);
    Some(Ok(Outcome::Event))
}

/// `<uri>' to AOR '<aor>' with expiration of <n> seconds`. The URI is the client's, and has no
/// blank in it; the rest is the server's, so it is split from the right.
fn bound<'t>(
    rest: &'t [u8],
    to_aor: &[u8],
    expiration: &[u8],
    kind: Kind,
    event: &mut Event<'t>,
) -> Result<Outcome, RejectReason> {
    let (rest, seconds) = split_last(rest, expiration).ok_or(RejectReason::Truncated)?;
    let (contact, aor) = split_last(rest, to_aor).ok_or(RejectReason::Truncated)?;
    let seconds = seconds.strip_suffix(b" seconds").ok_or(RejectReason::Truncated)?;
    event.expires_seconds = Some(number(seconds).ok_or(RejectReason::BadNumber)?);
    event.kind = kind;
    event.contact = contact;
    event.aor = Aor::Name(aor);
    Ok(Outcome::Event)
}

/// `<uri>' from AOR '<aor>' due to <reason>`.
fn removed<'t>(rest: &'t [u8], event: &mut Event<'t>) -> Option<Outcome> {
    let (rest, reason) = split_last(rest, b"' due to ")?;
    let (contact, aor) = split_last(rest, b"' from AOR '")?;
    event.kind = match reason {
        b"request" => Kind::Unbound,
        // Cleared away while the server starts, whenever it ran out.
        b"system boot" | b"none" => Kind::Gone,
        _ => Kind::Expired,
    };
    if reason != b"expiration" {
        // Only the thread that sweeps up what has expired lives as long as the server.
        event.thread = b"";
    }
    event.contact = contact;
    event.aor = Aor::Name(aor);
    Some(Outcome::Event)
}

/// `<aor>/<uri>`: written when the registrar forgot a contact for any reason, which it does not
/// always tell.
fn deleted<'t>(rest: &'t [u8], event: &mut Event<'t>) -> Option<Outcome> {
    // The AOR is a name of the server's configuration; the URI is the client's.
    let at = memchr::memmem::find(rest, b"/sip").filter(|at| *at > 0)?;
    event.kind = Kind::Gone;
    event.aor = Aor::Name(&rest[..at]);
    event.contact = &rest[at + 1..];
    Some(Outcome::Event)
}

/// `<METHOD>' from '<From URI>' failed for '<ip>:<port>' (callid: <id>) - <reason>`.
fn failed_request<'t>(rest: &'t [u8], event: &mut Event<'t>) -> Option<Outcome> {
    let (method, rest) = split_once(rest, b"' from '")?;
    if method != b"REGISTER" {
        return Some(Outcome::Other);
    }
    let (from, rest) = split_last(rest, b"' failed for '")?;
    let (address, rest) = split_once(rest, b"' ")?;
    event.kind = Kind::Refused;
    event.aor = Aor::Uri(from);
    event.source_ip = host_of(address);
    event.call_id = between(rest, b"(callid: ", b") - ").map_or(b"", |(call_id, _)| call_id);
    Some(Outcome::Event)
}

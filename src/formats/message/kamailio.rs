//! What Kamailio's registrar says of refusals, and public `xlog` idioms that print before
//! authentication and prove an attempt only (X1 and X3 of the format reference).

use super::{Message, Outcome, Text};
use crate::formats::frame::Origin;
use crate::formats::text::{between, split_last, split_once};
use crate::model::{Aor, Event, Kind, RejectReason};

/// `registrar/save.c`: refusals for good reasons.
pub(super) const REGISTRAR: Message =
    Message { name: "kamailio-registrar", needles: &[b"too many contacts"], read: registrar };

/// `REGISTER from $fu …` and the Sipwise style.
pub(super) const ATTEMPT: Message =
    Message { name: "kamailio-attempt", needles: &[b"REGISTER from ", b"M=REGISTER "], read: attempt };

fn registrar<'t>(text: &Text<'t, '_>, event: &mut Event<'t>) -> Outcome {
    if text.origin != Origin::Module(b"registrar") || !text.text.starts_with(b"too many contacts ") {
        return Outcome::NoMatch;
    }
    // `… for AOR <alice>` at the end, or with the counts behind it.
    let Some((_, rest)) = split_last(text.text, b"for AOR ") else { return Outcome::Other };
    let Some((aor, _)) = between(rest, b"<", b">") else { return Outcome::Other };
    event.kind = Kind::Refused;
    event.aor = Aor::Name(aor);
    Outcome::Event
}

fn attempt<'t>(text: &Text<'t, '_>, event: &mut Event<'t>) -> Outcome {
    if text.origin != Origin::Script {
        return Outcome::NoMatch;
    }
    if let Some(rest) = text.text.strip_prefix(b"REGISTER from ") {
        let aor = rest.split(|byte| *byte == b' ').next().unwrap_or_default();
        if aor.is_empty() {
            return Outcome::Reject(RejectReason::Truncated);
        }
        event.kind = Kind::Attempt;
        event.aor = Aor::Uri(aor);
        return Outcome::Event;
    }
    if let Some(rest) = text.text.strip_prefix(b"New request on proxy - M=REGISTER ") {
        let aor = split_once(rest, b" T=").and_then(|(_, rest)| split_once(rest, b" IP="));
        let Some((aor, _)) = aor else { return Outcome::Reject(RejectReason::Truncated) };
        event.kind = Kind::Attempt;
        event.aor = Aor::Uri(aor);
        return Outcome::Event;
    }
    Outcome::NoMatch
}

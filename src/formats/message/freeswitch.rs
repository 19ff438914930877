//! FreeSWITCH: what `sofia_reg.c` says of refusals (with `log-auth-failures`).

use super::{Message, Outcome, Text};
use crate::formats::text::{between, split_last, split_once};
use crate::model::{Aor, Dialect, Event, Kind, RejectReason};

pub(super) const MESSAGE: Message = Message { name: "freeswitch-auth", needles: &[b"SIP auth "], read };

fn read<'t>(text: &Text<'t, '_>, event: &mut Event<'t>) -> Outcome {
    if text.record.dialect != Dialect::FreeSwitch {
        return Outcome::NoMatch;
    }
    let Some(rest) = text.text.strip_prefix(b"SIP auth ") else { return Outcome::NoMatch };
    let Some((_what, rest)) = split_once(rest, b" (") else {
        return Outcome::Reject(RejectReason::Truncated);
    };
    if !rest.starts_with(b"REGISTER) ") {
        return Outcome::Other;
    }
    let user = split_once(rest, b"' for ").and_then(|(_, rest)| between(rest, b"[", b"] from ip "));
    let Some((aor, _)) = user else { return Outcome::Reject(RejectReason::Truncated) };
    event.kind = Kind::Refused;
    event.aor = Aor::Uri(aor);
    event.source_ip = split_last(rest, b" from ip ").map_or(b"", |(_, ip)| ip);
    Outcome::Event
}

//! The recommended Kamailio line, written by an `xlog` after `save()` had returned 1 or 2:
//! `REG-OK t=$Ts src=$si aor=… exp=… [cs=…] ci=… ct=… ua=…`.
//!
//! Grade A. The fields come in this order; everything from `ci=` on is a stranger's text, so it
//! is split where that stranger cannot reach: a Call-ID has no space, a Contact is walked with
//! its quotes and brackets, and the User-Agent is the rest of the record.

use super::{Message, Outcome, Text};
use crate::formats::contact::{Lifetime, lifetimes};
use crate::formats::frame::Origin;
use crate::formats::stamp;
use crate::formats::text::{is_filler, number, split_once, word};
use crate::model::{AgentText, Aor, Event, Kind, RejectReason};

pub(super) const MESSAGE: Message = Message { name: "kamailio-reg-ok", needles: &[b"REG-OK "], read };

fn read<'t>(text: &Text<'t, '_>, event: &mut Event<'t>) -> Outcome {
    let Some(rest) = text.text.strip_prefix(b"REG-OK ") else { return Outcome::NoMatch };
    if !matches!(text.origin, Origin::Script | Origin::Plain) {
        return Outcome::NoMatch;
    }
    match fields(rest, event) {
        Ok(()) => Outcome::Event,
        Err(reason) => Outcome::Reject(reason),
    }
}

fn fields<'t>(text: &'t [u8], event: &mut Event<'t>) -> Result<(), RejectReason> {
    use RejectReason::{Ambiguous, BadNumber, BadTime, Truncated};
    let mut rest = text;
    if let Some(time) = rest.strip_prefix(b"t=") {
        let (seconds, after) = word(time).ok_or(Truncated)?;
        let (stamp, len) = stamp::epoch(seconds).ok_or(BadTime)?;
        if len != seconds.len() {
            return Err(BadTime);
        }
        event.stamp = stamp;
        rest = after;
    }
    if let Some(source) = rest.strip_prefix(b"src=") {
        (event.source_ip, rest) = word(source).ok_or(Truncated)?;
    }
    let aor = rest.strip_prefix(b"aor=").ok_or(Truncated)?;
    let (aor, after) = word(aor).ok_or(Truncated)?;
    event.aor = Aor::Uri(aor);
    rest = after;
    let mut expires = None;
    if let Some(value) = rest.strip_prefix(b"exp=") {
        let (value, after) = split_once(value, b" ").ok_or(Truncated)?;
        if !value.is_empty() && !is_filler(value) {
            expires = Some(number(value).ok_or(BadNumber)?);
        }
        rest = after;
    }
    if let Some(value) = rest.strip_prefix(b"cs=") {
        let (value, after) = word(value).ok_or(Truncated)?;
        event.cseq = value;
        rest = after;
    }
    if let Some(value) = rest.strip_prefix(b"ci=") {
        let (call_id, after) = split_once(value, b" ct=").ok_or(Truncated)?;
        // `Call-ID: x ct=<sip:a@b> ua=iPhone` would bring fields of its own.
        if call_id.contains(&b' ') {
            return Err(Ambiguous);
        }
        event.call_id = call_id;
        rest = after;
    } else {
        rest = rest.strip_prefix(b"ct=").unwrap_or(rest);
    }
    let agent = match rest.strip_prefix(b"ua=") {
        Some(agent) => agent,
        None => {
            let at = agent_mark(rest)?;
            event.contact = &rest[..at];
            &rest[at + 4..]
        }
    };
    event.agent = if is_filler(agent) { AgentText::Missing } else { AgentText::Text(agent) };
    event.expires_seconds = expires;
    // The line is written for inserts and updates only; lines written without that test still
    // show in their Contact what was asked for.
    event.kind = match lifetimes(event.contact, expires) {
        Lifetime::AllZero | Lifetime::Star => Kind::Deregistered,
        Lifetime::None if is_filler(event.contact) => Kind::Fetched,
        Lifetime::None | Lifetime::Live => Kind::Accepted,
    };
    Ok(())
}

/// Where ` ua=` stands outside the Contact's quotes and brackets.
fn agent_mark(text: &[u8]) -> Result<usize, RejectReason> {
    let mut at = 0;
    let mut is_quoted = false;
    let mut is_bracketed = false;
    while at < text.len() {
        match text[at] {
            b'\\' if is_quoted => at += 1,
            b'"' if !is_bracketed => is_quoted = !is_quoted,
            b'<' if !is_quoted => is_bracketed = true,
            b'>' if !is_quoted => is_bracketed = false,
            b' ' if !is_quoted && !is_bracketed && text[at..].starts_with(b" ua=") => {
                // `<sip:a@b>; ua=x` is a parameter with a blank before it, not our field.
                let before = text[..at].trim_ascii_end().last();
                return match before {
                    Some(b';' | b',' | b'=') => Err(RejectReason::Ambiguous),
                    _ => Ok(at),
                };
            }
            _ => {}
        }
        at += 1;
    }
    Err(if is_quoted || is_bracketed { RejectReason::Ambiguous } else { RejectReason::Truncated })
}

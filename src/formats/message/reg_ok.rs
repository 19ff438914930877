//! The recommended Kamailio line, written by an `xlog` after `save()`:
//! `REG-OK t=$Ts src=$si aor=… exp=$expires(max) cs=$cs ci=… ct=… ua=…`, in which Call-ID and
//! Contact have their blanks replaced (`sample-logs/kamailio-reg-ok/registrar.cfg`).
//!
//! Grade A. Every field but the last is one word, so nothing is searched for and no header can
//! bring a field of its own. `exp` is the largest lifetime asked for; the Contact is only the
//! first header's and is never asked.
//!
//! Lines without `cs=` come from older fragments: there `exp` is the raw Expires header and
//! Call-ID and Contact may hold blanks, so the line is read only where it splits in one way.

use super::{Message, Outcome, Text};
use crate::formats::contact::{Lifetime, lifetimes};
use crate::formats::frame::Origin;
use crate::formats::line_marks::{LineMarks, NOTED};
use crate::formats::stamp;
use crate::formats::text::{is_filler, number, split_once};
use crate::formats::words::Words;
use crate::model::{AgentText, Aor, Event, Kind, Moment, RejectReason, Stamp};
use memchr::memmem;

pub(super) const MESSAGE: Message = Message { name: "kamailio-reg-ok", needles: &[LABEL], read };
pub(in crate::formats) const LABEL: &[u8] = b"REG-OK ";

fn read<'t>(text: &Text<'t, '_>, event: &mut Event<'t>) -> Outcome {
    let Some(mut words) = Words::behind(LABEL, text.text, text.marked) else { return Outcome::NoMatch };
    if !matches!(text.origin, Origin::Script | Origin::Plain) {
        return Outcome::NoMatch;
    }
    match fields(&mut words, event) {
        Ok(()) => Outcome::Event,
        Err(reason) => Outcome::Reject(reason),
    }
}

/// Reads the usual line, in which every field is there: from that place of its line on, which is marked
/// whole and which a routing script wrote. `None` where [`MESSAGE`] must tell, and the event is as it was.
#[inline(always)]
pub fn usual<'t>(line: &'t [u8], at: usize, marks: &LineMarks, event: &mut Event<'t>) -> Option<()> {
    const TIME_LEN: usize = LABEL.len() + 2 + 10;
    let head: &[u8; TIME_LEN] = line.get(at..)?.first_chunk()?;
    let (begin, seconds) = head.split_last_chunk::<10>()?;
    if begin != b"REG-OK t=" {
        return None;
    }
    let seconds = stamp::ten_digits(seconds)?;
    // The blanks before each label: where a value ends, and the next one begins behind a label that is known.
    let mut blanks = [0; 3 * NOTED];
    let begin = at + TIME_LEN;
    if marks.note_blanks(begin, &mut blanks) < 7 {
        return None;
    }
    let blank = |field: usize| blanks[field] as usize;
    let source_ip = value(line, blank(0), b" src=", blank(1))?;
    let aor = value(line, blank(1), b" aor=", blank(2))?;
    let expires = value(line, blank(2), b" exp=", blank(3))?;
    let cseq = value(line, blank(3), b" cs=", blank(4))?;
    let call_id = value(line, blank(4), b" ci=", blank(5))?;
    let contact = value(line, blank(5), b" ct=", blank(6))?;
    let agent = value(line, blank(6), b" ua=", line.len())?;
    if blank(0) != begin {
        return None;
    }
    // A CSeq that begins with a zero is written without it.
    if aor[0] == b'@' || cseq[0] == b'0' || is_filler(agent) {
        return None;
    }
    let expires = number(expires).filter(|seconds| *seconds != 0)?;
    event.kind = Kind::Accepted;
    event.source = MESSAGE.name;
    event.stamp = Stamp::Instant(Moment::from_seconds(seconds));
    event.source_ip = source_ip;
    event.aor = Aor::Uri(aor);
    event.expires_seconds = Some(expires);
    event.cseq = cseq;
    event.call_id = call_id;
    event.contact = contact;
    event.agent = AgentText::Text(agent);
    Some(())
}

/// What stands behind that label, which begins at the blank, up to the end; `None` where nothing does.
#[inline(always)]
fn value<'t, const LEN: usize>(
    line: &'t [u8],
    blank: usize,
    label: &[u8; LEN],
    end: usize,
) -> Option<&'t [u8]> {
    let (head, value) = line.get(blank..end)?.split_first_chunk()?;
    (head == label && !value.is_empty()).then_some(value)
}

fn fields<'t>(words: &mut Words<'t, '_>, event: &mut Event<'t>) -> Result<(), RejectReason> {
    use RejectReason::{BadNumber, BadTime, Truncated};
    if words.skip(b"t=").is_some() {
        let seconds = words.word().ok_or(Truncated)?;
        let (stamp, len) = stamp::epoch(seconds).ok_or(BadTime)?;
        if len != seconds.len() {
            return Err(BadTime);
        }
        event.stamp = stamp;
    }
    if words.skip(b"src=").is_some() {
        event.source_ip = words.word().ok_or(Truncated)?;
    }
    words.skip(b"aor=").ok_or(Truncated)?;
    let aor = words.word().ok_or(Truncated)?;
    event.aor = Aor::Uri(aor);
    if aor.starts_with(b"@") {
        return Err(RejectReason::NoIdentity);
    }
    // OpenSIPS' users write no more than `aor=` and `ua=`.
    if words.skip(b"ua=").is_some() {
        event.agent = agent_text(words.rest());
        event.kind = Kind::Accepted;
        return Ok(());
    }
    words.skip(b"exp=").ok_or(Truncated)?;
    let expires = words.until_blank().ok_or(Truncated)?;
    if !expires.is_empty() && !is_filler(expires) {
        event.expires_seconds = Some(number(expires).ok_or(BadNumber)?);
    }
    match words.skip(b"cs=") {
        Some(()) => single(words, event),
        None => older(words.rest(), event),
    }
}

/// From the value of `cs=` on: single words, and the User-Agent.
fn single<'t>(words: &mut Words<'t, '_>, event: &mut Event<'t>) -> Result<(), RejectReason> {
    use RejectReason::Truncated;
    let cseq = words.word().ok_or(Truncated)?;
    words.skip(b"ci=").ok_or(Truncated)?;
    event.call_id = words.word().ok_or(Truncated)?;
    words.skip(b"ct=").ok_or(Truncated)?;
    event.contact = words.word().ok_or(Truncated)?;
    words.skip(b"ua=").ok_or(Truncated)?;
    let agent = words.rest();
    // Kamailio takes `CSeq: 007` for 7.
    event.cseq = &cseq[cseq.iter().take_while(|byte| **byte == b'0').count().min(cseq.len() - 1)..];
    // The substitution prints a missing header as it prints an empty one.
    event.agent = if agent.is_empty() { AgentText::Missing } else { agent_text(agent) };
    event.kind = match event.expires_seconds {
        Some(0) => Kind::Deregistered,
        _ => Kind::Accepted,
    };
    Ok(())
}

/// From ` ci=` on, in a line of an older fragment.
fn older<'t>(text: &'t [u8], event: &mut Event<'t>) -> Result<(), RejectReason> {
    use RejectReason::{Ambiguous, Truncated};
    let call_id = text.strip_prefix(b"ci=").ok_or(Truncated)?;
    let (call_id, rest) = split_once(call_id, b" ct=").ok_or(Truncated)?;
    // `Call-ID: x ct=<sip:a@b> ua=iPhone` would bring fields of its own.
    if call_id.contains(&b' ') || memmem::find(rest, b" ct=").is_some() {
        return Err(Ambiguous);
    }
    let at = agent_mark(rest)?;
    let agent = &rest[at + 4..];
    if memmem::find(agent, b" ua=").is_some() {
        return Err(Ambiguous);
    }
    event.call_id = call_id;
    event.contact = if is_filler(&rest[..at]) { b"" } else { &rest[..at] };
    event.agent = agent_text(agent);
    // `save()` returns 1 for the removal of an unbound contact too, so what was asked decides.
    event.kind = match lifetimes(event.contact, event.expires_seconds) {
        Lifetime::AllZero | Lifetime::Star => Kind::Deregistered,
        Lifetime::None => Kind::Fetched,
        Lifetime::Live => Kind::Accepted,
    };
    Ok(())
}

fn agent_text(agent: &[u8]) -> AgentText<'_> {
    if is_filler(agent) { AgentText::Missing } else { AgentText::Text(agent) }
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

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
use crate::formats::line_marks::NEXT_MAX;
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

/// Reads the usual line, in which every field is there: a line of that length with which the text begins, from that place
/// of it on, which is marked whole and which a routing script wrote. `next_blanks` finds blanks in it, as `LineMarks` does.
/// `None` where [`MESSAGE`] must tell, and the event is as it was.
#[inline(always)]
pub fn usual<'t>(
    text: &'t [u8],
    len: usize,
    at: usize,
    next_blanks: impl Fn(usize) -> u64,
    event: &mut Event<'t>,
) -> Option<()> {
    const TIME_LEN: usize = LABEL.len() + 2 + 10;
    let head: &[u8; TIME_LEN] = text.get(at..)?.first_chunk()?;
    let (start, seconds) = head.split_last_chunk::<10>()?;
    if start != b"REG-OK t=" {
        return None;
    }
    let seconds = stamp::ten_digits(seconds)?;
    // The blanks before each label: where a value ends, and the next one begins behind a label that is known. Any of them
    // can be asked for without a question about the text's end; the last lines of a block go the long way.
    let begin = at + TIME_LEN;
    let fields: &[u8; FIELDS_LEN] = text.get(begin..)?.first_chunk()?;
    let blanks = next_blanks(begin);
    // They are in their order, so all of them stand in the line if the last one does.
    let len = len.checked_sub(begin)?;
    let agent = blank::<6>(blanks) + LABELS[6].len();
    if blank::<0>(blanks) != 0 || blank::<6>(blanks) >= NEXT_MAX || agent >= len {
        return None;
    }
    // One after the other, since a loop is not always taken apart.
    let first =
        differing::<0>(fields, blanks) | differing::<1>(fields, blanks) | differing::<2>(fields, blanks);
    let middle = differing::<3>(fields, blanks) | differing::<4>(fields, blanks);
    let last = differing::<5>(fields, blanks) | differing::<6>(fields, blanks);
    if first | middle | last != 0 || !are_apart(blanks) {
        return None;
    }
    let source_ip = value::<0>(fields, blanks)?;
    let aor = value::<1>(fields, blanks)?;
    let expires = value::<2>(fields, blanks)?;
    let cseq = value::<3>(fields, blanks)?;
    let call_id = value::<4>(fields, blanks)?;
    let contact = value::<5>(fields, blanks)?;
    let agent = text.get(begin + agent..begin + len)?;
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

/// What begins each field of the usual line behind its time.
const LABELS: [&[u8]; 7] = [b" src=", b" aor=", b" exp=", b" cs=", b" ci=", b" ct=", b" ua="];

/// Bytes from the first field on: wherever a byte tells that a label begins, eight bytes are there.
const FIELDS_LEN: usize = u8::MAX as usize + 8;

/// Where the blank before that field stands.
#[inline(always)]
const fn blank<const FIELD: usize>(blanks: u64) -> usize {
    (blanks >> (8 * FIELD)) as u8 as usize
}

/// Zero where the field begins with its label.
#[inline(always)]
fn differing<const FIELD: usize>(fields: &[u8; FIELDS_LEN], blanks: u64) -> u64 {
    let word = fields[blank::<FIELD>(blanks)..].first_chunk().expect("a place is a byte");
    (u64::from_le_bytes(*word) ^ const { word_of(LABELS[FIELD]) }) & const { mask_of(LABELS[FIELD]) }
}

/// What stands behind the label of that field.
#[inline(always)]
fn value<const FIELD: usize>(fields: &[u8; FIELDS_LEN], blanks: u64) -> Option<&[u8]> {
    let end = (blanks >> (8 * FIELD + 8)) as u8;
    fields.get(blank::<FIELD>(blanks) + LABELS[FIELD].len()..usize::from(end))
}

/// A label in a word.
const fn word_of(label: &[u8]) -> u64 {
    let (mut word, mut at) = (0, label.len());
    while at > 0 {
        at -= 1;
        word = word << 8 | label[at] as u64;
    }
    word
}

/// Ones where a label has its bytes.
const fn mask_of(label: &[u8]) -> u64 {
    (1 << (8 * label.len())) - 1
}

/// Whether each blank but the last is followed by the next one behind its label and a byte at least.
#[inline(always)]
fn are_apart(blanks: u64) -> bool {
    /// The least distance of each, and the highest bit of those that are asked.
    const LEAST: u64 = u64::from_le_bytes([6, 6, 6, 5, 5, 5, 0, 0]);
    const ASKED: u64 = u64::from_le_bytes([0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0, 0]);
    // None is less than the one before, so no byte takes anything from the next one.
    let distances = (blanks >> 8).wrapping_sub(blanks);
    // A distance keeps its highest bit, or that one shows that the rest is large enough.
    (distances | ((distances | ASKED).wrapping_sub(LEAST))) & ASKED == ASKED
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

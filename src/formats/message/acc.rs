//! Kamailio's accounting (`acc/acc.c : acc_log_request`): epoch, method and code first, then the
//! operator's `log_extra`, all values raw.
//!
//! Grade B with code 2xx, or A where `ua=` was added. Core fields come first; an extra that
//! stands twice may have been brought by a header, so the record is refused.

use super::{Message, Outcome, Text};
use crate::formats::contact::{Lifetime, lifetimes};
use crate::formats::frame::Origin;
use crate::formats::stamp;
use crate::formats::text::{is_filler, number, occurrences, split_once};
use crate::model::{AgentText, Aor, Event, Kind, RejectReason};
use memchr::memmem;

pub(super) const MESSAGE: Message = Message { name: "kamailio-acc", needles: &[b"ACC: "], read };

fn read<'t>(text: &Text<'t, '_>, event: &mut Event<'t>) -> Outcome {
    let Some(rest) = text.text.strip_prefix(b"ACC: ") else { return Outcome::NoMatch };
    let is_acc = match text.origin {
        Origin::Module(module) => module == b"acc",
        Origin::Script | Origin::Plain => true,
        _ => false,
    };
    if !is_acc {
        return Outcome::NoMatch;
    }
    let Some((what, rest)) = split_once(rest, b": ") else { return Outcome::Reject(RejectReason::Truncated) };
    if !matches!(what, b"transaction answered" | b"request accounted") {
        return Outcome::Other;
    }
    fields(rest, event).unwrap_or_else(Outcome::Reject)
}

fn fields<'t>(text: &'t [u8], event: &mut Event<'t>) -> Result<Outcome, RejectReason> {
    use RejectReason::{BadNumber, BadTime, Truncated};
    let mut core = text;
    let mut next = |key: &[u8]| -> Result<&'t [u8], RejectReason> {
        let value = core.strip_prefix(key).ok_or(Truncated)?;
        let (value, rest) = split_once(value, b";").ok_or(Truncated)?;
        core = rest;
        Ok(value)
    };
    let time = next(b"timestamp=")?;
    event.stamp = stamp::epoch(time).filter(|(_, len)| *len == time.len()).ok_or(BadTime)?.0;
    let method = next(b"method=")?;
    next(b"from_tag=")?;
    next(b"to_tag=")?;
    event.call_id = next(b"call_id=")?;
    let code = number(next(b"code=")?).ok_or(BadNumber)?;
    // The last core field: nothing need follow it.
    let reason = core.strip_prefix(b"reason=").ok_or(Truncated)?;
    let extras = split_once(reason, b";").map_or(&b""[..], |(_, extras)| extras);
    event.code = u16::try_from(code).ok();
    let is_accepted = (200..300).contains(&code);

    let user = |user: &'static [u8], domain: &'static [u8]| -> Result<Option<Aor<'t>>, RejectReason> {
        let Some(user) = extra(extras, user)?.filter(|user| !user.is_empty() && !is_filler(user)) else {
            return Ok(None);
        };
        let domain = extra(extras, domain)?.filter(|domain| !is_filler(domain)).unwrap_or_default();
        Ok(Some(Aor::Parts { user, domain }))
    };
    match method {
        b"REGISTER" => {
            // The identity is To: stock `log_extra` calls its user `dst_ouser`; where only the
            // request's own user is logged a REGISTER has none, and From is what is left.
            event.aor = match user(b"dst_ouser=", b"dst_domain=")? {
                Some(aor) => aor,
                None => match user(b"dst_user=", b"dst_domain=")? {
                    Some(aor) => aor,
                    None => user(b"src_user=", b"src_domain=")?.ok_or(RejectReason::NoIdentity)?,
                },
            };
        }
        // The sender of a MESSAGE, for those who bill its use.
        b"MESSAGE" => event.aor = user(b"src_user=", b"src_domain=")?.ok_or(RejectReason::NoIdentity)?,
        _ => return Ok(Outcome::Other),
    }
    event.source_ip = extra(extras, b"src_ip=")?.unwrap_or_default();
    event.agent = match extra(extras, b"ua=")? {
        None => AgentText::NotLogged,
        // A missing and an empty header look alike here.
        Some(agent) if agent.is_empty() || is_filler(agent) => AgentText::Missing,
        Some(agent) => AgentText::Text(agent),
    };
    let (contact, expires) = contact_and_expiry(extras)?;
    event.expires_seconds = expires;
    event.kind = match (method, is_accepted) {
        (b"MESSAGE", true) => Kind::Message,
        (b"MESSAGE", false) => return Ok(Outcome::Other),
        (_, false) => Kind::Refused,
        (_, true) => match contact {
            // Without expiry a de-registration looks the same; the reference grades it B all the same.
            None if expires == Some(0) => Kind::Deregistered,
            None => Kind::Accepted,
            Some(contact) => {
                event.contact = if is_filler(contact) { b"" } else { contact };
                match lifetimes(event.contact, expires) {
                    Lifetime::AllZero | Lifetime::Star => Kind::Deregistered,
                    Lifetime::None => Kind::Fetched,
                    Lifetime::Live => Kind::Accepted,
                }
            }
        },
    };
    Ok(Outcome::Event)
}

/// Extras that Kamailio's documentation and public configurations use. A value ends where one of
/// them begins: `; ` and `;q=1` belong to a header's text.
const KEYS: [&[u8]; 14] = [
    b"src_user=",
    b"src_domain=",
    b"src_ip=",
    b"src_port=",
    b"dst_ouser=",
    b"dst_user=",
    b"dst_domain=",
    b"dst_ip=",
    b"ua=",
    b"contact=",
    b"cseq=",
    b"expires=",
    b"from_uri=",
    b"to_uri=",
];

/// The value of an extra; an error where its key stands twice.
fn extra<'t>(extras: &'t [u8], key: &[u8]) -> Result<Option<&'t [u8]>, RejectReason> {
    let Some(value) = after_key(extras, key)? else { return Ok(None) };
    let end = memchr::memchr_iter(b';', value)
        .find(|&at| KEYS.iter().any(|key| value[at + 1..].starts_with(key)))
        .unwrap_or(value.len());
    Ok(Some(&value[..end]))
}

fn after_key<'t>(extras: &'t [u8], key: &[u8]) -> Result<Option<&'t [u8]>, RejectReason> {
    let mut marked = [0_u8; 16];
    marked[0] = b';';
    marked[1..=key.len()].copy_from_slice(key);
    let marked = &marked[..=key.len()];
    let is_first = extras.starts_with(key);
    let count = occurrences(extras, marked, 2) + usize::from(is_first);
    if count > 1 {
        return Err(RejectReason::Ambiguous);
    }
    if is_first {
        return Ok(Some(&extras[key.len()..]));
    }
    Ok(memmem::find(extras, marked).map(|at| &extras[at + marked.len()..]))
}

/// The Contact header and the Expires header. A Contact has `;expires=` parameters of its own, so
/// the header's value is what stands behind the last one.
fn contact_and_expiry(extras: &[u8]) -> Result<(Option<&[u8]>, Option<u32>), RejectReason> {
    let (before, expires) = match memmem::rfind(extras, b";expires=") {
        Some(at) => {
            let value = &extras[at + 9..];
            let value = &value[..memchr::memchr(b';', value).unwrap_or(value.len())];
            (at, number(value))
        }
        None => (extras.len(), None),
    };
    let contact = match after_key(extras, b"contact=")? {
        None => None,
        Some(contact) => {
            let begin = extras.len() - contact.len();
            Some(if before >= begin {
                &extras[begin..before]
            } else {
                extra(extras, b"contact=")?.unwrap_or_default()
            })
        }
    };
    Ok((contact, expires))
}

//! The binding that is being put together, field by field.

use crate::formats::stamp;
use crate::formats::text::{is_filler, number};
use crate::model::{
    AgentText, Aor, Dialect, Event, Kind, Moment, Reject, RejectReason, Sink, Spot, Stamp, undo_escapes,
};

/// A field is no longer than this; a SIP message over UDP is at most 64 KiB.
const FIELD_MAX: usize = 64 << 10;

/// What a field of a dump says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// The AOR, or its user where the domain stands apart.
    Aor,
    Domain,
    Contact,
    Agent,
    CallId,
    Cseq,
    /// Seconds left or granted, or a word in their place.
    Expires,
    /// The instant or date at which the binding ends.
    ExpiresAt,
    /// The binding's last registration.
    LastModified,
    SourceIp,
    /// Nothing we ask for.
    Ignored,
}

/// One line of a dump.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'t> {
    /// Without any line end.
    pub text: &'t [u8],
    pub spot: Spot,
    /// It ended in CR LF.
    pub has_cr: bool,
}

impl<'t> Line<'t> {
    /// How many blanks it begins with, and what follows them.
    pub fn indented(&self) -> (usize, &'t [u8]) {
        let depth = self.text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        (depth, self.text[depth..].trim_ascii_end())
    }
}

/// Buffers of one binding, filled again for the next.
#[derive(Debug)]
pub(super) struct Binding {
    is_open: bool,
    source: &'static str,
    dialect: Dialect,
    pub kind: Kind,
    pub spot: Spot,
    pub stamp: Stamp,
    aor: Vec<u8>,
    domain: Vec<u8>,
    contact: Vec<u8>,
    agent: Vec<u8>,
    call_id: Vec<u8>,
    cseq: Vec<u8>,
    source_ip: Vec<u8>,
    expires_seconds: Option<u32>,
    expires_at: Option<Stamp>,
    /// Fields that were given, a bit each.
    seen: u16,
    is_gone: bool,
    broken: Option<RejectReason>,
}

impl Default for Binding {
    fn default() -> Self {
        Self {
            is_open: false,
            source: "",
            dialect: Dialect::Unknown,
            kind: Kind::Snapshot,
            spot: Spot { input: 0, offset: 0 },
            stamp: Stamp::None,
            aor: Vec::new(),
            domain: Vec::new(),
            contact: Vec::new(),
            agent: Vec::new(),
            call_id: Vec::new(),
            cseq: Vec::new(),
            source_ip: Vec::new(),
            expires_seconds: None,
            expires_at: None,
            seen: 0,
            is_gone: false,
            broken: None,
        }
    }
}

impl Binding {
    /// Starts anew; what was open before is forgotten.
    pub fn begin(&mut self, source: &'static str, dialect: Dialect, spot: Spot) {
        for field in [
            &mut self.aor,
            &mut self.domain,
            &mut self.contact,
            &mut self.agent,
            &mut self.call_id,
            &mut self.cseq,
            &mut self.source_ip,
        ] {
            field.clear();
        }
        self.is_open = true;
        (self.source, self.dialect, self.spot) = (source, dialect, spot);
        (self.kind, self.stamp) = (Kind::Snapshot, Stamp::None);
        (self.expires_seconds, self.expires_at) = (None, None);
        (self.seen, self.is_gone, self.broken) = (0, false, None);
    }

    /// Whether a binding is under way.
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether that field was given.
    pub fn has(&self, field: Field) -> bool {
        self.seen & (1 << field as u16) != 0
    }

    /// The binding exists no more, or nobody registered it.
    pub fn is_gone(&mut self) {
        self.is_gone = true;
    }

    /// The binding cannot be believed; the first reason stays.
    pub fn spoil(&mut self, reason: RejectReason) {
        self.broken.get_or_insert(reason);
    }

    /// Gives a field its value. No dump gives one twice: a second value is somebody's text.
    pub fn put(&mut self, field: Field, value: &[u8]) {
        if field == Field::Ignored {
            return;
        }
        if self.has(field) {
            return self.spoil(RejectReason::Ambiguous);
        }
        self.seen |= 1 << field as u16;
        if value.len() > FIELD_MAX {
            return self.spoil(RejectReason::TooLong);
        }
        let buffer = match field {
            Field::Aor => &mut self.aor,
            Field::Domain => &mut self.domain,
            Field::Contact => &mut self.contact,
            Field::Agent => &mut self.agent,
            Field::CallId => &mut self.call_id,
            Field::Cseq => &mut self.cseq,
            Field::SourceIp => &mut self.source_ip,
            Field::Expires => return self.expires(value),
            Field::ExpiresAt => {
                self.expires_at = date(value);
                return;
            }
            Field::LastModified => {
                self.stamp = date(value).unwrap_or(Stamp::None);
                return;
            }
            Field::Ignored => return,
        };
        buffer.extend_from_slice(value);
    }

    fn expires(&mut self, value: &[u8]) {
        if value.eq_ignore_ascii_case(b"expired") || value.eq_ignore_ascii_case(b"deleted") {
            self.is_gone = true;
        } else if value.starts_with(b"-") && number(&value[1..]).is_some() {
            // Seconds left that are below zero: it ran out and was not yet swept away.
            self.is_gone = true;
        } else {
            // `permanent` is no number and no end.
            self.expires_seconds = number(value);
        }
    }

    /// User and domain stand in columns of their own, which are one AOR cut at its first `@`; a
    /// user may hold one too.
    pub fn join_domain(&mut self) {
        if !self.domain.is_empty() {
            self.aor.push(b'@');
            self.aor.append(&mut self.domain);
        }
    }

    /// It was none after all.
    pub fn forget(&mut self) {
        self.is_open = false;
    }

    /// Tells of the binding, if one is open, and closes it.
    pub fn tell(&mut self, sink: &mut impl Sink) {
        if !std::mem::take(&mut self.is_open) {
            return;
        }
        if let Some(reason) = self.broken {
            sink.reject(Reject { spot: self.spot, reason, source: self.source.to_owned() });
            return;
        }
        self.span();
        let is_administrative = self.call_id.ends_with(b"@kamailio.rpc")
            || self.agent.starts_with(b"kamailio SIP Router - RPC Server");
        if self.is_gone || is_administrative {
            sink.other(self.spot, Stamp::None);
            return;
        }
        let agent = match self.agent.as_slice() {
            _ if !self.has(Field::Agent) => AgentText::NotLogged,
            text if text.is_empty() || is_filler(text) => AgentText::Missing,
            text => AgentText::Text(text),
        };
        let aor = match self.domain.as_slice() {
            b"" => Aor::Name(&self.aor),
            domain => Aor::Parts { user: &self.aor, domain },
        };
        sink.event(&Event {
            dialect: self.dialect,
            spot: self.spot,
            stamp: self.stamp,
            aor,
            agent,
            contact: if is_filler(&self.contact) { b"" } else { &self.contact },
            expires_seconds: self.expires_seconds,
            call_id: if is_filler(&self.call_id) { b"" } else { &self.call_id },
            cseq: &self.cseq,
            source_ip: &self.source_ip,
            ..Event::new(self.kind, self.source)
        });
    }

    /// What the end and the last registration say together: a row that ended before it was
    /// written is a deleted one.
    fn span(&mut self) {
        const TWO_DAYS: i64 = 2 * 86_400;
        let ends = match (self.expires_at, self.stamp) {
            (Some(Stamp::Instant(end)), Stamp::Instant(last)) => Some((end.micros(), last.micros())),
            (Some(Stamp::Local(end)), Stamp::Local(last)) => Some((end.micros(), last.micros())),
            _ => None,
        };
        let Some((end, last)) = ends.map(|(end, last)| (end / 1_000_000, last / 1_000_000)) else { return };
        // The epoch itself, in whatever zone, is a permanent binding; ten seconds later, a deleted one.
        if end < TWO_DAYS && end % 60 == 0 {
            return;
        }
        if end <= last {
            self.is_gone = true;
        }
        self.expires_seconds = self.expires_seconds.or(u32::try_from(end - last).ok());
    }
}

/// Epoch seconds of any size, or a date with a time; `None` for anything else.
fn date(text: &[u8]) -> Option<Stamp> {
    if let Some(seconds) = number(text) {
        return Some(Stamp::Instant(Moment::from_seconds(i64::from(seconds))));
    }
    let (stamp, len) = stamp::epoch(text).or_else(|| stamp::iso(text))?;
    // A database may print its zone or fraction; a date alone has no instant.
    (len == text.len()).then_some(stamp)
}

/// Microseconds since the epoch, where the text is such a number (FreeSWITCH).
pub(super) fn micros(text: &[u8]) -> Option<Stamp> {
    let is_number = (15..=17).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    let sum = |sum: i64, byte: &u8| sum * 10 + i64::from(byte - b'0');
    is_number.then(|| Stamp::Instant(Moment::from_micros(text.iter().fold(0, sum))))
}

/// The AOR of Asterisk's contact id: `1001;@<hash>`, its `;` escaped or not. A contact that stands
/// in the configuration has `@@` instead, and was never registered.
pub(super) fn contact_id(id: &[u8]) -> Option<&[u8]> {
    let end =
        [&b";@"[..], b"^3B@", b"^3b@"].iter().filter_map(|mark| memchr::memmem::rfind(id, mark)).max()?;
    (end > 0).then(|| &id[..end])
}

/// Undoes `^3B` and its like, which Asterisk writes where a store keeps `;` for itself.
pub(super) fn without_carets(text: &[u8], out: &mut Vec<u8>) {
    out.clear();
    undo_escapes(text, b'^', out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Civil;

    #[test]
    fn carets_are_undone_and_lone_ones_stay() {
        let mut out = Vec::new();
        without_carets(b"sip:a@192.0.2.1^3Btransport=tls^3b^ob^", &mut out);
        assert_eq!(out, b"sip:a@192.0.2.1;transport=tls;^ob^");
    }

    #[test]
    fn a_contact_id_ends_at_its_last_mark() {
        assert_eq!(contact_id(b"1001;@0f"), Some(&b"1001"[..]));
        assert_eq!(contact_id(b"a;@b@example.com^3B@0f"), Some(&b"a;@b@example.com"[..]));
        assert_eq!(contact_id(b"trunk@@0f"), None);
    }

    #[test]
    fn a_date_is_epoch_seconds_or_a_date_with_a_time() {
        assert_eq!(date(b"1791209002"), Some(Stamp::Instant(Moment::from_seconds(1_791_209_002))));
        let civil = Civil::new(2026, 10, 5, 14, 3, 22, 0).map(Stamp::Local);
        assert_eq!(date(b"2026-10-05 14:03:22"), civil);
        assert_eq!(date(b"2026-10-05"), None);
    }
}

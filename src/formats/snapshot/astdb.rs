//! Asterisk's own database: `database show registrar` (PJSIP, one JSON object a line) and
//! `database show SIP/Registry` (chan_sip, no User-Agent). The key is padded to fifty columns.

use super::binding::{Binding, Field, Line, contact_id, without_carets};
use crate::formats::json::{Value, member, unescape};
use crate::formats::text::{host_of, split_once};
use crate::model::{Dialect, RejectReason, Sink};

const REGISTRAR: &str = "asterisk-astdb-registrar";
const REGISTRY: &str = "asterisk-astdb-sip-registry";

/// Buffers for values whose escapes are undone.
#[derive(Debug, Default)]
pub(super) struct Astdb {
    plain: Vec<u8>,
    value: Vec<u8>,
}

impl Astdb {
    /// Whether that line is such an entry.
    pub fn starts(text: &[u8]) -> bool {
        text.starts_with(b"/registrar/") || text.starts_with(b"/SIP/Registry/")
    }

    /// Reads an entry; `false` where the line is none.
    pub fn line(&mut self, line: &Line<'_>, binding: &mut Binding, sink: &mut impl Sink) -> bool {
        if let Some(rest) = line.text.strip_prefix(b"/registrar/") {
            binding.begin(REGISTRAR, Dialect::Asterisk, line.spot);
            self.registrar(rest.strip_prefix(b"contact/").unwrap_or(rest), binding);
        } else if let Some(rest) = line.text.strip_prefix(b"/SIP/Registry/") {
            binding.begin(REGISTRY, Dialect::Asterisk, line.spot);
            if registry(rest, binding).is_none() {
                binding.spoil(RejectReason::Truncated);
            }
        } else {
            return false;
        }
        binding.tell(sink);
        true
    }

    /// `<aor>;@<hash>: {"via_addr":"…","uri":"…","user_agent":"…",…}`.
    fn registrar(&mut self, rest: &[u8], binding: &mut Binding) {
        let Some((key, object)) = split_once(rest, b": {") else {
            return binding.spoil(RejectReason::Truncated);
        };
        let Some(aor) = contact_id(key.trim_ascii_end()) else {
            return binding.spoil(RejectReason::Truncated);
        };
        without_carets(aor, &mut self.value);
        binding.put(Field::Aor, &self.value);
        let object = object.trim_ascii_end();
        if !object.ends_with(b"}") {
            return binding.spoil(RejectReason::BadJson);
        }
        for (key, field) in [
            (&b"\"uri\""[..], Field::Contact),
            (b"\"user_agent\"", Field::Agent),
            (b"\"call_id\"", Field::CallId),
            (b"\"via_addr\"", Field::SourceIp),
        ] {
            let Some(Value::Text(text)) = member(object, key) else { continue };
            self.plain.clear();
            unescape(text, &mut self.plain);
            if field == Field::Contact {
                without_carets(&self.plain, &mut self.value);
                binding.put(field, &self.value);
            } else {
                binding.put(field, &self.plain);
            }
        }
        if !binding.has(Field::Contact) {
            binding.spoil(RejectReason::BadJson);
        }
    }
}

/// `<peer> : <address>:<port>:<expiry>:<user>:<contact>`, where an IPv6 address has brackets.
fn registry(rest: &[u8], binding: &mut Binding) -> Option<()> {
    let (peer, value) = split_once(rest, b": ")?;
    let after_host = match value.first()? {
        b'[' => memchr::memchr(b']', value)? + 1,
        _ => memchr::memchr(b':', value)?,
    };
    let mut fields = value[after_host..].strip_prefix(b":")?.splitn(4, |byte| *byte == b':');
    let (_port, expiry, _user, contact) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    binding.put(Field::Aor, peer.trim_ascii_end());
    binding.put(Field::SourceIp, host_of(&value[..after_host]));
    binding.put(Field::Expires, expiry);
    binding.put(Field::Contact, contact.trim_ascii_end());
    Some(())
}

//! `kamctl ul show` before version 5: the management interface's text, `Key:: value` a line.
//! `Contact::` opens a contact and nothing closes it but the next line of another kind. A folded
//! header with the right blanks can look like such a line; the dump alone cannot tell.

use super::binding::{Binding, Field, Line};
use crate::formats::text::{split_last, split_once};
use crate::model::{Dialect, RejectReason, Sink};

const NAME: &str = "kamailio-mi-ul-dump";

/// Where in the dump we are.
#[derive(Debug, Default)]
pub(super) struct Mi {
    aor: Vec<u8>,
    aor_depth: Option<usize>,
    contact_depth: Option<usize>,
    key_depth: Option<usize>,
}

impl Mi {
    /// Whether that line opens a dump.
    pub fn starts(text: &[u8]) -> bool {
        let text = text.trim_ascii_start();
        text.starts_with(b"AOR:: ") || text.starts_with(b"Domain:: ")
    }

    /// Reads a line of the dump; `false` where the dump is over.
    pub fn line(&mut self, line: &Line<'_>, binding: &mut Binding, sink: &mut impl Sink) -> bool {
        let (depth, text) = line.indented();
        let Some((key, value)) = split_once(text, b"::") else {
            // An empty line ends nothing; a text between a contact's keys is a header's fold.
            if !text.is_empty() {
                binding.spoil(RejectReason::Ambiguous);
            }
            return depth > 0 || text.is_empty();
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match key {
            b"Domain" => {
                binding.tell(sink);
                (self.aor_depth, self.contact_depth, self.key_depth) = (None, None, None);
            }
            b"AOR" if *self.aor_depth.get_or_insert(depth) == depth => {
                binding.tell(sink);
                self.aor.clear();
                self.aor.extend_from_slice(value);
            }
            b"Contact" if *self.contact_depth.get_or_insert(depth) == depth => {
                binding.tell(sink);
                binding.begin(NAME, Dialect::Kamailio, line.spot);
                binding.put(Field::Aor, &self.aor);
                let contact = split_last(value, b" Q=").map_or(value, |(contact, _)| contact);
                binding.put(Field::Contact, contact);
            }
            _ => match field(key) {
                Some(field) if *self.key_depth.get_or_insert(depth) == depth => binding.put(field, value),
                _ => binding.spoil(RejectReason::Ambiguous),
            },
        }
        true
    }
}

fn field(key: &[u8]) -> Option<Field> {
    Some(match key {
        b"Expires" => Field::Expires,
        b"Callid" => Field::CallId,
        b"Cseq" => Field::Cseq,
        b"User-agent" => Field::Agent,
        b"Last-Modified" => Field::LastModified,
        b"Received" | b"Path" | b"State" | b"Flags" | b"Cflag" | b"Cflags" | b"Socket" | b"Methods"
        | b"Ruid" | b"Instance" | b"Reg-Id" | b"Reg-id" | b"Server-Id" | b"Tcpconn-Id" | b"Keepalive"
        | b"Last-Keepalive" | b"SIP-Instance" => Field::Ignored,
        _ => return None,
    })
}

//! What Asterisk's console prints of contacts and peers: `pjsip show contacts` and its kin,
//! `pjsip show contact X`, `sip show peer X`.

use super::binding::{Binding, Field, Line};
use super::reader::Taken;
use crate::formats::text::{host_of, split_once};
use crate::model::{Dialect, Sink, Stamp};

const CONTACT: &str = "asterisk-pjsip-show";
const PEER: &str = "asterisk-sip-show-peer";

/// Where in the output we are.
#[derive(Debug, Default)]
pub(super) struct Cli {
    /// The contact of the list, as far as its column shows it whole.
    contact: Vec<u8>,
    /// The fields of one object follow.
    in_object: bool,
    in_peer: bool,
}

impl Cli {
    /// Whether that line belongs to such output.
    pub fn starts(text: &[u8]) -> bool {
        contact_line(text).is_some() || peer_name(text).is_some() || is_heading(text)
    }

    /// Reads a line of the output.
    pub fn line(&mut self, line: &Line<'_>, binding: &mut Binding, sink: &mut impl Sink) -> Taken {
        let (depth, text) = line.indented();
        if let Some(name) = peer_name(line.text) {
            self.close(binding, sink);
            binding.begin(PEER, Dialect::Asterisk, line.spot);
            binding.put(Field::Aor, name);
            self.in_peer = true;
        } else if let Some(columns) = contact_line(line.text) {
            self.close(binding, sink);
            self.listed(columns, line, binding, sink);
        } else if self.in_peer {
            match text.is_empty() {
                true => self.close(binding, sink),
                false => peer_field(text, binding),
            }
        } else if text.starts_with(b"ParameterName ") {
            self.in_object = true;
        } else if self.in_object {
            match text.is_empty() {
                true => self.close(binding, sink),
                false => self.object_field(text, binding),
            }
        } else if depth == 0 && !text.is_empty() && !text.starts_with(b"=") {
            return Taken::No;
        }
        Taken::Yes
    }

    /// The output is over.
    pub fn close(&mut self, binding: &mut Binding, sink: &mut impl Sink) {
        if binding.is_open() && !self.contact.is_empty() && !binding.has(Field::Contact) {
            binding.put(Field::Contact, &self.contact);
        }
        binding.tell(sink);
        self.contact.clear();
        (self.in_object, self.in_peer) = (false, false);
    }

    /// `<aor>/<uri> <hash> <status> <rtt>`: AOR and URI share a column and are cut to it.
    fn listed(&mut self, columns: &[u8], line: &Line<'_>, binding: &mut Binding, sink: &mut impl Sink) {
        let Some(column) = first_column(columns) else { return };
        let whole = column.trim_ascii_end();
        let slash = [&b"/sip:"[..], b"/sips:"].iter().find_map(|mark| memchr::memmem::find(whole, mark));
        let Some(slash) = slash.filter(|at| *at > 0) else {
            // The AOR itself was cut. The list proves no more than the database does.
            sink.other(line.spot, Stamp::None);
            return;
        };
        binding.begin(CONTACT, Dialect::Asterisk, line.spot);
        binding.put(Field::Aor, &whole[..slash]);
        if whole.len() < column.len() {
            self.contact.extend_from_slice(&whole[slash + 1..]);
        }
    }

    fn object_field(&mut self, text: &[u8], binding: &mut Binding) {
        if !binding.is_open() {
            return;
        }
        let Some((key, value)) = field(text) else { return };
        match key {
            b"uri" => binding.put(Field::Contact, value),
            b"user_agent" => binding.put(Field::Agent, value),
            b"call_id" => binding.put(Field::CallId, value),
            b"via_addr" => binding.put(Field::SourceIp, value),
            // A contact that stands in the configuration never ends, and nobody registered it.
            b"expiration_time" if value == b"0" => binding.is_gone(),
            _ => {}
        }
    }
}

/// Fields of `sip show peer`. The contact is left out: a chan_sip peer has one, so its User-Agent
/// belongs to the peer's name.
fn peer_field(text: &[u8], binding: &mut Binding) {
    let Some((key, value)) = field(text) else { return };
    match key {
        b"Useragent" => binding.put(Field::Agent, value),
        b"Expire" => binding.put(Field::Expires, value),
        b"Addr->IP" if value == b"(null)" || value.is_empty() => binding.is_gone(),
        b"Addr->IP" => binding.put(Field::SourceIp, host_of(value)),
        _ => {}
    }
}

/// `key : value`, the key padded; a value may hold anything.
fn field(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (key, value) = split_once(text, b":")?;
    Some((key.trim_ascii(), value.trim_ascii()))
}

/// `  * Name       : <peer>`.
fn peer_name(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"  * Name")?.trim_ascii_start();
    Some(rest.strip_prefix(b":")?.trim_ascii()).filter(|name| !name.is_empty())
}

/// What follows `Contact:` in a list.
fn contact_line(text: &[u8]) -> Option<&[u8]> {
    let rest = text.strip_prefix(b"  ")?.trim_ascii_start().strip_prefix(b"Contact:  ")?;
    (!rest.starts_with(b"<Aor/ContactUri")).then_some(rest)
}

fn is_heading(text: &[u8]) -> bool {
    text.starts_with(b"  ") && text.trim_ascii_start().starts_with(b"Contact:  <Aor/ContactUri")
}

/// The first column, its padding kept, where hash, status and time follow it.
fn first_column(columns: &[u8]) -> Option<&[u8]> {
    let mut rest = columns;
    for _ in 0..3 {
        rest = rest.trim_ascii_end();
        rest = &rest[..memchr::memrchr(b' ', rest)?];
    }
    Some(rest)
}

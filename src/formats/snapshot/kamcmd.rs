//! `kamcmd ul.dump`: nested braces, one `Key: value` a line, a tab a level.
//!
//! Nothing is escaped, and a folded header brings a line break with blanks of the stranger's
//! choice. Keys therefore count at their own depth only, each once, in the server's order and
//! without a gap: to close a contact and open another takes more than the 255 bytes that Kamailio
//! keeps of a User-Agent. A folded Call-ID has no such limit, so of the two dumps JSON is better.

use super::binding::{Binding, Field, Line};
use super::reader::Taken;
use crate::formats::text::split_once;
use crate::model::{Dialect, Reject, RejectReason, Sink};

const NAME: &str = "kamailio-ul-dump";

/// The keys of a contact in the order in which `usrloc/ul_rpc.c` and its forerunners write them.
const KEYS: &[(&[u8], Field)] = &[
    (b"Address", Field::Contact),
    (b"Expires", Field::Expires),
    (b"Q", Field::Ignored),
    (b"Call-ID", Field::CallId),
    (b"CSeq", Field::Cseq),
    (b"User-Agent", Field::Agent),
    (b"Received", Field::Ignored),
    (b"Path", Field::Ignored),
    (b"State", Field::Ignored),
    (b"Flags", Field::Ignored),
    (b"CFlags", Field::Ignored),
    (b"Socket", Field::Ignored),
    (b"Methods", Field::Ignored),
    (b"Ruid", Field::Ignored),
    (b"Instance", Field::Ignored),
    (b"Reg-Id", Field::Ignored),
    (b"Server-Id", Field::Ignored),
    (b"Tcpconn-Id", Field::Ignored),
    (b"Keepalive", Field::Ignored),
    (b"Last-Keepalive", Field::Ignored),
    (b"KA-Roundtrip", Field::Ignored),
    (b"Last-Modified", Field::LastModified),
];

/// The keys up to `Methods` stand in every version; the others came with time.
const KEYS_MIN: usize = 13;

/// Where in the dump we are.
#[derive(Debug, Default)]
pub(super) struct Kamcmd {
    aor: Vec<u8>,
    aor_depth: Option<usize>,
    contact_depth: Option<usize>,
    key_depth: Option<usize>,
    /// How many of [`KEYS`] are behind us in this contact.
    passed: usize,
    /// The dump's own lines end in CR LF.
    has_cr: bool,
}

impl Kamcmd {
    /// Whether that line opens a dump.
    pub fn starts(text: &[u8]) -> bool {
        let text = text.trim_ascii();
        text == b"Domains: {" || text == b"AoRs: {" || text.starts_with(b"AoR: ")
    }

    /// A dump that this line opens.
    pub fn new(line: &Line<'_>) -> Self {
        Self { has_cr: line.has_cr, ..Self::default() }
    }

    /// Reads a line of the dump.
    pub fn line(&mut self, line: &Line<'_>, binding: &mut Binding, sink: &mut impl Sink) -> Taken {
        let (depth, text) = line.indented();
        if depth == 0 && text == b"}" {
            if binding.is_open() {
                binding.spoil(RejectReason::Truncated);
                binding.tell(sink);
            }
            return Taken::Last;
        }
        if line.has_cr != self.has_cr {
            binding.spoil(RejectReason::Ambiguous);
        }
        if binding.is_open() {
            self.in_contact(depth, text, binding, sink);
            return Taken::Yes;
        }
        if let Some(aor) = text.strip_prefix(b"AoR: ") {
            if *self.aor_depth.get_or_insert(depth) == depth {
                self.aor.clear();
                self.aor.extend_from_slice(aor);
            } else {
                sink.reject(Reject {
                    spot: line.spot,
                    reason: RejectReason::Ambiguous,
                    source: NAME.to_owned(),
                });
            }
        } else if text == b"Contact: {" {
            binding.begin(NAME, Dialect::Kamailio, line.spot);
            binding.put(Field::Aor, &self.aor);
            if *self.contact_depth.get_or_insert(depth) != depth || line.has_cr != self.has_cr {
                binding.spoil(RejectReason::Ambiguous);
            }
            self.passed = 0;
        } else if key_of(text).is_some() {
            // A contact's key behind the contact's end: the end was somebody's text.
            sink.reject(Reject { spot: line.spot, reason: RejectReason::Ambiguous, source: NAME.to_owned() });
        }
        Taken::Yes
    }

    fn in_contact(&mut self, depth: usize, text: &[u8], binding: &mut Binding, sink: &mut impl Sink) {
        if text == b"}" && Some(depth) == self.contact_depth {
            if self.passed < KEYS_MIN {
                binding.spoil(RejectReason::Ambiguous);
            }
            binding.tell(sink);
            return;
        }
        let Some((index, field, value)) = key_of(text) else {
            return binding.spoil(RejectReason::Ambiguous);
        };
        let is_next = index == self.passed || (index > self.passed && index >= KEYS_MIN);
        let is_filled = !value.is_empty() || field == Field::Agent;
        if *self.key_depth.get_or_insert(depth) != depth || !is_next || !is_filled {
            return binding.spoil(RejectReason::Ambiguous);
        }
        self.passed = index + 1;
        binding.put(field, value);
    }
}

/// A contact's key: its place in the order, what it says, and its value.
fn key_of(text: &[u8]) -> Option<(usize, Field, &[u8])> {
    let (key, value) = split_once(text, b":")?;
    let index = KEYS.iter().position(|(known, _)| *known == key)?;
    Some((index, KEYS[index].1, value.strip_prefix(b" ").unwrap_or(value)))
}

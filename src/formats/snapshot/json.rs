//! Location tables as JSON: Kamailio's `kamctl ul show` and `kamcmd`'s kin, OpenSIPS' `ul_dump`;
//! pretty or on one line. Read token by token, so that a dump of any size needs one contact's
//! memory.
//!
//! Kamailio: `"AoR"`, then objects with `"Address"`. OpenSIPS: `"AOR"`, then objects whose
//! `"Contact"` is a string. Strings are escaped, so nobody's text can be taken for structure.

use super::binding::{Binding, Field, Line};
use super::reader::Taken;
use crate::formats::json::unescape;
use crate::model::{Dialect, RejectReason, Sink, Spot};

const KAMAILIO: &str = "kamailio-ul-json";
const OPENSIPS: &str = "opensips-ul-dump";

/// No dump nests deeper; what does is no dump.
const DEPTH_MAX: usize = 64;

/// Where in the document we are.
#[derive(Debug)]
pub(super) struct Json {
    depth: usize,
    /// Depth of the contact's object, while one is open.
    contact_depth: usize,
    /// The last string: a key, where a colon follows.
    text: Vec<u8>,
    text_spot: Spot,
    key: Vec<u8>,
    key_spot: Spot,
    has_key: bool,
    aor: Vec<u8>,
}

impl Default for Json {
    fn default() -> Self {
        let spot = Spot { input: 0, offset: 0 };
        Self {
            depth: 0,
            contact_depth: 0,
            text: Vec::new(),
            text_spot: spot,
            key: Vec::new(),
            key_spot: spot,
            has_key: false,
            aor: Vec::new(),
        }
    }
}

impl Json {
    /// Whether that line opens a document.
    pub fn starts(text: &[u8]) -> bool {
        let mut tokens = text.iter().filter(|byte| !byte.is_ascii_whitespace());
        let first_two = (tokens.next(), tokens.next());
        matches!(first_two, (Some(b'{' | b'['), None) | (Some(b'{'), Some(b'"')) | (Some(b'['), Some(b'{')))
    }

    /// Reads a line of the document.
    pub fn line(&mut self, line: &Line<'_>, binding: &mut Binding, sink: &mut impl Sink) -> Taken {
        match self.tokens(line, binding, sink) {
            Some(()) if self.depth > 0 => Taken::Yes,
            Some(()) => Taken::Last,
            None => {
                binding.spoil(RejectReason::BadJson);
                binding.tell(sink);
                *self = Self::default();
                Taken::No
            }
        }
    }

    /// `None` where the line is no part of a document.
    fn tokens(&mut self, line: &Line<'_>, binding: &mut Binding, sink: &mut impl Sink) -> Option<()> {
        let text = line.text;
        let mut at = 0;
        while at < text.len() {
            let begin = at;
            at += 1;
            match text[begin] {
                b' ' | b'\t' => {}
                b'{' | b'[' => {
                    self.depth += 1;
                    self.has_key = false;
                    if self.depth > DEPTH_MAX {
                        return None;
                    }
                }
                b'}' | b']' => {
                    if binding.is_open() && self.depth == self.contact_depth {
                        binding.tell(sink);
                    }
                    self.depth = self.depth.checked_sub(1)?;
                    self.has_key = false;
                }
                b',' => self.has_key = false,
                b':' => {
                    std::mem::swap(&mut self.key, &mut self.text);
                    self.key_spot = self.text_spot;
                    self.has_key = true;
                }
                b'"' => {
                    let len = string_len(&text[at..])?;
                    self.text.clear();
                    unescape(&text[at..at + len], &mut self.text);
                    self.text_spot = spot_of(line, begin);
                    at += len + 1;
                    self.value(true, binding);
                }
                _ => {
                    let rest = &text[begin..];
                    let len = rest.iter().take_while(|byte| is_bare(**byte)).count();
                    if len == 0 || !is_bare_value(&rest[..len]) {
                        return None;
                    }
                    self.text.clear();
                    self.text.extend_from_slice(&rest[..len]);
                    at = begin + len;
                    self.value(false, binding);
                }
            }
        }
        Some(())
    }

    /// A string, number or word: the value of the key before it, where there is one.
    fn value(&mut self, is_string: bool, binding: &mut Binding) {
        if !std::mem::take(&mut self.has_key) {
            return;
        }
        let opens = match self.key.as_slice() {
            b"AoR" | b"AOR" if is_string && !binding.is_open() => {
                std::mem::swap(&mut self.aor, &mut self.text);
                return;
            }
            b"Address" if is_string => Some((KAMAILIO, Dialect::Kamailio)),
            b"Contact" if is_string => Some((OPENSIPS, Dialect::OpenSips)),
            _ => None,
        };
        if let Some((name, dialect)) = opens
            && !binding.is_open()
        {
            binding.begin(name, dialect, self.key_spot);
            binding.put(Field::Aor, &self.aor);
            binding.put(Field::Contact, &self.text);
            self.contact_depth = self.depth;
        } else if binding.is_open()
            && self.depth == self.contact_depth
            && let Some(field) = field(&self.key)
        {
            binding.put(field, &self.text);
        }
    }
}

fn field(key: &[u8]) -> Option<Field> {
    Some(match key {
        b"Address" | b"Contact" => Field::Contact,
        b"Expires" => Field::Expires,
        b"Call-ID" | b"Callid" => Field::CallId,
        b"CSeq" | b"Cseq" => Field::Cseq,
        b"User-Agent" | b"User-agent" => Field::Agent,
        b"Last-Modified" | b"Last-modified" => Field::LastModified,
        _ => return None,
    })
}

/// The line's own place where nothing but blanks comes before, else the byte's.
fn spot_of(line: &Line<'_>, at: usize) -> Spot {
    let is_first = line.text[..at].iter().all(u8::is_ascii_whitespace);
    let offset = if is_first { 0 } else { at as u64 };
    Spot { offset: line.spot.offset + offset, ..line.spot }
}

/// Bytes up to the quote that closes the string.
fn string_len(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')
}

/// A number, or one of JSON's three words.
fn is_bare_value(text: &[u8]) -> bool {
    matches!(text, b"true" | b"false" | b"null") || text.iter().any(u8::is_ascii_digit)
}

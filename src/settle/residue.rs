//! Records that wait for their neighbours, owned and compact.

use crate::model::{AgentRef, Hint, Kind, Moment, Spot};

/// One record that depends on order, borrowed: on its way into a residue or out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held<'t> {
    pub kind: Kind,
    pub spot: Spot,
    pub moment: Option<Moment>,
    /// Canonical bytes of the SIP-ID; empty for a record that names nobody.
    pub user: &'t [u8],
    pub agent: AgentRef<'t>,
    /// This kind of record never carries a User-Agent; another may supply it.
    pub agent_is_elsewhere: bool,
    /// The contact's URI; of a request or a reply the URIs of its contacts, a line each. Empty where
    /// the record has none.
    pub contact: &'t [u8],
    pub call_id: &'t [u8],
    pub cseq: &'t [u8],
    pub thread: &'t [u8],
    pub code: Option<u16>,
    /// What a request asks for; what an accepting reply leaves, as far as it shows.
    pub asks: Asks,
}

/// What a request asks the registrar to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Asks {
    /// Add or refresh a binding.
    #[default]
    Bind,
    /// Remove bindings.
    Unbind,
    /// List them.
    Fetch,
    /// Take a text message.
    Message,
}

/// Lengths of the six texts of a held record, which stand behind one another in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Texts {
    begin: usize,
    user: u32,
    agent: Option<u32>,
    contact: u32,
    call_id: u32,
    cseq: u32,
    thread: u32,
}

/// A held record without its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HeldRecord {
    kind: Kind,
    spot: Spot,
    moment: Option<Moment>,
    hint: Hint,
    is_push_source: bool,
    agent_is_elsewhere: bool,
    code: Option<u16>,
    asks: Asks,
    texts: Texts,
}

/// The order-dependent records of one piece of a stream, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Residue {
    arena: Vec<u8>,
    records: Vec<HeldRecord>,
}

impl Residue {
    /// Keeps one more record.
    pub fn push(&mut self, held: &Held<'_>) {
        let begin = self.arena.len();
        let mut keep = |text: &[u8]| {
            self.arena.extend_from_slice(text);
            // A record is at most a mebibyte long.
            text.len() as u32
        };
        let texts = Texts {
            begin,
            user: keep(held.user),
            agent: held.agent.text.map(&mut keep),
            contact: keep(held.contact),
            call_id: keep(held.call_id),
            cseq: keep(held.cseq),
            thread: keep(held.thread),
        };
        self.records.push(HeldRecord {
            kind: held.kind,
            spot: held.spot,
            moment: held.moment,
            hint: held.agent.hint,
            is_push_source: held.agent.is_push_source,
            agent_is_elsewhere: held.agent_is_elsewhere,
            code: held.code,
            asks: held.asks,
            texts,
        });
    }

    /// Appends what follows in the stream. Joining residues is associative.
    pub fn append(&mut self, later: &Self) {
        let shift = self.arena.len();
        self.arena.extend_from_slice(&later.arena);
        self.records.extend(later.records.iter().map(|record| {
            let mut record = *record;
            record.texts.begin += shift;
            record
        }));
    }

    /// The users of the records, in the order of the stream; empty for records that name nobody.
    pub fn users(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.records.iter().map(|record| {
            let begin = record.texts.begin;
            &self.arena[begin..begin + record.texts.user as usize]
        })
    }

    /// Forgets the records and keeps the memory.
    pub fn clear(&mut self) {
        self.arena.clear();
        self.records.clear();
    }

    /// How many records are held.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The records, in the order of the stream.
    pub fn iter(&self) -> impl Iterator<Item = Held<'_>> {
        self.records.iter().map(|record| {
            let mut rest = &self.arena[record.texts.begin..];
            let mut take = |len: u32| {
                let (text, after) = rest.split_at(len as usize);
                rest = after;
                text
            };
            let user = take(record.texts.user);
            let agent = record.texts.agent.map(&mut take);
            Held {
                kind: record.kind,
                spot: record.spot,
                moment: record.moment,
                user,
                agent: AgentRef { text: agent, hint: record.hint, is_push_source: record.is_push_source },
                agent_is_elsewhere: record.agent_is_elsewhere,
                contact: take(record.texts.contact),
                call_id: take(record.texts.call_id),
                cseq: take(record.texts.cseq),
                thread: take(record.texts.thread),
                code: record.code,
                asks: record.asks,
            }
        })
    }
}

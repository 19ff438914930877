//! Clients, each stored once and numbered in the order of arrival: a User-Agent's text and the few bits
//! that go with it.
//!
//! Every registration asks for its client's number, so all that tells a client apart stands in one place of
//! the table, but for the text itself.

use crate::model::near::bring;
use crate::model::short::{self, is_same};
use crate::model::{AgentId, AgentKey, AgentRef, Hint, wide};
use hashbrown::HashTable;

/// The distinct clients, each with a number in the order of arrival.
#[derive(Debug, Clone, Default)]
pub(super) struct Clients {
    /// All texts behind one another, each from the begin of a line on, with zeros behind its end.
    lines: Vec<Line>,
    /// By number.
    clients: Vec<Client>,
    places: HashTable<Place>,
    /// By the lowest bits of the hash, the two that were looked up last; empty before the first.
    latest: Vec<[Latest; 2]>,
}

/// Bytes of a line of memory, which hold nearly every text.
pub(super) const LINE_LEN: usize = wide::LEN;

/// A line of memory, or nearly always: nothing but time depends on where it begins.
pub(super) type Line = [u8; LINE_LEN];

/// Twice as many clients are known by a single look: those of nearly every line.
const LATEST: usize = 1 << 13;

/// A client that was asked for lately.
#[derive(Debug, Clone, Copy)]
struct Latest {
    begin: u32,
    sort: u32,
    number: u32,
}

impl Latest {
    /// Nobody: no text is so long as this sort tells.
    const NONE: Self = Self { begin: 0, sort: u32::MAX, number: u32::MAX };

    const fn client(self) -> Client {
        Client { begin: self.begin as u64, sort: self.sort }
    }
}

/// A client: the line in which its text begins, and what [`sort`] makes of the rest.
#[derive(Debug, Clone, Copy)]
struct Client {
    begin: u64,
    sort: u32,
}

/// A client with its number, as it is looked for.
#[derive(Debug, Clone, Copy)]
struct Place {
    hash: u64,
    client: Client,
    number: u32,
}

/// Bits of [`sort`] below the text's length.
const SORT_BITS: u32 = 5;
const HAS_TEXT: u32 = 1 << 4;

/// The length of a client's text, whether it has one, its hint and whether it is a push source.
///
/// # Panics
///
/// Where the text has 2^27 bytes or more: no record is a hundredth as long.
#[inline(always)]
fn sort(agent: AgentRef<'_>) -> u32 {
    let len = agent.text.map_or(0, <[u8]>::len);
    let len = u32::try_from(len).ok().filter(|len| *len < 1 << (32 - SORT_BITS));
    let has_text = if agent.text.is_some() { HAS_TEXT } else { 0 };
    let len = len.expect("a record is at most a mebibyte long");
    len << SORT_BITS | has_text | (agent.hint as u32) << 1 | u32::from(agent.is_push_source)
}

/// Whether the lines are the same, in fewer steps than a call of the general function.
#[inline(always)]
fn are_same(one: &Line, other: &Line) -> bool {
    let (one, other) = (one.as_chunks::<8>().0, other.as_chunks::<8>().0);
    let words = one.iter().zip(other);
    words.fold(0, |sum, (one, other)| sum | (u64::from_ne_bytes(*one) ^ u64::from_ne_bytes(*other))) == 0
}

/// The text, which is no longer than a line, with zeros behind its end.
#[inline(always)]
pub(super) fn padded(text: &[u8]) -> Line {
    wide::padded(text).unwrap_or_else(|| {
        let mut line = [0; LINE_LEN];
        short::copy(text, &mut line);
        line
    })
}

/// The length of the text of such a client.
#[inline]
const fn len_of(sort: u32) -> usize {
    (sort >> SORT_BITS) as usize
}

/// The hash of a client, and its [`sort`].
#[inline(always)]
pub(super) fn hash_of(agent: AgentRef<'_>) -> (u64, u32) {
    let sort = sort(agent);
    (short::hash(agent.text.unwrap_or_default(), sort.into()), sort)
}

impl Clients {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    /// The client's number; it is kept where it is new.
    ///
    /// # Panics
    ///
    /// At the 2^32nd client.
    pub fn intern(&mut self, agent: AgentRef<'_>) -> AgentId {
        let text = agent.text.unwrap_or_default();
        let (hash, sort) = hash_of(agent);
        self.intern_hashed(hash, sort, text)
    }

    /// The number of a client that comes with its hash.
    pub fn intern_hashed(&mut self, hash: u64, sort: u32, text: &[u8]) -> AgentId {
        for latest in self.latest.get(hash as usize % LATEST).into_iter().flatten() {
            if latest.sort == sort && is_same(self.text(latest.client()), text) {
                return AgentId(latest.number);
            }
        }
        self.look_up(hash, sort, text)
    }

    /// The same, for one whose text fills no more than that line.
    #[inline(always)]
    pub fn intern_line(&mut self, hash: u64, sort: u32, text: &Line) -> AgentId {
        debug_assert!(len_of(sort) <= LINE_LEN, "a longer text fills no single line");
        // One of the two that were asked for last with such a hash, nearly always. Compared byte for byte: the sort has
        // the text's length, and what is behind its end is the same in both.
        for latest in self.latest.get(hash as usize % LATEST).into_iter().flatten() {
            if latest.sort == sort
                && let Some(line) = self.lines.get(latest.begin as usize)
                && are_same(line, text)
            {
                return AgentId(latest.number);
            }
        }
        self.look_up(hash, sort, &text[..len_of(sort).min(LINE_LEN)])
    }

    /// Asks for the memory that tells where the text of the client with that hash is.
    #[inline]
    pub fn bring_place(&self, hash: u64) {
        if let Some(latest) = self.latest.get(hash as usize % LATEST) {
            bring(latest);
        }
    }

    /// Asks for the memory of that text, where the memory before is near.
    #[inline]
    pub fn bring_text(&self, hash: u64) {
        if let Some(latest) = self.latest.get(hash as usize % LATEST) {
            self.lines.get(latest[0].begin as usize).into_iter().for_each(bring);
        }
    }

    /// Asks the whole table.
    #[inline(never)]
    fn look_up(&mut self, hash: u64, sort: u32, text: &[u8]) -> AgentId {
        // Compared byte for byte: a hash only finds the place to compare.
        let is_it = |place: &Place| {
            place.hash == hash && place.client.sort == sort && is_same(self.text(place.client), text)
        };
        let place = match self.places.find(hash, is_it) {
            Some(place) => *place,
            None => self.add(hash, sort, text),
        };
        if self.latest.is_empty() {
            self.latest.resize(LATEST, [Latest::NONE; 2]);
        }
        if let Ok(begin) = u32::try_from(place.client.begin) {
            let latest = &mut self.latest[hash as usize % LATEST];
            *latest = [Latest { begin, sort, number: place.number }, latest[0]];
        }
        AgentId(place.number)
    }

    #[cold]
    fn add(&mut self, hash: u64, sort: u32, text: &[u8]) -> Place {
        let number = u32::try_from(self.clients.len()).expect("fewer than 2^32 distinct clients");
        let client = Client { begin: self.lines.len() as u64, sort };
        let (whole, rest) = text.as_chunks();
        self.lines.extend_from_slice(whole);
        // An empty text has a line as well, with which it is compared.
        if !rest.is_empty() || text.is_empty() {
            self.lines.push(padded(rest));
        }
        self.clients.push(client);
        let place = Place { hash, client, number };
        self.places.insert_unique(hash, place, |place| place.hash);
        place
    }

    fn text(&self, client: Client) -> &[u8] {
        let len = len_of(client.sort);
        let lines = &self.lines[client.begin as usize..][..len.div_ceil(LINE_LEN)];
        &lines.as_flattened()[..len]
    }

    /// The client of that number.
    ///
    /// # Panics
    ///
    /// If no client was given that number.
    pub fn get(&self, id: AgentId) -> AgentRef<'_> {
        let client = self.clients[id.0 as usize];
        AgentRef {
            text: (client.sort & HAS_TEXT != 0).then(|| self.text(client)),
            hint: HINTS[(client.sort >> 1 & 7) as usize],
            is_push_source: client.sort & 1 == 1,
        }
    }

    /// The clients numbered from there on, owned.
    pub fn since(&self, first: usize) -> impl Iterator<Item = AgentKey> {
        (first..self.len()).map(|number| {
            let agent = self.get(AgentId(number as u32));
            let text = agent.text.map(Into::into);
            AgentKey { text, hint: agent.hint, is_push_source: agent.is_push_source }
        })
    }
}

/// Every hint, at the place of its number.
const HINTS: [Hint; 8] = [
    Hint::None,
    Hint::ApplePush,
    Hint::GooglePush,
    Hint::MobilePush,
    Hint::Web,
    Hint::Device,
    Hint::Pbx,
    Hint::Desktop,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_comes_back_as_it_was() {
        let mut clients = Clients::default();
        for (place, hint) in HINTS.into_iter().enumerate() {
            assert_eq!(hint as usize, place);
            for text in [
                None,
                Some(&b""[..]),
                Some(b"Acme/1"),
                Some(b"Acme/2"),
                Some(b"Acme/2\0"),
                Some(&[b'x'; LINE_LEN]),
            ] {
                for is_push_source in [false, true] {
                    let agent = AgentRef { text, hint, is_push_source };
                    let id = clients.intern(agent);
                    if let Some(text) = text {
                        let (hash, sort) = hash_of(agent);
                        assert_eq!(clients.intern_line(hash, sort, &padded(text)), id);
                    }
                    assert_eq!(clients.get(id), agent);
                    assert_eq!(clients.intern(agent), id);
                }
            }
        }
        assert_eq!(clients.len(), 8 * 6 * 2);
    }
}

//! AORs without a domain, and the servers that name them.

use crate::model::SipId;
use ahash::RandomState;
use hashbrown::HashTable;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, Hasher};

/// AORs without any domain, and the servers that named them: the same name on two servers may be
/// two people, and no bill may guess.
///
/// Every registration of such an AOR asks for it, and nearly all have one server: so an AOR keeps its
/// first one by number, and only those with more of them are kept by name.
#[derive(Debug, Clone, Default)]
pub struct BareAors {
    servers: Vec<Box<[u8]>>,
    numbers_of_servers: HashMap<Box<[u8]>, usize, RandomState>,
    /// The server that was named last.
    latest: usize,
    texts: Vec<u8>,
    aors: Vec<Aor>,
    numbers: HashTable<u32>,
    /// AORs of several servers, each with all but its first.
    others: BTreeMap<u32, BTreeSet<usize>>,
}

/// One AOR, whose text stands elsewhere.
#[derive(Debug, Clone, Copy)]
struct Aor {
    hash: u64,
    begin: usize,
    len: u32,
    server: u32,
}

/// Seeds are the same in every part, so that joining hashes nothing again; no output depends on them.
const STATE: RandomState = RandomState::with_seeds(0x62_61_72, 0x65, 0x61_6f_72, 1);

impl BareAors {
    /// A server has named an AOR.
    pub fn note(&mut self, aor: &[u8], server: &[u8]) {
        let mut hasher = STATE.build_hasher();
        hasher.write(aor);
        let server = self.server(server);
        self.note_hashed(hasher.finish(), aor, server);
    }

    /// Takes in what another part knows.
    pub fn join(&mut self, mut other: Self) {
        if self.aors.len() < other.aors.len() {
            std::mem::swap(self, &mut other);
        }
        let servers: Vec<usize> = other.servers.iter().map(|server| self.server(server)).collect();
        for (number, aor) in (0..).zip(&other.aors) {
            let text = other.text(aor);
            self.note_hashed(aor.hash, text, servers[aor.server as usize]);
            for server in other.others.get(&number).into_iter().flatten() {
                self.note_hashed(aor.hash, text, servers[*server]);
            }
        }
    }

    /// The AORs that several servers name, with the names of those; sorted.
    pub fn shared(&self) -> Vec<(SipId, BTreeSet<&[u8]>)> {
        let shared = self.others.iter().map(|(number, others)| {
            let aor = &self.aors[*number as usize];
            let servers = others.iter().copied().chain([aor.server as usize]);
            (SipId::from_canonical(self.text(aor)), servers.map(|server| &self.servers[server][..]).collect())
        });
        let mut shared: Vec<_> = shared.collect();
        shared.sort_unstable();
        shared
    }

    fn server(&mut self, name: &[u8]) -> usize {
        if self.servers.get(self.latest).is_none_or(|latest| **latest != *name) {
            let known = self.numbers_of_servers.get(name).copied();
            self.latest = known.unwrap_or_else(|| {
                self.servers.push(name.into());
                self.numbers_of_servers.insert(name.into(), self.servers.len() - 1);
                self.servers.len() - 1
            });
        }
        self.latest
    }

    fn note_hashed(&mut self, hash: u64, text: &[u8], server: usize) {
        let is_same = |number: &u32| {
            let aor = &self.aors[*number as usize];
            aor.hash == hash && self.text(aor) == text
        };
        if let Some(number) = self.numbers.find(hash, is_same).copied() {
            if self.aors[number as usize].server as usize != server {
                self.others.entry(number).or_default().insert(server);
            }
            return;
        }
        let number = u32::try_from(self.aors.len()).expect("fewer than 2^32 AORs");
        let (begin, len) = (self.texts.len(), text.len() as u32);
        self.texts.extend_from_slice(text);
        let server = u32::try_from(server).expect("fewer than 2^32 servers");
        self.aors.push(Aor { hash, begin, len, server });
        let aors = &self.aors;
        self.numbers.insert_unique(hash, number, |number| aors[*number as usize].hash);
    }

    fn text(&self, aor: &Aor) -> &[u8] {
        &self.texts[aor.begin..aor.begin + aor.len as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every shared AOR with its servers, as text.
    fn shared(aors: &BareAors) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let each = aors.shared().into_iter().map(|(aor, servers)| {
            let servers: Vec<String> = servers.into_iter().map(text).collect();
            format!("{} of {}", aor.escaped(), servers.join(" "))
        });
        each.collect()
    }

    #[test]
    fn an_aor_of_two_servers_is_told_with_both() {
        let mut aors = BareAors::default();
        for (aor, server) in [("1001", "b"), ("1002", "b"), ("1001", "a"), ("1001", "b"), ("1002", "b")] {
            aors.note(aor.as_bytes(), server.as_bytes());
        }
        assert_eq!(shared(&aors), ["1001 of a b"]);
    }

    proptest! {
        #[test]
        fn parts_join_to_what_one_part_would_know(
            seen in prop::collection::vec((0_usize..5, 0_usize..4), 0..40),
            cut in 0_usize..40,
        ) {
            const NAMES: [&[u8]; 5] = [b"1", b"2", b"3", b"4", b"5"];
            let of = |seen: &[(usize, usize)]| {
                let mut aors = BareAors::default();
                seen.iter().for_each(|(aor, server)| aors.note(NAMES[*aor], NAMES[*server]));
                aors
            };
            let (before, behind) = seen.split_at(cut.min(seen.len()));
            let mut joined = of(before);
            joined.join(of(behind));
            prop_assert_eq!(shared(&joined), shared(&of(&seen)));
        }
    }
}

//! Who registered from where: every user and contact of a server, each pair once.

use crate::model::rows::Rows;
use ahash::RandomState;
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hasher};

/// The number of a user with a contact.
pub(super) type Pair = u32;

/// Where the texts of a pair stand: the contact behind the user.
#[derive(Debug, Clone, Copy)]
struct Place {
    hash: u64,
    piece: u32,
    begin: u32,
    user_len: u32,
    contact_len: u32,
}

/// Bytes of a piece of the texts. A longer pair has one of its own.
const PIECE_LEN: usize = 64 << 10;

/// Numbers for pairs of user and contact, and their texts.
///
/// What is known of a binding is kept by its number, so a log that names it a hundred times costs
/// its texts once.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// In pieces, so that nothing is copied when there come more.
    texts: Vec<Vec<u8>>,
    places: Rows<Place>,
    numbers: HashTable<Pair>,
    state: RandomState,
    /// What was asked for last: one record asks for its pair more than once.
    last: Pair,
}

impl Pairs {
    /// The number of the pair, which is new or known.
    pub fn number(&mut self, user: &[u8], contact: &[u8]) -> Pair {
        if self.is_at(self.last, user, contact) {
            return self.last;
        }
        let hash = self.hash(user, contact);
        if let Some(known) = self.look_up(hash, user, contact) {
            self.last = known;
            return known;
        }
        let number = self.places.next_number();
        let (piece, begin) = self.keep(user, contact);
        // A record is at most a mebibyte long.
        let (user_len, contact_len) = (user.len() as u32, contact.len() as u32);
        self.places.push(Place { hash, piece, begin, user_len, contact_len });
        let places = &self.places;
        let hash_of = |number: &Pair| places.get(*number).map_or(0, |place| place.hash);
        self.numbers.insert_unique(hash, number, hash_of);
        self.last = number;
        number
    }

    /// The number of the pair, if it is known.
    pub fn find(&self, user: &[u8], contact: &[u8]) -> Option<Pair> {
        self.look_up(self.hash(user, contact), user, contact)
    }

    /// User and contact of the pair.
    ///
    /// # Panics
    ///
    /// If there is no such pair.
    pub fn get(&self, pair: Pair) -> (&[u8], &[u8]) {
        let place = self.places.get(pair).expect("a pair's number is one that was given");
        let Place { piece, begin, user_len, contact_len, .. } = *place;
        let texts = &self.texts[piece as usize][begin as usize..];
        texts[..user_len as usize + contact_len as usize].split_at(user_len as usize)
    }

    /// Keeps the texts; gives the piece that they are in, and where in it.
    fn keep(&mut self, user: &[u8], contact: &[u8]) -> (u32, u32) {
        let len = user.len() + contact.len();
        if self.texts.last().is_none_or(|piece| piece.capacity() - piece.len() < len) {
            self.texts.push(Vec::with_capacity(len.max(PIECE_LEN)));
        }
        let number = self.texts.len() - 1;
        let piece = &mut self.texts[number];
        let begin = piece.len() as u32;
        piece.extend_from_slice(user);
        piece.extend_from_slice(contact);
        // There are no more of them than pairs.
        (number as u32, begin)
    }

    fn look_up(&self, hash: u64, user: &[u8], contact: &[u8]) -> Option<Pair> {
        let is_same = |pair: &Pair| {
            self.places.get(*pair).is_some_and(|place| place.hash == hash) && self.is_at(*pair, user, contact)
        };
        self.numbers.find(hash, is_same).copied()
    }

    fn is_at(&self, pair: Pair, user: &[u8], contact: &[u8]) -> bool {
        self.places.get(pair).is_some() && self.get(pair) == (user, contact)
    }

    fn hash(&self, user: &[u8], contact: &[u8]) -> u64 {
        let mut hasher = self.state.build_hasher();
        hasher.write(user);
        hasher.write(contact);
        // Where one ends and the other begins.
        hasher.write_usize(user.len());
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_many_pieces_keep_their_texts() {
        let mut pairs = Pairs::default();
        let user = |number: usize| format!("user{number}").into_bytes();
        let contact =
            |number: usize| "c".repeat(if number % 50 == 7 { PIECE_LEN + 1 } else { 100 }).into_bytes();
        let numbers: Vec<Pair> =
            (0..2000).map(|number| pairs.number(&user(number), &contact(number))).collect();
        assert!(pairs.texts.len() > 5);
        for (number, pair) in numbers.into_iter().enumerate() {
            assert_eq!(pairs.get(pair), (&user(number)[..], &contact(number)[..]));
            assert_eq!(pairs.find(&user(number), &contact(number)), Some(pair));
        }
    }

    #[test]
    fn a_pair_has_one_number_and_others_have_others() {
        let mut pairs = Pairs::default();
        let one = pairs.number(b"ab", b"c");
        let other = pairs.number(b"a", b"bc");
        assert_ne!(one, other);
        assert_eq!((pairs.number(b"ab", b"c"), pairs.number(b"a", b"bc")), (one, other));
        assert_eq!((pairs.get(one), pairs.get(other)), ((&b"ab"[..], &b"c"[..]), (&b"a"[..], &b"bc"[..])));
        assert_eq!((pairs.find(b"a", b"bc"), pairs.find(b"abc", b"")), (Some(other), None));
    }
}

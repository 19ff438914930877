//! Who registered from where: every user and contact of a server, each pair once.

use crate::model::near::bring;
use crate::model::rows::Rows;
use crate::model::texts::{self, Texts};
use ahash::RandomState;
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hasher};

/// The number of a user with a contact.
pub(super) type Pair = u32;

/// Where the texts of a pair stand: the contact behind the user.
#[derive(Debug, Clone, Copy)]
struct Place {
    hash: u64,
    text: texts::Place,
    user_len: u32,
}

/// Numbers for pairs of user and contact, and their texts.
///
/// What is known of a binding is kept by its number, so a log that names it a hundred times costs
/// its texts once.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    texts: Texts,
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
        let text = self.texts.keep(&[user, contact]);
        // A record is at most a mebibyte long.
        self.places.push(Place { hash, text, user_len: user.len() as u32 });
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
        self.texts.get(place.text).split_at(place.user_len as usize)
    }

    /// Asks for the memory that tells where the texts of the pair stand.
    pub fn bring_place(&self, pair: Pair) {
        self.places.get(pair).into_iter().for_each(bring);
    }

    /// Asks for the texts of a pair, where the memory before is near.
    pub fn bring_text(&self, pair: Pair) {
        self.places.get(pair).into_iter().for_each(|place| self.texts.bring(place.text));
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
        let contact = |number: usize| "c".repeat(if number % 50 == 7 { 20_000 } else { 100 }).into_bytes();
        let numbers: Vec<Pair> =
            (0..2000).map(|number| pairs.number(&user(number), &contact(number))).collect();
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

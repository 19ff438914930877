//! Who registered from where: every user and contact of a server, each pair once.

use crate::model::index::Index;
use crate::model::near::bring;
use crate::model::rows::Rows;
use crate::model::short::is_same;
use crate::model::texts::{self, Texts};
use ahash::RandomState;
use std::hash::{BuildHasher, Hasher};

/// The number of a user with a contact.
pub(super) type Pair = u32;

/// Where the texts of a pair stand: the contact behind the user.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Of the pair's hash.
    bits: u32,
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
    index: Index,
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
        let bits = self.bits(user, contact);
        let known = self.look_up(bits, user, contact);
        self.last = known.unwrap_or_else(|| self.add(bits, user, contact));
        self.last
    }

    fn add(&mut self, bits: u32, user: &[u8], contact: &[u8]) -> Pair {
        let Self { texts, places, index, .. } = self;
        let number = places.next_number();
        let text = texts.keep(&[user, contact]);
        let bits_of = |pair| places.get(pair).expect("a pair's number is one that was given").bits;
        index.add(bits, number, bits_of);
        // A record is at most a mebibyte long.
        places.push(Place { bits, text, user_len: user.len() as u32 });
        number
    }

    /// The number of the pair, if it is known.
    pub fn find(&self, user: &[u8], contact: &[u8]) -> Option<Pair> {
        self.look_up(self.bits(user, contact), user, contact)
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

    /// Asks for what tells the number of the pair with these bits of its hash.
    pub fn bring_number(&self, bits: u32) {
        self.index.bring(bits);
    }

    /// What is probably the number of the pair with these bits, if any.
    pub fn guess(&self, bits: u32) -> Pair {
        self.index.guess(bits)
    }

    /// Asks for the memory that tells where the texts of the pair stand, if there is such a pair.
    pub fn bring_place(&self, pair: Pair) {
        self.places.get(pair).into_iter().for_each(bring);
    }

    /// Asks for the texts of a pair, where the memory before is near.
    pub fn bring_text(&self, pair: Pair) {
        self.places.get(pair).into_iter().for_each(|place| self.texts.bring(place.text));
    }

    /// Asks for the texts of pairs that will be asked for one after the other: `pair_at` tells which, and that of `now` is
    /// the next.
    pub fn bring_ahead(&self, now: usize, pair_at: impl Fn(usize) -> Option<Pair>) {
        /// So many before its turn, the texts of a pair are asked for.
        const TURNS: usize = 16;
        pair_at(now + 2 * TURNS).into_iter().for_each(|pair| self.bring_place(pair));
        pair_at(now + TURNS).into_iter().for_each(|pair| self.bring_text(pair));
    }

    fn look_up(&self, bits: u32, user: &[u8], contact: &[u8]) -> Option<Pair> {
        let is_of = |pair| self.places.get(pair).is_some_and(|place| place.bits == bits);
        self.index.find(bits, |pair| is_of(pair) && self.is_at(pair, user, contact))
    }

    fn is_at(&self, pair: Pair, user: &[u8], contact: &[u8]) -> bool {
        let is_it = |known: (&[u8], &[u8])| is_same(known.0, user) && is_same(known.1, contact);
        self.places.get(pair).is_some() && is_it(self.get(pair))
    }

    /// Bits of a hash of the pair, by which it is looked up.
    pub fn bits(&self, user: &[u8], contact: &[u8]) -> u32 {
        let mut hasher = self.state.build_hasher();
        hasher.write(user);
        hasher.write(contact);
        // Where one ends and the other begins.
        hasher.write_usize(user.len());
        (hasher.finish() >> 32) as u32
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

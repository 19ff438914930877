//! The lives that have been told of, small: a long log tells of millions. Those that nothing ended are worked out
//! when they are asked for, from what their server knows of them.

use super::server::Left;
use super::{Life, Piece};
use crate::model::rows::Rows;
use crate::model::{Hint, Moment, Spot};
use crate::settle::pairs::{Pair, Pairs};
use std::ops::Range;

/// One life, without the pieces of it.
#[derive(Debug, Clone)]
pub(super) struct EndedLife {
    pub pair: Pair,
    pub hint: Hint,
    pub is_push_source: bool,
    /// Of a peer of `chan_sip`.
    pub is_peer: bool,
    pub begins_with_line: bool,
    pub begin: Moment,
    pub end: Moment,
    pub spot: Spot,
    pub needs_seconds: i64,
    /// Which of the pieces are its.
    pieces: Range<u32>,
}

impl EndedLife {
    /// A life that nothing is proven of, and that began with a line.
    pub fn new(pair: Pair, begin: Moment, end: Moment, spot: Spot, needs_seconds: i64) -> Self {
        Self {
            pair,
            hint: Hint::None,
            is_push_source: false,
            is_peer: false,
            begins_with_line: true,
            begin,
            end,
            spot,
            needs_seconds,
            pieces: 0..0,
        }
    }
}

/// Lives and their pieces, each life by its number.
#[derive(Debug, Default)]
pub struct Ended {
    lives: Rows<EndedLife>,
    pieces: Rows<Piece>,
    /// The pieces up to here belong to lives.
    pieces_told: u32,
    /// Which of them are peers', since that was last asked.
    peers: Vec<usize>,
    /// Bindings that nothing ended, each with how many there are of it and of those before.
    left: Vec<(usize, Left)>,
    /// Lives of which nothing is proven are not left out.
    wants_unproven: bool,
}

impl Ended {
    /// None yet; of those without a piece none will be kept, unless they are wanted.
    pub(super) fn new(wants_unproven: bool) -> Self {
        Self { wants_unproven, ..Self::default() }
    }

    /// How many numbers there are: behind those of the lives that were told come those of what is left, some of which
    /// are no life's.
    pub fn len(&self) -> usize {
        self.lives.len() + self.left_len()
    }

    fn left_len(&self) -> usize {
        self.left.last().map_or(0, |(behind, _)| *behind)
    }

    /// Notes what a server is left with at its end.
    pub(super) fn leave(&mut self, left: Left) {
        self.left.push((self.left_len() + left.len(), left));
    }

    /// The numbers of the peers' lives, since this was last asked.
    pub(in crate::settle) fn take_peers(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.peers)
    }

    /// Appends others; the numbers of those that were told follow those that were told here.
    pub fn append(&mut self, other: Self) {
        if self.len() == 0 {
            *self = other;
            return;
        }
        let told = self.lives.len();
        self.peers.extend(other.peers.into_iter().map(|number| told + number));
        other.left.into_iter().for_each(|(_, left)| self.leave(left));
        let shift = self.pieces.next_number();
        other.pieces.into_rows().for_each(|piece| self.pieces.push(piece));
        self.pieces_told = self.pieces.next_number();
        for life in other.lives.iter() {
            let pieces = life.pieces.start + shift..life.pieces.end + shift;
            self.lives.push(EndedLife { pieces, ..life.clone() });
        }
    }

    /// Whose life that is, or was before the number became free.
    pub(in crate::settle) fn pair(&self, number: usize) -> Pair {
        match self.left(number) {
            Some((left, place)) => left.pair(place),
            None => self.at(number).pair,
        }
    }

    /// Whose server is left with the binding of that number, and the place there.
    fn left(&self, number: usize) -> Option<(&Left, usize)> {
        let number = number.checked_sub(self.lives.len())?;
        let at = self.left.partition_point(|(behind, _)| *behind <= number);
        let before = at.checked_sub(1).map_or(0, |before| self.left[before].0);
        Some((&self.left[at].1, number - before))
    }

    /// The life of that number, if it is one's, whose pieces are put where it says.
    pub(in crate::settle) fn life<'t>(
        &self,
        number: usize,
        pairs: &'t Pairs,
        pieces: &'t mut Vec<Piece>,
    ) -> Option<Life<'t>> {
        pieces.clear();
        let life = match self.left(number) {
            Some((left, place)) => {
                let life = left.life(place, pieces)?;
                if pieces.is_empty() && !self.wants_unproven {
                    return None;
                }
                if !left.tells_of_removals() {
                    pieces.retain(|piece| !piece.is_open);
                }
                life
            }
            None => {
                let life = self.at(number);
                pieces.extend(self.pieces_in(life.pieces.clone()));
                life.clone()
            }
        };
        let (user, contact) = pairs.get(life.pair);
        Some(Life {
            user,
            contact,
            hint: life.hint,
            is_push_source: life.is_push_source,
            begin: life.begin,
            end: life.end,
            begins_with_line: life.begins_with_line,
            spot: life.spot,
            needs_seconds: life.needs_seconds,
            pieces,
        })
    }

    fn pieces_in(&self, range: Range<u32>) -> impl Iterator<Item = Piece> {
        range.map(|number| *self.pieces.get(number).expect("a piece's number is one that was given"))
    }

    fn at(&self, number: usize) -> &EndedLife {
        self.lives.get(number as u32).expect("a life's number is one that was given")
    }

    /// A piece of the life that will be told of next.
    pub(super) fn piece(&mut self, piece: Piece) {
        self.pieces.push(piece);
    }

    /// Tells of a life, of which the pieces since the last one are; gives its number if one of them
    /// is open.
    pub(super) fn tell(&mut self, mut life: EndedLife) -> Option<usize> {
        let end = self.pieces.next_number();
        life.pieces = std::mem::replace(&mut self.pieces_told, end)..end;
        if life.pieces.is_empty() && !self.wants_unproven {
            return None;
        }
        let is_open = self.pieces_in(life.pieces.clone()).any(|piece| piece.is_open);
        if life.is_peer {
            self.peers.push(self.lives.len());
        }
        self.lives.push(life);
        is_open.then_some(self.lives.len() - 1)
    }

    /// Takes the open pieces of a life back.
    pub(super) fn drop_open(&mut self, number: usize) {
        let life = self.lives.get_mut(number as u32).expect("a life's number is one that was given");
        let Range { start, end } = life.pieces.clone();
        let mut kept = start;
        for at in start..end {
            let piece = *self.pieces.get(at).expect("a piece's number is one that was given");
            if !piece.is_open {
                *self.pieces.get_mut(kept).expect("it is not behind that one") = piece;
                kept += 1;
            }
        }
        life.pieces = start..kept;
    }
}

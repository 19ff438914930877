//! The lives that have been told of, small: a long log tells of millions.

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
    /// Lives of which nothing is proven are not left out.
    wants_unproven: bool,
}

impl Ended {
    /// None yet; of those without a piece none will be kept, unless they are wanted.
    pub(super) fn new(wants_unproven: bool) -> Self {
        Self { wants_unproven, ..Self::default() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lives.len()
    }

    /// Appends others; their numbers follow.
    pub fn append(&mut self, other: Self) {
        if self.lives.len() == 0 {
            *self = other;
            return;
        }
        let shift = self.pieces.next_number();
        other.pieces.into_rows().for_each(|piece| self.pieces.push(piece));
        self.pieces_told = self.pieces.next_number();
        for life in other.lives.iter() {
            let pieces = life.pieces.start + shift..life.pieces.end + shift;
            self.lives.push(EndedLife { pieces, ..life.clone() });
        }
    }

    /// Whose life that is.
    pub(in crate::settle) fn pair(&self, number: usize) -> Pair {
        self.at(number).pair
    }

    /// The life of that number, whose pieces are put where it says.
    pub(in crate::settle) fn life<'t>(
        &self,
        number: usize,
        pairs: &'t Pairs,
        pieces: &'t mut Vec<Piece>,
    ) -> Life<'t> {
        let life = self.at(number);
        pieces.clear();
        pieces.extend(self.pieces_in(life.pieces.clone()));
        let (user, contact) = pairs.get(life.pair);
        Life {
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
        }
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

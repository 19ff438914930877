//! Rows that stay where they are: a growing table in pieces, so that nothing is copied and no
//! memory is touched that holds nothing. Memory that was never touched before is the most
//! expensive there is.

/// Most bytes of one piece: few enough for tallies of a hundred parts with hardly more users than fill one.
const PIECE_BYTES_MAX: usize = 16 << 10;

/// A list that only grows, of rows that are numbered in the order of arrival.
#[derive(Debug, Clone)]
pub(crate) struct Rows<T> {
    pieces: Vec<Vec<T>>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { pieces: Vec::new() }
    }
}

impl<T> Rows<T> {
    /// Rows of one piece are so many bits of a number, which so tells the row's place without a division.
    const PIECE_BITS: u32 = (PIECE_BYTES_MAX / size_of::<T>()).ilog2();
    const PIECE_LEN: usize = 1 << Self::PIECE_BITS;

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self.pieces.split_last() {
            Some((last, full)) => full.len() * Self::PIECE_LEN + last.len(),
            None => 0,
        }
    }

    /// The number of the row that is appended next.
    ///
    /// # Panics
    ///
    /// Where four bytes do not hold it.
    pub fn next_number(&self) -> u32 {
        u32::try_from(self.len()).expect("fewer than 2^32 rows")
    }

    /// The row of that number.
    pub fn get(&self, number: u32) -> Option<&T> {
        self.pieces.get((number >> Self::PIECE_BITS) as usize)?.get(Self::within(number))
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.pieces.get_mut((number >> Self::PIECE_BITS) as usize)?.get_mut(Self::within(number))
    }

    /// Every row, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten()
    }

    /// Every row in that order, by value: pieces are given back one by one.
    pub fn into_rows(self) -> impl Iterator<Item = T> {
        self.pieces.into_iter().flatten()
    }

    const fn within(number: u32) -> usize {
        number as usize % Self::PIECE_LEN
    }

    /// Appends a row, which gets the [next number](Rows::next_number).
    ///
    /// # Panics
    ///
    /// As that does.
    pub fn push(&mut self, row: T) {
        match self.pieces.last_mut().filter(|piece| piece.len() < Self::PIECE_LEN) {
            Some(piece) => piece.push(row),
            None => {
                // The first one grows with its rows: there may be many lists that stay short.
                let room = if self.next_number() == 0 { 0 } else { Self::PIECE_LEN };
                let mut piece = Vec::with_capacity(room);
                piece.push(row);
                self.pieces.push(piece);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_numbers_over_the_ends_of_pieces() {
        let mut rows = Rows::default();
        let len = 3 * Rows::<u32>::PIECE_LEN + 1;
        for place in 0..len {
            assert_eq!(rows.len(), place);
            let number = rows.next_number();
            assert_eq!(rows.get(number), None);
            rows.push(number);
        }
        assert!(rows.iter().copied().eq(0..len as u32));
        for number in 0..len as u32 {
            assert_eq!(rows.get_mut(number), Some(&mut { number }));
        }
        assert!(rows.into_rows().eq(0..len as u32));
    }
}

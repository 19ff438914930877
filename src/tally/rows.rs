//! Rows that stay where they are: a growing table in pieces, so that nothing is copied and no
//! memory is touched that holds nothing. Memory that was never touched before is the most
//! expensive there is.

/// Bytes of one piece: few enough for tallies of a hundred parts with a handful of users each, and a line
/// of memory less than a size that the allocator has, which adds what an alignment may cost and would
/// else take the next larger one.
const PIECE_BYTES: usize = (8 << 10) - 64;

/// A list that only grows. The numbers of its rows begin at zero and grow, with gaps: each piece has a power
/// of two of them, more than rows, so that a number tells the row's place without a division.
#[derive(Debug, Clone)]
pub(super) struct Rows<T> {
    pieces: Vec<Vec<T>>,
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self { pieces: Vec::new() }
    }
}

impl<T> Rows<T> {
    /// Rows of one piece.
    const PIECE_LEN: usize = PIECE_BYTES / size_of::<T>();
    /// Numbers of one piece, as a power of two.
    const PIECE_BITS: u32 = Self::PIECE_LEN.next_power_of_two().trailing_zeros();

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self.pieces.split_last() {
            Some((last, full)) => full.len() * Self::PIECE_LEN + last.len(),
            None => 0,
        }
    }

    /// The number of the row that has so many before it.
    ///
    /// # Panics
    ///
    /// Where four bytes do not hold it.
    pub fn number(place: usize) -> u32 {
        let number = (place / Self::PIECE_LEN) << Self::PIECE_BITS | (place % Self::PIECE_LEN);
        u32::try_from(number).expect("fewer than 2^31 rows")
    }

    /// The numbers of all rows.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + use<T> {
        (0..self.len()).map(Self::number)
    }

    /// The row of that number.
    pub fn get(&self, number: u32) -> Option<&T> {
        self.pieces.get((number >> Self::PIECE_BITS) as usize)?.get(Self::within(number))
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.pieces.get_mut((number >> Self::PIECE_BITS) as usize)?.get_mut(Self::within(number))
    }

    const fn within(number: u32) -> usize {
        number as usize & ((1 << Self::PIECE_BITS) - 1)
    }

    /// Appends a row, which gets the number of the place behind the last.
    pub fn push(&mut self, row: T) {
        match self.pieces.last_mut().filter(|piece| piece.len() < Self::PIECE_LEN) {
            Some(piece) => piece.push(row),
            None => {
                let mut piece = Vec::with_capacity(Self::PIECE_LEN);
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
            let number = Rows::<u32>::number(place);
            assert_eq!(rows.get(number), None);
            rows.push(number);
        }
        assert!(rows.numbers().is_sorted_by(|one, other| one < other));
        for number in rows.numbers().collect::<Vec<_>>() {
            assert_eq!(rows.get_mut(number), Some(&mut { number }));
        }
        assert_eq!(rows.numbers().count(), len);
        assert_eq!(rows.get(Rows::<u32>::PIECE_LEN as u32), None, "a gap");
    }
}

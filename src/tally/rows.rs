//! Rows that stay where they are: a growing table in pieces, so that nothing is copied and no
//! memory is touched that holds nothing. Memory that was never touched before is the most
//! expensive there is.

/// Bytes of one piece: few enough for tallies of a hundred parts with a handful of users each, and a line
/// of memory less than a size that the allocator has, which adds what an alignment may cost and would
/// else take the next larger one.
const PIECE_BYTES: usize = (8 << 10) - 64;

/// A list that only grows, numbered from zero.
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

    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self.pieces.split_last() {
            Some((last, full)) => full.len() * Self::PIECE_LEN + last.len(),
            None => 0,
        }
    }

    /// The row of that number.
    pub fn get(&self, number: u32) -> Option<&T> {
        let number = number as usize;
        self.pieces.get(number / Self::PIECE_LEN)?.get(number % Self::PIECE_LEN)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let number = number as usize;
        self.pieces.get_mut(number / Self::PIECE_LEN)?.get_mut(number % Self::PIECE_LEN)
    }

    /// Appends a row.
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
        for number in 0..3 * Rows::<u32>::PIECE_LEN as u32 + 1 {
            assert_eq!(rows.len(), number as usize);
            assert_eq!(rows.get(number), None);
            rows.push(number);
        }
        for number in 0..3 * Rows::<u32>::PIECE_LEN as u32 + 1 {
            assert_eq!(rows.get_mut(number), Some(&mut { number }));
        }
    }
}

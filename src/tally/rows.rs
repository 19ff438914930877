//! Rows that stay where they are: a growing table in pieces, so that nothing is copied and no
//! memory is touched that holds nothing. Memory that was never touched before is the most
//! expensive there is.

/// Rows of one piece, as a power of two.
const PIECE_BITS: u32 = 9;
const PIECE_LEN: usize = 1 << PIECE_BITS;

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
    /// How many rows there are.
    pub fn len(&self) -> usize {
        match self.pieces.split_last() {
            Some((last, full)) => full.len() * PIECE_LEN + last.len(),
            None => 0,
        }
    }

    /// The row of that number.
    pub fn get(&self, number: u32) -> Option<&T> {
        self.pieces.get((number >> PIECE_BITS) as usize)?.get(number as usize % PIECE_LEN)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.pieces.get_mut((number >> PIECE_BITS) as usize)?.get_mut(number as usize % PIECE_LEN)
    }

    /// Appends a row.
    pub fn push(&mut self, row: T) {
        match self.pieces.last_mut().filter(|piece| piece.len() < PIECE_LEN) {
            Some(piece) => piece.push(row),
            None => {
                let mut piece = Vec::with_capacity(PIECE_LEN);
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
        for number in 0..3 * PIECE_LEN as u32 + 1 {
            assert_eq!(rows.len(), number as usize);
            assert_eq!(rows.get(number), None);
            rows.push(number);
        }
        for number in 0..3 * PIECE_LEN as u32 + 1 {
            assert_eq!(rows.get_mut(number), Some(&mut { number }));
        }
    }
}

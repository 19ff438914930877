//! Names for the places that prove something.

use crate::model::{Category, Spot};

/// Knows what the inputs are called; whoever holds the plan implements it.
pub trait Places: Sync {
    /// The input's path as shown: below the argument it came from.
    fn input(&self, spot: Spot) -> &str;

    /// The name of the side file whose rows are charged as that category.
    fn side_file(&self, category: Category) -> &str;
}

impl<P: Places + ?Sized> Places for &P {
    fn input(&self, spot: Spot) -> &str {
        (**self).input(spot)
    }

    fn side_file(&self, category: Category) -> &str {
        (**self).side_file(category)
    }
}

//! What changes a subtotal: one kind of adjustment a file. To add one, copy [`percent`].

mod off;
mod percent;

pub use off::take_off;
pub use percent::discount;

use super::{Adjust, AdjustKind};
use crate::model::Cycle;

/// Whether the adjustment holds in the cycle, which counts by its first day; a credit belongs to
/// the cycle that holds its day.
pub fn holds(adjust: &Adjust, cycle: &Cycle) -> bool {
    let day = cycle.first_day;
    match adjust.kind {
        AdjustKind::Credit => adjust.cycle.is_some_and(|day| cycle.first_day <= day && day < cycle.end_day),
        AdjustKind::Percent | AdjustKind::Fixed => {
            adjust.from.is_none_or(|from| from <= day) && adjust.until.is_none_or(|until| day <= until)
        }
    }
}

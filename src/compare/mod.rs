//! Our users against the other party's list: what differs, in which way, and by how much.
//!
//! Pure: two lists in, differences out. Every row of theirs gets exactly one class, and every charge of
//! ours is taken by one of their rows or told as not billed by them. The room knows no file, no log and no
//! tariff: whoever calls it says what we bill and why not ([`OurUser`]), what they wrote ([`TheirRow`]), and what a
//! user costs ([`Prices`]).
//!
//! # Which class a row gets
//!
//! The first that holds:
//!
//! 1. `vendor_row_bad`: it cannot be read, or names nobody.
//! 2. `period`: it is for other days than the cycle's.
//! 3. Rows that name the same user and category (or, where they name none, the same user): one of them stands
//!    for all, the one with the right period, then with the right tenant, then the earliest. The others are
//!    `wrong_tenant` where their tenant is, else `duplicate_exact` or `duplicate_alias`.
//! 4. Where we bill that user in that category, the row takes our charge and is `wrong_tenant`, `amount` or `match`.
//! 5. Where we do not: `wrong_role` for a guest; `wrong_category` where we bill the user in another one that no row
//!    of theirs names, which is then taken; else `billed_not_seen`.
//!
//! What no row has taken in the end is `seen_not_billed`.

mod amounts;
mod class;
mod columns;
mod difference;
mod find;
mod matching;
mod ours;
mod spelling;
#[cfg(test)]
mod tests;
mod theirs;
mod why;

pub use amounts::{Prices, Stakes};
pub use class::DiffClass;
pub use columns::{Column, ColumnMap, DateOrder, Field};
pub use difference::{Comparison, Difference, Proof, Setting};
pub use matching::compare;
pub use ours::{Elsewhere, OurCharge, OurRefusal, OurUser, Side};
pub use spelling::Spelling;
pub use theirs::{Claim, Period, TheirRow, Wanted};

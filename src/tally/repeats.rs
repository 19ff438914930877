//! Whether a record tells of a transaction that was counted already.
//!
//! The key is the user, Call-ID and CSeq (RFC 3261 §17.2.3 has the branch besides, which logs
//! rarely show and proxies change), within 32 seconds of the record that was counted:
//! retransmissions of a REGISTER end after timer F. What is remembered stands with the user, whose
//! memory is near anyway, so it asks for nothing that grows with the log. Users are compared byte
//! for byte before this is asked; of Call-ID and CSeq a fingerprint is compared, which can at worst
//! count two registrations of one user within these seconds as one and never decides who is
//! billed.

use super::users::User;
use std::collections::HashMap;

/// Timer F of RFC 3261 §17.1.2.2, in microseconds.
const LIFE_MICROS: i64 = 32_000_000;
/// So many transactions of one user are remembered at the same time: the devices of one SIP-ID
/// that register at once.
const REMEMBERED: usize = 64;
/// The moment of a record without a clock.
const NEVER: i64 = i64::MIN;

/// Transactions that are still fresh and no longer their user's latest, by the user's number.
#[derive(Debug, Clone, Default)]
pub(super) struct Repeats {
    others: HashMap<u32, Vec<(u64, i64)>, ahash::RandomState>,
}

impl Repeats {
    /// Whether a record of that transaction (not zero) at that moment repeats one that was
    /// counted; remembers it where it does not.
    pub fn is_repeated(&mut self, number: u32, user: &mut User, transaction: u64, when: i64) -> bool {
        if user.transaction == transaction && are_near(user.when, when) {
            return true;
        }
        if user.has_others && self.is_among_others(number, transaction, when) {
            return true;
        }
        let is_other = user.transaction != 0 && user.transaction != transaction;
        if is_other && !is_over(user.when, when) {
            let others = self.others.entry(number).or_default();
            others.retain(|(_, begun)| !is_over(*begun, when));
            if others.len() == REMEMBERED {
                others.remove(0);
            }
            others.push((user.transaction, user.when));
            user.has_others = true;
        }
        (user.transaction, user.when) = (transaction, when);
        false
    }

    /// Takes over what another part remembered of a user whom both know.
    pub fn take_over(&mut self, other: &Self, their: (u32, &User), our: (u32, &mut User)) {
        let user = our.1;
        (user.transaction, user.when) = (their.1.transaction, their.1.when);
        if let Some(others) = other.others.get(&their.0) {
            user.has_others = true;
            self.others.insert(our.0, others.clone());
        }
    }

    fn is_among_others(&self, number: u32, transaction: u64, when: i64) -> bool {
        let others = self.others.get(&number).into_iter().flatten();
        others.into_iter().any(|known| known.0 == transaction && are_near(known.1, when))
    }
}

/// Whether the clock has run on past everything that can repeat what began then.
fn is_over(begun: i64, now: i64) -> bool {
    begun != NEVER && now != NEVER && now > begun.saturating_add(LIFE_MICROS)
}

/// Within timer F of one another, or without a clock.
fn are_near(one: i64, other: i64) -> bool {
    one == NEVER || other == NEVER || one.abs_diff(other) <= LIFE_MICROS.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::super::users::Users;
    use super::*;
    use proptest::prelude::*;

    /// For each record of one user, its transaction and second, whether it repeats one.
    fn repeated(records: &[(u64, Option<i64>)]) -> Vec<bool> {
        let mut users = Users::default();
        let number = users.add(1, b"a@x", super::super::entry::Cell::any(), |_| 1);
        let mut repeats = Repeats::default();
        let mut is_repeated = |(transaction, second): &(u64, Option<i64>)| {
            let when = second.map_or(NEVER, |second| second * 1_000_000);
            repeats.is_repeated(number, users.get_mut(number), *transaction, when)
        };
        records.iter().map(&mut is_repeated).collect()
    }

    #[test]
    fn a_transaction_counts_once_within_timer_f_either_way() {
        let at =
            |seconds: &[i64]| repeated(&seconds.iter().map(|second| (7, Some(*second))).collect::<Vec<_>>());
        assert_eq!(at(&[100, 100, 132, 133]), [false, true, true, false]);
        assert_eq!(at(&[100, 68, 67]), [false, true, false]);
    }

    #[test]
    fn devices_that_register_at_once_do_not_hide_one_another() {
        let devices: Vec<(u64, Option<i64>)> = (1..=40).chain(1..=40).map(|it| (it, Some(5))).collect();
        let expected: Vec<bool> = (0..80).map(|place| place >= 40).collect();
        assert_eq!(repeated(&devices), expected);
    }

    #[test]
    fn a_step_of_the_clock_backwards_forgets_nothing() {
        assert_eq!(
            repeated(&[(1, Some(600)), (2, Some(500)), (1, Some(601)), (2, Some(502))]),
            [false, false, true, true]
        );
    }

    #[test]
    fn without_a_clock_a_transaction_is_known_by_its_number() {
        assert_eq!(
            repeated(&[(1, None), (2, None), (1, None), (3, None), (2, None)]),
            [false, false, true, false, true]
        );
    }

    proptest! {
        #[test]
        fn a_log_that_runs_forwards_is_read_as_by_one_who_remembers_all(
            records in prop::collection::vec((1_u64..6, 0_i64..12), 0..60),
        ) {
            let mut second = 0;
            let records: Vec<(u64, Option<i64>)> = records
                .into_iter()
                .map(|(transaction, step)| { second += step; (transaction, Some(second)) })
                .collect();
            let mut counted: Vec<(u64, i64)> = Vec::new();
            let expected: Vec<bool> = records
                .iter()
                .map(|&(transaction, second)| {
                    let second = second.unwrap_or(0);
                    let is_known = counted.iter().any(|known| known.0 == transaction && second - known.1 <= 32);
                    if !is_known {
                        counted.push((transaction, second));
                    }
                    is_known
                })
                .collect();
            prop_assert_eq!(repeated(&records), expected);
        }
    }
}

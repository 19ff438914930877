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

/// In which stream a user's latest transaction was counted, of the last 128, and whether others of the user are remembered
/// besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fresh(u8);

impl Fresh {
    const OTHERS: u8 = 0x80;

    fn stream(self) -> u8 {
        self.0 & !Self::OTHERS
    }

    fn has_others(self) -> bool {
        self.0 & Self::OTHERS != 0
    }

    fn with_others(self) -> Self {
        Self(self.0 | Self::OTHERS)
    }
}

/// Transactions that are still fresh and no longer their user's latest, by the user's number.
#[derive(Debug, Clone, Default)]
pub(super) struct Repeats {
    others: HashMap<u32, Vec<(u64, i64)>, ahash::RandomState>,
    /// Of the stream that is being counted, less than [`Fresh::OTHERS`].
    stream: u8,
}

impl Repeats {
    /// Another stream begins: what it tells of repeats nothing that was told before. Whoever wanders from server to server
    /// would be remembered for nothing, since the clock goes back to where that stream begins.
    pub fn begin_stream(&mut self) {
        self.stream = (self.stream + 1) % Fresh::OTHERS;
        self.others = HashMap::default();
    }

    /// Whether a record of that transaction (not zero) at that moment repeats one that was
    /// counted; remembers it where it does not.
    pub fn is_repeated(&mut self, number: u32, user: &mut User, transaction: u64, when: i64) -> bool {
        if user.fresh.stream() != self.stream {
            user.fresh = Fresh(self.stream);
            (user.transaction, user.when) = (transaction, when);
            return false;
        }
        if user.transaction == transaction && are_near(user.when, when) {
            return true;
        }
        if user.fresh.has_others() && self.is_among_others(number, transaction, when) {
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
            user.fresh = user.fresh.with_others();
        }
        (user.transaction, user.when) = (transaction, when);
        false
    }

    /// Nothing remembered yet, in the stream that another part counts.
    pub fn beside(other: &Self) -> Self {
        Self { stream: other.stream, ..Self::default() }
    }

    /// Takes over what another part remembered of a user whom both know.
    pub fn take_over(&mut self, other: &Self, their: (u32, &User), our: (u32, &mut User)) {
        let user = our.1;
        (user.transaction, user.when, user.fresh) = (their.1.transaction, their.1.when, their.1.fresh);
        if let Some(others) = other.others.get(&their.0) {
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
    fn another_stream_repeats_nothing_and_remembers_nothing_of_the_one_before() {
        let mut users = Users::default();
        let number = users.add(1, b"a@x", super::super::entry::Cell::any(), |_| 1);
        let mut repeats = Repeats::default();
        // Once more than there are numbers for streams.
        for stream in 0_u64..200 {
            let mut is_repeated = |transaction, second: i64| {
                let transaction = 10 * stream + transaction;
                repeats.is_repeated(number, users.get_mut(number), transaction, second * 1_000_000)
            };
            let each = [(1, 600), (2, 600), (1, 601), (2, 602), (1, 700)]
                .map(|(it, second)| is_repeated(it, second));
            assert_eq!(each, [false, false, true, true, false]);
            assert_eq!(repeats.others.len(), 1);
            repeats.begin_stream();
            assert_eq!(repeats.others.len(), 0);
        }
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

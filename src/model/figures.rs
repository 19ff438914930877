//! What the charts of an invoice show.

use super::{BilledUser, Category, Decision, Platform};

/// Days of a cycle at most.
const DAYS: usize = 64;
const CATEGORIES: usize = Category::ALL.len();
const PLATFORMS: usize = Platform::ALL.len();

/// Distinct billed users of one tenant and cycle, by platform and by day. Joins in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    platforms: [[u64; PLATFORMS]; CATEGORIES],
    days: [u64; DAYS],
}

impl Default for Figures {
    fn default() -> Self {
        Self { platforms: [[0; PLATFORMS]; CATEGORIES], days: [0; DAYS] }
    }
}

impl Figures {
    /// Counts one user, of whom this is decided.
    pub fn add(&mut self, decision: &Decision<'_>) {
        let mut days = 0;
        for user in &decision.billed {
            let BilledUser { category, platforms, .. } = user;
            platforms.iter().for_each(|platform| self.platforms[*category as usize][platform as usize] += 1);
            days |= user.days;
        }
        while days != 0 {
            self.days[days.trailing_zeros() as usize] += 1;
            days &= days - 1;
        }
    }

    /// Adds what was counted of other users.
    pub fn join(&mut self, other: &Self) {
        let platforms = self.platforms.iter_mut().flatten().zip(other.platforms.iter().flatten());
        let days = self.days.iter_mut().zip(&other.days);
        platforms.chain(days).for_each(|(sum, more)| *sum += more);
    }

    /// Users billed in that category who were seen on each platform, in the order of
    /// [`Platform::ALL`], without the zeros. One who was seen on two counts on both.
    pub fn platforms(&self, category: Category) -> impl Iterator<Item = (Platform, u64)> {
        let counts = &self.platforms[category as usize];
        Platform::ALL.into_iter().zip(counts.iter().copied()).filter(|(_, users)| *users > 0)
    }

    /// Billed users who were active on each of the cycle's first days, so many of them: with a registration, a
    /// message or a conference of their own on that day.
    pub fn days(&self, days: u16) -> &[u64] {
        &self.days[..usize::from(days).min(DAYS)]
    }
}

//! A bound for what strangers can fill the tally with.
//!
//! Whoever reaches a registrar can be refused under any name, so refused and attempting users are
//! not bounded by the operator's accounts. Beyond [`LISTED_USERS`] of them the names with the
//! smallest hashes are kept and the others only counted. Which ones these are depends on the names
//! alone: the smallest of a union are the smallest of the parts' smallest, in whatever order the
//! parts come. Accepted registrations and all else that takes an account are never touched.

use crate::model::Standing;

/// So many users who were refused, only attempted or only asked are listed by name.
pub const LISTED_USERS: usize = 200_000;

/// Whether a stranger without any account can bring it about.
pub(super) const fn is_faint(standing: Standing) -> bool {
    matches!(standing, Standing::Attempted | Standing::Refused | Standing::Fetched)
}

/// What is listed and what is only counted.
#[derive(Debug, Clone)]
pub(super) struct Faint {
    /// Names that hash to more are only counted.
    pub limit: u64,
    /// Observations that were only counted.
    pub unlisted: u64,
    /// At how many entries of such users to look for names to drop.
    pub most: usize,
}

impl Default for Faint {
    fn default() -> Self {
        Self { limit: u64::MAX, unlisted: 0, most: 2 * LISTED_USERS }
    }
}

impl Faint {
    /// Whether faint observations of that user are listed.
    pub fn lists(&self, user: &[u8]) -> bool {
        self.limit == u64::MAX || name_hash(user) <= self.limit
    }

    /// Whether some are only counted.
    pub const fn is_limited(&self) -> bool {
        self.limit != u64::MAX
    }

    /// Takes over the stricter limit and the counts of another part.
    pub fn join(&mut self, other: &Self) {
        self.limit = self.limit.min(other.limit);
        self.unlisted += other.unlisted;
    }

    /// Draws the limit so that `listed` of these users remain; `false` where there are no more.
    pub fn draw<'u>(&mut self, users: impl Iterator<Item = &'u [u8]>, listed: usize) -> bool {
        let mut hashes: Vec<u64> = users.map(name_hash).collect();
        if hashes.len() < listed || (hashes.len() == listed && !self.is_limited()) {
            return false;
        }
        let (_, limit, _) = hashes.select_nth_unstable(listed - 1);
        self.limit = *limit;
        true
    }
}

/// FNV-1a with a final mix: the same on every machine and in every release, since it decides what
/// an output lists.
fn name_hash(user: &[u8]) -> u64 {
    let hash = user.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    // The largest value stands for no limit.
    (hash ^ (hash >> 33)).min(u64::MAX - 1)
}

//! Each user at the price of the tier that user falls into: one line a tier.

use super::Priced;
use crate::billing::Tier;

pub(super) fn price(users: u64, tiers: &[Tier]) -> Vec<Priced> {
    let mut lines = Vec::new();
    let mut priced = 0;
    for tier in tiers {
        let upto = tier.upto.unwrap_or(u64::MAX).min(users);
        if upto > priced || lines.is_empty() {
            let detail = match (upto, tier.upto) {
                (0, _) => String::new(),
                (_, Some(edge)) => format!("users {} to {edge}", priced + 1),
                (_, None) if priced == 0 => String::new(),
                (_, None) => format!("users from {} on", priced + 1),
            };
            lines.push(Priced::new(detail, upto - priced, tier.price));
            priced = upto;
        }
        if priced == users {
            break;
        }
    }
    assert_eq!(priced, users, "the book sees to it that the last tier is open");
    lines
}

#[cfg(test)]
mod tests {
    use super::super::{shown, tiers};
    use super::*;

    #[test]
    fn each_tier_prices_its_own_users() {
        let tiers = tiers(&[(Some(100), "0.90"), (Some(200), "0.80"), (None, "0.75")]);
        for (users, expected) in [
            (0, vec![(0, "0.90")]),
            (1, vec![(1, "0.90")]),
            (100, vec![(100, "0.90")]),
            (101, vec![(100, "0.90"), (1, "0.80")]),
            (200, vec![(100, "0.90"), (100, "0.80")]),
            (201, vec![(100, "0.90"), (100, "0.80"), (1, "0.75")]),
        ] {
            let expected: Vec<(u64, String)> = expected.iter().map(|(n, p)| (*n, (*p).to_owned())).collect();
            assert_eq!(shown(&price(users, &tiers)), expected, "{users}");
        }
    }
}

//! All users at the price of the tier that their number reaches.

use super::Priced;
use crate::billing::Tier;

pub(super) fn price(users: u64, tiers: &[Tier]) -> Vec<Priced> {
    let reached = tiers.iter().find(|tier| tier.upto.is_none_or(|upto| users <= upto));
    // The book refuses a list whose last tier is closed; the last price then is the best answer.
    let Some(tier) = reached.or(tiers.last()) else { return Vec::new() };
    let detail = match tier.upto {
        Some(upto) => format!("up to {upto} users"),
        None if tiers.len() == 1 => String::new(),
        None => "highest tier".to_owned(),
    };
    vec![Priced::new(detail, users, tier.price)]
}

#[cfg(test)]
mod tests {
    use super::super::{shown, tiers};
    use super::*;

    #[test]
    fn one_user_more_changes_everybodys_price() {
        let tiers = tiers(&[(Some(5), "1.00"), (None, "0.80")]);
        for (users, unit) in [(0, "1.00"), (1, "1.00"), (5, "1.00"), (6, "0.80")] {
            assert_eq!(shown(&price(users, &tiers)), [(users, unit.to_owned())], "{users}");
        }
    }
}

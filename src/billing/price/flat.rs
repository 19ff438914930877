//! Every user at one price.

use super::Priced;
use rust_decimal::Decimal;

pub(super) fn price(users: u64, price: Decimal) -> Vec<Priced> {
    vec![Priced::new("", users, price)]
}

#[cfg(test)]
mod tests {
    use super::super::shown;
    use super::*;

    #[test]
    fn users_times_price() {
        for users in [0, 1, 7] {
            let lines = price(users, "1.10".parse().unwrap());
            assert_eq!(shown(&lines), [(users, "1.10".to_owned())]);
        }
        assert_eq!(price(7, "1.10".parse().unwrap())[0].exact(), "7.70".parse().unwrap());
    }
}

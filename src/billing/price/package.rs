//! Packages of so many users, begun ones in full.

use super::Priced;
use rust_decimal::Decimal;

pub(super) fn price(users: u64, size: u64, price: Decimal) -> Vec<Priced> {
    // The book refuses packages of nobody.
    let packages = users.div_ceil(size.max(1));
    vec![Priced::new(format!("packages of {size} users"), packages, price)]
}

#[cfg(test)]
mod tests {
    use super::super::shown;
    use super::*;

    #[test]
    fn a_begun_package_counts_in_full() {
        for (users, packages) in [(0, 0), (1, 1), (25, 1), (26, 2)] {
            let lines = price(users, 25, "10".parse().unwrap());
            assert_eq!(shown(&lines), [(packages, "10".to_owned())], "{users}");
        }
    }
}

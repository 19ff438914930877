//! Distinct users per domain and platform, with totals: `users --summary`.

use super::digits::grouped;
use super::table::{Column, Table};
use super::text::escaped;
use crate::model::{DomainSummary, Platform};

/// One line per domain in the order given, and a total. Only platforms that occur have a column.
///
/// A user belongs to one domain, so the totals are the sums; one seen on two platforms counts
/// under both, so platforms may add up to more than the users.
pub fn users_summary(domains: &[DomainSummary], width: Option<usize>) -> String {
    let count = |domain: &DomainSummary, platform: Platform| {
        domain.by_platform.iter().filter(|(each, _)| *each == platform).map(|(_, users)| users).sum::<u64>()
    };
    let occurring: Vec<Platform> = Platform::ALL
        .into_iter()
        .filter(|&platform| domains.iter().any(|domain| count(domain, platform) > 0))
        .collect();

    let mut columns = vec![Column::elastic("domain", 12), Column::number("users")];
    columns.extend(occurring.iter().map(|platform| Column::number(platform.name())));
    columns.extend([Column::number("generic"), Column::number("desktop")]);
    let mut table = Table::new(columns);

    let counts = |domain: &DomainSummary| -> Vec<u64> {
        let platforms = occurring.iter().map(|&platform| count(domain, platform));
        [domain.users].into_iter().chain(platforms).chain([domain.generic, domain.desktop]).collect()
    };
    let row = |name: String, counts: &[u64]| [name].into_iter().chain(counts.iter().map(grouped)).collect();
    let mut totals = vec![0; occurring.len() + 3];
    for domain in domains {
        let name = domain.domain.as_deref().map_or("(none)".to_owned(), |name| escaped(name.as_bytes()));
        let counts = counts(domain);
        for (total, count) in totals.iter_mut().zip(&counts) {
            *total += count;
        }
        table.push(row(name, &counts));
    }
    table.push_total(row("total".to_owned(), &totals));
    table.lines(width).plain()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_add_up_and_absent_platforms_have_no_column() {
        let acme = DomainSummary {
            domain: Some("acme.example.net".to_owned()),
            users: 1_204,
            by_platform: vec![(Platform::Ios, 900), (Platform::Macos, 310)],
            generic: 900,
            desktop: 310,
        };
        let bare = DomainSummary {
            domain: None,
            users: 3,
            by_platform: vec![(Platform::Unknown, 3)],
            generic: 0,
            desktop: 0,
        };
        insta::assert_snapshot!(users_summary(&[acme, bare], Some(80)), @r"
        domain            users  ios  macos  unknown  generic  desktop
        ──────────────────────────────────────────────────────────────
        acme.example.net  1,204  900    310        0      900      310
        (none)                3    0      0        3        0        0
        ──────────────────────────────────────────────────────────────
        total             1,207  900    310        3      900      310
        ");
    }
}

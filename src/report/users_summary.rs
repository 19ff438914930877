//! Distinct users per domain and platform, with totals: `users --summary`.

use super::digits::grouped;
use super::table::{Column, Table};
use super::text::{escaped, json_safe};
use super::{Dialect, Sheet};
use crate::model::{DomainSummary, Platform};
use std::collections::BTreeMap;
use std::io::{self, Write};

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

/// The same as CSV, a row for each number: `of` is `users`, `generic`, `desktop`, or a platform. Totals are
/// left to the reader.
///
/// # Errors
///
/// What the writer says.
pub fn write_users_summary_csv(
    out: &mut dyn Write,
    dialect: Dialect,
    domains: &[DomainSummary],
) -> io::Result<()> {
    let mut sheet = Sheet::new(out, dialect, &["domain", "of", "users"]);
    for domain in domains {
        let platforms = domain.by_platform.iter().map(|(platform, users)| (platform.name(), *users));
        let sums = [("users", domain.users), ("generic", domain.generic), ("desktop", domain.desktop)];
        for (of, users) in sums.into_iter().chain(platforms) {
            sheet.row(|row| {
                row.log_text(domain.domain.as_deref().unwrap_or_default().as_bytes());
                row.value(of);
                row.value(users);
            })?;
        }
    }
    sheet.finish()
}

/// The same as one object a line; `domain` is null for users without one.
///
/// # Errors
///
/// What the writer says.
pub fn write_users_summary_ndjson(out: &mut dyn Write, domains: &[DomainSummary]) -> io::Result<()> {
    for domain in domains {
        let platforms = domain.by_platform.iter().map(|(platform, users)| (platform.name(), *users));
        let line = serde_json::json!({
            "domain": domain.domain,
            "users": domain.users,
            "generic": domain.generic,
            "desktop": domain.desktop,
            "platforms": platforms.collect::<BTreeMap<_, _>>(),
        });
        writeln!(out, "{}", json_safe(line.to_string()))?;
    }
    Ok(())
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

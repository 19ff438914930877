//! `[[tenant]]`: who is billed apart, for which domains, and at which prices of their own.

use super::problems::quoted;
use super::scope::{Merged, Scope, scope};
use super::section::{Field, Section, Shown};
use super::value::{domains, text};
use super::versions::{Version, versions};
use crate::billing::{Activity, Tariff};
use crate::model::{Customer, Letterhead};
use crate::platform::AgentPolicy;
use std::collections::BTreeMap;

/// The tenant that owns every domain of a book without any `[[tenant]]`.
const IMPLIED: &str = "default";

/// One tenant with all that holds for it after its overrides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Also the name of its folder in the output: no letter that a path would mind.
    pub name: String,
    /// In lower case and book order; no other tenant has any of them. Empty for the implied
    /// tenant `default`, which owns every domain.
    pub domains: Vec<String>,
    pub tariff: Tariff,
    pub activity: Activity,
    pub agents: AgentPolicy,
    pub letterhead: Letterhead,
    pub customer: Customer,
    pub(super) shown: Vec<Shown>,
}

/// A `[[tenant]]` before the book's own tables are laid under it.
pub(super) struct Overrides {
    pub(super) name: String,
    pub(super) domains: Vec<String>,
    pub(super) scope: Scope,
    pub(super) versions: Vec<Version>,
    pub(super) line: usize,
    pub(super) shown: Shown,
}

impl Overrides {
    /// The `[[tenant]]` of a book that has none: it overrides nothing.
    pub(super) fn implied() -> Self {
        let shown = Shown { title: String::new(), rows: Vec::new() };
        Self {
            name: IMPLIED.to_owned(),
            domains: Vec::new(),
            scope: Scope::default(),
            versions: Vec::new(),
            line: 1,
            shown,
        }
    }

    /// The tenant, with what holds for it in the end.
    pub(super) fn with(&self, merged: Merged) -> Tenant {
        let Merged { tariff, activity, letterhead, customer, shown } = merged;
        let own = Shown { title: String::new(), ..self.shown.clone() };
        Tenant {
            name: self.name.clone(),
            domains: self.domains.clone(),
            tariff,
            activity: activity.activity,
            agents: activity.agents,
            letterhead,
            customer,
            shown: std::iter::once(own).chain(shown).collect(),
        }
    }
}

/// All of `[[tenant]]` in order. Names and domains are distinct, or it is reported.
pub(super) fn tenants(root: &Section<'_>) -> Vec<Overrides> {
    let mut tenants: Vec<Overrides> = Vec::new();
    // Domain to the tenant that claimed it, and where.
    let mut claimed: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for read in root.tables("tenant", None, tenant).into_iter().flatten() {
        let Written { name, domains, domains_line, scope, versions } = read.value;
        // Folders of two names that differ in case alone are one folder on some systems.
        let is_same = |before: &&Overrides| before.name.eq_ignore_ascii_case(&name);
        if let Some(before) = tenants.iter().find(is_same) {
            let text = format!("a second tenant {}; the first is on line {}", quoted(&name), before.line);
            root.problems.report(read.line, text);
        }
        for domain in &domains {
            if let Some((owner, line)) = claimed.get(domain) {
                let whose = if *owner == name {
                    "by this tenant".to_owned()
                } else {
                    format!("by tenant {}", quoted(owner))
                };
                let text = format!("domain {} is claimed already {whose} on line {line}", quoted(domain));
                root.problems.report(domains_line, text);
            } else {
                claimed.insert(domain.clone(), (name.clone(), domains_line));
            }
        }
        tenants.push(Overrides { name, domains, scope, versions, line: read.line, shown: read.shown });
    }
    tenants
}

/// A `[[tenant]]` as it is written.
struct Written {
    name: String,
    domains: Vec<String>,
    domains_line: usize,
    scope: Scope,
    versions: Vec<Version>,
}

fn tenant(table: &Section<'_>) -> Option<Written> {
    let written_name = table.text_of("name").unwrap_or("?");
    table.belongs_to(written_name);
    let name = table.need("name", name);
    let domains = table.need("domains", domains);
    if table.array("domains").is_some_and(toml_edit::Array::is_empty) {
        let text = "`domains` is empty; name at least one, or nobody is billed";
        table.problems.report(table.line_of("domains"), text);
    }
    for key in ["cycle", "logs", "identity", "source", "pattern", "platform", "quality", "ledger", "schema"] {
        table.refuse(key, "may not differ by tenant; it holds for the whole book");
    }
    let (scope, versions) = (scope(table), versions(table));
    Some(Written { name: name?, domains: domains?, domains_line: table.line_of("domains"), scope, versions })
}

fn name(field: &Field<'_, '_>) -> Option<String> {
    let name = text(field)?;
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if !name.chars().all(is_plain) || name.starts_with('.') || name.len() > 64 {
        let shown = quoted(&name);
        return field.fault(format!(
            "tenant name {shown} names a folder too; use up to 64 letters, digits, `-`, `_` and `.`"
        ));
    }
    if name.eq_ignore_ascii_case("unassigned") {
        return field.fault("tenant name `unassigned` is taken by the domains that no tenant claims");
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::super::testing::problems_of;
    use super::*;

    fn complaints(toml: &str) -> Vec<String> {
        problems_of(toml, |root| Some(tenants(root)))
    }

    #[test]
    fn names_and_domains_are_claimed_once() {
        assert_eq!(
            complaints(
                "[[tenant]]\nname = 'acme'\ndomains = ['a.example', 'A.example']\n\
                 [[tenant]]\nname = 'Acme'\ndomains = ['b.example', 'a.EXAMPLE']\n"
            ),
            [
                "3: domain `a.example` is claimed already by this tenant on line 3",
                "4: a second tenant `Acme`; the first is on line 1",
                "6: domain `a.example` is claimed already by tenant `acme` on line 3",
            ]
        );
    }

    #[test]
    fn a_name_that_is_no_folder_is_refused() {
        for name in ["a/b", "..", "", "Ž", "unassigned"] {
            assert_eq!(
                complaints(&format!("[[tenant]]\nname = '{name}'\ndomains = ['a']\n")).len(),
                1,
                "{name}"
            );
        }
    }

    #[test]
    fn what_holds_for_the_book_may_not_differ_by_tenant() {
        assert_eq!(
            complaints(
                "[[tenant]]\nname = 'a'\ndomains = []\n[tenant.cycle]\nkind = 'month'\n[[tenant.source]]\npaths = []\n\
                 [tenant.taxes]\nrate = '1'\n[[tenant.charge]]\ncategory = 'generic'\nmodel = 'flat'\nprize = '1'\n"
            ),
            [
                "3: `domains` is empty; name at least one, or nobody is billed",
                "4: `cycle` may not differ by tenant; it holds for the whole book",
                "6: `source` may not differ by tenant; it holds for the whole book",
                "8: unknown table `taxes` in [[tenant]]; did you mean `tax`?",
                "13: unknown key `prize` in [[tenant.charge]]; did you mean `price`?",
            ]
        );
    }
}

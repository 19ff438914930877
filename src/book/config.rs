//! `[logs]`, `[identity]`, `[[source]]`, `[[pattern]]`, `[[platform]]`: all that verbs without
//! prices need, from a book or from a file that holds these tables alone.

use super::activity::push_servers;
use super::charges::existing_file;
use super::names::names;
use super::patterns::patterns;
use super::platforms::platform_rules;
use super::problems::Problem;
use super::problems::quoted;
use super::section::{Field, Row, Section, Shown};
use super::value::{Zone, boolean, domain, duration, host, list, positive, text, zone};
use crate::formats::pattern::PatternSpec;
use crate::identity::{Policy, UserCase};
use crate::platform::{AgentPolicy, RuleSpec};
use std::collections::BTreeMap;

/// The longest binding that a registrar grants unless told otherwise, in seconds.
pub const MAX_EXPIRY_DEFAULT: u32 = 7_200;

/// The longest silence of a log through which a binding is still believed, in seconds.
pub const COVERAGE_GAP_DEFAULT: u32 = 6 * 3_600;

/// How to read the logs and whom to recognise in them: everything but prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    pub logs: Logs,
    /// What every source starts from.
    pub identity: Policy,
    /// In book order: the first whose glob fits a file wins.
    pub sources: Vec<Source>,
    pub patterns: Vec<PatternSpec>,
    /// They come before the rules that are shipped.
    pub platform_rules: Vec<RuleSpec>,
    /// Regular expressions that name push servers' User-Agents.
    pub push_agents: Vec<String>,
    /// Addresses and networks (CIDR) of push servers. A book whose tenants name their own has
    /// all of them here: which address registered is known before whose user it was.
    pub push_sources: Vec<String>,
    /// What may be meant and often is not; empty inside a book, which has them all itself.
    pub warnings: Vec<Problem>,
    pub(super) shown: Vec<Shown>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            logs: Logs::default(),
            identity: Policy::default(),
            sources: Vec::new(),
            patterns: Vec::new(),
            platform_rules: Vec::new(),
            push_agents: AgentPolicy::default().push_agents,
            push_sources: Vec::new(),
            warnings: Vec::new(),
            shown: Vec::new(),
        }
    }
}

/// `[logs]`: what holds for every log that no source says otherwise of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs {
    /// Zone of stamps that carry none.
    pub zone: Option<Zone>,
    pub year: Option<YearRule>,
    /// The registrar's `max_expiry`, in seconds.
    pub max_expiry: u32,
    /// Longest silence through which a binding is believed, in seconds.
    pub coverage_gap: u32,
}

impl Default for Logs {
    fn default() -> Self {
        Self { zone: None, year: None, max_expiry: MAX_EXPIRY_DEFAULT, coverage_gap: COVERAGE_GAP_DEFAULT }
    }
}

/// Where the year of stamps without one comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum YearRule {
    /// The year of the last line.
    Is(i16),
    /// The file's time of modification, on the operator's word.
    Mtime,
}

/// `[[source]]`: one server's logs, and how that server treats an AOR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Globs on the path below a PATH argument.
    pub paths: Vec<String>,
    /// Zone of stamps that carry none.
    pub zone: Option<Zone>,
    /// The registrar's `max_expiry`, in seconds.
    pub max_expiry: u32,
    /// The whole policy: `[identity]` with this source's own keys over it.
    pub identity: Policy,
}

/// Reads the tables from the root, without the push servers.
pub(super) fn config(root: &Section<'_>) -> Config {
    let mut shown = Vec::new();
    let logs = root.table("logs", |table| Some(logs(table)));
    let logs = logs.map_or_else(Logs::default, |read| {
        shown.push(read.shown);
        read.value
    });
    let identity = root.table("identity", |table| Some(policy(table, &Policy::default())));
    let identity = identity.map_or_else(Policy::default, |read| {
        shown.push(read.shown);
        read.value
    });
    let mut sources = Vec::new();
    let above: Vec<Row> = shown.iter().flat_map(|table: &Shown| table.rows.clone()).collect();
    for (index, read) in root
        .tables("source", None, |table| {
            table.inherits(&above);
            source(table, &logs, &identity)
        })
        .into_iter()
        .flatten()
        .enumerate()
    {
        shown.push(Shown { title: format!("source {}", index + 1), ..read.shown });
        sources.push(read.value);
    }
    let (patterns, pattern_rows) = patterns(root);
    let (platform_rules, rule_rows) = platform_rules(root);
    shown.extend(pattern_rows);
    shown.extend(rule_rows);
    Config { logs, identity, sources, patterns, platform_rules, shown, ..Config::default() }
}

/// The push servers of `[activity]`, for those who read no prices.
pub(super) fn config_push_servers(root: &Section<'_>, config: &mut Config) {
    if let Some(table) = root.peek("activity") {
        (config.push_agents, config.push_sources) = push_servers(&table);
    }
}

fn logs(table: &Section<'_>) -> Logs {
    let default = Logs::default();
    Logs {
        zone: table.get("zone", zone),
        year: table.get("year", year),
        max_expiry: table.get_or("max_expiry", seconds, default.max_expiry, "7200"),
        coverage_gap: table.get_or("coverage_gap", duration, default.coverage_gap, "6h"),
    }
}

fn year(field: &Field<'_, '_>) -> Option<YearRule> {
    if field.value.as_str() == Some("mtime") {
        return Some(YearRule::Mtime);
    }
    match field.value.as_integer().and_then(|year| i16::try_from(year).ok()) {
        Some(year) if (1970..=9999).contains(&year) => Some(YearRule::Is(year)),
        _ => field.fault(format!(
            "`year` is {}; write a year such as `2026`, or `\"mtime\"`",
            quoted(field.written())
        )),
    }
}

fn seconds(field: &Field<'_, '_>) -> Option<u32> {
    let number = positive(field)?;
    u32::try_from(number)
        .ok()
        .or_else(|| field.fault(format!("`{}` is {number} seconds, which no registrar grants", field.key)))
}

/// The keys that say what a registrar does to an AOR, over a policy that holds where they are absent.
fn policy(table: &Section<'_>, base: &Policy) -> Policy {
    let case_shown = match base.user_case {
        UserCase::Server => "as the server does",
        UserCase::Fold => "false",
        UserCase::Keep => "true",
    };
    let case = |field: &Field<'_, '_>| {
        boolean(field).map(|is_sensitive| if is_sensitive { UserCase::Keep } else { UserCase::Fold })
    };
    let user_case = table.get_or("case_sensitive", case, base.user_case, case_shown);
    let use_domain = table.get_or("use_domain", boolean, base.use_domain, &base.use_domain.to_string());
    let or_base = |key: &'static str, base: &Option<String>| {
        let shown = base.as_deref().unwrap_or("-").to_owned();
        table.get_or(key, |field| domain(field).map(Some), base.clone(), &shown)
    };
    let default_domain = or_base("default_domain", &base.default_domain);
    let realm_prefix = or_base("realm_prefix", &base.realm_prefix);
    let aliases = aliases(table, base);
    if !use_domain && default_domain.is_none() {
        let text = "`use_domain = false` without `default_domain` leaves users without a domain";
        table.problems.warn(table.line_of("use_domain"), text);
    }
    let mut known = base.names.clone();
    if let Some(path) = table.get("names", existing_file) {
        let read = names(&table.file.folder.join(path), default_domain.as_deref(), table.problems);
        known.extend(read.into_iter().map(|(aor, sip_id)| {
            // The registrar's own folding holds for what this file gives, too.
            let sip_id = if user_case == UserCase::Fold { sip_id.to_ascii_lowercase() } else { sip_id };
            (aor, sip_id)
        }));
    }
    Policy { user_case, use_domain, default_domain, realm_prefix, aliases, names: known }
}

/// `aliases`: other name of a domain to the domain, one step deep.
fn aliases(table: &Section<'_>, base: &Policy) -> BTreeMap<String, String> {
    let Some(written) = table.own_table("aliases") else {
        table.note("aliases", "none", None);
        return base.aliases.clone();
    };
    let mut aliases = BTreeMap::new();
    let mut lines = BTreeMap::new();
    for (alias, line, item) in written {
        let Some(target) = item.as_str().and_then(host) else {
            table.problems.report(line, format!("alias {} must name a domain, in quotes", quoted(alias)));
            continue;
        };
        let Some(alias) = host(alias) else {
            table.problems.report(line, format!("alias {} is no domain", quoted(alias)));
            continue;
        };
        if alias == target {
            table.problems.report(line, format!("alias {} leads to itself", quoted(&alias)));
            continue;
        }
        lines.insert(alias.clone(), line);
        if aliases.insert(alias.clone(), target).is_some() {
            table.problems.report(line, format!("alias {} is written twice; keep one", quoted(&alias)));
        }
    }
    for (alias, target) in &aliases {
        if let Some(end) = aliases.get(target) {
            let text = format!(
                "alias {} leads to {}, which is an alias itself; did you mean {}?",
                quoted(alias),
                quoted(target),
                quoted(end)
            );
            table.problems.report(lines[alias], text);
        }
    }
    let shown: Vec<String> = aliases.iter().map(|(alias, target)| format!("{alias} = {target}")).collect();
    table.note("aliases", shown.join(", "), Some(table.line_of("aliases")));
    aliases
}

fn source(table: &Section<'_>, logs: &Logs, identity: &Policy) -> Option<Source> {
    let paths = table.need("paths", |field| list(field, glob));
    if table.array("paths").is_some_and(toml_edit::Array::is_empty) {
        table.problems.report(table.line_of("paths"), "`paths` is empty; write a glob such as `\"pbx1/**\"`");
    }
    let zone_shown = logs.zone.as_ref().map_or("-", |zone| &zone.name);
    let zone = table.get_or("zone", |field| zone(field).map(Some), logs.zone.clone(), zone_shown);
    let max_expiry = table.get_or("max_expiry", seconds, logs.max_expiry, &logs.max_expiry.to_string());
    let identity = policy(table, identity);
    Some(Source { paths: paths?, zone, max_expiry, identity })
}

fn glob(field: &Field<'_, '_>) -> Option<String> {
    let written = text(field)?;
    match globset::Glob::new(&written) {
        Ok(_) => Some(written),
        Err(error) => field.fault(format!("`paths` {} is no glob: {}", quoted(&written), error.kind())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::problems_of;
    use super::*;

    fn complaints(toml: &str) -> Vec<String> {
        problems_of(toml, |root| Some(config(root)))
    }

    #[test]
    fn logs_and_identity_are_checked() {
        assert_eq!(
            complaints(
                "[logs]\nzone = 'Europe/Prag'\nyear = 26\nmax_expiry = 0\ncoverage_gap = 6\n\
                 [identity]\ncase_sensitive = 'no'\ndefault_domain = 'a@b'\nusedomain = true\n"
            ),
            [
                "2: unknown zone `Europe/Prag`; did you mean `Europe/Prague`?",
                "3: `year` is `26`; write a year such as `2026`, or `\"mtime\"`",
                "4: `max_expiry` is 0; it must be 1 or more",
                "5: `coverage_gap` is an integer; it must be a span such as `\"6h\"` or `\"90m\"`",
                "7: `case_sensitive` is a string; it must be `true` or `false`",
                "8: `default_domain` `a@b` is no domain; write what follows the `@`",
                "9: unknown key `usedomain` in [identity]; did you mean `use_domain`?",
            ]
        );
    }

    #[test]
    fn an_alias_leads_to_a_real_domain() {
        assert_eq!(
            complaints(
                "[identity.aliases]\n'a.example' = 'b.example'\n'b.example' = 'C.example'\nx = 'X'\ny = 1\n"
            ),
            [
                "2: alias `a.example` leads to `b.example`, which is an alias itself; did you mean `c.example`?",
                "4: alias `x` leads to itself",
                "5: alias `y` must name a domain, in quotes",
            ]
        );
    }

    #[test]
    fn a_source_needs_globs_that_are_globs() {
        assert_eq!(
            complaints(
                "[[source]]\n[[source]]\npaths = ['a[']\n[[source]]\npaths = []\nnames = 'none.csv'\n"
            ),
            [
                "1: `paths` is missing in [[source]]",
                "3: `paths` `a[` is no glob: unclosed character class; missing ']'",
                "5: `paths` is empty; write a glob such as `\"pbx1/**\"`",
                "6: `names` `none.csv` does not exist; paths are relative to the book",
            ]
        );
    }
}

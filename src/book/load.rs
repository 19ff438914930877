//! From a file to a [`Book`], a [`Config`] or patterns: the order in which the tables are read.

use super::activity::BILLABLE_REMEDY;
use super::calendar::calendar;
use super::config::{Config, config, config_push_servers};
use super::document::File;
use super::ledger::{LEDGER_DEFAULT, LedgerSpec, ledger};
use super::patterns::patterns;
use super::problems::{BookError, Problem, Problems, quoted};
use super::quality::{Quality, quality};
use super::scope::{Scope, scope};
use super::section::{Field, Origin, Row, Section, Shown};
use super::tenants::{Overrides, Tenant, tenants};
use super::value::count;
use super::versions::{Version, in_force, versions};
use crate::billing::CalendarSpec;
use crate::formats::pattern::{PatternEvent, PatternSpec};
use crate::model::Category;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A price book that has no problems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// As the user named it; paths inside the book are relative to its folder.
    pub path: PathBuf,
    /// BLAKE3 of the file's bytes, in hexadecimal.
    pub digest: String,
    pub calendar: CalendarSpec,
    /// In book order; never empty. As the book has them before its first version.
    pub tenants: Vec<Tenant>,
    /// What versions make of the same tenants, by their days.
    pub editions: Vec<Edition>,
    pub config: Config,
    pub quality: Quality,
    pub ledger: LedgerSpec,
    /// What may be meant and often is not, by line.
    pub warnings: Vec<Problem>,
    pub(super) shown: Vec<Shown>,
}

/// All tenants as they are from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// The first day on which a cycle begins that this holds for.
    pub from: Date,
    /// In book order, as [`Book::tenants`].
    pub tenants: Vec<Tenant>,
}

impl Book {
    /// The tenants with what holds for a cycle that begins on that day.
    pub fn tenants_from(&self, first_day: Date) -> &[Tenant] {
        let edition = self.editions.iter().rev().find(|edition| edition.from <= first_day);
        edition.map_or(&self.tenants, |edition| &edition.tenants)
    }

    /// Reads a price book and checks all of it, with the files that it names.
    ///
    /// # Errors
    ///
    /// Every problem in the book at once.
    pub fn load(path: &Path) -> Result<Self, BookError> {
        let (file, digest) = File::read(path)?;
        Self::from_file(file, path, digest)
    }

    /// Reads a price book from a text; the files it names are looked for beside `path`.
    ///
    /// # Errors
    ///
    /// Every problem in the book at once.
    pub fn parse(path: &Path, text: &str) -> Result<Self, BookError> {
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        let digest = blake3::hash(text.as_bytes()).to_hex().to_string();
        let file = File::new(path.display().to_string(), folder, text.to_owned());
        Self::from_file(file, path, digest)
    }

    /// The tenant that a domain belongs to, in lower case; `None` where nobody claims it.
    pub fn tenant_of(&self, domain: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| {
            tenant.domains.is_empty() || tenant.domains.iter().any(|claimed| claimed == domain)
        })
    }

    /// The file of the ledger, and whether the book names it.
    pub fn ledger_path(&self) -> (PathBuf, bool) {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let named = self.ledger.path.as_ref();
        (folder.join(named.map_or(Path::new(LEDGER_DEFAULT), PathBuf::as_path)), named.is_some())
    }

    fn from_file(mut file: File, path: &Path, digest: String) -> Result<Self, BookError> {
        let problems = Problems::new(&file.name);
        let book = file.document(&problems).and_then(|document| {
            let root = Section::root(&file, &problems, document.as_table());
            let config = config(&root);
            let prices = prices(&root, config);
            let mut rows = vec![Shown { title: String::new(), rows: root.finish() }];
            let Prices { calendar, tenants, editions, config, quality, ledger, shown } = prices?;
            rows.extend(shown);
            let (path, warnings) = (path.to_path_buf(), Vec::new());
            Some(Self {
                path,
                digest,
                calendar,
                tenants,
                editions,
                config,
                quality,
                ledger,
                warnings,
                shown: rows,
            })
        });
        problems.settle(book).map(|(book, warnings)| Self { warnings, ..book })
    }
}

impl Config {
    /// Reads a file of `[logs]`, `[identity]`, `[[source]]`, `[[pattern]]` and `[[platform]]`,
    /// or a whole book, of whose prices only the spelling is checked.
    ///
    /// # Errors
    ///
    /// Every problem at once.
    pub fn load(path: &Path) -> Result<Self, BookError> {
        let (mut file, _) = File::read(path)?;
        let problems = Problems::new(&file.name);
        let config = file.document(&problems).map(|document| {
            let root = Section::root(&file, &problems, document.as_table());
            let mut config = config(&root);
            config_push_servers(&root, &mut config);
            problems.keep_spelling_only();
            prices(&root, Self::default());
            root.finish();
            config
        });
        problems.settle(config).map(|(config, warnings)| Self { warnings, ..config })
    }
}

/// Reads a file of `[[pattern]]` tables alone, with what to warn of: an `accepted` left open, say.
///
/// # Errors
///
/// Every problem at once, among them a file without any pattern.
pub fn load_patterns(path: &Path) -> Result<(Vec<PatternSpec>, Vec<Problem>), BookError> {
    let (mut file, _) = File::read(path)?;
    let problems = Problems::new(&file.name);
    let read = file.document(&problems).map(|document| {
        let root = Section::root(&file, &problems, document.as_table());
        if !root.has("pattern") {
            problems.report(None, "holds no [[pattern]]");
        }
        let (patterns, _) = patterns(&root);
        root.finish();
        patterns
    });
    problems.settle(read)
}

/// All of a book but its name.
struct Prices {
    calendar: CalendarSpec,
    tenants: Vec<Tenant>,
    editions: Vec<Edition>,
    config: Config,
    quality: Quality,
    ledger: LedgerSpec,
    shown: Vec<Shown>,
}

/// Reads what a book has beyond a configuration.
fn prices(root: &Section<'_>, mut config: Config) -> Option<Prices> {
    check_schema(root);
    let base = scope(root);
    let versions = versions(root);
    if !root.has("cycle") {
        root.missing("[cycle]", "write how cycles follow each other, with `kind`, `anchor` and `zone`");
    }
    let calendar = root.table("cycle", calendar);
    let quality = root.table("quality", |table| Some(quality(table)));
    let ledger = root.table("ledger", |table| Some(ledger(table)));
    let overrides = tenants(root);
    // One complaint, whoever lacks it: every tenant without a table of its own needs the book's.
    let is_needed = overrides.is_empty() || overrides.iter().any(|tenant| !tenant.scope.has_activity);
    if is_needed && !base.has_activity {
        root.missing("[activity]", &format!("it needs `billable_agents`: {BILLABLE_REMEDY}"));
    }
    warn_of_misplaced(root, &base, &versions, &overrides);
    warn_of_unclaimed(root, &config, &overrides);

    let calendar = calendar?;
    let has_host_pattern = config.patterns.iter().any(|known| known.event == PatternEvent::ConferenceHost);
    let overrides = if overrides.is_empty() { vec![Overrides::implied()] } else { overrides };
    let scopes = |day: Option<Date>| {
        let below = in_force(&base, &versions, day);
        let scope = move |tenant: &Overrides| in_force(&below.under(&tenant.scope), &tenant.versions, day);
        overrides.iter().map(move |tenant| (tenant, scope(tenant)))
    };
    if !has_host_pattern {
        scopes(None).for_each(|(_, scope)| warn_of_hosts(root, &scope));
        let all = versions.iter().chain(overrides.iter().flat_map(|tenant| &tenant.versions));
        all.for_each(|version| warn_of_hosts(root, &version.scope));
    }
    let mut activities = Vec::new();
    let mut tenants_of = |day: Option<Date>| -> Vec<Tenant> {
        // What is missing here has been reported; the other tenants are still worth a look.
        let merged = scopes(day).filter_map(|(tenant, scope)| {
            let merged = scope.merged(calendar.value.short_cycle)?;
            activities.push(merged.activity.clone());
            Some(tenant.with(merged))
        });
        merged.collect()
    };
    let tenants = tenants_of(None);
    let days: BTreeSet<Date> = versions
        .iter()
        .chain(overrides.iter().flat_map(|tenant| &tenant.versions))
        .map(|version| version.from)
        .collect();
    let editions: Vec<Edition> =
        days.into_iter().map(|from| Edition { from, tenants: tenants_of(Some(from)) }).collect();
    if tenants.is_empty() {
        return None;
    }
    config.push_agents = union(activities.iter().flat_map(|table| &table.agents.push_agents));
    config.push_sources = union(activities.iter().flat_map(|table| &table.push_sources));
    let mut shown = vec![calendar.shown];
    shown.append(&mut config.shown);
    let quality = quality.map_or_else(Quality::default, |read| {
        shown.push(read.shown);
        read.value
    });
    let ledger = ledger.map_or_else(LedgerSpec::default, |read| {
        shown.push(read.shown);
        read.value
    });
    let shown = shown.into_iter().map(without_brackets).collect();
    Some(Prices { calendar: calendar.value, tenants, editions, config, quality, ledger, shown })
}

fn without_brackets(shown: Shown) -> Shown {
    Shown { title: shown.title.trim_matches(['[', ']']).to_owned(), ..shown }
}

/// Distinct texts in the order of their first use.
fn union<'t>(all: impl Iterator<Item = &'t String>) -> Vec<String> {
    let mut distinct: Vec<String> = Vec::new();
    for text in all {
        if !distinct.contains(text) {
            distinct.push(text.clone());
        }
    }
    distinct
}

fn check_schema(root: &Section<'_>) {
    if !root.has("schema") {
        root.missing("schema", "begin the book with `schema = 1`");
    }
    root.get("schema", |field: &Field<'_, '_>| match count(field)? {
        1 => Some(()),
        other => field.fault(format!("`schema` is {other}; this program reads schema 1")),
    });
}

/// TOML gives `[[charge]]` to the book, also where it stands below a `[[tenant]]` or a `[[version]]`.
fn warn_of_misplaced(root: &Section<'_>, base: &Scope, versions: &[Version], tenants: &[Overrides]) {
    let heads = versions.iter().map(|version| (version.line, "version"));
    let heads: Vec<(usize, &str)> =
        heads.chain(tenants.iter().map(|tenant| (tenant.line, "tenant"))).collect();
    let own = versions.iter().map(|version| ("[[version]]", version.line));
    for (header, line) in base.lines().into_iter().chain(own) {
        let Some((_, above)) = heads.iter().filter(|head| head.0 < line).max() else { continue };
        let name = header.trim_matches(['[', ']']);
        let own = header.replacen(name, &format!("{above}.{name}"), 1);
        let text = match *above {
            "tenant" => {
                format!(
                    "{header} holds for every tenant, though it stands below one; write {own} for that one alone"
                )
            }
            // One version below another is as it should be.
            _ if name == "version" => continue,
            _ => format!(
                "{header} holds from the beginning, though it stands below a version; write {own} for what changes then"
            ),
        };
        root.problems.warn(line, text);
    }
}

/// Users of a domain that no tenant claims are never billed: worth a word where the book itself
/// gives them that domain.
fn warn_of_unclaimed(root: &Section<'_>, config: &Config, tenants: &[Overrides]) {
    if tenants.is_empty() {
        return;
    }
    let is_claimed = |domain: &String| tenants.iter().any(|tenant| tenant.domains.contains(domain));
    let identities =
        std::iter::once(&config.identity).chain(config.sources.iter().map(|source| &source.identity));
    let given: Vec<String> = identities.filter_map(|identity| identity.default_domain.clone()).collect();
    for domain in union(given.iter()) {
        if !is_claimed(&domain) {
            let text =
                format!("no tenant claims the default domain {}; its users are not billed", quoted(&domain));
            root.problems.warn(line_of(&config.shown, "default_domain", &domain), text);
        }
    }
    for (alias, domain) in &config.identity.aliases {
        if is_claimed(alias) {
            let text = format!(
                "a tenant claims {}, which is an alias and never seen; claim {}",
                quoted(alias),
                quoted(domain)
            );
            root.problems.warn(line_of(&config.shown, "aliases", alias), text);
        }
    }
}

/// The line of the first key of that name whose value holds the text.
fn line_of(shown: &[Shown], key: &str, text: &str) -> Option<usize> {
    let holds = |row: &&Row| row.key == key && row.value.to_lowercase().contains(text);
    match shown.iter().flat_map(|table| &table.rows).find(holds)?.origin {
        Origin::Book(line) | Origin::Tenant(_, line) => Some(line),
        Origin::Default => None,
    }
}

fn warn_of_hosts(root: &Section<'_>, scope: &Scope) {
    for charge in scope.charges.iter().flatten() {
        let is_blind = charge.value.category == Category::Conferencing
            && charge.value.enabled
            && charge.value.side_file.is_none();
        if is_blind {
            let text = "charge `conferencing` has neither a `side_file` nor a pattern of event `conference_host`; \
                        only hosts that the server itself logs are charged";
            root.problems.warn(charge.line, text);
        }
    }
}

//! The map of another party's list: which column holds what, and what their words mean.

use super::document::File;
use super::problems::{BookError, Problem, Problems, quoted};
use super::section::{Field as Key, Section};
use super::value::{boolean, count, domain};
use crate::compare::{Column, ColumnMap, DateOrder, Field};
use crate::model::Category;
use std::collections::BTreeMap;
use std::path::Path;

/// Reads a map file, with what to warn of.
///
/// # Errors
///
/// Every problem at once.
pub fn load_vendor_map(path: &Path) -> Result<(ColumnMap, Vec<Problem>), BookError> {
    let (mut file, _) = File::read(path)?;
    let problems = Problems::new(&file.name);
    let read = file.document(&problems).map(|document| {
        let root = Section::root(&file, &problems, document.as_table());
        let map = map(&root);
        root.finish();
        map
    });
    problems.settle(read)
}

fn map(root: &Section<'_>) -> ColumnMap {
    root.get("schema", |field| match count(field)? {
        1 => Some(()),
        other => field.fault(format!("`schema` is {other}; this program reads schema 1")),
    });
    let delimiters = [(",", Some(b',')), (";", Some(b';')), ("tab", Some(b'\t')), ("|", Some(b'|'))];
    let dates = [("dmy", Some(DateOrder::DayMonthYear)), ("mdy", Some(DateOrder::MonthDayYear))];
    let categories = Category::ALL.map(|category| (category.name(), Some(category)));
    let mut map = ColumnMap {
        delimiter: root.choose("delimiter", &delimiters, None),
        decimal: root.choose("decimal", &[(".", Some(b'.')), (",", Some(b','))], None),
        dates: root.choose("dates", &dates, None),
        is_headless: !root.get_or("header", boolean, true, "true"),
        default_category: root.choose("default_category", &categories, None),
        default_domain: root.get("default_domain", domain),
        ..ColumnMap::default()
    };
    if root.has("columns") {
        let columns = root.table("columns", |table| Some(columns(table, map.is_headless)));
        map.columns = columns.map(|read| read.value).unwrap_or_default();
    } else {
        root.missing("[columns]", "write which column holds the `user`");
    }
    map.categories = words(root, "categories", &Category::ALL.map(|category| (category.name(), category)));
    map.roles = words(root, "roles", &[("host", true), ("guest", false)]);
    for (theirs, line, item) in root.own_table("tenants").into_iter().flatten() {
        match item.as_str() {
            Some(ours) => {
                map.tenants.insert(theirs.to_owned(), ours.to_owned());
            }
            None => {
                let text = format!("{} must be the name of a tenant, in quotes", quoted(theirs));
                root.problems.report(line, text);
            }
        }
    }
    map
}

fn columns(table: &Section<'_>, is_headless: bool) -> BTreeMap<Field, Column> {
    let column = |key: &Key<'_, '_>| match (key.value.as_str(), key.value.as_integer()) {
        (Some(name), _) if is_headless => key.fault(format!(
            "`{}` is the name {}; with `header = false` give the number of the column, from 1",
            key.key,
            quoted(name)
        )),
        (Some(name), _) => Some(Column::Named(name.to_owned())),
        (_, Some(number)) if number >= 1 => usize::try_from(number).ok().map(Column::Numbered),
        _ => key.fault(format!("`{}` is a column's name in quotes, or its number from 1", key.key)),
    };
    let mut columns = BTreeMap::new();
    for field in Field::ALL {
        let read = match field {
            Field::User => table.need(field.name(), column),
            _ => table.get(field.name(), column),
        };
        columns.extend(read.map(|column| (field, column)));
    }
    columns
}

/// A table of their words, each with one of ours.
fn words<T: Copy>(root: &Section<'_>, table: &'static str, ours: &[(&str, T)]) -> BTreeMap<String, T> {
    let mut words = BTreeMap::new();
    for (theirs, line, item) in root.own_table(table).into_iter().flatten() {
        match ours.iter().find(|(name, _)| item.as_str() == Some(name)) {
            Some((_, meaning)) => {
                words.insert(theirs.to_owned(), *meaning);
            }
            None => {
                let names: Vec<String> = ours.iter().map(|(name, _)| format!("`\"{name}\"`")).collect();
                root.problems.report(line, format!("{} must be one of {}", quoted(theirs), names.join(", ")));
            }
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::testing::problems_of;
    use super::*;

    fn read(text: &str) -> ColumnMap {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        load_vendor_map(file.path()).unwrap().0
    }

    #[test]
    fn a_map_that_was_printed_is_read_back_as_it_was() {
        let map = ColumnMap {
            delimiter: Some(b'\t'),
            decimal: Some(b','),
            dates: Some(DateOrder::MonthDayYear),
            is_headless: false,
            default_category: Some(Category::Generic),
            default_domain: Some("a.example".to_owned()),
            columns: [
                (Field::User, Column::Named("Their \"SIP\" \\ user".to_owned())),
                (Field::Amount, Column::Numbered(7)),
            ]
            .into(),
            categories: [("Mobil, größer".to_owned(), Category::Generic)].into(),
            tenants: [("Acme Ltd.".to_owned(), "acme".to_owned())].into(),
            roles: [("Leiter".to_owned(), true)].into(),
        };
        assert_eq!(read(&map.to_toml()), map, "{}", map.to_toml());
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let complaints = problems_of(
            "delimiter = 'semi'\ncolums = 1\n[columns]\nusers = 'x'\namount = 0\n[categories]\nMobile = 'phone'\n[tenants]\na = 1\n",
            |root| Some(map(root)),
        );
        assert_eq!(
            complaints,
            [
                "1: unknown `delimiter` `semi`; use `,`, `;`, `tab` or `|`",
                "2: unknown key `colums`; did you mean `columns`?",
                "4: unknown key `users` in [columns]; did you mean `user`?",
                "5: `amount` is a column's name in quotes, or its number from 1",
                "7: `Mobile` must be one of `\"generic\"`, `\"desktop\"`, `\"conferencing\"`, `\"messaging\"`",
                "9: `a` must be the name of a tenant, in quotes",
            ]
        );
    }
}

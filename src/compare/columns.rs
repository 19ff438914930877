//! What the columns of the other party's list mean.

use crate::model::Category;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Something that a column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The user, as `user@domain`, a SIP URI, or the user part alone.
    User,
    /// The domain, where the user's column has none.
    Domain,
    Category,
    Tenant,
    Role,
    /// What is charged for the row, before tax.
    Amount,
    PeriodStart,
    PeriodEnd,
    ActiveDays,
}

impl Field {
    /// Every field, in the order of a map.
    pub const ALL: [Self; 9] = [
        Self::User,
        Self::Domain,
        Self::Category,
        Self::Tenant,
        Self::Role,
        Self::Amount,
        Self::PeriodStart,
        Self::PeriodEnd,
        Self::ActiveDays,
    ];

    /// The key in a map's `[columns]`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Domain => "domain",
            Self::Category => "category",
            Self::Tenant => "tenant",
            Self::Role => "role",
            Self::Amount => "amount",
            Self::PeriodStart => "period_start",
            Self::PeriodEnd => "period_end",
            Self::ActiveDays => "active_days",
        }
    }
}

/// Which column is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// By its name in the first line; capitals and blanks around it do not count.
    Named(String),
    /// By its place, counted from 1.
    Numbered(usize),
}

/// In which order a date such as 01/10/2026 is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    DayMonthYear,
    MonthDayYear,
}

/// How to read a list: from a map file, or guessed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ColumnMap {
    /// `None` where it is to be found out.
    pub delimiter: Option<u8>,
    /// The decimal sign of amounts: `.` or `,`.
    pub decimal: Option<u8>,
    pub dates: Option<DateOrder>,
    /// The first line holds no names.
    pub is_headless: bool,
    /// Category of rows that name none.
    pub default_category: Option<Category>,
    /// Domain of users that have none.
    pub default_domain: Option<String>,
    pub columns: BTreeMap<Field, Column>,
    /// Their words for the categories, besides those that are known anyway.
    pub categories: BTreeMap<String, Category>,
    /// Their names of our tenants.
    pub tenants: BTreeMap<String, String>,
    /// Their words for a role, and whether it is the host.
    pub roles: BTreeMap<String, bool>,
}

impl ColumnMap {
    /// The map as a file that would be read back as the same.
    pub fn to_toml(&self) -> String {
        let mut out = String::from("schema = 1\n");
        let mut line = |text: String| out.extend([text.as_str(), "\n"]);
        if let Some(delimiter) = self.delimiter {
            let word = if delimiter == b'\t' { "tab".to_owned() } else { char::from(delimiter).to_string() };
            line(format!("delimiter = {}", quoted(&word)));
        }
        if let Some(decimal) = self.decimal {
            line(format!("decimal = {}", quoted(&char::from(decimal).to_string())));
        }
        if let Some(dates) = self.dates {
            let word = if dates == DateOrder::DayMonthYear { "dmy" } else { "mdy" };
            line(format!("dates = {}", quoted(word)));
        }
        if self.is_headless {
            line("header = false".to_owned());
        }
        if let Some(category) = self.default_category {
            line(format!("default_category = {}", quoted(category.name())));
        }
        if let Some(domain) = &self.default_domain {
            line(format!("default_domain = {}", quoted(domain)));
        }
        line("\n[columns]".to_owned());
        for (field, column) in &self.columns {
            line(match column {
                Column::Named(name) => format!("{} = {}", field.name(), quoted(name)),
                Column::Numbered(number) => format!("{} = {number}", field.name()),
            });
        }
        let mut table = |title: &str, rows: Vec<(&String, &str)>| {
            if !rows.is_empty() {
                line(format!("\n[{title}]"));
            }
            for (theirs, ours) in rows {
                line(format!("{} = {}", quoted(theirs), quoted(ours)));
            }
        };
        table("categories", self.categories.iter().map(|(theirs, ours)| (theirs, ours.name())).collect());
        table("tenants", self.tenants.iter().map(|(theirs, ours)| (theirs, ours.as_str())).collect());
        let role = |is_host: &bool| if *is_host { "host" } else { "guest" };
        table("roles", self.roles.iter().map(|(theirs, is_host)| (theirs, role(is_host))).collect());
        out
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            _ if character.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out + "\""
}

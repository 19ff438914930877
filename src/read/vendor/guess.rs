//! What a list does not say of itself, found out from what is in it.

use super::cells::{self, Parts};
use super::list;
use crate::compare::{Column, ColumnMap, DateOrder, Field};
use crate::model::Category;
use csv::{ByteRecord, ReaderBuilder};

/// Rows that are looked at to find the delimiter.
const SAMPLE_ROWS: usize = 200;

/// Names of columns, each the way [`plain`] writes it, the surest first.
const HEADERS: [(Field, &[&str]); 9] = [
    (
        Field::User,
        &[
            "sipid",
            "sipuri",
            "aor",
            "sipaddress",
            "sipaccount",
            "sipuser",
            "uri",
            "user",
            "username",
            "userid",
            "subscriber",
            "account",
            "login",
            "extension",
            "msisdn",
            "phonenumber",
            "number",
        ],
    ),
    (Field::Domain, &["domain", "sipdomain", "realm"]),
    (
        Field::Category,
        &["category", "usertype", "product", "service", "licence", "license", "plan", "type", "item"],
    ),
    (
        Field::Tenant,
        &["tenant", "customer", "customername", "company", "organisation", "organization", "client"],
    ),
    (Field::Role, &["role"]),
    (Field::Amount, &["amount", "netamount", "net", "price", "unitprice", "charge", "fee", "cost"]),
    (
        Field::PeriodStart,
        &[
            "cyclestart",
            "periodstart",
            "startdate",
            "billingstart",
            "from",
            "start",
            "billingperiod",
            "period",
            "month",
        ],
    ),
    (Field::PeriodEnd, &["cycleend", "periodend", "enddate", "billingend", "until", "to", "end"]),
    (Field::ActiveDays, &["activedays", "daysactive", "days"]),
];

/// Words for the categories, the way [`plain`] writes them.
const CATEGORIES: [(Category, &[&str]); 4] = [
    (
        Category::Generic,
        &["generic", "mobile", "phone", "smartphone", "app", "ios", "android", "iphone", "handset"],
    ),
    (Category::Desktop, &["desktop", "pc", "mac", "macos", "windows", "computer"]),
    (
        Category::Conferencing,
        &[
            "conferencing",
            "conference",
            "video",
            "videoconferencing",
            "videoconference",
            "conferencehost",
            "meeting",
            "meetings",
        ],
    ),
    (
        Category::Messaging,
        &["messaging", "turnkeymessaging", "instantmessaging", "message", "messages", "chat", "sms", "im"],
    ),
];

/// The name in small letters and digits alone.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The text without a first line `sep=;`, and the delimiter that it declares.
pub(super) fn declared_delimiter(text: &str) -> (&str, Option<u8>) {
    let Some((first, rest)) = text.split_once('\n') else { return (text, None) };
    let declared = first.trim_end_matches('\r').trim_matches('"').to_ascii_lowercase();
    match declared.strip_prefix("sep=").map(str::as_bytes) {
        Some([delimiter]) => (rest, Some(*delimiter)),
        _ => (text, None),
    }
}

/// The delimiter that cuts the first rows into the most columns of which all have as many.
pub(super) fn delimiter(text: &str) -> u8 {
    let score = |delimiter: &u8| {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(*delimiter)
            .from_reader(text.as_bytes());
        let mut record = ByteRecord::new();
        let (mut columns, mut alike) = (0, 0);
        for row in 0..SAMPLE_ROWS {
            if !matches!(reader.read_byte_record(&mut record), Ok(true)) {
                break;
            }
            columns = if row == 0 { record.len() } else { columns };
            alike += usize::from(record.len() == columns);
        }
        alike * columns.saturating_sub(1)
    };
    // Of several the first.
    *b",;\t|".iter().rev().max_by_key(|delimiter| score(delimiter)).unwrap_or(&b',')
}

/// Finds the columns by their names in the first line; where that holds a user already, there are no names.
pub(super) fn columns(first: &[String], map: &mut ColumnMap) -> Result<(), String> {
    let names: Vec<String> = first.iter().map(|name| plain(name)).collect();
    let mut used = vec![false; names.len()];
    for (field, known) in HEADERS {
        let place = known
            .iter()
            .find_map(|known| names.iter().enumerate().position(|(at, name)| !used[at] && name == known));
        if let Some(place) = place {
            used[place] = true;
            let is_unique = names.iter().filter(|name| **name == names[place]).count() == 1;
            let column = match is_unique {
                true => Column::Named(first[place].clone()),
                false => Column::Numbered(place + 1),
            };
            map.columns.insert(field, column);
        }
    }
    if map.columns.contains_key(&Field::User) {
        return Ok(());
    }
    let looks_like_user = |cell: &String| {
        let (cell, _) = cells::mended(cell);
        cell.contains('@') && !cell.contains(' ')
    };
    match first.iter().position(looks_like_user) {
        Some(place) => {
            map.columns = [(Field::User, Column::Numbered(place + 1))].into();
            map.is_headless = true;
            Ok(())
        }
        None => Err(format!(
            "no column is known to hold the user; the first line has {}; write a map with `user` in [columns]",
            list(first)
        )),
    }
}

/// The decimal sign of the amounts: as one of them shows it, else as the delimiter suggests.
pub(super) fn decimal<'c>(cells: impl Iterator<Item = &'c str>, delimiter: u8) -> u8 {
    for cell in cells {
        let last = cell.rfind(['.', ',']);
        let Some(last) = last else { continue };
        let sign = cell.as_bytes()[last];
        let other = if sign == b'.' { ',' } else { '.' };
        let digits = cell[last + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let is_alone = cell.matches(char::from(sign)).count() == 1;
        // With three digits behind it a lone sign may part thousands.
        if is_alone && (cell.contains(other) || digits != 3) {
            return sign;
        }
    }
    // Semicolons part cells where the comma is taken.
    if delimiter == b';' { b',' } else { b'.' }
}

/// The order of days and months, where dates leave it open: as one of them shows it.
pub(super) fn dates<'c>(cells: impl Iterator<Item = &'c str>) -> Result<Option<DateOrder>, String> {
    let mut open = None;
    for cell in cells {
        match cells::parts(cell) {
            Some(Parts::Open(13.., _, _)) => return Ok(Some(DateOrder::DayMonthYear)),
            Some(Parts::Open(_, 13.., _)) => return Ok(Some(DateOrder::MonthDayYear)),
            Some(Parts::Open(one, other, _)) if one != other => open = open.or(Some(cell)),
            _ => {}
        }
    }
    match open {
        None => Ok(None),
        Some(cell) => Err(format!(
            "`{}` can be read as two dates; write `dates = \"dmy\"` or `dates = \"mdy\"` into a map",
            cell.escape_debug()
        )),
    }
}

/// The category that such a word means.
pub(super) fn category(word: &str) -> Option<Category> {
    let word = plain(word);
    let endings = ["users", "user", "licences", "licenses", "licence", "license", "seats", "seat"];
    let bare = endings.into_iter().find_map(|ending| word.strip_suffix(ending)).unwrap_or(&word);
    CATEGORIES.into_iter().find(|(_, words)| words.contains(&bare)).map(|(category, _)| category)
}

/// Whether such a word means the host of a conference; `None` where it means neither host nor guest.
pub(super) fn role(word: &str) -> Option<bool> {
    match plain(word).as_str() {
        "host" | "moderator" | "leader" | "organiser" | "organizer" | "owner" | "admin" => Some(true),
        "guest" | "participant" | "invitee" | "attendee" | "member" => Some(false),
        _ => None,
    }
}

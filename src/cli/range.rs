//! The flags `--since`, `--until` and `--zone`.

use super::failure::Failure;
use super::run;
use crate::model::{Moment, Window};
use jiff::tz::TimeZone;

/// The span that the two flags leave; `None` without either.
pub fn range(since: Option<&str>, until: Option<&str>, zone: &str) -> Result<Option<Window>, Failure> {
    let zone = run::zone(zone)?.zone;
    let since = since.map(|text| moment(text, &zone, "--since")).transpose()?;
    let until = until.map(|text| moment(text, &zone, "--until")).transpose()?;
    if let Some((since, until)) = since.zip(until)
        && until <= since
    {
        let fact = "--until is not behind --since, so no time lies between them; --until is the first instant that is left out";
        return Err(Failure::Usage(fact.to_owned()));
    }
    Ok((since.is_some() || until.is_some()).then(|| Window {
        start: since.unwrap_or(Moment::from_micros(i64::MIN)),
        end: until.unwrap_or(Moment::from_micros(i64::MAX)),
    }))
}

/// A date (its first instant) or a date and time, local to the zone, or an instant with offset.
fn moment(text: &str, zone: &TimeZone, flag: &str) -> Result<Moment, Failure> {
    if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
        return Ok(timestamp.into());
    }
    let local = match text.parse::<jiff::civil::DateTime>() {
        Ok(local) => Some(local),
        Err(_) => text.parse::<jiff::civil::Date>().ok().map(|date| date.at(0, 0, 0, 0)),
    };
    local.and_then(|local| zone.to_timestamp(local).ok()).map(Moment::from).ok_or_else(|| {
        Failure::Usage(format!("{flag}: `{text}` is no date or time, as in 2026-10-05 or 2026-10-05T14:00"))
    })
}

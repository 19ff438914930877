//! The shipped rules on texts collected elsewhere: the labelled table, and the clients of the
//! recorded servers. Both lie beside the crate; where they are absent the tests say so and pass.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::Classifier;
use crate::model::{Class, Platform};

const TABLE: &str = "../shared/reference/user-agents.csv";
const RECORDINGS: &str = "../shared/real-logs/asterisk";

/// Of a hundred labelled texts, how many must have the platform of their label.
const RIGHT_PERCENT_MIN: usize = 97;

struct Row {
    text: String,
    platform: Platform,
    form: String,
}

/// The labelled table, if it is there.
fn table() -> Option<Vec<Row>> {
    if !Path::new(TABLE).exists() {
        eprintln!("SKIPPED: {TABLE} is not there");
        return None;
    }
    let mut reader = csv::Reader::from_path(TABLE).unwrap();
    let rows: Vec<Row> = reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            let platform = Platform::from_name(&record[3]).unwrap();
            Row { text: record[0].to_owned(), platform, form: record[4].to_owned() }
        })
        .collect();
    assert!(rows.len() > 100, "the table has shrunk to {} rows", rows.len());
    Some(rows)
}

/// A platform whose users are charged for.
fn is_charged(platform: Platform) -> bool {
    matches!(platform, Platform::Ios | Platform::Android | Platform::Macos | Platform::Windows)
}

fn is_never_charged(platform: Platform) -> bool {
    matches!(platform, Platform::Gateway | Platform::Pbx | Platform::Hardphone | Platform::Scanner)
}

#[test]
fn nearly_every_labelled_text_gets_the_platform_of_its_label() {
    let Some(rows) = table() else { return };
    let classifier = Classifier::shipped();
    let (mut right, mut right_form) = (0, 0);
    for row in &rows {
        let verdict = classifier.classify_text(row.text.as_bytes());
        right += usize::from(verdict.platform == row.platform);
        right_form += usize::from(verdict.form.name() == row.form);
        if verdict.platform != row.platform || verdict.form.name() != row.form {
            let (platform, form) = (verdict.platform, verdict.form);
            println!("{}: {}/{}, not {platform}/{form} ({})", row.text, row.platform, row.form, verdict.rule);
        }
    }
    println!("platform right: {right} of {}; form right: {right_form}", rows.len());
    assert!(right * 100 >= rows.len() * RIGHT_PERCENT_MIN, "{right} of {} are right", rows.len());
    assert!(
        right_form * 100 >= rows.len() * RIGHT_PERCENT_MIN,
        "{right_form} of {} forms are right",
        rows.len()
    );
}

#[test]
fn no_labelled_server_or_desk_phone_becomes_a_charge() {
    let Some(rows) = table() else { return };
    let classifier = Classifier::shipped();
    for row in rows.iter().filter(|row| is_never_charged(row.platform)) {
        let verdict = classifier.classify_text(row.text.as_bytes());
        let is_safe =
            !is_charged(verdict.platform) && !matches!(verdict.class, Class::Generic | Class::Desktop);
        assert!(is_safe, "{} is {}, {}", row.text, verdict.platform, verdict.class.name());
    }
}

/// What the recordings planned for each text: a platform, `desk` for a desk phone, `other` for
/// texts made to be awkward.
fn planned() -> BTreeMap<String, String> {
    let Ok(folders) = fs::read_dir(RECORDINGS) else {
        eprintln!("SKIPPED: {RECORDINGS} is not there");
        return BTreeMap::new();
    };
    let mut planned = BTreeMap::new();
    for folder in folders {
        let Ok(text) = fs::read_to_string(folder.unwrap().path().join("truth.json")) else { continue };
        let truth: serde_json::Value = serde_json::from_str(&text).unwrap();
        let Some(agents) = truth["ua_platform_as_planned"].as_object() else { continue };
        for (agent, platform) in agents {
            planned.insert(agent.clone(), platform.as_str().unwrap().to_owned());
        }
    }
    planned
}

#[test]
fn the_clients_of_the_recordings_are_what_they_were_planned_to_be() {
    let classifier = Classifier::shipped();
    for (agent, plan) in planned() {
        let verdict = classifier.classify_text(agent.as_bytes());
        let is_as_planned = match plan.as_str() {
            "desk" => verdict.platform == Platform::Hardphone,
            "other" => matches!(verdict.class, Class::Unknown | Class::NotBilled),
            // Ekiga ran on Windows too and does not say: open, hence not billed.
            "linux" if agent.starts_with("Ekiga/4") => verdict.class == Class::Undecided,
            platform => verdict.platform.name() == platform,
        };
        assert!(is_as_planned, "{agent}: {plan}, not {} ({})", verdict.platform, verdict.rule);
    }
}

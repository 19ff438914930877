//! The User-Agents of an audit for a terminal and for scripts, and bare strings classified.

use super::digits::grouped;
use super::table::{Column, Table};
use super::text::{json_safe, json_text, push_agent};
use super::{Dialect, Sheet};
use crate::model::{AuditedAgent, Verdict};
use serde::Serialize;
use std::io::{self, Write};

/// The clients in the order given, one line each, at most `width` characters wide where that can
/// be: User-Agents are cut. Without a width nothing is.
pub fn agents_table(agents: &[AuditedAgent], width: Option<usize>) -> String {
    let mut table = Table::new(vec![
        Column::number("users"),
        Column::number("registrations"),
        Column::text("platform"),
        Column::text("class"),
        Column::text("rule"),
        Column::elastic("user agent", 20),
    ]);
    for agent in agents {
        let mut text = String::new();
        match &agent.user_agent {
            Some(user_agent) => push_agent(&mut text, Some(user_agent)),
            None => text.push_str("(none known)"),
        }
        table.push(vec![
            grouped(agent.users),
            grouped(agent.registrations),
            agent.verdict.platform.to_string(),
            agent.verdict.class.name().to_owned(),
            agent.verdict.rule.clone(),
            text,
        ]);
    }
    table.lines(width).plain()
}

#[derive(Serialize)]
struct Line<'t> {
    user_agent: Option<String>,
    platform: &'static str,
    form: &'static str,
    category: &'static str,
    rule: &'t str,
    users: u64,
    registrations: u64,
}

/// Writes the clients in the order given, one JSON object a line.
///
/// # Errors
///
/// What the writer says.
pub fn write_agents_ndjson(out: &mut dyn Write, agents: &[AuditedAgent]) -> io::Result<()> {
    for agent in agents {
        let line = Line {
            user_agent: agent.user_agent.as_deref().map(json_text),
            platform: agent.verdict.platform.name(),
            form: agent.verdict.form.name(),
            category: agent.verdict.class.name(),
            rule: &agent.verdict.rule,
            users: agent.users,
            registrations: agent.registrations,
        };
        let json = serde_json::to_string(&line).expect("strings and numbers are JSON");
        out.write_all(json_safe(json).as_bytes())?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Writes bare User-Agents with what the rules say of each: `agents --classify`.
///
/// # Errors
///
/// What the writer says.
pub fn write_classified_csv<'t>(
    out: &mut dyn Write,
    dialect: Dialect,
    classified: impl IntoIterator<Item = (&'t [u8], &'t Verdict)>,
) -> io::Result<()> {
    let columns = ["user_agent", "platform", "form", "category", "rule"];
    let mut sheet = Sheet::new(out, dialect, &columns);
    for (text, verdict) in classified {
        sheet.row(|row| {
            row.log_text(text);
            row.value(verdict.platform);
            row.value(verdict.form);
            row.value(verdict.class.name());
            row.text(&verdict.rule);
        })?;
    }
    sheet.finish()
}

#[cfg(test)]
mod tests {
    use super::super::samples::written;
    use super::*;
    use crate::model::{Class, Form, Platform};

    fn verdict() -> Verdict {
        Verdict {
            platform: Platform::Ios,
            form: Form::Mobile,
            class: Class::Generic,
            rule: "acrobits-ios".to_owned(),
            is_billable: true,
            is_push: false,
            is_near_miss: false,
        }
    }

    #[test]
    fn bare_strings_keep_their_bytes() {
        let verdict = verdict();
        let sheet = written(|out| write_classified_csv(out, Dialect::Machine, [(&b"A\x1bB"[..], &verdict)]));
        assert_eq!(
            sheet,
            "user_agent,platform,form,category,rule\nA\\x1BB,ios,mobile,generic,acrobits-ios\n"
        );
    }

    #[test]
    fn an_unknown_agent_is_null_and_shown_as_such() {
        let agent = AuditedAgent { user_agent: None, verdict: verdict(), users: 2, registrations: 3 };
        let json = written(|out| write_agents_ndjson(out, std::slice::from_ref(&agent)));
        assert!(json.starts_with("{\"user_agent\":null,\"platform\":\"ios\""), "{json}");
        assert!(agents_table(&[agent], None).contains("(none known)"));
    }
}

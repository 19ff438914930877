//! `agents.csv`: the User-Agents, what each was classified as, and by which rule.

use super::{Dialect, Sheet};
use crate::model::AuditedAgent;
use std::io::{self, Write};

const COLUMNS: [&str; 10] = [
    "user_agent",
    "platform",
    "form",
    "class",
    "rule",
    "billable",
    "push",
    "near_miss",
    "users",
    "registrations",
];

/// Writes the clients in the order given. A client of which no User-Agent is known has an empty
/// cell, one that sent an empty header `\e`.
///
/// # Errors
///
/// What the writer says.
pub fn write_agents_csv(out: &mut dyn Write, dialect: Dialect, agents: &[AuditedAgent]) -> io::Result<()> {
    let mut sheet = Sheet::new(out, dialect, &COLUMNS);
    for agent in agents {
        let verdict = &agent.verdict;
        sheet.row(|row| {
            row.agent(agent.user_agent.as_deref());
            row.value(verdict.platform);
            row.value(verdict.form);
            row.value(verdict.class.name());
            row.text(&verdict.rule);
            row.value(verdict.is_billable);
            row.value(verdict.is_push);
            row.value(verdict.is_near_miss);
            row.value(agent.users);
            row.value(agent.registrations);
        })?;
    }
    sheet.finish()
}

#[cfg(test)]
mod tests {
    use super::super::samples::written;
    use super::*;
    use crate::model::{Class, Form, Platform, Verdict};

    #[test]
    fn a_client_stands_with_the_rule_that_decided() {
        let verdict = Verdict {
            platform: Platform::Ios,
            form: Form::Mobile,
            class: Class::Generic,
            rule: "acrobits-ios".to_owned(),
            is_billable: true,
            is_push: false,
            is_near_miss: false,
        };
        let agent = |text: Option<&[u8]>| AuditedAgent {
            user_agent: text.map(Into::into),
            verdict: verdict.clone(),
            users: 12,
            registrations: 340,
        };
        let agents = [agent(Some(b"=Acme \"Phone\"")), agent(Some(b"")), agent(None)];
        insta::assert_snapshot!(written(|out| write_agents_csv(out, Dialect::Spreadsheet, &agents)), @r#"
        user_agent,platform,form,class,rule,billable,push,near_miss,users,registrations
        "'=Acme ""Phone""",ios,mobile,generic,acrobits-ios,true,false,false,12,340
        \e,ios,mobile,generic,acrobits-ios,true,false,false,12,340
        ,ios,mobile,generic,acrobits-ios,true,false,false,12,340
        "#);
    }
}

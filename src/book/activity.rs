//! `[activity]`: what counts as use, and which apps are billed.

use super::section::{Field, Section};
use super::value::{list, network, regex, regexes};
use crate::billing::{Activity, CrossCategory, NoAgent, PushServer, Sustained};
use crate::platform::AgentPolicy;

/// The table, sorted by who needs what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ActivityTable {
    pub(super) activity: Activity,
    pub(super) agents: AgentPolicy,
    pub(super) push_sources: Vec<String>,
}

const NO_AGENT: [(&str, NoAgent); 4] = [
    ("refuse", NoAgent::Refuse),
    ("report", NoAgent::Report),
    ("generic", NoAgent::Generic),
    ("desktop", NoAgent::Desktop),
];

const PUSH_SERVER: [(&str, PushServer); 2] = [("count", PushServer::Count), ("ignore", PushServer::Ignore)];

const SUSTAINED: [(&str, Sustained); 4] = [
    ("open", Sustained::Open),
    ("closed", Sustained::Closed),
    ("report", Sustained::Report),
    ("ignore", Sustained::Ignore),
];

const CROSS_CATEGORY: [(&str, CrossCategory); 2] =
    [("each", CrossCategory::Each), ("once", CrossCategory::Once)];

/// What to write where `billable_agents` is missing.
pub(super) const BILLABLE_REMEDY: &str =
    "name your apps, or write `billable_agents = [\"any\"]` for every softphone";

/// The table `[activity]`; a tenant's replaces the book's as a whole.
pub(super) fn activity(table: &Section<'_>) -> Option<ActivityTable> {
    let default = Activity::default();
    if !table.has("billable_agents") {
        table.missing("billable_agents", BILLABLE_REMEDY);
    }
    let billable_agents = table.get("billable_agents", billable_agents);
    let (push_agents, push_sources) = push_servers(table);
    let activity = Activity {
        no_agent: table.choose("no_agent", &NO_AGENT, default.no_agent),
        push_server: table.choose("push_server", &PUSH_SERVER, default.push_server),
        sustained: table.choose("sustained", &SUSTAINED, default.sustained),
        exclude: table.get_or("exclude", regexes, Vec::new(), "none"),
        cross_category: table.choose("cross_category", &CROSS_CATEGORY, default.cross_category),
    };
    let agents = AgentPolicy { billable_agents: billable_agents?, push_agents };
    Some(ActivityTable { activity, agents, push_sources })
}

/// `push_agents` and `push_sources`: all of this table that verbs without prices need.
pub(super) fn push_servers(table: &Section<'_>) -> (Vec<String>, Vec<String>) {
    let shipped = AgentPolicy::default().push_agents;
    let shown = shipped.join(", ");
    let agents = table.get_or("push_agents", regexes, shipped, &shown);
    let sources = table.get_or("push_sources", |field| list(field, network), Vec::new(), "none");
    (agents, sources)
}

/// Patterns, or `None` for every app.
fn billable_agents(field: &Field<'_, '_>) -> Option<Option<Vec<String>>> {
    let patterns = list(field, regex)?;
    let is_any = patterns.iter().any(|pattern| pattern == "any");
    match patterns.len() {
        1 if is_any => Some(None),
        _ if is_any => {
            field.fault("`billable_agents` has `any` beside other patterns; keep one or the other")
        }
        0 if field.value.as_array().is_some_and(toml_edit::Array::is_empty) => {
            field.fault(format!("`billable_agents` is empty; {BILLABLE_REMEDY}"))
        }
        _ => Some(Some(patterns)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{problems_of, read_table};
    use super::*;

    fn complaints(toml: &str) -> Vec<String> {
        problems_of(toml, |root| root.table("activity", activity))
    }

    #[test]
    fn any_bills_every_app_and_the_rest_has_its_defaults() {
        let table = read_table("[activity]\nbillable_agents = ['any']\n", "activity", activity);
        assert_eq!(table.agents, AgentPolicy::default());
        assert_eq!(table.activity, Activity::default());
        assert_eq!(table.push_sources, [""; 0]);
    }

    #[test]
    fn an_empty_list_of_push_agents_names_none() {
        let toml = "[activity]\nbillable_agents = ['a']\npush_agents = []\n";
        assert_eq!(read_table(toml, "activity", activity).agents.push_agents, [""; 0]);
    }

    #[test]
    fn billable_agents_must_be_written_out() {
        assert_eq!(
            complaints("[activity]\n"),
            [format!("1: `billable_agents` is missing in [activity]; {BILLABLE_REMEDY}")]
        );
        assert_eq!(
            complaints("[activity]\nbillable_agents = []\n"),
            [format!("2: `billable_agents` is empty; {BILLABLE_REMEDY}")]
        );
        assert_eq!(
            complaints("[activity]\nbillable_agents = ['any', '^A/']\n"),
            ["2: `billable_agents` has `any` beside other patterns; keep one or the other"]
        );
    }

    #[test]
    fn every_pattern_of_a_list_is_checked_at_its_own_line() {
        assert_eq!(
            complaints(
                "[activity]\nbillable_agents = [\n  'a(',\n  'b',\n  '[c',\n]\npush_agents = ['*']\n\
                 push_sources = ['10.0.0.1/8']\nexclude = [7]\nno_agent = 'refused'\n"
            ),
            [
                "3: `billable_agents` `a(` is no regular expression: unclosed group",
                "5: `billable_agents` `[c` is no regular expression: unclosed character class",
                "7: `push_agents` `*` is no regular expression: repetition operator missing expression",
                "8: `push_sources` `10.0.0.1/8` is no network: it has bits beyond its prefix; did you mean `10.0.0.0/8`?",
                "9: `exclude` is an integer; it must be a string",
                "10: unknown `no_agent` `refused`; did you mean `refuse`?",
            ]
        );
    }
}

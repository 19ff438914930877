//! What can be wrong with an operator's rules.

use thiserror::Error;

/// Why a list of rules cannot be used.
#[derive(Debug, Error)]
pub enum RuleError {
    /// A platform rule's pattern is no regular expression.
    #[error("rule `{rule}`: {source}")]
    Pattern {
        rule: String,
        #[source]
        source: regex::Error,
    },
    /// A pattern of `billable_agents` or `push_agents` is no regular expression.
    #[error("{key}: pattern `{pattern}`: {source}")]
    AgentPattern {
        /// The list, by its key in the book.
        key: &'static str,
        pattern: String,
        #[source]
        source: regex::Error,
    },
    /// An example of a rule is won by another rule, or by none.
    #[error("rule `{rule}`: its example `{}` {}", .example.escape_debug(), lost_to(.winner.as_deref()))]
    ExampleLost { rule: String, example: String, winner: Option<String> },
    /// Every pattern of `billable_agents` or `push_agents` is good alone, but together they are too large to compile.
    #[error("{key}: its patterns together: {source}")]
    AgentPatterns {
        /// The list, by its key in the book.
        key: &'static str,
        #[source]
        source: regex::Error,
    },
}

fn lost_to(winner: Option<&str>) -> String {
    match winner {
        Some(winner) => format!("is won by rule `{winner}`, which stands before it"),
        None => "is matched by no rule".to_owned(),
    }
}

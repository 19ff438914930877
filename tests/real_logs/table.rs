//! The table that a run prints, and its verdict.

use std::collections::BTreeSet;

/// One log: who was expected and who was found.
pub struct Row {
    pub log: String,
    pub expected: BTreeSet<String>,
    pub found: BTreeSet<String>,
    /// Everything else that is wrong: counts, agents, times, the exit code.
    pub problems: Vec<String>,
    /// What this log cannot say, and was not compared therefore.
    pub unsaid: String,
    /// Set for a log that is not read yet: users may be missed, none may be invented.
    pub is_unread: bool,
}

impl Row {
    fn is_right(&self) -> bool {
        let is_complete = self.is_unread || self.expected.is_subset(&self.found);
        is_complete && self.found.is_subset(&self.expected) && self.problems.is_empty()
    }
}

/// Prints the table and fails if any row is wrong, with all of what is wrong.
pub fn settle(rows: &[Row]) {
    assert!(!rows.is_empty(), "no log was read");
    println!(
        "{:44} {:>8} {:>6} {:>6} {:>8}  not in the log",
        "log", "expected", "found", "missed", "invented"
    );
    let mut wrong = Vec::new();
    for row in rows {
        let missed: Vec<&String> = row.expected.difference(&row.found).collect();
        let invented: Vec<&String> = row.found.difference(&row.expected).collect();
        println!(
            "{:44} {:>8} {:>6} {:>6} {:>8}  {}",
            row.log,
            row.expected.len(),
            row.found.len(),
            missed.len(),
            invented.len(),
            row.unsaid
        );
        if !row.is_right() {
            let mut text = format!("{}:", row.log);
            if !missed.is_empty() && !row.is_unread {
                text.push_str(&format!("\n  missed {missed:?}"));
            }
            if !invented.is_empty() {
                text.push_str(&format!("\n  invented {invented:?}"));
            }
            for problem in &row.problems {
                text.push_str(&format!("\n  {problem}"));
            }
            wrong.push(text);
        }
    }
    assert!(wrong.is_empty(), "{} of {} logs are wrong\n\n{}\n", wrong.len(), rows.len(), wrong.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(expected: &[&str], found: &[&str]) -> Row {
        let set = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        Row {
            log: "a".to_owned(),
            expected: set(expected),
            found: set(found),
            problems: Vec::new(),
            unsaid: String::new(),
            is_unread: false,
        }
    }

    #[test]
    fn a_row_is_right_only_if_both_sets_agree() {
        assert!(row(&["a"], &["a"]).is_right());
        assert!(!row(&["a"], &[]).is_right());
        assert!(!row(&["a"], &["a", "b"]).is_right());
    }

    #[test]
    fn a_log_that_is_not_read_yet_may_miss_users_but_invent_none() {
        assert!(Row { is_unread: true, ..row(&["a"], &[]) }.is_right());
        assert!(!Row { is_unread: true, ..row(&["a"], &["b"]) }.is_right());
    }

    #[test]
    fn a_problem_makes_a_row_wrong() {
        assert!(!Row { problems: vec!["exit code".to_owned()], ..row(&["a"], &["a"]) }.is_right());
    }
}

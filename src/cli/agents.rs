//! `siptally agents`: the User-Agents of the logs, or of a list.
use super::args::AgentsArgs;
use super::failure::Failure;

/// Runs the verb.
pub fn run(_args: &AgentsArgs) -> Result<(), Failure> {
    Ok(())
}

//! One file per verb: flags, progress, exit codes. The only room that knows the terminal.
//!
//! Data goes to standard output, everything else to standard error. To add a verb, copy
//! `agents.rs` and add it to `Command`.

/// A line to standard error. Where nobody can read it, because a pipe is closed or a disk full, the run goes on: its result
/// and its exit code are what counts.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

mod agents;
mod args;
mod bench;
mod bill;
mod book;
mod explain;
mod failure;
mod r#gen;
mod issue;
mod manifest;
mod manual;
mod probe;
mod progress;
mod range;
mod reconcile;
mod run;
mod sensitivity;
mod users;
mod verify;

use args::{Args, Command};
use clap::Parser;
use failure::Failure;
use std::process::ExitCode;

/// A panic while an input changes under its reader is the input's fault: exit 3 with its name.
fn blame_changed_inputs() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| match crate::read::first_changed() {
        Some(error) => {
            say!("siptally: {error}");
            std::process::exit(Failure::Input(error.to_string()).code().into());
        }
        None => before(panic),
    }));
}

/// Runs the program with the process's arguments.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are no mistakes; clap prints each to its own stream.
            let code = if error.use_stderr() { 2 } else { 0 };
            return match error.print() {
                Ok(()) => ExitCode::from(code),
                Err(_) => ExitCode::from(2),
            };
        }
    };
    blame_changed_inputs();
    let result = match &args.command {
        Command::Users(args) => users::run(args),
        Command::Probe(args) => probe::run(args),
        Command::Bill(args) => bill::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Reconcile(args) => reconcile::run(args),
        Command::Agents(args) => agents::run(args),
        Command::Book(args) => book::run(args),
        Command::Gen(args) => r#gen::run(args),
        Command::Bench(args) => bench::run(args),
        Command::Completions(args) => manual::completions(args),
        Command::Man(args) => manual::man(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            for line in failure.to_string().lines() {
                say!("siptally: {line}");
            }
            ExitCode::from(failure.code())
        }
    }
}

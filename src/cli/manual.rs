//! `siptally completions` and `siptally man`: what a package of the program ships besides.

use super::args::{AROUND_VERBS, Args, CompletionsArgs, ManArgs};
use super::failure::Failure;
use clap::{Command, CommandFactory};
use std::io::{self, Write};
use std::path::Path;

/// Writes completions to standard output.
pub fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut program(), "siptally", &mut text);
    Ok(io::stdout().lock().write_all(&text)?)
}

/// Writes one page to standard output, or all of them into a folder.
pub fn man(args: &ManArgs) -> Result<(), Failure> {
    // `help` has no page.
    let mut program = program().disable_help_subcommand(true);
    program.build();
    if let Some(folder) = &args.out {
        return all_pages(&program, folder)
            .map_err(|error| Failure::Usage(format!("--out {}: {error}", folder.display())));
    }
    let text = match &args.verb {
        None => page(&program)?,
        Some(verb) => {
            let known = program.get_subcommands().find(|known| known.get_name() == verb);
            page(known.ok_or_else(|| {
                let verbs: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
                Failure::Usage(format!("`{verb}` is no verb; there are {}", verbs.join(", ")))
            })?)?
        }
    };
    Ok(io::stdout().lock().write_all(&text)?)
}

/// The program with every verb in view.
fn program() -> Command {
    let shown = |program: Command, verb| program.mut_subcommand(verb, |command| command.hide(false));
    AROUND_VERBS.into_iter().fold(Args::command().after_help(""), shown)
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text)?;
    Ok(text)
}

fn all_pages(program: &Command, folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("siptally.1"), page(program)?)?;
    for verb in program.get_subcommands() {
        std::fs::write(folder.join(format!("siptally-{}.1", verb.get_name())), page(verb)?)?;
    }
    Ok(())
}

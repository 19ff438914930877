//! `siptally book`: check a price book, show it, print its calendar.

use super::args::{BookArgs, BookCommand};
use super::failure::Failure;
use super::run;
use crate::billing::Calendar;
use crate::book::{STARTER, show};
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

/// Runs the verb.
pub fn run(args: &BookArgs) -> Result<(), Failure> {
    match &args.command {
        BookCommand::Init { file } => init(file),
        BookCommand::Check { book } => {
            let book = run::load_book(book)?;
            let tenants = book.tenants.len();
            let plural = if tenants == 1 { "" } else { "s" };
            say!("{}: no problems, {tenants} tenant{plural}", book.path.display());
            Ok(())
        }
        BookCommand::Show { book } => {
            let book = run::load_book(book)?;
            Ok(io::stdout().lock().write_all(show(&book).as_bytes())?)
        }
        BookCommand::Cycles { book, from, count } => {
            let book = run::load_book(book)?;
            let calendar = Calendar::new(book.calendar.clone());
            let first = from.unwrap_or(book.calendar.anchor);
            let zone = &book.calendar.zone;
            let start = zone.to_timestamp(first.at(0, 0, 0, 0));
            let start = start.map_err(|error| Failure::Usage(format!("--from {first}: {error}")))?;
            let mut cycle = calendar.cycle_at(start.into());
            let out = &mut io::stdout().lock();
            writeln!(out, "number  starts      ends        days  hours")?;
            for _ in 0..*count {
                let hours = (cycle.window.end.micros() - cycle.window.start.micros()) / 3_600_000_000;
                let short = if calendar.is_short(&cycle) { "  short" } else { "" };
                writeln!(
                    out,
                    "{:>6}  {}  {}  {:>4}  {hours:>5}{short}",
                    cycle.number,
                    cycle.first_day,
                    cycle.end_day,
                    cycle.days()
                )?;
                cycle = calendar.cycle_at(cycle.window.end);
            }
            Ok(out.flush()?)
        }
    }
}

/// Writes the commented starter book; never over a file that is there.
fn init(path: &Path) -> Result<(), Failure> {
    if path.as_os_str() == "-" {
        return Ok(io::stdout().lock().write_all(STARTER.as_bytes())?);
    }
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let mut file = file.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
    file.write_all(STARTER.as_bytes())?;
    say!(
        "{}: written; `siptally book check` tells whether it still makes sense after your changes",
        path.display()
    );
    Ok(())
}

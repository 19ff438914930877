//! Which family a line belongs to: the one that is under way, else whichever it opens.

use super::astdb::Astdb;
use super::binding::{Binding, Line};
use super::blocks::Blocks;
use super::cli::Cli;
use super::json::Json;
use super::kamcmd::Kamcmd;
use super::mi::Mi;
use super::sql::Sql;
use super::table::DbText;
use super::{datagram, print_ucontact, sofia};
use crate::model::{RejectReason, Sink, Spot};

/// What a family makes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is one of its lines.
    Yes,
    /// It is its last.
    Last,
    /// It belongs to something else; this dump is over.
    No,
}

/// Reads an input of snapshots line by line. What it keeps between lines is one binding and the
/// columns of a table, however long the input is.
#[derive(Debug, Default)]
pub struct SnapshotReader {
    family: Family,
    astdb: Astdb,
    binding: Binding,
}

/// The dump that is under way.
#[derive(Debug, Default)]
enum Family {
    #[default]
    None,
    Kamcmd(Kamcmd),
    Json(Json),
    Mi(Mi),
    DbText(DbText),
    Sql(Sql),
    PrintUcontact,
    Datagram,
    Cli(Cli),
    Blocks(Blocks),
    Sofia,
}

impl SnapshotReader {
    /// A reader at the start of an input.
    pub fn new() -> Self {
        Self::default()
    }

    /// One whole line, without its LF, at this place; a CR before it may be left on.
    pub fn line(&mut self, line: &[u8], spot: Spot, sink: &mut impl Sink) {
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        let line = Line { text, spot, has_cr: text.len() < line.len() };
        if is_prompt(text) && !matches!(self.family, Family::Sql(_)) {
            self.close(sink);
            return;
        }
        match self.continued(&line, sink) {
            Taken::Yes => return,
            Taken::Last => {
                self.family = Family::None;
                return;
            }
            Taken::No => self.close(sink),
        }
        self.opened(&line);
        if self.continued(&line, sink) == Taken::Last {
            self.family = Family::None;
        }
    }

    /// The input is over.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        self.close(sink);
    }

    fn continued(&mut self, line: &Line<'_>, sink: &mut impl Sink) -> Taken {
        let binding = &mut self.binding;
        let is_taken = match &mut self.family {
            Family::None => return if self.astdb.line(line, binding, sink) { Taken::Yes } else { Taken::No },
            Family::Json(json) => return json.line(line, binding, sink),
            Family::Kamcmd(kamcmd) => return kamcmd.line(line, binding, sink),
            Family::DbText(table) => return table.line(line, binding, sink),
            Family::Sql(sql) => return sql.line(line, binding, sink),
            Family::Cli(cli) => return cli.line(line, binding, sink),
            Family::Blocks(blocks) => return blocks.line(line, binding, sink),
            Family::Datagram => return datagram::line(line, binding, sink),
            Family::Mi(mi) => mi.line(line, binding, sink),
            Family::PrintUcontact => print_ucontact::line(line, binding, sink),
            Family::Sofia => sofia::line(line, binding, sink),
        };
        if is_taken { Taken::Yes } else { Taken::No }
    }

    /// The family that the line opens.
    fn opened(&mut self, line: &Line<'_>) {
        let text = line.text;
        self.family = if print_ucontact::starts(text) {
            Family::PrintUcontact
        } else if Kamcmd::starts(text) {
            Family::Kamcmd(Kamcmd::new(line))
        } else if Json::starts(text) {
            Family::Json(Json::default())
        } else if Mi::starts(text) {
            Family::Mi(Mi::default())
        } else if DbText::starts(text) {
            Family::DbText(DbText::new(text))
        } else if Sql::starts(text) {
            Family::Sql(Sql::default())
        } else if Cli::starts(text) {
            Family::Cli(Cli::default())
        } else if sofia::starts(text) {
            Family::Sofia
        } else if datagram::starts(text) {
            Family::Datagram
        } else if Blocks::starts(text) {
            Family::Blocks(Blocks::default())
        } else {
            Family::None
        };
    }

    /// Ends the dump that is under way, in its middle perhaps.
    fn close(&mut self, sink: &mut impl Sink) {
        let binding = &mut self.binding;
        match &mut self.family {
            // These have an end of their own, and it did not come.
            Family::Kamcmd(_) | Family::Json(_) | Family::PrintUcontact | Family::Sql(_) => {
                binding.spoil(RejectReason::Truncated);
                binding.tell(sink);
            }
            Family::Datagram => datagram::close(binding, sink),
            Family::Cli(cli) => cli.close(binding, sink),
            Family::Blocks(blocks) => blocks.close(binding, sink),
            Family::None | Family::Mi(_) | Family::DbText(_) | Family::Sofia => binding.tell(sink),
        }
        self.family = Family::None;
    }
}

/// A shell's prompt with a command behind it: `pbx1*CLI> …`, `freeswitch@host> …`.
pub(super) fn is_prompt(text: &[u8]) -> bool {
    let word = text.split(|byte| *byte == b' ').next().unwrap_or_default();
    word.ends_with(b"*CLI>") || (word.starts_with(b"freeswitch@") && word.ends_with(b">"))
}

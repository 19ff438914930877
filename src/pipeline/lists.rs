//! The long lists of a bill on their way into the stage: `users.csv` of each tenant, `unbilled.csv`.

use super::bill::Bill;
use crate::model::{Category, Cycle, Decision, Invoice};
use crate::report::{Dialect, Output, Places, Rows, Stage, StageError, UnbilledCsv, UsersCsv};
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

const CATEGORIES: usize = Category::ALL.len();

/// The sheets of one cycle, and what each row of them begins with.
pub struct Sheets<'s, P> {
    /// By the tenants' numbers; none where the cycle is skipped.
    users: Vec<Option<UsersCsv<P>>>,
    /// By the tenants' numbers, and behind them the domains that nobody claims.
    unbilled: Vec<UnbilledCsv<P>>,
    spare: &'s Spare,
}

/// Room that rows were made in and that others can be made in: fresh memory costs as much as what
/// is written into it.
#[derive(Debug, Default)]
pub struct Spare(Mutex<Vec<Vec<u8>>>);

impl Spare {
    fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give(&self, room: Vec<Vec<u8>>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(room);
    }
}

/// The rows that a stretch of users has on each sheet.
#[derive(Debug, Default)]
pub struct Notes {
    users: Vec<[Option<Rows>; CATEGORIES]>,
    /// How many there are in `users`.
    billed: Vec<[u64; CATEGORIES]>,
    unbilled: Vec<Option<Rows>>,
}

impl<'s, P: Places> Sheets<'s, P> {
    /// The sheets of the bill; `places` knows what a tenant calls the places that prove something.
    pub fn new<'b>(
        bill: &'b Bill<'_>,
        cycle: &Cycle,
        dialect: Dialect,
        places: impl Fn(&'b str) -> P,
        spare: &'s Spare,
    ) -> Self {
        let users = bill.tenants().enumerate().map(|(number, tenant)| {
            let sheet = || UsersCsv::new(dialect, cycle, tenant, places(tenant));
            (!bill.is_skipped(number, cycle)).then(sheet)
        });
        let groups = bill.tenants().chain(["unassigned"]);
        Self {
            users: users.collect(),
            unbilled: groups.map(|tenant| UnbilledCsv::new(dialect, cycle, tenant, places(tenant))).collect(),
            spare,
        }
    }

    /// Takes down what is decided of one user.
    pub fn note(&self, notes: &mut Notes, tenant: Option<usize>, decision: &Decision<'_>) {
        if notes.unbilled.is_empty() {
            notes.users.resize_with(self.users.len(), Default::default);
            notes.billed.resize(self.users.len(), [0; CATEGORIES]);
            notes.unbilled.resize(self.unbilled.len(), None);
        }
        if let Some((number, sheet)) = tenant.and_then(|number| Some((number, self.users[number].as_ref()?)))
        {
            for user in &decision.billed {
                let category = user.category as usize;
                let rows = notes.users[number][category].get_or_insert_with(|| sheet.rows(self.spare.take()));
                sheet.push(rows, user);
                notes.billed[number][category] += 1;
            }
        }
        let group = tenant.unwrap_or(self.users.len());
        let sheet = &self.unbilled[group];
        for user in &decision.unbilled {
            sheet.push(notes.unbilled[group].get_or_insert_with(|| sheet.rows(self.spare.take())), user);
        }
    }
}

/// The files of one cycle, under way.
pub struct Lists<'u> {
    /// By the tenants' numbers; none where the cycle is skipped.
    users: Vec<Option<Parts>>,
    billed: Vec<[u64; CATEGORIES]>,
    /// One file for all cycles.
    unbilled: &'u mut Parts,
    spare: &'u Spare,
}

impl<'u> Lists<'u> {
    /// Begins the files of one cycle; `unbilled` has been begun for all of them.
    ///
    /// # Errors
    ///
    /// What the stage says.
    pub fn begin<P: Places>(
        stage: &Stage,
        sheets: &Sheets<'u, P>,
        name: impl Fn(usize) -> String,
        unbilled: &'u mut Parts,
    ) -> Result<Self, StageError> {
        let begin = |(number, sheet): (usize, &Option<UsersCsv<P>>)| {
            let sheet = sheet.as_ref()?;
            Some(Parts::begin(stage, &name(number), sheet.header()))
        };
        let users = sheets.users.iter().enumerate().map(|sheet| begin(sheet).transpose());
        Ok(Self {
            users: users.collect::<Result<_, _>>()?,
            billed: vec![[0; CATEGORIES]; sheets.users.len()],
            unbilled,
            spare: sheets.spare,
        })
    }

    /// Takes in what was taken down of stretch after stretch, in their order.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn hand_in(&mut self, stretches: Vec<Notes>) -> Result<(), StageError> {
        for notes in stretches {
            for (number, rows) in notes.users.into_iter().enumerate() {
                let Some(file) = &mut self.users[number] else { continue };
                file.take_in(rows.into_iter());
            }
            for (sums, billed) in self.billed.iter_mut().zip(notes.billed) {
                for (sum, billed) in sums.iter_mut().zip(billed) {
                    *sum += billed;
                }
            }
            self.unbilled.take_in(notes.unbilled.into_iter());
        }
        let files = self.users.par_iter_mut().flatten().chain([&mut *self.unbilled]);
        let spare = self.spare;
        files.try_for_each(|file| file.write_first(spare))
    }

    /// Ends the files of the cycle, and proves that they say what the invoices say.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    ///
    /// # Panics
    ///
    /// If an invoice counts other users than its list has rows: no bill may leave the house then.
    pub fn end<'i>(
        mut self,
        stage: &mut Stage,
        invoices: impl Iterator<Item = Option<&'i Invoice>>,
    ) -> Result<(), StageError> {
        for (billed, invoice) in self.billed.iter().zip(invoices) {
            for (category, rows) in Category::ALL.into_iter().zip(billed) {
                let users = invoice.map_or(*rows, |invoice| invoice.usage.of(category).users);
                assert_eq!(*rows, users, "users.csv and the invoice count alike");
            }
        }
        let files = self.users.par_iter_mut().flatten().chain([&mut *self.unbilled]);
        files.try_for_each(Parts::write_all)?;
        self.users.into_iter().flatten().try_for_each(|file| stage.end(file.output))
    }
}

/// Bytes of a piece of what waits: of the first one, since there may be a thousand tenants, and at most.
const WAITING_LEN_LEAST: usize = 8 << 10;
const WAITING_LEN: usize = 1 << 20;

/// Puts the bytes behind those that wait. The pieces are full, where the room that rows are made in is half empty as a
/// rule.
fn keep(waiting: &mut Vec<Vec<u8>>, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let room = waiting.last().map_or(0, |last| last.capacity() - last.len());
        match waiting.last_mut().filter(|_| room > 0) {
            Some(last) => {
                let (now, later) = bytes.split_at(room.min(bytes.len()));
                last.extend_from_slice(now);
                bytes = later;
            }
            None => {
                let len = waiting.last().map_or(WAITING_LEN_LEAST, |last| 2 * last.capacity());
                waiting.push(Vec::with_capacity(len.min(WAITING_LEN)));
            }
        }
    }
}

/// A file of several parts, one behind the other, that all grow at once: the first is written as it
/// comes, and the others wait for it in memory.
pub struct Parts {
    output: Output,
    parts: Vec<Part>,
}

/// A part of a file.
#[derive(Debug, Default)]
struct Part {
    /// What came last, as it was made.
    come: Vec<Vec<u8>>,
    waiting: Vec<Vec<u8>>,
}

impl Parts {
    /// Begins the file with its header.
    ///
    /// # Errors
    ///
    /// What the stage says.
    pub fn begin(stage: &Stage, name: &str, header: Rows) -> Result<Self, StageError> {
        let mut output = stage.begin(name)?;
        output.append(&[header.into_bytes()])?;
        Ok(Self { output, parts: Vec::new() })
    }

    /// The file, of which all parts have been written.
    pub fn into_output(self) -> Output {
        self.output
    }

    fn take_in(&mut self, rows: impl ExactSizeIterator<Item = Option<Rows>>) {
        let parts = self.parts.len().max(rows.len());
        self.parts.resize_with(parts, Part::default);
        for (part, rows) in self.parts.iter_mut().zip(rows) {
            part.come.extend(rows.map(Rows::into_bytes));
        }
    }

    fn write_first(&mut self, spare: &Spare) -> Result<(), StageError> {
        for (number, part) in self.parts.iter_mut().enumerate() {
            let come = std::mem::take(&mut part.come);
            match number {
                0 if come.is_empty() => {}
                0 => self.output.append(&come)?,
                _ => come.iter().for_each(|rows| keep(&mut part.waiting, rows)),
            }
            spare.give(come);
        }
        Ok(())
    }

    fn write_all(&mut self) -> Result<(), StageError> {
        let rest = std::mem::take(&mut self.parts);
        let rest = rest.iter().map(|part| &part.waiting).filter(|waiting| !waiting.is_empty());
        rest.into_iter().try_for_each(|waiting| self.output.append(waiting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_stays_in_its_order_and_fills_its_pieces() {
        let mut waiting = Vec::new();
        let mut expected = Vec::new();
        for len in [0, 1, 5000, WAITING_LEN_LEAST, 0, 3 * WAITING_LEN, 7] {
            let bytes: Vec<u8> = (0..len).map(|at| (at * 31 + len) as u8).collect();
            keep(&mut waiting, &bytes);
            expected.extend_from_slice(&bytes);
        }
        assert!(waiting.concat() == expected);
        let (_, full) = waiting.split_last().unwrap();
        assert!(full.iter().all(|piece| piece.len() == piece.capacity()));
    }
}

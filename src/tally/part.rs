//! One part of a tally: the users whose hashes fall into it, and their cells.

use super::entry::{Cell, Entry, Key};
use super::faint::{Faint, is_faint};
use super::observed::{Observed, Record, bits_of, hash_of};
use super::repeats::Repeats;
use super::users::{NONE, Users};
use crate::model::near::bring;
use crate::model::rows::Rows;
use crate::model::{AgentId, Spot, Standing};
use std::collections::HashMap;

/// A user has one or two clients; a chain of so many cells is walked, and a longer one is
/// indexed, so that one account with a new User-Agent at every registration costs no more than
/// any other.
const CHAIN_MAX: usize = 12;

/// So many look-ups wait for their memory at the same time.
const ABREAST: usize = 64;

/// The users of a part and what is known of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    pub users: Users,
    /// Those behind the first of each user.
    cells: Rows<Cell>,
    /// Cells of users who have more than [`CHAIN_MAX`], by user and key.
    crowd: HashMap<(u32, Key), u32, ahash::RandomState>,
    pub repeats: Repeats,
    /// Cells of users who were refused or only attempted.
    pub faint_cells: usize,
    /// Observations of such users that were only counted.
    pub unlisted: u64,
    /// Records of transactions that had been counted.
    pub repeated: u64,
    /// What was counted in each standing, by its number.
    pub counts: [u64; Standing::ALL.len()],
}

/// The entries of one user, in no order.
#[derive(Debug, Clone)]
pub struct Entries<'t> {
    cells: &'t Rows<Cell>,
    next: Option<&'t Cell>,
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    /// In line: whoever asks for little of an entry does not pay for all of it.
    #[inline(always)]
    fn next(&mut self) -> Option<Entry> {
        let cell = self.next?;
        self.next = self.cells.get(cell.next);
        Some(cell.entry())
    }
}

impl Part {
    /// Takes what the blocks say of the part's users; `clients` translates the numbers of each
    /// block's clients.
    pub fn take<'b>(
        &mut self,
        part: usize,
        blocks: impl Iterator<Item = (&'b Observed, &'b [AgentId])>,
        faint: &Faint,
    ) {
        let mut abreast: Vec<(&Observed, &[AgentId], &Record)> = Vec::with_capacity(ABREAST);
        for (block, clients) in blocks {
            for record in block.of_part(part) {
                abreast.push((block, clients, record));
                if abreast.len() == ABREAST {
                    self.take_abreast(&mut abreast, faint);
                }
            }
        }
        self.take_abreast(&mut abreast, faint);
    }

    /// A look-up waits for three or four lines of memory, and waiting for sixty of them together takes
    /// hardly longer than for one: so they are touched before each is counted in its turn.
    fn take_abreast(&mut self, abreast: &mut Vec<(&Observed, &[AgentId], &Record)>, faint: &Faint) {
        for (_, _, record) in &*abreast {
            self.users.bring_place(record.bits);
        }
        let mut guesses = [NONE; ABREAST];
        for (guess, (_, _, record)) in guesses.iter_mut().zip(&*abreast) {
            *guess = self.users.guess(record.bits);
            if let Some(user) = self.users.guessed(*guess) {
                bring(user);
            }
        }
        let (mut further, mut further_len) = ([None; ABREAST], 0);
        for (guess, (_, clients, record)) in guesses.iter().zip(&*abreast) {
            let key = (clients[record.client as usize].0, record.window, record.standing);
            let Some(user) = self.users.guessed(*guess) else { continue };
            self.users.bring_key(user);
            if !user.first.is_of(key)
                && let Some(cell) = self.cells.get(user.first.next)
            {
                bring(cell);
                further[further_len] = Some((cell, key));
                further_len += 1;
            }
        }
        // Few users have more than three clients.
        for (cell, key) in further[..further_len].iter().flatten() {
            if !cell.is_of(*key)
                && let Some(next) = self.cells.get(cell.next)
            {
                bring(next);
            }
        }
        for ((block, clients, record), guess) in abreast.drain(..).zip(guesses) {
            self.count(block.user(record), guess, clients[record.client as usize], record, faint);
        }
    }

    /// Counts a record of that user, who probably has the number `guess`.
    #[inline(always)]
    fn count(&mut self, user: &[u8], guess: u32, agent: AgentId, record: &Record, faint: &Faint) {
        // Most records say of a user's first client and window that it was seen once more, and later.
        if !is_faint(record.standing)
            && let Some(known) = self.users.guessed_mut(guess, user)
            && known.first.is_of((agent.0, record.window, record.standing))
            && known.first.comes_before(record.micros)
        {
            if record.transaction != 0
                && self.repeats.is_repeated(guess, known, record.transaction, record.micros)
            {
                self.repeated += 1;
                return;
            }
            known.first.count_later(record.micros, record.day);
            self.counts[record.standing as usize] += 1;
            return;
        }
        self.count_any(user, guess, agent, record, faint);
    }

    /// The same, whatever the record says.
    #[inline(never)]
    fn count_any(&mut self, user: &[u8], guess: u32, agent: AgentId, record: &Record, faint: &Faint) {
        let has_clock = record.micros != i64::MIN;
        let entry = Entry {
            agent,
            window: record.window,
            standing: record.standing,
            evidence: record.evidence,
            count: 1,
            first: if has_clock { record.micros } else { i64::MAX },
            last: record.micros,
            days: if has_clock { 1 << (record.day & 63) } else { 0 },
            spot: Spot { input: record.input, offset: record.offset },
        };
        if is_faint(entry.standing) && !faint.lists(user) {
            self.unlisted += 1;
            return;
        }
        let known = match self.users.is(guess, user) {
            true => Some(guess),
            false => self.users.find(record.bits, user),
        };
        let number = known.unwrap_or_else(|| self.add(record.bits, user, &entry));
        if record.transaction != 0 {
            let user = self.users.get_mut(number);
            if self.repeats.is_repeated(number, user, record.transaction, record.micros) {
                self.repeated += 1;
                return;
            }
        }
        if known.is_some() {
            self.join(number, &entry);
        }
    }

    /// Counts an entry for the user with these bits of the hash, and gives the user's number.
    pub fn insert(&mut self, bits: u32, user: &[u8], entry: &Entry) -> u32 {
        match self.users.find(bits, user) {
            Some(number) => {
                self.join(number, entry);
                number
            }
            None => self.add(bits, user, entry),
        }
    }

    /// Counts the first entry of a new user.
    fn add(&mut self, bits: u32, user: &[u8], entry: &Entry) -> u32 {
        self.counts[entry.standing as usize] += entry.count;
        self.faint_cells += usize::from(is_faint(entry.standing));
        self.users.add(bits, user, Cell::new(entry, NONE), |key| bits_of(hash_of(key)))
    }

    fn join(&mut self, number: u32, entry: &Entry) {
        self.counts[entry.standing as usize] += entry.count;
        let key = entry.key();
        let user = self.users.get_mut(number);
        if user.first.is_of(key) {
            user.first.join(entry);
            return;
        }
        self.join_further(number, key, entry);
    }

    /// Counts an entry that is not of the user's first cell.
    fn join_further(&mut self, number: u32, key: Key, entry: &Entry) {
        let head = self.users.get(number).first.next;
        let mut at = head;
        for _ in 1..CHAIN_MAX {
            let Some(cell) = self.cells.get_mut(at) else {
                self.link(number, entry);
                return;
            };
            if cell.is_of(key) {
                cell.join(entry);
                return;
            }
            at = cell.next;
        }
        // The chain is longer than is walked: ask the index, which is made when first needed.
        let head_key = self.cells.get(head).map(|cell| cell.entry().key());
        if !head_key.is_some_and(|key| self.crowd.contains_key(&(number, key))) {
            let mut at = head;
            while let Some(cell) = self.cells.get(at) {
                self.crowd.insert((number, cell.entry().key()), at);
                at = cell.next;
            }
        }
        match self.crowd.get(&(number, key)).and_then(|known| self.cells.get_mut(*known)) {
            Some(known) => known.join(entry),
            None => {
                let cell = self.link(number, entry);
                self.crowd.insert((number, key), cell);
            }
        }
    }

    /// Puts a new cell right behind the user's first, which so remains the first.
    fn link(&mut self, number: u32, entry: &Entry) -> u32 {
        let cell = self.cells.next_number();
        self.faint_cells += usize::from(is_faint(entry.standing));
        let next = std::mem::replace(&mut self.users.get_mut(number).first.next, cell);
        self.cells.push(Cell::new(entry, next));
        cell
    }

    /// Builds the part anew without what is beyond the limit, and gives the number of observations
    /// that are so lost. What is remembered of transactions goes on with its user.
    pub fn drop_unlisted(&mut self, faint: &Faint) -> u64 {
        let old = std::mem::take(self);
        (self.unlisted, self.repeated) = (old.unlisted, old.repeated);
        self.repeats = Repeats::beside(&old.repeats);
        let mut lost = 0;
        for number in old.numbers() {
            let (key, user) = (old.users.key(number), old.users.get(number));
            let lists = faint.lists(key);
            let mut kept = None;
            for entry in old.entries_of(number) {
                if is_faint(entry.standing) && !lists {
                    lost += entry.count;
                    continue;
                }
                match kept {
                    Some(kept) => self.join(kept, &entry),
                    None => kept = Some(self.add(bits_of(hash_of(key)), key, &entry)),
                }
            }
            if let Some(kept) = kept {
                self.repeats.take_over(&old.repeats, (number, user), (kept, self.users.get_mut(kept)));
            }
        }
        lost
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.users.len() + self.cells.len()
    }

    /// Asks for the memory of a user's second cell.
    pub fn bring_second(&self, number: u32) {
        if let Some(cell) = self.cells.get(self.users.get(number).first.next) {
            bring(cell);
        }
    }

    /// One user's entries, in no order.
    pub fn entries_of(&self, number: u32) -> Entries<'_> {
        Entries { cells: &self.cells, next: Some(&self.users.get(number).first) }
    }

    /// The numbers of all users.
    pub fn numbers(&self) -> std::ops::Range<u32> {
        self.users.numbers()
    }
}

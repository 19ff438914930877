//! One part of a tally: the users whose hashes fall into it, and their cells.

use super::entry::{Cell, Entry, Key};
use super::faint::{Faint, is_faint};
use super::observed::{Observed, Record, bits_of, hash_of};
use super::repeats::Repeats;
use super::rows::Rows;
use super::users::{NONE, Users};
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
    cells: Rows<Cell>,
    /// Cells of users who have more than [`CHAIN_MAX`], by user and key.
    crowd: HashMap<(u32, Key), u32, ahash::RandomState>,
    repeats: Repeats,
    /// Cells of users who were refused or only attempted.
    pub faint_cells: usize,
    /// Observations of such users that were only counted.
    pub unlisted: u64,
    /// Records of transactions that had been counted.
    pub repeated: u64,
    /// What was counted in each standing, by its number.
    pub counts: [u64; Standing::ALL.len()],
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
        let mut guesses = [NONE; ABREAST];
        for (guess, (_, _, record)) in guesses.iter_mut().zip(&*abreast) {
            *guess = self.users.guess(bits_of(record.hash));
        }
        let mut places = guesses.map(|guess| self.users.head(guess));
        // A cell may lie on two lines, so both its ends are touched.
        let mut sum = 0;
        for place in &mut places {
            let cell = self.cells.get(*place);
            sum ^= cell.map_or(0, Cell::begin);
            *place = cell.map_or(NONE, |cell| cell.next);
        }
        for place in &places {
            sum ^= self.cells.get(*place).map_or(0, |cell| cell.begin() ^ cell.next);
        }
        std::hint::black_box(sum);
        for ((block, clients, record), guess) in abreast.drain(..).zip(guesses) {
            self.count(block.user(record), guess, clients[record.client as usize], record, faint);
        }
    }

    /// Counts a record of that user, who probably has the number `guess`.
    fn count(&mut self, user: &[u8], guess: u32, agent: AgentId, record: &Record, faint: &Faint) {
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
        let number = match self.users.is(guess, user) {
            true => guess,
            false => self.users.number(bits_of(record.hash), user).0,
        };
        if record.transaction != 0 {
            let user = self.users.get_mut(number);
            if self.repeats.is_repeated(number, user, record.transaction, record.micros) {
                self.repeated += 1;
                return;
            }
        }
        self.join(number, &entry);
    }

    /// Counts an entry for the user with that hash.
    pub fn insert(&mut self, hash: u64, user: &[u8], entry: &Entry) {
        let (number, _) = self.users.number(bits_of(hash), user);
        self.join(number, entry);
    }

    fn join(&mut self, number: u32, entry: &Entry) {
        self.counts[entry.standing as usize] += entry.count;
        let key = entry.key();
        let head = self.users.head(number);
        let mut at = head;
        for _ in 0..CHAIN_MAX {
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
        let cell = Rows::<Cell>::number(self.cells.len());
        self.faint_cells += usize::from(is_faint(entry.standing));
        let user = self.users.get_mut(number);
        let next = match self.cells.get_mut(user.head) {
            Some(head) => std::mem::replace(&mut head.next, cell),
            None => {
                user.head = cell;
                NONE
            }
        };
        self.cells.push(Cell::new(entry, next));
        cell
    }

    /// Builds the part anew without what is beyond the limit, and gives the number of observations
    /// that are so lost. What is remembered of transactions goes on with its user.
    pub fn drop_unlisted(&mut self, faint: &Faint) -> u64 {
        let old = std::mem::take(self);
        (self.unlisted, self.repeated) = (old.unlisted, old.repeated);
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
                let number = *kept.get_or_insert_with(|| self.users.number(bits_of(hash_of(key)), key).0);
                self.join(number, &entry);
            }
            if let Some(kept) = kept {
                self.repeats.take_over(&old.repeats, (number, user), (kept, self.users.get_mut(kept)));
            }
        }
        lost
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Touches a user's first cells, to bring them near.
    pub fn touch(&self, number: u32) -> u32 {
        let first = self.cells.get(self.users.head(number));
        let second = first.and_then(|cell| self.cells.get(cell.next));
        first.map_or(0, Cell::begin) ^ second.map_or(0, Cell::begin)
    }

    /// One user's entries, in no order.
    pub fn entries_of(&self, number: u32) -> impl Iterator<Item = Entry> + '_ {
        let at = |number: u32| self.cells.get(number);
        let cells = std::iter::successors(at(self.users.head(number)), move |cell| at(cell.next));
        cells.map(Cell::entry)
    }

    /// The numbers of all users.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        self.users.numbers()
    }
}

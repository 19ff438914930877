//! The bindings of a server that have not ended, by pair.

use crate::model::index::NONE;
use crate::model::near::bring;
use crate::model::rows::Rows;
use crate::model::{Hint, Moment, Spot};
use crate::settle::Held;
use crate::settle::pairs::Pair;
use ahash::RandomState;
use std::collections::HashMap;

/// One binding that has not ended, in fifty-six bytes: a log has hundreds of thousands at a time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Binding {
    offset: u64,
    input: u32,
    /// Its first record, and the stretch of that.
    pub serial: u32,
    pub begin: Moment,
    /// Its last record, and the stretch of that.
    pub proof: Moment,
    pub proof_serial: u32,
    /// Longest expiry granted to it, in seconds; 0 where none was told.
    pub granted: u32,
    /// When the server was seen to drop it without a word on why, or [`STAYS`].
    gone: Moment,
    pub hint: Hint,
    pub is_push_source: bool,
    /// A peer of `chan_sip`, of which nothing is proven.
    pub is_peer: bool,
}

/// Of a binding that the server was not seen to drop.
const STAYS: Moment = Moment::from_micros(i64::MIN);

impl Binding {
    /// The binding that a record begins, at that moment and in that stretch.
    pub fn new(held: &Held<'_>, (begin, serial): (Moment, u32), granted: u32) -> Self {
        Self {
            offset: held.spot.offset,
            input: held.spot.input,
            serial,
            begin,
            proof: begin,
            proof_serial: serial,
            granted,
            gone: STAYS,
            hint: held.agent.hint,
            is_push_source: held.agent.is_push_source,
            is_peer: held.contact.is_empty(),
        }
    }

    /// Of the record that began it.
    pub const fn spot(&self) -> Spot {
        Spot { input: self.input, offset: self.offset }
    }

    /// When the server was seen to drop it without a word on why.
    pub fn gone(&self) -> Option<Moment> {
        (self.gone != STAYS).then_some(self.gone)
    }

    /// It was seen to be dropped, unless it had been before.
    pub fn go(&mut self, moment: Moment) {
        if self.gone == STAYS {
            self.gone = moment;
        }
    }

    /// It is there after all.
    pub fn stay(&mut self) {
        self.gone = STAYS;
    }
}

/// Every binding that has not ended. What grows by being copied holds but a few bytes of each.
#[derive(Debug, Default)]
pub(super) struct Living {
    places: Places,
    rows: Rows<Row>,
    /// Rows of bindings that have ended.
    free: Vec<u32>,
}

/// A binding with its pair, or none where that one has ended.
#[derive(Debug)]
struct Row {
    pair: Pair,
    binding: Option<Binding>,
}

impl Living {
    pub fn has(&self, pair: Pair) -> bool {
        self.places.get(pair).is_some()
    }

    pub fn get_mut(&mut self, pair: Pair) -> Option<&mut Binding> {
        let number = self.places.get(pair)?;
        self.row(number).binding.as_mut()
    }

    fn row(&mut self, number: u32) -> &mut Row {
        self.rows.get_mut(number).expect("a row's number is one that was given")
    }

    /// Begins a binding of a pair that has none.
    pub fn insert(&mut self, pair: Pair, binding: Binding) {
        let row = Row { pair, binding: Some(binding) };
        let number = match self.free.pop() {
            Some(number) => {
                *self.row(number) = row;
                number
            }
            None => {
                let number = self.rows.next_number();
                self.rows.push(row);
                number
            }
        };
        self.places.put(pair, number);
    }

    /// Ends the binding of a pair, if it has one.
    pub fn remove(&mut self, pair: Pair) -> Option<Binding> {
        let number = self.places.take(pair)?;
        self.free.push(number);
        self.row(number).binding.take()
    }

    /// How many places there are, also those of bindings that have ended.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The pair at that place with its binding, unless that has ended.
    ///
    /// # Panics
    ///
    /// If there are not so many places.
    pub fn at(&self, place: usize) -> (Pair, Option<&Binding>) {
        let row = self.rows.get(place as u32).expect("a place's number is one of those that there are");
        (row.pair, row.binding.as_ref())
    }

    /// Ends the bindings of all peers of `chan_sip`.
    pub fn take_peers(&mut self) -> Vec<(Pair, Binding)> {
        let of_peer = |row: &Row| row.binding.filter(|binding| binding.is_peer).map(|_| row.pair);
        let peers: Vec<Pair> = self.rows.iter().filter_map(of_peer).collect();
        peers.into_iter().filter_map(|pair| Some((pair, self.remove(pair)?))).collect()
    }

    /// Keeps the bindings by their places only: nobody will ask for one by its pair.
    pub fn close(&mut self) {
        (self.places, self.free) = (Places::default(), Vec::new());
    }

    /// Asks for what tells where the binding of a pair stands.
    pub fn bring_place(&self, pair: Pair) {
        self.places.bring(pair);
    }

    /// Asks for the binding of a pair, where the memory before is near.
    pub fn bring(&self, pair: Pair) {
        self.places.get(pair).and_then(|number| self.rows.get(number)).into_iter().for_each(bring);
    }
}

/// Pairs of a page: few, since each of many servers may know but one of them.
const PAGE_LEN: u32 = 32;

/// The row of each binding by its pair. Pairs that the log named one after the other stand side by side, on pages that are
/// given back with their last binding.
#[derive(Debug, Default)]
struct Places {
    pages: HashMap<u32, Box<Page>, RandomState>,
}

#[derive(Debug)]
struct Page {
    rows: [u32; PAGE_LEN as usize],
    /// How many of them are in use.
    used: u32,
}

impl Places {
    fn get(&self, pair: Pair) -> Option<u32> {
        let page = self.pages.get(&(pair / PAGE_LEN))?;
        Some(page.rows[Self::within(pair)]).filter(|row| *row != NONE)
    }

    /// Notes the row of a pair that has none.
    fn put(&mut self, pair: Pair, row: u32) {
        let new = || Box::new(Page { rows: [NONE; PAGE_LEN as usize], used: 0 });
        let page = self.pages.entry(pair / PAGE_LEN).or_insert_with(new);
        page.used += 1;
        page.rows[Self::within(pair)] = row;
    }

    fn take(&mut self, pair: Pair) -> Option<u32> {
        let page = self.pages.get_mut(&(pair / PAGE_LEN))?;
        let place = &mut page.rows[Self::within(pair)];
        let row = Some(std::mem::replace(place, NONE)).filter(|row| *row != NONE)?;
        page.used -= 1;
        if page.used == 0 {
            self.pages.remove(&(pair / PAGE_LEN));
        }
        Some(row)
    }

    fn bring(&self, pair: Pair) {
        if let Some(page) = self.pages.get(&(pair / PAGE_LEN)) {
            bring(&page.rows[Self::within(pair)]);
            bring(&page.used);
        }
    }

    const fn within(pair: Pair) -> usize {
        (pair % PAGE_LEN) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn binding(begin: i64) -> Binding {
        Binding {
            offset: 0,
            input: 0,
            serial: 0,
            begin: Moment::from_micros(begin),
            proof: Moment::from_micros(begin),
            proof_serial: 0,
            granted: 0,
            gone: STAYS,
            hint: Hint::None,
            is_push_source: false,
            is_peer: false,
        }
    }

    #[test]
    fn a_binding_with_its_pair_fills_a_line_of_memory() {
        assert_eq!(size_of::<Row>(), 64);
    }

    proptest! {
        #[test]
        fn it_keeps_what_a_map_keeps(steps in prop::collection::vec((0_u32..200, any::<bool>()), 0..400)) {
            let (mut living, mut map) = (Living::default(), BTreeMap::new());
            for (step, (pair, is_begin)) in (0..).zip(steps) {
                let ended = living.remove(pair).map(|binding| binding.begin);
                prop_assert_eq!(ended, map.remove(&pair));
                if is_begin {
                    living.insert(pair, binding(step));
                    map.insert(pair, Moment::from_micros(step));
                }
                prop_assert_eq!(living.has(pair), is_begin);
                prop_assert_eq!(living.get_mut(pair).map(|binding| binding.begin), map.get(&pair).copied());
            }
            let pages: std::collections::BTreeSet<u32> = map.keys().map(|pair| pair / PAGE_LEN).collect();
            prop_assert_eq!(living.places.pages.len(), pages.len());
            let left = (0..living.len()).map(|place| living.at(place));
            let left: BTreeMap<Pair, Moment> =
                left.filter_map(|(pair, binding)| Some((pair, binding?.begin))).collect();
            prop_assert_eq!(left, map);
        }
    }
}

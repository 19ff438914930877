//! The bindings of one server: how long each lived, as far as that server's own log tells.

use super::ended::{Ended, EndedLife};
use super::living::{Binding, Living};
use super::sweeper::Sweeper;
use super::{LifeRules, Piece, is_step};
use crate::model::{Moment, Spot};
use crate::settle::pairs::Pair;
use crate::settle::{Held, Run};

/// Asterisk sweeps every 30 seconds; the rest is for a clock that is set right by a little.
const SWEEP_SECONDS: i64 = 60;
/// The lines of a dropped binding and of its removal are written by two threads.
const GONE_SECONDS: i64 = 60;
/// How soon after a new binding the line of the one that it replaced can come.
const REPLACED_SECONDS: i64 = 5;

/// A record of a binding, with its number.
#[derive(Clone, Copy)]
pub(super) struct Record<'t> {
    pub held: &'t Held<'t>,
    pub moment: Moment,
    pub pair: Pair,
}

/// A run of one server's records without a step of its clock or a start.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// Counts every stretch, also those that are not kept.
    serial: u32,
    begin: Moment,
    /// From when on a binding that is older than the stretch is proven by living in it: no expiry
    /// granted before it reaches beyond this by more than itself.
    floor: Moment,
    /// Latest instant of it; once the server has ended, of the binding records in it.
    end: Moment,
    /// The server started anew before it.
    follows_start: bool,
}

/// What a server is left with at its end: bindings that nothing ended, by their places.
#[derive(Debug)]
pub(super) struct Left(Server);

impl Left {
    /// How many places there are.
    pub fn len(&self) -> usize {
        self.0.bindings.len()
    }

    /// The pair of that place's binding, or of the latest one that ended there.
    pub fn pair(&self, place: usize) -> Pair {
        self.0.bindings.at(place).0
    }

    /// The life of that place's binding, if there is one, of which the pieces are appended. Open ones count only where
    /// the server [tells of removals](Left::tells_of_removals).
    pub fn life(&self, place: usize, pieces: &mut Vec<Piece>) -> Option<EndedLife> {
        let server = &self.0;
        let (pair, binding) = server.bindings.at(place);
        let binding = binding?;
        let tell = &mut |piece| pieces.push(piece);
        Some(match binding.gone() {
            Some(gone) => server.lost(pair, binding, gone, tell),
            None => {
                let life = life(pair, binding, server.high, server.rules);
                let last = server.current();
                server.pieces(&life, binding, last.serial, last.end, (binding.spot(), true), tell);
                life
            }
        })
    }

    pub const fn tells_of_removals(&self) -> bool {
        self.0.has_removals
    }
}

/// One server of the stream.
#[derive(Debug)]
pub(super) struct Server {
    rules: LifeRules,
    first: Moment,
    /// Last record heard, and the latest instant since the last step.
    last: Moment,
    high: Moment,
    /// Those long enough to prove anything, then the one under way.
    stretches: Vec<Stretch>,
    /// From when on a removal proves a life of which nothing else is known.
    floor: Moment,
    bindings: Living,
    /// Last record of any binding since the last start.
    last_binding: Option<Moment>,
    has_removals: bool,
    has_peers: bool,
    granted_max: u32,
    /// Lives with open pieces, which count if the log tells of removals at all; none where it does.
    open: Vec<usize>,
    sweeper: Sweeper,
}

impl Server {
    pub fn new(run: &Run<'_>, rules: LifeRules) -> Self {
        let begin = run.first;
        let stretch = Stretch { serial: 0, begin, floor: begin, end: run.high, follows_start: false };
        Self {
            rules,
            first: begin,
            last: run.last,
            high: run.high,
            stretches: vec![stretch],
            floor: begin,
            bindings: Living::default(),
            last_binding: None,
            has_removals: false,
            has_peers: false,
            granted_max: 0,
            open: Vec::new(),
            sweeper: Sweeper::default(),
        }
    }

    /// Whether it has a binding of that pair.
    pub fn has(&self, pair: Pair) -> bool {
        self.bindings.has(pair)
    }

    /// Asks for what tells where the binding of that pair stands.
    pub fn bring_place(&self, pair: Pair) {
        self.bindings.bring_place(pair);
    }

    /// Asks for the binding of that pair, where the memory before is near.
    pub fn bring_binding(&self, pair: Pair) {
        self.bindings.bring(pair);
    }

    pub fn hear(&mut self, run: &Run<'_>) {
        if is_step(self.last, run.first, run.gap_seconds) {
            let floor = self.high.max(run.first);
            self.high = run.high;
            self.next_stretch(run.first, floor, false);
        } else {
            self.high = self.high.max(run.high);
        }
        self.last = run.last;
        self.current_mut().end = self.high;
    }

    /// A line says that the server starts anew.
    pub fn restart(&mut self, moment: Moment) {
        self.sweeper.forget();
        self.start(moment, self.last_binding);
    }

    /// The server started anew at that instant. What it had in mind before is believed up to the
    /// last record of a binding before: expiry goes on while it is down, and no line tells.
    fn start(&mut self, moment: Moment, last_binding: Option<Moment>) {
        self.end_at(last_binding);
        self.next_stretch(moment, moment, true);
        self.current_mut().end = self.high;
        self.last_binding = None;
    }

    /// Cuts what was heard since the last start to what tells of bindings.
    fn end_at(&mut self, last_binding: Option<Moment>) {
        let last = last_binding.unwrap_or(self.first);
        for stretch in self.stretches.iter_mut().rev() {
            stretch.end = stretch.end.min(last);
            if stretch.follows_start {
                break;
            }
        }
    }

    fn next_stretch(&mut self, begin: Moment, floor: Moment, follows_start: bool) {
        self.floor = self.floor.max(floor);
        let ended = *self.current();
        let serial = ended.serial.checked_add(1).expect("fewer than 2^32 steps of a server's clock");
        let mut next = Stretch { serial, begin, floor, end: begin, follows_start };
        // One that is too short for any proof is forgotten, so that a log of two clocks costs no
        // more than another. One behind a start tells its own bindings from older ones.
        let is_short = ended.begin.plus_seconds(needs_seconds(self.rules, 0)) > ended.end;
        if is_short && (follows_start || !ended.follows_start) {
            next.floor = next.floor.max(ended.floor);
            self.stretches.pop();
        }
        self.stretches.push(next);
    }

    fn current(&self) -> &Stretch {
        self.stretches.last().expect("one stretch is always under way")
    }

    fn current_mut(&mut self) -> &mut Stretch {
        self.stretches.last_mut().expect("one stretch is always under way")
    }

    fn serial(&self) -> u32 {
        self.current().serial
    }

    /// A new binding; one of that contact that has not ended was lost without a word.
    pub fn bound(&mut self, record: Record<'_>, told: &mut Ended) {
        if let Some(binding) = self.bindings.remove(record.pair) {
            self.tell_lost(record.pair, &binding, record.moment, told);
        }
        self.refreshed(record);
    }

    pub fn refreshed(&mut self, record: Record<'_>) {
        let Record { held, moment, pair } = record;
        let serial = self.serial();
        if !held.contact.is_empty() {
            self.last_binding = Some(moment);
        }
        let granted = held.expires_seconds.unwrap_or(0);
        self.granted_max = self.granted_max.max(granted);
        match self.bindings.get_mut(pair) {
            Some(binding) => {
                binding.granted = binding.granted.max(granted);
                (binding.proof, binding.proof_serial) = (moment, serial);
                binding.stay();
            }
            None => {
                self.has_peers |= held.contact.is_empty();
                self.bindings.insert(pair, Binding::new(held, (moment, serial), granted));
            }
        }
    }

    /// A registration told by other means. Its contact is a header's, which may be spelled unlike
    /// the one in the registrar's memory, so it begins nothing.
    pub fn seen_again(&mut self, record: Record<'_>) {
        if self.bindings.has(record.pair) {
            self.refreshed(record);
        }
    }

    pub fn removed(&mut self, record: Record<'_>, told: &mut Ended) {
        let Record { held, moment, pair } = record;
        if held.contact.is_empty() {
            // A peer of chan_sip signs off without having been there, too.
            if let Some(binding) = self.bindings.remove(pair) {
                told.tell(life(pair, &binding, moment, self.rules));
            }
            return;
        }
        if let Some(last) = self.sweeper.note(held.thread, moment) {
            self.start(moment, Some(last));
        }
        self.last_binding = Some(moment);
        self.has_removals = true;
        match self.bindings.remove(pair) {
            Some(binding) if binding.gone().is_none_or(|gone| moment <= gone.plus_seconds(GONE_SECONDS)) => {
                let life = life(pair, &binding, moment, self.rules);
                let serial = self.serial();
                let tell = &mut |piece| told.piece(piece);
                let follows_start = self.pieces(&life, &binding, serial, moment, (held.spot, false), tell);
                if follows_start {
                    self.last_piece(moment, life.needs_seconds, held.spot, told);
                }
                self.tell(life, told);
            }
            lost => {
                if let Some(binding) = lost {
                    self.tell_lost(pair, &binding, moment, told);
                }
                let binding = Binding::new(held, (self.first, 0), self.granted_max);
                let mut life = life(pair, &binding, moment, self.rules);
                life.begins_with_line = false;
                self.last_piece(moment, life.needs_seconds, held.spot, told);
                told.tell(life);
            }
        }
    }

    pub fn gone(&mut self, record: Record<'_>) {
        if let Some(binding) = self.bindings.get_mut(record.pair)
            && binding.begin.plus_seconds(REPLACED_SECONDS) < record.moment
        {
            binding.go(record.moment);
        }
    }

    /// The stream is over. What nothing ended is left to be worked out by whoever asks: of most logs nearly all.
    pub fn finish(mut self, told: &mut Ended) {
        self.end_at(self.last_binding);
        if self.has_peers {
            // These are told at once: whose they are only this stream knows.
            for (pair, binding) in self.bindings.take_peers() {
                told.tell(life(pair, &binding, binding.gone().unwrap_or(self.high), self.rules));
            }
        }
        if !self.has_removals {
            std::mem::take(&mut self.open).into_iter().for_each(|life| told.drop_open(life));
        }
        self.bindings.close();
        told.leave(Left(self));
    }

    /// A binding that ended unsaid, seen at that instant: believed up to its own last record, or
    /// up to a start behind it, which ends bindings without a word.
    fn lost(&self, pair: Pair, binding: &Binding, seen: Moment, tell: &mut impl FnMut(Piece)) -> EndedLife {
        let life = life(pair, binding, binding.gone().unwrap_or(seen), self.rules);
        let has_start = self.stretches.iter().rev().take_while(|it| it.serial > binding.proof_serial);
        if binding.gone().is_none() && has_start.into_iter().any(|stretch| stretch.follows_start) {
            self.pieces(&life, binding, self.serial(), seen, (binding.spot(), true), tell);
        } else {
            let (serial, proof) = (binding.proof_serial, binding.proof);
            self.pieces(&life, binding, serial, proof, (binding.spot(), false), tell);
        }
        life
    }

    fn tell_lost(&mut self, pair: Pair, binding: &Binding, seen: Moment, told: &mut Ended) {
        let life = self.lost(pair, binding, seen, &mut |piece| told.piece(piece));
        self.tell(life, told);
    }

    /// Tells what is proven of a binding that lived until `end`, in the stretch of that serial, by
    /// which record and whether that leaves its end open. Says whether the server started anew
    /// meanwhile, which nothing is proven behind; what is proven before it is open.
    fn pieces(
        &self,
        life: &EndedLife,
        binding: &Binding,
        last_serial: u32,
        end: Moment,
        (spot, is_open): (Spot, bool),
        tell: &mut impl FnMut(Piece),
    ) -> bool {
        let mut begin = binding.begin;
        let from = self.stretches.partition_point(|stretch| stretch.serial < binding.serial);
        let lived = self.stretches[from..].iter().take_while(|stretch| stretch.serial <= last_serial);
        let follows_start =
            lived.clone().any(|stretch| stretch.serial > binding.serial && stretch.follows_start);
        if binding.is_peer {
            return follows_start;
        }
        for stretch in lived {
            if stretch.serial > binding.serial {
                if stretch.follows_start {
                    break;
                }
                begin = begin.max(stretch.floor);
            }
            let end = if stretch.serial == last_serial { end } else { stretch.end };
            let (is_open, spot) = if follows_start { (true, binding.spot()) } else { (is_open, spot) };
            let piece = Piece { begin, end, is_open, spot };
            if piece.proves(begin, end, life.needs_seconds) {
                tell(piece);
            }
        }
        follows_start
    }

    /// Tells the last registration before a removal, where nothing else is known of the binding.
    fn last_piece(&self, end: Moment, needs_seconds: i64, spot: Spot, told: &mut Ended) {
        let begin = end.plus_seconds(-needs_seconds);
        if self.floor <= begin {
            told.piece(Piece { begin, end, is_open: false, spot });
        }
    }

    fn tell(&mut self, life: EndedLife, told: &mut Ended) {
        let open = told.tell(life);
        self.open.extend(open.filter(|_| !self.has_removals));
    }
}

/// A life of which nothing is proven yet.
fn life(pair: Pair, binding: &Binding, end: Moment, rules: LifeRules) -> EndedLife {
    let needs_seconds = needs_seconds(rules, binding.granted);
    let mut life = EndedLife::new(pair, binding.begin, end, binding.spot(), needs_seconds);
    (life.hint, life.is_push_source, life.is_peer) = (binding.hint, binding.is_push_source, binding.is_peer);
    life
}

/// `M`: within so many seconds before any instant of its life, a binding was refreshed.
fn needs_seconds(rules: LifeRules, granted: u32) -> i64 {
    i64::from(granted.max(rules.max_expiry_seconds)) + SWEEP_SECONDS
}

//! What blocks said, put into the one tally of the run; what depends on order, settled first.

use super::Scanned;
use crate::facts::Part;
use crate::identity::bare_suffix;
use crate::model::Observation;
use crate::pipeline::collect::{Counting, Memory, note};
use crate::pipeline::lives::{LifeCounter, Saying, lists_unproven};
use crate::pipeline::plan::{Input, Plan};
use crate::pipeline::servers::Servers;
use crate::pipeline::trace::{OwnLife, Proof};
use crate::settle::{Residue, Settler};
use crate::tally::{Numbering, Observed, Share};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Mutex;

/// The settlers of the servers, and what is settled so far.
pub(super) struct Settling<'p> {
    counting: &'p Counting<'p>,
    /// Registrations may be told without their User-Agents.
    expects_lines: bool,
    servers: Servers<'p>,
    /// Of the server whose stream is being read.
    settler: Settler,
    settled: Part,
    /// What the settler said in the step before; it is counted in the next one.
    said: Observed,
    saying: Observed,
    numbering: Numbering,
    memory: Memory,
    /// What tells of the rest at a server's end, side by side.
    telling: Vec<Teller>,
}

/// So many lives and as many registrations are counted in one go.
const STRETCH_LEN: usize = 1 << 11;

/// What a server's end leaves to be told of: some of its lives, and of the registrations that wait. Both stand in the
/// order in which the log named them, more or less, so most of these lives are those that the registrations began, and the
/// tally looks at each user once where it would at two times.
struct Rest {
    lives: Range<usize>,
    waiting: Range<usize>,
}

/// What one core tells of the rest.
#[derive(Debug)]
struct Teller {
    observed: Observed,
    numbering: Numbering,
    memory: Memory,
    /// Lives of the user that was asked for.
    kept: Vec<OwnLife>,
}

impl Teller {
    fn new(worker: usize) -> Self {
        let numbering = Numbering::of_worker(worker);
        Self { observed: Observed::default(), numbering, memory: Memory::default(), kept: Vec::new() }
    }

    fn tell(&mut self, settler: &Settler, rest: Rest, counting: &Counting<'_>) {
        let Self { observed, numbering, memory, kept } = self;
        observed.clear();
        let mut lives = LifeCounter::new(counting);
        let said = &mut Saying { observed, numbering };
        settler.lives(rest.lives, &mut |life, agent| {
            if counting.key.is_some_and(|wanted| wanted.names(life.user)) {
                kept.push(OwnLife::of(life, agent));
            }
            lives.count(said, life, agent);
        });
        settler.waiting(rest.waiting, &mut |it| note(observed, it, None, counting, numbering, memory));
        numbering.close(observed);
    }
}

/// What is to be done with the next blocks of a stream.
pub(super) struct Tasks<'t, S> {
    pub turn: Turn<'t>,
    /// What was settled of the blocks before, and is to be counted with these.
    pub said: &'t Observed,
    pub shares: S,
}

/// The settler's turn.
pub(super) struct Turn<'t> {
    counting: &'t Counting<'t>,
    settler: &'t mut Settler,
    saying: &'t mut Observed,
    numbering: &'t mut Numbering,
    memory: &'t mut Memory,
}

impl Turn<'_> {
    /// Settles what depends on the order of these blocks.
    pub fn settle(self, scanned: &[Scanned]) {
        let Self { counting, settler, saying, numbering, memory } = self;
        for scanned in scanned.iter().filter(|scanned| !scanned.residue.is_silent()) {
            settler.take(&scanned.residue, &mut |it| note(saying, it, None, counting, numbering, memory));
        }
        numbering.close(saying);
    }
}

/// What is to be counted of these blocks.
pub(super) fn observed<'o>(scanned: &'o [Scanned], said: &'o Observed) -> Vec<&'o Observed> {
    scanned.iter().map(|scanned| &scanned.observed).chain([said]).collect()
}

impl<'p> Settling<'p> {
    /// Nothing is settled yet. `worker` is a number that no worker has, nor do those behind it.
    pub fn of(plan: &'p Plan, counting: &'p Counting<'p>, expects_lines: bool, worker: usize) -> Self {
        Self {
            counting,
            expects_lines,
            servers: Servers::of(plan),
            settler: Settler::default(),
            settled: Part::default(),
            said: Observed::default(),
            saying: Observed::default(),
            numbering: Numbering::of_worker(worker),
            memory: Memory::default(),
            telling: (1..=2 * rayon::current_num_threads()).map(|more| Teller::new(worker + more)).collect(),
        }
    }

    /// The next stream begins with that input.
    pub fn begin_stream(&mut self, first: &Input) {
        self.settled.tally.begin_stream();
        self.settler = self.servers.take(&first.server);
        let wants_unproven = lists_unproven(self.counting);
        self.settler.begin_stream(first.lives, wants_unproven, &bare_suffix(&first.identity));
        if self.expects_lines {
            self.settler.expect_lines();
        }
    }

    /// Learns the clients of blocks that have just been scanned, whenever they will be counted.
    pub fn learn(&mut self, scanned: &[Scanned]) {
        scanned.iter().for_each(|scanned| self.settled.tally.learn(&scanned.observed));
    }

    /// Takes what the next blocks of the stream said, and gives their memory back.
    pub fn take(&mut self, scanned: &mut Vec<Scanned>, spares: &Mutex<Vec<(Residue, Observed)>>) {
        let Tasks { turn, said, shares } = self.tasks();
        let blocks = observed(scanned, said);
        rayon::join(|| shares.par_bridge().for_each(|share| share.count(&blocks)), || turn.settle(scanned));
        self.taken(scanned, spares);
    }

    /// What is to be done with the next blocks of the stream, in any order and on any core; behind it, they are
    /// [taken](Settling::taken).
    pub fn tasks(&mut self) -> Tasks<'_, impl Iterator<Item = Share<'_>> + Send> {
        let Self { counting, settler, settled, said, saying, numbering, memory, .. } = self;
        let turn = Turn { counting, settler, saying, numbering, memory };
        Tasks { turn, said, shares: settled.tally.shares() }
    }

    /// The tasks with these blocks are done: gives their memory back.
    pub fn taken(&mut self, scanned: &mut Vec<Scanned>, spares: &Mutex<Vec<(Residue, Observed)>>) {
        let Self { settled, said, saying, .. } = self;
        settled.tally.learn(saying);
        said.clear();
        std::mem::swap(said, saying);
        let mut spares = spares.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        spares.extend(scanned.drain(..).map(|Scanned { mut residue, mut observed, .. }| {
            residue.clear();
            observed.clear();
            (residue, observed)
        }));
    }

    /// The stream that began with that input is over.
    pub fn end_stream(&mut self, first: &Input) {
        let settler = std::mem::take(&mut self.settler);
        let settler = self.tell(settler, |settler, tell| settler.end_stream(&mut |it| tell(it)));
        if let Some(settler) = self.servers.put_back(&first.server, settler) {
            self.count_rest(&settler);
            let mut counts = None;
            self.tell(settler, |settler, tell| {
                counts = Some(std::mem::take(settler).finish(&mut |it| tell(it)))
            });
            let records = &mut self.settled.records;
            if let Some(counts) = counts {
                records.unanswered += counts.unanswered;
                records.unasked += counts.unasked;
                records.repeated += counts.repeated;
            }
        }
    }

    /// Counts what could only be told at the end of a server's last stream: the lives of its bindings
    /// and the registrations that were waiting. Every core takes a stretch of them at a time, since
    /// in some logs that is all there is.
    fn count_rest(&mut self, settler: &Settler) {
        let Self { counting, settled, telling, .. } = self;
        let (lives, waiting) = (settler.lives_len(), settler.waiting_len());
        let stretches = lives.max(waiting).div_ceil(STRETCH_LEN);
        let share = |len: usize, number: usize| len * number / stretches..len * (number + 1) / stretches;
        let mut left = (0..stretches)
            .map(|number| Rest { lives: share(lives, number), waiting: share(waiting, number) });
        loop {
            let taken = telling.iter_mut().zip(left.by_ref());
            let taken: Vec<_> = taken.collect();
            if taken.is_empty() {
                return;
            }
            let said = taken.into_par_iter().map(|(teller, rest)| {
                teller.tell(settler, rest, counting);
                &teller.observed
            });
            let said: Vec<&Observed> = said.collect();
            said.iter().for_each(|observed| settled.tally.learn(observed));
            settled.tally.take(&said);
        }
    }

    /// Counts at once what the settler tells.
    fn tell(
        &mut self,
        mut settler: Settler,
        ask: impl FnOnce(&mut Settler, &mut dyn FnMut(&Observation<'_>)),
    ) -> Settler {
        let Self { counting, settled, said, saying, numbering, memory, .. } = self;
        ask(&mut settler, &mut |it| note(saying, it, None, counting, numbering, memory));
        numbering.close(saying);
        settled.tally.learn(saying);
        settled.tally.take(&[said, saying]);
        said.clear();
        saying.clear();
        settler
    }

    /// What was settled of the user that was asked for, in no order.
    pub fn take_kept(&mut self) -> (Vec<Proof>, Vec<OwnLife>) {
        let (mut proofs, mut lives) = (std::mem::take(&mut self.memory.proofs), Vec::new());
        for teller in &mut self.telling {
            proofs.append(&mut teller.memory.proofs);
            lives.append(&mut teller.kept);
        }
        (proofs, lives)
    }

    /// All streams are over.
    pub fn finish(mut self) -> Part {
        self.settled.records.repeated += self.settled.tally.take_repeated();
        self.settled
    }
}

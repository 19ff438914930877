//! One step of a scan: what is ready is scanned while what was said is counted and settled and more is made ready, and
//! no core waits for another before all of it is done.

use super::piece::Piece;
use super::settling::{Settling, Tasks, Turn, observed};
use super::{AHEAD_MAX, BLOCKS_ABREAST, Reading, Run, Scanned};
use crate::pipeline::plan::Input;
use crate::read::Codec;
use crate::tally::Share;
use rayon::prelude::*;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many of each core where they say little, so that the cores wait less often for one another: a block of a plain
/// log takes no memory of its own while it waits.
const BLOCKS_ABREAST_MAX: usize = 16;
/// But no more than that in all: those that are scanned in a map keep its pages until the next step.
const BLOCKS_MAX: usize = 64;
/// What is said in one step is as much for each core, if blocks are to be had for it, or up to twice as much.
const SAID: usize = 6000;
const SAID_MOST: usize = 2 * SAID;

/// What a core does in a step.
enum Task<'t, 'p> {
    /// Cuts or decodes blocks of the next step.
    Fill(&'t mut Reading<'p>),
    /// Settles what the blocks of the step before said.
    Settle(Turn<'t>),
    /// Counts it, for some of the users.
    Count(Share<'t>),
    /// Scans a block.
    Scan(&'t (usize, &'t Input, Piece), &'t mut Option<Scanned>),
    /// Decodes what will be scanned later still.
    FillFurther(&'t mut Reading<'p>),
}

impl Run<'_> {
    /// Scans what is ready, settles what was said, and makes the next blocks ready, all at once.
    pub(super) fn step(
        &self,
        readings: &mut VecDeque<Reading<'_>>,
        said: &mut Vec<Scanned>,
        settling: &mut Settling<'_>,
        abreast: &mut usize,
    ) {
        let threads = rayon::current_num_threads();
        let pieces: Vec<(usize, &Input, Piece)> = readings
            .iter_mut()
            .enumerate()
            .flat_map(|(at, reading)| {
                let input = reading.input;
                reading.ready.drain(..).map(move |piece| (at, input, piece))
            })
            .collect();
        let is_mapped = readings.iter().all(|reading| reading.input.codec == Codec::Plain);
        let mut first: Vec<&mut Reading<'_>> = readings
            .iter_mut()
            .filter(|reading| reading.said_bytes <= AHEAD_MAX && !reading.is_filled())
            .collect();
        let further =
            first.split_off(if is_mapped { first.len() } else { (threads / 2).max(1).min(first.len()) });
        let blocks = (*abreast * threads).div_ceil(first.len().max(1));
        let left = AtomicUsize::new(first.len());
        let mut scanned: Vec<Option<Scanned>> = pieces.iter().map(|_| None).collect();
        let Tasks { turn, said: settled_before, shares } = settling.tasks();
        let blocks_said = observed(said, settled_before);
        // A block is decoded, and a step settled, on one core, so what takes longest begins first. What was said is still
        // near and should be counted soon, but some short pieces come last, so that no core waits long for another, where
        // there is another.
        let mut soon: Vec<Share<'_>> = shares.collect();
        let last = soon.split_off(if threads == 1 { soon.len() } else { soon.len() / 2 });
        let tasks = first.into_iter().map(Task::Fill);
        let tasks = tasks.chain([Task::Settle(turn)]).chain(soon.into_iter().map(Task::Count));
        let tasks = tasks.chain(pieces.iter().zip(&mut scanned).map(|(piece, slot)| Task::Scan(piece, slot)));
        let tasks = tasks.chain(last.into_iter().map(Task::Count));
        let tasks = tasks.chain(further.into_iter().map(Task::FillFurther));
        tasks.par_bridge().for_each(|task| match task {
            Task::Fill(reading) => {
                self.fill(reading, blocks);
                left.fetch_sub(1, Ordering::Relaxed);
            }
            Task::Settle(turn) => turn.settle(said),
            Task::Scan((_, input, piece), slot) => *slot = Some(self.piece(input, piece)),
            Task::Count(share) => share.count(&blocks_said),
            // What these say has to wait for the first ones, so they are only for a core that would wait for those, too.
            Task::FillFurther(reading) => {
                for count in 1..=blocks {
                    if left.load(Ordering::Relaxed) == 0 || reading.is_filled() {
                        break;
                    }
                    self.fill(reading, count);
                }
            }
        });
        settling.taken(said, self.spares);
        let scanned: Vec<Scanned> =
            scanned.into_iter().map(|slot| slot.expect("every piece is scanned")).collect();
        settling.learn(&scanned);
        let said_now: usize =
            scanned.iter().map(|scanned| scanned.observed.len() + scanned.residue.len()).sum();
        *abreast = match said_now / threads {
            _ if !is_mapped => BLOCKS_ABREAST,
            ..SAID => (*abreast * 2).min(BLOCKS_ABREAST_MAX).min(BLOCKS_MAX / threads).max(BLOCKS_ABREAST),
            SAID..SAID_MOST => *abreast,
            SAID_MOST.. => (*abreast / 2).max(BLOCKS_ABREAST),
        };
        // The memory of an input that needs no more goes to one that does.
        let heir = readings.iter().rposition(|reading| !reading.is_filled());
        for ((at, _, piece), mut scanned) in pieces.into_iter().zip(scanned) {
            let reading = &mut readings[at];
            reading.feed.take_leaves(std::mem::take(&mut scanned.leaves));
            reading.counts.bytes += piece.len() as u64;
            reading.counts.add(&scanned);
            std::mem::take(&mut scanned.undated).into_iter().for_each(|(stamp, at)| {
                reading.undated.stamp(stamp, at);
            });
            if let Some(notable) = &scanned.notable {
                reading.feed.note(&piece, notable);
            }
            reading.feed.pass(&piece);
            if at == 0 {
                said.push(scanned);
            } else {
                reading.said_bytes += piece.len() as u64;
                reading.said.push(scanned);
            }
            let heir = heir.filter(|_| reading.is_filled()).unwrap_or(at);
            readings[heir].feed.recycle(piece);
        }
    }
}

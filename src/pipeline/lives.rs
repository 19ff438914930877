//! From the life of a binding to counts: in which windows it proves a registration, and in which it
//! may have lived without any proof.

use super::collect::Counting;
use crate::model::{AgentRef, EvidenceKind, Moment, Observation, Spot, Standing, Window};
use crate::settle::Life;
use crate::tally::{Slot, Tally};

/// Counts lives into a tally: at most one entry a life and window, without any time.
pub struct LifeCounter<'p> {
    counting: &'p Counting<'p>,
    /// Windows asked for so far, with their numbers; sorted.
    windows: Vec<(Window, i32)>,
}

impl<'p> LifeCounter<'p> {
    /// Counts by these windows: cycles, or the one range of an audit.
    pub fn new(counting: &'p Counting<'p>) -> Self {
        Self { counting, windows: Vec::new() }
    }

    /// Counts one life.
    ///
    /// A window counts where a proven piece overlaps it by as much as holds a registration. A
    /// window of a bill that the binding may have lived in without that, and without a line of its
    /// own, gets an entry too, so that the user is listed by name.
    pub fn count(&mut self, tally: &mut Tally, life: &Life, agent: AgentRef<'_>) {
        let is_audit = self.counting.range.is_some() || !self.counting.days.are_cycles();
        if is_audit {
            let all =
                Window { start: Moment::from_micros(i64::MIN / 2), end: Moment::from_micros(i64::MAX / 2) };
            let window = self.counting.range.unwrap_or(all);
            if let Some((standing, spot)) = proof(life, window) {
                let number = self.counting.days.day(life.end).window;
                add(tally, life, agent, standing, spot, number);
            }
            return;
        }
        let mut at = life.begin;
        while at < life.end {
            let (window, number) = self.window_at(at);
            match proof(life, window) {
                Some((standing, spot)) => add(tally, life, agent, standing, spot, number),
                None if life.begins_with_line && window.contains(life.begin) => {}
                None => add(tally, life, agent, Standing::Unproven, life.spot, number),
            }
            at = window.end;
        }
    }

    /// The window that holds the instant, put together from its days once.
    fn window_at(&mut self, moment: Moment) -> (Window, i32) {
        let next = self.windows.partition_point(|(window, _)| window.end <= moment);
        if let Some(known) = self.windows.get(next).filter(|(window, _)| window.contains(moment)) {
            return *known;
        }
        let days = self.counting.days;
        let day = days.day(moment);
        let mut window = day.valid;
        loop {
            let before = days.day(Moment::from_micros(window.start.micros() - 1));
            if before.window != day.window {
                break;
            }
            window.start = before.valid.start;
        }
        loop {
            let after = days.day(window.end);
            if after.window != day.window {
                break;
            }
            window.end = after.valid.end;
        }
        self.windows.insert(next, (window, day.window));
        (window, day.window)
    }
}

/// How the life proves a registration in the window, and by which record; an end that was logged
/// is the better proof.
fn proof(life: &Life, window: Window) -> Option<(Standing, Spot)> {
    let proving =
        life.pieces.iter().filter(|piece| piece.proves(window.start, window.end, life.needs_seconds));
    let best = proving.min_by_key(|piece| (piece.is_open, piece.spot))?;
    let standing = if best.is_open { Standing::SustainedOpen } else { Standing::SustainedClosed };
    Some((standing, best.spot))
}

fn add(tally: &mut Tally, life: &Life, agent: AgentRef<'_>, standing: Standing, spot: Spot, window: i32) {
    let evidence = match standing {
        Standing::SustainedClosed => EvidenceKind::SustainedClosed,
        Standing::SustainedOpen => EvidenceKind::SustainedOpen,
        _ => EvidenceKind::Line,
    };
    let observation = Observation { user: &life.user, agent, standing, moment: None, spot, evidence };
    tally.add(&observation, Slot { window, day: 0 });
}

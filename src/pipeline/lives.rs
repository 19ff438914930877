//! From the life of a binding to counts: in which windows it proves a registration, and in which it
//! may have lived without any proof.

use super::collect::Counting;
use crate::model::{AgentRef, EvidenceKind, Moment, Observation, Spot, Standing, Window};
use crate::settle::Life;
use crate::tally::{Numbering, Observed, Slot};

/// Counts lives: at most one entry a life and window, without any time.
pub struct LifeCounter<'p> {
    counting: &'p Counting<'p>,
    /// Windows asked for so far, with their numbers; sorted.
    windows: Vec<(Window, i32)>,
}

/// Where what is counted is noted.
pub struct Saying<'s> {
    pub observed: &'s mut Observed,
    pub numbering: &'s mut Numbering,
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
    pub fn count(&mut self, said: &mut Saying<'_>, life: &Life<'_>, agent: AgentRef<'_>) {
        if !lists_unproven(self.counting) {
            let all =
                Window { start: Moment::from_micros(i64::MIN / 2), end: Moment::from_micros(i64::MAX / 2) };
            let window = self.counting.range.map_or(all, |range| range.window);
            if let Some((standing, spot)) = proof(life, window) {
                let number = self.counting.days.day(life.end).window;
                add(said, life, agent, standing, spot, number);
            }
            return;
        }
        let mut at = life.begin;
        while at < life.end {
            let (window, number) = self.window_at(at);
            match proof(life, window) {
                Some((standing, spot)) => add(said, life, agent, standing, spot, number),
                None if life.begins_with_line && window.contains(life.begin) => {}
                None => add(said, life, agent, Standing::Unproven, life.spot, number),
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

/// Whether users are listed of whom no registration is proven: bills do, audits do not.
pub fn lists_unproven(counting: &Counting<'_>) -> bool {
    counting.range.is_none() && counting.days.are_cycles()
}

/// How the life proves a registration in the window, and by which record; an end that was logged
/// is the better proof.
fn proof(life: &Life<'_>, window: Window) -> Option<(Standing, Spot)> {
    let proving =
        life.pieces.iter().filter(|piece| piece.proves(window.start, window.end, life.needs_seconds));
    let best = proving.min_by_key(|piece| (piece.is_open, piece.spot))?;
    let standing = if best.is_open { Standing::SustainedOpen } else { Standing::SustainedClosed };
    Some((standing, best.spot))
}

fn add(
    said: &mut Saying<'_>,
    life: &Life<'_>,
    agent: AgentRef<'_>,
    standing: Standing,
    spot: Spot,
    window: i32,
) {
    let evidence = match standing {
        Standing::SustainedClosed => EvidenceKind::SustainedClosed,
        Standing::SustainedOpen => EvidenceKind::SustainedOpen,
        _ => EvidenceKind::Line,
    };
    let observation = Observation { user: life.user, agent, standing, moment: None, spot, evidence };
    said.observed.note(&observation, Slot { window, day: 0 }, None, said.numbering);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DaySlot, Days, Hint};
    use crate::pipeline::audit::AuditDays;
    use crate::pipeline::collect::Range;
    use crate::platform::PushSources;
    use crate::settle::Piece;
    use crate::tally::Tally;

    /// Cycles of a hundred seconds, of ten days each.
    struct Hundreds;

    impl Days for Hundreds {
        fn day(&self, moment: Moment) -> DaySlot {
            let tens = moment.micros().div_euclid(10_000_000);
            DaySlot {
                window: tens.div_euclid(10) as i32,
                day: tens.rem_euclid(10) as u8,
                valid: Window {
                    start: Moment::from_seconds(tens * 10),
                    end: Moment::from_seconds(tens * 10 + 10),
                },
            }
        }
    }

    /// A life by its begin and end, and its pieces by begin, end and whether they are open.
    type Span<'t> = (i64, i64, bool, &'t [(i64, i64, bool)]);

    /// A life that begins with a line.
    fn life(begin: i64, end: i64, pieces: &[(i64, i64, bool)]) -> Span<'_> {
        (begin, end, true, pieces)
    }

    /// Window, standing, count and place of every entry that the lives make.
    fn counted(lives: &[Span<'_>], days: &dyn Days, range: Option<(i64, i64)>) -> Vec<String> {
        let at = Moment::from_seconds;
        let spot = |offset: i64| Spot { input: 0, offset: offset as u64 };
        let push_sources = PushSources::new(&[]).unwrap();
        let range = range.map(|(start, end)| Range::new(Window { start: at(start), end: at(end) }));
        let range = range.as_ref();
        let counting = Counting { days, range, push_sources: &push_sources, wants_digests: false, key: None };
        let mut counter = LifeCounter::new(&counting);
        let (mut observed, mut numbering) = (Observed::default(), Numbering::of_worker(0));
        for &(begin, end, begins_with_line, pieces) in lives {
            let piece =
                |&(begin, end, is_open)| Piece { begin: at(begin), end: at(end), is_open, spot: spot(end) };
            let pieces: Vec<Piece> = pieces.iter().map(piece).collect();
            let life = Life {
                user: b"u@x",
                contact: b"sip:u",
                hint: Hint::None,
                is_push_source: false,
                begin: at(begin),
                end: at(end),
                begins_with_line,
                spot: spot(begin),
                needs_seconds: 60,
                pieces: &pieces,
            };
            let said = &mut Saying { observed: &mut observed, numbering: &mut numbering };
            counter.count(said, &life, AgentRef::UNKNOWN);
        }
        numbering.close(&mut observed);
        let mut tally = Tally::default();
        tally.learn(&observed);
        tally.take(&[&observed]);
        let by_user = tally.by_user();
        let entries = by_user.iter().flat_map(|(_, entries)| entries);
        entries
            .map(|it| {
                assert_eq!((it.first(), it.last(), it.days), (None, None, 0));
                format!("{} {:?} x{} at {}", it.window, it.standing, it.count, it.spot.offset)
            })
            .collect()
    }

    #[test]
    fn each_cycle_is_asked_by_itself() {
        let life = life(30, 350, &[(30, 350, false)]);
        assert_eq!(
            counted(&[life], &Hundreds, None),
            [
                "0 SustainedClosed x1 at 350",
                "1 SustainedClosed x1 at 350",
                "2 SustainedClosed x1 at 350",
                "3 Unproven x1 at 30"
            ]
        );
    }

    #[test]
    fn the_cycle_that_a_binding_begins_in_has_its_line() {
        assert_eq!(counted(&[life(50, 130, &[(50, 130, false)])], &Hundreds, None), ["1 Unproven x1 at 50"]);
        let without = (50, 130, false, &[][..]);
        assert_eq!(counted(&[without], &Hundreds, None), ["0 Unproven x1 at 50", "1 Unproven x1 at 50"]);
    }

    #[test]
    fn a_binding_that_ends_with_a_cycle_is_not_in_the_next() {
        assert_eq!(counted(&[life(10, 100, &[])], &Hundreds, None), Vec::<String>::new());
    }

    #[test]
    fn an_end_that_was_logged_is_the_better_proof() {
        let life = life(0, 99, &[(0, 60, true), (39, 99, false)]);
        assert_eq!(counted(&[life], &Hundreds, None), ["0 SustainedClosed x1 at 99"]);
    }

    #[test]
    fn two_bindings_of_a_user_count_twice() {
        let both = [life(0, 90, &[(0, 90, false)]), life(5, 95, &[(5, 95, false)])];
        assert_eq!(counted(&both, &Hundreds, None), ["0 SustainedClosed x2 at 90"]);
    }

    #[test]
    fn an_audit_asks_of_its_whole_range_and_lists_nothing_unproven() {
        let life = life(30, 350, &[(30, 350, false)]);
        let one = std::slice::from_ref(&life);
        assert_eq!(counted(one, &AuditDays::default(), None).len(), 1);
        assert_eq!(counted(one, &AuditDays::default(), Some((70, 130))).len(), 1);
        assert_eq!(counted(one, &AuditDays::default(), Some((70, 129))), Vec::<String>::new());
        // A range that a span of an audit's days would cut in two.
        let window = 64 * 86_400;
        let pieces = [(window - 30, window + 30, true)];
        let life = super::tests::life(window - 30, window + 30, &pieces);
        assert_eq!(counted(&[life], &AuditDays::default(), None).len(), 1);
    }
}

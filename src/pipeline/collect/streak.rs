//! Registrations that follow one another and differ in little: what was found out for one of them holds for the
//! next ones, so that each asks only for what is its own.
//!
//! Nearly every line of a dense log is of the same kind, host, hour and day as the line before. The first one of such
//! a streak goes the long way ([`Collector::settle_event`](super::Collector)); those behind it are counted here, and
//! their accounts are put into the part when the streak ends. A central log is written by many hosts in turn, and each has a
//! streak of its own.

use super::Collector;
use crate::facts::Part;
use crate::identity::as_it_is;
use crate::model::short::{hash, is_same};
use crate::model::{
    AgentRef, Dialect, Event, EvidenceKind, Kind, Moment, Observation, Stamp, Standing, Window,
};
use crate::platform::hint;
use crate::tally::{Slot, transaction};

/// What the registrations of a streak have in common.
#[derive(Debug)]
pub(super) struct Streak {
    /// In this time they fall into the same hour of coverage, the same slot, and the range that is counted.
    window: Window,
    slot: Slot,
    host: Vec<u8>,
    source: String,
    dialect: Dialect,
    /// How many are not in the accounts yet, and their times.
    count: u64,
    first: Moment,
    last: Moment,
}

impl Streak {
    /// Whether the record of its host at that moment goes on with it.
    #[inline(always)]
    fn goes_on(&self, event: &Event<'_>, moment: Moment) -> bool {
        self.window.contains(moment)
            && self.dialect == event.dialect
            && is_same(self.source.as_bytes(), event.source.as_bytes())
    }

    /// Puts into the accounts what was counted since the last time.
    fn settle(&mut self, part: &mut Part) {
        let Self { source, count, first, last, .. } = self;
        if *count > 0 {
            let records = &mut part.records;
            records.evidence.note_all(source, Kind::Accepted, *count);
            records.first = Some(records.first.map_or(*first, |known| known.min(*first)));
            records.last = records.last.max(Some(*last));
            *count = 0;
        }
    }
}

/// Places for hosts.
const PLACES: usize = 1024;
/// Nobody's number.
const NONE: u16 = u16::MAX;

/// The streaks of hosts that write in turn.
#[derive(Debug, Default)]
pub(super) struct Streaks {
    all: Vec<Streak>,
    /// Their numbers at places by their hosts, of which two may share one; no places before the first.
    numbers: Vec<u16>,
    /// The number of the one that was asked for last.
    latest: usize,
}

impl Streaks {
    /// That host's.
    #[inline(always)]
    fn of(&mut self, host: &[u8]) -> Option<&mut Streak> {
        if !is_same(&self.all.get(self.latest)?.host, host) {
            self.latest = self.numbers[place_of(host)].into();
        }
        self.all.get_mut(self.latest).filter(|streak| is_same(&streak.host, host))
    }

    /// The one at the host's place, which may be another's.
    fn at_place_of(&mut self, host: &[u8], new: impl FnOnce() -> Streak) -> &mut Streak {
        if self.numbers.is_empty() {
            self.numbers.resize(PLACES, NONE);
        }
        let number = &mut self.numbers[place_of(host)];
        if *number == NONE {
            *number = self.all.len() as u16;
            self.all.push(new());
        }
        &mut self.all[usize::from(*number)]
    }
}

fn place_of(host: &[u8]) -> usize {
    hash(host, 0) as usize % PLACES
}

impl Collector<'_> {
    /// Counts a registration that goes on with the streak; `None` where it does not, and nothing is done.
    #[inline(always)]
    pub(super) fn go_on(&mut self, event: &Event<'_>) -> Option<()> {
        if event.kind != Kind::Accepted {
            return None;
        }
        let streak = self.memory.streaks.of(event.host)?;
        let moment = match event.stamp {
            Stamp::Instant(moment) => moment,
            stamp => self.clock.resolve(stamp, event.spot.offset).ok()??,
        };
        let text = event.agent.text()?;
        if !streak.goes_on(event, moment) || event.call_id.is_empty() || event.cseq.is_empty() {
            return None;
        }
        // Such a SIP-ID has a domain, so nobody asks whose it is.
        let user = as_it_is(event.aor, &self.input.identity)?;
        (streak.first, streak.last) = match streak.count {
            0 => (moment, moment),
            _ => (streak.first.min(moment), streak.last.max(moment)),
        };
        streak.count += 1;
        let agent = AgentRef {
            text: Some(text),
            hint: hint(event.contact),
            is_push_source: self.counting.push_sources.contains(event.source_ip),
        };
        let (standing, evidence) = (Standing::Accepted, EvidenceKind::Line);
        let observation =
            Observation { user, agent, standing, moment: Some(moment), spot: event.spot, evidence };
        let transaction = transaction(self.input.stream as u32, event.call_id, event.cseq);
        self.observed.note(&observation, streak.slot, Some(transaction), self.numbering);
        Some(())
    }

    /// Begins a streak with a registration that has been counted the long way.
    pub(super) fn begin_streak(&mut self, event: &Event<'_>, moment: Option<Moment>) {
        let (Some(moment), Some((slot, valid))) = (moment, self.memory.slot) else { return };
        let is_asked_for = self.counting.key.is_some();
        // Asterisk's records tell of more than themselves, and without a host the input's name stands for it.
        if is_asked_for || event.dialect == Dialect::Asterisk || event.host.is_empty() {
            return;
        }
        let Some(hour) = self.part.coverage.hour(event.host, moment) else { return };
        let window = hour.common(valid).common(self.counting.range.map_or(hour, |range| range.window));
        if !window.contains(moment) {
            return;
        }
        let (host, source, dialect) = (Vec::new(), String::new(), event.dialect);
        let new = || Streak { window, slot, host, source, dialect, count: 0, first: moment, last: moment };
        let streak = self.memory.streaks.at_place_of(event.host, new);
        streak.settle(self.part);
        (streak.window, streak.slot, streak.dialect) = (window, slot, dialect);
        streak.host.clear();
        streak.host.extend_from_slice(event.host);
        streak.source.clear();
        streak.source.push_str(event.source);
    }

    /// Ends the block: every account is in the part. The streaks may go on in the next one.
    pub fn pause(&mut self) {
        self.memory.streaks.all.iter_mut().for_each(|streak| streak.settle(self.part));
    }
}

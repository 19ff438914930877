//! The timetable: which device registers as the n-th of the whole log, and for the how manyth time.
//!
//! Time is cut into *passes*. A device takes part in every second, third or fourth pass, as its expiry has it, and
//! within a pass the devices come in a shuffled order of its own. So the n-th registration is found without
//! looking at those before it, and so is, the other way round, when a device registered first and last.

use super::dice::draw;
use super::shuffle::Shuffle;

/// What the keys of the passes are drawn for.
const PURPOSE: u64 = 100;
/// The smallest number of passes after which the counts of participants repeat.
const PASSES: u64 = 12;

/// How often a device registers: every so many passes.
#[derive(Debug, Clone, Copy)]
struct Rate {
    every: u64,
    expires_seconds: u32,
}

/// A quarter of the devices each of the first two, half of them the last.
const RATES: [Rate; 3] = [
    Rate { every: 2, expires_seconds: 1800 },
    Rate { every: 3, expires_seconds: 2700 },
    Rate { every: 4, expires_seconds: 3600 },
];

/// Who registers when.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    seed: u64,
    /// Devices of each rate.
    members: [u64; RATES.len()],
    /// Registrations before each of the first passes, and of all of them together.
    before: [u64; PASSES as usize + 1],
    /// Registrations of the whole log.
    total: u64,
    start_micros: i64,
    span_micros: u64,
}

/// One registration: whose, and the how manyth, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    pub device: u64,
    pub occurrence: u64,
    pub expires_seconds: u32,
}

/// A pass and the order of the devices in it.
#[derive(Debug)]
pub(super) struct Pass {
    number: u64,
    /// Registrations before it, and up to its end.
    from: u64,
    until: u64,
    taking_part: [u64; RATES.len()],
    order: Shuffle,
}

/// The passes at the start and at the end of a log, in order.
#[derive(Debug)]
pub(super) struct Edges(Vec<Pass>);

/// The registrations of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turns {
    pub count: u64,
    pub first_micros: i64,
    pub last_micros: i64,
}

impl Schedule {
    /// The timetable of so many devices, which is not 0, for so many registrations over a span of time.
    pub(super) fn new(seed: u64, devices: u64, total: u64, start_micros: i64, span_micros: u64) -> Self {
        let quarter = |more: u64| (devices + 3 - more) / 4;
        let members = [quarter(0), quarter(1), quarter(2) + quarter(3)];
        let mut before = [0; PASSES as usize + 1];
        for pass in 0..PASSES as usize {
            before[pass + 1] = before[pass] + taking_part(&members, pass as u64).iter().sum::<u64>();
        }
        Self { seed, members, before, total, start_micros, span_micros }
    }

    pub(super) const fn total(&self) -> u64 {
        self.total
    }

    /// When the n-th registration happens, in microseconds since 1970. Its successor is never earlier.
    pub(super) fn micros(&self, number: u64) -> i64 {
        let total = self.total.max(1);
        let (whole, rest) = (self.span_micros / total, self.span_micros % total);
        let offset = number * whole + (u128::from(number) * u128::from(rest) / u128::from(total)) as u64;
        self.start_micros.saturating_add_unsigned(offset)
    }

    /// Microseconds from one registration to the next.
    pub(super) fn gap_micros(&self) -> u64 {
        self.span_micros / self.total.max(1)
    }

    /// The pass that the n-th registration belongs to.
    pub(super) fn pass_of(&self, number: u64) -> Pass {
        let round_len = self.before[PASSES as usize];
        let (round, offset) = (number / round_len, number % round_len);
        // A pass of few devices may be empty: the last one that begins there is the one.
        let pass = self.before.partition_point(|before| *before <= offset) as u64 - 1;
        self.pass(round * PASSES + pass)
    }

    fn pass(&self, number: u64) -> Pass {
        let (round, pass) = (number / PASSES, (number % PASSES) as usize);
        let from = round * self.before[PASSES as usize] + self.before[pass];
        let taking_part = taking_part(&self.members, number);
        let len = taking_part.iter().sum();
        Pass {
            number,
            from,
            until: from + len,
            taking_part,
            order: Shuffle::new(draw(self.seed, PURPOSE, number), len),
        }
    }

    /// The n-th registration. `pass` is the one looked at last, which most often holds it too.
    pub(super) fn turn(&self, number: u64, pass: &mut Pass) -> Turn {
        if !(pass.from..pass.until).contains(&number) {
            *pass = self.pass_of(number);
        }
        let mut place = pass.order.at(number - pass.from);
        let mut rate = 0;
        while place >= pass.taking_part[rate] {
            place -= pass.taking_part[rate];
            rate += 1;
        }
        let Rate { every, expires_seconds } = RATES[rate];
        Turn {
            device: device(rate, pass.number % every + every * place),
            occurrence: pass.number / every,
            expires_seconds,
        }
    }

    /// The registrations of a device; `None` where the log ends before its first.
    pub(super) fn turns(&self, device: u64, edges: &Edges) -> Option<Turns> {
        let (rate, member) = member(device);
        let every = RATES[rate].every;
        let last = edges.0.last()?;
        let first_pass = member % every;
        let mut last_pass = last.number - last.number.checked_sub(first_pass)? % every;
        if last_pass == last.number && self.number(device, last) >= self.total {
            last_pass = last_pass.checked_sub(every).filter(|pass| *pass >= first_pass)?;
        }
        let micros = |number| {
            let pass = edges.0.iter().find(|pass| pass.number == number);
            pass.map(|pass| self.micros(self.number(device, pass)))
        };
        Some(Turns {
            count: (last_pass - first_pass) / every + 1,
            first_micros: micros(first_pass)?,
            last_micros: micros(last_pass)?,
        })
    }

    /// The passes in which a device can register first or last; the log has at least one registration.
    pub(super) fn edges(&self) -> Edges {
        let last = self.pass_of(self.total - 1).number;
        let longest = RATES.iter().map(|rate| rate.every).max().unwrap_or(1);
        // A device that is not reached in the last pass was last seen as long before as its rate has it.
        let late = last.saturating_sub(longest).max(longest)..=last;
        Edges((0..longest.min(last + 1)).chain(late).map(|number| self.pass(number)).collect())
    }

    /// The number of a device's registration in a pass that it takes part in.
    fn number(&self, device: u64, pass: &Pass) -> u64 {
        let (rate, member) = member(device);
        let place = pass.taking_part[..rate].iter().sum::<u64>() + member / RATES[rate].every;
        pass.from + pass.order.place(place)
    }
}

/// How many devices of each rate take part in a pass.
fn taking_part(members: &[u64; RATES.len()], pass: u64) -> [u64; RATES.len()] {
    std::array::from_fn(|rate| {
        let every = RATES[rate].every;
        (members[rate] + every - 1 - pass % every) / every
    })
}

/// The rate of a device, and its number among those of that rate.
const fn member(device: u64) -> (usize, u64) {
    match device % 4 {
        0 => (0, device / 4),
        1 => (1, device / 4),
        more => (2, device / 4 * 2 + (more - 2)),
    }
}

/// Undoes [`member`].
const fn device(rate: usize, member: u64) -> u64 {
    match rate {
        0 => member * 4,
        1 => member * 4 + 1,
        _ => member / 2 * 4 + 2 + member % 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    /// First and last moment, and occurrences, of each device by going through all turns.
    fn walked(schedule: &Schedule) -> BTreeMap<u64, Turns> {
        let mut found: BTreeMap<u64, Turns> = BTreeMap::new();
        let mut pass = schedule.pass_of(0);
        for number in 0..schedule.total() {
            let turn = schedule.turn(number, &mut pass);
            let micros = schedule.micros(number);
            let turns = found.entry(turn.device).or_insert(Turns {
                count: 0,
                first_micros: micros,
                last_micros: micros,
            });
            assert_eq!(turn.occurrence, turns.count, "device {}", turn.device);
            turns.count += 1;
            turns.last_micros = micros;
        }
        found
    }

    proptest! {
        #[test]
        fn what_is_worked_out_per_device_is_what_the_log_holds(seed: u64, devices in 1..60u64, total in 1..400u64) {
            let schedule = Schedule::new(seed, devices, total, 1_000, 1_000_000);
            let edges = schedule.edges();
            let worked_out: BTreeMap<u64, Turns> =
                (0..devices).filter_map(|device| Some((device, schedule.turns(device, &edges)?))).collect();
            prop_assert_eq!(worked_out, walked(&schedule));
        }
    }

    #[test]
    fn all_devices_have_registered_before_the_fifth_pass() {
        let schedule = Schedule::new(1, 1000, 1 << 40, 0, 1);
        let first: u64 = schedule.before[4];
        let schedule = Schedule { total: first, ..schedule };
        assert_eq!(walked(&schedule).len(), 1000);
    }

    #[test]
    fn time_never_runs_backwards_and_stays_inside_the_span() {
        let schedule = Schedule::new(1, 10, 1000, 500, 7_777);
        let times: Vec<i64> = (0..1000).map(|number| schedule.micros(number)).collect();
        assert!(times.is_sorted());
        assert_eq!(times[0], 500);
        assert!(times[999] < 500 + 7_777);
    }
}

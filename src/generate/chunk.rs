//! A chunk of the log: so many steps, each a registration of the timetable or something beside it.
//!
//! A chunk depends on its number and the options alone, and on no other chunk.

use super::dice::{Dice, draw};
use super::layout::{Happening, Layout, Noise, Scan, Server, layout};
use super::options::{Format, Options};
use super::people::{Device, People};
use super::schedule::{Schedule, Turn};
use std::ops::AddAssign;

/// Steps of a chunk: a megabyte or two, so that a batch for every core still fits the memory of a small machine.
const CHUNK_STEPS: u64 = 8192;
/// What a chunk's numbers are drawn for.
const PURPOSE: u64 = 200;
/// What is no registration follows the one before within so many microseconds: a retransmission must,
/// and other lines come in bursts too.
const BURST_MICROS: u64 = 4_000_000;

/// The whole log, as a number of steps cut into chunks.
#[derive(Debug)]
pub(super) struct Plan {
    format: Format,
    seed: u64,
    hosts: u32,
    pub people: People,
    pub schedule: Schedule,
    steps: u64,
    pub chunks: u64,
    /// How the steps that are no registrations are shared out: of all steps, in millionths of millionths, by
    /// the order of [`KINDS`].
    weights: [u64; KINDS.len()],
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub lines: u64,
    pub bytes: u64,
    pub registrations: u64,
    pub retransmissions: u64,
    pub deregistrations: u64,
    pub refused: u64,
    pub scanner_attempts: u64,
    pub noise: u64,
}

impl Counts {
    /// Steps that this is of.
    pub(super) const fn steps(&self) -> u64 {
        self.registrations
            + self.retransmissions
            + self.deregistrations
            + self.refused
            + self.scanner_attempts
            + self.noise
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.bytes += other.bytes;
        self.registrations += other.registrations;
        self.retransmissions += other.retransmissions;
        self.deregistrations += other.deregistrations;
        self.refused += other.refused;
        self.scanner_attempts += other.scanner_attempts;
        self.noise += other.noise;
    }
}

/// What a step can be besides a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Other {
    Noise,
    Scan,
    Refusal,
    Retransmission,
    Deregistration,
}

const KINDS: [Other; 5] =
    [Other::Noise, Other::Scan, Other::Refusal, Other::Retransmission, Other::Deregistration];

impl Plan {
    /// The log of so many steps.
    pub(super) fn new(options: &Options, steps: u64) -> Self {
        let quiet = 1_000_000 - options.noise.millionths();
        let weights = [
            options.noise.millionths() * 1_000_000,
            options.scanners.millionths() * quiet,
            options.refused.millionths() * quiet,
            options.retransmitted.millionths() * quiet,
            options.deregistered.millionths() * quiet,
        ];
        let others = u128::from(steps) * u128::from(weights.iter().sum::<u64>()) / 1_000_000_000_000;
        let registrations = (steps - others as u64).max(1);
        let people = People::new(options.seed, options.users, &options.domains);
        let start_micros = options.start_seconds.saturating_mul(1_000_000);
        let span_micros = u64::from(options.days) * 86_400_000_000;
        let schedule =
            Schedule::new(options.seed, people.devices(), registrations, start_micros, span_micros);
        Self {
            format: options.format,
            seed: options.seed,
            hosts: options.hosts,
            people,
            schedule,
            steps,
            chunks: steps.div_ceil(CHUNK_STEPS).max(u64::from(options.files).min(steps)),
            weights,
        }
    }

    /// The place where a chunk begins, among the steps and among the registrations.
    fn begin(&self, chunk: u64) -> (u64, u64) {
        let step = (u128::from(self.steps) * u128::from(chunk) / u128::from(self.chunks)) as u64;
        let turn = u128::from(self.schedule.total()) * u128::from(step) / u128::from(self.steps);
        (step, turn as u64)
    }

    /// Writes a chunk behind what `out` holds.
    pub(super) fn write(&self, chunk: u64, out: &mut Vec<u8>) -> Counts {
        let (first_step, first_turn) = self.begin(chunk);
        let (end_step, end_turn) = self.begin(chunk + 1);
        let start = out.len();
        let mut chunk = Chunk {
            plan: self,
            dice: Dice::new(draw(self.seed, PURPOSE, chunk)),
            counts: Counts::default(),
            name: Vec::with_capacity(32),
            latest: None,
            // Nothing has happened yet in this chunk; the one before ends before its first turn.
            micros: self.schedule.micros(first_turn).saturating_sub(1).max(self.schedule.micros(0)),
            since: 0,
        };
        chunk.run(end_step - first_step, first_turn..end_turn, out);
        let mut counts = chunk.counts;
        counts.bytes = (out.len() - start) as u64;
        counts.lines = memchr::memchr_iter(b'\n', &out[start..]).count() as u64;
        counts
    }
}

/// A chunk while it is written.
struct Chunk<'p> {
    plan: &'p Plan,
    dice: Dice,
    counts: Counts,
    /// User part of the latest turn.
    name: Vec<u8>,
    latest: Option<Latest>,
    /// When the latest turn was.
    micros: i64,
    /// Steps since the latest turn.
    since: u64,
}

/// The latest registration.
#[derive(Debug, Clone, Copy)]
struct Latest {
    turn: Turn,
    server: Server,
    has_gone: bool,
}

impl Chunk<'_> {
    fn run(&mut self, steps: u64, turns: std::ops::Range<u64>, out: &mut Vec<u8>) {
        let plan = self.plan;
        let mut layout = layout(plan.format);
        let mut pass = plan.schedule.pass_of(turns.start);
        let mut turns = turns;
        for left in (1..=steps).rev() {
            let turns_left = turns.end - turns.start;
            // The first step is a turn where there is any, so that there is somebody to go away.
            let is_turn = turns_left == left
                || (turns_left > 0 && (self.latest.is_none() || self.dice.below(left) < turns_left));
            if is_turn {
                let number = turns.start;
                turns.start += 1;
                let turn = plan.schedule.turn(number, &mut pass);
                let server = Server {
                    host: 1 + (turn.device % u64::from(plan.hosts)) as u32,
                    process: (number % 8) as u32,
                };
                self.micros = plan.schedule.micros(number);
                self.since = 0;
                self.latest = Some(Latest { turn, server, has_gone: false });
                let device = plan.people.device(turn.device);
                self.name.clear();
                plan.people.name(&mut self.name, device.user);
                self.counts.registrations += 1;
                layout.registration(out, &self.happening(turn, server, turn.occurrence * 2 + 1));
            } else {
                self.other(&mut *layout, out);
            }
        }
    }

    /// Something that happens to the device of a turn, now.
    fn happening(&self, turn: Turn, server: Server, cseq: u64) -> Happening<'_> {
        let device = self.plan.people.device(turn.device);
        Happening {
            micros: self.now(),
            name: &self.name,
            domain: self.plan.people.domain(device.user),
            device,
            occurrence: turn.occurrence,
            cseq,
            expires_seconds: turn.expires_seconds,
            server,
        }
    }

    /// Later with every step, and before the next turn.
    fn now(&self) -> i64 {
        if self.latest.is_none() {
            return self.micros;
        }
        let burst = self.plan.schedule.gap_micros().min(BURST_MICROS);
        self.micros.saturating_add_unsigned(burst * self.since / (self.since + 1))
    }

    fn other(&mut self, layout: &mut dyn Layout, out: &mut Vec<u8>) {
        self.since += 1;
        let draw = self.dice.next();
        match (self.kind(), self.latest) {
            (Other::Retransmission, Some(latest)) => {
                self.counts.retransmissions += 1;
                let cseq = latest.turn.occurrence * 2 + 1;
                layout.retransmission(out, &self.happening(latest.turn, latest.server, cseq));
            }
            (Other::Deregistration, Some(latest)) if !latest.has_gone => {
                self.counts.deregistrations += 1;
                self.latest = Some(Latest { has_gone: true, ..latest });
                let cseq = latest.turn.occurrence * 2 + 2;
                layout.deregistration(out, &self.happening(latest.turn, latest.server, cseq));
            }
            // Of a device that has gone already, and of any where no turn has been: a refusal.
            (Other::Refusal | Other::Retransmission | Other::Deregistration, _) => {
                self.counts.refused += 1;
                self.refusal(draw, layout, out);
            }
            (Other::Scan, _) => {
                self.counts.scanner_attempts += 1;
                self.scan(draw, layout, out);
            }
            (Other::Noise, _) => {
                self.counts.noise += 1;
                layout.noise(out, &Noise { micros: self.now(), draw, server: self.server(draw) });
            }
        }
    }

    fn kind(&mut self) -> Other {
        let weights = &self.plan.weights;
        let mut lot = self.dice.below(weights.iter().sum::<u64>().max(1));
        for (kind, weight) in KINDS.into_iter().zip(weights) {
            if lot < *weight {
                return kind;
            }
            lot -= weight;
        }
        Other::Noise
    }

    fn server(&self, draw: u64) -> Server {
        Server { host: 1 + (draw >> 40) as u32 % self.plan.hosts, process: (draw >> 32) as u32 % 8 }
    }

    fn refusal(&self, draw: u64, layout: &mut dyn Layout, out: &mut Vec<u8>) {
        let people = &self.plan.people;
        let device = people.device(draw % people.devices());
        let mut name = Vec::with_capacity(32);
        people.name(&mut name, device.user);
        let it = Happening {
            micros: self.now(),
            name: &name,
            domain: people.domain(device.user),
            // A Call-ID of its own: a request that is refused is no part of the life of a binding.
            device: Device { call: draw, ..device },
            occurrence: 0,
            cseq: 1,
            expires_seconds: 3600,
            server: self.server(draw),
        };
        layout.refusal(out, &it);
    }

    fn scan(&self, draw: u64, layout: &mut dyn Layout, out: &mut Vec<u8>) {
        const NAMES: [&str; 8] = ["admin", "test", "sip", "user", "guest", "office", "fax", "voip"];
        const AGENTS: [&str; 4] = ["friendly-scanner", "sipcli/v1.8", "VaxSIPUserAgent/3.1", "pplsip"];
        let number = (draw >> 8 & 0xffff).to_string();
        let name = if draw & 3 == 0 { NAMES[(draw >> 2 & 7) as usize] } else { &number };
        layout.scan(
            out,
            &Scan {
                micros: self.now(),
                name,
                domain: self.plan.people.domain(draw >> 4),
                agent: AGENTS[(draw >> 24 & 3) as usize],
                address: (draw >> 26 & 63) as u8 + 1,
                call: draw,
                server: self.server(draw),
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::{Compression, Length, Share};
    use super::*;
    use proptest::prelude::*;

    fn plan(steps: u64, noise: &str, scanners: &str) -> Plan {
        let share = |text: &str| text.parse::<Share>().expect("a percentage");
        let options = Options {
            format: Format::AsteriskPjsip,
            length: Length::Lines(steps),
            users: 50,
            seed: 4,
            start_seconds: 1_788_220_800,
            days: 31,
            noise: share(noise),
            scanners: share(scanners),
            refused: share("1%"),
            retransmitted: Share::NONE,
            deregistered: share("20%"),
            files: 1,
            compression: Compression::None,
            hosts: 2,
            domains: vec!["example.com".to_owned()],
            lists_users: true,
        };
        Plan::new(&options, steps)
    }

    /// Each chunk of a plan, with what is in it.
    fn written(plan: &Plan) -> (Vec<u8>, Counts) {
        let (mut out, mut counts) = (Vec::new(), Counts::default());
        (0..plan.chunks).for_each(|chunk| counts += plan.write(chunk, &mut out));
        (out, counts)
    }

    #[test]
    fn stamps_never_run_backwards_whatever_is_between_the_registrations() {
        for noise in ["0%", "60%", "99.9%", "99.9999%"] {
            let (out, _) = written(&plan(30_000, noise, "2%"));
            let lines = out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let stamps: Vec<&[u8]> = lines.map(|line| &line[..21]).collect();
            assert!(stamps.is_sorted(), "{noise}");
            assert!(stamps[0] >= b"[2026-09-01 00:00:00]".as_slice(), "{noise}");
        }
    }

    #[test]
    fn each_kind_has_its_share() {
        let (_, counts) = written(&plan(200_000, "50%", "10%"));
        assert_eq!(counts.steps(), 200_000);
        assert_eq!(counts.registrations, 69_000);
        let near = |found: u64, expected: u64| found.abs_diff(expected) < expected / 5;
        assert!(near(counts.noise, 100_000), "{counts:?}");
        assert!(near(counts.scanner_attempts, 10_000), "{counts:?}");
        // Who has gone cannot go again: some of what should be a de-registration is a refusal.
        assert!(near(counts.refused + counts.deregistrations, 21_000), "{counts:?}");
    }

    proptest! {
        #[test]
        fn the_chunks_hold_every_registration_once(steps in 1..40_000u64) {
            let plan = plan(steps, "30%", "0%");
            let (_, counts) = written(&plan);
            prop_assert_eq!(counts.registrations, plan.schedule.total());
            prop_assert_eq!(counts.steps(), steps);
        }
    }
}

//! What the start of an input tells: frames, clocks, and some text to know it by.

use super::SAMPLE_LEN;
use crate::formats::frame::{self, Scratch};
use crate::formats::sip::dump;
use crate::formats::snapshot::recognises;
use crate::model::marks::each_line;
use crate::model::{Civil, Stamp};
use crate::pipeline::clock::civil_time;
use crate::pipeline::fold;
use crate::pipeline::plan::Form;
use crate::pipeline::snapshot::Stamps;
use crate::read::is_capture;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// So many lines behind a start that has no record are asked for one: all lines of some logs are messages without a prefix.
const ASKED_MAX: usize = 20_000;

/// What the start of an input holds.
#[derive(Debug, Default)]
pub(super) struct Sample {
    /// Some of its text.
    pub shown: Vec<u8>,
    pub form: Form,
    /// First record with a stamp: its stamp and place.
    pub first: Option<(Stamp, u64)>,
    pub has_framed: bool,
    pub has_local: bool,
    pub has_yearless: bool,
    /// A dump of a location table, behind which a log begins.
    pub is_mixed: bool,
    /// Lines behind the start that were asked for a record.
    asked: usize,
}

impl Sample {
    fn stamp(&mut self, stamp: Stamp, offset: u64) {
        match stamp {
            Stamp::None => return,
            Stamp::Instant(_) => {}
            Stamp::Local(_) => self.has_local = true,
            Stamp::Yearless(_) => self.has_yearless = true,
        }
        self.first = self.first.or(Some((stamp, offset)));
    }

    /// Whether no record of a log with a stamp has been seen, where there may be some.
    pub fn lacks_record(&self) -> bool {
        match self.form {
            _ if self.asked >= ASKED_MAX => false,
            Form::Log => self.first.is_none(),
            Form::Snapshot => !self.is_mixed,
            Form::Capture => false,
        }
    }

    /// Looks for the first record with a stamp in whole lines from that place on. The order of a server's logs hangs on
    /// it, and a hole or a page of other text may stand before it; behind a dump of a location table there should be none.
    pub fn seek_record(&mut self, lines: &[u8], mut offset: u64, scratch: &mut Scratch) {
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            self.asked += usize::from(line != b"\n");
            if self.asked >= ASKED_MAX {
                return;
            }
            let stamp = frame::open(line, scratch, false).map(|record| record.stamp);
            if let Some(stamp) = stamp.filter(|stamp| *stamp != Stamp::None) {
                match self.form {
                    Form::Snapshot => self.is_mixed = true,
                    _ => self.stamp(stamp, offset),
                }
                return;
            }
            offset += line.len() as u64;
        }
    }

    /// The first stamp, where it has a full date, as the zone's clocks show it.
    pub fn first_date(&self, zone: &TimeZone) -> Option<Civil> {
        match self.first?.0 {
            Stamp::Local(first) => Some(first),
            Stamp::Instant(first) => civil_time(zone.to_datetime(first.timestamp())),
            Stamp::None | Stamp::Yearless(_) => None,
        }
    }

    /// Whether it has full dates without a zone, and that zone puts its clocks back between the first stamp and that time.
    pub fn puts_back(&self, zone: &TimeZone, last: Option<DateTime>) -> bool {
        match (self.first_date(zone), last) {
            (Some(first), Some(last)) => self.has_local && fold::puts_back(zone, first, last),
            _ => false,
        }
    }
}

/// The sample of an input that begins so; it shows as much of its text as is asked for.
pub(super) fn take_sample(start: &[u8], shown_len: usize, scratch: &mut Scratch) -> Sample {
    let mut sample = Sample::default();
    if is_capture(start) {
        sample.form = Form::Capture;
        return sample;
    }
    let start = &start[..start.len().min(SAMPLE_LEN)];
    sample.shown = start[start.len().saturating_sub(shown_len)..].to_vec();
    let dumps = dump::all(start);
    let bodies = dump::bodies(&dumps, start);
    let (mut dumps, mut bodies) = (dumps.iter().peekable(), bodies.iter().peekable());
    each_line(start, |offset, end| {
        let line = &start[offset..start.len().min(end + 1)];
        while let Some(dump) = dumps.next_if(|dump| dump.begin <= offset) {
            // Its own clock, if it has one.
            sample.stamp(dump.stamp, dump.begin as u64);
        }
        while bodies.next_if(|body| body.end <= offset).is_some() {}
        // What a stranger sent shows nothing of the log.
        let is_sent = bodies.peek().is_some_and(|body| body.contains(&offset));
        if let Some(record) = frame::open(line, scratch, false).filter(|_| !is_sent) {
            sample.has_framed = true;
            sample.stamp(record.stamp, offset as u64);
        }
    });
    if !sample.has_framed && recognises(start) {
        let stamps = Stamps::of(start);
        (sample.form, sample.first, sample.has_local) = (Form::Snapshot, stamps.first, stamps.has_local);
    }
    sample
}

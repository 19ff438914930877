//! What the start of an input tells: frames, clocks, and some text to know it by.

use super::{SAMPLE_LEN, SAMPLE_SHOWN};
use crate::formats::frame::{self, Scratch};
use crate::formats::snapshot::recognises;
use crate::model::Stamp;
use crate::pipeline::clock::date_time;
use crate::pipeline::fold;
use crate::pipeline::plan::Form;
use crate::pipeline::snapshot::Stamps;
use crate::read::is_capture;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

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
}

impl Sample {
    /// The first stamp, where it is a full date without a zone.
    pub fn first_local(&self) -> Option<DateTime> {
        match self.first?.0 {
            Stamp::Local(civil) => Some(date_time(civil)),
            _ => None,
        }
    }

    /// Whether the zone puts its clocks back between the first stamp and that time.
    pub fn puts_back(&self, zone: &TimeZone, last: Option<DateTime>) -> bool {
        match (self.first, last) {
            (Some((Stamp::Local(first), _)), Some(last)) => fold::puts_back(zone, first, last),
            _ => false,
        }
    }
}

pub(super) fn take_sample(start: &[u8], scratch: &mut Scratch) -> Sample {
    let mut sample = Sample::default();
    if is_capture(start) {
        sample.form = Form::Capture;
        return sample;
    }
    let start = &start[..start.len().min(SAMPLE_LEN)];
    sample.shown = start[start.len().saturating_sub(SAMPLE_SHOWN)..].to_vec();
    let mut offset = 0;
    for line in start.split_inclusive(|byte| *byte == b'\n') {
        if let Some(record) = frame::open(line, scratch, false) {
            sample.has_framed = true;
            match record.stamp {
                Stamp::None => {}
                Stamp::Instant(_) => {}
                Stamp::Local(_) => sample.has_local = true,
                Stamp::Yearless(_) => sample.has_yearless = true,
            }
            if record.stamp != Stamp::None && sample.first.is_none() {
                sample.first = Some((record.stamp, offset));
            }
        }
        offset += line.len() as u64;
    }
    if !sample.has_framed && recognises(start) {
        let stamps = Stamps::of(start);
        (sample.form, sample.first, sample.has_local) = (Form::Snapshot, stamps.first, stamps.has_local);
    }
    sample
}

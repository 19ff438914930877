//! Feeding an input of snapshots to its reader, and asking one for its stamps.

use crate::formats::snapshot::SnapshotReader;
use crate::model::{Event, Reject, Sink, Spot, Stamp};

/// Gives the reader every line of a block.
pub(super) fn feed(reader: &mut SnapshotReader, bytes: &[u8], start: Spot, sink: &mut impl Sink) {
    let mut offset = start.offset;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let spot = Spot { offset, ..start };
        reader.line(line.strip_suffix(b"\n").unwrap_or(line), spot, sink);
        offset += line.len() as u64;
    }
}

/// What stamps the bindings of an input carry, as far as its start tells.
#[derive(Debug, Default)]
pub(super) struct Stamps {
    /// The first one and its place.
    pub first: Option<(Stamp, u64)>,
    /// Some of them carry no zone.
    pub has_local: bool,
}

impl Stamps {
    /// The stamps of an input that starts like this.
    pub fn of(start: &[u8]) -> Self {
        let mut stamps = Self::default();
        feed(&mut SnapshotReader::new(), start, Spot { input: 0, offset: 0 }, &mut stamps);
        stamps
    }
}

impl Sink for Stamps {
    fn event(&mut self, event: &Event<'_>) {
        if event.stamp != Stamp::None {
            self.first.get_or_insert((event.stamp, event.spot.offset));
            self.has_local |= matches!(event.stamp, Stamp::Local(_));
        }
    }

    fn other(&mut self, _: Spot, _: Stamp) {}

    fn reject(&mut self, _: Reject) {}
}

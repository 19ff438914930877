//! TCP streams: each direction put in order, retransmissions dropped, gaps given up in time.

use super::carve::Carver;
use super::counts::Counts;
use crate::model::Moment;
use etherparse::TcpSlice;
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

/// What one stream may hold behind a gap, in bytes and in segments.
const WAITING_BYTES_MAX: usize = 1 << 20;
const WAITING_SEGMENTS_MAX: usize = 1024;
/// Capture time after which a gap is taken for a loss of the capture: at once where the other
/// side has acknowledged the bytes, and not before a retransmission had its chance otherwise.
const WAIT_ACKED_MICROS: i64 = 1_000_000;
const WAIT_MICROS: i64 = 30_000_000;
/// A segment that far from its place belongs to another connection on the same ports.
const WINDOW_MAX: i64 = 16 << 20;
/// Streams at a time, and the bytes held in all of them.
const STREAMS_MAX: usize = 1 << 16;
const BYTES_MAX: usize = 64 << 20;

/// Where a message was completed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub packet: u64,
    pub moment: Option<Moment>,
    pub source: SocketAddr,
    pub destination: SocketAddr,
}

/// Takes the messages: the place, the bytes, and whether they are cut.
pub(super) type Give<'g> = &'g mut dyn FnMut(Place, &[u8], bool);

/// Both directions of every connection, each a stream of its own.
#[derive(Default)]
pub(super) struct Streams {
    open: HashMap<(SocketAddr, SocketAddr), Stream>,
    bytes: usize,
}

struct Stream {
    /// The sequence number that comes next, and the same as a position that never wraps.
    next: u32,
    position: u64,
    /// The first sequence number, where the stream was seen to start.
    initial: Option<u32>,
    carver: Carver,
    /// What came ahead of its turn, by position.
    waiting: BTreeMap<u64, Segment>,
    waiting_bytes: usize,
    waiting_since: Option<Moment>,
    last: Place,
}

struct Segment {
    bytes: Vec<u8>,
    /// Bytes after these that the snap length cut off.
    missing: usize,
    place: Place,
}

impl Streams {
    /// Takes one segment, with the number of its bytes that the capture does not have.
    pub fn add(
        &mut self,
        tcp: &TcpSlice<'_>,
        missing: usize,
        place: Place,
        counts: &mut Counts,
        give: Give<'_>,
    ) {
        self.acknowledge(tcp, place, counts, give);
        let bytes = tcp.payload();
        if !tcp.syn() && !tcp.fin() && !tcp.rst() && bytes.is_empty() && missing == 0 {
            return;
        }
        let key = (place.source, place.destination);
        // A SYN takes one number of the sequence.
        let sequence = tcp.sequence_number().wrapping_add(u32::from(tcp.syn()));
        let is_other = self.open.get(&key).is_some_and(|stream| {
            (tcp.syn() && stream.initial != Some(sequence))
                || (!bytes.is_empty() && i64::from(stream.ahead(sequence)).abs() > WINDOW_MAX)
        });
        if is_other && let Some(mut old) = self.open.remove(&key) {
            self.bytes -= old.held();
            old.finish(counts, give);
        }
        if !self.open.contains_key(&key) && !tcp.syn() && bytes.is_empty() {
            return;
        }
        let stream = self.open.entry(key).or_insert_with(|| Stream::new(sequence, tcp.syn(), place));
        let before = stream.held();
        stream.last = place;
        let end = stream.take(sequence, Segment { bytes: bytes.to_vec(), missing, place }, counts, give);
        if tcp.rst() || (tcp.fin() && end == stream.position) {
            // The stream stays known, so that what is sent again is not taken for new.
            stream.finish(counts, give);
        }
        self.bytes = self.bytes - before + stream.held();
        self.shrink(counts);
    }

    /// The capture ends: hands out what waits behind gaps and what is there of cut messages.
    pub fn finish(&mut self, counts: &mut Counts, give: Give<'_>) {
        let mut streams: Vec<Stream> = std::mem::take(&mut self.open).into_values().collect();
        // One packet belongs to one stream, so the order does not depend on a hash.
        streams.sort_by_key(|stream| stream.last.packet);
        for mut stream in streams {
            stream.finish(counts, give);
        }
        self.bytes = 0;
    }

    /// What the other side has acknowledged and the capture lacks will not come any more.
    fn acknowledge(&mut self, tcp: &TcpSlice<'_>, place: Place, counts: &mut Counts, give: Give<'_>) {
        if !tcp.ack() {
            return;
        }
        let Some(stream) = self.open.get_mut(&(place.destination, place.source)) else { return };
        let Some((&first, _)) = stream.waiting.first_key_value() else { return };
        let acknowledged =
            stream.position.saturating_add_signed(stream.ahead(tcp.acknowledgment_number()).into());
        if acknowledged >= first && stream.has_waited(place.moment, WAIT_ACKED_MICROS) {
            let before = stream.held();
            stream.skip_gap(counts, give);
            self.bytes = self.bytes - before + stream.held();
        }
    }

    /// Lets the half that was idle longest go where there is too much.
    fn shrink(&mut self, counts: &mut Counts) {
        if self.open.len() <= STREAMS_MAX && self.bytes <= BYTES_MAX {
            return;
        }
        let mut ages: Vec<_> = self.open.iter().map(|(&key, stream)| (stream.last.packet, key)).collect();
        ages.sort_unstable_by_key(|&(packet, _)| packet);
        for (_, key) in &ages[..ages.len() / 2] {
            if let Some(stream) = self.open.remove(key) {
                self.bytes -= stream.held();
                counts.tcp_streams_dropped += 1;
            }
        }
    }
}

impl Stream {
    fn new(sequence: u32, is_start: bool, place: Place) -> Self {
        Self {
            next: sequence,
            // Far from zero, so that positions before the first one seen exist too.
            position: 1 << 40,
            initial: is_start.then_some(sequence),
            carver: Carver::new(is_start),
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            waiting_since: None,
            last: place,
        }
    }

    /// Bytes that are held.
    fn held(&self) -> usize {
        self.carver.len() + self.waiting_bytes
    }

    /// How far a sequence number is ahead of the next one; negative for what is known already.
    fn ahead(&self, sequence: u32) -> i32 {
        sequence.wrapping_sub(self.next).cast_signed()
    }

    fn has_waited(&self, now: Option<Moment>, micros: i64) -> bool {
        match (self.waiting_since, now) {
            (Some(since), Some(now)) => now.micros().saturating_sub(since.micros()) >= micros,
            _ => false,
        }
    }

    /// Takes a segment in its turn, or keeps it for later. Gives the position of its end.
    fn take(&mut self, sequence: u32, segment: Segment, counts: &mut Counts, give: Give<'_>) -> u64 {
        let place = segment.place;
        let start = self.position.saturating_add_signed(self.ahead(sequence).into());
        let end = start + (segment.bytes.len() + segment.missing) as u64;
        if segment.bytes.is_empty() && segment.missing == 0 {
            return end;
        }
        if end <= self.position {
            counts.retransmitted += 1;
        } else if start <= self.position {
            self.deliver(start, &segment, place, counts, give);
            // What waited is complete only now, in this packet.
            self.drain(Some(place), counts, give);
        } else {
            self.keep(start, segment, counts);
            while !self.waiting.is_empty()
                && (self.waiting_bytes > WAITING_BYTES_MAX
                    || self.waiting.len() > WAITING_SEGMENTS_MAX
                    || self.has_waited(place.moment, WAIT_MICROS))
            {
                self.skip_gap(counts, give);
            }
        }
        end
    }

    fn keep(&mut self, start: u64, segment: Segment, counts: &mut Counts) {
        if self.waiting.is_empty() {
            self.waiting_since = segment.place.moment;
        }
        let known = self.waiting.get(&start).map_or(0, |known| known.bytes.len());
        if known > 0 {
            counts.retransmitted += 1;
        }
        if segment.bytes.len() > known || known == 0 {
            self.waiting_bytes += segment.bytes.len() - known;
            self.waiting.insert(start, segment);
        }
    }

    /// Hands the new bytes of a segment to the carver.
    fn deliver(&mut self, start: u64, segment: &Segment, place: Place, counts: &mut Counts, give: Give<'_>) {
        let known = usize::try_from(self.position - start).unwrap_or(usize::MAX);
        let mut out = |bytes: &[u8], is_cut: bool| give(place, bytes, is_cut);
        if let Some(bytes) = segment.bytes.get(known..) {
            self.carver.push(bytes, counts, &mut out);
        }
        if segment.missing > 0 {
            counts.tcp_gaps += 1;
            self.carver.interrupt(counts, &mut out);
        }
        self.advance(start + (segment.bytes.len() + segment.missing) as u64);
    }

    fn advance(&mut self, position: u64) {
        // Sequence numbers are positions modulo 2^32.
        self.next = self.next.wrapping_add((position - self.position) as u32);
        self.position = position;
    }

    /// Delivers what waits, as far as it is next; in `place`, or each in its own.
    fn drain(&mut self, place: Option<Place>, counts: &mut Counts, give: Give<'_>) {
        while let Some(entry) = self.waiting.first_entry().filter(|entry| *entry.key() <= self.position) {
            let (start, segment) = entry.remove_entry();
            self.waiting_bytes -= segment.bytes.len();
            self.waiting_since = place.unwrap_or(segment.place).moment;
            if start + (segment.bytes.len() + segment.missing) as u64 > self.position {
                self.deliver(start, &segment, place.unwrap_or(segment.place), counts, give);
            }
        }
    }

    /// Gives up the bytes before the first segment that waits.
    fn skip_gap(&mut self, counts: &mut Counts, give: Give<'_>) {
        let Some((&start, _)) = self.waiting.first_key_value() else { return };
        counts.tcp_gaps += 1;
        let place = self.last;
        self.carver.interrupt(counts, &mut |bytes, is_cut| give(place, bytes, is_cut));
        self.advance(start);
        self.drain(None, counts, give);
    }

    fn finish(&mut self, counts: &mut Counts, give: Give<'_>) {
        while !self.waiting.is_empty() {
            self.skip_gap(counts, give);
        }
        let place = self.last;
        self.carver.interrupt(counts, &mut |bytes, is_cut| give(place, bytes, is_cut));
    }
}

//! Datagrams that came in pieces.

use super::counts::Counts;
use super::link::{Fragment, Ip};
use crate::model::Moment;
use std::collections::HashMap;
use std::net::IpAddr;

/// Capture time that the pieces of one datagram may be apart; what most hosts wait.
const WAIT_MICROS: i64 = 30_000_000;
/// Datagrams under way at a time, and the bytes in them.
const DATAGRAMS_MAX: usize = 4096;
const BYTES_MAX: usize = 16 << 20;
/// The longest payload that an IP packet can have, and the most pieces it can come in.
const DATAGRAM_MAX: usize = 65_535;
const PIECES_MAX: usize = 1024;

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    id: u32,
}

struct Datagram {
    /// By offset, none of them overlapping another.
    pieces: Vec<(usize, Vec<u8>)>,
    bytes: usize,
    /// Its length, once the last piece is here.
    len: Option<usize>,
    /// When its first piece came.
    since: Option<Moment>,
    first_packet: u64,
    /// Two pieces disagreed: what follows of it is not believed either.
    is_refused: bool,
}

/// The datagrams under way.
#[derive(Default)]
pub(super) struct Fragments {
    open: HashMap<Key, Datagram>,
    bytes: usize,
}

impl Fragments {
    /// Takes a piece; gives the whole payload where it was the last one missing.
    pub fn add(
        &mut self,
        ip: &Ip<'_>,
        piece: Fragment,
        packet: u64,
        moment: Option<Moment>,
        counts: &mut Counts,
    ) -> Option<Vec<u8>> {
        let key =
            Key { source: ip.source, destination: ip.destination, protocol: ip.protocol.0, id: piece.id };
        let end = piece.offset + ip.payload.len();
        // A piece that the snap length cut leaves a hole that nothing fills.
        if ip.missing > 0 || ip.payload.is_empty() || end > DATAGRAM_MAX {
            counts.malformed += 1;
            return None;
        }
        let is_stale = |datagram: &Datagram| match (datagram.since, moment) {
            (Some(since), Some(now)) => now.micros().saturating_sub(since.micros()).abs() > WAIT_MICROS,
            _ => false,
        };
        if self.open.get(&key).is_some_and(is_stale) {
            self.drop_one(&key, counts);
        }
        let datagram = self.open.entry(key.clone()).or_insert_with(|| Datagram {
            pieces: Vec::new(),
            bytes: 0,
            len: None,
            since: moment,
            first_packet: packet,
            is_refused: false,
        });
        if datagram.is_refused || datagram.has(piece.offset, ip.payload) {
            return None;
        }
        let is_beyond = datagram.len.is_some_and(|len| end > len || (piece.is_last && end != len))
            || (piece.is_last && datagram.pieces.iter().any(|(at, bytes)| at + bytes.len() > end));
        let overlaps = datagram.pieces.iter().any(|(at, bytes)| *at < end && piece.offset < at + bytes.len());
        if is_beyond || overlaps || datagram.pieces.len() == PIECES_MAX {
            counts.overlapping_datagrams += 1;
            self.bytes -= datagram.bytes;
            datagram.bytes = 0;
            datagram.pieces = Vec::new();
            datagram.is_refused = true;
            return None;
        }
        if piece.is_last {
            datagram.len = Some(end);
        }
        datagram.pieces.push((piece.offset, ip.payload.to_vec()));
        datagram.bytes += ip.payload.len();
        self.bytes += ip.payload.len();
        if datagram.len != Some(datagram.bytes) {
            self.shrink(counts);
            return None;
        }
        let mut whole = self.open.remove(&key)?;
        self.bytes -= whole.bytes;
        whole.pieces.sort_by_key(|&(at, _)| at);
        Some(whole.pieces.into_iter().flat_map(|(_, bytes)| bytes).collect())
    }

    /// Counts what never became whole.
    pub fn finish(&mut self, counts: &mut Counts) {
        let open = std::mem::take(&mut self.open);
        counts.incomplete_datagrams += open.values().filter(|datagram| !datagram.is_refused).count() as u64;
        self.bytes = 0;
    }

    fn drop_one(&mut self, key: &Key, counts: &mut Counts) {
        if let Some(datagram) = self.open.remove(key) {
            self.bytes -= datagram.bytes;
            counts.incomplete_datagrams += u64::from(!datagram.is_refused);
        }
    }

    /// Lets the older half go where there is too much.
    fn shrink(&mut self, counts: &mut Counts) {
        if self.open.len() <= DATAGRAMS_MAX && self.bytes <= BYTES_MAX {
            return;
        }
        let mut ages: Vec<(u64, Key)> =
            self.open.iter().map(|(key, datagram)| (datagram.first_packet, key.clone())).collect();
        ages.sort_by_key(|&(packet, _)| packet);
        for (_, key) in &ages[..ages.len().div_ceil(2)] {
            self.drop_one(key, counts);
        }
    }
}

impl Datagram {
    /// The same piece twice, as a capture on several interfaces has it.
    fn has(&self, offset: usize, bytes: &[u8]) -> bool {
        self.pieces.iter().any(|(at, piece)| *at == offset && piece == bytes)
    }
}

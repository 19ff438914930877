//! From a link type to the IP packet inside, and from that to UDP or TCP.

use super::counts::Counts;
use etherparse::{IpNumber, Ipv6ExtensionSlice, LaxIpSlice};
use std::net::IpAddr;

/// What the IP header says, with what it carries.
pub(super) struct Ip<'p> {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub protocol: IpNumber,
    pub payload: &'p [u8],
    /// Bytes that the header promises and the capture does not have.
    pub missing: usize,
    pub fragment: Option<Fragment>,
}

/// Where a piece stands in its datagram.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fragment {
    pub id: u32,
    pub offset: usize,
    pub is_last: bool,
}

/// The IP packet of a frame; `None`, and counted, where there is none.
pub(super) fn ip_of<'p>(link: i32, frame: &'p [u8], counts: &mut Counts) -> Option<Ip<'p>> {
    let bytes = match link {
        1 => behind_ether_type(frame, 12),
        // Linux cooked, which "any" interface gives, in its first and second edition.
        113 => behind_ether_type(frame, 14),
        276 if frame.len() >= 20 => match frame[..2] {
            [0x08, 0x00] | [0x86, 0xdd] => Some(&frame[20..]),
            [0x81, 0x00] | [0x88, 0xa8] => behind_ether_type(frame, 22),
            _ => None,
        },
        276 => None,
        // Raw IP, by its registered number and by what some systems write in its place.
        12 | 14 | 101 | 228 | 229 => Some(frame),
        // Loopback: an address family of four bytes, in whichever order the host had.
        0 | 108 => frame.get(4..),
        _ => {
            counts.unknown_link += 1;
            return None;
        }
    };
    let Some(bytes) = bytes.filter(|bytes| bytes.first().is_some_and(|byte| matches!(byte >> 4, 4 | 6)))
    else {
        counts.not_ip += 1;
        return None;
    };
    let ip = ip_header(bytes);
    counts.malformed += u64::from(ip.is_none());
    ip
}

/// What follows the ether type at `at`, through up to four VLAN tags, if it is IP.
fn behind_ether_type(frame: &[u8], mut at: usize) -> Option<&[u8]> {
    for _ in 0..5 {
        match frame.get(at..at + 2)? {
            [0x08, 0x00] | [0x86, 0xdd] => return frame.get(at + 2..),
            [0x81, 0x00] | [0x88, 0xa8] | [0x91, 0x00] => at += 4,
            _ => return None,
        }
    }
    None
}

fn ip_header(bytes: &[u8]) -> Option<Ip<'_>> {
    let (slice, _) = LaxIpSlice::from_slice(bytes).ok()?;
    let payload = slice.payload();
    let (promised, fragment) = match &slice {
        LaxIpSlice::Ipv4(ip) => {
            let header = ip.header();
            let fragment = Fragment {
                id: u32::from(header.identification()),
                offset: usize::from(header.fragments_offset().value()) * 8,
                is_last: !header.more_fragments(),
            };
            (usize::from(header.total_len()), fragment)
        }
        LaxIpSlice::Ipv6(ip) => {
            let piece = ip.extensions().clone().into_iter().find_map(|extension| match extension {
                Ipv6ExtensionSlice::Fragment(piece) => Some(Fragment {
                    id: piece.identification(),
                    offset: usize::from(piece.fragment_offset().value()) * 8,
                    is_last: !piece.more_fragments(),
                }),
                _ => None,
            });
            let fragment = piece.unwrap_or(Fragment { id: 0, offset: 0, is_last: true });
            (40 + usize::from(ip.header().payload_length()), fragment)
        }
    };
    let header_len = payload.payload.as_ptr() as usize - bytes.as_ptr() as usize;
    let missing =
        if payload.incomplete { promised.saturating_sub(header_len + payload.payload.len()) } else { 0 };
    Some(Ip {
        source: slice.source_addr(),
        destination: slice.destination_addr(),
        protocol: payload.ip_number,
        payload: payload.payload,
        missing,
        fragment: payload.fragmented.then_some(fragment),
    })
}

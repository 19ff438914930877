//! A small writer of packets and captures for the tests of this folder.

use super::{Capture, Counts, Transport};
use std::path::Path;

/// What a test looks at in a message: its packet, micros, ports, transport, text, and whether it is cut.
pub(super) type Seen = (u64, Option<i64>, (u16, u16), Transport, String, bool);

pub(super) fn read(capture: &[u8]) -> (Vec<Seen>, Counts, Option<String>) {
    let mut capture = Capture::new(Path::new("a.pcap"), capture);
    let mut seen = Vec::new();
    loop {
        match capture.next_message() {
            Ok(Some(message)) => seen.push((
                message.packet,
                message.moment.map(|moment| moment.micros()),
                (message.source.port(), message.destination.port()),
                message.transport,
                String::from_utf8_lossy(message.bytes).into_owned(),
                message.is_cut,
            )),
            Ok(None) => return (seen, capture.counts(), None),
            Err(error) => return (seen, capture.counts(), Some(error.to_string())),
        }
    }
}

pub(super) fn texts(capture: &[u8]) -> Vec<String> {
    read(capture).0.into_iter().map(|seen| seen.4).collect()
}

/// A message with a body, so that its end depends on its length.
pub(super) fn message(number: usize, body: &str) -> String {
    format!("REGISTER sip:a.example SIP/2.0\r\nCall-ID: {number}\r\nl : {}\r\n\r\n{body}", body.len())
}

pub(super) fn udp(payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len() + 8).unwrap();
    [&5062u16.to_be_bytes()[..], &5060u16.to_be_bytes(), &len.to_be_bytes(), &[0, 0], payload].concat()
}

pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const ACK: u8 = 16;

pub(super) fn tcp(sequence: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let ports = [5062u16.to_be_bytes(), 5060u16.to_be_bytes()].concat();
    [&ports[..], &sequence.to_be_bytes(), &[0; 4], &[0x50, flags, 255, 255, 0, 0, 0, 0], payload].concat()
}

/// The answer of the other side: an acknowledgement and nothing more.
pub(super) fn tcp_ack(acknowledged: u32) -> Vec<u8> {
    let ports = [5060u16.to_be_bytes(), 5062u16.to_be_bytes()].concat();
    [&ports[..], &[0; 4], &acknowledged.to_be_bytes(), &[0x50, ACK, 255, 255, 0, 0, 0, 0]].concat()
}

/// IPv4 from 192.0.2.1 to 192.0.2.2; `fragment` is the field with the flags.
pub(super) fn ip4_piece(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len() + 20).unwrap().to_be_bytes();
    let [high, low] = fragment.to_be_bytes();
    let head = [0x45, 0, len[0], len[1], 0, 7, high, low, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
    [&head[..], payload].concat()
}

pub(super) fn ip4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ip4_piece(protocol, 0, payload)
}

pub(super) fn ip6(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let mut address = [0u8; 32];
    address[..4].copy_from_slice(&[0x20, 1, 0x0d, 0xb8]);
    address[16..20].copy_from_slice(&[0x20, 1, 0x0d, 0xb8]);
    address[31] = 1;
    [&[0x60, 0, 0, 0, len[0], len[1], protocol, 64][..], &address, payload].concat()
}

pub(super) fn ether(kind: u16, payload: &[u8]) -> Vec<u8> {
    [&[2; 12][..], &kind.to_be_bytes(), payload].concat()
}

/// A pcap of raw IP, a packet each millisecond from second 1000 on.
pub(super) fn raw_pcap(packets: &[Vec<u8>]) -> Vec<u8> {
    let timed: Vec<_> =
        packets.iter().enumerate().map(|(at, bytes)| (1000, at as u32 * 1000, bytes.clone())).collect();
    pcap(0xa1b2_c3d4, 101, &timed, false)
}

pub(super) fn pcap(magic: u32, link: u32, packets: &[(u32, u32, Vec<u8>)], is_big: bool) -> Vec<u8> {
    let four = |value: u32| if is_big { value.to_be_bytes() } else { value.to_le_bytes() };
    let two = |value: u16| if is_big { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut out = [&four(magic)[..], &two(2), &two(4), &[0; 8], &four(262_144), &four(link)].concat();
    for (seconds, fraction, bytes) in packets {
        for value in [*seconds, *fraction, bytes.len() as u32, bytes.len() as u32] {
            out.extend(four(value));
        }
        out.extend(bytes);
    }
    out
}

/// One block of pcapng, with its length at both ends.
pub(super) fn block(kind: u32, body: &[u8], is_big: bool) -> Vec<u8> {
    let four = |value: u32| if is_big { value.to_be_bytes() } else { value.to_le_bytes() };
    let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
    let len = (12 + body.len() + padding.len()) as u32;
    [&four(kind)[..], &four(len), body, &padding, &four(len)].concat()
}

pub(super) fn section(is_big: bool) -> Vec<u8> {
    let body = if is_big {
        [&0x1a2b_3c4d_u32.to_be_bytes()[..], &[0, 1, 0, 0], &[255; 8]].concat()
    } else {
        [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[255; 8]].concat()
    };
    block(0x0a0d_0d0a, &body, is_big)
}

pub(super) fn interface(link: u16, resolution: u8, is_big: bool) -> Vec<u8> {
    let two = |value: u16| if is_big { value.to_be_bytes() } else { value.to_le_bytes() };
    let body = [&two(link)[..], &[0; 6], &two(9), &two(1), &[resolution, 0, 0, 0], &[0; 4]].concat();
    block(1, &body, is_big)
}

pub(super) fn enhanced(interface: u32, ticks: u64, bytes: &[u8], is_big: bool) -> Vec<u8> {
    let four = |value: u32| if is_big { value.to_be_bytes() } else { value.to_le_bytes() };
    let len = bytes.len() as u32;
    let mut body: Vec<u8> =
        [interface, (ticks >> 32) as u32, ticks as u32, len, len].into_iter().flat_map(four).collect();
    body.extend(bytes);
    block(6, &body, is_big)
}

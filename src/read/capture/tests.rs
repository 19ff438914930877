//! What captures written by hand say.

use super::testing::*;
use super::{Transport, is_capture};
use proptest::prelude::*;

const UDP: u8 = 17;
const TCP: u8 = 6;

#[test]
fn a_datagram_is_a_message_with_its_packet_and_moment() {
    let text = message(1, "");
    let capture = raw_pcap(&[ip4(UDP, &udp(b"\r\n\r\n")), ip4(UDP, &udp(text.as_bytes()))]);
    let (seen, counts, error) = read(&capture);
    assert_eq!(seen, [(2, Some(1_000_001_000), (5062, 5060), Transport::Udp, text, false)]);
    assert_eq!((counts.keep_alives, counts.messages, error), (1, 1, None));
}

#[test]
fn every_link_type_leads_to_the_same_message() {
    let text = message(1, "");
    let four = ip4(UDP, &udp(text.as_bytes()));
    let six = ip6(UDP, &udp(text.as_bytes()));
    let cooked_2 = |kind: u16, ip: &[u8]| [&kind.to_be_bytes()[..], &[0; 18], ip].concat();
    let frames = [
        (1, ether(0x0800, &four)),
        (1, ether(0x86dd, &six)),
        (1, ether(0x88a8, &[&[0, 5, 0x81, 0, 0, 6, 8, 0][..], &four].concat())),
        (113, [&[0; 14][..], &[8, 0], &four].concat()),
        (276, cooked_2(0x0800, &four)),
        (276, cooked_2(0x86dd, &six)),
        (101, six.clone()),
        (228, four.clone()),
        (229, six.clone()),
        (0, [&[2, 0, 0, 0][..], &four].concat()),
        (108, [&[0, 0, 0, 24][..], &six].concat()),
    ];
    for (link, frame) in frames {
        let capture = pcap(0xa1b2_c3d4, link, &[(1, 2, frame)], false);
        assert_eq!(texts(&capture), [text.as_str()], "link type {link}");
    }
}

#[test]
fn padding_behind_the_ip_packet_is_no_part_of_the_message() {
    let text = message(1, "");
    let frame = [ether(0x0800, &ip4(UDP, &udp(text.as_bytes()))), vec![0; 9]].concat();
    assert_eq!(texts(&pcap(0xa1b2_c3d4, 1, &[(1, 2, frame)], false)), [text]);
}

#[test]
fn each_magic_has_its_byte_order_and_resolution() {
    let packet = ip4(UDP, &udp(message(1, "").as_bytes()));
    for (magic, is_big, micros) in [
        (0xa1b2_c3d4, false, 3_000_999),
        (0xa1b2_c3d4, true, 3_000_999),
        (0xa1b2_3c4d, false, 3_000_000),
        (0xa1b2_3c4d, true, 3_000_000),
    ] {
        let capture = pcap(magic, 101, &[(3, 999, packet.clone())], is_big);
        assert!(is_capture(&capture[..4]));
        assert_eq!(read(&capture).0[0].1, Some(micros));
    }
}

#[test]
fn a_text_is_no_capture() {
    assert!(is_capture(&section(true)[..12]) && is_capture(&section(false)[..12]));
    for text in [&b"Oct  5 14:03:22"[..], b"", b"\n\r\r\n", b"\n\r\r\nOct  5 14:03:22"] {
        assert!(!is_capture(text), "{text:?}");
    }
}

#[test]
fn each_interface_has_its_link_type_and_resolution() {
    let packet = ip4(UDP, &udp(message(1, "").as_bytes()));
    for is_big in [false, true] {
        let capture = [
            section(is_big),
            interface(101, 9, is_big),
            interface(1, 0x80 | 10, is_big),
            enhanced(1, 5 << 10 | 512, &ether(0x0800, &packet), is_big),
            block(0x0bad, b"unknown", is_big),
            enhanced(0, 7_000_001_999, &packet, is_big),
            // The other byte order, and interfaces numbered anew.
            section(!is_big),
            interface(101, 6, !is_big),
            enhanced(0, 9_000_000, &packet, !is_big),
            block(
                3,
                &[
                    if is_big {
                        vec![packet.len() as u8, 0, 0, 0]
                    } else {
                        vec![0, 0, 0, packet.len() as u8]
                    },
                    packet.clone(),
                ]
                .concat(),
                !is_big,
            ),
        ]
        .concat();
        let (seen, _, error) = read(&capture);
        let found: Vec<_> = seen.iter().map(|seen| (seen.0, seen.1)).collect();
        let expected = [(1, Some(5_500_000)), (2, Some(7_000_001)), (3, Some(9_000_000)), (4, None)];
        assert_eq!((found.as_slice(), error), (&expected[..], None));
    }
}

#[test]
fn a_cut_capture_gives_what_precedes_the_cut() {
    let capture = raw_pcap(&[ip4(UDP, &udp(message(1, "").as_bytes())), ip4(UDP, b"12345678")]);
    let (seen, _, error) = read(&capture[..capture.len() - 1]);
    assert_eq!(seen.len(), 1);
    let error = error.unwrap();
    assert!(error.starts_with("a.pcap: capture ends inside a packet at byte "), "{error}");
    assert!(error.ends_with("; 1 packets were read; refusing to bill on a part"), "{error}");
}

#[test]
fn a_packet_that_claims_too_much_is_damage() {
    let mut capture = raw_pcap(&[ip4(UDP, b"12345678")]);
    capture[24 + 8..24 + 12].fill(0xff);
    assert!(read(&capture).2.unwrap().contains("packet claims 4294967295 bytes at byte 24"));
}

/// The pieces of one datagram over IPv4 and over IPv6.
fn pieces(datagram: &[u8]) -> [Vec<Vec<u8>>; 2] {
    let len = datagram.len();
    let six = |offset: u16, more: u16, bytes: &[u8]| {
        let [high, low] = (offset | more).to_be_bytes();
        ip6(44, &[&[UDP, 0, high, low, 0, 0, 0, 9][..], bytes].concat())
    };
    [
        vec![
            ip4_piece(UDP, 0x2000, &datagram[..24]),
            ip4_piece(UDP, 0x2003, &datagram[24..40]),
            ip4_piece(UDP, 5, &datagram[40..len]),
        ],
        vec![six(0, 1, &datagram[..24]), six(24, 1, &datagram[24..40]), six(40, 0, &datagram[40..len])],
    ]
}

#[test]
fn fragments_make_the_datagram_in_any_order() {
    let text = message(1, "some body");
    for pieces in pieces(&udp(text.as_bytes())) {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let packets: Vec<_> = order.iter().map(|&at| pieces[at].clone()).collect();
            let (seen, counts, _) = read(&raw_pcap(&packets));
            assert_eq!((seen.len(), seen[0].0, seen[0].4.as_str()), (1, 3, text.as_str()));
            assert_eq!(counts.incomplete_datagrams, 0);
        }
    }
}

#[test]
fn a_missing_fragment_is_counted() {
    let datagram = udp(message(1, "some body").as_bytes());
    let [four, _] = pieces(&datagram);
    let (seen, counts, _) = read(&raw_pcap(&[four[0].clone(), four[2].clone()]));
    assert_eq!((seen.len(), counts.incomplete_datagrams), (0, 1));
}

#[test]
fn fragments_that_disagree_are_refused_and_the_same_twice_is_not() {
    let datagram = udp(message(1, "some body").as_bytes());
    let [four, _] = pieces(&datagram);
    let overlap = ip4_piece(UDP, 0x2002, &datagram[24..40]);
    let (seen, counts, _) = read(&raw_pcap(&[four[0].clone(), overlap, four[1].clone(), four[2].clone()]));
    assert_eq!((seen.len(), counts.overlapping_datagrams), (0, 1));
    let twice = [four[0].clone(), four[0].clone(), four[1].clone(), four[2].clone()];
    assert_eq!(texts(&raw_pcap(&twice)).len(), 1);
}

#[test]
fn fragments_more_than_thirty_seconds_apart_do_not_meet() {
    let [four, _] = pieces(&udp(message(1, "some body").as_bytes()));
    let timed = |seconds| {
        let times = [0, 0, seconds];
        let packets: Vec<_> = four.iter().zip(times).map(|(piece, at)| (at, 0, piece.clone())).collect();
        texts(&pcap(0xa1b2_c3d4, 101, &packets, false)).len()
    };
    assert_eq!((timed(30), timed(31)), (1, 0));
}

#[test]
fn a_snap_length_cut_is_marked() {
    let text = message(1, "body");
    for protocol in [UDP, TCP] {
        let payload = if protocol == UDP { udp(text.as_bytes()) } else { tcp(1, ACK, text.as_bytes()) };
        let mut packet = ip4(protocol, &payload);
        packet.truncate(packet.len() - 6);
        let (seen, counts, _) = read(&raw_pcap(&[packet]));
        assert_eq!((seen.len(), seen[0].4.as_str(), seen[0].5), (1, &text[..text.len() - 6], true));
        assert_eq!(counts.cut_messages, 1);
    }
}

#[test]
fn a_retransmission_is_no_second_message() {
    let text = message(1, "body");
    let segment = ip4(TCP, &tcp(11, ACK, text.as_bytes()));
    let packets = [ip4(TCP, &tcp(10, SYN, b"")), segment.clone(), segment];
    let (seen, counts, _) = read(&raw_pcap(&packets));
    assert_eq!((seen.len(), counts.retransmitted), (1, 1));
}

#[test]
fn a_new_connection_on_the_same_ports_starts_anew() {
    let text = message(1, "");
    let packets = [
        ip4(TCP, &tcp(10, SYN, b"")),
        ip4(TCP, &tcp(11, ACK | FIN, text.as_bytes())),
        ip4(TCP, &tcp(5, SYN, b"")),
        ip4(TCP, &tcp(6, ACK, text.as_bytes())),
    ];
    assert_eq!(texts(&raw_pcap(&packets)).len(), 2);
}

#[test]
fn after_a_gap_the_next_start_line_is_found() {
    let (first, second, third) = (message(1, "body"), message(2, "body"), message(3, "body"));
    let stream = [first.clone(), second, third.clone()].concat();
    let hole = first.len() + 20..first.len() + 30;
    let at = |position: usize| 1 + position as u32;
    let packets = [
        (0, 0, ip4(TCP, &tcp(0, SYN, b""))),
        (1, 0, ip4(TCP, &tcp(1, ACK, &stream.as_bytes()[..hole.start]))),
        (2, 0, ip4(TCP, &tcp(at(hole.end), ACK, &stream.as_bytes()[hole.end..]))),
        (4, 0, swapped(&ip4(TCP, &tcp_ack(at(stream.len()))))),
        (5, 0, ip4(TCP, &tcp(at(stream.len()), ACK | FIN, b""))),
    ];
    let (seen, counts, _) = read(&pcap(0xa1b2_c3d4, 101, &packets, false));
    let found: Vec<_> = seen.iter().map(|seen| (seen.0, seen.4.as_str(), seen.5)).collect();
    assert_eq!(found, [(2, first.as_str(), false), (3, third.as_str(), false)]);
    assert_eq!(counts.tcp_gaps, 1);
}

/// The packet with its addresses the other way round.
fn swapped(packet: &[u8]) -> Vec<u8> {
    [&packet[..12], &packet[16..20], &packet[12..16], &packet[20..]].concat()
}

#[test]
fn tls_is_counted_and_left_alone() {
    let packets = [ip4(TCP, &tcp(0, SYN, b"")), ip4(TCP, &tcp(1, ACK, b"\x16\x03\x01\x02\x00\x01\x00"))];
    let (seen, counts, _) = read(&raw_pcap(&packets));
    assert_eq!((seen.len(), counts.tls_streams, counts.tcp_bytes_skipped), (0, 1, 7));
}

#[test]
fn a_header_that_gives_two_lengths_is_cut_behind_it() {
    let text = "REGISTER sip:a SIP/2.0\r\nl: 3\r\nContent-Length: 4\r\n\r\nbody";
    let (seen, _, _) = read(&raw_pcap(&[ip4(TCP, &tcp(0, SYN, text.as_bytes()))]));
    assert_eq!((seen.len(), seen[0].4.ends_with("\r\n\r\n"), seen[0].5), (1, true, true));
}

#[test]
fn bare_line_feeds_and_keep_alives_are_taken() {
    let text = "\r\n\r\nREGISTER sip:a SIP/2.0\nl:4\n\nbody\r\n\r\nSIP/2.0 200 OK\r\n\r\n";
    let found = texts(&raw_pcap(&[ip4(TCP, &tcp(0, SYN, text.as_bytes()))]));
    assert_eq!(found, ["REGISTER sip:a SIP/2.0\nl:4\n\nbody", "SIP/2.0 200 OK\r\n\r\n"]);
}

#[test]
fn the_capture_of_a_real_registrar_holds_five_requests_and_five_replies() {
    let (seen, counts, error) = read(include_bytes!("../../../sample-logs/capture/register.pcap"));
    let of = |start: &str| {
        let found = seen.iter().filter(|seen| seen.4.starts_with(start));
        found.map(|seen| (seen.0, seen.3)).collect::<Vec<_>>()
    };
    let (tcp, udp) = (Transport::Tcp, Transport::Udp);
    assert_eq!(of("REGISTER sip:"), [(4, tcp), (8, tcp), (11, tcp), (17, udp), (19, udp)]);
    assert_eq!(of("SIP/2.0 200 "), [(6, tcp), (9, tcp), (12, tcp), (18, udp), (20, udp)]);
    assert_eq!((counts.messages, counts.cut_messages, counts.tcp_bytes_skipped, error), (10, 0, 0, None));
}

fn sample() -> Vec<u8> {
    let text = message(1, "some body of a length");
    let [four, six] = pieces(&udp(text.as_bytes()));
    let mut packets = [four, six].concat();
    packets.push(ip4(TCP, &tcp(u32::MAX, SYN, b"")));
    packets.extend([0, 40, 20].map(|at| ip4(TCP, &tcp(at, ACK, &text.as_bytes()[at as usize..][..20]))));
    packets.push(swapped(&ip4(TCP, &tcp_ack(90))));
    raw_pcap(&packets)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_segmentation_and_order_delivers_the_same_messages(
        bodies in prop::collection::vec("[a-z\r\n]{0,40}", 1..6),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        order in prop::collection::vec(any::<u32>(), 21),
        repeated in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        initial in prop_oneof![Just(u32::MAX - 60), any::<u32>()],
    ) {
        let expected: Vec<_> = bodies.iter().enumerate().map(|(at, body)| message(at, body)).collect();
        let stream = expected.concat();
        let mut ends: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len())).chain([0, stream.len()]).collect();
        ends.sort_unstable();
        let first = initial.wrapping_add(1);
        let mut segments: Vec<_> = ends
            .windows(2)
            .map(|ends| ip4(TCP, &tcp(first.wrapping_add(ends[0] as u32), ACK, &stream.as_bytes()[ends[0]..ends[1]])))
            .collect();
        for again in &repeated {
            segments.push(again.get(&segments).clone());
        }
        let mut shuffled: Vec<_> = segments.into_iter().zip(order.iter().cycle()).collect();
        shuffled.sort_by_key(|&(_, key)| key);
        let mut packets = vec![ip4(TCP, &tcp(initial, SYN, b""))];
        packets.extend(shuffled.into_iter().map(|(segment, _)| segment));
        let (seen, counts, error) = read(&raw_pcap(&packets));
        prop_assert_eq!(seen.iter().map(|seen| seen.4.clone()).collect::<Vec<_>>(), expected);
        prop_assert!(seen.iter().all(|seen| !seen.5) && counts.tcp_gaps == 0 && error.is_none());
    }

    #[test]
    fn a_changed_capture_never_panics(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12)) {
        let mut capture = sample();
        for (at, byte) in changes {
            let at = at.index(capture.len());
            capture[at] = byte;
        }
        read(&capture);
    }

    #[test]
    fn noise_behind_a_header_never_panics(noise in prop::collection::vec(any::<u8>(), 0..400), kind in 0..4, link in 0u32..300) {
        let start = match kind {
            0 => raw_pcap(&[]),
            1 => pcap(0xa1b2_c3d4, 1, &[(1, 2, noise.clone())], false),
            2 => pcap(0xa1b2_c3d4, link, &[(1, 2, ip4(TCP, &noise)), (1, 2, ip6(44, &noise)), (1, 3, noise.clone())], false),
            _ => [section(false), interface(101, 6, false), block(u32::from(noise.len() as u8) % 8, &noise, false)].concat(),
        };
        read(&[start, noise].concat());
    }
}

use super::*;
use proptest::prelude::*;

fn layers() -> Scratch {
    Scratch::default()
}

/// Every dump of the bytes.
fn found(bytes: &[u8]) -> Vec<Dump> {
    let (mut floor, mut from) = (0, 0);
    let mut found = Vec::new();
    while let Some(line) = next_version(bytes, from, bytes.len()) {
        from = line.end;
        if let Some(dump) = at(bytes, floor, line, &mut layers()) {
            (floor, from) = (dump.end, dump.end);
            found.push(dump);
        }
    }
    found
}

/// Every dump of the text: name, direction, peer, and the message's first line.
fn dumps(text: &str) -> Vec<String> {
    let shown = |dump: &Dump| {
        let first = text[dump.message.clone()].lines().next().unwrap_or_default().trim();
        let peer = String::from_utf8_lossy(dump.peer(text.as_bytes()));
        format!("{} {:?} {peer} {first}", dump.name, dump.direction)
    };
    found(text.as_bytes()).iter().map(shown).collect()
}

const PJSIP: &str = "[2026-11-22 21:14:57.867] VERBOSE[1] res_pjsip_logger.c: <--- Received SIP request (60 bytes) from UDP:127.11.0.2:5062 --->\n\
                     REGISTER sip:example.com SIP/2.0\r\nContent-Length: 0\r\n\r\nfiller\n\n";

#[test]
fn the_logger_of_pjsip_opens_a_message_by_its_length() {
    assert_eq!(dumps(PJSIP), ["asterisk-pjsip-logger Received 127.11.0.2 REGISTER sip:example.com SIP/2.0"]);
    let sent = PJSIP.replace("Received SIP request", "Transmitting SIP response").replace("from", "to");
    assert!(dumps(&sent)[0].starts_with("asterisk-pjsip-logger Sent 127.11.0.2"), "{:?}", dumps(&sent));
}

#[test]
fn sip_debug_of_chan_sip_has_its_marker_on_the_second_line() {
    let text = "[2026-11-22 21:15:23] VERBOSE[1] chan_sip.c: \n<--- SIP read from UDP:127.11.0.2:5062 --->\n\
                REGISTER sip:x SIP/2.0\nContent-Length: 0\n\n<------------->\n\
                [2026-11-22 21:15:23] VERBOSE[1] chan_sip.c: \n<--- Transmitting (no NAT) to 127.11.0.2:5062 --->\n\
                SIP/2.0 401 Unauthorized\r\nContent-Length: 0\r\n\r\n\n<------------>\n\
                [2026-11-22 21:15:23] VERBOSE[1] chan_sip.c: Reliably Transmitting (NAT) to 127.15.0.6:5062:\n\
                OPTIONS sip:716@127.20.0.1 SIP/2.0\r\nContent-Length: 0\r\n\r\n\n---\n";
    assert_eq!(
        dumps(text),
        [
            "asterisk-sip-debug Received 127.11.0.2 REGISTER sip:x SIP/2.0",
            "asterisk-sip-debug Sent 127.11.0.2 SIP/2.0 401 Unauthorized",
            "asterisk-sip-debug Sent 127.15.0.6 OPTIONS sip:716@127.20.0.1 SIP/2.0",
        ]
    );
}

#[test]
fn a_script_tells_the_way_in_its_own_words_or_not_at_all() {
    let log = |words: &str| {
        dumps(&format!(
            " 1(2) INFO: <script>: {words}\nREGISTER sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n\n"
        ))
    };
    assert_eq!(
        log("[rcv] 192.0.2.1:5060 -> 192.0.2.2:5060"),
        ["sip-message Received 192.0.2.1 REGISTER sip:x SIP/2.0"]
    );
    assert_eq!(log("sent to 192.0.2.1:5060"), ["sip-message Sent 192.0.2.1 REGISTER sip:x SIP/2.0"]);
    assert_eq!(log("here it is:"), ["sip-message Unknown  REGISTER sip:x SIP/2.0"]);
    let alone = dumps(" 1(2) INFO: <script>: REGISTER sip:x SIP/2.0\r\nTo: a\r\nContent-Length: 0\r\n\r\n\n");
    assert_eq!(alone, ["sip-message Unknown  REGISTER sip:x SIP/2.0"]);
}

#[test]
fn a_record_of_sipdump_has_its_own_clock() {
    let text = "====================\ntag: snd\npid: 1\ntime: 1774015200.511936\nproto: udp ipv4\nsrcip: 192.0.2.2\n\
                srcport: 5060\ndstip: 192.0.2.1\ndstport: 21028\n~~~~~~~~~~~~~~~~~~~~\nSIP/2.0 200 OK\r\n\
                Content-Length: 0\r\n\r\n||||||||||||||||||||\n====================\n";
    assert_eq!(dumps(text), ["kamailio-sipdump Sent 192.0.2.1 SIP/2.0 200 OK"]);
}

#[test]
fn what_an_editor_or_a_rotation_leaves_in_front_hides_no_record_of_sipdump() {
    let record = "====================\ntag: rcv\npid: 1\nprocess: 1\ntime: 1774015200.511936\ndate: x\nproto: udp ipv4\n\
        srcip: 192.0.2.2\nsrcport: 5060\ndstip: 192.0.2.1\ndstport: 21028\n~~~~~~~~~~~~~~~~~~~~\n\
        MESSAGE sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n||||||||||||||||||||\n";
    for front in ["", "\u{FEFF}", "\0\0\0", "\n"] {
        let told = dumps(&format!("{front}{record}"));
        assert_eq!(told, ["kamailio-sipdump Received 192.0.2.2 MESSAGE sip:x SIP/2.0"], "{front:?}");
    }
    assert_eq!(dumps(&format!("x{record}")), [""; 0]);
}

#[test]
fn a_message_without_end_is_open_at_the_last_line_that_it_reaches() {
    let head = "Nov 22 21:14:58 h kamailio[1]: INFO: <script>: [rcv]\nMESSAGE sip:x SIP/2.0\r\n";
    let line = "Nov 22 21:14:58 h kamailio[1]: INFO: a line of sixty-four bytes\n";
    // It is taken to end so many bytes behind its begin, wherever in a line that is.
    let last_line = line.replace("sixty-four", &"many ".repeat(80));
    for reaches in [1, 30, 200] {
        let front = DUMP_MAX - reaches - head.len();
        let lines = line.repeat(front / line.len());
        let filler = "x".repeat(front % line.len());
        let text = format!("{line}{head}{filler}{lines}{last_line}");
        let last = found(text.as_bytes()).pop().unwrap();
        assert_eq!(last.end, text.len() - last_line.len() + reaches);
        let Cut { end, .. } = last_cut(text.as_bytes(), true, &mut layers(), Vec::new());
        assert!(end <= last.begin || end >= last.end, "{reaches}: {end} in {last:?}");
    }
}

#[test]
fn a_text_capture_and_sofia_open_messages_too() {
    let text = "U 2026/10/05 14:03:22.481930 192.0.2.10:5060 -> 203.0.113.5:5060 #3\nREGISTER sip:x SIP/2.0.\nl: 0.\n.\n\n\
                2026/10/05 14:03:22.481930 192.0.2.10:5060 -> 203.0.113.5:5060\nREGISTER sip:x SIP/2.0\r\nl: 0\r\n\r\n\n\
                recv 50 bytes from udp/[192.0.2.10]:5060 at 14:03:22.481930:\n   ------------------------------\n   \
                REGISTER sip:x SIP/2.0\n   l: 0\n   \n   ------------------------------\n";
    assert_eq!(
        dumps(text),
        [
            "text-capture Unknown 192.0.2.10 REGISTER sip:x SIP/2.0.",
            "text-capture Unknown 192.0.2.10 REGISTER sip:x SIP/2.0",
            "freeswitch-siptrace Received 192.0.2.10 REGISTER sip:x SIP/2.0",
        ]
    );
}

#[test]
fn a_message_in_the_body_of_another_is_none() {
    let inner = "\r\n[2026-11-22 21:14:58] VERBOSE[1] res_pjsip_logger.c: <--- Transmitting SIP response (9 bytes) to UDP:1.2.3.4:5 --->\nSIP/2.0 200 OK\r\n\r\n";
    let text = format!(
        " 1(2) INFO: <script>: [rcv]\nMESSAGE sip:x SIP/2.0\r\nContent-Length: {}\r\n\r\n{inner}\n",
        inner.len()
    );
    assert_eq!(dumps(&text), ["sip-message Received  MESSAGE sip:x SIP/2.0"]);
}

#[test]
fn a_version_within_the_uri_hides_no_message_from_the_cut() {
    let text = PJSIP.replace("sip:example.com", "sip:SIP/2.0/@example.com");
    assert_eq!(dumps(&text).len(), 1);
    let behind = text.find("filler").unwrap();
    assert_eq!(cut(text.as_bytes(), 0, 150, false, &mut layers(), Vec::new()).end, behind);
}

#[test]
fn a_message_without_an_opener_is_nobodys() {
    assert_eq!(dumps("some text\nREGISTER sip:x SIP/2.0\r\n\r\n"), [""; 0]);
    assert_eq!(dumps("REGISTER sip:x SIP/2.0\r\n\r\n"), [""; 0]);
}

#[test]
fn an_escaped_message_gets_its_line_ends_back() {
    let mut out = Vec::new();
    for (feed, carriage) in [("#012", "#015"), ("\\012", "\\015"), ("\\n", "\\r")] {
        let text = format!(
            "[rcv] x{feed}REGISTER sip:x SIP/2.0{carriage}{feed}To: #1{carriage}{feed}{carriage}{feed}"
        );
        let (words, message) = escaped(text.as_bytes(), &mut out).unwrap();
        assert_eq!(words, b"[rcv] x");
        assert_eq!(message, b"REGISTER sip:x SIP/2.0\r\nTo: #1\r\n\r\n");
    }
    let (words, message) = escaped(b"SIP/2.0 200 OK\r\nTo: a\r\n\r\n", &mut out).unwrap();
    assert_eq!((words, message), (&b""[..], &b"SIP/2.0 200 OK\r\nTo: a\r\n\r\n"[..]));
    assert_eq!(escaped(b"REG-OK ua=x#012REGISTER from y", &mut out), None);
}

/// Logs of a few records, dumps among them, hostile bodies included.
fn log_text() -> impl Strategy<Value = String> {
    let body = prop_oneof![
        Just(String::new()),
        Just(
            "\n[2026-11-22 21:14:58] VERBOSE[1] chan_sip.c: Registered SIP 'ghost' at 1.2.3.4:5\n".to_owned()
        ),
        Just(format!("x\n{PJSIP}")),
        "[a-z\r\n]{0,40}",
    ];
    let record = (0_u8..9, 0_usize..8, body).prop_map(|(kind, odd, body)| {
        let message = format!("MESSAGE sip:x SIP/2.0\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let length = message.len();
        match kind {
            0 => format!(
                "[2026-11-22 21:14:57] VERBOSE[1] res_pjsip_logger.c: <--- Received SIP request ({length} bytes) from UDP:1.2.3.4:5 --->\n{message}\n"
            ),
            1 => format!(" 1(2) INFO: <script>: [rcv]\n{message}\n"),
            2 => format!(
                "[2026-11-22 21:14:57] VERBOSE[1] chan_sip.c: \n<--- SIP read from UDP:1.2.3.4:5 --->\n{message}\n<------------->\n"
            ),
            3 => "[2026-11-22 21:14:57] NOTICE[1] x.c: a line\n".to_owned(),
            // Some of `sipdump`, of which most are as the module writes them.
            4..=6 => {
                let date = ["x SIP/2.0", "SIP/2.0 200 OK", "a: SIP/2.0 200 OK", "x"][odd.min(3)];
                let first = ["", "x", " "].get(odd.wrapping_sub(4)).unwrap_or(&"");
                format!(
                    "====================\ntag: rcv\npid: 1\nprocess: 1\ntime: 1774015200.511936\ndate: {date}\nproto: udp ipv4\n\
                     srcip: 192.0.2.2\nsrcport: 5060\ndstip: 192.0.2.1\ndstport: 21028\n~~~~~~~~~~~~~~~~~~~~\n\
                     {first}{message}||||||||||||||||||||\n"
                )
            }
            _ => "nobody's line\n".to_owned(),
        }
    });
    prop::collection::vec(record, 0..16).prop_map(|records| records.concat())
}

#[test]
fn a_cut_in_the_opening_line_of_a_dump_knows_every_dump_before() {
    let text =
        PJSIP.to_owned() + &"[2026-11-22 21:14:58] NOTICE[1] a.c: nothing\n".repeat(DUMP_MAX / 40) + PJSIP;
    let bytes = text.as_bytes();
    let target = bytes.len() - PJSIP.len() + 5;
    let cut = cut(bytes, 0, target, true, &mut layers(), Vec::new());
    assert_eq!(cut, Cut { end: bytes.len(), dumps: Some(found(bytes)) });
    assert_eq!(found(bytes).len(), 2);
}

proptest! {
    #[test]
    fn no_cut_parts_a_dump(text in log_text(), target in 1usize..400, has_records: bool) {
        let bytes = text.as_bytes();
        let mut layers = layers();
        let (mut start, mut pieces) = (0, Vec::new());
        while start < bytes.len() {
            let Cut { end, dumps: told } = cut(bytes, start, target, has_records, &mut layers, Vec::new());
            prop_assert!(end > start);
            if let Some(told) = told {
                prop_assert_eq!(told, found(&bytes[start..end]));
            }
            pieces.push(&text[start..end]);
            start = end;
        }
        prop_assert_eq!(pieces.concat(), text.clone());
        let apart: Vec<String> = pieces.iter().flat_map(|piece| dumps(piece)).collect();
        prop_assert_eq!(apart, dumps(&text));
    }

    #[test]
    fn what_is_near_a_cut_tells_of_it_what_everything_tells(
        text in log_text(),
        front in prop_oneof![Just(0), DUMP_MAX - 3000..DUMP_MAX + 1000],
        target in 1usize..2000,
        behind in 0usize..1000,
    ) {
        // What stands far before a cut is not looked at.
        let far = PJSIP.to_owned() + &"Nov 22 21:14:58 h sshd[1]: nothing\n".repeat(front / 34);
        let bytes = [if front == 0 { "" } else { &far }, &text].concat().into_bytes();
        let target = bytes.len() - text.len() + target.min(text.len());
        let from = target.saturating_sub(DUMP_MAX);
        let near = &bytes[from..bytes.len().min(target + behind)];
        for has_records in [false, true] {
            if let Some(told) = cut_nearby(near, target - from, has_records, &mut layers()) {
                let cut = cut(&bytes, 0, target, has_records, &mut layers(), Vec::new());
                prop_assert_eq!(cut, Cut { end: from + told, dumps: None });
            }
        }
    }

    #[test]
    fn what_a_stream_holds_back_is_a_whole_record(text in log_text(), at in 0usize..2000, has_records: bool) {
        let at = text.floor_char_boundary(at.min(text.len()));
        let read = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let Cut { end: kept, dumps: told } = last_cut(&text.as_bytes()[..read], has_records, &mut layers(), Vec::new());
        prop_assert_eq!(told, Some(found(&text.as_bytes()[..kept])));
        let mut apart = dumps(&text[..kept]);
        apart.extend(dumps(&text[kept..]));
        prop_assert_eq!(apart, dumps(&text));
    }

    #[test]
    fn what_is_near_the_end_tells_what_everything_tells(text in log_text(), front in DUMP_MAX - 3000..DUMP_MAX + 1000) {
        let far = "nobody's line\n".repeat(2000) + PJSIP + &"Nov 22 21:14:58 h sshd[1]: nothing\n".repeat(front / 34);
        let all = far + &text;
        for has_records in [false, true] {
            let whole = last_cut(all.as_bytes(), has_records, &mut layers(), Vec::new());
            // The same without the lines in front, which leaves too little for a part of it to be enough.
            let from = all.len() - text.len() - 34 * 20;
            let short = last_cut(&all.as_bytes()[from..], has_records, &mut layers(), Vec::new());
            prop_assert_eq!(whole.end, from + short.end);
            let expected = found(&all.as_bytes()[..whole.end]);
            prop_assert!(whole.dumps.is_none_or(|dumps| dumps == expected));
        }
    }

    #[test]
    fn any_bytes_are_cut_without_a_panic(bytes: Vec<u8>, target in 1usize..50) {
        let mut start = 0;
        while start < bytes.len() {
            start = cut(&bytes, start, target, true, &mut layers(), Vec::new()).end;
        }
        last_cut(&bytes, true, &mut layers(), Vec::new());
    }
}

use super::*;
use crate::model::Moment;

fn start_of(line: &[u8]) -> Option<(Stamp, Vec<u8>, Dialect, Vec<u8>)> {
    let mut scratch = Scratch::default();
    let record = open(line, &mut scratch, false)?;
    let start = record.starts.iter().next()?;
    Some((record.stamp, record.host.to_vec(), record.dialect, record.text[start.at..].to_vec()))
}

fn message_of(line: &str) -> String {
    let (_, _, _, message) = start_of(line.as_bytes()).unwrap_or_else(|| panic!("no frame: {line}"));
    String::from_utf8(message).unwrap()
}

/// The same Kamailio message behind every prefix of section 1 of the format reference.
#[test]
fn every_prefix_is_peeled_off_a_kamailio_line() {
    let lines = [
        "Oct  5 14:03:22 reg1 /usr/sbin/kamailio[2211]: NOTICE: {1 2 REGISTER 8f1c@192.0.2.10} <script>: MSG a",
        "Oct 05 14:03:22.123456 reg1 kamailio[2211]: NOTICE: <script>: MSG a",
        "2026-10-05T14:03:22.481930+00:00 reg1 kamailio[2211]: NOTICE: <script>: MSG a",
        "2026-10-05T14:03:22+0200 reg1 kamailio[2211]: NOTICE: <script>: MSG a",
        "<140>1 2026-10-05T14:03:22.48-05:00 reg1 kamailio 21243 - -  NOTICE: <script>: MSG a",
        "<140>1 2026-10-05T14:03:22.48-05:00 reg1 kamailio 21243 - [x@1 k=\"a\\]b\"] NOTICE: <script>: MSG a",
        "<134>Oct  5 14:03:22 reg1 kamailio[2211]: NOTICE: <script>: MSG a",
        "<134>Oct  5 14:03:22 kamailio[2211]: NOTICE: <script>: MSG a",
        "Mon 2026-10-05 14:03:22 CEST reg1 kamailio[2211]: NOTICE: <script>: MSG a",
        "1791209002.123456 reg1 kamailio[2211]: NOTICE: <script>: MSG a",
        "[12345.678901] reg1 kamailio[2211]: NOTICE: <script>: MSG a",
        r#"{"log":" 3(2211) NOTICE: \u003cscript\u003e: MSG a\n","stream":"stderr","time":"2026-10-05T14:03:22.1Z"}"#,
        r#"{"__REALTIME_TIMESTAMP":"1791209002000000","MESSAGE":"NOTICE: <script>: MSG a","_HOSTNAME":"reg1"}"#,
        "2026-10-05T14:03:22.123456789Z stderr F  3(2211) NOTICE: <script>: MSG a",
        "kamailio-1  |  3(2211) NOTICE: <script>: MSG a",
        "2026-10-05T14:03:22.123456789Z stderr F Oct  5 14:03:22 [77] NOTICE:MSG a",
        "2026-10-05T14:03:22.123456789Z stdout F Oct  5 14:03:22 reg1 kamailio[2211]: NOTICE: <script>: MSG a",
        "opensips-1  | Oct  5 14:03:22 [77] NOTICE:MSG a",
        " 3(2211) NOTICE: {1 2 REGISTER 8f1c@192.0.2.10} <script>: MSG a",
        "11(2219) NOTICE: <script>: MSG a\r",
        "\u{1b}[0;36;49m 3(2211) NOTICE: <script>: MSG a",
        r#"{ "idx": 2, "pid": 1, "level": "INFO", "module": "xlog", "file": "xlog.c", "line": 2, "function": "", "logprefix": "{1 2 REGISTER x} ", "message": "MSG a" }"#,
        r#"{"time":"2026-02-28T04:59:56.29Z","proc":{"id":"2","tid":1},"pri":"INFO","subsys":"xlog","file":{"name":"xlog.c","line":282},"native":{"function":""},"msg":"MSG a","pname":"kamailio"}"#,
        r#"Oct  5 14:03:22 reg1 kamailio[2]: @cee: {"time":"2026-02-28T04:59:56.29Z","proc":{"id":"2"},"pri":"INFO","subsys":"xlog","msg":"MSG a"}"#,
        "Oct  5 14:03:22 reg2 /usr/sbin/opensips[5149]: NOTICE:MSG a",
        "Oct  5 14:03:22 [77] NOTICE:MSG a",
        "Oct  5 14:03:22 reg2 /usr/sbin/opensips[5149]: MSG a",
        "Oct  5 14:03:22 reg2 opensips[5149]: Oct  5 14:03:22 [5151] NOTICE:MSG a",
        r#"{"__REALTIME_TIMESTAMP":"1791209002000000","MESSAGE":"Oct  5 14:03:22 [77] MSG a","_HOSTNAME":"reg2"}"#,
        "\0\0\0Oct  5 14:03:22 reg1 kamailio[2211]: NOTICE: <script>: MSG a",
        "\u{feff}Oct  5 14:03:22 reg1 kamailio[2211]: NOTICE: <script>: MSG a",
        "Oct  5 14:03:22 reg1 kamailio[2211]: message repeated 3 times: [ NOTICE: <script>: MSG a]",
        "2026-10-05T14:03:22+00:00 reg1 kamailio[2211]: message repeated 12 times: [ NOTICE: {1 2 REGISTER a@b} <script>: MSG a]",
    ];
    for line in lines {
        assert_eq!(message_of(line), "MSG a", "{line}");
    }
}

#[test]
fn every_prefix_is_peeled_off_an_asterisk_line() {
    let lines = [
        "[Oct  5 14:03:22] VERBOSE[1234] a.c: MSG a",
        "[2026-10-05 14:33:20.118] DEBUG[1234][C-0000001a] a.c: MSG a",
        "[2026-01-07 11:25:15,516] NOTICE[7]: a.c:12 some_func: MSG a",
        "[2026-10-05 14:03:22 +0200] NOTICE [7] a.c: MSG a",
        "Oct  5 14:03:22 pbx asterisk[901]: VERBOSE[1234]: a.c:962 in register_aor_core: MSG a",
        "<30>1 2026-10-05T14:03:22Z host1 pbx 99 pbx -     -- MSG a",
        "<30>1 2026-10-05T14:03:22Z host1 pbx 99 pbx -      -- MSG a",
        "<30>1 2026-10-05T14:03:22Z host1 pbx 99 pbx - VERBOSE[1234]: a.c:962 in f: MSG a",
        "[2011-03-01 09:15:02] VERBOSE[2210] chan_sip.c:     -- MSG a",
        "    -- MSG a",
        "       > MSG a",
        "[Oct  5 14:03:22]     -- MSG a",
        "\u{1b}[Kpbx1*CLI> \r\u{1b}[0K\u{1b}[1;30m    -- \u{1b}[0mMSG a\r",
        "[Nov 22 21:14:39] \u{1b}[1;33mNOTICE\u{1b}[0m[31778]: \u{1b}[1;37ma/b.c\u{1b}[0m:\u{1b}[1;37m676\u{1b}[0m \u{1b}[1;37mf\u{1b}[0m: MSG a",
        "Oct  5 14:03:22 pbx asterisk[901]: message repeated 2 times: [ VERBOSE[1234]: a.c:962 in f: MSG a]",
        "May 21 14:53:33 VoipTest freepbx[349589]: [2025-05-21 14:53:33] #033[1;33mNOTICE#033[0m[150]: #033[1;37mchan_sip.c#033[0m:#033[1;37m28#033[0m #033[1;37mf#033[0m: MSG a",
        r#"{"hostname":"","timestamp":"Nov 22 21:19:13","identifiers":{"lwp":5776,"callid":""},"logmsg":{"location":{"filename":"a.c","function":"f","line":1677},"level":"VERBOSE","message":"MSG a\n"}}"#,
    ];
    for line in lines {
        assert_eq!(message_of(line), "MSG a", "{line}");
        let (_, _, dialect, _) = start_of(line.as_bytes()).unwrap();
        assert_eq!(dialect, Dialect::Asterisk, "{line}");
    }
}

#[test]
fn a_repeated_message_that_may_be_cut_is_left_alone() {
    for inside in ["x".repeat(800), "MSG a".to_owned()] {
        let line = format!("Oct  5 14:03:22 reg1 kamailio[2211]: message repeated 3 times: [{inside}");
        assert!(message_of(&line).starts_with("message repeated"));
        assert_eq!(message_of(&(line + "]")).starts_with("message repeated"), inside.len() == 800);
    }
}

#[test]
fn the_completer_clock_wins() {
    let (stamp, host, ..) =
        start_of(b"May 21 14:53:33 VoipTest freepbx[349589]: [2025-05-21 14:53:33] NOTICE[1]: a.c:1 f: MSG")
            .unwrap();
    assert!(matches!(stamp, Stamp::Local(_)));
    assert_eq!(host, b"VoipTest");
    let docker = br#"{"log":"[Oct  5 14:03:22] NOTICE[1]: a.c:1 f: MSG\n","stream":"stdout","time":"2026-10-05T14:03:22Z"}"#;
    assert_eq!(start_of(docker).unwrap().0, Stamp::Instant(Moment::from_seconds(1_791_209_002)));
}

#[test]
fn the_stock_log_prefix_gives_call_id_and_cseq() {
    let mut scratch = Scratch::default();
    let line = b" 1(7) INFO: {1 28575 REGISTER O0o3@x} <script>: MSG";
    let record = open(line, &mut scratch, false).unwrap();
    let start = record.starts.iter().next().unwrap();
    assert_eq!((start.call_id, start.cseq), (&b"O0o3@x"[..], &b"28575"[..]));
}

#[test]
fn a_call_id_that_brings_a_start_of_its_own_gives_two_places() {
    let mut scratch = Scratch::default();
    // Without the mark, where the prefix can end at one place only.
    let line = b" 1(7) INFO: {1 28575 REGISTER O0o3@x} MSG";
    let record = open(line, &mut scratch, false).unwrap();
    let starts: Vec<_> = record.starts.iter().map(|start| (start.at, start.call_id, start.cseq)).collect();
    assert_eq!(starts, [(26, &b"O0o3@x"[..], &b"28575"[..])]);
    let line = b" 1(7) INFO: {1 1 REGISTER x} MSG } MSG";
    assert!(open(line, &mut scratch, false).unwrap().starts.is_doubtful());
    let line = b" 1(7) INFO: {1 1 REGISTER x} <script>: REG-OK t=1 } <script>: REGISTER from x";
    let record = open(line, &mut scratch, false).unwrap();
    assert_eq!(record.starts.iter().count(), 2);
}

#[test]
fn a_forged_member_of_the_json_engine_is_ambiguous() {
    let mut scratch = Scratch::default();
    let line = br#"{ "idx": 2, "pid": 1, "level": "INFO", "module": "xlog", "file": "xlog.c", "logprefix": "{1 2 REGISTER x", "message": "REG-OK", "z": "} ", "message": "MSG a" }"#;
    let record = open(line, &mut scratch, false).unwrap();
    assert!(record.starts.is_ambiguous);
    assert_eq!(record.starts.iter().count(), 0);
}

#[test]
fn lines_without_a_prefix_are_nobodys() {
    for line in [
        "User-Agent: Registered SIP 'ghost'",
        "NOTICE: <script>: x",
        "",
        "   ",
        "-- Boot 1f --",
        "REG-OK t=1",
    ] {
        assert!(start_of(line.as_bytes()).is_none(), "{line}");
    }
}

proptest::proptest! {
    #[test]
    fn no_line_makes_a_frame_panic(line: Vec<u8>) {
        let mut scratch = Scratch::default();
        open(&line, &mut scratch, true);
    }

    #[test]
    fn no_cut_prefix_makes_a_frame_panic(cut in 0_usize..200, which in 0_usize..4) {
        let lines: [&[u8]; 4] = [
            b"<140>1 2026-10-05T14:03:22.48-05:00 reg1 kamailio 21243 - [x@1 k=\"a\\]b\"] NOTICE: {1 2 REGISTER x} <script>: MSG",
            br#"{"hostname":"","timestamp":"Nov 22 21:19:13","identifiers":{"lwp":5776},"logmsg":{"location":{"filename":"a.c"},"message":"a\u00e9\n"}}"#,
            b"[2026-10-05 14:33:20.118] DEBUG[1234][C-0000001a]: a.c:12 in f: MSG",
            b"Mon 2026-10-05 14:03:22 CEST reg1 kamailio[2211]: NOTICE: acc [acc.c:1]: f(): MSG",
        ];
        let line = lines[which];
        let mut scratch = Scratch::default();
        open(&line[..cut.min(line.len())], &mut scratch, true);
    }
}

#[test]
fn flexisips_clock_has_a_year_and_no_zone() {
    let civil = crate::model::Civil::new(2026, 10, 5, 14, 3, 22, 0).map(Stamp::Local);
    let (stamp, _, dialect, message) = start_of(b"Mon Oct  5 14:03:22 2026: Registered x").unwrap();
    assert_eq!((Some(stamp), dialect, message), (civil, Dialect::Flexisip, b"Registered x".to_vec()));
    assert_eq!(start_of(b"Mon Oct 35 14:03:22 2026: Registered x"), None);
}

proptest::proptest! {
    #[test]
    fn a_known_prefix_is_read_as_the_long_way_reads_it(
        lines in proptest::collection::vec(
            (0_usize..8, 0_usize..6, 0_usize..7, proptest::collection::vec(0_usize..12, 0..5), proptest::bool::ANY),
            1..8,
        ),
        allow_bare: bool,
    ) {
        const STAMPS: [&str; 8] = [
            "Oct  5 14:03:22", "Oct  5 14:03:23", "Oct 15 14:03:23.25", "2026-10-05T14:03:22.5+02:00", "2026-10-05 14:03:22", "<13>Oct  5 14:03:22",
            "Oct 35 14:03:22", "",
        ];
        const HOSTS: [&str; 6] = [" reg1 kamailio[11]: ", " reg1 kamailio[12]: ", " kamailio[9]: ", " reg2 ", " reg1 k: \u{1b}[1m", " 5(11) "];
        const LEVELS: [&str; 7] = ["NOTICE: ", "INFO: ", "NOTICE:", ": ", "#033[1m", "Oct  5 14:03:22 [7] NOTICE: ", "Oct  5 14:03:22 [7] "];
        const TEXTS: [&str; 12] = [
            "{1 7 REGISTER a@b} ", "<script>: ", "REG-OK t=1 ", "<core> [a.c:81]: f(): ", "x: y", "} ", "#033[0m", "\u{1b}[0m",
            "core [a.c:81]: f(): ", "message repeated 2 times: [ a]", ": ", "{2 7 REGISTER a} <script>: ",
        ];
        let mut warm = Scratch::default();
        for (stamp, host, level, texts, ends) in lines {
            let text: String = texts.into_iter().map(|number| TEXTS[number]).collect();
            let line = format!("{}{}{}{text}{}", STAMPS[stamp], HOSTS[host], LEVELS[level], if ends { "\r" } else { "" });
            let mut marks = LineMarks::default();
            marks.find(line.as_bytes());
            let mut cold = Scratch::default();
            let expected = format!("{:?}", open(line.as_bytes(), &mut cold, allow_bare));
            let found = format!("{:?}", open_next(line.as_bytes(), &marks, &mut warm, allow_bare));
            proptest::prop_assert_eq!(found, expected, "{}", line);
        }
    }
}

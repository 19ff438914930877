use super::*;
use crate::formats::pattern::{PatternEvent, PatternSpec};
use crate::model::{Stamp, Unfinished};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A line of each kind.
const LINES: [&str; 17] = [
    "Oct  5 14:03:22 reg1 kamailio[2]: NOTICE: {1 2 REGISTER x@h} <script>: REG-OK t=1791209002 src=192.0.2.10 aor=a@e.com exp=60 cs=2 ci=x ct=<sip:a@h> ua=Acme",
    " 1(7) INFO: <script>: REG-OK t=1791209002 src=192.0.2.10 aor=a@e.com exp=60 ci=x ct=\"q\" <sip:a@h>;expires=60 ua=Acme",
    "2026-10-05T14:03:22.1+02:00 reg1 kamailio[2]: NOTICE: acc [acc.c:287]: acc_log_request(): ACC: transaction answered: timestamp=1791209002;method=REGISTER;from_tag=a;to_tag=;call_id=8f;code=200;reason=OK;src_user=al;src_domain=e.com;ua=x;contact=<sip:a@b>;expires=60;expires=",
    "[Oct  5 14:03:22] VERBOSE[1234] chan_sip.c: Registered SIP '1001' at 192.0.2.10:5060",
    "[2026-10-05 14:03:22] VERBOSE[1234] chan_sip.c: Saved useragent \"Bria \" for peer 1\" for peer 1001",
    "[Oct  5 14:03:22] VERBOSE[1234] res_pjsip_registrar.c: Added contact 'sip:x@192.0.2.10:5060;ob' to AOR '1001' with expiration of 3600 seconds",
    "    -- Removed contact 'sip:x@192.0.2.10' from AOR '1001' due to expiration",
    "[Oct  5 14:03:22] NOTICE[1] res_pjsip/pjsip_distributor.c: Request 'REGISTER' from '<sip:307@h>' failed for '192.0.2.1:5062' (callid: 4@h) - No matching endpoint found",
    "[Oct  5 14:03:22] SECURITY[77] res_security_log.c: SecurityEvent=\"SuccessfulAuth\",EventTV=\"2026-10-05T14:03:22.118+0000\",Severity=\"Informational\",Service=\"PJSIP\",EventVersion=\"1\",AccountID=\"1001\",SessionID=\"8f\",LocalAddress=\"IPV4/UDP/203.0.113.5/5060\",RemoteAddress=\"IPV4/UDP/192.0.2.10/5060\",UsingPassword=\"1\"",
    "[Oct  5 15:00:01] VERBOSE[4401][C-0000002a] pbx.c: Executing [8000@conf:4] ConfBridge(\"PJSIP/1001-00000012\", \"8000,room,host_user\") in new stack",
    "{\"hostname\":\"pbx1\",\"timestamp\":\"2026-10-05 14:03:22.118\",\"identifiers\":{\"lwp\":1234,\"callid\":\"\"},\"logmsg\":{\"location\":{\"filename\":\"res_pjsip_registrar.c\",\"function\":\"f\",\"line\":962},\"level\":\"VERBOSE\",\"message\":\"Added contact 'sip:1001@192.0.2.10:5060;ob' to AOR '1001' with expiration of 3600 seconds\\n\"}}",
    "{ \"idx\": 2, \"pid\": 1, \"level\": \"INFO\", \"module\": \"xlog\", \"file\": \"xlog.c\", \"line\": 2, \"function\": \"\", \"logprefix\": \"{1 2 REGISTER x} \", \"message\": \"REG-OK aor=a@e.com ua=\\\"x\\\"\" }",
    "Oct  5 14:03:22 reg1 kamailio[2211]: INFO: |8f1c@192.0.2.10|registrar-role.cfg:543 (log_x) end - new registration with contact : <sip:alice@192.0.2.10:5060>;expires=3600 : 3600",
    "2026-10-05 14:03:22.123456 98.20% [WARNING] sofia_reg.c:1832 SIP auth failure (REGISTER) on sofia profile 'internal' for [100@h] from ip 192.0.2.5",
    "E_UL_CONTACT_INSERT,location,alice@example.com,sip:alice@192.0.2.10:5060,,,0,Linphone, the (Pixel 8),udp:203.0.113.5:5060,0,1791212602,8f1c@192.0.2.10,2,,0,",
    "Mon Oct  5 14:03:22 2026: Registered  <sip:alice@example.com> (sip:alice@192.0.2.10) Linphone/5",
    "User-Agent: Registered SIP 'ghost' at 203.0.113.7:5060",
];

/// Everything a scan tells, in order.
#[derive(Debug, Default, PartialEq)]
struct Told(Vec<String>);

impl Sink for Told {
    fn event(&mut self, event: &Event<'_>) {
        self.0.push(format!("{} {:?} {:?}", event.spot.offset, event.kind, event.aor));
    }

    fn other(&mut self, spot: Spot, _: Stamp) {
        self.0.push(format!("{} other", spot.offset));
    }

    fn reject(&mut self, reject: Reject) {
        self.0.push(format!("{} {}", reject.spot.offset, reject.reason));
    }
}

fn before(follows_cr: bool) -> Before {
    Before::of(if follows_cr { b"\r\n" } else { b"" })
}

fn scan(scanner: &Scanner, bytes: &[u8], offset: u64, follows_cr: bool, told: &mut Told) -> u64 {
    scan_with(scanner, &mut scanner.scratch(), bytes, offset, follows_cr, told)
}

fn scan_with(
    scanner: &Scanner,
    scratch: &mut Scratch,
    bytes: &[u8],
    offset: u64,
    follows_cr: bool,
    told: &mut Told,
) -> u64 {
    let start = Spot { input: 0, offset };
    let block = Block {
        bytes,
        start,
        allow_bare: false,
        line_ends: LineEnds::Lf,
        before: before(follows_cr),
        dumps: None,
        ends_input: false,
    };
    scanner.scan(&block, scratch, told)
}

fn told(bytes: &[u8]) -> Vec<String> {
    let mut told = Told::default();
    scan(&Scanner::new(Patterns::default()), bytes, 0, false, &mut told);
    told.0
}

#[test]
fn lines_are_counted_once_around_a_dump() {
    let message = "REGISTER sip:e.com SIP/2.0\r\nTo: <sip:a@e.com>\r\n\r\n";
    let log = format!(
        "x\n{message}\nOct  5 14:03:22 reg1 kamailio[1]: NOTICE: <script>: {message}{}\nx\n{}\n\nx",
        LINES[0], LINES[3]
    );
    let lines = scan(&Scanner::new(Patterns::default()), log.as_bytes(), 0, false, &mut Told::default());
    assert_eq!(lines, log.split_inclusive('\n').count() as u64);
}

const OK: &str = "REG-OK t=1791209002 src=192.0.2.10 aor=a@e.com exp=60 cs=2 ci=x ct=<sip:a@h> ua=Acme";

#[test]
fn a_length_that_is_a_lie_hides_nothing_in_silence() {
    let options = "<--- SIP read from UDP:192.0.2.9:5060 --->\nOPTIONS sip:x SIP/2.0\nContent-Length: 300\n\n<------------->\n";
    let accepted = format!("{}\n", LINES[3]);
    let refused = format!("{}\n", LINES[7]);
    let text = [options, &accepted, &refused, "log\n", &accepted].concat();
    // Who was refused is no loss.
    assert_eq!(told(text.as_bytes()), ["0 other".to_owned(), format!("{} ambiguous", options.len())]);
}

#[test]
fn a_user_agent_that_looks_like_an_escaped_message_hides_no_registration() {
    let line = format!(
        "Oct  5 14:03:22 reg1 kamailio[1]: NOTICE: <script>: {OK}#012REGISTER sip:e.com SIP/2.0#012To: <sip:b@e.com>#012#012\n"
    );
    assert_eq!(told(line.as_bytes()), ["0 Accepted Uri([97, 64, 101, 46, 99, 111, 109])"]);
}

#[test]
fn a_hit_inside_a_value_is_a_strangers_text() {
    let inside = format!("Oct  5 14:03:22 reg1 kamailio[1]: INFO: <script>: call from x ua={OK}\n");
    assert_eq!(told(inside.as_bytes()), Vec::<String>::new());
}

#[test]
fn two_possible_starts_are_refused() {
    let two = format!("Oct  5 14:03:22 reg1 kamailio[1]: INFO: <script>: call from x ua=<script>: {OK}\n");
    assert_eq!(told(two.as_bytes()), ["0 ambiguous"]);
}

#[test]
fn what_follows_a_line_that_ends_in_cr_is_not_believed() {
    let log = format!("parse_headers(): bad header field [To: x y\r\n 1(9726) NOTICE: <script>: {OK}\r\n");
    assert_eq!(told(log.as_bytes()), ["44 ambiguous"]);
}

/// Whom the last line of an input names, by kind, and what may be missing of it.
#[derive(Debug, Default)]
struct Names {
    named: Vec<(Kind, String)>,
    unfinished: Vec<Unfinished>,
}

impl Sink for Names {
    fn event(&mut self, event: &Event<'_>) {
        self.named.push((event.kind, format!("{:?}", event.aor)));
    }

    fn other(&mut self, _: Spot, _: Stamp) {}

    fn unfinished(&mut self, _: Spot, what: Unfinished) {
        self.unfinished.push(what);
    }

    fn reject(&mut self, reject: Reject) {
        panic!("what is not whole is no loss: {reject:?}");
    }
}

fn names(scanner: &Scanner, line: &str, ends_input: bool) -> Names {
    let start = Spot { input: 0, offset: 0 };
    let mut names = Names::default();
    let block = Block {
        bytes: line.as_bytes(),
        start,
        allow_bare: true,
        line_ends: LineEnds::Lf,
        before: before(false),
        dumps: None,
        ends_input,
    };
    scanner.scan(&block, &mut scanner.scratch(), &mut names);
    names
}

#[test]
fn a_last_line_names_nobody_but_whom_it_will_name_when_it_is_whole() {
    let own = |name: &str, regex: &str| PatternSpec {
        name: name.to_owned(),
        contains: None,
        regex: Some(regex.to_owned()),
        json: false,
        fields: BTreeMap::new(),
        time: None,
        event: PatternEvent::Registration,
        accepted: true,
        origin: "own.toml:1".to_owned(),
    };
    let patterns =
        Patterns::compile(&[own("last", "^login ok (?<aor>\\S+)$"), own("first", "^seen (?<aor>\\S+) by")])
            .unwrap();
    let scanner = Scanner::new(patterns);
    let own = ["login ok alice@e.com", "seen alice@e.com by reg1"];
    let mut left = 0;
    for line in LINES.iter().chain(&own) {
        let whole = names(&scanner, &format!("{line}\n"), true).named;
        for len in line.floor_char_boundary(1)..=line.len() {
            let Some(cut) = line.get(..len) else { continue };
            let Names { named, unfinished } = names(&scanner, cut, true);
            for (kind, aor) in &named {
                let [(whole_kind, whole_aor)] = &whole[..] else {
                    panic!("{cut}: {named:?} and not {whole:?}")
                };
                assert_eq!(aor, whole_aor, "{cut}");
                let accepts = |kind| matches!(kind, Kind::Accepted | Kind::Bound | Kind::Refreshed);
                assert!(kind == whole_kind || !accepts(*kind), "{cut}");
            }
            left += unfinished.iter().filter(|what| **what == Unfinished::Record).count();
        }
    }
    assert!(left > 20, "some of them can be cut inside a name: {left}");
}

#[test]
fn a_last_line_is_told_where_nothing_that_counts_can_be_missing() {
    let scanner = Scanner::new(Patterns::default());
    let told = |line: &str| names(&scanner, line, true);
    let [agent_last, closed] = [told(LINES[0]), told(LINES[5])];
    assert_eq!((agent_last.named.len(), &agent_last.unfinished[..]), (1, &[Unfinished::Agent][..]));
    assert_eq!((closed.named.len(), &closed.unfinished[..]), (1, &[][..]));
    let cut = &LINES[0][..LINES[0].find("@e.com exp").unwrap()];
    assert_eq!((told(cut).named.len(), &told(cut).unfinished[..]), (0, &[Unfinished::Record][..]));
    // An object that is closed is whole, whatever its last member is.
    let object = told(LINES[10]);
    assert_eq!((object.named.len(), &object.unfinished[..]), (1, &[][..]));
    let cut = names(&scanner, LINES[10].strip_suffix('}').unwrap(), true);
    assert_eq!((cut.named.len(), &cut.unfinished[..]), (0, &[Unfinished::Record][..]));
    let head = format!("{}\ntag: rcv\n", "=".repeat(20));
    assert_eq!(told(&head).unfinished, [Unfinished::Message]);
    // Another block follows, or a line of it that was cut off for a look.
    assert_eq!(names(&scanner, LINES[0], false).unfinished, []);
}

#[test]
fn a_line_longer_than_any_record_is_refused_where_it_holds_a_needle() {
    let mut long = format!("Oct  5 14:03:22 reg1 kamailio[1]: INFO: <script>: {OK}");
    long.push_str(&"x".repeat(RECORD_MAX));
    assert_eq!(told(long.as_bytes()), ["0 too-long"]);
    assert_eq!(told("x".repeat(2 * RECORD_MAX).as_bytes()), Vec::<String>::new());
}

/// Pieces of lines, with and without needles, of which one line holds few or many.
const PIECES: [&str; 8] = [
    "\n",
    "REG-OK ",
    "REG-OK aor=a@e.com ua=",
    " 1(7) INFO: <script>: ",
    "Registered SIP '",
    "x",
    "\r",
    "REG",
];

proptest! {
    #[test]
    fn any_cut_at_line_ends_tells_the_same(
        picks in prop::collection::vec(0_usize..LINES.len(), 0..40),
        ends in prop::collection::vec(any::<bool>(), 40),
        cuts in prop::collection::vec(any::<bool>(), 40),
    ) {
        let scanner = Scanner::new(Patterns::default());
        let lines: Vec<String> = picks.iter().zip(&ends)
            .map(|(pick, crlf)| format!("{}{}", LINES[*pick], if *crlf { "\r\n" } else { "\n" }))
            .collect();
        let mut whole = Told::default();
        // By a worker that has read other lines before.
        let mut scratch = scanner.scratch();
        lines.iter().rev().for_each(|line| _ = scan_with(&scanner, &mut scratch, line.as_bytes(), 0, false, &mut Told::default()));
        scan_with(&scanner, &mut scratch, lines.concat().as_bytes(), 0, false, &mut whole);
        let mut cut = Told::default();
        let (mut block, mut offset, mut follows_cr) = (String::new(), 0, false);
        for (line, is_cut) in lines.iter().zip(&cuts) {
            if *is_cut {
                scan(&scanner, block.as_bytes(), offset, follows_cr, &mut cut);
                follows_cr = if block.is_empty() { follows_cr } else { block.ends_with("\r\n") };
                offset += block.len() as u64;
                block.clear();
            }
            block.push_str(line);
        }
        scan(&scanner, block.as_bytes(), offset, follows_cr, &mut cut);
        prop_assert_eq!(whole, cut);
    }

    #[test]
    fn a_line_tells_among_others_what_it_tells_by_itself(
        picks in prop::collection::vec(prop_oneof![3 => 0_usize..PIECES.len(), 1 => Just(0)], 0..40),
    ) {
        let scanner = Scanner::new(Patterns::default());
        let text: String = picks.into_iter().map(|pick| PIECES[pick]).collect();
        let read = |bytes: &str, offset, follows_cr, told: &mut Told| {
            let start = Spot { input: 0, offset };
            let block = Block { bytes: bytes.as_bytes(), start, allow_bare: true, line_ends: LineEnds::Lf, before: before(follows_cr), dumps: None, ends_input: false };
            scanner.scan(&block, &mut scanner.scratch(), told)
        };
        let (mut whole, mut single) = (Told::default(), Told::default());
        let lines = read(&text, 0, false, &mut whole);
        prop_assert_eq!(lines, text.split_inclusive('\n').count() as u64);
        let (mut offset, mut follows_cr) = (0, false);
        for line in text.split_inclusive('\n') {
            read(line, offset, follows_cr, &mut single);
            offset += line.len() as u64;
            follows_cr = line.ends_with("\r\n");
        }
        prop_assert_eq!(whole, single, "{:?}", text);
    }

    #[test]
    fn no_broken_line_makes_a_reader_panic(
        pick in 0_usize..LINES.len(),
        other in 0_usize..LINES.len(),
        at in 0_usize..400,
        len in 0_usize..60,
        junk: Vec<u8>,
    ) {
        let mut line = LINES[pick].as_bytes().to_vec();
        let from = at.min(line.len());
        let until = (from + len).min(line.len());
        let middle = [junk.as_slice(), &LINES[other].as_bytes()[..len.min(LINES[other].len())]].concat();
        line.splice(from..until, middle);
        told(&line);
    }
}

/// The recommended line in its usual form, and what may be put into it.
const USUAL: &str = "Oct  5 14:03:22 reg1 kamailio[2211]: NOTICE: <script>: REG-OK t=1791209002 src=192.0.2.10 aor=a@e.com exp=60 cs=2 ci=x@h ct=<sip:a@h;x=y> ua=Acme (Phone) 1";
const ODD: [&str; 17] = [
    "",
    " ",
    "  ",
    "0",
    "a",
    "@",
    "=",
    ": ",
    "\r",
    "\0",
    " SIP/2.0",
    "SIP/2.0 x",
    " <script>: REG-OK aor=b ua=",
    "<null>",
    ".123 ",
    "\u{1b}[0m",
    "3",
];

/// Every field of every event.
#[derive(Debug, Default, PartialEq)]
struct Whole(Vec<String>);

impl Sink for Whole {
    fn event(&mut self, event: &Event<'_>) {
        self.0.push(format!("{event:?}"));
    }

    fn other(&mut self, spot: Spot, stamp: Stamp) {
        self.0.push(format!("{spot:?} {stamp:?}"));
    }

    fn reject(&mut self, reject: Reject) {
        self.0.push(format!("{reject:?}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]
    #[test]
    fn the_usual_line_is_read_as_the_long_way_reads_it(
        changes in prop::collection::vec((0_usize..USUAL.len(), 0_usize..12, 0_usize..ODD.len()), 1..4),
    ) {
        let scanner = Scanner::new(Patterns::default());
        let mut text = format!("{USUAL}\n{USUAL}\n").repeat(changes.len());
        for (number, (at, len, odd)) in changes.into_iter().enumerate() {
            let begin = (2 * number + 1) * (USUAL.len() + 1) + at;
            // Each change stands in the second line of a pair, seen from behind, so that places hold.
            let begin = text.len() - begin.min(text.len());
            let until = (begin + len).min(text.len());
            if text.is_char_boundary(begin) && text.is_char_boundary(until) {
                text.replace_range(begin..until, ODD[odd]);
            }
        }
        // The last lines of a block go the long way.
        text.push_str(&format!("\n{USUAL}\n{USUAL}\n"));
        let scan = |bytes: &str, offset, follows_cr, scratch: &mut Scratch, told: &mut Whole| {
            let start = Spot { input: 0, offset };
            let block = Block { bytes: bytes.as_bytes(), start, allow_bare: false, line_ends: LineEnds::Lf, before: before(follows_cr), dumps: None, ends_input: false };
            scanner.scan(&block, scratch, told)
        };
        let (mut together, mut single) = (Whole::default(), Whole::default());
        scan(&text, 0, false, &mut scanner.scratch(), &mut together);
        let (mut offset, mut follows_cr) = (0, false);
        for line in text.split_inclusive('\n') {
            scan(line, offset, follows_cr, &mut scanner.scratch(), &mut single);
            offset += line.len() as u64;
            follows_cr = line.ends_with("\r\n");
        }
        prop_assert_eq!(together, single, "{:?}", text);
    }
}

#[test]
fn the_needles_fit_the_vectorised_search() {
    let scanner = Scanner::new(Patterns::default());
    assert!(scanner.needles.is_vectorised(), "the automaton is slower by far: {:?}", scanner.needles);
}

/// Records that stand in a dump's log, most of `sipdump`; some end in mid-line.
const RECORDS: [&str; 11] = [
    "====================\ntag: rcv\npid: 1\nprocess: 1\ntime: 1774015200.511936\ndate: x\nproto: udp ipv4\nsrcip: 192.0.2.2\nsrcport: 5060\ndstip: 192.0.2.1\ndstport: 21028\n~~~~~~~~~~~~~~~~~~~~\nREGISTER sip:e.com SIP/2.0\r\nTo: <sip:a@e.com>\r\nCall-ID: x\r\nCSeq: 1 REGISTER\r\nContact: <sip:a@h>\r\nl: 0\r\n\r\n||||||||||||||||||||\n",
    "====================\ntag: snd\npid: 1\nprocess: 1\ntime: 1774015200.511936\ndate: x\nproto: udp ipv4\nsrcip: 192.0.2.1\nsrcport: 5060\ndstip: 192.0.2.2\ndstport: 21028\n~~~~~~~~~~~~~~~~~~~~\nSIP/2.0 200 OK\r\nTo: <sip:a@e.com>\r\nCall-ID: x\r\nCSeq: 1 REGISTER\r\nContact: <sip:a@h>\r\nl: 0\r\n\r\n||||||||||||||||||||\n",
    // Its sender gave too small a length, and then its writer wrote more than it says.
    "====================\ntag: rcv\npid: 1\nprocess: 1\ntime: 1774015200.511936\ndate: SIP/2.0\nproto: udp ipv4\nsrcip: 192.0.2.2\nsrcport: 5060\ndstip: 192.0.2.1\ndstport: 21028\n~~~~~~~~~~~~~~~~~~~~\nREGISTER sip:e.com SIP/2.0\r\nl: 3\r\n\r\nabcd||||||||||||||||||||",
    // Bodies of more lines than one, line ends of each kind before the last ruler, and headers without an end.
    "====================\ntag: rcv\npid: 1\nprocess: 1\ntime: 1774015200.511936\ndate: x\nproto: udp ipv4\nsrcip: 192.0.2.2\nsrcport: 5060\ndstip: 192.0.2.1\ndstport: 21028\n~~~~~~~~~~~~~~~~~~~~\nMESSAGE sip:e.com SIP/2.0\r\nTo: <sip:a@e.com>\r\nl: 6\r\n\r\na\nb\n\n\r\n||||||||||||||||||||\n",
    "====================\ntag: rcv\npid: 1\nprocess: 1\ntime: 1774015200.511936\ndate: x\nproto: udp ipv4\nsrcip: 192.0.2.2\nsrcport: 5060\ndstip: 192.0.2.1\ndstport: 21028\n~~~~~~~~~~~~~~~~~~~~\nREGISTER sip:e.com SIP/2.0\nTo: <sip:a@e.com>\nl: 0\n\n\n||||||||||||||||||||\n",
    "====================\ntag: rcv\npid: 1\nprocess: 1\ntime: 1774015200.511936\ndate: x\nproto: udp ipv4\nsrcip: 192.0.2.2\nsrcport: 5060\ndstip: 192.0.2.1\ndstport: 21028\n~~~~~~~~~~~~~~~~~~~~\nREGISTER sip:e.com SIP/2.0\r\nTo: <sip:a@e.com>\r\n||||||||||||||||||||\n",
    "U 192.0.2.1:5060 -> 192.0.2.2:5060\nREGISTER sip:x SIP/2.0\r\nl: 3\r\n\r\nabc",
    "U 192.0.2.1:5060 -> 192.0.2.2:5060\nREGISTER sip:x SIP/2.0\r\nl: 0\r\n\r\n",
    "x\n",
    "\n",
    "x",
];

/// What is told of, and how many lines go on with a record.
#[derive(Debug, Default, PartialEq)]
struct Continued {
    told: Whole,
    lines: u64,
}

impl Sink for Continued {
    fn event(&mut self, event: &Event<'_>) {
        self.told.event(event);
    }

    fn other(&mut self, spot: Spot, stamp: Stamp) {
        self.told.other(spot, stamp);
    }

    fn reject(&mut self, reject: Reject) {
        self.told.reject(reject);
    }

    fn continued(&mut self, lines: u64) {
        self.lines += lines;
    }
}

proptest! {
    #[test]
    fn dumps_that_are_known_are_read_as_those_that_are_not(
        picks in prop::collection::vec(prop_oneof![4 => 0_usize..2, 1 => 0_usize..RECORDS.len()], 0..12),
        allow_bare: bool,
    ) {
        let scanner = Scanner::new(Patterns::default());
        // The last record only makes the cut look at those before it.
        let text: String = picks.iter().chain(&[0]).map(|pick| RECORDS[*pick]).collect();
        let mut layers = frame::Scratch::default();
        let cut = dump::cut(text.as_bytes(), 0, text.len() - RECORDS[0].len(), true, &mut layers, Vec::new());
        let bytes = &text.as_bytes()[..cut.end];
        let read = |dumps| {
            let start = Spot { input: 0, offset: 0 };
            let block = Block { bytes, start, allow_bare, line_ends: LineEnds::Lf, before: Before::default(), dumps, ends_input: false };
            let mut told = Continued::default();
            let lines = scanner.scan(&block, &mut scanner.scratch(), &mut told);
            (lines, told)
        };
        let known = read(cut.dumps.as_deref());
        prop_assert_eq!(known.0, bytes.split_inclusive(|byte| *byte == b'\n').count() as u64);
        prop_assert_eq!(known, read(None));
    }
}

proptest! {
    #[test]
    fn a_line_in_parts_is_read_as_the_whole_one(
        picks in prop::collection::vec((0_usize..LINES.len(), prop::collection::vec(1_usize..150, 0..4)), 1..6),
    ) {
        const PREFIX: &str = "2026-10-05T14:03:22.1Z stderr ";
        let (mut whole, mut parted) = (String::new(), String::new());
        for (pick, cuts) in &picks {
            let line = LINES[*pick];
            whole += &format!("{PREFIX}F {line}\n");
            let mut rest = line;
            for cut in cuts {
                let (part, behind) = rest.split_at((*cut).min(rest.len()));
                parted += &format!("{PREFIX}P {part}\n");
                rest = behind;
            }
            parted += &format!("{PREFIX}F {rest}\n");
        }
        let what = |text: &str| -> Vec<String> {
            // Less its place.
            told(text.as_bytes()).iter().map(|told| told.split_once(' ').unwrap().1.to_owned()).collect()
        };
        // Kamailio's standard error.
        prop_assert!(!what(&whole).is_empty() || picks.iter().all(|(pick, _)| *pick != 1));
        prop_assert_eq!(what(&parted), what(&whole));
    }
}

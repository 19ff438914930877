//! No cut shows: whatever the blocks, the threads and the rotation, the bytes are those of one
//! sequential pass, also where a message or a transaction lies across the cut.

#[path = "common/folder.rs"]
mod folder;
#[path = "common/siptally.rs"]
mod siptally;

use folder::folder_of;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::io::Read;
use std::path::Path;

/// A log of a real server, the start of its records, and how many users it shows.
struct Sample {
    name: &'static str,
    opens_record: fn(&str) -> bool,
    users: usize,
}

const SAMPLES: [Sample; 4] = [
    Sample { name: "pjsip-logger", opens_record: |line| line.starts_with("[2026-"), users: 26 },
    Sample { name: "sip-debug", opens_record: |line| line.starts_with("[2026-"), users: 18 },
    Sample { name: "kamailio-syslog", opens_record: |line| line.starts_with(['F', 'M']), users: 49 },
    Sample { name: "sipdump", opens_record: |line| line.trim_end() == "====================", users: 49 },
];

fn text_of(sample: &Sample) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("sample-logs/dumps/{}.gz", sample.name));
    let packed = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut text = Vec::new();
    flate2::read::MultiGzDecoder::new(&packed[..]).read_to_end(&mut text).expect("a whole gzip stream");
    text
}

/// What `users` says of everything in a folder.
fn users(folder: &Path, jobs: &str, block: &str) -> String {
    let args = ["users", "--format", "ndjson", "--user-case", "keep", "--log-zone", "America/New_York"];
    let args = [&args[..], &["--year", "2026", "-j", jobs, "logs"]].concat();
    let run = siptally::run(folder, &args, b"", &[("SIPTALLY_BLOCK", block)]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    String::from_utf8(run.stdout).expect("JSON is UTF-8")
}

#[test]
fn no_block_and_no_thread_shows_in_a_log_of_messages() {
    for sample in &SAMPLES {
        let folder = folder_of(&[("logs/full", &text_of(sample))]);
        let whole = users(folder.path(), "1", "1000000000");
        assert_eq!(whole.lines().count(), sample.users, "{}", sample.name);
        for block in ["1", "300", "5000", "70000"] {
            for jobs in ["1", "3"] {
                assert_eq!(
                    users(folder.path(), jobs, block),
                    whole,
                    "{} in blocks of {block}, {jobs} threads",
                    sample.name
                );
            }
        }
    }
}

#[test]
fn no_block_parts_a_message_where_the_start_of_a_log_shows_no_record() {
    for sample in SAMPLES.iter().filter(|sample| sample.name != "kamailio-syslog") {
        // More than the survey looks at.
        let text = [&b"nobody's line\n".repeat(5000)[..], &text_of(sample)].concat();
        let packed = zstd::encode_all(&text[..], 3).expect("the log can be packed");
        let whole = users(folder_of(&[("logs/full", &text)]).path(), "1", "1000000000");
        assert_eq!(whole.lines().count(), sample.users, "{}", sample.name);
        for block in ["300", "5000", "70000"] {
            for bytes in [&text, &packed] {
                let told = users(folder_of(&[("logs/full", bytes)]).path(), "2", block);
                assert_eq!(told, whole, "{} in blocks of {block}", sample.name);
            }
        }
    }
}

#[test]
fn no_compression_shows_in_a_log_of_messages() {
    for sample in &SAMPLES {
        let text = text_of(sample);
        let whole = users(folder_of(&[("logs/full", &text)]).path(), "2", "1000000000");
        let packed = zstd::encode_all(&text[..], 3).expect("the log can be packed");
        for block in ["1", "300", "70000"] {
            assert_eq!(
                users(folder_of(&[("logs/full", &packed)]).path(), "2", block),
                whole,
                "{}",
                sample.name
            );
        }
    }
}

#[test]
fn no_rotation_shows_in_a_log_of_messages() {
    for sample in &SAMPLES {
        let text = text_of(sample);
        let whole = users(folder_of(&[("logs/full", &text)]).path(), "2", "1000000000");
        // Places where a server could have moved its log away: before any record, so that a request
        // stands at the end of one file and its reply at the start of the next.
        let mut starts = Vec::new();
        let mut at = 0;
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            if (sample.opens_record)(&String::from_utf8_lossy(line)) {
                starts.push(at);
            }
            at += line.len();
        }
        for share in 1..12 {
            let first = starts[starts.len() * share / 14];
            let second = starts[starts.len() * (share + 2) / 14];
            let files = [
                ("logs/full.2", &text[..first]),
                ("logs/full.1", &text[first..second]),
                ("logs/full", &text[second..]),
            ];
            assert_eq!(
                users(folder_of(&files).path(), "2", "5000"),
                whole,
                "{} rotated at {first} and {second}",
                sample.name
            );
        }
    }
}

/// A log of Asterisk's of so many records, of which some are dumps that are cut behind 8191 bytes, line end included.
fn log_with_cut_dumps(records: usize) -> String {
    let body = "a=candidate:1 1 UDP 2130706431 192.0.2.1 9 typ host\r\n".repeat(200);
    (0..records).fold(String::new(), |mut log, number| {
        let stamp = format!("[2026-10-05 {:02}:{:02}:{:02}]", number / 3600, number / 60 % 60, number % 60);
        if number % 200 == 199 {
            let message = format!("INVITE sip:x SIP/2.0\r\nContent-Length: {}\r\n\r\n{body}", body.len());
            let dump = format!(
                "{stamp} VERBOSE[9] res_pjsip_logger.c: <--- Received SIP request ({} bytes) from UDP:192.0.2.9:5060 --->\n{message}",
                message.len()
            );
            log.push_str(&dump[..8191]);
        } else {
            let user = number % 500;
            let _ = writeln!(
                log,
                "{stamp} VERBOSE[7] res_pjsip_registrar.c: Added contact 'sip:{user}@192.0.2.1' to AOR '{user}' with expiration of 60 seconds"
            );
        }
        log
    })
}

#[test]
fn no_block_shows_whichever_way_its_bytes_are_had() {
    // So many blocks of sixty-four kilobytes that both ways are tried and one is chosen.
    let log = log_with_cut_dumps(20_000);
    let folder = folder_of(&[("logs/full", log.as_bytes())]);
    let whole = users(folder.path(), "1", "1000000000");
    assert_eq!(whole.lines().count(), 500);
    for (jobs, block) in [("1", "65536"), ("3", "65536"), ("2", "100000")] {
        assert_eq!(users(folder.path(), jobs, block), whole, "in blocks of {block}, {jobs} threads");
    }
}

#[test]
fn a_line_in_which_a_block_ends_is_counted_once() {
    let log = log_with_cut_dumps(2000);
    let folder = folder_of(&[("logs/full", log.as_bytes())]);
    for block in ["300", "8000", "65536", "1000000000"] {
        let run = siptally::run(folder.path(), &["probe", "logs"], b"", &[("SIPTALLY_BLOCK", block)]);
        let (shown, lines) =
            (String::from_utf8_lossy(&run.stdout), format!(" {} lines ", log.lines().count()));
        assert!(shown.contains(&lines), "in blocks of {block}: not{lines}in {shown}");
    }
}

/// A REGISTER and its reply as Kamailio's `$mb` comes through rsyslog.
fn message(second: u32, user: u32, text: &str) -> String {
    format!(
        "2026-10-05T14:03:{second:02}.000000+00:00 reg1 kamailio[1]: INFO: <script>: {text}#015#012To: <sip:u{user}@x.example>#015#012\
         Call-ID: {user}@h#015#012CSeq: 1 REGISTER#015#012Contact: <sip:u{user}@192.0.2.1>;expires=60#015#012Content-Length: 0#015#012#015#012\n"
    )
}

#[test]
fn a_reply_is_found_a_hundred_thousand_lines_behind_its_request() {
    const USERS: u32 = 100_000;
    let mut log = String::new();
    for (second, start_line) in
        [(1, "[rcv] x#012REGISTER sip:x.example SIP/2.0"), (20, "[snd] x#012SIP/2.0 200 OK")]
    {
        for user in 0..USERS {
            log.push_str(&message(second, user, start_line));
        }
    }
    let folder = folder_of(&[("logs/full", log.as_bytes())]);
    assert_eq!(users(folder.path(), "2", "1000000").lines().count(), USERS as usize);
    // Without any clock the distance in records decides.
    let clockless = log.replace("2026-10-05T14:03:01.000000+00:00 reg1 kamailio[1]: ", " 1(1) ");
    let clockless = clockless.replace("2026-10-05T14:03:20.000000+00:00 reg1 kamailio[1]: ", " 1(1) ");
    let folder = folder_of(&[("logs/full", clockless.as_bytes())]);
    assert_eq!(users(folder.path(), "2", "1000000").lines().count(), USERS as usize);
}

#[test]
fn strangers_by_the_hundred_thousand_change_no_users_and_are_counted() {
    let mut log = String::new();
    for stranger in 0..210_000 {
        let _ = writeln!(
            log,
            "[2026-10-05 14:03:22] NOTICE[1] res_pjsip/pjsip_distributor.c: Request 'REGISTER' from '<sip:s{stranger}@x>' failed for '192.0.2.66:5060' (callid: {stranger}) - No matching endpoint found"
        );
        if stranger % 210 == 0 {
            let _ = writeln!(
                log,
                "[2026-10-05 14:03:22] VERBOSE[1] res_pjsip_registrar.c: Added contact 'sip:u@192.0.2.1:{stranger}' to AOR 'u{stranger}' with expiration of 60 seconds"
            );
        }
    }
    let folder = folder_of(&[("logs/full", log.as_bytes())]);
    let args = ["users", "--format", "ndjson", "--log-zone", "America/New_York", "logs"];
    let run = siptally::run(folder.path(), &args, b"", &[]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.stdout.iter().filter(|byte| **byte == b'\n').count(), 1000);
    assert!(run.stderr.contains("10000 refused and unproven requests"), "{}", run.stderr);
    for (jobs, block) in [("1", "1000000000"), ("3", "50000")] {
        assert_eq!(users(folder.path(), jobs, block).into_bytes(), run.stdout);
    }
}

/// Over the night when clocks are put back, and over New Year, in an Asterisk log whose first record has a
/// full clock of its own.
const YEARLESS: &str = "\
[Oct 10 12:00:00] SECURITY[77] res_security_log.c: SecurityEvent=\"SuccessfulAuth\",EventTV=\"2026-10-10T10:00:00.000+0000\",Severity=\"Informational\",Service=\"SIP\",EventVersion=\"1\",AccountID=\"eve\",SessionID=\"8f\",LocalAddress=\"IPV4/UDP/203.0.113.5/5060\",RemoteAddress=\"IPV4/UDP/192.0.2.10/5060\",UsingPassword=\"1\"
[Oct 25 02:59:58] VERBOSE[1234] chan_sip.c: Registered SIP 'alice' at 192.0.2.10:5060
[Oct 25 02:30:00] VERBOSE[1234] chan_sip.c: Registered SIP 'alice' at 192.0.2.10:5060
[Dec 31 23:59:58] VERBOSE[1234] chan_sip.c: Registered SIP 'bob' at 192.0.2.10:5060
[Jan  1 00:00:01] VERBOSE[1234] chan_sip.c: Registered SIP 'carol' at 192.0.2.10:5060
[Dec 31 23:59:59] VERBOSE[1234] chan_sip.c: Registered SIP 'dave' at 192.0.2.10:5060
[Jan  2 00:00:01] VERBOSE[1234] chan_sip.c: Registered SIP 'bob' at 192.0.2.10:5060
";

#[test]
fn a_compressed_log_has_the_years_and_hours_of_a_plain_one() {
    // More than the survey looks at stands before the turns.
    let (anchor, rest) = YEARLESS.split_once('\n').expect("several lines");
    let filler = "[Oct 10 12:00:01] VERBOSE[1234] app.c: nothing\n".repeat(2_000);
    let log = format!("{anchor}\n{filler}{rest}");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, log.as_bytes()).expect("gzip in memory");
    let packed = packed.finish().expect("gzip in memory");
    let seen = |bytes: &[u8], clock: &[&str], modified_seconds: u64, block: &str| {
        let folder = folder_of(&[("logs/full", bytes)]);
        let log = fs::File::options().write(true).open(folder.path().join("logs/full")).expect("it is there");
        let modified = std::time::UNIX_EPOCH + std::time::Duration::from_secs(modified_seconds);
        log.set_modified(modified).expect("a file's time can be set");
        let args = [&["users", "--format", "ndjson", "--log-zone"], clock, &["logs"]].concat();
        let run = siptally::run(folder.path(), &args, b"", &[("SIPTALLY_BLOCK", block)]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        String::from_utf8(run.stdout).expect("JSON is UTF-8")
    };
    // Before the night, when only the scan can notice it; long behind it.
    let (before, behind) = (1_791_633_400, 1_800_000_000);
    let clocks: [&[&str]; 4] =
        [&["UTC"], &["Europe/Berlin"], &["UTC", "--year", "2027"], &["Europe/Berlin", "--year", "2026"]];
    for clock in clocks {
        let expected = seen(log.as_bytes(), clock, behind, "262144");
        for (modified, block) in [(before, "999"), (before, "262144"), (behind, "999"), (behind, "262144")] {
            assert_eq!(seen(&packed, clock, modified, block), expected, "{clock:?}, {modified}, {block}");
        }
    }
    let berlin = seen(&packed, &["Europe/Berlin"], before, "999");
    for expected in [
        r#""first_seen":"2026-10-25T00:59:58Z","last_seen":"2026-10-25T01:30:00Z""#,
        r#""first_seen":"2026-12-31T22:59:58Z","last_seen":"2027-01-01T23:00:01Z""#,
        r#""first_seen":"2026-12-31T22:59:59Z","last_seen":"2026-12-31T22:59:59Z""#,
    ] {
        assert!(berlin.contains(expected), "{expected} in {berlin}");
    }
}

#[test]
fn a_year_that_begins_in_the_middle_of_a_long_plain_log_is_noticed_though_its_ends_hide_it() {
    let (anchor, rest) = YEARLESS.split_once('\n').expect("several lines");
    // So long that only the ends are looked at before it is read, and they are two days apart.
    let filler = |stamp: &str| format!("[{stamp}] VERBOSE[1234] app.c: nothing\n").repeat(60_000);
    let log = format!(
        "{anchor}\n{}{rest}{}[Oct 12 12:00:02] VERBOSE[1234] chan_sip.c: Registered SIP 'erin' at 192.0.2.10:5060\n",
        filler("Oct 10 12:00:01"),
        filler("Oct 12 12:00:01")
    );
    let folder = folder_of(&[("logs/full", log.as_bytes())]);
    for clock in [&["UTC"][..], &["UTC", "--year", "2027"]] {
        for block in ["65536", "1048576"] {
            let args = [&["users", "--format", "ndjson", "--log-zone"], clock, &["logs"]].concat();
            let run = siptally::run(folder.path(), &args, b"", &[("SIPTALLY_BLOCK", block)]);
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            let seen = String::from_utf8(run.stdout).expect("JSON is UTF-8");
            for expected in [
                r#""first_seen":"2026-12-31T23:59:58Z","last_seen":"2027-01-02T00:00:01Z""#,
                r#""first_seen":"2026-12-31T23:59:59Z","last_seen":"2026-12-31T23:59:59Z""#,
                r#""first_seen":"2027-10-12T12:00:02Z","last_seen":"2027-10-12T12:00:02Z""#,
            ] {
                assert!(seen.contains(expected), "{clock:?}, {block}: {expected} in {seen}");
            }
        }
    }
}

/// Registrations of each user that `users` tells of there.
fn registrations(folder: &Path, jobs: &str, block: &str) -> BTreeMap<String, u64> {
    let told = users(folder, jobs, block);
    let user = |line: &str| {
        let user: serde_json::Value = serde_json::from_str(line).expect("each line is an object");
        let name = user["sip_id"].as_str().expect("a user has a name").to_owned();
        (name, user["registrations"].as_u64().expect("and so many registrations"))
    };
    told.lines().map(user).collect()
}

#[test]
fn servers_that_are_read_side_by_side_tell_what_each_tells_alone() {
    let syslog = text_of(&SAMPLES[2]);
    // The same users at another registrar; the same bytes under two names would be one log.
    let other = String::from_utf8_lossy(&syslog).replace(" sip1 ", " sip2 ");
    let packed = zstd::encode_all(other.as_bytes(), 3).expect("the log can be packed");
    let servers: [(&str, &[u8]); 5] = [
        ("logs/a/kamailio.log", &syslog),
        ("logs/b/kamailio.log", &packed),
        ("logs/c/sipdump.data", &text_of(&SAMPLES[3])),
        ("logs/d/kamailio.log", &other.as_bytes()[..other.len() / 2]),
        ("logs/e/full", &text_of(&SAMPLES[0])),
    ];
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for server in &servers {
        for (user, count) in registrations(folder_of(&[*server]).path(), "1", "1000000000") {
            *expected.entry(user).or_default() += count;
        }
    }
    let all = folder_of(&servers);
    for (jobs, block) in [("1", "1000000000"), ("1", "3000"), ("3", "3000"), ("5", "100000")] {
        assert_eq!(registrations(all.path(), jobs, block), expected, "blocks of {block}, {jobs} threads");
    }
}

#[test]
fn hosts_that_write_one_log_in_turn_lose_nobody() {
    // More than are remembered at a time.
    let log = |hosts: usize| {
        let mut log = String::new();
        for line in 0..6000 {
            let (host, second) = (line % hosts, line % 60);
            let user = line % 700;
            writeln!(
                log,
                "2026-10-05T14:03:{second:02}Z edge-{host} kamailio[22{}]: NOTICE: <script>: REG-OK t=1791209002 src=192.0.2.1 \
                 aor=u{user}@e.com exp=60 cs={line} ci=c{user} ct=<sip:u@192.0.2.1> ua=Acme Phone/1.{}",
                line % 7,
                line % 3
            )
            .expect("a string takes everything");
        }
        log
    };
    let told = |hosts: usize, jobs: &str| {
        users(folder_of(&[("logs/central.log", log(hosts).as_bytes())]).path(), jobs, "100000")
    };
    let one = told(1, "1");
    assert_eq!(one.lines().count(), 700);
    for hosts in [2, 50, 3000] {
        assert_eq!((told(hosts, "1"), told(hosts, "3")), (one.clone(), one.clone()), "{hosts} hosts");
    }
}

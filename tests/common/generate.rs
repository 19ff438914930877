//! Small logs from a seed: the same seed writes the same bytes on every machine.

use std::fmt::Write;

/// What a generated log is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The recommended Kamailio line in syslog with ISO stamps.
    RegOkIso,
    /// The same in syslog without a year.
    RegOkRfc3164,
    /// The older line (no `cs=`, no log_prefix).
    RegOkOlder,
    /// Kamailio's `acc`.
    Acc,
    /// Asterisk with chan_sip.
    ChanSip,
    /// Asterisk with PJSIP.
    Pjsip,
}

impl Shape {
    pub const ALL: [Self; 6] =
        [Self::RegOkIso, Self::RegOkRfc3164, Self::RegOkOlder, Self::Acc, Self::ChanSip, Self::Pjsip];
}

/// 2026-10-01T00:00:00Z, where every generated log begins.
const START_SECONDS: i64 = 1_790_812_800;

const USERS: [&str; 9] = [
    "alice@example.com",
    "alice@EXAMPLE.com",
    "Alice@example.com",
    "%2B420123456@example.com",
    "+420123456@example.com",
    "jo%20ann@example.net",
    "o'neil@example.net",
    "=7*3@example.net",
    "1001@example.org",
];

/// Texts of strangers: quotes, formulas, and what looks like a whole record of some log.
const AGENTS: [&str; 10] = [
    "Acme Phone/3.8.33 (build 17; iOS 15.5; arm64)",
    "Acme Phone/3.8.33 (build 17; Android 13; arm64)",
    "LinphoneAndroid/5.2.1 (Pixel 8) LinphoneSDK/5.3.4",
    "Desk \"Phone\" 9, rev 3 (Windows)",
    "=HYPERLINK(\"http://x.example\",\"go\")",
    "Größenwahn-Telefon/7",
    "Registered SIP 'ghost' at 192.0.2.66:5060",
    "x\" for peer 1001",
    "[2026-10-05 14:03:22] VERBOSE[1] chan_sip.c: Registered SIP 'ghost' at 192.0.2.66:5060",
    "Added contact 'sip:g@192.0.2.66' to AOR 'ghost' with expiration of 3600 seconds",
];

/// A small generator of numbers (xorshift), so that a test needs no crate and no clock.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        // Zero is the one state that never leaves itself.
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len() as u64) as usize]
    }
}

/// A log of so many records in one shape.
pub fn log(shape: Shape, seed: u64, records: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let mut text = String::new();
    let mut seconds = START_SECONDS;
    for number in 0..records {
        seconds += 60 + i64::try_from(dice.below(600)).expect("a small number");
        match shape {
            Shape::RegOkIso | Shape::RegOkRfc3164 | Shape::RegOkOlder => {
                reg_ok(&mut text, shape, &mut dice, seconds, number);
            }
            Shape::Acc => acc(&mut text, &mut dice, seconds, number),
            Shape::ChanSip => chan_sip(&mut text, &mut dice, seconds),
            Shape::Pjsip => pjsip(&mut text, &mut dice, seconds),
        }
    }
    text.into_bytes()
}

fn time(seconds: i64) -> jiff::civil::DateTime {
    let instant = jiff::Timestamp::from_second(seconds).expect("a time of this century");
    jiff::tz::TimeZone::UTC.to_datetime(instant)
}

fn put(text: &mut String, line: std::fmt::Arguments<'_>) {
    text.write_fmt(line).expect("a string takes any text");
    text.push('\n');
}

fn syslog(iso: bool, seconds: i64) -> String {
    let time = time(seconds);
    let stamp =
        if iso { time.strftime("%Y-%m-%dT%H:%M:%S.118204+00:00") } else { time.strftime("%b %e %H:%M:%S") };
    format!("{stamp} reg1 kamailio[2211]:")
}

fn reg_ok(text: &mut String, shape: Shape, dice: &mut Dice, seconds: i64, number: u64) {
    let prefix = syslog(shape == Shape::RegOkIso, seconds);
    let user = dice.pick(&USERS);
    let agent = dice.pick(&AGENTS);
    let contact = format!("<sip:u{}@192.0.2.10:5060>", dice.below(4));
    let is_older = shape == Shape::RegOkOlder;
    let expires = ["3600", "60", "<null>", "0"][dice.below(4) as usize];
    match dice.below(8) {
        0 => put(text, format_args!("{prefix} INFO: <script>: usrloc contacts: {number}")),
        1 => put(text, format_args!("{prefix} WARNING: <script>: AUTH-FAIL user={user} ua={agent}")),
        _ if is_older => put(
            text,
            format_args!(
                "{prefix} NOTICE: <script>: REG-OK t={seconds} src=192.0.2.10 aor={user} exp={expires} ci=c{number}@x ct={contact} ua={agent}"
            ),
        ),
        kind => {
            // A record in which two places could be the start of the message is nobody's.
            let agent = if kind == 2 { "x} <script>: REG-OK t=1 aor=ghost@example.com" } else { agent };
            let line = format!(
                "{prefix} NOTICE: {{1 7 REGISTER c{number}@x}} <script>: REG-OK t={seconds} src=192.0.2.10 aor={user} exp={expires} cs=7 ci=c{number}@x ct={contact} ua={agent}"
            );
            // A retransmission: the server answers, and logs, once more.
            let copies = if kind == 3 { 2 } else { 1 };
            (0..copies).for_each(|_| put(text, format_args!("{line}")));
        }
    }
}

fn acc(text: &mut String, dice: &mut Dice, seconds: i64, number: u64) {
    let prefix = syslog(true, seconds);
    let (user, domain) = dice.pick(&USERS).split_once('@').expect("every user has a domain");
    let agent = dice.pick(&AGENTS);
    let method = ["REGISTER", "REGISTER", "REGISTER", "INVITE"][dice.below(4) as usize];
    let code = ["200", "200", "200", "403"][dice.below(4) as usize];
    let contact =
        ["<sip:u@192.0.2.10>", "<sip:u@192.0.2.10>;expires=0", "<sip:u@192.0.2.10>;expires=60", "", "*"]
            [dice.below(5) as usize];
    let expires = if contact == "*" { "0" } else { ["3600", ""][dice.below(2) as usize] };
    put(
        text,
        format_args!(
            "{prefix} INFO: acc [acc.c:287]: acc_log_request(): ACC: request accounted: timestamp={seconds};method={method};from_tag=a{number};to_tag=;call_id=c{number}@x;code={code};reason=OK;src_user={user};src_domain={domain};dst_user={user};dst_domain={domain};src_ip=192.0.2.10;ua={agent};contact={contact};expires={expires}"
        ),
    );
}

fn asterisk(seconds: i64) -> String {
    time(seconds).strftime("[%Y-%m-%d %H:%M:%S]").to_string()
}

fn chan_sip(text: &mut String, dice: &mut Dice, seconds: i64) {
    let prefix = asterisk(seconds);
    let peer = ["1001", "1002", "+420123456", "801-north", "o'neil"][dice.below(5) as usize];
    let agent = dice.pick(&AGENTS);
    let head = format!("{prefix} VERBOSE[1234] chan_sip.c:");
    let kind = dice.below(6);
    match kind {
        0 => put(text, format_args!("{head} Unregistered SIP '{peer}'")),
        1 => put(
            text,
            format_args!(
                "{prefix} NOTICE[1234] chan_sip.c: Registration from '<sip:{peer}@example.com>' failed for '192.0.2.66:5071' - Wrong password"
            ),
        ),
        // A known address with another agent leaves the second line alone.
        2 => {}
        _ => {
            let port = 5000 + dice.below(1000);
            put(text, format_args!("{head} Registered SIP '{peer}' at 192.0.2.{kind}:{port}"));
        }
    }
    // The same agent as before leaves the first line alone.
    if kind == 2 || kind > 3 {
        put(text, format_args!("{head} Saved useragent \"{agent}\" for peer {peer}"));
    }
}

fn pjsip(text: &mut String, dice: &mut Dice, seconds: i64) {
    let prefix = asterisk(seconds);
    let aor = ["1001", "1002", "+420123456", "o'neil@example.com", "503@Example.net"][dice.below(5) as usize];
    let contact = format!("sip:u@192.0.2.{}:5060;ob", dice.below(4));
    let head = format!("{prefix} VERBOSE[1234] res_pjsip_registrar.c:");
    match dice.below(5) {
        0 => put(text, format_args!("{head} Removed contact '{contact}' from AOR '{aor}' due to request")),
        1 => put(
            text,
            format_args!(
                "{head} Attempted to remove non-existent contact '{contact}' from AOR '{aor}' by request"
            ),
        ),
        2 => put(
            text,
            format_args!(
                "{prefix} VERBOSE[1235] res_pjsip/pjsip_options.c: Contact {aor}/{contact} is now Reachable.  RTT: 1.2 msec"
            ),
        ),
        _ => put(
            text,
            format_args!("{head} Added contact '{contact}' to AOR '{aor}' with expiration of 3600 seconds"),
        ),
    }
}

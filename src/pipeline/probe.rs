//! What is in these logs, and what is missing to bill from them.

use super::census::Census;
use super::plan::{Form, Plan};
use super::scan::{Scan, ScanError};
use crate::formats::scan::{Before, Block, LineEnds, Scanner, Scratch};
use crate::formats::sip::message::start_line;
use crate::model::{Event, Grade, Kind, Reject, Sink, Spot, Stamp, Standing};
use crate::read::Source;
use std::collections::BTreeSet;

/// So much of each input is searched for lines that look like registrations and are not read.
pub(super) const UNREAD_SAMPLE: u64 = 64 << 20;
const EXAMPLES: usize = 3;

/// Lines that hold `REGISTER` and that no message or pattern reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unread {
    pub lines: u64,
    /// A few of them: input and text.
    pub examples: Vec<(String, Vec<u8>)>,
}

/// Looks for lines that hold `REGISTER` and say nothing to the scanner.
///
/// # Errors
///
/// An input that cannot be read.
pub fn unread(plan: &Plan, scanner: &Scanner) -> Result<Unread, ScanError> {
    let mut unread = Unread::default();
    let mut scratch = scanner.scratch();
    for input in &plan.inputs {
        // A snapshot's lines are no records of their own.
        if input.found.is_stdin() || input.form != Form::Log {
            continue;
        }
        let mut look = |bytes: &[u8]| {
            let mut at = 0;
            while let Some(hit) = memchr::memmem::find(&bytes[at..], b"REGISTER") {
                let hit = at + hit;
                let begin = memchr::memrchr(b'\n', &bytes[..hit]).map_or(0, |before| before + 1);
                let end = memchr::memchr(b'\n', &bytes[hit..]).map_or(bytes.len(), |after| hit + after);
                let line = &bytes[begin..end];
                if !is_of_message(line) && !is_read(line, scanner, &mut scratch, input.allow_bare) {
                    unread.lines += 1;
                    if unread.examples.len() < EXAMPLES {
                        unread.examples.push((input.found.shown.clone(), line.to_vec()));
                    }
                }
                at = (end + 1).min(bytes.len());
            }
        };
        match input.open()? {
            Source::Mapped(mapped) => {
                let bytes = mapped.bytes();
                look(&bytes[..bytes.len().min(UNREAD_SAMPLE as usize)]);
            }
            Source::Stream(mut stream) => {
                while let Some(block) = stream.next_block(1 << 20)? {
                    look(&block.bytes);
                    if block.offset > UNREAD_SAMPLE {
                        break;
                    }
                    stream.recycle(block.bytes);
                }
            }
        }
    }
    Ok(unread)
}

/// Whether the line is one of a SIP message that was logged over many lines.
fn is_of_message(line: &[u8]) -> bool {
    let name = line.iter().take_while(|byte| byte.is_ascii_alphabetic() || **byte == b'-').count();
    let is_header = name > 0 && line[name..].trim_ascii_start().starts_with(b":");
    is_header || start_line(line).is_some()
}

/// Whether the scanner makes anything of the line.
pub(super) fn is_read(line: &[u8], scanner: &Scanner, scratch: &mut Scratch, allow_bare: bool) -> bool {
    struct Any(bool);
    impl Sink for Any {
        fn event(&mut self, _: &Event<'_>) {
            self.0 = true;
        }
        fn other(&mut self, _: Spot, _: Stamp) {
            self.0 = true;
        }
        fn reject(&mut self, _: Reject) {
            self.0 = true;
        }
    }
    let mut any = Any(false);
    let block = Block {
        bytes: line,
        start: Spot { input: 0, offset: 0 },
        allow_bare,
        line_ends: LineEnds::Lf,
        before: Before::default(),
        dumps: None,
        ends_input: false,
    };
    scanner.scan(&block, scratch, &mut any);
    any.0
}

/// The line that Kamailio has to write after `save()`, and what belongs around it.
pub const KAMAILIO_FRAGMENT: &str = include_str!("probe/reg_ok_fragment.cfg");

/// What stands between these logs and a bill: one finding a line, most important first, each
/// with its remedy.
pub fn findings(scan: &Scan, census: &Census, unread: &Unread) -> Vec<String> {
    let records = &scan.part.records;
    let from = |name: &str| records.evidence.iter().any(|(source, ..)| source.starts_with(name));
    let accepted = census.users(Standing::Accepted);
    let mut findings = Vec::new();
    if records.known() == 0 {
        findings.push(
            "no record of any known server: is this a registrar's log? `siptally` reads Kamailio, OpenSIPS, \
             Asterisk and FreeSWITCH behind syslog, journald, Docker and CRI prefixes; for a line of your own \
             give a pattern file with --pattern"
                .to_owned(),
        );
    } else if accepted == 0 {
        findings.push(format!(
            "nothing here proves an accepted registration ({} attempts and authentications, {} refusals)",
            records.graded(Grade::W),
            records.graded(Grade::N)
        ));
    }
    let without = census.without_agent;
    if from("asterisk-") && accepted == 0 && !records.evidence.iter().any(|(_, kind, _)| kind == Kind::Bound)
    {
        findings.push(
            "Asterisk: new bindings are written at verbose 3: `core set verbose 3`, and `full => \
             notice,warning,error,verbose` in logger.conf; security events alone prove no registration"
                .to_owned(),
        );
    }
    if without > 0 {
        findings.push(no_agent_hint(without, accepted, from("asterisk-pjsip"), from("asterisk-chan_sip")));
    }
    if unread.lines > 0 {
        findings.push(format!(
            "{} lines hold REGISTER and are not read; `siptally probe --suggest` drafts a pattern file \
             (--pattern) for such lines, in which you only say whether they are written after save()",
            unread.lines
        ));
    }
    let requests = records.of_kind(Kind::Request);
    if records.unanswered * 20 > requests {
        findings.push(half_hint(records.unanswered, requests, "requests", "reply"));
    }
    if records.unasked * 20 > records.of_kind(Kind::Reply) {
        findings.push(half_hint(records.unasked, records.of_kind(Kind::Reply), "replies", "request"));
    }
    if records.rejected_total() > 0 {
        findings
            .push(format!("{} records were rejected; --rejects FILE lists them", records.rejected_total()));
    }
    findings
}

/// What to switch on where only one half of many transactions is logged.
fn half_hint(lone: u64, all: u64, halves: &str, missing: &str) -> String {
    format!(
        "{lone} of {all} {halves} have no {missing} in these logs, so nothing is proven by them; log both halves: \
         in Kamailio `xlog(\"[rcv] $si:$sp\\n$mb\")` in request_route and the same with [snd] in \
         event_route[sl:local-response] and wherever a reply is sent on (or the sipdump module, which writes \
         both; a reply without such a word could be a stranger's and proves nothing), in \
         Asterisk `pjsip set logger on` without a host or method"
    )
}

/// What to switch on where User-Agents are missing.
pub fn no_agent_hint(without: u64, all: u64, is_pjsip: bool, is_chan_sip: bool) -> String {
    let remedy = if is_pjsip {
        "PJSIP's own lines never carry one: put what `asterisk -rx 'database show registrar'` prints into a \
         file beside the log, tie it by a pattern with `event = \"agent\"` on a dialplan's \
         NoOp(${PJSIP_CONTACT(…,user_agent)}), or have `pjsip set logger on` log the messages themselves"
    } else if is_chan_sip {
        "chan_sip writes `Saved useragent` at verbose 4: `core set verbose 4`"
    } else {
        "have the registrar log $ua with each registration"
    };
    format!("{without} of {all} accepted SIP-IDs have no User-Agent, so their platform is unknown; {remedy}")
}

/// Whether Kamailio or OpenSIPS wrote any of these records.
pub fn has_kamailio(scan: &Scan) -> bool {
    let sources: BTreeSet<&str> = scan.part.records.evidence.iter().map(|(source, ..)| source).collect();
    sources.iter().any(|source| source.starts_with("kamailio") || source.starts_with("kazoo"))
}

//! Whole SIP messages among the lines.

use super::{Block, Scanner, Scratch, SipScratch};
use crate::formats::frame;
use crate::formats::sip::event::Transfer;
use crate::formats::sip::{dump, opener};
use crate::model::marks::WIDE;
use crate::model::near::{AHEAD, fetch};
use crate::model::{AgentText, Aor, Event, Kind, Reject, Sink, Spot, Stamp, Unfinished};
use memchr::memmem;

/// No head of a message is longer.
const HEAD_MAX: usize = 512;

impl Scanner {
    /// Reads a whole SIP message among the lines, and gives how many records in its body were rejected.
    pub(super) fn dump(
        &self,
        block: &Block<'_>,
        dump: &dump::Dump,
        scratch: &mut Scratch,
        sink: &mut impl Sink,
    ) -> u64 {
        let bytes = block.bytes;
        // Whoever found it has passed over the whole block since, so it is far again.
        (dump.begin + AHEAD..dump.end + AHEAD).step_by(WIDE).for_each(|at| fetch(bytes, at));
        let spot = block.spot(dump.begin);
        let mut blank = Event {
            stamp: dump.stamp,
            spot,
            dialect: opener::dialect_of(dump.name),
            ..Event::new(Kind::Attempt, dump.name)
        };
        let mut is_ambiguous = dump.is_ambiguous;
        let record = match dump.head.is_empty() {
            true => None,
            false => frame::open(&bytes[dump.head.clone()], &mut scratch.layers, block.allow_bare),
        };
        if let Some(record) = record {
            (blank.stamp, blank.host) = (record.stamp, record.host);
            (blank.dialect, blank.thread) = (record.dialect, record.thread);
            is_ambiguous |= record.starts.is_ambiguous
                || record.starts.is_doubtful()
                || block.is_continuation(dump.head.start);
        }
        let SipScratch { message, values } = &mut scratch.sip;
        let text = &bytes[dump.message.clone()];
        let text = match dump.is_indented {
            true => {
                dump::unindent(text, message);
                message
            }
            false => text,
        };
        let (peer, addresses) = (dump.peer(bytes), dump.addresses(bytes));
        let transfer = Transfer { direction: dump.direction, peer, addresses, is_ambiguous };
        match block.ends_input && dump.end == bytes.len() && !has_all_headers(text) {
            true => {
                transfer.tell(text, blank, values, &mut LastMessage { text, sink, spot, stamp: blank.stamp })
            }
            false => transfer.tell(text, blank, values, sink),
        }
        match dump.is_sure {
            true => 0,
            false => self.doubt(block, dump.body(bytes), scratch, sink),
        }
    }
}

/// Tells of the head of a message where the block ends before the message begins.
pub(super) fn tell_open_head(block: &Block<'_>, sink: &mut impl Sink) {
    let mut at = block.bytes.len().saturating_sub(HEAD_MAX);
    let mut open = None;
    for line in block.bytes[at..].split_inclusive(|byte| *byte == b'\n') {
        let is_ruler_cut = !line.ends_with(b"\n") && line.iter().all(|byte| *byte == b'=');
        if is_ruler_cut || opener::opens_record(line) {
            open = Some(at);
        } else if line.ends_with(b"\n") && memmem::find(line, b"SIP/2.0").is_some() {
            open = None;
        }
        at += line.len();
    }
    if let Some(begin) = open {
        sink.unfinished(block.spot(begin), Unfinished::Message);
    }
}

fn has_all_headers(message: &[u8]) -> bool {
    [&b"\n\r\n"[..], b"\n\n"].into_iter().any(|end| memmem::find(message, end).is_some())
}

/// Believes a message that lacks the end of its headers, as its input ends, where what tells of a registration is whole all the
/// same: whoever copies one from a console may leave out the empty line.
struct LastMessage<'s> {
    text: &'s [u8],
    sink: &'s mut dyn Sink,
    spot: Spot,
    stamp: Stamp,
}

impl LastMessage<'_> {
    fn is_open(&self, event: &Event<'_>) -> bool {
        let may_go_on = |text: &[u8]| text.as_ptr_range().end == self.text.as_ptr_range().end;
        let aor = match event.aor {
            Aor::Uri(text) | Aor::Name(text) => may_go_on(text),
            Aor::Parts { user, domain } => may_go_on(user) || may_go_on(domain),
            Aor::Nobody => false,
        };
        aor || [event.call_id, event.cseq, event.contact].into_iter().any(may_go_on)
            || event.agent.text().is_some_and(may_go_on)
    }
}

impl Sink for LastMessage<'_> {
    fn event(&mut self, event: &Event<'_>) {
        if self.is_open(event) {
            return self.other(event.spot, event.stamp);
        }
        self.sink.event(event);
        if event.kind == Kind::Request && event.agent == AgentText::NotLogged {
            self.sink.unfinished(self.spot, Unfinished::Message);
        }
    }

    fn other(&mut self, spot: Spot, stamp: Stamp) {
        self.sink.other(spot, stamp);
        self.sink.unfinished(self.spot, Unfinished::Message);
    }

    fn reject(&mut self, reject: Reject) {
        self.other(reject.spot, self.stamp);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Before, LineEnds};
    use super::*;
    use crate::formats::pattern::Patterns;

    const HEAD: &str = "====================\ntag: rcv\npid: 1\nprocess: 1\ntime: 1791194400.000000\n\
        date: Mon Oct  5 10:00:00 2026\nproto: udp ipv4\nsrcip: 192.0.2.9\nsrcport: 5060\ndstip: 203.0.113.5\n\
        dstport: 5060\n~~~~~~~~~~~~~~~~~~~~\n";
    const MESSAGE: &str = "REGISTER sip:e.com SIP/2.0\r\nTo: <sip:alice@e.com>\r\nCall-ID: c1\r\nCSeq: 12 REGISTER\r\n\
        Contact: <sip:a@192.0.2.9>\r\nUser-Agent: Acme Phone/1.2\r\nContent-Length: 0\r\n\r\n||||||||||||||||||||\n";

    /// What is told of the end of an input.
    #[derive(Debug, Default)]
    struct Told {
        events: Vec<String>,
        is_unfinished: bool,
    }

    impl Sink for Told {
        fn event(&mut self, event: &Event<'_>) {
            let Event { aor, call_id, cseq, contact, .. } = event;
            let text = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
            self.events.push(format!("{aor:?} {} {} {}", text(call_id), text(cseq), text(contact)));
            // A missing one counts as unknown, and half of one would count as another.
            assert!(matches!(event.agent.text(), None | Some(b"Acme Phone/1.2")), "{:?}", event.agent);
        }

        fn other(&mut self, _: Spot, _: Stamp) {}

        fn unfinished(&mut self, spot: Spot, what: Unfinished) {
            assert_eq!((spot.offset, what), (0, Unfinished::Message));
            self.is_unfinished = true;
        }

        fn reject(&mut self, reject: Reject) {
            panic!("what is not whole is no loss: {reject:?}");
        }
    }

    fn told(text: &str) -> Told {
        let scanner = Scanner::new(Patterns::default());
        let block = Block {
            bytes: text.as_bytes(),
            start: Spot { input: 0, offset: 0 },
            allow_bare: true,
            line_ends: LineEnds::Lf,
            before: Before::default(),
            dumps: None,
            ends_input: true,
        };
        let mut told = Told::default();
        scanner.scan(&block, &mut scanner.scratch(), &mut told);
        told
    }

    #[test]
    fn a_message_that_its_input_cuts_is_told_of_as_it_is_or_by_its_place() {
        let record = [HEAD, MESSAGE].concat();
        let whole = told(&record);
        assert_eq!((whole.events.len(), whole.is_unfinished), (1, false));
        let agent_ends = record.find("Content-Length").unwrap();
        for len in 1..record.len() {
            let cut = told(&record[..len]);
            assert!(cut.events.is_empty() || cut.events == whole.events, "{len}: {cut:?}");
            // Nothing that counts is missing behind the line of the User-Agent.
            assert_eq!(cut.is_unfinished, len < agent_ends, "{len}: {cut:?}");
            assert!(cut.is_unfinished || cut.events == whole.events, "{len}: {cut:?}");
        }
    }
}

//! The messages of a capture: where packets, fragments and streams meet.

use super::container::{Packets, Record};
use super::counts::Counts;
use super::fragment::Fragments;
use super::link::{Ip, ip_of};
use super::start_line::{Start, start_of};
use super::tcp::{Place, Streams};
use crate::model::Moment;
use crate::read::InputError;
use etherparse::{IpNumber, TcpSlice, UdpSlice};
use std::collections::VecDeque;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

/// How a message travelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Udp,
    Tcp,
}

/// One SIP message of a capture: it starts with a start line; nothing else of it was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'c> {
    /// The packet that completed it, counted from 1 as Wireshark does.
    pub packet: u64,
    /// When that packet was captured; `None` where the capture carries no time for it.
    pub moment: Option<Moment>,
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub transport: Transport,
    pub bytes: &'c [u8],
    /// Not all of it is here: the capture's snap length, a gap, the stream's end, or a header
    /// that does not say how long it is. For what a gap cut, `packet` is the last before the
    /// gap was given up.
    pub is_cut: bool,
}

/// A capture that yields its SIP messages, in the order in which they became whole.
///
/// A message behind a gap of a TCP stream waits for the missing bytes, so it can come later than
/// its packet number says. After an error every further call gives the same error.
pub struct Capture<R> {
    packets: Packets<R>,
    fragments: Fragments,
    streams: Streams,
    counts: Counts,
    ready: VecDeque<Ready>,
    current: Ready,
    end: Option<Result<(), InputError>>,
}

struct Ready {
    place: Place,
    transport: Transport,
    bytes: Vec<u8>,
    is_cut: bool,
}

impl<R: Read> Capture<R> {
    /// A capture over the decoded bytes; `path` is what errors call it. Nothing is read yet.
    pub fn new(path: &Path, reader: R) -> Self {
        let nowhere = SocketAddr::new(IpAddr::V4([0; 4].into()), 0);
        let place = Place { packet: 0, moment: None, source: nowhere, destination: nowhere };
        Self {
            packets: Packets::new(path, reader),
            fragments: Fragments::default(),
            streams: Streams::default(),
            counts: Counts::default(),
            ready: VecDeque::new(),
            current: Ready { place, transport: Transport::Udp, bytes: Vec::new(), is_cut: false },
            end: None,
        }
    }

    /// The next message; `None` at the end. What precedes an error comes before it.
    ///
    /// # Errors
    ///
    /// [`InputError::BrokenCapture`] for a container that is cut short or corrupt,
    /// [`InputError::Unreadable`] where the system refuses.
    pub fn next_message(&mut self) -> Result<Option<Message<'_>>, InputError> {
        while self.ready.is_empty() {
            if let Some(end) = &self.end {
                return end.clone().map(|()| None);
            }
            match self.packets.next_record() {
                Ok(Some(record)) => self.take(&record),
                Ok(None) => self.finish(Ok(())),
                Err(error) => self.finish(Err(error)),
            }
        }
        let Some(next) = self.ready.pop_front() else { return Ok(None) };
        self.counts.messages += 1;
        self.counts.cut_messages += u64::from(next.is_cut);
        self.current = next;
        let Ready { place, transport, bytes, is_cut } = &self.current;
        Ok(Some(Message {
            packet: place.packet,
            moment: place.moment,
            source: place.source,
            destination: place.destination,
            transport: *transport,
            bytes,
            is_cut: *is_cut,
        }))
    }

    /// Packets read so far.
    pub fn packets(&self) -> u64 {
        self.packets.count()
    }

    /// What was found and what was passed over so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn take(&mut self, record: &Record) {
        let frame = self.packets.bytes(record);
        let counts = &mut self.counts;
        let Some(mut ip) = ip_of(record.link, frame, counts) else { return };
        let whole;
        if let Some(piece) = ip.fragment {
            match self.fragments.add(&ip, piece, record.number, record.moment, counts) {
                Some(bytes) => whole = bytes,
                None => return,
            }
            ip = Ip { payload: &whole, fragment: None, ..ip };
        }
        let place = |source, destination| Place {
            packet: record.number,
            moment: record.moment,
            source: SocketAddr::new(ip.source, source),
            destination: SocketAddr::new(ip.destination, destination),
        };
        let ready = &mut self.ready;
        let mut give = |transport, place, bytes: &[u8], is_cut| {
            ready.push_back(Ready { place, transport, bytes: bytes.to_vec(), is_cut });
        };
        match ip.protocol {
            IpNumber::UDP => {
                let Ok(udp) = UdpSlice::from_slice_lax(ip.payload) else {
                    self.counts.malformed += 1;
                    return;
                };
                let is_cut = usize::from(udp.length()) > udp.slice().len();
                let bytes = udp.payload();
                let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n' | 0)).count();
                if blank == bytes.len() {
                    self.counts.keep_alives += 1;
                } else if start_of(&bytes[blank..]) == Start::Sip {
                    let place = place(udp.source_port(), udp.destination_port());
                    give(Transport::Udp, place, &bytes[blank..], is_cut);
                } else {
                    self.counts.not_sip += 1;
                }
            }
            IpNumber::TCP => match TcpSlice::from_slice(ip.payload) {
                Ok(tcp) => {
                    let place = place(tcp.source_port(), tcp.destination_port());
                    let mut give = |place, bytes: &[u8], is_cut| give(Transport::Tcp, place, bytes, is_cut);
                    self.streams.add(&tcp, ip.missing, place, &mut self.counts, &mut give);
                }
                Err(_) => self.counts.malformed += 1,
            },
            _ => self.counts.other_protocol += 1,
        }
    }

    fn finish(&mut self, end: Result<(), InputError>) {
        self.fragments.finish(&mut self.counts);
        let ready = &mut self.ready;
        self.streams.finish(&mut self.counts, &mut |place, bytes, is_cut| {
            ready.push_back(Ready { place, transport: Transport::Tcp, bytes: bytes.to_vec(), is_cut });
        });
        self.end = Some(end);
    }
}

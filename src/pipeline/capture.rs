//! Captures: the SIP messages of packets, told like those that a server logged.
//!
//! A capture does not say which side is the registrar. Whoever answers a REGISTER with a 2xx is
//! one, so a first pass looks for those: a REGISTER that *such* an address sends is its own
//! registration elsewhere, or relayed, and no user's. The place of a message is its packet's number.

use crate::formats::sip::event::Transfer;
use crate::formats::sip::message::{StartLine, read};
use crate::formats::sip::opener::Direction;
use crate::model::{Event, Kind, Sink, Spot, Stamp};
use crate::read::{Capture, CapturedMessage, InputError, OwnedBlock, Stream};
use std::collections::HashSet;
use std::io::{self, Read};
use std::net::SocketAddr;

/// A stream's blocks as one reader. What is wrong with the stream is kept, since a reader cannot
/// tell it.
pub(super) struct StreamReader {
    stream: Stream,
    block: Option<OwnedBlock>,
    at: usize,
    pub failure: Option<InputError>,
}

impl StreamReader {
    pub fn new(stream: Stream, first: Option<OwnedBlock>) -> Self {
        Self { stream, block: first, at: 0, failure: None }
    }

    pub fn into_stream(self) -> Stream {
        self.stream
    }
}

impl Read for StreamReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(block) = &self.block {
                let rest = &block.bytes[self.at..];
                if !rest.is_empty() {
                    let len = rest.len().min(buffer.len());
                    buffer[..len].copy_from_slice(&rest[..len]);
                    self.at += len;
                    return Ok(len);
                }
            }
            if let Some(block) = self.block.take() {
                self.stream.recycle(block.bytes);
            }
            self.at = 0;
            match self.stream.next_block(1 << 20) {
                Ok(None) => return Ok(0),
                Ok(block) => self.block = block,
                Err(failure) => {
                    self.failure = Some(failure);
                    return Err(io::ErrorKind::InvalidData.into());
                }
            }
        }
    }
}

/// The addresses that answer a REGISTER with a 2xx.
///
/// # Errors
///
/// A capture that is cut short or corrupt.
pub(super) fn registrars<R: Read>(capture: &mut Capture<R>) -> Result<HashSet<SocketAddr>, InputError> {
    let mut registrars = HashSet::new();
    let mut values = Vec::new();
    while let Some(message) = capture.next_message()? {
        let reply = read(message.bytes, &mut values);
        let is_acceptance = reply.is_some_and(|reply| {
            matches!(reply.start, StartLine::Reply { code: 200..300 }) && reply.method == b"REGISTER"
        });
        if is_acceptance {
            registrars.insert(message.source);
        }
    }
    Ok(registrars)
}

/// Tells of one message.
pub(super) fn tell(
    message: &CapturedMessage<'_>,
    input: u32,
    registrars: &HashSet<SocketAddr>,
    values: &mut Vec<u8>,
    sink: &mut impl Sink,
) {
    let is_request = !message.bytes.starts_with(b"SIP/2.0 ");
    let direction = match (is_request, registrars.contains(&message.source)) {
        (true, true) => Direction::Sent,
        _ => Direction::Unknown,
    };
    let peer = message.source.ip().to_string();
    let (sender, receiver) = (message.source.to_string(), message.destination.to_string());
    let blank = Event {
        spot: Spot { input, offset: message.packet },
        stamp: message.moment.map_or(Stamp::None, Stamp::Instant),
        ..Event::new(Kind::Attempt, "capture")
    };
    let addresses = Some((sender.as_bytes(), receiver.as_bytes()));
    Transfer { direction, peer: peer.as_bytes(), addresses, is_ambiguous: false }.tell(
        message.bytes,
        blank,
        values,
        sink,
    );
}

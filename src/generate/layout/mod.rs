//! What each kind of server writes: one file each. Copy `kamailio.rs`.
//!
//! A layout turns what happened into bytes and decides nothing: the truth is settled before it is asked.

mod asterisk;
mod chan_sip;
mod kamailio;
mod own_line;
mod pjsip;
mod request_reply;
mod sip_dump;

use super::options::Format;
use super::people::Device;
use super::text::{decimal, hex};

/// A registration of a device, or what else befell it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Happening<'a> {
    pub micros: i64,
    /// User part of the SIP-ID.
    pub name: &'a [u8],
    pub domain: &'a str,
    pub device: Device<'a>,
    /// The how manyth registration of the device it is, from 0.
    pub occurrence: u64,
    /// Number of the request within its Call-ID; of a retransmission that of the original.
    pub cseq: u64,
    pub expires_seconds: u32,
    pub server: Server,
}

/// The process of the server that writes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Server {
    /// Number of the host, from 1.
    pub host: u32,
    pub process: u32,
}

/// A scanner tries a name that it made up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan<'a> {
    pub micros: i64,
    pub name: &'a str,
    pub domain: &'a str,
    pub agent: &'static str,
    /// Last number of its address in 203.0.113.0/24.
    pub address: u8,
    pub call: u64,
    pub server: Server,
}

/// Something else that the server writes about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noise {
    pub micros: i64,
    pub draw: u64,
    pub server: Server,
}

impl Happening<'_> {
    fn sip_id(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.name);
        out.push(b'@');
        out.extend_from_slice(self.domain.as_bytes());
    }
}

impl Scan<'_> {
    fn sip_id(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.name.as_bytes());
        out.push(b'@');
        out.extend_from_slice(self.domain.as_bytes());
    }

    fn address_and_port(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"203.0.113.");
        decimal(out, self.address.into());
        out.extend_from_slice(b":5071");
    }

    fn call_id(&self, out: &mut Vec<u8>) {
        hex::<12>(out, self.call);
    }
}

/// Writes records, each with its line ends.
pub(super) trait Layout {
    /// The server accepted a registration.
    fn registration(&mut self, out: &mut Vec<u8>, it: &Happening<'_>);

    /// The same request once more, within a few seconds.
    fn retransmission(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.registration(out, it);
    }

    /// The device took its binding away.
    fn deregistration(&mut self, out: &mut Vec<u8>, it: &Happening<'_>);

    /// The server refused a real user.
    fn refusal(&mut self, out: &mut Vec<u8>, it: &Happening<'_>);

    /// A scanner was turned away.
    fn scan(&mut self, out: &mut Vec<u8>, it: &Scan<'_>);

    fn noise(&mut self, out: &mut Vec<u8>, it: &Noise);
}

/// The layout of a format, with nothing written yet.
pub(super) fn layout(format: Format) -> Box<dyn Layout> {
    match format {
        Format::Kamailio => Box::new(kamailio::RegOk::new()),
        Format::OwnLine => Box::new(own_line::OwnLine::new()),
        Format::AsteriskPjsip => Box::new(pjsip::Pjsip::new()),
        Format::ChanSip => Box::new(chan_sip::ChanSip::new()),
        Format::RequestReply => Box::new(request_reply::RequestReply::new()),
        Format::SipDump => Box::new(sip_dump::SipDump::new()),
    }
}

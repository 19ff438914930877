//! Whole SIP messages, as Kamailio's `sipdump` writes them: what came in and what went out.

use super::super::text::{Stamp, StampForm, address, decimal, digits, hex};
use super::{Happening, Layout, Noise, Scan, Server};

/// The server's own address and port.
const SERVER: &[u8] = b"203.0.113.200";
/// Microseconds that the server takes for an answer.
const DELAY_MICROS: i64 = 700;

#[derive(Debug)]
pub(super) struct SipDump {
    date: Stamp,
    /// Address of the other side, without the port.
    address: Vec<u8>,
    port: Vec<u8>,
    /// The headers that a reply repeats.
    common: Vec<u8>,
}

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Received,
    Sent,
}

impl SipDump {
    pub(super) fn new() -> Self {
        Self { date: Stamp::new(StampForm::Ctime), address: Vec::new(), port: Vec::new(), common: Vec::new() }
    }

    /// Writes the head of a record, up to the message.
    fn open(&mut self, out: &mut Vec<u8>, way: Way, micros: i64, server: Server) {
        let tag: &[u8] = if way == Way::Received { b"rcv" } else { b"snd" };
        out.extend_from_slice(b"====================\ntag: ");
        out.extend_from_slice(tag);
        out.extend_from_slice(b"\npid: ");
        decimal(out, (2210 + server.process).into());
        out.extend_from_slice(b"\nprocess: ");
        decimal(out, (server.process + 1).into());
        out.extend_from_slice(b"\ntime: ");
        decimal(out, micros.unsigned_abs() / 1_000_000);
        out.push(b'.');
        digits::<6>(out, micros.rem_euclid(1_000_000).unsigned_abs());
        out.extend_from_slice(b"\ndate: ");
        self.date.write(out, micros);
        let (client, port) = (&self.address[..], &self.port[..]);
        let sides = match way {
            Way::Received => [(client, port), (SERVER, &b"5060"[..])],
            Way::Sent => [(SERVER, &b"5060"[..]), (client, port)],
        };
        out.extend_from_slice(b"\nproto: udp ipv4");
        for (side, (address, port)) in [b"\nsrc", b"\ndst"].into_iter().zip(sides) {
            for (what, value) in [(b"ip: ".as_slice(), address), (b"port: ", port)] {
                out.extend_from_slice(side);
                out.extend_from_slice(what);
                out.extend_from_slice(value);
            }
        }
        out.extend_from_slice(b"\n~~~~~~~~~~~~~~~~~~~~\n");
    }

    /// Writes the end of the headers, which is that of a message without a body, and of the record.
    fn close(out: &mut Vec<u8>) {
        out.extend_from_slice(b"Content-Length: 0\r\n\r\n||||||||||||||||||||\n");
    }

    /// Fills in the other side, and the headers that request and reply share.
    fn begin(&mut self, sip_id: impl Fn(&mut Vec<u8>), call: u64, cseq: u64, method: &str, ask: [u32; 2]) {
        self.address.clear();
        address(&mut self.address, ask[0]);
        self.port.clear();
        decimal(&mut self.port, ask[1].into());
        let common = &mut self.common;
        common.clear();
        common.extend_from_slice(b"Via: SIP/2.0/UDP ");
        common.extend_from_slice(&self.address);
        common.push(b':');
        common.extend_from_slice(&self.port);
        common.extend_from_slice(b";branch=z9hG4bK");
        hex::<16>(common, call.rotate_left(13).wrapping_add(cseq));
        common.extend_from_slice(b"\r\nFrom: <sip:");
        sip_id(common);
        common.extend_from_slice(b">;tag=");
        hex::<8>(common, call.rotate_left(41));
        common.extend_from_slice(b"\r\nTo: <sip:");
        sip_id(common);
        common.extend_from_slice(b">\r\nCall-ID: ");
        hex::<12>(common, call);
        common.extend_from_slice(b"\r\nCSeq: ");
        decimal(common, cseq);
        common.push(b' ');
        common.extend_from_slice(method.as_bytes());
        common.extend_from_slice(b"\r\n");
    }

    fn register(&mut self, out: &mut Vec<u8>, it: &Happening<'_>, expires_seconds: u32, status: &str) {
        let ask = [it.device.address, it.device.port.into()];
        self.begin(|out| it.sip_id(out), it.device.call, it.cseq, "REGISTER", ask);
        self.open(out, Way::Received, it.micros, it.server);
        out.extend_from_slice(b"REGISTER sip:");
        out.extend_from_slice(it.domain.as_bytes());
        out.extend_from_slice(b" SIP/2.0\r\n");
        out.extend_from_slice(&self.common);
        out.extend_from_slice(b"Max-Forwards: 70\r\nContact: <");
        it.device.contact(out);
        out.extend_from_slice(b">\r\nExpires: ");
        decimal(out, expires_seconds.into());
        out.extend_from_slice(b"\r\nUser-Agent: ");
        out.extend_from_slice(it.device.agent.text.as_bytes());
        out.extend_from_slice(b"\r\nAllow: INVITE,ACK,BYE,CANCEL,OPTIONS,NOTIFY,MESSAGE,REFER\r\n");
        Self::close(out);
        self.open(out, Way::Sent, it.micros.saturating_add(DELAY_MICROS), it.server);
        self.reply(out, status);
        if status.starts_with('2') && expires_seconds > 0 {
            out.extend_from_slice(b"Contact: <");
            it.device.contact(out);
            out.extend_from_slice(b">;expires=");
            decimal(out, expires_seconds.into());
            out.extend_from_slice(b"\r\n");
        }
        Self::close(out);
    }

    fn reply(&self, out: &mut Vec<u8>, status: &str) {
        out.extend_from_slice(b"SIP/2.0 ");
        out.extend_from_slice(status.as_bytes());
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.common);
        out.extend_from_slice(b"Server: kamailio (5.8.4 (x86_64/linux))\r\n");
    }
}

impl Layout for SipDump {
    fn registration(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.register(out, it, it.expires_seconds, "200 OK");
    }

    fn deregistration(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.register(out, it, 0, "200 OK");
    }

    fn refusal(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.register(out, it, it.expires_seconds, "403 Forbidden");
    }

    fn scan(&mut self, out: &mut Vec<u8>, it: &Scan<'_>) {
        self.begin(|out| it.sip_id(out), it.call, 1, "REGISTER", [it.address.into(), 5071]);
        self.open(out, Way::Received, it.micros, it.server);
        out.extend_from_slice(b"REGISTER sip:");
        out.extend_from_slice(it.domain.as_bytes());
        out.extend_from_slice(b" SIP/2.0\r\n");
        out.extend_from_slice(&self.common);
        out.extend_from_slice(b"Contact: <sip:100@1.1.1.1:5071>\r\nExpires: 3600\r\nUser-Agent: ");
        out.extend_from_slice(it.agent.as_bytes());
        out.extend_from_slice(b"\r\n");
        Self::close(out);
        self.open(out, Way::Sent, it.micros.saturating_add(DELAY_MICROS), it.server);
        self.reply(out, "404 Not Found");
        Self::close(out);
    }

    /// An `OPTIONS` that a phone sends to keep its way through the router open, and the answer to it.
    fn noise(&mut self, out: &mut Vec<u8>, it: &Noise) {
        let phone = |out: &mut Vec<u8>| {
            decimal(out, 1000 + (it.draw >> 8 & 0xfff));
            out.extend_from_slice(b"@example.com");
        };
        let ask = [(it.draw >> 20) as u32, 5060];
        self.begin(phone, it.draw, 1 + (it.draw & 0xfff), "OPTIONS", ask);
        self.open(out, Way::Received, it.micros, it.server);
        out.extend_from_slice(b"OPTIONS sip:example.com SIP/2.0\r\n");
        out.extend_from_slice(&self.common);
        Self::close(out);
        self.open(out, Way::Sent, it.micros.saturating_add(DELAY_MICROS), it.server);
        self.reply(out, "200 OK");
        Self::close(out);
    }
}

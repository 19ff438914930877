//! Asterisk's full log with `chan_sip`. A peer's User-Agent is written when it is another than the last.

use super::asterisk::Full;
use super::{Happening, Layout, Noise, Scan};

const FILE: &str = "chan_sip.c";

#[derive(Debug)]
pub(super) struct ChanSip(Full);

impl ChanSip {
    pub(super) fn new() -> Self {
        Self(Full::new())
    }
}

impl Layout for ChanSip {
    fn registration(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.0.head(out, it.micros, it.server, "VERBOSE", FILE);
        out.extend_from_slice(b"Registered SIP '");
        out.extend_from_slice(it.name);
        out.extend_from_slice(b"' at ");
        it.device.address_and_port(out);
        out.push(b'\n');
        // Of several devices it is taken that another one was there meanwhile.
        if it.occurrence == 0 || !it.device.is_only_one {
            self.0.head(out, it.micros, it.server, "VERBOSE", FILE);
            out.extend_from_slice(b"Saved useragent \"");
            out.extend_from_slice(it.device.agent.text.as_bytes());
            out.extend_from_slice(b"\" for peer ");
            out.extend_from_slice(it.name);
            out.push(b'\n');
        }
    }

    fn deregistration(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.0.head(out, it.micros, it.server, "VERBOSE", FILE);
        out.extend_from_slice(b"Unregistered SIP '");
        out.extend_from_slice(it.name);
        out.extend_from_slice(b"'\n");
    }

    fn refusal(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.0.head(out, it.micros, it.server, "NOTICE", FILE);
        out.extend_from_slice(b"Registration from '<sip:");
        it.sip_id(out);
        out.extend_from_slice(b">' failed for '");
        it.device.address_and_port(out);
        out.extend_from_slice(b"' - Wrong password\n");
    }

    fn scan(&mut self, out: &mut Vec<u8>, it: &Scan<'_>) {
        self.0.head(out, it.micros, it.server, "NOTICE", FILE);
        out.extend_from_slice(b"Registration from '<sip:");
        it.sip_id(out);
        out.extend_from_slice(b">' failed for '");
        it.address_and_port(out);
        out.extend_from_slice(b"' - No matching peer found\n");
    }

    fn noise(&mut self, out: &mut Vec<u8>, it: &Noise) {
        self.0.noise(out, it);
    }
}

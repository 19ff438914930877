//! Asterisk's full log with PJSIP. Each registration comes from a port of its own, for Asterisk writes of new
//! bindings only.

use super::super::people::Device;
use super::super::text::decimal;
use super::asterisk::Full;
use super::{Happening, Layout, Noise, Scan};

const REGISTRAR: &str = "res_pjsip_registrar.c";
const DISTRIBUTOR: &str = "res_pjsip/pjsip_distributor.c";

#[derive(Debug)]
pub(super) struct Pjsip(Full);

impl Pjsip {
    pub(super) fn new() -> Self {
        Self(Full::new())
    }
}

/// Writes the Contact that a device has this time, and the AOR behind `joint`.
fn binding(out: &mut Vec<u8>, it: &Happening<'_>, joint: &[u8]) {
    let port = 1024 + (u64::from(it.device.port) + it.occurrence * 7919) % 60_000;
    Device { port: port as u16, ..it.device }.contact(out);
    out.extend_from_slice(joint);
    out.extend_from_slice(it.name);
}

impl Layout for Pjsip {
    fn registration(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.0.head(out, it.micros, it.server, "VERBOSE", REGISTRAR);
        out.extend_from_slice(b"Added contact '");
        binding(out, it, b"' to AOR '");
        out.extend_from_slice(b"' with expiration of ");
        decimal(out, it.expires_seconds.into());
        out.extend_from_slice(b" seconds\n");
    }

    fn deregistration(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.0.head(out, it.micros, it.server, "VERBOSE", REGISTRAR);
        out.extend_from_slice(b"Removed contact '");
        binding(out, it, b"' from AOR '");
        out.extend_from_slice(b"' due to request\n");
    }

    fn refusal(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.0.head(out, it.micros, it.server, "NOTICE", DISTRIBUTOR);
        out.extend_from_slice(b"Request 'REGISTER' from '<sip:");
        it.sip_id(out);
        out.extend_from_slice(b">' failed for '");
        it.device.address_and_port(out);
        out.extend_from_slice(b"' (callid: ");
        it.device.call_id(out);
        out.extend_from_slice(b") - Failed to authenticate\n");
    }

    fn scan(&mut self, out: &mut Vec<u8>, it: &Scan<'_>) {
        self.0.head(out, it.micros, it.server, "NOTICE", DISTRIBUTOR);
        out.extend_from_slice(b"Request 'REGISTER' from '<sip:");
        it.sip_id(out);
        out.extend_from_slice(b">' failed for '");
        it.address_and_port(out);
        out.extend_from_slice(b"' (callid: ");
        it.call_id(out);
        out.extend_from_slice(b") - No matching endpoint found\n");
    }

    fn noise(&mut self, out: &mut Vec<u8>, it: &Noise) {
        self.0.noise(out, it);
    }
}

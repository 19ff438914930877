//! Kamailio in syslog with an `xlog` line of the operator's own (`own_line.toml` reads it).

use super::super::text::decimal;
use super::kamailio::Syslog;
use super::{Happening, Layout, Noise, Scan};

#[derive(Debug)]
pub(super) struct OwnLine(Syslog);

impl OwnLine {
    pub(super) fn new() -> Self {
        Self(Syslog::new())
    }

    fn accepted(&mut self, out: &mut Vec<u8>, it: &Happening<'_>, expires_seconds: u32) {
        self.0.head(out, it.micros, it.server, "NOTICE: <script>: REGISTER accepted aor=sip:");
        it.sip_id(out);
        out.extend_from_slice(b" src=");
        it.device.address_and_port(out);
        out.extend_from_slice(b" ct=<");
        it.device.contact(out);
        out.extend_from_slice(b"> callid=");
        it.device.call_id(out);
        out.extend_from_slice(b" cseq=");
        decimal(out, it.cseq);
        out.extend_from_slice(b" expires=");
        decimal(out, expires_seconds.into());
        agent(out, &it.device.agent.text);
    }
}

fn agent(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(b" ua=\"");
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\"\n");
}

impl Layout for OwnLine {
    fn registration(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.accepted(out, it, it.expires_seconds);
    }

    fn deregistration(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.accepted(out, it, 0);
    }

    fn refusal(&mut self, out: &mut Vec<u8>, it: &Happening<'_>) {
        self.0.head(out, it.micros, it.server, "WARNING: <script>: REGISTER rejected aor=sip:");
        it.sip_id(out);
        out.extend_from_slice(b" src=");
        it.device.address_and_port(out);
        out.extend_from_slice(b" code=403");
        agent(out, &it.device.agent.text);
    }

    fn scan(&mut self, out: &mut Vec<u8>, it: &Scan<'_>) {
        self.0.head(out, it.micros, it.server, "WARNING: <script>: REGISTER rejected aor=sip:");
        it.sip_id(out);
        out.extend_from_slice(b" src=");
        it.address_and_port(out);
        out.extend_from_slice(b" code=404");
        agent(out, it.agent);
    }

    fn noise(&mut self, out: &mut Vec<u8>, it: &Noise) {
        self.0.noise(out, it);
    }
}
